/* Numbers in text files. */
#include "check.h"

static const char *path(void) { return temporary("-text.csv"); }

static void write_text(const char *text) {
  FILE *f = fopen(path(), "wb");
  CHECK(f != NULL && fwrite(text, 1, strlen(text), f) == strlen(text));
  if (f) fclose(f);
}

static void check_text(const char *want, int line) {
  static char got[4096];
  FILE *f = fopen(path(), "rb");
  size_t n = f ? fread(got, 1, sizeof got - 1, f) : 0;
  if (f) fclose(f);
  got[n] = 0;
  if (strcmp(got, want) == 0) return;
  printf("%s:%d: the file has\n%s\nexpected\n%s\n", __FILE__, line, got, want);
  failures++;
}

static ag_array load(ag_context *cx, const char *delimiter) {
  return ag_loadtxt(cx, path(), delimiter, 0, NULL, 0, AG_F64, 0);
}

static void writing(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "2,3", "0.1 -2 1e300 nan inf -inf");
  ag_savetxt(cx, path(), x, ",", 0, "a,b,c\nsecond line");
  check_text("# a,b,c\n# second line\n0.1,-2.0,1e300\nnan,inf,-inf\n", __LINE__);
  CHECK_ARRAY(cx, load(cx, ","), "2,3", "0.1 -2 1e300 nan inf -inf");
  ag_savetxt(cx, path(), vector_of(cx, "1 0.001234567"), NULL, 3, NULL);
  check_text("1.00e+00\n1.23e-03\n", __LINE__);
  ag_savetxt(cx, path(), ag_transpose(cx, array_of(cx, AG_I64, "2,2", "1 2 3 -4")), "; ", 0, NULL);
  check_text("1; 3\n2; -4\n", __LINE__);
  CHECK_ARRAY(cx, ag_loadtxt(cx, path(), ";", 0, NULL, 0, AG_I64, 0), "2,2", "1 3 2 -4");
  ag_savetxt(cx, path(), array_of(cx, AG_BOOL, "2", "1 0"), NULL, 0, "");
  check_text("1\n0\n", __LINE__);
  CHECK(ag_dtype(cx, ag_loadtxt(cx, path(), NULL, 0, NULL, 0, AG_BOOL, 0)) == AG_BOOL);
  /* every number comes back, bit by bit */
  {
    int64_t shape[] = {500, 4};
    ag_array y = ag_mul(cx, ag_random_normal(cx, 1, AG_F64, shape, 2, 0.0, 1.0),
                        ag_exp(cx, ag_random_uniform(cx, 2, AG_F64, shape, 2, -700.0, 700.0)));
    for (int32_t dtype = AG_F32; dtype <= AG_F64; dtype++) {
      ag_array typed = ag_astype(cx, y, dtype);
      for (int64_t digits = 0; digits <= 17; digits += 17) {
        ag_savetxt(cx, path(), typed, NULL, digits, NULL);
        ag_array back = ag_loadtxt(cx, path(), NULL, 0, NULL, 0, dtype, 0);
        CHECK(ag_array_equal(cx, typed, back, false));
      }
    }
  }
  CHECK_OK(cx);
  ag_savetxt(cx, path(), ag_scalar(cx, 1.0), NULL, 0, NULL);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_savetxt: expected a vector or a matrix, found 0 axes");
  ag_savetxt(cx, path(), array_of(cx, AG_C128, "1", "1 2"), NULL, 0, NULL);
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_savetxt: numbers of dtype complex128 are not written as text");
  ag_savetxt(cx, path(), x, "e", 0, NULL);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_savetxt: \"e\" cannot stand between numbers");
  ag_savetxt(cx, path(), x, ",", 18, NULL);
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_savetxt: digits must be 0 to 17, found 18");
  ag_savetxt(cx, "/nowhere/at/all.csv", x, ",", 0, NULL);
  CHECK_ERROR(cx, AG_ERR_FILE, "cannot write /nowhere/at/all.csv");
}

static void shapes(ag_context *cx) {
  static const struct {
    const char *text, *delimiter;
    int64_t ndmin;
    const char *shape, *values;
  } cases[] = {
      {"", NULL, 0, "0", ""},
      {"# nothing\n\n", NULL, 2, "0,1", ""},
      {"7", NULL, 0, "", "7"},
      {"7", NULL, 1, "1", "7"},
      {"7", NULL, 2, "1,1", "7"},
      {"1 2\n", NULL, 0, "2", "1 2"},
      {"1\n2\n", NULL, 1, "2", "1 2"},
      {"1\n2\n", NULL, 2, "2,1", "1 2"},
      {"  1\t2 # three\n\n+3.5 .5e1 \r\n", NULL, 0, "2,2", "1 2 3.5 5"},
      {"\xef\xbb\xbf" "1 , 2\n3,4", ",", 0, "2,2", "1 2 3 4"},
      {"1\t2\n", "\t", 0, "2", "1 2"},
      {"# \xff\xfe\n1 2\n", NULL, 0, "2", "1 2"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    write_text(cases[i].text);
    ag_array x = ag_loadtxt(cx, path(), cases[i].delimiter, 0, NULL, 0, AG_F64, cases[i].ndmin);
    CHECK_ARRAY(cx, x, cases[i].shape, cases[i].values);
  }
  static const int64_t columns[] = {-1, 0}, far[] = {2};
  write_text("name,x,y\n1,2\n3,4,5\n");
  CHECK_ARRAY(cx, ag_loadtxt(cx, path(), ",", 1, columns, 2, AG_F32, 0), "2,2", "2 1 5 3");
  CHECK(is_null(ag_loadtxt(cx, path(), ",", 1, far, 1, AG_F64, 0)));
  CHECK_ERROR(cx, AG_ERR_FILE, "line 2 has 2 columns, none of number 2");
}

static void damaged(ag_context *cx) {
  static const struct {
    const char *text, *delimiter, *message;
  } cases[] = {
      {"1,2\n3,x\n", ",", ": line 2, column 1: \"x\" is no number of dtype float64"},
      {"1,2,\n", ",", ": line 1, column 2: \"\" is no number of dtype float64"},
      {"1 2\n\n3\n", NULL, ": line 3 has 1 columns, and line 1 has 2"},
      {"0x10\n", NULL, ": line 1, column 0: \"0x10\" is no number"},
      {"1 \xff\xfe\n", NULL, ": line 1: \"\xef\xbf\xbd\xef\xbf\xbd \" is no UTF-8"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    write_text(cases[i].text);
    CHECK(is_null(load(cx, cases[i].delimiter)));
    CHECK_ERROR(cx, AG_ERR_FILE, cases[i].message);
  }
  /* an error quotes a few bytes only, and a line that never ends is not read to its end */
  {
    static char text[1 << 20];
    memset(text, 'y', sizeof text - 1);
    write_text(text);
    CHECK(is_null(load(cx, NULL)));
    CHECK(strlen(ag_error_message(cx)) < 500);
    CHECK_ERROR(cx, AG_ERR_FILE, "yyy...\" is no number");
    FILE *f = fopen(path(), "wb");
    for (int i = 0; i < 17; i++) CHECK(f != NULL && fwrite(text, 1, sizeof text - 1, f) == sizeof text - 1);
    if (f) fclose(f);
    CHECK(is_null(load(cx, NULL)));
    CHECK_ERROR(cx, AG_ERR_FILE, ": line 1 is longer than 16777216 bytes: \"yyy");
  }
  write_text("1.5\n");
  CHECK(is_null(ag_loadtxt(cx, path(), NULL, 0, NULL, 0, AG_I64, 0)));
  CHECK_ERROR(cx, AG_ERR_FILE, "\"1.5\" is no number of dtype int64");
  CHECK(is_null(ag_loadtxt(cx, path(), NULL, 0, NULL, 0, AG_C64, 0)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "ag_loadtxt: numbers of dtype complex64 are not read from text");
  CHECK(is_null(ag_loadtxt(cx, path(), NULL, 0, NULL, 0, AG_F64, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_loadtxt: ndmin must be 0, 1 or 2, found 3");
  CHECK(is_null(load(cx, "")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_loadtxt: \"\" cannot stand between numbers");
  write_text("1\n2\n3\n4\n");
  ag_set_memory_limit(cx, 16);
  CHECK(is_null(load(cx, NULL)));
  ag_set_memory_limit(cx, 0);
  CHECK_ERROR(cx, AG_ERR_MEMORY, "there is no memory for the numbers before line 3");
  remove(path());
  CHECK(is_null(load(cx, NULL)));
  CHECK_ERROR(cx, AG_ERR_FILE, "ag_loadtxt: cannot read ");
}

int main(void) {
  ag_context *cx = ag_context_new();
  writing(cx);
  shapes(cx);
  damaged(cx);
  return finish(cx);
}
