//! The data behind the page, to download from it.

use super::base64::encode;
use crate::comparison::{Comparison, End};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// What had to be left out to keep the page small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    All,
    WithoutLayers,
    WithoutCurves,
}

/// The whole comparison as gzipped JSON in a data link, with as much detail as fits in `budget` characters. What is no
/// finite number, such as the loss of a run that diverged, is `null` in it.
pub(super) fn json_link(comparison: &Comparison, budget: usize) -> Option<(String, Detail)> {
    for detail in [Detail::All, Detail::WithoutLayers, Detail::WithoutCurves] {
        let link = format!("data:application/gzip;base64,{}", encode(&packed(&reduced(comparison, detail))?));
        if link.len() <= budget {
            return Some((link, detail));
        }
    }
    None
}

/// One line for each reported run, in a data link.
pub(super) fn csv_link(comparison: &Comparison) -> String {
    format!("data:text/csv;charset=utf-8;base64,{}", encode(csv(comparison).as_bytes()))
}

fn csv(comparison: &Comparison) -> String {
    let mut out = String::from(
        "workload,optimizer,schedule,lr,trial,seed,end,validation,test,test_loss,steps_to_target,seconds_to_target,seconds\n",
    );
    for workload in &comparison.workloads {
        for arm in &workload.arms {
            for run in &arm.runs {
                let end = match run.end {
                    End::Finished => "finished",
                    End::Diverged => "diverged",
                    End::Hopeless => "hopeless",
                };
                let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
                let cells = [
                    quoted(&workload.name),
                    quoted(&arm.optimizer),
                    quoted(&arm.schedule),
                    arm.lr.to_string(),
                    run.trial.to_string(),
                    run.seed.to_string(),
                    end.to_owned(),
                    number(run.validation),
                    number(run.test),
                    number(run.test_loss),
                    run.steps_to_target.map_or(String::new(), |steps| steps.to_string()),
                    number(run.seconds_to_target),
                    run.seconds.to_string(),
                ];
                out += &cells.join(",");
                out.push('\n');
            }
        }
    }
    out
}

/// Quoted where a comma, quote or line end would break the cell.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.into()
    }
}

fn reduced(comparison: &Comparison, detail: Detail) -> Comparison {
    let mut copy = comparison.clone();
    for run in copy.workloads.iter_mut().flat_map(|w| &mut w.arms).flat_map(|arm| &mut arm.runs) {
        match detail {
            Detail::All => {}
            Detail::WithoutLayers => run.curve.iter_mut().for_each(|point| point.layers.clear()),
            Detail::WithoutCurves => run.curve.clear(),
        }
        for point in &mut run.curve {
            for x in [
                &mut point.seconds,
                &mut point.train_loss,
                &mut point.validation_loss,
                &mut point.validation,
                &mut point.grad_norm,
            ] {
                *x = rounded(*x);
            }
            for layer in &mut point.layers {
                for x in [&mut layer.grad_norm, &mut layer.weight_norm, &mut layer.update_ratio] {
                    *x = rounded(*x);
                }
            }
        }
    }
    copy
}

/// Six significant digits: enough for every curve, half the size.
fn rounded(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

fn packed(comparison: &Comparison) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(comparison).ok()?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&json).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_need_quotes_get_them() {
        assert_eq!(quoted("adam"), "adam");
        assert_eq!(quoted("adam:betas=0.9/0.99,eps=1e-8"), "\"adam:betas=0.9/0.99,eps=1e-8\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn six_digits_are_kept() {
        assert_eq!(rounded(0.123_456_789), 0.123_457);
        assert!(rounded(f64::NAN).is_nan() && rounded(f64::INFINITY).is_infinite());
    }
}
