/* Contexts on several threads, one context on two, and results that do not depend on the number of workers. */
#include "check.h"

#include <pthread.h>

/* Helgrind doesn't understand how workers are woken and waited for (atomic words, no locks): there are none then. */
static size_t workers(size_t n) { return getenv("AUTOGRAD_TEST_ONE_WORKER") ? 1 : n; }

/* ---- every thread its own context ---- */

static ag_array loss(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array x = args[0];
  ag_array y = ag_add(cx, ag_mul(cx, ag_tanh(cx, x), ag_exp(cx, ag_neg(cx, ag_square(cx, x)))), ag_sin(cx, x));
  return ag_sum(cx, ag_dot(cx, y, ag_transpose(cx, y)));
}

/* numbers, on a tape of their own kind, differentiated twice */
static ag_array wave(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array y = args[0];
  for (int i = 0; i < 50; i++) y = ag_sin(cx, ag_add(cx, y, ag_mul_scalar(cx, args[0], 0.25)));
  return y;
}

static ag_array slope(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_grad(cx, wave, user, args, nargs, 0);
}

enum { ROWS = 120, COLUMNS = 90, NUMBERS = ROWS * COLUMNS };

struct work {
  size_t workers;
  double value, second, gradient[NUMBERS];
  bool right;
};

static void *compute(void *user) {
  struct work *work = (struct work *)user;
  const int64_t shape[] = {ROWS, COLUMNS};
  ag_context *cx = ag_context_new();
  ag_set_threads(cx, work->workers);
  ag_array x = ag_random_normal(cx, 11, AG_F64, shape, 2, 0.0, 1.0);
  for (int i = 0; i < 10; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_array gradient, value = ag_value_and_grad(cx, loss, NULL, &x, 1, 0, &gradient);
    work->value = ag_item(cx, value);
    ag_array number = ag_scalar(cx, 0.7);
    work->second = ag_item(cx, ag_grad(cx, slope, NULL, &number, 1, 0));
    ag_copy_to(cx, gradient, work->gradient, sizeof work->gradient);
    ag_scope_leave(cx, step);
  }
  work->right = ag_error(cx) == AG_OK;
  ag_context_free(cx);
  return NULL;
}

static void every_thread_its_own(void) {
  enum { THREADS = 4 };
  static struct work alone, together[THREADS];
  pthread_t threads[THREADS];
  alone.workers = 1;
  compute(&alone);
  CHECK(alone.right);
  for (int i = 0; i < THREADS; i++) {
    together[i].workers = workers(1 + (size_t)(i % 3));
    CHECK(pthread_create(&threads[i], NULL, compute, &together[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(together[i].right);
    /* to the last bit, whatever the number of workers */
    CHECK(together[i].value == alone.value && together[i].second == alone.second);
    CHECK(memcmp(together[i].gradient, alone.gradient, sizeof alone.gradient) == 0);
  }
}

/* ---- big arrays are split among the workers: the same bits ---- */

static void workers_change_nothing(ag_context *cx) {
  const int64_t shape[] = {running_slowly() ? 60000 : 1500000};
  double sums[3];
  for (size_t n = 1; n <= 3; n++) {
    ag_scope scope = ag_scope_enter(cx);
    ag_set_threads(cx, workers(n));
    ag_array x = ag_random_uniform(cx, 5, AG_F64, shape, 1, -2.0, 2.0);
    sums[n - 1] = ag_item(cx, ag_sum(cx, ag_mul(cx, ag_sin(cx, x), ag_exp(cx, x))));
    ag_scope_leave(cx, scope);
  }
  CHECK(sums[0] == sums[1] && sums[1] == sums[2]);
  ag_set_threads(cx, 1);
  CHECK_OK(cx);
}

/* ---- a context may move to another thread, between calls ---- */

static void *read_elsewhere(void *user) {
  ag_context *cx = (ag_context *)user;
  CHECK_CLOSE(ag_item(cx, ag_mul_scalar(cx, ag_scalar(cx, 21.0), 2.0)), 42.0, 0.0);
  return NULL;
}

static void moving_on(ag_context *cx) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, read_elsewhere, cx) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK_OK(cx);
}

/* ---- one context, two threads at once ---- */

struct intrusion {
  ag_context *cx;
  ag_array x;
  ag_array got;
  double item;
  int32_t code;
};

static void *intrude(void *user) {
  struct intrusion *i = (struct intrusion *)user;
  i->got = ag_exp(i->cx, i->x);
  i->item = ag_item(i->cx, i->x);
  i->code = ag_error(i->cx);
  return NULL;
}

/* While this callback runs, its context is at work: a second thread is turned away. */
static ag_array with_intruder(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  struct intrusion *i = (struct intrusion *)user;
  pthread_t thread;
  i->cx = cx;
  i->x = args[0];
  if (pthread_create(&thread, NULL, intrude, i) != 0) return ag_raise(cx, AG_ERR_USER, "no thread");
  pthread_join(thread, NULL);
  return ag_square(cx, args[0]);
}

static void a_second_thread_is_turned_away(ag_context *cx) {
  struct intrusion i;
  memset(&i, 0xff, sizeof i);
  ag_array x = ag_scalar(cx, 3.0);
  CHECK_CLOSE(ag_item(cx, ag_grad(cx, with_intruder, &i, &x, 1, 0)), 6.0, 0.0);
  CHECK(is_null(i.got));
  CHECK(isnan(i.item));
  /* the error is the intruder's */
  CHECK(i.code == AG_ERR_BUSY);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  every_thread_its_own();
  workers_change_nothing(cx);
  moving_on(cx);
  a_second_thread_is_turned_away(cx);
  return finish(cx);
}
