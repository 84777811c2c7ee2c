#!/usr/bin/env python3
"""Training steps of Ravine's layers and engine against PyTorch's on this processor: prints the median of the ratios.

    python3 -m venv env && env/bin/pip install torch
    env/bin/python tools/versus_torch.py [mlp cnn gpt lstm] [--rounds 7] [--seconds 3] [--threads 2]

The models are those of `cargo bench -p ravine-nn --bench models`, with fused AdamW. Rounds alternate between the two,
each in a process of its own, so that a machine that others use too slows both alike. Memory is the peak of the process.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

MODELS = ["mlp", "cnn", "gpt", "lstm"]
TOKENS, FEATURES = 96, 128


def transformer(torch):
    """Four pre-norm blocks of causal attention with 4 heads, context 128."""
    nn, F = torch.nn, torch.nn.functional
    heads, context = 4, 128

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.inward, self.outward = nn.LayerNorm(FEATURES), nn.Linear(FEATURES, 3 * FEATURES), nn.Linear(FEATURES, FEATURES)

        def forward(self, x):
            parts = self.inward(self.norm(x)).unflatten(-1, (3, heads, -1)).unbind(-3)
            query, key, value = (part.transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            return x + self.outward(mixed.transpose(1, 2).flatten(2))

    class Think(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.LayerNorm(FEATURES), nn.Linear(FEATURES, 4 * FEATURES), nn.GELU(), nn.Linear(4 * FEATURES, FEATURES)
            )

        def forward(self, x):
            return x + self.body(x)

    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(context, FEATURES))

        def forward(self, x):
            return x + self.weight

    blocks = [part() for _ in range(4) for part in (Attend, Think)]
    head = [nn.LayerNorm(FEATURES), nn.Linear(FEATURES, TOKENS, bias=False)]
    return nn.Sequential(nn.Embedding(TOKENS, FEATURES), Positions(), *blocks, *head)


def recurrent(torch):
    """One LSTM layer."""
    nn = torch.nn

    class Results(nn.Module):
        def forward(self, x):
            return x[0]

    lstm = nn.LSTM(FEATURES, FEATURES, batch_first=True)
    return nn.Sequential(nn.Embedding(TOKENS, FEATURES), lstm, Results(), nn.Linear(FEATURES, TOKENS))


def torch_model(torch, name):
    """A model with a batch for it: inputs and the class of each row of results."""
    nn = torch.nn
    tokens = lambda *shape: torch.randint(TOKENS, shape)
    match name:
        case "mlp":
            layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)]
            return nn.Sequential(*layers), torch.rand(128, 784), torch.randint(10, (128,))
        case "cnn":
            convolve = lambda i, o: [nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            dense = [nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10)]
            model = nn.Sequential(*convolve(1, 32), *convolve(32, 64), *dense)
            return model, torch.rand(64, 1, 28, 28), torch.randint(10, (64,))
        case "gpt":
            return transformer(torch), tokens(16, 128), tokens(16 * 128)
        case "lstm":
            return recurrent(torch), tokens(32, 100), tokens(32 * 100)


def torch_round(name, seconds, threads):
    """The median milliseconds of a step in PyTorch, and the peak memory in MiB."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, x, y = torch_model(torch, name)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    times, start = [], time.perf_counter()
    warm = start + min(1.0, seconds / 3)
    while (now := time.perf_counter()) < warm + seconds:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x).flatten(0, -2), y).backward()
        optimizer.step()
        if now > warm:
            times.append(time.perf_counter() - now)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"total_ms": statistics.median(times) * 1e3, "peak_mib": peak}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="of " + ", ".join(MODELS) + "; all if none is given")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [model for model in options.models if model not in MODELS]
    if unknown:
        parser.error(f"unknown model {unknown[0]}; there are: {', '.join(MODELS)}")
    if options.torch:
        print(json.dumps(torch_round(options.models[0], options.seconds, options.threads)))
        return
    root = pathlib.Path(__file__).resolve().parent.parent
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))

    def run(*command):
        limits = ["--seconds", str(options.seconds), "--threads", str(options.threads)]
        done = subprocess.run([*command, *limits], cwd=root, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout.splitlines()[-1])

    ravine = lambda model: run("cargo", "bench", "--quiet", "-p", "ravine-nn", "--bench", "models", "--", model)
    torch = lambda model: run(sys.executable, __file__, model, "--torch")
    ravine("mlp")  # Builds, and warms the disk.
    for model in options.models or MODELS:
        rows = []
        for number in range(options.rounds):
            ours, theirs = ravine(model), torch(model)
            rows.append((ours["total_ms"], theirs["total_ms"], ours["peak_mib"], theirs["peak_mib"]))
            print(f"{model} round {number + 1}: ravine {rows[-1][0]:.3f} ms, torch {rows[-1][1]:.3f} ms, ratio {rows[-1][0] / rows[-1][1]:.2f}", flush=True)
        ours, theirs, memory, other = (statistics.median(column) for column in zip(*rows))
        ratio = statistics.median(row[0] / row[1] for row in rows)
        print(f"{model} medians: ravine {ours:.3f} ms {memory:.0f} MiB, torch {theirs:.3f} ms {other:.0f} MiB, ratio {ratio:.2f}", flush=True)


main()
