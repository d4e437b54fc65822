/* Compiled with -O3 -march=native -ffast-math -fopenmp, so that the C library's vector functions are called. */
#include "fused.h"

#include <math.h>

/* sin and cos in loops of their own over a block: in one loop GCC makes of them a sincos, which is not vectorised. */
__attribute__((noinline)) static void cosines(const double *restrict x, double *restrict y, int n) {
  for (int i = 0; i < n; i++) y[i] = cos(x[i]);
}

static double elementwise_range(const double *restrict x, double *restrict g, long low, long high) {
  enum { BLOCK = 512 };
  double sum = 0, cosine[BLOCK];
  for (long b = low; b < high; b += BLOCK) {
    int m = b + BLOCK < high ? BLOCK : (int)(high - b);
    cosines(x + b, cosine, m);
    for (int i = 0; i < m; i++) {
      double v = x[b + i], v2 = v * v, t = tanh(v), e = exp(-v2), l = log1p(v2), s = sin(v);
      sum += t * e + l * s;
      g[b + i] = (1 - t * t) * e - 2 * v * t * e + 2 * v / (1 + v2) * s + l * cosine[i];
    }
  }
  return sum;
}

double fused_elementwise(const double *x, double *g, long n, int threads) {
  enum { SHARE = 4096 };
  double sum = 0;
#pragma omp parallel for num_threads(threads) schedule(static) reduction(+ : sum) if (threads > 1 && n > 20000)
  for (long b = 0; b < n; b += SHARE) sum += elementwise_range(x, g, b, b + SHARE < n ? b + SHARE : n);
  return sum;
}
