#ifndef TANDEM_TRAINING_TABLES_H
#define TANDEM_TRAINING_TABLES_H

#include "training_kernels.h"

extern const tk_table tk_table_portable;
#if defined(__x86_64__)
extern const tk_table tk_table_avx2;
extern const tk_table tk_table_avx512;
#endif

#endif
