//! Which of our configurations equals which of theirs.

use ravine::{Builder, Sam};

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
    noted("lion_pytorch.Lion.independent_wd", "lion:lr=0.01,weight_decay=0.05", FIXED_DECAY),
    same("lion_pytorch.Lion.wd", "lion:lr=0.01,weight_decay=0.05"),
];
