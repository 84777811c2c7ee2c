//! Dividing each coordinate by its own number turns the step.

use super::walk::{Walk, end};
use super::{Experiment, Finding, Picture, Verdict};
use crate::Result;
use crate::gallery::Table;
use crate::objective::Objective;
use crate::pictures::map::Map;
use crate::pictures::{Mark, MarkKind, Path};
use crate::stats::number::{fixed, significant};
use crate::trace::length;
use ravine::random::Random;

pub(super) const ENTRY: Experiment = Experiment {
    name: "adagrad-direction",
    title: "AdaGrad and RMSProp keep the gradient's direction",
    claim: "AdaGrad and RMSProp change the length of a step and keep the direction of the gradient.",
    source: "S3, an article on vanishing gradients",
    run,
};

const RULES: [(&str, &str, bool); 4] = [
    ("GD", "sgd:lr=0.1", false),
    ("AdaGrad", "adagrad:lr=0.4,eps=1e-6,eps_in_sqrt=true", true),
    ("RMSProp", "rmsprop:lr=0.4,alpha=0.9,eps=1e-6,eps_in_sqrt=true", true),
    ("Adam", "adam:lr=0.4,eps=1e-6", false),
];
const STEPS: u64 = 20;
/// Degrees within which two directions are one.
const SAME: f64 = 1e-3;

fn run(_: u64) -> Result<Finding> {
    let valley = Objective::parse("ravine")?;
    let steep = Objective::parse("bowl")?;
    let mut table = Table::new([
        "rule",
        "first step off the gradient, degrees",
        "largest angle in 20 steps",
        "end on 0.1 x^2 + 2 y^2",
        "end on x^2 + 2 y^2",
        "apart",
    ]);
    let (mut kept, mut numbers) = (0, Vec::new());
    let names = [
        ["gd_angle", "gd_apart"],
        ["adagrad_angle", "adagrad_apart"],
        ["rmsprop_angle", "rmsprop_apart"],
        ["adam_angle", "adam_apart"],
    ];
    for ((name, spec, claimed), names) in RULES.into_iter().zip(names) {
        let angles = angles(&valley, spec)?;
        let largest = angles.iter().copied().fold(0.0, f64::max);
        let ends = [end(spec, &valley, &valley.start, STEPS)?, end(spec, &steep, &valley.start, STEPS)?];
        let apart = length(&[ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]]);
        kept += usize::from(claimed && largest < SAME);
        numbers.extend([(names[0], largest), (names[1], apart)]);
        let place = |x: &[f64]| format!("({}, {})", fixed(x[0], 6), fixed(x[1], 6));
        table.row([
            name.to_string(),
            fixed(angles[0], 1),
            fixed(largest, 1),
            place(&ends[0]),
            place(&ends[1]),
            significant(apart, 2),
        ]);
    }
    let number = |name: &str| numbers.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, x)| *x);
    let because = format!(
        "{kept} of the 2 rules keep the direction: AdaGrad's steps are up to {} degrees off the negative \
         gradient, RMSProp's up to {}. With one coordinate ten times as steep AdaGrad ends {} from where it \
         ended before, gradient descent {}.",
        fixed(number("adagrad_angle"), 0),
        fixed(number("rmsprop_angle"), 0),
        significant(number("adagrad_apart"), 2),
        significant(number("gd_apart"), 2),
    );
    Ok(Finding {
        setup: format!(
            "{STEPS} steps on 0.1 x^2 + 2 y^2 from (-5, -2): the angle between each step and the negative \
             gradient, where a rule that keeps the direction stays below {SAME} degrees. The same rules on \
             x^2 + 2 y^2, which is ten times as steep along x."
        ),
        table,
        verdict: Verdict::of(kept, 2),
        because,
        pictures: vec![drawn(&valley)?],
        numbers,
    })
}

/// Degrees between each step and the negative gradient.
fn angles(objective: &Objective, spec: &str) -> Result<Vec<f64>> {
    let mut walk = Walk::new(spec, &objective.start)?;
    let mut angles = Vec::new();
    for _ in 0..STEPS {
        let (before, mut gradient) = (walk.x.clone(), [0.0; 2]);
        objective.gradient(&before, 0.0, &mut gradient);
        walk.descend(objective, 0.0, Random::new(0))?;
        let step = [walk.x[0] - before[0], walk.x[1] - before[1]];
        // By the cross product: the cosine is blind to small angles.
        let (dot, cross) =
            (-step[0] * gradient[0] - step[1] * gradient[1], step[0] * gradient[1] - step[1] * gradient[0]);
        angles.push(cross.abs().atan2(dot).to_degrees());
    }
    Ok(angles)
}

fn drawn(valley: &Objective) -> Result<Picture> {
    let f = |x: f64, y: f64| valley.value(&[x, y], 0.0);
    let mut map = Map::new("", [valley.domain[0], valley.domain[1]], &f);
    for (i, (name, spec, _)) in RULES.iter().enumerate() {
        let mut walk = Walk::new(spec, &valley.start)?;
        let mut points = vec![walk.x.clone()];
        for _ in 0..STEPS {
            walk.descend(valley, 0.0, Random::new(0))?;
            points.push(walk.x.clone());
        }
        map.paths.push(Path::new(i, name, &points));
    }
    map.marks.push(Mark::new(MarkKind::Minimum, [0.0, 0.0], ""));
    let caption = "Gradient descent sets out across the valley, where it is steepest; the others set out \
        along the diagonal."
        .into();
    Ok(Picture { name: "paths", caption, svg: map.draw() })
}
