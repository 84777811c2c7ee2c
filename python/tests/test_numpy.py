"""The engine's optimizers on arrays of NumPy."""

import pickle
import threading

import pytest
from ravine import rules, schedules

np = pytest.importorskip("numpy")

from ravine import numpy as optim  # noqa: E402

CLASSES = {made.rule: made for made in vars(optim).values() if isinstance(made, type) and hasattr(made, "rule")}
SHAPES = {"weight": (5, 7), "bias": (11,), "scale": (), "none": (0, 3)}


def arrays(seed, dtype=np.float64, shapes=SHAPES):
    made = np.random.default_rng(seed)
    return {name: np.asarray(made.standard_normal(shape), dtype) for name, shape in shapes.items()}


def train(optimizer, steps, dtype=np.float64):
    for step in steps:
        optimizer.step(arrays(100 + step, dtype))


def test_a_class_for_each_rule():
    assert CLASSES.keys() == {entry["name"] for entry in rules()}
    assert optim.AdamW is CLASSES["adamw"] and "weight_decay" in optim.AdamW.__doc__
    with pytest.raises(AttributeError, match="no optimizer 'Adamm'"):
        optim.Adamm


@pytest.mark.parametrize("rule", CLASSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_rule_steps_in_place_and_resumes(rule, dtype, tmp_path):
    params = arrays(1, dtype)
    before = {name: array.copy() for name, array in params.items()}
    optimizer = CLASSES[rule](params)
    train(optimizer, range(8), dtype)
    assert optimizer.steps == 8 and optimizer.params["weight"] is params["weight"]
    # Rules that find their learning rate begin with steps too small for float32.
    assert dtype == np.float32 or not np.array_equal(before["weight"], params["weight"])
    assert all(np.isfinite(array).all() for array in params.values())

    optimizer.save(tmp_path / "state")
    state = pickle.loads(pickle.dumps(optimizer.state_dict()))
    copies = [{name: array.copy() for name, array in params.items()} for _ in range(2)]
    train(optimizer, range(8, 12), dtype)
    others = [CLASSES[rule](copy) for copy in copies]
    others[0].load(tmp_path / "state")
    others[1].load_state_dict(state)
    for other, copy in zip(others, copies):
        train(other, range(8, 12), dtype)
        assert all(np.array_equal(copy[name], params[name]) for name in params)


def test_the_numbers_of_adam():
    """Kingma and Ba's algorithm 1, written out."""
    w = np.array([1.0, -2.0, 3.0])
    expected, m, v = w.copy(), np.zeros(3), np.zeros(3)
    optimizer = optim.Adam(w, lr=0.1, betas=(0.8, 0.9), eps=1e-6)
    for t in range(1, 20):
        g = np.sin(np.arange(3) + t)
        optimizer.step(g)
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g
        expected -= 0.1 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-6)
    np.testing.assert_allclose(w, expected, rtol=1e-12)


def test_the_bits_of_torch():
    torch = pytest.importorskip("torch")
    theirs = {name: torch.nn.Parameter(torch.from_numpy(array)) for name, array in arrays(1).items()}
    mine = arrays(1)
    other = torch.optim.AdamW(theirs.values(), lr=0.01)
    optimizer = optim.AdamW(mine, lr=0.01)
    for step in range(20):
        grads = arrays(step)
        optimizer.step(grads)
        for name, param in theirs.items():
            param.grad = torch.from_numpy(grads[name])
        other.step()
    for name, param in theirs.items():
        np.testing.assert_allclose(mine[name], param.detach().numpy(), rtol=1e-12)


def test_schedule_clipping_and_average():
    w = np.array([3.0, 4.0])
    schedule = schedules.linear(0.5, steps=4)
    optimizer = optim.SGD(w, schedule=schedule, clip_norm=1.0, ema=0.5)
    average = None
    for step in range(5):
        assert optimizer.lr == schedule(step)
        before = w.copy()
        outcome = optimizer.step(np.array([30.0, 40.0]))
        assert outcome.stepped and outcome.grad_norm == pytest.approx(50) and outcome.clip == pytest.approx(1 / 50)
        np.testing.assert_allclose(w, before - schedule(step) * np.array([0.6, 0.8]), rtol=1e-6)
        average = 0.5 * (before if average is None else average) + 0.5 * w
    np.testing.assert_allclose(optimizer.evaluation(), average, rtol=1e-12)
    clipped = np.zeros(2)
    optim.SGD(clipped, lr=1.0, clip_value=0.5).step(np.array([3.0, -0.25]))
    assert clipped.tolist() == [-0.5, 0.25]


def test_storage_takes_less():
    grads = [np.ones(4096, np.float32)]
    sizes = {}
    for storage in ("full", "bf16", "int8"):
        w = [np.zeros(4096, np.float32)]
        optimizer = optim.AdamW(w, storage=storage)
        optimizer.step(grads)
        sizes[storage] = optimizer.state_bytes
        assert np.isfinite(w[0]).all() and w[0].any()
    assert sizes["full"] == 2 * sizes["bf16"] and sizes["int8"] < 0.3 * sizes["full"]


def test_groups():
    params = arrays(1)
    before = {name: array.copy() for name, array in params.items()}
    groups = [
        optim.Group("bias", lr=0.0),
        optim.Group("s*", frozen=True),
        optim.Group("none", rule="sgd:lr=1", scale_lr=0.5),
    ]
    optimizer = optim.AdamW(params, lr=0.1, groups=groups)
    assert set(optimizer.groups) == {"default", "bias", "s*", "none"}
    assert optimizer.group_lr("default") == 0.1 and optimizer.group_lr("none") == 0.5
    optimizer.step(arrays(2))
    changed = {name for name in params if not np.array_equal(params[name], before[name])}
    assert changed == {"weight"}
    optimizer.set("bias", lr=0.1)
    optimizer.freeze("s*", False)
    optimizer.step(arrays(3))
    assert {name for name in params if not np.array_equal(params[name], before[name])} == {"weight", "bias", "scale"}
    with pytest.raises(KeyError, match="no group 'x'.*bias"):
        optimizer.set("x", lr=1)
    with pytest.raises(KeyError, match="no 'moment'"):
        optimizer.set("bias", moment=1)


def test_forms():
    g = np.ones(2)
    alone, row, named = np.zeros(2), [np.zeros(2), np.zeros(3)], {"a": np.zeros(2)}
    assert optim.SGD(alone, lr=1.0).step(g).stepped and alone.tolist() == [-1, -1]
    assert optim.SGD(row, lr=1.0).step([g, np.ones(3)]).stepped and row[1].tolist() == [-1, -1, -1]
    assert optim.SGD(named, lr=1.0).step({"a": g}).stepped and named["a"].tolist() == [-1, -1]
    assert isinstance(optim.SGD(named).evaluation(), dict)


def test_other_options():
    w, g = np.zeros(2), np.array([1.0, np.nan])
    assert optim.SGD(w, guard="skip").step(g).skipped == "0" and w.tolist() == [0, 0]
    optimizer = optim.SGD(w, lr=1.0, accumulate=2, zero_grad=True, maximize=True)
    grad = np.ones(2)
    assert optimizer.step(grad).accumulated == 1 and w.tolist() == [0, 0]
    grad += 1
    assert optimizer.step(grad).stepped and w.tolist() == [1, 1] and grad.tolist() == [0, 0]
    plateau = optim.SGD(np.zeros(2), lr=1.0, plateau="plateau:patience=0,factor=0.5")
    assert [plateau.observe(1.0), plateau.observe(1.0)] == [False, True] and plateau.lr == 0.5
    scaled = np.zeros(2)
    optimizer = optim.SGD(scaled, lr=1.0)
    optimizer.loss_scale = 4.0
    optimizer.step(np.full(2, 8.0))
    assert optimizer.loss_scale == 4.0 and scaled.tolist() == [-2, -2]
    sophia = optim.Sophia(np.ones(3), lr=0.1)
    sophia.observe_curvature(np.ones(3))
    assert sophia.step(np.ones(3)).stepped


def test_a_gradient_that_cannot_be_used_as_it_is_is_copied():
    w = np.zeros((2, 3))
    g = np.arange(6.0).reshape(3, 2).T
    frozen = g.copy()
    frozen.flags.writeable = False
    optimizer = optim.SGD(w, lr=1.0)
    optimizer.step(g)
    optimizer.step(frozen)
    np.testing.assert_array_equal(w, -2 * g)


def readonly(array):
    array.flags.writeable = False
    return array


def shared():
    whole = np.zeros(5)
    return [whole[:3], whole[2:]]


@pytest.mark.parametrize(
    "params, error, text",
    [
        (3.0, TypeError, "dictionary, a list or an array"),
        ("w", TypeError, "dictionary, a list or an array"),
        ([3.0], TypeError, "parameter '0' must be an array"),
        ({1: np.zeros(2)}, TypeError, "names of parameters must be text"),
        ([np.zeros(2, np.float16)], ValueError, "float32 or float64, not float16"),
        ([np.zeros(2, int)], ValueError, "float32 or float64, not int64"),
        ([np.zeros(2, complex)], ValueError, "not complex128"),
        ([np.zeros(2, ">f8")], ValueError, "not >f8"),
        ([np.zeros(2), np.zeros(2, np.float32)], ValueError, "one type, not float32 and float64"),
        ([np.zeros((2, 3)).T], ValueError, "C-contiguous"),
        ([np.zeros(6)[::2]], ValueError, "C-contiguous"),
        ([np.zeros(17, np.int8)[1:].view(np.float64)], ValueError, "aligned"),
        ([np.broadcast_to(np.zeros(1), 3)], ValueError, "C-contiguous"),
        ({"w": readonly(np.zeros(2))}, ValueError, "parameter 'w' is read-only"),
        ([], ValueError, "at least one parameter"),
    ],
)
def test_bad_parameters(params, error, text):
    with pytest.raises(error, match=text):
        optim.SGD(params)


@pytest.mark.parametrize(
    "grads, error, text",
    [
        (np.ones(2), TypeError, "as a dictionary"),
        ({"w": np.ones(2)}, ValueError, "without 'b'"),
        ({"w": np.ones(2), "b": np.ones(1), "c": np.ones(1)}, ValueError, "with 'c'"),
        ({"w": None, "b": np.ones(1)}, TypeError, "gradient of 'w' must be an array of NumPy, not NoneType"),
        ({"w": np.ones(2, np.float32), "b": np.ones(1)}, ValueError, "gradient of 'w' must be float64.*not float32"),
        ({"w": np.ones(3), "b": np.ones(1)}, ValueError, r"shape \(2,\).*\(3,\)"),
        ({"w": np.array([1, np.inf]), "b": np.ones(1)}, ValueError, "w"),
    ],
)
def test_bad_gradients_change_nothing(grads, error, text):
    params = {"w": np.zeros(2), "b": np.zeros(1)}
    optimizer = optim.SGD(params, lr=1.0)
    with pytest.raises(error, match=text):
        optimizer.step(grads)
    assert not params["w"].any() and not params["b"].any() and optimizer.steps == 0


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"moment": 1}, TypeError, "no hyper-parameter 'moment'.*momentum"),
        ({"momentum": "x"}, TypeError, "momentum must be a number"),
        ({"lr": -1}, ValueError, "lr"),
        ({"lr": float("nan")}, ValueError, "lr"),
        ({"clip_norm": -1.0}, ValueError, "max_norm"),
        ({"storage": "int5"}, ValueError, "int5"),
        ({"guard": "x"}, ValueError, "'error', 'skip' or 'off'"),
        ({"schedule": "csine"}, ValueError, "csine"),
        ({"schedule": schedules.constant(0.5), "lr": 0.1}, ValueError, "0.1.*0.5"),
        ({"agc": 3}, ValueError, "agc"),
        ({"groups": [optim.Group("x")]}, ValueError, "x"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=text):
        optim.SGD(np.zeros(2), **options)


def test_arrays_that_share_memory():
    with pytest.raises(ValueError, match="share memory"):
        optim.SGD(shared()).step([np.ones(3), np.ones(3)])
    w = np.zeros(2)
    with pytest.raises(ValueError, match="the gradient '0'.*share memory|the parameter '0'.*share memory"):
        optim.SGD(w).step(w)


def test_a_parameter_that_became_read_only():
    w = np.zeros(2)
    optimizer = optim.SGD(w)
    w.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        optimizer.step(np.ones(2))


def test_a_checkpoint_of_something_else(tmp_path):
    optim.AdamW(np.zeros(2)).save(tmp_path / "state")
    other = optim.SGD(np.zeros(2))
    for path, text in [("state", "adamw"), ("missing", "missing")]:
        with pytest.raises(ValueError, match=text):
            other.load(tmp_path / path)
    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(ValueError, match="junk"):
        other.load(tmp_path / "junk")


def test_the_gil_is_released():
    """Another thread counts on while a large step is made: were the lock held throughout, it could not."""
    w = np.zeros(20_000_000, np.float32)
    grad = np.ones_like(w)
    optimizer = optim.AdamW(w)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        optimizer._native.step([optim._address(w)], [optim._address(grad)])
        assert counted[0] > before
    finally:
        stop.set()
        thread.join()
