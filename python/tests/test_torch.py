"""The classes of ravine.torch beside those of torch.optim."""

import copy
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch")

import ravine.torch as ours  # noqa: E402

SHAPES = [(5, 7), (11,), (2, 3, 2), (), (0, 3)]
HALVES = [{}, {"weight_decay": 0.1}, {"maximize": True}, {"weight_decay": 0.1, "maximize": True}]
CASES = {
    "SGD": [
        *HALVES,
        {"momentum": 0.9},
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"momentum": 0.9, "nesterov": True, "maximize": True},
        {"lr": torch.tensor(0.1, dtype=torch.float64)},
    ],
    "Adam": [*HALVES, {"amsgrad": True}, {"weight_decay": 0.1, "decoupled_weight_decay": True}],
    "AdamW": [*HALVES, {"betas": (0.8, 0.95), "eps": 1e-3, "amsgrad": True}],
    "Adagrad": [*HALVES, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1}],
    "RMSprop": [
        *HALVES,
        {"momentum": 0.9},
        {"centered": True, "weight_decay": 0.1},
        {"centered": True, "momentum": 0.9, "alpha": 0.9, "eps": 1e-3, "maximize": True},
    ],
    "Adadelta": [*HALVES, {"rho": 0.95, "weight_decay": 0.9, "eps": 1e-3, "lr": 0.3}],
    "Adamax": [*HALVES, {"betas": (0.8, 0.95), "eps": 1e-3}],
    "NAdam": [
        *HALVES,
        {"momentum_decay": 6e-3},
        {"weight_decay": 0.1, "momentum_decay": 6e-3, "decoupled_weight_decay": True},
    ],
    "RAdam": [*HALVES, {"eps": 1e-3, "weight_decay": 0.1, "decoupled_weight_decay": True}],
    "Rprop": [{}, {"lr": 2e-4}, {"etas": (0.5, 1.5)}, {"step_sizes": (2e-6, 100)}, {"maximize": True}],
    "ASGD": [*HALVES, {"lambd": 0.1}, {"t0": 5.0, "alpha": 0.5, "lr": 0.1}],
    "Adafactor": [*HALVES, {"beta2_decay": -1.0}, {"d": 1.5}, {"eps": (1e-3, 1e-2)}],
}
ALL = [(name, options) for name, list_ in CASES.items() for options in list_]


@pytest.fixture
def double():
    """State numbers in double precision, which is what PyTorch keeps them in then."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def parameters(dtype, shapes=SHAPES):
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, dtype=dtype, generator=generator)) for shape in shapes]


def train(optimizer, parameters, steps, whole=False):
    for step in steps:
        for place, parameter in enumerate(parameters):
            generator = torch.Generator().manual_seed(100 * step + place)
            gradient = torch.randn(parameter.shape, dtype=parameter.dtype, generator=generator)
            # Now and then a parameter has none.
            parameter.grad = gradient if whole or (step + place) % 5 else None
        optimizer.step()


def is_native(optimizer):
    return "_cells" in optimizer.__dict__


def stray(ours, theirs):
    """The largest difference, relative to the largest magnitude."""
    ours, theirs = (torch.cat([tensor.detach().flatten() for tensor in tensors]) for tensors in (ours, theirs))
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-30)).item()


def states(optimizer):
    """The tensors of the state by their names."""
    names = {name for state in optimizer.state.values() for name in state}
    return {name: [s[name] for s in optimizer.state.values() if name in s] for name in sorted(names)}


@pytest.mark.parametrize("name, options", ALL)
@pytest.mark.parametrize(
    "dtype, tolerance", [("float64", 1e-12), ("float32", 2e-6), ("complex128", 1e-12)]
)
def test_the_same_numbers_and_state(name, options, dtype, tolerance, request):
    if dtype != "float32":
        request.getfixturevalue("double")
    if dtype == "complex128" and name == "Adafactor":
        pytest.skip("refused by PyTorch")
    dtype = getattr(torch, dtype)
    # PyTorch's Adafactor divides by zero where there are no elements.
    shapes = SHAPES[:4] if name == "Adafactor" else SHAPES
    mine, its = parameters(dtype, shapes), parameters(dtype, shapes)
    # Parameters without a gradient leave ASGD with several learning rates, which PyTorch steps.
    whole = name == "ASGD"
    own = getattr(ours, name)(mine, **copy.deepcopy(options))
    other = getattr(torch.optim, name)(its, **copy.deepcopy(options))
    train(own, mine, range(10), whole)
    train(other, its, range(10), whole)
    assert is_native(own), "it was not stepped by the engine"
    assert stray(mine, its) <= tolerance
    first, second = own.state_dict(), other.state_dict()
    assert first["param_groups"] == second["param_groups"]
    assert first["state"].keys() == second["state"].keys()
    for key, state in first["state"].items():
        assert list(state) == list(second["state"][key])
        for entry, value in state.items():
            other_value = second["state"][key][entry]
            assert (value.dtype, value.shape, value.stride()) == (
                other_value.dtype,
                other_value.shape,
                other_value.stride(),
            )
    mine_kept, its_kept = states(own), states(other)
    assert all(stray(mine_kept[entry], its_kept[entry]) <= tolerance for entry in its_kept)
    # Each goes on from the state of the other.
    first, second = copy.deepcopy(first), copy.deepcopy(second)
    own.load_state_dict(second)
    other.load_state_dict(first)
    train(own, mine, range(10, 20), whole)
    train(other, its, range(10, 20), whole)
    assert is_native(own)
    assert stray(mine, its) <= 10 * tolerance


# Adafactor in half precision is PyTorch's.
@pytest.mark.parametrize("name", sorted(set(CASES) - {"Adafactor"}))
def test_what_is_half_precise_learns_as_in_full(name):
    """The engine computes in single precision and rounds once a step; PyTorch's loops round at every operation."""
    for dtype in (torch.bfloat16, torch.float16):
        mine, full = parameters(dtype), parameters(torch.float32)
        for half, single in zip(mine, full):
            single.data = half.data.float()
        own, other = getattr(ours, name)(mine), getattr(torch.optim, name)(full)
        train(own, mine, range(3))
        for step in range(3):
            for place, parameter in enumerate(full):
                generator = torch.Generator().manual_seed(100 * step + place)
                gradient = torch.randn(parameter.shape, dtype=dtype, generator=generator)
                parameter.grad = gradient.float() if (step + place) % 5 else None
            other.step()
        assert all(half.dtype == dtype for half in mine)
        assert stray([half.float() for half in mine], full) <= 4 * torch.finfo(dtype).eps


def test_numbers_that_pytorch_keeps_in_single_precision_leave_doubles_to_it():
    for name, options in [("NAdam", {}), ("ASGD", {}), ("AdamW", {"lr": torch.tensor(0.01)})]:
        mine, its = parameters(torch.float64), parameters(torch.float64)
        own = getattr(ours, name)(mine, **options)
        train(own, mine, range(5))
        train(getattr(torch.optim, name)(its, **options), its, range(5))
        assert not is_native(own)
        assert all(torch.equal(a, b) for a, b in zip(mine, its))


def test_a_schedule_moves_asgd_a_step_later_as_in_pytorch(double):
    mine, its = parameters(torch.float64), parameters(torch.float64)
    pairs = []
    for params, module in ((mine, ours), (its, torch.optim)):
        optimizer = module.ASGD(params, lr=0.1, t0=3.0)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        for step in range(6):
            train(optimizer, params, [step], True)
            scheduler.step()
        pairs.append(optimizer)
    assert is_native(pairs[0])
    assert stray(mine, its) <= 1e-12


def test_groups_have_options_of_their_own():
    mine, its = parameters(torch.float32), parameters(torch.float32)
    for params, module in ((mine, ours), (its, torch.optim)):
        groups = [{"params": params[:2], "lr": 0.1, "weight_decay": 0.5}, {"params": params[2:], "maximize": True}]
        optimizer = module.AdamW(groups)
        train(optimizer, params, range(3))
        extra = torch.nn.Parameter(torch.ones(3))
        optimizer.add_param_group({"params": [extra], "betas": (0.5, 0.5)})
        optimizer.param_groups[0]["lr"] = 0.01
        params.append(extra)
        train(optimizer, params, range(3, 6))
    assert stray(mine, its) <= 1e-6


def test_copies_and_pickles_go_on_alike():
    params = parameters(torch.float32)
    optimizer = ours.NAdam(params, lr=0.1)
    train(optimizer, params, range(3))
    copied_params, copied = copy.deepcopy((params, optimizer))
    buffer = io.BytesIO()
    torch.save(optimizer.state_dict(), buffer)
    buffer.seek(0)
    loaded_params = copy.deepcopy(params)
    loaded = ours.NAdam(loaded_params, lr=0.1)
    loaded.load_state_dict(torch.load(buffer, weights_only=True))
    pickled = pickle.loads(pickle.dumps(optimizer))
    for other, its in [
        (optimizer, params),
        (copied, copied_params),
        (loaded, loaded_params),
        (pickled, pickled.param_groups[0]["params"]),
    ]:
        train(other, its, range(3, 6))
        assert all(torch.equal(a, b) for a, b in zip(its, params))


@pytest.mark.parametrize("name", CASES)
def test_other_layouts_step_alike(name):
    def make():
        base = torch.arange(24.0).reshape(2, 3, 4)
        channels = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
        return [
            torch.nn.Parameter(base.permute(2, 0, 1)),
            torch.nn.Parameter(channels.to(memory_format=torch.channels_last)),
            torch.nn.Parameter(torch.arange(20.0).reshape(4, 5)[:, ::2]),
        ]

    mine, its = make(), make()
    train(getattr(ours, name)(mine, lr=0.01), mine, range(4))
    train(getattr(torch.optim, name)(its, lr=0.01), its, range(4))
    assert [param.stride() for param in mine] == [param.stride() for param in its]
    assert stray(mine, its) <= 2e-6


def test_an_average_whose_memory_was_replaced_is_seen():
    weight = torch.nn.Parameter(torch.ones(300))
    optimizer, average = ours.SGD([weight], lr=0.0), ours.EMA([weight], decay=0.5)

    def step(values):
        (now,) = average.averages
        now.data = torch.full_like(now, values)
        weight.grad = torch.ones(300)
        before = now._version
        ours.fused_tail(optimizer, ema=average)
        assert now._version > before
        return now

    for values in (3.0, 5.0, 7.0):
        now = step(values)
    assert torch.equal(now, torch.full((300,), 4.0))
    now.data = torch.zeros(7)
    with pytest.raises(ValueError, match="average is of another type, shape or layout"):
        ours.fused_tail(optimizer, ema=average)


def test_a_write_is_seen_by_autograd():
    for name in CASES:
        weight = torch.nn.Parameter(torch.ones(3, 3))
        optimizer = getattr(ours, name)([weight], lr=0.1)
        loss = (weight * weight).sum()
        weight.grad = torch.ones(3, 3)
        optimizer.step()
        assert is_native(optimizer)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()


def test_what_the_engine_does_not_do_is_left_to_torch():
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = ours.SGD(embedding.parameters(), lr=0.1)
    embedding(torch.tensor([1, 3])).sum().backward()
    before = embedding.weight.detach().clone()
    optimizer.step()
    assert torch.equal(embedding.weight[0], before[0]) and not torch.equal(embedding.weight[1], before[1])


def test_a_velocity_that_torch_begins_after_all_begins_with_the_gradient():
    def make(module):
        params = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(5, 2))]
        optimizer = module.SGD(params, momentum=0.9, dampening=0.5, lr=1.0)
        params[0].grad = torch.ones(2)
        params[1].grad = torch.ones(5, 2).to_sparse()
        optimizer.step()
        return params

    assert all(torch.equal(a, b) for a, b in zip(make(ours), make(torch.optim)))


@pytest.fixture
def threads():
    """As many threads as PyTorch had before."""
    number = torch.get_num_threads()
    yield
    torch.set_num_threads(number)


@pytest.mark.parametrize("name", ["AdamW", "LAMB", "Adafactor"])
def test_the_same_bits_on_any_number_of_pytorchs_threads(name, threads):
    found = []
    for number in (1, 2, 3, 7):
        torch.set_num_threads(number)
        # More than one task, and tensors that end within one.
        params = parameters(torch.float32, [(300, 400), (7,), (100_001,)])
        optimizer, average = getattr(ours, name)(params, lr=1e-2), ours.EMA(params, decay=0.9)
        for step in range(3):
            for place, parameter in enumerate(params):
                generator = torch.Generator().manual_seed(10 * step + place)
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            ours.fused_tail(optimizer, max_norm=1.0, ema=average)
        found.append([*params, *average.averages])
    assert all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other))


def test_steps_of_several_python_threads_at_once():
    def work(_):
        generator = torch.Generator().manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(200_000, generator=generator))
        optimizer = ours.AdamW([weight], lr=1e-2)
        for _ in range(20):
            weight.grad = torch.randn(weight.shape, generator=generator)
            optimizer.step()
        return weight

    with ThreadPoolExecutor(4) as pool:
        alone, *others = pool.map(work, range(4))
    assert all(torch.equal(alone, other) for other in others)


def test_hooks_run_once_also_where_torch_steps():
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    for differentiable in (False, True):
        weight = torch.zeros(2, requires_grad=True)
        # What PyTorch differentiates through is no leaf, and what it does not is one.
        weight = weight.clone() if differentiable else weight
        optimizer = ours.AdamW([weight], differentiable=differentiable)
        calls = []
        optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
        optimizer.register_step_post_hook(lambda *_: calls.append("after"))
        weight.grad = torch.ones(2)
        assert optimizer.step(lambda: 3.0) == 3.0
        assert calls == ["before", "after"]
        assert weight.detach().abs().max() > 0


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("name", ["AdamW", "SGD"])
def test_a_gradient_scaler_steps_and_skips(name, fused, by_hand):
    results = []
    for module in (ours, torch.optim):
        weight = torch.nn.Parameter(torch.ones(3))
        optimizer = getattr(module, name)([weight], lr=0.1, weight_decay=0.1, maximize=True, fused=fused)
        scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
        for factor in (1.0, float("inf"), 2.0, -3.0):
            optimizer.zero_grad()
            scaler.scale((weight * factor).sum()).backward()
            if by_hand:
                scaler.unscale_(optimizer)
            before = weight.detach().clone()
            scaler.step(optimizer)
            scaler.update()
            assert torch.equal(weight, before) == (factor == float("inf"))
        assert module is not ours or is_native(optimizer)
        steps = [state.get("step") for state in optimizer.state.values() if state]
        results.append((weight.detach(), scaler.get_scale(), steps))
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-6, atol=0)
    assert results[0][1:] == results[1][1:]


def test_gradients_are_not_held_after_the_step():
    import weakref

    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = ours.Adam([weight])
    weight.grad = torch.ones(3)
    held = weakref.ref(weight.grad)
    optimizer.step()
    optimizer.zero_grad()
    assert held() is None


def test_an_optimizer_in_a_cycle_is_collected():
    import gc
    import weakref

    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = ours.SGD([weight], momentum=0.9)
    weight.register_post_accumulate_grad_hook(lambda param: optimizer.step())
    (weight * 2).sum().backward()
    assert is_native(optimizer)
    held = [weakref.ref(weight), weakref.ref(optimizer.state[weight]["momentum_buffer"])]
    del weight, optimizer
    gc.collect()
    assert [tensor() for tensor in held] == [None] * 2


def test_every_configuration_that_pytorch_tests_itself_with(double):
    pytest.importorskip("expecttest", reason="PyTorch's own tests need it")
    from torch.testing._internal.common_optimizers import optim_db

    for info in optim_db:
        name = info.optim_cls.__name__
        if name in ("LBFGS", "Muon", "SparseAdam"):
            assert getattr(ours, name) is info.optim_cls
            continue
        for given in info.optim_inputs_func(device="cpu"):
            shapes = SHAPES[:4] if name == "Adafactor" else SHAPES
            mine, its = parameters(torch.float64, shapes), parameters(torch.float64, shapes)
            for params, cls in ((mine, getattr(ours, name)), (its, info.optim_cls)):
                train(cls(params, **copy.deepcopy(given.kwargs)), params, range(10))
            assert stray(mine, its) <= 1e-12, (name, given.kwargs)
