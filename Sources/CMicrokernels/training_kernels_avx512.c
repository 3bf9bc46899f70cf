#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)

#define TK_VECTOR 16
#define TK_BLOCK 8
#define TK_PIXEL_VECTORS 2
#define TK_STREAMS 3
#define TK_NAME "avx512"
#define TK_TABLE tk_table_avx512
#include "training_kernels_template.h"

#pragma clang attribute pop
#endif
