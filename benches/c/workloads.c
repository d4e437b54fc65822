#include "workloads.h"
#include "inputs.h"

#include <stdlib.h>
#include <string.h>

/* ---- losses: functions of the parameters; `user` is the problem ---- */

#define LOSS(name) static ag_array name(ag_context *cx, const ag_array *args, size_t nargs, void *user)

LOSS(scalar_taylor) {
  (void)nargs, (void)user;
  ag_array x = args[0], term = x, sum = x;
  for (int i = 0; fabs(ag_item(cx, term)) > 0.001; i++) {
    term = ag_div_scalar(cx, ag_mul(cx, ag_neg(cx, term), ag_square(cx, x)), (2 * i + 3) * (2 * i + 2));
    sum = ag_add(cx, sum, term);
  }
  return sum;
}

LOSS(scalar_chain) {
  (void)nargs, (void)user;
  ag_array x = args[0];
  for (int i = 0; i < 1000; i++) x = ag_add_scalar(cx, ag_mul_scalar(cx, ag_sin(cx, x), 1.1), 0.1);
  return x;
}

LOSS(rosenbrock) {
  (void)nargs, (void)user;
  ag_array left = ag_index(cx, args[0], ":-1"), right = ag_index(cx, args[0], "1:");
  ag_array valley = ag_mul_scalar(cx, ag_square(cx, ag_sub(cx, right, ag_square(cx, left))), 100.0);
  return ag_sum(cx, ag_add(cx, valley, ag_square(cx, ag_rsub_scalar(cx, left, 1.0))));
}

LOSS(logreg) {
  (void)nargs;
  const problem *p = user;
  ag_array t = p->constants[1], z = ag_mul_scalar(cx, ag_dot(cx, p->constants[0], args[0]), 0.5);
  ag_array q = ag_mul_scalar(cx, ag_add_scalar(cx, ag_tanh(cx, z), 1.0), 0.5);
  ag_array negative = ag_mul(cx, ag_rsub_scalar(cx, q, 1.0), ag_rsub_scalar(cx, t, 1.0));
  return ag_neg(cx, ag_sum(cx, ag_log(cx, ag_add(cx, ag_mul(cx, q, t), negative))));
}

LOSS(elementwise) {
  (void)nargs, (void)user;
  ag_array x = args[0], square = ag_mul(cx, x, x);
  ag_array left = ag_mul(cx, ag_tanh(cx, x), ag_exp(cx, ag_neg(cx, square)));
  return ag_sum(cx, ag_add(cx, left, ag_mul(cx, ag_log1p(cx, square), ag_sin(cx, x))));
}

/* One row of scores per example, one row of t with a single 1: the mean surprise, and a penalty on all parameters. */
static ag_array penalised_surprise(ag_context *cx, ag_array scores, ag_array t, const ag_array *args, size_t nargs) {
  ag_array penalty = ag_scalar(cx, 0.0);
  ag_array log_p = ag_sub(cx, scores, ag_logsumexp_axis(cx, scores, 1, true));
  ag_array likelihood = ag_div_scalar(cx, ag_sum(cx, ag_mul(cx, log_p, t)), (double)ag_shape(cx, t)[0]);
  for (size_t k = 0; k < nargs; k++) penalty = ag_add(cx, penalty, ag_sum(cx, ag_square(cx, args[k])));
  return ag_sub(cx, ag_mul_scalar(cx, penalty, 1e-4), likelihood);
}

/* Layers of tanh, the last one linear; weights and biases by turns. */
static ag_array layers(ag_context *cx, ag_array h, const ag_array *args, size_t nargs) {
  for (size_t k = 0; k < nargs; k += 2) {
    h = ag_add(cx, ag_dot(cx, h, args[k]), args[k + 1]);
    if (k + 2 < nargs) h = ag_tanh(cx, h);
  }
  return h;
}

LOSS(mlp) {
  const problem *p = user;
  return penalised_surprise(cx, layers(cx, p->constants[0], args, nargs), p->constants[1], args, nargs);
}

LOSS(convnet) {
  const problem *p = user;
  const int64_t window[] = {2, 2}, flat[] = {ag_shape(cx, p->constants[0])[0], -1};
  ag_array h = p->constants[0];
  for (size_t k = 0; k < 4; k += 2) {
    const int64_t per_channel[] = {-1, 1, 1};
    h = ag_add(cx, ag_conv2d(cx, h, args[k], NULL, NULL, NULL, 1), ag_reshape(cx, args[k + 1], per_channel, 3));
    h = ag_max_pool2d(cx, h, window, NULL, NULL);
  }
  h = layers(cx, ag_reshape(cx, h, flat, 2), args + 4, nargs - 4);
  return penalised_surprise(cx, h, p->constants[1], args, nargs);
}

/* x[i] */
static ag_array at(ag_context *cx, ag_array x, int64_t i) {
  return ag_index_items(cx, x, &(ag_index_item){.kind = AG_INDEX_INT, .start = i}, 1);
}

LOSS(lstm) {
  (void)nargs;
  const problem *p = user;
  ag_array x = p->constants[0], c = p->constants[1], total = ag_scalar(cx, 0.0);
  const int64_t *sizes = ag_shape(cx, c), steps = sizes[0], batch = sizes[1];
  ag_array h = ag_zeros(cx, p->dtype, sizes + 1, 2), cell = h;
  for (int64_t t = 0; t < steps; t++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array parts[4], z = ag_add(cx, ag_dot(cx, at(cx, x, t), args[0]), ag_dot(cx, h, args[1]));
    ag_split(cx, ag_add(cx, z, args[2]), 4, 1, parts);
    ag_array fresh = ag_mul(cx, ag_expit(cx, parts[0]), ag_tanh(cx, parts[2]));
    cell = ag_keep(cx, step, ag_add(cx, ag_mul(cx, ag_expit(cx, parts[1]), cell), fresh));
    h = ag_keep(cx, step, ag_mul(cx, ag_expit(cx, parts[3]), ag_tanh(cx, cell)));
    total = ag_keep(cx, step, ag_add(cx, total, ag_sum(cx, ag_mul(cx, h, at(cx, c, t)))));
    ag_scope_leave(cx, step);
  }
  return ag_div_scalar(cx, total, (double)(steps * batch));
}

/* The right side of a differential equation: a small net. */
static ag_array field(ag_context *cx, const ag_array *args, ag_array y) {
  ag_array hidden = ag_tanh(cx, ag_add(cx, ag_dot(cx, y, args[0]), args[1]));
  return ag_add(cx, ag_dot(cx, hidden, args[2]), args[3]);
}

/* A hundred steps of the classical method of Runge and Kutta. */
LOSS(odeint) {
  (void)nargs;
  (void)user;
  enum { STEPS = 100 };
  const double h = 0.05;
  ag_array y = args[4], total = ag_scalar(cx, 0.0);
  for (int i = 0; i < STEPS; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array k1 = field(cx, args, y);
    ag_array k2 = field(cx, args, ag_add(cx, y, ag_mul_scalar(cx, k1, h / 2)));
    ag_array k3 = field(cx, args, ag_add(cx, y, ag_mul_scalar(cx, k2, h / 2)));
    ag_array k4 = field(cx, args, ag_add(cx, y, ag_mul_scalar(cx, k3, h)));
    ag_array middle = ag_mul_scalar(cx, ag_add(cx, k2, k3), 2.0);
    ag_array slope = ag_add(cx, ag_add(cx, k1, middle), k4);
    y = ag_keep(cx, step, ag_add(cx, y, ag_mul_scalar(cx, slope, h / 6)));
    total = ag_keep(cx, step, ag_add(cx, total, ag_sum(cx, ag_square(cx, y))));
    ag_scope_leave(cx, step);
  }
  return ag_div_scalar(cx, total, STEPS);
}

/* f, where the flow came from: between four cells of a grid without borders. Its scope, like those below, lets
   intermediates go at once, so that the next ones find their memory in the cache. */
static ag_array advect(ag_context *cx, const problem *p, ag_array f, ag_array vx, ag_array vy) {
  double n = (double)ag_shape(cx, f)[0];
  ag_scope scope = ag_scope_enter(cx);
  ag_array y = ag_sub(cx, p->constants[2], vy), x = ag_sub(cx, p->constants[3], vx);
  ag_array y0 = ag_floor(cx, y), x0 = ag_floor(cx, x), between[2], row[2], column[2], value[2];
  ag_array wy = ag_sub(cx, y, y0), wx = ag_sub(cx, x, x0);
  for (int i = 0; i < 2; i++) {
    row[i] = ag_astype(cx, ag_mod_scalar(cx, ag_add_scalar(cx, y0, i), n), AG_I64);
    column[i] = ag_astype(cx, ag_mod_scalar(cx, ag_add_scalar(cx, x0, i), n), AG_I64);
  }
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      const ag_index_item items[] = {{.kind = AG_INDEX_ARRAY, .array = row[i]},
                                     {.kind = AG_INDEX_ARRAY, .array = column[j]}};
      value[j] = ag_index_items(cx, f, items, 2);
    }
    between[i] = ag_add(cx, ag_mul(cx, ag_rsub_scalar(cx, wx, 1.0), value[0]), ag_mul(cx, wx, value[1]));
  }
  ag_array upper = ag_mul(cx, ag_rsub_scalar(cx, wy, 1.0), between[0]);
  ag_array moved = ag_keep(cx, scope, ag_add(cx, upper, ag_mul(cx, wy, between[1])));
  ag_scope_leave(cx, scope);
  return moved;
}

/* f[i + 1] - f[i - 1] along an axis that is a ring */
static ag_array difference(ag_context *cx, ag_array f, int64_t axis) {
  return ag_sub(cx, ag_roll_axis(cx, f, -1, axis), ag_roll_axis(cx, f, 1, axis));
}

/* Takes the divergence away, nearly: ten steps of Jacobi's method for the pressure. */
static void project(ag_context *cx, ag_array *vx, ag_array *vy) {
  ag_scope scope = ag_scope_enter(cx);
  double h = 1.0 / (double)ag_shape(cx, *vx)[0];
  ag_array divergence = ag_mul_scalar(cx, ag_add(cx, difference(cx, *vx, 1), difference(cx, *vy, 0)), -0.5 * h);
  ag_array p = ag_zeros_like(cx, *vx);
  for (int i = 0; i < 10; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array sum = divergence;
    for (int64_t axis = 0; axis < 2; axis++)
      for (int64_t shift = 1; shift >= -1; shift -= 2) sum = ag_add(cx, sum, ag_roll_axis(cx, p, shift, axis));
    p = ag_keep(cx, step, ag_div_scalar(cx, sum, 4.0));
    ag_scope_leave(cx, step);
  }
  *vx = ag_keep(cx, scope, ag_sub(cx, *vx, ag_div_scalar(cx, ag_mul_scalar(cx, difference(cx, p, 1), 0.5), h)));
  *vy = ag_keep(cx, scope, ag_sub(cx, *vy, ag_div_scalar(cx, ag_mul_scalar(cx, difference(cx, p, 0), 0.5), h)));
  ag_scope_leave(cx, scope);
}

LOSS(fluid) {
  (void)nargs;
  const problem *p = user;
  ag_array vx = args[0], vy = args[1], smoke = p->constants[0];
  for (int i = 0; i < 20; i++) {
    ag_array moved_x = advect(cx, p, vx, vx, vy), moved_y = advect(cx, p, vy, vx, vy);
    vx = moved_x, vy = moved_y;
    project(cx, &vx, &vy);
    smoke = advect(cx, p, smoke, vx, vy);
  }
  return ag_mean(cx, ag_square(cx, ag_sub(cx, p->constants[1], smoke)));
}

LOSS(gemm) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_square(cx, ag_dot(cx, args[0], args[1])));
}

LOSS(tanh_of_product) {
  (void)nargs;
  return ag_tanh(cx, ag_dot(cx, ((const problem *)user)->constants[0], args[0]));
}

LOSS(gather) {
  (void)nargs;
  return ag_sum(cx, ag_square(cx, ag_index_array(cx, args[0], ((const problem *)user)->constants[0])));
}

LOSS(sum_of_cumsum) {
  (void)nargs;
  return ag_sum(cx, ag_mul(cx, ag_cumsum(cx, args[0]), ((const problem *)user)->constants[0]));
}

LOSS(sum_of_sorted) {
  (void)nargs;
  return ag_sum(cx, ag_mul(cx, ag_sort(cx, args[0]), ((const problem *)user)->constants[0]));
}

LOSS(maxima) {
  (void)nargs, (void)user;
  ag_array rows = ag_max_axis(cx, args[0], 1, false), columns = ag_max_axis(cx, args[0], 0, false);
  return ag_add(cx, ag_sum(cx, ag_square(cx, rows)), ag_sum(cx, ag_square(cx, columns)));
}

/* ---- steps: what is timed ---- */

static ag_array gradients(problem *p, ag_array *results) {
  return ag_value_and_grads(p->cx, p->loss, p, p->parameters, p->nparameters, NULL, p->nparameters, results);
}

static ag_array hessian_vector_products(problem *p, ag_array *results) {
  ag_hvps(p->cx, p->loss, p, p->parameters, p->nparameters, p->constants + 2, results);
  return ag_scalar(p->cx, 0.0);
}

static ag_array whole_hessian(problem *p, ag_array *results) {
  results[0] = ag_hessian(p->cx, p->loss, p, p->parameters, p->nparameters, 0);
  return ag_scalar(p->cx, 0.0);
}

static ag_array whole_jacobian(problem *p, ag_array *results) {
  results[0] = ag_jacobian(p->cx, p->loss, p, p->parameters, p->nparameters, 0);
  return ag_scalar(p->cx, 0.0);
}

/* ---- inputs ---- */

static void *allocate(size_t n, size_t size) {
  void *p = malloc(n * size);
  if (!p) abort();
  return p;
}

/* U(seed, shape, low, high), in the problem's precision */
static ag_array U(problem *p, uint64_t seed, size_t ndim, const int64_t *shape, double low, double high) {
  size_t n = 1;
  for (size_t i = 0; i < ndim; i++) n *= (size_t)shape[i];
  double *x = allocate(n, sizeof *x);
  uniform(x, n, seed, low, high);
  ag_array made = ag_astype(p->cx, ag_array_new(p->cx, AG_F64, shape, ndim, x), p->dtype);
  free(x);
  return made;
}

static ag_array vector(problem *p, uint64_t seed, int64_t n, double low, double high) {
  return U(p, seed, 1, &n, low, high);
}

static ag_array matrix(problem *p, uint64_t seed, int64_t rows, int64_t columns, double low, double high) {
  const int64_t shape[] = {rows, columns};
  return U(p, seed, 2, shape, low, high);
}

/* W(seed, shape, fan_in) */
static ag_array weights(problem *p, uint64_t seed, size_t ndim, const int64_t *shape, int64_t fan_in) {
  double s = sqrt(3.0 / (double)fan_in);
  return U(p, seed, ndim, shape, -s, s);
}

/* W(seed, (m, n), m) */
static ag_array weight(problem *p, uint64_t seed, int64_t m, int64_t n) {
  const int64_t shape[] = {m, n};
  return weights(p, seed, 2, shape, m);
}

static ag_array I(problem *p, uint64_t seed, int64_t n, double below) {
  int64_t *x = allocate((size_t)n, sizeof *x);
  integers(x, (size_t)n, seed, below);
  ag_array made = ag_array_new(p->cx, AG_I64, &n, 1, x);
  free(x);
  return made;
}

static ag_array one_hot(problem *p, uint64_t seed, int64_t n, int64_t classes) {
  return ag_index_array(p->cx, ag_eye(p->cx, p->dtype, classes, classes, 0), I(p, seed, n, (double)classes));
}

static void mlp_inputs(problem *p, const char *size) {
  static const int64_t small[] = {64, 32, 10}, large[] = {784, 200, 100, 10};
  bool is_small = strcmp(size, "small") == 0;
  const int64_t *widths = is_small ? small : large, batch = is_small ? 32 : 256, layers = is_small ? 2 : 3;
  for (int64_t l = 0; l < layers; l++) {
    p->parameters[2 * l] = weight(p, 60 + 2 * (uint64_t)l, widths[l], widths[l + 1]);
    p->parameters[2 * l + 1] = vector(p, 61 + 2 * (uint64_t)l, widths[l + 1], -0.1, 0.1);
  }
  p->nparameters = 2 * (size_t)layers;
  p->constants[0] = matrix(p, 50, batch, widths[0], 0.0, 1.0);
  p->constants[1] = one_hot(p, 51, batch, 10);
  p->loss = mlp;
}

static void convnet_inputs(problem *p, int64_t batch) {
  static const int64_t channels[] = {1, 6, 16}, widths[] = {256, 120, 84, 10};
  uint64_t seed = 72;
  for (int l = 0; l < 2; l++, p->nparameters += 2, seed += 2) {
    const int64_t kernel[] = {channels[l + 1], channels[l], 5, 5};
    p->parameters[p->nparameters] = weights(p, seed, 4, kernel, 25 * channels[l]);
    p->parameters[p->nparameters + 1] = vector(p, seed + 1, channels[l + 1], -0.1, 0.1);
  }
  for (int l = 0; l < 3; l++, p->nparameters += 2, seed += 2) {
    p->parameters[p->nparameters] = weight(p, seed, widths[l], widths[l + 1]);
    p->parameters[p->nparameters + 1] = vector(p, seed + 1, widths[l + 1], -0.1, 0.1);
  }
  const int64_t images[] = {batch, 1, 28, 28};
  p->constants[0] = U(p, 70, 4, images, 0.0, 1.0);
  p->constants[1] = one_hot(p, 71, batch, 10);
  p->loss = convnet;
}

static void lstm_inputs(problem *p, const char *size) {
  char *rest;
  int64_t steps = strtol(size, &rest, 10), batch = strtol(rest + 1, &rest, 10), hidden = strtol(rest + 1, NULL, 10);
  enum { INPUTS = 32 };
  const int64_t inputs[] = {steps, batch, INPUTS}, states[] = {steps, batch, hidden};
  p->parameters[0] = weight(p, 92, INPUTS, 4 * hidden);
  p->parameters[1] = weight(p, 93, hidden, 4 * hidden);
  p->parameters[2] = vector(p, 94, 4 * hidden, -0.1, 0.1);
  p->nparameters = 3;
  p->constants[0] = U(p, 90, 3, inputs, -1.0, 1.0);
  p->constants[1] = U(p, 91, 3, states, -1.0, 1.0);
  p->loss = lstm;
}

static void odeint_inputs(problem *p) {
  enum { HIDDEN = 64 };
  p->parameters[0] = weight(p, 190, 2, HIDDEN);
  p->parameters[1] = vector(p, 191, HIDDEN, -0.1, 0.1);
  p->parameters[2] = weight(p, 192, HIDDEN, 2);
  p->parameters[3] = vector(p, 193, 2, -0.1, 0.1);
  const double start[] = {0.5, -0.3};
  p->parameters[4] = ag_astype(p->cx, ag_vector(p->cx, start, 2), p->dtype);
  p->nparameters = 5;
  p->loss = odeint;
}

static void fluid_inputs(problem *p, int64_t n) {
  const int64_t column[] = {n, 1};
  p->parameters[0] = matrix(p, 100, n, n, -1.0, 1.0);
  p->parameters[1] = matrix(p, 101, n, n, -1.0, 1.0);
  p->nparameters = 2;
  p->constants[0] = matrix(p, 102, n, n, 0.0, 1.0);
  p->constants[1] = matrix(p, 103, n, n, 0.0, 1.0);
  p->constants[3] = ag_arange(p->cx, p->dtype, 0.0, (double)n, 1.0);
  p->constants[2] = ag_reshape(p->cx, p->constants[3], column, 2);
  p->loss = fluid;
}

/* Half of the workloads have one parameter. */
static void only_parameter(problem *p, ag_array x, ag_function loss) {
  p->parameters[0] = x;
  p->nparameters = 1;
  p->loss = loss;
}

static void make_inputs(problem *p, const char *workload, const char *size) {
  ag_context *cx = p->cx;
  const char *x = strchr(size, 'x');
  int64_t n = strtol(size, NULL, 10), columns = x ? strtol(x + 1, NULL, 10) : 0;
  p->step = gradients;
  if (!strcmp(workload, "scalar_taylor")) {
    only_parameter(p, ag_scalar(cx, acos(-1.0)), scalar_taylor);
  } else if (!strcmp(workload, "scalar_chain")) {
    only_parameter(p, ag_scalar(cx, 0.5), scalar_chain);
  } else if (!strcmp(workload, "rosenbrock")) {
    only_parameter(p, vector(p, 3, n, -1.0, 1.0), rosenbrock);
  } else if (!strcmp(workload, "logreg")) {
    only_parameter(p, vector(p, 41, columns, -0.5, 0.5), logreg);
    p->constants[0] = matrix(p, 40, n, columns, -1.0, 1.0);
    p->constants[1] = ag_astype(cx, ag_greater_scalar(cx, vector(p, 42, n, 0.0, 1.0), 0.5), p->dtype);
  } else if (!strcmp(workload, "elementwise")) {
    only_parameter(p, vector(p, 5, n, -2.0, 2.0), elementwise);
  } else if (!strcmp(workload, "mlp")) {
    mlp_inputs(p, size);
  } else if (!strcmp(workload, "convnet")) {
    convnet_inputs(p, n);
  } else if (!strcmp(workload, "lstm")) {
    lstm_inputs(p, size);
  } else if (!strcmp(workload, "fluid")) {
    fluid_inputs(p, n);
  } else if (!strcmp(workload, "odeint")) {
    odeint_inputs(p);
  } else if (!strcmp(workload, "gemm")) {
    p->parameters[0] = matrix(p, 110, n, n, -1.0, 1.0);
    p->parameters[1] = matrix(p, 111, n, n, -1.0, 1.0);
    p->nparameters = 2;
    p->loss = gemm;
  } else if (!strcmp(workload, "hvp")) {
    mlp_inputs(p, "small");
    for (size_t k = 0; k < p->nparameters; k++) {
      ag_array like = p->parameters[k];
      p->constants[2 + k] = U(p, 120 + k, ag_ndim(cx, like), ag_shape(cx, like), -1.0, 1.0);
    }
    p->step = hessian_vector_products;
  } else if (!strcmp(workload, "hessian")) {
    only_parameter(p, vector(p, 3, 100, -1.0, 1.0), rosenbrock);
    p->step = whole_hessian;
  } else if (!strcmp(workload, "jacobian")) {
    only_parameter(p, vector(p, 131, n, -1.0, 1.0), tanh_of_product);
    p->constants[0] = weight(p, 130, n, n);
    p->step = whole_jacobian;
  } else if (!strcmp(workload, "gather")) {
    only_parameter(p, matrix(p, 170, 10000, 64, -1.0, 1.0), gather);
    p->constants[0] = I(p, 171, n, 10000);
  } else if (!strcmp(workload, "cumsum") || !strcmp(workload, "sort")) {
    only_parameter(p, vector(p, 180, n, -1.0, 1.0), strcmp(workload, "sort") ? sum_of_cumsum : sum_of_sorted);
    p->constants[0] = vector(p, 181, n, -1.0, 1.0);
  } else if (!strcmp(workload, "max")) {
    only_parameter(p, matrix(p, 180, 1000, n / 1000, -1.0, 1.0), maxima);
  }
}

/* ---- the list ---- */

static const char *const WORKLOADS[][3] = {
    {"scalar_taylor", "f64", "1"},
    {"scalar_chain", "f64", "1000"},
    {"rosenbrock", "f64", "10"},
    {"rosenbrock", "f64", "1000"},
    {"rosenbrock", "f64", "100000"},
    {"logreg", "f64", "1000x20"},
    {"logreg", "f64", "100000x100"},
    {"elementwise", "f64", "10000"},
    {"elementwise", "f64", "1000000"},
    {"elementwise", "f64", "10000000"},
    {"mlp", "f64", "small"},
    {"mlp", "f32", "small"},
    {"mlp", "f64", "large"},
    {"mlp", "f32", "large"},
    {"convnet", "f64", "64"},
    {"convnet", "f32", "64"},
    {"lstm", "f64", "50x32x64"},
    {"lstm", "f32", "50x32x64"},
    {"fluid", "f64", "40"},
    {"fluid", "f64", "128"},
    {"odeint", "f64", "100"},
    {"gemm", "f64", "64"},
    {"gemm", "f64", "256"},
    {"gemm", "f64", "1024"},
    {"gemm", "f32", "1024"},
    {"hvp", "f64", "mlp-small"},
    {"hessian", "f64", "rosenbrock-100"},
    {"jacobian", "f64", "200"},
    {"gather", "f64", "100000"},
    {"cumsum", "f64", "1000000"},
    {"sort", "f64", "1000000"},
    {"max", "f64", "1000000"},
};
enum { NWORKLOADS = sizeof WORKLOADS / sizeof *WORKLOADS };

void problem_list(void (*each)(const char *workload, const char *dtype, const char *size)) {
  for (size_t i = 0; i < NWORKLOADS; i++) each(WORKLOADS[i][0], WORKLOADS[i][1], WORKLOADS[i][2]);
}

bool problem_new(problem *p, ag_context *cx, const char *workload, const char *dtype, const char *size) {
  bool known = false;
  for (size_t i = 0; i < NWORKLOADS; i++)
    known = known ||
            (!strcmp(workload, WORKLOADS[i][0]) && !strcmp(dtype, WORKLOADS[i][1]) && !strcmp(size, WORKLOADS[i][2]));
  if (!known) return false;
  memset(p, 0, sizeof *p);
  p->cx = cx;
  p->dtype = strcmp(dtype, "f32") ? AG_F64 : AG_F32;
  make_inputs(p, workload, size);
  return true;
}
