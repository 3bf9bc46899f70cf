// Vectors of 4 floats: SSE2 on x86-64, NEON on ARM, whatever the compiler makes of them elsewhere.

#define TK_VECTOR 4
#define TK_BLOCK 4
#define TK_PIXEL_VECTORS 2
#define TK_STREAMS 2
#define TK_NAME "portable"
#define TK_TABLE tk_table_portable
#include "training_kernels_template.h"
