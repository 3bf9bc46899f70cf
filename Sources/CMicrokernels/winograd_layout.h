#ifndef TANDEM_WINOGRAD_LAYOUT_H
#define TANDEM_WINOGRAD_LAYOUT_H

#include "winograd_kernels.h"

// Channels in a group: the width of the widest vector.
enum { winograd_group = 16 };

// One part's share of the work and the places in its workspace, in floats.
//
// The workspace holds the transformed input, [position][group of input channels][tile][16], and behind it either the
// image rows that are being transformed, [row][column][16], and a row of half-transformed columns,
// [column][position][16], or the products, [position][tile][output channel of the block], and the pixels of a row of
// tiles, [row][column][16].
typedef struct {
  ptrdiff_t edge;                     // rows and columns of the input under a tile
  ptrdiff_t tilesDown, tilesAcross;   // of one image
  ptrdiff_t inputGroups, outputGroups;
  ptrdiff_t blockGroups;              // output groups whose weights are packed together
  ptrdiff_t firstRow, endRow;         // rows of tiles through all images
  ptrdiff_t firstGroup, endGroup;     // groups of output channels
  ptrdiff_t rows;                     // rows of tiles at once
  ptrdiff_t inputPosition;            // from one position of the transformed input to the next
  ptrdiff_t productPosition;          // from one position of the products to the next
  ptrdiff_t imageRows, columns;       // places of the first alternative
  ptrdiff_t products, pixels;         // places of the second
  ptrdiff_t floats;                   // of the part
  ptrdiff_t workspace;                // the part's place in the workspace of all
} winograd_layout;

winograd_layout winograd_layout_make(const winograd_plan *plan, ptrdiff_t part, ptrdiff_t parts);

// The end of the block of output groups whose weights are packed together with those of `group`.
static inline ptrdiff_t winograd_block_end(const winograd_layout *layout, ptrdiff_t group) {
  const ptrdiff_t end = (group / layout->blockGroups + 1) * layout->blockGroups;
  return end < layout->outputGroups ? end : layout->outputGroups;
}

typedef struct {
  const char *name;
  void (*run)(const winograd_plan *plan, const winograd_layout *layout, winograd_product product, const float *x,
              const float *packed, const float *bias, const float *addend, float *y, float *workspace);
} winograd_variant;

extern const winograd_variant winograd_variant_portable;
#if defined(__x86_64__)
extern const winograd_variant winograd_variant_avx2;
extern const winograd_variant winograd_variant_avx512;
#endif

#endif
