// Functions on vectors wider than a register are all inlined or in this file, so that no calling convention is involved.
#pragma clang diagnostic ignored "-Wpsabi"

#define BK_PIXELS 2
#define BK_SIZES(X) X(1) X(2)
#define BK_TABLE blocked_table_portable
#include "blocked_template.h"
