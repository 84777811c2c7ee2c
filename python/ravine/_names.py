"""Names of classes for the engine's rules."""

from __future__ import annotations

#: Those of the papers, and PyTorch's, where they are not the catalogue's with capitals.
_NAMES = {
    "acc-sgd": "AccSGD",
    "adabelief": "AdaBelief",
    "adabound": "AdaBound",
    "adam-hd": "AdamHD",
    "adamod": "AdaMod",
    "adamp": "AdamP",
    "adamw": "AdamW",
    "adanorm": "AdaNorm",
    "ademamix": "AdEMAMix",
    "adopt": "ADOPT",
    "aggmo": "AggMo",
    "asgd": "ASGD",
    "came": "CAME",
    "dadapt-adagrad": "DAdaptAdagrad",
    "dadapt-adam": "DAdaptAdam",
    "dadapt-lion": "DAdaptLion",
    "dadapt-sgd": "DAdaptSGD",
    "diffgrad": "DiffGrad",
    "dog": "DoG",
    "dowg": "DoWG",
    "ef-signsgd": "EFSignSGD",
    "fista": "FISTA",
    "ftrl": "FTRL",
    "kate": "KATE",
    "lamb": "LAMB",
    "laprop": "LaProp",
    "lars": "LARS",
    "madgrad": "MADGRAD",
    "mars": "MARS",
    "nadam": "NAdam",
    "noisy-sgd": "NoisySGD",
    "novograd": "NovoGrad",
    "ogd": "OGD",
    "padam": "PAdam",
    "pid": "PID",
    "prox-sgd": "ProxSGD",
    "qhadam": "QHAdam",
    "qhm": "QHM",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "schedule-free-adamw": "ScheduleFreeAdamW",
    "schedule-free-radam": "ScheduleFreeRAdam",
    "schedule-free-sgd": "ScheduleFreeSGD",
    "sgd": "SGD",
    "sgd-hd": "SGDHD",
    "sgdp": "SGDP",
    "sgld": "SGLD",
    "signsgd": "SignSGD",
    "simplified-ademamix": "SimplifiedAdEMAMix",
    "sm3": "SM3",
    "soap": "SOAP",
    "stable-adamw": "StableAdamW",
}


def class_name(rule: str) -> str:
    """The name of the class of a rule."""
    return _NAMES.get(rule) or "".join(part.capitalize() for part in rule.split("-"))
