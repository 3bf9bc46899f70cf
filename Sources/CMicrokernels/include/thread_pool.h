// A fixed team of threads that run the same function at the same time, for kernels of microseconds: who waits spins a
// while before it sleeps, so that a parallel region costs a fraction of a microsecond while work keeps coming.

#ifndef TANDEM_THREAD_POOL_H
#define TANDEM_THREAD_POOL_H

#include <stddef.h>

typedef struct thread_team thread_team;

/// Creates `size` − 1 threads; the caller of `thread_team_run` is the first member. Null if a thread cannot be created
/// or `size` is below 1.
thread_team *thread_team_create(ptrdiff_t size);

/// Ends the threads. Not while a run is under way.
void thread_team_destroy(thread_team *team);

/// Calls `work(context, member)` once for each member 0 … size − 1, all at the same time, and returns when all have
/// returned. Not reentrant; callers on
/// several threads wait for each other.
void thread_team_run(thread_team *team, void (*work)(void *context, ptrdiff_t member), void *context);

/// Returns when every member of the team has called it as often: what was written before is visible afterwards. Within
/// `work` alone.
void thread_team_barrier(thread_team *team);

#endif
