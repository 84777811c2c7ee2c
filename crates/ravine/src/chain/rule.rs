//! The rule that a chain of transforms is.

use super::names::{lasting, lasting_params};
use super::numbers::Numbers;
use super::transform::Transform;
use crate::error::{Error, Result};
use crate::hyper::{Hyper, Param, Range, Value};
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::{At, Decay, Rule, Slot, Update};
use std::any::TypeId;
use std::marker::PhantomData;

/// State slots that a chain can have, and scalars with the learning rate.
const SLOTS: usize = 8;
const SCALARS: usize = 32;

/// A rule made of transforms: u is the gradient, transformed by each in turn; then w -= lr u.
///
/// Its hyper-parameters are `lr` and those of the transforms. Its slots are those of the transforms, up to 8; its
/// update takes up to 31 scalars. The module's page has an example.
#[derive(Clone, Debug)]
pub struct Chain<T> {
    /// Learning rate.
    pub lr: f64,
    transform: T,
    name: &'static str,
}

impl<T: Transform> Chain<T> {
    /// A chain of this learning rate. More than one transform come as a tuple.
    pub fn new(lr: f64, transform: T) -> Self {
        let name = lasting(format!("chain({})", transform.name()));
        Self { lr, transform, name }
    }

    /// The transforms.
    pub fn transform(&self) -> &T {
        &self.transform
    }

    const SLOTS: usize = <T::Slots<f64> as Numbers<f64>>::LEN;
    const SCALARS: usize = 1 + <T::Scalars<f64> as Numbers<f64>>::LEN;
}

/// The whole chain as one update.
struct Fused<T>(PhantomData<fn(T)>);

impl<T: Transform, const N: usize> Update<N, SCALARS> for Fused<T> {
    #[inline(always)]
    fn update<R: Real>(k: [R; SCALARS], w: R, g: R, mut s: [R; N]) -> (R, [R; N]) {
        let (u, after) = T::apply(Numbers::read(&k[1..]), w, g, Numbers::read(&s));
        after.write(&mut s);
        (w - k[0] * u, s)
    }
}

impl<T: Transform> Hyper for Chain<T> {
    fn params(&self) -> &'static [Param] {
        lasting_params(TypeId::of::<Self>(), || {
            let lr = Param { name: "lr", doc: "Learning rate.", range: Range::NonNegative };
            std::iter::once(lr).chain(self.transform.params().iter().cloned()).collect()
        })
    }
    fn get(&self, name: &str) -> Option<Value> {
        if name == "lr" { Some(Value::Float(self.lr)) } else { self.transform.get(name) }
    }
    fn put(&mut self, name: &str, value: Value) -> bool {
        match (name, value) {
            ("lr", Value::Float(lr)) => {
                self.lr = lr;
                true
            }
            ("lr", _) => false,
            (_, value) => self.transform.put(name, value),
        }
    }
}

impl<T: Transform> Rule for Chain<T> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::zero(""); Self::SLOTS];
        self.transform.slots().write(&mut slots);
        slots
    }
    fn decay(&self) -> Decay {
        Decay::L2(0.0)
    }
    fn check(&self) -> Result<()> {
        for (what, has, most) in
            [("state slots", Self::SLOTS, SLOTS), ("scalars with the learning rate", Self::SCALARS, SCALARS)]
        {
            if has > most {
                return Err(Error::rule(self.name, format!("a chain has at most {most} {what}, not {has}")));
            }
        }
        self.transform.check()
    }
    fn step(&self, at: At, pass: &mut Pass<'_>) -> Result<()> {
        let mut k = [0.0; SCALARS];
        k[0] = at.lr;
        self.transform.scalars(at).write(&mut k[1..]);
        let fused = Fused::<T>(PhantomData);
        match Self::SLOTS {
            0 => pass.run::<_, 0, SCALARS>(fused, k),
            1 => pass.run::<_, 1, SCALARS>(fused, k),
            2 => pass.run::<_, 2, SCALARS>(fused, k),
            3 => pass.run::<_, 3, SCALARS>(fused, k),
            4 => pass.run::<_, 4, SCALARS>(fused, k),
            5 => pass.run::<_, 5, SCALARS>(fused, k),
            6 => pass.run::<_, 6, SCALARS>(fused, k),
            7 => pass.run::<_, 7, SCALARS>(fused, k),
            _ => pass.run::<_, 8, SCALARS>(fused, k),
        }
    }
    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
