#include <math.h>
#include <string.h>

#include "direct_tables.h"
#include "elementwise_math.h"
#include "inference_kernels.h"
#include "inference_windows.h"

// Every `step`-th element of a row. Constant steps make loops that vectorise.
INLINE void every(const float *restrict x, ptrdiff_t step, ptrdiff_t count, float *restrict y) {
  if (step == 1) {
    memcpy(y, x, (size_t)count * sizeof(float));
  } else if (step == 2) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = x[2 * i];
  } else {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = x[step * i];
  }
}

// Windows of one pixel, none of which is padding: a pool of them takes some pixels and leaves the others.
INLINE int is_single(inference_window v) {
  return v.kernelHeight == 1 && v.kernelWidth == 1 && v.paddingTop == 0 && v.paddingLeft == 0 &&
         (v.outputHeight - 1) * v.strideHeight < v.height && (v.outputWidth - 1) * v.strideWidth < v.width;
}

MULTIVERSION
static void single_pool(inference_window v, const float *x, ptrdiff_t channels, float *y) {
  for (ptrdiff_t c = 0; c < channels; c++, x += v.height * v.width) {
    for (ptrdiff_t r = 0; r < v.outputHeight; r++, y += v.outputWidth) {
      every(x + r * v.strideHeight * v.width, v.strideWidth, v.outputWidth, y);
    }
  }
}

MULTIVERSION
static void any_max_pool(inference_window v, const float *x, ptrdiff_t channels, float *y) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    reduce_plane(v, x + c * v.height * v.width, NULL, MAXIMUM, 0, -INFINITY, y + c * v.outputHeight * v.outputWidth);
  }
}

void inference_max_pool(inference_window v, const float *x, ptrdiff_t channels, float *y) {
  if (is_single(v)) {
    single_pool(v, x, channels, y);
  } else if (!direct_pool(v, x, channels, 1, 0, y)) {
    any_max_pool(v, x, channels, y);
  }
}

INLINE ptrdiff_t taps_inside(ptrdiff_t start, ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t extent) {
  const span inside = positions_inside(start, dilation, extent, taps);
  return inside.end - inside.first;
}

INLINE float reciprocal(ptrdiff_t count) { return count > 0 ? 1.0f / (float)count : 0; }

MULTIVERSION
static void any_average_pool(inference_window v, const float *x, ptrdiff_t channels, int countsPadding, float *y) {
  const span interior = interior_columns(v);
  const float whole = reciprocal(v.kernelHeight * v.kernelWidth);
  for (ptrdiff_t c = 0; c < channels; c++) {
    float *target = y + c * v.outputHeight * v.outputWidth;
    reduce_plane(v, x + c * v.height * v.width, NULL, SUM, 0, 0, target);
    for (ptrdiff_t r = 0; r < v.outputHeight; r++) {
      float *row = target + r * v.outputWidth;
      if (countsPadding) {
        for (ptrdiff_t p = 0; p < v.outputWidth; p++) row[p] *= whole;
        continue;
      }
      const ptrdiff_t taps = taps_inside(r * v.strideHeight - v.paddingTop, v.kernelHeight, v.dilationHeight, v.height);
      const float factor = reciprocal(taps * v.kernelWidth);
      for (ptrdiff_t p = interior.first; p < interior.end; p++) row[p] *= factor;
      for (ptrdiff_t p = 0; p < v.outputWidth; p++) {
        if (p == interior.first) p = interior.end;
        if (p >= v.outputWidth) break;
        row[p] *= reciprocal(
            taps * taps_inside(p * v.strideWidth - v.paddingLeft, v.kernelWidth, v.dilationWidth, v.width));
      }
    }
  }
}

void inference_average_pool(inference_window v, const float *x, ptrdiff_t channels, int countsPadding, float *y) {
  if (is_single(v)) {
    single_pool(v, x, channels, y);
  } else if (!direct_pool(v, x, channels, 0, countsPadding != 0, y)) {
    any_average_pool(v, x, channels, countsPadding, y);
  }
}
