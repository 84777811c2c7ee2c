"""signSGD with error feedback (Karimireddy et al. 2019, arXiv 1901.09847, algorithm 1)."""

import numpy as np

from papers.run import golden

SOURCE = "Karimireddy et al. 2019, arXiv 1901.09847, algorithm 1 (EF-signSGD)"


def compressed(blocks):
    """Each block's sign times its mean magnitude; the sign of 0 is 0."""
    scale = sum(np.sum(np.abs(b)) for b in blocks) / sum(b.size for b in blocks)
    return [scale * np.sign(b) for b in blocks]


def goldens():
    plans = {
        "EFSignSGD.default": (dict(lr=0.01), "each tensor is compressed by itself"),
        "EFSignSGD.wd": (dict(lr=0.01, weight_decay=0.05), "as default; weight_decay * p is added to the gradient"),
        "EFSignSGD.whole": (dict(lr=0.01), "all tensors are compressed as one vector"),
    }
    for name, (kwargs, note) in plans.items():
        state = {}

        def step(t, params, grads):
            decay, error = kwargs.get("weight_decay", 0.0), state.get("e", [np.zeros_like(p) for p in params])
            sums = [kwargs["lr"] * (g + decay * p) + e for p, g, e in zip(params, grads, error)]
            whole = name.endswith("whole")
            sent = compressed(sums) if whole else [compressed([s])[0] for s in sums]
            state["e"] = [s - d for s, d in zip(sums, sent)]
            return [p - d for p, d in zip(params, sent)]

        yield golden(name, SOURCE, kwargs, step, around=note)
