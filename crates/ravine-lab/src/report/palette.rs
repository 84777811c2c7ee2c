//! One look for each optimizer and each schedule on the whole page.

use crate::comparison::Comparison;
use crate::svg::Series;

/// Optimizers and schedules in the order of their first appearance.
pub(super) struct Palette<'a> {
    optimizers: Vec<&'a str>,
    schedules: Vec<&'a str>,
}

impl<'a> Palette<'a> {
    pub(super) fn of(comparison: &'a Comparison) -> Self {
        let arms = || comparison.workloads.iter().flat_map(|workload| &workload.arms);
        Self {
            optimizers: distinct(arms().map(|arm| arm.optimizer.as_str())),
            schedules: distinct(arms().map(|arm| arm.schedule.as_str())),
        }
    }

    pub(super) fn optimizers(&self) -> &[&'a str] {
        &self.optimizers
    }

    pub(super) fn schedules(&self) -> &[&'a str] {
        &self.schedules
    }

    /// The number of an optimizer.
    pub(super) fn number(&self, optimizer: &str) -> usize {
        self.optimizers.iter().position(|name| *name == optimizer).unwrap_or(0)
    }

    /// The look of an optimizer.
    pub(super) fn optimizer(&self, optimizer: &str) -> Series {
        Series::new(self.number(optimizer))
    }

    /// The look of a schedule in the colour of its optimizer.
    pub(super) fn schedule(&self, optimizer: &str, schedule: &str) -> Series {
        let shape = self.schedules.iter().position(|name| *name == schedule).unwrap_or(0);
        Series { shape, ..self.optimizer(optimizer) }
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}
