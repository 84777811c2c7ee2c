"""ASAM with its eta (Kwon et al. 2021, arXiv 2102.11600, algorithm 1), over SGD; SAM is the case of no adaptation."""

import numpy as np

from papers.run import dot, golden, loss_gradients

SOURCE = "Kwon et al. 2021, arXiv 2102.11600, algorithm 1, element-wise normalisation"


def goldens():
    plans = {
        "ASAM.default": dict(rho=0.5, eta=0.01, lr=0.05, momentum=0.9),
        "ASAM.large": dict(rho=2.0, eta=0.1, lr=0.02, momentum=0.0),
    }
    for name, kwargs in plans.items():
        state = {}

        def step(t, params, _):
            grads = loss_gradients(params)
            scales = [np.abs(p) + kwargs["eta"] for p in params]
            scaled = [s * g for s, g in zip(scales, grads)]
            norm = np.sqrt(dot(scaled, scaled))
            climbed = [p + kwargs["rho"] * s * u / norm for p, s, u in zip(params, scales, scaled)]
            there = loss_gradients(climbed)
            buffer = state.get("b", [np.zeros_like(p) for p in params])
            state["b"] = [kwargs["momentum"] * b + g for b, g in zip(buffer, there)]
            return [p - kwargs["lr"] * b for p, b in zip(params, state["b"])]

        yield golden(name, SOURCE, kwargs, step, closure="the loss", around="over SGD(lr, momentum)")
