// Direct convolution, float32, NCHW in and out: sums of many output channels and pixels kept in vector registers, the
// input read in place or from a small padded copy.
//
// The register blocking is the outer product of the matrix-multiplication literature (Goto and van de Geijn 2008,
// doi 10.1145/1356052.1356053), applied to convolution without the im2col panel as by Georganas et al. 2018
// (doi 10.1109/SC.2018.00069). Our own: pixels are numbered along the image so that a vector runs over the ends of
// rows, which keeps all lanes busy on images of any width, and padding is a mask on the loads instead of memory. Or the
// lanes hold output channels, and pixels are broadcast: small images and strides waste nothing then.

#ifndef TANDEM_DIRECT_KERNELS_H
#define TANDEM_DIRECT_KERNELS_H

#include <stddef.h>

#include "activations.h"
#include "inference_kernels.h"

enum { DIRECT_PORTABLE = 0, DIRECT_AVX2 = 1, DIRECT_AVX512 = 2, DIRECT_BEST = 3 };

/// What lies side by side in a vector.
enum { DIRECT_EITHER = 0, DIRECT_PIXELS = 1, DIRECT_CHANNELS = 2 };

/// The most vectors that `direct_options` can ask for.
enum { DIRECT_MAX_VECTORS = 4 };

/// What a tuner may choose.
typedef struct {
  /// `DIRECT_EITHER` leaves it to the plan.
  int lanes;
  /// Vectors, of pixels or of output channels, of one micro-kernel: 1 to `DIRECT_MAX_VECTORS`, or 0 to leave it to the
  /// plan.
  int vectors;
} direct_options;

/// What is computed. Extents of one image are in `window`, with at most 1024 taps; channels are those of one group.
typedef struct {
  inference_window window;
  ptrdiff_t batch, groups, inputs, outputs;
  int inputRelu;
  /// A code of activations.h.
  int outputActivation;
} direct_layer;

/// How it is computed on this processor. Made by `direct_plan_for`; the fields below `layer` are private.
typedef struct {
  direct_layer layer;
  int instructionSet, lanes;
  /// The most vectors of one micro-kernel, and of what is beside them: output channels, or pixels.
  ptrdiff_t vectors, block;
  /// The panel: distinct residues of tap positions by the stride, columns and shared zeros of a row.
  ptrdiff_t rowPhases, columnPhases, extraRows, rowLength, shared, pitch;
} direct_plan;

/// Chooses the micro-kernel and, where pixels can be in the lanes without panels, what is in the lanes; channels elsewhere.
/// `instructionSet` is `DIRECT_BEST`, or one that `direct_supports`.
direct_plan direct_plan_for(direct_layer layer, int instructionSet);

/// The same with some of the choices made; `direct_allows` them.
direct_plan direct_plan_with(direct_layer layer, int instructionSet, direct_options options);

/// Whether a layer has a plan with these options.
int direct_allows(direct_layer layer, int instructionSet, direct_options options);

/// Whether this processor has an instruction set.
int direct_supports(int instructionSet);

/// Whether `rows` may be 0: the input is read in place, without workspace. With channels in the lanes always; with pixels
/// at stride 1, with at most 128 taps and an output not wider than the input.
int direct_runs_in_place(const direct_plan *plan);

/// Whether `rows` may be positive: with pixels in the lanes.
int direct_takes_panels(const direct_plan *plan);

/// Floats of the packed weights: as many as of the weights themselves but, with channels in the lanes, for a multiple of
/// 16 output channels of each group.
ptrdiff_t direct_weight_floats(const direct_plan *plan);

/// Packs weights [groups · outputs][inputs][kernel height][kernel width] for the plan's instruction set.
void direct_pack_weights(const direct_plan *plan, const float *weight, float *packed);

/// Floats of workspace when panels of `rows` output rows are copied and `parts` threads share the work. Exact: every
/// float is written if all parts run. None where `rows` is 0 or the plan takes no panels.
ptrdiff_t direct_workspace_floats(const direct_plan *plan, ptrdiff_t rows, ptrdiff_t parts);

/// Computes the share `part` of `parts`; all parts together compute the layer, in any order or at once. `bias` may be
/// null. So may `addend`, a tensor of y's shape that is added before the activation and may be `y` itself. `rows` is 0
/// (where `direct_runs_in_place`) or positive, which means nothing to a plan that takes no panels; results are the same
/// for all.
void direct_run(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                const float *addend, float *y, ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts);

/// The name of an instruction set: `portable`, `avx2`, `avx512`.
const char *direct_instruction_set_name(int instructionSet);

#endif
