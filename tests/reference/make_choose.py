"""Records what NumPy computes for tests/forward_arrays.rs: picking by position, choosing by condition.

    target/venv/bin/python tests/reference/make_choose.py
"""

import itertools

import numpy as np

from recording import INF, NAN, File, draw

f = File("numpy_choose.txt")
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")
shapes = [(), (5,), (3, 4), (2, 3, 4), (0,), (0, 3), (3, 0), (1, 4), (1,)]
x = {s: f.let(f"x{i}", draw(s)) for i, s in enumerate(shapes)}
kinds = [f.let(f"k{i}", draw((3, 4), k)) for i, k in enumerate(KINDS)]
every = list(x.values()) + kinds
I = lambda *v: np.array(v, dtype=np.int64)
B = lambda *v: np.array(v, dtype=bool)

for v in every:
    for at in [np.array(1), I(), I(0, 2, -1), I(7, -9), I([1, 0], [2, 2]), B(1, 0), np.array([0.0])]:
        for mode in ("raise", "wrap", "clip"):
            f.case("take", lambda v, i: np.take(v, i, mode=mode), v, at, mode=mode)
            # Of an empty array NumPy looks at no position.
            for axis in (0, 2) if v.shape == (0, 3) else (0, -1, 2):
                f.case("take", lambda v, i: np.take(v, i, axis, mode=mode), v, at, mode=mode, axis=axis) if v.ndim else None


def put(v, i, w, axis):
    y = v.copy()
    np.put_along_axis(y, i, w, axis)
    return y


ALONG = [((5,), I(4, 0, 0, -1), 0), ((5,), I(5), 0), ((5,), I([1]), 0), ((3, 4), I([0, 1, 2, -1], [2, 2, 0, 0]), 0), ((3, 4), I([3], [0], [-4]), 1), ((3, 4), I([1, 1]), 1),
         ((3, 4), I([1, 2, 0, 1]), 0), ((1, 4), I([0, 1], [2, 3], [3, 3]), 1), ((3, 4), I([0, 1], [2, 3]), 1), ((2, 3, 4), I([[0], [2]]), 1), ((2, 3, 4), draw((2, 3, 4)).argsort(1), 1),
         ((3, 4), np.zeros((3, 0), int), 1), ((0, 3), np.zeros((0, 2), int), 1), ((3, 4), np.array([[0.5]]), 1), ((3, 4), I([0]), 2), ((), np.array(0), 0)]
for s, at, axis in ALONG:
    f.case("take_along_axis", lambda v, i: np.take_along_axis(v, i, axis), x[s], at, axis=axis)
    f.case("put_along_axis", lambda v, i, w: put(v, i, w, axis), x[s], at, np.array(9.0), axis=axis)
f.case("put_along_axis", lambda v, i, w: put(v, i, w, 1), x[(3, 4)], I([0, 1], [2, 3], [1, 1]), draw((3, 2)), axis=1)
f.case("put_along_axis", lambda v, i, w: put(v, i, w, 1), x[(3, 4)], I([0, 1], [2, 3], [1, 1]), draw((1, 2)), axis=1)
f.case("put_along_axis", lambda v, i, w: put(v, i, w, 1), x[(3, 4)], I([0, 1], [2, 3], [1, 1]), draw((4, 2)), axis=1)
for v in kinds:
    f.case("take_along_axis", lambda v, i: np.take_along_axis(v, i, 1), v, I([3, 0], [1, 1], [0, -1]), axis=1)
    f.case("put_along_axis", lambda v, i, w: put(v, i, w, 1), v, I([3, 0], [1, 1], [0, -1]), draw((3, 2), v.dtype.name), axis=1)

CHOICES = [[x[(3, 4)], kinds[1], kinds[4]], [x[(3, 4)], x[(1, 4)], x[()]], [x[()], x[()]], [x[(3, 4)]], [x[(5,)], x[(3, 4)]], [x[(3, 0)], x[()]]]
for choices, at in itertools.product(CHOICES, [I(0, 1, 1, 0), I([1], [0], [2]), np.array(1), I(5, -1, 0, -7), B(1, 0, 1, 0), np.array([0.5])]):
    for mode in ("raise", "wrap", "clip"):
        f.case("choose", lambda i, *c: np.choose(i, c, mode=mode), at, *choices, mode=mode)

y = draw((3, 4))
SELECT = [([y > 0], [x[(3, 4)]], x[()]), ([y > 0.5, y > -0.5], [x[(3, 4)], x[(1, 4)]], np.array(0.0)), ([y > 0], [kinds[1]], np.float32(1)), ([y > 0], [kinds[4]], kinds[2]), ([y[0] > 0], [x[(3, 4)]], x[()]),
          ([y > 0], [x[(5,)]], x[()]), ([np.asarray(y > 0, int)], [x[(3, 4)]], x[()]), ([y > 0, y > 0], [np.full((3, 4), NAN), np.full((3, 4), 1.0)], np.array(INF))]
for conditions, choices, default in SELECT:
    f.case("select", lambda *a: np.select(a[:len(conditions)], a[len(conditions):-1], a[-1]), *conditions, *choices, np.asarray(default), n=len(conditions))
v = x[(3, 4)]
for conditions, values in [([v > 0], [2.0]), ([v > 0], [2.0, -1.0]), ([v > 0, v > 1], [2.0, 3.0]), ([v > 0, v < 1], [2.0, 3.0, 4.0]), ([v > 0], [1.0, 2.0, 3.0])]:
    n = len(conditions)
    f.case("piecewise", lambda v, *a: np.piecewise(v, a[:n], [float(w) for w in a[n:]]), v, *conditions, *map(np.array, values), n=n)

for v in every + [np.array([0.0, -0.0, NAN, INF, 2.0]), np.zeros((2, 2)), y > 0]:
    f.case("flatnonzero", np.flatnonzero, v)
    f.case("argwhere", np.argwhere, v)
    for k in range(max(v.ndim, 1)):
        f.case("nonzero", lambda v: np.nonzero(v)[k], v, part=k)
    for c in [B(1, 0, 1), B(0, 0), I(2, 0, -1, 5), B(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), B([1, 0], [0, 1])]:
        f.case("compress", lambda c, v: np.compress(c, v), c, v)
        f.case("compress", lambda c, v: np.compress(c, v, -1), c, v, axis=-1) if v.ndim and v.shape != (0, 3) else None
        f.case("compress", lambda c, v: np.compress(c, v, 0), c, v, axis=0) if v.ndim else None
        f.case("extract", np.extract, c, v)

HOLES = [np.array([0.0, -0.0, NAN, 0.0, 2.0, 0.0]), np.array([[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=complex), np.zeros(3), np.zeros((2, 3)), np.array(0.0), np.array([0, 0, 1]), B(0, 1, 0, 1)]
HOLES += [np.pad(draw((2, 1, 2)), 1).astype(np.float32), np.zeros((0, 3)), np.zeros((2, 0))]
for v in HOLES:
    for trim in ("fb", "f", "b"):
        f.case("trim_zeros", lambda v: np.trim_zeros(v, trim), v, trim=trim, axis="all")
        for axis in (0, -1, (1, 0), 2, (0, 0)):
            at = axis if isinstance(axis, tuple) else (axis,)
            f.case("trim_zeros", lambda v: np.trim_zeros(v, trim, axis), v, trim=trim, axis=",".join(map(str, at)))
IX = [[I(0, 2), I(1)], [I(2, 0, 2)], [B(1, 0, 1), I(3, -1), B(0, 0)], [np.array([0.5, 1.0]), I(1)], [I([1]), I(0)], [np.array(1)], [np.zeros(0, int), I(1, 2)]]
for vectors in IX:
    for k in range(len(vectors)):
        f.case("ix", lambda *v: np.ix_(*v)[k], *vectors, part=k)
for v in every:
    for axis in [(), (0,), (-1, 0), (0, 2), (3, 1), (0, 0), (-1, 1), (9,)]:
        f.case("expand_dims", lambda v: np.expand_dims(v, axis), v, axis=",".join(map(str, axis)))
f.write()
