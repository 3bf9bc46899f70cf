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

static void plan_registers(direct_plan *plan, const direct_table *table) {
  const ptrdiff_t plane = plan->layer.window.outputHeight * plan->layer.window.outputWidth;
  const ptrdiff_t slots = (plane + DIRECT_LANES - 1) / DIRECT_LANES;
  ptrdiff_t best = -1;
  for (ptrdiff_t vectors = DIRECT_MAX_VECTORS; vectors >= 1; vectors--) {
    if (table->blocks[vectors - 1] == 0) continue;
    const direct_blocks blocks = direct_blocks_of(plan->layer.outputs, table->blocks[vectors - 1]);
    ptrdiff_t cost = 0;
    for (ptrdiff_t part = 0; part < 2; part++) {
      const ptrdiff_t count = part ? blocks.count - blocks.larger : blocks.larger;
      const ptrdiff_t size = part ? blocks.size : blocks.size + 1;
      cost += count * (slots / vectors) * step_cost(vectors, size, table->pieces);
      if (slots % vectors) cost += count * step_cost(slots % vectors, size, table->pieces);
    }
    if (best >= 0 && cost >= best) continue;
    best = cost;
    plan->vectors = vectors;
    plan->block = table->blocks[vectors - 1];
  }
}

direct_plan direct_plan_for(direct_layer layer, int instructionSet) {
  int set = instructionSet == DIRECT_BEST ? DIRECT_AVX512 : instructionSet;
  while (set > DIRECT_PORTABLE && !direct_supports(set)) set--;
  direct_plan plan = {.layer = layer, .instructionSet = set};
  plan_panel(&plan);
  plan_registers(&plan, table_for(set));
  return plan;
}

int direct_runs_in_place(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return v.strideHeight == 1 && v.strideWidth == 1 && v.outputWidth <= v.width &&
         v.kernelHeight * v.kernelWidth <= DIRECT_TABLE;
}

int direct_is_plain(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return v.paddingTop == 0 && v.paddingLeft == 0 && !plan->layer.inputRelu &&
         v.outputHeight + (v.kernelHeight - 1) * v.dilationHeight <= v.height &&
         v.outputWidth + (v.kernelWidth - 1) * v.dilationWidth <= v.width &&
         (v.outputHeight - 1) * v.width + v.outputWidth >= DIRECT_LANES;
}

static ptrdiff_t depth(const direct_plan *plan) {
  const inference_window v = plan->layer.window;
  return plan->layer.inputs * v.kernelHeight * v.kernelWidth;
}

ptrdiff_t direct_weight_floats(const direct_plan *plan) {
  return plan->layer.groups * plan->layer.outputs * depth(plan);
}

void direct_pack_weights(const direct_plan *plan, const float *weight, float *packed) {
  const ptrdiff_t sums = depth(plan);
  const direct_blocks blocks = direct_blocks_of(plan->layer.outputs, plan->block);
  for (ptrdiff_t group = 0; group < plan->layer.groups; group++) {
    for (ptrdiff_t b = 0; b < blocks.count; b++) {
      const ptrdiff_t first = direct_block_start(blocks, b), end = direct_block_start(blocks, b + 1);
      for (ptrdiff_t k = 0; k < sums; k++) {
        for (ptrdiff_t o = first; o < end; o++) *packed++ = weight[o * sums + k];
      }
    }
    weight += plan->layer.outputs * sums;
  }
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
  if (rows == 0) return 0;
  const direct_tiles tiles = direct_tiles_of(plan, rows, parts);
  return direct_least(parts, tiles.count) * direct_panel_floats(plan, tiles.rows);
}

void direct_run(const direct_plan *plan, const float *x, const float *packed, const float *bias, float *y,
                ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  table_for(plan->instructionSet)->run(plan, x, packed, bias, y, rows, workspace, part, parts);
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
