"""Optimizers and learning-rate schedules for deep learning, at the speed of memory.

- :mod:`ravine.torch`: classes of :mod:`torch.optim` whose step is the engine's, and schedulers.
- :mod:`ravine.numpy`: every optimizer of the engine on arrays of NumPy, in place.
- :mod:`ravine.schedules`: learning-rate schedules as functions of the step, for NumPy, JAX, optax and Keras.
- :func:`ravine.compare`: which optimizer, learning rate and schedule for a training function of yours.

Importing this package imports neither PyTorch nor NumPy.
"""

from ravine import schedules
from ravine._compare import Comparison, compare
from ravine._native import Rule, rules
from ravine._worker import Config, Report, TrialError

__version__ = "0.1.0"
__all__ = ["Comparison", "Config", "Report", "Rule", "TrialError", "compare", "rules", "schedules"]
