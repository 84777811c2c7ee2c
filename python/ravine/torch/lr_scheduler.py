"""A drop-in for :mod:`torch.optim.lr_scheduler`, and the schedules that it lacks.

The classes have PyTorch's names, arguments and state dictionaries, and are subclasses of PyTorch's: they work with any
optimizer of PyTorch, and PyTorch's with those of :mod:`ravine.torch`. Those that are functions of the step
(:class:`StepLR`, :class:`MultiStepLR`, :class:`ConstantLR`, :class:`LinearLR`, :class:`ExponentialLR`,
:class:`PolynomialLR`, :class:`CosineAnnealingLR`) ask the engine for the value of a step, where PyTorch multiplies the
last value by a factor: no rounding error adds up, and a resumed run has the bits of one that was not stopped. Where
somebody else moves the learning rate as well (another scheduler chained, a hand), they go PyTorch's way, so chains have
PyTorch's meaning.

:class:`SequentialLR` may be nested and resumed with ``last_epoch``. The remaining classes are PyTorch's own.

:class:`ScheduleLR` follows any schedule of :mod:`ravine.schedules`; :class:`WSDLR`, :class:`NoamLR`,
:class:`InverseSqrtLR`, :class:`InverseTimeLR` and :class:`NaturalExponentialLR` are those that PyTorch lacks.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import (
    EPOCH_DEPRECATION_WARNING,
    ChainedScheduler,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    LambdaLR,
    LRScheduler,
    MultiplicativeLR,
    OneCycleLR,
    ReduceLROnPlateau,
)

from ravine._native import Schedule as _Native
from ravine.schedules import CATALOGUE, COMMON, Schedule, text

__all__ = [
    "EPOCH_DEPRECATION_WARNING",
    "WSDLR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "InverseSqrtLR",
    "InverseTimeLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "NaturalExponentialLR",
    "NoamLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "ScheduleLR",
    "SequentialLR",
    "StepLR",
]


@lru_cache(maxsize=256)
def _native(spec: str) -> _Native:
    return _Native(spec)


def _at(value: Any, lr: float) -> Any:
    """A learning rate in the type of the one that it replaces."""
    return torch.full_like(value, lr) if isinstance(value, Tensor) else lr


class _Exact(LRScheduler):
    """Takes the value of a step from the engine as long as nobody else moves the learning rates."""

    def _spec(self) -> str:
        """The engine's schedule, as text."""
        raise NotImplementedError

    def get_lr(self) -> list[float | Tensor]:
        """The next learning rate of each group; see the class of the same name in PyTorch."""
        chained = super().get_lr()
        # A fresh scheduler's first value, and a resumed one's, are what the optimizer has.
        if self._is_initial or not isinstance(self.last_epoch, int) or self.last_epoch < 1:
            return chained
        try:
            schedule = _native(self._spec())
        except (TypeError, ValueError):
            # Beyond what the engine takes, such as a gamma above 1.
            return chained
        exact = []
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            last, now = (_at(group["lr"], schedule.lr(float(base), self.last_epoch - ago)) for ago in (1, 0))
            if group["lr"] != last:
                return chained
            exact.append(now)
        return exact


class StepLR(_Exact, lr_scheduler.StepLR):
    """Multiplies the learning rate by ``gamma`` every ``step_size`` steps; :class:`torch.optim.lr_scheduler.StepLR`."""

    def _spec(self) -> str:
        return f"step:step_size={text(self.step_size)},gamma={text(self.gamma)}"


class MultiStepLR(_Exact, lr_scheduler.MultiStepLR):
    """Multiplies the learning rate by ``gamma`` at milestones; :class:`torch.optim.lr_scheduler.MultiStepLR`."""

    def _spec(self) -> str:
        if not self.milestones:
            return "constant"
        return f"multi-step:milestones={text(sorted(self.milestones.elements()))},gamma={text(self.gamma)}"


class ConstantLR(_Exact, lr_scheduler.ConstantLR):
    """A factor for the first ``total_iters`` steps; :class:`torch.optim.lr_scheduler.ConstantLR`."""

    def _spec(self) -> str:
        return f"constant:scale={text(self.factor)} for {text(self.total_iters)} then constant"


class LinearLR(_Exact, lr_scheduler.LinearLR):
    """A straight line between two factors; :class:`torch.optim.lr_scheduler.LinearLR`."""

    def _spec(self) -> str:
        if self.total_iters < 1:
            raise ValueError("the engine's line has a length")
        factors = f"start_factor={text(self.start_factor)},end_factor={text(self.end_factor)}"
        return f"linear:steps={text(self.total_iters)},{factors}"


class ExponentialLR(_Exact, lr_scheduler.ExponentialLR):
    """Multiplies the learning rate by ``gamma`` every step; :class:`torch.optim.lr_scheduler.ExponentialLR`."""

    def _spec(self) -> str:
        return f"exponential:gamma={text(self.gamma)}"


class PolynomialLR(_Exact, lr_scheduler.PolynomialLR):
    """Decay with a power of the time that is left; :class:`torch.optim.lr_scheduler.PolynomialLR`."""

    def _spec(self) -> str:
        if self.total_iters < 1:
            raise ValueError("the engine's decay has a length")
        return f"polynomial:steps={text(self.total_iters)},power={text(self.power)}"


class CosineAnnealingLR(_Exact, lr_scheduler.CosineAnnealingLR):
    """Half a cosine wave down, and up again; :class:`torch.optim.lr_scheduler.CosineAnnealingLR`."""

    def _spec(self) -> str:
        if self.T_max < 1:
            raise ValueError("the engine's wave has a length")
        return f"cosine:steps={text(self.T_max)},min={text(self.eta_min)},periodic=true"


class SequentialLR(lr_scheduler.SequentialLR):
    """One scheduler after the other; :class:`torch.optim.lr_scheduler.SequentialLR`.

    A scheduler in it may itself be a :class:`SequentialLR`. With ``last_epoch`` not -1 it goes on at the step after,
    where the schedulers are functions of the step; PyTorch's begins at the first value in both cases.
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, schedulers, milestones, last_epoch)
        if last_epoch != -1:
            self._update_lr(self.last_epoch)

    def _initial_step(self) -> None:
        """Begins the first scheduler afresh, as part of another that begins."""
        self.last_epoch = 0
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def _update_lr(self, epoch: int | None = None) -> None:
        """Goes to a step, or to the next."""
        if epoch is None:
            return self.step()
        self.last_epoch = epoch
        place = bisect_right(self._milestones, epoch)
        scheduler = self._schedulers[place]
        scheduler._update_lr(epoch - (self._milestones[place - 1] if place else 0))
        self._last_lr = scheduler.get_last_lr()


class ScheduleLR(LRScheduler):
    """Follows any schedule of the engine, step by step.

    ``schedule`` is a :class:`ravine.schedules.Schedule`, or its text such as ``"cosine:warmup=5%"``; ``run`` the steps
    of the run, which fill in lengths that a text leaves out. Each group starts from, or rises to, its own learning
    rate. Where the schedule moves the momentum, ``momentum`` or the first of ``betas`` is moved too.

    :raises ValueError: a text that is no schedule; a schedule with a learning rate other than the optimizer's; one that
        moves the momentum, for an optimizer that has none.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule | str, run: int = 0, last_epoch: int = -1) -> None:
        if isinstance(schedule, str):
            schedule = Schedule(schedule, run=run)
        elif schedule.lr != 1.0 and any(float(group["lr"]) != schedule.lr for group in optimizer.param_groups):
            raise ValueError(
                f"the schedule starts from {schedule.lr}, which is not the optimizer's lr; leave it out of the schedule"
            )
        self.spec = schedule.spec
        if _native(self.spec).momentum(0) is not None:
            for group in optimizer.param_groups:
                if "momentum" not in group and "betas" not in group:
                    raise ValueError(
                        f"'{self.spec}' moves the momentum, which {type(optimizer).__name__} does not have"
                    )
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The learning rate of each group at this step."""
        schedule, step = _native(self.spec), int(self.last_epoch)
        momentum = schedule.momentum(step)
        if momentum is not None:
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        groups = zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        return [_at(group["lr"], schedule.lr(float(base), step)) for group, base in groups]

    _get_closed_form_lr = get_lr


def _from_catalogue(cls: type[ScheduleLR]) -> type[ScheduleLR]:
    """Lets a class follow the schedule of the catalogue that its ``name`` says."""
    name = cls.name  # type: ignore[attr-defined]
    entry = next(entry for entry in CATALOGUE if entry["name"] == name)
    known = [*(param["name"] for param in entry["hyper"]), *COMMON]

    def init(self: ScheduleLR, optimizer: Optimizer, *, run: int = 0, last_epoch: int = -1, **settings: Any) -> None:
        for key in settings:
            if key not in known:
                raise TypeError(f"{cls.__name__}() has no setting '{key}'; it has: {', '.join(known)}")
        pairs = ",".join(f"{key}={text(value)}" for key, value in settings.items())
        ScheduleLR.__init__(self, optimizer, f"{name}:{pairs}" if pairs else name, run, last_epoch)

    cls.__init__ = init  # type: ignore[assignment,method-assign]
    cls.__doc__ = (
        f"{entry['title']}: {entry['formula']}.\n\nSettings as of :func:`ravine.schedules.{name.replace('-', '_')}`."
    )
    return cls


@_from_catalogue
class WSDLR(ScheduleLR):
    name = "wsd"


@_from_catalogue
class NoamLR(ScheduleLR):
    name = "noam"


@_from_catalogue
class InverseSqrtLR(ScheduleLR):
    name = "inverse-sqrt"


@_from_catalogue
class InverseTimeLR(ScheduleLR):
    name = "inverse-time"


@_from_catalogue
class NaturalExponentialLR(ScheduleLR):
    name = "natural-exponential"
