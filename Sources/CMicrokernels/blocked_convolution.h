// Convolution of blocked images, on vectors of output channels. Included into the body of a variant.

#ifndef TANDEM_BLOCKED_CONVOLUTION_H
#define TANDEM_BLOCKED_CONVOLUTION_H

// What comes after the sums in all but the simplest cases.
static __attribute__((noinline)) void bk_finish(const blocked_job *job, bk_vec *results, ptrdiff_t pixels,
                                                ptrdiff_t lanes, ptrdiff_t offset) {
  const blocked_layer *layer = job->layer;
  for (ptrdiff_t p = 0; p < pixels && job->addend; p++) {
    results[p] += bk_load_first(job->addend + offset + p * layer->outputBlock, lanes);
  }
  if (layer->outputActivation != ACTIVATION_NONE) va_activate_all(layer->outputActivation, results, pixels);
  for (ptrdiff_t p = 0; p < pixels; p++) bk_store_first(job->y + offset + p * layer->outputBlock, results[p], lanes);
}

// A column of a kernel's taps, as a tile sees it.
typedef struct {
  // Where in a row of the image it has the tile's first pixel, in pixels and in floats.
  ptrdiff_t pixel, place;
  // Whether it has any of the tile's pixels outside the image.
  int leaves;
} bk_column;

// Tiles of equal size side by side, in some rows of the output. Of several in a row, none sees what is left or right of
// the image.
typedef struct {
  const blocked_job *job;
  ptrdiff_t firstRow, endRow;
  ptrdiff_t pixel, tiles;
  // The kernel's columns: they tell the first tile's pixels.
  const bk_column *columns;
  // Of the kernel's first row.
  const float *packed;
  const bk_vec *bias;
} bk_strip;

// The sums of a tile of `pixels` neighbours times `vectors` vectors of channels. `line` is the row of the image that
// the first one of `taps` rows of the kernel lies on, from the pixel on that the strip's first tile would have there.
//
// What is computed for a tile or a tap is short: layers with few channels have no more than 16 products for it.
BK_INLINE void bk_sum_tile(bk_vec sums[BK_PIXELS][BK_VECTORS], const blocked_layer *layer, const bk_column *columns,
                           const float *zeros, const float *line, ptrdiff_t taps, const float *weights, const int relu,
                           const int pixels, const int vectors) {
  const inference_window *v = &layer->window;
  const ptrdiff_t block = layer->inputBlock, row = v->width * block, plane = v->height * row;
  const bk_column *end = columns + v->kernelWidth;
  for (ptrdiff_t i = 0; i < taps; i++, line += v->dilationHeight * row) {
    for (const bk_column *column = columns; column < end; column++) {
      // An address of its own for every pixel: more than registers hold would cost an addition each.
      const float *from[BK_PIXELS];
      BK_UNROLL for (int p = 0; p < pixels; p++) from[p] = line + column->place + p * v->strideWidth * block;
      ptrdiff_t c = 0;
      for (ptrdiff_t left = layer->inputs; left > 0; left -= block) {
        const ptrdiff_t stop = c + blocked_least(block, left), next = c + plane;
        if (column->leaves) {
          // Pixels outside the image are read from zeros, of which there are enough for a block.
          BK_UNROLL for (int p = 0; p < pixels; p++) {
            const ptrdiff_t at = column->pixel + p * v->strideWidth;
            if (at < 0 || at >= v->width) from[p] = zeros - c;
          }
        }
        for (; c < stop; c++, weights += vectors * BLOCKED_LANES) {
          bk_vec factors[BK_VECTORS];
          BK_UNROLL for (int n = 0; n < vectors; n++) factors[n] = bk_load(weights + n * BLOCKED_LANES);
          BK_UNROLL for (int p = 0; p < pixels; p++) {
            bk_vec x = bk_splat(from[p][c]);
            if (relu) x = bk_rectify(x);
            BK_UNROLL for (int n = 0; n < vectors; n++) sums[p][n] += x * factors[n];
          }
        }
        c = next;
      }
    }
  }
}

// The same for one vector of channels and a kernel of three columns side by side at stride 1. Each pixel of the image
// is read once for all three: with so few channels, reading would take longer than multiplying.
BK_INLINE void bk_sum_wide_tile(bk_vec sums[BK_PIXELS][BK_VECTORS], const blocked_layer *layer,
                                const bk_column *columns, const float *zeros, const float *line, ptrdiff_t taps,
                                const float *weights, const int relu, const int pixels) {
  const inference_window *v = &layer->window;
  const ptrdiff_t block = layer->inputBlock, row = v->width * block, plane = v->height * row;
  const ptrdiff_t column = layer->inputs * BLOCKED_LANES, first = columns->pixel, last = first + pixels + 1;
  for (ptrdiff_t i = 0; i < taps; i++, line += v->dilationHeight * row, weights += 2 * column) {
    const float *from[BK_PIXELS + 2];
    BK_UNROLL for (int p = 0; p < pixels + 2; p++) from[p] = line + columns->place + p * block;
    ptrdiff_t c = 0;
    for (ptrdiff_t left = layer->inputs; left > 0; left -= block) {
      const ptrdiff_t stop = c + blocked_least(block, left), next = c + plane;
      if (first < 0 || last >= v->width) {
        BK_UNROLL for (int p = 0; p < pixels + 2; p++) {
          if (first + p < 0 || first + p >= v->width) from[p] = zeros - c;
        }
      }
      for (; c < stop; c++, weights += BLOCKED_LANES) {
        bk_vec factors[3];
        BK_UNROLL for (int j = 0; j < 3; j++) factors[j] = bk_load(weights + j * column);
        BK_UNROLL for (int p = 0; p < pixels + 2; p++) {
          bk_vec x = bk_splat(from[p][c]);
          if (relu) x = bk_rectify(x);
          BK_UNROLL for (int j = 0; j < 3; j++) {
            if (p >= j && p - j < pixels) sums[p - j][0] += x * factors[j];
          }
        }
      }
      c = next;
    }
  }
}

// Stores a tile's results. `place` is where its first pixel lies in a block of the output.
BK_INLINE void bk_store_tile(const bk_vec sums[BK_PIXELS][BK_VECTORS], const bk_strip *strip, const blocked_job *job,
                             const blocked_layer *layer, ptrdiff_t place, const int pixels, const int vectors) {
  BK_UNROLL for (int n = 0; n < vectors; n++) {
    bk_vec results[BK_PIXELS];
    BK_UNROLL for (int p = 0; p < pixels; p++) results[p] = sums[p][n];
    if (job->isSimple) {
      if (layer->outputActivation != ACTIVATION_NONE) {
        const int highest = layer->outputActivation == ACTIVATION_RELU6;
        BK_UNROLL for (int p = 0; p < pixels; p++) {
          results[p] = highest ? va_activated(results[p], ACTIVATION_RELU6) : bk_rectify(results[p]);
        }
      }
      float *y = job->y + job->offsets[n] + place;
      BK_UNROLL for (int p = 0; p < pixels; p++, y += layer->outputBlock) bk_store(y, results[p]);
    } else {
      bk_vec all[BK_PIXELS];
      BK_UNROLL for (int p = 0; p < pixels; p++) all[p] = results[p];
      bk_finish(strip->job, all, pixels, job->lanes[n], job->offsets[n] + place);
    }
  }
}

BK_INLINE void bk_convolve_strip(const bk_strip *strip, const int relu, const int wide, const int pixels,
                                 const int vectors) {
  // Copies of its own, which no result that is stored can change: they need not be read again after each.
  const blocked_job job = *strip->job;
  const blocked_layer layer = *job.layer;
  const inference_window *v = &layer.window;
  const bk_column *columns = strip->columns;
  const ptrdiff_t tiles = strip->tiles;
  for (ptrdiff_t row = strip->firstRow; row < strip->endRow; row++) {
    ptrdiff_t firstTap, endTap;
    const ptrdiff_t top = bk_rows_inside(v, row, &firstTap, &endTap) + firstTap * v->dilationHeight;
    const float *line = job.x + top * v->width * layer.inputBlock;
    const float *weights = strip->packed + firstTap * v->kernelWidth * layer.inputs * vectors * BLOCKED_LANES;
    ptrdiff_t place = (row * v->outputWidth + strip->pixel) * layer.outputBlock;
    for (ptrdiff_t tile = 0; tile < tiles; tile++) {
      bk_vec sums[BK_PIXELS][BK_VECTORS];
      BK_UNROLL for (int n = 0; n < vectors; n++) {
        const bk_vec bias = strip->bias[n];
        BK_UNROLL for (int p = 0; p < pixels; p++) sums[p][n] = bias;
      }
      if (wide) {
        bk_sum_wide_tile(sums, &layer, columns, job.zeros, line, endTap - firstTap, weights, relu, pixels);
      } else {
        bk_sum_tile(sums, &layer, columns, job.zeros, line, endTap - firstTap, weights, relu, pixels, vectors);
      }
      bk_store_tile(sums, strip, &job, &layer, place, pixels, vectors);
      line += pixels * v->strideWidth * layer.inputBlock;
      place += pixels * layer.outputBlock;
    }
  }
}

typedef void (*bk_convolution)(const bk_strip *strip);

#define BK_CONVOLUTION(name, relu, wide, vectors, pixels) \
  static void name(const bk_strip *strip) { bk_convolve_strip(strip, relu, wide, pixels, vectors); }
#define BK_PAIR(vectors, pixels)                                              \
  BK_CONVOLUTION(bk_plain_##vectors##_##pixels, 0, 0, vectors, pixels)        \
  BK_CONVOLUTION(bk_relu_##vectors##_##pixels, 1, 0, vectors, pixels)
BK_TILES(BK_PAIR)
#define BK_ENTRY(vectors, pixels) \
  [vectors - 1][pixels - 1] = {bk_plain_##vectors##_##pixels, bk_relu_##vectors##_##pixels},
// By vectors less one, pixels less one, and whether the image has yet to pass a ReLU.
static const bk_convolution bk_convolutions[BK_VECTORS][BK_PIXELS][2] = {BK_TILES(BK_ENTRY)};
#ifdef BK_WIDE_TILES
#define BK_WIDE_PAIR(vectors, pixels)                          \
  BK_CONVOLUTION(bk_wide_plain_##pixels, 0, 1, vectors, pixels) \
  BK_CONVOLUTION(bk_wide_relu_##pixels, 1, 1, vectors, pixels)
BK_WIDE_TILES(BK_WIDE_PAIR)
#define BK_WIDE_ENTRY(vectors, pixels) [pixels - 1] = {bk_wide_plain_##pixels, bk_wide_relu_##pixels},
static const bk_convolution bk_wide_convolutions[BK_PIXELS][2] = {BK_WIDE_TILES(BK_WIDE_ENTRY)};
#endif

static bk_convolution bk_convolution_of(const blocked_layer *layer, ptrdiff_t vectors, ptrdiff_t pixels) {
#ifdef BK_WIDE_TILES
  const inference_window *v = &layer->window;
  if (vectors == 1 && v->kernelWidth == 3 && v->strideWidth == 1 && v->dilationWidth == 1)
    return bk_wide_convolutions[pixels - 1][layer->inputRelu];
#endif
  return bk_convolutions[vectors - 1][pixels - 1][layer->inputRelu];
}

static const int bk_most_pixels[BK_VECTORS] = BK_MOST_PIXELS;

// Some rows of the output for some vectors of channels.
static void bk_convolve_rows(const blocked_job *given, ptrdiff_t firstRow, ptrdiff_t endRow, ptrdiff_t firstOutput,
                             ptrdiff_t vectors) {
  blocked_job job = *given;
  const blocked_layer *layer = job.layer;
  const inference_window *v = &layer->window;
  const ptrdiff_t plane = v->outputHeight * v->outputWidth, block = layer->outputBlock;
  bk_vec bias[BK_VECTORS];
  job.isSimple = !job.addend && layer->outputActivation <= ACTIVATION_RELU6;
  for (ptrdiff_t n = 0; n < vectors; n++) {
    const ptrdiff_t output = firstOutput + n * BLOCKED_LANES;
    bias[n] = job.bias ? bk_load_first(job.bias + output, layer->outputs - output) : bk_splat(0);
    job.lanes[n] = blocked_lanes(layer, output);
    job.offsets[n] = output / block * block * plane + output % block;
    job.isSimple &= job.lanes[n] == BLOCKED_LANES;
  }
  // Even tiles: none is left with a pixel or two. Those of one size that see the image alone go together.
  const ptrdiff_t width = job.endColumn - job.firstColumn, most = bk_most_pixels[vectors - 1];
  const ptrdiff_t tiles = (width + most - 1) / most, size = width / tiles, larger = width % tiles;
  ptrdiff_t first, end;
  bk_interior(v, &first, &end);
  bk_column columns[BLOCKED_COLUMNS];
  bk_strip strip = {.job = &job, .firstRow = firstRow, .endRow = endRow, .columns = columns,
                    .packed = job.packed + firstOutput * blocked_depth(layer), .bias = bias};
  for (ptrdiff_t tile = 0; tile < tiles; tile += strip.tiles) {
    const ptrdiff_t pixels = size + (tile < larger), alike = (tile < larger ? larger : tiles) - tile;
    strip.pixel = job.firstColumn + tile * size + blocked_least(tile, larger);
    const ptrdiff_t inside = strip.pixel < first ? 0 : (end - strip.pixel) / pixels;
    strip.tiles = inside > 1 ? blocked_least(alike, inside) : 1;
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++) {
      const ptrdiff_t pixel = strip.pixel * v->strideWidth + j * v->dilationWidth - v->paddingLeft;
      columns[j] = (bk_column){.pixel = pixel, .place = pixel * layer->inputBlock,
                               .leaves = pixel < 0 || pixel + (pixels - 1) * v->strideWidth >= v->width};
    }
    bk_convolution_of(layer, vectors, pixels)(&strip);
  }
}

#endif
