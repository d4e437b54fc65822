#include "program.h"
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *folder = ".", *program = "program";
static char path[4096];

static const option OUT = TEXT("--out", &folder, "an existing folder for what is written");

static void print_help(const char *about, const option *options, size_t n) {
  printf("usage: %s [options]", program);
  for (size_t k = 0; k < n; k++)
    if (options[k].name[0] != '-') printf(" [%s]", options[k].name);
  printf("\n\n%s\n\n", about);
  for (size_t k = 0; k <= n; k++) {
    const option *o = k < n ? &options[k] : &OUT;
    const char *kind = o->name[0] != '-' ? "" : o->number ? " N" : o == &OUT ? " FOLDER" : " FILE";
    printf("  %s%s%*s %s", o->name, kind, (int)(18 - strlen(o->name) - strlen(kind)), "", o->help);
    if (o->number) printf(" (%d)\n", *o->number);
    else if (*o->text) printf(" (%s)\n", *o->text);
    else printf("\n");
  }
}

static void refuse(const char *name, const char *why) {
  fprintf(stderr, "%s: %s %s; see --help\n", program, name, why);
  exit(2);
}

static void read_number(const option *o, const char *text) {
  char *end, why[96];
  long number = strtol(text, &end, 10);
  snprintf(why, sizeof why, "takes a whole number from %d to %d, not '%.24s'", o->low, o->high, text);
  if (*text == '\0' || *end != '\0' || number < o->low || number > o->high) refuse(o->name, why);
  *o->number = (int)number;
}

void options_read(int argc, char **argv, const char *about, const option *options, size_t n) {
  if (argc > 0 && strrchr(argv[0], '/')) program = strrchr(argv[0], '/') + 1;
  else if (argc > 0) program = argv[0];
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--help")) {
      print_help(about, options, n); /* before anything else is read, so that it shows the defaults */
      exit(fflush(stdout) == EOF);
    }
  bool complete = false; /* the argument without a name was there */
  for (int i = 1; i < argc; i++) {
    bool named = argv[i][0] == '-';
    const option *o = named && !strcmp(argv[i], OUT.name) ? &OUT : NULL;
    for (size_t k = 0; k < n; k++)
      if (named ? !strcmp(argv[i], options[k].name) : options[k].name[0] != '-') o = &options[k];
    if (!o || (!named && complete)) refuse(argv[i], named ? "is no option" : "is one argument too many");
    complete = complete || !named;
    if (named && i + 1 == argc) refuse(argv[i], "needs a value after it");
    const char *value = named ? argv[++i] : argv[i];
    if (o->number) read_number(o, value);
    else *o->text = value;
  }
}

const char *out_path(const char *file) {
  snprintf(path, sizeof path, "%s/%s", folder, file);
  return path;
}

void out_written(bool written, const char *what) {
  char can[sizeof path + 16];
  snprintf(can, sizeof can, "%s can be written", path);
  if (check_that(can, written)) printf("%s: %s\n", path, what);
}

void progress(const char *step, int i, int n, const char *format, ...) {
  static time_t begun;
  int every = n > 12 ? n / 10 : 1;
  if (i == 0) begun = time(NULL);
  if (i % every != 0 && i + 1 != n) return;
  va_list rest;
  va_start(rest, format);
  printf("%s %*d of %d, %3.0f s:  ", step, n < 1000 ? 3 : 5, i + 1, n, difftime(time(NULL), begun));
  vprintf(format, rest);
  printf("\n");
  fflush(stdout);
  va_end(rest);
}
