"""Records positions, running and largest elements, segments, weighted log-sum-exp, for tests/forward_positions.rs; see recording.py
for the format. Sums of exponentials come from mpmath, to 40 digits."""

import itertools

import mpmath
import numpy as np

from recording import INF, NAN, File, draw

mpmath.mp.dps = 40
f = File("numpy_positions.txt")
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")


def I(*list):
    return np.array(list, dtype=np.int64)


def join(shape):
    return ",".join(map(str, shape))


for n, m, k in itertools.product((0, 1, 3, 4), (0, 1, 2, 5), (-9, -2, -1, 0, 1, 2, 9)):
    for name in ("tril_indices", "triu_indices"):
        for part in (0, 1):
            f.case(name, lambda: getattr(np, name)(n, k, m)[part], n=n, m=m, k=k, part=part)
for n, d in itertools.product((0, 1, 3), (1, 2, 4)):
    f.case("diag_indices", lambda: np.diag_indices(n, d)[d - 1], n=n, ndim=d, part=d - 1)
for s in [(2,), (2, 3), (2, 0, 3), (1, 2, 2), (0,)]:
    f.case("indices", lambda: np.indices(s), shape=join(s))
for s in [(6,), (2, 3), (2, 3, 4), (5, 0), (1, 7)]:
    size = int(np.prod(s))
    for at in [I(0), I(size - 1, 0, size // 2), I([1, 0], [2, 1]), I(-1), I(size), np.zeros(0, dtype=int), np.array(3)]:
        for part in range(len(s)):
            f.case("unravel_index", lambda at: np.unravel_index(at, s)[part], at, shape=join(s), part=part)
    for mode in ("raise", "wrap", "clip"):
        for c in [[I(0, 1)] * len(s), [I(-1, 3, 9)] * len(s), [I([0], [1])] + [I(0, 1)] * (len(s) - 1), [np.array(0)] * len(s)]:
            if 0 in s and mode != "raise":
                continue
            f.case("ravel_multi_index", lambda *c: np.ravel_multi_index(c, s, mode), *c, shape=join(s), mode=mode)

odd = f.let("odd", np.array([[NAN, -1.0, INF, 1.0], [0.0, -INF, 1.5, NAN], [3.0, 3.0, 2.0, 3.0]]))
shapes = [(5,), (3, 4), (2, 3, 4), (0,), (0, 3), (3, 0), (1,), (2, 1, 3)]
every = [draw(s) for s in shapes] + [draw((3, 5), k) for k in KINDS] + [odd]
for i, v in enumerate(every):
    f.let(f"v{i}", v)
for v in every:
    for axis in range(-v.ndim - 1, v.ndim + 1):
        f.case("cummax", lambda v: np.maximum.accumulate(v, axis), v, axis=axis)
        f.case("cummin", lambda v: np.minimum.accumulate(v, axis), v, axis=axis)


def topk(v, k, axis):
    n = v.shape[axis]
    if not 0 <= k <= n:
        raise ValueError
    # Stable in the reversed array, read backwards: descending, the earlier one first.
    order = n - 1 - np.flip(np.argsort(np.flip(v, axis), axis=axis, kind="stable"), axis)
    return np.take(order, np.arange(k), axis)


for v in every:
    for axis, k in itertools.product(range(-1, v.ndim), (0, 1, 2, 3, 5, -1)):
        f.case("topk_positions", lambda v: topk(v, k, axis), v, axis=axis, k=k)
        f.case("topk", lambda v: np.take_along_axis(v, topk(v, k, axis), axis), v, axis=axis, k=k)
for s in [(7,), (3, 6), (0,), (2, 0)]:
    keys = [np.random.default_rng(i).integers(0, 3, size=s) for i in range(3)]
    keys[1] = keys[1].astype("float64")
    for n, axis in itertools.product((1, 2, 3), (-1, 0, 2)):
        f.case("lexsort", lambda *k: np.lexsort(k, axis), *keys[:n], axis=axis)
f.case("lexsort", lambda *k: np.lexsort(k), I(1, 2), I(1, 2, 3), axis=-1)

# Where NumPy throws digits away this library promotes.
for k, l in itertools.product(KINDS, ("float64", "float32", "int64")):
    if not np.can_cast(l, k):
        continue
    x = draw((2, 3), k)
    for at, v, mode in [(I(0, 4), draw(2, l), "raise"), (I(-1, 0, 0), draw(2, l), "raise"), (I([8, -9], [1, 3]), draw(9, l), "wrap"),
                        (I(-5, 99), draw((2, 2), l), "clip"), (I(6), draw(1, l), "raise"), (I(1, 2), draw((), l), "raise"), (I(1, 2), draw(0, l), "raise")]:

        def put(x, at, v):
            y = x.copy()
            np.put(y, at, v, mode)
            return y

        f.case("put", put, x, at, v, mode=mode)
    for mask in [x.real > 0, np.ones((2, 3), bool), np.zeros(6, bool), np.ones(5, bool)]:
        for v in [draw(6, l), draw(4, l), draw((), l), draw(0, l), draw((3, 3), l)]:

            def changed(g):
                def run(x, mask, v):
                    y = x.copy()
                    g(y, mask, v)
                    return y

                return run

            f.case("place", changed(np.place), x, mask, v)
            f.case("putmask", changed(np.putmask), x, mask, v)

START = {"sum": (np.add, lambda d: 0), "prod": (np.multiply, lambda d: 1),
         "max": (np.maximum, lambda d: np.iinfo(d).min if d.kind == "i" else d.kind != "b" and -INF),
         "min": (np.minimum, lambda d: np.iinfo(d).max if d.kind == "i" else d.kind == "b" or INF)}
for kind, s in itertools.product(KINDS, [(6,), (6, 2), (2, 3, 2)]):
    x = draw(s, kind)
    ids = I(0, 3, 3, 1, 3, 0).reshape(s[:2] if len(s) == 3 else 6)
    for name, (g, start) in START.items():
        if kind == "bool" and name in ("sum", "prod"):
            x = x.astype(int)

        def segment(x, ids):
            y = np.full((5,) + x.shape[ids.ndim :], start(x.dtype), dtype=x.dtype)
            g.at(y, ids.ravel(), x.reshape((ids.size,) + x.shape[ids.ndim :]))
            return y

        f.case("segment_" + name, segment, x, ids, n=5)

for k, l in itertools.product(("float64", "float32", "complex128", "int64"), repeat=2):
    for s, t in [((4, 3), ()), ((4, 3), (3,)), ((4, 3), (2, 1)), ((4, 2, 3), (2, 1)), ((0, 3), (2, 3)), ((4, 3), (2,))]:
        # Horner's rule by hand, as numpy.polyval writes it.
        def polyval(p, x):
            y = np.zeros(np.broadcast_shapes(p.shape[1:], x.shape), np.result_type(p, x))
            for c in p:
                y = y * x + c
            return y

        f.case("polyval", polyval, draw(s, k), draw(t, l))


def exact(x):
    return mpmath.mpf(float(x))


def logcumsumexp(x, axis):
    out = np.empty(x.shape, x.dtype)
    for at in np.ndindex(*(n for i, n in enumerate(x.shape) if i != axis)):
        line = at[:axis] + (slice(None),) + at[axis:]
        total = mpmath.mpf(0)
        for i, v in enumerate(x[line]):
            total += mpmath.exp(exact(v)) if v != -INF else 0
            out[line][i] = -INF if total == 0 else mpmath.log(total)
    return out


def logsumexp(x, b, mask, axis, keepdims, signed):
    x, b, mask = np.broadcast_arrays(x, b, mask)
    dtype = np.float32 if x.dtype == b.dtype == np.float32 else np.float64
    axes = tuple(a % x.ndim for a in axis)
    kept = [n for i, n in enumerate(x.shape) if i not in axes]
    out, sign = np.empty(kept, dtype), np.empty(kept, dtype)
    for at in np.ndindex(*kept):
        full, line = iter(at), []
        for i in range(x.ndim):
            line.append(slice(None) if i in axes else next(full))
        terms = zip(x[tuple(line)].ravel(), b[tuple(line)].ravel(), mask[tuple(line)].ravel())
        total = mpmath.fsum(exact(w) * mpmath.exp(exact(v)) for v, w, m in terms if m and w != 0 and v != -INF)
        sign[at] = mpmath.sign(total)
        out[at] = -INF if total == 0 else NAN if total < 0 and not signed else mpmath.log(abs(total))
    if keepdims:
        out, sign = (np.expand_dims(a, axes) for a in (out, sign))
    return out, sign


for k, s in itertools.product(("float64", "float32"), [(5,), (3, 4), (2, 3, 4), (3, 0)]):
    for scale in (1, 30, 1000):
        x = np.asarray(scale * draw(s), k)
        for axis in range(len(s)):
            # Logarithms near 0 are differences of larger numbers.
            name = "logcumsumexp_near" if scale == 1 else "logcumsumexp"
            f.case(name, lambda x: logcumsumexp(x, axis), x, axis=axis)
        for axes, t in [((0,), s[-1:]), ((-1,), s), (tuple(range(len(s))), ())]:
            b, mask = draw(t, k), np.asarray(draw(s) > -0.5)
            for w, signed, keepdims in [(b, 1, 0), (np.abs(b), 0, 1), (b, 0, 0)]:
                for part in (0, 1) if signed else (0,):
                    f.case("logsumexp", lambda x, w, m: logsumexp(x, w, m, axes, keepdims, signed)[part], x, w, mask, axis=join(axes), keepdims=keepdims, signed=signed, part=part)
for x in [[-INF, -INF, 1.0, -40.0, 800.0], [0.0, -40.0, -41.0], [1e10, 1e10 + 1, 1e10 + 2], [-745.0, -746.0]]:
    f.case("logcumsumexp", lambda x: logcumsumexp(x, 0), np.array(x), axis=0)
for x, b in [([0.0, -40.0], [1.0, 1.0]), ([1.0, 1.0], [2.0, -2.0]), ([700.0, NAN], [1.0, 0.0]), ([-INF, -INF], [1.0, 2.0]), ([5.0, 900.0], [1.0, 0.0]),
             ([0.0, -800.0], [1e-300, 1e300]), ([800.0, 0.0], [1e-300, -1e300]), ([-1.0, -2.0], [1e308, 1e308]), ([0.0, 0.0], [1.0, -1.0 + 2.0**-52])]:
    x, b = np.array(x), np.array(b)
    for part in (0, 1):
        f.case("logsumexp", lambda x, b, m: logsumexp(x, b, m, (0,), 0, 1)[part], x, b, np.array(True), axis=0, keepdims=0, signed=1, part=part)
f.write()
