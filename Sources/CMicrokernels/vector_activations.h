// Activations (activations.h) of whole vectors. The including file defines
//   VA_VEC, VA_IVEC   vectors of float and of int32_t with as many lanes each,
//   VA_INLINE         static inline, always inlined.
// Sigmoid and SiLU are exact to 3 units in the last place down to x = −88; below, where they are less than 4e−37, they
// become 0. Only operators of vectors are used, so that one text serves every instruction set. What is not a number stays so:
// every choice below is made by a comparison that is false for it.

#ifndef TANDEM_VECTOR_ACTIVATIONS_H
#define TANDEM_VECTOR_ACTIVATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "activations.h"

VA_INLINE VA_VEC va_splat(float x) { return x - (VA_VEC){0}; }

VA_INLINE VA_VEC va_choose(VA_IVEC mask, VA_VEC yes, VA_VEC no) {
  return (VA_VEC)(((VA_IVEC)yes & mask) | ((VA_IVEC)no & ~mask));
}

VA_INLINE VA_VEC va_clamp(VA_VEC x, float low, float high) {
  const VA_VEC lows = va_splat(low), highs = va_splat(high);
  x = va_choose((VA_IVEC)(x < lows), lows, x);
  return va_choose((VA_IVEC)(x > highs), highs, x);
}

// e^x within 2 units in the last place; infinite above 88.73, 0 below −104.
VA_INLINE VA_VEC va_exp(VA_VEC x) {
  x = va_clamp(x, -104, 104);
  // x = n · ln 2 + r with |r| ≤ ln 2 / 2. Adding 1.5 · 2²³ leaves n in the last bits; ln 2 is subtracted in two parts, of
  // which n times the first is exact.
  const VA_VEC shift = va_splat(12582912), shifted = x * 1.44269504089f + shift, n = shifted - shift;
  const VA_VEC r = x - n * 0.693359375f + n * 2.12194440055e-4f;
  // The near-minimax polynomial of (e^r − 1 − r) / r².
  VA_VEC p = r * 0.00139263256f + 0.00836329275f;
  p = p * r + 0.0416665538f;
  p = p * r + 0.166665763f;
  p = p * r + 0.5f;
  p = (p * r) * r + r + 1;
  // 2^n by two factors, because n lies beyond the exponents of a number in itself.
  const VA_IVEC exponent = (VA_IVEC)shifted - (VA_IVEC)shift, half = exponent >> 1;
  return p * (VA_VEC)((half + 127) << 23) * (VA_VEC)((exponent - half + 127) << 23);
}

/// One vector. The choice is free where `activation` is constant.
VA_INLINE VA_VEC va_activated(VA_VEC x, const int activation) {
  switch (activation) {
    case ACTIVATION_RELU: return (VA_VEC)((VA_IVEC)x & ~(VA_IVEC)(x < va_splat(0)));
    case ACTIVATION_RELU6: return va_clamp(x, 0, 6);
    case ACTIVATION_HARD_SWISH: return x * (va_clamp(x + 3, 0, 6) * (1.0f / 6));
    case ACTIVATION_SILU: return x / (va_exp(-x) + 1);
    case ACTIVATION_HARD_SIGMOID: return va_clamp(x * (1.0f / 6) + 0.5f, 0, 1);
    case ACTIVATION_SIGMOID: return 1 / (va_exp(-x) + 1);
    default: return x;
  }
}

/// `count` vectors in place, with one branch for all of them. Not inlined: the kernels call it for the costly
/// activations only, after which a call with its results in memory does not matter, but its code would.
static __attribute__((noinline)) void va_activate_all(int activation, VA_VEC *x, ptrdiff_t count) {
#define VA_ALL(code)                                                                    \
  case code:                                                                            \
    for (ptrdiff_t i = 0; i < count; i++) x[i] = va_activated(x[i], code);              \
    break;
  switch (activation) {
    VA_ALL(ACTIVATION_RELU)
    VA_ALL(ACTIVATION_RELU6)
    VA_ALL(ACTIVATION_HARD_SWISH)
    VA_ALL(ACTIVATION_SILU)
    VA_ALL(ACTIVATION_HARD_SIGMOID)
    VA_ALL(ACTIVATION_SIGMOID)
    default: break;
  }
#undef VA_ALL
}

#endif
