#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define TK_VECTOR 8
#define TK_BLOCK 4
#define TK_PIXEL_VECTORS 2
#define TK_STREAMS 3
#define TK_NAME "avx2"
#define TK_TABLE tk_table_avx2
#include "training_kernels_template.h"

#pragma clang attribute pop
#endif
