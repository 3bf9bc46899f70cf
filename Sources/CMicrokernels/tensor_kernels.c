#include "tensor_kernels.h"

#include "elementwise_math.h"

#define SQUARE_ROOT_OF_HALF 0.70710678f

INLINE float function_value(int function, float a, float b, float x) {
  switch (function) {
    case FUNCTION_CLIP: return clipped(x, a, b);
    case FUNCTION_LEAKY_RELU: return x < 0 ? a * x : x;
    case FUNCTION_SIGMOID: return sigmoid(x);
    case FUNCTION_HARD_SIGMOID: return clipped(a * x + b, 0, 1);
    case FUNCTION_HARD_SWISH: return activated(x, ACTIVATION_HARD_SWISH);
    case FUNCTION_SILU: return activated(x, ACTIVATION_SILU);
    case FUNCTION_ERF: return error_function(x);
    default: return 0.5f * x * (1.0f + error_function(x * SQUARE_ROOT_OF_HALF));
  }
}

INLINE void apply(float a, float b, const float *x, ptrdiff_t elements, float *y, int function) {
  for (ptrdiff_t i = 0; i < elements; i++) y[i] = function_value(function, a, b, x[i]);
}

MULTIVERSION
void tensor_function(int function, float a, float b, const float *x, ptrdiff_t elements, float *y) {
  switch (function) {
    case FUNCTION_CLIP: apply(a, b, x, elements, y, FUNCTION_CLIP); break;
    case FUNCTION_LEAKY_RELU: apply(a, b, x, elements, y, FUNCTION_LEAKY_RELU); break;
    case FUNCTION_SIGMOID: apply(a, b, x, elements, y, FUNCTION_SIGMOID); break;
    case FUNCTION_HARD_SIGMOID: apply(a, b, x, elements, y, FUNCTION_HARD_SIGMOID); break;
    case FUNCTION_HARD_SWISH: apply(a, b, x, elements, y, FUNCTION_HARD_SWISH); break;
    case FUNCTION_SILU: apply(a, b, x, elements, y, FUNCTION_SILU); break;
    case FUNCTION_ERF: apply(a, b, x, elements, y, FUNCTION_ERF); break;
    case FUNCTION_GELU: apply(a, b, x, elements, y, FUNCTION_GELU); break;
    default: break;
  }
}

INLINE float arithmetic_value(int function, float a, float b) {
  switch (function) {
    case ARITHMETIC_ADD: return a + b;
    case ARITHMETIC_SUBTRACT: return a - b;
    case ARITHMETIC_MULTIPLY: return a * b;
    default: return a / b;
  }
}

INLINE void combine(const float *a, int aVaries, const float *b, int bVaries, ptrdiff_t elements, float *y,
                    int function) {
  const float first = a[0], second = b[0];
  if (aVaries && bVaries) {
    for (ptrdiff_t i = 0; i < elements; i++) y[i] = arithmetic_value(function, a[i], b[i]);
  } else if (aVaries) {
    for (ptrdiff_t i = 0; i < elements; i++) y[i] = arithmetic_value(function, a[i], second);
  } else if (bVaries) {
    for (ptrdiff_t i = 0; i < elements; i++) y[i] = arithmetic_value(function, first, b[i]);
  } else {
    const float value = arithmetic_value(function, first, second);
    for (ptrdiff_t i = 0; i < elements; i++) y[i] = value;
  }
}

MULTIVERSION
void tensor_arithmetic(int function, const float *a, int aVaries, const float *b, int bVaries, ptrdiff_t elements,
                       float *y) {
  switch (function) {
    case ARITHMETIC_ADD: combine(a, aVaries, b, bVaries, elements, y, ARITHMETIC_ADD); break;
    case ARITHMETIC_SUBTRACT: combine(a, aVaries, b, bVaries, elements, y, ARITHMETIC_SUBTRACT); break;
    case ARITHMETIC_MULTIPLY: combine(a, aVaries, b, bVaries, elements, y, ARITHMETIC_MULTIPLY); break;
    case ARITHMETIC_DIVIDE: combine(a, aVaries, b, bVaries, elements, y, ARITHMETIC_DIVIDE); break;
    default: break;
  }
}

// Sums and maxima are kept in as many parts as vectors have lanes, which the order of a plain loop would forbid.
enum { lanes = 16 };

INLINE float larger(float a, float b) { return a < b ? b : a; }

INLINE float row_sum(const float *x, ptrdiff_t columns) {
  float partial[lanes] = {0};
  ptrdiff_t i = 0;
  for (; i + lanes <= columns; i += lanes) {
    for (int lane = 0; lane < lanes; lane++) partial[lane] += x[i + lane];
  }
  float sum = 0;
  for (; i < columns; i++) sum += x[i];
  for (int lane = 0; lane < lanes; lane++) sum += partial[lane];
  return sum;
}

MULTIVERSION
void tensor_softmax_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, float *y) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *from = x + r * columns;
    float *to = y + r * columns;
    float partial[lanes];
    for (int lane = 0; lane < lanes; lane++) partial[lane] = -INFINITY;
    ptrdiff_t i = 0;
    for (; i + lanes <= columns; i += lanes) {
      for (int lane = 0; lane < lanes; lane++) partial[lane] = larger(partial[lane], from[i + lane]);
    }
    float most = -INFINITY;
    for (; i < columns; i++) most = larger(most, from[i]);
    for (int lane = 0; lane < lanes; lane++) most = larger(most, partial[lane]);
    for (i = 0; i < columns; i++) to[i] = exponential(from[i] - most);
    const float factor = 1 / row_sum(to, columns);
    for (i = 0; i < columns; i++) to[i] *= factor;
  }
}

MULTIVERSION
void tensor_softmax_columns(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, float *y) {
  enum { block = 64 };
  float most[block], sum[block];
  for (ptrdiff_t first = 0; first < columns; first += block) {
    const ptrdiff_t length = columns - first < block ? columns - first : block;
    for (ptrdiff_t i = 0; i < length; i++) most[i] = -INFINITY;
    for (ptrdiff_t i = 0; i < length; i++) sum[i] = 0;
    for (ptrdiff_t r = 0; r < rows; r++) {
      const float *from = x + r * stride + first;
      for (ptrdiff_t i = 0; i < length; i++) most[i] = larger(most[i], from[i]);
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
      const float *from = x + r * stride + first;
      float *to = y + r * stride + first;
      for (ptrdiff_t i = 0; i < length; i++) {
        const float value = exponential(from[i] - most[i]);
        to[i] = value;
        sum[i] += value;
      }
    }
    for (ptrdiff_t i = 0; i < length; i++) sum[i] = 1 / sum[i];
    for (ptrdiff_t r = 0; r < rows; r++) {
      float *to = y + r * stride + first;
      for (ptrdiff_t i = 0; i < length; i++) to[i] *= sum[i];
    }
  }
}

MULTIVERSION
void tensor_column_means(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, float *y) {
  for (ptrdiff_t i = 0; i < columns; i++) y[i] = x[i];
  for (ptrdiff_t r = 1; r < rows; r++) {
    const float *from = x + r * stride;
    for (ptrdiff_t i = 0; i < columns; i++) y[i] += from[i];
  }
  const float divisor = (float)rows;
  for (ptrdiff_t i = 0; i < columns; i++) y[i] /= divisor;
}

MULTIVERSION
void tensor_normalize_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift,
                           float epsilon, float *y) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *from = x + r * columns;
    float *to = y + r * columns;
    const float mean = row_sum(from, columns) / (float)columns;
    // The centred values are kept, so that a large mean does not cost the variance its digits.
    for (ptrdiff_t i = 0; i < columns; i++) to[i] = from[i] - mean;
    float partial[lanes] = {0};
    ptrdiff_t i = 0;
    for (; i + lanes <= columns; i += lanes) {
      for (int lane = 0; lane < lanes; lane++) partial[lane] += to[i + lane] * to[i + lane];
    }
    float squares = 0;
    for (; i < columns; i++) squares += to[i] * to[i];
    for (int lane = 0; lane < lanes; lane++) squares += partial[lane];
    const float factor = 1 / sqrtf(squares / (float)columns + epsilon);
    if (shift) {
      for (i = 0; i < columns; i++) to[i] = to[i] * factor * scale[i] + shift[i];
    } else {
      for (i = 0; i < columns; i++) to[i] = to[i] * factor * scale[i];
    }
  }
}

MULTIVERSION
void tensor_copy(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t xRow, ptrdiff_t xColumn, float *y,
                 ptrdiff_t yRow, ptrdiff_t yColumn) {
  if (xColumn == 1 && yColumn == 1) {
    for (ptrdiff_t r = 0; r < rows; r++) memcpy(y + r * yRow, x + r * xRow, (size_t)columns * sizeof(float));
    return;
  }
  // Square blocks, so that neither side leaves its cache lines before they are used up.
  enum { block = 16 };
  for (ptrdiff_t top = 0; top < rows; top += block) {
    const ptrdiff_t bottom = rows - top < block ? rows : top + block;
    for (ptrdiff_t left = 0; left < columns; left += block) {
      const ptrdiff_t right = columns - left < block ? columns : left + block;
      for (ptrdiff_t r = top; r < bottom; r++) {
        for (ptrdiff_t c = left; c < right; c++) y[r * yRow + c * yColumn] = x[r * xRow + c * xColumn];
      }
    }
  }
}

// Images have short rows, for which a call costs more than the copy.
INLINE void copy_row(const float *restrict x, ptrdiff_t count, float *restrict y) {
  enum { step = 16, most = 256 };
  if (count < step || count > most) {
    memcpy(y, x, (size_t)count * sizeof(float));
    return;
  }
  for (ptrdiff_t i = 0; i + step <= count; i += step) memcpy(y + i, x + i, step * sizeof(float));
  // Overlaps what was copied before.
  memcpy(y + count - step, x + count - step, step * sizeof(float));
}

MULTIVERSION
void tensor_pad_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t xRow, ptrdiff_t before,
                     ptrdiff_t after, float value, float *y) {
  for (ptrdiff_t r = 0; r < rows; r++, x += xRow) {
    for (ptrdiff_t i = 0; i < before; i++) *y++ = value;
    copy_row(x, columns, y);
    y += columns;
    for (ptrdiff_t i = 0; i < after; i++) *y++ = value;
  }
}

MULTIVERSION
void tensor_resize_nearest(const float *x, ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, ptrdiff_t outputHeight,
                           ptrdiff_t outputWidth, const int *rowIndex, const int *columnIndex, float *y) {
  for (ptrdiff_t p = 0; p < planes; p++) {
    for (ptrdiff_t r = 0; r < outputHeight; r++) {
      float *to = y + (p * outputHeight + r) * outputWidth;
      if (r > 0 && rowIndex[r] == rowIndex[r - 1]) {
        memcpy(to, to - outputWidth, (size_t)outputWidth * sizeof(float));
        continue;
      }
      const float *from = x + (p * height + rowIndex[r]) * width;
      for (ptrdiff_t c = 0; c < outputWidth; c++) to[c] = from[columnIndex[c]];
    }
  }
}

MULTIVERSION
void tensor_resize_linear(const float *x, ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, ptrdiff_t outputHeight,
                          ptrdiff_t outputWidth, const tensor_mixture *rows, const tensor_mixture *columns, float *y) {
  for (ptrdiff_t p = 0; p < planes; p++) {
    for (ptrdiff_t r = 0; r < outputHeight; r++) {
      const float *upper = x + (p * height + rows[r].first) * width;
      const float *lower = x + (p * height + rows[r].second) * width;
      const float down = rows[r].weight;
      float *to = y + (p * outputHeight + r) * outputWidth;
      for (ptrdiff_t c = 0; c < outputWidth; c++) {
        const ptrdiff_t left = columns[c].first, right = columns[c].second;
        const float above = upper[left] + (upper[right] - upper[left]) * columns[c].weight;
        const float below = lower[left] + (lower[right] - lower[left]) * columns[c].weight;
        to[c] = above + (below - above) * down;
      }
    }
  }
}
