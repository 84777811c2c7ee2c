"""timm.optim: cautious variants of many rules, and its options of LAMB, LARS, NovoGrad and others."""

import inspect

import timm.optim
import torch

from common import Golden, about, defaults
from torch_run import run

CAUTIOUS = dict(lr=0.01, caution=True)
WD = 0.05
CONFIGS = {
    "AdamWLegacy": {
        "default": dict(lr=0.01),
        "cautious": dict(**CAUTIOUS, weight_decay=WD),
        "corrected_decay": dict(lr=0.01, weight_decay=WD, corrected_weight_decay=True),
        "clipped": dict(lr=0.01, clipping_threshold=1.0),
    },
    "NAdamW": {"default": dict(lr=0.01, weight_decay=WD), "cautious": CAUTIOUS},
    "SGDW": {
        "default": dict(lr=0.1, momentum=0.9, weight_decay=WD),
        "nesterov": dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=WD),
        "cautious": dict(lr=0.1, momentum=0.9, caution=True),
    },
    "RMSpropTF": {
        "default": dict(momentum=0.9),
        "outside": dict(momentum=0.9, lr_in_momentum=False, weight_decay=WD),
        "cautious": dict(momentum=0.9, caution=True),
        "decoupled": dict(momentum=0.9, centered=True, weight_decay=WD, decoupled_decay=True),
    },
    "Adafactor": {
        "default": dict(min_dim_size_to_factor=4),
        "absolute": dict(lr=0.01, min_dim_size_to_factor=4, scale_parameter=False, betas=(0.9, 0.999), weight_decay=WD),
        "cautious": dict(**CAUTIOUS, min_dim_size_to_factor=4, scale_parameter=False, betas=(0.9, 0.999)),
        "warmup": dict(min_dim_size_to_factor=4, warmup_init=True, decay_rate=-0.5, clip_threshold=2.0),
    },
    "AdafactorBigVision": {
        "default": dict(lr=0.01, min_dim_size_to_factor=4, momentum_dtype=torch.float64),
        "cautious": dict(**CAUTIOUS, min_dim_size_to_factor=4, momentum_dtype=torch.float64, weight_decay=WD),
        "clipped": dict(lr=0.01, min_dim_size_to_factor=4, momentum=None, clipping_threshold=1.0, eps=1e-8),
    },
    "Adopt": {
        "default": dict(lr=0.01),
        "decoupled": dict(lr=0.01, weight_decay=WD, decoupled=True),
        "coupled": dict(lr=0.01, weight_decay=WD, clip_exp=0.25),
        "cautious": CAUTIOUS,
    },
    "Adan": {
        "default": dict(lr=0.01, weight_decay=WD),
        "no_prox": dict(lr=0.01, weight_decay=WD, no_prox=True),
        "cautious": CAUTIOUS,
    },
    "Lamb": {
        "default": dict(lr=0.01, max_grad_norm=None),
        "clipped": dict(lr=0.01),
        "trust_clip": dict(lr=0.01, max_grad_norm=None, trust_clip=True),
        "always_adapt": dict(lr=0.01, max_grad_norm=None, weight_decay=0.0, always_adapt=True),
        "no_decay": dict(lr=0.01, max_grad_norm=None, weight_decay=0.0),
        "no_bias_correction": dict(lr=0.01, max_grad_norm=None, bias_correction=False, grad_averaging=False),
        "decoupled": dict(lr=0.01, max_grad_norm=None, weight_decay=WD, decoupled_decay=True),
        "cautious": dict(**CAUTIOUS, max_grad_norm=None),
    },
    "Lars": {
        "default": dict(lr=1.0, momentum=0.9, weight_decay=WD),
        "larc": dict(lr=0.1, momentum=0.9, weight_decay=WD, trust_clip=True, trust_coeff=0.5),
        "always_adapt": dict(lr=1.0, momentum=0.9, always_adapt=True, nesterov=True, dampening=0.0, trust_coeff=0.01),
    },
    "LaProp": {"default": dict(lr=0.01), "wd": dict(lr=0.01, weight_decay=WD), "cautious": CAUTIOUS},
    "Lion": {"default": dict(lr=0.01, weight_decay=WD), "cautious": CAUTIOUS},
    "MADGRAD": {"default": dict(), "decoupled": dict(weight_decay=WD, decoupled_decay=True)},
    "Mars": {
        "default": dict(lr=0.01),
        "all": dict(lr=0.01, optimize_1d=True, weight_decay=WD, gamma=0.1),
        "lion": dict(lr=0.01, mars_type="lion"),
        "cautious": dict(**CAUTIOUS, optimize_1d=True),
    },
    "NvNovoGrad": {
        "default": dict(lr=0.01),
        "wd": dict(lr=0.01, weight_decay=WD),
        "averaging": dict(lr=0.01, grad_averaging=True, amsgrad=True),
        "decoupled": dict(lr=0.01, weight_decay=WD, decoupled_decay=True),
    },
    "AdamP": {"default": dict(lr=0.01), "wd": dict(lr=0.01, weight_decay=WD, nesterov=True), "cautious": CAUTIOUS},
    "SGDP": {"default": dict(lr=0.1, momentum=0.9), "wd": dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=WD)},
    "AdaBelief": {"default": dict(lr=0.01), "plain": dict(lr=0.01, rectify=False, weight_decay=WD)},
}


def goldens():
    for name, configs in CONFIGS.items():
        cls = getattr(timm.optim, name)
        flags = {"foreach": False} if "foreach" in inspect.signature(cls).parameters else {}
        for label, kwargs in configs.items():
            tensors = run(lambda params: cls(params, **kwargs, **flags))
            yield Golden(f"timm.{name}.{label}", about("timm", name, kwargs), tensors)


def classes():
    return {f"timm.{name}": defaults(getattr(timm.optim, name)) for name in CONFIGS}
