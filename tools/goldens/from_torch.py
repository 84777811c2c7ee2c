"""torch.optim: every class with every numeric option, its plain loop; clipping, averages, and a rate per layer."""

from unittest import mock

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from common import Golden, about, defaults
from torch_run import Wide, loss_of, parameters, run, snapshot

ADAM = {
    "default": dict(lr=0.01),
    "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    "wd": dict(lr=0.01, weight_decay=0.1),
    "amsgrad": dict(lr=0.01, amsgrad=True),
    "maximize": dict(lr=0.01, maximize=True),
    "amsgrad_wd_max": dict(lr=0.01, amsgrad=True, weight_decay=0.1, maximize=True),
}
CONFIGS = {
    "SGD": {
        "plain": dict(lr=0.1),
        "momentum": dict(lr=0.1, momentum=0.9),
        "dampening": dict(lr=0.1, momentum=0.9, dampening=0.5),
        "nesterov": dict(lr=0.1, momentum=0.9, nesterov=True),
        "wd": dict(lr=0.1, weight_decay=0.05),
        "wd_nesterov": dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
        "maximize": dict(lr=0.1, momentum=0.9, maximize=True),
        "wd_max_damp": dict(lr=0.1, momentum=0.8, dampening=0.1, weight_decay=0.05, maximize=True),
    },
    "Adam": {
        **ADAM,
        "decoupled": dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
        "decoupled_amsgrad": dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True, amsgrad=True),
    },
    "AdamW": ADAM,
    "NAdam": {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "wd": dict(lr=0.01, weight_decay=0.1),
        "decoupled": dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
        "momentum_decay": dict(lr=0.01, momentum_decay=6e-3),
        "maximize": dict(lr=0.01, maximize=True),
    },
    "RAdam": {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.9, 0.9)),
        "eps": dict(lr=0.01, eps=1e-3),
        "wd": dict(lr=0.01, weight_decay=0.1),
        "decoupled": dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
        "maximize": dict(lr=0.01, maximize=True),
    },
    "Adamax": {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "wd": dict(lr=0.01, weight_decay=0.1),
        "maximize": dict(lr=0.01, maximize=True),
    },
    "Adadelta": {
        "default": dict(),
        "rho": dict(lr=0.5, rho=0.95),
        "eps": dict(eps=1e-3),
        "wd": dict(weight_decay=0.1),
        "maximize": dict(maximize=True, weight_decay=0.1),
    },
    "Adagrad": {
        "default": dict(lr=0.1),
        "lr_decay": dict(lr=0.1, lr_decay=0.05),
        "wd": dict(lr=0.1, weight_decay=0.1),
        "init": dict(lr=0.1, initial_accumulator_value=0.1, eps=1e-6),
        "maximize": dict(lr=0.1, maximize=True),
    },
    "RMSprop": {
        "default": dict(),
        "alpha": dict(alpha=0.9, eps=1e-3),
        "centered": dict(centered=True),
        "momentum": dict(momentum=0.9),
        "wd": dict(weight_decay=0.1),
        "centered_momentum_wd": dict(centered=True, momentum=0.9, weight_decay=0.1, alpha=0.9),
        "maximize": dict(momentum=0.5, maximize=True),
    },
    "Rprop": {
        "default": dict(),
        "etas": dict(lr=0.02, etas=(0.4, 1.5), step_sizes=(1e-4, 1.0)),
        "maximize": dict(maximize=True),
    },
    "ASGD": {
        "default": dict(lr=0.1),
        "t0": dict(lr=0.1, t0=10),
        "lambd": dict(lr=0.1, lambd=0.01, alpha=0.6),
        "wd": dict(lr=0.1, weight_decay=0.1),
        "maximize": dict(lr=0.1, maximize=True),
    },
    "Adafactor": {
        "default": dict(),
        "wd": dict(weight_decay=0.1),
        "decay": dict(beta2_decay=-0.5, d=2.0),
        "eps": dict(eps=(0.1, 2.0)),
        "maximize": dict(maximize=True),
    },
    "Muon": {
        "default": dict(lr=0.02),
        "plain": dict(lr=0.02, nesterov=False, weight_decay=0.0),
        "match_rms": dict(lr=0.02, adjust_lr_fn="match_rms_adamw"),
        "ns3": dict(lr=0.02, ns_steps=3),
        "coefficients": dict(lr=0.02, momentum=0.8, ns_coefficients=(2.0, -1.5, 0.5), eps=1e-3),
    },
    "SparseAdam": {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "maximize": dict(lr=0.01, maximize=True),
    },
    "LBFGS": {
        "default": dict(lr=0.1),
        "wolfe": dict(lr=1.0, line_search_fn="strong_wolfe"),
        "history": dict(lr=0.5, history_size=3, max_iter=5),
        "single": dict(lr=0.5, history_size=3, max_iter=1),
        "max_eval": dict(lr=1.0, max_iter=4, max_eval=6, line_search_fn="strong_wolfe"),
        "tolerances": dict(lr=0.2, max_iter=6, tolerance_grad=1e-2, tolerance_change=1e-4),
    },
}
CLIPS = {
    "clip_grad_norm_.l2": dict(max_norm=1.0),
    "clip_grad_norm_.l1": dict(max_norm=5.0, norm_type=1.0),
    "clip_grad_norm_.inf": dict(max_norm=0.5, norm_type=float("inf")),
    "clip_grad_value_.default": dict(clip_value=0.5),
}


def step_of(name):
    """How a class is stepped, where it is not plainly: L-BFGS takes a closure, SparseAdam sparse gradients."""
    if name == "LBFGS":
        return lambda optimizer, params, t: optimizer.step(loss_of(params))
    if name == "SparseAdam":

        def sparse(optimizer, params, t):
            for p in params:
                p.grad = p.grad.to_sparse()
            optimizer.step()

        return sparse
    return None


def averaged_asgd(optimizer, params):
    """What ASGD averages to; its steps go on from the parameters."""
    return [optimizer.state[p]["ax"].clone().numpy() for p in params]


def muon():
    """Muon iterates in bf16, and again here with that in f64."""
    for label, kwargs in CONFIGS["Muon"].items():
        with mock.patch("torch.optim._muon.torch", Wide("bfloat16")):
            tensors = run(lambda params: torch.optim.Muon(params, **kwargs), "mat")
        note = "the Newton-Schulz iteration in f64, not in bf16"
        yield Golden(f"torch.Muon.{label}_f64", about("torch", "Muon", kwargs, "mat", around=note), tensors)


def rules():
    for name, configs in CONFIGS.items():
        cls = getattr(torch.optim, name)
        kind = "mat" if name == "Muon" else "std"
        more = {"LBFGS": {"closure": "the loss"}, "SparseAdam": {"gradients": "sparse"}}.get(name, {})
        for label, kwargs in configs.items():
            flags = {k: False for k in ("foreach", "fused") if k in cls.__init__.__code__.co_varnames}
            average = averaged_asgd if name == "ASGD" else None
            tensors = run(lambda params: cls(params, **kwargs, **flags), kind, step_of(name), average=average)
            yield Golden(f"torch.{name}.{label}", about("torch", name, kwargs, kind, **more), tensors)


def sparse_rows():
    """Gradients of whole rows, as an embedding gives them."""
    torch.sparse.check_sparse_tensor_invariants.enable()
    plans = {
        "SparseAdam": dict(lr=0.01),
        "Adagrad": dict(lr=0.1),
        "SGD": dict(lr=0.1),
    }

    def step(optimizer, params, t):
        for p in params:
            rows = torch.arange(t % 3, p.shape[0], 3)
            p.grad = torch.sparse_coo_tensor(rows[None], p.grad[rows], p.shape)
        optimizer.step()

    for name, kwargs in plans.items():
        tensors = run(lambda params: getattr(torch.optim, name)(params, **kwargs), step=step)
        note = (
            "at step t, from 0, only the rows t % 3, t % 3 + 3 and so on of each gradient, as a sparse tensor of rows"
        )
        made = about("torch", name, kwargs, gradients="sparse rows", around=note)
        yield Golden(f"torch.{name}.sparse_rows", made, tensors)


def clips():
    for label, kwargs in CLIPS.items():
        clip = getattr(torch.nn.utils, label.split(".")[0])

        def step(optimizer, params, t):
            clip(params, **kwargs)
            optimizer.step()

        tensors = run(lambda params: torch.optim.SGD(params, lr=0.1), step=step)
        note = "before each step of SGD(lr=0.1)"
        yield Golden(f"torch.{label}", about("torch", label.split(".")[0], kwargs, around=note), tensors)


def averages():
    """The averaged weights are `x<i>`, those of the model under them `p<i>`."""
    ema = get_ema_multi_avg_fn(0.9)
    plans = [
        (
            "swa",
            {},
            {},
            10,
            5,
            "update_parameters after steps 10, 15, 20 and so on; before that x is the first parameters",
        ),
        ("ema", {"decay": 0.9}, {"multi_avg_fn": ema}, 1, 1, "get_ema_multi_avg_fn(decay), updated after each step"),
    ]
    for label, kwargs, options, start, every, note in plans:
        params = parameters("std")
        model = torch.nn.ParameterList(params)
        averaged = AveragedModel(model, use_buffers=False, **options)

        def step(optimizer, params, t):
            optimizer.step()
            if t + 1 >= start and (t + 1 - start) % every == 0:
                averaged.update_parameters(model)

        tensors = run(
            lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, foreach=False),
            step=step,
            params=params,
            average=lambda optimizer, params: snapshot(averaged.module),
        )
        note = f"over SGD(lr=0.1, momentum=0.9); {note}"
        yield Golden(f"torch.AveragedModel.{label}", about("torch", "AveragedModel", kwargs, around=note), tensors)


def layers():
    def make(params):
        return torch.optim.AdamW(
            [{"params": [p], "lr": 0.01 * 0.5 ** (2 - i)} for i, p in enumerate(params)], foreach=False
        )

    note = "a group for each tensor, of lr 0.01 * 0.5**(2 - i)"
    yield Golden("torch.layer_decay.adamw", about("torch", "AdamW", dict(lr=0.01), around=note), run(make))


def goldens():
    yield from rules()
    yield from muon()
    yield from sparse_rows()
    yield from clips()
    yield from averages()
    yield from layers()


def classes():
    return {f"torch.{name}": defaults(getattr(torch.optim, name)) for name in CONFIGS}
