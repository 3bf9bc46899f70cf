#include "CHiGHS.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The functions of HiGHS that are used; its integers are 32 bits wide unless it was built otherwise.
typedef void *(*create_function)(void);
typedef void (*destroy_function)(void *);
typedef const char *(*version_function)(void);
typedef int32_t (*index_size_function)(const void *);
typedef int32_t (*set_flag_function)(void *, const char *, int32_t);
typedef int32_t (*set_integer_function)(void *, const char *, int32_t);
typedef int32_t (*set_number_function)(void *, const char *, double);
typedef int32_t (*pass_function)(void *, int32_t columns, int32_t rows, int32_t entries, int32_t format,
                                 int32_t sense, double offset, const double *cost, const double *columnLower,
                                 const double *columnUpper, const double *rowLower, const double *rowUpper,
                                 const int32_t *start, const int32_t *index, const double *value,
                                 const int32_t *isInteger);
typedef int32_t (*set_solution_function)(void *, const double *columns, const double *rows,
                                         const double *columnDuals, const double *rowDuals);
typedef int32_t (*run_function)(void *);
typedef int32_t (*status_function)(const void *);
typedef int32_t (*get_number_function)(const void *, const char *, double *);
typedef int32_t (*get_integer_function)(const void *, const char *, int32_t *);
typedef int32_t (*get_solution_function)(const void *, double *columns, double *columnDuals, double *rows,
                                         double *rowDuals);

struct chighs_library {
  create_function create;
  destroy_function destroy;
  version_function version;
  index_size_function indexSize;
  set_flag_function setFlag;
  set_integer_function setInteger;
  set_number_function setNumber;
  pass_function pass;
  set_solution_function setSolution;
  run_function run;
  status_function status;
  get_number_function getNumber;
  get_integer_function getInteger;
  get_solution_function getSolution;
};

// Constants of the C interface.
enum { callFailed = -1, rowWise = 2, minimise = 1, feasiblePoint = 2 };
enum { statusOptimal = 7, statusInfeasible = 8, statusTimeLimit = 13, statusInterrupt = 17 };

static void say(char *message, size_t capacity, const char *text) {
  if (capacity > 0) snprintf(message, capacity, "%s", text);
}

chighs_library *chighs_open(const char *path, char *message, size_t capacity) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    const char *reason = dlerror();
    say(message, capacity, reason != NULL ? reason : "unknown reason");
    return NULL;
  }
  chighs_library *library = calloc(1, sizeof *library);
  if (library == NULL) {
    say(message, capacity, "out of memory");
    return NULL;
  }
  const struct {
    const char *name;
    void *place;
  } functions[] = {
      {"Highs_create", &library->create},
      {"Highs_destroy", &library->destroy},
      {"Highs_version", &library->version},
      {"Highs_getSizeofHighsInt", &library->indexSize},
      {"Highs_setBoolOptionValue", &library->setFlag},
      {"Highs_setIntOptionValue", &library->setInteger},
      {"Highs_setDoubleOptionValue", &library->setNumber},
      {"Highs_passMip", &library->pass},
      {"Highs_setSolution", &library->setSolution},
      {"Highs_run", &library->run},
      {"Highs_getModelStatus", &library->status},
      {"Highs_getDoubleInfoValue", &library->getNumber},
      {"Highs_getIntInfoValue", &library->getInteger},
      {"Highs_getSolution", &library->getSolution},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    void *symbol = dlsym(handle, functions[i].name);
    if (symbol == NULL) {
      if (capacity > 0) snprintf(message, capacity, "%s has no function %s", path, functions[i].name);
      free(library);
      return NULL;
    }
    memcpy(functions[i].place, &symbol, sizeof symbol);
  }
  void *highs = library->create();
  const int32_t size = highs != NULL ? library->indexSize(highs) : 0;
  if (highs != NULL) library->destroy(highs);
  if (size != sizeof(int32_t)) {
    if (capacity > 0) snprintf(message, capacity, "%s was not built with 32-bit indices", path);
    free(library);
    return NULL;
  }
  return library;
}

const char *chighs_version(const chighs_library *library) { return library->version(); }

/// Sets every option; 0 if one is refused.
static int setOptions(const chighs_library *library, void *highs, double seconds, int32_t seed) {
  return library->setFlag(highs, "output_flag", 0) != callFailed &&
         library->setInteger(highs, "threads", 1) != callFailed &&
         library->setInteger(highs, "random_seed", seed) != callFailed &&
         library->setNumber(highs, "time_limit", seconds > 0 ? seconds : 0) != callFailed &&
         library->setNumber(highs, "mip_rel_gap", 0) != callFailed;
}

chighs_result chighs_solve(const chighs_library *library, int32_t columns, int32_t rows, int32_t entries,
                           const double *columnLower, const double *columnUpper, const int32_t *isInteger,
                           const double *rowLower, const double *rowUpper, const int32_t *rowStart,
                           const int32_t *column, const double *coefficient, const double *start,
                           double seconds, int32_t seed, double *values) {
  chighs_result result = {chighs_failed, -INFINITY, 0};
  double *cost = calloc((size_t)columns, sizeof *cost);
  double *activities = calloc((size_t)rows + 1, sizeof *activities);
  double *duals = calloc((size_t)columns + (size_t)rows + 1, sizeof *duals);
  void *highs = library->create();
  if (cost == NULL || activities == NULL || duals == NULL || highs == NULL) goto end;
  cost[0] = 1;
  if (!setOptions(library, highs, seconds, seed)) goto end;
  if (library->pass(highs, columns, rows, entries, rowWise, minimise, 0, cost, columnLower, columnUpper, rowLower,
                    rowUpper, rowStart, column, coefficient, isInteger) == callFailed)
    goto end;
  // A start that is refused is only a loss of time.
  if (start != NULL) (void)library->setSolution(highs, start, NULL, NULL, NULL);
  if (library->run(highs) == callFailed) goto end;
  switch (library->status(highs)) {
    case statusOptimal: result.ending = chighs_optimal; break;
    case statusInfeasible: result.ending = chighs_infeasible; break;
    case statusTimeLimit:
    case statusInterrupt: result.ending = chighs_stopped; break;
    default: goto end;
  }
  double bound = -INFINITY;
  int32_t point = 0;
  if (result.ending != chighs_infeasible && library->getNumber(highs, "mip_dual_bound", &bound) != callFailed)
    result.bound = bound;
  if (library->getInteger(highs, "primal_solution_status", &point) != callFailed && point == feasiblePoint)
    result.hasValues =
        library->getSolution(highs, values, duals, activities, duals + columns) != callFailed;
end:
  if (highs != NULL) library->destroy(highs);
  free(duals);
  free(activities);
  free(cost);
  return result;
}

const char *chighs_environment(const char *name) { return getenv(name); }

int32_t chighs_match(const char *pattern, char *path, size_t capacity) {
  glob_t found;
  int32_t fits = 0;
  if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0) {
    const char *last = found.gl_pathv[found.gl_pathc - 1];
    fits = strlen(last) < capacity;
    if (fits) strcpy(path, last);
  }
  globfree(&found);
  return fits;
}
