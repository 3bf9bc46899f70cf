// Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv 1509.09308) for one variant; included by training_kernels_template.h.
//
// With images innermost every transform is a sum of whole vectors: no transposition, no gather. An output tile of 4x4
// pixels reads a tile of 6x6, and each of the 36 points of the transformed tile is a product of matrices over channels.
// Tiles go through in groups whose transformed values stay in the second-level cache: as [point][channel][vector of the
// group], with one vector of padding after each point so that points do not fall on the same sets of the cache.

#define TK_POINTS 36

// ---- Transforms in one dimension ----

TK_INLINE void winograd_input(const tk_vec d[6], tk_vec t[6]) {
  const tk_vec even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const tk_vec even2 = d[4] - d[2], odd2 = d[3] - d[1];
  t[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even2 + 2.0f * odd2;
  t[4] = even2 - 2.0f * odd2;
  t[5] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
}

TK_INLINE void winograd_output(const tk_vec m[6], tk_vec y[4]) {
  const tk_vec sum1 = m[1] + m[2], difference1 = m[1] - m[2];
  const tk_vec sum2 = m[3] + m[4], difference2 = m[3] - m[4];
  y[0] = m[0] + (sum1 + sum2);
  y[1] = difference1 + 2.0f * difference2;
  y[2] = sum1 + 4.0f * sum2;
  y[3] = difference1 + (m[5] + 8.0f * difference2);
}

// The transpose of `winograd_output`.
TK_INLINE void winograd_output_gradient(const tk_vec g[4], tk_vec t[6]) {
  const tk_vec even = g[0] + g[2], odd = g[1] + g[3];
  const tk_vec even2 = g[0] + 4.0f * g[2], odd2 = 2.0f * (g[1] + 4.0f * g[3]);
  t[0] = g[0];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even2 + odd2;
  t[4] = even2 - odd2;
  t[5] = g[3];
}

// ---- Transforms of tiles ----

// The rows (or columns) of a tile that lie inside the image.
TK_INLINE void winograd_range(int32_t first, int32_t count, int32_t extent, int32_t *begin, int32_t *end) {
  *begin = first < 0 ? -first : 0;
  *end = first + count > extent ? extent - first : count;
}

// Reads `size` x `size` pixels at (row, column), zeros outside the image, and writes 36 vectors `step` apart.
TK_INLINE void winograd_forward_tile(const tk_vec *plane, int32_t rows, int32_t columns, int32_t row,
                                     int32_t column, tk_vec *points, int64_t step, const int32_t size) {
  int32_t row_begin, row_end, column_begin, column_end;
  winograd_range(row, size, rows, &row_begin, &row_end);
  winograd_range(column, size, columns, &column_begin, &column_end);
  const bool inside = row_begin == 0 && row_end == size && column_begin == 0 && column_end == size;
  const tk_vec *corner = plane + ((int64_t)row * columns + column) * TK_PIXEL_PARTS;
  tk_vec lines[6][6];
  TK_UNROLL for (int32_t j = 0; j < size; j++) {
    tk_vec values[6], transformed[6];
    TK_UNROLL for (int32_t i = 0; i < size; i++) {
      if (inside || (i >= row_begin && i < row_end && j >= column_begin && j < column_end)) {
        values[i] = corner[((int64_t)i * columns + j) * TK_PIXEL_PARTS];
      } else {
        values[i] = tk_zero;
      }
    }
    if (size == 6) winograd_input(values, transformed);
    else winograd_output_gradient(values, transformed);
    TK_UNROLL for (int32_t i = 0; i < 6; i++) lines[i][j] = transformed[i];
  }
  TK_UNROLL for (int32_t i = 0; i < 6; i++) {
    tk_vec transformed[6];
    if (size == 6) winograd_input(lines[i], transformed);
    else winograd_output_gradient(lines[i], transformed);
    TK_UNROLL for (int32_t j = 0; j < 6; j++) points[(i * 6 + j) * step] = transformed[j];
  }
}

TK_INLINE void winograd_output_tile(const tk_vec *points, int64_t step, tk_vec *plane, int32_t rows,
                                    int32_t columns, int32_t row, int32_t column, int32_t accumulate) {
  tk_vec lines[4][6];
  TK_UNROLL for (int32_t j = 0; j < 6; j++) {
    tk_vec values[6], transformed[4];
    TK_UNROLL for (int32_t i = 0; i < 6; i++) values[i] = points[(i * 6 + j) * step];
    winograd_output(values, transformed);
    TK_UNROLL for (int32_t i = 0; i < 4; i++) lines[i][j] = transformed[i];
  }
  TK_UNROLL for (int32_t i = 0; i < 4; i++) {
    if (row + i >= rows) break;
    tk_vec transformed[4];
    winograd_output(lines[i], transformed);
    tk_vec *target = plane + ((int64_t)(row + i) * columns + column) * TK_PIXEL_PARTS;
    TK_UNROLL for (int32_t j = 0; j < 4; j++) {
      if (column + j >= columns) break;
      tk_vec *pixel = target + j * TK_PIXEL_PARTS;
      *pixel = accumulate ? *pixel + transformed[j] : transformed[j];
    }
  }
}

// Transforms one group of tiles of all channels of some operands; `size` as above, tiles begin `offset` before theirs.
TK_INLINE void winograd_forward_group(const tk_winograd *plan, const tk_operand *operands, int32_t count,
                                      int32_t first_tile, int32_t tiles, tk_vec *points, int64_t step,
                                      const int32_t size, const int32_t offset) {
  const int32_t tile_columns = (plan->columns + 3) / 4;
  const int64_t plane = (int64_t)plan->rows * plan->columns * TK_PIXEL_PARTS;
  for (int32_t o = 0; o < count; o++) {
    for (int32_t channel = 0; channel < operands[o].channels; channel++) {
      const tk_vec *values = vectors(operands[o].values) + channel * plane;
      for (int32_t tile = first_tile; tile < first_tile + tiles; tile++) {
        const int32_t row = tile / tile_columns * 4 - offset, column = tile % tile_columns * 4 - offset;
        for (int32_t part = 0; part < TK_PIXEL_PARTS; part++)
          winograd_forward_tile(values + part, plan->rows, plan->columns, row, column, points++, step, size);
      }
    }
  }
}

// ---- Convolution ----

// points[result][vector] = sum over sources of weight * values, for one point; weights as [block][source][result of it].
TK_INLINE void winograd_products(const float *weights, const tk_vec *values, tk_vec *points, int32_t sources,
                                 int32_t width, const int32_t block) {
  for (int32_t v = 0; v < width; v += TK_PIXEL_VECTORS) {
    tk_vec sums[TK_BLOCK][TK_PIXEL_VECTORS];
    TK_UNROLL for (int32_t r = 0; r < block; r++) {
      TK_UNROLL for (int32_t k = 0; k < TK_PIXEL_VECTORS; k++) sums[r][k] = tk_zero;
    }
    const float *weight = weights;
    const tk_vec *value = values + v;
    for (int32_t source = 0; source < sources; source++, weight += block, value += width) {
      tk_vec x[TK_PIXEL_VECTORS];
      TK_UNROLL for (int32_t k = 0; k < TK_PIXEL_VECTORS; k++) x[k] = value[k];
      TK_UNROLL for (int32_t r = 0; r < block; r++) {
        TK_UNROLL for (int32_t k = 0; k < TK_PIXEL_VECTORS; k++) sums[r][k] += weight[r] * x[k];
      }
    }
    TK_UNROLL for (int32_t r = 0; r < block; r++) {
      TK_UNROLL for (int32_t k = 0; k < TK_PIXEL_VECTORS; k++) points[r * width + v + k] = sums[r][k];
    }
  }
}

static void winograd(const tk_winograd *plan, const tk_operand *sources, int32_t source_count,
                     const float *packed, const tk_operand *results, int32_t result_count, float *scratch) {
  const int32_t tile_columns = (plan->columns + 3) / 4;
  const int32_t tiles = tile_columns * ((plan->rows + 3) / 4);
  const int64_t plane = (int64_t)plan->rows * plan->columns * TK_PIXEL_PARTS;
  for (int32_t first = 0; first < tiles; first += plan->group) {
    const int32_t count = first + plan->group < tiles ? plan->group : tiles - first;
    const int32_t width = count * TK_PIXEL_PARTS;
    const int64_t source_step = (int64_t)plan->sources * width + 1;
    const int64_t result_step = (int64_t)plan->results * width + 1;
    tk_vec *values = mutable_vectors(scratch);
    tk_vec *products = values + TK_POINTS * source_step;
    winograd_forward_group(plan, sources, source_count, first, count, values, source_step, 6, 1);
    for (int32_t point = 0; point < TK_POINTS; point++) {
      const float *weights = packed + (int64_t)point * plan->sources * plan->results;
      const tk_vec *value = values + point * source_step;
      tk_vec *product = products + point * result_step;
      for (int32_t result = 0; result < plan->results;) {
        const int32_t block = next_block(plan->results - result);
        switch (block) {
#if TK_BLOCK >= 8
          case 8: winograd_products(weights, value, product, plan->sources, width, 8); break;
#endif
          case 4: winograd_products(weights, value, product, plan->sources, width, 4); break;
          case 2: winograd_products(weights, value, product, plan->sources, width, 2); break;
          default: winograd_products(weights, value, product, plan->sources, width, 1); break;
        }
        weights += (int64_t)block * plan->sources;
        product += block * width;
        result += block;
      }
    }
    const tk_vec *product = products;
    for (int32_t o = 0; o < result_count; o++) {
      for (int32_t channel = 0; channel < results[o].channels; channel++) {
        tk_vec *target = mutable_vectors(results[o].values) + channel * plane;
        for (int32_t tile = first; tile < first + count; tile++) {
          const int32_t row = tile / tile_columns * 4, column = tile % tile_columns * 4;
          for (int32_t part = 0; part < TK_PIXEL_PARTS; part++)
            winograd_output_tile(product++, result_step, target + part, plan->rows, plan->columns, row, column,
                                 results[o].accumulate);
        }
      }
    }
  }
}

// ---- Weights ----

// Windows of several results side by side.
typedef float tk_windows __attribute__((vector_size(TK_BLOCK * 4), may_alias));

TK_INLINE void winograd_weight_line(const tk_windows a, const tk_windows b, const tk_windows c, tk_windows t[6]) {
  const tk_windows sum = (a + c) * (-1.0f / 6), middle = b * (1.0f / 6);
  const tk_windows outer = a * (1.0f / 24) + c * (1.0f / 6), middle2 = b * (1.0f / 12);
  t[0] = a * 0.25f;
  t[1] = sum - middle;
  t[2] = sum + middle;
  t[3] = outer + middle2;
  t[4] = outer - middle2;
  t[5] = c;
}

static void winograd_pack(const tk_winograd *plan, const tk_operand *weights, int32_t weight_count,
                          int32_t backward, float *packed) {
  const int64_t point_step = (int64_t)plan->sources * plan->results;
  // Of one operand's weight [outputs][inputs][9].
  const int64_t inputs = backward ? plan->results : plan->sources;
  int32_t operand = 0, local = 0;  // the first result's place among the operands, where results are outputs
  for (int32_t result = 0; result < plan->results;) {
    const int32_t block = next_block(plan->results - result);
    const float *rows[TK_BLOCK];
    for (int32_t r = 0; r < TK_BLOCK; r++) {
      if (backward) {
        rows[r] = NULL;
      } else if (r < block) {
        rows[r] = weights[operand].values + local * inputs * 9;
        if (++local == weights[operand].channels) operand++, local = 0;
      } else {
        rows[r] = rows[0];
      }
    }
    int32_t source = 0;
    for (int32_t o = 0; o < (backward ? weight_count : 1); o++) {
      const int32_t end = backward ? source + weights[o].channels : plan->sources;
      for (int32_t channel = 0; source < end; channel++, source++) {
        tk_windows taps[9];
        for (int32_t r = 0; r < TK_BLOCK; r++) {
          const int32_t lane = r < block ? r : 0;
          const float *window =
              backward ? weights[o].values + (channel * inputs + result + lane) * 9 : rows[r] + source * 9;
          TK_UNROLL for (int i = 0; i < 9; i++) taps[i][r] = window[backward ? 8 - i : i];
        }
        tk_windows lines[6][3], points[6];
        TK_UNROLL for (int j = 0; j < 3; j++) {
          winograd_weight_line(taps[j], taps[3 + j], taps[6 + j], points);
          TK_UNROLL for (int i = 0; i < 6; i++) lines[i][j] = points[i];
        }
        float *target = packed + (int64_t)result * plan->sources + (int64_t)source * block;
        TK_UNROLL for (int i = 0; i < 6; i++) {
          winograd_weight_line(lines[i][0], lines[i][1], lines[i][2], points);
          TK_UNROLL for (int j = 0; j < 6; j++)
            memcpy(target + (i * 6 + j) * point_step, &points[j], (size_t)block * sizeof(float));
        }
      }
    }
    result += block;
  }
}

#include "training_winograd_gradient.h"
