/* How every example tells whether it is right: compare with known numbers, then exit accordingly. */
#ifndef EXAMPLES_CHECK_H
#define EXAMPLES_CHECK_H

#include <autograd.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Is `got` within `tolerance` of `want`, relative to the larger of 1 and |want|? Says so when it is not. */
bool check_close(const char *what, double got, double want, double tolerance);

/* The same for each element of an array of doubles against `want[0..n)`. */
bool check_array(ag_context *cx, const char *what, ag_array got, const double *want, size_t n, double tolerance);

/* Says so when `right` is false. */
bool check_that(const char *what, bool right);

/* Reports a pending error of the library, frees the context and returns the exit status of the program:
 * 0 when there was no error and every check above was right. */
int check_finish(ag_context *cx);

#ifdef __cplusplus
}
#endif

#endif
