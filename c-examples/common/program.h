/* What an example says to whoever runs it: its options and their help, what it wrote, and how far it has come. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct option {
  const char *name, *help; /* "--steps"; a name without dashes is that of the one argument which needs none before it */
  int *number, low, high;  /* a whole number from low to high */
  const char **text;       /* or a text */
} option;

/* Rows of a list of options. What `to` points at is the default, which the help shows. */
#define NUMBER(name, to, low, high, help) {name, help, to, low, high, NULL}
#define TEXT(name, to, help) {name, help, NULL, 0, 0, to}

/* Reads the command line. --help prints `about` and the options and ends the program; what is not understood ends it
 * with status 2 and a word on stderr. Every program has --out FOLDER beside its own options. */
void options_read(int argc, char **argv, const char *about, const option *options, size_t n);

/* The path of a file in the folder of --out; valid until the next call. */
const char *out_path(const char *file);

/* Says what is in the file whose path was asked for last, or, if it couldn't be written, that this is wrong. */
void out_written(bool written, const char *what);

/* A line for step i of n with the seconds since the first one: of a long loop about a dozen, the last one among them.
 * `format` and the rest are as for printf. */
#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
void progress(const char *step, int i, int n, const char *format, ...);

#endif
