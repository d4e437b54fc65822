/* Messages quote the beginning of what they were given, however long that is. */
#include "check.h"

enum { LONG = 1 << 20 };

/* A text of a megabyte, to be freed: `unit` again and again, with something before and behind. */
static char *repeated(const char *before, const char *unit, const char *behind) {
  const size_t n = strlen(unit);
  char *text = (char *)malloc(strlen(before) + LONG + strlen(behind) + n + 1), *at = text;
  if (!text) abort();
  at += sprintf(at, "%s", before);
  for (size_t i = 0; i + n <= LONG; i += n, at += n) memcpy(at, unit, n);
  sprintf(at, "%s", behind);
  return text;
}

static const char *of_case = "";

/* The error that is pending has a message that is short, is text, and holds the beginning. */
static void short_message(ag_context *cx, int32_t code, const char *part, int line) {
  const char *message = ag_error_message(cx);
  if (ag_error(cx) != code || !strstr(message, part) || strlen(message) > 1000) {
    printf("%s:%d: %s: error %d with a message of %d bytes: %.300s\n", __FILE__, line, of_case, (int)ag_error(cx),
           (int)strlen(message), message);
    failures++;
  }
  /* no character is cut into halves */
  for (const unsigned char *c = (const unsigned char *)message; *c; c++) {
    int behind = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : *c >= 0xc0 ? 1 : 0;
    for (int i = 1; i <= behind; i++) CHECK((c[i] & 0xc0) == 0x80);
  }
  ag_error_clear(cx);
}
#define SHORT(cx, code, part) short_message((cx), (code), (part), __LINE__)

static ag_array forward(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_square(cx, args[0]);
}

static int32_t failing(const ag_view *args, size_t nargs, const ag_view *results, size_t nresults, void *user) {
  (void)args, (void)nargs, (void)results, (void)nresults, (void)user;
  return 7;
}

static ag_array apply(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  return ag_apply(cx, *(const ag_primitive *)user, args, nargs);
}

static void write_file(const char *path, const char *bytes, size_t n) {
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, n, file) == n);
  if (file) fclose(file);
}

static void with(ag_context *cx, const char *unit) {
  char *text = repeated("", unit, "");
  ag_array x = vector_of(cx, "1 2 3");

  of_case = "index";
  ag_index(cx, x, text);
  SHORT(cx, AG_ERR_INDEX, "cannot read");
  char *brackets = repeated("[", unit, "]");
  ag_index(cx, x, brackets);
  SHORT(cx, AG_ERR_INDEX, "brackets");
  free(brackets);

  of_case = "einsum";
  ag_einsum(cx, text, &x, 1);
  SHORT(cx, AG_ERR_VALUE, "ein");

  of_case = "mode";
  ag_convolve(cx, x, x, text);
  SHORT(cx, AG_ERR_VALUE, "mode");

  of_case = "paths";
  ag_load(cx, text);
  SHORT(cx, AG_ERR_FILE, "cannot read");
  ag_save(cx, text, x);
  SHORT(cx, AG_ERR_FILE, "cannot write");
  ag_tree_load(cx, text);
  SHORT(cx, AG_ERR_FILE, "cannot read");
  ag_loadtxt(cx, text, NULL, 0, NULL, 0, AG_F64, 0);
  SHORT(cx, AG_ERR_FILE, "");

  of_case = "keys";
  ag_tree leaf = ag_tree_leaf(cx, x), items[2];
  items[0] = items[1] = leaf;
  const char *keys[2] = {text, text}, *one[1] = {text}, *other[1] = {"a"};
  ag_tree_dict(cx, keys, items, 2);
  SHORT(cx, AG_ERR_VALUE, "twice");
  ag_tree dict = ag_tree_dict(cx, one, items, 1), dict2 = ag_tree_dict(cx, other, items, 1);
  ag_tree_get(cx, dict2, text);
  SHORT(cx, AG_ERR_INDEX, "no \"");
  ag_tree_array(cx, dict);
  SHORT(cx, AG_ERR_VALUE, "keys");
  ag_tree_add(cx, dict, dict2);
  SHORT(cx, AG_ERR_VALUE, "structure");
  const char *slashed[1];
  char *slash = repeated("", unit, "/");
  slashed[0] = slash;
  ag_tree_dict(cx, slashed, items, 1);
  SHORT(cx, AG_ERR_VALUE, "/");
  free(slash);

  of_case = "names of primitives";
  ag_primitive_def def = primitive_def(text, forward);
  ag_primitive p = ag_primitive_new(cx, &def);
  ag_grad(cx, apply, &p, &x, 1, 0);
  CHECK(ag_error(cx) != AG_OK);
  SHORT(cx, ag_error(cx), "");
  ag_raw_primitive_def raw = raw_primitive_def(text, 1, failing);
  ag_primitive q = ag_raw_primitive_new(cx, &raw);
  ag_apply(cx, q, &x, 1);
  SHORT(cx, ag_error(cx), "code 7");
  ag_apply(cx, q, NULL, 0);
  CHECK(ag_error(cx) != AG_OK);
  SHORT(cx, ag_error(cx), "nargs");

  of_case = "labels and lines";
  ag_anomaly_begin(cx, 0);
  ag_array y = ag_label(cx, ag_scalar(cx, -1.0), text);
  ag_here(cx, text, 3);
  ag_log(cx, y);
  SHORT(cx, AG_ERR_ANOMALY, "");
  ag_anomaly_end(cx);
  ag_here(cx, text, 4);
  ag_exp(cx, null_array());
  SHORT(cx, AG_ERR_HANDLE, "called at");
  ag_here(cx, NULL, 0);
  CHECK_OK(cx);

  of_case = "contents of files";
  const char *path = temporary("-long.txt");
  write_file(path, text, LONG);
  ag_loadtxt(cx, path, NULL, 0, NULL, 0, AG_F64, 0);
  SHORT(cx, AG_ERR_FILE, "line 1");
  ag_load(cx, path);
  SHORT(cx, AG_ERR_FILE, "");
  /* a header of almost 64 KiB */
  char *header = repeated("\x93NUMPY\x01\x01\xf0\xff{'descr': '", unit, "'}");
  header[7] = 0;
  write_file(path, header, 65000 + 100);
  ag_load(cx, path);
  CHECK(ag_error(cx) != AG_OK);
  SHORT(cx, ag_error(cx), "");
  free(header);
  remove(path);
  free(text);
}

/* what a callback says itself is not cut */
static void raised(ag_context *cx) {
  char *text = repeated("", "long ", "");
  ag_raise(cx, AG_ERR_USER, text);
  CHECK(strlen(ag_error_message(cx)) >= strlen(text));
  ag_error_clear(cx);
  free(text);
}

/* ag_apply_along_axis says what failed, also where that is its own first step: here moving the axis of an anomaly */
static void along(ag_context *cx) {
  ag_array x = ag_log(cx, array_of(cx, AG_F64, "2,2", "1 -1 2 3"));
  of_case = "ag_apply_along_axis";
  ag_anomaly_begin(cx, 0);
  ag_apply_along_axis(cx, forward, NULL, x, 0);
  SHORT(cx, AG_ERR_ANOMALY, "ag_apply_along_axis");
  ag_anomaly_end(cx);
  CHECK_OK(cx);
}

int main(void) {
  ag_context *cx = ag_context_new();
  const char *units[] = {"x", "q\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" "z"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) with(cx, units[i]);
  raised(cx);
  along(cx);
  return finish(cx);
}
