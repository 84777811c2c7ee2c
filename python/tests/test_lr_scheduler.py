"""Schedulers of ravine.torch beside those of torch.optim."""

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")

import ravine.torch  # noqa: E402
from ravine.schedules import Schedule  # noqa: E402
from ravine.torch import lr_scheduler as ours  # noqa: E402
from torch.optim import lr_scheduler as theirs  # noqa: E402

CASES = [
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 2, "gamma": 1.5}),
    ("MultiStepLR", {"milestones": [3, 9, 3], "gamma": 0.5}),
    ("MultiStepLR", {"milestones": []}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 0}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.1, "total_iters": 7}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ExponentialLR", {"gamma": 1.01}),
    ("PolynomialLR", {"total_iters": 9, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 6, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 2.5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 40}),
    ("LambdaLR", {"lr_lambda": lambda step: 1 / (1 + step)}),
    ("MultiplicativeLR", {"lr_lambda": lambda step: 0.9}),
]


def optimizer(module=torch.optim, lr=0.5):
    groups = [{"params": [torch.nn.Parameter(torch.ones(2))]} for _ in range(2)]
    groups[1]["lr"] = torch.tensor(0.3, dtype=torch.float64)
    return module.SGD(groups, lr=lr, momentum=0.9)


def rates(made, scheduler, steps, *metric):
    seen = []
    for _ in range(steps):
        seen += [float(group["lr"]) for group in made.param_groups] + [made.param_groups[0]["momentum"]]
        made.step()
        scheduler.step(*metric)
    return seen


def test_every_class_of_pytorch_is_here():
    missing = set(theirs.__all__) - set(ours.__all__)
    assert not missing
    for name in theirs.__all__:
        assert issubclass(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize("name, options", CASES)
@pytest.mark.parametrize("module", [torch.optim, ravine.torch])
def test_the_rates_of_pytorch(name, options, module):
    mine, its = optimizer(module), optimizer()
    got = rates(mine, getattr(ours, name)(mine, **options), 30)
    assert got == pytest.approx(rates(its, getattr(theirs, name)(its, **options), 30), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name, options", CASES)
def test_state_is_exchanged_with_pytorch(name, options):
    mine, its = optimizer(), optimizer()
    own, other = getattr(ours, name)(mine, **options), getattr(theirs, name)(its, **options)
    rates(mine, own, 5), rates(its, other, 5)
    assert own.state_dict().keys() == other.state_dict().keys()
    states = copy.deepcopy((mine.state_dict(), own.state_dict(), its.state_dict(), other.state_dict()))
    # The optimizer comes last, for making a scheduler sets the learning rates.
    own, other = getattr(ours, name)(mine, **options), getattr(theirs, name)(its, **options)
    mine.load_state_dict(states[2]), own.load_state_dict(states[3])
    its.load_state_dict(states[0]), other.load_state_dict(states[1])
    assert rates(mine, own, 20) == pytest.approx(rates(its, other, 20), rel=1e-12, abs=1e-14)


def test_no_rounding_error_adds_up():
    mine = optimizer()
    scheduler = ours.CosineAnnealingLR(mine, 1000)
    rates(mine, scheduler, 2500)
    assert mine.param_groups[0]["lr"] == Schedule("cosine:steps=1000,periodic=true", 0.5)(2500)


def test_chains_have_the_meaning_of_pytorch():
    def chained(module):
        made = optimizer()
        pair = [module.ExponentialLR(made, 0.9), module.StepLR(made, 4), module.CosineAnnealingLR(made, 15)]
        return rates(made, module.ChainedScheduler(pair), 25)

    assert chained(ours) == pytest.approx(chained(theirs), rel=1e-9, abs=1e-14)


def test_a_rate_set_by_hand_is_kept():
    def steered(module):
        made = optimizer()
        scheduler = module.ExponentialLR(made, 0.9)
        seen = rates(made, scheduler, 5)
        made.param_groups[0]["lr"] = 3.0
        return seen + rates(made, scheduler, 5)

    assert steered(ours) == pytest.approx(steered(theirs), rel=1e-12)


def test_sequences():
    def sequence(module):
        made = optimizer()
        parts = [module.ConstantLR(made, 0.1, 100), module.ExponentialLR(made, 0.9), module.StepLR(made, 3)]
        return rates(made, module.SequentialLR(made, parts, [4, 9]), 20)

    assert sequence(ours) == pytest.approx(sequence(theirs), rel=1e-12)


def test_nested_sequences():
    def lrs(nested):
        made = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        first, second, third = (
            ours.ConstantLR(made, 0.1, 99),
            ours.ExponentialLR(made, 0.9),
            ours.ConstantLR(made, 0.04, 99),
        )
        match nested:
            case "last":
                scheduler = ours.SequentialLR(made, [first, ours.SequentialLR(made, [second, third], [2])], [2])
            case "first":
                scheduler = ours.SequentialLR(made, [ours.SequentialLR(made, [first, second], [2]), third], [4])
            case _:
                scheduler = ours.SequentialLR(made, [first, second, third], [2, 4])
        seen = []
        for _ in range(7):
            seen.append(made.param_groups[0]["lr"])
            made.step()
            scheduler.step()
        return seen

    assert lrs("first") == lrs("last") == lrs("not") == [0.05, 0.05, 0.5, 0.45, 0.02, 0.02, 0.02]


@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_sequence_is_resumed_by_its_last_epoch(at):
    def made_of(made, last_epoch):
        parts = [ours.ExponentialLR(made, 0.9), ours.StepLR(made, 2, 0.5)]
        return ours.SequentialLR(made, parts, [4], last_epoch=last_epoch)

    whole = optimizer()
    expected = rates(whole, made_of(whole, -1), 12)
    resumed = optimizer()
    for group in resumed.param_groups:
        group["initial_lr"] = copy.copy(group["lr"])
    got = rates(resumed, made_of(resumed, at - 1), 12 - at)
    assert got == pytest.approx(expected[3 * at :], rel=1e-12)


@pytest.mark.parametrize(
    "spec", ["cosine:warmup=5%", "constant for 80% then linear", "one-cycle", "cyclic:min=0.01", "wsd"]
)
def test_any_schedule_of_the_engine(spec):
    made = optimizer()
    scheduler = ours.ScheduleLR(made, spec, run=40)
    schedule = Schedule(spec, 0.5, 40)
    got = rates(made, scheduler, 45)
    assert got[0::3] == schedule(list(range(45))).tolist()
    assert got[1::3] == Schedule(spec, 0.3, 40)(list(range(45))).tolist()
    if schedule.momentum(0) is not None:
        assert got[2::3] == schedule.momentum(list(range(45))).tolist()


@pytest.mark.parametrize("name", ["WSDLR", "NoamLR", "InverseSqrtLR", "InverseTimeLR", "NaturalExponentialLR"])
def test_what_pytorch_lacks(name):
    made = optimizer()
    scheduler = getattr(ours, name)(made, run=100, warmup=10)
    engine = Schedule(scheduler.spec, 0.5)
    assert rates(made, scheduler, 120)[0::3] == engine(list(range(120))).tolist()
    with pytest.raises(TypeError, match="no setting 'x'"):
        getattr(ours, name)(made, x=1)


def test_a_schedule_is_resumed(tmp_path):
    made = optimizer()
    scheduler = ours.WSDLR(made, steps=30)
    rates(made, scheduler, 26)
    torch.save((made.state_dict(), scheduler.state_dict()), tmp_path / "state")
    expected = rates(made, scheduler, 10)
    other = optimizer()
    again = ours.WSDLR(other, steps=30)
    state, progress = torch.load(tmp_path / "state", weights_only=True)
    other.load_state_dict(state), again.load_state_dict(progress)
    assert rates(other, again, 10) == expected
    assert pickle.loads(pickle.dumps(again.state_dict())) == again.state_dict()


def test_bad_schedules():
    made = optimizer()
    with pytest.raises(ValueError, match="run="):
        ours.ScheduleLR(made, "cosine")
    with pytest.raises(ValueError, match="not the optimizer's lr"):
        ours.ScheduleLR(made, Schedule("constant", 0.1))
    with pytest.raises(ValueError, match="momentum"):
        ours.ScheduleLR(torch.optim.Adagrad([torch.nn.Parameter(torch.ones(1))]), "one-cycle", run=9)
