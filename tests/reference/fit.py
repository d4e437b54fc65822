"""Prints the polynomial coefficients of src/kernels/math, constant term first.

Interpolation at Chebyshev nodes in 50 digit arithmetic is within a small factor
of the minimax polynomial, and needs no exchange algorithm. Needs mpmath.
"""

from mpmath import (
    asin, atan, atanh, cos, erf, erfc, exp, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt,
)

mp.dps = 50


def fit(name, f, lo, hi, n):
    lo, hi = mpf(lo), mpf(hi)
    nodes = [(lo + hi) / 2 + (hi - lo) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    powers = matrix([[x**j for j in range(n)] for x in nodes])
    c = lu_solve(powers, matrix([f(x) for x in nodes]))
    print(name, ", ".join(repr(float(v)) for v in c))


def root(f):
    """f(s) as a function of z = s^2."""
    return lambda z: f(sqrt(z))


L = log(2) / 2 * mpf("1.005")
exp_tail = lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > 1e-15 else mpf(1) / 2 + r / 6
fit("exp", exp_tail, -L, L, 11)
fit("exp f32", exp_tail, -L, L, 5)
Z = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.001")
fit("log", root(lambda s: (2 * atanh(s) - 2 * s) / s**3), 0, Z, 7)
fit("log f32", root(lambda s: (2 * atanh(s) - 2 * s) / s**3), 0, Z, 3)
fit("pow", root(lambda s: (atanh(s) / s - 1 - s**2 / 3) / s**4), 0, Z, 8)
Q = (pi / 4 * mpf("1.0001")) ** 2
for n in (6, 4):
    fit("sin", root(lambda r: (sin(r) - r) / r**3), 0, Q, n)
for n in (6, 3):
    fit("cos", root(lambda r: (cos(r) - 1 + r**2 / 2) / r**4), 0, Q, n)
fit("sinc", root(lambda r: (sin(pi * r) / (pi * r) - 1) / r**2), 0, mpf("0.2501"), 9)
fit("sinc'", root(lambda x: (pi * x * cos(pi * x) - sin(pi * x)) / (pi * x**3)), 0, mpf("0.5"), 11)
fit("atan", root(lambda x: (atan(x) - x) / x**3), 0, (sqrt(mpf(2)) - 1) ** 2 * mpf("1.001"), 12)
fit("asin", root(lambda x: (asin(x) - x) / x**3), 0, mpf("0.25"), 13)
fit("erf, small", root(lambda x: erf(x) / x - 1), 0, mpf("0.8101"), 12)
fit("erf, small, f32", root(lambda x: erf(x) / x - 1), 0, mpf("0.81"), 6)
fit("erf, large, f32", lambda x: -log(erfc(x)), mpf("0.89"), 4, 9)
fit("cbrt", lambda y: y ** (-mpf(1) / 3), mpf("0.353"), mpf("2.829"), 7)


def mapped(name, f, k, lo, hi, n):
    """f(x) as a polynomial in t = (x - k)/(x + k)."""
    t = lambda x: (mpf(x) - k) / (mpf(x) + k)
    fit(name, lambda u: f(k * (1 + u) / (1 - u)), t(lo), t(hi), n)


mapped("erf, large", lambda x: exp(x * x) * erfc(x), mpf(3), ".89", 6, 16)
mapped("erfc", lambda x: (1 + 2 * x) * exp(x * x) * erfc(x), mpf("3.5"), ".46", "27.3", 22)
