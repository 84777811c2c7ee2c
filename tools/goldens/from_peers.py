"""Small torch libraries, most of them their authors' own."""

import logging

import adam_mini
import dadaptation
import dog
import lion_pytorch
import madgrad
import prodigyopt
import schedulefree
import sophia_opt
import torch
from lion_pytorch.cautious_lion import Lion as CautiousLion

from common import Golden, about, defaults
from torch_run import loss_of, parameters, run, snapshot

logging.getLogger("dog").setLevel(logging.ERROR)

# The class, the library's name in the package index: config: kwargs.
PLAIN = {
    (schedulefree.SGDScheduleFree, "schedulefree"): {
        "default": dict(lr=0.1),
        "momentum": dict(lr=0.1, momentum=0.7),
        "wd": dict(lr=0.1, weight_decay=0.05),
        "warmup": dict(lr=0.1, warmup_steps=10),
        "powers": dict(lr=0.1, warmup_steps=5, r=1.0, weight_lr_power=1.0),
    },
    (schedulefree.AdamWScheduleFree, "schedulefree"): {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "wd": dict(lr=0.01, weight_decay=0.05),
        "warmup": dict(lr=0.01, warmup_steps=10, weight_decay=0.05),
        "powers": dict(lr=0.01, warmup_steps=5, r=1.0, weight_lr_power=1.0),
    },
    (schedulefree.RAdamScheduleFree, "schedulefree"): {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "wd": dict(lr=0.01, weight_decay=0.05),
        "powers": dict(lr=0.01, r=1.0, weight_lr_power=1.0),
        "loud": dict(lr=0.01, silent_sgd_phase=False),
    },
    (prodigyopt.Prodigy, "prodigyopt"): {
        "default": dict(),
        "d0": dict(d0=1e-3, d_coef=0.5, growth_rate=1.1),
        "betas": dict(d0=1e-3, betas=(0.8, 0.95), beta3=0.97, eps=1e-6),
        "wd": dict(d0=1e-3, weight_decay=0.05),
        "coupled": dict(d0=1e-3, weight_decay=0.05, decouple=False),
        "bias_correction": dict(d0=1e-3, use_bias_correction=True),
        "safeguard": dict(lr=0.5, d0=1e-3, safeguard_warmup=True, weight_decay=0.05),
    },
    (lion_pytorch.Lion, "lion-pytorch"): {
        "default": dict(lr=0.01),
        "betas": dict(lr=0.01, betas=(0.95, 0.98)),
        "wd": dict(lr=0.01, weight_decay=0.05),
        "independent_wd": dict(lr=0.01, weight_decay=1e-3, decoupled_weight_decay=True),
    },
    (CautiousLion, "lion-pytorch"): {
        "default": dict(lr=0.01),
        "wd": dict(lr=0.01, weight_decay=0.05),
        "factor": dict(lr=0.01, cautious_factor=0.3, betas=(0.95, 0.98)),
        "cautious_wd": dict(lr=0.01, weight_decay=0.05, cautious_wd=True),
    },
    (dadaptation.DAdaptAdaGrad, "dadaptation"): {
        "default": dict(),
        "start": dict(d0=1e-3, growth_rate=1.1),
        "momentum": dict(d0=1e-3, momentum=0.9, weight_decay=0.05, eps=1e-3),
    },
    (dadaptation.DAdaptAdam, "dadaptation"): {
        "default": dict(),
        "start": dict(d0=1e-3, growth_rate=1.1, betas=(0.8, 0.95)),
        "wd": dict(d0=1e-3, weight_decay=0.05),
        "decoupled": dict(d0=1e-3, weight_decay=0.05, decouple=True),
        "bias_correction": dict(d0=1e-3, use_bias_correction=True),
    },
    (dadaptation.DAdaptAdan, "dadaptation"): {
        "default": dict(),
        "start": dict(d0=1e-3, growth_rate=1.1, betas=(0.9, 0.8, 0.95)),
        "no_prox": dict(d0=1e-3, weight_decay=0.05, no_prox=True),
    },
    (dadaptation.DAdaptLion, "dadaptation"): {
        "default": dict(),
        "wd": dict(d0=1e-3, weight_decay=0.05, betas=(0.8, 0.95)),
    },
    (dadaptation.DAdaptSGD, "dadaptation"): {
        "default": dict(),
        "start": dict(d0=1e-3, growth_rate=1.1),
        "momentum": dict(d0=1e-3, momentum=0.9, weight_decay=0.05),
    },
    (madgrad.MADGRAD, "madgrad"): {
        "default": dict(),
        "plain": dict(momentum=0.0, eps=1e-3),
        "wd": dict(momentum=0.5, weight_decay=0.05),
        "decoupled": dict(weight_decay=0.05, decouple_decay=True),
    },
    (madgrad.MirrorMADGRAD, "madgrad"): {
        "default": dict(eps=1e-8),
        "decoupled": dict(eps=1e-3, weight_decay=0.05, decouple_decay=True),
    },
    (dog.DoG, "dog-optimizer"): {
        "default": dict(reps_rel=1e-3),
        "tiny": dict(),
        "wd": dict(reps_rel=1e-3, weight_decay=0.05),
        "init_eta": dict(init_eta=1e-3, lr=0.5, eps=1e-3),
    },
    (dog.LDoG, "dog-optimizer"): {
        "default": dict(reps_rel=1e-3),
        "tiny": dict(),
        "wd": dict(reps_rel=1e-3, weight_decay=0.05),
        "init_eta": dict(init_eta=1e-3, lr=0.5, eps=1e-3),
    },
}

# A name says into what blocks a parameter is divided: rows of an embedding or a linear map, heads of a query, none.
ADAM_MINI = {
    "tensors": (["norm0", "norm1", "norm2"], dict(lr=0.01, weight_decay=0.05)),
    "rows": (["embed.weight", "mlp.weight", "attn.proj.weight"], dict(lr=0.01)),
    "rows_wd": (
        ["lm_head.weight", "wv.weight", "wo.weight"],
        dict(lr=0.01, weight_decay=0.05, betas=(0.8, 0.95), eps=1e-3),
    ),
    "heads": (["wq.weight", "wk.weight", "other"], dict(lr=0.01, weight_decay=0.05, dim=6, n_heads=3)),
    "bias": (["a.bias", "b.bias", "c.bias"], dict(lr=0.01)),
}
SOPHIA = {
    "default": (dict(lr=0.01), 4, 1),
    "every10": (dict(lr=0.01, weight_decay=0.0), 4, 10),
    "rho": (dict(lr=0.01, betas=(0.9, 0.95), rho=0.1), 2, 5),
}


def name_of(cls):
    return "CautiousLion" if cls is CautiousLion else cls.__name__


def plain():
    for (cls, dist), configs in PLAIN.items():
        library = cls.__module__.split(".")[0]
        for label, kwargs in configs.items():
            flags = {"foreach": False} if library == "schedulefree" else {}
            tensors = run(lambda params: cls(params, **kwargs, **flags))
            yield Golden(f"{library}.{name_of(cls)}.{label}", about(library, name_of(cls), kwargs, dist=dist), tensors)


def wrapped():
    """Schedule-free over any optimizer."""
    plans = {
        "sgd": (dict(momentum=0.9, weight_decay_at_y=0.05), torch.optim.SGD, dict(lr=0.1)),
        "momentum": (dict(momentum=0.8), torch.optim.SGD, dict(lr=0.1, momentum=0.5, weight_decay=0.05)),
    }
    for label, (kwargs, base, options) in plans.items():
        tensors = run(lambda params: schedulefree.ScheduleFreeWrapper(base(params, **options, foreach=False), **kwargs))
        note = {"base": base.__name__, "base_kwargs": options}
        key = f"schedulefree.ScheduleFreeWrapper.{label}"
        yield Golden(key, about("schedulefree", "ScheduleFreeWrapper", kwargs, **note), tensors)


def closures():
    """The classes that take a closure keep the evaluation weights in the parameters: `p<i>` are these."""
    plans = {
        "SGDScheduleFreeClosure": dict(lr=0.1, warmup_steps=5, weight_decay=0.05),
        "AdamWScheduleFreeClosure": dict(lr=0.05, warmup_steps=5, weight_decay=0.05),
        "RAdamScheduleFreeClosure": dict(lr=0.05, weight_decay=0.05),
    }
    for name, kwargs in plans.items():
        cls = getattr(schedulefree, name)
        tensors = run(
            lambda params: cls(params, **kwargs, foreach=False),
            step=lambda optimizer, params, t: optimizer.step(loss_of(params)),
        )
        made = about("schedulefree", name, kwargs, closure="the loss", around="p are the evaluation weights")
        yield Golden(f"schedulefree.{name}.default", made, tensors)


def averaged():
    """DoG with its polynomial averaging; the averaged weights are `x<i>`."""
    for label, gamma in {"default": 8.0, "gamma2": 2.0}.items():
        params = parameters("std")
        averager = dog.PolynomialDecayAverager(torch.nn.ParameterList(params), gamma=gamma)

        def step(optimizer, params, t):
            optimizer.step()
            averager.step()

        tensors = run(
            lambda params: dog.DoG(params, reps_rel=1e-3),
            step=step,
            params=params,
            average=lambda optimizer, params: snapshot(averager.averaged_model),
        )
        note = "over DoG(reps_rel=1e-3)"
        made = about("dog", "PolynomialDecayAverager", {"gamma": gamma}, dist="dog-optimizer", around=note)
        yield Golden(f"dog.PolynomialDecayAverager.{label}", made, tensors)


def mini():
    for label, (names, kwargs) in ADAM_MINI.items():
        tensors = run(lambda params: adam_mini.Adam_mini(zip(names, params), verbose=False, **kwargs), "mat")
        note = "a head is dim * dim / n_heads consecutive elements" if label == "heads" else "blocks by the names"
        made = about("adam_mini", "Adam_mini", kwargs, "mat", dist="adam-mini", names=names, around=note)
        yield Golden(f"adam_mini.Adam_mini.{label}", made, tensors)


def sophia():
    for label, (kwargs, bs, every) in SOPHIA.items():

        def step(optimizer, params, t):
            optimizer.step(bs=bs)
            if t % every == every - 1:
                optimizer.update_hessian()

        tensors = run(lambda params: sophia_opt.SophiaG(params, **kwargs), step=step)
        note = f"step(bs={bs}); after each {every} steps update_hessian, with the step's gradient as the sampled one"
        made = about("sophia_opt", "SophiaG", kwargs, dist="sophia-opt", bs=bs, every=every, around=note)
        yield Golden(f"sophia_opt.SophiaG.{label}", made, tensors)


def goldens():
    yield from plain()
    yield from wrapped()
    yield from closures()
    yield from averaged()
    yield from mini()
    yield from sophia()


def classes():
    found = {f"{cls.__module__.split('.')[0]}.{name_of(cls)}": defaults(cls) for cls, _ in PLAIN}
    found["schedulefree.ScheduleFreeWrapper"] = defaults(schedulefree.ScheduleFreeWrapper)
    found["adam_mini.Adam_mini"] = defaults(adam_mini.Adam_mini)
    found["sophia_opt.SophiaG"] = defaults(sophia_opt.SophiaG)
    return found
