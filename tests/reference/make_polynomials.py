"""Records polynomials, for tests/forward_polynomials.rs; see make_numpy.py for the format."""

from make_numpy import File, np

f = File("numpy_polynomials.txt")
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
f.write()
