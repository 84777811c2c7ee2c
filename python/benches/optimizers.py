"""Steps of ravine.torch beside those of PyTorch, in one process, in turns.

    python benches/optimizers.py [--rounds 15] [--threads 2] [--only large small half tail compact muon] [--rules AdamW ...]

Prints medians over the rounds of ratios within a round: how many times as long PyTorch's modes take, and how long the step
takes beside a pass that streams as many bytes in place as the rule must move. Ratios above 1 are to our favour but for that
one. All candidates of a row step the same parameters, so that they share caches and memory.

torch.compile of PyTorch's step needs a C++ compiler, and is tried on the large parameters alone, as a thousand take it many
minutes. The 8-bit optimizers of bitsandbytes and torchao are tried where they are installed. What makes no step here is
skipped, and the reason printed.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

import ravine.torch as ours

#: Parameters of each size: how many, and of how many elements.
SIZES = {"large": (20, 1_000_000), "small": (1000, 256)}
#: Steps in a row: but for the first, small tensors and their objects are in cache, where others have not used it since.
REPEAT = {"large": 1, "small": 20}
#: Class, options, streams of the parameters' size that a step must move, and the modes that PyTorch has.
RULES: list[tuple[str, dict[str, Any], float, tuple[str, ...]]] = [
    ("AdamW", {}, 7, ("default", "foreach", "fused")),
    ("Adam", {"amsgrad": True}, 9, ("default", "foreach", "fused")),
    ("SGD", {}, 3, ("default", "foreach", "fused")),
    ("SGD", {"momentum": 0.9}, 5, ("default", "foreach", "fused")),
    ("Adagrad", {}, 5, ("default", "foreach", "fused")),
    ("RMSprop", {}, 5, ("default", "foreach")),
    ("NAdam", {}, 7, ("default", "foreach")),
    ("RAdam", {}, 7, ("default", "foreach")),
    ("Adamax", {}, 7, ("default", "foreach")),
    ("Adadelta", {}, 7, ("default", "foreach")),
    ("Rprop", {}, 7, ("default", "foreach")),
    ("ASGD", {}, 4, ("default", "foreach")),
    ("Adafactor", {}, 3, ("default", "foreach")),
]
#: Those that are tried on parameters of bfloat16 unless others are named.
HALF = ["AdamW", "SGD"]
MODES: dict[str, dict[str, Any]] = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def parameters(size: str, dtype: torch.dtype = torch.float32) -> list[torch.nn.Parameter]:
    """Parameters with gradients."""
    count, numel = SIZES[size]
    # Matrices, for rules that go by rows and columns.
    shape = (math.isqrt(numel), math.isqrt(numel))
    params = [torch.nn.Parameter(torch.randn(shape, dtype=dtype)) for _ in range(count)]
    for param in params:
        param.grad = torch.randn_like(param)
    return params


def stream(params: list[torch.nn.Parameter], streams: float) -> Callable[[], Any]:
    """A pass that reads and writes as many bytes in place."""
    size = sum(param.nbytes for param in params)
    memory = torch.ones(max(1, int(size * streams / 8)))
    return lambda: memory.mul_(1.0000001)


def medians(size: str, candidates: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median, over the rounds, of how long each takes beside the first; and that of the first in milliseconds."""
    repeat = REPEAT[size]
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for candidate in candidates.values():
        candidate()
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            for _ in range(repeat):
                candidate()
            times[name].append((time.perf_counter() - start) / repeat)
    gc.enable()
    first, *others = candidates
    ratios = {
        name: statistics.median(b / a for a, b in zip(times[first], times[name])) for name in others
    }
    return {"ms": 1e3 * statistics.median(times[first]), **ratios}


def add(candidates: dict[str, Callable[[], Any]], name: str, make: Callable[[], Callable[[], Any]]) -> None:
    """Takes up what `make` makes if it can make a step here; else says why not."""
    try:
        step = make()
        step()
    except Exception as error:  # noqa: BLE001
        why = str(error).strip().partition("\n")[0]
        print(f"    without {name}: {type(error).__name__}: {why}", flush=True)
    else:
        candidates[name] = step


def compiled(optimizer: torch.optim.Optimizer) -> Callable[[], Any]:
    """The step of PyTorch's class as torch.compile makes it."""
    torch._dynamo.reset()
    return torch.compile(lambda: optimizer.step())


def line(title: str, found: dict[str, float], streamed: str | None = None) -> None:
    """Prints a row: what `streamed` names is turned, to say how long our step takes beside it."""
    cells = [f"{found.pop('ms'):9.3f} ms"]
    if streamed in found:
        cells.append(f"{1 / found.pop(streamed):6.2f} of the stream")
    cells += [f"{name} {ratio:6.2f}" for name, ratio in found.items()]
    print(f"{title:34}", *cells, sep="  ", flush=True)


def rules(size: str, rounds: int, only: list[str] | None, dtype: torch.dtype = torch.float32) -> None:
    """Every class of torch.optim that the engine steps."""
    params = parameters(size, dtype)
    for name, options, streams, modes in RULES:
        if only and name not in only:
            continue
        candidates = {"ours": getattr(ours, name)(params, lr=1e-6, **options).step}
        candidates["stream"] = stream(params, streams)
        for mode in modes:
            optimizer = getattr(torch.optim, name)(params, lr=1e-6, **options, **MODES[mode])
            candidates[mode] = optimizer.step
        if size == "large":
            optimizer = getattr(torch.optim, name)(params, lr=1e-6, **options)
            add(candidates, "compiled", lambda: compiled(optimizer))
        kind = "" if dtype == torch.float32 else f"{dtype} ".removeprefix("torch.")
        title = f"{size} {kind}{name} {' '.join(options)}"
        line(title, medians(size, candidates, rounds), "stream")


def tail(size: str, rounds: int) -> None:
    """Clipping, AdamW, an average of the weights, and gradients set to 0."""
    params = parameters(size)
    own, ema = ours.AdamW(params, lr=1e-6), ours.EMA(params)
    other = torch.optim.AdamW(params, lr=1e-6, fused=True)
    averages = [param.detach().clone() for param in params]
    weights: list[torch.Tensor] = [*params]
    grads = [param.grad for param in params if param.grad is not None]

    @torch.no_grad()
    def in_torch() -> None:
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        other.step()
        torch._foreach_lerp_(averages, weights, 0.001)
        torch._foreach_zero_(grads)

    candidates = {
        "ours": lambda: ours.fused_tail(own, max_norm=1.0, ema=ema),
        "stream": stream(params, 11),
        "torch, fused AdamW": in_torch,
    }
    line(f"{size} clip + AdamW + EMA + zero", medians(size, candidates, rounds), "stream")


def compact(size: str, rounds: int) -> None:
    """State of 8 bits."""
    params = parameters(size)
    candidates: dict[str, Callable[[], Any]] = {
        "ours": ours.AdamW8bit(params, lr=1e-6).step,
        "ours in f32": ours.AdamW(params, lr=1e-6).step,
        "torch default": torch.optim.AdamW(params, lr=1e-6).step,
        "torch fused": torch.optim.AdamW(params, lr=1e-6, fused=True).step,
    }

    def bitsandbytes() -> Callable[[], Any]:
        import bitsandbytes  # type: ignore[import-not-found]

        return bitsandbytes.optim.AdamW8bit(params, lr=1e-6).step

    def torchao() -> Callable[[], Any]:
        from torchao.optim import AdamW8bit  # type: ignore[import-not-found]

        return AdamW8bit(params, lr=1e-6).step

    add(candidates, "bitsandbytes 8 bits", bitsandbytes)
    add(candidates, "torchao 8 bits", torchao)
    line(f"{size} AdamW of 8 bits", medians(size, candidates, rounds))


class InF32:
    """PyTorch, but for the type that Muon takes its products in."""

    bfloat16 = torch.float32

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def muon(rounds: int) -> None:
    """A matrix of 1024 rows and 4096 columns."""
    params = [torch.nn.Parameter(torch.randn(1024, 4096))]
    params[0].grad = torch.randn_like(params[0])
    own, other = ours.Muon(params, lr=1e-6), torch.optim.Muon(params, lr=1e-6)
    module = importlib.import_module("torch.optim._muon")
    vars(module)["torch"] = InF32()
    try:
        found = medians("large", {"ours": own.step, "torch, products in f32": other.step}, rounds)
    finally:
        vars(module)["torch"] = torch
    line("1024 x 4096 Muon", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=["large", "small", "half", "tail", "compact", "muon"])
    parser.add_argument("--rules", nargs="*")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"torch {torch.__version__}, {arguments.threads} threads, {arguments.rounds} rounds")
    for size in SIZES:
        if size in arguments.only:
            rules(size, arguments.rounds, arguments.rules)
        if "tail" in arguments.only:
            tail(size, arguments.rounds)
        if "compact" in arguments.only:
            compact(size, arguments.rounds)
    if "half" in arguments.only:
        rules("large", arguments.rounds, arguments.rules or HALF, torch.bfloat16)
    if "muon" in arguments.only:
        muon(arguments.rounds)


if __name__ == "__main__":
    main()
