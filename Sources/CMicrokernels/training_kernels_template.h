// The body of one variant of the training kernels. The including file defines
//   TK_VECTOR         floats in a vector,
//   TK_BLOCK          result channels kept in registers at once,
//   TK_PIXEL_VECTORS  vectors of one pixel kept in registers at once,
//   TK_STREAMS        taps whose weight gradient is summed in one sweep,
//   TK_NAME, TK_TABLE the table's name for people and for the linker.
// Loops over blocks have constant bounds after inlining, so that accumulators stay in registers.

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "training_kernels.h"
#include "training_tables.h"

typedef float tk_vec __attribute__((vector_size(TK_VECTOR * 4), may_alias));
typedef int32_t tk_mask __attribute__((vector_size(TK_VECTOR * 4), may_alias));

#define TK_INLINE static inline __attribute__((always_inline))
#define TK_UNROLL _Pragma("clang loop unroll(full)")
#define TK_PIXEL_PARTS (TK_LANES / TK_VECTOR)

static const tk_vec tk_zero;

TK_INLINE const tk_vec *vectors(const float *p) { return (const tk_vec *)p; }
TK_INLINE tk_vec *mutable_vectors(float *p) { return (tk_vec *)p; }

// max(x, 0), except that what is not a number stays visible.
TK_INLINE tk_vec rectify(tk_vec x) { return (tk_vec)((tk_mask)x & ~(x <= tk_zero)); }

TK_INLINE float horizontal_sum(tk_vec x) {
  float sum = 0;
  for (int lane = 0; lane < TK_VECTOR; lane++) sum += x[lane];
  return sum;
}

TK_INLINE int32_t next_block(int32_t remaining) {
  if (remaining >= TK_BLOCK) return TK_BLOCK;
  return remaining >= 4 ? 4 : remaining >= 2 ? 2 : 1;
}

// ---- Convolution as a gather ----

static void pack(const float *weight, int64_t result_stride, int64_t source_stride, int32_t taps,
                 int32_t results, int32_t sources, float *packed) {
  for (int32_t first = 0; first < results;) {
    const int32_t block = next_block(results - first);
    for (int32_t tap = 0; tap < taps; tap++)
      for (int32_t source = 0; source < sources; source++)
        for (int32_t r = 0; r < block; r++)
          *packed++ = weight[(first + r) * result_stride + source * source_stride + tap];
    first += block;
  }
}

// One row of `block` result channels.
TK_INLINE void gather_row(const tk_gather *plan, const float *source, const float *packed, const float *bias,
                          float *result, int32_t accumulate, int32_t row, const int32_t block) {
  const int64_t plane = plan->source_plane;
  const int32_t sources = plan->source_channels;
  const tk_tap *row_end = plan->row_taps + plan->row_starts[row + 1];
  for (int32_t column = 0; column < plan->columns; column++) {
    const tk_tap *column_begin = plan->column_taps + plan->column_starts[column];
    const tk_tap *column_end = plan->column_taps + plan->column_starts[column + 1];
    float *pixel = result + ((int64_t)row * plan->columns + column) * TK_LANES;
    for (int32_t part = 0; part < TK_PIXEL_PARTS; part += TK_PIXEL_VECTORS) {
      tk_vec sums[TK_BLOCK][TK_PIXEL_VECTORS];
      TK_UNROLL for (int32_t r = 0; r < block; r++) {
        TK_UNROLL for (int32_t v = 0; v < TK_PIXEL_VECTORS; v++) {
          if (accumulate) {
            sums[r][v] = vectors(pixel + r * plan->result_plane)[part + v];
          } else {
            sums[r][v] = tk_zero + (bias ? bias[r] : 0.0f);
          }
        }
      }
      for (const tk_tap *y = plan->row_taps + plan->row_starts[row]; y < row_end; y++) {
        for (const tk_tap *x = column_begin; x < column_end; x++) {
          const float *values = source + ((int64_t)y->source * plan->source_columns + x->source) * TK_LANES;
          const float *weights =
              packed + (int64_t)(y->tap * plan->kernel_columns + x->tap) * sources * block;
          for (int32_t c = 0; c < sources; c++) {
            tk_vec value[TK_PIXEL_VECTORS];
            TK_UNROLL for (int32_t v = 0; v < TK_PIXEL_VECTORS; v++) value[v] = vectors(values)[part + v];
            TK_UNROLL for (int32_t r = 0; r < block; r++) {
              const tk_vec weight = tk_zero + weights[r];
              TK_UNROLL for (int32_t v = 0; v < TK_PIXEL_VECTORS; v++) sums[r][v] += weight * value[v];
            }
            values += plane;
            weights += block;
          }
        }
      }
      TK_UNROLL for (int32_t r = 0; r < block; r++) {
        TK_UNROLL for (int32_t v = 0; v < TK_PIXEL_VECTORS; v++)
          mutable_vectors(pixel + r * plan->result_plane)[part + v] = sums[r][v];
      }
    }
  }
}

static void gather(const tk_gather *plan, const float *source, const float *packed, const float *bias,
                   float *result, int32_t accumulate) {
  const int64_t block_weights =
      (int64_t)plan->kernel_rows * plan->kernel_columns * plan->source_channels;
  for (int32_t group = 0; group < plan->groups; group++) {
    // Rows outermost: the rows of the source that a row reads stay in the cache for all blocks.
    for (int32_t row = 0; row < plan->rows; row++) {
      for (int32_t first = 0; first < plan->result_channels;) {
        const int32_t block = next_block(plan->result_channels - first);
        const float *weights = packed + first * block_weights;
        const float *offset = bias ? bias + first : NULL;
        float *target = result + first * plan->result_plane;
        switch (block) {
#if TK_BLOCK >= 8
          case 8: gather_row(plan, source, weights, offset, target, accumulate, row, 8); break;
#endif
          case 4: gather_row(plan, source, weights, offset, target, accumulate, row, 4); break;
          case 2: gather_row(plan, source, weights, offset, target, accumulate, row, 2); break;
          default: gather_row(plan, source, weights, offset, target, accumulate, row, 1); break;
        }
        first += block;
      }
    }
    source += plan->source_channels * plan->source_plane;
    packed += plan->result_channels * block_weights;
    if (bias) bias += plan->result_channels;
    result += plan->result_channels * plan->result_plane;
  }
}

// ---- Weight gradient ----

// One tap of one input channel. Column `q` and row `r` of the output read the input at
// base + r * row_step + q * column_step.
typedef struct {
  const float *base;
  int32_t first_column, last_column;
  float *sums;
} tk_stream;

TK_INLINE void stream_pixel(tk_vec sums[TK_BLOCK][TK_STREAMS], const float *gradient, int64_t gradient_plane,
                            const float *const *inputs, const int32_t block, const int32_t first,
                            const int32_t last) {
  TK_UNROLL for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) {
    tk_vec x[TK_STREAMS];
    TK_UNROLL for (int32_t s = first; s < last; s++) x[s] = vectors(inputs[s])[part];
    TK_UNROLL for (int32_t r = 0; r < block; r++) {
      const tk_vec g = vectors(gradient + r * gradient_plane)[part];
      TK_UNROLL for (int32_t s = first; s < last; s++) sums[r][s] += g * x[s];
    }
  }
}

// Adds rows [first_row, last_row) to the sums of up to TK_STREAMS taps that share their rows.
TK_INLINE void stream_rows(const tk_stream *streams, int32_t first_row, int32_t last_row, int64_t row_step,
                           int64_t column_step, const float *gradient, int64_t gradient_plane,
                           int32_t gradient_columns, const int32_t block, const int32_t count) {
  tk_vec sums[TK_BLOCK][TK_STREAMS];
  int32_t first_column = 0, last_column = gradient_columns;
  TK_UNROLL for (int32_t s = 0; s < count; s++) {
    if (streams[s].first_column > first_column) first_column = streams[s].first_column;
    if (streams[s].last_column < last_column) last_column = streams[s].last_column;
    TK_UNROLL for (int32_t r = 0; r < block; r++) sums[r][s] = vectors(streams[s].sums)[r];
  }
  if (last_column < first_column) last_column = first_column;
  for (int32_t row = first_row; row < last_row; row++) {
    const float *gradient_row = gradient + (int64_t)row * gradient_columns * TK_LANES;
    const float *inputs[TK_STREAMS];
    TK_UNROLL for (int32_t s = 0; s < count; s++) {
      inputs[s] = streams[s].base + row * row_step + first_column * column_step;
    }
    for (int32_t column = first_column; column < last_column; column++) {
      stream_pixel(sums, gradient_row + column * TK_LANES, gradient_plane, inputs, block, 0, count);
      TK_UNROLL for (int32_t s = 0; s < count; s++) inputs[s] += column_step;
    }
    // Columns at the border that only some of the taps can read.
    TK_UNROLL for (int32_t s = 0; s < count; s++) {
      const float *base = streams[s].base + row * row_step;
      for (int32_t column = streams[s].first_column; column < streams[s].last_column; column++) {
        if (column == first_column) column = last_column;
        if (column >= streams[s].last_column) break;
        inputs[s] = base + column * column_step;
        stream_pixel(sums, gradient_row + column * TK_LANES, gradient_plane, inputs, block, s, s + 1);
      }
    }
  }
  TK_UNROLL for (int32_t s = 0; s < count; s++) {
    TK_UNROLL for (int32_t r = 0; r < block; r++) mutable_vectors(streams[s].sums)[r] = sums[r][s];
  }
}

// The range of output positions whose tap lies inside the input.
TK_INLINE void valid_range(int32_t tap_offset, int32_t stride, int32_t input_extent, int32_t output_extent,
                           int32_t *first, int32_t *last) {
  *first = tap_offset >= 0 ? 0 : (-tap_offset + stride - 1) / stride;
  const int32_t reach = input_extent - 1 - tap_offset;
  *last = reach < 0 ? 0 : reach / stride + 1;
  if (*last > output_extent) *last = output_extent;
  if (*first > *last) *first = *last;
}

TK_INLINE void weight_gradient_block(const tk_convolution *plan, const float *input, const float *gradient,
                                     float *scratch, const int32_t block) {
  const int64_t input_plane = (int64_t)plan->input_rows * plan->input_columns * TK_LANES;
  const int64_t gradient_plane = (int64_t)plan->output_rows * plan->output_columns * TK_LANES;
  const int64_t row_step = (int64_t)plan->stride_rows * plan->input_columns * TK_LANES;
  const int64_t column_step = (int64_t)plan->stride_columns * TK_LANES;
  const int32_t taps = plan->kernel_rows * plan->kernel_columns;
  // Rows of the gradient that stay in the first-level cache for all input channels and taps.
  const int64_t row_bytes = (int64_t)block * plan->output_columns * TK_LANES * 4;
  int32_t tile = (int32_t)(32768 / row_bytes);
  if (tile < 1) tile = 1;
  for (int32_t start = 0; start < plan->output_rows; start += tile) {
    const int32_t end = start + tile < plan->output_rows ? start + tile : plan->output_rows;
    for (int32_t kernel_row = 0; kernel_row < plan->kernel_rows; kernel_row++) {
      const int32_t row_offset = kernel_row * plan->dilation_rows - plan->padding_top;
      int32_t first_row, last_row;
      valid_range(row_offset, plan->stride_rows, plan->input_rows, plan->output_rows, &first_row, &last_row);
      if (first_row < start) first_row = start;
      if (last_row > end) last_row = end;
      if (first_row >= last_row) continue;
      // Streams run over the kernel's columns within a channel, then over channels.
      const int32_t total = plan->input_channels * plan->kernel_columns;
      const int32_t group_end = plan->kernel_columns == 1 ? total : plan->kernel_columns;
      for (int32_t base = 0; base < total; base += group_end) {
        for (int32_t i = base; i < base + group_end; i += TK_STREAMS) {
          tk_stream streams[TK_STREAMS];
          const int32_t count = base + group_end - i < TK_STREAMS ? base + group_end - i : TK_STREAMS;
          for (int32_t s = 0; s < count; s++) {
            const int32_t channel = (i + s) / plan->kernel_columns;
            const int32_t kernel_column = (i + s) % plan->kernel_columns;
            const int32_t column_offset = kernel_column * plan->dilation_columns - plan->padding_left;
            const int32_t tap = kernel_row * plan->kernel_columns + kernel_column;
            streams[s].base = input + channel * input_plane
                + ((int64_t)row_offset * plan->input_columns + column_offset) * TK_LANES;
            streams[s].sums = scratch + (int64_t)(channel * taps + tap) * block * TK_VECTOR;
            valid_range(column_offset, plan->stride_columns, plan->input_columns, plan->output_columns,
                        &streams[s].first_column, &streams[s].last_column);
          }
          switch (count) {
#if TK_STREAMS >= 3
            case 3:
              stream_rows(streams, first_row, last_row, row_step, column_step, gradient, gradient_plane,
                          plan->output_columns, block, 3);
              break;
#endif
            case 2:
              stream_rows(streams, first_row, last_row, row_step, column_step, gradient, gradient_plane,
                          plan->output_columns, block, 2);
              break;
            default:
              stream_rows(streams, first_row, last_row, row_step, column_step, gradient, gradient_plane,
                          plan->output_columns, block, 1);
              break;
          }
        }
      }
    }
  }
}

#if TK_VECTOR == 16
// The horizontal sums of 16 vectors, by pairwise additions in four rounds.
TK_INLINE tk_vec horizontal_sums(const tk_vec *values) {
  tk_vec round[16];
  TK_UNROLL for (int i = 0; i < 16; i++) round[i] = values[i];
  TK_UNROLL for (int width = 8; width >= 1; width /= 2) {
    TK_UNROLL for (int i = 0; i < width; i++) {
      const tk_vec a = round[2 * i], b = round[2 * i + 1];
      round[i] = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
          + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
  }
  return round[0];
}
#endif

// Adds the sums over lanes in `scratch`, as [channel][tap][block], to weight_gradient[block][channel][tap].
static void reduce_block(const float *scratch, int64_t columns, int32_t block, float *weight_gradient) {
  const int64_t total = columns * block;
  int64_t i = 0;
#if TK_VECTOR == 16
  for (; i + 16 <= total; i += 16) {
    const tk_vec sums = horizontal_sums(vectors(scratch) + i);
    for (int lane = 0; lane < 16; lane++)
      weight_gradient[(i + lane) % block * columns + (i + lane) / block] += sums[lane];
  }
#endif
  for (; i < total; i++)
    weight_gradient[i % block * columns + i / block] += horizontal_sum(vectors(scratch)[i]);
}

static void weight_gradient(const tk_convolution *plan, const float *input, const float *output_gradient,
                            float *scratch, float *weight_gradient) {
  const int64_t input_plane = (int64_t)plan->input_rows * plan->input_columns * TK_LANES;
  const int64_t gradient_plane = (int64_t)plan->output_rows * plan->output_columns * TK_LANES;
  const int64_t columns = (int64_t)plan->input_channels * plan->kernel_rows * plan->kernel_columns;
  for (int32_t group = 0; group < plan->groups; group++) {
    for (int32_t first = 0; first < plan->output_channels;) {
      const int32_t block = next_block(plan->output_channels - first);
      memset(scratch, 0, (size_t)(columns * block * TK_VECTOR) * sizeof(float));
      switch (block) {
#if TK_BLOCK >= 8
        case 8: weight_gradient_block(plan, input, output_gradient, scratch, 8); break;
#endif
        case 4: weight_gradient_block(plan, input, output_gradient, scratch, 4); break;
        case 2: weight_gradient_block(plan, input, output_gradient, scratch, 2); break;
        default: weight_gradient_block(plan, input, output_gradient, scratch, 1); break;
      }
      reduce_block(scratch, columns, block, weight_gradient);
      output_gradient += block * gradient_plane;
      weight_gradient += block * columns;
      first += block;
    }
    input += plan->input_channels * input_plane;
  }
}

#include "training_winograd_template.h"
#include "training_elementwise_template.h"

const tk_table TK_TABLE = {
    .name = TK_NAME,
    .block = TK_BLOCK,
    .pack = pack,
    .gather = gather,
    .weight_gradient = weight_gradient,
    .winograd_pack = winograd_pack,
    .winograd = winograd,
    .winograd_weight_gradient = winograd_weight_gradient,
    .moments = moments,
    .sum = plane_sum,
    .combine = combine,
    .combine_gradient = combine_gradient,
    .affine = affine,
    .copy = copy,
    .max_pool = max_pool,
    .max_pool_gradient = max_pool_gradient,
    .average_pool = average_pool,
    .average_pool_gradient = average_pool_gradient,
    .global_average = global_average,
    .global_average_gradient = global_average_gradient,
};
