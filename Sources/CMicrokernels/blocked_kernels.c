#include "blocked_kernels.h"

#include <string.h>

#include "blocked_tables.h"

static const blocked_table *table(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return &blocked_table_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &blocked_table_avx2;
#endif
  return &blocked_table_portable;
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

ptrdiff_t blocked_weight_floats(const blocked_layer *layer) {
  return rounded(layer->outputs, BLOCKED_LANES) * blocked_depth(layer);
}

// [group of output channels][kernel row][kernel column][input channel][output channel of the group]
void blocked_pack_weights(const blocked_layer *layer, const float *weight, float *packed) {
  const ptrdiff_t taps = layer->window.kernelHeight * layer->window.kernelWidth;
  for (ptrdiff_t first = 0; first < layer->outputs; first += BLOCKED_OUTPUTS) {
    const ptrdiff_t lanes = rounded(blocked_least(BLOCKED_OUTPUTS, layer->outputs - first), BLOCKED_LANES);
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

// A convolution that sees single pixels, with several rows of the image as one: rows need not be filled with tiles each.
static blocked_layer flattened(blocked_layer layer, ptrdiff_t parts) {
  inference_window *v = &layer.window;
  if (v->kernelHeight != 1 || v->kernelWidth != 1 || v->strideHeight != 1 || v->strideWidth != 1 ||
      v->outputHeight != v->height || v->outputWidth != v->width)
    return layer;
  // As few as leave every part some.
  const ptrdiff_t groups = layer.batch * ((layer.outputs + BLOCKED_OUTPUTS - 1) / BLOCKED_OUTPUTS);
  ptrdiff_t rows = blocked_least((parts + groups - 1) / groups, v->height);
  while (v->height % rows) rows++;
  v->width = v->outputWidth = v->height / rows * v->width;
  v->height = v->outputHeight = rows;
  return layer;
}

void blocked_convolution(const blocked_layer *given, const float *x, const float *packed, const float *bias,
                         const float *addend, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const blocked_layer flat = flattened(*given, parts), *layer = &flat;
  const inference_window *v = &layer->window;
  const blocked_table *kernels = table();
  const ptrdiff_t groups = (layer->outputs + BLOCKED_OUTPUTS - 1) / BLOCKED_OUTPUTS;
  const ptrdiff_t xFloats = blocked_floats(layer->inputs, layer->inputBlock, v->height * v->width);
  const ptrdiff_t yFloats = blocked_floats(layer->outputs, layer->outputBlock, v->outputHeight * v->outputWidth);
  // A part has groups of channels where it can, so that it reads its own weights alone.
  const ptrdiff_t rows = v->outputHeight, units = layer->batch * groups * rows;
  for (ptrdiff_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
    const ptrdiff_t image = unit / (groups * rows), group = unit / rows % groups;
    const blocked_job job = {layer, x + image * xFloats, packed, bias, addend ? addend + image * yFloats : NULL, zeros,
                             y + image * yFloats, {0}, {0}};
    kernels->convolve_row(&job, unit % rows, group * BLOCKED_OUTPUTS);
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
  const blocked_table *kernels = table();
  const ptrdiff_t block = layer->outputBlock, groups = (layer->outputs + block - 1) / block;
  const ptrdiff_t rows = v->outputHeight, units = layer->batch * groups * rows;
  for (ptrdiff_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
    const ptrdiff_t image = unit / (groups * rows);
    const blocked_job job = {layer, x + image * groups * block * v->height * v->width, packed, bias, NULL, zeros,
                             y + image * groups * block * v->outputHeight * v->outputWidth, {0}, {0}};
    kernels->depthwise_row(&job, unit / rows % groups * block, unit % rows);
  }
}

void blocked_pool(inference_window window, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t block, int reduction,
                  const float *x, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const blocked_table *kernels = table();
  const ptrdiff_t groups = (channels + block - 1) / block, rows = window.outputHeight;
  const ptrdiff_t units = batch * groups * rows;
  for (ptrdiff_t unit = units * part / parts; unit < units * (part + 1) / parts; unit++) {
    const ptrdiff_t group = unit / rows, row = unit % rows;
    kernels->pool_row(&window, block, reduction, x + group * block * window.height * window.width, row,
                      y + (group * rows + row) * block * window.outputWidth);
  }
}

void blocked_means(const float *x, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t plane, float *y) {
  table()->means(x, channels, block, plane, y);
}
