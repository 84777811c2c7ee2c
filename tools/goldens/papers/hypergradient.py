"""Hypergradient descent: the learning rate follows its own gradient (Baydin et al. 2018, arXiv 1703.04782)."""

import numpy as np

from papers.run import dot, golden

SOURCE = "Baydin et al. 2018, arXiv 1703.04782, algorithms 4 to 6 and the multiplicative rule"
CONFIGS = {
    "SGDHD.default": dict(lr=0.01, hyper_lr=1e-5),
    "SGDHD.large": dict(lr=0.1, hyper_lr=1e-4),
    "SGDHD.nesterov": dict(lr=0.01, hyper_lr=1e-5, momentum=0.9),
    "AdamHD.default": dict(lr=0.01, hyper_lr=1e-5, betas=(0.9, 0.999), eps=1e-8),
    "AdamHD.betas": dict(lr=0.01, hyper_lr=1e-4, betas=(0.8, 0.95), eps=1e-3),
}
MULTIPLICATIVE = {
    "SGDHD.multiplicative": dict(lr=0.01, hyper_lr=0.02, multiplicative=True),
    "AdamHD.multiplicative": dict(lr=0.01, hyper_lr=0.02, betas=(0.9, 0.999), eps=1e-8, multiplicative=True),
}


def direction_of(kwargs):
    """The direction d_t that the learning rate multiplies, u_t = -lr * d_t, as a function of t and the gradients."""
    state = {}

    def nesterov(t, grads):
        velocity = state.get("v", [np.zeros_like(g) for g in grads])
        state["v"] = [kwargs["momentum"] * v + g for v, g in zip(velocity, grads)]
        return [g + kwargs["momentum"] * v for g, v in zip(grads, state["v"])]

    def adam(t, grads):
        (b1, b2), zeros = kwargs["betas"], [np.zeros_like(g) for g in grads]
        state["m"] = [b1 * m + (1 - b1) * g for m, g in zip(state.get("m", zeros), grads)]
        state["v"] = [b2 * v + (1 - b2) * g * g for v, g in zip(state.get("v", zeros), grads)]
        hats = [(m / (1 - b1**t), v / (1 - b2**t)) for m, v in zip(state["m"], state["v"])]
        return [m / (np.sqrt(v) + kwargs["eps"]) for m, v in hats]

    if "betas" in kwargs:
        return adam
    return nesterov if "momentum" in kwargs else lambda t, grads: grads


def goldens():
    for name, kwargs in {**CONFIGS, **MULTIPLICATIVE}.items():
        direction = direction_of(kwargs)
        state = {"lr": kwargs["lr"], "last": None, "lrs": []}

        def step(t, params, grads):
            if state["last"] is not None:
                along, change = dot(grads, state["last"]), kwargs["hyper_lr"]
                if kwargs.get("multiplicative"):
                    norms = np.sqrt(dot(grads, grads)) * np.sqrt(dot(state["last"], state["last"]))
                    state["lr"] *= 1 + change * along / norms
                else:
                    state["lr"] += change * along
            state["last"] = direction(t, grads)
            state["lrs"].append(state["lr"])
            return [p - state["lr"] * d for p, d in zip(params, state["last"])]

        made = golden(name, SOURCE, kwargs, step, around="one learning rate for all; lr [50] is that of each step")
        made.tensors["lr"] = np.array(state["lrs"])
        yield made
