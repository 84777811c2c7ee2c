"""Proximal operators in closed form: prox(v) minimises h(x) + |x - v|^2 / 2 (Parikh and Boyd 2014, chapter 6)."""

import numpy as np

from common import Golden, inputs
from papers.run import about

SOURCE = "Parikh and Boyd 2014, Proximal Algorithms, chapter 6; the simplex by sorting, the nuclear norm by SVD"


def l1(v, weight):
    """weight * sum |x|: soft thresholding."""
    return np.sign(v) * np.maximum(np.abs(v) - weight, 0.0)


def elastic_net(v, weight, l2):
    """weight * sum |x| + l2 / 2 * sum x^2."""
    return l1(v, weight) / (1.0 + l2)


def group_lasso(v, weight):
    """weight * sum of the norms of the rows, which are the slices along the first axis; a vector is one group."""
    rows = v.reshape(v.shape[0], -1) if v.ndim > 1 else v.reshape(1, -1)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows * np.maximum(1.0 - weight / np.maximum(norms, 1e-300), 0.0)).reshape(v.shape)


def box(v, low, high):
    """0 within the bounds, infinite elsewhere."""
    return np.clip(v, low, high)


def non_negative(v):
    return np.maximum(v, 0.0)


def simplex(v, radius):
    """0 where x >= 0 and sum x = radius over the tensor: Euclidean projection."""
    down = np.sort(v.ravel())[::-1]
    excess = (np.cumsum(down) - radius) / np.arange(1, down.size + 1)
    count = np.nonzero(down > excess)[0][-1]
    return np.maximum(v - excess[count], 0.0)


def nuclear(v, weight):
    """weight * sum of the singular values of a matrix."""
    u, s, vh = np.linalg.svd(v, full_matrices=False)
    return (u * np.maximum(s - weight, 0.0)) @ vh


# Name: operator, arguments, kind of inputs.
PROXES = {
    "l1.default": (l1, dict(weight=0.3), "std"),
    "elastic_net.default": (elastic_net, dict(weight=0.3, l2=0.5), "std"),
    "group_lasso.default": (group_lasso, dict(weight=1.2), "std"),
    "box.default": (box, dict(low=-0.4, high=0.7), "std"),
    "non_negative.default": (non_negative, {}, "std"),
    "simplex.default": (simplex, dict(radius=1.0), "std"),
    "simplex.wide": (simplex, dict(radius=20.0), "std"),
    "nuclear.default": (nuclear, dict(weight=1.5), "mat"),
}


def goldens():
    """`p<i>` is the operator at the first parameters, of the parameters' own shape."""
    for name, (prox, kwargs, kind) in PROXES.items():
        tensors = {f"p{i}": prox(v, **kwargs) for i, v in enumerate(inputs(kind)[0])}
        made = about(SOURCE, name, kwargs, kind, around="prox of the first parameters; no rows")
        yield Golden(f"paper.prox.{name}", made, tensors)
