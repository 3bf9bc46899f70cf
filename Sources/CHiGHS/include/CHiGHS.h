// Mixed-integer programs solved by HiGHS (https://highs.dev, MIT licence), which is loaded when it is first needed.
//
// Nothing of HiGHS is linked or copied: its C functions are looked up by name in a shared library. Only functions
// that libraries of version 1.7 and later export are used.

#ifndef TANDEM_CHIGHS_H
#define TANDEM_CHIGHS_H

#include <stddef.h>
#include <stdint.h>

/// A loaded library with the functions that are needed from it.
typedef struct chighs_library chighs_library;

/// How a program ended.
typedef enum {
  chighs_failed = 0,
  chighs_optimal = 1,
  chighs_infeasible = 2,
  chighs_stopped = 3
} chighs_ending;

/// What is known about a program after a run.
typedef struct {
  chighs_ending ending;
  /// No solution has a lower objective; −infinity if nothing is known.
  double bound;
  /// Whether values were stored.
  int32_t hasValues;
} chighs_result;

/// Loads a library by path, or by name from where the system looks for libraries. Null if it cannot be loaded or is
/// no HiGHS with 32-bit indices; `message` then says why in at most `capacity` bytes. Never unloaded.
chighs_library *chighs_open(const char *path, char *message, size_t capacity);

/// The library's version, such as "1.15.1".
const char *chighs_version(const chighs_library *library);

/// Minimises column 0 over bounded columns, some of them integers, under bounded rows, on one thread and within
/// `seconds` of wall-clock time as far as HiGHS keeps to it.
///
/// `isInteger` has 1 for columns that must be integers, else 0. Row r has the entries rowStart[r] ..< rowStart[r + 1] of
/// `column` and `coefficient`. `start` has a feasible value of every column to begin with, or is null; `values` has
/// room for every column.
chighs_result chighs_solve(const chighs_library *library, int32_t columns, int32_t rows, int32_t entries,
                           const double *columnLower, const double *columnUpper, const int32_t *isInteger,
                           const double *rowLower, const double *rowUpper, const int32_t *rowStart,
                           const int32_t *column, const double *coefficient, const double *start,
                           double seconds, int32_t seed, double *values);

/// The value of an environment variable, or null.
const char *chighs_environment(const char *name);

/// Stores the last path in alphabetical order that matches a pattern with wildcards; 0 if there is none that fits in
/// `capacity` bytes.
int32_t chighs_match(const char *pattern, char *path, size_t capacity);

#endif
