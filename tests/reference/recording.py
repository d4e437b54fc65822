"""What the scripts share that record values from NumPy and SciPy: the format of the files, and random arrays."""

import pathlib
import warnings

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(20)
NAN, INF = float("nan"), float("inf")


def real(x):
    if np.isnan(x):
        return "nan"
    if np.isinf(x):
        return "inf" if x > 0 else "-inf"
    return repr(float(x)) if not isinstance(x, np.float32) else str(x)


def element(x, kind):
    if kind == "c":
        one = np.float32 if x.dtype == np.complex64 else np.float64
        return real(one(x.real)) + "&" + real(one(x.imag))
    if kind == "f":
        return real(x)
    return str(int(x))


def show(a):
    a = np.asarray(a)
    return f"{a.dtype}[{','.join(map(str, a.shape))}]:" + ",".join(element(x, a.dtype.kind) for x in a.ravel())


ACCIDENTAL = ("tensordot", "split", "array_split", "split_at", "gradient_at")


class File:
    def __init__(self, name):
        self.path, self.lines, self.names = HERE / name, [], {}

    def let(self, name, a):
        self.lines.append(f"let {name} = {show(a)}")
        self.names[id(a)] = (name, a)
        return a

    def case(self, name, f, *args, **parameters):
        def refer(a):
            return "@" + self.names[id(a)][0] if id(a) in self.names else show(a)

        try:
            result = show(f(*args))
        except (ValueError, IndexError, TypeError) as e:
            kind = [k for k in (IndexError, TypeError, ValueError) if isinstance(e, k)][0]
            # An axis that isn't there is a wrong value; some functions of NumPy have accidental IndexErrors.
            if isinstance(e, np.exceptions.AxisError) or name in ACCIDENTAL:
                kind = ValueError
            result = "!" + kind.__name__
        words = [name] + [f"{k}={v}" for k, v in parameters.items()] + [refer(a) for a in args]
        self.lines.append("|".join(words) + " => " + result)

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        print(self.path.name, self.path.stat().st_size, "bytes", len(self.lines), "lines")


def draw(shape, kind="float64"):
    x = random.normal(size=shape)
    if kind.startswith("complex"):
        x = x + 1j * random.normal(size=shape)
    if kind == "int64":
        return random.integers(-9, 9, size=shape)
    if kind == "bool":
        return random.integers(0, 2, size=shape).astype(bool)
    return np.asarray(x, dtype=kind)
