#include "blocked_kernels.h"

#include "blocked_tables.h"

static const blocked_table *table_for(int instructionSet) {
  switch (instructionSet) {
    case BLOCKED_PORTABLE:
      return &blocked_table_portable;
#if defined(__x86_64__)
    case BLOCKED_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &blocked_table_avx2 : NULL;
    case BLOCKED_AVX512:
      return __builtin_cpu_supports("avx512f") ? &blocked_table_avx512 : NULL;
#endif
    default:
      return NULL;
  }
}

int blocked_supports(int instructionSet) { return table_for(instructionSet) != NULL; }

static const blocked_table *widest_table(void) {
  for (int set = BLOCKED_AVX512; set > BLOCKED_PORTABLE; set--) {
    if (table_for(set)) return table_for(set);
  }
  return table_for(BLOCKED_PORTABLE);
}

static const blocked_table *table_of(const blocked_layer *layer) {
  return layer->instructionSet == BLOCKED_BEST ? widest_table() : table_for(layer->instructionSet);
}

static ptrdiff_t rounded(ptrdiff_t count, ptrdiff_t block) { return (count + block - 1) / block * block; }

ptrdiff_t blocked_floats(ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane) { return rounded(channels, block) * plane; }

void blocked_convert(const float *x, ptrdiff_t from, float *y, ptrdiff_t to, ptrdiff_t channels, ptrdiff_t plane,
                     ptrdiff_t part, ptrdiff_t parts) {
  const ptrdiff_t first = plane * part / parts, end = plane * (part + 1) / parts, all = rounded(channels, to);
  // In steps of pixels that stay in the cache while the channels pass.
  enum { step = 64 };
  for (ptrdiff_t start = first; start < end; start += step) {
    const ptrdiff_t stop = blocked_least(end, start + step);
    for (ptrdiff_t c = 0; c < all; c++) {
      float *target = y + c / to * to * plane + c % to;
      if (c >= channels) {
        for (ptrdiff_t p = start; p < stop; p++) target[p * to] = 0;
        continue;
      }
      const float *source = x + c / from * from * plane + c % from;
      for (ptrdiff_t p = start; p < stop; p++) target[p * to] = source[p * from];
    }
  }
}

static ptrdiff_t output_vectors(const blocked_layer *layer) {
  return (layer->outputs + BLOCKED_LANES - 1) / BLOCKED_LANES;
}

// Output channels in groups for one micro-kernel each, of nearly equal numbers of vectors.
static ptrdiff_t output_groups(const blocked_layer *layer) {
  const ptrdiff_t most = table_of(layer)->vectors;
  return (output_vectors(layer) + most - 1) / most;
}

// The first vector of a group.
static ptrdiff_t first_vector(const blocked_layer *layer, ptrdiff_t group) {
  return output_vectors(layer) * group / output_groups(layer);
}

ptrdiff_t blocked_weight_floats(const blocked_layer *layer) {
  return rounded(layer->outputs, BLOCKED_LANES) * blocked_depth(layer);
}

// [group of output channels][kernel row][kernel column][input channel][output channel of the group]
void blocked_pack_weights(const blocked_layer *layer, const float *weight, float *packed) {
  const ptrdiff_t taps = layer->window.kernelHeight * layer->window.kernelWidth;
  for (ptrdiff_t group = 0; group < output_groups(layer); group++) {
    const ptrdiff_t first = first_vector(layer, group) * BLOCKED_LANES;
    const ptrdiff_t lanes = first_vector(layer, group + 1) * BLOCKED_LANES - first;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      for (ptrdiff_t input = 0; input < layer->inputs; input++) {
        for (ptrdiff_t lane = 0; lane < lanes; lane++) {
          const ptrdiff_t output = first + lane;
          *packed++ = output < layer->outputs ? weight[(output * layer->inputs + input) * taps + tap] : 0;
        }
      }
    }
  }
}

// What stands for a pixel outside of the image: as many as a block of x may have channels.
static const float zeros[4096];

// A convolution that sees single pixels, with all rows of the image as one: rows need not be filled with tiles each.
static blocked_layer flattened(blocked_layer layer) {
  inference_window *v = &layer.window;
  if (v->kernelHeight != 1 || v->kernelWidth != 1 || v->strideHeight != 1 || v->strideWidth != 1 ||
      v->outputHeight != v->height || v->outputWidth != v->width)
    return layer;
  v->width = v->outputWidth = v->height * v->width;
  v->height = v->outputHeight = 1;
  return layer;
}

void blocked_convolution(const blocked_layer *given, const float *x, const float *packed, const float *bias,
                         const float *addend, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const blocked_layer flat = flattened(*given), *layer = &flat;
  const inference_window *v = &layer->window;
  const blocked_table *kernels = table_of(layer);
  const ptrdiff_t xFloats = blocked_floats(layer->inputs, layer->inputBlock, v->height * v->width);
  const ptrdiff_t yFloats = blocked_floats(layer->outputs, layer->outputBlock, v->outputHeight * v->outputWidth);
  // A part has groups of channels where it can, so that it reads its own weights alone, then rows, then pieces of the only
  // row there is.
  const ptrdiff_t rows = v->outputHeight, groups = output_groups(layer), perRow = layer->batch * groups;
  const ptrdiff_t pieces = rows == 1 ? blocked_least((parts + perRow - 1) / perRow, v->outputWidth) : 1;
  const ptrdiff_t units = perRow * rows * pieces, end = units * (part + 1) / parts;
  for (ptrdiff_t unit = units * part / parts, count; unit < end; unit += count) {
    const ptrdiff_t piece = unit % pieces, row = unit / pieces % rows, group = unit / (pieces * rows) % groups;
    const ptrdiff_t image = unit / (pieces * rows * groups), first = first_vector(layer, group);
    count = pieces > 1 ? 1 : blocked_least(rows - row, end - unit);
    const blocked_job job = {.layer = layer, .x = x + image * xFloats, .packed = packed, .bias = bias,
                             .addend = addend ? addend + image * yFloats : NULL, .zeros = zeros,
                             .y = y + image * yFloats, .firstColumn = v->outputWidth * piece / pieces,
                             .endColumn = v->outputWidth * (piece + 1) / pieces};
    kernels->convolve_rows(&job, row, row + count, first * BLOCKED_LANES, first_vector(layer, group + 1) - first);
  }
}

ptrdiff_t blocked_depthwise_weight_floats(const blocked_layer *layer) {
  return rounded(layer->outputs, layer->outputBlock) * layer->window.kernelHeight * layer->window.kernelWidth;
}

// [block][tap][channel of the block]
void blocked_pack_depthwise_weights(const blocked_layer *layer, const float *weight, float *packed) {
  const ptrdiff_t taps = layer->window.kernelHeight * layer->window.kernelWidth;
  for (ptrdiff_t first = 0; first < layer->outputs; first += layer->outputBlock) {
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      for (ptrdiff_t c = first; c < first + layer->outputBlock; c++) {
        *packed++ = c < layer->outputs ? weight[c * taps + tap] : 0;
      }
    }
  }
}

void blocked_depthwise(const blocked_layer *layer, const float *x, const float *packed, const float *bias, float *y,
                       ptrdiff_t part, ptrdiff_t parts) {
  const inference_window *v = &layer->window;
  const blocked_table *kernels = table_of(layer);
  const ptrdiff_t block = layer->outputBlock, groups = (layer->outputs + block - 1) / block;
  const ptrdiff_t rows = v->outputHeight, units = layer->batch * groups * rows;
  for (ptrdiff_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
    const ptrdiff_t image = unit / (groups * rows);
    const blocked_job job = {.layer = layer, .x = x + image * groups * block * v->height * v->width, .packed = packed,
                             .bias = bias, .y = y + image * groups * block * v->outputHeight * v->outputWidth};
    kernels->depthwise_row(&job, unit / rows % groups * block, unit % rows);
  }
}

void blocked_pool(inference_window window, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t block, int reduction,
                  const float *x, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const blocked_table *kernels = widest_table();
  const ptrdiff_t groups = (channels + block - 1) / block, rows = window.outputHeight;
  const ptrdiff_t units = batch * groups * rows;
  for (ptrdiff_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
    const ptrdiff_t group = unit / rows, row = unit % rows;
    kernels->pool_row(&window, block, reduction, x + group * block * window.height * window.width, row,
                      y + (group * rows + row) * block * window.outputWidth);
  }
}

void blocked_means(const float *x, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane, float *y) {
  widest_table()->means(x, channels, block, plane, y);
}
