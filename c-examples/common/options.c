#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int options_read(int argc, char **argv, const char *help, const option *options, size_t n, const char **path) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (!strcmp(name, "--help")) return fputs(help, stdout) == EOF;
    if (name[0] != '-') {
      *path = name;
      continue;
    }
    const char *text = i + 1 < argc ? argv[++i] : "";
    char *end;
    long number = strtol(text, &end, 10);
    int right = 0;
    for (size_t k = 0; k < n; k++) {
      if (strcmp(name, options[k].name) || *text == '\0' || *end != '\0') continue;
      right = number >= options[k].low && number <= options[k].high;
      if (right) *options[k].value = (int)number;
    }
    if (!right) {
      fprintf(stderr, "%s %s: see --help\n", name, text);
      return 2;
    }
  }
  return -1;
}
