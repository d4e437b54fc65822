/* D. P. Kingma, J. Ba: Adam: a method for stochastic optimization (2015). */
#ifndef EXAMPLES_ADAM_H
#define EXAMPLES_ADAM_H

#include <autograd.h>

enum { ADAM_MOST = 16 };

typedef struct adam {
  ag_array mean[ADAM_MOST], square[ADAM_MOST]; /* running averages of the gradient and of its square */
  size_t count;
  int steps;
} adam;

/* For `count` parameters, at most ADAM_MOST. The averages live in the scope that is open now. */
void adam_begin(ag_context *cx, adam *a, const ag_array *parameters, size_t count);

/* Moves the parameters (their handles keep their values' new versions) by one step. */
void adam_step(ag_context *cx, adam *a, const ag_array *parameters, const ag_array *gradients, double step_size);

#endif
