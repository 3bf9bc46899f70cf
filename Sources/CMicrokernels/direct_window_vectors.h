// Vectors of the windows moved over single planes: one register each, of 16 floats with AVX-512 and of 8 with AVX2.
// Included into the body of a variant.

#ifndef TANDEM_DIRECT_WINDOW_VECTORS_H
#define TANDEM_DIRECT_WINDOW_VECTORS_H

#ifndef VA_VEC
#define VA_VEC dk_vec
#define VA_IVEC dk_ivec
#define VA_INLINE DK_INLINE
#endif
#include "vector_activations.h"

enum { DW_MOST_DILATION = 8 };

#if DK_PIECES == 1

enum { DW_LANES = 16 };
// Whether halves of a vector may be rows of two planes.
#define DW_HALVES 1
// Lanes can be moved anywhere in a register by an order in another one.
#define DW_SHIFTS
#define DW_CHEAP_SHIFTS 1
// Weights of three columns of a kernel beside 8 sums.
#define DW_THREE_COLUMNS(taps) ((taps) < 7)
// Rows of blocks: multiples of the heights that images have, as many as there are registers for.
#define DW_CHOICES 5
#define DW_ROWS_1(F, taps) F(taps, 1, 14) F(taps, 1, 8) F(taps, 1, 7) F(taps, 1, 4) F(taps, 1, 1)
#define DW_ROWS_WIDE(F, taps) F(taps, 1, 8) F(taps, 1, 7) F(taps, 1, 4) F(taps, 1, 1)
#define DW_ROWS_2(F, taps) F(taps, 2, 8) F(taps, 2, 7) F(taps, 2, 4) F(taps, 2, 1)

typedef dk_vec dw_vec;
typedef __mmask16 dw_guard;

DK_INLINE dw_vec dw_splat(float x) { return dk_splat(x); }
DK_INLINE dw_vec dw_at_least(dw_vec floor, dw_vec x) { return dk_at_least(floor, x); }
DK_INLINE dw_vec dw_at_most(dw_vec ceiling, dw_vec x) { return dk_at_most(ceiling, x); }

// The lanes of which `first` + lane is in [0, limit).
DK_INLINE dw_guard dw_below(ptrdiff_t first, ptrdiff_t limit) {
  return dk_below(dk_isplat((int32_t)first) + dk_counting, (int32_t)limit);
}
DK_INLINE dw_vec dw_load(const float *p, dw_guard guard) { return _mm512_maskz_loadu_ps(guard, p); }
DK_INLINE dw_vec dw_load_filled(const float *p, dw_guard guard, dw_vec fill) {
  return _mm512_mask_loadu_ps(fill, guard, p);
}
DK_INLINE dw_vec dw_filled(dw_vec x, dw_guard guard, dw_vec fill) { return _mm512_mask_blend_ps(guard, fill, x); }
// `value` where lanes of x are `equal`, the others of `others`.
DK_INLINE dw_vec dw_where_equal(dw_vec x, float equal, float value, dw_vec others) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, dw_splat(equal), _CMP_EQ_OQ), others, dw_splat(value));
}
// How many lanes are stored.
typedef __mmask16 dw_lanes;
DK_INLINE dw_lanes dw_lanes_of(int count) { return (dw_lanes)((1u << count) - 1); }
// Lanes of strips that have no more than `most`: nearly the same for all.
DK_INLINE ptrdiff_t dw_lanes_for(ptrdiff_t width, ptrdiff_t most) {
  const ptrdiff_t count = (width + most - 1) / most;
  return (width + count - 1) / count;
}
DK_INLINE void dw_store_first(float *p, dw_vec x, dw_lanes lanes) { _mm512_mask_storeu_ps(p, lanes, x); }

// Orders of lanes, and the lanes of the upper half, that the compiler takes for unknown: it would otherwise merge
// permutations into ones of two vectors, which cost more, and load a constant for each of them.
typedef struct {
  dk_ivec even, odd, next;
  int upper;
} dw_orders;

DK_INLINE dw_orders dw_orders_make(void) {
  dw_orders orders = {.even = dk_counting * 2, .odd = dk_counting * 2 + 1, .next = dk_counting + 1, .upper = 0xff00};
  __asm__("" : "+v"(orders.even), "+v"(orders.odd), "+v"(orders.next), "+r"(orders.upper));
  return orders;
}

// One number in the lower half, another in the upper half.
DK_INLINE dw_vec dw_two(const float *lower, const float *upper, dw_orders orders) {
  return _mm512_mask_blend_ps((__mmask16)orders.upper, _mm512_set1_ps(*lower), _mm512_set1_ps(*upper));
}
// `lanes` ≤ 8 floats in each half.
DK_INLINE dw_vec dw_load_halves(const float *lower, const float *upper, int lanes) {
  const unsigned guard = (1u << lanes) - 1;
  return _mm512_mask_loadu_ps(_mm512_maskz_loadu_ps((__mmask16)guard, lower), (__mmask16)(guard << 8), upper - 8);
}
DK_INLINE void dw_store_halves(float *lower, float *upper, dw_vec x, dw_lanes lanes) {
  _mm512_mask_storeu_ps(lower, lanes, x);
  _mm512_mask_storeu_ps(upper - 8, (dw_lanes)(lanes << 8), x);
}

DK_INLINE dw_vec dw_even(dw_vec a, dw_vec b, dw_orders orders) {
  return _mm512_permutex2var_ps(a, (__m512i)orders.even, b);
}
DK_INLINE dw_vec dw_odd(dw_vec a, dw_vec b, dw_orders orders) {
  return _mm512_permutex2var_ps(a, (__m512i)orders.odd, b);
}
// Every lane has its right neighbour's value; the last one's does not matter.
DK_INLINE dw_vec dw_next(dw_vec x, dw_orders orders) { return _mm512_permutexvar_ps((__m512i)orders.next, x); }
// The second neighbour's on the right, except for the last two lanes.
DK_INLINE dw_vec dw_second(dw_vec x) {
  return __builtin_shufflevector(x, x, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1);
}

// Where every lane takes its value from when columns are shifted: the lane that many on the right, or on the left.
typedef dk_ivec dw_shift;
DK_INLINE dw_shift dw_shift_of(ptrdiff_t by) { return dk_counting + dk_isplat((int32_t)by); }
// Zero where `guard` says that there is no such column.
DK_INLINE dw_vec dw_shifted(dw_vec x, dw_shift shift, dw_guard guard) {
  return _mm512_maskz_permutexvar_ps(guard, (__m512i)shift, x);
}
DK_INLINE dw_vec dw_shifted_filled(dw_vec x, dw_shift shift, dw_guard guard, dw_vec fill) {
  return _mm512_mask_blend_ps(guard, fill, _mm512_permutexvar_ps((__m512i)shift, x));
}
// Of 32 columns, those for the lower and for the upper 16 that both vectors have a part in.
DK_INLINE dw_vec dw_shifted_left(dw_vec a, dw_vec b, dw_shift shift) {
  return _mm512_permutex2var_ps(a, (__m512i)shift, b);
}
DK_INLINE dw_vec dw_shifted_right(dw_vec a, dw_vec b, dw_shift shift) {
  return _mm512_permutex2var_ps(b, (__m512i)shift, a);
}
// The lower half's columns that exist, for both halves.
DK_INLINE dw_guard dw_both(dw_guard guard) { return (dw_guard)((guard & 0xffu) * 0x101u); }

#else

enum { DW_LANES = 8 };
#define DW_HALVES 0
#define DW_CHEAP_SHIFTS 0
#define DW_THREE_COLUMNS(taps) 0
#define DW_CHOICES 4
#define DW_ROWS_1(F, taps) F(taps, 1, 8) F(taps, 1, 7) F(taps, 1, 4) F(taps, 1, 1)
#define DW_ROWS_2(F, taps) F(taps, 2, 4) F(taps, 2, 1)

typedef float dw_vec __attribute__((vector_size(32)));
typedef int32_t dw_guard __attribute__((vector_size(32)));
typedef uint32_t dw_uvec __attribute__((vector_size(32)));

DK_INLINE dw_vec dw_splat(float x) { return (dw_vec){x, x, x, x, x, x, x, x}; }
DK_INLINE dw_vec dw_at_least(dw_vec floor, dw_vec x) { return _mm256_max_ps(floor, x); }
DK_INLINE dw_vec dw_at_most(dw_vec ceiling, dw_vec x) { return _mm256_min_ps(ceiling, x); }
DK_INLINE dw_guard dw_below(ptrdiff_t first, ptrdiff_t limit) {
  const dw_guard column = (dw_guard){0, 1, 2, 3, 4, 5, 6, 7} + (int32_t)first;
  return (dw_guard)((dw_uvec)column < (uint32_t)limit);
}
DK_INLINE dw_vec dw_load(const float *p, dw_guard guard) { return _mm256_maskload_ps(p, (__m256i)guard); }
DK_INLINE dw_vec dw_filled(dw_vec x, dw_guard guard, dw_vec fill) {
  return (dw_vec)(((dw_guard)x & guard) | ((dw_guard)fill & ~guard));
}
DK_INLINE dw_vec dw_load_filled(const float *p, dw_guard guard, dw_vec fill) {
  return dw_filled(dw_load(p, guard), guard, fill);
}
// `value` where lanes of x are `equal`, the others of `others`.
DK_INLINE dw_vec dw_where_equal(dw_vec x, float equal, float value, dw_vec others) {
  return dw_filled(dw_splat(value), (dw_guard)(x == dw_splat(equal)), others);
}
// Stores with masks are slow on many processors that have no more than AVX2.
typedef int dw_lanes;
// Lanes of strips that have no more than `most`: as many, because the rest of a vector takes several stores.
DK_INLINE ptrdiff_t dw_lanes_for(ptrdiff_t width, ptrdiff_t most) { return width < most ? width : most; }
DK_INLINE dw_lanes dw_lanes_of(int count) { return count; }
DK_INLINE void dw_store_first(float *p, dw_vec x, dw_lanes lanes) {
  if (lanes == DW_LANES) {
    _mm256_storeu_ps(p, x);
    return;
  }
  __m128 rest = _mm256_castps256_ps128(x);
  if (lanes & 4) {
    _mm_storeu_ps(p, rest);
    rest = _mm256_extractf128_ps(x, 1);
    p += 4;
  }
  if (lanes & 2) {
    _mm_storel_pi((__m64 *)p, rest);
    rest = _mm_movehl_ps(rest, rest);
    p += 2;
  }
  if (lanes & 1) _mm_store_ss(p, rest);
}

// The compiler's choices for constant orders are good here.
typedef struct {
  int none;
} dw_orders;
DK_INLINE dw_orders dw_orders_make(void) { return (dw_orders){0}; }
DK_INLINE dw_vec dw_even(dw_vec a, dw_vec b, dw_orders orders) {
  (void)orders;
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
DK_INLINE dw_vec dw_odd(dw_vec a, dw_vec b, dw_orders orders) {
  (void)orders;
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
DK_INLINE dw_vec dw_next(dw_vec x, dw_orders orders) {
  (void)orders;
  return __builtin_shufflevector(x, x, 1, 2, 3, 4, 5, 6, 7, 7);
}
DK_INLINE dw_vec dw_second(dw_vec x) { return __builtin_shufflevector(x, x, 2, 3, 4, 5, 6, 7, 7, 7); }

// One plane per vector: both halves have the same numbers.
DK_INLINE dw_vec dw_two(const float *lower, const float *upper, dw_orders orders) {
  (void)upper, (void)orders;
  return dw_splat(*lower);
}
DK_INLINE void dw_store_halves(float *lower, float *upper, dw_vec x, dw_lanes lanes) {
  (void)upper;
  dw_store_first(lower, x, lanes);
}

#endif

#define DW_ALL_ROWS(F, taps) DW_ROWS_1(F, taps) DW_ROWS_2(F, taps)
#define DK_LOOP _Pragma("clang loop unroll(disable)")

#endif
