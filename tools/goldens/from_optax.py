"""optax: aliases, contrib, transforms, chains and wrappers."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

from common import STEPS, Golden, about, defaults, inputs, trajectory

jax.config.update("jax_enable_x64", True)
# optax counts steps in int32, whose quotients JAX makes f32, and accumulates in f32 by default: it sees wider ones.
jnp.int32, jnp.float32 = jnp.int64, jnp.float64

import optax  # noqa: E402
from optax import contrib  # noqa: E402


def lr(**kwargs):
    return {"learning_rate": 0.01, **kwargs}


RULES = {
    "sgd": {"plain": lr(), "momentum": lr(momentum=0.9), "nesterov": lr(momentum=0.9, nesterov=True)},
    "adam": {"default": lr(), "nesterov": lr(nesterov=True), "eps_root": lr(eps_root=1e-6)},
    "adamw": {"default": lr(), "wd": lr(weight_decay=0.1), "nesterov": lr(weight_decay=0.1, nesterov=True)},
    "nadam": {"default": lr()},
    "nadamw": {"wd": lr(weight_decay=0.1)},
    "amsgrad": {"default": lr()},
    "adamax": {"default": lr()},
    "adamaxw": {"default": lr(weight_decay=0.1)},
    "adabelief": {
        "default": lr(),
        "betas": lr(b1=0.8, b2=0.95, eps=1e-3, eps_root=1e-6),
        "nesterov": lr(nesterov=True),
    },
    "adadelta": {"default": {"learning_rate": 1.0}, "wd": {"learning_rate": 1.0, "weight_decay": 0.1, "rho": 0.95}},
    "adagrad": {"default": lr(), "init": lr(initial_accumulator_value=0.5, eps=1e-3)},
    "adan": {
        "default": lr(),
        "wd": lr(weight_decay=0.1),
        "betas": lr(b1=0.9, b2=0.8, b3=0.95, eps=1e-3, eps_root=1e-6),
    },
    "adafactor": {
        "default": lr(min_dim_size_to_factor=4),
        "unfactored": lr(factored=False),
        "momentum": lr(min_dim_size_to_factor=4, momentum=0.9, weight_decay_rate=0.01),
        "noscale": lr(min_dim_size_to_factor=4, multiply_by_parameter_scale=False, clipping_threshold=None),
    },
    "fromage": {"default": lr()},
    "lamb": {
        "default": lr(),
        "wd": lr(weight_decay=0.1),
        "betas": lr(b1=0.8, b2=0.95, eps=1e-3, eps_root=1e-6, weight_decay=0.01),
    },
    "lars": {
        "default": {"learning_rate": 1.0},
        "wd": {"learning_rate": 1.0, "weight_decay": 0.1, "nesterov": True},
        "trust": {"learning_rate": 1.0, "weight_decay": 0.01, "trust_coefficient": 0.01, "eps": 1e-3, "momentum": 0.5},
    },
    "lion": {"default": lr(), "wd": lr(weight_decay=0.1), "betas": lr(b1=0.95, b2=0.98)},
    "novograd": {"default": lr(), "wd": lr(weight_decay=0.1), "betas": lr(b1=0.8, b2=0.5, eps=1e-3, eps_root=1e-6)},
    "optimistic_gradient_descent": {"default": lr(), "strong": lr(alpha=1.5, beta=0.5)},
    "optimistic_adam": {"default": lr(optimism=0.01)},
    "optimistic_adam_v2": {"default": lr(), "strong": lr(alpha=1.5, beta=0.5)},
    "radam": {"default": lr(), "nesterov": lr(nesterov=True), "threshold": lr(threshold=4.0, b1=0.8, b2=0.95)},
    "rmsprop": {
        "default": lr(),
        "centered": lr(centered=True),
        "momentum": lr(momentum=0.9),
        "nesterov": lr(momentum=0.9, nesterov=True),
        "biascorr": lr(bias_correction=True),
    },
    "rprop": {"default": lr(), "etas": lr(eta_minus=0.4, eta_plus=1.5, min_step_size=1e-4, max_step_size=1.0)},
    "sign_sgd": {"default": lr()},
    "signum": {"default": lr(), "beta": lr(beta=0.5)},
    "sm3": {"default": lr(), "momentum": lr(momentum=0.5)},
    "yogi": {"default": lr(), "betas": lr(b1=0.8, b2=0.95, eps=1e-2)},
    "contrib.ademamix": {
        "default": lr(),
        "betas": lr(b1=0.8, b2=0.95, b3=0.99, alpha=3.0, eps=1e-3, eps_root=1e-6, weight_decay=0.1),
    },
    "contrib.simplified_ademamix": {"default": lr(), "alpha": lr(b1=0.95, b2=0.9, alpha=2.0, weight_decay=0.1)},
    "contrib.adopt": {"default": lr(), "nesterov": lr(nesterov=True), "unclipped": lr(use_clipping=False, b2=0.99)},
    "contrib.acprop": {"default": lr(), "wd": lr(weight_decay=0.1, b1=0.8, b2=0.95)},
    "contrib.cocob": {"default": {}, "wd": {"alpha": 10.0, "weight_decay": 0.1}},
    "contrib.dadapt_adamw": {
        "default": {},
        "start": {"estim_lr0": 1e-3},
        "wd": {"estim_lr0": 1e-3, "weight_decay": 0.1, "betas": (0.8, 0.95)},
    },
    "contrib.dog": {
        "default": {"learning_rate": 1.0},
        "distance": {"learning_rate": 1.0, "init_step": ("distance", 1e-2), "weight_decay": 0.1},
        "first_step": {"learning_rate": 1.0, "init_step": ("learning_rate", 1e-3)},
    },
    "contrib.dowg": {
        "default": {"learning_rate": 1.0},
        "start": {"learning_rate": 1.0, "init_estim_sq_dist": 1e-2, "weight_decay": 0.1},
    },
    "contrib.madgrad": {"default": lr(), "wd": lr(momentum=0.5, weight_decay=0.1)},
    "contrib.muon": {
        "default": lr(),
        "wd": lr(weight_decay=0.1, beta=0.9, nesterov=False),
        "adaptive": lr(adaptive=True),
        "ns3": lr(ns_steps=3),
    },
    "contrib.prodigy": {
        "default": {},
        "wd": {"weight_decay": 0.1},
        "start": {
            "estim_lr0": 1e-3,
            "estim_lr_coef": 0.5,
            "safeguard_warmup": True,
            "betas": (0.8, 0.95),
            "beta3": 0.97,
        },
    },
    "contrib.schedule_free_adamw": {
        "default": {"learning_rate": 0.01},
        "warmup": {"learning_rate": 0.01, "warmup_steps": 10, "weight_decay": 0.05},
    },
    "contrib.schedule_free_sgd": {
        "default": {"learning_rate": 0.1},
        "wd": {"learning_rate": 0.1, "warmup_steps": 10, "b1": 0.8, "weight_decay": 0.05},
    },
}
# Each is followed by scale(-0.1).
TRANSFORMS = {
    "clip": ("clip", {"max_delta": 0.5}),
    "clip_by_global_norm": ("clip_by_global_norm", {"max_norm": 1.0}),
    "clip_by_block_rms": ("clip_by_block_rms", {"threshold": 0.5}),
    "adaptive_grad_clip": ("adaptive_grad_clip", {"clipping": 0.1}),
    "unitwise_clip": ("adaptive_grad_clip", {"clipping": 0.02, "eps": 0.1}),
    "centralize": ("centralize", {}),
    "normalize_by_update_norm": ("normalize_by_update_norm", {}),
    "ema": ("ema", {"decay": 0.9}),
    "ema_nodebias": ("ema", {"decay": 0.9, "debias": False}),
    "trace": ("trace", {"decay": 0.9}),
    "trace_nesterov": ("trace", {"decay": 0.9, "nesterov": True}),
    "add_decayed_weights": ("add_decayed_weights", {"weight_decay": 0.1}),
    "scale_by_trust_ratio": ("scale_by_trust_ratio", {}),
    "trust_ratio_bounds": ("scale_by_trust_ratio", {"min_norm": 1.0, "trust_coefficient": 0.5, "eps": 1e-2}),
    "scale_by_param_block_norm": ("scale_by_param_block_norm", {}),
    "scale_by_param_block_rms": ("scale_by_param_block_rms", {}),
    "scale_by_sign": ("scale_by_sign", {}),
    "apply_every": ("apply_every", {"k": 3}),
    "scale_by_stddev": ("scale_by_stddev", {}),
    "scale_by_rms": ("scale_by_rms", {}),
    "scale_by_rss": ("scale_by_rss", {}),
    "scale_by_adam": ("scale_by_adam", {}),
}


def by_schedule():
    return optax.scale_by_schedule(optax.warmup_cosine_decay_schedule(0.0, -0.02, 10, 50, -0.001))


# Chains by what they are in words, and wrappers over a rule.
CHAINS = {
    "clip_adam_decay_schedule": (
        "clip(0.5), scale_by_adam(), add_decayed_weights(0.1), "
        "scale_by_schedule(warmup_cosine_decay_schedule(0.0, -0.02, 10, 50, -0.001))",
        lambda: [optax.clip(0.5), optax.scale_by_adam(), optax.add_decayed_weights(0.1), by_schedule()],
    ),
    "global_norm_momentum": (
        "clip_by_global_norm(1.0), trace(0.9, nesterov=True), scale(-0.05)",
        lambda: [optax.clip_by_global_norm(1.0), optax.trace(0.9, nesterov=True), optax.scale(-0.05)],
    ),
    "agc_centralize_lion": (
        "adaptive_grad_clip(0.1), centralize(), scale_by_lion(), add_decayed_weights(0.05), scale(-0.01)",
        lambda: [
            optax.adaptive_grad_clip(0.1),
            optax.centralize(),
            optax.scale_by_lion(),
            optax.add_decayed_weights(0.05),
            optax.scale(-0.01),
        ],
    ),
    "adam_trust_ratio": (
        "scale_by_adam(eps=1e-6), add_decayed_weights(0.01), scale_by_trust_ratio(), scale(-0.01)",
        lambda: [
            optax.scale_by_adam(eps=1e-6),
            optax.add_decayed_weights(0.01),
            optax.scale_by_trust_ratio(),
            optax.scale(-0.01),
        ],
    ),
    "multi_steps": (
        "MultiSteps(sgd(0.1, momentum=0.9), every_k_schedule=3)",
        lambda: [optax.MultiSteps(optax.sgd(0.1, momentum=0.9), every_k_schedule=3).gradient_transformation()],
    ),
    "mechanize": (
        "contrib.mechanize(sgd(0.1), weight_decay=0.01, s_init=1e-3)",
        lambda: [contrib.mechanize(optax.sgd(0.1), weight_decay=0.01, s_init=1e-3)],
    ),
}


def find(path):
    return getattr(contrib, path.removeprefix("contrib.")) if path.startswith("contrib.") else getattr(optax, path)


def run(transform, kind="std", average=None, extra=None):
    """The trajectory; `average(state, params)` gives tensors `x<i>`, `extra(grads)` keywords of the update."""
    first, grads = inputs(kind)
    params = [jnp.asarray(p) for p in first]
    state = transform.init(params)
    update = jax.jit(transform.update)
    rows, averages = [], []
    for t in range(STEPS):
        grad = [jnp.asarray(g) for g in grads[t]]
        updates, state = update(grad, state, params, **(extra(grad) if extra else {}))
        params = optax.apply_updates(params, updates)
        rows.append([np.asarray(p) for p in params])
        if average:
            averages.append([np.asarray(x) for x in average(state, params)])
    assert all(p.dtype == jnp.float64 for p in params)
    return {**trajectory(rows), **(trajectory(averages, "x") if average else {})}


def rules():
    for path, configs in RULES.items():
        name = path.removeprefix("contrib.")
        kind = "mat" if name == "muon" else "std"
        average = contrib.schedule_free_eval_params if name.startswith("schedule_free") else None
        for label, kwargs in configs.items():
            tensors = run(find(path)(**kwargs), kind, average)
            yield Golden(f"optax.{name}.{label}", about("optax", path, kwargs, kind), tensors)


def transforms():
    for label, (path, kwargs) in TRANSFORMS.items():
        tensors = run(optax.chain(find(path)(**kwargs), optax.scale(-0.1)))
        yield Golden(f"optax.transform.{label}", about("optax", path, kwargs, around="chain(it, scale(-0.1))"), tensors)


def chains():
    for label, (words, parts) in CHAINS.items():
        yield Golden(f"optax.chain.{label}", about("optax", "chain", {}, chain=words), run(optax.chain(*parts())))


def sophia():
    """Sophia with a made-up diagonal of the Hessian."""
    plans = {"default": lr(), "often": lr(b1=0.9, b2=0.95, gamma=0.1, update_interval=3, weight_decay=0.1)}

    def diagonal(updates, state, params=None):
        return [jnp.abs(g) + 0.1 for g in updates], state

    for label, kwargs in plans.items():
        given = optax.GradientTransformation(lambda params: optax.EmptyState(), diagonal)
        tensors = run(contrib.sophia(**kwargs, hessian_diagonal_fn=given))
        made = about("optax", "contrib.sophia", kwargs, hessian="|gradient| + 0.1, given when the rule asks for it")
        yield Golden(f"optax.sophia.{label}", made, tensors)


def lookahead():
    """`p<i>` are the fast weights, `x<i>` the slow ones."""
    for label, period, size, base in [
        ("sgd", 5, 0.5, optax.sgd(0.1, momentum=0.9)),
        ("adam", 4, 0.8, optax.adam(0.01)),
    ]:
        first, grads = inputs("std")
        params = optax.LookaheadParams.init_synced([jnp.asarray(p) for p in first])
        transform = optax.lookahead(base, sync_period=period, slow_step_size=size)
        state = transform.init(params)
        update = jax.jit(transform.update)
        fast, slow = [], []
        for t in range(STEPS):
            updates, state = update([jnp.asarray(g) for g in grads[t]], state, params)
            params = optax.apply_updates(params, updates)
            fast.append([np.asarray(p) for p in params.fast])
            slow.append([np.asarray(p) for p in params.slow])
        kwargs = {"sync_period": period, "slow_step_size": size}
        base = {"sgd": "sgd(0.1, momentum=0.9)", "adam": "adam(0.01)"}[label]
        made = about("optax", "lookahead", kwargs, around=f"over {base}; p are the fast weights, x the slow ones")
        yield Golden(f"optax.lookahead.{label}", made, {**trajectory(fast), **trajectory(slow, "x")})


def goldens():
    yield from rules()
    yield from transforms()
    yield from chains()
    yield from sophia()
    yield from lookahead()


def classes():
    return {f"optax.{path.removeprefix('contrib.')}": defaults(find(path)) for path in [*RULES, "contrib.sophia"]}
