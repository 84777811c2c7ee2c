"""Schedules as functions of the step, for Python, NumPy, JAX and Keras."""

import importlib.util
import math
import os
import pickle
import subprocess
import sys

import pytest
from ravine import schedules
from ravine._native import Schedule as Native
from ravine.schedules import CATALOGUE, Schedule

np = pytest.importorskip("numpy")

RUN = 1000
NAMES = [name for entry in CATALOGUE for name in [entry["name"], *(preset for preset, _ in entry["presets"])]]
SPECS = [
    *NAMES,
    "cosine:warmup=5%,min=1e-5",
    "constant for 80% then linear",
    "exponential:gamma=0.99 * step:step_size=100",
    "(cosine for 100 then wsd):warmup=10,warmup_from=0.1,warmup_shape=exponential",
]


@pytest.mark.parametrize("name", NAMES)
def test_each_schedule_is_a_function(name):
    made = getattr(schedules, name.replace("-", "_"))(0.1, run=RUN, warmup=20)
    assert made == Schedule(f"{name}:warmup=20", 0.1, RUN)
    assert made(0) == Native(made.spec).lr(0.1, 0)
    assert schedules.CATALOGUE and made.__class__.__call__.__doc__


@pytest.mark.parametrize("spec", SPECS)
def test_arrays_have_the_bits_of_the_engine(spec):
    made = Schedule(spec, 0.3, RUN)
    engine = Native(spec, RUN)
    steps = np.arange(1200).reshape(3, 400)
    expected = [engine.lr(0.3, int(step)) for step in steps.flat]
    for dtype in (np.int64, np.int32, np.uint8, np.uint64):
        these = steps.astype(dtype)
        got = made(these)
        assert (got.dtype, got.shape) == (np.float64, steps.shape)
        assert got.ravel().tolist() == [engine.lr(0.3, int(step)) for step in these.flat]
    assert made([0, 7]).tolist() == [expected[0], expected[7]]
    assert made(np.int64(7)) == made(np.array(7)) == made(7) == expected[7]
    assert made(np.array([], dtype=np.int64)).shape == (0,)
    if engine.momentum(0) is None:
        assert made.momentum(3) is None and made.momentum(steps) is None
    else:
        assert made.momentum(steps).ravel().tolist() == [engine.momentum(int(step)) for step in steps.flat]


@pytest.mark.parametrize("spec", SPECS)
def test_text_pickle_and_equality(spec):
    made = Schedule(spec, 0.3, RUN)
    again = pickle.loads(pickle.dumps(made))
    assert again == made and hash(again) == hash(made)
    assert again == eval(repr(made), {"Schedule": Schedule})
    assert Schedule(spec, 0.4, RUN) != made


def test_joining():
    cosine = schedules.cosine(0.2, steps=100)
    assert cosine.then(40, "constant")(60) == 0.2
    assert (cosine * 0.5)(0) == 0.1
    assert (cosine * schedules.exponential(gamma=0.5))(2) == pytest.approx(cosine(2) / 4)
    assert cosine.warmup(10)(0) == pytest.approx(0.02)
    assert cosine.restart(50)(50) == 0.2
    assert cosine.length == 100 and len(cosine.table()) == 100
    with pytest.raises(ValueError, match="0.2.*0.3"):
        cosine.then(3, schedules.constant(0.3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: schedules.cosine(0.1), ValueError, "run="),
        (lambda: schedules.cosine(0.1, steps=-1), ValueError, "steps"),
        (lambda: schedules.cosine(-0.1, steps=1), ValueError, "lr must be"),
        (lambda: schedules.cosine(math.nan, steps=1), ValueError, "lr must be"),
        (lambda: schedules.cosine(0.1, length=1), TypeError, "no setting 'length'.*steps"),
        (lambda: schedules.cosine(0.1, steps=1.5), ValueError, "whole number"),
        (lambda: schedules.csine, AttributeError, "no schedule 'csine'"),
        (lambda: Schedule("csine"), ValueError, "csine"),
        (lambda: Schedule("constant")(-1), ValueError, "0 or more"),
        (lambda: Schedule("constant")(1.5), TypeError, "whole number"),
        (lambda: Schedule("constant")(np.array([1.5])), TypeError, "whole number"),
        (lambda: Schedule("constant")(np.array([3, -2])), ValueError, "not -2"),
        (lambda: Schedule("constant")(np.array([2**64 - 1], dtype=np.uint64)), ValueError, "2\\*\\*63"),
        (lambda: Schedule("constant")("x"), TypeError, "whole number"),
        (lambda: Schedule("constant").table(), ValueError, "number of steps"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_no_array_library_is_imported(tmp_path):
    code = "import ravine, sys; sys.exit('numpy' in sys.modules or 'torch' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("spec", SPECS)
def test_jax(spec):
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    made = Schedule(spec, 0.3, RUN)
    steps = jnp.arange(1100)
    expected = made(np.arange(1100)).astype(np.float32)
    assert np.array_equal(jax.jit(made)(steps), expected)
    assert np.array_equal(jax.vmap(made)(steps[:50]), expected[:50])
    assert jax.jit(made)(jnp.int32(7)) == expected[7]
    assert np.array_equal(jax.lax.scan(lambda at, _: (at + 1, made(at)), 0, None, length=20)[1], expected[:20])
    table = jnp.asarray(made.table(1100))
    assert np.array_equal(jax.jit(lambda step: table[step])(steps), expected)


def test_optax():
    optax, jax = pytest.importorskip("optax"), pytest.importorskip("jax")
    made = schedules.cosine(0.5, steps=10, warmup=2)
    rule = optax.sgd(made)
    values = jax.numpy.array([0.0, 1.0])
    state = rule.init(values)
    step = jax.jit(rule.update)
    for at in range(12):
        update, state = step(jax.numpy.ones(2), state)
        assert np.array_equal(update, np.full(2, -np.float32(made(at))))


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_keras(tmp_path, backend):
    if not all(importlib.util.find_spec(name) for name in (backend, "keras")):
        pytest.skip(f"needs keras and {backend}")
    code = """
import keras, numpy as np
from ravine import schedules
made = schedules.cosine(0.5, steps=10, warmup=2)
rate = made.keras()
assert isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
assert again.schedule == made
optimizer = keras.optimizers.SGD(rate)
weight = keras.Variable(np.zeros(2, 'float32'))
optimizer.build([weight])
total = np.float32(0)
for step in range(12):
    optimizer.apply([keras.ops.ones(2)])
    total -= np.float32(made(step))
    assert np.allclose(keras.ops.convert_to_numpy(weight), total, atol=1e-6), (step, weight, total)

# In a step that the backend compiles.
model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
model.compile(optimizer=keras.optimizers.SGD(made.keras()), loss=lambda y, p: keras.ops.mean(p))
model.fit(np.ones((12, 1), 'float32'), np.ones((12, 1), 'float32'), epochs=1, batch_size=1, shuffle=False, verbose=0)
rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
assert np.isclose(rate, made(12), atol=1e-6), (rate, made(12))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": backend, "KERAS_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_schedules_of_optax():
    """The pairs that the migration page names."""
    optax = pytest.importorskip("optax")
    v, n, w = 0.3, 40, 8
    steps = np.arange(n + 20)
    for ours, theirs in [
        (schedules.cosine(v, steps=n, min_factor=0.1), optax.cosine_decay_schedule(v, n, 0.1)),
        (schedules.linear(v, steps=n), optax.linear_schedule(v, 0.0, n)),
        (schedules.polynomial(v, steps=n, power=2, min=0.01), optax.polynomial_schedule(v, 0.01, 2, n)),
        (schedules.exponential(v, gamma=0.5, decay_steps=n), optax.exponential_decay(v, n, 0.5)),
        (schedules.multi_step(v, milestones=[n], gamma=0.1), optax.piecewise_constant_schedule(v, {n: 0.1})),
        (
            schedules.constant(v).then(n, schedules.linear(v, steps=10)),
            optax.join_schedules([optax.constant_schedule(v), optax.linear_schedule(v, 0.0, 10)], [n]),
        ),
    ]:
        np.testing.assert_allclose(ours(steps), theirs(steps), rtol=1e-4, atol=1e-7)
    ours, theirs = schedules.cosine(v, steps=n - w, warmup=w), optax.warmup_cosine_decay_schedule(0.0, v, w, n)
    np.testing.assert_allclose(ours(steps[w:]), theirs(steps[w:]), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(ours(steps[:w]), theirs(steps[1 : w + 1]), rtol=1e-5)
