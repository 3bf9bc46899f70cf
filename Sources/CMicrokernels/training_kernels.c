#include "training_kernels.h"

#include <stddef.h>

#include "training_tables.h"

const tk_table *tk_table_for(int32_t instruction_set) {
  switch (instruction_set) {
    case TK_PORTABLE:
      return &tk_table_portable;
#if defined(__x86_64__)
    case TK_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &tk_table_avx2 : NULL;
    case TK_AVX512:
      return __builtin_cpu_supports("avx512f") ? &tk_table_avx512 : NULL;
#endif
    default:
      return NULL;
  }
}

const tk_table *tk_select(void) {
  for (int32_t set = TK_AVX512; set > TK_PORTABLE; set--) {
    const tk_table *table = tk_table_for(set);
    if (table) return table;
  }
  return &tk_table_portable;
}

int64_t tk_weight_gradient_scratch(const tk_convolution *plan) {
  const int64_t largest_block = 8, largest_vector = 16;
  return largest_block * largest_vector * plan->input_channels * plan->kernel_rows * plan->kernel_columns;
}

int64_t tk_winograd_scratch(const tk_winograd *plan) {
  const int64_t points = 36, largest_vector = 16, largest_pair = 4, widest = 32;
  const int64_t channels = (int64_t)plan->sources + plan->results;
  const int64_t transformed = points * (channels * plan->group * TK_LANES + 2 * largest_vector);
  const int64_t pairs = (plan->sources + largest_pair) * (int64_t)(plan->results + largest_pair);
  return transformed + points * (pairs + largest_vector) + largest_vector + widest * plan->group * TK_LANES;
}
