"""Trials in processes of their own: what runs in them, and the end of the pipe that holds them."""

from __future__ import annotations

import math
import multiprocessing
import pickle
import signal
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from ravine.schedules import Schedule

#: Seconds between two looks at whether to stop.
_TICK = 0.1


class TrialError(RuntimeError):
    """A training function that failed, or its process; the message says in which trial, and how."""


@dataclass(frozen=True)
class Config:
    """One trial: what a training function is told."""

    #: The optimizer's name as it was given to :func:`ravine.compare`.
    optimizer: str
    #: What the name stands for, where optimizers were given as a dictionary; else the name.
    value: Any
    #: The learning rate.
    lr: float
    #: The schedule, a function of the step that starts from or rises to ``lr``.
    schedule: Schedule
    #: Optimizer steps to make.
    steps: int
    #: Whether this trial is for tuning: then the test split must be left alone, and what is returned of it is not
    #: looked at.
    tuning: bool


class _Stop(BaseException):
    """Ends a training function whose trial is over."""


class _Gone(BaseException):
    """Ends a training function that nobody listens to any more."""


class Report:
    """Takes the evaluations of a trial."""

    def __init__(self, pipe: Connection, metric: str, lr: Schedule) -> None:
        self._pipe = pipe
        self._metric = metric
        self._lr = lr
        self._step = -1
        self._spent = 0.0
        self._since: float | None = time.perf_counter()

    def __call__(
        self,
        step: int,
        loss: float,
        metric: float | None = None,
        *,
        train_loss: float = math.nan,
        lr: float | None = None,
        grad_norm: float = math.nan,
    ) -> None:
        """Reports an evaluation on the validation split after ``step`` optimizer steps; best once before the first
        step, and then some 20 times. ``loss`` is the validation loss, ``metric`` the value of the metric that the
        comparison is about: the loss if it is left out. The time that evaluations take does not count if
        :meth:`evaluating` is called before them.
        """
        self.evaluating()
        if metric is None:
            if self._metric != "loss":
                raise TypeError(f"report() needs the metric of the comparison, {self._metric}")
            metric = loss
        step = int(step)
        if step <= self._step:
            raise ValueError(f"report() was called for step {step} after step {self._step}")
        self._step = step
        point = {
            "step": step,
            "loss": float(loss),
            "metric": float(metric),
            "train_loss": float(train_loss),
            "lr": float(self._lr(step) if lr is None else lr),
            "grad_norm": float(grad_norm),
            "seconds": self._spent,
        }
        try:
            self._pipe.send(("point", point))
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise _Gone from None
        if answer == "stop":
            raise _Stop
        self._since = time.perf_counter()

    def evaluating(self) -> None:
        """Says that training pauses for an evaluation, until the report of it."""
        if self._since is not None:
            self._spent += time.perf_counter() - self._since
            self._since = None


def work(pipe: Connection, packed: bytes, metric: str) -> None:
    """The life of a process: trials, one after the other, until there are no more."""
    # An interruption from the terminal is the other side's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        train, values = pickle.loads(packed)
    except BaseException:
        pipe.send(("broken", traceback.format_exc()))
        return
    pipe.send(("ready", None))
    while True:
        try:
            told = pipe.recv()
        except EOFError:
            return
        if told is None:
            return
        config, seed = told
        config = replace(config, value=values[config.optimizer])
        try:
            result = train(config, seed, Report(pipe, metric, config.schedule))
            answer: tuple[str, Any] = ("end", _test(result, metric))
        except _Stop:
            continue
        except _Gone:
            return
        except ArithmeticError:
            # Numbers that left their range are a trial that failed, not a mistake in the function.
            answer = ("end", {"end": "diverged", "reason": traceback.format_exc()})
        except BaseException:
            answer = ("raised", traceback.format_exc())
        pipe.send(answer)


def _test(result: Any, metric: str) -> dict[str, Any]:
    """What a training function returned: nothing, the metric, or (loss, metric) on the test split."""
    if result is None:
        return {"end": "finished", "test": False}
    if isinstance(result, dict):
        missing = {"loss", metric} - result.keys()
        if missing:
            raise TypeError(f"a dictionary of test results needs 'loss' and '{metric}', not {sorted(map(str, result))}")
        loss, value = result["loss"], result[metric]
    elif isinstance(result, (tuple, list)):
        loss, value = result
    else:
        loss = value = result
        if metric != "loss":
            loss = math.nan
    return {"end": "finished", "test": True, "loss": float(loss), "metric": float(value)}


def pack(train: Any, values: dict[str, Any]) -> bytes:
    """A training function, and what names of optimizers stand for, as bytes that another process can read."""
    if not callable(train):
        raise TypeError(f"train must be a function of (config, seed, report), not {type(train).__name__}")
    try:
        import cloudpickle
    except ImportError:
        cloudpickle = None
    try:
        packed: bytes = (cloudpickle or pickle).dumps((train, values))
    except Exception as error:
        hint = "" if cloudpickle else ", or install cloudpickle, which packs functions of notebooks and closures too"
        raise TypeError(
            f"the training function and the optimizers cannot be sent to another process ({error}): define them at the "
            f"top level of a module, with what they use made inside{hint}"
        ) from error
    return packed


class Worker:
    """A process that runs trials, made again when it was lost."""

    def __init__(self, packed: bytes, metric: str) -> None:
        self._told = packed, metric
        self._process: Any = None
        self._pipe: Any = None

    def trial(
        self, config: Config, seed: int, stopped: Callable[[], bool], timeout: float | None
    ) -> Generator[dict[str, Any], None, None]:
        """The evaluations of a trial as they are made, and at last what it ended with.

        :raises TrialError: the function raised, or its process died or took too long.
        """
        where = f"{config.optimizer} with {config.schedule.spec}, lr={config.lr}, seed={seed}"
        end = time.monotonic() + timeout if timeout else math.inf
        if self._process is None or not self._process.is_alive():
            self._start(stopped)
        over, reported = False, False
        try:
            self._pipe.send((config, seed))
            while True:
                kind, said = self._receive(stopped, end, where)
                if kind == "raised":
                    over = True
                    raise TrialError(f"the training function raised in the trial {where}:\n{said}")
                if kind == "end":
                    over = True
                    if not reported and said["end"] == "finished":
                        raise TrialError(f"the training function reported no evaluation in the trial {where}")
                    yield said
                    return
                reported = True
                yield said
                self._pipe.send("go")
        except GeneratorExit:
            if not over:
                # It ends early, while its process waits for a word.
                self._pipe.send("stop")
                over = True
            raise
        except (BrokenPipeError, ConnectionResetError):
            raise TrialError(self._death(where)) from None
        finally:
            if not over:
                self.end()

    def _start(self, stopped: Callable[[], bool]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        # Not a daemon, which could have no processes of its own, as loaders of data do.
        self._process = context.Process(target=work, args=(other, *self._told))
        self._process.start()
        other.close()
        kind, said = self._receive(stopped, math.inf, None)
        if kind == "broken":
            self.end()
            raise TrialError(
                "the training function cannot be read in another process; define it in a module that can be imported "
                f"there, or install cloudpickle:\n{said}"
            )

    def _receive(self, stopped: Callable[[], bool], end: float, where: str | None) -> Any:
        while not self._pipe.poll(_TICK):
            if stopped():
                raise TrialError("interrupted")
            if time.monotonic() > end:
                raise TrialError(f"the trial {where} took longer than its timeout")
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise TrialError(self._death(where)) from None

    def _death(self, where: str | None) -> str:
        self._process.join(5)
        code = self._process.exitcode
        if where is None:
            return (
                f"a process for trials ended as it began (exit code {code}); a script must call ravine.compare below "
                "`if __name__ == '__main__':`, for each process imports it"
            )
        killed = code is not None and code < 0
        how = (
            f"was killed by signal {-code} ({signal.Signals(-code).name})" if killed else f"ended with exit code {code}"
        )
        memory = "; perhaps the machine was out of memory" if killed and -code == signal.SIGKILL else ""
        return f"the process of the trial {where} {how}{memory}"

    def end(self) -> None:
        """Ends the process at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(2)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._pipe.close()
            self._process = None
