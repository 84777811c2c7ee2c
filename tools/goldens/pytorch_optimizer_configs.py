"""What is tried of pytorch_optimizer."""

import torch

from common import STEPS

WD = 0.05
# Tried on every class whose constructor has all of the options.
VARIANTS = {
    "default": {},
    "wd": {"weight_decay": WD},
    "amsbound": {"ams_bound": True},
    "rectify": {"rectify": True},
    "nesterov": {"momentum": 0.9, "nesterov": True},
    "bias_correction": {"bias_correction": True},
    "warmup": {"warmup_steps": 10},
}
# Given to a class in every configuration. AdaFactor's momentum is bf16 otherwise.
NEEDED = {"Ranger21": {"num_iterations": STEPS}, "AdaFactor": {"momentum_dtype": torch.float64}}
# Each class with what is tried beyond the variants.
RULES = {
    "A2Grad": {"inc": dict(variant="inc"), "exp": dict(variant="exp"), "lips": dict(beta=5.0, lips=2.0)},
    "AccSGD": {"kappa": dict(lr=0.01, kappa=100.0, xi=5.0, constant=0.5)},
    "ADOPT": {
        "cautious": dict(lr=0.01, cautious=True),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        "decoupled": dict(lr=0.01, weight_decay=WD, weight_decouple=True),
    },
    "ASGD": {"amplifier": dict(lr=0.1, amplifier=0.1, theta=0.8, dampening=0.5)},
    "AdEMAMix": {
        "alpha": dict(lr=0.01, betas=(0.8, 0.95, 0.99), alpha=3.0),
        "scheduled": dict(lr=0.01, betas=(0.9, 0.99, 0.999), alpha=8.0, t_alpha_beta3=30),
        "cautious": dict(lr=0.01, cautious=True),
        "stable": dict(lr=0.01, stable_adamw=True),
        "decoupled": dict(lr=0.01, weight_decay=WD, weight_decouple=True),
    },
    "AdaBelief": {
        "fixed_decay": dict(weight_decay=1e-3, fixed_decay=True),
        "betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-8),
        "coupled": dict(weight_decay=WD, weight_decouple=False),
    },
    "AdaBound": {
        "bounds": dict(lr=0.01, final_lr=0.05, gamma=0.1),
        "coupled": dict(weight_decay=WD, weight_decouple=False),
    },
    "AdaFactor": {
        "absolute": dict(lr=0.01, relative_step=False, scale_parameter=False),
        "relative": dict(lr=None, betas=(None, 0.999), warmup_init=True),
        "clip": dict(lr=0.01, relative_step=False, betas=(None, 0.999), clip_threshold=0.5, decay_rate=-0.6),
    },
    "AdaHessian": {"power": dict(hessian_power=0.5, eps=1e-8)},
    "AdaMod": {"betas": dict(lr=0.01, betas=(0.8, 0.95, 0.9))},
    "AdaNorm": {"r": dict(lr=0.01, r=0.8)},
    "AdaPNM": {"unbounded": dict(lr=0.01, betas=(0.8, 0.95, 0.5), ams_bound=False)},
    "AdaSmooth": {"betas": dict(lr=0.01, betas=(0.3, 0.9))},
    "Adai": {
        "stable": dict(weight_decay=WD, stable_weight_decay=True),
        "betas": dict(lr=0.1, betas=(0.3, 0.9), dampening=0.5),
    },
    "AdamP": {
        "nesterov": dict(lr=0.01, nesterov=True),
        "cautious": dict(lr=0.01, cautious=True),
        "project": dict(lr=0.01, delta=1.0, wd_ratio=0.3, weight_decay=WD),
        "centralized": dict(lr=0.01, use_gc=True),
    },
    "Adan": {
        "clip": dict(lr=0.01, max_grad_norm=1.0),
        "decoupled": dict(lr=0.01, weight_decay=WD, weight_decouple=True),
        "betas": dict(lr=0.01, betas=(0.9, 0.8, 0.95), eps=1e-3),
        "centralized": dict(lr=0.01, use_gc=True),
    },
    "AggMo": {"betas": dict(lr=0.01, betas=(0.5, 0.8))},
    "Amos": {"momentum": dict(lr=0.01, momentum=0.9, beta=0.99)},
    "AvaGrad": {"betas": dict(lr=0.05, betas=(0.8, 0.95), eps=0.01)},
    "CAME": {
        "clip": dict(lr=0.01, betas=(0.8, 0.95, 0.99), clip_threshold=0.5),
        "coupled": dict(weight_decay=WD, weight_decouple=False),
    },
    "DAdaptAdaGrad": {"start": dict(d0=1e-3, momentum=0.9, growth_rate=1.1, eps=1e-8)},
    "DAdaptAdam": {
        "start": dict(d0=1e-3, growth_rate=1.1, betas=(0.8, 0.95)),
        "decoupled": dict(d0=1e-3, weight_decay=WD, weight_decouple=True),
    },
    "DAdaptAdan": {
        "start": dict(d0=1e-3, growth_rate=1.1),
        "decoupled": dict(d0=1e-3, weight_decay=WD, weight_decouple=True),
    },
    "DAdaptLion": {"start": dict(d0=1e-3), "decoupled": dict(d0=1e-3, weight_decay=WD, weight_decouple=True)},
    "DAdaptSGD": {"start": dict(d0=1e-3, growth_rate=1.1), "momentum": dict(d0=1e-3, momentum=0.5, weight_decay=WD)},
    "DiffGrad": {"betas": dict(lr=0.01, betas=(0.8, 0.95))},
    "FTRL": {
        "l1l2": dict(lr=0.1, beta=1.0, lambda_1=0.1, lambda_2=0.05),
        "power": dict(lr=0.1, lr_power=-0.7, lambda_1=0.01),
    },
    "Fromage": {"bound": dict(lr=0.1, p_bound=1.05)},
    "Grams": {"betas": dict(lr=0.01, betas=(0.8, 0.95))},
    "GrokFastAdamW": {"after": dict(lr=0.01, grokfast_alpha=0.9, grokfast_lamb=1.0, grokfast_after_step=10)},
    "Kate": {"delta": dict(lr=0.1, delta=0.01)},
    "LARS": {"trust": dict(lr=0.1, weight_decay=WD, trust_coefficient=0.01, dampening=0.5)},
    "LaProp": {
        "centered": dict(lr=0.01, centered=True, steps_before_using_centered=5),
        "betas": dict(lr=0.01, betas=(0.8, 0.95)),
        "cautious": dict(lr=0.01, cautious=True),
    },
    "Lamb": {
        "noclip": dict(lr=0.01, max_grad_norm=0.0, weight_decay=WD),
        "prenorm": dict(lr=0.01, pre_norm=True),
        "adam": dict(lr=0.01, adam=True, max_grad_norm=0.0),
        "no_averaging": dict(lr=0.01, grad_averaging=False, max_grad_norm=0.0),
        "coupled": dict(lr=0.01, weight_decay=WD, weight_decouple=False, max_grad_norm=0.0),
    },
    "Lion": {
        "betas": dict(lr=0.01, betas=(0.95, 0.98)),
        "cautious": dict(lr=0.01, cautious=True, weight_decay=WD),
        "centralized": dict(lr=0.01, use_gc=True),
        "fixed_decay": dict(lr=0.01, weight_decay=1e-3, fixed_decay=True),
    },
    "MADGRAD": {
        "momentum": dict(lr=0.01, momentum=0.5, weight_decay=WD),
        "decoupled": dict(lr=0.01, weight_decay=WD, weight_decouple=True),
        "plain": dict(lr=0.01, momentum=0.0),
    },
    "MARS": {
        "gamma": dict(lr=0.01, gamma=0.1, betas=(0.8, 0.95)),
        "lion": dict(lr=0.01, mars_type="lion"),
        "all": dict(lr=0.01, optimize_1d=True, weight_decay=WD),
        "cautious": dict(lr=0.01, cautious=True, optimize_1d=True),
    },
    "MSVAG": {"beta": dict(lr=0.1, beta=0.7)},
    "Nero": {"free": dict(lr=0.01, beta=0.9, constraints=False)},
    "NovoGrad": {
        "averaging": dict(lr=0.01, grad_averaging=True, weight_decay=WD),
        "betas": dict(lr=0.01, betas=(0.8, 0.5), weight_decay=WD, weight_decouple=True),
    },
    "PAdam": {"partial": dict(lr=0.01, partial=0.4)},
    "PID": {"momentum": dict(lr=0.01, momentum=0.9, dampening=0.1, derivative=5.0, integral=3.0)},
    "PNM": {"betas": dict(lr=0.01, betas=(0.8, 0.5))},
    "Prodigy": {
        "start": dict(d0=1e-3, d_coef=0.5, growth_rate=1.1),
        "betas": dict(d0=1e-3, betas=(0.8, 0.95), beta3=0.97),
        "safeguard": dict(lr=0.5, d0=1e-3, safeguard_warmup=True, weight_decay=WD),
    },
    "QHAdam": {"nus": dict(lr=0.01, betas=(0.9, 0.95), nus=(0.7, 0.9))},
    "QHM": {"nu": dict(lr=0.1, momentum=0.9, nu=0.7)},
    "RAdam": {"degenerated": dict(lr=0.01, degenerated_to_sgd=True)},
    "Ranger": {"k": dict(lr=0.01, k=4, alpha=0.8, use_gc=False)},
    "Ranger21": {
        "plain": dict(lr=0.01, disable_lr_scheduler=True, use_softplus=False),
    },
    "SGDP": {"project": dict(lr=0.1, momentum=0.9, dampening=0.1, delta=1.0, wd_ratio=0.3, weight_decay=WD)},
    "SGDSaI": {"plain": dict(lr=0.1, momentum=0.0, weight_decay=0.0)},
    "SGDW": {"dampening": dict(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=WD)},
    "SM3": {"beta": dict(lr=0.1, momentum=0.9, beta=0.5)},
    "SWATS": {"nesterov": dict(lr=0.01, nesterov=True, betas=(0.8, 0.95))},
    "ScheduleFreeAdamW": {
        "powers": dict(lr=0.01, r=1.0, weight_lr_power=1.0, warmup_steps=5),
        "c": dict(lr=0.01, decoupling_c=2),
    },
    "ScheduleFreeRAdam": {"loud": dict(lr=0.01, silent_sgd_phase=False)},
    "ScheduleFreeSGD": {"powers": dict(lr=0.1, r=1.0, weight_lr_power=1.0, warmup_steps=5)},
    "SignSGD": {"plain": dict(lr=0.01, momentum=0.0)},
    "SimplifiedAdEMAMix": {"alpha": dict(lr=0.01, alpha=2.0, betas=(0.95, 0.9), beta1_warmup=20)},
    "SophiaH": {"p": dict(lr=0.01, p=0.1, betas=(0.9, 0.95), update_period=3)},
    "StableAdamW": {"betas": dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3), "no_wd": dict(lr=0.01, weight_decay=0.0)},
    "TAM": {"decay": dict(lr=0.1, momentum=0.8, decay_rate=0.5)},
    "Tiger": {"beta": dict(lr=0.01, beta=0.8, weight_decay=0.0)},
    "VSGD": {"taus": dict(lr=0.05, ghattg=10.0, ps=1e-4, tau1=0.7, tau2=0.8)},
    "Yogi": {"init": dict(lr=0.01, initial_accumulator=1e-3, betas=(0.8, 0.95))},
}
MATRIX = {
    "Shampoo": {
        "default": {},
        "momentum": dict(lr=0.01, momentum=0.9),
        "wd": dict(lr=0.01, weight_decay=WD, weight_decouple=True),
        "every5": dict(lr=0.01, preconditioning_compute_steps=5, matrix_eps=1e-3),
    },
    "ScalableShampoo": {
        "adagrad": dict(lr=0.01, graft_type=2, start_preconditioning_step=5, preconditioning_compute_steps=1),
        "rmsprop": dict(
            lr=0.01, graft_type=3, start_preconditioning_step=5, preconditioning_compute_steps=2, nesterov=False
        ),
        "sgd": dict(
            lr=0.01, start_preconditioning_step=2, preconditioning_compute_steps=1, use_svd=True, weight_decay=WD
        ),
    },
    "SOAP": {
        "default": {},
        "every1": dict(lr=0.01, precondition_frequency=1, weight_decay=0.0),
        "every5": dict(lr=0.01, betas=(0.9, 0.95), shampoo_beta=0.9, precondition_frequency=5, weight_decay=WD),
        "plain": dict(lr=0.01, precondition_frequency=1, correct_bias=False, normalize_gradient=True),
        "betas": dict(lr=0.01, betas=(0.8, 0.99), eps=1e-3, precondition_frequency=3),
    },
}
