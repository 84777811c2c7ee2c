"""Comparisons of optimizers and schedules on a training function of one's own."""

from __future__ import annotations

import html
import json
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ravine._native import Lab
from ravine._progress import Progress
from ravine._worker import Config, Report, TrialError, Worker, pack
from ravine.schedules import Schedule

#: A training function of (config, seed, report).
Train = Callable[[Config, int, Report], Any]


def compare(
    train: Train,
    optimizers: Sequence[str] | Mapping[str, Any],
    *,
    steps: int,
    schedules: Sequence[str] = ("constant", "cosine"),
    metric: str = "loss",
    higher_is_better: bool | None = None,
    target: float | None = None,
    budget: int = 9,
    tuning_seeds: int = 3,
    seeds: int = 10,
    jobs: int = 1,
    store: str | Path | None = None,
    name: str | None = None,
    errors: str = "raise",
    timeout: float | None = None,
    progress: bool = True,
) -> Comparison:
    """Finds out which optimizer, with which learning rate and schedule, trains a model best.

    ``train(config, seed, report)`` trains one model from ``seed`` with ``config.optimizer``, ``config.lr`` and
    ``config.schedule`` for ``config.steps`` steps, in whatever framework. It calls ``report(step, loss, metric)`` with
    evaluations on the validation split, before the first step and then some 20 times, and returns the metric on the
    test split (or (loss, metric), or a dictionary), or None if there is none: then the reported runs are judged by
    their last validation, on seeds that tuning has not seen.

    Each optimizer with each schedule is an arm. Its learning rate is searched for with ``budget`` values and
    ``tuning_seeds`` seeds, then it is run on ``seeds`` fresh ones, and the laboratory's verdict says which is best, and
    whether the runs can tell. An arm's runs that diverge (a loss that is NaN, infinite, or 100 times the first; an
    ``ArithmeticError``) count as failed.

    Trials run in ``jobs`` processes, which import the module of ``train``: in a script, call this below
    ``if __name__ == "__main__":``. Functions of notebooks need the package cloudpickle. With a folder as ``store`` all
    that happens is kept there as it happens: the same call goes on after an interruption, and gives the same result at
    once when all is done.

    :param optimizers: Names of any meaning, or a dictionary from names to what ``config.value`` is to be.
    :param steps: Optimizer steps of a trial.
    :param schedules: Texts of :mod:`ravine.schedules`.
    :param metric: Name of the metric; ``"loss"`` for the validation loss.
    :param higher_is_better: Whether larger values of it are; by default they are not for the loss, and are for anything
        else.
    :param target: The validation metric whose reaching is timed. By default 1, or 0 where lower is better.
    :param errors: About a training function that raises, dies, or takes longer than ``timeout`` seconds: ``"raise"``
        stops with a :class:`TrialError`, ``"count"`` counts the trial as failed and goes on.
    :raises TrialError: a training function that raised, died, or took too long.
    :raises TypeError: one that cannot be sent to another process.
    :raises ValueError: something out of range, named.
    """
    if errors not in ("raise", "count"):
        raise ValueError(f"errors must be 'raise' or 'count', not '{errors}'")
    if jobs < 1 or steps < 1:
        raise ValueError("jobs and steps must be 1 or more")
    if isinstance(optimizers, str):
        raise TypeError("optimizers must be a list of names or a dictionary, not text")
    values = dict(optimizers) if isinstance(optimizers, Mapping) else {name: name for name in optimizers}
    packed = pack(train, values)
    if not isinstance(optimizers, Mapping) and len(values) != len(optimizers):
        raise ValueError("an optimizer is named twice")
    if higher_is_better is None:
        higher_is_better = metric != "loss"
    name = str(name or getattr(train, "__name__", "training"))
    reason = "named by the caller" if target is not None else "none was named, so that of a perfect model"
    plan = {
        "workloads": [name],
        "optimizers": list(values),
        "schedules": list(schedules),
        "budget": budget,
        "tuning_seeds": tuning_seeds,
        "seeds": seeds,
        "epochs": None,
        "fixed_order": False,
    }
    workload = {
        "name": name,
        "title": f"The function {getattr(train, '__qualname__', name)} of {getattr(train, '__module__', 'Python')}",
        "metric": metric,
        "higher_is_better": higher_is_better,
        "target": float(target if target is not None else higher_is_better),
        "target_reason": reason,
        "split": [0, 0, 0],
        "data_sha256": "",
        "batch": 0,
        "steps": steps,
        "parameters": 0,
        "arms": [],
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary if store is None else store)
        lab = Lab(folder / "runs.sqlite")
        command = (
            f"ravine.compare({getattr(train, '__name__', name)}, {list(values)}, steps={steps}, "
            f"schedules={list(schedules)}, metric={metric!r}, higher_is_better={higher_is_better}, target={target}, "
            f"budget={budget}, tuning_seeds={tuning_seeds}, seeds={seeds}, name={name!r})"
        )
        id, finished = lab.begin(json.dumps(plan), json.dumps(workload), command, jobs)
        failures = folder / f"failures-{id}.jsonl"
        if not finished:
            told = Progress(name) if progress else None
            _Run(lab, id, packed, metric, errors, timeout, failures, told).run(jobs)
            if told:
                told.finish()
        page, data = lab.results(id)
        unfinished = folder / "report.html.new"
        unfinished.write_text(page, encoding="utf-8")
        unfinished.replace(folder / "report.html")
        lines = failures.read_text(encoding="utf-8").splitlines() if failures.exists() else []
        report = None if store is None else folder / "report.html"
        return Comparison(json.loads(data), page, report, [json.loads(line) for line in lines])


_NO_TEST = "No test split: what is called test is the last validation of runs on seeds that tuning has not seen."


class _Run:
    """A comparison under way."""

    def __init__(
        self,
        lab: Lab,
        id: int,
        packed: bytes,
        metric: str,
        errors: str,
        timeout: float | None,
        failures: Path,
        progress: Progress | None,
    ) -> None:
        self._lab, self._id = lab, id
        self._packed, self._metric, self._errors, self._timeout = packed, metric, errors, timeout
        self._failures, self._progress = failures, progress
        self._lock = threading.Lock()
        self._workers: queue.SimpleQueue[Worker] = queue.SimpleQueue()

    def run(self, jobs: int) -> None:
        workers = [Worker(self._packed, self._metric) for _ in range(jobs)]
        for worker in workers:
            self._workers.put(worker)
        failed: list[BaseException] = []

        def drive() -> None:
            try:
                self._lab.run(self._id, jobs, self._trial, self._watch)
            except BaseException as error:
                failed.append(error)

        # In a thread of its own, so that this one hears an interruption.
        thread = threading.Thread(target=drive, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.2)
        except BaseException:
            self._lab.stop()
            thread.join()
            raise
        finally:
            for worker in workers:
                worker.end()
        if failed:
            raise failed[0]

    def _watch(self, event: str, count: int) -> None:
        if self._progress:
            self._progress(event, count)

    def _trial(self, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The evaluations of a trial, and what it ended with."""
        schedule = Schedule(told["schedule"], told["lr"], told["steps"])
        config = Config(told["optimizer"], None, told["lr"], schedule, told["steps"], told["tuning"])
        worker = self._workers.get()
        try:
            with closing(worker.trial(config, told["seed"], self._lab.stopped, self._timeout)) as trial:
                for said in trial:
                    if said.get("end") == "diverged":
                        self._note(told, said["reason"])
                    yield said
        except TrialError as error:
            if self._errors == "raise" or self._lab.stopped():
                raise
            self._note(told, str(error))
            yield {"end": "failed"}
        finally:
            self._workers.put(worker)

    def _note(self, told: dict[str, Any], reason: str) -> None:
        """Keeps why a trial failed."""
        with self._lock, open(self._failures, "a", encoding="utf-8") as file:
            file.write(json.dumps({**told, "reason": reason}) + "\n")
        self._watch("failed", 1)


class Comparison:
    """What a comparison came to. In a notebook it shows itself: the verdict, the table, and the report with its
    plots."""

    def __init__(self, data: dict[str, Any], page: str, report: Path | None, failures: list[dict[str, Any]]) -> None:
        #: Verdict, rows and everything behind them, as the laboratory's JSON has it.
        self.data = data
        #: The report, one page of HTML without references.
        self.html = page
        #: Where it lies, if a store was named.
        self.report = report
        #: Trials that raised or died, and why.
        self.failures = failures

    @property
    def verdict(self) -> str:
        """What to use, and what the runs can and cannot say about it."""
        return str(self.data["verdict"]["sentence"])

    @property
    def claims(self) -> list[str]:
        """The verdict, sentence by sentence."""
        return [claim["text"] for claim in self.data["verdict"]["claims"]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for each arm: settings, estimates with their intervals, times to the target, failures."""
        return list(self.data["rows"])

    @property
    def recommended(self) -> dict[str, Any] | None:
        """The arm to use: optimizer, schedule, learning rate and estimates; None if no run finished."""
        return next((row for row in self.rows if row["recommended"]), None)

    @property
    def has_test(self) -> bool:
        """Whether the training function gave results on a test split; else runs are judged by their last validation."""
        runs = [run for arm in self.data["comparison"]["workloads"][0]["arms"] for run in arm["runs"]]
        return any(run["test"] != run["validation"] for run in runs)

    @property
    def _notes(self) -> list[str]:
        notes = [] if self.has_test else [_NO_TEST]
        if self.failures:
            notes.append(f"{len(self.failures)} trials raised, died, or left the range of numbers: see .failures.")
        return notes

    def table(self) -> str:
        """The rows as text."""
        lines = [self.data["headings"], *self.data["cells"]]
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)

    def save(self, path: str | Path) -> None:
        """Writes the report."""
        Path(path).write_text(self.html, encoding="utf-8")

    def __repr__(self) -> str:
        return "\n\n".join([self.table(), self.verdict, *self._notes])

    def _repr_html_(self) -> str:
        def row(tag: str, cells: list[str], bold: bool = False) -> str:
            style = " style='font-weight:bold'" if bold else ""
            return f"<tr{style}>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

        body = "".join(row("td", cells, made["recommended"]) for cells, made in zip(self.data["cells"], self.rows))
        table = f"<table>{row('th', self.data['headings'])}{body}</table>"
        said = "".join(f"<p>{html.escape(claim)}</p>" for claim in [*self.claims, *self._notes])
        style = "width:100%;height:48em;border:1px solid #8888"
        frame = f'<iframe style="{style}" srcdoc="{html.escape(self.html)}"></iframe>'
        return f"<div>{said}{table}<details open><summary>Report</summary>{frame}</details></div>"
