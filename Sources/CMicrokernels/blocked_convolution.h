// Convolution of blocked images, on vectors of output channels. Included into the body of a variant.

#ifndef TANDEM_BLOCKED_CONVOLUTION_H
#define TANDEM_BLOCKED_CONVOLUTION_H

typedef bk_vec bk_sums[BK_PIXELS][2];

// Adds the products of some channels of one block. Pixels lie `step` apart, but the first and the last one anywhere.
// Returns the weights of what comes next.
BK_INLINE const float *bk_add_products(bk_sums sums, const float *from, ptrdiff_t step, const float *first,
                                       const float *last, ptrdiff_t channels, const float *weights, const int relu,
                                       const int pixels, const int vectors) {
  for (ptrdiff_t c = 0; c < channels; c++, weights += vectors * BLOCKED_LANES) {
    const float *at = from + c;
    bk_vec factors[2];
    BK_UNROLL for (int n = 0; n < vectors; n++) factors[n] = bk_load(weights + n * BLOCKED_LANES);
    BK_UNROLL for (int p = 0; p < pixels; p++) {
      bk_vec x = bk_splat(p == 0 ? first[c] : p == pixels - 1 ? last[c] : *at);
      if (relu) x = bk_rectify(x);
      BK_UNROLL for (int n = 0; n < vectors; n++) sums[p][n] += x * factors[n];
      at += step;
      // Else the compiler computes all addresses beforehand, for which there are not enough registers.
      __asm__("" : "+r"(at));
    }
  }
  return weights;
}

// The same where any pixel may lie outside the image, which is rare: every one has an address.
BK_INLINE const float *bk_add_outer_products(bk_sums sums, const float *const *from, ptrdiff_t channels,
                                             const float *weights, const int relu, const int pixels,
                                             const int vectors) {
  for (ptrdiff_t c = 0; c < channels; c++, weights += vectors * BLOCKED_LANES) {
    bk_vec factors[2];
    BK_UNROLL for (int n = 0; n < vectors; n++) factors[n] = bk_load(weights + n * BLOCKED_LANES);
    BK_UNROLL for (int p = 0; p < pixels; p++) {
      bk_vec x = bk_splat(from[p][c]);
      if (relu) x = bk_rectify(x);
      BK_UNROLL for (int n = 0; n < vectors; n++) sums[p][n] += x * factors[n];
    }
  }
  return weights;
}

// What comes after the sums in all but the simplest cases.
static __attribute__((noinline)) void bk_finish(const blocked_job *job, bk_vec *results, ptrdiff_t pixels,
                                                ptrdiff_t lanes, ptrdiff_t offset) {
  const blocked_layer *layer = job->layer;
  for (ptrdiff_t p = 0; p < pixels && job->addend; p++) {
    results[p] += bk_load_first(job->addend + offset + p * layer->outputBlock, lanes);
  }
  if (layer->outputActivation != ACTIVATION_NONE) va_activate_all(layer->outputActivation, results, pixels);
  for (ptrdiff_t p = 0; p < pixels; p++) bk_store_first(job->y + offset + p * layer->outputBlock, results[p], lanes);
}

// A tile of `pixels` neighbours in a row of the output times `vectors` vectors of channels.
BK_INLINE void bk_convolve_tile(const blocked_job *job, ptrdiff_t row, ptrdiff_t column, const float *packed,
                                const bk_vec *bias, const int relu, const int pixels, const int vectors) {
  const blocked_layer *layer = job->layer;
  const inference_window *v = &layer->window;
  const ptrdiff_t block = layer->inputBlock, plane = v->height * v->width * block;
  const ptrdiff_t stride = v->strideWidth, width = v->width;
  bk_sums sums;
  BK_UNROLL for (int p = 0; p < pixels; p++) {
    BK_UNROLL for (int n = 0; n < vectors; n++) sums[p][n] = bias[n];
  }
  for (ptrdiff_t i = 0; i < v->kernelHeight; i++) {
    const ptrdiff_t h = row * v->strideHeight + i * v->dilationHeight - v->paddingTop;
    if (h < 0 || h >= v->height) continue;
    const float *image = job->x + h * width * block;
    for (ptrdiff_t j = 0; j < v->kernelWidth; j++) {
      const float *weights = packed + (i * v->kernelWidth + j) * layer->inputs * vectors * BLOCKED_LANES;
      const ptrdiff_t left = column * stride + j * v->dilationWidth - v->paddingLeft;
      const ptrdiff_t right = left + (pixels - 1) * stride;
      // Pixels outside the image are read from zeros, of which there are enough for a block.
      const int all = left >= 0 && right < width;
      if (all || (left + stride >= 0 && right - stride < width)) {
        const int inside[2] = {left >= 0 && left < width, right >= 0 && right < width};
        const float *from = image + left * block;
        const float *first = inside[0] ? from : job->zeros, *last = inside[1] ? image + right * block : job->zeros;
        for (ptrdiff_t c = 0; c < layer->inputs; c += block) {
          weights = bk_add_products(sums, from, stride * block, first, last, blocked_least(block, layer->inputs - c),
                                    weights, relu, pixels, vectors);
          from += plane;
          if (inside[0]) first += plane;
          if (inside[1]) last += plane;
        }
      } else {
        const float *from[BK_PIXELS];
        for (ptrdiff_t c = 0; c < layer->inputs; c += block) {
          for (int p = 0; p < pixels; p++) {
            const ptrdiff_t at = left + p * stride;
            from[p] = at >= 0 && at < width ? image + at * block + c / block * plane : job->zeros;
          }
          weights = bk_add_outer_products(sums, from, blocked_least(block, layer->inputs - c), weights, relu, pixels,
                                          vectors);
        }
      }
    }
  }
  const int simple = !job->addend && layer->outputActivation <= ACTIVATION_RELU6;
  BK_UNROLL for (int n = 0; n < vectors; n++) {
    bk_vec results[BK_PIXELS];
    BK_UNROLL for (int p = 0; p < pixels; p++) results[p] = sums[p][n];
    const ptrdiff_t lanes = job->lanes[n];
    const ptrdiff_t offset = job->offsets[n] + (row * v->outputWidth + column) * layer->outputBlock;
    if (simple && lanes == BLOCKED_LANES) {
      if (layer->outputActivation != ACTIVATION_NONE) {
        const int highest = layer->outputActivation == ACTIVATION_RELU6;
        BK_UNROLL for (int p = 0; p < pixels; p++) {
          results[p] = highest ? va_activated(results[p], ACTIVATION_RELU6) : bk_rectify(results[p]);
        }
      }
      float *y = job->y + offset;
      BK_UNROLL for (int p = 0; p < pixels; p++, y += layer->outputBlock) bk_store(y, results[p]);
    } else {
      bk_vec all[BK_PIXELS];
      BK_UNROLL for (int p = 0; p < pixels; p++) all[p] = results[p];
      bk_finish(job, all, pixels, lanes, offset);
    }
  }
}

typedef void (*bk_tile)(const blocked_job *job, ptrdiff_t row, ptrdiff_t column, const float *packed,
                        const bk_vec *bias);

#define BK_TILE(name, pixels, vectors, relu)                                                                      \
  static void bk_##name##_##pixels##_##vectors(const blocked_job *job, ptrdiff_t row, ptrdiff_t column,           \
                                               const float *packed, const bk_vec *bias) {                        \
    bk_convolve_tile(job, row, column, packed, bias, relu, pixels, vectors);                                      \
  }
#define BK_TILES(pixels) \
  BK_TILE(plain, pixels, 1, 0) BK_TILE(plain, pixels, 2, 0) BK_TILE(relu, pixels, 1, 1) BK_TILE(relu, pixels, 2, 1)
BK_SIZES(BK_TILES)
#define BK_ENTRY(pixels) \
  [pixels - 1] = {{bk_plain_##pixels##_1, bk_plain_##pixels##_2}, {bk_relu_##pixels##_1, bk_relu_##pixels##_2}},
// By whether the image has yet to pass a ReLU, and the vectors less one.
static const bk_tile bk_tiles[BK_PIXELS][2][2] = {BK_SIZES(BK_ENTRY)};

// One row of the output for one block of channels.
static void bk_convolve_row(const blocked_job *given, ptrdiff_t row, ptrdiff_t firstOutput) {
  blocked_job job = *given;
  const blocked_layer *layer = job.layer;
  const ptrdiff_t plane = layer->window.outputHeight * layer->window.outputWidth, block = layer->outputBlock;
  const ptrdiff_t vectors = blocked_least(2, (layer->outputs - firstOutput + BLOCKED_LANES - 1) / BLOCKED_LANES);
  bk_vec bias[2] = {bk_splat(0), bk_splat(0)};
  for (ptrdiff_t n = 0; n < vectors; n++) {
    const ptrdiff_t output = firstOutput + n * BLOCKED_LANES;
    if (job.bias) bias[n] = bk_load_first(job.bias + output, layer->outputs - output);
    job.lanes[n] = blocked_lanes(layer, output);
    job.offsets[n] = output / block * block * plane + output % block;
  }
  const float *packed = job.packed + firstOutput * blocked_depth(layer);
  // Even tiles: none is left with a pixel or two.
  const ptrdiff_t width = layer->window.outputWidth, tiles = (width + BK_PIXELS - 1) / BK_PIXELS;
  const ptrdiff_t size = width / tiles, larger = width % tiles;
  for (ptrdiff_t tile = 0, column = 0; tile < tiles; tile++) {
    const ptrdiff_t pixels = size + (tile < larger);
    bk_tiles[pixels - 1][layer->inputRelu][vectors - 1](&job, row, column, packed, bias);
    column += pixels;
  }
}

#endif
