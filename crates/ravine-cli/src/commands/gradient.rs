//! `ravine gradient`: slope, curvature and stable learning rates at a point.

mod scene;

use crate::failure::{Failure, Result};
use crate::numbers::Numbers;
use crate::output::{self, Format};
use crate::picture::Picture;
use crate::table;
use clap::ValueEnum;
use ravine_lab::objective::Objective;
use ravine_lab::point::{self, Kind, Point};
use ravine_lab::stability::{Check, Limit, SHARES, Stability};
use ravine_lab::stats::number::{lr_exact, significant};
use ravine_lab::svg::Svg;
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The function: a name (see `ravine objectives`) or an expression such as "x^2 + 2y^2".
    #[arg(allow_hyphen_values = true)]
    function: String,
    /// The point; the function's usual start if not given.
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    at: Option<Numbers>,
    /// A direction to give the slope in, of any length.
    #[arg(long, value_name = "U,V", allow_hyphen_values = true)]
    direction: Option<Numbers>,
    /// The same in degrees from the first axis to the second, for a function of two coordinates.
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true, conflicts_with = "direction")]
    angle: Option<f64>,
    /// Momentum of heavy ball and of Nesterov.
    #[arg(long, value_name = "B", default_value = "0.9", allow_negative_numbers = true)]
    beta: f64,
    /// The step, for a function that moves.
    #[arg(long, value_name = "T", default_value = "0")]
    step: u64,
    /// The picture. If not given, the slopes, or the map of a function of one coordinate.
    #[arg(long, value_enum)]
    view: Option<View>,
    /// How to write the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    picture: Picture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// The slope in every direction; by the angle from the gradient where there are more than two coordinates.
    Slopes,
    /// The function around the point: levels with the directions as arrows, or the curve with its tangent.
    Map,
}

/// A point looked at.
struct Looked {
    objective: Objective,
    point: Point,
    stability: Stability,
    direction: Option<Direction>,
    step: f64,
    view: View,
}

/// A direction that is asked for.
#[derive(Serialize)]
struct Direction {
    /// Of length 1.
    unit: Vec<f64>,
    slope: f64,
}

/// Everything, as plain data.
#[derive(Serialize)]
struct Everything<'a> {
    function: &'a str,
    expression: &'a str,
    variables: &'a [String],
    step: f64,
    #[serde(flatten)]
    point: &'a Point,
    descent: Option<Vec<f64>>,
    direction: &'a Option<Direction>,
    beta: f64,
    #[serde(flatten)]
    stability: &'a Stability,
}

pub(super) fn run(arguments: &Arguments) -> Result {
    let looked = Looked::new(arguments)?;
    let written = arguments.picture.write(|| looked.draw(&arguments.picture))?;
    match arguments.format {
        Format::Table => output::print(&format!("{}\n{}{written}", looked.terminal(), looked.text())),
        Format::Json => output::print_json(&Everything {
            function: &looked.objective.name,
            expression: looked.objective.expression.text(),
            variables: looked.objective.expression.variables(),
            step: looked.step,
            point: &looked.point,
            descent: looked.point.descent(),
            direction: &looked.direction,
            beta: arguments.beta,
            stability: &looked.stability,
        }),
        Format::Csv => output::print(&looked.csv()),
    }
}

/// The picture alone.
pub(super) fn draw(arguments: &Arguments) -> Result<Svg> {
    Ok(Looked::new(arguments)?.draw(&arguments.picture))
}

impl Looked {
    fn new(arguments: &Arguments) -> Result<Self> {
        let objective = Objective::parse(&arguments.function)?;
        let at = arguments.at.clone().map_or_else(|| objective.start.clone(), Vec::from);
        let step = arguments.step as f64;
        let asked = direction(arguments, &objective)?;
        let view = view(arguments.view, objective.dim())?;
        let point = Point::new(&objective, &at, step)?;
        let stability = Stability::new(&objective, &point, arguments.beta, step)?;
        let slope = |unit: Vec<f64>| point.slope(&unit).map(|slope| Direction { unit, slope });
        let direction = asked.and_then(slope);
        Ok(Self { objective, point, stability, direction, step, view })
    }

    /// The tables, and what there is to say.
    fn text(&self) -> String {
        let Self { objective, point, stability, .. } = self;
        let mut text = self.slopes();
        if point.norm > 0.0 {
            text += &table::paragraph("Steepest is meant for the Euclidean length of a direction.");
        } else {
            text += &table::paragraph("The gradient is 0: no direction is steepest.");
        }
        let n = point.eigenvalues.len();
        let shown: Vec<usize> = match n {
            0..=EIGEN => (0..n).collect(),
            _ => (0..EIGEN - 1).chain([n - 1]).collect(),
        };
        let names = objective.expression.variables();
        let row = |&i: &usize| [number(point.eigenvalues[i]), along(&point.eigenvectors[i], names)];
        let rows: Vec<[String; 2]> = shown.iter().map(row).collect();
        text += &format!(
            "\n{}",
            table::draw(&["curvature L", "along"], &[0], &[], rows.iter().map(|row| &row[..]))
        );
        if n > EIGEN {
            text += &format!("{n} eigenvalues of the Hessian: the largest, and the smallest.\n");
        }
        text += &format!("\n{}", self.limits());
        if let Some(best) = stability.best.filter(|_| objective.dim() > 1) {
            text += &table::paragraph(&format!(
                "Condition number {}. Gradient descent is fastest at the learning rate {}: each step leaves {} of the error.",
                number(best.condition),
                lr_exact(best.lr),
                number(best.factor)
            ));
        }
        if let Some(curvature) = stability.unstable {
            text += &table::paragraph(&format!(
                "Along curvature {} no learning rate is stable: every optimizer leaves that way.",
                number(curvature)
            ));
        }
        text
    }

    fn slopes(&self) -> String {
        let Self { objective, point, direction, .. } = self;
        let names = objective.expression.variables();
        let mut rows = vec![
            [format!("f({})", cut(names.iter().cloned())), number(point.value)],
            ["at".into(), vector(&point.at)],
            ["gradient".into(), vector(&point.gradient)],
        ];
        let mut row = |name: &str, value: String| rows.push([name.into(), value]);
        row("its length", number(point.norm));
        if let (Some(ascent), Some(descent)) = (&point.ascent, point.descent()) {
            row("steepest ascent", directed(ascent));
            row("steepest descent", directed(&descent));
        }
        if let Some(Direction { unit, slope }) = direction {
            row("given direction", directed(unit));
            row("slope that way", number(*slope));
        }
        let kind = match point.kind {
            None => "not stationary",
            Some(Kind::Degenerate) => "degenerate: second derivatives do not tell",
            Some(kind) => kind.word(),
        };
        row("kind of point", kind.into());
        let heading = objective.expression.text();
        let heading = if heading.chars().count() > 60 { &objective.name } else { heading };
        table::draw(&["", heading], &[], &[], rows.iter().map(|row| &row[..]))
    }

    fn limits(&self) -> String {
        if self.stability.limits.is_empty() {
            return table::paragraph("No curvature is above 0: none limits the learning rate.");
        }
        let [below, above] = SHARES.map(|share| share.to_string());
        let on_function = self.stability.limits.iter().any(|limit| limit.function.is_some());
        let row = |limit: &Limit| {
            let mut row = vec![
                limit.method.to_string(),
                limit.formula.into(),
                lr_exact(limit.lr),
                checked(limit.model),
            ];
            row.extend(limit.function.map(checked));
            row
        };
        let rows: Vec<Vec<String>> = self.stability.limits.iter().map(row).collect();
        // Where a direction falls, the runs keep to those that rise.
        let run = if self.stability.unstable.is_some() { "where it rises" } else { "on the quadratic" };
        let mut headings = vec!["method", "largest stable learning rate", "is", run];
        if on_function {
            headings.push("on the function");
        }
        let table = table::draw(&headings, &[2], &[1], rows.iter().map(Vec::as_slice));
        table
            + &table::paragraph(&format!(
                "L is the largest curvature, b the momentum. Runs of the optimizers at {below} and {above} times the rate."
            ))
    }

    fn csv(&self) -> String {
        let Self { objective, point, stability, direction, .. } = self;
        let names = objective.expression.variables();
        let mut rows: Vec<[String; 3]> = Vec::new();
        let mut one = |what: &str, of: &str, value: String| rows.push([what.into(), of.into(), value]);
        one("value", "", point.value.to_string());
        let mut vectors = vec![("at", point.at.clone()), ("gradient", point.gradient.clone())];
        vectors.extend(point.ascent.clone().map(|ascent| ("ascent", ascent)));
        vectors.extend(point.descent().map(|descent| ("descent", descent)));
        vectors.extend(direction.iter().map(|direction| ("direction", direction.unit.clone())));
        for (what, vector) in vectors {
            names.iter().zip(vector).for_each(|(name, x)| one(what, name, x.to_string()));
        }
        one("norm", "", point.norm.to_string());
        if let Some(direction) = direction {
            one("slope", "", direction.slope.to_string());
        }
        one("kind", "", point.kind.map(|kind| kind.word().into()).unwrap_or_default());
        for (i, value) in point.eigenvalues.iter().enumerate() {
            one("eigenvalue", &(i + 1).to_string(), value.to_string());
        }
        for limit in &stability.limits {
            one("largest stable lr", limit.method, limit.lr.to_string());
        }
        if let Some(best) = stability.best {
            one("condition", "", best.condition.to_string());
            one("best lr", "gradient descent", best.lr.to_string());
            one("best factor", "gradient descent", best.factor.to_string());
        }
        output::csv(["what", "of", "value"], rows)
    }
}

/// Coordinates that a line has room for, and curvatures that a table has.
const COORDINATES: usize = 4;
const EIGEN: usize = 8;

/// The direction that is asked for, of length 1.
fn direction(arguments: &Arguments, objective: &Objective) -> Result<Option<Vec<f64>>> {
    let direction = match (&arguments.direction, arguments.angle) {
        (Some(direction), _) => Vec::from(direction.clone()),
        (None, Some(angle)) if objective.dim() == 2 && angle.is_finite() => {
            let (sine, cosine) = angle.to_radians().sin_cos();
            // A right angle is one.
            [cosine, sine].map(|x| if x.abs() < 1e-15 { 0.0 } else { x }).to_vec()
        }
        (None, Some(angle)) if objective.dim() == 2 => {
            return Err(Failure::Usage(format!("--angle must be a finite number of degrees, not {angle}")));
        }
        (None, Some(_)) => {
            return Err(Failure::Usage(format!(
                "--angle needs a function of 2 coordinates; '{}' has {}; write --direction",
                objective.name,
                objective.dim()
            )));
        }
        (None, None) => return Ok(None),
    };
    objective.check_point("--direction", &direction)?;
    let unit = point::unit(&direction);
    let unit = unit.ok_or_else(|| {
        Failure::Usage("--direction has no length: one of its numbers must differ from 0".into())
    })?;
    Ok(Some(unit))
}

/// The view of a function of so many coordinates.
fn view(asked: Option<View>, dim: usize) -> Result<View> {
    match (asked, dim) {
        (Some(View::Slopes), 1) => {
            Err(Failure::Usage("--view slopes needs a function of 2 or more coordinates".into()))
        }
        (Some(View::Map), 3..) => {
            Err(Failure::Usage(format!("--view map needs a function of 1 or 2 coordinates, not {dim}")))
        }
        (None, 1) => Ok(View::Map),
        (None, _) => Ok(View::Slopes),
        (Some(view), _) => Ok(view),
    }
}

fn number(x: f64) -> String {
    significant(x, 6)
}

/// `(-1, 2)`, cut if it is long; a number alone without brackets.
fn vector(x: &[f64]) -> String {
    match x {
        [one] => number(*one),
        all => format!("({})", cut(all.iter().map(|x| number(*x)))),
    }
}

/// An eigenvector; of a long one the coordinates that matter most: `0.9 x3 - 0.4 x7`.
fn along(x: &[f64], names: &[String]) -> String {
    if x.len() <= COORDINATES {
        return vector(x);
    }
    let mut order: Vec<usize> = (0..x.len()).filter(|&i| x[i].abs() > 1e-6).collect();
    order.sort_by(|&i, &j| x[j].abs().total_cmp(&x[i].abs()));
    let term = |&i: &usize| {
        let sign = if x[i] < 0.0 { "-" } else { "+" };
        format!("{sign} {} {}", significant(x[i].abs(), 3), names[i])
    };
    let terms: Vec<String> = order.iter().take(COORDINATES).map(term).collect();
    let more = if order.len() > COORDINATES { " ..." } else { "" };
    terms.join(" ").trim_start_matches("+ ").to_owned() + more
}

fn cut(words: impl ExactSizeIterator<Item = String>) -> String {
    let n = words.len();
    let more = if n > COORDINATES { format!(", ... {n} of them") } else { String::new() };
    words.take(COORDINATES).collect::<Vec<_>>().join(", ") + &more
}

/// A direction, in the plane with its angle.
fn directed(unit: &[f64]) -> String {
    match unit {
        [x, y] => format!("{}, {}\u{b0}", vector(unit), significant(degrees([*x, *y]), 4)),
        _ => vector(unit),
    }
}

/// The angle of a direction from the first axis to the second, from 0 to 360 degrees.
fn degrees([x, y]: [f64; 2]) -> f64 {
    y.atan2(x).to_degrees().rem_euclid(360.0)
}

fn checked(check: Check) -> String {
    let below = if check.converges_below { "converges" } else { "does not converge" };
    let above = if check.diverges_above { "diverges" } else { "does not diverge" };
    format!("{below}, {above}")
}
