// Loops of inference over tensors of any rank, float32: element-wise functions, arithmetic, softmax, normalisation of
// rows, strided copies and resizing.
//
// Compiled for several vector extensions like inference_kernels.h. Pointers must not overlap unless a comment allows it.

#ifndef TANDEM_TENSOR_KERNELS_H
#define TANDEM_TENSOR_KERNELS_H

#include <stddef.h>

/// The functions of `tensor_function`, with their parameters. What is not a number stays so.
enum {
  /// min(max(x, a), b)
  FUNCTION_CLIP = 0,
  /// x where it is positive, a · x elsewhere
  FUNCTION_LEAKY_RELU = 1,
  /// 1 / (1 + e^−x)
  FUNCTION_SIGMOID = 2,
  /// min(max(a · x + b, 0), 1)
  FUNCTION_HARD_SIGMOID = 3,
  /// x · min(max(x + 3, 0), 6) / 6
  FUNCTION_HARD_SWISH = 4,
  /// x / (1 + e^−x)
  FUNCTION_SILU = 5,
  /// the error function
  FUNCTION_ERF = 6,
  /// x · (1 + erf(x / √2)) / 2
  FUNCTION_GELU = 7,
};

/// The functions of `tensor_arithmetic`.
enum { ARITHMETIC_ADD = 0, ARITHMETIC_SUBTRACT = 1, ARITHMETIC_MULTIPLY = 2, ARITHMETIC_DIVIDE = 3 };

/// y = function(x), element by element. `y` may be `x`.
void tensor_function(int function, float a, float b, const float *x, ptrdiff_t elements, float *y);

/// y = a ∘ b, element by element; an operand that does not vary is its first element for all. `y` may be an operand.
void tensor_arithmetic(int function, const float *a, int aVaries, const float *b, int bVaries, ptrdiff_t elements,
                       float *y);

/// Softmax of each row.
void tensor_softmax_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, float *y);

/// Softmax of each of `columns` columns of `rows` elements; rows lie `stride` apart in x and y.
void tensor_softmax_columns(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, float *y);

/// The mean of each of `columns` columns of `rows` elements; rows lie `stride` apart.
void tensor_column_means(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, float *y);

/// y = scale · (x − mean) / √(variance + epsilon) + shift in each row, by the row's own mean and variance; `shift` may
/// be null.
void tensor_normalize_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, const float *scale, const float *shift,
                           float epsilon, float *y);

/// Copies a matrix whose rows and columns lie as far apart as the strides say.
void tensor_copy(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t xRow, ptrdiff_t xColumn, float *y,
                 ptrdiff_t yRow, ptrdiff_t yColumn);

/// Fills `rows` rows of y, one behind the other, each with `before` times the value, `columns` elements of a row of x, whose
/// rows lie `xRow` apart, and `after` times the value.
void tensor_pad_rows(const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t xRow, ptrdiff_t before,
                     ptrdiff_t after, float value, float *y);

/// Elements of `planes` images: row r and column c of the result are row rowIndex[r], column columnIndex[c].
void tensor_resize_nearest(const float *x, ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, ptrdiff_t outputHeight,
                           ptrdiff_t outputWidth, const int *rowIndex, const int *columnIndex, float *y);

/// One row and column of a linear resize: `first` · (1 − weight) + `second` · weight.
typedef struct {
  int first, second;
  float weight;
} tensor_mixture;

/// Linear interpolation between rows and columns of `planes` images.
void tensor_resize_linear(const float *x, ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, ptrdiff_t outputHeight,
                          ptrdiff_t outputWidth, const tensor_mixture *rows, const tensor_mixture *columns, float *y);

#endif
