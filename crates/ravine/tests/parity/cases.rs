//! Which of our configurations equals which of theirs.

use ravine::{Builder, Group, Sam, rules};

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
pub(crate) const ROUNDING: f64 = 1e-12;

/// A case that differs by rounding alone, without options.
const fn same(golden: &'static str, ours: &'static str) -> Case {
    Case { golden, ours, tolerance: ROUNDING, note: "", with: |builder| builder }
}

/// The same with `maximize`.
const fn up(golden: &'static str, ours: &'static str) -> Case {
    Case { with: |builder| builder.maximize(true), ..same(golden, ours) }
}

/// The same with a word on how it is had.
const fn noted(golden: &'static str, ours: &'static str, note: &'static str) -> Case {
    Case { note, ..same(golden, ours) }
}

/// One whose reference keeps scalars in f32: with them rounded the formula gives its bits but for 1e-15.
const fn single(golden: &'static str, ours: &'static str, tolerance: f64, maximize: bool) -> Case {
    let case = if maximize { up(golden, ours) } else { same(golden, ours) };
    Case { tolerance, note: "the reference rounds step sizes or products of betas to f32", ..case }
}

/// SGD or another rule with [`Sam`].
const fn sam(golden: &'static str, ours: &'static str, with: fn(Builder) -> Builder) -> Case {
    Case {
        tolerance: 2e-7,
        note: "the reference takes the norm of the gradient in f32",
        with,
        ..same(golden, ours)
    }
}

/// What of decay does not follow the learning rate there is divided by it here.
const FIXED_DECAY: &str = "its decay is not scaled by lr: weight_decay is divided by lr";

/// A case that differs by more, for the reason in the note.
/// A case that differs by rounding alone, with options.
const fn with(golden: &'static str, ours: &'static str, with: fn(Builder) -> Builder) -> Case {
    Case { golden, ours, tolerance: ROUNDING, note: "", with }
}

/// A case that differs by more, and why.
const fn near(golden: &'static str, ours: &'static str, tolerance: f64, note: &'static str) -> Case {
    Case { golden, ours, tolerance, note, with: |builder| builder }
}

/// Why D-Adaptation and Prodigy differ.
const SINGLE_SUMS: &str = "the reference adds up its estimate of d in f32";

/// Why MARS differs.
const MARS_ROOT: &str =
    "the reference adds 1e-15 under the root and corrects eps like v; one dimension: adamw";

/// MARS leaves tensors of one dimension to AdamW.
fn mars_of_one_dimension(builder: Builder) -> Builder {
    builder.group(Group::new("p1").rule(one_dimension(false)))
}

/// The same with amsgrad.
fn amsgrad_of_one_dimension(builder: Builder) -> Builder {
    builder.group(Group::new("p1").rule(one_dimension(true)))
}

fn one_dimension(amsgrad: bool) -> rules::AdamW {
    rules::AdamW { lr: 3e-3, betas: [0.9, 0.95], weight_decay: 0.1, amsgrad, ..rules::AdamW::default() }
}
const BF16_MUON: &str = "PyTorch orthogonalises in bfloat16";
const BF16_ADAFACTOR: &str = "The reference keeps its momentum in bfloat16";
const F32_DECAY: &str = "optax takes the power of t in f32";
const F32_QR: &str = "The reference takes its QR decompositions in f32";
const SMALL: &str = "The reference does not precondition matrices this small";

/// All cases. One line each, by library and class.
#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    single("torch.ASGD.default", "asgd:lr=0.1", 1e-7, false),
    single("torch.ASGD.lambd", "asgd:lr=0.1,lambd=0.01,alpha=0.6", 1e-7, false),
    single("torch.ASGD.maximize", "asgd:lr=0.1", 1e-7, true),
    single("torch.ASGD.t0", "asgd:lr=0.1,t0=10", 1e-7, false),
    single("torch.ASGD.wd", "asgd:lr=0.1,weight_decay=0.1", 1e-7, false),
    same("torch.Adadelta.default", "adadelta"),
    same("torch.Adadelta.eps", "adadelta:eps=0.001"),
    up("torch.Adadelta.maximize", "adadelta:weight_decay=0.1"),
    same("torch.Adadelta.rho", "adadelta:lr=0.5,rho=0.95"),
    same("torch.Adadelta.wd", "adadelta:weight_decay=0.1"),
    same("torch.Adagrad.default", "adagrad:lr=0.1"),
    same("torch.Adagrad.init", "adagrad:lr=0.1,initial_accumulator_value=0.1,eps=1e-6"),
    same("torch.Adagrad.lr_decay", "adagrad:lr=0.1,lr_decay=0.05"),
    up("torch.Adagrad.maximize", "adagrad:lr=0.1"),
    same("torch.Adagrad.wd", "adagrad:lr=0.1,weight_decay=0.1"),
    same("torch.Adam.amsgrad", "adam:lr=0.01,amsgrad=true"),
    up("torch.Adam.amsgrad_wd_max", "adam:lr=0.01,amsgrad=true,weight_decay=0.1"),
    same("torch.Adam.betas", "adam:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("torch.Adam.decoupled", "adam:lr=0.01,weight_decay=0.1,decoupled=true"),
    same("torch.Adam.decoupled_amsgrad", "adam:lr=0.01,weight_decay=0.1,decoupled=true,amsgrad=true"),
    same("torch.Adam.default", "adam:lr=0.01"),
    up("torch.Adam.maximize", "adam:lr=0.01"),
    same("torch.Adam.wd", "adam:lr=0.01,weight_decay=0.1"),
    same("torch.AdamW.amsgrad", "adamw:lr=0.01,amsgrad=true"),
    up("torch.AdamW.amsgrad_wd_max", "adamw:lr=0.01,amsgrad=true,weight_decay=0.1"),
    same("torch.AdamW.betas", "adamw:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("torch.AdamW.default", "adamw:lr=0.01"),
    up("torch.AdamW.maximize", "adamw:lr=0.01"),
    same("torch.AdamW.wd", "adamw:lr=0.01,weight_decay=0.1"),
    same("torch.Adamax.betas", "adamax:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("torch.Adamax.default", "adamax:lr=0.01"),
    up("torch.Adamax.maximize", "adamax:lr=0.01"),
    same("torch.Adamax.wd", "adamax:lr=0.01,weight_decay=0.1"),
    single("torch.NAdam.betas", "nadam:lr=0.01,betas=0.8/0.95,eps=0.001", 1e-8, false),
    single("torch.NAdam.decoupled", "nadam:lr=0.01,weight_decay=0.1,decoupled=true", 1e-8, false),
    single("torch.NAdam.default", "nadam:lr=0.01", 1e-8, false),
    single("torch.NAdam.maximize", "nadam:lr=0.01", 1e-8, true),
    single("torch.NAdam.momentum_decay", "nadam:lr=0.01,momentum_decay=0.006", 1e-8, false),
    single("torch.NAdam.wd", "nadam:lr=0.01,weight_decay=0.1", 1e-8, false),
    same("torch.RAdam.betas", "radam:lr=0.01,betas=0.9/0.9"),
    same("torch.RAdam.decoupled", "radam:lr=0.01,weight_decay=0.1,decoupled=true"),
    same("torch.RAdam.default", "radam:lr=0.01"),
    same("torch.RAdam.eps", "radam:lr=0.01,eps=0.001"),
    up("torch.RAdam.maximize", "radam:lr=0.01"),
    same("torch.RAdam.wd", "radam:lr=0.01,weight_decay=0.1"),
    same("torch.RMSprop.alpha", "rmsprop:alpha=0.9,eps=0.001"),
    same("torch.RMSprop.centered", "rmsprop:centered=true"),
    same("torch.RMSprop.centered_momentum_wd", "rmsprop:centered=true,momentum=0.9,weight_decay=0.1,alpha=0.9"),
    same("torch.RMSprop.default", "rmsprop"),
    up("torch.RMSprop.maximize", "rmsprop:momentum=0.5"),
    same("torch.RMSprop.momentum", "rmsprop:momentum=0.9"),
    same("torch.RMSprop.wd", "rmsprop:weight_decay=0.1"),
    same("torch.Rprop.default", "rprop"),
    same("torch.Rprop.etas", "rprop:lr=0.02,etas=0.4/1.5,step_sizes=1e-4/1"),
    up("torch.Rprop.maximize", "rprop"),
    same("torch.SGD.dampening", "sgd:lr=0.1,momentum=0.9,dampening=0.5"),
    up("torch.SGD.maximize", "sgd:lr=0.1,momentum=0.9"),
    same("torch.SGD.momentum", "sgd:lr=0.1,momentum=0.9"),
    same("torch.SGD.nesterov", "sgd:lr=0.1,momentum=0.9,nesterov=true"),
    same("torch.SGD.plain", "sgd:lr=0.1"),
    same("torch.SGD.wd", "sgd:lr=0.1,weight_decay=0.05"),
    up("torch.SGD.wd_max_damp", "sgd:lr=0.1,momentum=0.8,dampening=0.1,weight_decay=0.05"),
    same("torch.SGD.wd_nesterov", "sgd:lr=0.1,momentum=0.9,nesterov=true,weight_decay=0.05"),
    same("torch.SparseAdam.betas", "sparse-adam:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("torch.SparseAdam.default", "sparse-adam:lr=0.01"),
    up("torch.SparseAdam.maximize", "sparse-adam:lr=0.01"),
    same("optax.adadelta.default", "adadelta"),
    same("optax.adadelta.wd", "adadelta:rho=0.95,weight_decay=0.1"),
    same("optax.adagrad.default", "adagrad:lr=0.01,initial_accumulator_value=0.1,eps=1e-7,eps_in_sqrt=true"),
    same("optax.adagrad.init", "adagrad:lr=0.01,initial_accumulator_value=0.5,eps=0.001,eps_in_sqrt=true"),
    same("optax.adam.default", "adam:lr=0.01"),
    same("optax.adam.eps_root", "adam:lr=0.01,eps_root=1e-6"),
    same("optax.adam.nesterov", "adam:lr=0.01,nesterov=true"),
    same("optax.adamax.default", "adamax:lr=0.01"),
    same("optax.adamaxw.default", "adamaxw:lr=0.01,weight_decay=0.1"),
    same("optax.adamw.default", "adamw:lr=0.01,weight_decay=1e-4"),
    same("optax.adamw.nesterov", "adam:lr=0.01,nesterov=true,weight_decay=0.1,decoupled=true"),
    same("optax.adamw.wd", "adamw:lr=0.01,weight_decay=0.1"),
    same("optax.fromage.default", "fromage:lr=0.01,min_norm=1e-6"),
    same("optax.lion.betas", "lion:lr=0.01,betas=0.95/0.98,weight_decay=0.001"),
    same("optax.lion.default", "lion:lr=0.01,weight_decay=0.001"),
    same("optax.lion.wd", "lion:lr=0.01,weight_decay=0.1"),
    same("optax.nadam.default", "adam:lr=0.01,nesterov=true"),
    same("optax.nadamw.wd", "adam:lr=0.01,nesterov=true,weight_decay=0.1,decoupled=true"),
    same("optax.optimistic_gradient_descent.default", "ogd:lr=0.01"),
    same("optax.optimistic_gradient_descent.strong", "ogd:lr=0.01,alpha=1.5,beta=0.5"),
    same("optax.radam.default", "radam:lr=0.01,eps_after_correction=true"),
    same("optax.radam.nesterov", "radam:lr=0.01,eps_after_correction=true,nesterov=true"),
    same("optax.radam.threshold", "radam:lr=0.01,eps_after_correction=true,threshold=4,betas=0.8/0.95"),
    same("optax.rmsprop.biascorr", "rmsprop:alpha=0.9,eps_in_sqrt=true,bias_correction=true"),
    same("optax.rmsprop.centered", "rmsprop:alpha=0.9,eps_in_sqrt=true,centered=true"),
    same("optax.rmsprop.default", "rmsprop:alpha=0.9,eps_in_sqrt=true"),
    same("optax.rmsprop.momentum", "rmsprop:alpha=0.9,eps_in_sqrt=true,momentum=0.9"),
    same("optax.rmsprop.nesterov", "rmsprop:alpha=0.9,eps_in_sqrt=true,momentum=0.9,nesterov=true"),
    same("optax.sgd.momentum", "sgd:lr=0.01,momentum=0.9"),
    same("optax.sgd.nesterov", "sgd:lr=0.01,momentum=0.9,nesterov=true"),
    same("optax.sgd.plain", "sgd:lr=0.01"),
    same("optax.sign_sgd.default", "signsgd:lr=0.01"),
    same("optax.signum.beta", "signum:lr=0.01,momentum=0.5"),
    same("optax.signum.default", "signum:lr=0.01"),
    same("pytorch_optimizer.AccSGD.default", "acc-sgd"),
    same("pytorch_optimizer.AccSGD.kappa", "acc-sgd:lr=0.01,kappa=100,xi=5,constant=0.5"),
    same("pytorch_optimizer.AccSGD.wd", "acc-sgd:weight_decay=0.05"),
    same("pytorch_optimizer.AggMo.betas", "aggmo:lr=0.01,betas=0.5/0.8"),
    same("pytorch_optimizer.AggMo.default", "aggmo"),
    same("pytorch_optimizer.AggMo.wd", "aggmo:weight_decay=0.05"),
    same("pytorch_optimizer.Fromage.default", "fromage"),
    same("pytorch_optimizer.Lion.betas", "lion:lr=0.01,betas=0.95/0.98"),
    same("pytorch_optimizer.Lion.default", "lion"),
    noted("pytorch_optimizer.Lion.fixed_decay", "lion:lr=0.01,weight_decay=0.1", FIXED_DECAY),
    same("pytorch_optimizer.Lion.wd", "lion:weight_decay=0.05"),
    same("pytorch_optimizer.PID.default", "pid:momentum=0"),
    same("pytorch_optimizer.PID.momentum", "pid:lr=0.01,dampening=0.1,derivative=5,integral=3"),
    same("pytorch_optimizer.PID.wd", "pid:momentum=0,weight_decay=0.05"),
    single("pytorch_optimizer.QHAdam.default", "qhadam", 1.5e-7, false),
    single("pytorch_optimizer.QHAdam.nus", "qhadam:lr=0.01,betas=0.9/0.95,nus=0.7/0.9", 1.5e-7, false),
    single("pytorch_optimizer.QHAdam.wd", "qhadam:weight_decay=0.05", 1.5e-7, false),
    same("pytorch_optimizer.QHM.default", "qhm:lr=0.001,momentum=0,nu=1"),
    same("pytorch_optimizer.QHM.nu", "qhm:lr=0.1,momentum=0.9"),
    same("pytorch_optimizer.QHM.wd", "qhm:lr=0.001,momentum=0,nu=1,weight_decay=0.05"),
    same("pytorch_optimizer.RAdam.default", "radam:degenerated_to_sgd=false"),
    same("pytorch_optimizer.RAdam.degenerated", "radam:lr=0.01"),
    sam("pytorch_optimizer.SAM.adamw", "adamw:lr=0.01", |builder| builder.sam(Sam { rho: 0.2, adaptive: false })),
    sam("pytorch_optimizer.SAM.adaptive", "sgd:lr=0.05,momentum=0.9", |builder| builder.sam(Sam { rho: 0.5, adaptive: true })),
    sam("pytorch_optimizer.SAM.default", "sgd:lr=0.05,momentum=0.9", |builder| builder.sam(Sam { rho: 0.05, adaptive: false })),
    same("pytorch_optimizer.SGDW.dampening", "sgd:lr=0.1,momentum=0.9,dampening=0.5,weight_decay=0.05,decoupled=true"),
    same("pytorch_optimizer.SGDW.default", "sgd:lr=1e-4"),
    same("pytorch_optimizer.SGDW.nesterov", "sgd:lr=1e-4,momentum=0.9,nesterov=true"),
    same("pytorch_optimizer.SGDW.wd", "sgd:lr=1e-4,weight_decay=0.05,decoupled=true"),
    same("pytorch_optimizer.SignSGD.default", "signum"),
    same("pytorch_optimizer.SignSGD.plain", "signsgd:lr=0.01"),
    same("pytorch_optimizer.SignSGD.wd", "signum:weight_decay=0.05"),
    same("pytorch_optimizer.Tiger.beta", "signsgd:lr=0.01,momentum=0.8"),
    same("pytorch_optimizer.Tiger.default", "tiger"),
    same("pytorch_optimizer.Tiger.wd", "tiger:weight_decay=0.05"),
    same("lion_pytorch.Lion.betas", "lion:lr=0.01,betas=0.95/0.98"),
    same("lion_pytorch.Lion.default", "lion:lr=0.01"),
    noted("lion_pytorch.Lion.independent_wd", "lion:lr=0.01,weight_decay=0.1", FIXED_DECAY),
    same("lion_pytorch.Lion.wd", "lion:lr=0.01,weight_decay=0.05"),
    same("optax.adabelief.default", "adabelief:lr=0.01"),
    same("optax.adabelief.betas", "adabelief:lr=0.01,betas=0.8/0.95,eps=0.001,eps_root=1e-6"),
    same("optax.adabelief.nesterov", "adabelief:lr=0.01,nesterov=true"),
    same("pytorch_optimizer.AdaBelief.default", "adabelief"),
    same("pytorch_optimizer.AdaBelief.amsbound", "adabelief:amsgrad=true"),
    same("pytorch_optimizer.AdaBelief.betas", "adabelief:lr=0.01,betas=0.8/0.95,eps=1e-8,eps_root=1e-8"),
    same("pytorch_optimizer.AdaBelief.coupled", "adabelief:weight_decay=0.05,decoupled=false"),
    same("pytorch_optimizer.AdaBelief.fixed_decay", "adabelief:weight_decay=1"),
    same("pytorch_optimizer.AdaBelief.rectify", "adabelief:rectify=true"),
    same("pytorch_optimizer.AdaBelief.wd", "adabelief:weight_decay=0.05"),
    same("optax.yogi.default", "yogi:initial_mean=1e-6"),
    same("optax.yogi.betas", "yogi:betas=0.8/0.95,eps=0.01,initial_mean=1e-6"),
    same("pytorch_optimizer.Yogi.default", "yogi:initial_mean=1e-6"),
    same("pytorch_optimizer.Yogi.init", "yogi:initial_accumulator_value=0.001,initial_mean=0.001,betas=0.8/0.95"),
    same("pytorch_optimizer.Yogi.wd", "yogi:initial_mean=1e-6,weight_decay=0.05"),
    same("pytorch_optimizer.Adan.default", "adan"),
    same("pytorch_optimizer.Adan.betas", "adan:lr=0.01,betas=0.9/0.8/0.95,eps=0.001"),
    same("pytorch_optimizer.Adan.decoupled", "adan:lr=0.01,weight_decay=0.05,no_prox=true"),
    same("pytorch_optimizer.Adan.wd", "adan:weight_decay=0.05"),
    same("optax.ademamix.default", "ademamix:lr=0.01"),
    same("optax.ademamix.betas", "ademamix:lr=0.01,betas=0.8/0.95/0.99,alpha=3,eps=0.001,eps_root=1e-6,weight_decay=0.1"),
    same("pytorch_optimizer.AdEMAMix.default", "ademamix"),
    same("pytorch_optimizer.AdEMAMix.alpha", "ademamix:lr=0.01,betas=0.8/0.95/0.99,alpha=3"),
    same("pytorch_optimizer.AdEMAMix.decoupled", "ademamix:lr=0.01,weight_decay=0.05"),
    same("pytorch_optimizer.AdEMAMix.scheduled", "ademamix:lr=0.01,betas=0.9/0.99/0.999,alpha=8,t_alpha_beta3=30"),
    same("pytorch_optimizer.AdEMAMix.wd", "ademamix:weight_decay=0.05,decoupled=false"),
    same("optax.simplified_ademamix.default", "simplified-ademamix:lr=0.01"),
    same("optax.simplified_ademamix.alpha", "simplified-ademamix:lr=0.01,betas=0.95/0.9,alpha=2,weight_decay=0.1"),
    same("optax.lamb.default", "lamb:lr=0.01"),
    same("optax.lamb.betas", "lamb:lr=0.01,betas=0.8/0.95,eps=0.001,eps_root=1e-6,weight_decay=0.01"),
    same("optax.lamb.wd", "lamb:lr=0.01,weight_decay=0.1"),
    same("optax.chain.adam_trust_ratio", "lamb:lr=0.01,weight_decay=0.01"),
    same("optax.lars.default", "lars:joint_norm=true,skip_1d=false"),
    same("optax.lars.trust", "lars:weight_decay=0.01,trust_coefficient=0.01,eps=0.001,momentum=0.5,joint_norm=true,skip_1d=false"),
    same("optax.lars.wd", "lars:weight_decay=0.1,nesterov=true,joint_norm=true,skip_1d=false"),
    same("pytorch_optimizer.LARS.default", "lars:lr=0.001"),
    same("pytorch_optimizer.LARS.nesterov", "lars:lr=0.001,nesterov=true"),
    same("pytorch_optimizer.LARS.trust", "lars:lr=0.1,weight_decay=0.05,trust_coefficient=0.01,dampening=0.5"),
    same("pytorch_optimizer.LARS.wd", "lars:lr=0.001,weight_decay=0.05"),
    same("optax.novograd.default", "novograd:betas=0.9/0.25,eps=1e-6"),
    same("optax.novograd.betas", "novograd:betas=0.8/0.5,eps=0.001,eps_root=1e-6"),
    same("optax.novograd.wd", "novograd:betas=0.9/0.25,eps=1e-6,weight_decay=0.1"),
    same("pytorch_optimizer.NovoGrad.default", "novograd:lr=0.001"),
    same("pytorch_optimizer.NovoGrad.averaging", "novograd:grad_averaging=true,weight_decay=0.05"),
    same("pytorch_optimizer.NovoGrad.betas", "novograd:betas=0.8/0.5,weight_decay=0.05,decoupled=true"),
    same("pytorch_optimizer.NovoGrad.wd", "novograd:lr=0.001,weight_decay=0.05"),
    same("sophia_opt.SophiaG.default", "sophia:lr=0.01,batch_size=4,update_period=1"),
    same("sophia_opt.SophiaG.every10", "sophia:lr=0.01,batch_size=4,weight_decay=0"),
    same("sophia_opt.SophiaG.rho", "sophia:lr=0.01,betas=0.9/0.95,rho=0.1,batch_size=2,update_period=5"),
    same("sophia_opt.SophiaG.default", "sophia:lr=0.01,batch_size=4,update_period=0"),
    same("sophia_opt.SophiaG.rho", "sophia:lr=0.01,betas=0.9/0.95,rho=0.1,batch_size=2,update_period=0"),
    same("pytorch_optimizer.SophiaH.default", "sophia:lr=6e-4,betas=0.96/0.99,rho=0.01,batch_size=1,eps=1e-14,estimate=given,update_period=0,weight_decay=0"),
    same("pytorch_optimizer.SophiaH.p", "sophia:lr=1e-3,betas=0.9/0.95,rho=0.1,batch_size=1,eps=1e-13,estimate=given,update_period=0,weight_decay=0"),
    same("pytorch_optimizer.SophiaH.wd", "sophia:lr=6e-4,betas=0.96/0.99,rho=0.01,batch_size=1,eps=1e-14,estimate=given,update_period=0,weight_decay=5"),
    same("adam_mini.Adam_mini.rows", "adam-mini:lr=0.01"),
    same("adam_mini.Adam_mini.tensors", "adam-mini:lr=0.01,block_rows=0"),
    same("schedulefree.SGDScheduleFree.default", "schedule-free-sgd:lr=0.1"),
    same("schedulefree.SGDScheduleFree.momentum", "schedule-free-sgd:lr=0.1,momentum=0.7"),
    same("schedulefree.SGDScheduleFree.powers", "schedule-free-sgd:lr=0.1,warmup_steps=5,r=1,weight_lr_power=1"),
    same("schedulefree.SGDScheduleFree.warmup", "schedule-free-sgd:lr=0.1,warmup_steps=10"),
    same("schedulefree.SGDScheduleFree.wd", "schedule-free-sgd:lr=0.1,weight_decay=0.05"),
    same("schedulefree.AdamWScheduleFree.default", "schedule-free-adamw:lr=0.01"),
    same("schedulefree.AdamWScheduleFree.betas", "schedule-free-adamw:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("schedulefree.AdamWScheduleFree.powers", "schedule-free-adamw:lr=0.01,warmup_steps=5,r=1,weight_lr_power=1"),
    same("schedulefree.AdamWScheduleFree.warmup", "schedule-free-adamw:lr=0.01,warmup_steps=10,weight_decay=0.05"),
    same("schedulefree.AdamWScheduleFree.wd", "schedule-free-adamw:lr=0.01,weight_decay=0.05"),
    same("schedulefree.RAdamScheduleFree.default", "schedule-free-radam:lr=0.01"),
    same("schedulefree.RAdamScheduleFree.betas", "schedule-free-radam:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("schedulefree.RAdamScheduleFree.loud", "schedule-free-radam:lr=0.01,silent_sgd_phase=false"),
    same("schedulefree.RAdamScheduleFree.powers", "schedule-free-radam:lr=0.01,r=1,weight_lr_power=1"),
    same("schedulefree.RAdamScheduleFree.wd", "schedule-free-radam:lr=0.01,weight_decay=0.05"),
    same("optax.schedule_free_sgd.default", "schedule-free-sgd:lr=0.1"),
    same("optax.schedule_free_adamw.default", "schedule-free-adamw:lr=0.01"),
    same("pytorch_optimizer.ScheduleFreeSGD.default", "schedule-free-sgd"),
    same("pytorch_optimizer.ScheduleFreeSGD.powers", "schedule-free-sgd:lr=0.1,warmup_steps=5,r=1,weight_lr_power=1"),
    same("pytorch_optimizer.ScheduleFreeSGD.warmup", "schedule-free-sgd:warmup_steps=10"),
    same("pytorch_optimizer.ScheduleFreeSGD.wd", "schedule-free-sgd:weight_decay=0.05"),
    same("pytorch_optimizer.ScheduleFreeAdamW.amsbound", "schedule-free-adamw:amsgrad=true,eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeAdamW.c", "schedule-free-adamw:lr=0.01,decoupling_c=2,eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeAdamW.default", "schedule-free-adamw:eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeAdamW.powers", "schedule-free-adamw:lr=0.01,r=1,weight_lr_power=1,warmup_steps=5,eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeAdamW.warmup", "schedule-free-adamw:warmup_steps=10,eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeAdamW.wd", "schedule-free-adamw:weight_decay=0.05,eps_root=1e-15"),
    same("pytorch_optimizer.ScheduleFreeRAdam.default", "schedule-free-radam"),
    same("pytorch_optimizer.ScheduleFreeRAdam.wd", "schedule-free-radam:weight_decay=0.05"),
    same("prodigyopt.Prodigy.default", "prodigy"),
    same("prodigyopt.Prodigy.betas", "prodigy:d0=0.001,betas=0.8/0.95,beta3=0.97,eps=1e-6"),
    same("prodigyopt.Prodigy.bias_correction", "prodigy:d0=0.001,bias_correction=true"),
    same("prodigyopt.Prodigy.coupled", "prodigy:d0=0.001,weight_decay=0.05,decoupled=false"),
    same("prodigyopt.Prodigy.d0", "prodigy:d0=0.001,d_coef=0.5,growth_rate=1.1"),
    same("prodigyopt.Prodigy.safeguard", "prodigy:lr=0.5,d0=0.001,safeguard_warmup=true,weight_decay=0.05"),
    same("prodigyopt.Prodigy.wd", "prodigy:d0=0.001,weight_decay=0.05"),
    same("optax.prodigy.default", "prodigy:bias_correction=true"),
    same("optax.prodigy.start", "prodigy:bias_correction=true,d0=0.001,d_coef=0.5,safeguard_warmup=true,betas=0.8/0.95,beta3=0.97"),
    same("optax.prodigy.wd", "prodigy:bias_correction=true,weight_decay=0.1"),
    near("pytorch_optimizer.Prodigy.betas", "prodigy:d0=0.001,betas=0.8/0.95,beta3=0.97", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.default", "prodigy", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.safeguard", "prodigy:lr=0.5,d0=0.001,safeguard_warmup=true,weight_decay=0.05", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.start", "prodigy:d0=0.001,d_coef=0.5,growth_rate=1.1", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.wd", "prodigy:weight_decay=0.05", 1e-6, SINGLE_SUMS),
    same("dog.DoG.default", "dog:reps_rel=0.001"),
    same("dog.DoG.init_eta", "dog:init_eta=0.001,lr=0.5,eps=0.001"),
    same("dog.DoG.tiny", "dog"),
    same("dog.DoG.wd", "dog:reps_rel=0.001,weight_decay=0.05"),
    same("dog.LDoG.default", "ldog:reps_rel=0.001"),
    same("dog.LDoG.init_eta", "ldog:init_eta=0.001,lr=0.5,eps=0.001"),
    same("dog.LDoG.tiny", "ldog"),
    same("dog.LDoG.wd", "ldog:reps_rel=0.001,weight_decay=0.05"),
    same("optax.dog.default", "dog"),
    same("optax.dog.distance", "dog:init_dist=0.01,weight_decay=0.1"),
    same("optax.dog.first_step", "dog:reps_rel=0,init_eta=0.001"),
    same("optax.dowg.default", "dowg"),
    same("optax.dowg.start", "dowg:init_estim_sq_dist=0.01,weight_decay=0.1"),
    same("optax.dadapt_adamw.default", "dadapt-adam:bias_correction=true"),
    same("optax.dadapt_adamw.start", "dadapt-adam:bias_correction=true,d0=0.001"),
    same("optax.dadapt_adamw.wd", "dadapt-adam:bias_correction=true,d0=0.001,weight_decay=0.1,decoupled=true,betas=0.8/0.95"),
    near("pytorch_optimizer.DAdaptAdam.default", "dadapt-adam", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdam.bias_correction", "dadapt-adam:bias_correction=true", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdam.decoupled", "dadapt-adam:d0=0.001,weight_decay=0.05,decoupled=true", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdam.start", "dadapt-adam:d0=0.001,growth_rate=1.1,betas=0.8/0.95", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdam.wd", "dadapt-adam:weight_decay=0.05", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdaGrad.default", "dadapt-adagrad", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdaGrad.start", "dadapt-adagrad:d0=0.001,momentum=0.9,growth_rate=1.1,eps=1e-8", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptAdaGrad.wd", "dadapt-adagrad:weight_decay=0.05", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptLion.default", "dadapt-lion", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptLion.decoupled", "dadapt-lion:d0=0.001,weight_decay=0.05,decoupled=true", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptLion.start", "dadapt-lion:d0=0.001", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptLion.wd", "dadapt-lion:weight_decay=0.05", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptSGD.default", "dadapt-sgd", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.DAdaptSGD.start", "dadapt-sgd:d0=0.001,growth_rate=1.1", 1e-6, SINGLE_SUMS),
    near("optax.madgrad.default", "madgrad", 1e-6, "the reference takes sqrt(t) in f32"),
    near("optax.madgrad.wd", "madgrad:momentum=0.5,weight_decay=0.1", 1e-6, "the reference takes sqrt(t) in f32"),
    same("pytorch_optimizer.MADGRAD.decoupled", "madgrad:weight_decay=0.05,decoupled=true"),
    same("pytorch_optimizer.MADGRAD.default", "madgrad:lr=0.001"),
    same("pytorch_optimizer.MADGRAD.momentum", "madgrad:momentum=0.5,weight_decay=0.05"),
    same("pytorch_optimizer.MADGRAD.plain", "madgrad:momentum=0"),
    same("pytorch_optimizer.MADGRAD.wd", "madgrad:lr=0.001,weight_decay=0.05"),
    same("optax.adopt.default", "adopt:lr=0.01"),
    same("optax.adopt.nesterov", "adopt:lr=0.01,nesterov=true"),
    same("optax.adopt.unclipped", "adopt:lr=0.01,use_clipping=false,betas=0.9/0.99"),
    same("adam_mini.Adam_mini.rows_wd", "adam-mini:lr=0.01,weight_decay=0.05,betas=0.8/0.95,eps=0.001"),
    same("pytorch_optimizer.AdaMod.default", "adamod:betas=0.9/0.99/0.9999"),
    same("pytorch_optimizer.AdaMod.betas", "adamod:lr=0.01,betas=0.8/0.95/0.9"),
    same("pytorch_optimizer.AdaMod.wd", "adamod:betas=0.9/0.99/0.9999,weight_decay=0.05"),
    same("pytorch_optimizer.AdaBound.default", "adabound:eps_root=1e-15"),
    same("pytorch_optimizer.AdaBound.amsbound", "amsbound:eps_root=1e-15"),
    same("pytorch_optimizer.AdaBound.bounds", "adabound:lr=0.01,final_lr=0.05,gamma=0.1,eps_root=1e-15"),
    same("pytorch_optimizer.AdaBound.coupled", "adabound:weight_decay=0.05,eps_root=1e-15"),
    same("pytorch_optimizer.AdaBound.wd", "adabound:weight_decay=0.05,decoupled=true,eps_root=1e-15"),
    same("pytorch_optimizer.AdaNorm.default", "adanorm:eps_root=1e-15"),
    same("pytorch_optimizer.AdaNorm.amsbound", "adanorm:amsgrad=true,eps_root=1e-15"),
    same("pytorch_optimizer.AdaNorm.r", "adanorm:lr=0.01,r=0.8,eps_root=1e-15"),
    same("pytorch_optimizer.AdaNorm.wd", "adanorm:weight_decay=0.05,eps_root=1e-15"),
    same("pytorch_optimizer.StableAdamW.default", "stable-adamw"),
    same("pytorch_optimizer.StableAdamW.betas", "stable-adamw:lr=0.01,betas=0.8/0.95,eps=0.001"),
    same("pytorch_optimizer.StableAdamW.no_wd", "stable-adamw:lr=0.01,weight_decay=0"),
    same("pytorch_optimizer.StableAdamW.wd", "stable-adamw:weight_decay=0.05"),
    same("pytorch_optimizer.LaProp.default", "laprop:eps_root=1e-15"),
    same("pytorch_optimizer.LaProp.amsbound", "laprop:amsgrad=true,eps_root=1e-15"),
    same("pytorch_optimizer.LaProp.betas", "laprop:lr=0.01,betas=0.8/0.95,eps_root=1e-15"),
    same("pytorch_optimizer.LaProp.centered", "laprop:lr=0.01,centered=true,steps_before_using_centered=5,eps_root=1e-15"),
    near("pytorch_optimizer.LaProp.wd", "laprop:weight_decay=0.05,eps_root=1e-15", 1e-5, "the reference decays after the step"),
    same("pytorch_optimizer.Grams.default", "grams"),
    same("pytorch_optimizer.Grams.betas", "grams:lr=0.01,betas=0.8/0.95"),
    same("pytorch_optimizer.Grams.wd", "grams:weight_decay=0.05"),
    same("pytorch_optimizer.Kate.default", "kate"),
    same("pytorch_optimizer.Kate.delta", "kate:lr=0.1,delta=0.01"),
    same("pytorch_optimizer.Kate.wd", "kate:weight_decay=0.05"),
    same("torch.Adafactor.default", "adafactor"),
    same("torch.Adafactor.decay", "adafactor:beta2_decay=-0.5,d=2"),
    same("torch.Adafactor.eps", "adafactor:eps=0.1/2"),
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
    near("pytorch_optimizer.MARS.all", "mars:lr=0.01,weight_decay=0.05", 1e-6, MARS_ROOT),
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.default", "mars", 1e-6, MARS_ROOT) },
    Case { with: amsgrad_of_one_dimension, ..near("pytorch_optimizer.MARS.amsbound", "mars:amsgrad=true", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.gamma", "mars:lr=0.01,gamma=0.1,betas=0.8/0.95", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.lion", "mars-lion:lr=0.01", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.wd", "mars:weight_decay=0.05", 1e-6, MARS_ROOT) },
    Case { with: |builder| builder.clip_norm(1.0), ..near("pytorch_optimizer.Adan.clip", "adan:lr=0.01", 1e-7, "the reference clips to 1 / (norm + 1e-8), not 1e-6") },
];
