#include "roofline.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { ROUNDS = 200000, FLOP_TRIALS = 8, PASSES = 6, MAXIMUM_THREADS = 256 };
static const size_t BYTES_PER_THREAD = (size_t)256 << 20;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Independent sums: more than latency times throughput of any unit (4 cycles × 2 units), few enough for the registers.
// The multiplier keeps them from overflowing; the sum at the end keeps the loop from being removed.

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float sums_avx512(long rounds) {
  enum { SUMS = 16 };
  __m512 sums[SUMS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
  }
  float total = 0;
  for (int i = 0; i < SUMS; i++) total += _mm512_reduce_add_ps(sums[i]);
  return total;
}

__attribute__((target("avx2,fma"))) static float sums_avx2(long rounds) {
  enum { SUMS = 12 };
  __m256 sums[SUMS], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_ps((float)i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
  }
  float lanes[8], total = 0;
  for (int i = 0; i < SUMS; i++) {
    _mm256_storeu_ps(lanes, sums[i]);
    for (int lane = 0; lane < 8; lane++) total += lanes[lane];
  }
  return total;
}
#elif defined(__aarch64__)
static float sums_neon(long rounds) {
  enum { SUMS = 24 };
  float32x4_t sums[SUMS], factor = vdupq_n_f32(0.001f), term = vdupq_n_f32(0.001f);
  for (int i = 0; i < SUMS; i++) sums[i] = vdupq_n_f32((float)i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < SUMS; i++) sums[i] = vfmaq_f32(sums[i], factor, term);
  }
  float total = 0;
  for (int i = 0; i < SUMS; i++) total += vaddvq_f32(sums[i]);
  return total;
}
#endif

typedef struct {
  float (*sums)(long rounds);
  double flopsPerRound;
  const char *name;
} FlopLoop;

static FlopLoop flop_loop(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return (FlopLoop){sums_avx512, 2.0 * 16 * 16, "avx512"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return (FlopLoop){sums_avx2, 2.0 * 12 * 8, "avx2"};
#elif defined(__aarch64__)
  return (FlopLoop){sums_neon, 2.0 * 24 * 4, "neon"};
#endif
  return (FlopLoop){NULL, 0, "none"};
}

const char *roofline_vector_extension(void) { return flop_loop().name; }

// Every thread keeps its best trial; the rate of all is the sum. Trials overlap but for the threads' start.
typedef struct {
  FlopLoop loop;
  double best;
  volatile uint64_t sink;
} Worker;

static void *measure_flops(void *argument) {
  Worker *worker = argument;
  for (int trial = 0; trial < FLOP_TRIALS; trial++) {
    double start = seconds();
    worker->sink += (uint64_t)worker->loop.sums(ROUNDS);
    double rate = ROUNDS * worker->loop.flopsPerRound / (seconds() - start);
    if (rate > worker->best) worker->best = rate;
  }
  return NULL;
}

static void *measure_bandwidth(void *argument) {
  Worker *worker = argument;
  uint64_t *memory = malloc(BYTES_PER_THREAD);
  if (!memory) return NULL;
  // Written once, so that the pages exist and are not all the same zero page.
  memset(memory, 1, BYTES_PER_THREAD);
  size_t count = BYTES_PER_THREAD / sizeof(uint64_t);
  for (int pass = 0; pass < PASSES; pass++) {
    double start = seconds();
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += memory[i];
    worker->sink += sum;
    double rate = (double)BYTES_PER_THREAD / (seconds() - start);
    if (rate > worker->best) worker->best = rate;
  }
  free(memory);
  return NULL;
}

static double on_threads(int threads, void *(*measure)(void *)) {
  if (threads < 1 || threads > MAXIMUM_THREADS) return 0;
  Worker workers[MAXIMUM_THREADS];
  pthread_t handles[MAXIMUM_THREADS];
  int started = 0;
  for (; started < threads; started++) {
    workers[started] = (Worker){flop_loop(), 0, 0};
    if (pthread_create(&handles[started], NULL, measure, &workers[started]) != 0) break;
  }
  double total = 0;
  for (int i = 0; i < started; i++) {
    pthread_join(handles[i], NULL);
    total += workers[i].best;
  }
  return started == threads ? total : 0;
}

double roofline_flops(int threads) { return flop_loop().sums ? on_threads(threads, measure_flops) : 0; }

double roofline_bandwidth(int threads) { return on_threads(threads, measure_bandwidth); }
