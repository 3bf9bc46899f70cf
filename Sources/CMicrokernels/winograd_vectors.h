// Vectors of one variant of the Winograd kernels, and square transpositions of them.

#include <stddef.h>
#include <stdint.h>

typedef float wg_vec __attribute__((vector_size(WG_VECTOR * 4), aligned(4), may_alias));
typedef int32_t wg_mask __attribute__((vector_size(WG_VECTOR * 4)));

#define WG_INLINE static inline __attribute__((always_inline))
#define WG_UNROLL _Pragma("clang loop unroll(full)")

WG_INLINE wg_vec wg_load(const float *p) { return *(const wg_vec *)p; }
WG_INLINE void wg_store(float *p, wg_vec x) { *(wg_vec *)p = x; }

// max(x, 0), except that what is not a number stays visible: the processor's maximum gives its second operand then.
WG_INLINE float wg_positive(float x) { return x < 0 ? 0 : x; }
WG_INLINE wg_vec wg_rectify(wg_vec x) {
#if WG_VECTOR == 16
  return _mm512_max_ps(_mm512_setzero_ps(), x);
#elif WG_VECTOR == 8
  return _mm256_max_ps(_mm256_setzero_ps(), x);
#else
  return (wg_vec)((wg_mask)x & ~(wg_mask)(x < (wg_vec){0}));
#endif
}

// Shuffles of two vectors within each quarter of 4 lanes, named after the pairs of lanes that they bring together, and
// of whole quarters.
#if WG_VECTOR == 16
#define WG_QUARTERS(a, b, i, j, k, l)                                                                              \
  __builtin_shufflevector(a, b, i, j, k, l, (i) + 4, (j) + 4, (k) + 4, (l) + 4, (i) + 8, (j) + 8, (k) + 8, (l) + 8, \
                          (i) + 12, (j) + 12, (k) + 12, (l) + 12)
#elif WG_VECTOR == 8
#define WG_QUARTERS(a, b, i, j, k, l) \
  __builtin_shufflevector(a, b, i, j, k, l, (i) + 4, (j) + 4, (k) + 4, (l) + 4)
#else
#define WG_QUARTERS(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

// Transposes 4×4 squares: afterwards lane 4q + i of rows[j] is what lane 4q + j of rows[i] was.
WG_INLINE void wg_transpose_quarters(wg_vec *rows) {
  const wg_vec low01 = WG_QUARTERS(rows[0], rows[1], 0, WG_VECTOR, 1, WG_VECTOR + 1);
  const wg_vec high01 = WG_QUARTERS(rows[0], rows[1], 2, WG_VECTOR + 2, 3, WG_VECTOR + 3);
  const wg_vec low23 = WG_QUARTERS(rows[2], rows[3], 0, WG_VECTOR, 1, WG_VECTOR + 1);
  const wg_vec high23 = WG_QUARTERS(rows[2], rows[3], 2, WG_VECTOR + 2, 3, WG_VECTOR + 3);
  rows[0] = WG_QUARTERS(low01, low23, 0, 1, WG_VECTOR, WG_VECTOR + 1);
  rows[1] = WG_QUARTERS(low01, low23, 2, 3, WG_VECTOR + 2, WG_VECTOR + 3);
  rows[2] = WG_QUARTERS(high01, high23, 0, 1, WG_VECTOR, WG_VECTOR + 1);
  rows[3] = WG_QUARTERS(high01, high23, 2, 3, WG_VECTOR + 2, WG_VECTOR + 3);
}

// Transposes a square of WG_VECTOR vectors.
WG_INLINE void wg_transpose(wg_vec *rows) {
  WG_UNROLL for (int first = 0; first < WG_VECTOR; first += 4) wg_transpose_quarters(rows + first);
#if WG_VECTOR == 8
  WG_UNROLL for (int j = 0; j < 4; j++) {
    const wg_vec a = rows[j], b = rows[4 + j];
    rows[j] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    rows[4 + j] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
#elif WG_VECTOR == 16
  WG_UNROLL for (int j = 0; j < 4; j++) {
    const wg_vec a = rows[j], b = rows[4 + j], c = rows[8 + j], d = rows[12 + j];
    const wg_vec lowAB = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const wg_vec highAB = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const wg_vec lowCD = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const wg_vec highCD = __builtin_shufflevector(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    rows[j] = __builtin_shufflevector(lowAB, lowCD, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    rows[4 + j] = __builtin_shufflevector(lowAB, lowCD, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    rows[8 + j] = __builtin_shufflevector(highAB, highCD, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    rows[12 + j] =
        __builtin_shufflevector(highAB, highCD, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
#endif
}

// Places `count` ≤ WG_VECTOR channels of `pixels` pixels side by side, 16 floats from pixel to pixel; missing
// channels become 0.
WG_INLINE void wg_channels_inside(const float *x, ptrdiff_t plane, ptrdiff_t count, ptrdiff_t pixels, int relu,
                                  float *target) {
  if (pixels < WG_VECTOR) {
    for (ptrdiff_t pixel = 0; pixel < pixels; pixel++) {
      for (ptrdiff_t c = 0; c < WG_VECTOR; c++) {
        const float value = c < count ? x[c * plane + pixel] : 0;
        target[pixel * 16 + c] = relu ? wg_positive(value) : value;
      }
    }
    return;
  }
  for (ptrdiff_t start = 0; start < pixels; start += WG_VECTOR) {
    // The last square overlaps the one before it, so that nothing behind the pixels is read.
    const ptrdiff_t pixel = start + WG_VECTOR <= pixels ? start : pixels - WG_VECTOR;
    wg_vec square[WG_VECTOR];
    if (count == WG_VECTOR) {
      WG_UNROLL for (int c = 0; c < WG_VECTOR; c++) square[c] = wg_load(x + c * plane + pixel);
    } else {
      WG_UNROLL for (int c = 0; c < WG_VECTOR; c++) {
        square[c] = c < count ? wg_load(x + c * plane + pixel) : (wg_vec){0};
      }
    }
    if (relu) {
      WG_UNROLL for (int c = 0; c < WG_VECTOR; c++) square[c] = wg_rectify(square[c]);
    }
    wg_transpose(square);
    WG_UNROLL for (int i = 0; i < WG_VECTOR; i++) wg_store(target + (pixel + i) * 16, square[i]);
  }
}
