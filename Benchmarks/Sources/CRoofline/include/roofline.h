#ifndef ROOFLINE_H
#define ROOFLINE_H

/// The multiply-adds that the vector units sustain on independent sums in registers, times two, per second: the best of
/// `trials` of some 40 µs on `threads` threads at once. 0 where no loop for this processor exists.
double roofline_flops(int threads, int trials);

/// The bytes per second at which `threads` threads read memory of their own that no cache holds: the best of several
/// passes. 0 if the memory cannot be had.
double roofline_bandwidth(int threads);

/// What `roofline_flops` uses: `avx512`, `avx2`, `neon` or `none`.
const char *roofline_vector_extension(void);

#endif
