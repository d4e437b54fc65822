"""Records polynomials, for tests/forward_polynomial.rs; see make_numpy.py for the format."""

from fractions import Fraction

from make_numpy import File, np

f = File("numpy_polynomial.txt")
random = np.random.default_rng(23)


def draw(n, kind="float64"):
    if kind == "int64":
        return random.integers(1, 9, size=n)
    x = random.normal(size=n).round(3)
    if kind.startswith("complex"):
        x = x + 1j * random.normal(size=n).round(3)
    return np.asarray(x, dtype=kind)


KINDS = ("float64", "float32", "complex128", "complex64", "int64")
for k in KINDS:
    for l in KINDS:
        f.case("polyval", np.polyval, draw(4, k), draw((2, 3), l))
        f.case("polyadd", np.polyadd, draw(3, k), draw(4, l))
        f.case("polysub", np.polysub, draw(4, k), draw(2, l))
        f.case("polymul", np.polymul, draw(3, k), draw(4, l))
for n in (0, 1, 2, 7):
    for s in [(), (3,), (0,), (2, 2)]:
        f.case("polyval", np.polyval, draw(n), draw(s))
    # In single precision NumPy mixes in integers of 64 bits and gets double precision; here it stays single.
    for k in ("float64", "complex128", "int64"):
        for m in (-1, 0, 1, 2, 3, 9):
            f.case("polyder", lambda p: np.polyder(p, m), draw(n, k), m=m)
            if not (n == 0 and m > 0 and k == "int64"):
                f.case("polyint", lambda p: np.polyint(p, m), draw(n, k), m=m)
    for k in KINDS:
        if n > 0:
            f.case("poly", np.poly, draw(n, k))
        for m in (0, 1, 4, -1) if k not in ("float32", "complex64") else ():
            for increasing in (False, True):
                f.case("vander", lambda x: np.vander(x, m, increasing), draw(n, k), n=m, increasing=int(increasing))
for m, k in [(1, 3.0), (3, [1.0, 2.0, 3.0]), (2, 1.5), (2, [1.0, 2.0, 3.0]), (3, [1.0, 2.0])]:
    f.case("polyint", lambda p, k: np.polyint(p, m, k), draw(3), np.array(k), m=m)
f.case("poly", np.poly, np.array([1 + 2j, 1 - 2j, 3.0]))
f.case("poly", np.poly, np.array([1 + 2j, 1 - 2j, 1 + 2j]))
f.case("poly", np.poly, np.array([1j, -1j, 2j, -2j, 0j]))
f.case("poly", np.poly, draw(33) / 3)
f.case("vander", lambda x: np.vander(x, 2), draw((2, 2)), n=2, increasing=0)
# NumPy drops leading zeros of the remainder, so there are none here.
for k in ("float64", "complex128"):
    for m, n in [(5, 3), (5, 5), (4, 1), (3, 2), (9, 4)]:
        u, v = draw(m, k), draw(n, k)
        f.case("polydiv", lambda u, v: np.polydiv(u, v)[0], u, v)
        if n > 1:
            f.case("remainder", lambda u, v: np.polydiv(u, v)[1], u, v)


def solved(a, b):
    """The solution of a system of equations, by elimination without any rounding."""
    n = len(b)
    rows = [list(r) + [v] for r, v in zip(a, b)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [v - rows[k][i] * p for v, p in zip(rows[k], rows[i])]
    return [r[n] for r in rows]


def fitted(x, y, deg, w=None):
    """numpy.polyfit in fractions: NumPy's own results are only as exact as the powers of x are independent."""
    if deg < 0:
        return np.polyfit(x, y, deg, w=w)
    x = [Fraction(float(v)) for v in x]
    w = [Fraction(1)] * len(x) if w is None else [Fraction(float(v)) ** 2 for v in w]
    powers = [[v**k for k in range(deg, -1, -1)] for v in x]
    normal = [[sum(c * p[i] * p[j] for c, p in zip(w, powers)) for j in range(deg + 1)] for i in range(deg + 1)]

    def column(v):
        right = [sum(c * p[i] * Fraction(float(u)) for c, p, u in zip(w, powers, v)) for i in range(deg + 1)]
        return np.array([float(u) for u in solved(normal, right)])

    part = lambda v: column(v) if v.ndim == 1 else np.stack([column(c) for c in v.T], axis=1)
    return part(y.real) + 1j * part(y.imag) if np.iscomplexobj(y) else part(y)


for deg in (-1, 0, 1, 2, 5):
    for m in (6, 20):
        x = draw(m)
        for k in ("float64", "complex128", "int64"):
            for y in (draw(m, k), draw((m, 2), k)):
                f.case("polyfit", lambda x, y: fitted(x, y, deg), x, y, deg=deg)
                f.case("polyfit", lambda x, y, w: fitted(x, y, deg, w), x, y, abs(draw(m)) + 0.1, deg=deg)
for x in (np.linspace(1e5, 1.1e5, 30), np.linspace(-3e-7, 2e-7, 12), np.arange(40)):
    f.case("polyfit", lambda x, y: fitted(x, y, 3), x, draw(len(x)), deg=3)
f.write()
