"""The classes that are made from the catalogue, and what is done around a step."""

import copy
import io
import json
import math
import pathlib

import pytest

torch = pytest.importorskip("torch")

import ravine  # noqa: E402
import ravine.torch as ours  # noqa: E402
from ravine.torch import rules  # noqa: E402

GOLDENS = pathlib.Path(__file__).parents[2] / "crates/ravine/tests/goldens"
CLASSES = [cls for name in rules.__all__ if hasattr(cls := getattr(ours, name), "_rule")]
NOISY = ("NoisySGD", "SGLD")


def read(name):
    """The tensors of a safetensors file, and what it says of them."""
    data = (GOLDENS / name).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__")
    tensors = {}
    for key, entry in header.items():
        begin, end = entry["data_offsets"]
        part = torch.frombuffer(bytearray(data[start + begin : start + end]), dtype=torch.float64)
        tensors[key] = part.reshape(entry["shape"])
    return tensors, about


@pytest.mark.parametrize(
    "file, golden, name, hyper",
    [
        ("peers", "lion_pytorch.Lion.wd", "Lion", {"lr": 0.01, "weight_decay": 0.05}),
        ("peers", "prodigyopt.Prodigy.wd", "Prodigy", {"d0": 0.001, "weight_decay": 0.05}),
        ("peers", "schedulefree.SGDScheduleFree.default", "ScheduleFreeSGD", {"lr": 0.1}),
        ("peers", "schedulefree.AdamWScheduleFree.default", "ScheduleFreeAdamW", {"lr": 0.01}),
        ("peers", "schedulefree.RAdamScheduleFree.default", "ScheduleFreeRAdam", {"lr": 0.01}),
        ("peers", "dog.DoG.wd", "DoG", {"reps_rel": 0.001, "weight_decay": 0.05}),
        ("optax", "optax.novograd.wd", "NovoGrad", {"betas": (0.9, 0.25), "eps": 1e-6, "weight_decay": 0.1}),
        ("pytorch_optimizer", "pytorch_optimizer.Adan.wd", "Adan", {"weight_decay": 0.05}),
        ("pytorch_optimizer", "pytorch_optimizer.AdEMAMix.decoupled", "AdEMAMix", {"lr": 0.01, "weight_decay": 0.05}),
        ("pytorch_optimizer", "pytorch_optimizer.SM3.beta", "SM3", {"momentum": 0.9, "beta": 0.5}),
        ("pytorch_optimizer", "pytorch_optimizer.Shampoo.default", "Shampoo", {}),
    ],
)
def test_numbers_are_those_of_other_libraries(file, golden, name, hyper):
    """To the tolerance of the engine's own test of the case."""
    tensors, about = read(f"rules-{file}.safetensors")
    inputs, _ = read("inputs.safetensors")
    kind = json.loads(about[golden])["inputs"]
    params = [torch.nn.Parameter(inputs[f"{kind}/p{i}"].clone()) for i in range(3)]
    optimizer = getattr(ours, name)(params, **hyper)
    rows = json.loads(about["rows"])
    for step in range(50):
        for i, param in enumerate(params):
            param.grad = inputs[f"{kind}/g{i}"][step].clone()
        optimizer.step()
        if step + 1 in rows:
            for key, around in (("p", None), ("x", optimizer.evaluation())):
                for i, param in enumerate(params):
                    expected = tensors.get(f"{golden}/{key}{i}")
                    if expected is None:
                        continue
                    if around is None:
                        found = param.detach().clone()
                    else:
                        with optimizer.evaluation():
                            found = param.detach().clone()
                    expected = expected[rows.index(step + 1)]
                    assert ((found - expected).abs().max() / expected.abs().max()).item() < 1e-11


def parameters(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    shapes = [(6, 5), (300,), (2, 3, 4)]
    return [torch.nn.Parameter(torch.randn(shape, generator=generator).to(dtype)) for shape in shapes]


def train(optimizer, params, steps):
    for step in steps:
        for place, param in enumerate(params):
            generator = torch.Generator().manual_seed(100 * step + place)
            param.grad = torch.randn(param.shape, generator=generator).to(param.dtype)
        optimizer.step()


def test_every_rule_has_a_class_here_or_in_torch():
    made = {cls._rule for cls in CLASSES}
    names = {entry["name"] for entry in ravine.rules()}
    assert names - made == rules._ELSEWHERE - made
    assert "Args:" in ours.Lion.__doc__ and "betas" in ours.Lion.__doc__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_run_goes_on_from_its_state_with_the_same_bits(cls):
    for dtype in (torch.float32, torch.bfloat16):
        params = parameters(dtype)
        optimizer = cls(params)
        train(optimizer, params, range(3))
        buffer = io.BytesIO()
        torch.save(optimizer.state_dict(), buffer)
        buffer.seek(0)
        copies = copy.deepcopy(params)
        resumed = cls(copies)
        resumed.load_state_dict(torch.load(buffer, weights_only=True))
        for loaded, kept in zip(resumed.state.values(), optimizer.state.values()):
            assert {name: x.dtype for name, x in loaded.items()} == {name: x.dtype for name, x in kept.items()}
        train(optimizer, params, range(3, 6))
        train(resumed, copies, range(3, 6))
        assert all(torch.equal(a, b) for a, b in zip(params, copies))
        assert all(param.isfinite().all() for param in params)


def test_memory_of_other_groups_and_types_is_refused():
    params = [torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(3, dtype=torch.float64))]
    optimizer = ours.Prodigy(params)
    for param in params:
        param.grad = torch.ones_like(param)
    with pytest.raises(RuntimeError, match="Prodigy: parameters of several types in one group"):
        optimizer.step()
    assert all((param == 1).all() for param in params)
    optimizer = ours.Prodigy([{"params": [param]} for param in params])
    optimizer.step()
    assert all((param != 1).all() for param in params)


@pytest.mark.parametrize("storage", ["bf16", "f16", "int8", "int4"])
def test_compact_state_is_small_and_learns_alike(storage):
    target = torch.randn(4096, generator=torch.Generator().manual_seed(0))
    losses, sizes = [], []
    for kept in ("full", storage):
        param = torch.nn.Parameter(torch.zeros(4096))
        optimizer = ours.AdamW8bit([param], lr=0.05, storage=kept)
        for _ in range(60):
            # Squares of gradients of mean losses would be beyond the range of f16.
            loss = ((param - target) ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item() / target.square().sum().item())
        sizes.append(sum(x.nbytes for x in optimizer.state[param].values()))
    assert sizes[1] < 0.51 * sizes[0]
    assert losses[0] < 0.05 and losses[1] < (0.25 if storage == "int4" else 0.05), losses


def test_evaluation_weights_are_there_within_and_the_trained_ones_after():
    params = parameters()
    optimizer = ours.ScheduleFreeAdamW(params, lr=0.1)
    train(optimizer, params, range(5))
    trained = [param.detach().clone() for param in params]
    with optimizer.evaluation():
        weight = optimizer.param_groups[0]["betas"][0]
        for param, before in zip(params, trained):
            # y = (1 - b) z + b x, so that x = (y - (1 - b) z) / b.
            z = optimizer.state[param]["z"]
            torch.testing.assert_close(param.detach(), (before - (1 - weight) * z) / weight)
    assert all(torch.equal(a, b) for a, b in zip(params, trained))


@pytest.mark.parametrize("estimate", ["squared", "given"])
@pytest.mark.parametrize("storage", ["full", "int8"])
def test_curvature_is_taken_as_by_the_engine_and_kept(estimate, storage):
    numpy = pytest.importorskip("ravine.numpy")
    options = {"lr": 0.1, "rho": 1.0, "batch_size": 2.0, "update_period": 0, "estimate": estimate, "storage": storage}
    weight = torch.nn.Parameter(torch.randn(40, 7, generator=torch.Generator().manual_seed(1)))
    array = weight.detach().numpy().copy()
    theirs = numpy.Sophia(array, **options)
    optimizer = ours.Sophia([weight], **options)
    for step in range(4):
        generator = torch.Generator().manual_seed(step)
        if step % 2 == 0:
            weight.grad = torch.rand(40, 7, generator=generator)
            theirs.observe_curvature(weight.grad.numpy())
            before = weight.detach().clone(), weight.grad.clone()
            optimizer.update_hessian()
            assert torch.equal(weight, before[0]) and torch.equal(weight.grad, before[1])
        weight.grad = torch.randn(40, 7, generator=generator)
        theirs.step(weight.grad.numpy())
        optimizer.step()
        assert torch.equal(weight, torch.from_numpy(array))
        state = optimizer.state_dict()
        assert state["state"][0]["step"] == step + 1
        # A run goes on from its state.
        optimizer = ours.Sophia([weight], **options)
        optimizer.load_state_dict(state)


def test_curvature_before_the_first_step_and_curvature_that_is_no_number():
    params = [torch.nn.Parameter(torch.ones(3)) for _ in range(2)]
    optimizer = ours.Sophia([("a", params[0]), ("b", params[1])], lr=0.1, update_period=0)
    optimizer.update_hessian()
    for param, value in zip(params, (2.0, float("nan"))):
        param.grad = torch.full((3,), value)
    with pytest.raises(ValueError, match="parameter b: the estimate of curvature is not finite"):
        optimizer.update_hessian()
    assert all(not state["hessian"].any() for state in optimizer.state.values())
    params[1].grad = torch.ones(3)
    optimizer.update_hessian()
    assert all((state["hessian"] > 0).all() and state["step"] == 0 for state in optimizer.state.values())
    params[1].grad = torch.ones(3).to_sparse()
    with pytest.raises(RuntimeError, match="parameter b"):
        optimizer.update_hessian()
    assert not hasattr(ours.Lion(params), "update_hessian")
    with pytest.raises(ValueError, match="estimate must be squared or given, not 'guessed'"):
        ours.Sophia(params, estimate="guessed")


def test_noise_follows_the_seed():
    def run(name, seed):
        params = parameters()
        optimizer = getattr(ours, name)(params, seed=seed)
        train(optimizer, params, range(2))
        return torch.cat([param.detach().flatten() for param in params])

    for name in NOISY:
        assert torch.equal(run(name, 1), run(name, 1)) and not torch.equal(run(name, 1), run(name, 2))


def test_groups_schedules_and_hooks_work_as_in_torch():
    params = parameters()
    optimizer = ours.Lion([{"params": params[:1], "weight_decay": 0.5}, {"params": params[1:]}], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append(optimizer.param_groups[0]["lr"]))
    for step in range(3):
        train(optimizer, params, [step])
        scheduler.step()
    assert seen == [0.1, 0.05, 0.025]
    with pytest.raises(ValueError, match="weight_decay"):
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))], "weight_decay": -1.0})
    with pytest.raises(TypeError, match="Lion has no beta; it has: "):
        ours.Lion(params, beta=0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_fused_tail_is_clip_step_average_and_zero(dtype):
    mine, its = parameters(dtype), parameters(dtype)
    own, other = ours.AdamW(mine, lr=0.1), ours.AdamW(its, lr=0.1)
    own_ema, other_ema = ours.EMA(mine, 0.9), ours.EMA(its, 0.9)
    for step in range(5):
        for place, (a, b) in enumerate(zip(mine, its)):
            generator = torch.Generator().manual_seed(100 * step + place)
            a.grad = torch.randn(a.shape, generator=generator).to(dtype)
            b.grad = a.grad.clone()
        norm = ours.fused_tail(own, max_norm=1.0, ema=own_ema)
        expected = torch.nn.utils.clip_grad_norm_(its, 1.0)
        assert abs(norm / expected.item() - 1) < (1e-2 if dtype == torch.bfloat16 else 1e-5)
        other.step()
        other_ema.update()
        assert all((param.grad == 0).all() for param in mine)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-12, torch.bfloat16: 0.05}[dtype]
    for a, b in zip([*mine, *own_ema.averages], [*its, *other_ema.averages]):
        assert (a - b).abs().max() <= tolerance * b.abs().max()


def test_a_fused_tail_where_torch_steps():
    results = []
    for differentiable in (False, True):
        param = torch.ones(3, requires_grad=True)
        param = param.clone() if differentiable else param
        optimizer = ours.SGD([param], lr=0.5, differentiable=differentiable)
        ema = ours.EMA([param], 0.5)
        param.grad = torch.full((3,), 2.0)
        norm = ours.fused_tail(optimizer, max_norm=1.0, ema=ema)
        assert norm == pytest.approx(math.sqrt(12)) and (param.grad == 0).all()
        results.append((param.detach(), ema.averages[0].detach()))
    torch.testing.assert_close(results[0], results[1])


def test_a_norm_that_is_not_finite_can_be_an_error_before_anything_is_written():
    param = torch.nn.Parameter(torch.ones(3))
    optimizer = ours.SGD([param], lr=0.5, momentum=0.9)
    param.grad = torch.tensor([1.0, float("inf"), 1.0])
    with pytest.raises(RuntimeError, match="nothing was stepped"):
        ours.fused_tail(optimizer, max_norm=1.0, error_if_nonfinite=True)
    assert (param == 1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.bfloat16])
@pytest.mark.parametrize("max_norm", [0.5, 1e9])
def test_clipping_is_that_of_torch(dtype, max_norm):
    mine = [torch.nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in ((40, 30), (7,), ())]
    for place, param in enumerate(mine):
        generator = torch.Generator().manual_seed(place)
        param.grad = torch.randn(param.shape, generator=generator).to(dtype)
    its = copy.deepcopy(mine)
    for a, b in zip(mine, its):
        b.grad = a.grad.clone()
    found, expected = ours.clip_grad_norm_(mine, max_norm), torch.nn.utils.clip_grad_norm_(its, max_norm)
    tolerance = 0.02 if dtype == torch.bfloat16 else 1e-6
    assert abs(found.item() - expected.item()) <= tolerance * expected.item()
    for a, b in zip(mine, its):
        assert (a.grad - b.grad).abs().max() <= tolerance * b.grad.abs().max()
    assert ours.clip_grad_norm_(mine, 1.0, norm_type=math.inf) > 0
    mine[0].grad[0, 0] = float("nan")
    with pytest.raises(RuntimeError, match="non-finite"):
        ours.clip_grad_norm_(mine, 1.0, error_if_nonfinite=True)


def test_an_average_is_applied_kept_and_loaded():
    params = parameters(torch.bfloat16)
    ema = ours.EMA(params, 0.5)
    assert all(average.dtype == torch.float32 for average in ema.averages)
    with torch.no_grad():
        for param in params:
            param.add_(1.0)
    before = [param.detach().clone() for param in params]
    ema.update()
    with ema.applied():
        assert not torch.equal(params[0], before[0])
    assert all(torch.equal(a, b) for a, b in zip(params, before))
    other = ours.EMA(params, 0.9)
    other.load_state_dict(copy.deepcopy(ema.state_dict()))
    assert other.decay == 0.5 and all(torch.equal(a, b) for a, b in zip(other.averages, ema.averages))
    with pytest.raises(ValueError, match="other parameters"):
        ours.EMA(params[:1]).load_state_dict(ema.state_dict())
    with pytest.raises(ValueError, match="2 parameters of the optimizer have no average"):
        ours.fused_tail(ours.SGD(params), ema=ours.EMA(params[:1]))


def test_no_class_hides_one_of_pytorchs():
    assert not {*rules.__all__} & {*ours.optim.__all__}
    assert ours.LBFGS is torch.optim.LBFGS


def test_the_type_stub_is_that_of_the_catalogue():
    import importlib.util

    path = pathlib.Path(__file__).parents[1] / "tools/stubs.py"
    spec = importlib.util.spec_from_file_location("stubs", path)
    stubs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stubs)
    assert stubs.PATH.read_text() == stubs.stub(), "run python tools/stubs.py"
