/* Handles of another context are found out, however many contexts there have been. */
#include "check.h"

static ag_array forward(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_dup(cx, args[0]);
}

/* One of each kind, the first ones of their context. */
struct handles {
  ag_array array;
  ag_tree tree;
  ag_scope scope;
  ag_tape tape;
  ag_primitive primitive;
};

static struct handles handles_of(ag_context *cx, double value) {
  struct handles h;
  h.array = ag_scalar(cx, value);
  h.tree = ag_tree_leaf(cx, h.array);
  ag_primitive_def def = primitive_def("copy", forward);
  h.primitive = ag_primitive_new(cx, &def);
  h.scope = ag_scope_enter(cx);
  h.tape = ag_tape_begin(cx);
  return h;
}

static int32_t code_of(ag_context *cx) {
  int32_t code = ag_error(cx);
  ag_error_clear(cx);
  return code;
}

/* Every handle of another context is an error, and leaves this one as it is. */
static bool all_refused(ag_context *cx, struct handles own, const struct handles *h) {
  bool right = isnan(ag_item(cx, h->array)) && code_of(cx) == AG_ERR_HANDLE;
  right = right && is_null(ag_add(cx, own.array, h->array)) && code_of(cx) == AG_ERR_HANDLE;
  right = right && !ag_is_valid(cx, h->array) && !ag_tree_is_valid(cx, h->tree);
  ag_set(cx, h->array, own.array);
  right = right && code_of(cx) == AG_ERR_HANDLE;
  ag_release(cx, h->array);
  right = right && code_of(cx) == AG_ERR_HANDLE;
  ag_release_later(cx, h->array);
  ag_tree_release_later(cx, h->tree);
  right = right && is_null(ag_tree_array(cx, h->tree)) && code_of(cx) == AG_ERR_HANDLE;
  ag_scope_leave(cx, h->scope);
  right = right && code_of(cx) == AG_ERR_SCOPE;
  ag_keep(cx, h->scope, own.array);
  right = right && code_of(cx) == AG_ERR_SCOPE;
  ag_box(cx, h->tape, own.array);
  right = right && code_of(cx) == AG_ERR_TAPE;
  ag_tape_end(cx, h->tape);
  right = right && code_of(cx) == AG_ERR_TAPE;
  right = right && is_null(ag_apply(cx, h->primitive, &own.array, 1)) && code_of(cx) == AG_ERR_HANDLE;
  ag_primitive_free(cx, h->primitive);
  right = right && code_of(cx) == AG_ERR_HANDLE;
  return right;
}

static void many_contexts(void) {
  const int contexts = running_slowly() ? 2000 : 300000;
  ag_context *first = ag_context_new(), *second = ag_context_new();
  struct handles a = handles_of(first, 7.0), b = handles_of(second, 42.0);
  CHECK(all_refused(first, a, &b) && all_refused(second, b, &a));
  for (int i = 0; i < contexts; i++) {
    ag_context *cx = ag_context_new();
    struct handles h = handles_of(cx, 1.0);
    if (!cx || !all_refused(first, a, &h) || !all_refused(second, b, &h)) {
      printf("%s:%d: a handle of context %d was taken\n", __FILE__, __LINE__, i);
      failures++;
      break;
    }
    bool look_back = i % 1000 == 0;
    if (look_back && !CHECK(all_refused(cx, h, &a) && all_refused(cx, h, &b))) break;
    ag_context_free(cx);
  }
  /* what is their own still is */
  CHECK(ag_item(first, a.array) == 7.0 && ag_item(second, b.array) == 42.0);
  CHECK(ag_item(first, ag_apply(first, a.primitive, &a.array, 1)) == 7.0);
  ag_tape_end(first, a.tape), ag_tape_end(second, b.tape);
  ag_scope_leave(first, a.scope), ag_scope_leave(second, b.scope);
  CHECK(ag_live(first) == 2 && ag_live(second) == 2);
  CHECK_OK(first), CHECK_OK(second);
  ag_context_free(first), ag_context_free(second);
}

/* A slot that is filled again and again gives other handles each time, and doesn't run out. */
static void one_slot_many_times(ag_context *cx) {
  const size_t times = running_slowly() ? 20000 : 5000000;
  ag_array first = ag_scalar(cx, 0.0), before = first;
  ag_release(cx, first);
  size_t wrong = 0;
  for (size_t i = 1; i < times; i++) {
    ag_array x = ag_scalar(cx, (double)i);
    wrong += is_null(x) || x.bits == before.bits || ag_is_valid(cx, before) || ag_is_valid(cx, first);
    ag_release(cx, x);
    before = x;
  }
  CHECK(wrong == 0);
  CHECK(ag_live(cx) == 0);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  many_contexts();
  one_slot_many_times(cx);
  return finish(cx);
}
