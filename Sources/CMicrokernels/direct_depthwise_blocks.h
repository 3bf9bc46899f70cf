// Depthwise convolution of blocks of planes. Included into the body of a variant.
//
// A block is a strip of one vector's output columns and up to 14 rows, whose sums all stay in registers. The kernel's
// columns are taken one after the other: the weights of one column are in registers as well, and every image row,
// loaded once per column, is added to all output rows whose windows contain it. So there are about K + 1 loads for K·K
// products of a vector, no sum waits for another, and nothing is computed for rows above and below the image. Kernels
// of 3 columns have all weights in registers and load every image row once.

#ifndef TANDEM_DIRECT_DEPTHWISE_BLOCKS_H
#define TANDEM_DIRECT_DEPTHWISE_BLOCKS_H

#include "direct_window_vectors.h"

enum {
  DW_MOST_TAPS = 7,
  DW_MOST_ROWS = 14,
  // Strips whose masks are computed at once, for all planes.
  DW_STRIPS = 16,
  // Blocks whose places are.
  DW_BLOCKS = 128,
};

typedef union {
  dw_vec rows[DW_MOST_ROWS];
  dk_vec whole[DW_MOST_ROWS * DW_LANES / DIRECT_LANES];
} dw_rows;

// The columns of a strip, for all planes.
typedef struct {
  // First output column, and the image column that its first tap sees.
  ptrdiff_t column, left;
  int lanes;
  // For each column of the kernel, the image columns that exist; of two vectors where the stride is 2.
  dw_guard guards[DW_MOST_TAPS][2];
} dw_strip;

// What is the same for all blocks.
typedef struct {
  // Floats from one image row of a block to the next, from one column of the kernel to the next in the image, and
  // from one output row to the next.
  ptrdiff_t pitch, across, step;
  // Floats to the same place in the next plane (or the one after, where two are computed at once), which is fetched
  // meanwhile: otherwise the time of reading large images comes on top of that of computing.
  ptrdiff_t ahead;
  float floor;
  int activation;
} dw_layer;

// Where planes are, and their weights and bias: of those in the lower and in the upper half of a vector. `beside` is
// where the second vector of an image row is that stride 2 needs: the next columns, or the other plane. `other` is
// where the upper half of results goes, null where all lanes are one row's.
typedef struct {
  const float *image, *beside;
  const float *weights[2];
  float *y, *other;
  float bias[2];
} dw_plane;

// The place of a block in all planes.
typedef struct dw_block {
  void (*run)(const struct dw_block *block, const dw_layer *layer, const dw_plane *plane);
  const dw_strip *strip;
  // Floats from the start of a plane to where the block's first image row and the strip's first column are, or would
  // be, and to the first result.
  ptrdiff_t from, to;
  // The image rows that exist.
  int first, end;
} dw_block;

// Where rows of results go: `lanes` of a row, or of each half of it.
DK_INLINE void dw_store_rows(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const dw_vec *sums,
                             const int rows, const int halves) {
  // Read once: for all that the compiler knows, the stores change the block.
  const dw_lanes lanes = dw_lanes_of(block->strip->lanes);
  float *y = plane->y + block->to, *other = halves ? plane->other + block->to : NULL;
  const ptrdiff_t step = layer->step;
  DK_UNROLL for (int r = 0; r < rows; r++) {
    if (halves) {
      dw_store_halves(y, other, sums[r], lanes);
    } else {
      dw_store_first(y, sums[r], lanes);
    }
    y += step;
    if (halves) other += step;
  }
}

// With the costly activations, whose code exists once, in memory.
static __attribute__((noinline)) void dw_store_activated(const dw_block *block, const dw_layer *layer,
                                                         const dw_plane *plane, dw_rows *sums, int rows) {
  va_activate_all(layer->activation, sums->whole, (rows * DW_LANES + DIRECT_LANES - 1) / DIRECT_LANES);
  dw_block row = *block;
  for (int r = 0; r < rows; r++, row.to += layer->step) {
    if (plane->other) {
      dw_store_rows(&row, layer, plane, &sums->rows[r], 1, 1);
    } else {
      dw_store_rows(&row, layer, plane, &sums->rows[r], 1, 0);
    }
  }
}

DK_INLINE void dw_finish(const dw_block *block, const dw_layer *layer, const dw_plane *plane, dw_vec *sums,
                         const int rows, const int mayHalve) {
  if (layer->activation > ACTIVATION_RELU6) {
    dw_rows all;
    // Lanes of the last whole vector that no row fills.
    if (rows % 2 && DW_LANES != DIRECT_LANES) all.rows[rows] = dw_splat(0);
    DK_UNROLL for (int r = 0; r < rows; r++) all.rows[r] = sums[r];
    dw_store_activated(block, layer, plane, &all, rows);
    return;
  }
  if (layer->activation != ACTIVATION_NONE) {
    DK_UNROLL for (int r = 0; r < rows; r++) sums[r] = dw_at_least(dw_splat(0), sums[r]);
    if (layer->activation == ACTIVATION_RELU6) {
      DK_UNROLL for (int r = 0; r < rows; r++) sums[r] = dw_at_most(dw_splat(6), sums[r]);
    }
  }
  if (mayHalve && plane->other) {
    dw_store_rows(block, layer, plane, sums, rows, 1);
  } else {
    dw_store_rows(block, layer, plane, sums, rows, 0);
  }
}

// Whether the image row `h` of a block does not exist, which at either end at most a kernel's height less one do not:
// for all others that is known when compiling.
DK_INLINE int dw_outside(const dw_block *block, const int h, const int taps, const int all) {
  return (h < taps - 1 && h < block->first) || (h > all - taps && h >= block->end);
}

// Adds the products with an image row's values at `columns` columns of the kernel to the sums of all output rows.
DK_INLINE void dw_add_row(dw_vec *sums, const dw_vec weights[][DW_MOST_TAPS], const dw_vec *values, const int h,
                          const int taps, const int rows, const int stride, const int columns) {
  DK_UNROLL for (int c = 0; c < columns; c++) {
    DK_UNROLL for (int i = 0; i < taps; i++) {
      if (h - i >= 0 && (h - i) % stride == 0 && (h - i) / stride < rows) {
        sums[(h - i) / stride] += weights[c][i] * values[c];
      }
    }
  }
}

DK_INLINE void dw_block_1(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const int taps,
                          const int rows) {
  const int all = rows + taps - 1;
  const dw_vec floor = dw_splat(layer->floor);
  dw_vec sums[DW_MOST_ROWS];
  DK_UNROLL for (int r = 0; r < rows; r++) sums[r] = dw_splat(plane->bias[0]);
  const float *column = plane->image + block->from, *weight = plane->weights[0];
  const ptrdiff_t pitch = layer->pitch;
  DK_LOOP for (int j = 0; j < taps; j++, column += layer->across, weight++) {
    dw_vec weights[1][DW_MOST_TAPS];
    DK_UNROLL for (int i = 0; i < taps; i++) weights[0][i] = dw_splat(weight[i * taps]);
    const dw_guard guard = block->strip->guards[j][0];
    const float *row = column;
    DK_UNROLL for (int h = 0; h < all; h++, row += pitch) {
      if (dw_outside(block, h, taps, all)) continue;
      const dw_vec value = dw_at_least(floor, dw_load(row, guard));
      dw_add_row(sums, weights, &value, h, taps, rows, 1, 1);
    }
  }
  dw_finish(block, layer, plane, sums, rows, 0);
}

// A kernel of 3 columns whose last two lanes are not used: every image row is loaded once and shifted, because three
// loads across cache lines take as long as the products.
DK_INLINE void dw_block_shifted(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const int rows) {
  const int taps = 3, all = rows + taps - 1;
  const dw_vec floor = dw_splat(layer->floor);
  const dw_orders orders = dw_orders_make();
  dw_vec sums[DW_MOST_ROWS], weights[3][DW_MOST_TAPS];
  DK_UNROLL for (int r = 0; r < rows; r++) sums[r] = dw_splat(plane->bias[0]);
  DK_UNROLL for (int j = 0; j < taps; j++) {
    DK_UNROLL for (int i = 0; i < taps; i++) weights[j][i] = dw_splat(plane->weights[0][i * taps + j]);
  }
  const float *row = plane->image + block->from;
  const ptrdiff_t pitch = layer->pitch;
  const dw_guard guard = block->strip->guards[0][0];
  DK_UNROLL for (int h = 0; h < all; h++, row += pitch) {
    if (dw_outside(block, h, taps, all)) continue;
    __builtin_prefetch(row + layer->ahead);
    dw_vec values[3] = {dw_at_least(floor, dw_load(row, guard))};
    values[1] = dw_next(values[0], orders);
    values[2] = dw_second(values[0]);
    dw_add_row(sums, weights, values, h, taps, rows, 1, taps);
  }
  dw_finish(block, layer, plane, sums, rows, 0);
}

// A kernel of 3 columns on up to 16 or 32 image columns, which the middle one sees as they are: image rows are loaded
// once and shifted by the dilation both ways, zeros following.
#ifdef DW_SHIFTS
DK_INLINE void dw_block_whole(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const int rows,
                              const int wide) {
  const int taps = 3, all = rows + taps - 1;
  const dw_vec floor = dw_splat(layer->floor);
  dw_vec sums[2][DW_MOST_ROWS], weights[3][DW_MOST_TAPS];
  DK_UNROLL for (int r = 0; r < rows; r++) sums[0][r] = sums[1][r] = dw_splat(plane->bias[0]);
  DK_UNROLL for (int j = 0; j < taps; j++) {
    DK_UNROLL for (int i = 0; i < taps; i++) weights[j][i] = dw_splat(plane->weights[0][i * taps + j]);
  }
  const float *row = plane->image + block->from + layer->across;
  const ptrdiff_t pitch = layer->pitch;
  const dw_shift left = dw_shift_of(-layer->across), right = dw_shift_of(layer->across);
  const dw_strip *strip = block->strip, *next = strip + wide;
  const dw_guard first = strip->guards[0][0], last = next->guards[2][0];
  DK_UNROLL for (int h = 0; h < all; h++, row += pitch) {
    if (dw_outside(block, h, taps, all)) continue;
    const dw_vec a = dw_at_least(floor, dw_load(row, strip->guards[1][0]));
    if (wide) {
      const dw_vec b = dw_at_least(floor, dw_load(row + DW_LANES, next->guards[1][0]));
      const dw_vec lower[3] = {dw_shifted(a, left, first), a, dw_shifted_left(a, b, right)};
      dw_add_row(sums[0], weights, lower, h, taps, rows, 1, taps);
      const dw_vec upper[3] = {dw_shifted_right(a, b, left), b, dw_shifted(b, right, last)};
      dw_add_row(sums[1], weights, upper, h, taps, rows, 1, taps);
    } else {
      const dw_vec values[3] = {dw_shifted(a, left, first), a, dw_shifted(a, right, last)};
      dw_add_row(sums[0], weights, values, h, taps, rows, 1, taps);
    }
  }
  dw_finish(block, layer, plane, sums[0], rows, 0);
  if (wide) {
    dw_block beside = *block;
    beside.strip = next;
    beside.to += DW_LANES;
    dw_finish(&beside, layer, plane, sums[1], rows, 0);
  }
}
#endif

// Two vectors of an image row make those of its even and of its odd columns, and so what two columns of the kernel see,
// or three if the last lane is not used.
DK_INLINE void dw_columns_2(const dw_block *block, const dw_layer *layer, const dw_plane *plane, dw_orders orders,
                            dw_vec *sums, const int taps, const int rows, const int first, const int columns) {
  const int all = (rows - 1) * 2 + taps;
  const dw_vec floor = dw_splat(layer->floor);
  const ptrdiff_t pitch = layer->pitch;
  const float *image = plane->image + block->from + first, *beside = plane->beside + block->from + first;
  const dw_guard guard = block->strip->guards[first][0], next = block->strip->guards[first][1];
  dw_vec weights[3][DW_MOST_TAPS];
  DK_UNROLL for (int c = 0; c < columns; c++) {
    DK_UNROLL for (int i = 0; i < taps; i++) {
      const ptrdiff_t tap = i * taps + first + c;
      weights[c][i] = dw_two(plane->weights[0] + tap, plane->weights[1] + tap, orders);
    }
  }
  DK_UNROLL for (int h = 0; h < all; h++, image += pitch, beside += pitch) {
    if (dw_outside(block, h, taps, all)) continue;
    if (first == 0) {
      __builtin_prefetch(image + layer->ahead);
      __builtin_prefetch(beside + layer->ahead);
    }
    const dw_vec a = dw_at_least(floor, dw_load(image, guard)), b = dw_at_least(floor, dw_load(beside, next));
    dw_vec values[3] = {dw_even(a, b, orders)};
    if (columns > 1) values[1] = dw_odd(a, b, orders);
    if (columns > 2) values[2] = dw_next(values[0], orders);
    dw_add_row(sums, weights, values, h, taps, rows, 2, columns);
  }
}

DK_INLINE void dw_block_2(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const int taps,
                          const int rows) {
  const dw_orders orders = dw_orders_make();
  dw_vec sums[DW_MOST_ROWS];
  DK_UNROLL for (int r = 0; r < rows; r++) sums[r] = dw_two(&plane->bias[0], &plane->bias[1], orders);
  // As many columns at once as leave registers for the sums.
  const int most = DW_THREE_COLUMNS(taps) ? 3 : 2;
  DK_UNROLL for (int j = 0; j < taps; j += most) {
    dw_columns_2(block, layer, plane, orders, sums, taps, rows, j, taps - j < most ? taps - j : most);
  }
  dw_finish(block, layer, plane, sums, rows, DW_HALVES);
}

// A whole square plane of up to 8 columns and 2 channels at once: the image rows of both are in registers side by side,
// shifted by a permutation for each column of the kernel.
#ifdef DW_SHIFTS
DK_INLINE void dw_square(const dw_block *block, const dw_layer *layer, const dw_plane *plane, const int taps,
                         const int size, const int dilation) {
  const dw_orders orders = dw_orders_make();
  dw_vec sums[8], image[8];
  DK_UNROLL for (int r = 0; r < size; r++) sums[r] = dw_two(&plane->bias[0], &plane->bias[1], orders);
  const dw_vec floor = dw_splat(layer->floor);
  DK_UNROLL for (int h = 0; h < size; h++) {
    image[h] = dw_at_least(floor, dw_load_halves(plane->image + h * size, plane->beside + h * size, size));
  }
  const int middle = taps / 2;
  DK_LOOP for (int j = 0; j < taps; j++) {
    dw_vec weights[DW_MOST_TAPS];
    DK_UNROLL for (int i = 0; i < taps; i++) {
      weights[i] = dw_two(plane->weights[0] + i * taps + j, plane->weights[1] + i * taps + j, orders);
    }
    const dw_shift shift = dw_shift_of((j - middle) * dilation);
    const dw_guard guard = dw_both(block->strip->guards[j][0]);
    DK_UNROLL for (int h = 0; h < size; h++) {
      const dw_vec value = dw_shifted(image[h], shift, guard);
      DK_UNROLL for (int i = 0; i < taps; i++) {
        const int r = h - (i - middle) * dilation;
        if (r >= 0 && r < size) sums[r] += weights[i] * value;
      }
    }
  }
  dw_finish(block, layer, plane, sums, size, 1);
}
#endif

#endif
