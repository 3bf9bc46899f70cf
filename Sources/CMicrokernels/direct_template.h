// The body of one variant of the direct convolution. The including file defines
//   DK_NAME, DK_TABLE                the table's name for people and for the linker,
//   DK_PIECES                        registers that hold one vector of 16 pixels,
//   DK_KERNELS(X)                   X(vectors, block) for every micro-kernel, all blocks from 1 up to
//   DK_BLOCKS                        the largest beside 1, 2, … DK_COUNT vectors,
//   DK_CHEAP_MASKS                   where loads with masks cost no more than others: needed for depthwise and pools,
//   dk_guard, dk_below, dk_load_guarded, dk_at_least, dk_at_most, dk_store_lanes, dk_store_first
//                                    masks in the variant's own form,
//   dk_after                         an address that waits for a vector, for the compiler only.
// Vectors are 16 floats everywhere, so that workspace does not depend on the instruction set; the compiler splits them.

#include <math.h>
#include <string.h>

#include "direct_tables.h"

#define DK_UNROLL _Pragma("clang loop unroll(full)")

#include "direct_vectors.h"

enum {
  DK_MOST_BLOCK = 14,
  DK_MOST_VECTORS = DIRECT_MAX_VECTORS,
  // Floats of an image or of weights that stay in a second-level cache besides everything else.
  DK_CACHED = 128 * 1024,
  // Floats of weights worth a group of pixels.
  DK_AT_ONCE = 8 * 1024,
};

#include "direct_pixels.h"

// ---- Loops around the micro-kernels ----

// One group of one image, the pixels of a cursor, output channels of the blocks [firstBlock, endBlock).
typedef struct {
  const direct_plan *plan;
  dk_sums sums;
  direct_blocks blocks;
  ptrdiff_t firstBlock, endBlock;
  // Floats of the image, or of the panel.
  ptrdiff_t imageFloats;
  // Whether there are masks on the loads, and a ReLU after them.
  int guarded, rectified;
} dk_job;

// Blocks of weights of at most `blockFloats` that take turns with each group of pixels. If the image stays in the
// second-level cache, just enough to make finding the pixels cheap, so that weights are fetched before they are needed;
// otherwise as many as stay there.
static ptrdiff_t resident_blocks(ptrdiff_t imageFloats, ptrdiff_t blockFloats) {
  return direct_greatest((imageFloats <= DK_CACHED ? DK_AT_ONCE : DK_CACHED) / blockFloats, 1);
}

static void run_pixels(const dk_job *job, dk_cursor all, const float *x, const float *packed, const float *bias,
                       const float *addend, float *y) {
  dk_sums sums = job->sums;
  const ptrdiff_t most = job->plan->vectors;
  const ptrdiff_t resident = resident_blocks(job->imageFloats, sums.depth * job->plan->block);
  for (ptrdiff_t outer = job->firstBlock; outer < job->endBlock; outer += resident) {
    const ptrdiff_t outerEnd = direct_least(outer + resident, job->endBlock);
    dk_cursor cursor = all;
    int first = 1;
    for (;;) {
      dk_pixels pixels[DK_MOST_VECTORS];
      dk_guard guards[DIRECT_TABLE * DK_COUNT];
      ptrdiff_t count = 0;
      while (count < most && next_pixels(&cursor, &pixels[count])) count++;
      if (count == 0) break;
      if (job->guarded) {
        for (ptrdiff_t v = 0; v < count; v++) {
          guards_of(job->plan, pixels[v].row, pixels[v].column, sums.chunk, count, guards + v);
        }
      }
      for (ptrdiff_t b = outer; b < outerEnd; b++) {
        const ptrdiff_t channel = direct_block_start(job->blocks, b);
        const ptrdiff_t block = direct_block_start(job->blocks, b + 1) - channel;
        // The first pass over the pixels fetches the blocks that take these ones' places.
        const int fetches = first && b + resident < job->endBlock;
        sums.ahead = packed + direct_block_start(job->blocks, fetches ? b + resident : b) * sums.depth;
        sums.aheadStep = fetches ? block : 0;
        kernels[count - 1][block - 1][job->rectified][job->guarded](
            &sums, pixels, guards, x, packed + channel * sums.depth, bias ? bias + channel : NULL,
            addend ? addend + channel * sums.outputPlane : NULL, y + channel * sums.outputPlane);
      }
      first = 0;
    }
  }
}

static ptrdiff_t taps_of(const inference_window *v) { return v->kernelHeight * v->kernelWidth; }

// The offsets of `taps` taps in the first channel, repeated for all channels of a chunk.
static void repeat_offsets(ptrdiff_t *offsets, ptrdiff_t taps, ptrdiff_t channels, ptrdiff_t channelStride) {
  for (ptrdiff_t k = taps; k < channels * taps; k++) offsets[k] = offsets[k - taps] + channelStride;
}

static void panel_offsets(const direct_plan *plan, ptrdiff_t rows, ptrdiff_t channels, ptrdiff_t *offsets) {
  const inference_window *v = &plan->layer.window;
  const ptrdiff_t phase = (rows + plan->extraRows) * plan->pitch;
  for (ptrdiff_t i = 0, t = 0; i < v->kernelHeight; i++) {
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++, t++) {
      offsets[t] = (i % plan->rowPhases * plan->columnPhases + j % plan->columnPhases) * phase +
                   i * v->dilationHeight / v->strideHeight * plan->pitch + j * v->dilationWidth / v->strideWidth;
    }
  }
  repeat_offsets(offsets, taps_of(v), channels, direct_panel_channel(plan, rows));
}

static void run_in_place(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                         const float *addend, float *y, ptrdiff_t part, ptrdiff_t parts) {
  const direct_layer *layer = &plan->layer;
  const inference_window *v = &layer->window;
  const ptrdiff_t taps = taps_of(v), plane = v->height * v->width;
  const ptrdiff_t pixels = (v->outputHeight - 1) * v->width + v->outputWidth;
  const ptrdiff_t slots = (pixels + DIRECT_LANES - 1) / DIRECT_LANES;
  const ptrdiff_t images = layer->batch * layer->groups;
  const int guarded = !direct_is_plain(plan);
  const ptrdiff_t channels = direct_least(direct_greatest((guarded ? 16 : 64) / taps, 1), layer->inputs);
  ptrdiff_t offsets[DIRECT_TABLE];
  for (ptrdiff_t i = 0, t = 0; i < v->kernelHeight; i++) {
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++, t++) {
      offsets[t] = (i * v->dilationHeight - v->paddingTop) * v->width + j * v->dilationWidth - v->paddingLeft;
    }
  }
  repeat_offsets(offsets, taps, channels, plane);
  dk_job job = {.plan = plan,
                .sums = {.offsets = offsets, .chunk = channels * taps, .chunkStride = channels * plane,
                         .depth = layer->inputs * taps, .pitch = v->width, .width = v->outputWidth,
                         .outputPlane = v->outputHeight * v->outputWidth,
                         .activation = layer->outputActivation},
                .blocks = direct_blocks_of(layer->outputs, plan->block),
                .imageFloats = layer->inputs * plane,
                .guarded = guarded,
                .rectified = layer->inputRelu};
  job.endBlock = job.blocks.count;
  ptrdiff_t firstSlot = images * slots * part / parts, endSlot = images * slots * (part + 1) / parts;
  // Small images with many channels are shared out by channels, so that every weight is read by one part only.
  if (slots < 8 * parts && job.blocks.count >= 4 * parts) {
    firstSlot = 0;
    endSlot = images * slots;
    job.firstBlock = job.blocks.count * part / parts;
    job.endBlock = job.blocks.count * (part + 1) / parts;
  }
  for (ptrdiff_t slot = firstSlot; slot < endSlot;) {
    const ptrdiff_t image = slot / slots, last = direct_least(endSlot - image * slots, slots);
    const ptrdiff_t group = image % layer->groups;
    const dk_cursor cursor = {.position = (slot - image * slots) * DIRECT_LANES,
                              .end = direct_least(last * DIRECT_LANES, pixels), .limit = pixels, .pitch = v->width,
                              .width = v->outputWidth};
    run_pixels(&job, cursor, x + image * layer->inputs * plane,
               packed + group * layer->outputs * job.sums.depth, bias ? bias + group * layer->outputs : NULL,
               addend ? addend + image * layer->outputs * job.sums.outputPlane : NULL,
               y + image * layer->outputs * job.sums.outputPlane);
    slot = image * slots + last;
  }
}

static void run_panels(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                       const float *addend, float *y, ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  const direct_layer *layer = &plan->layer;
  const inference_window *v = &layer->window;
  const direct_tiles tiles = direct_tiles_of(plan, rows, parts);
  const ptrdiff_t active = direct_least(parts, tiles.count);
  if (part >= active) return;
  const ptrdiff_t taps = taps_of(v), panelFloats = direct_panel_floats(plan, tiles.rows);
  float *panel = workspace + part * panelFloats;
  dk_job job = {.plan = plan,
                .sums = {.depth = layer->inputs * taps, .pitch = plan->pitch, .width = v->outputWidth,
                         .outputPlane = v->outputHeight * v->outputWidth, .activation = layer->outputActivation},
                .blocks = direct_blocks_of(layer->outputs, plan->block),
                .imageFloats = panelFloats};
  job.endBlock = job.blocks.count;
  ptrdiff_t offsets[DIRECT_MOST_TAPS], layoutRows = 0;
  const ptrdiff_t channels = direct_least(direct_greatest(64 / taps, 1), layer->inputs);
  job.sums.offsets = offsets;
  job.sums.chunk = channels * taps;
  const ptrdiff_t firstTile = tiles.count * part / active, endTile = tiles.count * (part + 1) / active;
  for (ptrdiff_t tile = firstTile; tile < endTile; tile++) {
    const ptrdiff_t image = tile / tiles.perImage, group = image % layer->groups;
    const ptrdiff_t firstRow = tile % tiles.perImage * tiles.rows;
    const ptrdiff_t tileRows = direct_least(v->outputHeight - firstRow, tiles.rows);
    if (tileRows != layoutRows) {
      layoutRows = tileRows;
      job.sums.chunkStride = channels * direct_panel_channel(plan, tileRows);
      panel_offsets(plan, tileRows, channels, offsets);
    }
    // The first panel fills all that was declared for this part, even if it is a short last one.
    const ptrdiff_t floats = tile == firstTile ? panelFloats : direct_panel_floats(plan, tileRows);
    const float *source = x + image * layer->inputs * v->height * v->width;
    switch (v->strideWidth) {
      case 1: copy_panel(plan, source, firstRow, tileRows, panel, floats, 1); break;
      case 2: copy_panel(plan, source, firstRow, tileRows, panel, floats, 2); break;
      default: copy_panel(plan, source, firstRow, tileRows, panel, floats, v->strideWidth); break;
    }
    const ptrdiff_t pixels = (tileRows - 1) * plan->pitch + v->outputWidth;
    const dk_cursor cursor = {.end = pixels, .limit = direct_greatest(pixels, DIRECT_LANES), .pitch = plan->pitch,
                              .width = v->outputWidth};
    const ptrdiff_t target = image * layer->outputs * job.sums.outputPlane + firstRow * v->outputWidth;
    run_pixels(&job, cursor, panel, packed + group * layer->outputs * job.sums.depth,
               bias ? bias + group * layer->outputs : NULL,
               addend ? addend + target : NULL, y + target);
  }
}

#include "direct_channels.h"

static void run(const direct_plan *plan, const float *x, const float *packed, const float *bias,
                const float *addend, float *y, ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  if (plan->lanes == DIRECT_CHANNELS) {
    run_channels(plan, x, packed, bias, addend, y, part, parts);
  } else if (rows == 0) {
    run_in_place(plan, x, packed, bias, addend, y, part, parts);
  } else {
    run_panels(plan, x, packed, bias, addend, y, rows, workspace, part, parts);
  }
}

#ifdef DK_CHEAP_MASKS
#include "direct_windows.h"
#endif

const direct_table DK_TABLE = {
    .name = DK_NAME,
    .pieces = DK_PIECES,
    .blocks = DK_BLOCKS,
    .run = run,
#ifdef DK_CHEAP_MASKS
    .depthwise = depthwise,
    .pool = pool,
#endif
};
