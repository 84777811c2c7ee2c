"""Writes the type stub of the classes that are made from the catalogue: ``python tools/stubs.py`` after a rule changed."""

from __future__ import annotations

import inspect
import pathlib

from ravine.torch import rules

PATH = pathlib.Path(rules.__file__).with_suffix(".pyi")
HEAD = '''\
# Made by tools/stubs.py from the catalogue.
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor

from ravine.torch._engine import Engine

__all__ = {names}


class RuleOptimizer(Engine):
    def __init__(self, params: Iterable[Any], lr: float | Tensor | None = None, **hyper: Any) -> None: ...
    def add_param_group(self, param_group: dict[str, Any]) -> None: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> None: ...
    def evaluation(self) -> AbstractContextManager[None]: ...


class CurvatureOptimizer(RuleOptimizer):
    def update_hessian(self) -> None: ...
'''


def annotation(value: object) -> str:
    """The type of a hyper-parameter with this default."""
    if isinstance(value, tuple):
        kind = "int" if value and isinstance(value[0], int) else "float"
        return f"tuple[{kind}, {kind}]" if len(value) == 2 else f"tuple[{kind}, ...]"
    return type(value).__name__


def stub() -> str:
    """The text of the stub."""
    listed = "".join(f"    {name!r},\n" for name in rules.__all__).replace("'", '"')
    parts = [HEAD.replace("{names}", f"[\n{listed}]")]
    for name in rules.__all__[2:]:
        cls = getattr(rules, name)
        lines = [f"class {name}({cls.__base__.__name__}):", "    def __init__(", "        self,", "        params: Iterable[Any],"]
        for parameter in [*inspect.signature(cls).parameters.values()][1:]:
            if parameter.name == "lr":
                lines += [f"        lr: float | Tensor = {parameter.default!r},", "        *,"]
            else:
                kind = annotation(parameter.default)
                lines.append(f"        {parameter.name}: {kind} = {parameter.default!r},")
        parts.append("\n".join([*lines, "    ) -> None: ..."]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PATH.write_text(stub())
