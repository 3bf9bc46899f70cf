#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#include "direct_tables.h"

// Functions on vectors wider than a register are all inlined, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define DK_INLINE static inline __attribute__((always_inline))
typedef float dk_vec __attribute__((vector_size(64)));
typedef int32_t dk_ivec __attribute__((vector_size(64)));
typedef uint32_t dk_uvec __attribute__((vector_size(64)));
typedef dk_ivec dk_guard;
typedef union {
  __m256 half[2];
  dk_vec whole;
} dk_halves;

DK_INLINE dk_guard dk_below(dk_ivec x, int32_t limit) { return (dk_uvec)x < (uint32_t)limit; }
DK_INLINE dk_vec dk_load_guarded(const float *p, dk_guard guard) {
  union {
    __m256i half[2];
    dk_guard whole;
  } masks = {.whole = guard};
  return (dk_halves){{_mm256_maskload_ps(p, masks.half[0]), _mm256_maskload_ps(p + 8, masks.half[1])}}.whole;
}
// In halves of what is left: stores with masks take far longer on some processors.
DK_INLINE void dk_store_first(float *p, dk_vec x, int lanes) {
  const dk_halves halves = {.whole = x};
  if (lanes == DIRECT_LANES) {
    __builtin_memcpy(p, &x, sizeof x);
    return;
  }
  __m256 half = halves.half[0];
  if (lanes & 8) {
    _mm256_storeu_ps(p, half);
    half = halves.half[1];
    p += 8;
  }
  __m128 rest = _mm256_castps256_ps128(half);
  if (lanes & 4) {
    _mm_storeu_ps(p, rest);
    rest = _mm256_extractf128_ps(half, 1);
    p += 4;
  }
  if (lanes & 2) {
    _mm_storel_pi((__m64 *)p, rest);
    rest = _mm_movehl_ps(rest, rest);
    p += 2;
  }
  if (lanes & 1) _mm_store_ss(p, rest);
}
// Of two operands one of which is not a number, the instruction returns the second.
DK_INLINE dk_vec dk_at_least(dk_vec floor, dk_vec x) {
  const dk_halves a = {.whole = floor}, b = {.whole = x};
  return (dk_halves){{_mm256_max_ps(a.half[0], b.half[0]), _mm256_max_ps(a.half[1], b.half[1])}}.whole;
}
DK_INLINE dk_vec dk_at_most(dk_vec ceiling, dk_vec x) {
  const dk_halves a = {.whole = ceiling}, b = {.whole = x};
  return (dk_halves){{_mm256_min_ps(a.half[0], b.half[0]), _mm256_min_ps(a.half[1], b.half[1])}}.whole;
}
// Lanes [first, end); lane `first` goes to *p.
DK_INLINE void dk_store_lanes(float *p, const dk_vec *x, int first, int end) {
  for (int lane = first; lane < end; lane++) p[lane - first] = ((const float *)x)[lane];
}

// The address, not known to the compiler before the vector is: it keeps additions as such, and loads in order, where it
// would otherwise need more registers than there are.
DK_INLINE const float *dk_after(const float *p, dk_vec *x) {
  dk_halves parts = {.whole = *x};
  __asm__("" : "+r"(p), "+x"(parts.half[1]));
  *x = parts.whole;
  return p;
}

#define DK_NAME "avx2"
#define DK_TABLE direct_table_avx2
#define DK_PIECES 2
#define DK_COUNT 1
#define DK_BLOCKS {6}
#define DK_CHEAP_MASKS
#define DK_KERNELS(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
#include "direct_template.h"

#pragma clang attribute pop
#endif
