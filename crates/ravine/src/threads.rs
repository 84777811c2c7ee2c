//! Who does the tasks of a step.

use rayon::prelude::*;

/// Threads that do numbered tasks.
pub trait Threads: Sync {
    /// Does `task` once for each number below `count`, in any order and some at once, and comes back when all are done.
    fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync));
}

/// Those of the present pool of Rayon.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool;

impl Threads for Pool {
    fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().for_each(task);
    }
}
