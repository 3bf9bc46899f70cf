// The BLAS that Tandem's kernels call. Linked as "openblas", not "blas": a distribution's alternative may point elsewhere.
#include <cblas.h>
