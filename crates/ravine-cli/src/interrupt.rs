//! Ctrl-C: the first one asks for an orderly end, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// The flag that Ctrl-C, SIGTERM and SIGHUP set from now on.
pub(crate) fn flag() -> &'static AtomicBool {
    // Where no handler can be set, the signal ends the process, and the run store keeps what is done.
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .ok();
    &STOP
}
