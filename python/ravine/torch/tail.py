"""What is done around a step: clipping, averages of the weights, and all of it in one pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ravine.torch._engine import _DOUBLE, Engine, Tail, exchange


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """:func:`torch.nn.utils.clip_grad_norm_`, whose reading of the gradients is one pass of the engine.

    The sum is taken in double precision, so that it may differ from PyTorch's in the last places. Gradients within the norm
    are not written. Other norms, devices and layouts are PyTorch's to clip.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    squares = exchange.sum_of_squares(grads) if norm_type == 2.0 else None
    if squares is None or not grads:
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
    norm = math.sqrt(squares)
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped."
        )
    factor = Tail(max_norm=max_norm).clip(norm)
    if factor != 1.0:
        torch._foreach_mul_(grads, factor)
    dtype = torch.float64 if any(grad.dtype in _DOUBLE for grad in grads) else torch.float32
    return torch.tensor(norm, dtype=dtype)


class EMA:
    """An exponential moving average of weights: ``average += (1 - decay) (weight - average)`` at each update.

    It starts from the weights as they are, and is kept in float32 for weights of 16 bits.

    Args:
        params: the parameters, or a module that has them.
        decay: how much of the average each update keeps, at least 0 and below 1.
    """

    def __init__(self, params: torch.nn.Module | Iterable[Tensor], decay: float = 0.999) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay must be at least 0 and below 1, not {decay}")
        self.decay = decay
        self.params = list(params.parameters() if isinstance(params, torch.nn.Module) else params)
        self._averages = {param: self._copy(param) for param in self.params}

    @staticmethod
    def _copy(param: Tensor) -> Tensor:
        half = param.dtype in (torch.float16, torch.bfloat16)
        average = torch.empty_like(param, dtype=torch.float32 if half else None, requires_grad=False)
        return average.copy_(param.detach())

    @property
    def averages(self) -> list[Tensor]:
        """The averages, in the order of the parameters."""
        return [self._averages[param] for param in self.params]

    @torch.no_grad()
    def update(self) -> None:
        """Moves the averages towards the weights. :func:`fused_tail` does so in the step."""
        for param, average in self._averages.items():
            average.lerp_(param.to(average.dtype), 1.0 - self.decay)

    def column(self, params: list[Tensor]) -> tuple[float, list[Tensor]]:
        """How far averages move, and those of some parameters."""
        try:
            return 1.0 - self.decay, [self._averages[param] for param in params]
        except KeyError:
            missing = sum(param not in self._averages for param in params)
            raise ValueError(f"{missing} parameters of the optimizer have no average in the EMA") from None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within it the parameters are the averages."""
        with torch.no_grad():
            trained = [param.detach().clone() for param in self.params]
            for param in self.params:
                param.copy_(self._averages[param])
        try:
            yield
        finally:
            with torch.no_grad():
                for param, values in zip(self.params, trained):
                    param.copy_(values)

    def state_dict(self) -> dict[str, Any]:
        """The decay and the averages, in the order of the parameters."""
        return {"decay": self.decay, "averages": self.averages}

    @torch.no_grad()
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave for parameters of the same shapes, or raises and changes nothing."""
        ours, theirs = self.averages, state_dict["averages"]
        if [average.shape for average in ours] != [average.shape for average in theirs]:
            raise ValueError("the averages are those of other parameters")
        self.decay = state_dict["decay"]
        for mine, its in zip(ours, theirs):
            mine.copy_(its)


def fused_tail(
    optimizer: torch.optim.Optimizer,
    *,
    max_norm: float | None = None,
    ema: EMA | None = None,
    zero_grad: bool = True,
    error_if_nonfinite: bool = False,
) -> float | None:
    """Clips, steps, moves an average of the weights and sets gradients to 0: one reading of the gradients, then one pass.

    It is ``optimizer.step()`` to hooks and schedulers. Gradients are clipped on their way into the step; with ``zero_grad``
    off they stay as they were. Where the engine does not step, the same is done by PyTorch's functions.

    Args:
        optimizer: one of :mod:`ravine.torch`.
        max_norm: what the norm of all gradients is limited to.
        ema: the averages to move, of all parameters of the optimizer.
        zero_grad: set gradients to 0, in place.
        error_if_nonfinite: raise if the norm is infinite or NaN, before anything is written; needs ``max_norm``.

    Returns:
        The norm of the gradients before clipping, where there is a ``max_norm``.
    """
    if not isinstance(optimizer, Engine):
        raise TypeError(f"fused_tail steps optimizers of ravine.torch, not {type(optimizer).__name__}")
    if ema is not None:
        for group in optimizer.param_groups:
            ema.column(group["params"])
    tail = Tail(max_norm, error_if_nonfinite, ema, zero_grad)
    optimizer.__dict__["_tail"] = tail
    try:
        optimizer.step()
    finally:
        optimizer.__dict__.pop("_tail", None)
    return tail.norm
