"""What every golden shares: the inputs, the recorded steps, and the file that holds them."""

import importlib.metadata
import inspect
import json
from dataclasses import dataclass, field

import numpy as np

STEPS = 50
# The steps whose parameters are kept. The second gradient of step 21 is all 0.
ROWS = [1, 2, 3, 8, 22, 50]
SHAPES = {"std": [(5, 7), (11,), (2, 3, 2)], "mat": [(6, 8), (9, 4), (5, 5)], "square": [(5, 5), (7, 7), (4, 4)]}
SEEDS = {"std": 20240607, "mat": 20240608, "square": 20240610}
SCALES = [1.0, 1.0, 0.1, 10.0, 1.0, 1e-2, 1.0, 1e-4, 1.0, 3.0]
LOSS = "sum((p - 0.5)**2) + 0.1 * sum(p**4), over the three tensors"


def inputs(kind):
    """Three parameters and 50 gradients of each, in f64 but exact in f32; a tenth of the gradients' elements are 0."""
    rng = np.random.Generator(np.random.PCG64(SEEDS[kind]))

    def exact(values):
        return values.astype(np.float32).astype(np.float64)

    params = [exact(rng.standard_normal(shape)) for shape in SHAPES[kind]]
    grads = []
    for step in range(STEPS):
        scale = SCALES[step % 10]
        grads.append([exact(scale * rng.standard_normal(s) * (rng.random(s) > 0.1)) for s in SHAPES[kind]])
        if step == 20:
            grads[-1][1] *= 0.0
    return params, grads


@dataclass
class Golden:
    """One trajectory: its name, how it was made, and tensors `p<i>` of shape [rows, ...]."""

    key: str
    about: dict
    tensors: dict = field(default_factory=dict)


def trajectory(rows, name="p"):
    """Tensors from the three parameters after each of the 50 steps."""
    assert len(rows) == STEPS
    return {f"{name}{i}": np.stack([np.asarray(rows[row - 1][i]) for row in ROWS]) for i in range(3)}


def about(library, cls, kwargs, inputs="std", **more):
    """How a golden was made. `dist` is the library's name in the package index where it is not the module's."""
    version = importlib.metadata.version(more.pop("dist", library))
    return {"library": library, "version": version, "class": cls, "kwargs": kwargs, "inputs": inputs, **more}


def defaults(make):
    """The default of each keyword of a constructor, for those that JSON can say."""
    flags = ("foreach", "fused", "capturable", "differentiable")
    parameters = inspect.signature(make).parameters.values()
    found = {p.name: p.default for p in parameters if p.default is not p.empty and p.name not in flags}
    return {name: value for name, value in found.items() if speakable(value)}


def speakable(value):
    if isinstance(value, (tuple, list)):
        return all(speakable(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def to_json(value):
    """JSON for kwargs: a dtype or a function by its name, infinity as a word."""
    return json.dumps(json.loads(json.dumps(value, default=str), parse_constant=lambda word: word))


def save(path, goldens, classes=()):
    """Writes a file. `classes` maps `<library>.<Class>` to its defaults."""
    tensors, meta = {}, {"rows": json.dumps(ROWS), "steps": str(STEPS), "loss": LOSS}
    for name, values in dict(classes).items():
        meta[name] = to_json({"defaults": values})
    for golden in goldens:
        assert golden.key not in meta, golden.key
        meta[golden.key] = to_json(golden.about)
        for name, values in golden.tensors.items():
            assert np.isfinite(values).all(), f"{golden.key}/{name} is not finite"
            tensors[f"{golden.key}/{name}"] = values
    write(path, tensors, meta)


def save_inputs(path):
    tensors = {}
    for kind in SHAPES:
        params, grads = inputs(kind)
        for i in range(3):
            tensors[f"{kind}/p{i}"] = params[i]
            tensors[f"{kind}/g{i}"] = np.stack([step[i] for step in grads])
    write(path, tensors, {"steps": str(STEPS), "loss": LOSS})


def write(path, tensors, meta):
    """A safetensors file of the same bytes at every run: the library's own writer shuffles the metadata."""
    header, at = {"__metadata__": meta}, 0
    for key, values in tensors.items():
        assert values.dtype == np.float64, f"{key} is {values.dtype}"
        header[key] = {"dtype": "F64", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values).tobytes())
