// Depthwise convolution of single planes: how they are divided into blocks. Included into the body of a variant.

#ifndef TANDEM_DIRECT_DEPTHWISE_H
#define TANDEM_DIRECT_DEPTHWISE_H

#include "direct_depthwise_blocks.h"

typedef void (*dw_kernel)(const dw_block *block, const dw_layer *layer, const dw_plane *plane);

#define DW_KERNEL(taps, stride, rows)                                                                       \
  static void depthwise_##taps##_##stride##_##rows(const dw_block *block, const dw_layer *layer,           \
                                                   const dw_plane *plane) {                                 \
    dw_block_##stride(block, layer, plane, taps, rows);                                                     \
  }
DW_ALL_ROWS(DW_KERNEL, 3)
DW_ALL_ROWS(DW_KERNEL, 5)
DW_ALL_ROWS(DW_KERNEL, 7)

#define DW_SHIFTED(taps, stride, rows)                                                                      \
  static void depthwise_shifted_##rows(const dw_block *block, const dw_layer *layer, const dw_plane *plane) { \
    dw_block_shifted(block, layer, plane, rows);                                                            \
  }
DW_ROWS_1(DW_SHIFTED, 3)
#ifdef DW_SHIFTS
#define DW_WHOLE(taps, stride, rows)                                                                        \
  static void depthwise_whole_##rows(const dw_block *block, const dw_layer *layer, const dw_plane *plane) { \
    dw_block_whole(block, layer, plane, rows, 0);                                                           \
  }
DW_ROWS_1(DW_WHOLE, 3)
#define DW_WIDE(taps, stride, rows)                                                                        \
  static void depthwise_wide_##rows(const dw_block *block, const dw_layer *layer, const dw_plane *plane) { \
    dw_block_whole(block, layer, plane, rows, 1);                                                          \
  }
DW_ROWS_WIDE(DW_WIDE, 3)
#endif

typedef struct {
  ptrdiff_t rows;
  dw_kernel run;
} dw_choice;

#define DW_ENTRY(taps, stride, rows) {rows, depthwise_##taps##_##stride##_##rows},
static const dw_choice dw_choices[3][2][DW_CHOICES] = {
    {{DW_ROWS_1(DW_ENTRY, 3)}, {DW_ROWS_2(DW_ENTRY, 3)}},
    {{DW_ROWS_1(DW_ENTRY, 5)}, {DW_ROWS_2(DW_ENTRY, 5)}},
    {{DW_ROWS_1(DW_ENTRY, 7)}, {DW_ROWS_2(DW_ENTRY, 7)}}};
#define DW_SHIFTED_ENTRY(taps, stride, rows) {rows, depthwise_shifted_##rows},
static const dw_choice dw_shifted_choices[DW_CHOICES] = {DW_ROWS_1(DW_SHIFTED_ENTRY, 3)};
#ifdef DW_SHIFTS
#define DW_WHOLE_ENTRY(taps, stride, rows) {rows, depthwise_whole_##rows},
#define DW_WIDE_ENTRY(taps, stride, rows) {rows, depthwise_wide_##rows},
static const dw_choice dw_whole_choices[DW_CHOICES] = {DW_ROWS_1(DW_WHOLE_ENTRY, 3)};
static const dw_choice dw_wide_choices[DW_CHOICES] = {DW_ROWS_WIDE(DW_WIDE_ENTRY, 3)};
#endif

// The kernel that takes least for `height` output rows, the last block moved up to end with the last row.
DK_INLINE dw_choice dw_choice_for(const dw_choice *choices, ptrdiff_t height, ptrdiff_t taps) {
  dw_choice best = {0};
  ptrdiff_t least = 0;
  for (int c = 0; c < DW_CHOICES && choices[c].run; c++) {
    const ptrdiff_t rows = choices[c].rows;
    if (rows > height) continue;
    // A block costs its products, and about as much as a row of them for the loads that the next one repeats.
    const ptrdiff_t cost = (height + rows - 1) / rows * (rows * taps + taps + 2);
    if (best.run && cost >= least) continue;
    best = choices[c];
    least = cost;
  }
  return best;
}

// Fills in the strips from output column `column` on and returns how many there are.
DK_INLINE int dw_strips_of(const inference_window *v, ptrdiff_t column, ptrdiff_t lanes, int halves, dw_strip *strips) {
  const ptrdiff_t taps = v->kernelWidth;
  int count = 0;
  for (; count < DW_STRIPS && column < v->outputWidth; count++, column += lanes) {
    dw_strip *strip = &strips[count];
    strip->column = column;
    strip->left = column * v->strideWidth - v->paddingLeft;
    strip->lanes = (int)direct_least(v->outputWidth - column, lanes);
    for (ptrdiff_t j = 0; j < taps; j++) {
      const ptrdiff_t first = strip->left + j * v->dilationWidth;
      strip->guards[j][0] = dw_below(first, v->width);
      strip->guards[j][1] = dw_below(halves ? first : first + DW_LANES, v->width);
    }
  }
  return count;
}

// The planes and what they are convolved with.
typedef struct {
  const float *x, *weight, *bias;
  ptrdiff_t multiplier, outputs;
  float *y;
} dw_planes;

// Results `o` and `other`; with `halves`, in the halves of vectors.
DK_INLINE dw_plane dw_plane_of(const inference_window *v, const dw_planes *planes, ptrdiff_t o, ptrdiff_t other,
                               int halves) {
  const ptrdiff_t taps = v->kernelHeight * v->kernelWidth, image = v->height * v->width;
  const ptrdiff_t result = v->outputHeight * v->outputWidth, each = planes->multiplier;
  dw_plane plane = {.image = planes->x + (each == 1 ? o : o / each) * image,
                    .weights = {planes->weight + o * taps, planes->weight + other * taps},
                    .y = planes->y + o * result};
  plane.beside = halves ? planes->x + (each == 1 ? other : other / each) * image : plane.image + DW_LANES;
  plane.other = halves ? planes->y + other * result : NULL;
  plane.bias[0] = planes->bias ? planes->bias[o] : 0;
  plane.bias[1] = planes->bias ? planes->bias[other] : 0;
  return plane;
}

// Computes some blocks of all planes.
static void dw_run(const inference_window *v, const dw_layer *layer, const dw_planes *planes, const dw_block *blocks,
                   ptrdiff_t count, int halves) {
  for (ptrdiff_t o = 0; o < planes->outputs; o += 1 + halves) {
    const ptrdiff_t other = halves && o + 1 < planes->outputs ? o + 1 : o;
    const dw_plane plane = dw_plane_of(v, planes, o, other, halves);
    for (ptrdiff_t b = 0; b < count; b++) blocks[b].run(&blocks[b], layer, &plane);
  }
}

DK_INLINE ptrdiff_t dw_quotient_up(ptrdiff_t dividend, ptrdiff_t divisor) {
  return divisor == 1 ? dividend : (dividend + divisor - 1) / divisor;
}

// How planes are divided: the blocks of rows, the columns of a strip, strips in a block, and whether a vector's halves
// are rows of two planes.
typedef struct {
  const dw_choice *choices;
  ptrdiff_t lanes;
  int strips, halves;
} dw_division;

// All planes in blocks, whose places are worked out once, as many as there is room for, for all planes.
static void dw_run_blocks(const inference_window *v, const dw_layer *layer, const dw_planes *planes,
                          dw_division division) {
  const ptrdiff_t dilation = v->dilationHeight, stride = v->strideHeight, taps = v->kernelHeight;
  dw_strip strips[DW_STRIPS];
  dw_block blocks[DW_BLOCKS];
  for (ptrdiff_t column = 0; column < v->outputWidth; column += DW_STRIPS * division.lanes) {
    const int count = dw_strips_of(v, column, division.lanes, division.halves, strips);
    ptrdiff_t filled = 0;
    // Every `dilation`-th output row needs only every `dilation`-th image row.
    for (ptrdiff_t phase = 0; phase < direct_least(dilation, v->outputHeight); phase++) {
      const ptrdiff_t rows = dw_quotient_up(v->outputHeight - phase, dilation);
      const dw_choice choice = dw_choice_for(division.choices, rows, taps);
      const ptrdiff_t all = (choice.rows - 1) * stride + taps;
      for (ptrdiff_t done = 0; done < rows; done += choice.rows) {
        const ptrdiff_t row = phase + direct_least(done, rows - choice.rows) * dilation;
        const ptrdiff_t top = row * stride - v->paddingTop;
        if (filled + count > DW_BLOCKS) {
          dw_run(v, layer, planes, blocks, filled, division.halves);
          filled = 0;
        }
        for (int s = 0; s < count; s += division.strips) {
          blocks[filled++] =
              (dw_block){.run = choice.run,
                         .strip = &strips[s],
                         .from = top * v->width + strips[s].left,
                         .to = row * v->outputWidth + strips[s].column,
                         .first = top < 0 ? (int)dw_quotient_up(-top, dilation) : 0,
                         .end = (int)direct_least(dw_quotient_up(v->height - top, dilation), all)};
        }
      }
    }
    dw_run(v, layer, planes, blocks, filled, division.halves);
  }
}

#ifdef DW_SHIFTS
#define DW_SQUARE(taps, size, dilation)                                                                       \
  static void square_##taps##_##size##_##dilation(const dw_block *block, const dw_layer *layer,              \
                                                  const dw_plane *plane) {                                    \
    dw_square(block, layer, plane, taps, size, dilation);                                                     \
  }
#define DW_SQUARE_SIZES(F, taps, dilation) F(taps, 7, dilation) F(taps, 8, dilation)
DW_SQUARE_SIZES(DW_SQUARE, 3, 1)
DW_SQUARE_SIZES(DW_SQUARE, 5, 1)
DW_SQUARE_SIZES(DW_SQUARE, 7, 1)
DW_SQUARE_SIZES(DW_SQUARE, 3, 2)
DW_SQUARE_SIZES(DW_SQUARE, 5, 2)
#define DW_SQUARE_ENTRY(taps, size, dilation) square_##taps##_##size##_##dilation,
static const dw_kernel dw_squares[2][3][2] = {
    {{DW_SQUARE_SIZES(DW_SQUARE_ENTRY, 3, 1)}, {DW_SQUARE_SIZES(DW_SQUARE_ENTRY, 5, 1)},
     {DW_SQUARE_SIZES(DW_SQUARE_ENTRY, 7, 1)}},
    {{DW_SQUARE_SIZES(DW_SQUARE_ENTRY, 3, 2)}, {DW_SQUARE_SIZES(DW_SQUARE_ENTRY, 5, 2)}}};

// The kernel of a whole square plane; null where it is none.
static dw_kernel dw_square_for(const inference_window *v) {
  const ptrdiff_t size = v->width, around = v->kernelWidth / 2 * v->dilationWidth;
  if ((size != 7 && size != 8) || v->height != size || v->outputHeight != size || v->outputWidth != size ||
      v->strideHeight != 1 || v->dilationHeight > 2 || v->paddingTop != around || v->paddingLeft != around) {
    return NULL;
  }
  return dw_squares[v->dilationHeight - 1][v->kernelHeight / 2 - 1][size - 7];
}
#endif

static dw_division dw_division_of(const inference_window *v) {
  const ptrdiff_t taps = v->kernelHeight, stride = v->strideHeight, width = v->outputWidth;
  const ptrdiff_t fewest = (width + DW_LANES - 1) / DW_LANES;
  dw_division division = {.choices = dw_choices[taps / 2 - 1][stride - 1], .lanes = DW_LANES, .strips = 1};
  if (stride == 1 && taps == 3) {
    // Shifts take about a fifth less than loads.
    if (v->dilationWidth == 1 && (width + DW_LANES - 3) / (DW_LANES - 2) * 4 < fewest * 5) {
      division.choices = dw_shifted_choices;
      division.lanes = DW_LANES - 2;
#ifdef DW_SHIFTS
    } else if (v->paddingLeft == v->dilationWidth && fewest <= 2 && v->width <= fewest * DW_LANES) {
      division.choices = fewest == 2 ? dw_wide_choices : dw_whole_choices;
      division.strips = (int)fewest;
      return division;
#endif
    }
  } else if (stride == 2) {
    // Three columns of the kernel at once need one more image column than there is for the last lane.
    division.lanes -= DW_THREE_COLUMNS(taps);
    division.halves = DW_HALVES && width <= division.lanes / 2;
    if (division.halves) return division;
  }
  division.lanes = dw_lanes_for(width, division.lanes);
  return division;
}

static int depthwise(const inference_window *v, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                     const float *weight, const float *bias, int inputRelu, int activation, float *y) {
  const ptrdiff_t taps = v->kernelHeight, stride = v->strideHeight, dilation = v->dilationHeight;
  const ptrdiff_t below = (v->outputHeight - 1) * stride + (taps - 1) * dilation + 1 - v->paddingTop - v->height;
  if (taps != v->kernelWidth || stride != v->strideWidth || dilation != v->dilationWidth || stride > 2 ||
      (taps != 3 && taps != 5 && taps != 7) || dilation > DW_MOST_DILATION || (stride == 2 && dilation != 1) ||
      // Windows that see nothing but padding.
      v->paddingTop > (taps - 1) * dilation || below > (taps - 1) * dilation) {
    return 0;
  }
  const dw_planes planes = {x, weight, bias, multiplier, channels * multiplier, y};
  const dw_division division = dw_division_of(v);
  const dw_layer layer = {.pitch = dilation * v->width,
                          .across = dilation,
                          .step = dilation * v->outputWidth,
                          .ahead = v->height * v->width * (1 + division.halves),
                          .floor = inputRelu ? 0 : -INFINITY,
                          .activation = activation};
#ifdef DW_SHIFTS
  const dw_kernel square = dw_square_for(v);
  if (square) {
    dw_strip strip;
    dw_strips_of(v, 0, DW_LANES, 1, &strip);
    const dw_block whole = {.run = square, .strip = &strip};
    const dw_layer rows = {.step = v->width, .floor = layer.floor, .activation = activation};
    dw_run(v, &rows, &planes, &whole, 1, 1);
    return 1;
  }
#endif
  dw_run_blocks(v, &layer, &planes, division);
  return 1;
}

#endif
