//! A run on a terminal: drawn as it goes, with keys to steer it.

use super::draw::{self, Ink};
use super::screen::Screen;
use crate::interrupt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ravine_lab::train::{Done, News, Order, Settings, Watch};
use ravine_lab::workload::Info;
use std::io::{Result, stderr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Time between two pictures, and the longest that a key waits.
const PICTURES: Duration = Duration::from_millis(100);
const KEYS: Duration = Duration::from_millis(20);
/// What a key does to the learning rate.
const UP: f64 = 1.25;
const DOWN: f64 = 0.8;

/// Whether the terminal is ours.
static OURS: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, if it is ours.
fn restore() {
    if OURS.swap(false, Ordering::Relaxed) {
        execute!(stderr(), LeaveAlternateScreen, Show).ok();
        disable_raw_mode().ok();
    }
}

/// The terminal while it is ours.
struct Ours;

impl Ours {
    fn take() -> Result<Self> {
        interrupt::before_exit(restore);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
        enable_raw_mode()?;
        OURS.store(true, Ordering::Relaxed);
        let ours = Self;
        execute!(stderr(), EnterAlternateScreen)?;
        Ok(ours)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        restore();
    }
}

/// The trainer's end of the line.
struct Line {
    news: Sender<News>,
    orders: Receiver<Order>,
}

impl Watch for Line {
    fn tell(&mut self, news: News) {
        // Where nobody looks any more, training goes on all the same.
        self.news.send(news).ok();
    }

    fn order(&mut self) -> Option<Order> {
        self.orders.try_recv().ok()
    }
}

/// Trains beside the view.
pub(super) fn run(
    info: &Info,
    settings: &Settings,
    folder: &Path,
    train: impl FnOnce(&mut dyn Watch) -> ravine_lab::Result<Done> + Send,
) -> ravine_lab::Result<Done> {
    let (tell, news) = channel();
    let (order, orders) = channel();
    let mut screen = Screen::new(info, settings, folder);
    std::thread::scope(|scope| {
        let mut line = Line { news: tell, orders };
        let trainer = scope.spawn(move || train(&mut line));
        let ours = Ours::take();
        if ours.is_ok() {
            // A terminal that is gone ends the view alone.
            watch(&mut screen, &news, &order, || trainer.is_finished()).ok();
        }
        drop(ours);
        drop(news);
        trainer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn watch(
    screen: &mut Screen,
    news: &Receiver<News>,
    order: &Sender<Order>,
    is_over: impl Fn() -> bool,
) -> Result<()> {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let ink = Ink::new(colours);
    let mut terminal = Terminal::new(CrosstermBackend::new(stderr()))?;
    let mut drawn: Option<Instant> = None;
    while !is_over() {
        news.try_iter().for_each(|news| screen.tell(news));
        if drawn.is_none_or(|drawn| drawn.elapsed() >= PICTURES) {
            terminal.draw(|frame| draw::draw(frame, screen, &ink))?;
            drawn = Some(Instant::now());
        }
        if event::poll(KEYS)? {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => press(key, screen, order),
                Event::Resize(..) => drawn = None,
                _ => {}
            }
        }
    }
    Ok(())
}

fn press(key: KeyEvent, screen: &mut Screen, order: &Sender<Order>) {
    let asked = match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            screen.stopping = true;
            // As the signal would, which the terminal does not send in this mode.
            return interrupt::stop();
        }
        KeyCode::Char('+' | '=') | KeyCode::Up => Order::Scale(UP),
        KeyCode::Char('-') | KeyCode::Down => Order::Scale(DOWN),
        KeyCode::Char('e') => Order::Evaluate,
        KeyCode::Char('c') => Order::Checkpoint,
        KeyCode::Char('q') => {
            screen.stopping = true;
            Order::Stop
        }
        _ => return,
    };
    order.send(asked).ok();
}
