"""The update rules of the engine's catalogue that :mod:`torch.optim` lacks, one class each.

The classes are made from the catalogue: hyper-parameters are keyword arguments and, with `maximize`, `storage` and `cautious`,
keys of the parameter groups. A parameter's state holds what the rule keeps for it, and ``step``, the number of steps made on
it. Numbers that a rule keeps for a whole group are keys of the group; so is ``step`` then, and all parameters of such a group
must be of one type.

These rules have no other implementation here: what the engine cannot step (other devices, sparse gradients, memory with gaps)
raises an error that names the parameter, and nothing has changed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ravine import rules
from ravine._names import class_name
from ravine._native import Rule
from ravine.torch._engine import _DOUBLE, Cell, Engine, Layout, Refused, Tail, plain

#: What PyTorch has itself.
_ELSEWHERE = frozenset(
    "sgd asgd rprop adagrad adadelta rmsprop adam adamw adamax nadam radam sparse-adam adafactor muon lbfgs".split()
)

#: Classes that keep their state in 8 bits unless asked otherwise, by bitsandbytes' names.
_IN_8_BITS = {
    "adagrad": "Adagrad8bit",
    "adam": "Adam8bit",
    "adamw": "AdamW8bit",
    "ademamix": "AdEMAMix8bit",
    "lamb": "LAMB8bit",
    "lars": "LARS8bit",
    "lion": "Lion8bit",
    "rmsprop": "RMSprop8bit",
    "sgd": "SGD8bit",
}
_OPTIONS = {"maximize": False, "storage": "full", "cautious": False, "seed": 0}
_DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


class RuleOptimizer(Engine):
    """An optimizer with a rule of the catalogue.

    Args:
        params: tensors, groups, or named tensors, as for every class of :mod:`torch.optim`.
        lr: learning rate.
        maximize: step up the gradient instead of down.
        storage: how the rule's state is kept: ``full``, ``bf16``, ``f16``, ``int8`` or ``int4``. State that must not be
            rounded is kept in full.
        cautious: leave out what would move a weight along its gradient.
        seed: where noise comes from, for rules that add some.
    """

    def __init__(self, params: Any, lr: float | Tensor | None = None, **hyper: Any) -> None:
        rule = Rule(self._rule)
        defaults = {**self._options, **rule.hyper()}
        unknown = hyper.keys() - defaults.keys()
        if unknown:
            known = ", ".join(defaults)
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}; it has: {known}")
        defaults |= hyper
        if lr is not None:
            defaults["lr"] = lr
        #: What the rule keeps for a group.
        self._memory = rule.memory()
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group; what is wrong with its hyper-parameters is said here."""
        group = {**self.defaults, **param_group}
        rule = Rule(self._rule, **self._hyper(group), lr=plain(group["lr"]))
        rule.storage(group["storage"], False, 0)
        if rule.memory():
            param_group = {**param_group, "step": 0, **dict(rule.memory())}
        super().add_param_group(param_group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._memory = Rule(self._rule).memory()

    def _hyper(self, group: dict[str, Any]) -> dict[str, Any]:
        return {name: plain(group[name]) for name in self._hyper_names if name != "lr"}

    #: Hyper-parameters of the rule, and those of every rule with their defaults.
    _hyper_names: tuple[str, ...]
    _options: dict[str, Any] = _OPTIONS

    def _step_otherwise(self, why: Refused, tail: Tail) -> None:
        raise RuntimeError(f"{type(self).__name__}: {why}") from why

    def _begin(self, cell: Cell, group: dict[str, Any], param: Tensor) -> Layout:
        double = param.dtype in _DOUBLE
        computed = torch.float64 if double else torch.float32
        numel = param.numel() * (2 if param.is_complex() else 1)
        kinds = cell.rule.storage(group["storage"], double, numel)
        shape = [*param.shape, 2] if param.is_complex() else [*param.shape]
        buffers = cell.rule.buffers(shape)
        numbers = cell.rule.tensor_memory()
        state = self.state[param]
        if not state:
            if not self._memory:
                state["step"] = torch.zeros((), dtype=torch.float32)
            for (name, init), (kind, row) in zip(cell.slots, kinds):
                if row is not None:
                    state[name] = torch.full((row[0],), row[1], dtype=torch.uint8)
                    continue
                dtype = _DTYPES[kind]
                if param.is_complex():
                    # In place of a complex type that PyTorch has not, or of two of the numbers there are.
                    dtype = torch.complex128 if double else torch.complex64
                    init = complex(init, init)
                state[name] = torch.full_like(param, init, dtype=dtype, memory_format=torch.preserve_format)
            for (name, size), first in zip(buffers, cell.rule.fresh_buffers(shape)):
                state[name] = torch.tensor(first, dtype=computed).reshape(size)
            for name, init in numbers:
                state[name] = torch.tensor(init, dtype=torch.float64)
        slots = [(name, kind if row is not None else None) for (name, _), (kind, row) in zip(cell.slots, kinds)]
        names = [name for name, _ in buffers]
        count = None if self._memory else "step"
        return Layout(state, slots, names, [name for name, _ in numbers], [], count)

    def _gather(self, cell: Cell, group: dict[str, Any]) -> bool:
        if self._memory:
            cell.group.steps = group["step"]
            cell.group.memory = [float(group[name]) for name, _ in self._memory]
        bound = super()._gather(cell, group)
        if self._memory and cell.group.kinds() > 1:
            raise Refused("parameters of several types in one group, for all of which the rule keeps numbers")
        return bound

    def _step_group(
        self,
        cell: Cell,
        group: dict[str, Any],
        index: int,
        scale: float,
        zero_grad: bool,
        average: tuple[float, list[Tensor]] | None,
    ) -> None:
        cell.group.step(
            cell.rule,
            cell.lr,
            scale,
            zero_grad=zero_grad,
            cautious=group["cautious"],
            average=average,
            # Groups differ in their noise.
            seed=group["seed"] + (index << 32),
        )
        if self._memory:
            group["step"] += 1
            group.update(zip((name for name, _ in self._memory), cell.group.memory))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave: numbers as they were kept, whatever the type of the parameters."""
        given: dict[str, Any] = {}
        # PyTorch converts what it loads to the parameter's type. The hooks that may change what is loaded have run then.
        before = self.register_load_state_dict_pre_hook(lambda _, loaded: given.update(loaded))
        after = self.register_load_state_dict_post_hook(lambda _: self._keep_types(given), prepend=True)
        try:
            super().load_state_dict(state_dict)
        finally:
            before.remove()
            after.remove()

    def _keep_types(self, given: dict[str, Any]) -> None:
        theirs = (key for group in given["param_groups"] for key in group["params"])
        ours = (param for group in self.param_groups for param in group["params"])
        for key, param in zip(theirs, ours):
            for name, value in given["state"].get(key, {}).items():
                if isinstance(value, Tensor) and value.dtype != self.state[param][name].dtype:
                    self.state[param][name] = value.to(param.device, copy=True)

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Within it the parameters are those to evaluate and save with; after it those to train on.

        For most rules they are the same. Schedule-free rules, and those that average, evaluate elsewhere.
        """
        trained: list[tuple[Tensor, Tensor]] = []
        with torch.no_grad():
            for group in self.param_groups:
                mix = Rule(self._rule, **self._hyper(group)).evaluation()
                if mix is None:
                    continue
                for param in group["params"]:
                    other = self.state[param].get(mix[0]) if param in self.state else None
                    if other is None:
                        continue
                    if other.dtype == torch.uint8:
                        raise RuntimeError(f"{mix[0]} is kept as {group['storage']}, which cannot be read here")
                    trained.append((param, param.detach().clone()))
                    param.lerp_(other.to(param.dtype), mix[1])
        try:
            yield
        finally:
            with torch.no_grad():
                for param, values in trained:
                    param.copy_(values)


class CurvatureOptimizer(RuleOptimizer):
    """An optimizer whose rule takes estimates of the Hessian's diagonal.

    Between two steps, about every ten of them::

        logits = model(inputs)
        labels = torch.distributions.Categorical(logits=logits).sample()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, labels).backward()
        optimizer.update_hessian()
        optimizer.zero_grad()
    """

    def update_hessian(self) -> None:
        """Takes the gradients that the parameters have now for an estimate of curvature; nothing but the state changes.

        With ``estimate="squared"`` they are those of the mean loss over ``batch_size`` examples whose labels are sampled from
        the model's own output, with ``estimate="given"`` the estimate itself. Set ``update_period=0``, or every so many steps
        the square of the step's gradient is taken too.

        Raises:
            ValueError: a gradient is not finite. Nothing has changed.
            RuntimeError: what the engine cannot step, as for ``step``.
        """
        try:
            self._prepare()
        except Refused as why:
            self._step_otherwise(why, Tail())
        cells: list[Cell] = self.__dict__["_cells"]
        for cell, group in zip(cells, self.param_groups):
            if not math.isfinite(cell.group.sum_of_squares()):
                self._check_finite(group)
        for cell, group in zip(cells, self.param_groups):
            cell.group.observe(cell.rule, cell.lr, -1.0 if group["maximize"] else 1.0)

    @staticmethod
    def _check_finite(group: dict[str, Any]) -> None:
        names = group.get("param_names")
        for index, param in enumerate(group["params"]):
            if param.grad is not None and not param.grad.isfinite().all():
                name = names[index] if names else index
                raise ValueError(f"parameter {name}: the estimate of curvature is not finite")


def _doc(entry: dict[str, Any]) -> str:
    lines = [f"{entry['title']}.", "", f"    {entry['formula']}", "", entry["advice"], "", "Args:"]
    lines += ["    params: tensors, groups, or named tensors, as for every class of :mod:`torch.optim`."]
    for hyper in entry["hyper"]:
        lines += [f"    {hyper['name']}: {hyper['doc']} {hyper['range']}; default {hyper['default']}."]
    lines += [
        "    maximize: step up the gradient instead of down.",
        "    storage: how state is kept: ``full``, ``bf16``, ``f16``, ``int8`` or ``int4``.",
        "    cautious: leave out what would move a weight along its gradient.",
        "    seed: where noise comes from, for rules that add some.",
        "",
        f"Source: {entry['source']}.",
    ]
    return "\n".join(lines)


def _signature(entry: dict[str, Any], options: dict[str, Any]) -> inspect.Signature:
    hyper = {hyper["name"]: hyper["default"] for hyper in entry["hyper"]}
    either, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("params", either),
        inspect.Parameter("lr", either, default=hyper.pop("lr")),
        *(inspect.Parameter(name, keyword, default=value) for name, value in {**hyper, **options}.items()),
    ]
    return inspect.Signature(parameters)


def _make(entry: dict[str, Any], name: str, storage: str = "full") -> type[RuleOptimizer]:
    options = {**_OPTIONS, "storage": storage}
    members = {
        "__doc__": _doc(entry),
        "__module__": __name__,
        "__signature__": _signature(entry, options),
        "_rule": entry["name"],
        "_hyper_names": tuple(hyper["name"] for hyper in entry["hyper"]),
        "_options": options,
    }
    return type(name, (_BASES.get(entry["name"], RuleOptimizer),), members)


#: Bases of classes that do more than step.
_BASES: dict[str, type[RuleOptimizer]] = {"sophia": CurvatureOptimizer}


def _make_all() -> Iterator[type[RuleOptimizer]]:
    for entry in rules():
        rule = entry["name"]
        if rule not in _ELSEWHERE:
            yield _make(entry, class_name(rule))
        if rule in _IN_8_BITS:
            yield _make(entry, _IN_8_BITS[rule], "int8")


_classes = [*_make_all()]
globals().update((cls.__name__, cls) for cls in _classes)
__all__ = ["RuleOptimizer", "CurvatureOptimizer", *sorted(cls.__name__ for cls in _classes)]
