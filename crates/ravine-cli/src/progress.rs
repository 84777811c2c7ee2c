//! A progress bar on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ravine_lab::compare::Event;
use std::time::Duration;

/// The bar of one comparison.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, unless it should be quiet.
    pub(crate) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            None,
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        let style = "{msg:>7} {wide_bar} {pos}/{len} trials, {elapsed} gone, {eta} to go";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Takes note of what happened.
    pub(crate) fn event(&self, event: Event) {
        match event {
            Event::Phase { name, trials } => {
                self.bar.reset();
                self.bar.set_length(trials);
                self.bar.set_message(name);
            }
            Event::Done(trials) => self.bar.inc(trials),
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
