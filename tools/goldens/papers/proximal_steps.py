"""Proximal gradient steps: ISTA, FISTA, and adaptive ones in the metric of their denominators."""

import json

import numpy as np

from common import ROWS, Golden
from papers.proximal import box, elastic_net, group_lasso, l1, non_negative, nuclear, simplex
from papers.run import about, golden

ISTA = "Parikh and Boyd 2014, Proximal Algorithms, section 4.2"
FISTA = "Beck and Teboulle 2009, A Fast Iterative Shrinkage-Thresholding Algorithm, section 4, constant step size"
ADAGRAD = "Duchi, Hazan and Singer 2011, Adaptive Subgradient Methods, composite mirror descent, diagonal"
ADAM = "Yun, Lozano and Yang 2021, Adaptive Proximal Gradient Methods for Structured Neural Networks (ProxGen)"

# The regulariser at a step size: an indicator's operator does not depend on it.
REGULARISERS = {
    "l1": (dict(weight=0.3), "std", lambda v, lr: l1(v, lr * 0.3)),
    "elastic_net": (dict(weight=0.3, l2=0.5), "std", lambda v, lr: elastic_net(v, lr * 0.3, lr * 0.5)),
    "group_lasso": (dict(weight=1.2), "std", lambda v, lr: group_lasso(v, lr * 1.2)),
    "box": (dict(low=-0.4, high=0.7), "std", lambda v, lr: box(v, -0.4, 0.7)),
    "non_negative": ({}, "std", lambda v, lr: non_negative(v)),
    "simplex": (dict(radius=1.0), "std", lambda v, lr: simplex(v, 1.0)),
    "nuclear": (dict(weight=1.5), "mat", lambda v, lr: nuclear(v, lr * 1.5)),
}
SEPARABLE = ("l1", "elastic_net", "box", "non_negative")


def ista():
    for name, (kwargs, kind, prox) in REGULARISERS.items():

        def step(t, params, grads):
            return [prox(p - 0.05 * g, 0.05) for p, g in zip(params, grads)]

        yield golden(f"ISTA.{name}", ISTA, {"lr": 0.05, "prox": name, **kwargs}, step, kind)


def accelerated(prox, lr):
    """Parameters are y, where the gradient is taken; x are the iterates that converge."""
    state = {"t": 1.0}

    def step(_, params, grads):
        before = state.get("x", params)
        state["x"] = [prox(y - lr * g, lr) for y, g in zip(params, grads)]
        following = (1 + np.sqrt(1 + 4 * state["t"] ** 2)) / 2
        ahead, state["t"] = (state["t"] - 1) / following, following
        return [x + ahead * (x - b) for x, b in zip(state["x"], before)]

    return step, lambda: state["x"]


def fista():
    for name in ("l1", "elastic_net", "non_negative", "nuclear"):
        kwargs, kind, prox = REGULARISERS[name]
        step, iterates = accelerated(prox, 0.05)
        note = "gradients are taken at p; x are the iterates after the operator"
        kwargs = {"lr": 0.05, "prox": name, **kwargs}
        yield golden(f"FISTA.{name}", FISTA, kwargs, step, kind, average=iterates, around=note)


def adaptive():
    """The step of an element is lr over its denominator, in the gradient's step and in the operator alike."""
    for name in SEPARABLE:
        kwargs, kind, prox = REGULARISERS[name]
        sums, moments = {}, {}

        def adagrad(t, params, grads):
            last = sums.get("s", [np.zeros_like(p) for p in params])
            sums["s"] = [s + g * g for s, g in zip(last, grads)]
            rates = [0.1 / (np.sqrt(s) + 1e-10) for s in sums["s"]]
            return [prox(p - lr * g, lr) for p, g, lr in zip(params, grads, rates)]

        def adam(t, params, grads):
            zeros = [np.zeros_like(p) for p in params]
            moments["m"] = [0.9 * m + 0.1 * g for m, g in zip(moments.get("m", zeros), grads)]
            moments["v"] = [0.999 * v + (1 - 0.999) * g * g for v, g in zip(moments.get("v", zeros), grads)]
            hats = [(m / (1 - 0.9**t), v / (1 - 0.999**t)) for m, v in zip(moments["m"], moments["v"])]
            rates = [0.01 / (np.sqrt(v) + 1e-3) for _, v in hats]
            return [prox(p - lr * m, lr) for p, (m, _), lr in zip(params, hats, rates)]

        more = {"prox": name, **kwargs}
        yield golden(f"ProxAdaGrad.{name}", ADAGRAD, {"lr": 0.1, "eps": 1e-10, **more}, adagrad, kind)
        yield golden(f"ProxAdam.{name}", ADAM, {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-3, **more}, adam, kind)


def lasso():
    """The quadratic x'Ax/2 - b'x with an L1 term. At its minimum (1, -0.6) the gradient is (-0.3, 0.3)."""
    a, b, weight, lr = np.array([[1.0, 0.5], [0.5, 2.0]]), np.array([1.0, -1.0]), 0.3, 0.4
    minimum = np.array([1.0, -0.6])
    assert np.allclose(a @ minimum - b, [-weight, weight], atol=1e-15)

    def prox(v, lr):
        return l1(v, lr * weight)

    fast, iterate = accelerated(prox, lr)
    plain, ahead = np.zeros(2), [np.zeros(2)]
    rows, fast_rows, fast_iterates = [], [], []
    for t in range(1, ROWS[-1] + 1):
        plain = prox(plain - lr * (a @ plain - b), lr)
        ahead = fast(t, ahead, [a @ ahead[0] - b])
        if t in ROWS:
            rows.append(plain)
            fast_rows.append(ahead[0])
            fast_iterates.append(iterate()[0])
    assert np.allclose(rows[-1], minimum, atol=1e-7) and np.allclose(fast_iterates[-1], minimum, atol=1e-3)
    kwargs = {"lr": lr, "prox": "l1", "weight": weight}
    problem = {"objective": "x'Ax/2 - b'x from (0, 0)", "a": a.tolist(), "b": b.tolist(), "minimum": minimum.tolist()}
    note = {"around": json.dumps(problem)}
    tensors = {"p0": np.stack(fast_rows), "x0": np.stack(fast_iterates)}
    yield Golden("paper.ISTA.lasso", about(ISTA, "ISTA", kwargs, **note), {"p0": np.stack(rows)})
    yield Golden("paper.FISTA.lasso", about(FISTA, "FISTA", kwargs, **note), tensors)


def goldens():
    for part in (ista, fista, adaptive, lasso):
        yield from part()
