"""Cautious optimizers: no element moves against its gradient (Liang et al. 2024, arXiv 2411.16085, algorithm 1)."""

import numpy as np

from papers.run import golden

SOURCE = "Liang et al. 2024, arXiv 2411.16085, algorithms 1 and 2; scale d / (nnz + 1) over each tensor"


def masked(update, grad):
    """The update where it agrees with the gradient, scaled up by the share that does."""
    mask = (update * grad > 0).astype(np.float64)
    return update * mask * (mask.size / (mask.sum() + 1))


def adamw(kwargs):
    (b1, b2), state = kwargs["betas"], {}

    def step(t, params, grads):
        zeros = [np.zeros_like(p) for p in params]
        state["m"] = [b1 * m + (1 - b1) * g for m, g in zip(state.get("m", zeros), grads)]
        state["v"] = [b2 * v + (1 - b2) * g * g for v, g in zip(state.get("v", zeros), grads)]
        next_params = []
        for p, g, m, v in zip(params, grads, state["m"], state["v"]):
            update = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + kwargs["eps"])
            decayed = p * (1 - kwargs["lr"] * kwargs.get("weight_decay", 0.0))
            next_params.append(decayed - kwargs["lr"] * masked(update, g))
        return next_params

    return step


def momentum(kwargs):
    state = {}

    def step(t, params, grads):
        buffer = state.get("b", [np.zeros_like(p) for p in params])
        state["b"] = [kwargs["momentum"] * b + g for b, g in zip(buffer, grads)]
        return [p - kwargs["lr"] * masked(b, g) for p, g, b in zip(params, grads, state["b"])]

    return step


def goldens():
    adam = dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    plans = {
        "CautiousAdamW.default": (adamw, adam),
        "CautiousAdamW.wd": (adamw, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
        "CautiousSGD.default": (momentum, dict(lr=0.05, momentum=0.9)),
    }
    for name, (make, kwargs) in plans.items():
        yield golden(name, SOURCE, kwargs, make(kwargs))
