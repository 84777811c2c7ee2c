"""Runs an optimizer of the torch.optim kind over the inputs."""

import torch

from common import STEPS, inputs, trajectory

DTYPE = torch.float64
torch.set_num_threads(1)
# Many rules keep a scalar in a tensor of the default dtype: NAdam its product of momenta, D-adaptation its distance.
torch.set_default_dtype(DTYPE)


class Wide:
    """The module torch with a narrower dtype's name standing for f64: for code that casts to it in its midst."""

    def __init__(self, narrow):
        setattr(self, narrow, DTYPE)

    def __getattr__(self, name):
        return getattr(torch, name)


def parameters(kind):
    return [torch.nn.Parameter(torch.tensor(p, dtype=DTYPE)) for p in inputs(kind)[0]]


def loss_of(params):
    """A closure that computes the loss on which closures are run, and its gradients."""

    def closure():
        for p in params:
            p.grad = None
        loss = sum(((p - 0.5) ** 2).sum() + 0.1 * (p**4).sum() for p in params)
        loss.backward()
        return loss

    return closure


def snapshot(params):
    return [p.detach().clone().numpy() for p in params]


def run(make, kind="std", step=None, params=None, average=None):
    """The trajectory of `make(params)`, where `step(optimizer, params, t)` may replace the plain `optimizer.step()`.
    An optimizer that has an evaluation mode is kept in training mode, and its evaluation weights are tensors `x<i>`;
    `average(optimizer, params)` may give others."""
    params = params or parameters(kind)
    grads = inputs(kind)[1]
    optimizer = make(params)
    if hasattr(optimizer, "train") and hasattr(optimizer, "eval"):
        optimizer.train()
        average = average or evaluation
    rows, averages = [], []
    for t in range(STEPS):
        for p, g in zip(params, grads[t]):
            p.grad = torch.tensor(g, dtype=DTYPE)
        step(optimizer, params, t) if step else optimizer.step()
        rows.append(snapshot(params))
        if average:
            averages.append(average(optimizer, params))
    tensors = trajectory(rows)
    if average:
        tensors.update(trajectory(averages, "x"))
    return tensors


def evaluation(optimizer, params):
    """The evaluation weights; the training weights are put back bit by bit."""
    saved = [p.detach().clone() for p in params]
    optimizer.eval()
    weights = snapshot(params)
    optimizer.train()
    for p, was in zip(params, saved):
        p.data.copy_(was)
    return weights
