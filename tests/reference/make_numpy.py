"""Records what NumPy and SciPy compute, for tests/forward.rs.

    python3 -m venv target/venv && target/venv/bin/pip install numpy==2.4.6 scipy==1.17.1
    target/venv/bin/python tests/reference/make_numpy.py

writes tests/reference/numpy_*.txt. A line is `name|parameter=value|...|argument|... => result`. An array is
`dtype[shape]:elements`; `@name` stands for an array defined once by `let`. A result may be `!ErrorClass`.
"""

import itertools

import numpy as np
import scipy.special as special

from recording import INF, NAN, File, draw, random

# ---------------------------------------------------------------------------------------------------- element-wise

UNARY = {
    "neg": np.negative, "fabs": np.fabs, "reciprocal": np.reciprocal, "exp": np.exp, "exp2": np.exp2,
    "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "arcsinh": np.arcsinh, "arccosh": np.arccosh, "arctanh": np.arctanh,
    "rad2deg": np.rad2deg, "deg2rad": np.deg2rad, "square": np.square, "sqrt": np.sqrt, "erf": special.erf,
    "expit": special.expit, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint,
    "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "logical_not": np.logical_not, "abs": np.absolute,
    "real": np.real, "imag": np.imag, "conj": np.conj, "angle": np.angle, "sinc": np.sinc,
    "nan_to_num": np.nan_to_num,
}
BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "mod": np.mod,
    "maximum": np.maximum, "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin, "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2, "arctan2": np.arctan2, "hypot": np.hypot, "floor_divide": np.floor_divide,
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
    "greater": np.greater, "greater_equal": np.greater_equal, "logical_and": np.logical_and,
    "logical_or": np.logical_or, "logical_xor": np.logical_xor,
}

f = File("numpy_elementwise.txt")
edges = [0.0, -0.0, NAN, INF, -INF, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 1.5, 2.5, -2.5, 5e-324, -5e-324,
         2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, 1e-300, 1e300, -1e300, 1e-17, 1e-8,
         -1e-8, 709.7, 709.8, -745.2, -708.5, 710.5, 88.7, 1e5, -1e5, 1e15, 1e22, 3.141592653589793, 1.5707963267948966]
grid = f.let("grid", np.array(edges + list(np.linspace(-6, 6, 60)) + list(10 ** np.linspace(-12, 12, 25))))
single = f.let("single", np.concatenate([np.array(
    [0.0, -0.0, NAN, INF, -INF, 1, -1, 0.5, -0.5, 1.5, 1e-45, -1e-45, 1.2e-38, 3.4e38, 88.6, 88.8, -104, 1e5, 1e10]),
    np.linspace(-5, 5, 30)]).astype(np.float32))
points = [0.3 + 0.4j, -1.2 + 0.7j, 2.5 - 1.1j, -0.6 - 0.9j, 1j, -2j, 3 + 0j, -0.5 + 0j, 0j, 1e-9 + 1e-9j, 5 + 4j, 0.9 + 1e-3j]
plane = f.let("plane", np.array(points))
plane64 = f.let("plane64", np.array(points).astype(np.complex64))
whole = f.let("whole", np.array([0, 1, -1, 2, -3, 7, 100], dtype=np.int64))
truth = f.let("truth", np.array([True, False]))
for name, function in UNARY.items():
    for x in (grid, single, plane, plane64, whole, truth):
        # NumPy has float16 loops for booleans, and loops for integers where we, as with Python's floats, give float64.
        if x is truth and name not in ("isnan", "isinf", "isfinite", "logical_not", "neg", "sign", "real", "conj", "abs"):
            continue
        if x is truth and name in ("real", "conj", "imag"):
            continue
        if x is whole and name in ("reciprocal", "square", "floor", "ceil", "trunc", "imag", "conj", "real"):
            continue
        # SciPy has no complex expit.
        if x.dtype.kind == "c" and name == "expit":
            continue
        # NumPy multiplies by a rounded pi and has NaN at infinity; exact zeros and the limit 0 are better.
        if name == "sinc":
            x = np.linspace(-6.05, 5.95, 31).astype(x.dtype) if x.dtype.kind == "f" else x[:2]
        f.case(name, function, x)
pairs = np.array([0.0, -0.0, NAN, INF, -INF, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, -2.5, 1e-300, 1e300, 1e-10, 7.25])
left = f.let("left", pairs[:, None])
right = f.let("right", pairs)
left32 = f.let("left32", np.float32([0, NAN, INF, -1.5, 2, 3e38, 1e-30])[:, None])
right32 = f.let("right32", np.float32([0, -0.0, -INF, 1.25, 2, -3]))
zl = f.let("zl", np.array(points[:7])[:, None])
zr = f.let("zr", np.array([1 + 2j, -0.5 + 0.25j, 2 + 0j, -3j]))
il = f.let("il", np.array([0, 1, -1, 5, -7], dtype=np.int64)[:, None])
ir = f.let("ir", np.array([1, 2, 3, 0], dtype=np.int64))
ip = f.let("ip", np.array([1, -2, 3, 5], dtype=np.int64))
bl = f.let("bl", np.array([[True], [False]]))
plain = f.let("plain", np.array([0.5, 1.5, -2.5, 4.0]))
plain32 = f.let("plain32", np.float32([0.5, 1.5, -2.5, 4.0]))
for name, function in BINARY.items():
    f.case(name, function, left, right)
    f.case(name, function, left32, right32)
    f.case(name, function, il, ip if name in ("mod", "floor_divide", "div") else ir)
    f.case(name, function, bl, truth) if name not in ("mod", "floor_divide", "pow", "logaddexp", "logaddexp2", "arctan2", "hypot", "div") else None
    f.case(name, function, il, plain)
    f.case(name, function, il, plain32)
    f.case(name, function, plain32, plain)
    f.case(name, function, bl, plain32)
    f.case(name, function, zl, zr)
    f.case(name, function, zl, plain32)
    f.case(name, function, np.ones((2, 3)), np.ones((3, 2)))
    f.case(name, function, np.ones((0, 3)), np.ones((1, 3)))
    f.case(name, function, np.ones((2, 1, 3)), np.ones((4, 1)))
f.case("pow", np.power, whole, np.array(-1))
for c, x, y in [(bl, plain, plain32), (bl, il[:2], plain), (truth, zl, plain[:2]), (whole[:4], plain, ir), (plain, ir, bl),
                (truth, np.ones(3), np.ones(2)), (np.ones((0,), bool), np.ones(1), np.ones((2, 0)))]:
    f.case("where", np.where, np.asarray(c) != 0, x, y)
f.case("clip", lambda x: np.clip(x, -1.0, 2.0), grid, low=-1.0, high=2.0)
f.case("clip", lambda x: np.clip(x, -1.0, 2.0), single, low=-1.0, high=2.0)
kinds = [plain, plain32, plane, plane64, whole, truth]
for x in kinds:
    for to in ("float64", "float32", "complex128", "complex64", "int64", "bool"):
        f.case("astype", lambda x: x.astype(to), x, to=to)
f.write()

# ------------------------------------------------------------------------------------------------------ reductions

f = File("numpy_reduce.txt")


def logsumexp(x, axis=None, keepdims=False):
    return special.logsumexp(x, axis=axis, keepdims=keepdims)


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "var": np.var,
              "std": np.std, "all": np.all, "any": np.any, "logsumexp": logsumexp}
arrays = [draw(()), draw(5), draw((3, 4)), draw((2, 3, 4)), draw((2, 3, 4), "float32"), draw((3, 4), "complex128"),
          draw((2, 3), "complex64"), draw((3, 4), "int64"), draw((3, 4), "bool"), draw((0,)), draw((0, 3)), draw((2, 0, 3)),
          np.array([1.0, NAN, 3.0]), np.array([INF, -INF, 1.0]), np.array([[NAN, 2.0], [3.0, 1.0]]),
          np.array([-INF, -INF]), np.array([1000.0, 1000.5]), draw((2, 1, 3))]
arrays = [f.let(f"a{i}", a) for i, a in enumerate(arrays)]
for name, function in REDUCTIONS.items():
    for x in arrays:
        if name == "logsumexp" and (x.dtype.kind in "bi" or x.size == 0):
            continue
        n = x.ndim
        # Of rank 0 some of NumPy's reductions take the axes 0 and -1, some don't.
        forms = [None] + list(range(-n, n)) + list(itertools.combinations(range(n), 2)) + ([(-1, 0)] if n > 1 else [])
        forms += [n, (0, 0), ()] if n == 2 else [-n - 1] if n > 0 else []
        for axis in forms:
            for keepdims in (False, True):
                text = "all" if axis is None else ",".join(map(str, axis)) if isinstance(axis, tuple) else str(axis)
                if keepdims and isinstance(axis, int) and axis < 0:
                    continue
                if name == "logsumexp" and (axis == () or n == 0 and keepdims):
                    continue
                f.case(name, lambda x: function(x, axis=axis, keepdims=keepdims), x, axis=text, keepdims=int(keepdims))
for name, function in {"argmax": np.argmax, "argmin": np.argmin}.items():
    for x in arrays:
        for axis in [None] + list(range(-x.ndim, x.ndim)):
            f.case(name, lambda x: function(x, axis=axis), x, axis="all" if axis is None else axis, keepdims=0)
for x in arrays[1:4]:
    f.case("var", lambda x: np.var(x, ddof=1), x, axis="all", keepdims=0, ddof=1)
    f.case("std", lambda x: np.std(x, axis=0, ddof=1), x, axis=0, keepdims=0, ddof=1)
f.write()

# -------------------------------------------------------------------------------------------------- products, shapes

f = File("numpy_shape.txt")
shapes = [(), (3,), (4,), (3, 4), (4, 3), (2, 3, 4), (2, 4, 3), (1, 4), (0,), (3, 0), (0, 3), (5, 1, 3, 4)]
operands = {s: f.let(f"p{i}", draw(s)) for i, s in enumerate(shapes)}
PRODUCTS = {"dot": np.dot, "matmul": np.matmul, "inner": np.inner, "outer": np.outer}
for name, function in PRODUCTS.items():
    for s, t in itertools.product(shapes, shapes):
        if len(s) + len(t) <= 5 or name == "matmul":
            f.case(name, function, operands[s], operands[t])
    for k, l in itertools.product(("float64", "float32", "complex64", "int64", "bool"), repeat=2):
        f.case(name, function, draw((2, 2), k), draw((2, 2), l))
for s, t in itertools.product(shapes[:-1], shapes[:-1]):
    for n in range(3):
        if len(s) + len(t) <= 4:
            f.case("tensordot", lambda a, b: np.tensordot(a, b, n), operands[s], operands[t], n=n)
for axes_a, axes_b in [((0,), (0,)), ((1, 2), (2, 1)), ((0, 2), (0, 1)), ((-1,), (1,)), ((1,), (1,)), ((0, 1), (0, 2))]:
    f.case("tensordot", lambda a, b: np.tensordot(a, b, (axes_a, axes_b)), operands[(2, 3, 4)], operands[(2, 4, 3)],
           a=",".join(map(str, axes_a)), b=",".join(map(str, axes_b)))
for s, to in [((), (1, 1)), ((3, 4), (2, 6)), ((3, 4), (-1,)), ((3, 4), (2, -1)), ((3, 4), (5, -1)), ((3, 4), (-1, -1)),
              ((3, 4), (3, 5)), ((3, 0), (0, 7)), ((3, 0), (-1,)), ((3, 0), (0, -1)), ((3, 4), (12, 1, 1)), ((1, 4), ())]:
    f.case("reshape", lambda x: np.reshape(x, to), operands[s], to=",".join(map(str, to)))
for s, axes in [((3, 4), (1, 0)), ((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (0, -1, 1)), ((2, 3, 4), (0, 1)), ((3, 4), (0, 0)), ((3, 0), (1, 0)), ((3, 4), (0, 2))]:
    f.case("transpose", lambda x: np.transpose(x, axes), operands[s], axes=",".join(map(str, axes)))
for s, to in [((), (2, 3)), ((3,), (2, 3)), ((1, 4), (3, 4)), ((3,), (4,)), ((3, 4), (4,)), ((1, 4), (2, 0, 4)), ((3,), (3, 1))]:
    f.case("broadcast_to", lambda x: np.broadcast_to(x, to), operands[s], to=",".join(map(str, to)))
for s, axis in [((3,), 0), ((3,), 1), ((3,), -1), ((3, 4), 1), ((3,), 2), ((3,), -3), ((), 0)]:
    f.case("expand_dims", lambda x: np.expand_dims(x, axis), operands[s], axis=axis)
for s, axis in [((1, 4), (0,)), ((1, 4), (1,)), ((5, 1, 3, 4), (-3,)), ((1, 4), (2,)), ((1, 4), (0, 0))]:
    f.case("squeeze", lambda x: np.squeeze(x, axis), operands[s], axis=",".join(map(str, axis)))
for ss, axis in [([(3,), (4,)], 0), ([(3, 4), (1, 4)], 0), ([(3, 4), (3, 0)], 1), ([(3, 4), (4, 3)], 0), ([(3, 4), (4,)], 0), ([(), ()], 0),
                 ([(3, 4)], -1), ([(3, 4), (3, 4)], -1), ([(3, 4)], 2), ([(0, 3), (0, 3)], 0)]:
    f.case("concatenate", lambda *a: np.concatenate(a, axis), *(operands[s] for s in ss), axis=axis)
for kinds in itertools.combinations(("float64", "float32", "complex64", "int64", "bool"), 2):
    f.case("concatenate", lambda *a: np.concatenate(a, 0), *(draw(2, k) for k in kinds), axis=0)
for ss, axis in [([(3,), (3,)], 0), ([(3,), (3,)], 1), ([(3, 4), (3, 4)], -2), ([(3,), (4,)], 0), ([(), ()], 0), ([(3,), (3,)], 2), ([(3, 0)], 1)]:
    f.case("stack", lambda *a: np.stack(a, axis), *(operands[s] for s in ss), axis=axis)
for a in [(0, 5, 1), (0, 1, 0.3), (5, 0, -2), (0, -1, 1), (1, 2, 0)]:
    f.case("arange", lambda: np.arange(*map(float, a)) if a[2] else range(*a), start=a[0], stop=a[1], step=a[2])
for a in [(0, 1, 5), (2, -3, 1), (0, 1, 0), (1, 2, 2), (0, 1, -1)]:
    f.case("linspace", lambda: np.linspace(*a), start=a[0], stop=a[1], num=a[2])
for a in [(3, 3, 0), (2, 4, 1), (4, 2, -1), (0, 2, 0), (2, 2, 5)]:
    f.case("eye", lambda: np.eye(a[0], a[1], a[2]), n=a[0], m=a[1], k=a[2])
f.write()

# -------------------------------------------------------------------------------------------------------- indexing

f = File("numpy_index.txt")
x1 = f.let("x1", np.arange(7.0))
x2 = f.let("x2", np.arange(12.0).reshape(3, 4))
x3 = f.let("x3", np.arange(24.0).reshape(2, 3, 4))
x4 = f.let("x4", np.arange(120.0).reshape(2, 3, 4, 5))
x0 = f.let("x0", np.zeros((3, 0, 2)))
I = lambda *v: np.array(v, dtype=np.int64)
B = lambda *v: np.array(v, dtype=bool)
m2 = x2 % 3 == 0
INDICES = [
    (x1, ["2", "-1", "7", "-8", ":", "::-1", "5:1:-2", "1:100", "-100:3", "3:3", "5:2", "::3", "-2::-3", "100:", ":-100:-1", "None", "None, :, None",
          "...", "..., 2", "2, ...", "0, 0", "..., ...", "::0", "2, None"]),
    (x2, ["1", "1, 2", ":, -1", "::-1, ::-2", "None, 1, None, :", "..., 1", "1, ...", "2:0:-1, 1:3", "3", "0, 4", ":, None, ::2", "1:1", ":, 4:", "0, 1, 2", "0, ..., 1"]),
    (x3, ["1", "..., 0", ":, 1", "1, ..., ::-1", "None, ..., None", "0, 1, 2", "0, :, None, 1", "::-1, ::-1, ::-1", "-1, -1, -1", "-3"]),
    (x0, ["0", ":, :, 1", "::-1", "2, :, ::-1", ":, 0", "None", "1:, ..., 0"]),
]
for x, texts in INDICES:
    for t in texts:
        f.case("index", lambda x: x[eval(f"np.s_[{t}]")], x, at=t)
ADVANCED = [
    (x1, "@", [I(0, 3, 3, -1)]), (x1, "@", [I()]), (x1, "@", [I(7)]), (x1, "@", [I(-8)]), (x1, "@", [np.array(2)]), (x1, "@", [I(1, 2, 0, 5).reshape(2, 2)]),
    (x1, "@", [B(1, 0, 1, 0, 0, 0, 1)]), (x1, "@", [B(1, 0, 1)]), (x1, "@", [np.zeros(7, bool)]), (x1, "@, None", [I(1, 2)]), (x1, "@", [np.array([0.5])]),
    (x2, "@", [I(2, 0)]), (x2, "@, @", [I(2, 0), I(1, 3)]), (x2, "@, @", [I(2, 0, 1), I(1, 3)]), (x2, "@, @", [I(2, 0).reshape(2, 1), I(1, 3, 3)]),
    (x2, "@, 1", [I(2, 0)]), (x2, "1, @", [I(2, 0)]), (x2, "@, ::2", [I(2, 0, 0)]), (x2, "::-1, @", [I(3, 0, 0)]), (x2, "@", [m2]), (x2, "@, :", [B(1, 0, 1)]),
    (x2, "@, @", [B(1, 0, 1), I(0, 3)]), (x2, "@, @", [B(1, 0, 1), B(1, 1, 0, 0)]), (x2, "@, @", [I(0), I(4)]), (x2, "@, @", [np.array(1), np.array(2)]),
    (x2, "None, @", [I(1, 1)]), (x2, "@, None", [I(1, 1)]), (x2, "@, None, @", [I(1, 1), I(0, 2)]), (x2, "@, @, @", [I(0), I(0), I(0)]), (x2, "..., @", [I(0, 3)]),
    (x3, "@", [I(1, 0, 1)]), (x3, ":, @", [I(2, 0)]), (x3, ":, :, @", [I(3, 3, 1)]), (x3, "@, @", [I(1, 0), I(2, 2)]), (x3, ":, @, @", [I(1, 0), I(2, 2)]),
    (x3, "@, :, @", [I(1, 0), I(2, 2)]), (x3, "@, :, @", [I(1, 0).reshape(2, 1), I(2, 2, 0)]), (x3, "0, :, @", [I(2, 2)]), (x3, ":, 0, @", [I(2, 2)]), (x3, "@, 1, :", [I(1, 1)]),
    (x3, "@", [x3 > 20]), (x3, "@, 1", [B([1, 0, 1], [0, 1, 1])]), (x3, "1, @", [x3[0] > 8]), (x3, "@, ..., 1:3", [I(0, 1, 1)]), (x3, "..., @, ::-1", [B(1, 0, 1)]),
    (x3, "::-1, @, None, ::2", [I(0, 0)]), (x3, "@, @, @", [I(1, 0), I(2, 2), I(0, 3)]), (x3, "1:, @, 2", [I(0, 1)]), (x3, "@, @", [I(0, 1), B(1, 0, 1)]),
    (x4, "@, :, @", [I(1, 0), I(2, 2)]), (x4, ":, @, :, @", [I(1, 0), I(2, 4)]), (x4, ":, @, @", [I(1, 0), I(2, 3)]), (x4, "1, @, :, @", [I(1, 0), I(2, 4)]),
    (x4, ":, :, @, ::-2", [I(3, 0).reshape(1, 2)]), (x4, ":, @", [B([1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0])]), (x4, "..., @, 1:3", [I(1, 1, 0)]), (x4, "@, ..., @", [I(0, 1), I(2, 3)]),
    (x1, "@", [np.array(True)]), (x1, "@", [np.array(False)]), (x2, "@, 1", [np.array(True)]), (x2, "..., @", [np.array(True)]), (x2, "@, @", [np.array(True), I(2, 0)]),
    (x2, "@, @", [np.array(False), I(1)]), (x2, "@, @", [np.array(False), I(2, 0)]), (x2, ":, @, @", [np.array(True), I(1, 3)]), (x2, "@, :, @", [np.array(True), I(1, 3)]),
    (x2, "@, @", [np.array(True), np.array(True)]), (x2, "@, None, @", [np.array(True), np.array(False)]), (x2, "@, @", [m2, np.array(True)]), (x3, "1:, @, ::-1", [np.array(True)]),
    (x0, "@", [np.array(True)]), (x0, "@", [I(1, 1)]), (x0, ":, @", [I()]), (x0, ":, @", [I(0)]), (x0, "@, :, @", [I(0, 2), I(1, 1)]),
]


def index_of(t, arrays):
    rest = iter(range(len(arrays)))
    return eval("np.s_[" + ", ".join(f"arrays[{next(rest)}]" if w.strip() == "@" else w for w in t.split(",")) + "]", {"np": np, "arrays": arrays})


for x, t, arrays in ADVANCED:
    f.case("index", lambda x, *a: x[index_of(t, a)], x, *arrays, at=t)


def assign(x, v, i):
    y = x.copy()
    y[i] = v
    return y


def add_at(x, v, i):
    y = x.copy()
    # NumPy reads past the end of values that it has to broadcast to an index array of two axes.
    np.add.at(y, i, np.broadcast_to(v, y[i].shape).copy())
    return y


for x, t, arrays in [(x, t, []) for x, ts in INDICES for t in ts] + ADVANCED:
    try:
        shape = x[index_of(t, arrays)].shape
    except (IndexError, ValueError):
        f.case("index_set", lambda x, v, *a: assign(x, v, index_of(t, a)), x, np.array(1.5), *arrays, at=t)
        continue
    values = [np.array(1.5), np.arange(1.0, 1 + int(np.prod(shape))).reshape(shape)]
    if shape:
        values.append(np.arange(1.0, 1 + shape[-1]))
        # To a mask of the whole array NumPy assigns vectors only.
        if not (len(arrays) == 1 and arrays[0].shape == x.shape and arrays[0].dtype == bool):
            values.append(np.ones((1,) + shape))
        values.append(np.ones(shape[:-1] + (shape[-1] + 2,)))
    for v in values:
        f.case("index_set", lambda x, v, *a: assign(x, v, index_of(t, a)), x, v, *arrays, at=t)
        if v.ndim <= len(shape):
            f.case("index_add", lambda x, v, *a: add_at(x, v, index_of(t, a)), x, v, *arrays, at=t)
for kind in ("float32", "complex128", "complex64", "int64", "bool"):
    x, v = draw((3, 4), kind), draw((2, 4), kind)
    f.case("index", lambda x, *a: x[a[0]], x, I(2, 0), at="@")
    f.case("index_set", lambda x, v, *a: assign(x, v, a[0]), x, v, I(2, 0), at="@")
    f.case("index_add", lambda x, v, *a: add_at(x, v, a[0]), x, v, I(2, 2), at="@")


def combine_at(ufunc, x, v, i):
    y = x.astype(np.result_type(x, v))
    ufunc.at(y, i, np.broadcast_to(v, y[i].shape).copy())
    return y


COMBINE = {"index_mul": np.multiply, "index_max": np.maximum, "index_min": np.minimum}
for name, ufunc in COMBINE.items():
    for x, t, arrays in [(x, t, []) for x, ts in INDICES for t in ts] + ADVANCED:
        try:
            shape = x[index_of(t, arrays)].shape
        except (IndexError, ValueError):
            continue
        for v in [np.array(1.5), np.arange(-2.0, -2 + int(np.prod(shape))).reshape(shape)]:
            f.case(name, lambda x, v, *a: combine_at(ufunc, x, v, index_of(t, a)), x, v, *arrays, at=t)
    for kind in ("float32", "complex128", "complex64", "int64", "bool"):
        x, v = draw((3, 4), kind), draw((5, 4), kind)
        f.case(name, lambda x, v, *a: combine_at(ufunc, x, v, a[0]), x, v, I(2, 0, 2, 2, 0), at="@")
    x = np.array([[NAN, INF, -INF, 0.0], [0.0, -0.0, 1.0, -1.0]])
    f.case(name, lambda x, v, *a: combine_at(ufunc, x, v, a[0]), x, x[::-1] * 2, I(1, 1), at="@")
f.write()
