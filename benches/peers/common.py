"""Shared part of the peer benchmarks: deterministic inputs, timing, CSV.

Nothing here depends on a peer; only NumPy is needed.  `workloads.md` is the
specification, this file is its executable form for the inputs and checksums.
"""
import argparse
import csv
import math
import os
import statistics
import sys
import time
import traceback

import numpy as np

# --------------------------------------------------------------------- inputs

MASK = (1 << 64) - 1


def unit(seed, n):
    """n doubles in [0, 1), element i from splitmix64 (see workloads.md)."""
    base = np.uint64((seed * 0xD1342543DE82EF95) & MASK)
    with np.errstate(over="ignore"):
        z = base + (np.arange(n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uniform(seed, shape, lo=-1.0, hi=1.0):
    n = int(np.prod(shape, dtype=np.int64))
    return (lo + (hi - lo) * unit(seed, n)).reshape(shape)


def integers(seed, n, k):
    return np.floor(k * unit(seed, n)).astype(np.int64)


def weight(seed, shape, fan_in):
    s = math.sqrt(3.0 / fan_in)
    return uniform(seed, shape, -s, s)


def one_hot(labels, k):
    return (labels[:, None] == np.arange(k)[None, :]).astype(np.float64)


MLP_LAYERS = {"small": (32, (64, 32, 10)), "large": (256, (784, 200, 100, 10))}


def mlp_inputs(size):
    batch, dims = MLP_LAYERS[size]
    params = []
    for l, (m, n) in enumerate(zip(dims[:-1], dims[1:])):
        params += [weight(60 + 2 * l, (m, n), m), uniform(61 + 2 * l, (n,), -0.1, 0.1)]
    consts = {
        "x": uniform(50, (batch, dims[0]), 0.0, 1.0),
        "t": one_hot(integers(51, batch, dims[-1]), dims[-1]),
    }
    return params, consts


def inputs(workload, size):
    """(params, consts): float64 arrays differentiated, and those that are not."""
    if workload == "scalar_taylor":
        return [np.array(math.pi)], {}
    if workload == "scalar_chain":
        return [np.array(0.5)], {}
    if workload == "rosenbrock":
        return [uniform(3, (int(size),))], {}
    if workload == "logreg":
        n, d = map(int, size.split("x"))
        return [uniform(41, (d,), -0.5, 0.5)], {
            "x": uniform(40, (n, d)),
            "t": (unit(42, n) > 0.5).astype(np.float64),
        }
    if workload == "elementwise":
        return [uniform(5, (int(size),), -2.0, 2.0)], {}
    if workload == "mlp":
        return mlp_inputs(size)
    if workload == "convnet":
        b = int(size)
        params = [
            weight(72, (6, 1, 5, 5), 25), uniform(73, (6,), -0.1, 0.1),
            weight(74, (16, 6, 5, 5), 150), uniform(75, (16,), -0.1, 0.1),
            weight(76, (256, 120), 256), uniform(77, (120,), -0.1, 0.1),
            weight(78, (120, 84), 120), uniform(79, (84,), -0.1, 0.1),
            weight(80, (84, 10), 84), uniform(81, (10,), -0.1, 0.1),
        ]
        return params, {"x": uniform(70, (b, 1, 28, 28), 0.0, 1.0), "t": one_hot(integers(71, b, 10), 10)}
    if workload == "lstm":
        steps, batch, hidden = map(int, size.split("x"))
        n_in = 32
        params = [
            weight(92, (n_in, 4 * hidden), n_in),
            weight(93, (hidden, 4 * hidden), hidden),
            uniform(94, (4 * hidden,), -0.1, 0.1),
        ]
        return params, {"x": uniform(90, (steps, batch, n_in)), "c": uniform(91, (steps, batch, hidden))}
    if workload == "fluid":
        n = int(size)
        return [uniform(100, (n, n)), uniform(101, (n, n))], {
            "smoke": uniform(102, (n, n), 0.0, 1.0),
            "target": uniform(103, (n, n), 0.0, 1.0),
        }
    if workload == "gemm":
        n = int(size)
        return [uniform(110, (n, n)), uniform(111, (n, n))], {}
    if workload == "hvp":
        params, consts = mlp_inputs("small")
        consts["v"] = [uniform(120 + i, p.shape) for i, p in enumerate(params)]
        return params, consts
    if workload == "hessian":
        return [uniform(3, (100,))], {}
    if workload == "jacobian":
        n = int(size)
        return [uniform(131, (n,))], {"w": weight(130, (n, n), n)}
    if workload in ("fft", "fft2"):
        shape = tuple(map(int, size.split("x")))
        return [uniform(140, shape)], {"h": uniform(141, shape) + 1j * uniform(142, shape)}
    if workload == "gp":
        n = int(size)
        return [np.array([0.1, 0.2, 0.3, 0.1, 0.4, -2.0])], {
            "x": uniform(150, (n, 4), -2.0, 2.0),
            "y": uniform(151, (n,)),
        }
    if workload in ("eigh", "svd"):
        n = int(size)
        return [uniform(160, (n, n))], {
            "c": uniform(161, (n,)), "d": uniform(162, (n, n)), "e": uniform(163, (n, n)),
        }
    if workload == "gather":
        return [uniform(170, (10000, 64))], {"idx": integers(171, int(size), 10000)}
    if workload in ("cumsum", "sort", "max"):
        n = int(size)
        shape = (1000, n // 1000) if workload == "max" else (n,)
        return [uniform(180, shape)], {"c": uniform(181, (n,))}
    if workload == "odeint":
        return [
            weight(190, (2, 64), 2), uniform(191, (64,), -0.1, 0.1),
            weight(192, (64, 2), 64), uniform(193, (2,), -0.1, 0.1),
            np.array([0.5, -0.3]),
        ], {}
    raise KeyError(workload)


def cast(a, dtype):
    """A float64 or complex128 input in the workload's precision; integers as they are."""
    to = {("f32", "f"): np.float32, ("f32", "c"): np.complex64}.get((dtype, a.dtype.kind))
    return a if to is None else a.astype(to)


#: terms the Taylor loop runs at x = pi before |term| <= 0.001 (for peers that need a static trip count)
TAYLOR_STEPS = 6

# ----------------------------------------------------------- checksum, timing


def checksum(grads):
    """sum over the gradient tensors of sum_i g_i * (1 + i mod 7), i in C order."""
    total = 0.0
    for g in grads:
        g = np.asarray(g, dtype=np.float64).ravel()
        total += float(np.dot(g, 1.0 + np.arange(g.size) % 7))
    return total


def _cpu_times():
    with open("/proc/stat") as f:
        v = list(map(int, f.readline().split()[1:9]))
    user, nice, system, idle, iowait, irq, softirq, steal = v
    return user + nice + system + irq + softirq, steal


def measure(step, min_time=1.0, min_n=5, max_n=3000, cap=20.0):
    """Times step(); step must not return before its results are materialised.

    Returns a dict: first-call seconds, per-call median and minimum in steady
    state, the number of calls, the last result, and how much other processes
    (`foreign`, in CPUs) and the hypervisor (`steal`, in CPUs) took meanwhile.
    """
    clock = time.perf_counter
    t0 = clock()
    out = step()
    first = clock() - t0
    warm_until = clock() + 0.3
    for _ in range(3):
        if clock() > warm_until:
            break
        step()
    times = []
    tick = os.sysconf("SC_CLK_TCK")
    busy0, steal0 = _cpu_times()
    own0 = time.process_time()
    start = clock()
    while True:
        t0 = clock()
        out = step()
        t1 = clock()
        times.append(t1 - t0)
        spent = t1 - start
        if len(times) >= max_n or (spent >= min_time and len(times) >= min_n) or (spent >= cap and len(times) >= 2):
            break
    wall = clock() - start
    own = time.process_time() - own0
    busy1, steal1 = _cpu_times()
    return {
        "first": first,
        "median": statistics.median(times),
        "min": min(times),
        "n": len(times),
        "out": out,
        "foreign": max(0.0, (busy1 - busy0) / tick - own) / wall,
        "steal": (steal1 - steal0) / tick / wall,
    }


def peer_main(modes, make):
    """Command line of a peer script.

    make(mode, workload, dtype, size, threads) returns step, a function of no
    arguments that computes (value, [gradients]) afresh and waits for them, and
    a function that turns one gradient into a NumPy array.
    """
    ap = argparse.ArgumentParser()
    ap.add_argument("--mode", default=modes[0], choices=modes)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--min-time", type=float, default=1.0)
    ap.add_argument("workload")
    ap.add_argument("dtype")
    ap.add_argument("size")
    a = ap.parse_args()
    label = f"{a.mode}@{a.threads}t"
    try:
        step, to_numpy = make(a.mode, a.workload, a.dtype, a.size, a.threads)
        r = measure(step, min_time=a.min_time)
        value, grads = r["out"]
        c = checksum([to_numpy(g) for g in grads])
    except NotImplementedError as e:
        print(f"# n/a {label} {a.workload} {a.dtype} {a.size}: {str(e)[:200]}", file=sys.stderr)
        sys.exit(3)
    except Exception as e:  # a peer that cannot do a workload is a result too
        traceback.print_exc()
        print(f"# n/a {label} {a.workload} {a.dtype} {a.size}: {type(e).__name__}: {str(e)[:200]!r}", file=sys.stderr)
        sys.exit(3)
    w = csv.writer(sys.stdout, lineterminator="\n")
    w.writerow([label, a.workload + ":first", a.dtype, a.size, f"{r['first']:.6e}", f"{r['first']:.6e}", 1, f"{c:.12e}"])
    w.writerow([label, a.workload, a.dtype, a.size, f"{r['median']:.6e}", f"{r['min']:.6e}", r["n"], f"{c:.12e}"])
    print(
        f"# load {label} {a.workload} {a.dtype} {a.size}: foreign={r['foreign']:.2f} steal={r['steal']:.2f}"
        f" value={float(to_numpy(value).sum()):.15e}",
        file=sys.stderr,
    )
