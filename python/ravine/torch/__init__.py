"""A drop-in for :mod:`torch.optim`: the same names, arguments, state and numbers, and a faster step.

- :mod:`ravine.torch.optim`: the classes of :mod:`torch.optim`.
- :mod:`ravine.torch.rules`: the other update rules of the engine's catalogue, one class each.
- :mod:`ravine.torch.tail`: clipping, averages of the weights, and all of a step in one pass.
"""

from ravine.torch import optim, rules
from ravine.torch.optim import *  # noqa: F403
from ravine.torch.rules import *  # noqa: F403
from ravine.torch.tail import EMA, clip_grad_norm_, fused_tail

__all__ = ["EMA", "clip_grad_norm_", "fused_tail", *optim.__all__, *rules.__all__]
