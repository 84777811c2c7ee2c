//! Which of our configurations equals which of theirs.

use ravine::{Builder, Group, rules};

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

/// A case that differs by more, for the reason in the note.
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

/// All cases. One line each, by library and class.
#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    same("torch.Adam.default", "adam:lr=0.01"),
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
    same("prodigyopt.Prodigy.safeguard", "prodigy:d0=0.001,safeguard_warmup=true,weight_decay=0.05"),
    same("prodigyopt.Prodigy.wd", "prodigy:d0=0.001,weight_decay=0.05"),
    same("optax.prodigy.default", "prodigy:bias_correction=true"),
    same("optax.prodigy.start", "prodigy:bias_correction=true,d0=0.001,d_coef=0.5,safeguard_warmup=true,betas=0.8/0.95,beta3=0.97"),
    same("optax.prodigy.wd", "prodigy:bias_correction=true,weight_decay=0.1"),
    near("pytorch_optimizer.Prodigy.betas", "prodigy:d0=0.001,betas=0.8/0.95,beta3=0.97", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.default", "prodigy", 1e-6, SINGLE_SUMS),
    near("pytorch_optimizer.Prodigy.safeguard", "prodigy:d0=0.001,safeguard_warmup=true,weight_decay=0.05", 1e-6, SINGLE_SUMS),
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
    near("pytorch_optimizer.MARS.all", "mars:lr=0.01,weight_decay=0.05", 1e-6, MARS_ROOT),
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.default", "mars", 1e-6, MARS_ROOT) },
    Case { with: amsgrad_of_one_dimension, ..near("pytorch_optimizer.MARS.amsbound", "mars:amsgrad=true", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.gamma", "mars:lr=0.01,gamma=0.1,betas=0.8/0.95", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.lion", "mars-lion:lr=0.01", 1e-6, MARS_ROOT) },
    Case { with: mars_of_one_dimension, ..near("pytorch_optimizer.MARS.wd", "mars:weight_decay=0.05", 1e-6, MARS_ROOT) },
    Case { with: |builder| builder.clip_norm(1.0), ..near("pytorch_optimizer.Adan.clip", "adan:lr=0.01", 1e-7, "the reference clips to 1 / (norm + 1e-8), not 1e-6") },
];
