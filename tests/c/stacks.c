/* Threads with small stacks: what is nested as deep as the stack reaches works, what is deeper is an error, and the
 * context works afterwards. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <pthread.h>
#include <ucontext.h>

enum { KIB = 1024 };

struct job {
  size_t stack;
  int (*run)(ag_context *cx);
  /* How deep it came. */
  int depth;
};

static void *run_job(void *user) {
  struct job *job = (struct job *)user;
  ag_context *cx = ag_context_new();
  job->depth = job->run(cx);
  ag_error_clear(cx);
  ag_array x = ag_linspace(cx, 0.0, 1.0, 3);
  CHECK_ARRAY(cx, ag_square(cx, x), "3", "0 0.25 1");
  CHECK_OK(cx);
  ag_context_free(cx);
  return NULL;
}

static int on_stack(size_t stack, int (*run)(ag_context *cx)) {
  struct job job = {stack, run, 0};
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, stack) == 0);
  CHECK(pthread_create(&thread, &attributes, run_job, &job) == 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
  return job.depth;
}

/* ---- tapes in tapes: the number on each of them, and one operation on all ---- */

enum { MOST = 20000 };

static int nested_tapes(ag_context *cx) {
  int depth = 0;
  ag_scope scope = ag_scope_enter(cx);
  for (int step = 25; depth < MOST && !ag_error(cx); step += step / 4) {
    ag_scope inner = ag_scope_enter(cx);
    ag_array x = ag_scalar(cx, 0.5);
    for (int i = 0; i < step && i < MOST; i++) x = ag_box(cx, ag_tape_begin(cx), x);
    ag_array y = ag_sin(cx, ag_mul(cx, x, x));
    if (!ag_error(cx)) {
      CHECK_CLOSE(ag_item(cx, ag_value(cx, y)), sin(0.25), 1e-15);
      depth = step < MOST ? step : MOST;
    }
    ag_scope_leave(cx, inner);
  }
  if (ag_error(cx)) CHECK_ERROR(cx, AG_ERR_TAPE, "levels are nested too deep");
  ag_scope_leave(cx, scope);
  return depth;
}

/* ---- operators in operators ---- */

static int deepest;

static ag_array recursive(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  int *depth = (int *)user;
  if (++*depth > deepest) deepest = *depth;
  ag_array y = ag_grad(cx, recursive, user, args, nargs, 0);
  return ag_mul(cx, args[0], y);
}

static int nested_operators(ag_context *cx) {
  int depth = 0;
  ag_array x = ag_scalar(cx, 0.5);
  deepest = 0;
  CHECK(is_null(ag_grad(cx, recursive, &depth, &x, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_CALLBACK, "callbacks are nested too deep");
  return deepest;
}

/* x^n, by n - 1 derivatives of one more power: orders of derivatives that stay below the limit */
static ag_array power(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  int *order = (int *)user;
  if (*order == 0) return ag_mul(cx, args[0], ag_mul(cx, args[0], args[0]));
  --*order;
  ag_array y = ag_grad(cx, power, user, args, nargs, 0);
  ++*order;
  return y;
}

static int orders(ag_context *cx) {
  ag_array x = ag_scalar(cx, 2.0);
  for (int n = 1; n <= 6; n++) {
    int order = n - 1;
    static const double want[] = {12, 12, 6, 0, 0, 0};
    CHECK_CLOSE(ag_item(cx, ag_grad(cx, power, &order, &x, 1, 0)), want[n - 1], 1e-14);
  }
  CHECK_OK(cx);
  return 6;
}

/* ---- a bit of everything ---- */

static ag_array decay(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_neg(cx, ag_mul(cx, args[0], args[2]));
}

static ag_array matrix_loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array h = ag_tanh(cx, ag_matmul(cx, args[0], ag_transpose(cx, args[0])));
  ag_array pair[] = {h, args[0]};
  ag_array z = ag_einsum(cx, "ij,jk->ik", pair, 2);
  z = ag_sub(cx, z, ag_logsumexp_axis(cx, z, 1, true));
  return ag_add(cx, ag_sum(cx, ag_cumprod_axis(cx, z, 0)), ag_std(cx, ag_sort_axis(cx, z, 1)));
}

static ag_array row_end(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array t = ag_linspace(cx, 0.0, 1.0, 3), rate = ag_scalar(cx, 0.5);
  return ag_sum(cx, ag_odeint(cx, decay, NULL, NULL, args[0], t, &rate, 1, NULL));
}

static ag_array sum_of_squares(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_sum(cx, ag_square(cx, args[0]));
}

static int everything(ag_context *cx) {
  const int64_t shape[] = {90, 70};
  ag_array x = ag_random_uniform(cx, 1, AG_F64, shape, 2, -0.1, 0.1), v = ag_ones_like(cx, x);
  ag_array row = ag_linspace(cx, 1.0, 2.0, 4), two[] = {x, x};
  CHECK(!is_null(ag_grad(cx, matrix_loss, NULL, &x, 1, 0)) && !is_null(ag_hvp(cx, matrix_loss, NULL, &x, 1, 0, v)));
  CHECK(!is_null(ag_hessian(cx, row_end, NULL, &row, 1, 0)));
  CHECK(!is_null(ag_convolve(cx, ag_ravel(cx, x), row, "same")) && !is_null(ag_concatenate(cx, two, 2, 0)));
  CHECK(!is_null(ag_median(cx, x)) && *ag_to_string(cx, x));
  CHECK_OK(cx);
  return 1;
}

/* ---- coroutines: stacks that the system knows nothing of, which lie below the thread's own or above ---- */

static ucontext_t thread_stack, own_stack;
static ag_context *own_context;

static void on_own_stack(void) {
  ag_array x = ag_linspace(own_context, 0.0, 1.0, 3);
  CHECK_ARRAY(own_context, ag_grad(own_context, sum_of_squares, NULL, &x, 1, 0), "3", "0 1 2");
  CHECK_OK(own_context);
}

static int coroutine(ag_context *cx) {
  const size_t size = 256 * KIB;
  void *memory = malloc(size);
  if (!memory) abort();
  own_context = cx;
  CHECK(getcontext(&own_stack) == 0);
  own_stack.uc_stack.ss_sp = memory;
  own_stack.uc_stack.ss_size = size;
  own_stack.uc_link = &thread_stack;
  makecontext(&own_stack, on_own_stack, 0);
  for (int turn = 0; turn < 2; turn++) {
    on_own_stack(); /* on the thread's */
    if (turn == 0) CHECK(swapcontext(&thread_stack, &own_stack) == 0);
  }
  free(memory);
  return 1;
}

/* The main thread's stack lies above all memory that can be had, those of other threads mostly don't. */
static void coroutines(void) {
  ag_context *cx = ag_context_new();
  CHECK(coroutine(cx) == 1);
  ag_context_free(cx);
  CHECK(on_stack(256 * KIB, coroutine) == 1);
}

int main(void) {
  int small = on_stack(64 * KIB, nested_tapes), large = on_stack(1024 * KIB, nested_tapes);
  CHECK(small >= 15 && large >= 10 * small);
  small = on_stack(128 * KIB, nested_operators), large = on_stack(512 * KIB, nested_operators);
  CHECK(small >= 5 && large >= 2 * small);
  CHECK(on_stack(64 * KIB, orders) == 6);
  CHECK(on_stack(64 * KIB, everything) == 1);
  coroutines();
  return failures != 0;
}
