// Windows moved over single planes: depthwise convolution, and pools here. Included into the body of a variant.
//
// A strip of one vector's columns is pooled from top to bottom, first down and then across: every image row is loaded
// once, and shifted once per output row.

#ifndef TANDEM_DIRECT_WINDOWS_H
#define TANDEM_DIRECT_WINDOWS_H

#include "direct_depthwise.h"

enum { POOL_MOST_TAPS = 3 };

// Image rows that lie outside: of zeros, and of what no maximum is less than.
static const float zeros[2 * DIRECT_LANES];
static const float least[2 * DIRECT_LANES] = {
#define DK_EIGHT -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY
    DK_EIGHT, DK_EIGHT, DK_EIGHT, DK_EIGHT};

// Strips of the columns of all planes.
typedef struct {
  // Columns of the kernel and the step; vectors of image columns, and whether these are the whole width.
  int taps, stride, vectors, whole;
} pool_shape;

typedef struct {
  ptrdiff_t column, left;
  // Lanes of results, image columns that exist, and for the whole width those that do on the left and on the right.
  dw_lanes lanes[2];
  dw_guard guards[POOL_MOST_TAPS], ends[2];
  // The reciprocals of how many taps lie inside the image, all rows being inside; 0 where none does.
  dw_vec factors[2];
} pool_columns;

// What the mean under a window with so many rows in the image is multiplied by if it was taken over `taps` rows.
static const float row_factors[POOL_MOST_TAPS + 1][POOL_MOST_TAPS + 1] = {
    [2] = {0, 2, 1}, [3] = {0, 3, 3.0f / 2, 1}};

DK_INLINE dw_vec pooled(dw_vec before, dw_vec value, const int maximum) {
  return maximum ? dw_at_least(value, before) : before + value;
}

// Of vectors of columns, what the windows' first columns see, pooled with what the others see. For the whole width, the
// middle one of three columns sees them as they are, and `outside` is what there is beyond the image.
DK_INLINE void pool_across(const dw_vec *values, const pool_columns *strip, dw_orders orders, dw_vec outside,
                           const int maximum, const pool_shape shape, dw_vec *results) {
#ifdef DW_SHIFTS
  if (shape.whole) {
    const dw_shift left = dw_shift_of(-1), right = dw_shift_of(1);
    const dw_vec a = values[0], b = values[shape.vectors - 1];
    dw_vec before[2] = {dw_shifted_filled(a, left, strip->ends[0], outside)}, after[2];
    if (shape.vectors == 2) {
      before[1] = dw_shifted_right(a, b, left);
      after[0] = dw_shifted_left(a, b, right);
    }
    after[shape.vectors - 1] = dw_shifted_filled(b, right, strip->ends[1], outside);
    DK_UNROLL for (int k = 0; k < shape.vectors; k++) {
      results[k] = pooled(pooled(values[k], before[k], maximum), after[k], maximum);
    }
    return;
  }
#else
  (void)strip, (void)outside;
#endif
  if (shape.stride == 1) {
    // Where shifts are dear, every column of the kernel has loads of its own.
    results[0] = values[0];
    if (!DW_CHEAP_SHIFTS) return;
    results[0] = pooled(values[0], dw_next(values[0], orders), maximum);
    if (shape.taps == 3) results[0] = pooled(results[0], dw_second(values[0]), maximum);
  } else {
    const dw_vec first = dw_even(values[0], values[1], orders);
    results[0] = pooled(first, dw_odd(values[0], values[1], orders), maximum);
    if (shape.taps == 3) results[0] = pooled(results[0], dw_next(first, orders), maximum);
  }
}

// Floats between the vectors that are loaded of a row.
DK_INLINE ptrdiff_t pool_step(const pool_shape shape) {
  return shape.stride == 1 && !shape.whole ? 1 : DW_LANES;
}

// The vectors of a row; null for a row of ones.
DK_INLINE void pool_row(const float *row, const dw_guard *guards, dw_vec fill, const int maximum,
                        const pool_shape shape, dw_vec *values) {
  const int loads = shape.stride == 1 && !DW_CHEAP_SHIFTS ? shape.taps : shape.vectors;
  dw_vec all[POOL_MOST_TAPS];
  DK_UNROLL for (int k = 0; k < loads; k++) {
    const float *from = row ? row + k * pool_step(shape) : NULL;
    all[k] = !row      ? dw_filled(dw_splat(1), guards[k], fill)
             : maximum ? dw_load_filled(from, guards[k], fill)
                       : dw_load(from, guards[k]);
  }
  DK_UNROLL for (int k = 0; k < shape.vectors; k++) values[k] = all[k];
  DK_UNROLL for (int k = shape.vectors; k < loads; k++) values[0] = pooled(values[0], all[k], maximum);
}

DK_INLINE void pool_columns_of(const inference_window *v, ptrdiff_t column, ptrdiff_t lanes, int countsPadding,
                               const pool_shape shape, pool_columns *strip) {
  strip->column = column;
  strip->left = shape.whole ? 0 : column * shape.stride - v->paddingLeft;
  const int results = shape.whole ? shape.vectors : 1;
  DK_UNROLL for (int k = 0; k < POOL_MOST_TAPS; k++) {
    strip->guards[k] = dw_below(strip->left + k * pool_step(shape), v->width);
  }
  DK_UNROLL for (int k = 0; k < results; k++) {
    strip->lanes[k] = dw_lanes_of((int)direct_least(v->outputWidth - column - k * DW_LANES, lanes));
    strip->factors[k] = dw_splat(1.0f / (float)(shape.taps * shape.taps));
  }
  strip->ends[0] = dw_below(-1, v->width);
  strip->ends[1] = dw_below((shape.vectors - 1) * DW_LANES + 1, v->width);
  if (countsPadding) return;
  // A row of ones is pooled to the numbers of columns.
  dw_vec ones[2], counts[2];
  pool_row(NULL, strip->guards, dw_splat(0), 0, shape, ones);
  pool_across(ones, strip, dw_orders_make(), dw_splat(0), 0, shape, counts);
  DK_UNROLL for (int k = 0; k < results; k++) {
    strip->factors[k] = dw_splat(0);
    DK_UNROLL for (int count = 1; count <= shape.taps; count++) {
      strip->factors[k] =
          dw_where_equal(counts[k], (float)count, 1.0f / (float)(count * shape.taps), strip->factors[k]);
    }
  }
}

DK_INLINE void pool_strip(const inference_window *v, const pool_columns *strip, const float *plane, int countsPadding,
                          float *y, const int maximum, const pool_shape shape) {
  const int taps = shape.taps, kept = taps - shape.stride, results = shape.whole ? shape.vectors : 1;
  const float *image = plane + strip->left, *outside = maximum ? least : zeros;
  const ptrdiff_t width = v->width, height = v->height, outputs = v->outputHeight, step = v->outputWidth;
  const dw_orders orders = dw_orders_make();
  const dw_vec start = dw_splat(maximum ? -INFINITY : 0);
  dw_guard guards[POOL_MOST_TAPS];
  dw_vec factors[2];
  dw_lanes lanes[2];
  DK_UNROLL for (int k = 0; k < POOL_MOST_TAPS; k++) guards[k] = strip->guards[k];
  DK_UNROLL for (int k = 0; k < results; k++) factors[k] = strip->factors[k], lanes[k] = strip->lanes[k];
  y += strip->column;
  // The rows under a window, of which the next window has the last `kept`.
  dw_vec rows[POOL_MOST_TAPS][2];
  ptrdiff_t h = -v->paddingTop;
  DK_UNROLL for (int i = taps - kept; i < taps; i++, h++) {
    pool_row((size_t)h < (size_t)height ? image + h * width : outside, guards, start, maximum, shape, rows[i]);
  }
  for (ptrdiff_t output = 0; output < outputs; output++, y += step) {
    DK_UNROLL for (int i = 0; i < kept; i++) {
      DK_UNROLL for (int k = 0; k < shape.vectors; k++) rows[i][k] = rows[taps - kept + i][k];
    }
    DK_UNROLL for (int i = kept; i < taps; i++, h++) {
      pool_row((size_t)h < (size_t)height ? image + h * width : outside, guards, start, maximum, shape, rows[i]);
    }
    dw_vec down[2], across[2];
    DK_UNROLL for (int k = 0; k < shape.vectors; k++) {
      down[k] = rows[0][k];
      DK_UNROLL for (int i = 1; i < taps; i++) down[k] = pooled(down[k], rows[i][k], maximum);
    }
    pool_across(down, strip, orders, start, maximum, shape, across);
    if (!maximum) {
      // The factors are those of windows that lie inside as far as rows go.
      DK_UNROLL for (int k = 0; k < results; k++) across[k] *= factors[k];
      const ptrdiff_t inside = direct_least(h, height) - direct_greatest(h - taps, 0);
      if (!countsPadding && inside < taps) {
        DK_UNROLL for (int k = 0; k < results; k++) {
          across[k] *= dw_splat(row_factors[taps][direct_greatest(inside, 0)]);
        }
      }
    }
    DK_UNROLL for (int k = 0; k < results; k++) dw_store_first(y + k * DW_LANES, across[k], lanes[k]);
  }
}

DK_INLINE void pool_planes(const inference_window *v, const float *x, ptrdiff_t channels, int countsPadding, float *y,
                           const int maximum, const pool_shape shape) {
  // The last lanes have no right neighbours; with stride 2 these are the odd columns, and the third is one more.
  const int lost = shape.stride == 1 ? (DW_CHEAP_SHIFTS && !shape.whole) * (shape.taps - 1) : shape.taps - 2;
  const ptrdiff_t width = v->outputWidth, lanes = shape.whole ? DW_LANES : dw_lanes_for(width, DW_LANES - lost);
  pool_columns strips[DW_STRIPS];
  for (ptrdiff_t column = 0; column < width;) {
    ptrdiff_t filled = 0;
    for (; filled < DW_STRIPS && column < width; filled++, column += shape.whole ? width : lanes) {
      pool_columns_of(v, column, lanes, maximum || countsPadding, shape, &strips[filled]);
    }
    for (ptrdiff_t c = 0; c < channels; c++) {
      for (ptrdiff_t s = 0; s < filled; s++) {
        pool_strip(v, &strips[s], x + c * v->height * v->width, countsPadding,
                   y + c * v->outputHeight * v->outputWidth, maximum, shape);
      }
    }
  }
}

typedef void (*pool_kernel)(const inference_window *, const float *, ptrdiff_t, int, float *);

#define POOL(name, ...)                                                                                      \
  static void max_pool_##name(const inference_window *v, const float *x, ptrdiff_t channels, int padding,   \
                              float *y) {                                                                   \
    pool_planes(v, x, channels, padding, y, 1, (pool_shape){__VA_ARGS__});                                  \
  }                                                                                                         \
  static void average_pool_##name(const inference_window *v, const float *x, ptrdiff_t channels, int padding, \
                                  float *y) {                                                               \
    pool_planes(v, x, channels, padding, y, 0, (pool_shape){__VA_ARGS__});                                  \
  }
POOL(2_1, 2, 1, 1, 0)
POOL(2_2, 2, 2, 2, 0)
POOL(3_1, 3, 1, 1, 0)
POOL(3_2, 3, 2, 2, 0)
static const pool_kernel pool_kernels[2][2][2] = {
    {{average_pool_2_1, average_pool_2_2}, {average_pool_3_1, average_pool_3_2}},
    {{max_pool_2_1, max_pool_2_2}, {max_pool_3_1, max_pool_3_2}}};

#ifdef DW_SHIFTS
POOL(whole, 3, 1, 1, 1)
POOL(wide, 3, 1, 2, 1)
static const pool_kernel whole_pools[2][2] = {{average_pool_whole, average_pool_wide}, {max_pool_whole, max_pool_wide}};
#endif

static int pool(const inference_window *v, const float *x, ptrdiff_t channels, int maximum, int countsPadding,
                float *y) {
  const ptrdiff_t taps = v->kernelHeight, stride = v->strideHeight;
  if (taps != v->kernelWidth || stride != v->strideWidth || stride > 2 || taps < 2 || taps > POOL_MOST_TAPS ||
      v->dilationHeight != 1 || v->dilationWidth != 1) {
    return 0;
  }
  // Without padding there is nothing to count.
  if (v->paddingTop == 0 && v->paddingLeft == 0 && (v->outputHeight - 1) * stride + taps <= v->height &&
      (v->outputWidth - 1) * stride + taps <= v->width) {
    countsPadding = 1;
  }
  pool_kernel kernel = pool_kernels[maximum][taps - 2][stride - 1];
#ifdef DW_SHIFTS
  const ptrdiff_t vectors = (v->outputWidth + DW_LANES - 1) / DW_LANES;
  if (taps == 3 && stride == 1 && v->paddingLeft == 1 && vectors <= 2 && v->width <= vectors * DW_LANES) {
    kernel = whole_pools[maximum][vectors - 1];
  }
#endif
  kernel(v, x, channels, countsPadding, y);
  return 1;
}

#endif
