// Statistics, element-wise kernels and pools of one variant; included by training_kernels_template.h.

// ---- Statistics and element-wise kernels over one plane ----

// Sums run in four independent vectors, so that additions overlap and rounding errors stay small.
#define TK_SUM(result, count, expression)                                        \
  do {                                                                           \
    tk_vec partial[4] = {tk_zero, tk_zero, tk_zero, tk_zero};                    \
    for (int64_t i = 0; i < (count) / TK_VECTOR; i += 4) {                       \
      TK_UNROLL for (int k = 0; k < 4; k++) {                                    \
        const int64_t at = i + k;                                                \
        partial[k] += (expression);                                              \
      }                                                                          \
    }                                                                            \
    result = horizontal_sum((partial[0] + partial[1]) + (partial[2] + partial[3])); \
  } while (0)

#if TK_VECTOR * 4 > TK_LANES
// A plane of one pixel has only TK_LANES / TK_VECTOR vectors.
#undef TK_SUM
#define TK_SUM(result, count, expression)                                        \
  do {                                                                           \
    tk_vec partial[2] = {tk_zero, tk_zero};                                      \
    for (int64_t i = 0; i < (count) / TK_VECTOR; i += 2) {                       \
      TK_UNROLL for (int k = 0; k < 2; k++) {                                    \
        const int64_t at = i + k;                                                \
        partial[k] += (expression);                                              \
      }                                                                          \
    }                                                                            \
    result = horizontal_sum(partial[0] + partial[1]);                            \
  } while (0)
#endif

static float plane_sum(const float *values, int64_t count) {
  const tk_vec *v = vectors(values);
  float sum;
  TK_SUM(sum, count, v[at]);
  return sum;
}

// One pass, about the mean of the first pixel. That pixel is one of n, so that it lies within sqrt(n) standard deviations
// of the mean: the difference below loses at most a factor n of the precision, and next to nothing in practice.
static void moments(const float *values, int64_t count, float *mean, float *variance) {
  const tk_vec *v = vectors(values);
  const float pivot = horizontal_sum(v[0]) * (1.0f / TK_VECTOR);
  tk_vec sums[2] = {tk_zero, tk_zero}, squares[2] = {tk_zero, tk_zero};
  for (int64_t i = 0; i < count / TK_VECTOR; i += 2) {
    TK_UNROLL for (int k = 0; k < 2; k++) {
      const tk_vec x = v[i + k] - pivot;
      sums[k] += x;
      squares[k] += x * x;
    }
  }
  const float average = horizontal_sum(sums[0] + sums[1]) / (float)count;
  const float square = horizontal_sum(squares[0] + squares[1]) / (float)count - average * average;
  *mean = pivot + average;
  *variance = square > 0 ? square : square < 0 ? 0 : square;
}

TK_INLINE void combine_terms(const tk_term *terms, const int32_t term_count, int64_t count, float *plain,
                             float *rectified) {
  for (int64_t i = 0; i < count / TK_VECTOR; i++) {
    tk_vec sum = vectors(terms[0].values)[i] * terms[0].scale + terms[0].shift;
    for (int32_t t = 1; t < term_count; t++)
      sum += vectors(terms[t].values)[i] * terms[t].scale + terms[t].shift;
    if (plain) mutable_vectors(plain)[i] = sum;
    if (rectified) mutable_vectors(rectified)[i] = rectify(sum);
  }
}

static void combine(const tk_term *terms, int32_t term_count, int64_t count, float *plain, float *rectified) {
  switch (term_count) {
    case 1: combine_terms(terms, 1, count, plain, rectified); break;
    case 2: combine_terms(terms, 2, count, plain, rectified); break;
    case 3: combine_terms(terms, 3, count, plain, rectified); break;
    default: combine_terms(terms, term_count, count, plain, rectified); break;
  }
}

TK_INLINE float combine_gradient_terms(const float *plain_gradient, const float *rectified,
                                       const float *rectified_gradient, float *gradient, tk_normalized *terms,
                                       const int32_t term_count, int64_t count) {
  tk_vec sums[2] = {tk_zero, tk_zero}, products[3][2];
  TK_UNROLL for (int32_t t = 0; t < term_count; t++) products[t][0] = products[t][1] = tk_zero;
  const bool writes = rectified_gradient || gradient != plain_gradient;
  for (int64_t i = 0; i < count / TK_VECTOR; i += 2) {
    TK_UNROLL for (int k = 0; k < 2; k++) {
      tk_vec g = plain_gradient ? vectors(plain_gradient)[i + k] : tk_zero;
      if (rectified_gradient) {
        const tk_mask positive = vectors(rectified)[i + k] > tk_zero;
        g += (tk_vec)((tk_mask)vectors(rectified_gradient)[i + k] & positive);
      }
      if (writes) mutable_vectors(gradient)[i + k] = g;
      sums[k] += g;
      TK_UNROLL for (int32_t t = 0; t < term_count; t++)
        products[t][k] += g * (vectors(terms[t].values)[i + k] - terms[t].mean);
    }
  }
  TK_UNROLL for (int32_t t = 0; t < term_count; t++)
    terms[t].product_sum = horizontal_sum(products[t][0] + products[t][1]);
  return horizontal_sum(sums[0] + sums[1]);
}

static float combine_gradient(const float *plain_gradient, const float *rectified,
                              const float *rectified_gradient, float *gradient, tk_normalized *terms,
                              int32_t term_count, int64_t count) {
  float sum;
#define TK_COMBINE(n) \
  combine_gradient_terms(plain_gradient, rectified, rectified_gradient, gradient, terms, n, count)
  switch (term_count) {
    case 0: sum = TK_COMBINE(0); break;
    case 1: sum = TK_COMBINE(1); break;
    case 2: sum = TK_COMBINE(2); break;
    default: sum = TK_COMBINE(3); break;
  }
#undef TK_COMBINE
  for (int32_t t = 3; t < term_count; t++) {
    const tk_vec *v = vectors(terms[t].values);
    const float mean = terms[t].mean;
    TK_SUM(terms[t].product_sum, count, vectors(gradient)[at] * (v[at] - mean));
  }
  return sum;
}

static void affine(float a, const float *x, float b, const float *y, float c, float *result,
                   int32_t accumulate, int64_t count) {
  tk_vec *target = mutable_vectors(result);
  if (accumulate) {
    for (int64_t i = 0; i < count / TK_VECTOR; i++) target[i] += a * vectors(x)[i] + (b * vectors(y)[i] + c);
  } else {
    for (int64_t i = 0; i < count / TK_VECTOR; i++) target[i] = a * vectors(x)[i] + (b * vectors(y)[i] + c);
  }
}

static void copy(const float *x, float *result, int32_t accumulate, int64_t count) {
  if (accumulate) {
    for (int64_t i = 0; i < count / TK_VECTOR; i++) mutable_vectors(result)[i] += vectors(x)[i];
  } else {
    memcpy(result, x, (size_t)count * sizeof(float));
  }
}

// ---- Pools ----

// Runs `body` for every part of every pixel of every channel; `target` is the index of the result's vector.
#define TK_FOR_EACH_PIXEL(plan, body)                                                                       \
  for (int32_t channel = 0; channel < (plan)->channels; channel++) {                                        \
    const int64_t source_plane = channel * (plan)->source_plane / TK_VECTOR;                                \
    const int64_t result_plane = channel * (plan)->result_plane / TK_VECTOR;                                \
    for (int32_t row = 0; row < (plan)->rows; row++) {                                                      \
      for (int32_t column = 0; column < (plan)->columns; column++) {                                        \
        for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) {                                             \
          const int64_t target =                                                                            \
              result_plane + ((int64_t)row * (plan)->columns + column) * TK_PIXEL_PARTS + part;             \
          body                                                                                              \
        }                                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }

// Runs `body` for every valid tap of one result; `source` is the index of the source's vector.
#define TK_FOR_EACH_TAP(plan, body)                                                                         \
  for (int32_t i = (plan)->row_starts[row]; i < (plan)->row_starts[row + 1]; i++) {                         \
    for (int32_t j = (plan)->column_starts[column]; j < (plan)->column_starts[column + 1]; j++) {           \
      const int64_t source = source_plane                                                                   \
          + ((int64_t)(plan)->row_taps[i].source * (plan)->source_columns                                   \
             + (plan)->column_taps[j].source) * TK_PIXEL_PARTS + part;                                      \
      body                                                                                                  \
    }                                                                                                       \
  }

static void max_pool(const tk_pool *plan, const float *source_values, float *result) {
  const tk_vec *x = vectors(source_values);
  tk_vec *y = mutable_vectors(result);
  TK_FOR_EACH_PIXEL(plan, {
    tk_vec largest = tk_zero - __builtin_inff();
    TK_FOR_EACH_TAP(plan, {
      const tk_mask larger = x[source] > largest;
      largest = (tk_vec)(((tk_mask)x[source] & larger) | ((tk_mask)largest & ~larger));
    })
    y[target] = largest;
  })
}

static void max_pool_gradient(const tk_pool *plan, const float *source_values, const float *result,
                              const float *result_gradient, float *source_gradient) {
  const tk_vec *x = vectors(source_values);
  tk_vec *dx = mutable_vectors(source_gradient);
  TK_FOR_EACH_PIXEL(plan, {
    const tk_vec largest = vectors(result)[target];
    tk_mask remaining = (tk_mask)vectors(result_gradient)[target];
    TK_FOR_EACH_TAP(plan, {
      const tk_mask chosen = x[source] == largest;
      dx[source] += (tk_vec)(remaining & chosen);
      remaining &= ~chosen;
    })
  })
}

TK_INLINE float reciprocal_taps(const tk_pool *plan, int32_t row, int32_t column) {
  const int32_t valid = (plan->row_starts[row + 1] - plan->row_starts[row])
      * (plan->column_starts[column + 1] - plan->column_starts[column]);
  const int32_t divisor = plan->fixed_divisor > 0 ? plan->fixed_divisor : valid;
  return 1.0f / (float)(divisor > 0 ? divisor : 1);
}

// sums[i] = the sum of lines[k][i] over the `count` lines.
TK_INLINE void sum_lines(const tk_vec *const *lines, const int32_t count, int64_t length, tk_vec *sums) {
  for (int64_t i = 0; i < length; i++) {
    tk_vec sum = lines[0][i];
    for (int32_t k = 1; k < count; k++) sum += lines[k][i];
    sums[i] = sum;
  }
}

// The sum over the window's rows of every column of the source, for one row of the result.
TK_INLINE void sum_window_rows(const tk_pool *plan, const tk_vec *x, int32_t row, tk_vec *sums) {
  const int64_t length = (int64_t)plan->source_columns * TK_PIXEL_PARTS;
  const tk_tap *taps = plan->row_taps + plan->row_starts[row];
  const int32_t count = plan->row_starts[row + 1] - plan->row_starts[row];
  const tk_vec *lines[3];
  for (int32_t k = 0; k < 3 && k < count; k++) lines[k] = x + taps[k].source * length;
  switch (count) {
    case 0: memset(sums, 0, (size_t)length * sizeof(tk_vec)); return;
    case 1: sum_lines(lines, 1, length, sums); return;
    case 2: sum_lines(lines, 2, length, sums); return;
    default: sum_lines(lines, 3, length, sums);
  }
  for (int32_t k = 3; k < count; k++) {
    for (int64_t i = 0; i < length; i++) sums[i] += x[taps[k].source * length + i];
  }
}

// First over the window's rows, then over its columns.
static void average_pool(const tk_pool *plan, const float *source_values, float *result, float *scratch) {
  tk_vec *sums = mutable_vectors(scratch);
  for (int32_t channel = 0; channel < plan->channels; channel++) {
    const tk_vec *x = vectors(source_values + channel * plan->source_plane);
    tk_vec *y = mutable_vectors(result + channel * plan->result_plane);
    for (int32_t row = 0; row < plan->rows; row++) {
      sum_window_rows(plan, x, row, sums);
      for (int32_t column = 0; column < plan->columns; column++) {
        const tk_tap *tap = plan->column_taps + plan->column_starts[column];
        const tk_tap *end = plan->column_taps + plan->column_starts[column + 1];
        const float share = reciprocal_taps(plan, row, column);
        tk_vec totals[TK_PIXEL_PARTS];
        TK_UNROLL for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) totals[part] = tk_zero;
        for (; tap < end; tap++) {
          TK_UNROLL for (int32_t part = 0; part < TK_PIXEL_PARTS; part++)
            totals[part] += sums[tap->source * TK_PIXEL_PARTS + part];
        }
        TK_UNROLL for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) *y++ = totals[part] * share;
      }
    }
  }
}

static void average_pool_gradient(const tk_pool *plan, const float *result_gradient, float *source_gradient) {
  tk_vec *dx = mutable_vectors(source_gradient);
  TK_FOR_EACH_PIXEL(plan, {
    const tk_vec share = vectors(result_gradient)[target] * reciprocal_taps(plan, row, column);
    TK_FOR_EACH_TAP(plan, { dx[source] += share; })
  })
}

static void global_average(const float *source, int32_t channels, int64_t pixels, float *result) {
  for (int32_t channel = 0; channel < channels; channel++) {
    for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) {
      tk_vec sum = tk_zero;
      for (int64_t pixel = 0; pixel < pixels; pixel++)
        sum += vectors(source)[(channel * pixels + pixel) * TK_PIXEL_PARTS + part];
      mutable_vectors(result)[channel * TK_PIXEL_PARTS + part] = sum * (1.0f / (float)pixels);
    }
  }
}

static void global_average_gradient(const float *result_gradient, int32_t channels, int64_t pixels,
                                    float *source_gradient, int32_t accumulate) {
  for (int32_t channel = 0; channel < channels; channel++) {
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
      for (int32_t part = 0; part < TK_PIXEL_PARTS; part++) {
        tk_vec *target = mutable_vectors(source_gradient) + (channel * pixels + pixel) * TK_PIXEL_PARTS + part;
        const tk_vec share =
            vectors(result_gradient)[channel * TK_PIXEL_PARTS + part] * (1.0f / (float)pixels);
        *target = accumulate ? *target + share : share;
      }
    }
  }
}
