// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

// A vector takes four registers, of which there may be 16.
#define BK_VECTORS 1
#define BK_MOST_PIXELS {2}
#define BK_PIXELS 2
#define BK_TILES(X) X(1, 1) X(1, 2)
#define BK_TABLE blocked_table_portable
#include "blocked_template.h"
