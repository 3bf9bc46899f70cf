// The weight gradient of a Winograd convolution; included by training_winograd_template.h, whose transforms it uses.

// Channels of inputs and of outputs whose products are summed in registers at once.
#if TK_VECTOR == 16
#define TK_PAIR 4
#else
#define TK_PAIR 2
#endif

// Adds to sums[output][input] of a block the products of all vectors of a group at one point.
TK_INLINE void winograd_pairs(const tk_vec *inputs, const tk_vec *outputs, int32_t width, float *sums,
                              const int32_t input_count, const int32_t output_count) {
  tk_vec partial[TK_PAIR * TK_PAIR];
  TK_UNROLL for (int32_t i = 0; i < TK_PAIR * TK_PAIR; i++) partial[i] = tk_zero;
  for (int32_t v = 0; v < width; v++) {
    tk_vec x[TK_PAIR];
    TK_UNROLL for (int32_t c = 0; c < input_count; c++) x[c] = inputs[c * width + v];
    TK_UNROLL for (int32_t o = 0; o < output_count; o++) {
      const tk_vec g = outputs[o * width + v];
      TK_UNROLL for (int32_t c = 0; c < input_count; c++) partial[o * TK_PAIR + c] += g * x[c];
    }
  }
#if TK_VECTOR == 16
  *mutable_vectors(sums) += horizontal_sums(partial);
#else
  for (int32_t i = 0; i < TK_PAIR * TK_PAIR; i++) sums[i] += horizontal_sum(partial[i]);
#endif
}

static void winograd_block(const tk_vec *inputs, const tk_vec *outputs, int32_t width, float *sums,
                           int32_t input_count, int32_t output_count) {
  if (input_count == TK_PAIR && output_count == TK_PAIR) {
    winograd_pairs(inputs, outputs, width, sums, TK_PAIR, TK_PAIR);
    return;
  }
  for (int32_t o = 0; o < output_count; o++) {
    for (int32_t c = 0; c < input_count; c++) {
      tk_vec partial = tk_zero;
      for (int32_t v = 0; v < width; v++) partial += outputs[o * width + v] * inputs[c * width + v];
      sums[o * TK_PAIR + c] += horizontal_sum(partial);
    }
  }
}

#if TK_VECTOR == 16
// Channels of inputs in the vectors of one block of `winograd_columns`.
#define TK_WIDE 32

TK_INLINE void transpose(tk_vec values[16]) {
  TK_UNROLL for (int round = 0; round < 4; round++) {
    tk_vec next[16];
    TK_UNROLL for (int i = 0; i < 8; i++) {
      const tk_vec a = values[i], b = values[i + 8];
      next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    TK_UNROLL for (int i = 0; i < 16; i++) values[i] = next[i];
  }
}

// sums[o][channel] += outputs[o][k] * inputs[k][channel] for TK_WIDE channels and all values k of a group.
TK_INLINE void winograd_columns(const float *outputs, int64_t output_step, const tk_vec *inputs, int64_t count,
                                float *sums, int64_t sums_step, const int32_t block) {
  tk_vec partial[8][2];
  TK_UNROLL for (int32_t o = 0; o < block; o++) {
    partial[o][0] = vectors(sums + o * sums_step)[0];
    partial[o][1] = vectors(sums + o * sums_step)[1];
  }
  for (int64_t k = 0; k < count; k++, outputs++, inputs += 2) {
    const tk_vec x0 = inputs[0], x1 = inputs[1];
    TK_UNROLL for (int32_t o = 0; o < block; o++) {
      partial[o][0] += outputs[o * output_step] * x0;
      partial[o][1] += outputs[o * output_step] * x1;
    }
  }
  TK_UNROLL for (int32_t o = 0; o < block; o++) {
    mutable_vectors(sums + o * sums_step)[0] = partial[o][0];
    mutable_vectors(sums + o * sums_step)[1] = partial[o][1];
  }
}

// One point of the weight gradient with the inputs' channels in vectors: no horizontal sums, at the price of a
// transposition of the inputs, which many outputs share. `buffer` holds TK_WIDE channels of the group.
static void winograd_wide(const tk_vec *values, const tk_vec *slopes, int32_t width, int32_t sources,
                          int32_t results, float *sums, tk_vec *buffer) {
  const int64_t count = (int64_t)width * 16;
  for (int32_t c = 0; c < sources; c += TK_WIDE) {
    for (int32_t half = 0; half < 2; half++) {
      for (int32_t v = 0; v < width; v++) {
        tk_vec block[16];
        TK_UNROLL for (int i = 0; i < 16; i++) block[i] = values[(c + 16 * half + i) * width + v];
        transpose(block);
        TK_UNROLL for (int i = 0; i < 16; i++) buffer[(v * 16 + i) * 2 + half] = block[i];
      }
    }
    int32_t o = 0;
    for (; o + 8 <= results; o += 8)
      winograd_columns((const float *)(slopes + o * width), count, buffer, count, sums + (int64_t)o * sources + c,
                       sources, 8);
    for (; o < results; o++)
      winograd_columns((const float *)(slopes + o * width), count, buffer, count, sums + (int64_t)o * sources + c,
                       sources, 1);
  }
}
#endif

// Whether `winograd_wide` applies: with few channels too few products share a transposition.
TK_INLINE bool winograd_is_wide(const tk_winograd *plan) {
#if TK_VECTOR == 16
  return plan->sources % TK_WIDE == 0;
#else
  (void)plan;
  return false;
#endif
}

// Sums of several pairs of channels side by side.
typedef float tk_pairs __attribute__((vector_size(TK_PAIR * TK_PAIR * 4), may_alias));

// The transpose of `winograd_weight_line`.
TK_INLINE void winograd_taps_line(const tk_pairs p[6], tk_pairs t[3]) {
  const tk_pairs sum1 = p[1] + p[2], sum2 = p[3] + p[4];
  t[0] = p[0] * 0.25f - sum1 * (1.0f / 6) + sum2 * (1.0f / 24);
  t[1] = (p[2] - p[1]) * (1.0f / 6) + (p[3] - p[4]) * (1.0f / 12);
  t[2] = (sum2 - sum1) * (1.0f / 6) + p[5];
}

TK_INLINE void winograd_taps(const float *points, int64_t step, tk_pairs taps[9]) {
  tk_pairs lines[3][6];
  TK_UNROLL for (int j = 0; j < 6; j++) {
    tk_pairs values[6], line[3];
    TK_UNROLL for (int i = 0; i < 6; i++) values[i] = *(const tk_pairs *)(points + (i * 6 + j) * step);
    winograd_taps_line(values, line);
    TK_UNROLL for (int i = 0; i < 3; i++) lines[i][j] = line[i];
  }
  TK_UNROLL for (int i = 0; i < 3; i++) winograd_taps_line(lines[i], taps + 3 * i);
}

static void winograd_weight_gradient(const tk_winograd *plan, const tk_operand *inputs, int32_t input_count,
                                     const tk_operand *gradients, int32_t gradient_count, float *scratch,
                                     float *const *weight_gradients) {
  const int32_t tiles = ((plan->columns + 3) / 4) * ((plan->rows + 3) / 4);
  const int32_t sources = plan->sources, results = plan->results;
  const int32_t source_blocks = (sources + TK_PAIR - 1) / TK_PAIR;
  const int32_t result_blocks = (results + TK_PAIR - 1) / TK_PAIR;
  const bool wide = winograd_is_wide(plan);
  // A line of padding, so that the points of a pair do not fall on the same set of the cache.
  const int64_t pair_step = (int64_t)source_blocks * result_blocks * TK_PAIR * TK_PAIR + 16;
  float *sums = scratch;
  // Rounded up to whole vectors.
  tk_vec *values = mutable_vectors(scratch + (TK_POINTS * pair_step + 15) / 16 * 16);
  memset(sums, 0, (size_t)(TK_POINTS * pair_step) * sizeof(float));
  for (int32_t first = 0; first < tiles; first += plan->group) {
    const int32_t count = first + plan->group < tiles ? plan->group : tiles - first;
    const int32_t width = count * TK_PIXEL_PARTS;
    const int64_t source_step = (int64_t)sources * width + 1;
    const int64_t result_step = (int64_t)results * width + 1;
    tk_vec *slopes = values + TK_POINTS * source_step;
    winograd_forward_group(plan, inputs, input_count, first, count, values, source_step, 6, 1);
    winograd_forward_group(plan, gradients, gradient_count, first, count, slopes, result_step, 4, 0);
    for (int32_t point = 0; point < TK_POINTS; point++) {
      float *block = sums + point * pair_step;
#if TK_VECTOR == 16
      if (wide) {
        winograd_wide(values + point * source_step, slopes + point * result_step, width, sources, results, block,
                      slopes + TK_POINTS * result_step);
        continue;
      }
#endif
      for (int32_t o = 0; o < results; o += TK_PAIR) {
        for (int32_t c = 0; c < sources; c += TK_PAIR) {
          winograd_block(values + point * source_step + c * width, slopes + point * result_step + o * width,
                         width, block, sources - c < TK_PAIR ? sources - c : TK_PAIR,
                         results - o < TK_PAIR ? results - o : TK_PAIR);
          block += TK_PAIR * TK_PAIR;
        }
      }
    }
  }
  // Where each result's gradient is.
  int32_t operand = 0, local = 0;
  float *rows[TK_PAIR] = {NULL};
  const int32_t row_count = wide ? 1 : TK_PAIR, row_width = wide ? TK_PAIR * TK_PAIR : TK_PAIR;
  const float *block = sums;
  for (int32_t result = 0; result < results; result += row_count) {
    for (int32_t r = 0; r < row_count; r++) {
      rows[r] = result + r < results ? weight_gradients[operand] + (int64_t)local * sources * 9 : NULL;
      if (rows[r] && ++local == gradients[operand].channels) operand++, local = 0;
    }
    for (int32_t c = 0; c < sources; c += row_width, block += TK_PAIR * TK_PAIR) {
      tk_pairs taps[9];
      winograd_taps(block, pair_step, taps);
      for (int32_t r = 0; r < row_count && rows[r]; r++) {
        for (int32_t i = 0; i < row_width && c + i < sources; i++) {
          TK_UNROLL for (int tap = 0; tap < 9; tap++) rows[r][(c + i) * 9 + tap] += taps[tap][r * row_width + i];
        }
      }
    }
  }
}
