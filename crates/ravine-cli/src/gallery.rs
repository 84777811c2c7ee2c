//! Folders of experiments and figures, with an index page.

use crate::failure::{Failure, Result, say};
use crate::{output, picture};
use ravine_lab::gallery::{self, Item};
use ravine_lab::svg::Svg;
use std::path::Path;

/// Name of the page in the folder.
pub(crate) const INDEX: &str = "index.html";

/// Writes an item and its pictures, given in the order that the item names them, into the folder, and makes the index anew
/// from all items there.
pub(crate) fn keep<'a>(folder: &Path, item: &Item, pictures: impl IntoIterator<Item = &'a Svg>) -> Result {
    for (named, svg) in item.pictures.iter().zip(pictures) {
        picture::write_svg(&folder.join(&named.file), svg, None)?;
    }
    let text = serde_json::to_string_pretty(item).map_err(|error| Failure::Error(error.to_string()))?;
    output::write_file(&folder.join(format!("{}.json", item.name)), text + "\n")?;
    output::write_file(&folder.join(INDEX), gallery::html(&items(folder)?))
}

/// All items in the folder. Files that hold something else are left alone.
fn items(folder: &Path) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = Vec::new();
    let unread = |error| Failure::Error(format!("cannot read {}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string())) {
            Ok(item) => items.push(item),
            Err(error) => say(&format!("warning: {} is not in the index: {error}", path.display())),
        }
    }
    items.sort_by(|a, b| (a.kind, a.place, &a.name).cmp(&(b.kind, b.place, &b.name)));
    Ok(items)
}
