"""Runs PyTorch's own tests of optimizers and schedulers with Ravine's classes in the place of PyTorch's.

    python tools/torch_suite.py PATH [arguments of pytest]

PATH is a checkout of PyTorch of the version that is installed. What runs is ``test/test_optim.py``, with
``test/optim/test_optim.py`` and ``test/optim/test_lrscheduler.py``, on the CPU; ``pip install pytest expecttest hypothesis``
first. ``test/optim/test_swa_utils.py`` makes no optimizer. At the end it says how many steps the engine made and how many
were left to PyTorch.
"""

from __future__ import annotations

import pathlib
import sys

import pytest
import torch

import ravine.torch
import ravine.torch.lr_scheduler
from ravine.torch._engine import Engine

#: Tests that cannot pass, with the reason.
EXCEPT: dict[str, str] = {}


def put_in_place() -> None:
    """Makes the names of ``torch.optim`` stand for Ravine's classes."""
    for name in ravine.torch.optim.__all__:
        setattr(torch.optim, name, getattr(ravine.torch, name))
    for name in ravine.torch.lr_scheduler.__all__:
        if name != "LRScheduler" and hasattr(torch.optim.lr_scheduler, name):
            setattr(torch.optim.lr_scheduler, name, getattr(ravine.torch.lr_scheduler, name))


class Count:
    """Counts steps by who made them."""

    def __init__(self) -> None:
        self.native = self.other = 0
        run, otherwise = Engine._run, ravine.torch.optim.DropIn._step_otherwise

        def counted_run(*arguments: object) -> None:
            self.native += 1
            run(*arguments)  # type: ignore[arg-type]

        def counted_otherwise(*arguments: object) -> None:
            self.other += 1
            otherwise(*arguments)  # type: ignore[arg-type]

        setattr(Engine, "_run", counted_run)
        setattr(ravine.torch.optim.DropIn, "_step_otherwise", counted_otherwise)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for name, why in EXCEPT.items():
                if item.name.startswith(name):
                    item.add_marker(pytest.mark.xfail(reason=why, strict=True))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"steps: {self.native} by the engine, {self.other} by PyTorch")


def main(arguments: list[str]) -> int:
    """The exit status of pytest."""
    if not arguments or not (pathlib.Path(arguments[0]) / "test/test_optim.py").is_file():
        print(__doc__)
        return 2
    tests = pathlib.Path(arguments[0]) / "test"
    put_in_place()
    sys.path.insert(0, str(tests))
    return pytest.main([str(tests / "test_optim.py"), "-q", "--rootdir", str(tests), *arguments[1:]], [Count()])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
