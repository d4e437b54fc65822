"""Records convolutions, correlations and pooling, for tests/forward_convolve.rs; see make_numpy.py for the format.

Besides NumPy and SciPy it wants `pip install autograd==1.9.1`, whose convolution takes axes.
"""

import itertools

import scipy.signal
from autograd.scipy.signal import convolve as convolve_axes
from make_numpy import INF, NAN, File, np

random = np.random.default_rng(22)
KINDS = ("float64", "float32", "complex128", "complex64", "int64", "bool")
MODES = ("full", "same", "valid")


def draw(shape, kind="float64"):
    if kind == "int64":
        return random.integers(-9, 9, size=shape)
    if kind == "bool":
        return random.integers(0, 2, size=shape).astype(bool)
    x = random.normal(size=shape).round(3)
    if kind.startswith("complex"):
        x = x + 1j * random.normal(size=shape).round(3)
    return np.asarray(x, dtype=kind)


f = File("numpy_convolve.txt")
for m, n in [(5, 3), (3, 5), (4, 4), (5, 2), (2, 5), (1, 1), (6, 1), (1, 4), (0, 3), (3, 0), (70, 9), (9, 70)]:
    for kind in ("float64", "complex128"):
        a, v = draw(m, kind), draw(n, kind)
        for mode in MODES + ("bad",):
            f.case("convolve", lambda a, v: np.convolve(a, v, mode), a, v, mode=mode)
            f.case("correlate", lambda a, v: np.correlate(a, v, mode), a, v, mode=mode)
f.case("convolve", lambda a, v: np.convolve(a, v), np.array(2.0), draw(3), mode="full")
f.case("convolve", lambda a, v: np.convolve(a, v), draw((2, 2)), draw(3), mode="full")
f.case("correlate", lambda a, v: np.correlate(a, v), draw(2), draw((2, 2)), mode="valid")
for k, l in itertools.product(KINDS, repeat=2):
    a, v = draw(4, k), draw(3, l)
    f.case("convolve", lambda a, v: np.convolve(a, v), a, v, mode="full")
    f.case("correlate", lambda a, v: np.correlate(a, v, "full"), a, v, mode="full")
for s, t in [((), ()), ((5,), (2,)), ((2,), (5,)), ((4, 5), (2, 3)), ((2, 3), (4, 5)), ((2, 5), (4, 3)), ((3, 2, 4), (2, 2, 1)), ((3,), (2, 2)), ((6, 7), (6, 7))]:
    for kind in ("float64", "complex128", "float32"):
        a, b = draw(s, kind), draw(t, kind)
        for mode in MODES:
            f.case("signal_convolve", lambda a, b: scipy.signal.convolve(a, b, mode, "direct"), a, b, mode=mode)
            f.case("signal_correlate", lambda a, b: scipy.signal.correlate(a, b, mode, "direct"), a, b, mode=mode)
for s, t, conv, dot in [((4, 3, 2), (2, 3), ([0], [1]), ([], [])), ((4, 3, 2), (2, 3), ([1], [1]), ([2], [0])), ((3, 4, 2), (2, 2, 5), ([1, 0], [1, 0]), ([], [])),
                        ((3, 4, 2), (2, 5, 4), ([0, 2], [0, 1]), ([1], [2])), ((2, 5, 2), (4, 6), ([0], [0]), ([], [])), ((3, 2), (3, 4), ([], []), ([0], [0])),
                        ((4, 5, 2), (3, 2, 2), ([0, 1], [0, 1]), ([2], [2])), ((2, 3, 9), (5, 3, 4), ([2], [2]), ([1], [1])), ((4, 5), (3, 6), ([1], [1]), ([0], [0]))]:
    a, b = draw(s), draw(t)
    words = {k: ",".join(map(str, v)) for k, v in zip(("conv_a", "conv_b", "dot_a", "dot_b"), conv + dot)}

    def run(a, b):
        try:
            return convolve_axes(a, b, axes=conv, dot_axes=dot, mode=mode)
        except Exception as e:
            # Some of its errors are plain exceptions.
            raise ValueError from e

    for mode in MODES:
        f.case("signal_convolve_axes", run, a, b, **words, mode=mode)


def windows(x, window, stride, padding, dilation, fill):
    """Windows over the last two axes: (..., rows, columns, window rows, window columns)."""
    (r, c), (p, q) = window, padding
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(p, p), (q, q)], constant_values=fill)
    reach = ((r - 1) * dilation[0] + 1, (c - 1) * dilation[1] + 1)
    w = np.lib.stride_tricks.sliding_window_view(x, reach, (-2, -1))
    return w[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def conv2d(x, w, stride, padding, dilation, groups):
    if x.shape[1] % groups or w.shape[0] % groups or w.shape[1] * groups != x.shape[1]:
        raise ValueError
    v = windows(x, w.shape[2:], stride, padding, dilation, 0)
    n, c, o = x.shape[0], w.shape[1], w.shape[0] // groups
    parts = [np.einsum("nchwij,ocij->nohw", v[:, g * c : (g + 1) * c], w[g * o : (g + 1) * o]) for g in range(groups)]
    return np.concatenate(parts, 1)


def two(x):
    return ",".join(map(str, x))


for s, t, stride, padding, dilation, groups in [
    ((1, 1, 4, 5), (1, 1, 2, 3), (1, 1), (0, 0), (1, 1), 1), ((2, 3, 6, 7), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1), ((2, 3, 6, 7), (4, 3, 3, 2), (2, 3), (1, 2), (1, 1), 1),
    ((2, 4, 7, 8), (8, 2, 3, 3), (2, 1), (2, 1), (2, 3), 2), ((2, 4, 5, 6), (4, 1, 3, 3), (1, 2), (1, 1), (1, 1), 4), ((2, 8, 4, 5), (6, 8, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((2, 8, 4, 5), (6, 8, 1, 1), (2, 2), (1, 0), (1, 1), 1), ((1, 2, 3, 3), (5, 2, 3, 3), (1, 1), (0, 0), (1, 1), 1), ((1, 2, 3, 3), (5, 2, 4, 3), (1, 1), (0, 0), (1, 1), 1),
    ((1, 2, 3, 3), (5, 2, 4, 3), (1, 1), (1, 0), (1, 1), 1), ((1, 3, 4, 4), (4, 2, 2, 2), (1, 1), (0, 0), (1, 1), 1), ((1, 3, 4, 4), (4, 1, 2, 2), (1, 1), (0, 0), (1, 1), 2),
    ((1, 8, 12, 12), (5, 8, 5, 5), (1, 1), (2, 2), (1, 1), 1),
]:
    for kind in ("float64", "float32", "complex128", "int64") if s[2] < 12 else ("float64",):
        x, w = draw(s, kind), draw(t, kind)
        f.case("conv2d", lambda x, w: conv2d(x, w, stride, padding, dilation, groups), x, w, stride=two(stride), padding=two(padding), dilation=two(dilation), groups=groups)
odd = draw((4, 6))
odd[0, 0], odd[1, 4], odd[3, 1], odd[2, 2] = NAN, INF, -INF, -0.0
for x in [draw((4, 6)), draw((2, 3, 5, 7)), odd, draw((3, 5), "float32"), draw((3, 5), "int64"), draw((0, 4, 4)), draw((2, 3))]:
    for window, stride, padding in [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 1), (0, 0)), ((3, 2), (2, 1), (2, 1)), ((2, 3), (3, 2), (1, 0)), ((1, 1), (1, 1), (0, 0)), ((9, 1), (1, 1), (0, 0))]:
        low = np.iinfo(np.int64).min if x.dtype.kind == "i" else -INF
        words = dict(window=two(window), stride=two(stride), padding=two(padding))
        f.case("max_pool2d", lambda x: windows(x, window, stride, padding, (1, 1), low).max((-2, -1)).astype(x.dtype), x, **words)

        def mean(x):
            total = windows(x, window, stride, padding, (1, 1), 0).sum((-2, -1))
            count = windows(np.ones_like(x), window, stride, padding, (1, 1), 0).sum((-2, -1))
            return total / count

        f.case("mean_pool2d", mean, x, **words)
f.write()
