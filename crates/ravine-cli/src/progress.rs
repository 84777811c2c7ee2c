//! A progress bar on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use ravine_lab::compare::Event;
use std::io::{IsTerminal, Result, Write, stderr};
use std::time::Duration;

/// Columns kept free at the right: a terminal echoes `^C` behind the bar, and a line that this breaks is not cleared.
const FREE: u16 = 4;
/// Columns for what stands beside the bar.
const BESIDE: u16 = 60;

/// The bar of one comparison, or of other things that take long.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that counts things of this name, unless it should be quiet.
    pub(crate) fn new(quiet: bool, things: &str) -> Self {
        Self::drawn(quiet, &template(things))
    }

    /// What is being done, where nothing can be counted, and for how long.
    pub(crate) fn waiting(what: &str) -> Self {
        let progress = Self::drawn(false, "{msg} {elapsed}");
        progress.bar.set_message(what.to_owned());
        progress
    }

    fn drawn(quiet: bool, template: &str) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let target = match quiet || dumb || !stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::term_like_with_hz(Box::new(Terminal), 10),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Takes note of what happened.
    pub(crate) fn event(&self, event: Event) {
        match event {
            Event::Begin(trials) => self.bar.set_length(trials),
            Event::Phase(name) => self.bar.set_message(name),
            Event::Done => self.bar.inc(1),
            // Not counted as progress, which would promise too early an end.
            Event::Spared(trials) => self.bar.dec_length(trials),
        }
    }

    /// Writes something above the bar.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar off the screen.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// As much as has room in a line.
fn template(things: &str) -> String {
    match Terminal.width().saturating_sub(BESIDE).min(40) {
        0..10 => format!("{{pos}}/{{len}} {things}, {{eta}} to go"),
        bar => format!("{{msg}} {{bar:{bar}}} {{pos}}/{{len}} {things}, {{elapsed}} gone, {{eta}} to go"),
    }
}

/// Standard error, as if it were a little narrower.
#[derive(Debug)]
struct Terminal;

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        let width = terminal_size::terminal_size_of(stderr()).map_or(80, |(width, _)| width.0);
        width.saturating_sub(FREE).max(1)
    }

    fn move_cursor_up(&self, lines: usize) -> Result<()> {
        if lines > 0 { self.write_str(&format!("\x1b[{lines}A")) } else { Ok(()) }
    }

    fn move_cursor_down(&self, lines: usize) -> Result<()> {
        if lines > 0 { self.write_str(&format!("\x1b[{lines}B")) } else { Ok(()) }
    }

    fn move_cursor_right(&self, columns: usize) -> Result<()> {
        if columns > 0 { self.write_str(&format!("\x1b[{columns}C")) } else { Ok(()) }
    }

    fn move_cursor_left(&self, columns: usize) -> Result<()> {
        if columns > 0 { self.write_str(&format!("\x1b[{columns}D")) } else { Ok(()) }
    }

    fn write_line(&self, line: &str) -> Result<()> {
        self.write_str(&format!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> Result<()> {
        stderr().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> Result<()> {
        stderr().flush()
    }
}
