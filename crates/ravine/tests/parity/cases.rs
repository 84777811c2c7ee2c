//! Which of our configurations equals which of theirs.

use ravine::Builder;

/// A configuration that must give the same trajectory as a golden one.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// `<library>.<Class>.<config>` of a golden file.
    pub(crate) golden: &'static str,
    /// Our spec.
    pub(crate) ours: &'static str,
    /// Largest relative difference in f64 over 50 steps.
    pub(crate) tolerance: f64,
    /// Why the tolerance is not that of rounding, or what is different; may be empty.
    pub(crate) note: &'static str,
    /// Options of the optimizer around the rule.
    pub(crate) with: fn(Builder) -> Builder,
}

/// Rounding over 50 steps.
const ROUNDING: f64 = 1e-12;

/// A case that differs by rounding alone, without options.
const fn same(golden: &'static str, ours: &'static str) -> Case {
    Case { golden, ours, tolerance: ROUNDING, note: "", with: |builder| builder }
}

/// A case that differs by rounding alone, with options.
const fn with(golden: &'static str, ours: &'static str, with: fn(Builder) -> Builder) -> Case {
    Case { golden, ours, tolerance: ROUNDING, note: "", with }
}

/// A case that differs by more, and why.
const fn near(golden: &'static str, ours: &'static str, tolerance: f64, note: &'static str) -> Case {
    Case { golden, ours, tolerance, note, with: |builder| builder }
}

const BF16_MUON: &str = "PyTorch orthogonalises in bfloat16";
const BF16_ADAFACTOR: &str = "The reference keeps its momentum in bfloat16";
const F32_DECAY: &str = "optax takes the power of t in f32";
const F32_QR: &str = "The reference takes its QR decompositions in f32";
const SMALL: &str = "The reference does not precondition matrices this small";

/// All cases. One line each, by library and class.
pub(crate) const CASES: &[Case] = &[
    same("torch.Adam.default", "adam:lr=0.01"),
    same("torch.Adafactor.default", "adafactor"),
    same("torch.Adafactor.decay", "adafactor:beta2_decay=-0.5,d=2"),
    same("torch.Adafactor.eps", "adafactor:eps=1e-6/1e-2"),
    with("torch.Adafactor.maximize", "adafactor", |builder| builder.maximize(true)),
    same("torch.Adafactor.wd", "adafactor:weight_decay=0.1"),
    near(
        "optax.adafactor.default",
        "adafactor-paper:relative_step=false,min_dim_size_to_factor=4",
        1e-6,
        F32_DECAY,
    ),
    near(
        "optax.adafactor.momentum",
        "adafactor-paper:relative_step=false,min_dim_size_to_factor=4,beta1=0.9,weight_decay=1",
        1e-6,
        F32_DECAY,
    ),
    near(
        "optax.adafactor.noscale",
        "adafactor-paper:relative_step=false,min_dim_size_to_factor=4,scale_parameter=false,d=1e300",
        1e-6,
        F32_DECAY,
    ),
    near(
        "optax.adafactor.unfactored",
        "adafactor-paper:relative_step=false,min_dim_size_to_factor=1000",
        1e-6,
        F32_DECAY,
    ),
    same(
        "pytorch_optimizer.AdaFactor.absolute",
        "adafactor-paper:relative_step=false,scale_parameter=false,beta1=0.9",
    ),
    same("pytorch_optimizer.AdaFactor.relative", "adafactor-paper:warmup_init=true"),
    same("pytorch_optimizer.AdaFactor.clip", "adafactor-paper:relative_step=false,d=0.5,beta2_decay=-0.6"),
    near("pytorch_optimizer.AdaFactor.default", "adafactor-paper:beta1=0.9", 4e-3, BF16_ADAFACTOR),
    same("optax.sm3.default", "sm3:lr=0.01,momentum=0.9,eps=1e-8"),
    same("optax.sm3.momentum", "sm3:lr=0.01,momentum=0.5,eps=1e-8"),
    same("pytorch_optimizer.SM3.default", "sm3"),
    same("pytorch_optimizer.SM3.beta", "sm3:momentum=0.9,beta=0.5"),
    near("torch.Muon.default", "muon:lr=0.02", 4e-2, BF16_MUON),
    near(
        "torch.Muon.coefficients",
        "muon:lr=0.02,momentum=0.8,ns_coefficients=2/-1.5/0.5,eps=1e-3",
        1e-2,
        BF16_MUON,
    ),
    near("torch.Muon.match_rms", "muon:lr=0.02,adjust_lr_fn=match_rms_adamw", 2e-2, BF16_MUON),
    near("torch.Muon.ns3", "muon:lr=0.02,ns_steps=3", 2e-2, BF16_MUON),
    near("torch.Muon.plain", "muon:lr=0.02,nesterov=false,weight_decay=0", 3e-2, BF16_MUON),
    same(
        "optax.muon.default",
        "muon:lr=0.01,weight_decay=0,eps=1e-8,eps_added=true,bias_correction=true,adjust_lr_fn=transposed",
    ),
    same(
        "optax.muon.adaptive",
        "muon:lr=0.01,weight_decay=0,eps=1e-8,eps_added=true,bias_correction=true,adjust_lr_fn=transposed,adaptive=true",
    ),
    same(
        "optax.muon.ns3",
        "muon:lr=0.01,weight_decay=0,eps=1e-8,eps_added=true,bias_correction=true,adjust_lr_fn=transposed,ns_steps=3",
    ),
    same(
        "optax.muon.wd",
        "muon:lr=0.01,weight_decay=0.1,momentum=0.9,nesterov=false,eps=1e-8,eps_added=true,bias_correction=true,adjust_lr_fn=transposed",
    ),
    same("pytorch_optimizer.Shampoo.default", "shampoo"),
    same("pytorch_optimizer.Shampoo.wd", "shampoo:lr=0.01,weight_decay=0.05,decoupled=true"),
    near(
        "pytorch_optimizer.ScalableShampoo.adagrad",
        "shampoo:lr=0.01,graft=adagrad,momentum=0.9,nesterov=true,start_preconditioning_step=100",
        ROUNDING,
        SMALL,
    ),
    near(
        "pytorch_optimizer.ScalableShampoo.rmsprop",
        "shampoo:lr=0.01,graft=rmsprop,momentum=0.9,beta2=0.999,start_preconditioning_step=100",
        ROUNDING,
        SMALL,
    ),
    near(
        "pytorch_optimizer.ScalableShampoo.sgd",
        "sgd:lr=0.01,momentum=0.9,nesterov=true,weight_decay=0.05",
        ROUNDING,
        SMALL,
    ),
    near("pytorch_optimizer.SOAP.default", "soap", 1e-6, F32_QR),
    near(
        "pytorch_optimizer.SOAP.every1",
        "soap:lr=0.01,precondition_frequency=1,weight_decay=0",
        1e-6,
        F32_QR,
    ),
    near(
        "pytorch_optimizer.SOAP.every5",
        "soap:lr=0.01,betas=0.9/0.95,shampoo_beta=0.9,precondition_frequency=5,weight_decay=0.05",
        1e-6,
        F32_QR,
    ),
    near(
        "pytorch_optimizer.SOAP.plain",
        "soap:lr=0.01,precondition_frequency=1,correct_bias=false,normalize_gradient=true",
        2e-6,
        F32_QR,
    ),
    near(
        "pytorch_optimizer.SOAP.betas",
        "soap:lr=0.01,betas=0.8/0.99,eps=1e-3,precondition_frequency=3",
        1e-6,
        F32_QR,
    ),
    with("optax.transform.centralize", "sgd:lr=0.1", |builder| builder.centralize(true)),
    with("pytorch_optimizer.centralize_gradient.default", "sgd:lr=0.1", |builder| builder.centralize(true)),
];
