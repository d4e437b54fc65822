/* The command line of the examples that have something to set: "--name N" and one argument without a name. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <stddef.h>

typedef struct option {
  const char *name; /* with its dashes */
  int *value, low, high;
} option;

/* Reads the options, and into *path what has no name. Prints `help` for --help, and what is wrong on stderr. Returns -1
 * when the program is to go on, and otherwise its exit status. */
int options_read(int argc, char **argv, const char *help, const option *options, size_t n, const char **path);

#endif
