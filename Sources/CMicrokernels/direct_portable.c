// Vectors that the compiler splits into what there is: SSE2 on x86-64, NEON on ARM.

#include <stdint.h>

#include "direct_tables.h"

// Functions on vectors wider than a register are all inlined, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#define DK_INLINE static inline __attribute__((always_inline))
typedef float dk_vec __attribute__((vector_size(64)));
typedef int32_t dk_ivec __attribute__((vector_size(64)));
typedef uint32_t dk_uvec __attribute__((vector_size(64)));
typedef uint16_t dk_guard;

DK_INLINE dk_guard dk_below(dk_ivec x, int32_t limit) {
  unsigned bits = 0;
  for (int lane = 0; lane < DIRECT_LANES; lane++) bits |= (unsigned)((uint32_t)x[lane] < (uint32_t)limit) << lane;
  return (dk_guard)bits;
}
DK_INLINE dk_vec dk_load_guarded(const float *p, dk_guard guard) {
  dk_vec x = {0};
  if (guard == 0xffff) {
    __builtin_memcpy(&x, p, sizeof x);
  } else {
    for (int lane = 0; lane < DIRECT_LANES; lane++) {
      if (guard >> lane & 1) x[lane] = p[lane];
    }
  }
  return x;
}
// Not a number is not less than anything, and so stays.
DK_INLINE dk_vec dk_at_least(dk_vec floor, dk_vec x) {
  return (dk_vec)((dk_ivec)x ^ (((dk_ivec)x ^ (dk_ivec)floor) & (x < floor)));
}
DK_INLINE dk_vec dk_at_most(dk_vec ceiling, dk_vec x) {
  return (dk_vec)((dk_ivec)x ^ (((dk_ivec)x ^ (dk_ivec)ceiling) & (x > ceiling)));
}
DK_INLINE void dk_store_first(float *p, dk_vec x, int lanes) {
  if (lanes == DIRECT_LANES) {
    __builtin_memcpy(p, &x, sizeof x);
  } else {
    for (int lane = 0; lane < lanes; lane++) p[lane] = ((const float *)&x)[lane];
  }
}
// Lanes [first, end); lane `first` goes to *p.
DK_INLINE void dk_store_lanes(float *p, const dk_vec *x, int first, int end) {
  for (int lane = first; lane < end; lane++) p[lane - first] = ((const float *)x)[lane];
}

// The address, not known to the compiler before the vector is: it keeps additions as such, and loads in order, where it
// would otherwise need more registers than there are.
DK_INLINE const float *dk_after(const float *p, dk_vec *x) {
  (void)x;
  __asm__("" : "+r"(p));
  return p;
}

#define DK_NAME "portable"
#define DK_TABLE direct_table_portable
#define DK_PIECES 4
#define DK_COUNT 1
#if defined(__ARM_NEON)
#define DK_BLOCKS {6}
#define DK_KERNELS(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
#else
#define DK_BLOCKS {2}
#define DK_KERNELS(X) X(1, 1) X(1, 2)
#endif
#include "direct_template.h"
