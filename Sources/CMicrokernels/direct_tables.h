// What the variants of the direct kernels share with their dispatcher.

#ifndef TANDEM_DIRECT_TABLES_H
#define TANDEM_DIRECT_TABLES_H

#include "direct_kernels.h"

enum {
  /// Pixels in one vector, on every instruction set: narrower registers hold it in pieces.
  DIRECT_LANES = 16,
  /// The most entries of a table of tap positions, and with it the most taps of a convolution read in place.
  DIRECT_TABLE = 128,
  DIRECT_MOST_TAPS = 1024,
};

typedef struct {
  const char *name;
  /// Registers that one vector of pixels takes.
  int pieces;
  /// The most output channels beside 1, 2, … vectors of pixels, and the most pixels beside as many vectors of output
  /// channels; 0 where there are no such micro-kernels.
  int blocks[DIRECT_MAX_VECTORS];
  void (*run)(const direct_plan *plan, const float *x, const float *packed, const float *bias,
              const float *addend, float *y, ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts);
  /// Return 0 where they do not serve a window; null where loads with masks would cost more than they save.
  int (*depthwise)(const inference_window *window, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                   const float *weight, const float *bias, int inputRelu, int relu, float *y);
  int (*pool)(const inference_window *window, const float *x, ptrdiff_t channels, int maximum, int countsPadding,
              float *y);
} direct_table;

extern const direct_table direct_table_portable;
#if defined(__x86_64__)
extern const direct_table direct_table_avx2;
extern const direct_table direct_table_avx512;
#endif

// Output channels are dealt out evenly to as few blocks as possible; the first ones get one more.
typedef struct {
  ptrdiff_t count, size, larger;
} direct_blocks;

static inline direct_blocks direct_blocks_of(ptrdiff_t outputs, ptrdiff_t most) {
  const ptrdiff_t count = (outputs + most - 1) / most;
  return (direct_blocks){count, outputs / count, outputs % count};
}

static inline ptrdiff_t direct_block_start(direct_blocks blocks, ptrdiff_t index) {
  return index * blocks.size + (index < blocks.larger ? index : blocks.larger);
}

static inline ptrdiff_t direct_least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t direct_greatest(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/// The least tap i ≥ 0 with start + i · dilation ≥ 0.
static inline ptrdiff_t direct_first_inside(ptrdiff_t start, ptrdiff_t dilation) {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/// Vectors of output channels of one group.
static inline ptrdiff_t direct_channel_vectors(const direct_plan *plan) {
  return (plan->layer.outputs + DIRECT_LANES - 1) / DIRECT_LANES;
}

/// Columns of an image row that `pixels` neighboring outputs see.
static inline ptrdiff_t direct_piece(const inference_window *v, ptrdiff_t pixels) {
  return (pixels - 1) * v->strideWidth + (v->kernelWidth - 1) * v->dilationWidth + 1;
}

/// Floats from one copied piece of a row to the next, in whole vectors.
static inline ptrdiff_t direct_piece_pitch(const inference_window *v, direct_blocks columns) {
  const ptrdiff_t longest = direct_piece(v, columns.size + (columns.larger > 0));
  return (longest + DIRECT_LANES - 1) / DIRECT_LANES * DIRECT_LANES;
}

/// The window of a layer as its channel kernels see it: where every pixel sees itself only, an image is one row.
inference_window direct_flat_window(const direct_plan *plan);

/// Whether parts share out blocks of channels rather than pixels.
int direct_shares_channels(ptrdiff_t blocks, ptrdiff_t spots, ptrdiff_t parts);

/// Output rows of a panel and the number of panels, for all images and groups, after giving every part some work.
typedef struct {
  ptrdiff_t rows, perImage, count;
} direct_tiles;

direct_tiles direct_tiles_of(const direct_plan *plan, ptrdiff_t rows, ptrdiff_t parts);

/// Floats of one panel of `rows` output rows, and of one of its channels.
ptrdiff_t direct_panel_floats(const direct_plan *plan, ptrdiff_t rows);
ptrdiff_t direct_panel_channel(const direct_plan *plan, ptrdiff_t rows);

/// Depthwise convolution and pools with the best instruction set; 0, and nothing written, where there is no kernel.
int direct_depthwise(inference_window window, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                     const float *weight, const float *bias, int inputRelu, int relu, float *y);
int direct_pool(inference_window window, const float *x, ptrdiff_t channels, int maximum, int countsPadding, float *y);

/// Limits the two functions above to an instruction set, for tests.
void direct_limit_windows(int instructionSet);

/// Whether reading in place needs no masks.
int direct_is_plain(const direct_plan *plan);

#endif
