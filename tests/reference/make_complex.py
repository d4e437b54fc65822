"""Writes complex.csv: values of complex functions for tests/kernels_complex.rs.

Columns: function, source, re and im of the argument, re and im of the result,
all as hexadecimal floats. Source "mpmath": 60 digit values rounded to double,
at ordinary and extreme arguments. Source "numpy": arguments on branch cuts and
at infinity, where the sign of a zero decides.

Needs numpy and mpmath; run as: python make_complex.py > complex.csv
"""

import random

import mpmath as mp
import numpy as np

mp.mp.dps = 400
np.seterr(all="ignore")
random.seed(1)

one = mp.mpf(1)
FUNCTIONS = {
    "exp": mp.exp,
    "exp2": lambda z: mp.exp(z * mp.log(2)),
    "expm1": lambda z: mp.exp(z) - 1,
    "expit": lambda z: one / (1 + mp.exp(-z)),
    "log": mp.log,
    "log2": lambda z: mp.log(z) / mp.log(2),
    "log10": lambda z: mp.log(z) / mp.log(10),
    "log1p": lambda z: mp.log(1 + z),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "sqrt": mp.sqrt,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1 / z,
    "sign": lambda z: z / abs(z),
    "sinc": lambda z: mp.sin(mp.pi * z) / (mp.pi * z),
}

CUTS = [
    "log", "log1p", "sqrt", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh",
    "exp", "sinh", "cosh", "tanh", "sin", "cos", "tan",
]


def arguments(name):
    pts = [complex(random.uniform(-4, 4), random.uniform(-4, 4)) for _ in range(30)]
    # Near the branch points and the unit circle.
    for p in (0, 1, -1, 1j, -1j):
        for _ in range(6):
            s = 10.0 ** random.uniform(-12, -1)
            pts.append(p + complex(random.uniform(-s, s), random.uniform(-s, s)))
    for _ in range(10):
        t = random.uniform(0, 6.3)
        pts.append(complex(np.cos(t), np.sin(t)))
    if name in ("log", "log2", "log10", "log1p", "sqrt", "arcsin", "arccos", "arctan",
                "arcsinh", "arccosh", "arctanh", "reciprocal", "sign"):
        for e in (20, 100, 160, 300, 307.9):
            s = 10.0**e
            pts.append(complex(random.uniform(-s, s), random.uniform(-s, s)))
            pts.append(complex(random.uniform(-s, s), random.uniform(-1, 1)))
            if name not in ("reciprocal",) or e < 300:
                pts.append(complex(random.uniform(-1, 1) / s, random.uniform(-1, 1) / s))
    if name in ("exp", "sinh", "cosh"):
        pts += [complex(710.2, 1.5), complex(-720, 0.3), complex(711.5, 1.5), complex(-30, 20), complex(25, -3)]
    if name in ("sin", "cos"):
        pts += [complex(1.5, 710.2), complex(0.01, -711.5), complex(20, -30)]
    if name in ("tanh", "tan"):
        pts += [complex(21, 1), complex(1, 23), complex(300, 0.7), complex(0.7, -300)]
    return pts


def row(name, source, z, w):
    cells = [name, source] + [float(v).hex() for v in (z.real, z.imag, w.real, w.imag)]
    print(",".join(cells))


def main():
    for name, f in FUNCTIONS.items():
        for z in arguments(name):
            w = f(mp.mpc(z))
            w = complex(float(w.real), float(w.imag))
            if np.isfinite(w.real) and np.isfinite(w.imag):
                row(name, "mpmath", z, w)
    inf = float("inf")
    for name in CUTS:
        f = getattr(np, name)
        for x in (-inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, inf):
            for y in (-inf, -2.0, -1.0, -0.0, 0.0, 1.0, 2.0, inf):
                z = complex(x, y)
                w = complex(f(np.array([z]))[0])
                row(name, "numpy", z, w)


main()
