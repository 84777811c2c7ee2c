//! `ravine trace`.

mod scene;

use crate::failure::{Failure, Result};
use crate::numbers::Numbers;
use crate::output::{self, Format};
use crate::picture::{Animation, Picture};
use crate::spec::{self, Kind};
use crate::table;
use clap::ValueEnum;
use ravine_lab::basins::{Basins, basins};
use ravine_lab::objective::Objective;
use ravine_lab::point;
use ravine_lab::stats::number::significant;
use ravine_lab::svg::Svg;
use ravine_lab::trace::{self, Ending, Setup, Trace};
use serde::Serialize;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The function to minimise: a name (see `ravine objectives`) or an expression such as "x^2 + 2y^2".
    #[arg(allow_hyphen_values = true)]
    function: String,
    /// Optimizers such as adam or sgd:lr=0.4,momentum=0.5: comma lists, repeated flags, or @file.toml.
    #[arg(
        long = "optimizer",
        short,
        visible_alias = "optimizers",
        value_name = "SPEC",
        default_value = "sgd"
    )]
    optimizers: Vec<String>,
    /// Learning rate of the optimizers whose spec has none.
    #[arg(long, value_name = "LR", default_value = "0.1", allow_negative_numbers = true)]
    lr: f64,
    /// Schedules of the learning rate, each with every optimizer.
    #[arg(long = "schedule", visible_alias = "schedules", value_name = "SPEC", default_value = "constant")]
    schedules: Vec<String>,
    /// Where to start; the function's usual start if not given.
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    start: Option<Numbers>,
    /// Steps to make; with 0 the function is drawn alone.
    #[arg(long, value_name = "N", default_value = "100")]
    steps: u64,
    /// Standard deviation of normal noise on each coordinate of the gradient; the function's own if not given.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    noise: Option<f64>,
    /// Seed of the noise.
    #[arg(long, value_name = "K", default_value = "0")]
    seed: u64,
    /// Stop where the norm of the gradient is at or below this.
    #[arg(long, value_name = "NORM", default_value = "0", allow_negative_numbers = true)]
    tolerance: f64,
    /// What to draw: low and high of each coordinate, such as -5,5,-2,2. Fitted to the path if not given.
    #[arg(long, value_name = "A,B", allow_hyphen_values = true)]
    domain: Option<Numbers>,
    /// The picture.
    #[arg(long, value_enum, default_value = "path")]
    view: View,
    /// How to write the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    picture: Picture,
    #[command(flatten)]
    animation: Animation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum View {
    /// The path over the curve or the levels of the function; over steps where it has more than two coordinates.
    Path,
    /// The surface of a function of two coordinates, with the path on it.
    Surface,
    /// The value over the steps.
    Loss,
    /// Which minimum the first optimizer reaches from where, for a function of two coordinates.
    Basins,
}

/// Everything that was traced.
#[derive(Serialize)]
struct Everything<'a> {
    function: &'a str,
    expression: &'a str,
    variables: &'a [String],
    start: &'a [f64],
    noise: f64,
    seed: u64,
    runs: &'a [Run],
}

/// One optimizer under one schedule.
#[derive(Serialize)]
struct Run {
    schedule: String,
    #[serde(flatten)]
    trace: Trace,
    /// What kind of point it came to, if it converged.
    point: Option<&'static str>,
}

/// The arguments put to work.
struct Traced {
    setup: Setup,
    runs: Vec<Run>,
    domain: Vec<[f64; 2]>,
    view: View,
    basins: Option<Basins>,
}

/// Cells along the longer and the shorter side of a picture of basins.
const CELLS: [usize; 2] = [96, 72];

pub(super) fn run(arguments: &Arguments) -> Result {
    let traced = Traced::new(arguments)?;
    if arguments.animation.is_asked() && !traced.moves() {
        let moves = "--animate draws a path over a curve or a map, not this view";
        return Err(Failure::Usage(moves.into()));
    }
    let written = arguments.picture.write(|| traced.draw(&arguments.picture))?
        + &arguments.animation.write(|| traced.animated(&arguments.picture))?;
    match arguments.format {
        Format::Table => output::print(&format!("{}\n{}{written}", traced.terminal(), traced.table())),
        Format::Json => output::print_json(&traced.everything()),
        Format::Csv => output::print(&traced.csv()),
    }
}

/// The picture alone.
pub(super) fn draw(arguments: &Arguments) -> Result<Svg> {
    Ok(Traced::new(arguments)?.draw(&arguments.picture))
}

impl Traced {
    /// Runs every optimizer under every schedule.
    fn new(arguments: &Arguments) -> Result<Self> {
        let objective = Objective::parse(&arguments.function)?;
        let schedules = spec::list(Kind::Schedule, &arguments.schedules)?;
        let mut setup = Setup {
            optimizers: spec::list(Kind::Optimizer, &arguments.optimizers)?,
            lr: Some(arguments.lr),
            schedule: String::new(),
            start: arguments.start.clone().map_or_else(|| objective.start.clone(), Vec::from),
            steps: arguments.steps,
            noise: arguments.noise.unwrap_or(objective.noise),
            seed: arguments.seed,
            tolerance: arguments.tolerance,
            objective,
        };
        let dim = setup.objective.dim();
        if matches!(arguments.view, View::Surface | View::Basins) && dim != 2 {
            let view = arguments.view.to_possible_value().expect("no view is hidden");
            return Err(Failure::Usage(format!(
                "--view {} needs a function of 2 coordinates; '{}' has {dim}",
                view.get_name(),
                setup.objective.name
            )));
        }
        let given = arguments.domain.clone().map(|domain| given_domain(&setup.objective, &Vec::from(domain)));
        let given = given.transpose()?;
        let mut runs = Vec::new();
        for schedule in schedules {
            setup.schedule = schedule.clone();
            for trace in trace::run(&setup)? {
                let end = || point::kind(&setup.objective, trace.end(), trace.steps() as f64).word();
                let point = (trace.ending == Ending::Converged).then(end);
                runs.push(Run { schedule: schedule.clone(), trace, point });
            }
        }
        if runs.is_empty() {
            return Err(Failure::Usage("a trace needs an optimizer and a schedule".into()));
        }
        let domain = given.unwrap_or_else(|| fitted_domain(&setup.objective, &runs));
        let basins = match (arguments.view, &domain[..]) {
            (View::Basins, &[x, y]) => Some(basins(&setup, [x, y], CELLS[0], CELLS[1])?),
            _ => None,
        };
        Ok(Self { setup, runs, domain, view: arguments.view, basins })
    }

    fn everything(&self) -> Everything<'_> {
        let Setup { objective, start, noise, seed, .. } = &self.setup;
        Everything {
            function: &objective.name,
            expression: objective.expression.text(),
            variables: objective.expression.variables(),
            start,
            noise: *noise,
            seed: *seed,
            runs: &self.runs,
        }
    }

    /// The name of a run: its optimizer, and its schedule where there are several.
    fn name(&self, run: &Run) -> String {
        let several = self.runs.iter().any(|other| other.schedule != run.schedule);
        match several {
            true => format!("{}, {}", run.trace.optimizer, run.schedule),
            false => run.trace.optimizer.clone(),
        }
    }

    fn table(&self) -> String {
        let variables = self.setup.objective.expression.variables();
        let shown = variables.len().min(COORDINATES);
        let headings: Vec<&str> = ["optimizer"]
            .into_iter()
            .chain(variables[..shown].iter().map(String::as_str))
            .chain(["value", "gradient", "steps", "ended"])
            .collect();
        let rows = self.runs.iter().map(|run| {
            let trace = &run.trace;
            let norm = trace.grad_norms.last().copied().unwrap_or(f64::NAN);
            let ended = match run.point {
                Some(point) => format!("{}: {point}", trace.ending.word()),
                None => trace.ending.word().into(),
            };
            std::iter::once(self.name(run))
                .chain(trace.end()[..shown].iter().map(|x| significant(*x, 6)))
                .chain([significant(trace.loss(), 6), significant(norm, 3), trace.steps().to_string(), ended])
                .collect::<Vec<String>>()
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let numbers: Vec<usize> = (1..headings.len() - 1).collect();
        let mut text = table::draw(&headings, &numbers, &[], rows.iter().map(Vec::as_slice));
        if shown < variables.len() {
            text += &format!(
                "The first {shown} of {} coordinates; all of them with --format json.\n",
                variables.len()
            );
        }
        text
    }

    /// One row for each step of each run.
    fn csv(&self) -> String {
        let variables = self.setup.objective.expression.variables();
        let headings = ["optimizer", "schedule", "step"].into_iter();
        let headings =
            headings.chain(variables.iter().map(String::as_str)).chain(["value", "gradient_norm", "lr"]);
        let rows = self.runs.iter().flat_map(|run| {
            let trace = &run.trace;
            trace.points.iter().enumerate().map(move |(step, point)| {
                [trace.optimizer.clone(), run.schedule.clone(), step.to_string()]
                    .into_iter()
                    .chain(point.iter().map(f64::to_string))
                    .chain([trace.losses[step].to_string(), trace.grad_norms[step].to_string()])
                    // There is no step from the last point.
                    .chain([trace.lrs.get(step).map(f64::to_string).unwrap_or_default()])
                    .collect::<Vec<String>>()
            })
        });
        output::csv(headings, rows)
    }
}

/// Coordinates that the table has room for.
const COORDINATES: usize = 4;

/// The domain that is asked for: low and high of each coordinate.
fn given_domain(objective: &Objective, numbers: &[f64]) -> Result<Vec<[f64; 2]>> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    let names = objective.expression.variables();
    if pairs.len() != names.len() || !rest.is_empty() {
        return Err(Failure::Usage(format!(
            "--domain needs {} numbers, low and high of {}, not {}",
            2 * names.len(),
            names.join(", "),
            numbers.len()
        )));
    }
    match pairs.iter().zip(names).find(|([a, b], _)| a >= b || !(b - a).is_finite()) {
        Some(([a, b], name)) => {
            let [a, b] = [a, b].map(|x| significant(*x, 6));
            Err(Failure::Usage(format!(
                "--domain needs a low of {name} below its high, and not too far, not {a} and {b}"
            )))
        }
        None => Ok(pairs.to_vec()),
    }
}

/// The function's own domain, widened to hold the paths as far as these stay near it.
fn fitted_domain(objective: &Objective, runs: &[Run]) -> Vec<[f64; 2]> {
    let fit = |(i, &[a, b]): (usize, &[f64; 2])| {
        let start = runs[0].trace.points[0][i];
        let (low, high) = (a.min(start), b.max(start));
        let near = low - (high - low)..=high + (high - low);
        let xs =
            runs.iter().flat_map(|run| &run.trace.points).map(|point| point[i]).filter(|x| near.contains(x));
        let (low, high) = xs.fold((low, high), |(low, high), x| (low.min(x), high.max(x)));
        // A path that reaches out of the domain keeps some distance from the frame.
        let margin = 0.04 * (high - low);
        [if low < a { low - margin } else { a }, if high > b { high + margin } else { b }]
    };
    objective.domain.iter().enumerate().map(fit).collect()
}
