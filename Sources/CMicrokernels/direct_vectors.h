// Vectors of 16 pixels and what is done with them before the micro-kernels run: masks and padded copies. Included into
// the body of a variant, which defines dk_guard and dk_below (lanes whose value is less than a limit).

#ifndef TANDEM_DIRECT_VECTORS_H
#define TANDEM_DIRECT_VECTORS_H

typedef float dk_loose __attribute__((vector_size(64), aligned(4), may_alias));

DK_INLINE dk_vec dk_splat(float x) { return (dk_vec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
DK_INLINE dk_ivec dk_isplat(int32_t x) { return (dk_ivec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
static const dk_ivec dk_counting = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

DK_INLINE dk_vec dk_load(const float *p) { return *(const dk_loose *)p; }
DK_INLINE void dk_store(float *p, dk_vec x) { *(dk_loose *)p = x; }

// What is not a number stays so.
DK_INLINE dk_vec dk_rectify(dk_vec x) { return (dk_vec)((dk_ivec)x & ~(x < dk_splat(0))); }

#define VA_VEC dk_vec
#define VA_IVEC dk_ivec
#define VA_INLINE DK_INLINE
#include "vector_activations.h"

// The activations up to ReLU6 but none: x between 0 and a highest value.
DK_INLINE dk_vec dk_highest(int activation) { return dk_splat(activation == ACTIVATION_RELU6 ? 6 : INFINITY); }
DK_INLINE dk_vec dk_clamp(dk_vec x, dk_vec highest) { return dk_at_most(highest, dk_at_least(dk_splat(0), x)); }

DK_INLINE dk_vec dk_load_first(const float *p, int lanes) { return dk_load_guarded(p, dk_below(dk_counting, lanes)); }
// Lanes [first, end), the others 0; lane `first` comes from *p.
DK_INLINE dk_vec dk_load_lanes(const float *p, int first, int end) {
  return dk_load_guarded(p - first, dk_below(dk_counting - dk_isplat(first), end - first));
}

// The masks of all taps for the vector at a row and a column, every `stride`-th element of `guards`, repeated until
// there are `entries`.
DK_INLINE void guards_of(const direct_plan *plan, ptrdiff_t row, ptrdiff_t column, ptrdiff_t entries,
                         ptrdiff_t stride, dk_guard *guards) {
  const inference_window *v = &plan->layer.window;
  const ptrdiff_t taps = v->kernelHeight * v->kernelWidth;
  const int32_t width = (int32_t)v->width;
  dk_ivec columns = dk_isplat((int32_t)column) + dk_counting;
  dk_ivec rows = dk_isplat((int32_t)row);
  for (ptrdiff_t wraps = 0; wraps <= (DIRECT_LANES - 2) / width; wraps++) {
    const dk_ivec beyond = columns >= dk_isplat(width);
    columns -= beyond & dk_isplat(width);
    rows -= beyond;
  }
  dk_guard columnGuards[DIRECT_TABLE];
  for (ptrdiff_t j = 0; j < v->kernelWidth; j++) {
    columnGuards[j] = dk_below(columns + dk_isplat((int32_t)(j * v->dilationWidth - v->paddingLeft)), width);
  }
  for (ptrdiff_t i = 0; i < v->kernelHeight; i++) {
    const dk_guard rowGuard =
        dk_below(rows + dk_isplat((int32_t)(i * v->dilationHeight - v->paddingTop)), (int32_t)v->height);
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++) *guards = rowGuard & columnGuards[j], guards += stride;
  }
  for (ptrdiff_t entry = taps; entry < entries; entry++, guards += stride) *guards = guards[-taps * stride];
}

DK_INLINE dk_vec dk_columns(const float *row, ptrdiff_t column, ptrdiff_t width) {
  if (column >= 0 && column + DIRECT_LANES <= width) return dk_load(row + column);
  return dk_load_guarded(row + column, dk_below(dk_isplat((int32_t)column) + dk_counting, (int32_t)width));
}

// 16 columns of an image row, `step` apart, the first of them `column`; 0 outside the row.
DK_INLINE dk_vec dk_spread(const float *row, ptrdiff_t column, ptrdiff_t step, ptrdiff_t width) {
  if (step == 1) return dk_columns(row, column, width);
  if (step == 2) {
    // Nearly all vectors lie inside, and finding masks takes longer than everything else.
    const int inside = column >= 0 && column + 2 * DIRECT_LANES <= width;
    const dk_vec low = inside ? dk_load(row + column) : dk_columns(row, column, width);
    const dk_vec high = inside ? dk_load(row + column + DIRECT_LANES) : dk_columns(row, column + DIRECT_LANES, width);
    return __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  }
  dk_vec x = dk_splat(0);
  for (ptrdiff_t lane = 0; lane < DIRECT_LANES; lane++, column += step) {
    if (column >= 0 && column < width) x[lane] = row[column];
  }
  return x;
}

// Copies what `rows` output rows read, with zeros around: [channel][row phase][column phase][row][pitch]. The last
// vector of a row runs into the next row, which is written after it, up to the end of the panel's `floats`.
DK_INLINE void copy_panel(const direct_plan *plan, const float *x, ptrdiff_t firstRow, ptrdiff_t rows, float *panel,
                          ptrdiff_t floats, const ptrdiff_t step) {
  const inference_window *v = &plan->layer.window;
  const ptrdiff_t pitch = plan->pitch;
  const dk_vec floor = dk_splat(plan->layer.inputRelu ? 0 : -INFINITY);
  const float *end = panel + floats;
  for (ptrdiff_t c = 0; c < plan->layer.inputs; c++, x += v->height * v->width) {
    for (ptrdiff_t i = 0; i < plan->rowPhases; i++) {
      const ptrdiff_t top = firstRow * v->strideHeight + i * v->dilationHeight % v->strideHeight - v->paddingTop;
      for (ptrdiff_t j = 0; j < plan->columnPhases; j++) {
        const ptrdiff_t left = j * v->dilationWidth % step - v->paddingLeft;
        for (ptrdiff_t r = 0; r < rows + plan->extraRows; r++, panel += pitch) {
          const ptrdiff_t h = top + r * v->strideHeight;
          const int inside = h >= 0 && h < v->height;
          for (ptrdiff_t q = 0; q < pitch; q += DIRECT_LANES) {
            const dk_vec values =
                inside ? dk_at_least(floor, dk_spread(x + h * v->width, left + q * step, step, v->width)) : dk_splat(0);
            if (end - panel - q >= DIRECT_LANES) {
              dk_store(panel + q, values);
            } else {
              dk_store_lanes(panel + q, &values, 0, (int)(end - panel - q));
            }
          }
        }
      }
    }
  }
  while (panel < end) *panel++ = 0;
}

#endif
