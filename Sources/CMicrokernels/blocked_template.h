// The blocked kernels of one instruction set, on vectors of 16 channels. The including file sets the target and defines
//   BK_TABLE         the table's name,
//   BK_VECTORS       the most vectors of channels of a convolution's tile,
//   BK_MOST_PIXELS   the most pixels beside one such vector, two and so on: {12, 10},
//   BK_PIXELS        the first of these,
//   BK_TILES(X)      X(vectors, pixels) for every tile up to them,
//   BK_WIDE_TILES(X) the same for those of one vector, where reading a pixel once for several columns of a kernel pays,
//   BK_RECTIFY(x)    max(x, 0), where it has an instruction. What is not a number stays so.
// Narrower registers hold a vector in pieces.

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "blocked_tables.h"

// The most pixels whose results are in registers at once.
enum { BK_MOST = BK_PIXELS > 8 ? BK_PIXELS : 8 };

#define BK_INLINE static inline __attribute__((always_inline))
// Without it, sums that are indexed by a loop stay in memory.
#define BK_UNROLL _Pragma("clang loop unroll(full)")

typedef float bk_vec __attribute__((vector_size(64)));
typedef int32_t bk_ivec __attribute__((vector_size(64)));
typedef float bk_loose __attribute__((vector_size(64), aligned(4), may_alias));

#define VA_VEC bk_vec
#define VA_IVEC bk_ivec
#define VA_INLINE BK_INLINE
#include "vector_activations.h"

BK_INLINE bk_vec bk_splat(float x) { return x - (bk_vec){0}; }
BK_INLINE bk_vec bk_load(const float *p) { return *(const bk_loose *)p; }
BK_INLINE void bk_store(float *p, bk_vec x) { *(bk_loose *)p = x; }
#ifndef BK_RECTIFY
#define BK_RECTIFY(x) ((bk_vec)((bk_ivec)(x) & ~(bk_ivec)((x) < bk_splat(0))))
#endif
BK_INLINE bk_vec bk_rectify(bk_vec x) { return BK_RECTIFY(x); }

// The first lanes of a vector, zeros behind them.
BK_INLINE bk_vec bk_load_first(const float *p, ptrdiff_t lanes) {
  if (lanes >= BLOCKED_LANES) return bk_load(p);
  bk_vec x = bk_splat(0);
  for (ptrdiff_t lane = 0; lane < lanes; lane++) x[lane] = p[lane];
  return x;
}
BK_INLINE void bk_store_first(float *p, bk_vec x, ptrdiff_t lanes) {
  if (lanes >= BLOCKED_LANES) {
    bk_store(p, x);
  } else {
    for (ptrdiff_t lane = 0; lane < lanes; lane++) p[lane] = x[lane];
  }
}

// Costly activations take a call with the values in memory, which is cheap beside them. The values of x itself must not
// be there, or they would be in the loops that compute them.
BK_INLINE void bk_activate(int activation, bk_vec *x, const int count) {
  if (activation == ACTIVATION_NONE) return;
  if (activation == ACTIVATION_RELU) {
    for (int i = 0; i < count; i++) x[i] = bk_rectify(x[i]);
    return;
  }
  if (activation == ACTIVATION_RELU6) {
    for (int i = 0; i < count; i++) x[i] = va_activated(x[i], ACTIVATION_RELU6);
    return;
  }
  bk_vec values[BK_MOST];
  for (int i = 0; i < count; i++) values[i] = x[i];
  va_activate_all(activation, values, count);
  for (int i = 0; i < count; i++) x[i] = values[i];
}

// The columns of the output whose taps all lie inside the image.
BK_INLINE void bk_interior(const inference_window *v, ptrdiff_t *first, ptrdiff_t *end) {
  const ptrdiff_t reach = (v->kernelWidth - 1) * v->dilationWidth;
  *first = blocked_least((v->paddingLeft + v->strideWidth - 1) / v->strideWidth, v->outputWidth);
  const ptrdiff_t last = v->width - 1 - reach + v->paddingLeft;
  *end = last < 0 ? 0 : blocked_least(last / v->strideWidth + 1, v->outputWidth);
  if (*end < *first) *end = *first;
}

// The rows of the kernel that lie inside the image for a row of the output. Returns the image's row under the first of all.
BK_INLINE ptrdiff_t bk_rows_inside(const inference_window *v, ptrdiff_t row, ptrdiff_t *first, ptrdiff_t *end) {
  const ptrdiff_t top = row * v->strideHeight - v->paddingTop;
  *first = 0;
  *end = v->kernelHeight;
  while (*first < *end && top + *first * v->dilationHeight < 0) ++*first;
  while (*end > *first && top + (*end - 1) * v->dilationHeight >= v->height) --*end;
  return top;
}

#include "blocked_convolution.h"

// ---- Depthwise convolution and pools ----

enum { BK_WEIGHTED_SUM, BK_MAXIMUM, BK_SUM };

// A row of the output: what all of its pixels share. Steps in floats from one tap, row of taps and pixel to the next.
typedef struct {
  bk_vec start, scale;
  const float *weights;
  ptrdiff_t block, taps, tapStep, rowStep, pixelStep;
  int activation;
} bk_row;

// One pixel: the taps that lie inside the image. `scale` is what a sum is multiplied by.
BK_INLINE bk_vec bk_reduce_pixel(const inference_window *v, const float *x, ptrdiff_t block, ptrdiff_t lanes,
                                 ptrdiff_t row, ptrdiff_t column, const float *weights, bk_vec start, const int how,
                                 int relu, int countsPadding) {
  bk_vec result = start;
  ptrdiff_t taps = 0;
  for (ptrdiff_t i = 0; i < v->kernelHeight; i++) {
    const ptrdiff_t h = row * v->strideHeight + i * v->dilationHeight - v->paddingTop;
    if (h < 0 || h >= v->height) continue;
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++) {
      const ptrdiff_t w = column * v->strideWidth + j * v->dilationWidth - v->paddingLeft;
      if (w < 0 || w >= v->width) continue;
      bk_vec value = bk_load_first(x + (h * v->width + w) * block, lanes);
      taps++;
      if (how == BK_WEIGHTED_SUM) {
        if (relu) value = bk_rectify(value);
        result += value * bk_load_first(weights + (i * v->kernelWidth + j) * block, lanes);
      } else if (how == BK_MAXIMUM) {
        // What is not a number wins.
        const bk_ivec larger = ~(bk_ivec)(value <= result);
        result = va_choose(larger, value, result);
      } else {
        result += value;
      }
    }
  }
  if (how != BK_SUM) return result;
  if (countsPadding) taps = v->kernelHeight * v->kernelWidth;
  return result * bk_splat(taps > 0 ? 1.0f / (float)taps : 0);
}

// Some neighbours in a row of the output whose columns all lie inside the image. `columns` is the width of the kernel.
BK_INLINE void bk_reduce_tile(const bk_row *row, const float *x, float *y, const int how, const int relu,
                              const ptrdiff_t columns, const int pixels) {
  const ptrdiff_t step = row->pixelStep;
  bk_vec results[BK_MOST];
  BK_UNROLL for (int p = 0; p < pixels; p++) results[p] = row->start;
  const float *weights = row->weights;
  for (ptrdiff_t i = 0; i < row->taps; i++, x += row->rowStep, weights += columns * row->block) {
    for (ptrdiff_t j = 0; j < columns; j++) {
      const float *from = x + j * row->tapStep;
      const bk_vec weight = how == BK_WEIGHTED_SUM ? bk_load(weights + j * row->block) : bk_splat(0);
      BK_UNROLL for (int p = 0; p < pixels; p++, from += step) {
        // Else the compiler computes all addresses beforehand, for which there are not enough registers.
        __asm__("" : "+r"(from));
        bk_vec value = bk_load(from);
        if (how == BK_WEIGHTED_SUM) {
          results[p] += (relu ? bk_rectify(value) : value) * weight;
        } else if (how == BK_MAXIMUM) {
          results[p] = va_choose(~(bk_ivec)(value <= results[p]), value, results[p]);
        } else {
          results[p] += value;
        }
      }
    }
  }
  if (how == BK_SUM) {
    BK_UNROLL for (int p = 0; p < pixels; p++) results[p] *= row->scale;
  }
  bk_activate(row->activation, results, pixels);
  BK_UNROLL for (int p = 0; p < pixels; p++) bk_store(y + p * row->block, results[p]);
}

// All of them, from `first` up to `end`. The last ones of many may be computed twice; they are not read again.
BK_INLINE void bk_reduce_interior(const bk_row *row, const float *x, float *y, ptrdiff_t first, ptrdiff_t end,
                                  const int how, const int relu, const ptrdiff_t columns) {
#define BK_PASS(pixels)                                                                                         \
  if (end - first >= pixels) {                                                                                 \
    for (ptrdiff_t c = first;; c = c + 2 * pixels <= end ? c + pixels : end - pixels) {                        \
      bk_reduce_tile(row, x + c * row->pixelStep, y + c * row->block, how, relu, columns, pixels);              \
      if (c + pixels == end) return;                                                                           \
    }                                                                                                          \
  }
  BK_PASS(8)
  BK_PASS(4)
  BK_PASS(1)
#undef BK_PASS
}

// One row of the output of one vector of channels.
BK_INLINE void bk_reduce_row(const inference_window *v, const float *x, ptrdiff_t block, ptrdiff_t lanes,
                             ptrdiff_t row, const float *weights, bk_vec start, const int how, const int relu,
                             int activation, int countsPadding, float *y) {
  ptrdiff_t first = v->outputWidth, end = v->outputWidth;
  if (lanes == BLOCKED_LANES) bk_interior(v, &first, &end);
  for (ptrdiff_t column = 0; column < v->outputWidth; column++) {
    if (column == first) column = end;
    if (column == v->outputWidth) break;
    bk_vec result = bk_reduce_pixel(v, x, block, lanes, row, column, weights, start, how, relu, countsPadding);
    bk_activate(activation, &result, 1);
    bk_store_first(y + column * block, result, lanes);
  }
  if (first == end) return;
  ptrdiff_t firstTap, endTap;
  const ptrdiff_t top = bk_rows_inside(v, row, &firstTap, &endTap);
  const ptrdiff_t taps = (countsPadding ? v->kernelHeight : endTap - firstTap) * v->kernelWidth;
  const bk_row job = {.start = start, .scale = bk_splat(taps > 0 ? 1.0f / (float)taps : 0),
                      .weights = weights ? weights + firstTap * v->kernelWidth * block : NULL,
                      .block = block, .taps = endTap - firstTap, .tapStep = v->dilationWidth * block,
                      .rowStep = v->dilationHeight * v->width * block, .pixelStep = v->strideWidth * block,
                      .activation = activation};
  const float *from = x + ((top + firstTap * v->dilationHeight) * v->width - v->paddingLeft) * block;
  // Loops over the columns of the usual kernels are unrolled.
  switch (v->kernelWidth) {
    case 3: bk_reduce_interior(&job, from, y, first, end, how, relu, 3); break;
    case 5: bk_reduce_interior(&job, from, y, first, end, how, relu, 5); break;
    default: bk_reduce_interior(&job, from, y, first, end, how, relu, v->kernelWidth); break;
  }
}

// Where the vector begins that has a lane: the last one of a block overlaps the one before it rather than its end.
BK_INLINE ptrdiff_t bk_first_lane(ptrdiff_t lane, ptrdiff_t block) {
  return block >= BLOCKED_LANES ? blocked_least(lane, block - BLOCKED_LANES) : 0;
}

// One row of the output for all channels of a block.
static void bk_depthwise_row(const blocked_job *job, ptrdiff_t firstChannel, ptrdiff_t row) {
  const blocked_layer *layer = job->layer;
  const inference_window *v = &layer->window;
  const ptrdiff_t block = layer->outputBlock, taps = v->kernelHeight * v->kernelWidth;
  const float *x = job->x + firstChannel * v->height * v->width;
  float *y = job->y + (firstChannel * v->outputHeight + row * block) * v->outputWidth;
  for (ptrdiff_t next = 0; next < block; next += BLOCKED_LANES) {
    const ptrdiff_t c = bk_first_lane(next, block), lanes = blocked_least(block, BLOCKED_LANES);
    const bk_vec start = job->bias ? bk_load_first(job->bias + firstChannel + c, layer->outputs - firstChannel - c)
                                   : bk_splat(0);
    const float *weights = job->packed + firstChannel * taps + c;
    if (layer->inputRelu) {
      bk_reduce_row(v, x + c, block, lanes, row, weights, start, BK_WEIGHTED_SUM, 1, layer->outputActivation, 0, y + c);
    } else {
      bk_reduce_row(v, x + c, block, lanes, row, weights, start, BK_WEIGHTED_SUM, 0, layer->outputActivation, 0, y + c);
    }
  }
}

static void bk_pool_row(const inference_window *v, ptrdiff_t block, int reduction, const float *x, ptrdiff_t row,
                        float *y) {
  for (ptrdiff_t next = 0; next < block; next += BLOCKED_LANES) {
    const ptrdiff_t c = bk_first_lane(next, block), lanes = blocked_least(block, BLOCKED_LANES);
    if (reduction == BLOCKED_MAXIMUM) {
      bk_reduce_row(v, x + c, block, lanes, row, NULL, bk_splat(-INFINITY), BK_MAXIMUM, 0, ACTIVATION_NONE, 0, y + c);
    } else {
      bk_reduce_row(v, x + c, block, lanes, row, NULL, bk_splat(0), BK_SUM, 0, ACTIVATION_NONE,
                    reduction == BLOCKED_MEAN_WITH_PADDING, y + c);
    }
  }
}

static void bk_means(const float *x, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane, float *y) {
  for (ptrdiff_t c = 0; c < channels; c += BLOCKED_LANES) {
    const ptrdiff_t lanes = blocked_least(blocked_least(BLOCKED_LANES, channels - c), block - c % block);
    const float *from = x + c / block * block * plane + c % block;
    bk_vec sums[4] = {bk_splat(0), bk_splat(0), bk_splat(0), bk_splat(0)};
    for (ptrdiff_t p = 0; p < plane; p++) sums[p % 4] += bk_load_first(from + p * block, lanes);
    bk_store_first(y + c, (sums[0] + sums[1] + (sums[2] + sums[3])) / bk_splat((float)plane), lanes);
  }
}

const blocked_table BK_TABLE = {BK_VECTORS, bk_convolve_rows, bk_depthwise_row, bk_pool_row, bk_means};
