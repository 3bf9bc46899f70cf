// Windows moved over single planes: depthwise convolution and pools. Included into the body of a variant.
//
// A strip of 16 output columns is computed from top to bottom. Every image row is loaded once and added to all output
// rows whose windows contain it, which take turns in a few registers. Columns outside the image are masked.

#ifndef TANDEM_DIRECT_WINDOWS_H
#define TANDEM_DIRECT_WINDOWS_H

enum {
  DK_MOST_TAPS = 7,
  DK_MOST_DILATION = 8,
  DK_ROW_END = 2 * DIRECT_LANES + (DK_MOST_TAPS - 1) * DK_MOST_DILATION,
};

// Image rows that lie outside: of zeros, and of what no maximum is less than.
static const float zeros[DK_ROW_END];
static const float least[2 * DIRECT_LANES + 8] = {
#define DK_EIGHT -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY
    DK_EIGHT, DK_EIGHT, DK_EIGHT, DK_EIGHT, DK_EIGHT};

// The image rows under a strip are `dilation` apart, the first one is `top`.
typedef struct {
  // From the strip's first column on, in row 0.
  const float *image;
  ptrdiff_t top, height, width, dilation;
  ptrdiff_t outputs, outputStep;
  int lanes;
  // For each of the kernel's columns a mask of the image's columns, or two where the stride of 2 takes every other one.
  dk_guard guards[DK_MOST_TAPS + 1][2];
} dk_strip;

// The strip at an output column, without its rows.
DK_INLINE dk_strip strip_of(const inference_window *v, const float *plane, ptrdiff_t column, const int taps,
                            const int stride) {
  const ptrdiff_t left = column * stride - v->paddingLeft;
  dk_strip strip = {.image = plane + left,
                    .height = v->height,
                    .width = v->width,
                    .dilation = v->dilationHeight,
                    .outputStep = v->dilationHeight * v->outputWidth,
                    .lanes = (int)direct_least(v->outputWidth - column, DIRECT_LANES)};
  DK_UNROLL for (int j = 0; j < taps; j += stride) {
    DK_UNROLL for (int half = 0; half < stride; half++) {
      const ptrdiff_t first = left + j * v->dilationWidth + half * DIRECT_LANES;
      strip.guards[j][half] = dk_below(dk_isplat((int32_t)first) + dk_counting, (int32_t)v->width);
    }
  }
  return strip;
}

// Its rows: every `dilation`-th output row from `row` on.
DK_INLINE void set_rows(dk_strip *strip, const inference_window *v, ptrdiff_t row, const int stride) {
  const ptrdiff_t left = v->outputHeight - row;
  strip->top = row * stride - v->paddingTop;
  strip->outputs = v->dilationHeight == 1 ? left : (left + v->dilationHeight - 1) / v->dilationHeight;
}

// What the kernel's column j sees in 16 columns of an image row from `from` on and, where the stride is 2, what column
// j + 1 sees.
DK_INLINE void window_values(const float *from, const dk_guard guards[2], const int stride, dk_vec fill,
                             dk_vec values[2]) {
  const dk_vec a = dk_load_filled(from, guards[0], fill);
  if (stride == 1) {
    values[0] = a;
  } else {
    const dk_vec b = dk_load_filled(from + DIRECT_LANES, guards[1], fill);
    values[0] = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    values[1] = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  }
}

// ---- Depthwise convolution ----

typedef struct {
  const float *weight;
  float bias, floor;
  int relu;
} dk_depthwise;

// Large kernels run over the upper and the lower half at once: each weight, which has to be loaded again and again,
// then serves two vectors. The halves share a row where the number of rows is odd.
DK_INLINE void depthwise_strip(const dk_strip *strip, const dk_depthwise *job, float *y, const ptrdiff_t dilation,
                               const int taps, const int stride) {
  const int active = (taps + stride - 1) / stride, halves = DK_HALVES(taps);
  const float *image = strip->image;
  const ptrdiff_t step = strip->dilation * strip->width, height = strip->height;
  const ptrdiff_t outputs = (strip->outputs + halves - 1) / halves, lower = strip->outputs - outputs;
  const ptrdiff_t outputStep = strip->outputStep;
  const int relu = job->relu, lanes = strip->lanes;
  const dk_vec floor = dk_splat(job->floor), bias = dk_splat(job->bias);
  dk_guard guards[DK_MOST_TAPS + 1][2];
  DK_UNROLL for (int j = 0; j < taps; j += stride) {
    DK_UNROLL for (int half = 0; half < stride; half++) guards[j][half] = strip->guards[j][half];
  }
  const float *weights = job->weight;
  dk_vec sums[2][DK_MOST_TAPS], resident[3][3];
  if (taps == 3) {
    DK_UNROLL for (int k = 0; k < 3; k++) {
      DK_UNROLL for (int j = 0; j < 3; j++) resident[k][j] = dk_splat(weights[k * 3 + j]);
    }
  }
  ptrdiff_t h[2], offset[2];
  float *target[2];
  DK_UNROLL for (int p = 0; p < halves; p++) {
    DK_UNROLL for (int i = 0; i < active; i++) sums[p][i] = bias;
    h[p] = strip->top + p * lower * stride * strip->dilation;
    offset[p] = h[p] * strip->width;
    target[p] = y + p * lower * outputStep;
  }
  for (ptrdiff_t output = 1 - active;;) {
    // Step u begins an output row and ends the one before the `active - 1` last.
    DK_UNROLL for (int u = 0; u < active; u++) {
      DK_UNROLL for (int s = 0; s < stride; s++) {
        const float *row[2];
        if (taps > 3) DK_RELOAD(weights);
        DK_UNROLL for (int p = 0; p < halves; p++) {
          row[p] = (size_t)h[p] < (size_t)height ? image + offset[p] : zeros;
          h[p] += strip->dilation;
          offset[p] += step;
        }
        DK_UNROLL for (int j = 0; j < taps; j += stride) {
          dk_vec values[2][2];
          DK_UNROLL for (int p = 0; p < halves; p++) {
            window_values(row[p] + j * dilation, guards[j], stride, dk_splat(0), values[p]);
          }
          DK_UNROLL for (int e = 0; e < stride; e++) {
            if (j + e >= taps) continue;
            DK_UNROLL for (int p = 0; p < halves; p++) values[p][e] = dk_at_least(floor, values[p][e]);
            DK_UNROLL for (int m = 0; m < active; m++) {
              const int k = s + m * stride, i = (u - m + active) % active;
              if (k >= taps) continue;
              const dk_vec weight = taps > 3 ? dk_splat(weights[k * taps + j + e]) : resident[k][j + e];
              DK_UNROLL for (int p = 0; p < halves; p++) {
                if (k == 0 && j + e == 0) sums[p][i] = bias;
                sums[p][i] += weight * values[p][e];
              }
            }
          }
          DK_UNROLL for (int p = 0; p < halves; p++) {
            DK_UNROLL for (int i = 0; i < active; i++) DK_KEEP(sums[p][i]);
          }
        }
      }
      if (output >= 0) {
        DK_UNROLL for (int p = 0; p < halves; p++) {
          const dk_vec result = sums[p][(u + 1) % active];
          dk_store_first(target[p], relu ? dk_rectify(result) : result, lanes);
          target[p] += outputStep;
        }
      }
      if (++output == outputs) return;
    }
  }
}

DK_INLINE void depthwise_plane(const inference_window *v, const float *plane, const dk_depthwise *job, float *y,
                               const int taps, const int stride) {
  for (ptrdiff_t column = 0; column < v->outputWidth; column += DIRECT_LANES) {
    dk_strip strip = strip_of(v, plane, column, taps, stride);
    for (ptrdiff_t row = 0; row < direct_least(v->dilationHeight, v->outputHeight); row++) {
      set_rows(&strip, v, row, stride);
      float *target = y + row * v->outputWidth + column;
      if (strip.dilation == 1) {
        depthwise_strip(&strip, job, target, 1, taps, stride);
      } else {
        depthwise_strip(&strip, job, target, strip.dilation, taps, stride);
      }
    }
  }
}

#define DK_DEPTHWISE(taps, stride)                                                                                    \
  static void depthwise_##taps##_##stride(const inference_window *v, const float *plane, const dk_depthwise *job,     \
                                          float *y) {                                                                 \
    depthwise_plane(v, plane, job, y, taps, stride);                                                                  \
  }
DK_DEPTHWISE(3, 1)
DK_DEPTHWISE(3, 2)
DK_DEPTHWISE(5, 1)
DK_DEPTHWISE(5, 2)
DK_DEPTHWISE(7, 1)
DK_DEPTHWISE(7, 2)
static void (*const depthwise_kernels[3][2])(const inference_window *, const float *, const dk_depthwise *, float *) = {
    {depthwise_3_1, depthwise_3_2}, {depthwise_5_1, depthwise_5_2}, {depthwise_7_1, depthwise_7_2}};

static int depthwise(const inference_window *v, const float *x, ptrdiff_t channels, ptrdiff_t multiplier,
                     const float *weight, const float *bias, int inputRelu, int relu, float *y) {
  const ptrdiff_t taps = v->kernelHeight, stride = v->strideHeight, dilation = v->dilationHeight;
  if (taps != v->kernelWidth || stride != v->strideWidth || dilation != v->dilationWidth ||
      dilation > DK_MOST_DILATION || stride > 2 || (taps != 3 && taps != 5 && taps != 7) ||
      (stride == 2 && dilation != 1)) {
    return 0;
  }
  for (ptrdiff_t c = 0, o = 0; c < channels; c++) {
    for (ptrdiff_t end = o + multiplier; o < end; o++) {
      const dk_depthwise job = {.weight = weight + o * taps * taps,
                                .bias = bias ? bias[o] : 0,
                                .floor = inputRelu ? 0 : -INFINITY,
                                .relu = relu};
      depthwise_kernels[taps / 2 - 1][stride - 1](v, x + c * v->height * v->width, &job,
                                                  y + o * v->outputHeight * v->outputWidth);
    }
  }
  return 1;
}

// ---- Pools ----

DK_INLINE dk_vec pooled(dk_vec before, dk_vec value, const int maximum) {
  return maximum ? dk_at_least(value, before) : before + value;
}

// The reciprocals of how many taps lie inside the image's columns, 0 where none does.
DK_INLINE dk_vec column_factors(const dk_strip *strip, const int taps, const int stride) {
  static const float ones[DIRECT_LANES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  dk_vec counts = dk_splat(0), factors = dk_splat(0);
  DK_UNROLL for (int j = 0; j < taps; j += stride) {
    const dk_vec a = dk_load_filled(ones, strip->guards[j][0], dk_splat(0));
    if (stride == 1) {
      counts += a;
    } else {
      const dk_vec b = dk_load_filled(ones, strip->guards[j][1], dk_splat(0));
      counts += __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      if (j + 1 < taps)
        counts += __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
  }
  DK_UNROLL for (int count = 1; count <= taps; count++) {
    const dk_ivec equal = counts == dk_splat((float)count);
    factors = (dk_vec)((dk_ivec)factors | (equal & (dk_ivec)dk_splat(1.0f / (float)(count * taps))));
  }
  return factors;
}

DK_INLINE void pool_strip(const dk_strip *strip, int countsPadding, float *y, const int maximum, const int taps,
                          const int stride) {
  // At least two, as the loop over one would not be one.
  const int active = taps > stride ? (taps + stride - 1) / stride : 2;
  const float *image = strip->image, *outside = maximum ? least : zeros;
  const ptrdiff_t width = strip->width, height = strip->height;
  const ptrdiff_t outputs = strip->outputs, outputStep = strip->outputStep;
  const int lanes = strip->lanes;
  const dk_vec start = dk_splat(maximum ? -INFINITY : 0), whole = dk_splat(1.0f / (float)(taps * taps));
  const dk_vec factors = maximum || countsPadding ? whole : column_factors(strip, taps, stride);
  dk_guard guards[DK_MOST_TAPS + 1][2];
  DK_UNROLL for (int j = 0; j < taps; j += stride) {
    DK_UNROLL for (int half = 0; half < stride; half++) guards[j][half] = strip->guards[j][half];
  }
  dk_vec results[DK_MOST_TAPS];
  DK_UNROLL for (int i = 0; i < active; i++) results[i] = start;
  ptrdiff_t h = strip->top, offset = strip->top * width;
  for (ptrdiff_t output = 1 - active;;) {
    // Step u begins an output row and ends the one before the `active - 1` last.
    DK_UNROLL for (int u = 0; u < active; u++) {
      DK_UNROLL for (int s = 0; s < stride; s++) {
        const float *row = (size_t)h < (size_t)height ? image + offset : outside;
        h++;
        offset += width;
        dk_vec across = start;
        DK_UNROLL for (int j = 0; j < taps; j += stride) {
          dk_vec values[2];
          window_values(row + j, guards[j], stride, start, values);
          DK_UNROLL for (int e = 0; e < stride; e++) {
            if (j + e < taps) across = pooled(across, values[e], maximum);
          }
        }
        DK_UNROLL for (int m = 0; m < active; m++) {
          const int k = s + m * stride, i = (u - m + active) % active;
          if (k < taps) results[i] = k == 0 ? across : pooled(results[i], across, maximum);
        }
      }
      if (output >= 0) {
        dk_vec result = results[(u + 1) % active];
        if (!maximum) {
          result *= factors;
          // The factors are those of windows that lie inside as far as rows go.
          const ptrdiff_t top = strip->top + output * stride;
          if (!countsPadding && (top < 0 || top + taps > height)) {
            const ptrdiff_t inside = direct_least(top + taps, height) - direct_greatest(top, 0);
            result *= dk_splat(inside > 0 ? (float)taps / (float)inside : 0);
          }
        }
        dk_store_first(y, result, lanes);
        y += outputStep;
      }
      if (++output == outputs) return;
    }
  }
}

DK_INLINE void pool_plane(const inference_window *v, const float *plane, int countsPadding, float *y,
                          const int maximum, const int taps, const int stride) {
  for (ptrdiff_t column = 0; column < v->outputWidth; column += DIRECT_LANES) {
    dk_strip strip = strip_of(v, plane, column, taps, stride);
    set_rows(&strip, v, 0, stride);
    pool_strip(&strip, countsPadding, y + column, maximum, taps, stride);
  }
}

#define DK_POOL(taps, stride)                                                                                         \
  static void max_pool_##taps##_##stride(const inference_window *v, const float *plane, int padding, float *y) {      \
    pool_plane(v, plane, padding, y, 1, taps, stride);                                                                \
  }                                                                                                                   \
  static void average_pool_##taps##_##stride(const inference_window *v, const float *plane, int padding, float *y) {  \
    pool_plane(v, plane, padding, y, 0, taps, stride);                                                                \
  }
DK_POOL(2, 1)
DK_POOL(2, 2)
DK_POOL(3, 1)
DK_POOL(3, 2)
static void (*const pool_kernels[2][2][2])(const inference_window *, const float *, int, float *) = {
    {{average_pool_2_1, average_pool_2_2}, {average_pool_3_1, average_pool_3_2}},
    {{max_pool_2_1, max_pool_2_2}, {max_pool_3_1, max_pool_3_2}}};

static int pool(const inference_window *v, const float *x, ptrdiff_t channels, int maximum, int countsPadding,
                float *y) {
  const ptrdiff_t taps = v->kernelHeight, stride = v->strideHeight;
  if (taps != v->kernelWidth || stride != v->strideWidth || stride > 2 || taps < 2 || taps > 3 ||
      v->dilationHeight != 1 || v->dilationWidth != 1) {
    return 0;
  }
  for (ptrdiff_t c = 0; c < channels; c++) {
    pool_kernels[maximum][taps - 2][stride - 1](v, x + c * v->height * v->width, countsPadding,
                                                y + c * v->outputHeight * v->outputWidth);
  }
  return 1;
}

#endif
