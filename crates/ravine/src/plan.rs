//! How the elements of a step are shared out.

use crate::pass::Element;
use crate::tensors::Tensors;
use rayon::prelude::*;
use std::ops::Range;

/// Elements of one task: enough to be worth a thread's while, few enough to share out evenly.
pub(crate) const TASK: usize = 1 << 15;

/// A part of a tensor: elements `start..start + len`, whose state is at `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) tensor: usize,
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) state: usize,
}

/// How the elements of some tensors are cut into tasks of equal size, whatever the sizes of the tensors. Each element
/// is in exactly one piece.
#[derive(Debug)]
pub(crate) struct Plan {
    pieces: Vec<Piece>,
    tasks: Vec<Range<usize>>,
    tensors: Vec<(usize, usize)>,
    total: usize,
}

impl Plan {
    /// A plan for tensors of these indices, which must rise, and lengths.
    pub(crate) fn new(tensors: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let tensors: Vec<_> = tensors.into_iter().collect();
        assert!(tensors.is_sorted_by(|a, b| a.0 < b.0));
        let (mut pieces, mut tasks) = (Vec::new(), Vec::new());
        let (mut state, mut task_start, mut room) = (0, 0, TASK);
        for &(tensor, len) in &tensors {
            let mut start = 0;
            while start < len {
                let piece = Piece { tensor, start, len: room.min(len - start), state };
                pieces.push(piece);
                start += piece.len;
                state += piece.len;
                room -= piece.len;
                if room == 0 {
                    tasks.push(task_start..pieces.len());
                    (task_start, room) = (pieces.len(), TASK);
                }
            }
        }
        if task_start < pieces.len() {
            tasks.push(task_start..pieces.len());
        }
        Self { pieces, tasks, tensors, total: state }
    }

    /// Elements of all tensors together.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Where the state of each tensor lies: its index and its range.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.tensors.iter().scan(0, |end, &(tensor, len)| {
            *end += len;
            Some((tensor, *end - len..*end))
        })
    }

    /// Panics unless the plan was made for tensors of these lengths, on which the unsafe code of the pass relies.
    pub(crate) fn check<T: Element>(&self, tensors: &Tensors<'_, T>) {
        assert!(self.tensors.iter().all(|&(tensor, len)| tensors.len(tensor) == len));
    }

    /// Does `work` on the pieces of each task, on the threads of the present pool. The results come in the order of the
    /// tasks.
    pub(crate) fn tasks<R: Send>(&self, work: impl Fn(&[Piece]) -> R + Sync) -> Vec<R> {
        let work = |task: &Range<usize>| work(&self.pieces[task.clone()]);
        match self.tasks.as_slice() {
            [only] => vec![work(only)],
            tasks => tasks.par_iter().map(work).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_covers_each_element_once_in_tasks_of_equal_size() {
        for lens in
            [vec![1], vec![0, 5, 0], vec![TASK], vec![TASK + 1, 3], vec![100; 1000], vec![3 * TASK, 7, TASK]]
        {
            let plan = Plan::new(lens.iter().copied().enumerate());
            assert_eq!(plan.total(), lens.iter().sum::<usize>());
            let mut next = vec![0; lens.len()];
            let mut state = 0;
            for (index, task) in plan.tasks.iter().enumerate() {
                let mut size = 0;
                for piece in &plan.pieces[task.clone()] {
                    assert_eq!((piece.start, piece.state), (next[piece.tensor], state));
                    next[piece.tensor] += piece.len;
                    state += piece.len;
                    size += piece.len;
                }
                assert!(size == TASK || index + 1 == plan.tasks.len());
            }
            assert_eq!(next, lens);
        }
    }
}
