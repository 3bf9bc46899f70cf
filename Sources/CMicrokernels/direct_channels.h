// Direct convolution with 16 output channels in the lanes of a vector. Included into the body of a variant.
//
// Pixels are broadcast from where they lie, so that images need not be a multiple of 16 pixels large and strides cost
// nothing. Sums are transposed when they are stored.

#ifndef TANDEM_DIRECT_CHANNELS_H
#define TANDEM_DIRECT_CHANNELS_H

enum {
  // Products in a row of the kernel that share a table of offsets, unless one channel has more.
  DK_STEPS = 64,
  // Floats of the copies of some channels' rows, and the longest piece of a row that is copied as it is.
  DK_COPY = 2048,
  DK_MOST_PIECE = 64,
};

// One group of one image.
typedef struct {
  inference_window window;
  ptrdiff_t inputs, outputs;
  direct_blocks blocks, columns;
  const float *x, *packed, *bias, *addend;
  float *y;
  ptrdiff_t inputPlane, outputPlane;
  // Where the products of `channels` channels lie, from the first pixel's first tap on: in the image and in a copy.
  ptrdiff_t channels, copiedChannels;
  const ptrdiff_t *offsets, *copiedOffsets, *columnOffsets;
  // Copies hold a vector for every tap instead of pieces of rows.
  int spread;
  dk_vec floor;
  int activation, inputRelu;
} dk_channels;

// Pixels side by side.
typedef struct {
  ptrdiff_t row, column, pixels;
  // The image's column under the first pixel's first tap, and the kernel rows inside the image.
  ptrdiff_t left, firstTap, endTap;
  // Whether all columns lie inside the image.
  int inPlace;
  // The same but for the first and the last pixel, each of which sees some columns outside.
  int bordered;
  // What is fetched for the block of channels after this one, floats from one product to the next.
  const float *ahead;
  ptrdiff_t aheadStep;
} dk_spot;

// What a spot's kernel row needs of some channels, with zeros outside the image.
static __attribute__((noinline)) void copy_channels(const dk_channels *job, const dk_spot *spot, const float *row,
                                                    ptrdiff_t channels, float *target) {
  const inference_window *v = &job->window;
  const ptrdiff_t width = v->width, plane = job->inputPlane;
  const dk_vec floor = job->floor;
  if (job->spread) {
    for (ptrdiff_t c = 0; c < channels; c++, row += plane) {
      for (ptrdiff_t j = 0; j < v->kernelWidth; j++, target += DIRECT_LANES) {
        const ptrdiff_t column = spot->left + j * v->dilationWidth;
        dk_store(target, dk_at_least(floor, dk_spread(row, column, v->strideWidth, width)));
      }
    }
    return;
  }
  const ptrdiff_t length = direct_piece(v, spot->pixels), pitch = direct_piece_pitch(v, job->columns);
  for (ptrdiff_t q = 0; q < length; q += DIRECT_LANES) {
    const ptrdiff_t column = spot->left + q;
    const dk_guard guard = dk_below(dk_isplat((int32_t)column) + dk_counting, (int32_t)width);
    for (ptrdiff_t c = 0; c < channels; c++) {
      dk_store(target + c * pitch + q, dk_at_least(floor, dk_load_guarded(row + c * plane + column, guard)));
    }
  }
}

// ---- Micro-kernels ----

// Stands for a first or last pixel outside the image.
static const float nothing = 0;

// Products of one kernel row of some channels. With `strided`, pixels are as many floats apart as the stride says, and
// the taps of the first and the last one may lie outside the image. With `rectified`, the image has yet to pass a ReLU.
#define DK_CHANNEL_STEPS(strided, rectified)                                                   \
  for (ptrdiff_t s = 0; s < steps; s++) {                                                      \
    const float *from = base + offsets[s], *first = from, *last = from + (pixels - 1) * step;  \
    if (strided) {                                                                             \
      const size_t column = (size_t)(left + job->columnOffsets[s]);                            \
      first = column < width ? first : &nothing;                                               \
      last = column + (size_t)((pixels - 1) * step) < width ? last : &nothing;                 \
    }                                                                                          \
    dk_vec values[DK_MOST_VECTORS];                                                            \
    __builtin_prefetch(ahead, 0, 2);                                                           \
    ahead += aheadStep;                                                                        \
    DK_UNROLL for (int v = 0; v < count; v++) values[v] = dk_load(weights + v * DIRECT_LANES); \
    DK_UNROLL for (int p = 0; p < pixels; p++) {                                               \
      dk_vec pixel = dk_splat(p == 0 ? *first : p == pixels - 1 ? *last : *from);              \
      if (rectified) pixel = dk_at_least(dk_splat(0), pixel);                                  \
      DK_UNROLL for (int v = 0; v < count; v++) results[p][v] += pixel * values[v];            \
      from += step;                                                                            \
      if (strided) {                                                                           \
        DK_UNROLL for (int v = 0; v < count; v++) {                                            \
          from = dk_after(from, &results[p][v]);                                               \
          if (p == pixels - 2) last = dk_after(last, &results[p][v]);                          \
        }                                                                                      \
      }                                                                                        \
    }                                                                                          \
    weights += count * DIRECT_LANES;                                                           \
  }

DK_INLINE void channel_kernel(const dk_channels *job, const dk_spot *spot, const float *weights, const dk_vec *bias,
                              dk_vec *tile, const int count, const int pixels, const int strided, const int rectified) {
  const inference_window *window = &job->window;
  dk_vec results[DK_MOST_BLOCK][DK_MOST_VECTORS];
  DK_UNROLL for (int v = 0; v < count; v++) {
    DK_UNROLL for (int p = 0; p < pixels; p++) results[p][v] = bias[v];
  }
  const float *ahead = spot->ahead;
  const ptrdiff_t aheadStep = spot->aheadStep, taps = window->kernelWidth, step = strided ? window->strideWidth : 1;
  // Without a border, every column is below the limit.
  const ptrdiff_t left = spot->bordered ? spot->left : 0;
  const size_t width = spot->bordered ? (size_t)window->width : SIZE_MAX;
  const ptrdiff_t *offsets = strided || spot->inPlace ? job->offsets : job->copiedOffsets;
  const ptrdiff_t most = strided || spot->inPlace ? job->channels : job->copiedChannels;
  weights += spot->firstTap * job->inputs * taps * count * DIRECT_LANES;
  for (ptrdiff_t i = spot->firstTap; i < spot->endTap; i++) {
    const ptrdiff_t h = spot->row * window->strideHeight - window->paddingTop + i * window->dilationHeight;
    const float *row = job->x + h * window->width;
    for (ptrdiff_t first = 0; first < job->inputs; first += most, row += most * job->inputPlane) {
      const ptrdiff_t channels = direct_least(job->inputs - first, most), steps = channels * taps;
      const float *base = row + spot->left;
      if (strided) {
        DK_CHANNEL_STEPS(1, rectified)
      } else if (rectified) {
        DK_CHANNEL_STEPS(0, 1)
      } else {
        float copy[DK_COPY];
        if (!spot->inPlace) {
          copy_channels(job, spot, row, channels, copy);
          base = copy;
        }
        DK_CHANNEL_STEPS(0, 0)
      }
    }
  }
  DK_UNROLL for (int v = 0; v < count; v++) {
    DK_UNROLL for (int p = 0; p < pixels; p++) tile[v * DIRECT_LANES + p] = results[p][v];
  }
}

#undef DK_CHANNEL_STEPS

typedef void (*dk_channel_kernel)(const dk_channels *, const dk_spot *, const float *, const dk_vec *, dk_vec *);

#define DK_CHANNEL_FORM(name, count, pixels, strided, rectified)                                              \
  static void name##_channels_##count##_##pixels(const dk_channels *job, const dk_spot *spot,                 \
                                                 const float *weights, const dk_vec *bias, dk_vec *tile) {    \
    channel_kernel(job, spot, weights, bias, tile, count, pixels, strided, rectified);                        \
  }
#define DK_DEFINE_CHANNELS(count, pixels)             \
  DK_CHANNEL_FORM(plain, count, pixels, 0, 0)         \
  DK_CHANNEL_FORM(strided, count, pixels, 1, 0)       \
  DK_CHANNEL_FORM(rectified, count, pixels, 0, 1)     \
  DK_CHANNEL_FORM(stridedRectified, count, pixels, 1, 1)
DK_KERNELS(DK_DEFINE_CHANNELS)
#define DK_CHANNEL_ENTRY(count, pixels)                                                              \
  [count - 1][pixels - 1] = {                                                                        \
      {plain_channels_##count##_##pixels, strided_channels_##count##_##pixels},                      \
      {rectified_channels_##count##_##pixels, stridedRectified_channels_##count##_##pixels}},
// By whether they are rectified, and strided.
static const dk_channel_kernel channel_kernels[DK_MOST_VECTORS][DK_MOST_BLOCK][2][2] = {DK_KERNELS(DK_CHANNEL_ENTRY)};

// ---- Transposition ----

#define DK_QUARTERS(a, b, i, j, k, l)                                                                               \
  __builtin_shufflevector(a, b, i, j, k, l, (i) + 4, (j) + 4, (k) + 4, (l) + 4, (i) + 8, (j) + 8, (k) + 8, (l) + 8, \
                          (i) + 12, (j) + 12, (k) + 12, (l) + 12)

// Lane i of rows[j] becomes what lane j of rows[i] was: first within quarters of 4 lanes, then whole quarters.
DK_INLINE void transpose(dk_vec *rows) {
  DK_UNROLL for (int first = 0; first < DIRECT_LANES; first += 4) {
    dk_vec *r = rows + first;
    const dk_vec low01 = DK_QUARTERS(r[0], r[1], 0, 16, 1, 17), high01 = DK_QUARTERS(r[0], r[1], 2, 18, 3, 19);
    const dk_vec low23 = DK_QUARTERS(r[2], r[3], 0, 16, 1, 17), high23 = DK_QUARTERS(r[2], r[3], 2, 18, 3, 19);
    r[0] = DK_QUARTERS(low01, low23, 0, 1, 16, 17);
    r[1] = DK_QUARTERS(low01, low23, 2, 3, 18, 19);
    r[2] = DK_QUARTERS(high01, high23, 0, 1, 16, 17);
    r[3] = DK_QUARTERS(high01, high23, 2, 3, 18, 19);
  }
  DK_UNROLL for (int j = 0; j < 4; j++) {
    const dk_vec a = rows[j], b = rows[4 + j], c = rows[8 + j], d = rows[12 + j];
    const dk_vec ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const dk_vec cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const dk_vec AB = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    const dk_vec CD = __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    rows[j] = __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    rows[4 + j] = __builtin_shufflevector(AB, CD, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    rows[8 + j] = __builtin_shufflevector(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    rows[12 + j] = __builtin_shufflevector(AB, CD, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
}

// Stores sums [vector][pixel][channel] as rows of pixels.
static void finish_channels(const dk_channels *job, const dk_vec *tile, ptrdiff_t pixels, ptrdiff_t channels,
                            const float *addend, float *y) {
  const ptrdiff_t plane = job->outputPlane;
  for (; channels > 0; channels -= DIRECT_LANES, tile += DIRECT_LANES) {
    dk_vec rows[DIRECT_LANES];
    DK_UNROLL for (int p = 0; p < DIRECT_LANES; p++) rows[p] = tile[p < pixels ? p : 0];
    transpose(rows);
    if (addend) {
      DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) {
        if (c < channels) rows[c] += dk_load_first(addend + c * plane, (int)pixels);
      }
      addend += DIRECT_LANES * plane;
    }
    if (job->activation > ACTIVATION_RELU6) {
      // A copy, so that in other cases the rows stay in registers.
      dk_vec all[DIRECT_LANES];
      DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) all[c] = rows[c];
      va_activate_all(job->activation, all, DIRECT_LANES);
      DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) rows[c] = all[c];
    } else if (job->activation == ACTIVATION_RELU) {
      const dk_vec lowest = dk_splat(0);
      DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) rows[c] = dk_at_least(lowest, rows[c]);
    } else if (job->activation) {
      const dk_vec highest = dk_highest(job->activation);
      DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) rows[c] = dk_clamp(rows[c], highest);
    }
    DK_UNROLL for (int c = 0; c < DIRECT_LANES; c++) {
      if (c < channels) dk_store_first(y + c * plane, rows[c], (int)pixels);
    }
    y += DIRECT_LANES * plane;
  }
}

// ---- Loops around them ----

// Spots are numbered along rows.
static dk_spot spot_at(const dk_channels *job, ptrdiff_t number) {
  const inference_window *v = &job->window;
  dk_spot spot = {.row = number / job->columns.count};
  const ptrdiff_t part = number - spot.row * job->columns.count;
  spot.column = direct_block_start(job->columns, part);
  spot.pixels = direct_block_start(job->columns, part + 1) - spot.column;
  spot.left = spot.column * v->strideWidth - v->paddingLeft;
  const ptrdiff_t right = spot.left + direct_piece(v, spot.pixels), step = v->strideWidth;
  spot.inPlace = spot.left + step >= 0 && right - step <= v->width;
  spot.bordered = spot.inPlace && (spot.left < 0 || right > v->width);
  const ptrdiff_t top = spot.row * v->strideHeight - v->paddingTop;
  const ptrdiff_t below = direct_first_inside(top - v->height, v->dilationHeight);
  spot.firstTap = direct_first_inside(top, v->dilationHeight);
  spot.endTap = direct_greatest(direct_least(v->kernelHeight, below), spot.firstTap);
  return spot;
}

// Computes the channels of block `b` of a spot. `slice` counts the spots; the first of them fetch a slice each of the
// block `next`, which takes this one's place.
static void run_block(const dk_channels *job, dk_spot *spot, ptrdiff_t b, ptrdiff_t next, ptrdiff_t slice) {
  const inference_window *v = &job->window;
  const ptrdiff_t depth = job->inputs * v->kernelHeight * v->kernelWidth, lanes = DIRECT_LANES;
  const ptrdiff_t vector = direct_block_start(job->blocks, b);
  const ptrdiff_t vectors = direct_block_start(job->blocks, b + 1) - vector;
  const ptrdiff_t channels = direct_least(job->outputs - vector * lanes, vectors * lanes);
  const float *weights = job->packed + vector * lanes * depth;
  dk_vec tile[DK_MOST_VECTORS * DIRECT_LANES], bias[DK_MOST_VECTORS];
  for (ptrdiff_t k = 0; k < vectors; k++) {
    const ptrdiff_t live = direct_least(channels - k * lanes, lanes);
    bias[k] = job->bias ? dk_load_first(job->bias + (vector + k) * lanes, (int)live) : dk_splat(0);
  }
  const ptrdiff_t fetched = direct_block_start(job->blocks, next) + slice;
  const int fetches = next < job->blocks.count && fetched < direct_block_start(job->blocks, next + 1);
  spot->ahead = fetches ? job->packed + fetched * lanes * depth : weights;
  spot->aheadStep = fetches ? lanes : 0;
  const int strided = spot->inPlace && (spot->bordered || v->strideWidth > 1);
  // Copies are rectified when they are made.
  const int rectified = spot->inPlace && job->inputRelu;
  channel_kernels[vectors - 1][spot->pixels - 1][rectified][strided](job, spot, weights, bias, tile);
  const ptrdiff_t target = vector * lanes * job->outputPlane + spot->row * v->outputWidth + spot->column;
  finish_channels(job, tile, spot->pixels, channels, job->addend ? job->addend + target : NULL, job->y + target);
}

// Blocks of channels [firstBlock, endBlock), `resident` of them at a time, of spots [first, end).
static void run_spots(const dk_channels *job, ptrdiff_t firstBlock, ptrdiff_t endBlock, ptrdiff_t resident,
                      ptrdiff_t first, ptrdiff_t end) {
  for (ptrdiff_t outer = firstBlock; outer < endBlock; outer += resident) {
    for (ptrdiff_t number = first; number < end; number++) {
      dk_spot spot = spot_at(job, number);
      for (ptrdiff_t b = outer; b < direct_least(outer + resident, endBlock); b++) {
        const ptrdiff_t next = b + resident < endBlock ? b + resident : job->blocks.count;
        run_block(job, &spot, b, next, number - first);
      }
    }
  }
}

// Tables of where products lie.
static void place_products(dk_channels *job, ptrdiff_t *offsets, ptrdiff_t *copiedOffsets,
                           ptrdiff_t *columnOffsets) {
  const inference_window *v = &job->window;
  const ptrdiff_t taps = v->kernelWidth, pitch = direct_piece_pitch(v, job->columns);
  job->spread = v->strideWidth > 1 || pitch > DK_MOST_PIECE;
  const ptrdiff_t channels = direct_least(direct_greatest(DK_STEPS / taps, 1), job->inputs);
  job->channels = channels;
  job->copiedChannels = direct_least(DK_COPY / (job->spread ? taps * DIRECT_LANES : pitch), channels);
  job->offsets = offsets;
  job->copiedOffsets = copiedOffsets;
  job->columnOffsets = columnOffsets;
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t j = 0; j < taps; j++) {
      *columnOffsets++ = j * v->dilationWidth;
      *offsets++ = c * job->inputPlane + j * v->dilationWidth;
      *copiedOffsets++ = job->spread ? (c * taps + j) * DIRECT_LANES : c * pitch + j * v->dilationWidth;
    }
  }
}

// What direct_run does with channels in the lanes.
static void run_channels(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                         const float *addend, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const direct_layer *layer = &plan->layer;
  const ptrdiff_t vectors = direct_channel_vectors(plan);
  dk_channels job = {.window = direct_flat_window(plan), .inputs = layer->inputs, .outputs = layer->outputs,
                     .blocks = direct_blocks_of(vectors, plan->vectors),
                     .inputPlane = layer->window.height * layer->window.width,
                     .outputPlane = layer->window.outputHeight * layer->window.outputWidth,
                     .floor = dk_splat(layer->inputRelu ? 0 : -INFINITY), .activation = layer->outputActivation,
                     .inputRelu = layer->inputRelu};
  job.columns = direct_blocks_of(job.window.outputWidth, plan->block);
  ptrdiff_t offsets[DIRECT_TABLE], copiedOffsets[DIRECT_TABLE], columnOffsets[DIRECT_TABLE];
  place_products(&job, offsets, copiedOffsets, columnOffsets);
  const ptrdiff_t depth = layer->inputs * job.window.kernelHeight * job.window.kernelWidth;
  const ptrdiff_t spots = job.window.outputHeight * job.columns.count, images = layer->batch * layer->groups;
  ptrdiff_t first = images * spots * part / parts, end = images * spots * (part + 1) / parts;
  ptrdiff_t firstBlock = 0, endBlock = job.blocks.count;
  if (direct_shares_channels(job.blocks.count, images * spots, parts)) {
    first = 0;
    end = images * spots;
    firstBlock = job.blocks.count * part / parts;
    endBlock = job.blocks.count * (part + 1) / parts;
  }
  const ptrdiff_t resident = resident_blocks(job.inputs * job.inputPlane, depth * plan->vectors * DIRECT_LANES);
  while (first < end) {
    const ptrdiff_t image = first / spots, group = image % layer->groups;
    const ptrdiff_t last = direct_least(end - image * spots, spots);
    job.x = x + image * layer->inputs * job.inputPlane;
    job.packed = packed + group * vectors * DIRECT_LANES * depth;
    job.bias = bias ? bias + group * layer->outputs : NULL;
    job.addend = addend ? addend + image * layer->outputs * job.outputPlane : NULL;
    job.y = y + image * layer->outputs * job.outputPlane;
    run_spots(&job, firstBlock, endBlock, resident, first - image * spots, last);
    first = image * spots + last;
  }
}

#endif
