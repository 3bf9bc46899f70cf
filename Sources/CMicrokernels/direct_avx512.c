#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#include "direct_tables.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)

#define DK_INLINE static inline __attribute__((always_inline))
typedef float dk_vec __attribute__((vector_size(64)));
typedef int32_t dk_ivec __attribute__((vector_size(64)));
typedef __mmask16 dk_guard;

DK_INLINE dk_guard dk_below(dk_ivec x, int32_t limit) {
  return _mm512_cmplt_epu32_mask((__m512i)x, _mm512_set1_epi32(limit));
}
DK_INLINE dk_vec dk_load_guarded(const float *p, dk_guard guard) { return _mm512_maskz_loadu_ps(guard, p); }
DK_INLINE void dk_store_first(float *p, dk_vec x, int lanes) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << lanes) - 1), x);
}
// Of two operands one of which is not a number, the instruction returns the second.
DK_INLINE dk_vec dk_at_least(dk_vec floor, dk_vec x) { return _mm512_max_ps(floor, x); }
DK_INLINE dk_vec dk_at_most(dk_vec ceiling, dk_vec x) { return _mm512_min_ps(ceiling, x); }
// Lanes [first, end); lane `first` goes to *p.
DK_INLINE void dk_store_lanes(float *p, const dk_vec *x, int first, int end) {
  const __mmask16 lanes = (__mmask16)((1u << (end - first)) - 1);
  const __m512 moved = _mm512_maskz_compress_ps((__mmask16)(0xffffu << first), *x);
  _mm512_mask_storeu_ps(p, lanes, moved);
}

// The address, not known to the compiler before the vector is: it keeps additions as such, and loads in order, where it
// would otherwise need more registers than there are.
DK_INLINE const float *dk_after(const float *p, dk_vec *x) {
  __asm__("" : "+r"(p), "+v"(*x));
  return p;
}

#define DK_NAME "avx512"
#define DK_TABLE direct_table_avx512
#define DK_PIECES 1
#define DK_COUNT 4
#define DK_BLOCKS {14, 14, 9, 6}
#define DK_CHEAP_MASKS
#define DK_UP_TO_6(X, v) X(v, 1) X(v, 2) X(v, 3) X(v, 4) X(v, 5) X(v, 6)
#define DK_UP_TO_9(X, v) DK_UP_TO_6(X, v) X(v, 7) X(v, 8) X(v, 9)
#define DK_UP_TO_14(X, v) DK_UP_TO_9(X, v) X(v, 10) X(v, 11) X(v, 12) X(v, 13) X(v, 14)
#define DK_KERNELS(X) DK_UP_TO_14(X, 1) DK_UP_TO_14(X, 2) DK_UP_TO_9(X, 3) DK_UP_TO_6(X, 4)
#include "direct_template.h"

#pragma clang attribute pop
#endif
