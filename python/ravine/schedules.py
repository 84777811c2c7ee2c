"""Learning-rate schedules: pure functions of the step.

Each schedule of the engine is a function here that takes the learning rate and its settings and gives a
:class:`Schedule`, which is called with a step, counted from 0::

    from ravine import schedules

    lr = schedules.cosine(3e-4, steps=10_000, warmup=500)
    lr(0)                        # a float
    lr(np.arange(10_500))        # an array
    optax.adamw(lr)              # a step of JAX, traced or not

The value is a function of the step alone, so a resumed run needs nothing but its step. The values have the bits of the
engine's.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from ravine._native import Schedule as _Native
from ravine._native import schedules as _catalogue

#: What the engine says of each schedule: name, title, formula, advice, source, settings with ranges and defaults.
CATALOGUE: list[dict[str, Any]] = _catalogue()
#: A run's length that nobody writes: a schedule that looks different in it takes a length from the run.
_ODD_RUN = 1_000_003


class Schedule:
    """A learning-rate schedule: a pure function of the step, counted from 0.

    ``spec`` is a text such as ``"cosine:warmup=5%,min=1e-5"``, ``"constant for 80% then linear"`` or
    ``"exponential:gamma=0.9 * step:step_size=100"``; ``lr`` the learning rate that it starts from or rises to; ``run``
    the steps of the run, which fill in lengths that the text leaves out and shares in per cent.

    :raises ValueError: a text that is no schedule; a setting out of range; a length that only ``run`` could tell,
        without it.
    """

    __slots__ = ("__weakref__", "_lr", "_native")

    def __init__(self, spec: str, lr: float = 1.0, run: int = 0) -> None:
        self._native = _Native(spec, _count("run", run))
        self._lr = float(lr)
        if not 0.0 <= self._lr < float("inf"):
            raise ValueError(f"lr must be 0 or more, not {lr}")
        if not run and _Native(spec, _ODD_RUN).spec() != self._native.spec():
            raise ValueError(f"'{spec}' takes a length from the run: give its lengths, or run=<steps of the run>")

    @property
    def spec(self) -> str:
        """The text that gives the same schedule."""
        return self._native.spec()

    @property
    def lr(self) -> float:
        """The learning rate that it starts from or rises to."""
        return self._lr

    @property
    def length(self) -> int | None:
        """The steps that it fills, where its settings say so."""
        return self._native.length()

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step: a float for a whole number, an array of float64 for an array of them.

        For an array of JAX the value is one of JAX, of its default type for floats. Under ``jit``, ``grad``, ``vmap``
        or ``scan`` the engine is called back, on the host; :meth:`table` avoids that.
        """
        if _is_jax(step):
            return self._traced(step)
        try:
            return self._native.lr(self._lr, _count("step", operator.index(step)))
        except TypeError:
            return self._array(step, lambda steps: self._native.lrs(self._lr, steps))

    def momentum(self, step: Any) -> Any:
        """The momentum of a step, or None if the schedule leaves it alone; for an array of steps an array."""
        try:
            return self._native.momentum(_count("step", operator.index(step)))
        except TypeError:
            if self._native.momentum(0) is None:
                return None
            return self._array(step, self._native.momenta)

    def table(self, steps: int | None = None) -> Any:
        """The learning rates of the first ``steps`` steps as an array of float64; all of them where its settings say
        how many.

        In JAX, ``table = jnp.asarray(schedule.table(steps))`` and ``lambda step: table[step]`` is the same schedule
        without a call back to the host; beyond the end JAX gives the last value.
        """
        import numpy

        steps = self.length if steps is None else steps
        if steps is None:
            raise ValueError(f"'{self.spec}' has no end of its own: give the number of steps")
        return self(numpy.arange(_count("steps", steps)))

    def keras(self) -> Any:
        """The same as a ``keras.optimizers.schedules.LearningRateSchedule``; needs Keras 3.

        With the backends JAX and PyTorch it is called as it is; with TensorFlow inside a graph it calls back to the
        host.
        """
        from ravine._keras import RavineSchedule

        return RavineSchedule(self.spec, self._lr)

    def then(self, steps: int, next: Schedule | str) -> Schedule:
        """This schedule for ``steps`` steps, then ``next`` from its step 0."""
        return self._joined(f"({self.spec}) for {_count('steps', steps)} then ({self._operand(next)})")

    def __mul__(self, other: Schedule | str | float) -> Schedule:
        """The product with a factor, or with another schedule as factor."""
        if isinstance(other, (int, float)):
            return self._joined(f"({self.spec}):scale={float(other)!r}")
        return self._joined(f"({self.spec}) * ({self._operand(other)})")

    def warmup(self, steps: int, start: float = 0.0, shape: str = "linear") -> Schedule:
        """With ``steps`` steps of warmup in front, from the share ``start`` of its first learning rate."""
        return self._joined(
            f"({self.spec}):warmup={_count('steps', steps)},warmup_from={float(start)!r},warmup_shape={shape}"
        )

    def restart(self, every: int) -> Schedule:
        """Begun again every ``every`` steps."""
        return self._joined(f"({self.spec}):restart={_count('every', every)}")

    def _joined(self, spec: str) -> Schedule:
        return Schedule(spec, self._lr)

    def _operand(self, other: Schedule | str) -> str:
        if not isinstance(other, Schedule):
            return Schedule(other).spec
        if other._lr not in (self._lr, 1.0):
            raise ValueError(f"one schedule starts from {self._lr}, the other from {other._lr}; scale one instead")
        return other.spec

    @staticmethod
    def _array(step: Any, values: Callable[[bytes], bytes]) -> Any:
        import numpy

        steps = numpy.asarray(step)
        if steps.dtype.kind not in "iu" and steps.size:
            raise TypeError(f"a step must be a whole number, not {type(step).__name__} of {steps.dtype}")
        if steps.dtype == numpy.uint64 and steps.size and steps.max() > numpy.iinfo(numpy.int64).max:
            raise ValueError("a step beyond 2**63")
        got = values(steps.astype(numpy.int64).tobytes())
        return numpy.frombuffer(got, dtype=numpy.float64).reshape(steps.shape).copy()

    def _traced(self, step: Any) -> Any:
        import jax
        import numpy

        if not jax.numpy.issubdtype(step.dtype, jax.numpy.integer):
            raise TypeError(f"a step must be a whole number, not {step.dtype}")
        dtype = jax.dtypes.canonicalize_dtype(numpy.float64)
        shape = jax.ShapeDtypeStruct(step.shape, dtype)

        def host(steps: Any) -> Any:
            return numpy.asarray(self(numpy.asarray(steps)), dtype)

        return jax.pure_callback(host, shape, step, vmap_method="broadcast_all")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and (self._lr, self.spec) == (other._lr, other.spec)

    def __hash__(self) -> int:
        return hash((self._lr, self.spec))

    def __reduce__(self) -> Any:
        return Schedule, (self.spec, self._lr)

    def __repr__(self) -> str:
        return f"Schedule({self.spec!r}, lr={self._lr!r})"


def _is_jax(value: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def _count(name: str, value: Any) -> int:
    count = operator.index(value)
    if not 0 <= count < 2**63:
        raise ValueError(f"a {name} must be 0 or more, not {count}")
    return count


def text(value: Any) -> str:
    """A setting as the engine writes it: ``true``, ``0.9/0.999``, ``30/80``, ``1e-05``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "/".join(map(text, value))
    if isinstance(value, str):
        return value
    try:
        return str(operator.index(value))
    except TypeError:
        return repr(float(value))


#: Settings that every schedule takes besides its own.
COMMON: dict[str, str] = {
    "restart": "Begins again every so many steps; 0 for never.",
    "scale": "Multiplies the learning rate.",
    "warmup": "Steps of warmup in front, or a share of the run such as ``'5%'``.",
    "warmup_from": "Share of the first learning rate from which the warmup rises.",
    "warmup_shape": "``'linear'`` or ``'exponential'``.",
}


def _function(entry: dict[str, Any], name: str) -> Callable[..., Schedule]:
    own = [param["name"] for param in entry["hyper"]]

    def schedule(lr: float = 1.0, *, run: int = 0, **settings: Any) -> Schedule:
        for key in settings:
            if key not in own and key not in COMMON:
                raise TypeError(f"{schedule.__name__}() has no setting '{key}'; it has: {', '.join([*own, *COMMON])}")
        pairs = ",".join(f"{key}={text(value)}" for key, value in settings.items())
        return Schedule(f"{name}:{pairs}" if pairs else name, lr, run)

    schedule.__name__ = schedule.__qualname__ = name.replace("-", "_")
    lines = [f"{entry['title']}: {entry['formula']}.", "", entry["advice"], "", f"From {entry['source']}.", ""]
    lines += [
        f":param {param['name']}: {param['doc']} Default: {text(param['default']) or 'none'}."
        for param in entry["hyper"]
    ]
    lines += [f":param {key}: {doc}" for key, doc in COMMON.items()]
    lines += [":param run: Steps of the run, from which lengths that are not given follow."]
    schedule.__doc__ = "\n".join(lines)
    return schedule


def __getattr__(name: str) -> Callable[..., Schedule]:
    known = ", ".join(made for made in __all__ if made.islower())
    raise AttributeError(f"there is no schedule '{name}'; there are: {known}")


__all__ = ["CATALOGUE", "COMMON", "Schedule"]
for _entry in CATALOGUE:
    for _name in [_entry["name"], *(preset for preset, _ in _entry["presets"])]:
        _made = _function(_entry, _name)
        globals()[_made.__name__] = _made
        __all__.append(_made.__name__)
