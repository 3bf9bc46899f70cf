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
DK_INLINE dk_vec dk_load_filled(const float *p, dk_guard guard, dk_vec fill) {
  return (dk_vec)((dk_guard)dk_load_guarded(p, guard) | ((dk_guard)fill & ~guard));
}
DK_INLINE void dk_store_first(float *p, dk_vec x, int lanes) {
  if (lanes == DIRECT_LANES) {
    __builtin_memcpy(p, &x, sizeof x);
  } else {
    for (int lane = 0; lane < lanes; lane++) p[lane] = ((const float *)&x)[lane];
  }
}
// Of two operands one of which is not a number, the instruction returns the second.
DK_INLINE dk_vec dk_at_least(dk_vec floor, dk_vec x) {
  const dk_halves a = {.whole = floor}, b = {.whole = x};
  return (dk_halves){{_mm256_max_ps(a.half[0], b.half[0]), _mm256_max_ps(a.half[1], b.half[1])}}.whole;
}
// Lanes [first, end); lane `first` goes to *p.
DK_INLINE void dk_store_lanes(float *p, const dk_vec *x, int first, int end) {
  for (int lane = first; lane < end; lane++) p[lane - first] = ((const float *)x)[lane];
}

#define DK_NAME "avx2"
#define DK_TABLE direct_table_avx2
#define DK_PIECES 2
#define DK_COUNT 2
#define DK_BLOCKS {6, 3}
#define DK_CHEAP_MASKS
#define DK_HALVES(taps) 1
#define DK_KEEP(x)
#define DK_RELOAD(p) __asm__("" : "+r"(p))
#define DK_KERNELS(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(2, 1) X(2, 2) X(2, 3)
#include "direct_template.h"

#pragma clang attribute pop
#endif
