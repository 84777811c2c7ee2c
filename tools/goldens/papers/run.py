"""Runs an algorithm over the inputs."""

import numpy as np

from common import STEPS, Golden, inputs, trajectory


def golden(name, source, kwargs, step, kind="std", average=None, **more):
    """A trajectory. `step(t, params, grads)` gives the next parameters, t from 1; `average()` the tensors `x<i>`."""
    params, grads = inputs(kind)
    rows, averages = [], []
    for t in range(1, STEPS + 1):
        params = step(t, params, grads[t - 1])
        rows.append(params)
        if average:
            averages.append(average())
    tensors = trajectory(rows)
    if average:
        tensors.update(trajectory(averages, "x"))
    return Golden(f"paper.{name}", about(source, name, kwargs, kind, **more), tensors)


def about(source, name, kwargs, kind=None, **more):
    made = {"library": "paper", "source": source, "class": name.split(".")[0], "kwargs": kwargs}
    return {**made, **({"inputs": kind} if kind else {}), **more}


def dot(a, b):
    """The inner product of all parameters as one vector."""
    return float(sum(np.sum(x * y) for x, y in zip(a, b)))


def loss_gradients(params):
    """The gradients of the loss on which closures are run."""
    return [2 * (p - 0.5) + 0.4 * p**3 for p in params]
