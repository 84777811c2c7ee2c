"""Comparisons on training functions of Python."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ravine

pytest.importorskip("numpy")

import trainers  # noqa: E402

SMALL = {"steps": 10, "schedules": ["constant"], "budget": 3, "tuning_seeds": 1, "seeds": 2, "progress": False}


def importable(*folders):
    """The environment of a process that finds the package and these folders."""
    folders = [*map(str, folders), str(Path(ravine.__file__).parent.parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])}


def test_a_verdict_with_evidence(tmp_path):
    result = ravine.compare(
        trainers.accuracy,
        ["good", "bad"],
        steps=20,
        schedules=["constant", "cosine"],
        metric="accuracy",
        target=0.8,
        budget=5,
        tuning_seeds=2,
        seeds=5,
        jobs=2,
        store=tmp_path,
        progress=False,
    )
    assert result.recommended["optimizer"] == "good" and result.recommended["lr"] == pytest.approx(0.1, rel=0.35)
    assert [(row["optimizer"], row["runs"], row["failed"]) for row in result.rows] == [("good", 5, 0)] * 2 + [
        ("bad", 5, 0)
    ] * 2
    assert result.recommended["test"]["mean"] == pytest.approx(0.9, abs=0.02)
    assert result.claims[0].startswith("For accuracy: use good")
    assert "better than bad" in result.verdict and result.has_test
    assert result.table().splitlines()[0].startswith("optimizer") and result.verdict in repr(result)
    page = (tmp_path / "report.html").read_text()
    assert page == result.html and "<svg" in page and "ravine train" not in page
    shown = result._repr_html_()
    assert "<table>" in shown and "srcdoc" in shown and "use good" in shown
    runs = result.data["comparison"]["workloads"][0]["arms"][0]["runs"]
    assert [run["seed"] for run in runs] == [1001, 1002, 1003, 1004, 1005]
    assert [point["step"] for point in runs[0]["curve"]] == [0, 10, 20]


def test_real_descent_and_values():
    result = ravine.compare(
        trainers.quadratic, {"gd": 0.0, "momentum": 0.9}, steps=60, budget=4, tuning_seeds=1, seeds=3, progress=False
    )
    assert {row["failed"] for row in result.rows} == {0}
    assert result.recommended["test"]["mean"] < 0.01
    assert not result.has_test and "No test split" in repr(result)


def test_trials_do_not_depend_on_jobs():
    one = ravine.compare(trainers.quadratic, ["0"], jobs=1, **SMALL)
    two = ravine.compare(trainers.quadratic, ["0"], jobs=3, **SMALL)
    pick = lambda result: [(row["lr"], row["validation"], row["test"]) for row in result.rows]  # noqa: E731
    assert pick(one) == pick(two)


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("RAVINE_MARKS", str(marks))
    told = {**SMALL, "metric": "accuracy", "store": tmp_path / "store"}
    first = ravine.compare(trainers.marked, ["good"], **told)
    assert len(list(marks.iterdir())) == 3 * 1 + 2
    again = ravine.compare(trainers.marked, ["good"], **told)
    assert len(list(marks.iterdir())) == 5 and again.rows == first.rows
    ravine.compare(trainers.marked, ["good"], **{**told, "seeds": 3})
    assert len(list(marks.iterdir())) == 5 + 6


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_goes_on_after_an_interruption(tmp_path, sign):
    marks, store = tmp_path / "marks", tmp_path / "store"
    marks.mkdir()
    script = tmp_path / "script.py"
    script.write_text(
        "import ravine, trainers\n"
        "if __name__ == '__main__':\n"
        f"    result = ravine.compare(trainers.slow, ['a', 'b'], steps=1, budget=5, tuning_seeds=3, seeds=5, store={str(store)!r})\n"
        "    print(result.verdict)\n"
    )
    environment = importable(Path(trainers.__file__).parent)
    process = subprocess.Popen(
        [sys.executable, script],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A shell in the background passes on that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    database = store / "runs.sqlite"
    done = lambda: int(count(database))  # noqa: E731
    deadline = time.monotonic() + 120
    while not (database.exists() and done() >= 5):
        assert time.monotonic() < deadline and process.poll() is None, process.stderr.read().decode()
        time.sleep(0.05)
    process.send_signal(sign)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode != 0 and (sign == signal.SIGKILL or b"KeyboardInterrupt" in complaint)
    before = done()
    finished = subprocess.run([sys.executable, script], env=environment, capture_output=True, timeout=300)
    assert finished.returncode == 0, finished.stderr.decode()
    assert b"use " in finished.stdout
    assert before < done() == 2 * 2 * (5 * 3 + 5)


def count(database):
    import sqlite3

    with sqlite3.connect(database) as connection:
        try:
            return connection.execute("SELECT count(*) FROM trial WHERE end IS NOT NULL").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


@pytest.mark.parametrize(
    "train, text",
    [
        (trainers.raises, "raised in the trial a with constant, lr=0.01, seed=1:(.|\n)*a mistake on purpose"),
        (trainers.exits, "the process of the trial a with constant.*ended with exit code 3"),
        (
            trainers.killed_when_large,
            "lr=0.1, .*was killed by signal 9 .SIGKILL.; perhaps the machine was out of memory",
        ),
        (trainers.silent, "reported no evaluation"),
        (trainers.backwards, "step 3 after step 5"),
        (trainers.returns_text, "could not convert string to float"),
    ],
)
def test_a_function_that_fails_stops_the_comparison(train, text):
    with pytest.raises(ravine.TrialError, match=text):
        ravine.compare(train, ["a"], **SMALL)


def test_a_function_that_forgets_the_metric():
    with pytest.raises(ravine.TrialError, match="needs the metric of the comparison, accuracy"):
        ravine.compare(trainers.forgets_the_metric, ["a"], metric="accuracy", **SMALL)


@pytest.mark.parametrize("train", [trainers.raises_when_large, trainers.killed_when_large])
def test_failures_may_be_counted(train, tmp_path):
    result = ravine.compare(train, ["a"], errors="count", store=tmp_path, **SMALL)
    assert result.recommended["lr"] < 0.05 and result.recommended["failed"] == 0
    assert [(failure["lr"], failure["tuning"]) for failure in result.failures] == [(0.1, True)]
    assert "too large" in result.failures[0]["reason"] or "SIGKILL" in result.failures[0]["reason"]


@pytest.mark.parametrize("train", [trainers.nan_when_large, trainers.overflows_when_large])
def test_numbers_out_of_range_are_a_failed_trial(train):
    result = ravine.compare(train, ["a"], **SMALL)
    assert result.recommended["lr"] < 0.05
    tuning = result.data["comparison"]["workloads"][0]["arms"][0]["tuning"]
    assert {(run["lr"], run["end"]) for run in tuning} >= {(0.1, "diverged"), (0.01, "finished")}


def test_no_run_finishes():
    result = ravine.compare(trainers.all_nan, ["a"], **SMALL)
    assert result.recommended is None and result.verdict


def test_training_may_have_processes_of_its_own():
    result = ravine.compare(trainers.has_children, ["a"], **{**SMALL, "budget": 1, "seeds": 1})
    assert result.recommended["failed"] == 0


def test_a_timeout():
    with pytest.raises(ravine.TrialError, match="took longer than its timeout"):
        ravine.compare(trainers.hangs, ["a"], timeout=0.5, **SMALL)


def test_functions_that_cannot_be_sent(monkeypatch):
    lock = __import__("threading").Lock()

    def closure(config, seed, report):
        lock.acquire()

    if importlib.util.find_spec("cloudpickle"):
        with pytest.raises(TypeError, match="cannot be sent to another process.*lock"):
            ravine.compare(closure, ["a"], **SMALL)
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(TypeError, match="cannot be sent to another process.*install cloudpickle"):
        ravine.compare(lambda config, seed, report: None, ["a"], **SMALL)
    with pytest.raises(TypeError, match="must be a function"):
        ravine.compare(3, ["a"], **SMALL)


def test_closures_are_sent_by_cloudpickle():
    pytest.importorskip("cloudpickle")

    def closure(config, seed, report):
        report(0, 1.0)
        report(1, abs(config.lr - config.value(3)))

    result = ravine.compare(closure, {"a": lambda x: 0.01 * x}, **SMALL)
    assert result.recommended["lr"] == pytest.approx(0.01)


def test_a_script_without_its_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import ravine\ndef train(config, seed, report):\n    report(0, 1.0)\nravine.compare(train, ['a'], steps=1)\n"
    )
    environment = importable()
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, timeout=120)
    assert done.returncode != 0 and b"if __name__ == '__main__':" in done.stderr


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"optimizers": "adam"}, TypeError, "a list of names"),
        ({"optimizers": []}, ValueError, "at least one optimizer"),
        ({"optimizers": ["a", "a"]}, ValueError, "named twice"),
        ({"schedules": []}, ValueError, "at least one schedule"),
        ({"schedules": ["csine"]}, ValueError, "csine"),
        ({"schedules": ["constant", "constant"]}, ValueError, "given twice"),
        ({"budget": 0}, ValueError, "budget must be between 1 and 1000"),
        ({"seeds": 0}, ValueError, "seeds must be"),
        ({"steps": 0}, ValueError, "1 or more"),
        ({"errors": "x"}, ValueError, "'raise' or 'count'"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=text):
        ravine.compare(trainers.slow, **{"optimizers": ["a"], **SMALL, **options})


def test_two_processes_do_not_run_one_comparison(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    with pytest.raises(ravine.TrialError):
        ravine.compare(trainers.raises, ["a"], store=tmp_path, **SMALL)
    with open(tmp_path / "runs.sqlite-1.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RuntimeError, match="being run by another process"):
            ravine.compare(trainers.raises, ["a"], store=tmp_path, **SMALL)


def test_progress_in_a_terminal_and_elsewhere(capsys):
    ravine.compare(trainers.slow, ["a"], **{**SMALL, "progress": True})
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("slow:") and "done 5/5 trials" in lines[-1]
