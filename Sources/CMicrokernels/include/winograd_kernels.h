// Convolution 3×3 with stride 1, dilation 1 and one group by Winograd's minimal filtering, F(2×2, 3×3) and
// F(4×4, 3×3): A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016,
// doi 10.1109/CVPR.2016.435. A tile of the output costs 16 products per pair of channels instead of 36, or 36 instead
// of 144; its result differs from the direct sum by rounding, more so for the larger tile.
//
// Values are float32, images N, C, H, W, weights O, I, 3, 3. Pointers must not overlap, except that the addend may be
// the result.
//
// Every stage works on groups of 16 channels that lie side by side: images are transposed on the way in and out, so
// that vectors are full whatever the image's width. Packed weights and workspace are the same for every instruction
// set. Values that are not numbers stay so, and spread over their tile.

#ifndef TANDEM_WINOGRAD_KERNELS_H
#define TANDEM_WINOGRAD_KERNELS_H

#include <stddef.h>

#include "activations.h"

/// A convolution and how it is computed.
typedef struct {
  ptrdiff_t batch, inputChannels, outputChannels;
  ptrdiff_t height, width;
  /// Height and both paddings, less 2; likewise across. The paddings below and on the right follow from them.
  ptrdiff_t outputHeight, outputWidth;
  ptrdiff_t paddingTop, paddingLeft;
  /// Whether max(x, 0) is taken of what is read, and what is applied to what is written: a code of activations.h.
  int inputRelu, outputActivation;
  /// Rows and columns of the output in a tile: 2 or 4.
  ptrdiff_t tile;
  /// At most so many rows of tiles, counted through all images of the batch, are in the workspace at once: positive.
  /// With more of them the weights are read less often, with fewer the workspace is smaller. The rows are shared evenly
  /// among the blocks that this makes.
  ptrdiff_t tileRows;
  /// At most so many groups of 16 output channels have their products in the workspace at once: positive; shared
  /// evenly as well. The packed weights depend on it.
  ptrdiff_t channelGroups;
} winograd_plan;

/// Row-major C [m, n] = A [m, k] · B [k, n], the form in which `winograd_run_by_products` asks for its products.
/// Plain integers rather than the types of cblas_sgemm, which differ between BLAS builds.
typedef void (*winograd_product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t lda,
                                 const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc);

/// Floats of the transformed weights: (tile + 2)² · inputChannels · outputChannels rounded up to 16.
ptrdiff_t winograd_weight_floats(const winograd_plan *plan);

/// Transforms the weights into `winograd_weight_floats` floats.
void winograd_transform_weights(const winograd_plan *plan, const float *weight, float *packed);

/// The floats that `parts` parts together use, exactly.
ptrdiff_t winograd_workspace_floats(const winograd_plan *plan, ptrdiff_t parts);

/// Computes one of `parts` shares of the output with the vector products of this file. The shares are disjoint, also
/// in the workspace, and may be computed at the same time. `bias` may be null; `addend`, which is added before the
/// activation, is null, or shaped like `y`, or `y`.
void winograd_run(const winograd_plan *plan, const float *x, const float *packed, const float *bias,
                  const float *addend, float *y, float *workspace, ptrdiff_t part, ptrdiff_t parts);

/// The same with products by `product`.
void winograd_run_by_products(const winograd_plan *plan, winograd_product product, const float *x,
                              const float *packed, const float *bias, const float *addend, float *y,
                              float *workspace, ptrdiff_t part, ptrdiff_t parts);

/// The instruction sets that this processor and this build have: `portable`, then `avx2` and `avx512`.
ptrdiff_t winograd_variants(void);

/// The name of an instruction set; 0 ≤ `variant` < `winograd_variants()`.
const char *winograd_variant_name(ptrdiff_t variant);

/// `winograd_run` (`product` null) or `winograd_run_by_products` by a chosen instruction set, for tests.
void winograd_run_variant(ptrdiff_t variant, const winograd_plan *plan, winograd_product product, const float *x,
                          const float *packed, const float *bias, const float *addend, float *y, float *workspace,
                          ptrdiff_t part, ptrdiff_t parts);

#endif
