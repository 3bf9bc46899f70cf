#define _GNU_SOURCE
#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
  /// Rounds of waiting, each some 20 to 50 ns, before the processor is offered to others: a few microseconds, longer than
  /// the members of a team differ when each has a processor.
  SPINS_BEFORE_YIELDING = 200,
  /// Rounds before a member without work goes to sleep: some 100 µs, longer than the time between two runs of one network.
  SPINS_BEFORE_SLEEPING = 4000,
  CACHE_LINE = 64,
};

struct thread_team {
  ptrdiff_t size;
  pthread_t *threads;
  /// One caller at a time.
  pthread_mutex_t callers;
  /// The processor that each member ran on last.
  atomic_int *processors;
#if defined(__linux__)
  cpu_set_t allowed;
#endif
  void (*work)(void *context, ptrdiff_t member);
  void *context;
  pthread_mutex_t mutex;
  pthread_cond_t awake;
  /// Counts runs; the members wait for it to change.
  _Alignas(CACHE_LINE) atomic_uint generation;
  atomic_int sleepers;
  atomic_int ends;
  /// Members that have arrived at the barrier, and the barriers passed.
  _Alignas(CACHE_LINE) atomic_int arrived;
  _Alignas(CACHE_LINE) atomic_uint passed;
};

typedef struct {
  thread_team *team;
  ptrdiff_t index;
} member;

static inline void rest(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void thread_team_barrier(thread_team *team) {
  const unsigned before = atomic_load_explicit(&team->passed, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) + 1 == team->size) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&team->passed, before + 1, memory_order_release);
    return;
  }
  for (int spins = 0; atomic_load_explicit(&team->passed, memory_order_acquire) == before; spins++) {
    // The one that is missing may be waiting for this processor.
    if (spins < SPINS_BEFORE_YIELDING) {
      rest();
    } else {
      sched_yield();
    }
  }
}

// Returns the first generation that is not `seen`.
static unsigned next_generation(thread_team *team, unsigned seen) {
  for (int spins = 0; spins < SPINS_BEFORE_SLEEPING; spins++) {
    const unsigned now = atomic_load_explicit(&team->generation, memory_order_acquire);
    if (now != seen) return now;
    rest();
  }
  pthread_mutex_lock(&team->mutex);
  // Announced before the generation is read again, and the other way round by the one who raises it: one of both sees
  // the other.
  atomic_fetch_add(&team->sleepers, 1);
  unsigned now = atomic_load(&team->generation);
  while (now == seen) {
    pthread_cond_wait(&team->awake, &team->mutex);
    now = atomic_load(&team->generation);
  }
  atomic_fetch_sub(&team->sleepers, 1);
  pthread_mutex_unlock(&team->mutex);
  return now;
}

// Moves a member away from processors that the members before it run on. Threads that wake each other every few
// microseconds are often put on one processor, and run too shortly for the system to notice that another is idle.
static void keep_apart(thread_team *team, ptrdiff_t index) {
#if defined(__linux__)
  int own = sched_getcpu();
  int meets = 0;
  for (ptrdiff_t i = 0; i < index; i++) meets |= atomic_load_explicit(&team->processors[i], memory_order_relaxed) == own;
  if (meets) {
    cpu_set_t others = team->allowed;
    for (ptrdiff_t i = 0; i < index; i++) {
      const int taken = atomic_load_explicit(&team->processors[i], memory_order_relaxed);
      if (taken >= 0) CPU_CLR(taken, &others);
    }
    // It moves before the call returns. The caller itself is never moved.
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0) own = sched_getcpu();
  }
  atomic_store_explicit(&team->processors[index], own, memory_order_relaxed);
#else
  (void)team, (void)index;
#endif
}

static void start_generation(thread_team *team) {
  atomic_fetch_add(&team->generation, 1);
  if (atomic_load(&team->sleepers) > 0) {
    pthread_mutex_lock(&team->mutex);
    pthread_cond_broadcast(&team->awake);
    pthread_mutex_unlock(&team->mutex);
  }
}

static void *serve(void *argument) {
  const member self = *(member *)argument;
  free(argument);
  thread_team *team = self.team;
  unsigned seen = 0;
  for (;;) {
    seen = next_generation(team, seen);
    if (atomic_load(&team->ends)) return NULL;
    keep_apart(team, self.index);
    team->work(team->context, self.index);
    thread_team_barrier(team);
  }
}

void thread_team_run(thread_team *team, void (*work)(void *context, ptrdiff_t member), void *context) {
  if (team->size == 1) {
    work(context, 0);
    return;
  }
  pthread_mutex_lock(&team->callers);
  team->work = work;
  team->context = context;
#if defined(__linux__)
  atomic_store_explicit(&team->processors[0], sched_getcpu(), memory_order_relaxed);
#endif
  start_generation(team);
  work(context, 0);
  thread_team_barrier(team);
  pthread_mutex_unlock(&team->callers);
}

void thread_team_destroy(thread_team *team) {
  if (!team) return;
  atomic_store(&team->ends, 1);
  if (team->size > 1) start_generation(team);
  for (ptrdiff_t index = 1; index < team->size; index++) pthread_join(team->threads[index - 1], NULL);
  pthread_cond_destroy(&team->awake);
  pthread_mutex_destroy(&team->mutex);
  pthread_mutex_destroy(&team->callers);
  free(team->processors);
  free(team->threads);
  free(team);
}

thread_team *thread_team_create(ptrdiff_t size) {
  if (size < 1) return NULL;
  thread_team *team = aligned_alloc(CACHE_LINE, (sizeof(thread_team) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
  if (!team) return NULL;
  *team = (thread_team){.size = 1};
  pthread_mutex_init(&team->mutex, NULL);
  pthread_mutex_init(&team->callers, NULL);
#if defined(__linux__)
  sched_getaffinity(0, sizeof team->allowed, &team->allowed);
#endif
  pthread_cond_init(&team->awake, NULL);
  team->threads = calloc((size_t)size, sizeof(pthread_t));
  team->processors = malloc((size_t)size * sizeof(atomic_int));
  for (ptrdiff_t index = 0; team->processors && index < size; index++) atomic_init(&team->processors[index], -1);
  for (ptrdiff_t index = 1; index < size; index++) {
    member *self = team->threads && team->processors ? malloc(sizeof(member)) : NULL;
    if (self) *self = (member){team, index};
    // The team grows only while its members sleep or spin for their first run.
    if (!self || pthread_create(&team->threads[index - 1], NULL, serve, self) != 0) {
      free(self);
      thread_team_destroy(team);
      return NULL;
    }
    team->size++;
  }
  return team;
}
