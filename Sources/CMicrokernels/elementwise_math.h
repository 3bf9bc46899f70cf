// Functions of one number that the compiler vectorises: no branches, no calls of the mathematical library.

#ifndef TANDEM_ELEMENTWISE_MATH_H
#define TANDEM_ELEMENTWISE_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "activations.h"

// One body, several instruction sets: the dynamic linker picks the clone that fits the processor.
#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif
#define INLINE static inline __attribute__((always_inline))

// Not a number stays not a number, so that a diverged network is seen.
INLINE float positive(float x) { return x < 0 ? 0 : x; }

INLINE float clipped(float x, float least, float most) {
  const float raised = x < least ? least : x;
  return raised > most ? most : raised;
}

// e^x within 2 ulp where that is a normal number, infinity above and nearly 0 below: x = n · ln 2 + r with a whole n and |r| ≤ ln 2 / 2, and a
// polynomial for e^r (Cephes' expf).
INLINE float exponential(float x) {
  const float limited = clipped(x, -87.3f, 88.3f);
  // Adding 1.5 · 2²³ rounds to a whole number, which is then in the lowest bits.
  const float shifted = limited * 1.44269504f + 12582912.0f;
  const float whole = shifted - 12582912.0f;
  const float r = (limited - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return x > 88.3f ? INFINITY : p * power;
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

// The error function within 5 · 10⁻⁷, as a quotient of polynomials in x² (the coefficients are Eigen's).
INLINE float error_function(float x) {
  const float limited = clipped(x, -4.0f, 4.0f);
  const float square = limited * limited;
  float p = -2.72614225801306e-10f;
  p = p * square + 2.77068142495902e-08f;
  p = p * square - 2.10102402082508e-06f;
  p = p * square - 5.69250639462346e-05f;
  p = p * square - 7.34990630326855e-04f;
  p = p * square - 2.95459980854025e-03f;
  p = p * square - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * square - 2.13374055278905e-04f;
  q = q * square - 1.68282697438203e-03f;
  q = q * square - 7.37332916720468e-03f;
  q = q * square - 1.42647390514189e-02f;
  return limited * p / q;
}

// The function of an activation code, which is a constant wherever this is called in a loop.
INLINE float activated(float x, int activation) {
  switch (activation) {
    case ACTIVATION_RELU: return positive(x);
    case ACTIVATION_RELU6: return clipped(x, 0, 6);
    case ACTIVATION_HARD_SWISH: return x * (clipped(x + 3, 0, 6) * (1.0f / 6));
    case ACTIVATION_SILU: return x / (1.0f + exponential(-x));
    case ACTIVATION_HARD_SIGMOID: return clipped(x * (1.0f / 6) + 0.5f, 0, 1);
    case ACTIVATION_SIGMOID: return sigmoid(x);
    default: return x;
  }
}

// Calls a function whose last parameter is an activation with the constant that `activation` is, so that its loops are
// compiled for each.
#define WITH_ACTIVATION(activation, function, ...)                                             \
  switch (activation) {                                                                        \
    case ACTIVATION_NONE: function(__VA_ARGS__, ACTIVATION_NONE); break;                       \
    case ACTIVATION_RELU: function(__VA_ARGS__, ACTIVATION_RELU); break;                       \
    case ACTIVATION_RELU6: function(__VA_ARGS__, ACTIVATION_RELU6); break;                     \
    case ACTIVATION_HARD_SWISH: function(__VA_ARGS__, ACTIVATION_HARD_SWISH); break;           \
    case ACTIVATION_SILU: function(__VA_ARGS__, ACTIVATION_SILU); break;                       \
    case ACTIVATION_HARD_SIGMOID: function(__VA_ARGS__, ACTIVATION_HARD_SIGMOID); break;       \
    case ACTIVATION_SIGMOID: function(__VA_ARGS__, ACTIVATION_SIGMOID); break;                 \
    default: break;                                                                            \
  }

#endif
