// The body of one variant of the direct convolution. The including file defines
//   DK_NAME, DK_TABLE                the table's name for people and for the linker,
//   DK_PIECES                        registers that hold one vector of 16 pixels,
//   DK_KERNELS(X)                    X(vectors, block) for every micro-kernel, all blocks from 1 up to
//   DK_BLOCKS                        the largest beside 1, 2, … DK_COUNT vectors,
//   DK_CHEAP_MASKS                   where loads with masks cost no more than others: needed for depthwise and pools;
//                                    then also DK_HALVES, DK_KEEP and DK_RELOAD,
//   dk_guard, dk_below, dk_load_guarded, dk_load_filled, dk_at_least, dk_store_lanes, dk_store_first
//                                    masks in the variant's own form.
// Vectors are 16 floats everywhere, so that workspace does not depend on the instruction set; the compiler splits them.

#include <math.h>
#include <string.h>

#include "direct_tables.h"
#include "direct_vectors.h"

#define DK_UNROLL _Pragma("clang loop unroll(full)")

enum { DK_MOST_BLOCK = 14, DK_MOST_VECTORS = DIRECT_MAX_VECTORS };

// ---- Vectors of pixels ----

// Pixels have positions row · pitch + column in what is read. A vector covers 16 positions, some of which may be
// between rows, or covered by the vector before.
typedef struct {
  ptrdiff_t start, row, column;
  /// The lanes whose results are stored.
  ptrdiff_t first, end;
} dk_pixels;

// Where a part's vectors begin, from `position` up to `end`; nothing is read from `limit` on.
typedef struct {
  ptrdiff_t position, end, limit, pitch, width;
} dk_cursor;

DK_INLINE int next_pixels(dk_cursor *cursor, dk_pixels *pixels) {
  ptrdiff_t row = cursor->position / cursor->pitch, column = cursor->position - row * cursor->pitch;
  if (column >= cursor->width) {
    cursor->position += cursor->pitch - column;
    row++;
    column = 0;
  }
  if (cursor->position >= cursor->end) return 0;
  pixels->first = 0;
  pixels->start = cursor->position;
  if (cursor->position + DIRECT_LANES > cursor->limit) {
    pixels->start = direct_greatest(cursor->limit - DIRECT_LANES, 0);
    pixels->first = cursor->position - pixels->start;
    row = pixels->start / cursor->pitch;
    column = pixels->start - row * cursor->pitch;
  }
  pixels->row = row;
  pixels->column = column;
  pixels->end = direct_least(cursor->end - pixels->start, DIRECT_LANES);
  cursor->position = pixels->start + DIRECT_LANES;
  return 1;
}

// ---- Micro-kernels ----

// One sum per output channel and pixel over `depth` products. Products come in chunks of up to `chunk`, whose inputs
// lie at `offsets` from a base that moves by `chunkStride`.
typedef struct {
  const ptrdiff_t *offsets;
  ptrdiff_t chunk, chunkStride, depth;
  ptrdiff_t pitch, width, outputPlane;
  dk_vec floor;
  int relu;
} dk_sums;

// The results of one vector that cannot be stored as a whole: run by run.
static void store_runs(const dk_sums *sums, const dk_pixels *pixels, const dk_vec *results, ptrdiff_t block,
                       float *y) {
  ptrdiff_t row = pixels->row, column = pixels->column, lane = 0;
  while (lane < pixels->end) {
    const ptrdiff_t run = direct_greatest(sums->width - column, 0);
    const ptrdiff_t first = direct_greatest(lane, pixels->first), end = direct_least(lane + run, pixels->end);
    if (first < end) {
      // Lane 0 may lie before the image; addresses are formed from the first lane that is stored.
      float *target = y + row * sums->width + column + (first - lane);
      for (ptrdiff_t r = 0; r < block; r++) {
        dk_store_lanes(target + r * sums->outputPlane, &results[r], (int)first, (int)end);
      }
    }
    lane += sums->pitch - column;
    column = 0;
    row++;
  }
}

DK_INLINE int is_whole(const dk_sums *sums, const dk_pixels *pixels) {
  return pixels->first == 0 && pixels->end == DIRECT_LANES &&
         (sums->pitch == sums->width || pixels->column + DIRECT_LANES <= sums->width);
}

DK_INLINE void kernel(const dk_sums *sums, const dk_pixels *pixels, const dk_guard *guards, const float *x,
                      const float *weights, const float *bias, float *y, const int count, const int block,
                      const int guarded) {
  dk_vec results[DK_MOST_BLOCK][DK_MOST_VECTORS];
  const float *base[DK_MOST_VECTORS];
  DK_UNROLL for (int v = 0; v < count; v++) base[v] = x + pixels[v].start;
  DK_UNROLL for (int r = 0; r < block; r++) {
    const dk_vec start = dk_splat(bias ? bias[r] : 0);
    DK_UNROLL for (int v = 0; v < count; v++) results[r][v] = start;
  }
  const dk_vec floor = guarded ? sums->floor : dk_splat(0);
  for (ptrdiff_t done = 0; done < sums->depth; done += sums->chunk) {
    const ptrdiff_t steps = direct_least(sums->depth - done, sums->chunk);
    for (ptrdiff_t step = 0; step < steps; step++) {
      const ptrdiff_t offset = sums->offsets[step];
      dk_vec values[DK_MOST_VECTORS];
      DK_UNROLL for (int v = 0; v < count; v++) {
        if (guarded) {
          values[v] = dk_at_least(floor, dk_load_guarded(base[v] + offset, guards[step * count + v]));
        } else {
          values[v] = dk_load(base[v] + offset);
        }
      }
      DK_UNROLL for (int r = 0; r < block; r++) {
        const dk_vec weight = dk_splat(weights[r]);
        DK_UNROLL for (int v = 0; v < count; v++) results[r][v] += weight * values[v];
      }
      weights += block;
    }
    DK_UNROLL for (int v = 0; v < count; v++) base[v] += sums->chunkStride;
  }
  if (sums->relu) {
    DK_UNROLL for (int r = 0; r < block; r++) {
      DK_UNROLL for (int v = 0; v < count; v++) results[r][v] = dk_rectify(results[r][v]);
    }
  }
  DK_UNROLL for (int v = 0; v < count; v++) {
    if (is_whole(sums, &pixels[v])) {
      float *target = y + pixels[v].row * sums->width + pixels[v].column;
      DK_UNROLL for (int r = 0; r < block; r++) dk_store(target + r * sums->outputPlane, results[r][v]);
    } else {
      dk_vec column[DK_MOST_BLOCK];
      DK_UNROLL for (int r = 0; r < block; r++) column[r] = results[r][v];
      store_runs(sums, &pixels[v], column, block, y);
    }
  }
}

typedef void (*dk_kernel)(const dk_sums *, const dk_pixels *, const dk_guard *, const float *, const float *,
                          const float *, float *);

#define DK_DEFINE(count, block)                                                                                       \
  static void plain_##count##_##block(const dk_sums *sums, const dk_pixels *pixels, const dk_guard *guards,           \
                                      const float *x, const float *weights, const float *bias, float *y) {            \
    kernel(sums, pixels, guards, x, weights, bias, y, count, block, 0);                                               \
  }                                                                                                                   \
  static void guarded_##count##_##block(const dk_sums *sums, const dk_pixels *pixels, const dk_guard *guards,         \
                                        const float *x, const float *weights, const float *bias, float *y) {          \
    kernel(sums, pixels, guards, x, weights, bias, y, count, block, 1);                                               \
  }
DK_KERNELS(DK_DEFINE)
#define DK_ENTRY(count, block) [count - 1][block - 1] = {plain_##count##_##block, guarded_##count##_##block},
static const dk_kernel kernels[DK_MOST_VECTORS][DK_MOST_BLOCK][2] = {DK_KERNELS(DK_ENTRY)};

// ---- Loops around them ----

// One group of one image, the pixels of a cursor, output channels of the blocks [firstBlock, endBlock).
typedef struct {
  const direct_plan *plan;
  dk_sums sums;
  direct_blocks blocks;
  ptrdiff_t firstBlock, endBlock;
  int guarded;
} dk_job;

// Bytes of weights that stay in the second-level cache while all pixels pass.
static const ptrdiff_t resident_bytes = 384 * 1024;

static void run_pixels(const dk_job *job, dk_cursor all, const float *x, const float *packed, const float *bias,
                       float *y) {
  const dk_sums *sums = &job->sums;
  const ptrdiff_t most = job->plan->vectors;
  const ptrdiff_t resident =
      direct_greatest(resident_bytes / (sums->depth * job->plan->block * (ptrdiff_t)sizeof(float)), 1);
  for (ptrdiff_t outer = job->firstBlock; outer < job->endBlock; outer += resident) {
    const ptrdiff_t outerEnd = direct_least(outer + resident, job->endBlock);
    dk_cursor cursor = all;
    for (;;) {
      dk_pixels pixels[DK_MOST_VECTORS];
      dk_guard guards[DIRECT_TABLE * DK_COUNT];
      ptrdiff_t count = 0;
      while (count < most && next_pixels(&cursor, &pixels[count])) count++;
      if (count == 0) break;
      if (job->guarded) {
        for (ptrdiff_t v = 0; v < count; v++) {
          guards_of(job->plan, pixels[v].row, pixels[v].column, sums->chunk, count, guards + v);
        }
      }
      for (ptrdiff_t b = outer; b < outerEnd; b++) {
        const ptrdiff_t channel = direct_block_start(job->blocks, b);
        const ptrdiff_t block = direct_block_start(job->blocks, b + 1) - channel;
        kernels[count - 1][block - 1][job->guarded](sums, pixels, guards, x, packed + channel * sums->depth,
                                                    bias ? bias + channel : NULL, y + channel * sums->outputPlane);
      }
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

static void run_in_place(const direct_plan *plan, const float *x, const float *packed, const float *bias, float *y,
                         ptrdiff_t part, ptrdiff_t parts) {
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
                         .floor = dk_splat(layer->inputRelu ? 0 : -INFINITY), .relu = layer->outputRelu},
                .blocks = direct_blocks_of(layer->outputs, plan->block),
                .guarded = guarded};
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
               y + image * layer->outputs * job.sums.outputPlane);
    slot = image * slots + last;
  }
}

static void run_panels(const direct_plan *plan, const float *x, const float *packed, const float *bias, float *y,
                       ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  const direct_layer *layer = &plan->layer;
  const inference_window *v = &layer->window;
  const direct_tiles tiles = direct_tiles_of(plan, rows, parts);
  const ptrdiff_t active = direct_least(parts, tiles.count);
  if (part >= active) return;
  const ptrdiff_t taps = taps_of(v), panelFloats = direct_panel_floats(plan, tiles.rows);
  float *panel = workspace + part * panelFloats;
  dk_job job = {.plan = plan,
                .sums = {.depth = layer->inputs * taps, .pitch = plan->pitch, .width = v->outputWidth,
                         .outputPlane = v->outputHeight * v->outputWidth, .relu = layer->outputRelu},
                .blocks = direct_blocks_of(layer->outputs, plan->block)};
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
    run_pixels(&job, cursor, panel, packed + group * layer->outputs * job.sums.depth,
               bias ? bias + group * layer->outputs : NULL,
               y + image * layer->outputs * job.sums.outputPlane + firstRow * v->outputWidth);
  }
}

static void run(const direct_plan *plan, const float *x, const float *packed, const float *bias, float *y,
                ptrdiff_t rows, float *workspace, ptrdiff_t part, ptrdiff_t parts) {
  if (rows == 0) {
    run_in_place(plan, x, packed, bias, y, part, parts);
  } else {
    run_panels(plan, x, packed, bias, y, rows, workspace, part, parts);
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
