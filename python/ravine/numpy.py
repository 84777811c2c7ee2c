"""Every optimizer of the engine on arrays of NumPy, in place::

    from ravine import numpy as optim, schedules

    params = {"weight": weight, "bias": bias}             # float32 or float64
    optimizer = optim.AdamW(params, lr=3e-4, schedule=schedules.cosine(steps=1000, warmup=50), clip_norm=1.0, ema=0.999)
    for step in range(1050):
        optimizer.step({"weight": ..., "bias": ...})      # gradients of the same shapes
    best = optimizer.evaluation()                         # the average of the weights
    optimizer.save("run.safetensors")

A class for each rule of the catalogue, with its hyper-parameters as keywords, is made from it; :class:`Optimizer` says
what all of them take. A step is one pass over all arrays in as many threads as there are cores, without the GIL, and
has the same bits for any number of threads.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy

from ravine._names import class_name
from ravine._native import Optimizer as _Native
from ravine._native import Rule, rules
from ravine.schedules import Schedule, text

#: Arrays by name, in a row, or one alone.
Arrays: TypeAlias = (
    "Mapping[str, numpy.ndarray[Any, Any]] | Sequence[numpy.ndarray[Any, Any]] | numpy.ndarray[Any, Any]"
)


class Outcome(NamedTuple):
    """What a call of :meth:`Optimizer.step` did."""

    #: Whether a step was made.
    stepped: bool
    #: Norm of the whole gradient before clipping, where it was needed.
    grad_norm: float | None
    #: The factor that clipping by norm put on the gradient: 1 for none.
    clip: float
    #: Micro-batches since the last step, where more are to come.
    accumulated: int | None
    #: The array whose gradient was not finite, where the step was left out for it.
    skipped: str | None


class Group:
    """Arrays chosen by name, with settings of their own.

    ``pattern`` is compared with the names, ``*`` standing for any text; an array belongs to the first group that it
    matches. What is not said is as for all: ``rule`` is another rule's text with all its hyper-parameters, ``schedule``
    another schedule, ``scale_lr`` a factor on the learning rate, ``frozen`` leaves the arrays alone, ``hyper`` changes
    single hyper-parameters.
    """

    def __init__(
        self,
        pattern: str,
        *,
        rule: str | None = None,
        schedule: Schedule | str | None = None,
        scale_lr: float | None = None,
        maximize: bool | None = None,
        frozen: bool = False,
        **hyper: Any,
    ) -> None:
        self.pattern = pattern
        self._settings = {
            "pattern": pattern,
            "rule": None if rule is None else Rule(rule),
            "schedule": _native_schedule(schedule),
            "scale_lr": scale_lr,
            "maximize": maximize,
            "frozen": frozen,
            "hyper": hyper,
        }


class Optimizer:
    """Steps arrays in place along their gradients.

    ``rule`` is the text of a rule, such as ``"adamw:lr=3e-4"`` or ``"sgd:momentum=0.9 + lookahead:steps=5"``; further
    keywords are its hyper-parameters. ``params`` is a dictionary of arrays by name, a list of arrays (named ``"0"``,
    ``"1"``, ...) or one array: all of float32 or all of float64, writable and C-contiguous. They are held, and must not
    be replaced.

    :param schedule: A schedule of the learning rate; its own ``lr``, where it is not 1, takes the place of the rule's.
    :param clip_norm: Largest norm of the whole gradient, as ``torch.nn.utils.clip_grad_norm_`` clips.
    :param clip_value: Largest magnitude of an element of the gradient.
    :param agc: Adaptive clipping: (clip, eps), such as (0.01, 1e-3).
    :param centralize: Whether the mean is taken from the gradient of each unit.
    :param guard: About gradients that are not finite: ``"error"`` refuses, ``"skip"`` leaves the step out, ``"off"``
        does not look.
    :param ema: Decay of an average of the weights, kept for :meth:`evaluation`.
    :param cautious: Whether what would move a weight up its gradient is left out.
    :param storage: How state is kept: ``"full"``, ``"bf16"``, ``"f16"``, ``"int8"`` or ``"int4"``.
    :param maximize: Whether to step up the gradient.
    :param zero_grad: Whether gradients are set to 0 in the same pass.
    :param accumulate: Steps are made on every so many calls only, with the gradient divided by it; backward passes must
        add.
    :param seed: The seed of noise.
    :param plateau: A metric schedule such as ``"plateau:patience=5"``, told of the metric by :meth:`observe`.
    :param groups: Arrays with settings of their own.
    :raises ValueError: arrays that do not fit, named; a setting out of range.
    :raises TypeError: what is no array; a keyword that the rule does not have.
    """

    def __init__(
        self,
        rule: str,
        params: Arrays,
        *,
        schedule: Schedule | str | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        agc: tuple[float, float] | None = None,
        centralize: bool = False,
        guard: str = "error",
        ema: float | None = None,
        cautious: bool = False,
        storage: str | None = None,
        maximize: bool = False,
        zero_grad: bool = False,
        accumulate: int = 1,
        seed: int = 0,
        plateau: str | None = None,
        groups: Iterable[Group] = (),
        **hyper: Any,
    ) -> None:
        wrappers = {"clip-norm": clip_norm, "clip-value": clip_value, "ema": ema, "storage": storage}
        for name, value in wrappers.items():
            if value is not None:
                rule += f" + {name}:{text(value)}"
        made = Rule(rule + " + cautious" if cautious else rule)
        known = list(made.hyper())
        if unknown := [key for key in hyper if key not in known]:
            raise TypeError(f"'{rule}' has no hyper-parameter '{unknown[0]}'; it has: {', '.join(known)}")
        if isinstance(schedule, Schedule) and schedule.lr != 1.0:
            if "lr" in hyper and float(hyper["lr"]) != schedule.lr:
                raise ValueError(f"lr is {hyper['lr']}, but the schedule starts from {schedule.lr}")
            hyper["lr"] = schedule.lr
        made.update(hyper)
        self._rule = made
        self._form = _Form(params)
        self._params = list(self._form.arrays.values())
        for name, array in self._form.arrays.items():
            _check(array, f"the parameter '{name}'", writable=True)
        dtypes = {array.dtype for array in self._params}
        if len(dtypes) > 1:
            raise ValueError(f"arrays must be of one type, not {' and '.join(sorted(map(str, dtypes)))}")
        self._dtype = self._params[0].dtype if self._params else numpy.dtype(numpy.float32)
        self._writes_grads = zero_grad or centralize or agc is not None
        self._native = _Native(
            made,
            str(self._dtype),
            list(self._form.arrays),
            [list(array.shape) for array in self._params],
            _native_schedule(schedule),
            [group._settings for group in groups],
            {
                "agc": agc,
                "centralize": centralize,
                "guard": guard,
                "maximize": maximize,
                "zero_grad": zero_grad,
                "accumulate": accumulate,
                "seed": seed,
                "plateau": plateau,
            },
        )

    def step(self, grads: Arrays) -> Outcome:
        """Makes one step along these gradients, which have the form of the parameters.

        A gradient that is not C-contiguous or is read-only is copied, unless the step has to write gradients.

        :raises ValueError: gradients that do not fit; one that is not finite, unless ``guard`` says otherwise; arrays
            that share memory. Then nothing has changed.
        """
        held = self._gradients(grads, "gradient", self._writes_grads)
        return Outcome(*self._native.step(self._addresses(), [_address(grad) for grad in held]))

    def evaluation(self) -> Any:
        """The weights to evaluate with, in the form of the parameters: the average, if one is kept; else what the rule
        says."""
        arrays = []
        for param, got in zip(self._params, self._native.evaluation(self._addresses())):
            arrays.append(numpy.frombuffer(got, dtype=param.dtype).reshape(param.shape).copy())
        return self._form.of(arrays)

    def observe(self, metric: float) -> bool:
        """Tells the plateau its metric. True if that changed the learning rate."""
        return self._native.observe(float(metric))

    def observe_curvature(self, estimate: Arrays) -> None:
        """Gives rules such as Sophia an estimate of the Hessian's diagonal."""
        held = self._gradients(estimate, "estimate", False)
        self._native.observe_curvature(self._addresses(), [_address(array) for array in held])

    @property
    def params(self) -> Any:
        """The parameters, as they were given."""
        return self._form.of(self._params)

    @property
    def steps(self) -> int:
        """Steps made."""
        return self._native.steps()

    @property
    def groups(self) -> list[str]:
        """The names of the groups: the patterns, and ``default`` for the rest."""
        return self._native.groups()

    @property
    def state_bytes(self) -> int:
        """Bytes of state; all of it is there after the first step."""
        return self._native.state_bytes()

    @property
    def lr(self) -> float:
        """The learning rate of the first group's next step."""
        return self._native.lr(self.groups[0])

    def group_lr(self, group: str) -> float:
        """The learning rate of a group's next step."""
        return self._native.lr(group)

    def set(self, group: str = "default", **hyper: Any) -> None:
        """Changes hyper-parameters of a group between steps."""
        for name, value in hyper.items():
            self._native.set(group, name, value)

    def freeze(self, group: str, frozen: bool = True) -> None:
        """Freezes a group from the next step on, or lets it move again."""
        self._native.freeze(group, frozen)

    @property
    def loss_scale(self) -> float:
        """The factor that gradients are divided by, as the loss was multiplied by it."""
        return self._native.loss_scale

    @loss_scale.setter
    def loss_scale(self, scale: float) -> None:
        self._native.loss_scale = scale

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes steps, state and hyper-parameters to a safetensors file, which appears complete or not at all.

        The arrays themselves are yours to save; so is the schedule, a function of the step.
        """
        self._native.save(os.fspath(path))

    def load(self, path: str | os.PathLike[str], convert: bool = False) -> None:
        """Takes up what :meth:`save` wrote: the next step has the bits that it would have had.

        With ``convert`` state of another type or storage is converted.

        :raises ValueError: a file of other arrays, rules, types or storage, or none at all. Then nothing has changed.
        """
        self._native.load(os.fspath(path), convert)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`save` writes, as ``{"steps": int, "checkpoint": bytes}``."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state")
            self.save(path)
            with open(path, "rb") as file:
                return {"steps": self.steps, "checkpoint": file.read()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave; see :meth:`load`."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state")
            with open(path, "wb") as file:
                file.write(state["checkpoint"])
            self.load(path)

    def _addresses(self) -> list[int]:
        for name, array in self._form.arrays.items():
            # Its flags may have changed since it was taken up.
            _check(array, f"the parameter '{name}'", writable=True)
        return [_address(array) for array in self._params]

    def _gradients(self, grads: Arrays, what: str, written: bool) -> list[Any]:
        held = []
        for (name, param), grad in zip(self._form.arrays.items(), self._form.match(grads, what)):
            label = f"the {what} of '{name}'"
            _check(grad, label, writable=written, layout=written)
            if grad.dtype != param.dtype or grad.shape != param.shape:
                expected = f"{param.dtype} of shape {param.shape}"
                raise ValueError(f"{label} must be {expected}, not {grad.dtype} of shape {grad.shape}")
            held.append(grad if written else numpy.require(grad, requirements=["C", "A"]))
        return held

    def __repr__(self) -> str:
        what = f"{len(self._params)} arrays of {self._dtype}, {self.steps} steps"
        return f"{type(self).__name__}({self._rule.spec()!r}, {what})"


class _Form:
    """The form in which arrays come: a dictionary, a list, or one array."""

    def __init__(self, params: Arrays) -> None:
        self._alone = isinstance(params, numpy.ndarray)
        self._named = isinstance(params, Mapping)
        self.arrays: dict[str, numpy.ndarray[Any, Any]]
        if isinstance(params, numpy.ndarray):
            self.arrays = {"0": params}
        elif isinstance(params, Mapping):
            self.arrays = dict(params)
        elif isinstance(params, Sequence) and not isinstance(params, (str, bytes)):
            self.arrays = {str(place): array for place, array in enumerate(params)}
        else:
            raise TypeError(f"parameters must be a dictionary, a list or an array, not {type(params).__name__}")
        if bad := [name for name in self.arrays if not isinstance(name, str)]:
            raise TypeError(f"names of parameters must be text, not {bad[0]!r}")

    def match(self, grads: Arrays, what: str) -> list[Any]:
        """Arrays of the same form, in the order of the parameters."""
        if isinstance(grads, numpy.ndarray) and self._alone:
            return [grads]
        if isinstance(grads, Mapping) and self._named:
            missing, strange = self.arrays.keys() - grads.keys(), grads.keys() - self.arrays.keys()
            if missing or strange:
                said = [f"without '{min(missing)}'"] if missing else []
                said += [f"with '{min(map(str, strange))}', which is no parameter"] if strange else []
                raise ValueError(f"{what}s {' and '.join(said)}")
            return [grads[name] for name in self.arrays]
        if not self._named and isinstance(grads, Sequence) and not isinstance(grads, (str, bytes)):
            if len(grads) != len(self.arrays):
                raise ValueError(f"expected {len(self.arrays)} {what}s, got {len(grads)}")
            return list(grads)
        form = "a dictionary" if self._named else "an array" if self._alone else "a list"
        raise TypeError(f"{what}s must come as the parameters did, as {form}, not {type(grads).__name__}")

    def of(self, arrays: list[Any]) -> Any:
        """The arrays in this form."""
        if self._alone:
            return arrays[0]
        return dict(zip(self.arrays, arrays)) if self._named else list(arrays)


def _check(array: Any, label: str, writable: bool, layout: bool = True) -> None:
    if not isinstance(array, numpy.ndarray):
        raise TypeError(f"{label} must be an array of NumPy, not {type(array).__name__}")
    if array.dtype not in (numpy.float32, numpy.float64) or not array.dtype.isnative:
        raise ValueError(f"{label} must be of float32 or float64, not {array.dtype}")
    flags = array.flags
    if layout and not (flags.c_contiguous and flags.aligned):
        raise ValueError(f"{label} must be C-contiguous and aligned; numpy.ascontiguousarray makes a copy that is")
    if writable and not flags.writeable:
        raise ValueError(f"{label} is read-only")


def _address(array: Any) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _native_schedule(schedule: Schedule | str | None) -> Any:
    if isinstance(schedule, str):
        schedule = Schedule(schedule)
    return None if schedule is None else schedule._native


def _class(entry: dict[str, Any]) -> type[Optimizer]:
    rule = entry["name"]

    def init(self: Optimizer, params: Arrays, **settings: Any) -> None:
        Optimizer.__init__(self, rule, params, **settings)

    lines = [f"{entry['title']}: {entry['formula']}.", "", entry["advice"], "", f"From {entry['source']}.", ""]
    lines += [f":param {param['name']}: {param['doc']} Default: {text(param['default'])}." for param in entry["hyper"]]
    lines += ["", "Further keywords are those of :class:`Optimizer`."]
    name = class_name(rule)
    return type(
        name, (Optimizer,), {"__init__": init, "__doc__": "\n".join(lines), "__module__": __name__, "rule": rule}
    )


def __getattr__(name: str) -> Callable[..., Optimizer]:
    raise AttributeError(f"there is no optimizer '{name}'; there are: {', '.join(_classes)}")


_classes = {made.__name__: made for made in map(_class, rules())}
globals().update(_classes)
__all__ = ["Arrays", "Group", "Optimizer", "Outcome", *_classes]
