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
    "prox-adam:lr=0.01,prox=box",
    "prox-adam:lr=0.01,prox=group-lasso,strength=0.1",
    "prox-adam:lr=0.01,prox=simplex",
];

/// Whether a variant has numbers for each tensor, so that it matters how elements are cut into tensors.
pub(crate) fn sees_tensors(spec: &str) -> bool {
    let of_tensors = ["adafactor", "shampoo", "soap", "kron", "group-lasso", "simplex", "nuclear"];
    of_tensors.iter().any(|word| spec.contains(word))
}

/// Whether a variant moves weights that have no gradient: by decay, or because a penalty pulls at them.
pub(crate) fn pulls(spec: &str) -> bool {
    let pulling = ["decay=0.1", "adamw", "prox", "fista"];
    pulling.iter().any(|word| spec.contains(word))
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
