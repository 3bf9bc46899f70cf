// Operators on images whose channels lie in blocks: float32, N, C / block, H, W, block. With blocks of one channel that
// is NCHW, with one block of all channels NHWC, with blocks of 16 what the literature calls NCHW16c (Georganas et al.
// 2018, doi 10.1109/SC.2018.00069). What fills up the last block is of no meaning.
//
// Vectors run over the channels of a block, so that they are full on images of any size.

#ifndef TANDEM_BLOCKED_KERNELS_H
#define TANDEM_BLOCKED_KERNELS_H

#include <stddef.h>

#include "activations.h"
#include "inference_kernels.h"

/// The vectors that a kernel is made of: the widest that the processor has, unless said otherwise.
enum { BLOCKED_BEST = 0, BLOCKED_PORTABLE = 1, BLOCKED_AVX2 = 2, BLOCKED_AVX512 = 3 };

/// Whether this processor has an instruction set.
int blocked_supports(int instructionSet);

/// The floats of `channels` channels of `plane` pixels in blocks.
ptrdiff_t blocked_floats(ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane);

/// Copies one image from blocks of `from` channels into blocks of `to`, for its share of the pixels.
void blocked_convert(const float *x, ptrdiff_t from, float *y, ptrdiff_t to, ptrdiff_t channels, ptrdiff_t plane,
                     ptrdiff_t part, ptrdiff_t parts);

/// A convolution of one group, whose kernel has at most 64 columns, or a depthwise one. Extents of one image are in
/// `window`.
typedef struct {
  inference_window window;
  ptrdiff_t batch, inputs, outputs;
  /// Channels in a block of x, at most 4096, and of y, a multiple of 16 or all outputs; for a depthwise convolution both are
  /// the same, and above 1.
  ptrdiff_t inputBlock, outputBlock;
  int inputRelu, outputActivation;
  /// `BLOCKED_BEST`, or one that `blocked_supports`.
  int instructionSet;
} blocked_layer;

/// Floats of the packed weights of a convolution: outputs rounded up to 16, times the length of the sums.
ptrdiff_t blocked_weight_floats(const blocked_layer *layer);

/// Packs weights [outputs][inputs][kernel height][kernel width].
void blocked_pack_weights(const blocked_layer *layer, const float *weight, float *packed);

/// A convolution of one group from blocks of any size into blocks of more than one channel. Parts share rows of the output.
/// `bias` may be null, and so may `addend`, which has y's form, is added before the activation, and may be y.
void blocked_convolution(const blocked_layer *layer, const float *x, const float *packed, const float *bias,
                         const float *addend, float *y, ptrdiff_t part, ptrdiff_t parts);

/// Floats of the packed weights of a depthwise convolution: channels rounded up to the block, times the taps.
ptrdiff_t blocked_depthwise_weight_floats(const blocked_layer *layer);

/// Packs weights [channels][taps].
void blocked_pack_depthwise_weights(const blocked_layer *layer, const float *weight, float *packed);

/// A depthwise convolution with as many outputs as inputs. Parts share rows of the output.
void blocked_depthwise(const blocked_layer *layer, const float *x, const float *packed, const float *bias, float *y,
                       ptrdiff_t part, ptrdiff_t parts);

/// What becomes of the values under a pool's window: padding never counts for a maximum, for a mean if asked.
enum { BLOCKED_MAXIMUM = 0, BLOCKED_MEAN = 1, BLOCKED_MEAN_WITH_PADDING = 2 };

/// A pool over images of `channels` channels in blocks of more than one. Parts share rows of the output.
void blocked_pool(inference_window window, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t block, int reduction,
                  const float *x, float *y, ptrdiff_t part, ptrdiff_t parts);

/// The mean of each channel over a plane, into y[channels] of one image.
void blocked_means(const float *x, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane, float *y);

#endif
