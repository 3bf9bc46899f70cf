#include "inference_kernels.h"

#include "direct_tables.h"
#include "elementwise_math.h"
#include "inference_windows.h"

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
