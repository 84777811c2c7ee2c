//! Ctrl-C: the first one asks for an orderly end, the second ends at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);
/// What is to be put in order before the process ends at once.
static LAST: OnceLock<fn()> = OnceLock::new();

/// The flag that Ctrl-C, SIGTERM and SIGHUP set from now on.
pub(crate) fn flag() -> &'static AtomicBool {
    // Where no handler can be set, the signal ends the process, and the run store keeps what is done.
    ctrlc::set_handler(stop).ok();
    &STOP
}

/// What a signal does: it asks for an end, or ends at once where that was asked for before.
pub(crate) fn stop() {
    if STOP.swap(true, Ordering::Relaxed) {
        if let Some(last) = LAST.get() {
            last();
        }
        std::process::exit(130);
    }
}

/// Has something done before the process ends at once; the first call counts.
pub(crate) fn before_exit(last: fn()) {
    LAST.get_or_init(|| last);
}
