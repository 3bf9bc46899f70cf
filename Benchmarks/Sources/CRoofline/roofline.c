#define _GNU_SOURCE
#include "roofline.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Some 40 µs for each trial of the first kind.
enum { ROUNDS = 20000, PASSES = 6, MAXIMUM_THREADS = 256 };
static const size_t BYTES_PER_THREAD = (size_t)256 << 20;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Independent sums: more than latency times throughput of any unit (4 cycles × 2 units), few enough for the registers.
// The multiplier keeps them from overflowing; the sum at the end keeps the loop from being removed. What they begin with
// is not known to the compiler: it leaves out a sum that begins with the value at which it stays.
static volatile float beginning = 2;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float sums_avx512(long rounds) {
  enum { SUMS = 16 };
  __m512 sums[SUMS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
  for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps(beginning + (float)i);
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
  for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_ps(beginning + (float)i);
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
  for (int i = 0; i < SUMS; i++) sums[i] = vdupq_n_f32(beginning + (float)i);
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

typedef struct {
  FlopLoop loop;
  pthread_barrier_t *barrier;
  int index, trials;
  // The thread's rate in each trial.
  double *rates;
  volatile uint64_t sink;
} Worker;

// A processor for each thread, where there are enough: the system leaves new threads on one for some milliseconds.
static void take_processor(int index) {
#if defined(__linux__)
  cpu_set_t allowed, own;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  int left = index % CPU_COUNT(&allowed);
  for (int processor = 0; processor < CPU_SETSIZE; processor++) {
    if (!CPU_ISSET(processor, &allowed) || left-- > 0) continue;
    CPU_ZERO(&own);
    CPU_SET(processor, &own);
    sched_setaffinity(0, sizeof own, &own);
    return;
  }
#else
  (void)index;
#endif
}

static void *measure_flops(void *argument) {
  Worker *worker = argument;
  take_processor(worker->index);
  for (int trial = 0; trial < worker->trials; trial++) {
    pthread_barrier_wait(worker->barrier);
    const double start = seconds();
    worker->sink += (uint64_t)worker->loop.sums(ROUNDS);
    worker->rates[trial] = ROUNDS * worker->loop.flopsPerRound / (seconds() - start);
  }
  return NULL;
}

static void *measure_bandwidth(void *argument) {
  Worker *worker = argument;
  take_processor(worker->index);
  uint64_t *memory = malloc(BYTES_PER_THREAD);
  // Written once, so that the pages exist and are not all the same zero page.
  if (memory) memset(memory, 1, BYTES_PER_THREAD);
  const size_t count = memory ? BYTES_PER_THREAD / sizeof(uint64_t) : 0;
  for (int pass = 0; pass < worker->trials; pass++) {
    pthread_barrier_wait(worker->barrier);
    const double start = seconds();
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += memory[i];
    worker->sink += sum;
    worker->rates[pass] = count > 0 ? (double)BYTES_PER_THREAD / (seconds() - start) : 0;
  }
  free(memory);
  return NULL;
}

// The best trial's rate, of all threads together; 0 if they cannot be had.
static double on_threads(int threads, int trials, void *(*measure)(void *)) {
  if (threads < 1 || threads > MAXIMUM_THREADS) return 0;
  Worker workers[MAXIMUM_THREADS];
  pthread_t handles[MAXIMUM_THREADS];
  pthread_barrier_t barrier;
  double *rates = calloc((size_t)(threads * trials), sizeof *rates);
  if (!rates) return 0;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  for (int i = 0; i < threads; i++) {
    workers[i] = (Worker){flop_loop(), &barrier, i, trials, rates + i * trials, 0};
    // The threads that have begun wait for this one at the barrier, for ever.
    if (pthread_create(&handles[i], NULL, measure, &workers[i]) != 0) abort();
  }
  for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
  double best = 0;
  for (int trial = 0; trial < trials; trial++) {
    double total = 0;
    for (int i = 0; i < threads; i++) total += rates[i * trials + trial];
    if (total > best) best = total;
  }
  pthread_barrier_destroy(&barrier);
  free(rates);
  return best;
}

double roofline_flops(int threads, int trials) {
  return flop_loop().sums ? on_threads(threads, trials, measure_flops) : 0;
}

double roofline_bandwidth(int threads) { return on_threads(threads, PASSES, measure_bandwidth); }
