// What the variants of the blocked kernels share with their dispatcher.

#ifndef TANDEM_BLOCKED_TABLES_H
#define TANDEM_BLOCKED_TABLES_H

#include "blocked_kernels.h"

enum {
  BLOCKED_LANES = 16,
  /// The most vectors of output channels that a micro-kernel of any variant has.
  BLOCKED_VECTORS = 4,
  /// The most columns of a convolution's kernel.
  BLOCKED_COLUMNS = 64,
};

/// One image of a layer.
typedef struct {
  const blocked_layer *layer;
  const float *x, *packed, *bias, *addend;
  /// As many zeros as a block of the input has channels.
  const float *zeros;
  float *y;
  /// The columns of the output that a convolution is to compute.
  ptrdiff_t firstColumn, endColumn;
  /// Of the vectors of output channels that a tile has: the lanes that are y's, and where in y their first pixel lies.
  ptrdiff_t lanes[BLOCKED_VECTORS], offsets[BLOCKED_VECTORS];
  /// Whether results are stored as they are but for a simple activation, in all lanes.
  int isSimple;
} blocked_job;

typedef struct {
  /// The most vectors of output channels that `convolve_rows` takes at once.
  ptrdiff_t vectors;
  void (*convolve_rows)(const blocked_job *job, ptrdiff_t firstRow, ptrdiff_t endRow, ptrdiff_t firstOutput,
                        ptrdiff_t vectors);
  void (*depthwise_row)(const blocked_job *job, ptrdiff_t firstChannel, ptrdiff_t row);
  void (*pool_row)(const inference_window *window, ptrdiff_t block, int reduction, const float *x, ptrdiff_t row,
                   float *y);
  void (*means)(const float *x, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane, float *y);
} blocked_table;

extern const blocked_table blocked_table_portable;
#if defined(__x86_64__)
extern const blocked_table blocked_table_avx2;
extern const blocked_table blocked_table_avx512;
#endif

static inline ptrdiff_t blocked_least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/// The length of a convolution's sums.
static inline ptrdiff_t blocked_depth(const blocked_layer *layer) {
  return layer->inputs * layer->window.kernelHeight * layer->window.kernelWidth;
}

/// How many lanes of the vector that begins at an output channel are y's.
static inline ptrdiff_t blocked_lanes(const blocked_layer *layer, ptrdiff_t output) {
  return blocked_least(BLOCKED_LANES, layer->outputBlock - output % layer->outputBlock);
}

#endif
