"""The classes of :mod:`torch.optim`, stepped by the engine.

What the engine does not do is done by PyTorch's class of the same name: parameters on other devices, sparse gradients, tensor
subclasses, memory that is shared or has gaps, ``capturable``, ``differentiable``, a step inside ``torch.compile``, and
parameters in double precision whose learning rate or state numbers PyTorch keeps in single precision. ``LBFGS``, ``Muon``
and ``SparseAdam`` are PyTorch's own.

A gradient scaler leaves it to classes with ``fused=True`` to divide by the scale and to skip a step. They do so here too, but
leave the gradients as they are, where PyTorch's divides them in place.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.optim import LBFGS, Muon, SparseAdam

from ravine.torch._engine import _DOUBLE, Cell, Engine, Layout, Refused, Tail, plain

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
]


@lru_cache
def _lists(init_group: Any) -> int:
    """The number of lists that ``_init_group`` of a class fills."""
    return len(inspect.signature(init_group).parameters) - 2


class DropIn(Engine):
    """Steps as the engine does where it can, and as the class of :mod:`torch.optim` after it does elsewhere."""

    #: Keys of a group that are hyper-parameters of the engine's rule, where they have other names there.
    _renamed: dict[str, str] = {}
    _keys: tuple[str, ...]
    #: Numbers of a parameter's state that are the rule's memory.
    _memory: tuple[str, ...] = ()

    def _hyper(self, group: dict[str, Any]) -> dict[str, Any]:
        return {self._renamed.get(key, key): plain(group[key]) for key in self._keys}

    def _torch_class(self) -> Any:
        return next(cls for cls in type(self).__mro__ if cls.__module__.startswith("torch.optim"))

    def _step_otherwise(self, why: Refused, tail: Tail) -> None:
        params = [param for group in self.param_groups for param in group["params"]]
        if tail.max_norm is not None:
            norm = torch.nn.utils.clip_grad_norm_(
                params, tail.max_norm, error_if_nonfinite=tail.error_if_nonfinite
            )
            tail.norm = norm.item()
        step = self._torch_class().step
        # PyTorch wraps the step of a class for hooks when one is made of it; ours is wrapped already.
        if getattr(step, "hooked", False):
            step = step.__wrapped__
        step(self)
        if tail.ema is not None:
            tail.ema.update()
        if tail.zero_grad:
            self.zero_grad(set_to_none=False)

    def _begin(self, cell: Cell, group: dict[str, Any], param: Tensor) -> Layout:
        init_group = self._torch_class()._init_group
        alone = {**group, "params": [param]}
        init_group(self, alone, *([] for _ in range(_lists(init_group))))
        state = self.state[param]
        for name in self._memory:
            if param.dtype in _DOUBLE and state[name].dtype not in _DOUBLE:
                raise Refused(f"{name} in less than the parameter's precision")
        slots: list[tuple[str, str | None]] = [(name, None) for name, _ in cell.slots]
        buffers = [name for name, _ in cell.rule.buffers(list(param.shape))]
        return Layout(state, slots, buffers, [], [*self._memory], "step")


class Adadelta(DropIn, torch.optim.Adadelta):
    """:class:`torch.optim.Adadelta`."""

    _rule = "adadelta"
    _keys = ("rho", "eps", "weight_decay")


class Adafactor(DropIn, torch.optim.Adafactor):
    """:class:`torch.optim.Adafactor`."""

    _rule = "adafactor"
    _keys = ("beta2_decay", "d", "weight_decay")

    def _hyper(self, group: dict[str, Any]) -> dict[str, Any]:
        first, second = group["eps"]
        if first is None:
            # PyTorch's class takes that of the first parameter for all.
            with_grad = (param for param in group["params"] if param.grad is not None)
            param = next(with_grad, None)
            first = torch.finfo(param.dtype if param is not None else torch.float32).eps
        elif first == 0.0:
            raise Refused("eps of 0, which is another thing to the engine")
        return {**super()._hyper(group), "eps": (first, second)}


class Adagrad(DropIn, torch.optim.Adagrad):
    """:class:`torch.optim.Adagrad`."""

    _rule = "adagrad"
    _keys = ("lr_decay", "weight_decay", "initial_accumulator_value", "eps")


class Adam(DropIn, torch.optim.Adam):
    """:class:`torch.optim.Adam`."""

    _rule = "adam"
    _keys = ("betas", "eps", "weight_decay", "amsgrad", "decoupled_weight_decay")
    _renamed = {"decoupled_weight_decay": "decoupled"}


class Adamax(DropIn, torch.optim.Adamax):
    """:class:`torch.optim.Adamax`."""

    _rule = "adamax"
    _keys = ("betas", "eps", "weight_decay")


class AdamW(DropIn, torch.optim.AdamW):
    """:class:`torch.optim.AdamW`."""

    _rule = "adamw"
    _keys = ("betas", "eps", "weight_decay", "amsgrad")


class ASGD(DropIn, torch.optim.ASGD):
    """:class:`torch.optim.ASGD`."""

    _rule = "asgd"
    _keys = ("lambd", "t0", "weight_decay")

    def _hyper(self, group: dict[str, Any]) -> dict[str, Any]:
        # The learning rate of a step is the state's `eta`, which the step before has set.
        return {**super()._hyper(group), "alpha": 0.0}

    def _begin(self, cell: Cell, group: dict[str, Any], param: Tensor) -> Layout:
        layout = super()._begin(cell, group, param)
        if param.dtype in _DOUBLE and self.state[param]["eta"].dtype not in _DOUBLE:
            raise Refused("eta in less than the parameter's precision")
        return layout

    def _gather(self, cell: Cell, group: dict[str, Any]) -> bool:
        bound = super()._gather(cell, group)
        params = [param for param in group["params"] if param.grad is not None]
        etas = {self.state[param]["eta"].item() for param in params}
        if len(etas) > 1:
            raise Refused("parameters with learning rates of their own")
        cell.lr = etas.pop() if etas else cell.lr
        return bound

    def _step_group(self, cell: Cell, group: dict[str, Any], *rest: Any) -> None:
        params = [param for param in group["params"] if param.grad is not None]
        super()._step_group(cell, group, *rest)
        lr, lambd, alpha, t0 = (plain(group[key]) for key in ("lr", "lambd", "alpha", "t0"))
        for param in params:
            state = self.state[param]
            step = state["step"].item()
            state["eta"].fill_(lr / ((1 + lambd * lr * step) ** alpha))
            state["mu"].fill_(1 / max(1, step - t0))


class NAdam(DropIn, torch.optim.NAdam):
    """:class:`torch.optim.NAdam`."""

    _rule = "nadam"
    _keys = ("betas", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay")
    _renamed = {"decoupled_weight_decay": "decoupled"}
    _memory = ("mu_product",)


class RAdam(DropIn, torch.optim.RAdam):
    """:class:`torch.optim.RAdam`."""

    _rule = "radam"
    _keys = ("betas", "eps", "weight_decay", "decoupled_weight_decay")
    _renamed = {"decoupled_weight_decay": "decoupled"}


class RMSprop(DropIn, torch.optim.RMSprop):
    """:class:`torch.optim.RMSprop`."""

    _rule = "rmsprop"
    _keys = ("alpha", "eps", "weight_decay", "momentum", "centered")


class Rprop(DropIn, torch.optim.Rprop):
    """:class:`torch.optim.Rprop`."""

    _rule = "rprop"
    _keys = ("etas", "step_sizes")

    def _gather(self, cell: Cell, group: dict[str, Any]) -> bool:
        bound = super()._gather(cell, group)
        # Step sizes are the state's; the learning rate is where they began.
        cell.lr = cell.rule.get("lr")
        return bound


class SGD(DropIn, torch.optim.SGD):
    """:class:`torch.optim.SGD`."""

    _rule = "sgd"
    _keys = ("momentum", "dampening", "weight_decay", "nesterov")

    def _begin(self, cell: Cell, group: dict[str, Any], param: Tensor) -> Layout:
        if not cell.slots:
            # PyTorch's class keeps nothing then, not even an empty entry.
            return Layout(None, [], [], [], [], False)
        state = self.state[param]
        if state.get("momentum_buffer") is None:
            state["momentum_buffer"] = torch.zeros_like(param, memory_format=torch.preserve_format)
            cell.first.add(param)
        return Layout(state, [("momentum_buffer", None)], [], [], [], param in cell.first)

    def _step_otherwise(self, why: Refused, tail: Tail) -> None:
        # PyTorch's class begins a velocity with the gradient, and tells by there being none.
        for cell in self.__dict__.get("_cells", []):
            for param in cell.first:
                self.state[param]["momentum_buffer"] = None
        super()._step_otherwise(why, tail)
