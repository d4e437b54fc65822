/* A flow on a grid without borders: what leaves at one side comes in at the other. Velocities are in cells per step. */
#ifndef EXAMPLES_FLUID_H
#define EXAMPLES_FLUID_H

#include <autograd.h>

typedef struct fluid {
  ag_array rows, columns; /* the numbers of the rows as a column, those of the columns as a row */
  int64_t shape[2];
  int jacobi_steps; /* for the pressure */
} fluid;

fluid fluid_begin(ag_context *cx, int64_t rows, int64_t columns, int jacobi_steps);

/* What f is after a step with the velocity (vx, vy): each cell takes the value from where the flow came from, between
 * four cells (J. Stam: Stable fluids, 1999). */
ag_array fluid_advect(ag_context *cx, const fluid *flow, ag_array f, ag_array vx, ag_array vy);

/* Subtracts the gradient of the pressure, so that as much flows into each cell as out of it, nearly. */
void fluid_project(ag_context *cx, const fluid *flow, ag_array *vx, ag_array *vy);

/* f[i + 1] - f[i - 1] along an axis */
ag_array fluid_difference(ag_context *cx, ag_array f, int64_t axis);

#endif
