// Vectors of 4 floats: SSE2 on x86-64, NEON on ARM, whatever the compiler makes of them elsewhere.

#define WG_VECTOR 4
#if defined(__aarch64__)
#define WG_REGISTERS 32
#else
#define WG_REGISTERS 16
#endif
#define WG_NAME "portable"
#define WG_VARIANT winograd_variant_portable
#include "winograd_template.h"
