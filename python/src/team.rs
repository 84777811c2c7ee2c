//! Work on the threads of PyTorch's OpenMP.
//!
//! After PyTorch's own work these spin for some milliseconds, ready for more. Other threads would share the cores with them
//! for that long.

use ravine::{Pool, Threads};
use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `GOMP_parallel`: calls the function with this argument on so many threads, this one among them, and waits for all.
pub(crate) type Parallel = unsafe extern "C" fn(unsafe extern "C" fn(*mut c_void), *mut c_void, u32, u32);

/// That of the OpenMP in this process, if it has one.
#[cfg(unix)]
pub(crate) fn parallel() -> Option<Parallel> {
    // SAFETY: the name ends with 0, and a function of this name has this signature wherever it is defined.
    unsafe {
        let address = libc::dlsym(libc::RTLD_DEFAULT, c"GOMP_parallel".as_ptr());
        (!address.is_null()).then(|| std::mem::transmute::<*mut c_void, Parallel>(address))
    }
}

#[cfg(not(unix))]
pub(crate) fn parallel() -> Option<Parallel> {
    None
}

/// As many threads of OpenMP, or those of the engine's pool where there is no OpenMP.
#[derive(Clone, Copy)]
pub(crate) struct Team {
    pub(crate) parallel: Option<Parallel>,
    pub(crate) threads: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all threads of a team share.
struct Work<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    count: usize,
    next: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Work<'_> {
    /// Does tasks until none is left.
    fn share(&self) {
        let take = || Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < self.count);
        while let Some(index) = take() {
            (self.task)(index);
        }
    }
}

/// # Safety
/// The pointer is that of a [`Work`] that lives until all threads are back.
unsafe extern "C" fn share(work: *mut c_void) {
    // SAFETY: as promised by the caller; what is shared is `Sync`.
    let work = unsafe { &*work.cast::<Work<'_>>() };
    // OpenMP knows no panics.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work.share())) {
        *lock(&work.panic) = Some(panic);
    }
}

impl Team {
    /// Does work that is done by other threads than the team's, which sleep meanwhile instead of spinning.
    pub(crate) fn aside<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.parallel.is_none() {
            return work();
        }
        let (work, result) = (Mutex::new(Some(work)), Mutex::new(None));
        self.each(self.threads, &|_| {
            // Who comes first does it under the lock, which the others wait for asleep.
            let mut work = lock(&work);
            if let Some(work) = work.take() {
                *lock(&result) = Some(work());
            }
        });
        result.into_inner().unwrap_or_else(PoisonError::into_inner).expect("the first has done the work")
    }
}

impl Threads for Team {
    fn each(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = self.threads.min(count);
        if threads <= 1 {
            return (0..count).for_each(task);
        }
        let Some(parallel) = self.parallel else { return Pool.each(count, task) };
        let mut work = Work { task, count, next: AtomicUsize::new(0), panic: Mutex::new(None) };
        let shared = (&raw mut work).cast();
        // SAFETY: the function is that of OpenMP, which calls `share` with this pointer and is back before `work` goes.
        unsafe { parallel(share, shared, threads as u32, 0) };
        if let Some(panic) = lock(&work.panic).take() {
            resume_unwind(panic);
        }
    }
}
