#include "winograd_kernels.h"

#include "winograd_layout.h"

// With fewer tiles, the time of products is mostly that of reading weights.
enum { fewest_tiles = 12 };

// Transforming the input takes about as long as the products with that many output channels.
enum { transform_channels = 10 };

static ptrdiff_t quotient_up(ptrdiff_t dividend, ptrdiff_t divisor) { return (dividend + divisor - 1) / divisor; }

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// An odd number of cache lines, so that the positions of one tile do not fall into the same set of the cache.
static ptrdiff_t odd_lines(ptrdiff_t vectors) { return (vectors | 1) * winograd_group; }

// The largest share if a count is shared evenly among as few as possible of which none is above `most`.
static ptrdiff_t even_share(ptrdiff_t count, ptrdiff_t most) {
  return count > 0 ? quotient_up(count, quotient_up(count, most)) : 0;
}

// Whether parts share the output channels, each of them transforming the whole input, rather than the rows of tiles:
// where there are so few tiles that the products of a part would mostly read weights, and where an uneven number of
// rows would keep one part busy for longer, by a twentieth, than the input's transform in all of them.
static int shares_channels(const winograd_layout *layout, ptrdiff_t parts) {
  const ptrdiff_t rows = layout->endRow, most = quotient_up(rows, parts), groups = layout->outputGroups;
  if (groups < parts) return 0;
  if (rows < parts || (most * layout->tilesAcross < fewest_tiles && groups >= 2 * parts)) return 1;
  const ptrdiff_t byRows = (groups * winograd_group + transform_channels) * most;
  const ptrdiff_t byChannels = (quotient_up(groups, parts) * winograd_group + transform_channels) * rows;
  return byChannels * 20 < byRows * 19;
}

// The largest number of a part's output groups that lie in one block of packed weights.
static ptrdiff_t widest_block(const winograd_layout *layout) {
  ptrdiff_t widest = 0;
  for (ptrdiff_t group = layout->firstGroup; group < layout->endGroup;) {
    const ptrdiff_t end = smaller(winograd_block_end(layout, group), layout->endGroup);
    widest = larger(widest, end - group);
    group = end;
  }
  return widest;
}

// Everything of a part's layout but its place among the others.
static winograd_layout layout_of_part(const winograd_plan *plan, ptrdiff_t part, ptrdiff_t parts) {
  winograd_layout layout = {0};
  const ptrdiff_t group = winograd_group;
  layout.edge = plan->tile + 2;
  layout.tilesDown = quotient_up(plan->outputHeight, plan->tile);
  layout.tilesAcross = quotient_up(plan->outputWidth, plan->tile);
  layout.inputGroups = quotient_up(plan->inputChannels, group);
  layout.outputGroups = quotient_up(plan->outputChannels, group);
  layout.endRow = plan->batch * layout.tilesDown;
  layout.endGroup = layout.outputGroups;
  layout.blockGroups = even_share(layout.outputGroups, plan->channelGroups);
  if (shares_channels(&layout, parts)) {
    layout.firstGroup = layout.outputGroups * part / parts;
    layout.endGroup = layout.outputGroups * (part + 1) / parts;
  } else {
    const ptrdiff_t rows = layout.endRow;
    layout.firstRow = rows * part / parts;
    layout.endRow = rows * (part + 1) / parts;
  }
  layout.rows = even_share(layout.endRow - layout.firstRow, plan->tileRows);
  if (layout.rows == 0) return layout;

  const ptrdiff_t positions = layout.edge * layout.edge;
  const ptrdiff_t tiles = layout.rows * layout.tilesAcross;
  const ptrdiff_t widest = widest_block(&layout);
  layout.inputPosition = odd_lines(tiles * layout.inputGroups);
  layout.productPosition = odd_lines(tiles * widest);

  layout.imageRows = positions * layout.inputPosition;
  layout.columns = layout.imageRows + smaller(layout.rows * plan->tile + 2, plan->height) * plan->width * group;
  const ptrdiff_t inputEnd = layout.columns + (layout.tilesAcross * plan->tile + 2) * layout.edge * group;
  layout.products = layout.imageRows;
  layout.pixels = layout.products + (positions - 1) * layout.productPosition + tiles * widest * group;
  // Only a part that has nothing but the last row of tiles never needs a whole tile's rows.
  const ptrdiff_t below = layout.endRow - layout.firstRow > 1 ? 0 : layout.firstRow % layout.tilesDown * plan->tile;
  const ptrdiff_t pixelRows = smaller(plan->tile, plan->outputHeight - below);
  const ptrdiff_t outputEnd = layout.pixels + pixelRows * plan->outputWidth * group;
  layout.floats = larger(inputEnd, outputEnd);
  return layout;
}

winograd_layout winograd_layout_make(const winograd_plan *plan, ptrdiff_t part, ptrdiff_t parts) {
  ptrdiff_t place = 0;
  for (ptrdiff_t before = 0; before < part; before++) place += layout_of_part(plan, before, parts).floats;
  winograd_layout layout = layout_of_part(plan, part, parts);
  layout.workspace = place;
  return layout;
}

ptrdiff_t winograd_workspace_floats(const winograd_plan *plan, ptrdiff_t parts) {
  const winograd_layout last = winograd_layout_make(plan, parts - 1, parts);
  return last.workspace + last.floats;
}

ptrdiff_t winograd_weight_floats(const winograd_plan *plan) {
  const ptrdiff_t edge = plan->tile + 2;
  return edge * edge * plan->inputChannels * quotient_up(plan->outputChannels, winograd_group) * winograd_group;
}

// The matrices G of F(2, 3) and F(4, 3).
static const double filter2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
static const double filter4[6][3] = {{1.0 / 4, 0, 0},
                                     {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                     {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                     {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                     {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                     {0, 0, 1}};

void winograd_transform_weights(const winograd_plan *plan, const float *weight, float *packed) {
  const winograd_layout layout = winograd_layout_make(plan, 0, 1);
  const ptrdiff_t positions = layout.edge * layout.edge, inputs = plan->inputChannels;
  for (ptrdiff_t first = 0; first < layout.outputGroups; first = winograd_block_end(&layout, first)) {
    const ptrdiff_t lanes = (winograd_block_end(&layout, first) - first) * winograd_group;
    float *block = packed + first * winograd_group * positions * inputs;
    for (ptrdiff_t input = 0; input < inputs; input++) {
      for (ptrdiff_t lane = 0; lane < lanes; lane++) {
        const ptrdiff_t output = first * winograd_group + lane;
        float *target = block + input * lanes + lane;
        if (output >= plan->outputChannels) {
          for (ptrdiff_t p = 0; p < positions; p++) target[p * inputs * lanes] = 0;
          continue;
        }
        const float *taps = weight + (output * inputs + input) * 9;
        for (ptrdiff_t i = 0; i < layout.edge; i++) {
          const double *down = plan->tile == 2 ? filter2[i] : filter4[i];
          double row[3];
          for (int j = 0; j < 3; j++) row[j] = down[0] * taps[j] + down[1] * taps[3 + j] + down[2] * taps[6 + j];
          for (ptrdiff_t j = 0; j < layout.edge; j++) {
            const double *across = plan->tile == 2 ? filter2[j] : filter4[j];
            target[(i * layout.edge + j) * inputs * lanes] =
                (float)(row[0] * across[0] + row[1] * across[1] + row[2] * across[2]);
          }
        }
      }
    }
  }
}

static const winograd_variant *variant_at(ptrdiff_t index) {
#if defined(__x86_64__)
  if (index == 1) return &winograd_variant_avx2;
  if (index == 2) return &winograd_variant_avx512;
#endif
  (void)index;
  return &winograd_variant_portable;
}

ptrdiff_t winograd_variants(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  return __builtin_cpu_supports("avx512f") ? 3 : 2;
#else
  return 1;
#endif
}

const char *winograd_variant_name(ptrdiff_t variant) { return variant_at(variant)->name; }

void winograd_run_variant(ptrdiff_t variant, const winograd_plan *plan, winograd_product product, const float *x,
                          const float *packed, const float *bias, const float *addend, float *y, float *workspace,
                          ptrdiff_t part, ptrdiff_t parts) {
  const winograd_layout layout = winograd_layout_make(plan, part, parts);
  if (layout.rows == 0) return;
  variant_at(variant)->run(plan, &layout, product, x, packed, bias, addend, y, workspace + layout.workspace);
}

void winograd_run(const winograd_plan *plan, const float *x, const float *packed, const float *bias,
                  const float *addend, float *y, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  winograd_run_variant(winograd_variants() - 1, plan, NULL, x, packed, bias, addend, y, workspace, part, parts);
}

void winograd_run_by_products(const winograd_plan *plan, winograd_product product, const float *x,
                              const float *packed, const float *bias, const float *addend, float *y,
                              float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  winograd_run_variant(winograd_variants() - 1, plan, product, x, packed, bias, addend, y, workspace, part, parts);
}
