//! What several tests share.

#![allow(dead_code)] // Each test uses its part.

use ravine::{Builder, Math, Optimizer, Outcome, ParamSpec, random::Random, rules};

/// Every rule with every option that changes its update or its state.
pub(crate) const VARIANTS: &[&str] = &[
    "sgd:lr=0.01",
    "sgd:lr=0.01,momentum=0.9",
    "sgd:lr=0.01,momentum=0.9,dampening=0.5",
    "sgd:lr=0.01,momentum=0.9,nesterov=true",
    "sgd:lr=0.01,momentum=0.9,ema=true",
    "sgd:lr=0.01,weight_decay=0.1",
    "sgd:lr=0.01,weight_decay=0.1,decoupled=true",
    "adagrad:lr=0.01",
    "adagrad:lr=0.01,lr_decay=0.1,initial_accumulator_value=0.1",
    "adagrad:lr=0.01,eps=1e-6,eps_in_sqrt=true",
    "rmsprop:lr=0.01",
    "rmsprop:lr=0.01,momentum=0.9",
    "rmsprop:lr=0.01,centered=true",
    "rmsprop:lr=0.01,centered=true,momentum=0.9,weight_decay=0.1",
    "rmsprop:lr=0.01,eps=1e-6,eps_in_sqrt=true",
    "adam:lr=0.01",
    "adam:lr=0.01,amsgrad=true",
    "adam:lr=0.01,bias_correction=false",
    "adam:lr=0.01,weight_decay=0.1",
    "adamw:lr=0.01",
    "adamw:lr=0.01,amsgrad=true",
    "adam:lr=0.01,nesterov=true",
    "adam:lr=0.01,nesterov=true,amsgrad=true,eps_root=1e-6",
    "rmsprop:lr=0.01,initial_scale=1,bias_correction=true",
    "rmsprop:lr=0.01,momentum=0.9,nesterov=true",
    "rmsprop:lr=0.01,momentum=0.9,nesterov=true,centered=true,bias_correction=true",
    "adadelta",
    "adadelta:weight_decay=0.1,decoupled=true",
    "adamax:lr=0.01",
    "adamax:lr=0.01,weight_decay=0.1,decoupled=true",
    "nadam:lr=0.01",
    "nadam:lr=0.01,momentum_decay=0.006,weight_decay=0.1,decoupled=true",
    "radam:lr=0.01,betas=0.9/0.7,threshold=4",
    "radam:lr=0.01,betas=0.9/0.9,nesterov=true,eps_after_correction=true,degenerated_to_sgd=false",
    "rprop",
    "rprop:lr=0.02,etas=0.4/1.5,step_sizes=1e-4/1",
    "asgd:lr=0.01",
    "asgd:lr=0.01,lambd=0,t0=1,weight_decay=0.1",
    "sparse-adam:lr=0.01",
    "lion:lr=0.01",
    "lion:lr=0.01,weight_decay=0.1,decoupled=false",
    "signsgd:lr=0.01",
    "signsgd:lr=0.01,momentum=0.9",
    "ef-signsgd",
    "ef-signsgd:per_tensor=false",
    "sgld:lr=0.01",
    "noisy-sgd:lr=0.01",
    "noisy-sgd:lr=0.01,momentum=0.9",
    "sgd-hd:lr=0.01,hypergrad_lr=1e-7",
    "sgd-hd:lr=0.01,hypergrad_lr=1e-7,momentum=0.9",
    "adam-hd:lr=0.01",
    "aggmo",
    "aggmo:betas=0.9",
    "aggmo:betas=0/0.9/0.99/0.999/0.5/0.7",
    "qhm:lr=0.01",
    "qhadam:lr=0.01,nus=0.7/0.9",
    "pid:momentum=0",
    "pid",
    "acc-sgd",
    "ogd:lr=0.01",
    "fromage",
    "adabelief:lr=0.01",
    "adabelief:lr=0.01,amsgrad=true",
    "adabelief:lr=0.01,nesterov=true",
    "adabelief:lr=0.01,rectify=true",
    "adabelief:lr=0.01,weight_decay=0.1",
    "yogi:lr=0.01",
    "adan:lr=0.01",
    "adan:lr=0.01,weight_decay=0.1",
    "adan:lr=0.01,no_prox=true,weight_decay=0.1",
    "ademamix:lr=0.01",
    "ademamix:lr=0.01,t_alpha_beta3=10",
    "simplified-ademamix:lr=0.01",
    "simplified-ademamix:lr=0.01,alpha=2",
    "lamb:lr=0.01",
    "lamb:lr=0.01,weight_decay=0.1",
    "lamb:lr=0.01,bias_correction=false,grad_averaging=false,trust_clip=true",
    "lars:lr=0.1,skip_1d=false",
    "lars:lr=0.1,skip_1d=false,momentum=0,weight_decay=0.1",
    "lars:lr=0.1,skip_1d=false,nesterov=true",
    "novograd:lr=0.01",
    "novograd:lr=0.01,grad_averaging=true,weight_decay=0.1",
    "sophia:lr=0.01,update_period=2,batch_size=1,weight_decay=0",
    "sophia:lr=0.01,update_period=0,estimate=given,weight_decay=0.1",
    "mars:lr=0.01",
    "mars:lr=0.01,amsgrad=true",
    "mars-lion:lr=0.01",
    "adam-mini:lr=0.01",
    "adam-mini:lr=0.01,block_rows=0",
    "schedule-free-sgd:lr=0.01",
    "schedule-free-sgd:lr=0.01,warmup_steps=3,r=1,weight_decay=0.1",
    "schedule-free-adamw:lr=0.01",
    "schedule-free-adamw:lr=0.01,amsgrad=true,decoupling_c=2,weight_decay=0.1",
    "schedule-free-radam:lr=0.01",
    "schedule-free-radam:lr=0.01,silent_sgd_phase=false",
    "prodigy:d0=0.001",
    "prodigy:d0=0.001,bias_correction=true,growth_rate=1.1,weight_decay=0.1",
    "prodigy:d0=0.001,safeguard_warmup=true",
    "dog:reps_rel=0.001",
    "ldog:reps_rel=0.001",
    "dowg",
    "dadapt-sgd:d0=0.001",
    "dadapt-sgd:d0=0.001,momentum=0",
    "dadapt-adagrad:d0=0.001",
    "dadapt-adagrad:d0=0.001,momentum=0.9",
    "dadapt-adam:d0=0.001",
    "dadapt-adam:d0=0.001,bias_correction=true,decoupled=true,weight_decay=0.1",
    "dadapt-lion:d0=0.001",
    "madgrad:lr=0.01",
    "madgrad:lr=0.01,decoupled=true,weight_decay=0.1",
    "adopt:lr=0.01",
    "adopt:lr=0.01,nesterov=true",
    "adopt:lr=0.01,use_clipping=false",
    "adamod:lr=0.01",
    "adabound:lr=0.01",
    "amsbound:lr=0.01",
    "adanorm:lr=0.01",
    "adanorm:lr=0.01,amsgrad=true",
    "stable-adamw:lr=0.01,weight_decay=0",
    "stable-adamw:lr=0.01,weight_decay=0.1",
    "laprop:lr=0.01",
    "laprop:lr=0.01,amsgrad=true",
    "laprop:lr=0.01,centered=true,steps_before_using_centered=1",
    "laprop:lr=0.01,centered=true,amsgrad=true",
    "grams:lr=0.01",
    "kate:lr=0.01",
    "kate:lr=0.01,delta=0.1",
    "adafactor:lr=0.01",
    "adafactor:lr=0.01,beta1=0.9,weight_decay=0.1",
    "adafactor-paper:lr=0.01,warmup_init=true",
    "adafactor-paper:lr=0.01,relative_step=false,scale_parameter=false,min_dim_size_to_factor=8",
    "sm3:lr=0.01",
    "sm3:lr=0.01,momentum=0.9,beta=0.9",
    "sm3:lr=0.01,weight_decay=0.1,decoupled=true",
    "muon:lr=0.01,weight_decay=0",
    "muon:lr=0.01,weight_decay=0.1,nesterov=false,adjust_lr_fn=match_rms_adamw",
    "muon:lr=0.01,weight_decay=0,bias_correction=true,eps_added=true,adaptive=true,ns_coefficients=3/-4/1.5/2/-1.5/0.5",
    "shampoo:lr=0.01,preconditioning_compute_steps=2",
    "shampoo:lr=0.01,momentum=0.9,nesterov=true,beta2=0.9,graft=rmsprop,start_preconditioning_step=2",
    "shampoo:lr=0.01,momentum=0.9,graft=adagrad,max_precondition_dim=40,weight_decay=0.1",
    "soap:lr=0.01,weight_decay=0",
    "soap:lr=0.01,weight_decay=0,precondition_frequency=2,shampoo_beta=0.9,normalize_gradient=true,correct_bias=false",
    "soap:lr=0.01,weight_decay=0.1,precondition_1d=true,max_precondition_dim=60",
    "kron:lr=0.01",
    "kron:lr=0.01,balance_prob=1,memory_save_mode=one_diag,momentum_into_precondition_update=false",
    "kron:lr=0.01,weight_decay=0.1,precondition_update_probability=0.5,max_size_triangular=60",
    "prox-sgd:lr=0.01,prox=elastic-net,strength=0.1",
    "prox-sgd:lr=0.01,prox=group-lasso,strength=0.1",
    "prox-sgd:lr=0.01,prox=nuclear,strength=0.1",
    "fista:lr=0.01,strength=0.1,restart=true",
    "fista:lr=0.01,prox=simplex,restart=true",
    "lbfgs:lr=0.01",
    "lbfgs:lr=0.01,history_size=2",
    "prox-adam:lr=0.01,prox=box",
    "prox-adam:lr=0.01,prox=group-lasso,strength=0.1",
    "prox-adam:lr=0.01,prox=simplex",
    "adamp:lr=0.01",
    "adamp:lr=0.01,delta=1000,nesterov=true,weight_decay=0.1",
    "sgdp:lr=0.01",
    "sgdp:lr=0.01,momentum=0.9,delta=1000,weight_decay=0.1",
    "sgdp:lr=0.01,momentum=0.9,nesterov=true",
    "amos:lr=0.01",
    "amos:lr=0.01,momentum=0.9",
    "came:lr=0.01",
    "came:lr=0.01,weight_decay=0.1",
    "padam:lr=0.01",
    "padam:lr=0.01,amsgrad=false,partial=0.2",
    "diffgrad:lr=0.01",
    "ftrl:lr=0.01",
    "ftrl:lr=0.01,beta=1,lambda_1=0.001,lambda_2=0.1",
];

/// Whether the step of a variant depends on which elements make up a tensor.
pub(crate) fn sees_tensors(spec: &str) -> bool {
    let of_tensors = [
        "adafactor",
        "adam-mini",
        "adamp",
        "adanorm",
        "amos",
        "came",
        "ef-signsgd",
        "fromage",
        "group-lasso",
        "kron",
        "lamb",
        "lars",
        "lbfgs",
        "ldog",
        "mars",
        "novograd",
        "nuclear",
        "sgdp",
        "shampoo",
        "simplex",
        "soap",
        "stable-adamw",
    ];
    of_tensors.iter().any(|word| spec.contains(word))
}

/// Whether a variant moves weights that have no gradient: by decay, because a penalty pulls at them, or by noise.
pub(crate) fn moves_by_itself(spec: &str) -> bool {
    let moving = ["decay=0.1", "adamw", "prox", "fista", "fromage", "ftrl", "noisy-sgd", "sgld"];
    spec == "asgd:lr=0.01" || moving.iter().any(|word| spec.contains(word))
}

pub(crate) fn builder(spec: &str) -> Builder {
    Optimizer::builder_boxed(rules::parse(spec).unwrap())
}

/// Parameters `p0`, `p1`, ... of these lengths.
pub(crate) fn params(lens: &[usize]) -> Vec<ParamSpec> {
    lens.iter().enumerate().map(|(i, &len)| ParamSpec::new(format!("p{i}"), [len])).collect()
}

/// Parameters `p0`, `p1`, ... of these shapes.
pub(crate) fn shaped(shapes: &[&[usize]]) -> Vec<ParamSpec> {
    shapes.iter().enumerate().map(|(i, &shape)| ParamSpec::new(format!("p{i}"), shape)).collect()
}

/// Normal numbers of a seed.
pub(crate) fn normal<T: Math>(seed: u64, len: usize) -> Vec<T> {
    let random = Random::new(seed);
    (0..len).map(|i| T::from_f64(random.normal(i as u64))).collect()
}

/// Makes steps `steps` on one buffer; the gradient of step t is normal with seed t, plus the weights.
pub(crate) fn train<T: Math>(optimizer: &mut Optimizer<T>, values: &mut [T], steps: std::ops::Range<u64>) {
    for step in steps {
        let mut grads: Vec<T> = normal(1000 + step, values.len());
        grads.iter_mut().zip(&*values).for_each(|(g, &w)| *g = *g + w);
        let outcome = optimizer.step_flat(values, &mut grads).unwrap();
        assert!(matches!(outcome, Outcome::Stepped { .. }));
    }
}

/// The bits of the numbers.
pub(crate) fn bits<T: Math>(values: &[T]) -> Vec<u64> {
    values.iter().map(|&x| x.into().to_bits()).collect()
}
