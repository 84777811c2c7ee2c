"""The engine's step on the parameters of an optimizer of PyTorch."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from ravine._native import Entries, Exchange, Group, Rule

if TYPE_CHECKING:
    from ravine.torch.tail import EMA

if not hasattr(Tensor, "__dlpack_c_exchange_api__"):
    raise ImportError(f"ravine.torch needs PyTorch 2.10 or newer; this is {torch.__version__}")

_base: Any = torch._C.TensorBase  # type: ignore[attr-defined]
exchange = Exchange(
    Tensor.__dlpack_c_exchange_api__,  # type: ignore[attr-defined]
    (Tensor, torch.nn.Parameter),
    _base.is_neg,
    _base.is_conj,
    torch.get_num_threads,
    torch.backends.openmp.is_available(),
)
_DOUBLE = (torch.float64, torch.complex128)


class Refused(Exception):
    """The engine cannot make this step. Nothing was written."""


def plain(value: Any) -> Any:
    """A hyper-parameter without tensors."""
    if isinstance(value, Tensor):
        return value.item()
    if isinstance(value, (tuple, list)):
        return tuple(plain(part) for part in value)
    return value


class Layout(NamedTuple):
    """What a rule keeps for a parameter: names in its state, as :meth:`Group.bind` takes them."""

    state: dict[str, Any] | None
    slots: list[tuple[str, str | None]]
    buffers: list[str]
    numbers: list[str]
    memory: list[str]
    counted: str | bool | None


@dataclass
class Tail:
    """What is done in the same pass as the step."""

    max_norm: float | None = None
    error_if_nonfinite: bool = False
    ema: EMA | None = None
    zero_grad: bool = False
    #: Set by the step: the norm of all gradients.
    norm: float | None = None

    def clip(self, norm: float) -> float:
        """The factor on the gradients whose norm this is."""
        self.norm = norm
        if self.max_norm is None:
            return 1.0
        if self.error_if_nonfinite and not math.isfinite(norm):
            raise RuntimeError(f"the norm of the gradients is {norm}: nothing was stepped")
        factor = self.max_norm / (norm + 1e-6)
        # What NaN passes through, as in torch.nn.utils.clip_grad_norm_.
        return 1.0 if factor >= 1.0 else factor


class Cell:
    """One parameter group: the engine's rule with the group's hyper-parameters, and its tensors."""

    def __init__(self, rule: str) -> None:
        self.rule = Rule(rule)
        self.whole = self.rule.whole()
        self.group = Group(exchange)
        self.hyper: dict[str, Any] = {}
        self.slots = self.rule.slots()
        self.lr = 0.0
        #: Whether there are parameters in double precision.
        self.double = False
        #: Parameters whose state was just begun, where the class does not count steps.
        self.first: set[Tensor] = set()
        #: Parameters whose gradient was copied to lie as they do.
        self.copied: list[Tensor] = []

    def take_up(self, hyper: dict[str, Any]) -> None:
        """Takes up the hyper-parameters, if they changed."""
        if hyper == self.hyper:
            return
        try:
            self.rule.update(hyper)
        except ValueError as error:
            raise Refused(str(error)) from error
        self.hyper = hyper
        slots = self.rule.slots()
        if slots != self.slots:
            self.slots = slots
            self.group.clear()


class Engine(torch.optim.Optimizer):
    """An optimizer whose steps are the engine's."""

    #: The engine's rule.
    _rule: str

    def _hyper(self, group: dict[str, Any]) -> dict[str, Any]:
        """The engine's hyper-parameters, but the learning rate, from those of a group."""
        raise NotImplementedError

    def _begin(self, cell: Cell, group: dict[str, Any], param: Tensor) -> Layout:
        """What is kept for a parameter, begun if it is not there."""
        raise NotImplementedError

    def _step_otherwise(self, why: Refused, tail: Tail) -> None:
        """Makes the step that the engine refused, or raises."""
        raise NotImplementedError

    def step(self, closure: Any = None) -> Any:
        """Makes one step.

        Args:
            closure: evaluates the model again, calls ``backward`` and returns the loss, which this gives back.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        tail = self.__dict__.pop("_tail", None) or Tail()
        # What a gradient scaler leaves to optimizers that are fused.
        found_inf = getattr(self, "found_inf", None)
        if found_inf is not None and found_inf.item():
            return loss
        try:
            self._prepare()
        except Refused as why:
            self._step_otherwise(why, tail)
            self._forget()
        else:
            self._run(tail)
        return loss

    def _prepare(self) -> None:
        """Gathers all tensors of the step; what refuses it does so here, before anything is written."""
        if torch.compiler.is_compiling():
            raise Refused("inside torch.compile")
        cells: list[Cell] = self.__dict__.setdefault("_cells", [])
        entries = self.__dict__.setdefault("_entries", Entries())
        if not entries.hold(self.state):
            for cell in cells:
                cell.group.clear()
        while len(cells) < len(self.param_groups):
            cells.append(Cell(self._rule))
        del cells[len(self.param_groups) :]
        bound = False
        for cell, group in zip(cells, self.param_groups):
            bound = self._gather(cell, group) or bound
        if bound:
            entries.take(self.state)

    def _gather(self, cell: Cell, group: dict[str, Any]) -> bool:
        """Gathers the tensors of a group, and says whether there were new ones."""
        if group.get("capturable") or group.get("differentiable"):
            raise Refused("capturable or differentiable")
        cell.take_up(self._hyper(group))
        cell.lr = plain(group["lr"])
        if not isinstance(cell.lr, numbers.Real):
            raise TypeError(f"lr must be a number, not {type(cell.lr).__name__}")
        if not 0.0 <= cell.lr < math.inf:
            raise Refused(f"lr is {cell.lr}: it must be finite, and 0 or more")
        cell.copied.clear()
        unknown = cell.group.gather(group["params"])
        for index in unknown:
            try:
                with torch.no_grad():
                    self._bind(cell, group, index)
            except (Refused, TypeError, ValueError) as error:
                names = group.get("param_names")
                raise Refused(f"parameter {names[index] if names else index}: {error}") from error
        if cell.double:
            lr = group["lr"]
            if isinstance(lr, Tensor) and lr.dtype not in _DOUBLE:
                raise Refused("a learning rate in less than the parameters' precision")
        if cell.group.overlaps():
            raise Refused("parameters, gradients or states share memory")
        return bool(unknown)

    def _bind(self, cell: Cell, group: dict[str, Any], index: int) -> None:
        param = group["params"][index]
        grad = param.grad
        for name, tensor in (("the parameter", param), ("the gradient", grad)):
            if tensor.device.type != "cpu" or tensor.layout is not torch.strided:
                raise Refused(f"{name} is on device {tensor.device} with layout {tensor.layout}")
            if tensor.is_inference():
                if not torch.is_inference_mode_enabled():
                    # PyTorch would write to it before it raises.
                    raise RuntimeError(f"{name} is an inference tensor, stepped outside of inference mode")
                raise Refused(f"{name} is an inference tensor")
        if grad.dtype == param.dtype and grad.shape == param.shape:
            if grad.stride() != param.stride() or grad.is_neg() or grad.is_conj():
                grad = torch.empty_like(param).copy_(grad)
                cell.copied.append(param)
        layout = self._begin(cell, group, param)
        cell.group.bind(index, param, grad, *layout, cell.whole)
        cell.double |= param.dtype in _DOUBLE

    def _run(self, tail: Tail) -> None:
        cells: list[Cell] = self.__dict__["_cells"]
        grad_scale = getattr(self, "grad_scale", None)
        factor = 1.0 if grad_scale is None else 1.0 / grad_scale.item()
        if tail.max_norm is not None:
            factor *= tail.clip(factor * math.sqrt(sum(cell.group.sum_of_squares() for cell in cells)))
        for index, (cell, group) in enumerate(zip(cells, self.param_groups)):
            params = group["params"]
            active = cell.group.active()
            stepped = params if active is None else [params[i] for i in active]
            if not stepped:
                continue
            average = None if tail.ema is None else tail.ema.column(params)
            scale = -factor if group.get("maximize") else factor
            self._step_group(cell, group, index, scale, tail.zero_grad, average)
            increment_version(stepped)
            if average is not None:
                averages = average[1]
                increment_version(averages if active is None else [averages[i] for i in active])
            if tail.zero_grad:
                for param in cell.copied:
                    param.grad.zero_()  # type: ignore[union-attr]
                increment_version([param.grad for param in stepped])
            cell.first.clear()

    def _step_group(
        self,
        cell: Cell,
        group: dict[str, Any],
        index: int,
        scale: float,
        zero_grad: bool,
        average: tuple[float, list[Tensor]] | None,
    ) -> None:
        cell.group.step(cell.rule, cell.lr, scale, zero_grad=zero_grad, average=average)

    def _forget(self) -> None:
        self.__dict__.pop("_cells", None)
        self.__dict__.pop("_entries", None)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._forget()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave."""
        super().load_state_dict(state_dict)
        self._forget()
