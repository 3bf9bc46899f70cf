#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define WG_VECTOR 8
#define WG_REGISTERS 16
#define WG_NAME "avx2"
#define WG_VARIANT winograd_variant_avx2
#include "winograd_template.h"

#pragma clang attribute pop
#endif
