//! The text form of schedules.
//!
//! A schedule is `name:key=value,key=value` with its own hyper-parameters and the common keys of [`Common`]; schedules
//! follow one another as `first for 100 then next`, multiply as `first * next`, and are grouped by brackets, which may
//! carry common keys: `(constant for 100 then cosine):warmup=5%`.

use super::{CATALOGUE, Shape};
use crate::catalogue;
use crate::error::{Error, Kind, Result};
use crate::hyper::{self, Hyper, Range};
use crate::plateau::Plateau;
use crate::schedule::Schedule;
use std::sync::Arc;

crate::hyper! {
    /// The keys that every schedule takes in its text form, in the order in which they are applied.
    pub struct Common {
        /// Begins again every so many steps; 0 for never.
        restart: u64 = 0, Range::NonNegative;
        /// Multiplies the learning rate.
        scale: f64 = 1.0, Range::NonNegative;
        /// Steps of warmup in front, as a count or as a share of the run such as `5%`.
        warmup: u64 = 0, Range::NonNegative;
        /// Share of the first learning rate from which the warmup rises; above 0 for the exponential shape.
        warmup_from: f64 = 0.0, Range::Unit;
        /// Equal differences or equal ratios.
        warmup_shape: &'static str = "linear", Range::Words(&["linear", "exponential"]);
    }
}

/// Reads a schedule for a run of `run` steps.
///
/// Lengths that are left at 0 are filled from the run: from all of it less the warmup, from the part that `for ... then`
/// leaves, from one period under `restart`. Lengths of parts and of the warmup may be shares of the run such as `5%`.
///
/// ```
/// use ravine::Schedule;
///
/// let schedule = ravine::schedules::parse("cosine:min=1e-5,warmup=5%", 1000)?;
/// assert_eq!(schedule.spec(), "cosine:steps=950,min=1e-5,warmup=50");
/// let parts = ravine::schedules::parse("constant for 80% then linear", 1000)?;
/// assert_eq!(parts.lr(0.1, 900), 0.05);
/// # Ok::<(), ravine::Error>(())
/// ```
///
/// # Errors
/// Text that does not follow the form above; an unknown name or key, with those there are; a value out of its range;
/// more than 100 brackets and schedules.
pub fn parse(text: &str, run: u64) -> Result<Arc<dyn Schedule>> {
    // Each is a call within a call whenever the schedule is asked.
    if text.matches(['(', '*']).count() + text.matches(" then ").count() > 100 {
        let start: String = text.chars().take(20).collect();
        return Err(bad(&format!("{start}..."), "it has more than 100 brackets and schedules"));
    }
    let parts = split_top(text, " then ")?;
    let Some((last, firsts)) = parts.split_last() else {
        return product(text, run);
    };
    let mut left = run;
    let mut timed = Vec::new();
    for part in firsts {
        let Some((schedule, steps)) = part.rsplit_once(" for ") else {
            return Err(bad(
                text,
                format!("'{}' needs a length, as in 'constant for 100 then cosine'", part.trim()),
            ));
        };
        let steps = length(steps, run).ok_or_else(|| {
            bad(
                text,
                format!("'{}' is no number of steps; write 100, or 10% for a share of the run", steps.trim()),
            )
        })?;
        left = left.saturating_sub(steps);
        timed.push((product(schedule, steps)?, steps));
    }
    let last = product(last, left)?;
    Ok(timed.into_iter().rev().fold(last, |next, (first, steps)| Arc::new(first.then(steps, next))))
}

/// `a * b * c`.
fn product(text: &str, run: u64) -> Result<Arc<dyn Schedule>> {
    let mut factors = split_top(text, " * ")?.into_iter().map(|factor| single(factor.trim(), run));
    let first = factors.next().unwrap_or_else(|| single(text, run))?;
    factors.try_fold(first, |first, next| Ok(Arc::new(first.chain(next?)) as Arc<dyn Schedule>))
}

/// A schedule of the catalogue or a bracket, with its keys.
fn single(text: &str, run: u64) -> Result<Arc<dyn Schedule>> {
    if let Some(rest) = text.strip_prefix('(') {
        let (inside, keys) = rest.rsplit_once(')').ok_or_else(|| bad(text, "a bracket is not closed"))?;
        let keys = format!("bracket{keys}");
        let (owner, pairs) = catalogue::split(&keys)?;
        if owner != "bracket" {
            return Err(bad(text, "after a bracket comes ':key=value', ' for ', ' * ' or nothing"));
        }
        let (common, _) = common_keys(owner, None, &pairs, run)?;
        return Ok(common.wrap(parse(inside, common.inner_run(run))?));
    }
    let (name, pairs) = catalogue::split(text)?;
    if name == Plateau::ENTRY.name {
        let reason =
            "it listens to a metric, so it is no function of the step, which is what is asked for here";
        return Err(bad(text, reason));
    }
    let (entry, preset) = catalogue::find("schedule", CATALOGUE, name)?;
    let mut shape = (entry.make)();
    catalogue::apply(&mut *shape, name, &catalogue::split(&format!("{name}:{preset}"))?.1)?;
    let (common, own) = common_keys(name, Some(&*shape), &pairs, run)?;
    catalogue::apply(&mut *shape, name, &own)?;
    shape.fit(common.inner_run(run));
    let shape: Arc<dyn Shape> = Arc::from(shape);
    Ok(common.wrap(shape))
}

/// Takes the common keys out of the pairs. What is left belongs to the shape.
fn common_keys<'a>(
    owner: &str,
    shape: Option<&dyn Shape>,
    pairs: &[(&'a str, &'a str)],
    run: u64,
) -> Result<(Common, Vec<(&'a str, &'a str)>)> {
    let mut common = Common::default();
    let mut own = Vec::new();
    for &(key, value) in pairs {
        if shape.is_some_and(|shape| shape.get(key).is_some()) {
            own.push((key, value));
        } else if common.get(key).is_none() {
            let shape = shape.map_or(&[][..], |shape| shape.params());
            let known =
                shape.iter().chain(common.params()).map(|param| param.name).collect::<Vec<_>>().join(", ");
            return Err(Kind::UnknownKey { owner: owner.into(), key: key.into(), known }.into());
        } else if let ("warmup", Some(steps)) = (key, length(value, run)) {
            common.warmup = steps;
        } else {
            hyper::set_text(&mut common, owner, key, value)?;
        }
    }
    if common.warmup_shape == "exponential" && common.warmup_from == 0.0 {
        let expected = "above 0 for an exponential warmup".into();
        return Err(Kind::BadValue {
            owner: owner.into(),
            key: "warmup_from".into(),
            expected,
            got: "0".into(),
        }
        .into());
    }
    Ok((common, own))
}

impl Common {
    /// The steps that the inner schedule has.
    fn inner_run(&self, run: u64) -> u64 {
        if self.restart > 0 { self.restart } else { run.saturating_sub(self.warmup) }
    }

    fn wrap<S: Schedule + 'static>(&self, inner: S) -> Arc<dyn Schedule> {
        let mut schedule: Arc<dyn Schedule> = Arc::new(inner);
        if self.restart > 0 {
            schedule = Arc::new(schedule.restart(self.restart));
        }
        if self.scale != 1.0 {
            schedule = Arc::new(schedule.scale(self.scale));
        }
        if self.warmup > 0 {
            schedule = match self.warmup_shape {
                "exponential" => Arc::new(schedule.warmup(self.warmup).exponential(self.warmup_from)),
                _ => Arc::new(schedule.warmup(self.warmup).from(self.warmup_from)),
            };
        }
        schedule
    }
}

/// A number of steps: `100`, or a share of the run: `10%`.
fn length(text: &str, run: u64) -> Option<u64> {
    let text = text.trim();
    let Some(share) = text.strip_suffix('%') else {
        return text.parse().ok();
    };
    let share: f64 = share.trim().parse().ok().filter(|share| (0.0..=100.0).contains(share))?;
    Some((run as f64 * share / 100.0).round() as u64)
}

/// The text form with a common key added. Keys are applied in the order of [`Common`], so a schedule that has this or a
/// later one already goes into brackets.
pub(crate) fn with_key(spec: String, key: &str, pairs: &str) -> String {
    let keys = spec.rfind(')').map_or(&spec[..], |end| &spec[end..]).split_once(':').map(|(_, keys)| keys);
    let order: Vec<&str> = Common::default().params().iter().map(|param| param.name).collect();
    let later = order.iter().skip_while(|name| **name != key);
    let taken = keys.is_some_and(|keys| {
        later
            .clone()
            .any(|name| keys.split(',').any(|pair| pair.split_once('=').is_some_and(|(key, _)| key == *name)))
    });
    match keys {
        _ if taken || is_compound(&spec) => format!("({spec}):{pairs}"),
        Some(_) => format!("{spec},{pairs}"),
        None => format!("{spec}:{pairs}"),
    }
}

/// The text form as an operand of `for` and `*`: a sequence or product in brackets.
pub(crate) fn operand(spec: String) -> String {
    if is_compound(&spec) { format!("({spec})") } else { spec }
}

fn is_compound(spec: &str) -> bool {
    [" then ", " * "].iter().any(|separator| split_top(spec, separator).is_ok_and(|parts| parts.len() > 1))
}

/// Splits at a separator that stands outside brackets.
fn split_top<'a>(text: &'a str, separator: &str) -> Result<Vec<&'a str>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth =
                    depth.checked_sub(1).ok_or_else(|| bad(text, "a bracket closes that was not opened"))?
            }
            _ if depth == 0 && at >= start && text[at..].starts_with(separator) => {
                parts.push(&text[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(bad(text, "a bracket is not closed"));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn bad(text: &str, reason: impl Into<String>) -> Error {
    Kind::BadSpec { text: text.into(), reason: reason.into() }.into()
}
