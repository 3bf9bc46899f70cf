// Direct convolution with 16 pixels in the lanes of a vector: the micro-kernels. Included into the body of a variant.

#ifndef TANDEM_DIRECT_PIXELS_H
#define TANDEM_DIRECT_PIXELS_H

// ---- Vectors of pixels ----

// Pixels have positions row · pitch + column in what is read. A vector covers 16 positions, some of which may be
// between rows, or covered by the vector before.
typedef struct {
  ptrdiff_t start, row, column;
  /// The lanes whose results are stored.
  ptrdiff_t first, end;
} dk_pixels;

// Where a part's vectors begin, from `position` up to `end`; nothing is read from `limit` on.
typedef struct {
  ptrdiff_t position, end, limit, pitch, width;
} dk_cursor;

// Whether every row begins a vector, because as good as no lanes are lost by that: stores are simpler then.
DK_INLINE int keeps_to_rows(const dk_cursor *cursor) {
  const ptrdiff_t lanes = (cursor->width + DIRECT_LANES - 1) / DIRECT_LANES * DIRECT_LANES;
  return cursor->pitch != cursor->width && lanes <= cursor->pitch + cursor->pitch / 16;
}

DK_INLINE int next_pixels(dk_cursor *cursor, dk_pixels *pixels) {
  ptrdiff_t row = cursor->position / cursor->pitch, column = cursor->position - row * cursor->pitch;
  if (column >= cursor->width) {
    cursor->position += cursor->pitch - column;
    row++;
    column = 0;
  }
  if (cursor->position >= cursor->end) return 0;
  pixels->first = 0;
  pixels->start = cursor->position;
  if (cursor->position + DIRECT_LANES > cursor->limit) {
    pixels->start = direct_greatest(cursor->limit - DIRECT_LANES, 0);
    pixels->first = cursor->position - pixels->start;
    row = pixels->start / cursor->pitch;
    column = pixels->start - row * cursor->pitch;
  }
  pixels->row = row;
  pixels->column = column;
  pixels->end = direct_least(cursor->end - pixels->start, DIRECT_LANES);
  if (pixels->first == 0 && keeps_to_rows(cursor)) pixels->end = direct_least(pixels->end, cursor->width - column);
  cursor->position = pixels->start + (pixels->first == 0 ? pixels->end : DIRECT_LANES);
  return 1;
}

// ---- Micro-kernels ----

// One sum per output channel and pixel over `depth` products. Products come in chunks of up to `chunk`, whose inputs
// lie at `offsets` from a base that moves by `chunkStride`.
typedef struct {
  const ptrdiff_t *offsets;
  ptrdiff_t chunk, chunkStride, depth;
  ptrdiff_t pitch, width, outputPlane;
  int activation;
  // What is fetched meanwhile, and the floats from one product to the next.
  const float *ahead;
  ptrdiff_t aheadStep;
} dk_sums;

// Whether a vector's first pixels are neighbors in the output, and nothing else of it is stored.
DK_INLINE int is_run(const dk_sums *sums, const dk_pixels *pixels) {
  return pixels->first == 0 && (sums->pitch == sums->width || pixels->column + pixels->end <= sums->width);
}

DK_INLINE int is_whole(const dk_sums *sums, const dk_pixels *pixels) {
  return pixels->end == DIRECT_LANES && is_run(sums, pixels);
}

// Adds to the results of one vector, or stores them, run by run of lanes that are neighbors in the output.
DK_INLINE void for_runs(const dk_sums *sums, const dk_pixels *pixels, dk_vec *results, ptrdiff_t block,
                        const float *addend, float *y) {
  ptrdiff_t row = pixels->row, column = pixels->column, lane = 0;
  while (lane < pixels->end) {
    const ptrdiff_t run = direct_greatest(sums->width - column, 0);
    const ptrdiff_t first = direct_greatest(lane, pixels->first), end = direct_least(lane + run, pixels->end);
    if (first < end) {
      // Lane 0 may lie before the image; addresses are formed from the first lane that is used.
      const ptrdiff_t target = row * sums->width + column + (first - lane);
      for (ptrdiff_t r = 0; r < block; r++) {
        if (addend) {
          results[r] += dk_load_lanes(addend + target + r * sums->outputPlane, (int)first, (int)end);
        } else {
          dk_store_lanes(y + target + r * sums->outputPlane, &results[r], (int)first, (int)end);
        }
      }
    }
    lane += sums->pitch - column;
    column = 0;
    row++;
  }
}

// What comes after the sums in all but the simplest cases, for `block` results of each of `count` vectors in turn.
static __attribute__((noinline)) void finish_pixels(const dk_sums *sums, const dk_pixels *pixels, dk_vec *results,
                                                    ptrdiff_t count, ptrdiff_t block, const float *addend, float *y) {
  for (ptrdiff_t v = 0; v < count; v++, results += block) {
    const ptrdiff_t target = pixels[v].row * sums->width + pixels[v].column;
    const int whole = is_whole(sums, &pixels[v]);
    if (addend && whole) {
      for (ptrdiff_t r = 0; r < block; r++) results[r] += dk_load(addend + target + r * sums->outputPlane);
    } else if (addend) {
      for_runs(sums, &pixels[v], results, block, addend, NULL);
    }
    if (sums->activation) va_activate_all(sums->activation, results, block);
    if (whole) {
      for (ptrdiff_t r = 0; r < block; r++) dk_store(y + target + r * sums->outputPlane, results[r]);
    } else {
      for_runs(sums, &pixels[v], results, block, NULL, y);
    }
  }
}

DK_INLINE void kernel(const dk_sums *sums, const dk_pixels *pixels, const dk_guard *guards, const float *x,
                      const float *weights, const float *bias, const float *addend, float *y, const int count,
                      const int block, const int guarded, const int rectified) {
  dk_vec results[DK_MOST_BLOCK][DK_MOST_VECTORS];
  const float *base[DK_MOST_VECTORS];
  DK_UNROLL for (int v = 0; v < count; v++) base[v] = x + pixels[v].start;
  DK_UNROLL for (int r = 0; r < block; r++) {
    const dk_vec start = dk_splat(bias ? bias[r] : 0);
    DK_UNROLL for (int v = 0; v < count; v++) results[r][v] = start;
  }
  const float *ahead = sums->ahead;
  const ptrdiff_t aheadStep = sums->aheadStep;
  for (ptrdiff_t done = 0; done < sums->depth; done += sums->chunk) {
    const ptrdiff_t steps = direct_least(sums->depth - done, sums->chunk);
    for (ptrdiff_t step = 0; step < steps; step++) {
      const ptrdiff_t offset = sums->offsets[step];
      dk_vec values[DK_MOST_VECTORS];
      __builtin_prefetch(ahead, 0, 2);
      ahead += aheadStep;
      DK_UNROLL for (int v = 0; v < count; v++) {
        values[v] = guarded ? dk_load_guarded(base[v] + offset, guards[step * count + v]) : dk_load(base[v] + offset);
        if (rectified) values[v] = dk_at_least(dk_splat(0), values[v]);
      }
      DK_UNROLL for (int r = 0; r < block; r++) {
        const dk_vec weight = dk_splat(weights[r]);
        DK_UNROLL for (int v = 0; v < count; v++) results[r][v] += weight * values[v];
      }
      weights += block;
    }
    DK_UNROLL for (int v = 0; v < count; v++) base[v] += sums->chunkStride;
  }
  int simple = !addend && sums->activation <= ACTIVATION_RELU6;
  DK_UNROLL for (int v = 0; v < count; v++) simple &= is_run(sums, &pixels[v]);
  if (simple) {
    // One instruction a vector less is worth a branch where sums are short.
    if (sums->activation == ACTIVATION_RELU) {
      const dk_vec lowest = dk_splat(0);
      DK_UNROLL for (int r = 0; r < block; r++) {
        DK_UNROLL for (int v = 0; v < count; v++) results[r][v] = dk_at_least(lowest, results[r][v]);
      }
    } else if (sums->activation) {
      const dk_vec highest = dk_highest(sums->activation);
      DK_UNROLL for (int r = 0; r < block; r++) {
        DK_UNROLL for (int v = 0; v < count; v++) results[r][v] = dk_clamp(results[r][v], highest);
      }
    }
    DK_UNROLL for (int v = 0; v < count; v++) {
      float *target = y + pixels[v].row * sums->width + pixels[v].column;
      if (pixels[v].end == DIRECT_LANES) {
        DK_UNROLL for (int r = 0; r < block; r++) dk_store(target + r * sums->outputPlane, results[r][v]);
      } else {
        const int lanes = (int)pixels[v].end;
        DK_UNROLL for (int r = 0; r < block; r++) dk_store_first(target + r * sums->outputPlane, results[r][v], lanes);
      }
    }
  } else {
    dk_vec all[DK_MOST_VECTORS * DK_MOST_BLOCK];
    DK_UNROLL for (int v = 0; v < count; v++) {
      DK_UNROLL for (int r = 0; r < block; r++) all[v * block + r] = results[r][v];
    }
    finish_pixels(sums, pixels, all, count, block, addend, y);
  }
}

typedef void (*dk_kernel)(const dk_sums *, const dk_pixels *, const dk_guard *, const float *, const float *,
                          const float *, const float *, float *);

#define DK_FORM(name, count, block, guarded, rectified)                                                            \
  static void name##_##count##_##block(const dk_sums *sums, const dk_pixels *pixels, const dk_guard *guards,       \
                                       const float *x, const float *weights, const float *bias,                    \
                                       const float *addend, float *y) {                                            \
    kernel(sums, pixels, guards, x, weights, bias, addend, y, count, block, guarded, rectified);                   \
  }
#define DK_DEFINE(count, block)         \
  DK_FORM(plain, count, block, 0, 0)    \
  DK_FORM(guarded, count, block, 1, 0)  \
  DK_FORM(rectified, count, block, 0, 1) \
  DK_FORM(guardedRectified, count, block, 1, 1)
DK_KERNELS(DK_DEFINE)
#define DK_ENTRY(count, block)                                              \
  [count - 1][block - 1] = {{plain_##count##_##block, guarded_##count##_##block}, \
                            {rectified_##count##_##block, guardedRectified_##count##_##block}},
// By whether the image has yet to pass a ReLU, and whether there are guards.
static const dk_kernel kernels[DK_MOST_VECTORS][DK_MOST_BLOCK][2][2] = {DK_KERNELS(DK_ENTRY)};

#endif
