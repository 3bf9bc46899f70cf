// Element-wise, pooling, depthwise and gather loops of inference, float32, images as C, H, W of one batch entry.
//
// Every function is compiled for several vector extensions where the platform can choose one at load time
// (x86-64 Linux), and portably elsewhere. Pointers must not overlap unless a comment allows it. A parameter `activation`
// is one of the codes in activations.h.

#ifndef TANDEM_INFERENCE_KERNELS_H
#define TANDEM_INFERENCE_KERNELS_H

#include <stddef.h>

#include "activations.h"

/// A window moved over one image; extents in elements.
typedef struct {
  ptrdiff_t height, width;
  ptrdiff_t outputHeight, outputWidth;
  ptrdiff_t kernelHeight, kernelWidth;
  ptrdiff_t strideHeight, strideWidth;
  ptrdiff_t paddingTop, paddingLeft;
  ptrdiff_t dilationHeight, dilationWidth;
} inference_window;

/// Gathers the windows of output rows [firstRow, firstRow + rows) into a panel of
/// channels·kernelHeight·kernelWidth rows by rows·outputWidth columns; padding becomes 0. With `relu`, max(x, 0).
void inference_gather(inference_window window, const float *x, ptrdiff_t channels, ptrdiff_t firstRow,
                      ptrdiff_t rows, int relu, float *panel);

/// Adds bias[r] (where `bias` is not null) to each row of a matrix whose rows lie `stride` apart, and to each element that of
/// `addend` (where it is not null), whose rows lie as far apart and which does not overlap y; then applies the activation.
void inference_bias_activation(float *y, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, const float *bias,
                               const float *addend, int activation);

/// Convolution of groups with one input channel: `multiplier` results per channel, weight[channels·multiplier][taps].
void inference_depthwise(inference_window window, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                         const float *weight, const float *bias, int inputRelu, int activation, float *y);

/// The largest value under each window; −∞ where a window sees only padding.
void inference_max_pool(inference_window window, const float *x, ptrdiff_t channels, float *y);

/// The mean under each window, over all taps or over those inside the image; 0 where there are none.
void inference_average_pool(inference_window window, const float *x, ptrdiff_t channels, int countsPadding,
                            float *y);

/// The products of `rows` rows of `columns` weights with one vector, plus `bias` (where it is not null).
void inference_matrix_vector(const float *weight, ptrdiff_t rows, ptrdiff_t columns, const float *x, const float *bias,
                             float *y);

/// The mean of each of `rows` rows of `columns` elements.
void inference_row_means(const float *x, ptrdiff_t rows, ptrdiff_t columns, float *y);

/// y = activation(sum of `count` inputs) for `elements` elements from `first` on. `y` may be any of the inputs.
void inference_sum(const float *const *inputs, ptrdiff_t count, ptrdiff_t first, ptrdiff_t elements, int activation,
                   float *y);

/// y = activation(scale[r] · x + shift[r]) in each row. `y` may be `x`.
void inference_affine(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift,
                      int activation, float *y);

/// y = max(x, 0). `y` may be `x`.
void inference_relu(const float *x, ptrdiff_t elements, float *y);

/// The widest vector extension of this processor that the loops above use: `avx512`, `avx2`, `sse2`, `neon` or
/// `portable`.
const char *inference_vector_extension(void);

/// The C compiler that built this file.
const char *inference_compiler(void);

#endif
