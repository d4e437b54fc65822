/* The inputs of benches/peers/workloads.md: no library's random generator, the same numbers for every peer. */
#ifndef BENCH_INPUTS_H
#define BENCH_INPUTS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* The i-th number of a stream (splitmix64), in [0, 1). */
static inline double unit(uint64_t seed, uint64_t i) {
  uint64_t z = seed * 0xD1342543DE82EF95u + (i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

static inline void uniform(double *x, size_t n, uint64_t seed, double low, double high) {
  for (size_t i = 0; i < n; i++) x[i] = low + (high - low) * unit(seed, i);
}

static inline void integers(int64_t *x, size_t n, uint64_t seed, double below) {
  for (size_t i = 0; i < n; i++) x[i] = (int64_t)floor(below * unit(seed, i));
}

/* What is compared between peers: the sum of g[i] (1 + i mod 7). */
static inline double checksum(const double *g, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += g[i] * (double)(1 + i % 7);
  return sum;
}

#endif
