//! What came of a run.

use crate::failure::Result;
use crate::output::{self, Format};
use crate::table;
use ravine_lab::convergence::Outlook;
use ravine_lab::stats::number::{seconds, significant};
use ravine_lab::train::{Done, End, Folder, Settings};
use ravine_lab::workload::{Evaluation, Info};
use serde_json::json;

/// In a format.
pub(super) fn write(
    info: &Info,
    settings: &Settings,
    done: &Done,
    folder: &Folder,
    outlook: &Outlook,
    format: Format,
) -> Result<String> {
    let path = folder.path().display().to_string();
    let files = [
        ("weights", folder.weights().display().to_string()),
        ("picture", folder.picture().display().to_string()),
    ];
    if format == Format::Json {
        let everything = json!({
            "workload": info, "settings": settings, "result": done, "outlook": outlook, "folder": path,
            "weights": files[0].1, "picture": files[1].1,
        });
        return Ok(serde_json::to_string_pretty(&everything).expect("plain data has a JSON form") + "\n");
    }
    let row = |what: String, step: Option<u64>, seen: Option<Evaluation>| {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| significant(x, 4));
        [
            what,
            step.map_or(String::new(), |step| step.to_string()),
            number(seen.map(|seen| seen.loss)),
            number(seen.map(|seen| seen.metric)),
        ]
    };
    let best = done.best;
    let rows = [
        row("best validation".into(), best.map(|best| best.step), best.map(|best| best.validation)),
        row("validation of the weights".into(), done.weights_step, done.validation),
        row("test of the weights".into(), done.weights_step, done.test),
    ];
    let headings = ["what", "step", "loss", info.metric];
    if format == Format::Csv {
        return Ok(output::csv(headings, &rows));
    }
    let end = match done.end {
        End::Stopped => format!("stopped early after {} of {} steps", done.steps, settings.steps),
        _ => format!("all {} steps", done.steps),
    };
    let skipped = match done.skipped {
        0 => String::new(),
        n => format!(", {n} left out"),
    };
    let table = table::draw(&headings, &[1, 2, 3], &[], rows.iter().map(|row| &row[..]));
    let lines = format!(
        "{}, {}: {end}{skipped}, {} of training.\n\nWeights: {}\nPicture: {}\nLog: {path}/log.jsonl\n",
        info.name,
        settings.optimizer,
        seconds(done.seconds),
        files[0].1,
        files[1].1
    );
    let (first, rest) = lines.split_once("\n\n").unwrap_or((&lines, ""));
    Ok(format!("{first}\n{table}{}\n{rest}", table::paragraph(&outlook.sentence())))
}
