/* The arrays, trees, tapes and other handles that the fuzzing program draws, and where it keeps those that calls return. */
#ifndef VALUES_H
#define VALUES_H

/* ---- arrays ---- */

static ag_array stale, foreign;
static ag_tree foreign_tree;

/* A new array of few elements. */
static ag_array made(ag_context *cx) {
  static const int64_t shapes[][3] = {{0}, {3}, {1}, {4}, {0}, {2, 3}, {3, 3}, {3, 1}, {1, 4}, {0, 2}, {2, 3, 4}, {2, 1, 3},
                                      {5, 2, 2}};
  static const size_t ranks[] = {0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3};
  static const int32_t dtypes[] = {AG_F64, AG_F64, AG_F64, AG_F32, AG_C128, AG_C64, AG_I64, AG_I64, AG_BOOL};
  size_t k = roll(sizeof ranks / sizeof *ranks);
  ag_array x = ag_random_normal(cx, roll(1000), AG_F64, shapes[k], ranks[k], 0.0, 2.0);
  if (!roll(4)) x = ag_rint(cx, x);
  if (!roll(12)) x = ag_div_scalar(cx, x, 0.0);
  if (ranks[k] > 1 && !roll(4)) x = ag_transpose(cx, x);
  if (ranks[k] > 0 && !roll(6)) x = ag_index(cx, x, "::-1, ...");
  x = ag_astype(cx, x, dtypes[roll(9)]);
  settle(cx);
  return x;
}
static ag_array wrong_array(void) {
  switch (roll(4)) {
    case 0: return stale;
    case 1: return foreign;
    case 2: return (ag_array){(uint64_t)roll(1u << 31) << 32 | roll(1u << 31)};
    default: return (ag_array){0};
  }
}
/* One that is there, the one drawn last, one of the caller's of a callback, or a wrong one. */
static ag_array recent;
static ag_array any_array(ag_context *cx) {
  (void)cx;
  if (!roll(80)) return wrong_array();
  if (!roll(4) && recent.bits) return recent;
  const struct frame *frame = here;
  if (frame->outer && !roll(12)) frame = frame->outer;
  return recent = frame->arrays[roll(frame->filled)];
}
static ag_array small_of(ag_context *cx, int32_t dtype) {
  ag_array x = any_array(cx);
  if (!roll(30)) return x;
  if (ag_size(cx, x) > SMALL) x = made(cx);
  int32_t from = ag_dtype(cx, x);
  if (dtype == AG_F64 && (from == AG_C64 || from == AG_C128)) x = ag_real(cx, x);
  if (dtype == AG_F64 ? from == AG_I64 || from == AG_BOOL : from != dtype) x = ag_astype(cx, x, dtype);
  settle(cx);
  return x;
}
/* One that derivatives can be taken with respect to: real mostly, and not large. */
static ag_array differentiable(ag_context *cx) { return small_of(cx, roll(12) ? AG_F64 : AG_C128); }
static ag_array sorted_vector(ag_context *cx) {
  if (!roll(12)) return any_array(cx);
  ag_array x = ag_linspace(cx, 0.0, 0.25 * (double)(1 + roll(8)), (int64_t)roll(6) + 1);
  settle(cx);
  return x;
}
static ag_array some_positions(ag_context *cx) {
  if (!roll(8)) return any_array(cx);
  static const int64_t numbers[] = {0, 1, 0, 2, 1, 0, 0, 1, 1};
  static const int64_t shapes[][2] = {{3}, {2, 3}, {1}, {4}, {3, 3}, {3, 1}};
  static const size_t ranks[] = {1, 2, 1, 1, 2, 2};
  size_t k = roll(6);
  ag_array like = roll(2) ? any_array(cx) : (ag_array){0};
  ag_array x = like.bits && roll(2) ? ag_astype(cx, ag_zeros_like(cx, like), AG_I64)
                                    : ag_array_new(cx, AG_I64, shapes[k], ranks[k], numbers);
  settle(cx);
  return x;
}
/* Of integers or booleans. */
static ag_array whole(ag_context *cx) {
  ag_array x = any_array(cx);
  if (roll(12)) x = ag_astype(cx, ag_sign(cx, ag_real(cx, x)), roll(4) ? AG_I64 : AG_BOOL);
  settle(cx);
  return x;
}
/* Of the same shape as another one. */
static ag_array beside(ag_context *cx, ag_array x) { return roll(3) ? ag_ones_like(cx, x) : roll(2) ? x : any_array(cx); }
/* With axes for images, channels, rows and columns. */
static ag_array an_image(ag_context *cx, int64_t least) {
  int64_t shape[4] = {1 + (int64_t)roll(2), 2, least + (int64_t)roll(3), least + (int64_t)roll(3)};
  ag_array x = roll(12) ? ag_random_normal(cx, roll(1000), AG_F64, shape, 4, 0.0, 1.0) : any_array(cx);
  settle(cx);
  return x;
}
static const ag_array *some_arrays(ag_context *cx) {
  ag_array *list = take(LISTED * sizeof *list), one = any_array(cx);
  FILL(list, roll(3) ? one : any_array(cx));
  return list;
}
static const ag_array *some_differentiable(ag_context *cx) {
  ag_array *list = take(LISTED * sizeof *list), one = differentiable(cx);
  FILL(list, i == 0 || i > 3 || !roll(3) ? one : differentiable(cx));
  return list;
}
static const ag_array *some_complex(ag_context *cx) {
  ag_array *list = take(LISTED * sizeof *list), one = small_of(cx, AG_C128);
  FILL(list, one);
  return list;
}
static const ag_array *some_masks(ag_context *cx) {
  ag_array *list = take(LISTED * sizeof *list), one = ag_greater_scalar(cx, any_array(cx), 0.0);
  FILL(list, roll(12) ? one : any_array(cx));
  return list;
}
static const ag_array *const *some_lists(ag_context *cx) {
  const ag_array **lists = take(LISTED * sizeof *lists);
  for (int i = 0; i < LISTED; i++) lists[i] = i < 4 ? some_differentiable(cx) : roll(2) ? lists[0] : NULL;
  return lists;
}
/* A tangent: like the argument that it belongs to. */
static ag_array like(ag_context *cx, const ag_array *args, size_t nargs, size_t argnum) {
  if (!args || argnum >= nargs || !roll(8)) return any_array(cx);
  return roll(2) ? args[argnum] : ag_ones_like(cx, args[argnum]);
}
static const ag_index_item *some_items(ag_context *cx) {
  ag_index_item *list = take(LISTED * sizeof *list);
  for (int i = 0; i < LISTED; i++) {
    if (i >= 8) list[i] = list[i % 8];
    else
      list[i] = (ag_index_item){roll(20) ? (int32_t)(roll(3) ? AG_INDEX_SLICE : roll(5)) : (int32_t)integer(),
                                roll(3) ? AG_NONE : integer(), roll(3) ? AG_NONE : integer(),
                                roll(3) ? AG_NONE : integer(), some_positions(cx)};
  }
  return list;
}

static size_t element_bytes(int32_t dtype) {
  static const size_t bytes[] = {1, 8, 4, 8, 8, 16};
  return dtype >= 0 && dtype <= AG_C128 ? bytes[dtype] : 0;
}
static size_t bytes_of(int32_t dtype, const int64_t *shape, size_t ndim) {
  size_t n = element_bytes(dtype);
  for (size_t i = 0; i < ndim; i++) n *= shape[i] > 0 ? (size_t)shape[i] : 0;
  return n;
}
static const void *elements(size_t bytes) {
  unsigned char *data = take(bytes);
  for (size_t i = 0; i < bytes; i++) data[i] = (unsigned char)(roll(4) ? 0 : roll(256));
  return data;
}

/* ---- trees and other handles ---- */

static ag_tree any_tree(ag_context *cx) {
  (void)cx;
  if (!roll(80)) {
    if (!roll(3)) return foreign_tree;
    return (ag_tree){roll(2) ? here->arrays[roll(here->filled)].bits
                             : ((uint64_t)roll(1u << 31) << 32 | roll(1u << 31)) * roll(2)};
  }
  const struct frame *frame = here;
  if (frame->outer && !roll(12)) frame = frame->outer;
  return frame->trees[roll(frame->filled)];
}
/* A tree of a few arrays that are drawn by `draw`. */
static ag_tree tree_of(ag_context *cx, ag_array (*draw)(ag_context *)) {
  ag_tree items[3];
  for (int i = 0; i < 3; i++) items[i] = ag_tree_leaf(cx, draw(cx));
  ag_tree t = items[0];
  static const char *const keys[] = {"b", "a", "0"};
  switch (roll(5)) {
    case 0: t = ag_tree_tuple(cx, items, roll(4)); break;
    case 1: t = ag_tree_list(cx, items, 1 + roll(3)); break;
    case 2: t = ag_tree_dict(cx, keys, items, 1 + roll(3)); break;
    case 3:
      items[0] = ag_tree_tuple(cx, items, 2);
      t = ag_tree_dict(cx, keys, items, 2);
      break;
    default: break;
  }
  settle(cx);
  return t;
}
static ag_tree made_tree(ag_context *cx) { return tree_of(cx, any_array); }
/* The same in the same callback: one that is saved, and loaded to be like it. */
static ag_tree saved_tree(ag_context *cx) {
  uint64_t before = state;
  state = mixed(here->seed);
  ag_tree t = tree_of(cx, differentiable);
  state = before;
  return t;
}
static ag_tree differentiable_tree(ag_context *cx) { return roll(30) ? tree_of(cx, differentiable) : any_tree(cx); }
static ag_array complex_array(ag_context *cx) { return small_of(cx, AG_C128); }
static const ag_tree *some_trees(ag_context *cx) {
  ag_tree *list = take(LISTED * sizeof *list);
  FILL(list, any_tree(cx));
  return list;
}
static const ag_tree *some_differentiable_trees(ag_context *cx) {
  ag_tree *list = take(LISTED * sizeof *list), one = differentiable_tree(cx);
  FILL(list, i == 0 || i > 3 || roll(3) ? one : differentiable_tree(cx));
  return list;
}
static const ag_tree *some_complex_trees(ag_context *cx) {
  ag_tree *list = take(LISTED * sizeof *list), one = tree_of(cx, complex_array);
  FILL(list, one);
  return list;
}
static ag_tree like_tree(ag_context *cx, const ag_tree *args, size_t nargs, size_t argnum) {
  return args && argnum < nargs && roll(8) ? args[argnum] : any_tree(cx);
}
static ag_tree a_dict(ag_context *cx) {
  if (!roll(4)) return any_tree(cx);
  ag_tree items[3] = {any_tree(cx), any_tree(cx), any_tree(cx)};
  static const char *const keys[] = {"x", "y", "z"};
  return ag_tree_dict(cx, keys, items, 1 + roll(3));
}
static const char *a_path_in(ag_context *cx, ag_tree t) {
  size_t n = roll(8) ? ag_tree_leaf_count(cx, t) : 0;
  const char *path = n ? ag_tree_path_at(cx, t, roll(n)) : any_text();
  settle(cx);
  return path && strlen(path) < 300 ? strcpy(take(strlen(path) + 1), path) : path;
}

static ag_tape any_tape(void) {
  const struct frame *frame = here;
  if (frame->outer && !roll(12)) frame = frame->outer;
  if (!roll(60)) return (ag_tape){roll(2) ? 0 : ((uint64_t)roll(1u << 31) << 32 | roll(1u << 31))};
  return frame->tapes[roll(FEW)];
}
/* An input of a tape, or what it gives. */
static ag_array on_tape(ag_context *cx, ag_tape tape) {
  for (const struct frame *frame = here; frame; frame = frame->outer)
    for (int i = 0; i < FEW; i++)
      if (tape.bits && frame->tapes[i].bits == tape.bits && roll(12)) return frame->boxed[i];
  return any_array(cx);
}
static ag_array number_on_tape(ag_context *cx, ag_tape tape) {
  ag_array x = on_tape(cx, tape);
  return roll(12) ? ag_sum(cx, ag_square(cx, roll(6) ? ag_real(cx, x) : x)) : x;
}
static const ag_array *some_on_tape(ag_context *cx, ag_tape tape) {
  ag_array *list = take(LISTED * sizeof *list), one = on_tape(cx, tape);
  FILL(list, roll(12) ? one : any_array(cx));
  return list;
}
static ag_scope any_scope(void) {
  const struct frame *frame = here;
  if (frame->outer && !roll(12)) frame = frame->outer;
  if (!roll(60)) return (ag_scope){roll(2) ? 0 : ((uint64_t)roll(1u << 31) << 32 | roll(1u << 31))};
  return frame->scopes[roll(FEW)];
}
static ag_primitive any_primitive(void) {
  const struct frame *frame = here;
  while (frame->outer && roll(4)) frame = frame->outer;
  if (!roll(60)) return (ag_primitive){roll(2) ? 0 : ((uint64_t)roll(1u << 31) << 32 | roll(1u << 31))};
  return frame->primitives[roll(FEW)];
}

/* ---- what is kept between the calls ---- */

static unsigned long callbacks, drops; /* that ran so far */
static unsigned long drops_before;

/* Of several results of a call. */
static ag_array *array_room;
static ag_tree *tree_room;
static size_t rooms;

static ag_array *room_for_arrays(size_t n) {
  rooms = n;
  return array_room = take(n * sizeof *array_room);
}
static ag_tree *room_for_trees(size_t n) {
  rooms = n;
  return tree_room = take(n * sizeof *tree_room);
}

static void keep(ag_context *cx, ag_array x) {
  if (ag_error(cx)) {
    if (x.bits && drops == drops_before) report("an error and a handle", ag_error_message(cx));
    return;
  }
  if (!x.bits) return;
  if (ag_size(cx, x) > LARGEST || ag_error(cx)) {
    stale = x;
    return;
  }
  here->arrays[roll(here->filled)] = x;
}
static void keep_tree(ag_context *cx, ag_tree t) {
  if (ag_error(cx) || !t.bits || ag_tree_leaf_count(cx, t) > 32) return;
  for (size_t i = ag_tree_leaf_count(cx, t); i-- > 0;)
    if (ag_size(cx, ag_tree_leaf_at(cx, t, i)) > LARGEST) return;
  here->trees[roll(here->filled)] = t;
}
/* A callback ends what it begins: so what is forgotten here ends. */
static void keep_tape(ag_context *cx, ag_tape tape) {
  if (ag_error(cx)) return;
  ag_tape *place = &here->tapes[roll(FEW)];
  if (place->bits) ag_tape_end(cx, *place);
  settle(cx);
  *place = tape;
}
static void keep_scope(ag_context *cx, ag_scope scope) {
  if (ag_error(cx)) return;
  for (int i = 0; i < FEW; i++)
    if (!here->scopes[i].bits) {
      here->scopes[i] = scope;
      return;
    }
  ag_scope_leave(cx, scope);
  settle(cx);
}
static void keep_primitive(ag_context *cx, ag_primitive p) {
  if (!ag_error(cx)) here->primitives[roll(FEW)] = p;
}
static bool to_be_mended;
/* Replaces most of what isn't there any more. */
static void mend(ag_context *cx) {
  settle(cx);
  to_be_mended = false;
  for (size_t i = 0; i < here->filled; i++) {
    if (!ag_is_valid(cx, here->arrays[i]) && roll(8)) here->arrays[i] = made(cx);
    if (!ag_tree_is_valid(cx, here->trees[i]) && roll(8)) here->trees[i] = made_tree(cx);
  }
  settle(cx);
}

/* ---- limits ---- */

enum { LIMIT = 64 << 20 };
static bool is_limited;
static void limited(ag_context *cx, size_t bytes) {
  is_limited = bytes > 0 && bytes < LIMIT;
  if (!is_limited) ag_set_memory_limit(cx, LIMIT);
}
static void unlimited(ag_context *cx) {
  is_limited = false;
  ag_set_memory_limit(cx, LIMIT);
}

/* ---- files ---- */

static const char *a_path(const char *ending) {
  if (!roll(40)) return roll(2) ? NULL : "";
  if (!roll(20)) return folder;
  char *path = take(400);
  snprintf(path, 400, "%.300s/%s%d.%s", folder, roll(20) ? "" : "missing/", (int)roll(3), ending);
  return path;
}
/* Flips, cuts or appends. */
static void damage(const char *path) {
  FILE *file = fopen(path, "r+b");
  if (!file) return;
  fseek(file, 0, SEEK_END);
  long size = ftell(file), at = size > 0 ? (long)roll((size_t)size) : 0;
  switch (roll(3)) {
    case 0:
      fseek(file, at, SEEK_SET);
      fputc((int)roll(256), file);
      break;
    case 1:
      if (ftruncate(fileno(file), at)) report("a file cannot be cut", path);
      break;
    default: fwrite("1,2\n\x93NUMPY", 1, 9, file);
  }
  fclose(file);
}
/* The path of a file, written before if it isn't there, and damaged now and then. */
static const char *a_path_to_read(ag_context *cx, const char *ending) {
  const char *path = a_path(ending);
  if (!path || path == folder || !*path) return path;
  files_written = true;
  if (roll(8)) {
    if (!strcmp(ending, "npy")) ag_save(cx, path, any_array(cx));
    else if (!strcmp(ending, "csv")) ag_savetxt(cx, path, sorted_vector(cx), NULL, 0, roll(2) ? NULL : "x y");
    else ag_tree_save(cx, path, roll(2) ? saved_tree(cx) : made_tree(cx));
    settle(cx);
  }
  for (size_t n = roll(3) ? 0 : 1 + roll(4); n > 0; n--) damage(path);
  return path;
}

#endif
