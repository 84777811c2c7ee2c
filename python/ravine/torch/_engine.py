"""The engine's step on the parameters of a PyTorch optimizer."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from ravine._native import Group, Rule

_FLOATS = {
    torch.float64: "float64",
    torch.float32: "float32",
    torch.bfloat16: "bfloat16",
    torch.float16: "float16",
}
_PLAIN_TYPES = (Tensor, torch.nn.Parameter)


class Refused(Exception):
    """The engine cannot step this; PyTorch's own implementation can, or says why not."""


def _real(tensor: Tensor) -> Tensor:
    """A complex tensor as pairs of real numbers, in place."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _is_dense(tensor: Tensor) -> bool:
    """Whether its elements fill a piece of memory without gaps or repetitions, in whatever order."""
    expected = 1
    for stride, size in sorted((st, si) for si, st in zip(tensor.shape, tensor.stride()) if si != 1):
        if stride != expected:
            return False
        expected *= size
    return True


def _memory_of(tensor: Any, name: str) -> Tensor:
    """The tensor as real numbers in the memory of this machine, or a refusal."""
    if type(tensor) not in _PLAIN_TYPES:
        raise Refused(f"{name} is a {type(tensor).__name__}, not a plain tensor")
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided:
        raise Refused(f"{name} is on {tensor.device} with layout {tensor.layout}")
    if tensor.is_conj() or tensor.is_neg():
        raise Refused(f"{name} is a conjugate or negative view")
    tensor = _real(tensor)
    if tensor.dtype not in _FLOATS:
        raise Refused(f"{name} is of type {tensor.dtype}")
    return tensor


class Cell:
    """One parameter group: the engine's rule with the group's hyper-parameters, and its tensors."""

    def __init__(self, rule: str, names: list[str]) -> None:
        self.rule = Rule(rule)
        self.names = names
        self.values: list[Any] = []
        self.group = Group(torch._C.TensorBase)  # type: ignore[attr-defined]
        self.slots: list[tuple[str, float]] = []
        #: Parameters whose state was just begun, where the class does not count steps.
        self.first: set[Tensor] = set()

    def take_up(self, group: dict[str, Any]) -> None:
        """Takes up the group's hyper-parameters, if they changed."""
        values = [group[name] for name in self.names]
        if values == self.values:
            return
        plain = {name: _plain(value) for name, value in zip(self.names, values)}
        try:
            self.rule.update(plain)
        except ValueError as error:
            raise Refused(str(error)) from error
        self.values = values
        slots = self.rule.slots()
        if slots != self.slots:
            self.slots = slots
            self.group.clear()


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.item()
    if isinstance(value, (tuple, list)):
        return tuple(_plain(part) for part in value)
    return value


class Engine:
    """Steps natively where it can, before a class of :mod:`torch.optim` in the order of inheritance.

    What the engine does not do is done by that class: parameters on other devices, sparse gradients, tensor subclasses,
    ``capturable``, ``differentiable``, a step inside ``torch.compile`` or under a gradient scaler.
    """

    #: Name of the engine's rule, and the keys of a group that are hyper-parameters of it.
    _rule: str
    _hyper: tuple[str, ...]
    #: Keys of a parameter's state that do not have the names of the engine's slots.
    _renamed: dict[str, str] = {}
    #: Whether the class counts steps in its state.
    _counts = True

    state: Any
    param_groups: list[dict[str, Any]]

    def step(self, closure: Any = None) -> Any:
        """Makes one step; see the class of the same name in :mod:`torch.optim`."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if not self._step_natively():
            self.__dict__.pop("_cells", None)
            self._step_as_torch()
        return loss

    def _step_as_torch(self) -> None:
        step = self._torch_class().step
        # PyTorch wraps the step of a class for hooks when one is made of it; ours is wrapped already.
        if getattr(step, "hooked", False):
            step = step.__wrapped__  # type: ignore[attr-defined]
        step(self)  # type: ignore[arg-type]

    def _torch_class(self) -> Any:
        return next(cls for cls in type(self).__mro__ if cls.__module__.startswith("torch.optim"))

    def _step_natively(self) -> bool:
        if torch.compiler.is_compiling():
            return False
        if getattr(self, "grad_scale", None) is not None or getattr(self, "found_inf", None) is not None:
            return False
        cells = self.__dict__.setdefault("_cells", [])
        while len(cells) < len(self.param_groups):
            cells.append(Cell(self._rule, [*self._hyper]))
        del cells[len(self.param_groups) :]
        try:
            for cell, group in zip(cells, self.param_groups):
                self._gather(cell, group)
        except Refused:
            return False
        for cell, group in zip(cells, self.param_groups):
            self._run(cell, group)
        return True

    def _gather(self, cell: Cell, group: dict[str, Any]) -> None:
        if group.get("capturable") or group.get("differentiable"):
            raise Refused("capturable or differentiable")
        cell.take_up(group)
        unknown = cell.group.gather(group["params"])
        for index in unknown:
            self._bind(cell, group, index)
        if unknown and cell.group.overlaps():
            raise Refused("parameters share memory")

    def _bind(self, cell: Cell, group: dict[str, Any], index: int) -> None:
        param = group["params"][index]
        if param.is_inference():
            raise Refused("an inference tensor")
        values = _memory_of(param, "the parameter")
        grad = _memory_of(param.grad, "the gradient")
        if not _is_dense(values):
            raise Refused("the parameter has gaps or overlaps itself")
        if grad.dtype != values.dtype or grad.shape != values.shape:
            raise Refused("the gradient is of another type or shape")
        if grad.stride() != values.stride():
            grad = torch.empty_like(values).copy_(grad)
        state = self._state_of(group, param, cell)
        tensors, slots = [], []
        first: bool | tuple[int, str]
        if self._counts:
            count = state["step"]
            if not isinstance(count, Tensor) or count.dtype not in (torch.float32, torch.float64):
                raise Refused("the step count is no tensor of floats")
            if count.device.type != "cpu":
                raise Refused("the step count is on another device")
            tensors.append(("step", count))
            first = (count.data_ptr(), _FLOATS[count.dtype])
        else:
            first = param in cell.first
            cell.first.discard(param)
        for name, _ in cell.slots:
            name = self._renamed.get(name, name)
            tensor = _memory_of(state[name], name)
            if tensor.shape != values.shape or tensor.stride() != values.stride():
                raise Refused(f"{name} is not laid out as its parameter")
            tensors.append((name, state[name]))
            slots.append((tensor.data_ptr(), _FLOATS[tensor.dtype]))
        plain = values.is_contiguous() and not param.is_complex()
        cell.group.bind(
            index,
            param,
            state,
            tensors,
            list(values.shape),
            values.data_ptr(),
            _FLOATS[values.dtype],
            slots,
            [],
            [],
            plain,
            first,
        )
        cell.group.activate(index, grad, grad.data_ptr())

    def _state_of(self, group: dict[str, Any], param: Tensor, cell: Cell) -> dict[str, Any]:
        """The parameter's state, begun as PyTorch's class begins it."""
        torch_class = self._torch_class()
        lists = len(inspect.signature(torch_class._init_group).parameters) - 2
        alone = {**group, "params": [param]}
        torch_class._init_group(self, alone, *([] for _ in range(lists)))
        return self.state[param]

    def _run(self, cell: Cell, group: dict[str, Any]) -> None:
        active = cell.group.active()
        if not active:
            return
        scale = -1.0 if group.get("maximize") else 1.0
        cell.group.step(cell.rule, float(group["lr"]), scale)
        params = group["params"]
        increment_version(params if len(active) == len(params) else [params[i] for i in active])

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        self.__dict__.pop("_cells", None)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)  # type: ignore[misc]
        self.__dict__.pop("_cells", None)
