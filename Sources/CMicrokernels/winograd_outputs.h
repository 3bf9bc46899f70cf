// The last step of one variant of the Winograd kernels: pixels with 16 channels side by side become planes of the
// result, and get an addend and an activation on the way.

#define VA_VEC wg_vec
#define VA_IVEC wg_mask
#define VA_INLINE WG_INLINE
#include "vector_activations.h"

typedef float wg_quad __attribute__((vector_size(16), aligned(4), may_alias));

// Four channels of WG_VECTOR pixels, as wg_transpose_quarters wants them: quarter k of rows[i] is pixel 4k + i.
WG_INLINE wg_vec wg_gather_quarters(const float *p) {
  const wg_quad a = *(const wg_quad *)p;
#if WG_VECTOR == 4
  return a;
#else
  const wg_quad b = *(const wg_quad *)(p + 4 * 16);
#if WG_VECTOR == 8
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  const wg_quad c = *(const wg_quad *)(p + 8 * 16), d = *(const wg_quad *)(p + 12 * 16);
  return __builtin_shufflevector(__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7),
                                 __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                                 10, 11, 12, 13, 14, 15);
#endif
#endif
}

// Up to 16 planes: floats from one to the next, how many, their pixels, and what is applied to them.
typedef struct {
  ptrdiff_t plane, count, pixels;
  int activation;
} wg_planes;

// Planes of fewer pixels than a vector has.
static void wg_few_outside(const float *source, const wg_planes *planes, const float *addend, float *y) {
  for (ptrdiff_t c = 0; c < planes->count; c++) {
    wg_vec all = {0};
    for (ptrdiff_t pixel = 0; pixel < planes->pixels; pixel++) {
      all[pixel] = source[pixel * 16 + c] + (addend ? addend[c * planes->plane + pixel] : 0);
    }
    va_activate_all(planes->activation, &all, 1);
    for (ptrdiff_t pixel = 0; pixel < planes->pixels; pixel++) y[c * planes->plane + pixel] = all[pixel];
  }
}

// Only four planes are written at a time, because they often lie a multiple of 4096 bytes apart, so that the lines of
// all of them would compete for one set of the cache. Activations behind ReLU are chosen by a call.
WG_INLINE void wg_many_outside(const float *source, const wg_planes *planes, const float *addend, float *y,
                               const int adds, const int activation) {
  const ptrdiff_t plane = planes->plane, end = planes->pixels - WG_VECTOR;
  for (ptrdiff_t c = 0; c < planes->count; c += 4, source += 4, y += 4 * plane) {
    const ptrdiff_t count = planes->count - c;
    wg_vec addends[4], lastAddends[4];
    // The last vector overlaps the one before, which would change its addend where that is the result.
    if (adds) {
      WG_UNROLL for (int i = 0; i < 4; i++) {
        lastAddends[i] = i < count ? wg_load(addend + i * plane + end) : (wg_vec){0};
      }
    }
    for (ptrdiff_t start = 0; start < planes->pixels; start += WG_VECTOR) {
      const ptrdiff_t pixel = start <= end ? start : end;
      wg_vec rows[4];
      WG_UNROLL for (int i = 0; i < 4; i++) rows[i] = wg_gather_quarters(source + (pixel + i) * 16);
      wg_transpose_quarters(rows);
      if (adds) {
        WG_UNROLL for (int i = 0; i < 4; i++) addends[i] = lastAddends[i];
        if (start < end) {
          WG_UNROLL for (int i = 0; i < 4; i++) {
            if (i < count) addends[i] = wg_load(addend + i * plane + pixel);
          }
        }
        WG_UNROLL for (int i = 0; i < 4; i++) rows[i] += addends[i];
      }
      if (activation == ACTIVATION_RELU) {
        WG_UNROLL for (int i = 0; i < 4; i++) rows[i] = wg_rectify(rows[i]);
      } else if (activation != ACTIVATION_NONE) {
        va_activate_all(planes->activation, rows, 4);
      }
      wg_store(y + pixel, rows[0]);
      if (count > 1) wg_store(y + plane + pixel, rows[1]);
      if (count > 2) wg_store(y + 2 * plane + pixel, rows[2]);
      if (count > 3) wg_store(y + 3 * plane + pixel, rows[3]);
    }
    if (adds) addend += 4 * plane;
  }
}

// The reverse of `wg_channels_inside` for up to 16 channels. `addend` is null, or `y`, or elsewhere.
static void wg_channels_outside(const float *source, const wg_planes *planes, const float *addend, float *y) {
  if (planes->pixels < WG_VECTOR) {
    wg_few_outside(source, planes, addend, y);
  } else if (planes->activation > ACTIVATION_RELU) {
    if (addend) {
      wg_many_outside(source, planes, addend, y, 1, ACTIVATION_SIGMOID);
    } else {
      wg_many_outside(source, planes, addend, y, 0, ACTIVATION_SIGMOID);
    }
  } else if (planes->activation == ACTIVATION_RELU) {
    if (addend) {
      wg_many_outside(source, planes, addend, y, 1, ACTIVATION_RELU);
    } else {
      wg_many_outside(source, planes, addend, y, 0, ACTIVATION_RELU);
    }
  } else if (addend) {
    wg_many_outside(source, planes, addend, y, 1, ACTIVATION_NONE);
  } else {
    wg_many_outside(source, planes, addend, y, 0, ACTIVATION_NONE);
  }
}
