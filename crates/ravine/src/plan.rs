//! How the elements of a step are shared out.

use crate::threads::Threads;
use std::ops::Range;

/// Elements of one task: enough to be worth a thread's while, few enough to share out evenly.
pub(crate) const TASK: usize = 1 << 15;

/// A part of a tensor: elements `start..start + len` of tensor `member`, which are `flat..flat + len` of all tensors end
/// to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) member: usize,
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) flat: usize,
}

/// How the elements of some tensors are cut into tasks of about equal size, whatever the sizes of the tensors. Each
/// element is in exactly one piece.
#[derive(Debug)]
pub(crate) struct Plan {
    pieces: Vec<Piece>,
    tasks: Vec<Range<usize>>,
}

impl Plan {
    /// Tasks of [`TASK`] elements, wherever in a tensor they begin: a sum over the elements of a task does not depend on
    /// how the elements are cut into tensors.
    pub(crate) fn flat(lens: impl IntoIterator<Item = usize>) -> Self {
        Self::new(lens, true)
    }

    /// Pieces that begin at multiples of [`TASK`] within their tensor: a sum over the elements of a piece does not depend
    /// on the other tensors.
    pub(crate) fn by_tensor(lens: impl IntoIterator<Item = usize>) -> Self {
        Self::new(lens, false)
    }

    fn new(lens: impl IntoIterator<Item = usize>, flat: bool) -> Self {
        let (mut pieces, mut tasks) = (Vec::new(), Vec::new());
        let (mut total, mut task_start, mut room) = (0, 0, TASK);
        for (member, len) in lens.into_iter().enumerate() {
            let mut start = 0;
            while start < len {
                let most = if flat { room } else { TASK };
                let piece = Piece { member, start, len: most.min(len - start), flat: total };
                pieces.push(piece);
                start += piece.len;
                total += piece.len;
                room = room.saturating_sub(piece.len);
                if room == 0 {
                    tasks.push(task_start..pieces.len());
                    (task_start, room) = (pieces.len(), TASK);
                }
            }
        }
        if task_start < pieces.len() {
            tasks.push(task_start..pieces.len());
        }
        Self { pieces, tasks }
    }

    /// All pieces, in order.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Number of tasks.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Does `work` on each task, on these threads: its number, the number of its first piece, and its pieces.
    pub(crate) fn tasks(&self, threads: &dyn Threads, work: impl Fn(usize, usize, &[Piece]) + Sync) {
        let work = |index: usize| {
            let task = self.tasks[index].clone();
            work(index, task.start, &self.pieces[task]);
        };
        match self.len() {
            1 => work(0),
            count => threads.each(count, &work),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_covers_each_element_once_in_tasks_of_about_equal_size() {
        for lens in
            [vec![1], vec![0, 5, 0], vec![TASK], vec![TASK + 1, 3], vec![100; 1000], vec![3 * TASK, 7, TASK]]
        {
            for flat in [true, false] {
                let plan = Plan::new(lens.iter().copied(), flat);
                let mut next = vec![0; lens.len()];
                let mut total = 0;
                for (index, task) in plan.tasks.iter().enumerate() {
                    let mut size = 0;
                    for piece in &plan.pieces[task.clone()] {
                        assert_eq!((piece.start, piece.flat), (next[piece.member], total));
                        assert!(flat || piece.start % TASK == 0);
                        next[piece.member] += piece.len;
                        total += piece.len;
                        size += piece.len;
                    }
                    let whole = if flat { size == TASK } else { (TASK..2 * TASK).contains(&size) };
                    assert!(whole || index + 1 == plan.tasks.len());
                }
                assert_eq!(next, lens);
            }
        }
    }
}
