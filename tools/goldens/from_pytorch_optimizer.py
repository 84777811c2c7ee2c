"""pytorch_optimizer: rules that no author's package has, its variants of the others, and its wrappers."""

import inspect
import warnings
from unittest import mock

import numpy as np
import pytorch_optimizer
import torch
from pytorch_optimizer.optimizer.agc import agc
from pytorch_optimizer.optimizer.gradient_centralization import centralize_gradient

from common import STEPS, Golden, about, defaults
from pytorch_optimizer_configs import MATRIX, NEEDED, RULES, VARIANTS, WD
from torch_run import Wide, loss_of, parameters, run

LIBRARY = "pytorch_optimizer"
GIVEN_HESSIAN = ("SophiaH", "AdaHessian")


def configs(name, cls, extra):
    """The configurations of a class: the variants that it has, and the extra ones."""
    names = inspect.signature(cls).parameters
    needed = NEEDED.get(name, {})
    found = {}
    for label, kwargs in VARIANTS.items():
        known = all(k in names for k in kwargs)
        if known and (not kwargs or any(names[k].default != v for k, v in kwargs.items())):
            found[label] = {**needed, **kwargs}
    return {**found, **{label: {**needed, **kwargs} for label, kwargs in extra.items()}}


def built(cls, kwargs):
    flags = {"foreach": False} if "foreach" in inspect.signature(cls).parameters else {}
    return lambda params: cls(params, **kwargs, **flags)


def with_hessian(optimizer, params, t):
    optimizer.step(hessian=[p.grad.abs() + 0.1 for p in params])


def rules():
    for name, extra in RULES.items():
        cls = getattr(pytorch_optimizer, name)
        given = name in GIVEN_HESSIAN
        more = {"hessian": "|gradient| + 0.1, given at each step"} if given else {}
        for label, kwargs in configs(name, cls, extra).items():
            with (
                mock.patch("pytorch_optimizer.optimizer.qhadam.torch", Wide("float32")),
                mock.patch.object(torch.Tensor, "float", torch.Tensor.double),
            ):
                tensors = run(built(cls, kwargs), step=with_hessian if given else None)
            yield Golden(f"{LIBRARY}.{name}.{label}", about(LIBRARY, name, kwargs, **more), tensors)


def matrices():
    """On matrices; SOAP on square ones, for on others its first eigenbasis is not determined."""
    for name, labels in MATRIX.items():
        soap = name == "SOAP"
        kind, more = ("square", {"around": "the QR decomposition in f64, not in f32"}) if soap else ("mat", {})
        for label, kwargs in labels.items():
            with mock.patch("pytorch_optimizer.optimizer.soap.torch", Wide("float32")):
                tensors = run(built(getattr(pytorch_optimizer, name), kwargs), kind)
            yield Golden(f"{LIBRARY}.{name}.{label}", about(LIBRARY, name, kwargs, kind, **more), tensors)


def kron():
    """PSGD with an update of the preconditioner at each step; its random vectors are tensors `v<i>` [50, ...]."""
    rng = np.random.Generator(np.random.PCG64(20240609))
    noise = [torch.tensor(rng.standard_normal((STEPS, *p.shape))) for p in parameters("mat")]
    everywhere = dict(pre_conditioner_update_probability=1.0, precondition_dtype=torch.float64, balance_prob=0.0)
    plans = {
        "default": dict(lr=0.01),
        "wd": dict(lr=0.01, weight_decay=WD, momentum=0.8),
        "gradient": dict(lr=0.01, momentum_into_precondition_update=False),
        "one_diag": dict(lr=0.01, memory_save_mode="one_diag"),
        "all_diag": dict(lr=0.01, memory_save_mode="all_diag"),
    }

    def solve(x, a):
        return torch.linalg.solve_triangular(a, x.reshape(-1, x.size(-1)), upper=True, left=False).reshape_as(x)

    for label, kwargs in plans.items():
        kwargs = {**everywhere, **kwargs}
        drawn = iter([noise[i][t] for t in range(STEPS) for i in range(3)])
        with (
            mock.patch.object(torch, "randn_like", lambda like, dtype=None: next(drawn).clone()),
            mock.patch("pytorch_optimizer.optimizer.psgd.solve_triangular_right", solve),
        ):
            tensors = run(built(pytorch_optimizer.Kron, kwargs), "mat")
        if label == "default":
            tensors.update({f"v{i}": v.numpy() for i, v in enumerate(noise)})
        note = (
            "the random vectors are v<i> of the config default; the triangular solve is in f64, not the library's f32"
        )
        yield Golden(f"{LIBRARY}.Kron.{label}", about(LIBRARY, "Kron", kwargs, "mat", around=note), tensors)


def lookahead():
    """`p<i>` are the weights after each step, which are the slow ones after each k-th."""
    for label, kwargs in {
        "default": dict(k=5, alpha=0.5),
        "reset": dict(k=4, alpha=0.8, pullback_momentum="reset"),
        "pullback": dict(k=4, alpha=0.8, pullback_momentum="pullback"),
    }.items():

        def make(params):
            base = torch.optim.SGD(params, lr=0.1, momentum=0.9, foreach=False)
            return pytorch_optimizer.Lookahead(base, **kwargs)

        made = about(LIBRARY, "Lookahead", kwargs, around="over SGD(lr=0.1, momentum=0.9)")
        yield Golden(f"{LIBRARY}.Lookahead.{label}", made, run(make))


def sharpness():
    """Two passes over the loss: gradients at the weights, a climb, gradients there, the step from the weights."""
    sgd = (torch.optim.SGD, dict(lr=0.05, momentum=0.9))
    adamw = (torch.optim.AdamW, dict(lr=0.01))
    plans = {
        "SAM.default": (sgd, dict(rho=0.05)),
        "SAM.adamw": (adamw, dict(rho=0.2)),
        "SAM.centralized": (sgd, dict(rho=0.1, use_gc=True)),
        "SAM.adaptive": (sgd, dict(rho=0.5, adaptive=True)),
        "LookSAM.default": (sgd, dict(rho=0.1, k=5, alpha=0.7)),
    }
    for label, ((base, options), kwargs) in plans.items():
        cls = getattr(pytorch_optimizer, label.split(".")[0])

        def step(optimizer, params, t):
            closure = loss_of(params)
            closure()
            optimizer.step(closure)

        with mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
            tensors = run(lambda params: cls(params, base, foreach=False, **kwargs, **options), step=step)
        made = about(LIBRARY, label.split(".")[0], kwargs, closure="the loss", base=base.__name__, base_kwargs=options)
        yield Golden(f"{LIBRARY}.{label}", made, tensors)


def transforms():
    """On the gradients of SGD(lr=0.1)."""

    def centralize(params):
        for p in params:
            centralize_gradient(p.grad)

    def clip(value):
        def adapt(params):
            for p in params:
                p.grad = agc(p, p.grad, agc_clip_val=value)

        return adapt

    plans = {
        "centralize_gradient.default": ({}, centralize),
        "agc.default": ({"agc_eps": 1e-3, "agc_clip_val": 1e-2, "eps": 1e-6}, clip(1e-2)),
        "agc.loose": ({"agc_eps": 1e-3, "agc_clip_val": 0.2, "eps": 1e-6}, clip(0.2)),
    }
    for label, (kwargs, change) in plans.items():

        def step(optimizer, params, t):
            change(params)
            optimizer.step()

        tensors = run(lambda params: torch.optim.SGD(params, lr=0.1), step=step)
        made = about(LIBRARY, label.split(".")[0], kwargs, around="before each step of SGD(lr=0.1)")
        yield Golden(f"{LIBRARY}.{label}", made, tensors)


def goldens():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in (rules, matrices, kron, lookahead, sharpness, transforms):
            yield from part()


def classes():
    return {f"{LIBRARY}.{name}": defaults(getattr(pytorch_optimizer, name)) for name in [*RULES, *MATRIX, "Kron"]}
