"""The classes of ravine.torch beside those of torch.optim."""

import copy

import pytest

torch = pytest.importorskip("torch")

import ravine.torch as ours  # noqa: E402

SHAPES = [(5, 7), (11,), (2, 3, 2), (), (0, 3)]
CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("AdamW", {"lr": torch.tensor(0.01), "maximize": True}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.9, "weight_decay": 0.1}),
]


def parameters(dtype):
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape, dtype=dtype, generator=generator)) for shape in SHAPES]


def train(optimizer, parameters, steps):
    for step in steps:
        for place, parameter in enumerate(parameters):
            generator = torch.Generator().manual_seed(100 * step + place)
            gradient = torch.randn(parameter.shape, dtype=parameter.dtype, generator=generator)
            # Now and then a parameter has none.
            parameter.grad = gradient if (step + place) % 5 else None
        optimizer.step()


def stray(ours, theirs):
    """The largest difference, relative to the larger magnitude of a tensor."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if a.numel()]
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)


@pytest.mark.parametrize("name, options", CASES)
@pytest.mark.parametrize(
    "dtype, tolerance", [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.complex128, 1e-12)]
)
def test_the_same_numbers_and_state(name, options, dtype, tolerance):
    mine, its = parameters(dtype), parameters(dtype)
    own = getattr(ours, name)(mine, **options)
    other = getattr(torch.optim, name)(its, **options)
    train(own, mine, range(10))
    train(other, its, range(10))
    assert "_cells" in own.__dict__, "it was not stepped by the engine"
    assert stray(mine, its) <= tolerance
    states = own.state_dict()["state"], other.state_dict()["state"]
    assert states[0].keys() == states[1].keys()
    assert all(states[0][key].keys() == states[1][key].keys() for key in states[0])
    # Each goes on from the state of the other.
    first, second = copy.deepcopy(own.state_dict()), copy.deepcopy(other.state_dict())
    own.load_state_dict(second)
    other.load_state_dict(first)
    train(own, mine, range(10, 20))
    train(other, its, range(10, 20))
    assert stray(mine, its) <= 10 * tolerance


def test_a_write_is_seen_by_autograd():
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = ours.SGD([weight], lr=0.1)
    loss = (weight * weight).sum()
    weight.grad = torch.ones(3)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_replaced_data_and_gradients_are_seen():
    weight = torch.nn.Parameter(torch.zeros(4, 4))
    optimizer = ours.SGD([weight], lr=1.0)
    for change in [
        lambda: torch.zeros(4, 4),
        lambda: torch.zeros(4, 4).t(),
        lambda: torch.zeros(2, 2),
        lambda: torch.zeros(4, 4, dtype=torch.float64),
    ]:
        weight.data = change()
        weight.grad = None
        weight.grad = torch.arange(weight.numel(), dtype=weight.dtype).reshape(weight.shape)
        expected = -weight.grad.clone()
        optimizer.step()
        assert torch.equal(weight.detach(), expected)


def test_what_the_engine_does_not_do_is_left_to_torch():
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    optimizer = ours.SGD(embedding.parameters(), lr=0.1)
    embedding(torch.tensor([1, 3])).sum().backward()
    before = embedding.weight.detach().clone()
    optimizer.step()
    assert torch.equal(embedding.weight[0], before[0]) and not torch.equal(embedding.weight[1], before[1])


def test_hooks_run_once_also_where_torch_steps():
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    for dtype in (torch.float32, torch.float64):
        weight = torch.nn.Parameter(torch.zeros(2, dtype=dtype))
        optimizer = ours.AdamW([weight], differentiable=dtype == torch.float64)
        calls = []
        optimizer.register_step_post_hook(lambda *_: calls.append(1))
        weight.grad = torch.ones(2, dtype=dtype)
        with torch.no_grad():
            optimizer.step()
        assert calls == [1]
