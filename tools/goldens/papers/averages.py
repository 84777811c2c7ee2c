"""LAWA: the uniform average of the latest k checkpoints (Kaddour 2022, arXiv 2209.14981), over SGD with momentum."""

from collections import deque

import numpy as np

from papers.run import golden

SOURCE = "Kaddour 2022, arXiv 2209.14981"


def goldens():
    plans = {"LAWA.default": dict(k=6, every=1), "LAWA.sparse": dict(k=4, every=5)}
    for name, kwargs in plans.items():
        kept, state = deque(maxlen=kwargs["k"]), {}

        def step(t, params, grads):
            buffer = state.get("b", [np.zeros_like(p) for p in params])
            state["b"] = [0.9 * b + g for b, g in zip(buffer, grads)]
            state["p"] = [p - 0.1 * b for p, b in zip(params, state["b"])]
            if t % kwargs["every"] == 0:
                kept.append(state["p"])
            return state["p"]

        def average():
            """With no checkpoint yet, the weights themselves."""
            return [np.mean(values, axis=0) for values in zip(*kept)] if kept else state["p"]

        note = "over SGD(lr=0.1, momentum=0.9); a checkpoint after each step that `every` divides; x is the average"
        yield golden(name, SOURCE, kwargs, step, average=average, around=note)
