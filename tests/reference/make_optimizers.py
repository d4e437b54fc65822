#!/usr/bin/env python3
"""Records optimizers.h: what autograd.misc.optimizers and scipy.optimize.minimize come to on a few problems.

tests/c/optimizers.c has the same problems. Needs autograd, NumPy and SciPy.
"""

import pathlib

import autograd.numpy as np
from autograd import grad, hessian_vector_product, value_and_grad
from autograd.misc.optimizers import adam, rmsprop, sgd
from scipy.optimize import minimize

lines = []


def record(name, values):
    values = np.ravel(np.asarray(values, dtype=float))
    lines.append(f"static const double {name}[] = {{{', '.join(repr(float(v)) for v in values)}}};")


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


START = np.array([-1.2, 1.0, 0.5, 2.0, -1.0])

# ---- first order: a tree {'b': vector of 2, 'w': number}, objective depending on the step ----


def objective(p, i):
    return np.sum((p["b"] - np.array([1.0, -2.0])) ** 2) * (1.0 + 0.1 * i) + (p["w"] - 3.0) ** 4


for name, method in (("sgd", sgd), ("rmsprop", rmsprop), ("adam", adam)):
    start = {"b": np.array([0.5, 0.25]), "w": np.array(2.0)}
    for steps in (1, 7):
        x = method(grad(objective), start, num_iters=steps)
        record(f"{name}_{steps}", np.concatenate([np.ravel(x["b"]), np.ravel(x["w"])]))

# ---- minimizers ----

tight = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000}


def lbfgs(name, f, x0, bounds=None):
    r = minimize(value_and_grad(f), x0, jac=True, method="L-BFGS-B", bounds=bounds)
    exact = minimize(value_and_grad(f), x0, jac=True, method="L-BFGS-B", bounds=bounds, options=tight)
    record(f"{name}_x", exact.x)
    record(f"{name}_value", exact.fun)
    # With the defaults: value, iterations, evaluations.
    record(f"{name}_default", [r.fun, r.nit, r.nfev])


lbfgs("rosenbrock", rosenbrock, START)
LOWER = np.array([-2.0, -2.0, -np.inf, 0.2, -np.inf])
UPPER = np.array([0.8, 2.0, np.inf, 0.3, 0.05])
lbfgs("rosenbrock_bounded", rosenbrock, START, list(zip(LOWER, UPPER)))


def quadratic(x):
    n = x.size
    k = np.arange(n)
    return 0.5 * np.sum((k + 1.0) * x**2) + 0.5 * np.sum((x[1:] - x[:-1]) ** 2) - np.sum(np.cos(k) * x)


lbfgs("quadratic", quadratic, np.ones(30))
lbfgs("quadratic_bounded", quadratic, np.ones(30), [(-0.01, 0.02)] * 30)


def logistic(w):
    i, j = np.arange(40), np.arange(4)
    x = np.sin(1.0 + 3.0 * i[:, None] + 5.0 * j**2)
    y = np.where(np.cos(7.0 * i) + x[:, 0] > 0, 1.0, -1.0)
    return np.sum(np.logaddexp(0.0, -y * np.dot(x, w))) + 0.05 * np.sum(w**2)


lbfgs("logistic", logistic, np.zeros(4))

r = minimize(value_and_grad(rosenbrock), START, jac=True, method="Newton-CG",
             hessp=hessian_vector_product(rosenbrock))
record("newton_rosenbrock_default", [r.fun, r.nit, r.nfev])
r = minimize(value_and_grad(logistic), np.zeros(4), jac=True, method="Newton-CG", hessp=hessian_vector_product(logistic))
record("newton_logistic_default", [r.fun, r.nit, r.nfev])

text = "/* Recorded by make_optimizers.py; see there. */\n" + "\n".join(lines) + "\n"
pathlib.Path(__file__).with_name("optimizers.h").write_text(text)
