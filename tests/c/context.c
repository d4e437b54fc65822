/* The context: versions, scopes and handles, the error and its hook, memory, threads. */
#include "check.h"

static void versions(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", AUTOGRAD_VERSION_MAJOR, AUTOGRAD_VERSION_MINOR, AUTOGRAD_VERSION_PATCH);
  CHECK(strcmp(text, AUTOGRAD_VERSION_STRING) == 0);
  CHECK(strcmp(ag_version(), AUTOGRAD_VERSION_STRING) == 0);
  CHECK(ag_version_number() == AUTOGRAD_VERSION_NUMBER);
  CHECK(AUTOGRAD_VERSION_NUMBER ==
        10000 * AUTOGRAD_VERSION_MAJOR + 100 * AUTOGRAD_VERSION_MINOR + AUTOGRAD_VERSION_PATCH);
}

/* ---- scopes and handles ---- */

static void leaving_a_scope_releases_what_it_made(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_scope scope = ag_scope_enter(cx);
  ag_array x = vector_of(cx, "1 2 3");
  ag_array y = ag_exp(cx, x);
  ag_scalar(cx, 4.0);
  CHECK(ag_live(cx) == live + 3);
  ag_scope_leave(cx, scope);
  CHECK(ag_live(cx) == live);
  ag_size(cx, y);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
}

static void leaving_an_outer_scope_leaves_the_inner_ones(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_scope outer = ag_scope_enter(cx);
  ag_scalar(cx, 1.0);
  ag_scope inner = ag_scope_enter(cx);
  ag_scalar(cx, 2.0);
  ag_scope_leave(cx, outer);
  CHECK(ag_live(cx) == live);
  ag_scope_leave(cx, inner);
  CHECK_ERROR(cx, AG_ERR_SCOPE, "scope");
}

static void a_kept_array_belongs_to_the_parent(ag_context *cx) {
  ag_scope outer = ag_scope_enter(cx);
  ag_scope inner = ag_scope_enter(cx);
  ag_array x = vector_of(cx, "1 2");
  ag_array kept = ag_keep(cx, inner, ag_mul_scalar(cx, x, 2.0));
  ag_array same = ag_keep(cx, inner, kept);
  CHECK(same.bits == kept.bits);
  ag_scope_leave(cx, inner);
  CHECK_ARRAY(cx, kept, "2", "2 4");
  ag_scope_leave(cx, outer);
  ag_size(cx, kept);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
}

static void kept_through_two_scopes(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_scope outer = ag_scope_enter(cx);
  ag_scope inner = ag_scope_enter(cx);
  ag_array x = ag_keep(cx, outer, vector_of(cx, "5"));
  ag_scope_leave(cx, inner);
  ag_scope_leave(cx, outer);
  CHECK_ARRAY(cx, x, "1", "5");
  ag_release(cx, x);
  CHECK(ag_live(cx) == live);
}

static void a_handle_is_rebound(ag_context *cx) {
  ag_array w = vector_of(cx, "1 1"), before = ag_dup(cx, w);
  size_t live = ag_live(cx);
  for (int i = 0; i < 1000; i++) {
    ag_scope step = ag_scope_enter(cx);
    ag_set(cx, w, ag_add_scalar(cx, w, 1.0));
    ag_scope_leave(cx, step);
    CHECK(ag_live(cx) == live);
  }
  CHECK_ARRAY(cx, w, "2", "1001 1001");
  CHECK_ARRAY(cx, before, "2", "1 1");
  ag_set(cx, w, w);
  CHECK_ARRAY(cx, w, "2", "1001 1001");
  /* to another shape and dtype as well: a handle is a variable, not a buffer */
  ag_set(cx, w, ag_scalar_int(cx, 7));
  CHECK(ag_dtype(cx, w) == AG_I64);
  CHECK_ARRAY(cx, w, "", "7");
}

static void duplicates_are_released_one_by_one(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_array x = vector_of(cx, "1 2"), y = ag_dup(cx, x);
  CHECK(x.bits != y.bits);
  CHECK(ag_live(cx) == live + 2);
  ag_release(cx, x);
  CHECK_ARRAY(cx, y, "2", "1 2");
  ag_release(cx, x);
  CHECK_ERROR(cx, AG_ERR_HANDLE, "stale");
  ag_release(cx, y);
  CHECK(ag_live(cx) == live);
}

/* An owner of single values, as a C++ class would be: a long loop without scopes must not grow. */
static void releasing_without_scopes(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_array x = ag_scalar(cx, 0.0);
  for (int i = 0; i < 100000; i++) {
    ag_array next = ag_add_scalar(cx, x, 1.0);
    ag_release(cx, x);
    x = next;
  }
  CHECK(ag_item(cx, x) == 100000.0);
  CHECK(ag_live(cx) == live + 1);
  ag_release(cx, x);
}

static void deep_scopes(ag_context *cx) {
  enum { DEPTH = 1000 };
  static ag_scope scopes[DEPTH];
  size_t live = ag_live(cx);
  for (int i = 0; i < DEPTH; i++) {
    scopes[i] = ag_scope_enter(cx);
    ag_scalar(cx, i);
  }
  CHECK(ag_live(cx) == live + DEPTH);
  for (int i = DEPTH; i-- > 0;) ag_scope_leave(cx, scopes[i]);
  CHECK(ag_live(cx) == live);
}

/* ---- the error and its hook ---- */

struct heard {
  int times;
  int32_t code;
  char message[256];
};

static void hear(int32_t code, const char *message, void *user) {
  struct heard *heard = (struct heard *)user;
  heard->times++;
  heard->code = code;
  snprintf(heard->message, sizeof heard->message, "%s", message);
}

static void the_first_error_stays(ag_context *cx) {
  struct heard heard;
  memset(&heard, 0, sizeof heard);
  ag_set_error_hook(cx, hear, &heard, NULL);
  ag_array x = vector_of(cx, "1 2"), y = vector_of(cx, "1 2 3");
  ag_array z = ag_exp(cx, ag_dot(cx, ag_add(cx, x, y), y));
  CHECK(is_null(z));
  CHECK(heard.times == 1);
  CHECK(heard.code == AG_ERR_SHAPE);
  CHECK(strcmp(heard.message, ag_error_message(cx)) == 0);
  CHECK(strncmp(ag_error_message(cx), "ag_add: ", 8) == 0);
  CHECK(isnan(ag_item(cx, x)));
  CHECK(ag_data(cx, x) == NULL);
  CHECK(ag_dtype(cx, x) == -1);
  CHECK(is_null(ag_raise(cx, AG_ERR_USER, "too late")));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "broadcast");
  ag_set_error_hook(cx, NULL, NULL, NULL);
  ag_add(cx, x, y);
  CHECK(heard.times == 1);
  CHECK_ERROR(cx, AG_ERR_SHAPE, "broadcast");
  CHECK(ag_error_message(cx) != NULL);
}

/* While an error is pending, what gives things back still does. */
static void cleaning_up_under_an_error(ag_context *cx) {
  size_t live = ag_live(cx);
  ag_scope scope = ag_scope_enter(cx);
  ag_array x = ag_scalar(cx, 1.0);
  ag_tape tape = ag_tape_begin(cx);
  ag_box(cx, tape, x);
  ag_raise(cx, AG_ERR_USER + 5, "my own");
  ag_release(cx, x);
  ag_tape_end(cx, tape);
  ag_scope_leave(cx, scope);
  CHECK_ERROR(cx, AG_ERR_USER + 5, "my own");
  CHECK(ag_live(cx) == live);
  ag_raise(cx, AG_ERR_USER, NULL);
  CHECK_ERROR(cx, AG_ERR_USER, "a callback raised an error without a message");
  ag_raise(cx, AG_ERR_USER, "");
  CHECK_ERROR(cx, AG_ERR_USER, "a callback raised an error without a message");
}

/* ---- memory, threads, engine ---- */

enum { LONG = 100000 };

static ag_array long_sum(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  ag_array y = args[0];
  for (int i = 1; i < LONG; i++) y = ag_add(cx, y, args[0]);
  return y;
}

static void memory(void) {
  ag_context *cx = ag_context_new();
  const int64_t shape[] = {1000, 1000};
  ag_memory_stats before = memory_of(cx);
  CHECK(before.limit == 0);
  ag_array x = ag_random_uniform(cx, 1, AG_F64, shape, 2, 0.0, 1.0);
  ag_data(cx, x);
  ag_memory_stats with = memory_of(cx);
  CHECK(with.in_use >= before.in_use + 8000000);
  CHECK(with.peak >= with.in_use);
  CHECK(with.reserved >= with.in_use);
  CHECK(with.system_allocations > before.system_allocations);
  ag_release(cx, x);
  ag_memory_stats without = memory_of(cx);
  CHECK(without.in_use <= before.in_use);
  CHECK(without.peak >= with.in_use);
  /* the pool has the buffer: the next one of that size is not the system's */
  x = ag_random_uniform(cx, 2, AG_F64, shape, 2, 0.0, 1.0);
  ag_data(cx, x);
  CHECK(memory_of(cx).system_allocations == without.system_allocations);
  ag_release(cx, x);
  ag_memory_trim(cx);
  CHECK(memory_of(cx).reserved < 8000000);

  ag_set_memory_limit(cx, 1 << 20);
  CHECK(memory_of(cx).limit == 1 << 20);
  ag_data(cx, ag_random_uniform(cx, 1, AG_F64, shape, 2, 0.0, 1.0));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "limit");
  /* what a tape takes is counted, and given back when nobody needs it */
  ag_array number = ag_scalar(cx, 0.5);
  CHECK(is_null(ag_grad(cx, long_sum, NULL, &number, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "the tape cannot grow");
  ag_set_memory_limit(cx, 0);
  CHECK(ag_item(cx, ag_grad(cx, long_sum, NULL, &number, 1, 0)) == LONG);
  CHECK(memory_of(cx).reserved > LONG * sizeof(double));
  ag_memory_trim(cx);
  CHECK(memory_of(cx).reserved < 1 << 20);
  CHECK(ag_data(cx, ag_random_uniform(cx, 1, AG_F64, shape, 2, 0.0, 1.0)) != NULL);

  /* an older program's smaller struct: nothing is written behind it */
  ag_memory_stats small;
  memset(&small, 0, sizeof small);
  small.struct_size = offsetof(ag_memory_stats, reserved);
  small.reserved = 12345;
  ag_memory(cx, &small);
  CHECK(small.in_use > 0);
  CHECK(small.reserved == 12345);
  CHECK_OK(cx);
  ag_context_free(cx);
}

static void threads_and_engine(ag_context *cx) {
  CHECK(ag_threads(cx) == 1);
  ag_set_threads(cx, 2);
  CHECK(ag_threads(cx) == 2);
  ag_set_threads(cx, 1);
  ag_array x = ag_linspace(cx, -2.0, 2.0, 5);
  ag_set_eager(cx, true);
  ag_array eager = ag_add_scalar(cx, ag_mul(cx, ag_tanh(cx, x), x), 1.0);
  ag_set_eager(cx, false);
  ag_array deferred = ag_add_scalar(cx, ag_mul(cx, ag_tanh(cx, x), x), 1.0);
  const char *want = "2.9280551601516338 1.7615941559557649 1 1.7615941559557649 2.9280551601516338";
  CHECK_ARRAY(cx, eager, "5", want);
  CHECK_ARRAY(cx, deferred, "5", want);
}

static void contexts_are_independent(ag_context *cx) {
  ag_context *other = ag_context_new();
  ag_raise(other, AG_ERR_USER, "of the other one");
  CHECK(ag_error(cx) == AG_OK);
  CHECK_CLOSE(ag_item(cx, ag_scalar(cx, 3.0)), 3.0, 0.0);
  ag_context_free(other);
}

int main(void) {
  versions();
  ag_context_free(NULL);
  ag_context *cx = ag_context_new();
  CHECK(ag_error(cx) == AG_OK);
  CHECK(ag_live(cx) == 0);
  leaving_a_scope_releases_what_it_made(cx);
  leaving_an_outer_scope_leaves_the_inner_ones(cx);
  a_kept_array_belongs_to_the_parent(cx);
  kept_through_two_scopes(cx);
  a_handle_is_rebound(cx);
  duplicates_are_released_one_by_one(cx);
  releasing_without_scopes(cx);
  deep_scopes(cx);
  the_first_error_stays(cx);
  cleaning_up_under_an_error(cx);
  memory();
  threads_and_engine(cx);
  contexts_are_independent(cx);
  return finish(cx);
}
