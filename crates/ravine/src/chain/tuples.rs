//! Tuples of transforms, one after the other.

use super::names::{distinct, lasting, lasting_params};
use super::numbers::Numbers;
use super::transform::Transform;
use crate::error::Result;
use crate::hyper::{Hyper, Param, Value};
use crate::real::Real;
use crate::rule::{At, Slot};
use std::any::TypeId;

/// The things of some members end to end, and how many the members have.
fn gather<T: Copy>(all: impl Numbers<T>, fill: T, len: usize) -> Vec<T> {
    let mut list = vec![fill; len];
    all.write(&mut list);
    list
}

/// Which member has a hyper-parameter, and under which name of its own.
fn owner(members: &[&dyn Hyper], name: &str) -> Option<(usize, &'static str)> {
    let names = |member: &&dyn Hyper| member.params().iter().map(|param| param.name).collect();
    let own: Vec<Vec<&'static str>> = members.iter().map(names).collect();
    let place = distinct(&own).iter().position(|other| *other == name)?;
    let all =
        own.iter().enumerate().flat_map(|(member, names)| names.iter().map(move |name| (member, *name)));
    all.into_iter().nth(place)
}

macro_rules! tuple {
    ($($T:ident $s:ident $i:tt),+) => {
        impl<T: Copy, $($T: Numbers<T>),+> Numbers<T> for ($($T,)+) {
            const LEN: usize = 0 $(+ $T::LEN)+;
            #[inline(always)]
            fn read(from: &[T]) -> Self {
                let mut at = 0;
                ($({
                    at += $T::LEN;
                    $T::read(&from[at - $T::LEN..at])
                },)+)
            }
            #[inline(always)]
            fn write(self, to: &mut [T]) {
                let mut at = 0;
                $(
                    self.$i.write(&mut to[at..at + $T::LEN]);
                    at += $T::LEN;
                )+
                let _ = at;
            }
        }

        impl<$($T: Transform),+> Hyper for ($($T,)+) {
            fn params(&self) -> &'static [Param] {
                lasting_params(TypeId::of::<Self>(), || {
                    let members = [$(self.$i.params()),+];
                    let names = members.map(|params| params.iter().map(|param| param.name).collect());
                    let params = members.into_iter().flatten();
                    distinct(&names).into_iter().zip(params).map(|(name, param)| Param { name, ..param.clone() }).collect()
                })
            }
            fn get(&self, name: &str) -> Option<Value> {
                let members: [&dyn Hyper; _] = [$(&self.$i),+];
                let (member, own) = owner(&members, name)?;
                members[member].get(own)
            }
            fn put(&mut self, name: &str, value: Value) -> bool {
                let found = owner(&[$(&self.$i as &dyn Hyper),+], name);
                let members: [&mut dyn Hyper; _] = [$(&mut self.$i),+];
                found.is_some_and(|(member, own)| members[member].put(own, value))
            }
        }

        impl<$($T: Transform),+> Transform for ($($T,)+) {
            type Slots<T: Copy> = ($($T::Slots<T>,)+);
            type Scalars<T: Copy> = ($($T::Scalars<T>,)+);
            fn name(&self) -> &'static str {
                lasting([$(self.$i.name()),+].join(" + "))
            }
            fn slots(&self) -> Self::Slots<Slot> {
                let members = [$(gather(self.$i.slots(), Slot::zero(""), <$T::Slots<Slot>>::LEN)),+];
                let names = members.each_ref().map(|slots| slots.iter().map(|slot| slot.name).collect());
                let slots = members.into_iter().flatten();
                let slots: Vec<Slot> =
                    distinct(&names).into_iter().zip(slots).map(|(name, slot)| Slot { name, ..slot }).collect();
                Numbers::read(&slots)
            }
            fn scalars(&self, at: At) -> Self::Scalars<f64> {
                ($(self.$i.scalars(at),)+)
            }
            fn check(&self) -> Result<()> {
                $(self.$i.check()?;)+
                Ok(())
            }
            #[inline(always)]
            fn apply<R: Real>(k: Self::Scalars<R>, w: R, u: R, s: Self::Slots<R>) -> (R, Self::Slots<R>) {
                $(let (u, $s) = $T::apply(k.$i, w, u, s.$i);)+
                (u, ($($s,)+))
            }
        }
    };
}

tuple!(A a 0);
tuple!(A a 0, B b 1);
tuple!(A a 0, B b 1, C c 2);
tuple!(A a 0, B b 1, C c 2, D d 3);
tuple!(A a 0, B b 1, C c 2, D d 3, E e 4);
tuple!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
tuple!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
tuple!(A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);
