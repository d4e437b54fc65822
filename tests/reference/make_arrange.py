"""Records what NumPy computes for tests/forward_arrays.rs: changes of order, diagonals, joining and splitting, padding.

    target/venv/bin/python tests/reference/make_arrange.py
"""

import itertools

import numpy as np

from recording import INF, NAN, File, draw

f = File("numpy_arrange.txt")
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")
shapes = [(), (5,), (3, 4), (4, 3), (2, 3, 4), (0,), (0, 3), (3, 0), (1, 4), (2, 0, 3), (1,), (1, 1)]
x = {s: f.let(f"x{i}", draw(s)) for i, s in enumerate(shapes)}
kinds = [f.let(f"k{i}", draw((3, 4), k)) for i, k in enumerate(KINDS)]
odd = f.let("odd", np.array([[NAN, -0.0, INF], [0.0, -INF, 1.5]]))
every = list(x.values()) + kinds + [odd]
text = lambda numbers: ",".join(map(str, numbers))

# ---- order
for a, s, d in [((2, 3, 4), (0,), (2,)), ((2, 3, 4), (0, 1), (-1, 0)), ((2, 3, 4), (2,), (0,)), ((2, 3, 4), (0, 0), (1, 2)), ((2, 3, 4), (0,), (3,)),
                ((2, 3, 4), (0, 1), (1,)), ((3, 4), (), ()), ((2, 3, 4), (2, 1, 0), (0, 1, 2)), ((2, 3, 4), (0, 1), (1, 1))]:
    f.case("moveaxis", lambda v: np.moveaxis(v, s, d), x[a], source=text(s), destination=text(d))
for axis, start in itertools.product((-4, -3, -1, 0, 1, 2, 3), (-4, -3, -1, 0, 1, 2, 3, 4)):
    f.case("rollaxis", lambda v: np.rollaxis(v, axis, start), x[(2, 3, 4)], axis=axis, start=start)
for v in every:
    f.case("atleast_1d", np.atleast_1d, v)
    f.case("atleast_2d", np.atleast_2d, v)
    f.case("atleast_3d", np.atleast_3d, v)
    f.case("matrix_transpose", np.matrix_transpose, v)
    f.case("flip", np.flip, v, axes="all")
    for axes in [(0,), (-1,), (1,), (0, 1), (1, -1), (3,)]:
        f.case("flip", lambda v: np.flip(v, axes), v, axes=text(axes))
    f.case("flipud", np.flipud, v)
    f.case("fliplr", np.fliplr, v)
    for k in (-1, 0, 1, 2, 3, 5):
        f.case("rot90", lambda v: np.rot90(v, k), v, k=k, axes="0,1") if v.ndim > 1 else None
    for shift in (0, 1, -2, 7, -9):
        f.case("roll", lambda v: np.roll(v, shift), v, shift=shift)
        f.case("roll", lambda v: np.roll(v, shift, -1), v, shift=shift, axes=-1)
    f.case("ravel_f", lambda v: np.ravel(v, order="F"), v)
    for reps in [(), (2,), (0,), (2, 1), (2, 3), (1, 2, 2), (3, 1, 1, 1)] + ([(-1,)] if v.size else []):
        f.case("tile", lambda v: np.tile(v, reps), v, reps=text(reps))
    # Of nothing NumPy repeats less than nothing, too, and a number along any axis.
    for count in (0, 1, 3) + ((-1,) if v.size else ()):
        f.case("repeat", lambda v: np.repeat(v, count), v, count=count)
        f.case("repeat", lambda v: np.repeat(v, count, -1), v, count=count, axis=-1) if v.ndim else None
    for to in [(), (2,), (7,), (2, 3), (3, 0)]:
        f.case("resize", lambda v: np.resize(v, to), v, to=text(to))
for k, axes in [(1, (1, 2)), (-1, (2, 0)), (2, (0, 2)), (3, (-1, 0)), (1, (1, 1)), (1, (0, 3)), (1, (1, -2))]:
    f.case("rot90", lambda v: np.rot90(v, k, axes), x[(2, 3, 4)], k=k, axes=text(axes))
for shift, axes in [((1, 2), (0, 1)), ((1, -1), (1, 1)), ((2, 5), (2, 0)), ((1,), (3,)), ((-30, 4), (0, -1))]:
    f.case("roll", lambda v: np.roll(v, shift, axes), x[(2, 3, 4)], shift=text(shift), axes=text(axes))
for a, counts, axis in [((3, 4), (1, 0, 2), 0), ((3, 4), (2, 0, 1, 3), 1), ((5,), (1, 2, 3, 0, 0), 0), ((3, 4), (1, 2), 0), ((3, 4), (1, 0, -2), 0), ((3, 4), (2,), 1),
                        ((2, 3, 4), (0, 3, 1), -2), ((0,), (), 0), ((3, 4), (1, 2, 3), 2)]:
    f.case("repeat_counts", lambda v: np.repeat(v, np.array(counts, dtype=int), axis), x[a], counts=text(counts), axis=axis)
f.case("repeat_counts", lambda v: np.repeat(v, np.arange(12)), x[(3, 4)], counts=text(range(12)))
for a, to in [((3, 4), (4, 3)), ((3, 4), (-1,)), ((3, 4), (2, -1)), ((2, 3, 4), (4, 6)), ((), (1, 1)), ((3, 4), (5, -1)), ((3, 4), (5, 2)), ((3, 0), (0, 7)), ((2, 3, 4), (2, 2, 2, -1))]:
    f.case("reshape_f", lambda v: np.reshape(v, to, order="F"), x[a], to=text(to))
for a, at, axis in [((5,), (1, 3), 0), ((5,), (-1,), 0), ((5,), (5,), 0), ((5,), (-6,), 0), ((3, 4), (0, 2, 2), 1), ((3, 4), (), 0), ((3, 4), (0, 1, 2), 0), ((2, 3, 4), (1,), -2), ((3, 4), (1,), 2)]:
    f.case("delete", lambda v: np.delete(v, np.array(at, dtype=int), axis), x[a], at=text(at), axis=axis)
f.case("delete", lambda v: np.delete(v, [1, 5, -1]), x[(3, 4)], at="1,5,-1")
for a, at, shape, axis in [((5,), (2,), (), 0), ((5,), (2,), (3,), 0), ((5,), (0, 5), (2,), 0), ((5,), (3, 1, 3), (3,), 0), ((5,), (-1, -5), (), 0), ((5,), (6,), (), 0), ((5,), (1, 2), (3,), 0),
                           ((3, 4), (1,), (4,), 0), ((3, 4), (1,), (2, 4), 0), ((3, 4), (0, 3), (4,), 0), ((3, 4), (4, 0), (3, 2), 1), ((3, 4), (1, 1), (3, 1), 1), ((3, 4), (1,), (), 1),
                           ((2, 3, 4), (1, 2), (), 1), ((2, 3, 4), (3,), (2, 1, 4), 1), ((3, 4), (), (0,), 1), ((3, 4), (1, 2), (3, 3), 1), ((3, 4), (0, 1), (2, 3, 2), 1)]:
    f.case("insert", lambda v, w: np.insert(v, list(at) if at else np.array([], int), w, axis), x[a], draw(shape), at=text(at), axis=axis)
f.case("insert", lambda v, w: np.insert(v, [2, 12], w), x[(3, 4)], draw(2), at="2,12")
for v in kinds:
    f.case("insert", lambda v, w: np.insert(v, [1, 3], w, 1), v, draw((3, 2), v.dtype.name), at="1,3", axis=1)
    f.case("delete", lambda v: np.delete(v, [1], 0), v, at="1", axis=0)

# ---- diagonals
for v in every:
    for k in (-2, 0, 1, 4):
        f.case("diag", lambda v: np.diag(v, k), v, k=k)
        f.case("diagflat", lambda v: np.diagflat(v, k), v, k=k) if v.size < 9 else None
        f.case("diagonal", lambda v: np.diagonal(v, k), v, at=f"{k},0,1")
        f.case("trace", lambda v: np.trace(v, k), v, at=f"{k},0,1")
        if v.ndim > 0:
            f.case("triu", lambda v: np.triu(v, k), v, k=k)
            f.case("tril", lambda v: np.tril(v, k), v, k=k)
for k, a, b in [(0, 1, 2), (1, 2, 0), (-1, -1, -2), (0, 0, 2), (0, 1, 1), (0, 0, 3), (2, 1, -1)]:
    f.case("diagonal", lambda v: np.diagonal(v, k, a, b), x[(2, 3, 4)], at=f"{k},{a},{b}")
    f.case("trace", lambda v: np.trace(v, k, a, b), x[(2, 3, 4)], at=f"{k},{a},{b}")


def fill(a, values, wrap):
    b = a.copy()
    np.fill_diagonal(b, values, wrap)
    return b


for a, values in itertools.product([(3, 4), (4, 3), (1, 4), (2, 3, 4), (5,), (), (3, 0), (0, 3)], [(), (1,), (2,), (7,), (2, 2)]):
    for wrap in (False, True):
        f.case("fill_diagonal", lambda v, w: fill(v, w, wrap), x[a], draw(values), wrap=int(wrap))
f.case("fill_diagonal", lambda v, w: fill(v, w, True), draw((9, 2)), draw(3), wrap=1)
f.case("fill_diagonal", lambda v, w: fill(v, w, False), draw((9, 2)), draw(3), wrap=0)
f.case("fill_diagonal", lambda v, w: fill(v, w, False), draw((3, 3, 3)), draw(2), wrap=0)

# ---- joining
lists = [[()], [(), ()], [(5,), (5,)], [(5,), (1,)], [(3, 4), (3, 4)], [(3, 4), (1, 4)], [(3, 4), (4, 3)], [(2, 3, 4), (2, 3, 4)], [(3, 4), (3, 0)], [(5,), (3, 4)], [(0,), (0,)], [(), (1,)], [(1,), (1, 1)]]
for name, function in {"vstack": np.vstack, "hstack": np.hstack, "dstack": np.dstack, "column_stack": np.column_stack}.items():
    for ss in lists:
        f.case(name, lambda *a: function(a), *(x[s] for s in ss))
    f.case(name, lambda *a: function(a), kinds[0], kinds[3])
for s, t in itertools.product([(), (5,), (3, 4), (1, 4), (0,)], repeat=2):
    f.case("append", np.append, x[s], x[t])
    for axis in (0, 1, -1):
        f.case("append", lambda a, b: np.append(a, b, axis), x[s], x[t], axis=axis)
for rows in [[[(3, 4), (3, 0)], [(1, 4)]], [[(), ()]], [[(5,)], [(5,)]], [[(1,), ()], [(1, 1), (1,)]], [[(3, 4)], [(4, 3)]], [[(2, 3, 4)], [(1, 4)]], [[(2, 3, 4), (2, 3, 4)]]]:
    it = lambda a: [[next(a) for _ in row] for row in rows]
    f.case("block", lambda *a: np.block(it(iter(a))), *(x[s] for row in rows for s in row), rows=text(map(len, rows)))

# ---- splitting
def parts(name, function, v, **parameters):
    try:
        n = len(function(v))
    except (ValueError, IndexError):
        n = 1
    for k in range(n):
        f.case(name, lambda v: function(v)[k], v, part=k, **parameters)


for a, n, axis in [((5,), 5, 0), ((5,), 2, 0), ((3, 4), 2, 1), ((3, 4), 3, 0), ((3, 4), 0, 0), ((3, 4), 2, 2), ((2, 3, 4), 3, -2), ((0, 3), 2, 0), ((), 1, 0), ((3, 4), -1, 0), ((5,), 7, 0)]:
    if n:
        parts("split", lambda v: np.split(v, n, axis), x[a], n=n, axis=axis)
    parts("array_split", lambda v: np.array_split(v, n, axis), x[a], n=n, axis=axis)
for a, at, axis in [((5,), (2, 3), 0), ((5,), (), 0), ((5,), (3, 1), 0), ((5,), (-1, 9), 0), ((3, 4), (1,), 1), ((2, 3, 4), (0, 2), 2), ((3, 4), (1,), 2)]:
    parts("split_at", lambda v: np.split(v, at, axis), x[a], at=text(at), axis=axis)
for name, function in {"vsplit": np.vsplit, "hsplit": np.hsplit, "dsplit": np.dsplit}.items():
    for a in [(), (5,), (3, 4), (4, 3), (2, 3, 4)]:
        for n in (1, 2, 3):
            parts(name, lambda v: function(v, n), x[a], n=n)
for a, axis in [((5,), 0), ((3, 4), 1), ((3, 4), -2), ((2, 3, 4), 1), ((3, 4), 2)]:
    parts("unstack", lambda v: np.unstack(v, axis=axis), x[a], axis=axis)

# ---- grids
def several(name, function, args, **parameters):
    try:
        n = len(function(*args))
    except ValueError:
        n = 1
    for k in range(n):
        f.case(name, lambda *a: function(*a)[k], *args, part=k, **parameters)


for ss in [[(), (5,)], [(3, 4), (1, 4), ()], [(3, 4), (5,)], [(1, 1), (0, 3)], [(1, 4), (3, 0)], [(5,)]]:
    several("broadcast_arrays", np.broadcast_arrays, [x[s] for s in ss])
for ss in [[(5,)], [(5,), (1,)], [(5,), ()], [(5,), (0,), (1,)], [(3, 4), (5,)], [(5,), (5,), (1, 4)]]:
    for matrix, sparse in itertools.product((0, 1), (0, 1)):
        g = lambda *a: np.meshgrid(*a, indexing="ij" if matrix else "xy", sparse=bool(sparse))
        several("meshgrid", g, [x[s] for s in ss], matrix=matrix, sparse=sparse)
several("meshgrid", lambda *a: np.meshgrid(*a), [kinds[4][0], kinds[1][0]], matrix=0, sparse=0)

# ---- padding
MODES = {"zeros": {"mode": "constant"}, "edge": {"mode": "edge"}, "maximum": {"mode": "maximum"}, "mean": {"mode": "mean"}, "minimum": {"mode": "minimum"},
         "median": {"mode": "median"}, "reflect": {"mode": "reflect"}, "reflect_odd": {"mode": "reflect", "reflect_type": "odd"}, "symmetric": {"mode": "symmetric"},
         "symmetric_odd": {"mode": "symmetric", "reflect_type": "odd"}, "wrap": {"mode": "wrap"}}
for mode, words in MODES.items():
    for v in every:
        # Sums with infinities depend on their order.
        if v is odd and mode in ("mean", "median", "reflect_odd", "symmetric_odd") or v.dtype == bool and mode in ("mean", "median"):
            continue
        for widths in [(1, 2), (0, 0), (7, 11)] + ([(1, 0, 2, 9)] if v.ndim == 2 else [(1, 2, 0, 3, 5, 1)] if v.ndim == 3 else [(1, 2, 3, 4)]):
            pairs = np.array(widths).reshape(-1, 2)
            if v.ndim < 2 and len(widths) > 2 or v.size > 5 and max(widths) > 6:
                continue
            f.case("pad", lambda v: np.pad(v, pairs, **words), v, mode=mode, widths=text(widths))
for mode in ("maximum", "mean", "minimum", "median"):
    for lengths in [(1, 1), (2, 1), (9, 3), (0, 1)]:
        if 0 in lengths and mode in ("mean", "median"):
            continue
        for v in [x[(5,)], x[(3, 4)], kinds[4]]:
            f.case("pad", lambda v: np.pad(v, ((2, 1),) * v.ndim, mode=mode, stat_length=lengths), v, mode=mode, widths="2,1", lengths=text(lengths))
for v, values in [(x[(5,)], draw(())), (x[(3, 4)], draw(2)), (x[(3, 4)], draw((2, 2))), (x[(3, 4)], draw((2, 1))), (x[(3, 4)], draw(3)), (x[()], draw(())), (x[(0, 3)], draw((2, 2))), (kinds[1], draw(2)), (kinds[4], np.array(3)),
                  (kinds[3], draw(2))]:
    f.case("pad_constant", lambda v, c: np.pad(v, 2, constant_values=c), v, values, widths="2,2")
    if v.size:
        f.case("pad_linear_ramp", lambda v, c: np.pad(v, 3, mode="linear_ramp", end_values=c), v, values, widths="3,3")

# ---- spaces
ends = [(0.0, 1.0), (2.0, -3.0), (1.0, 1.0)]
for a, b in [(np.array(a), np.array(b)) for a, b in ends] + [(draw(3), draw(3)), (draw((2, 1)), draw(3)), (draw(2, "float32"), draw(2, "float32")), (draw(2, "complex128"), draw(2)), (draw(2, "int64"), draw(2, "int64")),
                                                              (draw((2, 0)), draw(1)), (draw(2), draw(3))]:
    for num in (0, 1, 2, 5, -1):
        for endpoint in (1, 0):
            for axis in (0, -1, 1, 3):
                if axis == 1 and num != 5 or axis == 3 and num != 2:
                    continue
                f.case("linspace", lambda a, b: np.linspace(a, b, num, endpoint=bool(endpoint), axis=axis), a, b, num=num, endpoint=endpoint, axis=axis)
                f.case("logspace", lambda a, b: np.logspace(a, b, num, endpoint=bool(endpoint), axis=axis), a, b, num=num, endpoint=endpoint, base=10, axis=axis)
                if np.ndim(a) == 0 and axis == 0:
                    f.case("logspace", lambda a, b: np.logspace(a, b, num, endpoint=bool(endpoint), base=2.5), a, b, num=num, endpoint=endpoint, base=2.5, axis=0)
for a, b in [(1.0, 1000.0), (1e-3, 1e4), (-2.0, -50.0), (5.0, 5.0), (0.0, 1.0), (1.0, 0.0), (1e-300, 1e300)]:
    # Of so large exponents the last digits are those of a logarithm.
    for num, endpoint in itertools.product((0, 1, 2) if a == 1e-300 else (0, 1, 2, 6), (1, 0)):
        f.case("geomspace", lambda a, b: np.geomspace(a, b, num, endpoint=bool(endpoint)), np.array(a), np.array(b), num=num, endpoint=endpoint, axis=0)
f.case("geomspace", lambda a, b: np.geomspace(a, b, 4, axis=-1), np.array([[1.0], [2.0]]), np.array([3.0, 40.0]), num=4, endpoint=1, axis=-1)
f.case("geomspace", lambda a, b: np.geomspace(a, b, 4), np.array([1j, 1.0 + 0j]), np.array([1000j, -1 + 1j]), num=4, endpoint=1, axis=0)
f.write()
