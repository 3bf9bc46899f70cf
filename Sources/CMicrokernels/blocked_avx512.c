#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)

// Sums fill 24 registers, the address of each pixel one of the others.
#define BK_VECTORS 4
#define BK_MOST_PIXELS {12, 10, 8, 6}
#define BK_PIXELS 12
#define BK_TILES(X)                                                                 \
  BK_WIDE_TILES(X)                                                                  \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7) X(2, 8) X(2, 9) X(2, 10)  \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6) X(3, 7) X(3, 8)                   \
  X(4, 1) X(4, 2) X(4, 3) X(4, 4) X(4, 5) X(4, 6)
#define BK_WIDE_TILES(X) \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) X(1, 9) X(1, 10) X(1, 11) X(1, 12)
// Of two operands one of which is not a number, the instruction returns the second.
#define BK_RECTIFY(x) ((bk_vec)_mm512_max_ps(_mm512_setzero_ps(), (__m512)(x)))
#define BK_TABLE blocked_table_avx512
#include "blocked_template.h"

#pragma clang attribute pop
#endif
