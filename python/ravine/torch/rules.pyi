# Made by tools/stubs.py from the catalogue.
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor

from ravine.torch._engine import Engine

__all__ = [
    "RuleOptimizer",
    "CurvatureOptimizer",
    "ADOPT",
    "AccSGD",
    "AdEMAMix",
    "AdEMAMix8bit",
    "AdaBelief",
    "AdaBound",
    "AdaMod",
    "AdaNorm",
    "Adagrad8bit",
    "Adam8bit",
    "AdamHD",
    "AdamMini",
    "AdamP",
    "AdamW8bit",
    "Adan",
    "AggMo",
    "Amos",
    "CAME",
    "DAdaptAdagrad",
    "DAdaptAdam",
    "DAdaptLion",
    "DAdaptSGD",
    "DiffGrad",
    "DoG",
    "DoWG",
    "EFSignSGD",
    "FISTA",
    "FTRL",
    "Fromage",
    "Grams",
    "KATE",
    "Kron",
    "LAMB",
    "LAMB8bit",
    "LARS",
    "LARS8bit",
    "LaProp",
    "Lion",
    "Lion8bit",
    "MADGRAD",
    "MARS",
    "NoisySGD",
    "NovoGrad",
    "OGD",
    "PAdam",
    "PID",
    "Prodigy",
    "ProxAdam",
    "ProxSGD",
    "QHAdam",
    "QHM",
    "RMSprop8bit",
    "SGD8bit",
    "SGDHD",
    "SGDP",
    "SGLD",
    "SM3",
    "SOAP",
    "ScheduleFreeAdamW",
    "ScheduleFreeRAdam",
    "ScheduleFreeSGD",
    "Shampoo",
    "SignSGD",
    "SimplifiedAdEMAMix",
    "Sophia",
    "StableAdamW",
    "Yogi",
]


class RuleOptimizer(Engine):
    def __init__(self, params: Iterable[Any], lr: float | Tensor | None = None, **hyper: Any) -> None: ...
    def add_param_group(self, param_group: dict[str, Any]) -> None: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> None: ...
    def evaluation(self) -> AbstractContextManager[None]: ...


class CurvatureOptimizer(RuleOptimizer):
    def update_hessian(self) -> None: ...

class ADOPT(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.9999),
        eps: float = 1e-06,
        use_clipping: bool = True,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AccSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        kappa: float = 1000.0,
        xi: float = 10.0,
        constant: float = 0.7,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdEMAMix(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, ...] = (0.9, 0.999, 0.9999),
        alpha: float = 5.0,
        t_alpha_beta3: int = 0,
        eps: float = 1e-08,
        eps_root: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdEMAMix8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, ...] = (0.9, 0.999, 0.9999),
        alpha: float = 5.0,
        t_alpha_beta3: int = 0,
        eps: float = 1e-08,
        eps_root: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdaBelief(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        eps_root: float = 1e-16,
        amsgrad: bool = False,
        nesterov: bool = False,
        rectify: bool = False,
        degenerated_to_sgd: bool = True,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdaBound(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        final_lr: float = 0.1,
        betas: tuple[float, float] = (0.9, 0.999),
        gamma: float = 0.001,
        eps: float = 1e-08,
        eps_root: float = 0.0,
        amsgrad: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdaMod(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, ...] = (0.9, 0.999, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdaNorm(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        r: float = 0.95,
        eps: float = 1e-08,
        eps_root: float = 0.0,
        amsgrad: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Adagrad8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        lr_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        eps_in_sqrt: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Adam8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        eps_root: float = 0.0,
        amsgrad: bool = False,
        bias_correction: bool = True,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdamHD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        hypergrad_lr: float = 1e-07,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdamMini(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        block_rows: int = 1,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdamP(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        eps_after_correction: bool = True,
        delta: float = 0.1,
        wd_ratio: float = 0.1,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AdamW8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        amsgrad: bool = False,
        weight_decay: float = 0.01,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Adan(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, ...] = (0.98, 0.92, 0.99),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        no_prox: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class AggMo(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, ...] = (0.0, 0.9, 0.99),
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Amos(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        beta: float = 0.999,
        momentum: float = 0.0,
        eta: float = 0.0,
        extra_l2: float = 0.0,
        c_coef: float = 0.25,
        d_coef: float = 0.25,
        eps: float = 1e-18,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class CAME(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0002,
        *,
        betas: tuple[float, ...] = (0.9, 0.999, 0.9999),
        eps: tuple[float, float] = (1e-30, 1e-16),
        d: float = 1.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DAdaptAdagrad(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        momentum: float = 0.0,
        initial_accumulator_value: float = 1e-06,
        eps: float = 0.0,
        d0: float = 1e-06,
        growth_rate: float = 0.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DAdaptAdam(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        d0: float = 1e-06,
        growth_rate: float = 0.0,
        bias_correction: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DAdaptLion(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        d0: float = 1e-06,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DAdaptSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        momentum: float = 0.9,
        d0: float = 1e-06,
        growth_rate: float = 0.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DiffGrad(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        eps_root: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DoG(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        reps_rel: float = 1e-06,
        init_dist: float = 0.0,
        init_eta: float = 0.0,
        eps: float = 1e-08,
        layerwise: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class DoWG(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        init_estim_sq_dist: float = 0.0,
        eps: float = 0.0001,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class EFSignSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        per_tensor: bool = True,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class FISTA(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        prox: str = 'l1',
        strength: float = 0.001,
        l2: float = 0.001,
        bounds: tuple[float, float] = (-1.0, 1.0),
        sum: float = 1.0,
        restart: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class FTRL(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        beta: float = 0.0,
        lambda_1: float = 0.0,
        lambda_2: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Fromage(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        min_norm: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Grams(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-06,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class KATE(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        delta: float = 0.0,
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Kron(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.9,
        precondition_update_probability: float = 0.0,
        precondition_lr: float = 0.1,
        precondition_init_scale: float = 1.0,
        momentum_into_precondition_update: bool = True,
        max_size_triangular: int = 8192,
        min_ndim_triangular: int = 2,
        memory_save_mode: str = 'none',
        balance_prob: float = 0.01,
        seed: int = 0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
    ) -> None: ...

class LAMB(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-06,
        eps_root: float = 0.0,
        bias_correction: bool = True,
        grad_averaging: bool = True,
        max_weight_norm: float = 0.0,
        trust_clip: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class LAMB8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-06,
        eps_root: float = 0.0,
        bias_correction: bool = True,
        grad_averaging: bool = True,
        max_weight_norm: float = 0.0,
        trust_clip: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class LARS(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        momentum: float = 0.9,
        dampening: float = 0.0,
        nesterov: bool = False,
        trust_coefficient: float = 0.001,
        eps: float = 0.0,
        joint_norm: bool = False,
        skip_1d: bool = True,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class LARS8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        momentum: float = 0.9,
        dampening: float = 0.0,
        nesterov: bool = False,
        trust_coefficient: float = 0.001,
        eps: float = 0.0,
        joint_norm: bool = False,
        skip_1d: bool = True,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class LaProp(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0004,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-15,
        eps_root: float = 0.0,
        centered: bool = False,
        steps_before_using_centered: int = 10,
        amsgrad: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Lion(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0001,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Lion8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0001,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class MADGRAD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        momentum: float = 0.9,
        eps: float = 1e-06,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class MARS(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.003,
        *,
        betas: tuple[float, float] = (0.95, 0.99),
        gamma: float = 0.025,
        mars_type: str = 'adamw',
        eps: float = 1e-08,
        amsgrad: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class NoisySGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        eta: float = 0.01,
        gamma: float = 0.55,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class NovoGrad(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        betas: tuple[float, float] = (0.95, 0.98),
        eps: float = 1e-08,
        eps_root: float = 0.0,
        grad_averaging: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class OGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        alpha: float = 1.0,
        beta: float = 1.0,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class PAdam(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.1,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        partial: float = 0.25,
        eps: float = 1e-08,
        amsgrad: bool = True,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class PID(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.9,
        dampening: float = 0.0,
        derivative: float = 10.0,
        integral: float = 5.0,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Prodigy(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        beta3: float = 0.0,
        eps: float = 1e-08,
        d0: float = 1e-06,
        d_coef: float = 1.0,
        growth_rate: float = 0.0,
        bias_correction: bool = False,
        safeguard_warmup: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class ProxAdam(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        prox: str = 'l1',
        strength: float = 0.001,
        l2: float = 0.001,
        bounds: tuple[float, float] = (-1.0, 1.0),
        sum: float = 1.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class ProxSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        prox: str = 'l1',
        strength: float = 0.001,
        l2: float = 0.001,
        bounds: tuple[float, float] = (-1.0, 1.0),
        sum: float = 1.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class QHAdam(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        nus: tuple[float, float] = (1.0, 1.0),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class QHM(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        momentum: float = 0.999,
        nu: float = 0.7,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class RMSprop8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-08,
        eps_in_sqrt: bool = False,
        momentum: float = 0.0,
        nesterov: bool = False,
        initial_scale: float = 0.0,
        bias_correction: bool = False,
        centered: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SGD8bit(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        ema: bool = False,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'int8',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SGDHD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        hypergrad_lr: float = 0.001,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SGDP(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        delta: float = 0.1,
        wd_ratio: float = 0.1,
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SGLD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        temperature: float = 1.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SM3(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.1,
        *,
        momentum: float = 0.0,
        beta: float = 0.0,
        eps: float = 1e-30,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SOAP(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.003,
        *,
        betas: tuple[float, float] = (0.95, 0.95),
        shampoo_beta: float = 1.0,
        eps: float = 1e-08,
        precondition_frequency: int = 10,
        max_precondition_dim: int = 10000,
        precondition_1d: bool = False,
        correct_bias: bool = True,
        normalize_gradient: bool = False,
        weight_decay: float = 0.01,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class ScheduleFreeAdamW(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0025,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        eps_root: float = 0.0,
        amsgrad: bool = False,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        decoupling_c: float = 0.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class ScheduleFreeRAdam(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0025,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        silent_sgd_phase: bool = True,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class ScheduleFreeSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        *,
        momentum: float = 0.9,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Shampoo(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        beta2: float = 1.0,
        preconditioning_compute_steps: int = 1,
        start_preconditioning_step: int = 1,
        matrix_eps: float = 1e-06,
        max_precondition_dim: int = 1024,
        graft: str = 'none',
        diagonal_eps: float = 1e-10,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SignSGD(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class SimplifiedAdEMAMix(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0001,
        *,
        betas: tuple[float, float] = (0.99, 0.95),
        alpha: float = 0.0,
        eps: float = 1e-08,
        eps_root: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Sophia(CurvatureOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.0001,
        *,
        betas: tuple[float, float] = (0.965, 0.99),
        rho: float = 0.04,
        batch_size: float = 5120.0,
        eps: float = 1e-15,
        estimate: str = 'squared',
        update_period: int = 10,
        weight_decay: float = 0.1,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class StableAdamW(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-08,
        weight_decay: float = 0.01,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...

class Yogi(RuleOptimizer):
    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 0.001,
        initial_accumulator_value: float = 1e-06,
        initial_mean: float = 0.0,
        weight_decay: float = 0.0,
        decoupled: bool = True,
        maximize: bool = False,
        storage: str = 'full',
        cautious: bool = False,
        seed: int = 0,
    ) -> None: ...
