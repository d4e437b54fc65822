/* The workloads of benches/peers/workloads.md in the library's C API. */
#ifndef BENCH_WORKLOADS_H
#define BENCH_WORKLOADS_H

#include <autograd.h>

enum { MOST_PARAMETERS = 10 };

typedef struct problem problem;
struct problem {
  ag_context *cx;
  int32_t dtype;
  ag_array parameters[MOST_PARAMETERS];
  size_t nparameters;
  ag_array constants[MOST_PARAMETERS];
  ag_function loss;
  /* Computes results[0..nparameters): the gradients of loss, unless the workload says otherwise. Returns the value. */
  ag_array (*step)(problem *p, ag_array *results);
};

/* Makes the inputs of a workload; false when it is not one of ours. */
bool problem_new(problem *p, ag_context *cx, const char *workload, const char *dtype, const char *size);

/* Calls `each` with every workload, dtype and size, in the order of workloads.md. */
void problem_list(void (*each)(const char *workload, const char *dtype, const char *size));

#endif
