#if defined(__x86_64__)
// Before the attribute below, which must not reach the declarations in there.
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)

#define WG_VECTOR 16
#define WG_REGISTERS 32
#define WG_NAME "avx512"
#define WG_VARIANT winograd_variant_avx512
#include "winograd_template.h"

#pragma clang attribute pop
#endif
