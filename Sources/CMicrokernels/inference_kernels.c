#include "inference_kernels.h"

#include "direct_tables.h"
#include "elementwise_math.h"

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

INLINE void gather_row(const float *row, ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t extent, ptrdiff_t outputs,
                       int relu, float *restrict target) {
  const span inside = positions_inside(offset, stride, extent, outputs);
  for (ptrdiff_t x = 0; x < inside.first; x++) target[x] = 0;
  if (stride == 1 && !relu) {
    memcpy(target + inside.first, row + inside.first + offset, (size_t)(inside.end - inside.first) * sizeof(float));
  } else if (stride == 1) {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) target[x] = positive(row[x + offset]);
  } else if (relu) {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) target[x] = positive(row[x * stride + offset]);
  } else {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) target[x] = row[x * stride + offset];
  }
  for (ptrdiff_t x = inside.end; x < outputs; x++) target[x] = 0;
}

// Whether every output row is a shifted copy of an image row, so that whole planes can be treated as one long row.
INLINE int is_flat(inference_window v) {
  return v.strideHeight == 1 && v.strideWidth == 1 && v.outputWidth == v.width;
}

// The panel rows of one tap where `is_flat`: a shifted copy of the plane, then zeros where the shift left the image.
INLINE void gather_flat(inference_window v, const float *plane, ptrdiff_t down, ptrdiff_t right, ptrdiff_t firstRow,
                        ptrdiff_t rows, int relu, float *restrict target) {
  const span inside = positions_inside(firstRow + down, 1, v.height, rows);
  if (inside.first > 0) memset(target, 0, (size_t)(inside.first * v.width) * sizeof(float));
  if (inside.end < rows) {
    memset(target + inside.end * v.width, 0, (size_t)((rows - inside.end) * v.width) * sizeof(float));
  }
  ptrdiff_t first = inside.first * v.width, end = inside.end * v.width;
  if (first == end) return;
  const ptrdiff_t shift = (firstRow + down) * v.width + right;
  if (first + shift < 0) first = -shift;
  if (end + shift > v.height * v.width) end = v.height * v.width - shift;
  if (first < end && relu) {
    for (ptrdiff_t p = first; p < end; p++) target[p] = positive(plane[p + shift]);
  } else if (first < end) {
    memcpy(target + first, plane + first + shift, (size_t)(end - first) * sizeof(float));
  }
  const span columns = positions_inside(right, 1, v.width, v.width);
  for (ptrdiff_t r = inside.first; r < inside.end; r++) {
    for (ptrdiff_t x = 0; x < columns.first; x++) target[r * v.width + x] = 0;
    for (ptrdiff_t x = columns.end; x < v.width; x++) target[r * v.width + x] = 0;
  }
}

MULTIVERSION
void inference_gather(inference_window v, const float *x, ptrdiff_t channels, ptrdiff_t firstRow, ptrdiff_t rows,
                      int relu, float *panel) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    const float *plane = x + c * v.height * v.width;
    for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
      for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
        const ptrdiff_t down = i * v.dilationHeight - v.paddingTop;
        const ptrdiff_t right = j * v.dilationWidth - v.paddingLeft;
        if (is_flat(v)) {
          gather_flat(v, plane, down, right, firstRow, rows, relu, panel);
          panel += rows * v.outputWidth;
          continue;
        }
        for (ptrdiff_t r = firstRow; r < firstRow + rows; r++) {
          const ptrdiff_t h = r * v.strideHeight + down;
          if (h < 0 || h >= v.height) {
            memset(panel, 0, (size_t)v.outputWidth * sizeof(float));
          } else {
            gather_row(plane + h * v.width, right, v.strideWidth, v.width, v.outputWidth, relu, panel);
          }
          panel += v.outputWidth;
        }
      }
    }
  }
}

INLINE void bias_activation(float *y, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, const float *bias,
                            const float *addend, int activation) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *restrict row = y + r * stride;
    const float b = bias ? bias[r] : 0;
    if (addend) {
      const float *restrict other = addend + r * stride;
      for (ptrdiff_t i = 0; i < columns; i++) row[i] = activated(row[i] + b + other[i], activation);
    } else {
      for (ptrdiff_t i = 0; i < columns; i++) row[i] = activated(row[i] + b, activation);
    }
  }
}

MULTIVERSION
void inference_bias_activation(float *y, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, const float *bias,
                               const float *addend, int activation) {
  if (!bias && !addend && activation == ACTIVATION_NONE) return;
  WITH_ACTIVATION(activation, bias_activation, y, rows, columns, stride, bias, addend)
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

MULTIVERSION
static void any_depthwise(inference_window v, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                         const float *weight, const float *bias, int inputRelu, int activation, float *y) {
  const ptrdiff_t taps = v.kernelHeight * v.kernelWidth;
  const ptrdiff_t outputs = v.outputHeight * v.outputWidth;
  for (ptrdiff_t o = 0; o < channels * multiplier; o++) {
    const float *plane = x + o / multiplier * v.height * v.width;
    const float start = bias ? bias[o] : 0;
    float *target = y + o * outputs;
    if (inputRelu) {
      reduce_plane(v, plane, weight + o * taps, WEIGHTED_SUM, 1, start, target);
    } else {
      reduce_plane(v, plane, weight + o * taps, WEIGHTED_SUM, 0, start, target);
    }
    if (activation != ACTIVATION_NONE) {
      WITH_ACTIVATION(activation, bias_activation, target, 1, outputs, outputs, NULL, NULL)
    }
  }
}

void inference_depthwise(inference_window v, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                         const float *weight, const float *bias, int inputRelu, int activation, float *y) {
  if (direct_depthwise(v, x, channels, multiplier, weight, bias, inputRelu, activation, y)) return;
  any_depthwise(v, x, channels, multiplier, weight, bias, inputRelu, activation, y);
}

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

// The weights are read once, from wherever they lie: several rows at a time keep enough of them on their way.
MULTIVERSION
void inference_matrix_vector(const float *weight, ptrdiff_t rows, ptrdiff_t columns, const float *x, const float *bias,
                             float *y) {
  enum { lanes = 16, together = 4 };
  for (ptrdiff_t r = 0; r < rows; r += together) {
    // The last rows overlap those before them, or there are fewer.
    const ptrdiff_t first = r + together <= rows ? r : rows > together ? rows - together : 0;
    const float *row[together];
    for (int k = 0; k < together; k++) row[k] = weight + (first + k < rows ? first + k : rows - 1) * columns;
    float sums[together][lanes] = {{0}};
    ptrdiff_t i = 0;
    for (; i + lanes <= columns; i += lanes) {
      for (int k = 0; k < together; k++) {
        for (int lane = 0; lane < lanes; lane++) sums[k][lane] += row[k][i + lane] * x[i + lane];
      }
    }
    for (int k = 0; k < together && first + k < rows; k++) {
      float sum = bias ? bias[first + k] : 0;
      for (ptrdiff_t rest = i; rest < columns; rest++) sum += row[k][rest] * x[rest];
      for (int lane = 0; lane < lanes; lane++) sum += sums[k][lane];
      y[first + k] = sum;
    }
  }
}

MULTIVERSION
void inference_row_means(const float *x, ptrdiff_t rows, ptrdiff_t columns, float *y) {
  enum { lanes = 16 };
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    float partial[lanes] = {0};
    ptrdiff_t i = 0;
    for (; i + lanes <= columns; i += lanes) {
      for (int lane = 0; lane < lanes; lane++) partial[lane] += row[i + lane];
    }
    float sum = 0;
    for (; i < columns; i++) sum += row[i];
    for (int lane = 0; lane < lanes; lane++) sum += partial[lane];
    y[r] = sum / (float)columns;
  }
}

// A block is summed aside before it is written, so that the result may overwrite any of the inputs.
INLINE void sum(const float *const *inputs, ptrdiff_t count, ptrdiff_t first, ptrdiff_t elements, float *y,
                int activation) {
  enum { block = 128 };
  float partial[block];
  const ptrdiff_t end = first + elements;
  for (ptrdiff_t start = first; start < end; start += block) {
    const ptrdiff_t length = end - start < block ? end - start : block;
    for (ptrdiff_t i = 0; i < length; i++) partial[i] = inputs[0][start + i];
    for (ptrdiff_t input = 1; input < count; input++) {
      const float *x = inputs[input] + start;
      for (ptrdiff_t i = 0; i < length; i++) partial[i] += x[i];
    }
    for (ptrdiff_t i = 0; i < length; i++) y[start + i] = activated(partial[i], activation);
  }
}

MULTIVERSION
void inference_sum(const float *const *inputs, ptrdiff_t count, ptrdiff_t first, ptrdiff_t elements, int activation,
                   float *y) {
  WITH_ACTIVATION(activation, sum, inputs, count, first, elements, y)
}

INLINE void affine(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift, float *y,
                   int activation) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float a = scale[r], b = shift[r];
    const float *from = x + r * columns;
    float *to = y + r * columns;
    for (ptrdiff_t i = 0; i < columns; i++) to[i] = activated(a * from[i] + b, activation);
  }
}

MULTIVERSION
void inference_affine(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift,
                      int activation, float *y) {
  WITH_ACTIVATION(activation, affine, x, rows, columns, scale, shift, y)
}

MULTIVERSION
void inference_relu(const float *x, ptrdiff_t elements, float *y) {
  for (ptrdiff_t i = 0; i < elements; i++) y[i] = positive(x[i]);
}

const char *inference_vector_extension(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return "avx512";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
  return "sse2";
#elif defined(__ARM_NEON)
  return "neon";
#else
  return "portable";
#endif
}

const char *inference_compiler(void) {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return __VERSION__;
#endif
}
