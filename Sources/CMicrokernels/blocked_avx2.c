#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <math.h>
#include <stddef.h>
#include <stdint.h>

// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// A vector takes two registers. Sums fill 12 of 16; with those of two vectors, weights would go to memory and back.
#define BK_VECTORS 1
#define BK_MOST_PIXELS {6}
#define BK_PIXELS 6
#define BK_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
#define BK_TABLE blocked_table_avx2
#include "blocked_template.h"

#pragma clang attribute pop
#endif
