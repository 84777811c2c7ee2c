"""A drop-in for :mod:`torch.optim`: the same names, arguments, state and numbers, and a faster step."""

from ravine.torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]
