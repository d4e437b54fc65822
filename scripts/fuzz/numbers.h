/* What the fuzzing program draws: numbers, texts, lists of them. Everything comes from `state`, which each call begins with a
 * value of its own, so that one call that draws more or less changes nothing for the next one. */
#ifndef NUMBERS_H
#define NUMBERS_H

enum {
  LISTED = 72, /* elements of a list: more than any length that is drawn */
  POOL = 24,
  FEW = 4,
  LARGEST = 600, /* elements of an array that is kept */
  SMALL = 40     /* of one that derivatives are taken with respect to */
};

static uint64_t state;

/* The finalizer of Steele, Lea and Flood's SplitMix64. */
static uint64_t mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static size_t roll(size_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(state >> 33) % n;
}

/* ---- what is seen from where the program is: at the outermost level, or in a callback ---- */

struct frame {
  struct frame *outer;
  int depth;
  bool extra; /* of a context that a drawn call made */
  uint64_t seed;
  uint64_t calls;
  size_t filled; /* arrays and trees */
  ag_array arrays[POOL];
  ag_tree trees[POOL];
  ag_tape tapes[FEW];
  ag_array boxed[FEW]; /* an input of each tape */
  ag_scope scopes[FEW];
  ag_primitive primitives[FEW];
  int anomalies, details;
};
static struct frame *here;

static bool found_fault;
static bool files_written;
static const char *folder = ".";

static void report(const char *what, const char *text);

/* ---- memory of a call ---- */

/* Memory of exactly so many bytes for the running call, so that the sanitizer sees who goes beyond. */
struct block {
  struct block *next;
  size_t bytes;
};
static struct block *blocks;

static void *take(size_t bytes) {
  struct block *block = calloc(1, sizeof *block + bytes);
  if (!block) abort();
  block->next = blocks;
  block->bytes = bytes;
  blocks = block;
  return block + 1;
}

static void give_back(void) {
  while (blocks) {
    struct block *next = blocks->next;
    free(blocks);
    blocks = next;
  }
}

static volatile unsigned seen;
/* Reads memory of the library's. */
static void see(const void *data, size_t bytes) {
  const unsigned char *at = data;
  for (size_t i = 0; i < bytes; i++) seen += at[i];
}
static void see_text(const char *text) {
  if (!text) report("NULL instead of a text", "");
  else see(text, strlen(text) + 1);
}

/* ---- errors ---- */

/* Forgets an error that drawing or a callback has caused, but not one that nothing may cause. */
static void settle(ag_context *cx) {
  if (ag_error(cx) == AG_ERR_PANIC) report("an internal error", ag_error_message(cx));
  ag_error_clear(cx);
}

/* ---- numbers and texts ---- */

static int64_t integer(void) {
  static const int64_t odd[] = {INT64_MIN, INT64_MAX, 1 << 30, -(1 << 30), 1000, -1000, 64, 65, (int64_t)1 << 40};
  return roll(25) ? (int64_t)roll(8) - 3 : odd[roll(sizeof odd / sizeof *odd)];
}
static double number(void) {
  static const double odd[] = {0.0, -0.0, 1e308, -1e308, 1e-310, NAN, INFINITY, -INFINITY, 3e9, 1e19};
  return roll(5) ? (double)roll(2000) / 500.0 - 2.0 : odd[roll(sizeof odd / sizeof *odd)];
}
static double tolerance(void) {
  static const double some[] = {1e-1, 1e-2, 1e-3, 1e-6, 1e-9, 1e-12};
  return roll(12) ? some[roll(sizeof some / sizeof *some)] : number();
}
static int32_t a_dtype(void) { return (int32_t)(roll(20) ? roll(4) ? AG_F64 : roll(6) : integer()); }
static int64_t an_axis(void) { return roll(20) ? (int64_t)roll(4) - 2 : integer(); }
/* A code as callbacks return them: the library's own, the user's, and nonsense. */
static int32_t a_code(void) {
  static const int32_t some[] = {AG_ERR_PANIC, AG_ERR_USER, AG_ERR_USER + 7, -1, INT32_MIN, INT32_MAX, 19, 999};
  return roll(2) ? (int32_t)roll(20) : some[roll(sizeof some / sizeof *some)];
}

static const char *one_of(const char *const *texts, size_t n) { return roll(30) ? texts[roll(n)] : NULL; }
#define ONE_OF(texts) one_of(texts, sizeof texts / sizeof *texts)

static const char *any_text(void) {
  static const char *const texts[] = {"ij,jk->ik", "ii", "...", "full", "0", "k0", "k1/0", "a/b", ":", "1:", "linear",
                                      "xy", "", "C", "raise", "nonsense", "1,,2", "\xff", "inf", ",", " ", "%s%n",
                                      "99999999999999999999", "\xe2\x82\xac\xe2\x82\xac", "two\nlines", "\t"};
  if (!roll(40)) {
    char *text = take(400);
    memset(text, 'a' + (int)roll(26), 399);
    return text;
  }
  return ONE_OF(texts);
}
static const char *an_index(void) {
  static const char *const texts[] = {":", "0", "-1", "1:", "::-1", "..., 0", "None, :", ":-1, 1", ":, 0", "...", "::2",
                                      "0, ..., None", ":, ::-1", "1, 1", "5", "0, 0, 0"};
  return roll(8) ? ONE_OF(texts) : any_text();
}
static const char *some_subscripts(void) {
  static const char *const texts[] = {"ij,jk->ik", "ij,kj", "ii->i", "ii",        "i,i",     "...i->...i", "ij->ji",
                                      "i->",       "...",   "ij,ij", "i,j->ij", "ij,j", "i",          "...,..."};
  return roll(8) ? ONE_OF(texts) : any_text();
}
static const char *a_mode(void) {
  static const char *const texts[] = {"full", "same", "valid"};
  return roll(8) ? ONE_OF(texts) : any_text();
}
/* What ag_raise is told: texts that begin with "raised", NULL, nothing. */
static const char *a_raised_text(void) {
  static const char *const texts[] = {"raised in a callback", "raised", "raised: ag_sum: not really", "raised \xff", ""};
  return ONE_OF(texts);
}
static const char *const *some_keys(void) {
  const char **list = take(LISTED * sizeof *list);
  char(*texts)[16] = take(LISTED * sizeof *texts);
  for (int i = 0; i < LISTED; i++) {
    if (i < 8 && !roll(40)) snprintf(texts[i], sizeof texts[i], "%s", roll(2) ? "a/b" : "");
    else snprintf(texts[i], sizeof texts[i], "k%d", i);
    list[i] = i < 8 && !roll(80) ? NULL : texts[i];
  }
  return list;
}

/* ---- lists of numbers ---- */

/* The first ones are drawn, the others are like them. */
#define FILL(list, value) \
  for (int i = 0; i < LISTED; i++) list[i] = i < 8 ? (value) : list[i % 8]

static const int64_t *some_integers(void) {
  int64_t *list = take(LISTED * sizeof *list);
  FILL(list, integer());
  return list;
}
/* All different, mostly. */
static const int64_t *some_axes(void) {
  int64_t *list = take(LISTED * sizeof *list);
  int64_t first = roll(4) ? 0 : (int64_t)roll(3) - 2;
  for (int i = 0; i < LISTED; i++) list[i] = roll(12) ? first + i : an_axis();
  if (roll(2)) {
    int64_t zeroth = list[0];
    list[0] = list[1];
    list[1] = zeroth;
  }
  return list;
}
static const int64_t *some_extents(void) {
  int64_t *list = take(LISTED * sizeof *list);
  FILL(list, roll(20) ? (int64_t)roll(3) : integer());
  return list;
}
static const int64_t *some_windows(void) {
  int64_t *list = take(LISTED * sizeof *list);
  FILL(list, roll(20) ? 1 + (int64_t)roll(2) : integer());
  return list;
}
static const int64_t *a_small_shape(void) {
  int64_t *list = take(LISTED * sizeof *list);
  FILL(list, roll(40) ? (int64_t)roll(4) + (roll(8) ? 1 : 0) : -1);
  return list;
}
static const int64_t *a_shape(void) {
  int64_t *list = take(LISTED * sizeof *list);
  FILL(list, roll(12) ? (int64_t)roll(4) + 1 : integer());
  return list;
}
static const size_t *some_sizes(void) {
  size_t *list = take(LISTED * sizeof *list);
  FILL(list, roll(2) ? (size_t)i % 8 : roll(6));
  return list;
}
static const double *some_doubles(void) {
  double *list = take(LISTED * 4 * sizeof *list);
  FILL(list, number());
  return list;
}
static const double *some_fractions(void) {
  double *list = take(LISTED * sizeof *list);
  FILL(list, roll(20) ? (double)roll(101) / 100.0 : number());
  return list;
}

#endif
