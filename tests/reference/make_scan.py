"""Records what NumPy computes for tests/forward_arrays.rs: running sums and products, differences, gradients, integrals.

    target/venv/bin/python tests/reference/make_scan.py
"""

import itertools

import numpy as np

from recording import INF, NAN, File, draw

f = File("numpy_scan.txt")
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")
shapes = [(), (5,), (3, 4), (2, 3, 4), (0,), (0, 3), (3, 0), (1, 4), (1,), (2, 1, 3)]
x = {s: f.let(f"x{i}", draw(s)) for i, s in enumerate(shapes)}
kinds = [f.let(f"k{i}", draw((3, 4), k)) for i, k in enumerate(KINDS)]
odd = f.let("odd", np.array([[NAN, -0.0, INF, 1.0], [0.0, -INF, 1.5, NAN], [NAN, 0.0, 2.0, -0.0]]))
zeros = f.let("zeros", np.array([2.0, 0.0, 3.0, 0.0, -1.0]))
every = list(x.values()) + kinds + [odd, zeros]

for name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    g = getattr(np, name)
    for v in every:
        f.case(name, g, v)
        for axis in range(-v.ndim - 1, v.ndim + 1):
            f.case(name, lambda v: g(v, axis), v, axis=axis) if v.ndim else None
for name in ("cumulative_sum", "cumulative_prod"):
    g = getattr(np, name)
    for v in every:
        for axis, initial in itertools.product((0, -1, 2), (0, 1)):
            f.case(name, lambda v: g(v, axis=axis, include_initial=bool(initial)), v, axis=axis, initial=initial) if v.ndim else None
for v in every:
    for n, axis in itertools.product((0, 1, 2, 5, -1), (-1, 0, 3)):
        if v.dtype.kind == "b" and n > 3 or v.ndim == 0 and axis == 3 or n == 0 and axis == 3:
            continue
        f.case("diff", lambda v: np.diff(v, n, axis), v, n=n, axis=axis)
    f.case("ediff1d", lambda v: np.ediff1d(v), v) if v.dtype.kind != "b" else None
for v in [x[(5,)], x[(3, 4)], x[(0, 3)], kinds[1], kinds[2], kinds[4]]:
    k = v.dtype.name
    for s, t in [((), ()), (v.shape, v.shape), ((), None), (None, ()), ((3, 1), None), (None, (7,))]:
        for axis in (0, -1):
            p, q = (None if u is None else draw(u, k) for u in (s, t))
            words = {} if p is None else {"prepend": p}
            words.update({} if q is None else {"append": q})
            g = lambda v, *ends: np.diff(v, 1, axis, **dict(zip(words, ends)))
            f.case("diff_with", g, v, *words.values(), n=1, axis=axis, ends=",".join(words))
    f.case("ediff1d_with", lambda v, a, b: np.ediff1d(v, to_begin=a, to_end=b), v, draw(2, k), draw((), k))

for v in every:
    if v.dtype.kind == "b" or v.ndim == 0:
        continue
    for axis, order, h in itertools.product((0, -1), (1, 2), (1.0, 0.5)):
        f.case("gradient", lambda v: np.gradient(v, h, axis=axis, edge_order=order), v, h=h, axis=axis, order=order)
    # Sums with infinities depend on their order.
    for axis, order in itertools.product((0, -1), (1, 2)) if v is not odd else ():
        c = np.cumsum(0.1 + np.abs(draw(v.shape[axis])))
        f.case("gradient_at", lambda v, c: np.gradient(v, c, axis=axis, edge_order=order), v, c, axis=axis, order=order)
f.case("gradient_at", lambda v, c: np.gradient(v, c, axis=0), x[(5,)], np.arange(4.0), axis=0, order=1)
f.case("gradient_at", lambda v, c: np.gradient(v, c, axis=0), x[(5,)], np.array([0.0, 1.0, 2.0, 3.0, 4.0]), axis=0, order=1)
f.case("gradient", lambda v: np.gradient(v, 1.0, axis=2), x[(3, 4)], h=1, axis=2, order=1)
f.case("gradient", lambda v: np.gradient(v, 1.0, axis=0, edge_order=3), x[(5,)], h=1, axis=0, order=3)



def trapezoid(v, c, axis):
    """NumPy adds neighbours in the precision of v before it multiplies with steps of another one; we don't."""
    return np.trapezoid(v.astype(np.result_type(v, c)), c, axis=axis)


for v in every:
    # NumPy adds booleans to booleans.
    if v.ndim == 0 or v.dtype == bool:
        continue
    for axis in (0, -1):
        f.case("trapezoid", lambda v: np.trapezoid(v, dx=0.5, axis=axis), v, dx=0.5, axis=axis)
        c = np.cumsum(draw(v.shape[axis]))
        f.case("trapezoid_x", lambda v, c: trapezoid(v, c, axis), v, c, axis=axis)
f.case("trapezoid_x", lambda v, c: trapezoid(v, c, 1), x[(2, 3, 4)], draw((2, 3, 4)), axis=1)
f.case("trapezoid_x", lambda v, c: trapezoid(v, c, -1), x[(2, 3, 4)], draw((3, 4)), axis=-1)
f.case("trapezoid_x", lambda v, c: trapezoid(v, c, 0), x[(5,)], draw(3), axis=0)

angles = f.let("angles", np.concatenate([np.arange(12.0) * 2.5 % 6.28, [0.0, np.pi, 0.0, -np.pi, 20.0, NAN, 1.0]]))
for v in [angles, 5 * x[(3, 4)], x[(0,)], x[(1,)], x[(3, 0)], 4 * kinds[1], kinds[4]]:
    f.case("unwrap", lambda v: np.unwrap(v), v)
    for discont, axis, period in [(0.0, 0, 6.283185307179586), (4.0, -1, 6.283185307179586), (0.0, -1, 1.0), (0.0, 2, 1.0)]:
        f.case("unwrap", lambda v: np.unwrap(v, discont, axis=axis, period=period), v, discont=discont, axis=axis, period=period)
f.write()
