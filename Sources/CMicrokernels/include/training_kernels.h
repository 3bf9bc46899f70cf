#ifndef TANDEM_TRAINING_KERNELS_H
#define TANDEM_TRAINING_KERNELS_H

#include <stdint.h>

// Kernels for training on small images with few channels.
//
// Layout: a value of C channels, H rows and W columns is [C][H][W][32]: the innermost dimension is a *chunk* of
// TK_LANES images, so that vectors are full whatever the number of channels or columns, and a tap of a window is
// a shift by whole vectors. A plane is one channel: H * W * TK_LANES floats. All values are aligned to 64 bytes.
//
// Every variant (AVX-512, AVX2 with FMA, portable) offers the same table; tk_select picks one at run time.

// The number of images processed together.
#define TK_LANES 32

// One tap of a window in one dimension: the row (or column) of the source that is read, and the kernel's row
// (or column) that it is multiplied with.
typedef struct {
  int32_t source;
  int32_t tap;
} tk_tap;

// A convolution as a gather: every pixel of the result sums taps of the source. Forward passes and gradients with
// respect to the input are both of this form, for any stride, padding and dilation, and differ in their taps only.
typedef struct {
  int32_t groups;
  int32_t source_channels;  // of one group
  int32_t result_channels;  // of one group
  int32_t source_columns;
  int32_t rows;             // of the result
  int32_t columns;          // of the result
  int32_t kernel_rows;
  int32_t kernel_columns;
  int64_t source_plane;     // floats
  int64_t result_plane;     // floats
  const int32_t *row_starts;     // rows + 1 indices into row_taps
  const tk_tap *row_taps;
  const int32_t *column_starts;  // columns + 1 indices into column_taps
  const tk_tap *column_taps;
} tk_gather;

// The geometry of a convolution, for the gradient with respect to its weight.
typedef struct {
  int32_t groups;
  int32_t input_channels;   // of one group
  int32_t output_channels;  // of one group
  int32_t input_rows, input_columns;
  int32_t output_rows, output_columns;
  int32_t kernel_rows, kernel_columns;
  int32_t stride_rows, stride_columns;
  int32_t padding_top, padding_left;
  int32_t dilation_rows, dilation_columns;
} tk_convolution;

// Some channels of a value, one plane after the other. Several operands together stand for their channels in sequence.
typedef struct {
  float *values;
  int32_t channels;
  int32_t accumulate;  // of a result: whether it is added to what is there
} tk_operand;

// A convolution with a window of 3x3, stride 1, padding 1 and one group, for Winograd's F(4x4, 3x3).
typedef struct {
  int32_t sources, results;  // channels of all operands together
  int32_t rows, columns;     // of the source and of the result
  int32_t group;             // tiles of 4x4 pixels that are transformed together
} tk_winograd;

// A pool as a gather over its valid taps.
typedef struct {
  int32_t channels;
  int32_t source_columns;
  int32_t rows, columns;  // of the result
  int64_t source_plane, result_plane;
  const int32_t *row_starts;
  const tk_tap *row_taps;
  const int32_t *column_starts;
  const tk_tap *column_taps;
  int32_t fixed_divisor;  // of an average; 0 for the number of valid taps
} tk_pool;

// One summand of tk_combine: scale * values + shift.
typedef struct {
  const float *values;
  float scale;
  float shift;
} tk_term;

// One normalised summand in the backward pass of tk_combine.
typedef struct {
  const float *values;  // the value before normalisation
  float mean;
  float product_sum;    // result: sum of gradient * (values - mean)
} tk_normalized;

typedef struct {
  // The variant, for logs: "avx512", "avx2" or "portable".
  const char *name;
  // The largest number of result channels computed together; the packed weight's layout depends on it.
  int32_t block;

  // Arranges weight[result][source][tap] (strides in floats) of one group for `gather`: blocks of `block` result
  // channels, then 4, 2 and 1 of them for the rest, each as [tap][source][block].
  void (*pack)(const float *weight, int64_t result_stride, int64_t source_stride, int32_t taps,
               int32_t results, int32_t sources, float *packed);
  // result = (accumulate ? result : bias or 0) + convolution. `packed` holds the groups one after the other.
  void (*gather)(const tk_gather *plan, const float *source, const float *packed, const float *bias,
                 float *result, int32_t accumulate);
  // weight_gradient[o][c][tap] += sum over pixels and images of output_gradient * input. `scratch` has at least
  // tk_weight_gradient_scratch floats, aligned to 64 bytes.
  void (*weight_gradient)(const tk_convolution *plan, const float *input, const float *output_gradient,
                          float *scratch, float *weight_gradient);

  // Transforms the weights [outputs][inputs][9] of convolutions of one input, whose outputs (as many as an operand has
  // channels) stand one after the other: for `winograd` from the input to the outputs, or (`backward`) from the
  // outputs' gradients to the input's. `packed` has 36 floats for each pair of channels.
  void (*winograd_pack)(const tk_winograd *plan, const tk_operand *weights, int32_t weight_count,
                        int32_t backward, float *packed);
  // The convolution of all sources to all results. `scratch` has at least tk_winograd_scratch floats.
  void (*winograd)(const tk_winograd *plan, const tk_operand *sources, int32_t source_count, const float *packed,
                   const tk_operand *results, int32_t result_count, float *scratch);
  // weight_gradients[g][o][c][tap] += sum over pixels and images of gradient g's channel o * input; `scratch` as above.
  void (*winograd_weight_gradient)(const tk_winograd *plan, const tk_operand *inputs, int32_t input_count,
                                   const tk_operand *gradients, int32_t gradient_count, float *scratch,
                                   float *const *weight_gradients);

  // Mean and biased variance of `count` floats (a multiple of TK_LANES), in one pass.
  void (*moments)(const float *values, int64_t count, float *mean, float *variance);
  // Sum of `count` floats.
  float (*sum)(const float *values, int64_t count);
  // plain = sum of terms, rectified = max(plain, 0); either result may be null.
  void (*combine)(const tk_term *terms, int32_t term_count, int64_t count, float *plain, float *rectified);
  // gradient = plain_gradient + (rectified > 0 ? rectified_gradient : 0), where a null pointer stands for zeros;
  // `gradient` may be one of the two. Returns its sum and the sums of products of each normalised summand.
  float (*combine_gradient)(const float *plain_gradient, const float *rectified,
                            const float *rectified_gradient, float *gradient, tk_normalized *terms,
                            int32_t term_count, int64_t count);
  // result = (accumulate ? result : 0) + a * x + b * y + c.
  void (*affine)(float a, const float *x, float b, const float *y, float c, float *result,
                 int32_t accumulate, int64_t count);
  // result = (accumulate ? result : 0) + x.
  void (*copy)(const float *x, float *result, int32_t accumulate, int64_t count);

  void (*max_pool)(const tk_pool *plan, const float *source, float *result);
  // source_gradient += the result's gradient at the first tap that holds the maximum.
  void (*max_pool_gradient)(const tk_pool *plan, const float *source, const float *result,
                            const float *result_gradient, float *source_gradient);
  // `scratch` has a row of the source of one channel.
  void (*average_pool)(const tk_pool *plan, const float *source, float *result, float *scratch);
  // source_gradient += the result's gradient over all taps.
  void (*average_pool_gradient)(const tk_pool *plan, const float *result_gradient, float *source_gradient);
  // Per channel and image: the mean over the plane's pixels.
  void (*global_average)(const float *source, int32_t channels, int64_t pixels, float *result);
  // The gradient of `global_average`: the result's gradient divided by `pixels`, at every pixel.
  void (*global_average_gradient)(const float *result_gradient, int32_t channels, int64_t pixels,
                                  float *source_gradient, int32_t accumulate);
} tk_table;

// Instruction sets a table may be asked for.
enum { TK_PORTABLE = 0, TK_AVX2 = 1, TK_AVX512 = 2 };

// The table of one instruction set, or null where this processor or build lacks it.
const tk_table *tk_table_for(int32_t instruction_set);

// The best table for this processor.
const tk_table *tk_select(void);

// Floats of scratch memory that `weight_gradient` needs for a convolution, with any table.
int64_t tk_weight_gradient_scratch(const tk_convolution *plan);

// Floats of scratch memory that `winograd` and `winograd_weight_gradient` need, with any table.
int64_t tk_winograd_scratch(const tk_winograd *plan);

#endif
