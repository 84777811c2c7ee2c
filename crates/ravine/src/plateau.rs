//! Lower the learning rate when a metric stops improving.

use crate::catalogue::{self, Entry};
use crate::error::Result;
use crate::hyper::{self, Range};
use crate::metric_schedule::MetricSchedule;
use serde::{Deserialize, Serialize};

crate::hyper! {
    /// The options of a [`Plateau`].
    pub struct PlateauOptions {
        /// Whether the metric should fall or rise.
        mode: &'static str = "min", Range::Words(&["min", "max"]);
        /// Factor of each reduction.
        factor: f64 = 0.1, Range::UnitOpen;
        /// Observations without improvement that are borne; the one after them reduces.
        patience: u64 = 10, Range::NonNegative;
        /// How much better counts as an improvement.
        threshold: f64 = 1e-4, Range::NonNegative;
        /// Whether the threshold is a share of the best value or a difference from it.
        threshold_mode: &'static str = "rel", Range::Words(&["rel", "abs"]);
        /// Observations after a reduction that are not held against the metric.
        cooldown: u64 = 0, Range::NonNegative;
        /// Lowest learning rate.
        min_lr: f64 = 0.0, Range::NonNegative;
        /// Lowest learning rate as a share of the base, so that each group has its own; the higher of both counts.
        min_factor: f64 = 0.0, Range::Unit;
        /// Smallest change of the learning rate that is made.
        eps: f64 = 1e-8, Range::NonNegative;
    }
}

/// What a [`Plateau`] remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PlateauState {
    /// The `mode` it was gathered under.
    mode: String,
    /// The best metric so far; the worst possible before the first observation.
    #[serde(with = "as_text")]
    best: f64,
    /// Observations without improvement since the best or the last reduction.
    bad: u64,
    /// Observations of the cooldown that are left.
    cooldown: u64,
    /// Reductions made.
    reductions: u64,
}

/// Lowers the learning rate when a metric has stopped improving; PyTorch's `ReduceLROnPlateau`.
///
/// A metric m is better than the best b if m < b (1 - threshold) (`min`, `rel`), m < b - threshold (`min`, `abs`),
/// m > b (1 + threshold) (`max`, `rel`) or m > b + threshold (`max`, `abs`). NaN is never better. After more than
/// `patience` observations in a row that are not, the learning rate is multiplied by `factor`, down to the lowest, and
/// the next `cooldown` observations do not count. For a negative metric `rel` is the wrong mode, for there it calls
/// slightly worse values better.
///
/// ```
/// use ravine::{MetricSchedule, Plateau};
///
/// let mut plateau = Plateau::parse("plateau:patience=1,factor=0.5")?;
/// for loss in [1.0, 0.9, 0.9, 0.9] {
///     plateau.observe(loss);
/// }
/// assert_eq!(plateau.lr(0.1), 0.05);
/// # Ok::<(), ravine::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    options: PlateauOptions,
    state: PlateauState,
}

impl Plateau {
    /// What the documentation says of it.
    pub const ENTRY: Entry<PlateauOptions> = Entry {
        name: "plateau",
        presets: &[],
        title: "Reduce on plateau; listens to a metric",
        formula: "lr = base * factor^(number of plateaus), where a plateau is more than `patience` observations \
                  without improvement",
        advice: "When validation runs often and the length of the run is open. It listens to a metric: it has state, \
                 is no function of the step, and cannot be drawn or joined with other schedules as one.",
        source: "PyTorch ReduceLROnPlateau; the practice of Krizhevsky et al., ImageNet Classification, 2012, section 5",
        make: PlateauOptions::default,
    };

    /// Checks the options.
    pub fn new(options: PlateauOptions) -> Result<Self> {
        let mut checked = options.clone();
        hyper::check(&mut checked, Self::ENTRY.name)?;
        let best = if options.mode == "max" { f64::NEG_INFINITY } else { f64::INFINITY };
        let state = PlateauState { mode: options.mode.into(), best, bad: 0, cooldown: 0, reductions: 0 };
        Ok(Self { options, state })
    }

    /// Reads its text form, such as `plateau:patience=5,factor=0.5`.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, pairs) = catalogue::split(text)?;
        catalogue::find("metric schedule", &[Self::ENTRY], name)?;
        let mut options = PlateauOptions::default();
        catalogue::apply(&mut options, name, &pairs)?;
        Self::new(options)
    }

    /// The options.
    pub fn options(&self) -> &PlateauOptions {
        &self.options
    }
}

impl MetricSchedule for Plateau {
    fn observe(&mut self, metric: f64) -> bool {
        let state = &mut self.state;
        if is_better(&self.options, metric, state.best) {
            state.best = metric;
            state.bad = 0;
        } else {
            state.bad = state.bad.saturating_add(1);
        }
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.bad = 0;
        }
        let reduce = state.bad > self.options.patience;
        if reduce {
            state.reductions = state.reductions.saturating_add(1);
            state.cooldown = self.options.cooldown;
            state.bad = 0;
        }
        reduce
    }

    fn lr(&self, base: f64) -> f64 {
        let options = &self.options;
        let min = options.min_lr.max(options.min_factor * base);
        let mut lr = base;
        for _ in 0..self.state.reductions {
            let next = (lr * options.factor).max(min);
            // From here on no reduction is large enough to be made.
            if lr - next <= options.eps {
                break;
            }
            lr = next;
        }
        lr
    }

    fn spec(&self) -> String {
        catalogue::spec(Self::ENTRY.name, &self.options, &PlateauOptions::default())
    }

    fn save(&self) -> serde_json::Value {
        serde_json::to_value(&self.state).expect("plain data has a JSON form")
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), String> {
        let state: PlateauState = serde_json::from_value(state.clone()).map_err(|error| error.to_string())?;
        if state.mode != self.options.mode {
            return Err(format!("the state of a plateau of mode {}, not {}", state.mode, self.options.mode));
        }
        if state.best.is_nan() {
            return Err("the best metric is not a number".into());
        }
        self.state = state;
        Ok(())
    }
}

fn is_better(options: &PlateauOptions, metric: f64, best: f64) -> bool {
    let threshold = options.threshold;
    match (options.mode, options.threshold_mode) {
        ("min", "rel") => metric < best * (1.0 - threshold),
        ("min", _) => metric < best - threshold,
        (_, "rel") => metric > best * (threshold + 1.0),
        _ => metric > best + threshold,
    }
}

/// Numbers as text, for JSON knows no infinity.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(x)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plateau(text: &str) -> Plateau {
        Plateau::parse(text).unwrap()
    }

    #[test]
    fn patience_is_what_is_borne() {
        let mut plateau = plateau("plateau:patience=2");
        let reduced = [1.0, 1.0, 1.0, 1.0, 1.0].map(|metric| plateau.observe(metric));
        assert_eq!(reduced, [false, false, false, true, false]);
        assert_eq!(plateau.lr(0.5), 0.05);
    }

    #[test]
    fn an_improvement_has_to_pass_the_threshold() {
        for (text, equal, better) in [
            ("plateau:patience=0,threshold=0.1", 0.9, 0.89),
            ("plateau:patience=0,threshold=0.1,threshold_mode=abs", 0.9, 0.89),
            ("plateau:patience=0,threshold=0.5,mode=max", 1.5, 1.51),
            ("plateau:patience=0,threshold=0.5,mode=max,threshold_mode=abs", 1.5, 1.51),
        ] {
            let mut plateau = plateau(text);
            assert_eq!([1.0, equal].map(|metric| plateau.observe(metric)), [false, true], "{text}");
            assert!(!plateau.observe(better), "{text}");
        }
    }

    #[test]
    fn nan_is_never_better() {
        for mode in ["min", "max"] {
            let mut plateau = plateau(&format!("plateau:patience=1,mode={mode}"));
            let reduced = [f64::NAN, f64::NAN, 1.0, f64::NAN, f64::NAN].map(|metric| plateau.observe(metric));
            assert_eq!(reduced, [false, true, false, false, true]);
            assert_eq!(plateau.state.best, 1.0);
        }
    }

    #[test]
    fn the_cooldown_forgives() {
        let mut plateau = plateau("plateau:patience=0,cooldown=2");
        let reduced = [1.0; 7].map(|metric| plateau.observe(metric));
        assert_eq!(reduced, [false, true, false, false, true, false, false]);
    }

    #[test]
    fn it_stops_at_the_lowest_and_skips_changes_within_eps() {
        let mut lowest = plateau("plateau:patience=0,min_lr=0.02,min_factor=0.5");
        let mut tiny = plateau("plateau:patience=0,eps=0.2");
        for _ in 0..5 {
            lowest.observe(1.0);
            tiny.observe(1.0);
        }
        assert_eq!([1.0, 0.03, 0.01].map(|base| lowest.lr(base)), [0.5, 0.02, 0.01]);
        assert_eq!([1.0, 0.2].map(|base| tiny.lr(base)), [0.1, 0.2]);
        let mut exact = plateau("plateau:patience=0,factor=0.5,eps=0.5");
        assert!(!exact.observe(1.0) && exact.observe(1.0));
        assert_eq!([1.0, 1.5].map(|base| exact.lr(base)), [1.0, 0.75]);
    }

    #[test]
    fn a_saved_state_goes_on_even_with_an_infinite_best() {
        for metrics in [&[][..], &[f64::NEG_INFINITY], &[0.1, 0.30000000000000004]] {
            let mut first = plateau("plateau:patience=1");
            for &metric in metrics {
                first.observe(metric);
            }
            let text = serde_json::to_string(&first.save()).unwrap();
            let mut second = plateau("plateau:patience=1");
            second.load(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(first, second);
        }
    }

    #[test]
    fn a_state_of_another_kind_is_not_taken() {
        let mut ours = plateau("plateau");
        let state = plateau("plateau:mode=max").save();
        assert_eq!(ours.load(&state).unwrap_err(), "the state of a plateau of mode max, not min");
        let mut state = ours.save();
        state["best"] = "NaN".into();
        assert!(ours.load(&state).is_err());
        assert!(ours.load(&serde_json::Value::Null).is_err());
        assert_eq!(ours, plateau("plateau"));
        let mut full = ours.save();
        (full["bad"], full["reductions"]) = (u64::MAX.into(), u64::MAX.into());
        ours.load(&full).unwrap();
        assert!(ours.observe(f64::NAN) && ours.lr(1.0) < 1e-7);
    }

    #[test]
    fn wrong_options_are_named() {
        let error = |text| Plateau::parse(text).unwrap_err().to_string();
        assert_eq!(error("plateau:factor=1"), "plateau: factor must be at least 0 and below 1, not 1");
        assert_eq!(error("plateau:mode=up"), "plateau: mode must be min or max, not 'up'");
        assert!(error("plateau:patients=3").contains("did you mean 'patience'?"));
        assert!(error("cosine").starts_with("unknown metric schedule 'cosine'"));
        let options = PlateauOptions { threshold: -1.0, ..PlateauOptions::default() };
        assert_eq!(
            Plateau::new(options).unwrap_err().to_string(),
            "plateau: threshold must be 0 or more, not -1"
        );
    }

    #[test]
    fn its_text_form_reads_back() {
        let text = "plateau:mode=max,factor=0.5,min_factor=0.01";
        assert_eq!(plateau(text).spec(), text);
    }
}
