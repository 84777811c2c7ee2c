"""Optimizers and learning-rate schedules for deep learning, at the speed of memory.

- :mod:`ravine.torch`: classes of :mod:`torch.optim` whose step is the engine's.

Importing this package imports neither PyTorch nor NumPy.
"""

from ravine._native import Rule, Schedule, rules, schedules

__version__ = "0.1.0"
__all__ = ["Rule", "Schedule", "rules", "schedules"]
