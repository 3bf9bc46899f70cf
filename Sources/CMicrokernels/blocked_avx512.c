#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)

#define BK_PIXELS 14
#define BK_SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
// Of two operands one of which is not a number, the instruction returns the second.
#define BK_RECTIFY(x) ((bk_vec)_mm512_max_ps(_mm512_setzero_ps(), (__m512)(x)))
#define BK_TABLE blocked_table_avx512
#include "blocked_template.h"

#pragma clang attribute pop
#endif
