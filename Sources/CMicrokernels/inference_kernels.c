#include "inference_kernels.h"

#include <math.h>
#include <string.h>

// One body, several instruction sets: the dynamic linker picks the clone that fits the processor.
#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif
#define INLINE static inline __attribute__((always_inline))

// Not a number stays not a number, so that a diverged network is seen.
INLINE float positive(float x) { return x < 0 ? 0 : x; }

typedef struct {
  ptrdiff_t first, end;
} span;

// The output positions whose tap at `offset` (tap · dilation − padding) lies inside an extent.
INLINE span positions_inside(ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t extent, ptrdiff_t outputs) {
  ptrdiff_t first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  ptrdiff_t end = extent <= offset ? 0 : (extent - 1 - offset) / stride + 1;
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

MULTIVERSION
void inference_gather(inference_window v, const float *x, ptrdiff_t channels, ptrdiff_t firstRow,
                      ptrdiff_t rows, int relu, float *panel) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
      for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
        const ptrdiff_t offset = j * v.dilationWidth - v.paddingLeft;
        for (ptrdiff_t r = firstRow; r < firstRow + rows; r++) {
          const ptrdiff_t h = r * v.strideHeight - v.paddingTop + i * v.dilationHeight;
          if (h < 0 || h >= v.height) {
            memset(panel, 0, (size_t)v.outputWidth * sizeof(float));
          } else {
            gather_row(x + (c * v.height + h) * v.width, offset, v.strideWidth, v.width, v.outputWidth, relu, panel);
          }
          panel += v.outputWidth;
        }
      }
    }
  }
}

MULTIVERSION
void inference_bias_activation(float *y, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, const float *bias,
                               int relu) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *row = y + r * stride;
    const float b = bias ? bias[r] : 0;
    if (relu) {
      for (ptrdiff_t i = 0; i < columns; i++) row[i] = positive(row[i] + b);
    } else if (bias) {
      for (ptrdiff_t i = 0; i < columns; i++) row[i] += b;
    }
  }
}

// y += w · x over one output row, for the positions whose tap lies inside the image row.
INLINE void accumulate_row(const float *row, ptrdiff_t offset, ptrdiff_t stride, span inside, float w, int relu,
                           float *restrict y) {
  if (stride == 1 && !relu) {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) y[x] += w * row[x + offset];
  } else if (stride == 1) {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) y[x] += w * positive(row[x + offset]);
  } else if (relu) {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) y[x] += w * positive(row[x * stride + offset]);
  } else {
    for (ptrdiff_t x = inside.first; x < inside.end; x++) y[x] += w * row[x * stride + offset];
  }
}

MULTIVERSION
void inference_depthwise(inference_window v, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                         const float *weight, const float *bias, int inputRelu, int relu, float *y) {
  const ptrdiff_t taps = v.kernelHeight * v.kernelWidth;
  for (ptrdiff_t o = 0; o < channels * multiplier; o++) {
    const float *plane = x + o / multiplier * v.height * v.width;
    const float *w = weight + o * taps;
    const float b = bias ? bias[o] : 0;
    for (ptrdiff_t r = 0; r < v.outputHeight; r++) {
      for (ptrdiff_t i = 0; i < v.outputWidth; i++) y[i] = b;
      for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
        const ptrdiff_t h = r * v.strideHeight - v.paddingTop + i * v.dilationHeight;
        if (h < 0 || h >= v.height) continue;
        for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
          const ptrdiff_t offset = j * v.dilationWidth - v.paddingLeft;
          const span inside = positions_inside(offset, v.strideWidth, v.width, v.outputWidth);
          accumulate_row(plane + h * v.width, offset, v.strideWidth, inside, w[i * v.kernelWidth + j], inputRelu, y);
        }
      }
      if (relu) {
        for (ptrdiff_t i = 0; i < v.outputWidth; i++) y[i] = positive(y[i]);
      }
      y += v.outputWidth;
    }
  }
}

MULTIVERSION
void inference_max_pool(inference_window v, const float *x, ptrdiff_t channels, float *y) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t r = 0; r < v.outputHeight; r++) {
      for (ptrdiff_t i = 0; i < v.outputWidth; i++) y[i] = -INFINITY;
      for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
        const ptrdiff_t h = r * v.strideHeight - v.paddingTop + i * v.dilationHeight;
        if (h < 0 || h >= v.height) continue;
        const float *row = x + (c * v.height + h) * v.width;
        for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
          const ptrdiff_t offset = j * v.dilationWidth - v.paddingLeft;
          const span inside = positions_inside(offset, v.strideWidth, v.width, v.outputWidth);
          float *restrict target = y;
          for (ptrdiff_t p = inside.first; p < inside.end; p++) {
            const float value = row[p * v.strideWidth + offset];
            target[p] = value > target[p] ? value : target[p];
          }
        }
      }
      y += v.outputWidth;
    }
  }
}

// How many of `taps` taps of the window at output position p lie inside the extent.
INLINE ptrdiff_t taps_inside(ptrdiff_t p, ptrdiff_t taps, ptrdiff_t stride, ptrdiff_t padding, ptrdiff_t dilation,
                             ptrdiff_t extent) {
  ptrdiff_t count = 0;
  for (ptrdiff_t t = 0; t < taps; t++) {
    const ptrdiff_t position = p * stride - padding + t * dilation;
    if (position >= 0 && position < extent) count++;
  }
  return count;
}

MULTIVERSION
void inference_average_pool(inference_window v, const float *x, ptrdiff_t channels, int countsPadding,
                            float *y) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t r = 0; r < v.outputHeight; r++) {
      for (ptrdiff_t i = 0; i < v.outputWidth; i++) y[i] = 0;
      for (ptrdiff_t i = 0; i < v.kernelHeight; i++) {
        const ptrdiff_t h = r * v.strideHeight - v.paddingTop + i * v.dilationHeight;
        if (h < 0 || h >= v.height) continue;
        const float *row = x + (c * v.height + h) * v.width;
        for (ptrdiff_t j = 0; j < v.kernelWidth; j++) {
          const ptrdiff_t offset = j * v.dilationWidth - v.paddingLeft;
          const span inside = positions_inside(offset, v.strideWidth, v.width, v.outputWidth);
          float *restrict target = y;
          for (ptrdiff_t p = inside.first; p < inside.end; p++) target[p] += row[p * v.strideWidth + offset];
        }
      }
      const ptrdiff_t rowTaps =
          taps_inside(r, v.kernelHeight, v.strideHeight, v.paddingTop, v.dilationHeight, v.height);
      const float whole = 1.0f / (float)(v.kernelHeight * v.kernelWidth);
      for (ptrdiff_t p = 0; p < v.outputWidth; p++) {
        if (countsPadding) {
          y[p] *= whole;
        } else {
          const ptrdiff_t columnTaps =
              taps_inside(p, v.kernelWidth, v.strideWidth, v.paddingLeft, v.dilationWidth, v.width);
          if (rowTaps * columnTaps > 0) y[p] /= (float)(rowTaps * columnTaps);
        }
      }
      y += v.outputWidth;
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

MULTIVERSION
void inference_sum(const float *const *inputs, ptrdiff_t count, ptrdiff_t elements, int relu, float *y) {
  // A block is summed aside before it is written, so that the result may overwrite any of the inputs.
  enum { block = 128 };
  float partial[block];
  for (ptrdiff_t start = 0; start < elements; start += block) {
    const ptrdiff_t length = elements - start < block ? elements - start : block;
    for (ptrdiff_t i = 0; i < length; i++) partial[i] = inputs[0][start + i];
    for (ptrdiff_t input = 1; input < count; input++) {
      const float *x = inputs[input] + start;
      for (ptrdiff_t i = 0; i < length; i++) partial[i] += x[i];
    }
    for (ptrdiff_t i = 0; i < length; i++) y[start + i] = relu ? positive(partial[i]) : partial[i];
  }
}

MULTIVERSION
void inference_affine(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift,
                      int relu, float *y) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float a = scale[r], b = shift[r];
    const float *from = x + r * columns;
    float *to = y + r * columns;
    if (relu) {
      for (ptrdiff_t i = 0; i < columns; i++) to[i] = positive(a * from[i] + b);
    } else {
      for (ptrdiff_t i = 0; i < columns; i++) to[i] = a * from[i] + b;
    }
  }
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
