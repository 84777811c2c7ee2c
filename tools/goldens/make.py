"""Makes the golden trajectories: `make.py` writes them all, `make.py torch optax` some, `make.py --check` compares."""

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors import safe_open

import common

GOLDENS = Path(__file__).resolve().parents[2] / "crates/ravine/tests/goldens"
# The file `rules-<name>.safetensors`, and the module that makes it.
FILES = {
    "torch": "from_torch",
    "peers": "from_peers",
    "timm": "from_timm",
    "pytorch_optimizer": "from_pytorch_optimizer",
    "optax": "from_optax",
    "papers": "papers",
}
# Compilers and BLAS may round differently on another machine.
TOLERANCE = 1e-9


def read(path):
    with safe_open(path, "numpy") as file:
        return file.metadata(), {key: file.get_tensor(key) for key in file.keys()}


def compare(old, new):
    """The largest difference of any tensor, relative to the tensor's magnitude, and where it is."""
    (old_meta, old_tensors), (new_meta, new_tensors) = read(old), read(new)
    strays = [(1.0, f"metadata of {key}") for key in {*old_meta, *new_meta} if old_meta.get(key) != new_meta.get(key)]
    strays += [(1.0, f"only one has {key}") for key in {*old_tensors} ^ {*new_tensors}]
    for key in {*old_tensors} & {*new_tensors}:
        a, b = old_tensors[key], new_tensors[key]
        stray = np.abs(a - b).max() / max(np.abs(a).max(), 1e-30) if a.shape == b.shape else 1.0
        strays.append((float(stray), key))
    return max(strays)


def table(folder):
    """Every configuration, a row for each class, for CONFIGS.md."""
    rows = ["# Configurations", "", "Written by `make.py`. Options not named are at the library's defaults.", ""]
    for name in FILES:
        meta, _ = read(folder / f"rules-{name}.safetensors")
        made = {key: json.loads(text) for key, text in meta.items() if '"library"' in text}
        versions = sorted({f"{about['library']} {about['version']}" for about in made.values() if "version" in about})
        rows += [f"## rules-{name}.safetensors", "", ", ".join(versions) or "The papers' algorithms in NumPy.", ""]
        rows += ["| class | inputs | configurations |", "| --- | --- | --- |"]
        groups = {}
        for key, about in sorted(made.items()):
            prefix, label = key.rsplit(".", 1)
            groups.setdefault((prefix, about.get("inputs", "own")), []).append(f"{label} {words(about)}".strip())
        rows += [f"| {prefix} | {kind} | {'; '.join(items)} |" for (prefix, kind), items in groups.items()] + [""]
    return "\n".join(rows)


def words(about):
    """The options and whatever else was done, in a cell of a table."""
    plain = ("library", "version", "class", "inputs", "kwargs", "source")
    options = ", ".join(f"{key}={value}" for key, value in about["kwargs"].items())
    rest = ", ".join(f"{key}: {value}" for key, value in about.items() if key not in plain)
    text = (f"({options})" if options else "") + (f" [{rest}]" if rest else "")
    return text.replace("|", "\\|")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"files to make, of {', '.join(FILES)}")
    parser.add_argument(
        "--check", action="store_true", help="make them elsewhere and compare with those in the repository"
    )
    given = parser.parse_args()
    if wrong := [name for name in given.names if name not in FILES]:
        parser.error(f"no such file: {', '.join(wrong)}")

    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if given.check else GOLDENS
        common.save_inputs(folder / "inputs.safetensors")
        made = ["inputs"]
        for name in given.names or FILES:
            module = importlib.import_module(FILES[name])
            goldens = list(module.goldens())
            common.save(folder / f"rules-{name}.safetensors", goldens, module.classes())
            made.append(f"rules-{name}")
        for name in made:
            path = folder / f"{name}.safetensors"
            line = f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {len(read(path)[0])} entries"
            if given.check:
                stray, where = compare(GOLDENS / path.name, path)
                failed |= stray > TOLERANCE
                line += f", largest difference {stray:.1e} at {where}"
            print(line)
        if not given.check and not given.names:
            (Path(__file__).parent / "CONFIGS.md").write_text(table(folder))
    sys.exit(failed)


if __name__ == "__main__":
    main()
