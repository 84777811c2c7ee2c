#!/usr/bin/env python3
"""Training steps of Ravine's layers and engine against PyTorch's on this processor: prints the median of the ratios.

    python3 -m venv env && env/bin/pip install torch
    env/bin/python tools/versus_torch.py [--rounds 7] [--seconds 3] [--threads 2]

The model is the 784-512-256-10 perceptron with ReLU, batch 128, AdamW. Rounds alternate between the two, each in a
process of its own, so that a machine that others use too slows both alike.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

WIDTHS, BATCH = [784, 512, 256, 10], 128


def torch_round(seconds, threads):
    """The median milliseconds of a step in PyTorch."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    x, y = torch.rand(BATCH, WIDTHS[0]), torch.randint(WIDTHS[-1], (BATCH,))
    times, start = [], time.perf_counter()
    warm = start + min(1.0, seconds / 3)
    while (now := time.perf_counter()) < warm + seconds:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        if now > warm:
            times.append(time.perf_counter() - now)
    return statistics.median(times) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch:
        print(torch_round(options.seconds, options.threads))
        return
    root = pathlib.Path(__file__).resolve().parent.parent
    limits = ["--seconds", str(options.seconds), "--threads", str(options.threads)]
    ravine = ["cargo", "bench", "--quiet", "-p", "ravine-nn", "--bench", "models", "--", "mlp", *limits]
    torch = [sys.executable, __file__, "--torch", *limits]
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))

    def run(command):
        return subprocess.run(command, cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    run(ravine)  # Builds, and warms the disk.
    rows = []
    for round_number in range(options.rounds):
        ours, theirs = json.loads(run(ravine).splitlines()[-1])["total_ms"], float(run(torch))
        rows.append((ours, theirs))
        print(f"round {round_number + 1}: ravine {ours:.3f} ms, torch {theirs:.3f} ms, ratio {ours / theirs:.2f}", flush=True)
    ours, theirs = (statistics.median(column) for column in zip(*rows))
    ratio = statistics.median(a / b for a, b in rows)
    print(f"medians: ravine {ours:.3f} ms, torch {theirs:.3f} ms, ratio {ratio:.2f}")


main()
