#include "fluid.h"

fluid fluid_begin(ag_context *cx, int64_t rows, int64_t columns, int jacobi_steps) {
  fluid flow = {.shape = {rows, columns}, .jacobi_steps = jacobi_steps};
  const int64_t as_column[2] = {rows, 1};
  flow.rows = ag_reshape(cx, ag_arange(cx, AG_F64, 0, (double)rows, 1), as_column, 2);
  flow.columns = ag_arange(cx, AG_F64, 0, (double)columns, 1);
  return flow;
}

/* Scopes let intermediates go at once, so that the next ones find their memory in the cache: without them, a gradient of
   the flow on a small grid takes half as long again. */

ag_array fluid_advect(ag_context *cx, const fluid *flow, ag_array f, ag_array vx, ag_array vy) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array y = ag_sub(cx, flow->rows, vy), x = ag_sub(cx, flow->columns, vx);
  ag_array y0 = ag_floor(cx, y), x0 = ag_floor(cx, x), between[2], row[2], column[2], value[2];
  ag_array wy = ag_sub(cx, y, y0), wx = ag_sub(cx, x, x0);
  for (int i = 0; i < 2; i++) {
    row[i] = ag_astype(cx, ag_mod_scalar(cx, ag_add_scalar(cx, y0, i), (double)flow->shape[0]), AG_I64);
    column[i] = ag_astype(cx, ag_mod_scalar(cx, ag_add_scalar(cx, x0, i), (double)flow->shape[1]), AG_I64);
  }
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      const ag_index_item items[] = {{.kind = AG_INDEX_ARRAY, .array = row[i]},
                                     {.kind = AG_INDEX_ARRAY, .array = column[j]}};
      value[j] = ag_index_items(cx, f, items, 2);
    }
    between[i] = ag_add(cx, value[0], ag_mul(cx, wx, ag_sub(cx, value[1], value[0])));
  }
  ag_array moved = ag_add(cx, between[0], ag_mul(cx, wy, ag_sub(cx, between[1], between[0])));
  ag_keep(cx, scope, moved);
  ag_scope_leave(cx, scope);
  return moved;
}

ag_array fluid_difference(ag_context *cx, ag_array f, int64_t axis) {
  return ag_sub(cx, ag_roll_axis(cx, f, -1, axis), ag_roll_axis(cx, f, 1, axis));
}

void fluid_project(ag_context *cx, const fluid *flow, ag_array *vx, ag_array *vy) {
  ag_scope scope = ag_scope_enter(cx);
  ag_array twice = ag_add(cx, fluid_difference(cx, *vx, 1), fluid_difference(cx, *vy, 0));
  ag_array divergence = ag_mul_scalar(cx, twice, -0.5), p = ag_zeros_like(cx, *vx);
  for (int i = 0; i < flow->jacobi_steps; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array sum = divergence;
    for (int64_t axis = 0; axis < 2; axis++)
      for (int64_t shift = 1; shift >= -1; shift -= 2) sum = ag_add(cx, sum, ag_roll_axis(cx, p, shift, axis));
    p = ag_keep(cx, step, ag_div_scalar(cx, sum, 4.0));
    ag_scope_leave(cx, step);
  }
  *vx = ag_keep(cx, scope, ag_sub(cx, *vx, ag_mul_scalar(cx, fluid_difference(cx, p, 1), 0.5)));
  *vy = ag_keep(cx, scope, ag_sub(cx, *vy, ag_mul_scalar(cx, fluid_difference(cx, p, 0), 0.5)));
  ag_scope_leave(cx, scope);
}
