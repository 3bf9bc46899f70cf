#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <math.h>
#include <stddef.h>
#include <stdint.h>

// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define BK_PIXELS 3
#define BK_SIZES(X) X(1) X(2) X(3)
#define BK_TABLE blocked_table_avx2
#include "blocked_template.h"

#pragma clang attribute pop
#endif
