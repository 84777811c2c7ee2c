"""The classes of :mod:`torch.optim`, stepped by the engine."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ravine.torch._engine import Cell, Engine


class Adam(Engine, torch.optim.Adam):
    """:class:`torch.optim.Adam`."""

    _rule = "adam"
    _hyper = ("betas", "eps", "weight_decay", "amsgrad")

    def _gather(self, cell: Cell, group: dict[str, Any]) -> None:
        decoupled = group.get("decoupled_weight_decay", False)
        if cell.rule.get("decoupled") != decoupled:
            cell.rule.update({"decoupled": decoupled})
        super()._gather(cell, group)


class AdamW(Engine, torch.optim.AdamW):
    """:class:`torch.optim.AdamW`."""

    _rule = "adamw"
    _hyper = ("betas", "eps", "weight_decay", "amsgrad")


class Adagrad(Engine, torch.optim.Adagrad):
    """:class:`torch.optim.Adagrad`."""

    _rule = "adagrad"
    _hyper = ("lr_decay", "weight_decay", "initial_accumulator_value", "eps")


class RMSprop(Engine, torch.optim.RMSprop):
    """:class:`torch.optim.RMSprop`."""

    _rule = "rmsprop"
    _hyper = ("alpha", "eps", "weight_decay", "momentum", "centered")


class SGD(Engine, torch.optim.SGD):
    """:class:`torch.optim.SGD`."""

    _rule = "sgd"
    _hyper = ("momentum", "dampening", "weight_decay", "nesterov")
    _counts = False

    def _state_of(self, group: dict[str, Any], param: Tensor, cell: Cell) -> dict[str, Any]:
        if not cell.slots:
            # PyTorch's class keeps nothing then, not even an empty entry.
            return {}
        state = self.state[param]
        if state.get("momentum_buffer") is None:
            state["momentum_buffer"] = torch.zeros_like(param, memory_format=torch.preserve_format)
            cell.first.add(param)
        return state
