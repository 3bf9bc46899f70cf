// The body of one variant of the Winograd kernels. The including file defines
//   WG_VECTOR            floats in a vector,
//   WG_REGISTERS         vector registers,
//   WG_NAME, WG_VARIANT  the variant's name for people and for the linker.
// Loops over positions have constant bounds after inlining, so that a tile is kept in registers.

#include <stddef.h>

#include "winograd_kernels.h"
#include "winograd_layout.h"
#include "winograd_vectors.h"
#include "winograd_outputs.h"
#include "winograd_products.h"

enum { wg_most_edge = 6, wg_most_tile = 4 };

static const float wg_zeros[winograd_group];

WG_INLINE ptrdiff_t wg_at_most(ptrdiff_t value, ptrdiff_t limit) { return value < limit ? value : limit; }

// How many of the 16 lanes of the group that starts at channel `first` hold channels.
WG_INLINE ptrdiff_t wg_lanes(ptrdiff_t channels, ptrdiff_t first) {
  return wg_at_most(channels - first, winograd_group);
}
// One dimension of the input transform, Bᵀd.
WG_INLINE void wg_transform_samples(const int tile, const wg_vec *d, wg_vec *r) {
  if (tile == 2) {
    r[0] = d[0] - d[2];
    r[1] = d[1] + d[2];
    r[2] = d[2] - d[1];
    r[3] = d[1] - d[3];
  } else {
    const wg_vec even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
    const wg_vec even2 = d[4] - d[2], odd2 = d[3] - d[1];
    r[0] = 4 * d[0] + (d[4] - 5 * d[2]);
    r[1] = even + odd;
    r[2] = even - odd;
    r[3] = even2 + 2 * odd2;
    r[4] = even2 - 2 * odd2;
    r[5] = 4 * d[1] + (d[5] - 5 * d[3]);
  }
}

// One dimension of the output transform, Aᵀm.
WG_INLINE void wg_transform_sums(const int tile, const wg_vec *m, wg_vec *r) {
  const wg_vec sum = m[1] + m[2], difference = m[1] - m[2];
  if (tile == 2) {
    r[0] = m[0] + sum;
    r[1] = difference - m[3];
  } else {
    const wg_vec sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    r[0] = m[0] + sum + sum2;
    r[1] = difference + 2 * difference2;
    r[2] = sum + 4 * sum2;
    r[3] = (difference + m[5]) + 8 * difference2;
  }
}

// Transforms the columns under a row of tiles downwards. `y` is the image row under the tiles' first, `rows` holds the
// image's rows from `firstRow` to `endRow`; columns and rows outside the image are 0.
WG_INLINE void wg_transform_down(const int tile, const winograd_plan *plan, const winograd_layout *layout,
                                 const float *rows, ptrdiff_t firstRow, ptrdiff_t endRow, ptrdiff_t y,
                                 float *columns) {
  const int edge = tile + 2;
  const float *row[wg_most_edge];
  ptrdiff_t step[wg_most_edge];
  WG_UNROLL for (int i = 0; i < edge; i++) {
    const int inside = y + i >= firstRow && y + i < endRow;
    row[i] = inside ? rows + (y + i - firstRow) * plan->width * 16 : wg_zeros;
    step[i] = inside ? 16 : 0;
  }
  const ptrdiff_t all = layout->tilesAcross * tile + 2;
  const ptrdiff_t first = wg_at_most(plan->paddingLeft, all);
  const ptrdiff_t end = wg_at_most(plan->paddingLeft + plan->width, all);
  float *column = columns;
  for (ptrdiff_t x = 0; x < first; x++, column += edge * 16) {
    WG_UNROLL for (int i = 0; i < edge; i++) wg_store(column + i * 16, (wg_vec){0});
  }
  for (ptrdiff_t x = first; x < end; x++, column += edge * 16) {
    wg_vec d[wg_most_edge], r[wg_most_edge];
    WG_UNROLL for (int i = 0; i < edge; i++) {
      d[i] = wg_load(row[i]);
      row[i] += step[i];
    }
    wg_transform_samples(tile, d, r);
    WG_UNROLL for (int i = 0; i < edge; i++) wg_store(column + i * 16, r[i]);
  }
  for (ptrdiff_t x = end; x < all; x++, column += edge * 16) {
    WG_UNROLL for (int i = 0; i < edge; i++) wg_store(column + i * 16, (wg_vec){0});
  }
}

// Transforms a row of tiles across.
WG_INLINE void wg_transform_across(const int tile, const winograd_layout *layout, const float *columns,
                                   ptrdiff_t tileStride, float *samples) {
  const int edge = tile + 2;
  const ptrdiff_t position = layout->inputPosition;
  for (ptrdiff_t t = 0; t < layout->tilesAcross; t++, columns += tile * edge * 16, samples += tileStride) {
    WG_UNROLL for (int i = 0; i < edge; i++) {
      wg_vec d[wg_most_edge], r[wg_most_edge];
      WG_UNROLL for (int j = 0; j < edge; j++) d[j] = wg_load(columns + (j * edge + i) * 16);
      wg_transform_samples(tile, d, r);
      WG_UNROLL for (int j = 0; j < edge; j++) wg_store(samples + (i * edge + j) * position, r[j]);
    }
  }
}

// Transforms one group of input channels under rows of tiles [firstRow, endRow), counted through all images.
WG_INLINE void wg_transform_input(const int tile, const winograd_plan *plan, const winograd_layout *layout,
                                  const float *x, ptrdiff_t group, ptrdiff_t firstRow, ptrdiff_t endRow,
                                  ptrdiff_t tileStride, float *samples, float *workspace) {
  const ptrdiff_t plane = plan->height * plan->width, channel = group * 16;
  const ptrdiff_t channels = wg_lanes(plan->inputChannels, channel);
  float *imageRows = workspace + layout->imageRows, *columns = workspace + layout->columns;
  for (ptrdiff_t row = firstRow; row < endRow;) {
    const ptrdiff_t image = row / layout->tilesDown, down = row % layout->tilesDown;
    const ptrdiff_t count = wg_at_most(endRow - row, layout->tilesDown - down);
    const ptrdiff_t y = down * tile - plan->paddingTop;
    const ptrdiff_t end = wg_at_most(y + count * tile + 2, plan->height);
    const ptrdiff_t first = wg_at_most(y > 0 ? y : 0, end);
    const float *source = x + (image * plan->inputChannels + channel) * plane + first * plan->width;
    for (ptrdiff_t lane = 0; lane < channels; lane += WG_VECTOR) {
      const ptrdiff_t live = wg_at_most(channels - lane, WG_VECTOR), pixels = (end - first) * plan->width;
      if (plan->inputRelu) {
        wg_channels_inside(source + lane * plane, plane, live, pixels, 1, imageRows + lane);
      } else {
        wg_channels_inside(source + lane * plane, plane, live, pixels, 0, imageRows + lane);
      }
      for (ptrdiff_t r = 0; r < count; r++) {
        wg_transform_down(tile, plan, layout, imageRows + lane, first, end, y + r * tile, columns + lane);
        wg_transform_across(tile, layout, columns + lane, tileStride,
                            samples + (row - firstRow + r) * layout->tilesAcross * tileStride + lane);
      }
    }
    row += count;
  }
}

// Transforms the sums of a row of tiles into pixels of `height` rows, a vector of channels.
WG_INLINE void wg_transform_output(const int tile, const winograd_plan *plan, const winograd_layout *layout,
                                   const float *sums, ptrdiff_t tileStride, ptrdiff_t height, const float *bias,
                                   float *pixels) {
  const int edge = tile + 2;
  const ptrdiff_t position = layout->productPosition, width = plan->outputWidth;
  const wg_vec offset = wg_load(bias);
  for (ptrdiff_t t = 0; t < layout->tilesAcross; t++, sums += tileStride) {
    wg_vec half[wg_most_edge][wg_most_tile];
    WG_UNROLL for (int j = 0; j < edge; j++) {
      wg_vec m[wg_most_edge];
      WG_UNROLL for (int i = 0; i < edge; i++) m[i] = wg_load(sums + (i * edge + j) * position);
      wg_transform_sums(tile, m, half[j]);
    }
    const ptrdiff_t columns = width - t * tile;
    WG_UNROLL for (int i = 0; i < tile; i++) {
      wg_vec m[wg_most_edge], r[wg_most_tile];
      WG_UNROLL for (int j = 0; j < edge; j++) m[j] = half[j][i];
      wg_transform_sums(tile, m, r);
      WG_UNROLL for (int j = 0; j < tile; j++) r[j] += offset;
      float *target = pixels + (i * width + t * tile) * 16;
      if (columns >= tile) {
        if (i < height) {
          WG_UNROLL for (int j = 0; j < tile; j++) wg_store(target + j * 16, r[j]);
        }
      } else {
        WG_UNROLL for (int j = 0; j < tile; j++) {
          if (i < height && j < columns) wg_store(target + j * 16, r[j]);
        }
      }
    }
  }
}

// Writes the outputs of groups [firstGroup, endGroup) in rows of tiles [firstRow, endRow).
WG_INLINE void wg_write_output(const int tile, const winograd_plan *plan, const winograd_layout *layout,
                               const float *bias, const float *addend, ptrdiff_t firstGroup, ptrdiff_t endGroup,
                               ptrdiff_t firstRow, ptrdiff_t endRow, float *workspace, float *y) {
  const ptrdiff_t plane = plan->outputHeight * plan->outputWidth, tileStride = (endGroup - firstGroup) * 16;
  float *pixels = workspace + layout->pixels;
  for (ptrdiff_t group = firstGroup; group < endGroup; group++) {
    const ptrdiff_t channel = group * 16, channels = wg_lanes(plan->outputChannels, channel);
    float offsets[winograd_group] = {0};
    if (bias) {
      for (ptrdiff_t c = 0; c < channels; c++) offsets[c] = bias[channel + c];
    }
    for (ptrdiff_t row = firstRow; row < endRow; row++) {
      const ptrdiff_t image = row / layout->tilesDown, top = row % layout->tilesDown * tile;
      const ptrdiff_t height = wg_at_most(plan->outputHeight - top, tile);
      const float *sums = workspace + layout->products + (row - firstRow) * layout->tilesAcross * tileStride +
                          (group - firstGroup) * 16;
      const ptrdiff_t place = (image * plan->outputChannels + channel) * plane + top * plan->outputWidth;
      for (ptrdiff_t lane = 0; lane < channels; lane += WG_VECTOR) {
        wg_transform_output(tile, plan, layout, sums + lane, tileStride, height, offsets + lane, pixels + lane);
      }
      const wg_planes planes = {plane, channels, height * plan->outputWidth, plan->outputActivation};
      wg_channels_outside(pixels, &planes, addend ? addend + place : NULL, y + place);
    }
  }
}

// The products of `tiles` tiles with the output groups [firstGroup, endGroup) of one block of weights.
static void wg_multiply_block(const winograd_plan *plan, const winograd_layout *layout, winograd_product product,
                              const float *packed, ptrdiff_t firstGroup, ptrdiff_t endGroup, ptrdiff_t tiles,
                              float *workspace) {
  const ptrdiff_t positions = layout->edge * layout->edge, inputs = plan->inputChannels;
  const ptrdiff_t block = firstGroup / layout->blockGroups * layout->blockGroups;
  const ptrdiff_t blockLanes = (winograd_block_end(layout, firstGroup) - block) * 16;
  const ptrdiff_t lanes = (endGroup - firstGroup) * 16;
  const ptrdiff_t channels = wg_at_most(plan->outputChannels - firstGroup * 16, lanes);
  const float *weights = packed + block * 16 * positions * inputs + (firstGroup - block) * 16;
  float *sums = workspace + layout->products;
  if (!product) {
    const wg_product all = {
        .samples = workspace, .samplesGroup = tiles * 16, .samplesPosition = layout->inputPosition,
        .weights = weights, .weightsStride = blockLanes, .weightsPosition = inputs * blockLanes,
        .sums = sums, .sumsStride = lanes, .sumsPosition = layout->productPosition,
        .inputs = inputs, .positions = positions};
    wg_multiply_all(all, tiles, (channels + WG_VECTOR - 1) / WG_VECTOR, lanes);
    return;
  }
  for (ptrdiff_t p = 0; p < positions; p++) {
    product(tiles, lanes, inputs, workspace + p * layout->inputPosition, layout->inputGroups * 16,
            weights + p * inputs * blockLanes, blockLanes, sums + p * layout->productPosition, lanes);
  }
}

WG_INLINE void wg_run_tile(const int tile, const winograd_plan *plan, const winograd_layout *layout,
                           winograd_product product, const float *x, const float *packed, const float *bias,
                           const float *addend, float *y, float *workspace) {
  for (ptrdiff_t row = layout->firstRow; row < layout->endRow; row += layout->rows) {
    const ptrdiff_t endRow = wg_at_most(row + layout->rows, layout->endRow);
    const ptrdiff_t tiles = (endRow - row) * layout->tilesAcross;
    // Our products walk through 16 input channels of all tiles before the next 16; a BLAS wants whole rows.
    const ptrdiff_t tileStride = product ? layout->inputGroups * 16 : 16;
    const ptrdiff_t groupStride = product ? 16 : tiles * 16;
    for (ptrdiff_t group = 0; group < layout->inputGroups; group++) {
      wg_transform_input(tile, plan, layout, x, group, row, endRow, tileStride, workspace + group * groupStride,
                         workspace);
    }
    for (ptrdiff_t group = layout->firstGroup; group < layout->endGroup;) {
      const ptrdiff_t end = wg_at_most(winograd_block_end(layout, group), layout->endGroup);
      wg_multiply_block(plan, layout, product, packed, group, end, tiles, workspace);
      wg_write_output(tile, plan, layout, bias, addend, group, end, row, endRow, workspace, y);
      group = end;
    }
  }
}

static void wg_run(const winograd_plan *plan, const winograd_layout *layout, winograd_product product, const float *x,
                   const float *packed, const float *bias, const float *addend, float *y, float *workspace) {
  if (plan->tile == 2) {
    wg_run_tile(2, plan, layout, product, x, packed, bias, addend, y, workspace);
  } else {
    wg_run_tile(4, plan, layout, product, x, packed, bias, addend, y, workspace);
  }
}

const winograd_variant WG_VARIANT = {WG_NAME, wg_run};
