"""What users may pass: a clear error and untouched parameters, or what PyTorch does with it; never a crash."""

import gc
import threading
import weakref

import pytest

torch = pytest.importorskip("torch")

import ravine  # noqa: E402
import ravine.torch as ours  # noqa: E402
from ravine._native import Entries, Exchange, Group, Rule  # noqa: E402
from ravine.torch._engine import exchange  # noqa: E402

CLASSES = [ours.AdamW, ours.SGD, ours.Adafactor]


def pair(make, run, name="AdamW", **options):
    """What comes of it with PyTorch's class and with ours: an error or the parameters."""
    results = []
    for module in (torch.optim, ours):
        params = make()
        before = [param.detach().clone() for param in params]
        try:
            optimizer = getattr(module, name)(params, **options)
            run(optimizer, params)
        except Exception as error:  # noqa: BLE001
            results.append((type(error), str(error)))
            if module is ours:
                assert all(torch.equal(a, b) for a, b in zip(params, before))
        else:
            results.append([param.detach().clone() for param in params])
    return results


def step(optimizer, params):
    for param in params:
        param.grad = torch.ones_like(param)
    optimizer.step()


def alike(results):
    theirs, mine = results
    if isinstance(theirs, tuple):
        return theirs[0] is mine[0]
    return all(torch.allclose(a, b, rtol=1e-5, equal_nan=True) for a, b in zip(theirs, mine))


@pytest.mark.parametrize("params", [None, 3, "x", [1], [None], [], torch.ones(2), [torch.ones(2, dtype=torch.int64)]])
def test_what_is_no_parameter(params):
    for cls in (*CLASSES, ours.Lion):
        try:
            optimizer = cls(params)
        except (TypeError, ValueError):
            continue
        # What PyTorch takes without a gradient is stepped by nobody.
        optimizer.step()


@pytest.mark.parametrize("name, value", [("lr", float("nan")), ("lr", -1.0), ("lr", float("inf")), ("eps", -1.0)])
def test_hyper_parameters_out_of_range(name, value):
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    if (name, value) != ("lr", float("inf")):
        with pytest.raises(ValueError):
            ours.AdamW([weight], **{name: value})
    with pytest.raises(ValueError):
        ours.Adan([weight], **{name: value}).step()
    # Set later, as a schedule might.
    optimizer = ours.Adan([weight])
    optimizer.param_groups[0][name] = value
    with pytest.raises(RuntimeError, match=name):
        optimizer.step()
    assert (weight == 1).all()


@pytest.mark.parametrize(
    "name, value", [("betas", 3), ("betas", "ab"), ("betas", (0.9,)), ("eps", None), ("weight_decay", [1]), ("lr", "x")]
)
def test_hyper_parameters_of_another_type(name, value):
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    with pytest.raises((TypeError, ValueError)):
        ours.Adan([weight], **{name: value})
    optimizer = ours.Adan([weight])
    optimizer.param_groups[0][name] = value
    with pytest.raises((RuntimeError, TypeError), match="."):
        optimizer.step()
    assert (weight == 1).all()
    optimizer = ours.AdamW([weight])
    optimizer.param_groups[0][name] = value
    with pytest.raises(Exception, match="."):
        optimizer.step()
    assert (weight == 1).all()


def test_nan_hyper_parameters_do_what_they_do_in_torch():
    def run(optimizer, params):
        optimizer.param_groups[0]["weight_decay"] = float("nan")
        step(optimizer, params)

    assert alike(pair(lambda: [torch.nn.Parameter(torch.ones(3))], run))


def test_parameters_on_no_device_at_all():
    weight = torch.nn.Parameter(torch.ones(3, device="meta"))
    for cls in (ours.AdamW, ours.SGD):
        step(cls([weight]), [weight])
    with pytest.raises(RuntimeError, match="Lion: parameter 0: the parameter is on device meta"):
        step(ours.Lion([weight]), [weight])
    other = torch.nn.Parameter(torch.ones(3))
    with pytest.raises(RuntimeError, match="parameter 1: the parameter is on device meta"):
        step(ours.Lion([other, weight]), [other, weight])
    assert (other == 1).all(), "the first was stepped although the second cannot be"
    with pytest.raises(RuntimeError, match="parameter b: "):
        step(ours.Lion([("a", other), ("b", weight)]), [other, weight])


@pytest.mark.parametrize("dtype", [torch.int64, torch.float8_e4m3fn, torch.bool])
def test_types_without_arithmetic(dtype):
    weight = torch.ones(3).to(dtype)
    with pytest.raises(RuntimeError, match="Lion: parameter 0: the parameter is of type torch"):
        step(ours.Lion([weight]), [weight])


def test_overlapping_memory():
    def expanded():
        return [torch.nn.Parameter(torch.ones(1).expand(4))]

    def same_storage():
        base = torch.ones(6)
        return [torch.nn.Parameter(base[:4]), torch.nn.Parameter(base[2:])]

    for make in (expanded, same_storage):
        assert alike(pair(make, step, "SGD", lr=0.1)), make
        params = make()
        with pytest.raises(RuntimeError, match="gaps or overlaps|share memory"):
            step(ours.Lion(params), params)
        assert all((param == 1).all() for param in params)


def test_a_gradient_that_is_its_parameter_or_the_state():
    def own(optimizer, params):
        params[0].grad = params[0].data
        optimizer.step()

    def of_another(optimizer, params):
        params[0].grad = params[1].data
        params[1].grad = torch.ones(4)
        optimizer.step()

    def state(optimizer, params):
        step(optimizer, params)
        params[0].grad = optimizer.state[params[0]]["exp_avg"]
        optimizer.step()

    def make():
        return [torch.nn.Parameter(torch.ones(4)), torch.nn.Parameter(torch.full((4,), 2.0))]

    for run in (own, of_another, state):
        assert alike(pair(make, run, lr=0.1)), run


def test_expanded_and_strided_gradients():
    def run(optimizer, params):
        for grad in (torch.ones(1, 1).expand(4, 3), torch.arange(24.0).reshape(4, 6)[:, ::2], torch.ones(3, 4).t()):
            params[0].grad = grad
            optimizer.step()

    assert alike(pair(lambda: [torch.nn.Parameter(torch.ones(4, 3))], run, lr=0.1))


def test_conjugate_and_negative_gradients():
    def conjugate(optimizer, params):
        params[0].grad = torch.complex(torch.ones(3), torch.arange(3.0)).conj()
        optimizer.step()
        params[0].grad = torch.complex(torch.ones(3), torch.arange(3.0))
        optimizer.step()
        params[0].grad = torch.complex(torch.ones(3), torch.arange(3.0)).conj()
        optimizer.step()

    assert alike(pair(lambda: [torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))], conjugate, "SGD", lr=0.1))

    def negative(optimizer, params):
        params[0].grad = torch.ones(3)
        optimizer.step()
        params[0].grad = torch.complex(torch.zeros(3), torch.ones(3)).conj().imag
        assert params[0].grad.is_neg()
        optimizer.step()

    assert alike(pair(lambda: [torch.nn.Parameter(torch.ones(3))], negative, "SGD", lr=0.1))


def test_subclasses_of_tensors_are_left_to_torch():
    class Sub(torch.Tensor):
        pass

    def make():
        return [torch.ones(3).as_subclass(Sub).requires_grad_()]

    assert alike(pair(make, step, lr=0.1))
    params = make()
    with pytest.raises(RuntimeError, match="a Sub, not a plain tensor"):
        step(ours.Lion(params), params)


def test_replaced_data_gradients_and_sizes_are_seen():
    for cls in (ours.SGD, ours.Fromage):
        weight = torch.nn.Parameter(torch.zeros(4, 4))
        optimizer = cls([weight], lr=1.0)
        for change in [
            lambda: torch.zeros(4, 4),
            lambda: torch.zeros(4, 4).t(),
            lambda: torch.zeros(2, 2),
            lambda: torch.zeros(4, 4, dtype=torch.float64),
            lambda: torch.zeros(0, 4),
        ]:
            weight.data = change()
            weight.grad = None
            weight.grad = torch.arange(weight.numel(), dtype=weight.dtype).reshape(weight.shape)
            expected = -weight.grad.clone()
            optimizer.step()
            if cls is ours.SGD:
                assert torch.equal(weight.detach(), expected)


def test_state_of_another_shape_is_refused():
    weight = torch.nn.Parameter(torch.ones(4))
    optimizer = ours.Lion([weight])
    step(optimizer, [weight])
    before = weight.detach().clone()
    weight.data = torch.ones(5)
    weight.grad = None
    with pytest.raises(RuntimeError, match="parameter 0: exp_avg is not laid out as its parameter"):
        step(optimizer, [weight])
    assert (weight == 1).all() and len(before) == 4


def change_in_place(state):
    state["exp_avg"].data = torch.zeros(1000)


def replace(state):
    state["exp_avg"] = torch.zeros(1000)


def share(state):
    # Moves the numbers and leaves the tensor as it is.
    state["exp_avg"].zero_().share_memory_()


def resize(state):
    state["exp_avg"].resize_(5000).resize_(1000).zero_()


def swap(state):
    state["exp_avg"], state["exp_avg_sq"] = state["exp_avg_sq"], state["exp_avg"]


def reorder(state):
    state["exp_avg"] = state.pop("exp_avg")
    state["extra"] = 1


@pytest.mark.parametrize("change", [change_in_place, replace, share, resize, swap, reorder])
def test_moved_state_is_seen(change):
    def run(module):
        weight = torch.nn.Parameter(torch.ones(1000))
        optimizer = module.AdamW([weight], lr=0.1)
        step(optimizer, [weight])
        change(optimizer.state[weight])
        gc.collect()
        step(optimizer, [weight])
        return torch.cat([weight.detach(), optimizer.state[weight]["exp_avg"]])

    torch.testing.assert_close(run(ours), run(torch.optim))


def test_a_replaced_entry_of_the_state_is_seen():
    def run(module):
        weight = torch.nn.Parameter(torch.ones(3))
        optimizer = module.AdamW([weight], lr=0.1)
        step(optimizer, [weight])
        kept = {name: value.clone().zero_() for name, value in optimizer.state[weight].items()}
        optimizer.state[weight] = kept
        step(optimizer, [weight])
        optimizer.state.clear()
        step(optimizer, [weight])
        return weight.detach(), kept["exp_avg"]

    torch.testing.assert_close(run(ours), run(torch.optim))


def test_parameters_that_die_and_come_are_seen():
    weights = [torch.nn.Parameter(torch.ones(100)) for _ in range(3)]
    optimizer = ours.AdamW(weights, lr=0.1)
    step(optimizer, weights)
    held = [weakref.ref(weights[1]), *map(weakref.ref, optimizer.state[weights[1]].values())]
    for change in ("remove", "replace", "add"):
        params = optimizer.param_groups[0]["params"]
        if change == "remove":
            optimizer.state.pop(params.pop(1))
        elif change == "replace":
            optimizer.state.pop(params[0])
            params[0] = torch.nn.Parameter(torch.ones(100))
        else:
            params.append(torch.nn.Parameter(torch.ones(7)))
        step(optimizer, params)
        del params
    del weights
    gc.collect()
    assert [tensor() for tensor in held] == [None] * 4


def test_sharing_and_resizing_parameters():
    weight = torch.nn.Parameter(torch.ones(1000))
    optimizer = ours.SGD([weight], lr=0.5, momentum=0.0)
    step(optimizer, [weight])
    # Both move the numbers and leave the tensor as it is.
    weight.untyped_storage().resize_(1_000_000)
    step(optimizer, [weight])
    weight.share_memory_()
    step(optimizer, [weight])
    assert (weight == -0.5).all()


def test_memory_that_was_given_back():
    weight = torch.nn.Parameter(torch.ones(1000))
    for cls in (ours.Lion, ours.ScheduleFreeSGD):
        weight.data = torch.ones(1000)
        optimizer = cls([weight])
        step(optimizer, [weight])
        before = weight.detach().clone()
        weight.grad.untyped_storage().resize_(0)
        with pytest.raises(RuntimeError, match="parameter 0: the gradient"):
            optimizer.step()
        assert torch.equal(weight, before)
        weight.grad = torch.ones(1000)
        weight.untyped_storage().resize_(0)
        with pytest.raises(RuntimeError, match="parameter 0: the parameter"):
            optimizer.step()
        weight.data = torch.ones(1000)
        weight.data.untyped_storage().resize_(400)
        with pytest.raises(RuntimeError, match="parameter 0: the parameter has less memory than its shape needs"):
            optimizer.step()


def test_memory_at_odd_addresses():
    data = bytearray(4 * 4 + 1)
    odd = torch.frombuffer(data, dtype=torch.float32, count=4, offset=1)
    weight = torch.nn.Parameter(odd)
    step(ours.SGD([weight], lr=1.0), [weight])
    assert (weight == -1).all()
    with pytest.raises(RuntimeError, match="at an address that its type does not allow"):
        step(ours.Lion([weight]), [weight])
    even = torch.nn.Parameter(torch.ones(4))
    optimizer = ours.SGD([even], lr=1.0)
    for grad in (torch.ones(4), torch.frombuffer(bytearray(17), dtype=torch.float32, count=4, offset=1)):
        even.grad = grad
        optimizer.step()
    assert (even == 0).all()


def test_inference_tensors_are_stepped_within_inference_mode_alone():
    for cls in (ours.AdamW, ours.Lion):
        with torch.inference_mode():
            params = [torch.ones(3)]
            optimizer = cls(params)
        with pytest.raises(RuntimeError, match="the parameter is an inference tensor"):
            step(optimizer, params)
        assert (params[0] == 1).all()
    with torch.inference_mode():
        params = [torch.ones(3)]
        step(ours.AdamW(params), params)
        assert (params[0] < 1).all()


def test_a_step_within_a_step_or_beside_one():
    weight = torch.nn.Parameter(torch.ones(10))
    optimizer = ours.AdamW([weight], lr=0.1)
    weight.grad = torch.ones(10)
    optimizer.step(lambda: optimizer.step())
    big = [torch.nn.Parameter(torch.ones(2_000_000))]
    shared = ours.AdamW(big, lr=1e-3)
    step(shared, big)
    errors = []

    def work():
        for _ in range(10):
            try:
                shared.step()
            except RuntimeError as error:
                errors.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("borrowed" in error for error in errors)
    assert big[0].isfinite().all()


def test_saved_numbers_of_other_shapes_and_types():
    weight = torch.nn.Parameter(torch.ones(4))
    optimizer = ours.Lion([weight])
    step(optimizer, [weight])
    good = optimizer.state_dict()
    for value in (torch.ones(5), torch.ones(4, dtype=torch.int32), "x", None, torch.ones(4, device="meta")):
        bad = {**good, "state": {0: {**good["state"][0], "exp_avg": value}}}
        before = weight.detach().clone()
        loaded = ours.Lion([weight])
        with pytest.raises((RuntimeError, TypeError, ValueError)):
            loaded.load_state_dict(bad)
            step(loaded, [weight])
        assert torch.equal(weight, before)
    for value in (torch.tensor(float("nan")), torch.tensor(-3.0), torch.tensor(1e30)):
        loaded.load_state_dict({**good, "state": {0: {**good["state"][0], "step": value}}})
        step(loaded, [weight])


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, object(), torch.ones(2), lambda: 1])
def test_the_native_objects_take_anything(value):
    group = Group(exchange)
    attempts = [
        lambda: Rule(value),
        lambda: Rule("adam", lr=value),
        lambda: Rule("adam").get(value),
        lambda: Rule("adam").update(value),
        lambda: Rule("adam").storage(value, value, value),
        lambda: Rule("soap").buffers(value),
        lambda: Exchange(value, value, value, value, value, value),
        lambda: exchange.sum_of_squares(value),
        lambda: Group(value),
        lambda: group.gather(value),
        lambda: group.gather([value]),
        lambda: group.bind(0, value, value, value, value, value, value, value, value, False),
        lambda: group.bind(0, torch.ones(2), torch.ones(2), value, [], [], [], [], None, False),
        lambda: group.step(value, value),
        lambda: group.step(Rule("sgd"), 1.0, average=value),
        lambda: Entries().take(value),
        lambda: Entries().hold(value),
        lambda: ravine.Schedule(value),
        lambda: ours.EMA(value),
        lambda: ours.fused_tail(value),
        lambda: ours.clip_grad_norm_(value, 1.0),
    ]
    for attempt in attempts:
        try:
            attempt()
        except Exception as error:  # noqa: BLE001
            assert type(error).__name__ != "PanicException", error
        except BaseException as error:
            pytest.fail(f"a panic: {error}")
