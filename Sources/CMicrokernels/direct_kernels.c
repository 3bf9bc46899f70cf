#include "direct_kernels.h"

#include "direct_tables.h"

static const direct_table *table_for(int instructionSet) {
  switch (instructionSet) {
    case DIRECT_PORTABLE:
      return &direct_table_portable;
#if defined(__x86_64__)
    case DIRECT_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &direct_table_avx2 : NULL;
    case DIRECT_AVX512:
      return __builtin_cpu_supports("avx512f") ? &direct_table_avx512 : NULL;
#endif
    default:
      return NULL;
  }
}

int direct_supports(int instructionSet) { return table_for(instructionSet) != NULL; }

const char *direct_instruction_set_name(int instructionSet) {
  const direct_table *table = table_for(instructionSet);
  return table ? table->name : "unsupported";
}

static ptrdiff_t ceiling(ptrdiff_t dividend, ptrdiff_t divisor) {
  return dividend <= 0 ? 0 : (dividend + divisor - 1) / divisor;
}

static ptrdiff_t greatest_divisor(ptrdiff_t a, ptrdiff_t b) {
  while (b) {
    const ptrdiff_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// Tap positions t · dilation modulo the stride repeat after stride / gcd(stride, dilation) taps.
static ptrdiff_t phases(ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t stride) {
  return direct_least(taps, stride / greatest_divisor(stride, dilation));
}

static void plan_panel(direct_plan *plan) {
  const inference_window v = plan->layer.window;
  plan->rowPhases = phases(v.kernelHeight, v.dilationHeight, v.strideHeight);
  plan->columnPhases = phases(v.kernelWidth, v.dilationWidth, v.strideWidth);
  plan->extraRows = (v.kernelHeight - 1) * v.dilationHeight / v.strideHeight;
  const ptrdiff_t extra = (v.kernelWidth - 1) * v.dilationWidth / v.strideWidth;
  plan->rowLength = v.outputWidth + extra;
  // The zeros at the end of a row serve as the zeros at the start of the next one, so far as all phases have both.
  plan->shared = extra;
  for (ptrdiff_t phase = 0; phase < plan->columnPhases; phase++) {
    const ptrdiff_t residue = phase * v.dilationWidth % v.strideWidth;
    const ptrdiff_t leading = ceiling(v.paddingLeft - residue, v.strideWidth);
    const ptrdiff_t end = ceiling(v.width + v.paddingLeft - residue, v.strideWidth);
    plan->shared = direct_least(plan->shared, direct_least(leading, direct_greatest(plan->rowLength - end, 0)));
  }
  plan->pitch = plan->rowLength - plan->shared;
}

// Half-cycles per step of the sums: fused multiply-adds, loads (of which half cross a cache line) and latency each
// set a bound. What matters is the order of the choices, which is the same on all processors with two pipes of each.
static ptrdiff_t step_cost(ptrdiff_t vectors, ptrdiff_t block, ptrdiff_t pieces) {
  const ptrdiff_t products = vectors * block * pieces;
  const ptrdiff_t loads = block + vectors * pieces * 3 / 2 + 2;
  return direct_greatest(direct_greatest(products, loads), 8) + 1;
}

static int is_flat(const inference_window *v) {
  return v->kernelHeight == 1 && v->kernelWidth == 1 && v->strideHeight == 1 && v->strideWidth == 1 &&
         v->paddingTop == 0 && v->paddingLeft == 0 && v->outputHeight == v->height && v->outputWidth == v->width;
}

inference_window direct_flat_window(const direct_plan *plan) {
  inference_window v = plan->layer.window;
  if (is_flat(&v)) {
    v.width = v.outputWidth = v.height * v.width;
    v.height = v.outputHeight = 1;
  }
  return v;
}

// Half-cycles of `calls` micro-kernels. What a kernel does once is dearer with channels in the lanes, because sums are
// transposed, and much dearer where the channels' stores compete for the same sets of a cache.
static ptrdiff_t calls_cost(const direct_plan *plan, ptrdiff_t calls, ptrdiff_t vectors, ptrdiff_t block,
                            ptrdiff_t pieces) {
  const inference_window *v = &plan->layer.window;
  const ptrdiff_t depth = plan->layer.inputs * v->kernelHeight * v->kernelWidth;
  ptrdiff_t once = 80 + 3 * vectors * block * pieces;
  if (plan->lanes == DIRECT_CHANNELS) {
    const int competes = v->outputHeight * v->outputWidth % 512 == 0;
    once = 120 + 10 * vectors * block * pieces + (competes ? 30 * vectors * DIRECT_LANES : 0);
  }
  return calls * (depth * step_cost(vectors, block, pieces) + once);
}

// Half-cycles for one image and group.
static ptrdiff_t pixels_cost(const direct_plan *plan, const direct_table *table, ptrdiff_t vectors) {
  const ptrdiff_t plane = plan->layer.window.outputHeight * plan->layer.window.outputWidth;
  const ptrdiff_t slots = (plane + DIRECT_LANES - 1) / DIRECT_LANES;
  const direct_blocks blocks = direct_blocks_of(plan->layer.outputs, table->blocks[vectors - 1]);
  ptrdiff_t cost = 0;
  for (ptrdiff_t larger = 0; larger < 2; larger++) {
    const ptrdiff_t count = larger ? blocks.larger : blocks.count - blocks.larger, size = blocks.size + larger;
    cost += calls_cost(plan, count * (slots / vectors), vectors, size, table->pieces);
    if (slots % vectors) cost += calls_cost(plan, count, slots % vectors, size, table->pieces);
  }
  return cost;
}

static ptrdiff_t channels_cost(const direct_plan *plan, const direct_table *table, ptrdiff_t vectors) {
  const inference_window v = direct_flat_window(plan);
  const direct_blocks blocks = direct_blocks_of(direct_channel_vectors(plan), vectors);
  const direct_blocks columns = direct_blocks_of(v.outputWidth, table->blocks[vectors - 1]);
  ptrdiff_t cost = 0;
  for (ptrdiff_t kind = 0; kind < 4; kind++) {
    const ptrdiff_t wider = kind / 2, larger = kind % 2;
    const ptrdiff_t count = larger ? blocks.larger : blocks.count - blocks.larger;
    const ptrdiff_t across = wider ? columns.larger : columns.count - columns.larger;
    cost += calls_cost(plan, v.outputHeight * count * across, blocks.size + larger, columns.size + wider,
                       table->pieces);
  }
  return cost;
}

// Chooses the number of vectors, unless `wanted`, and returns the cost; −1 where there is no such micro-kernel.
static ptrdiff_t plan_registers(direct_plan *plan, const direct_table *table, int wanted) {
  ptrdiff_t best = -1;
  for (ptrdiff_t vectors = DIRECT_MAX_VECTORS; vectors >= 1; vectors--) {
    if (table->blocks[vectors - 1] == 0 || (wanted && vectors != wanted)) continue;
    const ptrdiff_t cost = plan->lanes == DIRECT_CHANNELS ? channels_cost(plan, table, vectors)
                                                          : pixels_cost(plan, table, vectors);
    if (best >= 0 && cost >= best) continue;
    best = cost;
    plan->vectors = vectors;
    plan->block = table->blocks[vectors - 1];
  }
  return best;
}

static int usable_set(int instructionSet) {
  int set = instructionSet == DIRECT_BEST ? DIRECT_AVX512 : instructionSet;
  while (set > DIRECT_PORTABLE && !direct_supports(set)) set--;
  return set;
}

static direct_plan plan_lanes(direct_layer layer, int set, int lanes, int vectors, ptrdiff_t *cost) {
  direct_plan plan = {.layer = layer, .instructionSet = set, .lanes = lanes};
  if (lanes == DIRECT_PIXELS) plan_panel(&plan);
  *cost = plan_registers(&plan, table_for(set), vectors);
  if (lanes == DIRECT_CHANNELS && layer.window.kernelWidth > DIRECT_TABLE) *cost = -1;
  return plan;
}

int direct_allows(direct_layer layer, int instructionSet, direct_options options) {
  if (options.lanes < DIRECT_EITHER || options.lanes > DIRECT_CHANNELS || options.vectors < 0 ||
      options.vectors > DIRECT_MAX_VECTORS) {
    return 0;
  }
  for (int lanes = DIRECT_PIXELS; lanes <= DIRECT_CHANNELS; lanes++) {
    ptrdiff_t cost = -1;
    if (options.lanes == DIRECT_EITHER || options.lanes == lanes) {
      plan_lanes(layer, usable_set(instructionSet), lanes, options.vectors, &cost);
    }
    if (cost >= 0) return 1;
  }
  return 0;
}

direct_plan direct_plan_with(direct_layer layer, int instructionSet, direct_options options) {
  const int set = usable_set(instructionSet);
  ptrdiff_t pixelsCost, channelsCost;
  const direct_plan pixels = plan_lanes(layer, set, DIRECT_PIXELS, options.vectors, &pixelsCost);
  const direct_plan channels = plan_lanes(layer, set, DIRECT_CHANNELS, options.vectors, &channelsCost);
  if (options.lanes == DIRECT_PIXELS || channelsCost < 0) return pixels;
  if (options.lanes == DIRECT_CHANNELS || pixelsCost < 0 || !direct_runs_in_place(&pixels)) return channels;
  return channelsCost < pixelsCost ? channels : pixels;
}

direct_plan direct_plan_for(direct_layer layer, int instructionSet) {
  return direct_plan_with(layer, instructionSet, (direct_options){DIRECT_EITHER, 0});
}

int direct_runs_in_place(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return plan->lanes == DIRECT_CHANNELS || (v.strideHeight == 1 && v.strideWidth == 1 && v.outputWidth <= v.width &&
                                            v.kernelHeight * v.kernelWidth <= DIRECT_TABLE);
}

int direct_takes_panels(const direct_plan *plan) { return plan->lanes == DIRECT_PIXELS; }

int direct_is_plain(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return v.paddingTop == 0 && v.paddingLeft == 0 &&
         v.outputHeight + (v.kernelHeight - 1) * v.dilationHeight <= v.height &&
         v.outputWidth + (v.kernelWidth - 1) * v.dilationWidth <= v.width &&
         (v.outputHeight - 1) * v.width + v.outputWidth >= DIRECT_LANES;
}

static ptrdiff_t depth(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return plan->layer.inputs * v.kernelHeight * v.kernelWidth;
}

ptrdiff_t direct_weight_floats(const direct_plan *plan) {
  const ptrdiff_t outputs =
      plan->lanes == DIRECT_CHANNELS ? direct_channel_vectors(plan) * DIRECT_LANES : plan->layer.outputs;
  return plan->layer.groups * outputs * depth(plan);
}

// [block][kernel row][input][kernel column][lane]; weights of lanes beyond the last channel are 0.
static float *pack_channels(const direct_plan *plan, const float *weight, float *packed) {
  const ptrdiff_t rows = plan->layer.window.kernelHeight, columns = plan->layer.window.kernelWidth;
  const ptrdiff_t inputs = plan->layer.inputs;
  const direct_blocks blocks = direct_blocks_of(direct_channel_vectors(plan), plan->vectors);
  for (ptrdiff_t b = 0; b < blocks.count; b++) {
    const ptrdiff_t start = direct_block_start(blocks, b) * DIRECT_LANES;
    const ptrdiff_t end = direct_block_start(blocks, b + 1) * DIRECT_LANES;
    for (ptrdiff_t i = 0; i < rows; i++) {
      for (ptrdiff_t c = 0; c < inputs; c++) {
        for (ptrdiff_t j = 0; j < columns; j++) {
          for (ptrdiff_t o = start; o < end; o++) {
            *packed++ = o < plan->layer.outputs ? weight[((o * inputs + c) * rows + i) * columns + j] : 0;
          }
        }
      }
    }
  }
  return packed;
}

// [block][product][channel]
static float *pack_pixels(const direct_plan *plan, const float *weight, float *packed) {
  const ptrdiff_t sums = depth(plan);
  const direct_blocks blocks = direct_blocks_of(plan->layer.outputs, plan->block);
  for (ptrdiff_t b = 0; b < blocks.count; b++) {
    const ptrdiff_t first = direct_block_start(blocks, b), end = direct_block_start(blocks, b + 1);
    for (ptrdiff_t k = 0; k < sums; k++) {
      for (ptrdiff_t o = first; o < end; o++) *packed++ = weight[o * sums + k];
    }
  }
  return packed;
}

void direct_pack_weights(const direct_plan *plan, const float *weight, float *packed) {
  for (ptrdiff_t group = 0; group < plan->layer.groups; group++) {
    packed = plan->lanes == DIRECT_CHANNELS ? pack_channels(plan, weight, packed) : pack_pixels(plan, weight, packed);
    weight += plan->layer.outputs * depth(plan);
  }
}

int direct_shares_channels(ptrdiff_t blocks, ptrdiff_t spots, ptrdiff_t parts) {
  if (parts == 1) return 0;
  const ptrdiff_t mostBlocks = (blocks + parts - 1) / parts, mostSpots = (spots + parts - 1) / parts;
  // The share of the busiest part, as fractions of everything.
  return mostBlocks * spots <= mostSpots * blocks;
}

ptrdiff_t direct_panel_channel(const direct_plan *plan, ptrdiff_t rows) {
  return plan->rowPhases * plan->columnPhases * (rows + plan->extraRows) * plan->pitch;
}

ptrdiff_t direct_panel_floats(const direct_plan *plan, ptrdiff_t rows) {
  const ptrdiff_t pixels = (rows - 1) * plan->pitch + plan->layer.window.outputWidth;
  return plan->layer.inputs * direct_panel_channel(plan, rows) + plan->shared +
         direct_greatest(DIRECT_LANES - pixels, 0);
}

direct_tiles direct_tiles_of(const direct_plan *plan, ptrdiff_t rows, ptrdiff_t parts) {
  const ptrdiff_t height = plan->layer.window.outputHeight, images = plan->layer.batch * plan->layer.groups;
  direct_tiles tiles = {.rows = direct_least(rows, height)};
  tiles.perImage = (height + tiles.rows - 1) / tiles.rows;
  if (images * tiles.perImage < parts) {
    tiles.perImage = direct_least((parts + images - 1) / images, height);
    tiles.rows = (height + tiles.perImage - 1) / tiles.perImage;
    tiles.perImage = (height + tiles.rows - 1) / tiles.rows;
  }
  tiles.count = images * tiles.perImage;
  return tiles;
}

ptrdiff_t direct_workspace_floats(const direct_plan *plan, ptrdiff_t rows, ptrdiff_t parts) {
  if (rows == 0 || plan->lanes == DIRECT_CHANNELS) return 0;
  const direct_tiles tiles = direct_tiles_of(plan, rows, parts);
  return direct_least(parts, tiles.count) * direct_panel_floats(plan, tiles.rows);
}

void direct_run(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                const float *addend, float *y, ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  table_for(plan->instructionSet)->run(plan, x, packed, bias, addend, y, rows, workspace, part, parts);
}

static int window_limit = DIRECT_AVX512;

void direct_limit_windows(int instructionSet) { window_limit = instructionSet; }

static const direct_table *window_table(void) {
  int set = window_limit;
  while (set > DIRECT_PORTABLE && !direct_supports(set)) set--;
  return table_for(set);
}

int direct_depthwise(inference_window window, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                     const float *weight, const float *bias, int inputRelu, int relu, float *y) {
  const direct_table *table = window_table();
  return table->depthwise && table->depthwise(&window, x, channels, multiplier, weight, bias, inputRelu, relu, y);
}

int direct_pool(inference_window window, const float *x, ptrdiff_t channels, int maximum, int countsPadding, float *y) {
  const direct_table *table = window_table();
  return table->pool && table->pool(&window, x, channels, maximum, countsPadding, y);
}
