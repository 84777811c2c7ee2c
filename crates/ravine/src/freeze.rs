//! A step of parameters that stay as they are.

use crate::element::Element;
use crate::error::Result;
use crate::group::{GroupState, Moment};
use crate::job::Job;
use crate::pass::Pass;
use crate::real::Real;
use crate::rule::Update;
use crate::spot::{After, Before, Table};
use crate::state::{Rounded, State};
use crate::tensors::Tensors;
use crate::threads::Pool;

struct Still;

impl Update<0, 0> for Still {
    #[inline(always)]
    fn update<R: Real>(_: [R; 0], w: R, _: R, s: [R; 0]) -> (R, [R; 0]) {
        (w, s)
    }
}

impl<T: Element> GroupState<T> {
    /// This group's part of a step while it is frozen: the average of its weights goes on, and gradients are zeroed where
    /// that is asked for.
    pub(crate) fn rest(&mut self, tensors: &mut Tensors<'_, T>, moment: &Moment<'_>) -> Result<()> {
        let options = moment.options;
        self.begin_average(tensors, moment);
        let weight = options.average.and_then(|average| average.weight(moment.step));
        let (Some(average), Some(weight)) = (&mut self.average, weight) else {
            if options.zero_grad {
                self.indices.iter().for_each(|&index| tensors.zero_grad(index));
            }
            return Ok(());
        };
        let (lanes, columns) = (&mut self.lanes.lanes, &mut self.lanes.columns);
        columns.clear();
        columns.extend([T::FORMAT, T::FORMAT, State::format(average)]);
        lanes.clear();
        for (member, &index) in self.indices.iter().enumerate() {
            // The unsafe code of the pass relies on it.
            assert_eq!(tensors.len(index), self.lens[member]);
            lanes.extend(tensors.lanes(index));
            lanes.push(average.lane(member));
        }
        let job = Job {
            plan: &self.flat,
            by_tensor: &self.by_tensor,
            table: Table { lanes, columns, lens: &self.lens, slots: 0 },
            params: &self.params,
            starts: &self.starts,
            before: Before { scale: 1.0, clip: f64::INFINITY, noise: None, l2: 0.0, keep: 1.0 },
            after: After {
                cautious: false,
                slow: None,
                average: Some((2, weight)),
                residual: None,
                rounded: Rounded::Nearest,
                zero: options.zero_grad,
            },
            level: moment.level,
            threads: &Pool,
            memory: &mut [],
            tensor_memory: &mut [],
            buffers: &mut [],
            scratch: &mut self.scratch,
        };
        Pass::new("frozen", job).run(Still, [])
    }
}
