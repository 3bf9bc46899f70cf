// Windows that slide over planes: which taps lie inside the image, and sums and maxima of any window.

#ifndef TANDEM_INFERENCE_WINDOWS_H
#define TANDEM_INFERENCE_WINDOWS_H

#include <stddef.h>

#include "elementwise_math.h"
#include "inference_kernels.h"

typedef struct {
  ptrdiff_t first, end;
} span;

// Division is slow and the divisor, a stride or a dilation, is mostly 1.
INLINE ptrdiff_t quotient(ptrdiff_t dividend, ptrdiff_t divisor) {
  return divisor == 1 ? dividend : dividend / divisor;
}

// The output positions whose tap at `offset` (tap · dilation − padding) lies inside an extent.
INLINE span positions_inside(ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t extent, ptrdiff_t outputs) {
  ptrdiff_t first = offset >= 0 ? 0 : quotient(-offset + stride - 1, stride);
  ptrdiff_t end = extent <= offset ? 0 : quotient(extent - 1 - offset, stride) + 1;
  if (end > outputs) end = outputs;
  if (first > end) first = end;
  return (span){first, end};
}

// Whether every output row is a shifted copy of an image row, so that whole planes can be treated as one long row.
INLINE int is_flat(inference_window v) {
  return v.strideHeight == 1 && v.strideWidth == 1 && v.outputWidth == v.width;
}

typedef enum { WEIGHTED_SUM, SUM, MAXIMUM } reduction;

INLINE float combine(reduction how, float before, float value, float weight) {
  switch (how) {
    case WEIGHTED_SUM: return before + weight * value;
    case SUM: return before + value;
    default: return value > before ? value : before;
  }
}

// The output columns whose windows lie inside the image as far as columns go; empty at the end if there are none.
INLINE span interior_columns(inference_window v) {
  const span left = positions_inside(-v.paddingLeft, v.strideWidth, v.width, v.outputWidth);
  const span right = positions_inside((v.kernelWidth - 1) * v.dilationWidth - v.paddingLeft, v.strideWidth, v.width,
                                      v.outputWidth);
  const span both = {left.first > right.first ? left.first : right.first,
                     left.end < right.end ? left.end : right.end};
  return both.first < both.end ? both : (span){v.outputWidth, v.outputWidth};
}

// One window, tap by tap, the taps outside the image left out.
INLINE float reduce_window(inference_window v, const float *plane, const float *weight, reduction how, int relu,
                           float start, ptrdiff_t row, ptrdiff_t column) {
  const ptrdiff_t top = row * v.strideHeight - v.paddingTop;
  const ptrdiff_t left = column * v.strideWidth - v.paddingLeft;
  const span rows = positions_inside(top, v.dilationHeight, v.height, v.kernelHeight);
  const span columns = positions_inside(left, v.dilationWidth, v.width, v.kernelWidth);
  float value = start;
  for (ptrdiff_t i = rows.first; i < rows.end; i++) {
    for (ptrdiff_t j = columns.first; j < columns.end; j++) {
      const float x = plane[(top + i * v.dilationHeight) * v.width + left + j * v.dilationWidth];
      value = combine(how, value, relu ? positive(x) : x, weight ? weight[i * v.kernelWidth + j] : 0);
    }
  }
  return value;
}

// Reduces every window of one plane. Tap by tap over long runs of outputs, which vectorises; the columns near the left
// and right border, where a tap would leave its row, are computed window by window.
INLINE void reduce_plane(inference_window v, const float *plane, const float *weight, reduction how, int relu,
                         float start, float *restrict y) {
  const span interior = interior_columns(v);
  for (ptrdiff_t p = 0; p < v.outputHeight * v.outputWidth; p++) y[p] = start;
  for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
    const ptrdiff_t down = i * v.dilationHeight - v.paddingTop;
    const span rows = positions_inside(down, v.strideHeight, v.height, v.outputHeight);
    if (rows.first == rows.end) continue;
    for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
      const ptrdiff_t right = j * v.dilationWidth - v.paddingLeft;
      const float w = weight ? weight[i * v.kernelWidth + j] : 0;
      if (is_flat(v)) {
        const ptrdiff_t shift = down * v.width + right;
        ptrdiff_t first = rows.first * v.width, end = rows.end * v.width;
        if (first + shift < 0) first = -shift;
        if (end + shift > v.height * v.width) end = v.height * v.width - shift;
        for (ptrdiff_t p = first; p < end; p++) {
          const float x = plane[p + shift];
          y[p] = combine(how, y[p], relu ? positive(x) : x, w);
        }
        continue;
      }
      for (ptrdiff_t r = rows.first; r < rows.end; r++) {
        const float *row = plane + (r * v.strideHeight + down) * v.width + right;
        float *target = y + r * v.outputWidth;
        if (v.strideWidth == 1) {
          for (ptrdiff_t p = interior.first; p < interior.end; p++)
            target[p] = combine(how, target[p], relu ? positive(row[p]) : row[p], w);
        } else {
          for (ptrdiff_t p = interior.first; p < interior.end; p++) {
            const float x = row[p * v.strideWidth];
            target[p] = combine(how, target[p], relu ? positive(x) : x, w);
          }
        }
      }
    }
  }
  for (ptrdiff_t r = 0; r < v.outputHeight; r++) {
    float *row = y + r * v.outputWidth;
    for (ptrdiff_t p = 0; p < interior.first; p++)
      row[p] = reduce_window(v, plane, weight, how, relu, start, r, p);
    for (ptrdiff_t p = interior.end; p < v.outputWidth; p++)
      row[p] = reduce_window(v, plane, weight, how, relu, start, r, p);
  }
}

#endif
