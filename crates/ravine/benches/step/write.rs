//! The file of measured times that the documentation's table takes.

use crate::measure::Row;
use std::fmt::Write;
use std::path::Path;

/// Writes the times of large tensors: those of `20x1M`, or of matrices.
pub(crate) fn write(rows: &[Row]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/optimizers-speed.csv");
    let mut text = String::from("rule,storage,shape,ns_per_element,ratio\n");
    for row in rows.iter().filter(|row| ["20x1M", "matrices"].contains(&row.shape)) {
        let name = if row.name.contains(',') { format!("\"{}\"", row.name) } else { row.name.clone() };
        writeln!(text, "{name},{},{},{:.2},{:.2}", row.storage, row.shape, row.ns, row.ratio).unwrap();
    }
    std::fs::write(&path, text).expect("the documentation's folder is there");
    println!("{} is written", path.display());
}
