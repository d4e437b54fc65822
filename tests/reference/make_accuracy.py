#!/usr/bin/env python3
"""Records values, first and second derivatives of the element-wise functions, computed by mpmath with 60 digits and
rounded once, in accuracy.txt beside this file. tests/accuracy.rs compares, and renders docs/accuracy.md.

A block begins with `function <name> <dtype> <domain>`. Its lines are the arguments, then the value, the first derivatives
(by each argument) and the second ones (of two arguments: xx, xy, yy). Complex numbers are two columns each.
"""

import math
import os
import random
import struct

from mpmath import mp, mpc, mpf

mp.dps = 60
INF = float("inf")
# Stands for a zero that says on which side of a cut a number lies.
TINY = mpf(10) ** -1000


def rounded(v, bits, least, greatest):
    """A real number rounded once, to the nearest with so many bits, the smallest being 2^least."""
    v = mpf(v)
    if v == 0 or mp.isnan(v) or mp.isinf(v):
        return float(v)
    sign, v = (-1, -v) if v < 0 else (1, v)
    exponent = int(mp.floor(mp.log(v, 2)))
    unit = mpf(2) ** max(exponent - bits + 1, least)
    v = mp.nint(v / unit) * unit
    return sign * (INF if v >= mpf(2) ** greatest else float(v))


def round64(v):
    return rounded(v, 53, -1074, 1024)


def round32(v):
    return rounded(v, 24, -149, 128)


def single(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(INF, x)


SIZES = [1e-300, 3e-160, 1e-40, 1e-20, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.71, 0.9, 0.999, 0.999999999, 1 - 2.0**-53, 1.0]
SIZES += [1 + 2.0**-52, 1.000000001, 1.3, 2.0, 3.3, 5.0, 7.7, 10.0, 13.0, 17.5, 20.0, 26.2, 37.4, 60.0, 87.3, 100.0]
SIZES += [300.0, 372.0, 700.0, 744.0, 1e4, 1e8, 3e19, 1e30, 2e154, 1e160, 1e200, 1.5e308]


def reals(low, high, extra=()):
    """Numbers of both signs between the bounds, of all sizes, and random ones."""
    draw = random.Random(7)
    points = [s * x for x in SIZES for s in (1, -1)] + list(extra)
    points += [draw.uniform(-4, 4) for _ in range(40)] + [draw.uniform(-40, 40) for _ in range(30)]
    points += [s * 10 ** draw.uniform(-12, 3) for _ in range(12) for s in (1, -1)]
    return [x for x in dict.fromkeys(points) if low <= x <= high and x != 0]


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def logistic1(x):
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2 if not isinstance(x, mpc) else mp.exp(-x) / (1 + mp.exp(-x)) ** 2


def sech2(x):
    return 1 / mp.cosh(x) ** 2


def sec2(x):
    return 1 / mp.cos(x) ** 2


def root(x):
    return mp.sqrt(1 - x) * mp.sqrt(1 + x)


def root_plus(x):
    return mp.sqrt(1 + 1j * x) * mp.sqrt(1 - 1j * x) if isinstance(x, mpc) else mp.sqrt(1 + x * x)


def root_minus(x):
    return mp.sqrt(x - 1) * mp.sqrt(x + 1)


def arccosh(x):
    return 2 * mp.log(mp.sqrt((x + 1) / 2) + mp.sqrt((x - 1) / 2))


def gauss(x):
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x))


def series(x, n):
    """The n-th derivative of sinc by its power series, at any size, with the digits that cancel."""
    if n == 0:
        return mp.sinpi(x) / (mp.pi * x)
    u = mp.pi * x
    with mp.workdps(60 + int(abs(u)) + 20):
        total, j = mp.zero, (n + 1) // 2
        while True:
            term = (-1) ** j * mp.fprod(range(2 * j - n + 1, 2 * j + 1)) / mp.factorial(2 * j + 1) * u ** (2 * j - n)
            total += term
            j += 1
            if j > abs(u) and abs(term) <= abs(total) * mpf(10) ** -60:
                return total * mp.pi**n


def bessel(x, n):
    return mp.besseli(n, x)


LN2, LN10 = mp.ln2, mp.ln10
BIG = 1.5e308

# name: value, first and second derivative, bounds of the domain, further points, complex too
UNARY = {
    "neg": (lambda x: -x, lambda x: mpf(-1), lambda x: mpf(0), -BIG, BIG, [], True),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3, -BIG, BIG, [], True),
    "exp": (mp.exp, mp.exp, mp.exp, -1e4, 1e4, [], True),
    "exp2": (lambda x: mp.exp(x * LN2), lambda x: mp.exp(x * LN2) * LN2, lambda x: mp.exp(x * LN2) * LN2**2, -1e4, 1e4, [1e3, -1e3], True),
    "expm1": (mp.expm1, mp.exp, mp.exp, -1e4, 1e4, [-40.0], True),
    "log": (mp.log, lambda x: 1 / x, lambda x: -1 / x**2, 0, BIG, [], True),
    "log2": (lambda x: mp.log(x) / LN2, lambda x: 1 / x / LN2, lambda x: -1 / x**2 / LN2, 0, BIG, [], True),
    "log10": (lambda x: mp.log(x) / LN10, lambda x: 1 / x / LN10, lambda x: -1 / x**2 / LN10, 0, BIG, [1e308], True),
    "log1p": (lambda x: mp.log1p(x) if not isinstance(x, mpc) else mp.log(1 + x), lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2, -1 + 2.0**-53, BIG, [-1 + 2.0**-30], True),
    "sin": (mp.sin, mp.cos, lambda x: -mp.sin(x), -1e30, 1e30, [], True),
    "cos": (mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x), -1e30, 1e30, [], True),
    "tan": (mp.tan, sec2, lambda x: 2 * mp.tan(x) * sec2(x), -1e30, 1e30, [1.5707963267948966, 1.57], True),
    "arcsin": (mp.asin, lambda x: 1 / root(x), lambda x: x / root(x) ** 3, -1, 1, [], True),
    "arccos": (mp.acos, lambda x: -1 / root(x), lambda x: -x / root(x) ** 3, -1, 1, [], True),
    "arctan": (mp.atan, lambda x: 1 / root_plus(x) ** 2, lambda x: -2 * x / root_plus(x) ** 4, -BIG, BIG, [], True),
    "sinh": (mp.sinh, mp.cosh, mp.sinh, -709, 709, [], True),
    "cosh": (mp.cosh, mp.sinh, mp.cosh, -709, 709, [], True),
    "tanh": (mp.tanh, sech2, lambda x: -2 * mp.tanh(x) * sech2(x), -BIG, BIG, [], True),
    "arcsinh": (mp.asinh, lambda x: 1 / root_plus(x), lambda x: -x / root_plus(x) ** 3, -BIG, BIG, [], True),
    "arccosh": (arccosh, lambda x: 1 / root_minus(x), lambda x: -x / root_minus(x) ** 3, 1, BIG, [], True),
    "arctanh": (mp.atanh, lambda x: 1 / root(x) ** 2, lambda x: 2 * x / root(x) ** 4, -1, 1, [], True),
    "square": (lambda x: x * x, lambda x: 2 * x, lambda x: mpf(2), -BIG, BIG, [], True),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * mp.sqrt(x) ** 3), 0, BIG, [], True),
    "erf": (mp.erf, gauss, lambda x: -2 * x * gauss(x), -BIG, BIG, [5.9, -25.3], True),
    "erfc": (mp.erfc, lambda x: -gauss(x), lambda x: 2 * x * gauss(x), -40, 1e4, [5.9, -25.3], True),
    "cbrt": (cbrt, lambda x: 1 / (3 * cbrt(x) ** 2), lambda x: -2 / (9 * cbrt(x) ** 5), -BIG, BIG, [], False),
    "expit": (logistic, logistic1, lambda x: -mp.tanh(x / 2) * logistic1(x), -BIG, BIG, [], True),
    "sinc": (lambda x: series(x, 0), lambda x: series(x, 1), lambda x: series(x, 2), -40, 40, [30.5, 31.0], True),
    "i0": (lambda x: bessel(x, 0), lambda x: bessel(x, 1), lambda x: (bessel(x, 0) + bessel(x, 2)) / 2, -713, 713, [29.9, 30.1, 40.0], False),
}


def hypot(x, y):
    return mp.sqrt(x * x + y * y)


def weight(x, y, base=mp.e):
    return 1 / (1 + base ** (y - x))


def power(x, y):
    return mp.power(x, y)


def floor(x, y):
    return mp.floor(x / y)


def trunc(x, y):
    return mp.sign(x / y) * mp.floor(abs(x / y))


PAIRS = [(3e-200, 4e-200), (3e200, 4e200), (1.0, 1e-9), (1e-9, 1.0), (1.0, 1.0 + 1e-9), (-2.5, 0.7), (2.5, -0.7)]
PAIRS += [(1e-150, 1e-310), (1e300, 1.0), (1.0, 1e300), (1e-170, -1e-170), (-0.3, -0.4), (1e-20, 3.0), (1e150, 1e-150)]
SUMS = [(1e10, 1e10), (1e50, 1e50), (1e10, 1e10 + 1e-5), (0.0, -30.0), (700.0, 0.3), (0.3, 700.0), (-1e9, -1e9), (1.0, 2.0)]
SUMS += [(1.1, -743.3), (0.1, 40.7), (-3.3, -3.1), (20.0, -17.3), (1e-30, 2e-30), (1234.5, 1250.25)]
POWERS = [(2.5, 3.0), (2.5, 0.3), (1e300, 0.3), (1e-300, 0.3), (1e-300, -0.7), (1e300, -0.7), (0.999999999, 3e9), (3.0, -2.5)]
POWERS += [(1e-200, 1.7), (1e200, 1.2), (1.5, 1e-20), (7.0, 350.3), (0.3, 550.7), (1.0000001, 1e8), (5.0, 1.0), (5.0, 2.0)]
QUOTIENTS = [(7.3, 2.1), (-7.3, 2.1), (7.3, -2.1), (2.9999999999999996, 1.0), (5.999999999999999, 3.0), (1e15, 3.3), (-1e15, 3.3)]
QUOTIENTS += [(0.9999999999999999, 0.3333333333333333), (1e200, 1e190), (0.2, 5.0), (-0.2, 5.0), (0.6, 0.2), (1e-200, 3e-201)]

# name: value, by x, by y, xx, xy, yy, points, domain
BINARY = {
    "mul": (lambda x, y: x * y, lambda x, y: y, lambda x, y: x, lambda x, y: mpf(0), lambda x, y: mpf(1), lambda x, y: mpf(0), PAIRS, "all"),
    "div": (lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2, lambda x, y: mpf(0), lambda x, y: -1 / y**2, lambda x, y: 2 * x / y**3, PAIRS, "y != 0"),
    "pow": (power, lambda x, y: y * power(x, y - 1), lambda x, y: power(x, y) * mp.log(x), lambda x, y: y * (y - 1) * power(x, y - 2),
            lambda x, y: power(x, y - 1) * (1 + y * mp.log(x)), lambda x, y: power(x, y) * mp.log(x) ** 2, POWERS, "x > 0"),
    "mod": (lambda x, y: x - y * floor(x, y), lambda x, y: mpf(1), lambda x, y: -floor(x, y), lambda x, y: mpf(0), lambda x, y: mpf(0), lambda x, y: mpf(0), QUOTIENTS, "y != 0"),
    "fmod": (lambda x, y: x - y * trunc(x, y), lambda x, y: mpf(1), lambda x, y: -trunc(x, y), lambda x, y: mpf(0), lambda x, y: mpf(0), lambda x, y: mpf(0), QUOTIENTS, "y != 0"),
    "arctan2": (mp.atan2, lambda x, y: y / hypot(x, y) ** 2, lambda x, y: -x / hypot(x, y) ** 2, lambda x, y: -2 * x * y / hypot(x, y) ** 4,
                lambda x, y: (x - y) * (x + y) / hypot(x, y) ** 4, lambda x, y: 2 * x * y / hypot(x, y) ** 4, PAIRS, "all"),
    "hypot": (hypot, lambda x, y: x / hypot(x, y), lambda x, y: y / hypot(x, y), lambda x, y: y * y / hypot(x, y) ** 3,
              lambda x, y: -x * y / hypot(x, y) ** 3, lambda x, y: x * x / hypot(x, y) ** 3, PAIRS, "all"),
    "logaddexp": (lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))), weight, lambda x, y: weight(y, x), lambda x, y: weight(x, y) * weight(y, x),
                  lambda x, y: -weight(x, y) * weight(y, x), lambda x, y: weight(x, y) * weight(y, x), SUMS, "all"),
    "logaddexp2": (lambda x, y: max(x, y) + mp.log1p(mp.mpf(2) ** (-abs(x - y))) / LN2, lambda x, y: weight(x, y, mpf(2)), lambda x, y: weight(y, x, mpf(2)),
                   lambda x, y: LN2 * weight(x, y, mpf(2)) * weight(y, x, mpf(2)), lambda x, y: -LN2 * weight(x, y, mpf(2)) * weight(y, x, mpf(2)),
                   lambda x, y: LN2 * weight(x, y, mpf(2)) * weight(y, x, mpf(2)), SUMS, "all"),
}

# Parts of complex arguments: moderate ones, tiny and huge ones, on both sides of the cuts, near the branch points.
COMPLEX = [(0.3, 0.2), (-0.7, 0.4), (1.7, -0.6), (-1.2, -2.3), (0.5, 3.1), (2.0, 0.0), (2.0, -0.0), (-2.0, 0.0), (-2.0, -0.0)]
COMPLEX += [(0.0, 2.0), (-0.0, 2.0), (0.0, -2.0), (-0.0, -2.0), (0.5, -0.0), (-0.5, 0.0), (1e-9, 1e-9), (-1e-9, 2e-9), (1e-3, -2e-3)]
COMPLEX += [(1 + 1e-9, 1e-10), (-1 + 1e-12, -1e-12), (1e-11, 1 - 1e-10), (15.0, 0.7), (-15.0, 0.7), (0.7, 15.0), (0.7, -15.0)]
COMPLEX += [(0.4, 20.0), (30.0, 0.4), (-36.0, 1.0), (0.2, 40.0), (1e8, 1e7), (1e160, 1e158), (1e200, 1e200), (-1e200, 1e-200)]
COMPLEX += [(1e-200, 1e-200), (1e-170, -1e-160), (0.0, 0.3), (-0.0, -0.3)]
# Functions that grow like exp, or oscillate, stay with moderate arguments: elsewhere the argument has lost the digits.
MODERATE = {"exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "expit", "erf", "erfc", "sinc"}


def text(v):
    return repr(v)


def line(values):
    return " ".join(text(v) for v in values)


def write(out, name, dtype, domain, lines):
    out.append(f"function {name} {dtype} {domain}")
    out.extend(lines)


def interval(low, high, largest):
    def end(x):
        return "-max" if x <= -largest else "max" if x >= largest else f"{x:g}"

    left, right = end(low), end(high)
    if (left, right) == ("-max", "max"):
        return "all"
    return f"x >= {left}" if right == "max" else f"x from {left} to {right}"


def real_blocks(out):
    for name, (f, first, second, low, high, extra, _) in UNARY.items():
        for dtype, narrow, to in (("float64", float, round64), ("float32", single, round32)):
            lines = []
            for x in dict.fromkeys(narrow(x) for x in reals(low, high, extra)):
                if not low <= x <= high or x == 0 or math.isinf(x):
                    continue
                # Where a float32 function is not one of moderate arguments any more it only repeats an infinity.
                if name == "i0" and dtype == "float32" and abs(x) > 85:
                    continue
                try:
                    lines.append(line([x, *(to(g(mpf(x))) for g in (f, first, second))]))
                except (ZeroDivisionError, ValueError):
                    # A singular point; docs/singular-points.md speaks of those.
                    continue
            write(out, name, dtype, interval(low, high, BIG), lines)
    for name, (*functions, points, domain) in BINARY.items():
        for dtype, narrow, to in (("float64", float, round64), ("float32", single, round32)):
            draw = random.Random(11)
            more = [(draw.uniform(-3, 3), draw.uniform(-3, 3)) for _ in range(30)]
            if domain == "x > 0":
                more = [(abs(x), y) for x, y in more]
            lines = []
            for x, y in ((narrow(x), narrow(y)) for x, y in points + more):
                # What is no longer there in single precision, or has become a jump, says nothing.
                if math.isinf(x) or math.isinf(y) or dtype == "float32" and 0 in (x, y) and (name not in ("logaddexp", "logaddexp2")):
                    continue
                a, b = mpf(x), mpf(y)
                if name in ("mod", "fmod") and mp.floor(a / b) == a / b:
                    continue
                lines.append(line([x, y, *(to(g(a, b)) for g in functions)]))
            write(out, name, dtype, domain, lines)


def complex_blocks(out):
    # 1 + z keeps the digits of a small z.
    mp.dps = 450
    for name, (f, first, second, *_, holomorphic) in UNARY.items():
        if not holomorphic:
            continue
        for dtype, narrow, to in (("complex128", float, round64), ("complex64", single, round32)):
            lines = []
            greatest, least = (1e300, 1e-290) if dtype == "complex128" else (1e38, 1e-30)
            for x, y in ((narrow(x), narrow(y)) for x, y in COMPLEX):
                size = max(abs(x), abs(y))
                if size > (1e3 if name in MODERATE else greatest) or size < least or 0 < min(abs(x), abs(y)) < least:
                    continue
                z = mpc(x if x else math.copysign(1, x) * TINY, y if y else math.copysign(1, y) * TINY)
                w = [mpc(g(z)) for g in (f, first, second)]
                # The norm of an error means something where the norm is normal.
                if any(not least < abs(v) < greatest for v in w if v != 0):
                    continue
                parts = [part for v in w for part in (to(v.real), to(v.imag))]
                lines.append(line([x, y, *parts]))
            write(out, name, dtype, "all", lines)


def main():
    out = ["# Recorded by make_accuracy.py with mpmath " + __import__("mpmath").__version__ + "."]
    real_blocks(out)
    complex_blocks(out)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "accuracy.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


main()
