"""Training functions for the tests of comparisons: processes of their own import them from here."""

import math
import os
import signal
import time

import numpy as np


def quadratic(config, seed, report):
    """Gradient descent on a noisy quadratic function, with momentum where the optimizer's value says so."""
    random = np.random.default_rng(seed)
    curvature = np.linspace(0.1, 1, 8)
    w, velocity = random.standard_normal(8), np.zeros(8)
    for step in range(config.steps + 1):
        loss = float(curvature @ (w * w))
        if step % max(1, config.steps // 10) == 0:
            report(step, loss)
        if step < config.steps:
            velocity = float(config.value or 0) * velocity + 2 * curvature * w + 0.01 * random.standard_normal(8)
            w = w - config.schedule(step) * velocity


def accuracy(config, seed, report):
    """Of a made-up model: better the nearer the learning rate is to 0.1, and for the optimizer named good."""
    random = np.random.default_rng(seed)
    best = (0.9 if config.optimizer == "good" else 0.7) - 0.1 * abs(math.log10(config.lr / 0.1))
    for step in (0, config.steps // 2, config.steps):
        share = best * step / config.steps + 0.005 * random.standard_normal()
        report(step, 1 - share, share)
    assert config.tuning == (seed < 1001)
    return {"loss": 1 - best, "accuracy": best + 0.005 * random.standard_normal()}


def marked(config, seed, report):
    """Leaves a file for each trial, and stops for good where the file named `halt` says after how many."""
    folder = os.environ["RAVINE_MARKS"]
    open(
        os.path.join(folder, f"{config.optimizer}-{config.lr}-{config.schedule.spec}-{seed}-{os.urandom(4).hex()}"), "w"
    ).close()
    accuracy(config, seed, report)


def slow(config, seed, report):
    report(0, 1.0)
    time.sleep(0.05)
    report(1, 0.5)


def raises(config, seed, report):
    report(0, 1.0)
    raise RuntimeError("a mistake on purpose")


def raises_when_large(config, seed, report):
    report(0, 1.0)
    if config.lr > 0.05:
        raise RuntimeError("too large")
    report(1, 0.5 + config.lr)


def overflows_when_large(config, seed, report):
    report(0, 1.0)
    report(1, 0.5 / (1 if config.lr < 0.05 else 0))


def nan_when_large(config, seed, report):
    report(0, 1.0)
    report(1, 0.5 if config.lr < 0.05 else math.nan)


def all_nan(config, seed, report):
    report(0, math.nan)


def killed_when_large(config, seed, report):
    report(0, 1.0)
    if config.lr > 0.05:
        os.kill(os.getpid(), signal.SIGKILL)
    report(1, 0.5)


def exits(config, seed, report):
    report(0, 1.0)
    os._exit(3)


def hangs(config, seed, report):
    report(0, 1.0)
    time.sleep(60)


def child(number):
    return number + 1


def has_children(config, seed, report):
    """Has a process of its own, as loaders of data have."""
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        report(0, float(pool.apply(child, (0,))))
        report(1, 0.5)


def silent(config, seed, report):
    pass


def backwards(config, seed, report):
    report(5, 1.0)
    report(3, 1.0)


def forgets_the_metric(config, seed, report):
    report(0, 1.0)


def returns_text(config, seed, report):
    report(0, 1.0)
    return "good"
