"""Records functions of numbers and masked reductions, for tests/forward_number.rs; see make_numpy.py for the format.

The complex error functions come from `pip install mpmath`: SciPy's are right to 1e-13 only.
"""

import itertools
import math

import mpmath
from make_numpy import INF, NAN, File, grid, np, pairs, plane, plane64, single, truth, whole

random = np.random.default_rng(24)
f = File("numpy_number.txt")
for name, a in [("grid", grid), ("single", single), ("plane", plane), ("plane64", plane64), ("whole", whole), ("truth", truth)]:
    f.let(name, a)
left, right = f.let("left", pairs[:, None]), f.let("right", pairs)
left32 = f.let("left32", np.float32([0, NAN, INF, -1.5, 2, 3e38, 1e-30])[:, None])
right32 = f.let("right32", np.float32([0, -0.0, -INF, 1.25, 2, -3]))
il = f.let("il", np.array([0, 1, -1, 5, -7, 2**62], dtype=np.int64)[:, None])
ir = f.let("ir", np.array([1, 2, 3, 70, -1, 12], dtype=np.int64))
bl = f.let("bl", np.array([[True], [False]]))

UNARY = {"cbrt": np.cbrt, "erfc": np.vectorize(math.erfc, otypes=[float]), "spacing": np.spacing, "signbit": np.signbit, "fix": np.fix, "isreal": np.isreal,
         "iscomplex": np.iscomplex, "isposinf": np.isposinf, "isneginf": np.isneginf, "invert": np.invert,
         "flatnonzero": np.flatnonzero, "argwhere": np.argwhere}
for name, function in UNARY.items():
    for x in (grid, single, plane, plane64, whole, truth):
        # NumPy has float16 for booleans; complex numbers come below.
        if x is truth and name in ("cbrt", "erfc", "spacing", "fix") or name == "erfc" and x.dtype.kind == "c":
            continue
        # More accurate in the tail than SciPy's.
        if name == "erfc" and x is single:
            f.case(name, lambda x: np.float32(function(x)), x)
            continue
        f.case(name, function, x)
finite = grid[np.isfinite(grid)]
# One by one, since they differ by many orders of magnitude.
mpmath.mp.dps = 40
spiral = [0.02 * 1.13**k * np.exp(2.4j * k) for k in range(56)] + [0.3j, -2j, 5j, 3 + 1e-8j, 2.0 + 3j, -2.0 + 3j, 6.5 - 6.4j, 0.5 + 26j, 1e-3 + 26.5j, 1e-7 + 2j]
for z in spiral + [complex(3.0, -0.0)]:
    for name, function in (("erf", mpmath.erf), ("erfc", mpmath.erfc)):
        exact = lambda x: np.array([complex(function(mpmath.mpc(complex(v)))) for v in x])
        f.case(name, exact, np.array([z]))
        if abs(z) < 9:
            f.case(name, lambda x: exact(x).astype(np.complex64), np.array([z]).astype(np.complex64))
# Close to the largest number NumPy overflows too early.
for x in (np.linspace(-40, 40, 81), np.array([0.0, -0.0, 1e-300, 700.0, -705.0, NAN]), single[np.abs(single) < 80], whole, plane):
    f.case("i0", np.i0, x)
for x in (grid, single, whole, plane):
    f.case("modf_0", lambda x: np.modf(x)[0], x)
    f.case("modf_1", lambda x: np.modf(x)[1], x)
    f.case("frexp_0", lambda x: np.frexp(x)[0], x)
    f.case("frexp_1", lambda x: np.int64(np.frexp(x)[1]), x)
for e in (0, 1, -1, 52, -1074, -1080, 1023, 2000, -2000, -1022):
    for x in (grid, single):
        f.case("ldexp", lambda x, e: np.ldexp(x, e), x, np.array(e))
f.case("ldexp", np.ldexp, whole[:, None], ir[:3])
f.case("ldexp", np.ldexp, grid, np.array(1.5))
f.case("ldexp", np.ldexp, plane, np.array(1))
BINARY = {"fmod": np.fmod, "copysign": np.copysign, "heaviside": np.heaviside, "nextafter": np.nextafter, "gcd": np.gcd, "lcm": np.lcm,
          "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor, "left_shift": np.left_shift,
          "right_shift": np.right_shift, "float_power": np.float_power}
zl, zr = f.let("zl", plane[:7, None]), f.let("zr", np.array([1 + 2j, -0.5 + 0.25j, 2 + 0j, -3j]))
for name, function in BINARY.items():
    for a, b in [(left, right), (left32, right32), (il, ir), (il, right), (left32, right), (zl, zr), (bl, ir), (bl, truth), (np.ones((2, 3)), np.ones((3, 2))), (np.ones((0, 1)), np.ones((1, 3)))]:
        # NumPy has small integers and float16 for booleans alone.
        if a is bl and b is truth and "bitwise" not in name:
            continue
        # What is left of a number after division by 0 is not the same bits everywhere; integers divided by 0 neither.
        if name == "float_power" and a is il:
            a = il[:5]
        f.case(name, function, a, b)
for decimals in (0, 1, 2, 5, -1, -2):
    for x in (finite[np.abs(finite) < 1e15], single[np.isfinite(single) & (np.abs(single) < 1e6)], whole, np.array([15, 25, -15, 7, 151, 250]), plane, np.array([NAN, INF, -INF, -0.0]),
              np.array([0.125, 2.675, 0.5, 1.5, 2.5, -0.25, 12345.678])):
        f.case("round", lambda x: np.round(x, decimals), x, decimals=decimals)
close = np.array([1.0, 1.0 + 1e-9, 1.001, NAN, INF, -INF, 0.0, 1e-9, 1e10, 1e10 + 1e4])
for a, b in [(close[:, None], close), (np.float32(close), close), (whole, whole[::-1]), (truth, truth), (plane, plane + 1e-7), (plane[:3], np.ones(2)), (close, close), (whole, whole), (whole, whole + 0.0), (whole[None], whole)]:
    for nan in (False, True):
        f.case("isclose", lambda a, b: np.isclose(a, b, equal_nan=nan), a, b, rtol=1e-5, atol=1e-8, nan=int(nan))
        f.case("allclose", lambda a, b: np.allclose(a, b, equal_nan=nan), a, b, rtol=1e-5, atol=1e-8, nan=int(nan))
        f.case("array_equal", lambda a, b: np.array_equal(a, b, equal_nan=nan), a, b, nan=int(nan))
    f.case("array_equiv", np.array_equiv, a, b)
    for invert in (False, True):
        f.case("isin", lambda a, b: np.isin(a, b, invert=invert), a, b, invert=int(invert))
f.case("isin", np.isin, np.array([2**62 + 1, 2**62]), np.array([2**62]), invert=0)
f.case("isin", np.isin, whole, np.array([]), invert=0)
f.case("isin", np.isin, np.array([0.0, -0.0]), np.array([-0.0]), invert=0)
f.case("isin", np.isin, plane, np.array(0), invert=0)
matrix = np.array([[0, 3, 0], [1, 0, 5]])
for axis, keep in itertools.product((None, 0, 1, (0, 1), -1, 2), (False, True)):
    text = "all" if axis is None else ",".join(map(str, axis)) if isinstance(axis, tuple) else axis
    f.case("count_nonzero", lambda x: np.count_nonzero(x, axis, keepdims=keep), matrix, axis=text, keepdims=int(keep))
for x in (matrix, matrix.astype(bool), np.zeros((0, 3)), np.arange(8.0).reshape(2, 2, 2) - 3, np.array(0), np.array(2.0)):
    f.case("argwhere", np.argwhere, x)
    f.case("flatnonzero", np.flatnonzero, x)
    if x.ndim:
        f.case("nonzero", lambda x: np.nonzero(x)[-1], x)
for low, high in [(np.array(-1.0), np.array(2.0)), (np.array(2.0), np.array(-1.0)), (np.array(-1.0), None), (None, np.array(0.5)), (np.array(NAN), np.array(1.0)), (right[:, None], None), (None, None)]:
    for x in (grid[:20], single[:20], whole, plane):
        given = [b for b in (low, high) if b is not None]
        f.case("clip", lambda x, *_: np.clip(x, low, high), x, *given, low=int(low is not None), high=int(high is not None))
for x in (grid, single, whole, np.array([NAN + 1j, 1 + INF * 1j, complex(-INF, NAN)])):
    f.case("nan_to_num", lambda x: np.nan_to_num(x, nan=1.5, posinf=2.5, neginf=-3.5), x, nan=1.5, posinf=2.5, neginf=-3.5)
for x in (plane, plane64, grid):
    f.case("angle_degrees", lambda x: np.angle(x, deg=True), x)


def draw(shape, kind="float64"):
    if kind == "int64":
        return random.integers(-9, 9, size=shape)
    if kind == "bool":
        return random.integers(0, 2, size=shape).astype(bool)
    x = random.normal(size=shape).round(4)
    if kind.startswith("complex"):
        x = x + 1j * random.normal(size=shape).round(4)
    return np.asarray(x, dtype=kind)


f.write()
f = File("numpy_masked.txt")
REDUCTIONS = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "mean": np.mean, "var": np.var, "std": np.std, "all": np.all, "any": np.any}
three = np.array([[True, False, True], [False, False, True]])
odd = np.array([[1.0, NAN, 3.0], [INF, 2.0, -1.0]])
cases = [(draw((2, 3), k), m) for k in ("float64", "float32", "complex128", "int64", "bool") for m in (None, three, three[0], three[:, :1])]
cases += [(odd, three), (odd, None), (draw((2, 3)), np.zeros(3, bool)), (draw((0, 3)), three[0]), (draw((0, 3)), None), (draw((2, 3)), np.ones((4, 2, 3), bool)), (draw((2, 3)), np.ones(2, bool)),
          (draw((2, 3)), np.ones((2, 3))), (draw((2, 2, 3)), three), (draw(()), None), (draw(()), np.array(True)), (draw(()), np.array(False))]
for x, mask in cases:
    forms = [None] + list(range(x.ndim)) + ([(0, 1)] if x.ndim > 1 else [])
    for (name, function), axis, initial in itertools.product(REDUCTIONS.items(), forms, (None, np.array(2.0))):
        moment = name in ("mean", "var", "std", "all", "any")
        if initial is not None and (moment or x.dtype.kind == "b") or x.dtype.kind == "c" and name in ("max", "min"):
            continue
        if initial is not None and x.dtype.kind == "i":
            initial = np.array(2)
        for keep in (False, True):
            words = dict(axis=axis, keepdims=keep)
            if mask is not None:
                words["where"] = mask
            if initial is not None:
                words["initial"] = initial
            if name in ("var", "std"):
                words["ddof"] = 1 if keep else 0
            text = "all" if axis is None else ",".join(map(str, axis)) if isinstance(axis, tuple) else axis
            given = [a for a in (mask, initial) if a is not None]
            f.case(name, lambda x, *_: function(x, **words), x, *given, axis=text, keepdims=int(keep), ddof=words.get("ddof", 0), mask=int(mask is not None), initial=int(initial is not None))
f.write()
