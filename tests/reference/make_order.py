"""Records what NumPy computes for tests/forward_arrays.rs: sorting, order statistics, statistics with and without NaN.

    target/venv/bin/python tests/reference/make_order.py
"""

import itertools

import numpy as np

from recording import INF, NAN, File, draw

f = File("numpy_order.txt")
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")
shapes = [(), (5,), (6,), (3, 4), (2, 3, 4), (0,), (0, 3), (3, 0), (1,), (2, 1, 3)]
x = {s: f.let(f"x{i}", draw(s)) for i, s in enumerate(shapes)}
kinds = [f.let(f"k{i}", draw((3, 4), k)) for i, k in enumerate(KINDS)]
ties = f.let("ties", np.array([[2.0, 1.0, 2.0, 2.0, 1.0], [0.0, -0.0, INF, -INF, 0.0], [3.0, 3.0, 3.0, 3.0, 3.0]]))
nans = f.let("nans", np.array([[NAN, 2.0, INF, -1.0], [NAN, NAN, NAN, NAN], [4.0, 0.5, NAN, 0.5]]))
nan32 = f.let("nan32", nans.astype(np.float32))
nanz = f.let("nanz", np.array([[1 + 2j, NAN + 1j, 1 - 2j], [complex(1, NAN), 3, complex(NAN, NAN)]]))
some = f.let("some", np.array([[NAN, 2.0, 3.5, -1.0], [1.0, 1.0, NAN, 7.0]]))
every = list(x.values()) + kinds + [ties, nans]
text = lambda numbers: ",".join(map(str, numbers))

# ---- sorting
for v in every + [nan32, nanz]:
    f.case("sort", lambda v: np.sort(v, axis=None), v)
    f.case("argsort", lambda v: np.argsort(v, axis=None, kind="stable"), v)
    for axis in range(-v.ndim - 1, v.ndim + 1):
        if v.ndim:
            f.case("sort", lambda v: np.sort(v, axis, kind="stable"), v, axis=axis)
            f.case("argsort", lambda v: np.argsort(v, axis, kind="stable"), v, axis=axis)
    for k, axis in itertools.product((0, 2, -1, 9), (0, -1)):
        if v.ndim and 0 not in v.shape:
            f.case("partition", lambda v: np.take(np.partition(v, k, axis), k, axis), v, k=k, axis=axis)
            f.case("partitioned", lambda v: np.sort(np.partition(v, k, axis), axis), v, k=k, axis=axis)
for v in [kinds[0], kinds[4]]:
    for right, w in itertools.product((0, 1), (v, np.array(0.5), np.array([NAN, INF, -INF]), np.zeros((0, 2)))):
        f.case("searchsorted", lambda a, w: np.searchsorted(a, w, "right" if right else "left"), np.sort(v.ravel()), w, right=right)
f.case("searchsorted", np.searchsorted, np.zeros((2, 2)), np.zeros(2), right=0)
steps = np.array([0.0, 1.0, 1.0, 2.5])
for edges, right in itertools.product((steps, steps[::-1].copy(), steps[:1], steps[:0], np.array([1.0, 2.0, 0.0])), (0, 1)):
    f.case("digitize", lambda v, b: np.digitize(v, b, bool(right)), np.array([-1.0, 0.0, 0.5, 1.0, 2.5, 3.0, NAN]), edges, right=right)
for v in every + [nan32]:
    if v.dtype.kind == "c":
        continue
    for k, part in enumerate(("values", "index", "inverse", "counts")):
        f.case("unique", lambda v: np.unique(v, return_index=True, return_inverse=True, return_counts=True)[k], v, part=k)

# Lines long enough to be sorted in another way than short ones.
for v in [f.let("long", np.round(draw((2, 100)), 1)), f.let("long32", np.round(draw((100,)), 1).astype(np.float32)), f.let("longz", np.round(draw((90,), "complex128"), 0)), f.let("longi", draw((99, 2), "int64"))]:
    for axis in range(v.ndim):
        f.case("sort", lambda v: np.sort(v, axis, kind="stable"), v, axis=axis)
        f.case("argsort", lambda v: np.argsort(v, axis, kind="stable"), v, axis=axis)
    f.case("partition", lambda v: np.take(np.partition(v, 7, 0), 7, 0), v, k=7, axis=0) if len(v) > 7 else None

# ---- reductions over axes
def forms(v):
    n = v.ndim
    yield None
    yield from range(-1 if n else 0, n)
    yield from itertools.combinations(range(n), 2)
    if n > 2:
        yield (2, 0)
    if n:
        yield n


def over_axes(name, function, v, **parameters):
    for axis in forms(v):
        for keepdims in (0, 1):
            t = "all" if axis is None else text(axis) if isinstance(axis, tuple) else str(axis)
            f.case(name, lambda v: function(v, axis=axis, keepdims=bool(keepdims)), v, axis=t, keepdims=keepdims, **parameters)


REDUCTIONS = {n: getattr(np, n) for n in ("median", "nanmedian", "ptp", "nansum", "nanmean", "nanprod", "nanmax", "nanmin", "nanvar", "nanstd", "count_nonzero")}
for name, function in REDUCTIONS.items():
    for v in every + [nan32, some]:
        # Of booleans NumPy has no difference; the others are sums of infinities, which depend on their order.
        if v.dtype == bool and name in ("ptp", "median", "nanmedian") or v is ties and name in ("nanvar", "nanstd", "nanmean", "ptp"):
            continue
        # Of nothing NumPy's median has other shapes than its mean; complex medians with NaN have any face.
        if v.size == 0 and name == "nanmedian":
            continue
        over_axes(name, function, v)
for v in [some, x[(3, 4)], nanz]:
    over_axes("nanvar", lambda v, **k: np.nanvar(v, ddof=1, **k), v, ddof=1)
    over_axes("nanstd", lambda v, **k: np.nanstd(v, ddof=1, **k), v, ddof=1)
for name in ("nanargmax", "nanargmin"):
    for v in every + [some]:
        for axis in [None] + list(range(v.ndim)):
            if v.size:
                f.case(name, lambda v: getattr(np, name)(v, axis), v, axis="all" if axis is None else axis)

METHODS = ("linear", "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
           "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest")
finite = f.let("finite", draw((4, 6)))
for method, q in itertools.product(METHODS, (0.0, 0.1, 0.25, 1 / 3, 0.5, 0.625, 0.75, 0.9, 1.0)):
    for name, function, scale in [("quantile", np.quantile, 1), ("percentile", np.percentile, 100), ("nanquantile", np.nanquantile, 1), ("nanpercentile", np.nanpercentile, 100)]:
        for v in [x[(5,)], some, finite, x[(1,)]]:
            if v is finite and name != "quantile" or v is not some and name.startswith("nan"):
                continue
            f.case(name, lambda v: function(v, q * scale, axis=-1, method=method), v, q=repr(q * scale), axis=-1, keepdims=0, method=method)
for method in METHODS:
    over_axes("quantile", lambda v, **k: np.quantile(v, 0.3, method=method, **k), x[(2, 3, 4)], q=0.3, method=method)
    over_axes("quantiles", lambda v, **k: np.quantile(v, [0.3, 1.0, 0.0], method=method, **k), x[(2, 3, 4)], q="0.3,1.0,0.0", method=method)
    over_axes("nanquantiles", lambda v, **k: np.nanquantile(v, [0.5, 0.2], method=method, **k), some, q="0.5,0.2", method=method)
    f.case("quantile", lambda v: np.quantile(v, 0.5, method=method), kinds[4], q=0.5, axis="all", keepdims=0, method=method)
    f.case("quantile", lambda v: np.quantile(v, 0.5, method=method), kinds[1], q=0.5, axis="all", keepdims=0, method=method)
for q in (-0.1, 1.1, NAN):
    f.case("quantile", lambda v: np.quantile(v, q), x[(5,)], q=q, axis="all", keepdims=0, method="linear")
f.case("quantile", lambda v: np.quantile(v, 0.5), kinds[2], q=0.5, axis="all", keepdims=0, method="linear")
over_axes("quantiles", lambda v, **k: np.quantile(v, [], **k), x[(3, 4)], q="", method="linear")

# ---- statistics
for v in [x[(5,)], x[(3, 4)], kinds[1], kinds[2], kinds[4]]:
    over_axes("average", lambda v, **k: np.average(v, **k), v)
    w = np.abs(draw(v.shape))
    f.case("average", lambda v, w: np.average(v, weights=w), v, w, axis="all", keepdims=0)
    for axis in range(-1, v.ndim):
        f.case("average", lambda v, w: np.average(v, axis, weights=w), v, w, axis=axis, keepdims=0)
        f.case("average", lambda v, w: np.average(v, axis, weights=w, keepdims=True), v, np.abs(draw(v.shape[axis])), axis=axis, keepdims=1)
f.case("average", lambda v, w: np.average(v, (2, 0), weights=w), x[(2, 3, 4)], np.abs(draw((4, 2))), axis="2,0", keepdims=0)
f.case("average", lambda v, w: np.average(v, (2, 0), weights=w), x[(2, 3, 4)], np.abs(draw((2, 4))), axis="2,0", keepdims=0)
f.case("average", lambda v, w: np.average(v, 1, weights=w), x[(3, 4)], np.abs(draw(3)), axis=1, keepdims=0)
counts = np.array([1, 2, 0, 3])
for v in [x[(5,)], x[(3, 4)], kinds[2], kinds[4], x[(2, 3, 4)]]:
    for rowvar, ddof in itertools.product((1, 0), (1, 0)):
        f.case("cov", lambda v: np.cov(v, rowvar=bool(rowvar), ddof=ddof), v, rowvar=rowvar, ddof=ddof)
    for rowvar in (1, 0):
        f.case("corrcoef", lambda v: np.corrcoef(v, rowvar=bool(rowvar)), v, rowvar=rowvar)
for y in [draw(4), draw((2, 4)), draw(5)]:
    f.case("cov", lambda v, y: np.cov(v, y), x[(3, 4)], y, rowvar=1, ddof=1, given="y")
    f.case("corrcoef", lambda v, y: np.corrcoef(v, y), x[(3, 4)], y, rowvar=1, given="y")
f.case("cov", lambda v, y: np.cov(v, y, rowvar=False), x[(3, 4)], draw((3, 2)), rowvar=0, ddof=1, given="y")
f.case("cov", lambda v, y: np.cov(v, y), x[(5,)], draw(5), rowvar=1, ddof=1, given="y")
for ddof in (0, 1):
    f.case("cov", lambda v, w: np.cov(v, ddof=ddof, fweights=w), x[(3, 4)], counts, rowvar=1, ddof=ddof, given="f")
    f.case("cov", lambda v, w: np.cov(v, ddof=ddof, aweights=w), x[(3, 4)], np.abs(draw(4)), rowvar=1, ddof=ddof, given="a")
    f.case("cov", lambda v, w, a: np.cov(v, ddof=ddof, fweights=w, aweights=a), x[(3, 4)], counts, np.abs(draw(4)), rowvar=1, ddof=ddof, given="f,a")

small = np.array([3, 1, 0, 1, 6, 1])
for v in [small, small[:0], np.array([True, False, True]), np.array([1, -1]), np.array([0.5]), np.zeros((2, 2), int)]:
    for least in (0, 9, -1):
        f.case("bincount", lambda v: np.bincount(v, minlength=least), v, least=least)
f.case("bincount", lambda v, w: np.bincount(v, w), small, draw(6), least=0)
f.case("bincount", lambda v, w: np.bincount(v, w), small, np.arange(6), least=0)
f.case("bincount", lambda v, w: np.bincount(v, w), small, draw(5), least=0)
v = np.array([0.5, 1.0, 2.0, 2.5, -1.0, 4.0, 2.0])
for bins, span in itertools.product((1, 4, 7, 0), (None, (0.0, 2.0), (1.0, 1.0), (3.0, 1.0), (0.0, INF))):
    words = {} if span is None else {"range": text(span)}
    for part in (0, 1):
        f.case("histogram", lambda v: np.histogram(v, bins, span)[part], v, bins=bins, part=part, **words)
for density in (0, 1):
    f.case("histogram", lambda v, w: np.histogram(v, 3, (0.0, 4.0), bool(density), w)[0], v, draw(7), bins=3, part=0, range="0.0,4.0", density=density)
    f.case("histogram", lambda v: np.histogram(v, 3, (0.0, 4.0), bool(density))[0], v, bins=3, part=0, range="0.0,4.0", density=density)
    for edges in [np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 0.0, 2.0, 3.0]), np.array([1.0]), np.array([2.0, 1.0]), np.array([0, 2, 4])]:
        if density and edges[0] == edges[-2 if len(edges) > 1 else 0]:
            continue
        f.case("histogram_edges", lambda v, e: np.histogram(v, e, density=bool(density))[0], v, edges, density=density)
f.case("histogram", lambda v: np.histogram(v, 4)[0], kinds[4], bins=4, part=0)
f.case("histogram", lambda v: np.histogram(v, 4)[0], x[(0,)], bins=4, part=0)
f.case("histogram", lambda v: np.histogram(v, 4)[1], x[(0,)], bins=4, part=1)
f.case("histogram", lambda v: np.histogram(v, 4)[0], np.array([1.0, NAN]), bins=4, part=0)

at, xp, fp = np.array([-1.0, 0.0, 0.25, 1.0, 2.9, 3.0, 4.0, NAN]), np.array([0.0, 1.0, 1.5, 3.0]), np.array([2.0, -1.0, 0.5, 7.0])
f.case("interp", np.interp, at, xp, fp)
f.case("interp", np.interp, draw((2, 3)), xp, fp)
f.case("interp", np.interp, np.array(0.3), xp, fp)
f.case("interp", np.interp, at, xp, fp + 1j * xp)
f.case("interp", np.interp, at[:-1], xp[:1], fp[:1])
f.case("interp", np.interp, at, xp[:0], fp[:0])
f.case("interp", np.interp, at, xp, fp[:2])
f.case("interp", np.interp, np.array([1, 2]), np.array([0, 3]), np.array([5, 9]))
f.case("interp", lambda *a: np.interp(*a), at, xp, fp, np.array(9.0), np.array(-9.0), given="left,right")
f.case("interp", lambda a, b, c: np.interp(a, b, c, period=2.2), at, np.array([1.0, 0.0, 5.0]), fp[:3], period=2.2)
f.case("interp", lambda a, b, c: np.interp(a, b, c, period=-360), 100 * at, 100 * xp, fp, period=-360)
f.write()
