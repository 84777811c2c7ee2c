//! The index of a folder of experiments and figures: one HTML page, pictures beside it as files.
//!
//! Each thing in the folder is an [`Item`], kept as JSON, so that the page can be made anew whatever came first.

use crate::experiments::Verdict;
use crate::report::markup::{code, table, text};
use crate::svg;
use serde::{Deserialize, Serialize};

const STYLE: &str = include_str!("gallery.css");

/// Copies the command beside a button; all else needs no script.
const SCRIPT: &str = "document.documentElement.classList.add('scripted');\
    document.addEventListener('click',e=>{const b=e.target.closest('.copy');if(!b)return;\
    const c=b.closest('figure').querySelector('code'),say=t=>{b.textContent=t;setTimeout(()=>b.textContent='Copy',1500)};\
    const select=()=>{getSelection().selectAllChildren(c);say(document.execCommand('copy')?'Copied':'Selected')};\
    navigator.clipboard?navigator.clipboard.writeText(c.textContent).then(()=>say('Copied'),select):select()})";

/// What a page shows of one experiment or figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name on the command line, and that of its file.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its place among its kind.
    pub place: usize,
    /// A few words.
    pub title: String,
    /// Which source it is from.
    pub source: String,
    /// Paragraphs: heading and text.
    pub sections: Vec<(String, String)>,
    /// The verdict, and why.
    pub verdict: Option<(Verdict, String)>,
    /// Measured values.
    pub table: Option<Table>,
    /// The numbers behind the verdict, by name.
    #[serde(default)]
    pub numbers: Vec<(String, f64)>,
    /// The command that makes it again.
    pub command: String,
    /// Its pictures.
    pub pictures: Vec<Picture>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A claim with a measured verdict.
    Experiment,
    /// A picture of a text.
    Figure,
}

/// Values in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// One for each column.
    pub headings: Vec<String>,
    /// As many cells as headings each.
    pub rows: Vec<Vec<String>>,
}

/// A picture in a file beside the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Name of the file in the folder.
    pub file: String,
    /// What it shows.
    pub caption: String,
}

impl Table {
    /// An empty table.
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The columns of numbers, but for the first, which names the row.
    pub fn numbers(&self) -> Vec<usize> {
        let number = |cell: &String| {
            let word = cell.trim_start_matches(['-', '+', '\u{2264}', '\u{2265}', '<', '>', '(', ' ']);
            word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || EMPTY.contains(&word)
        };
        let column = |i: usize| self.rows.iter().all(|row| row.get(i).is_none_or(number));
        (1..self.headings.len()).filter(|&i| column(i)).collect()
    }
}

/// What stands in a column of numbers where there is none.
const EMPTY: [&str; 4] = ["never", "none", "infinite", "diverged"];

/// The page of these items, in their order.
pub fn html(items: &[Item]) -> String {
    let cards: String = items.iter().map(card).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Ravine: {}</title>\
         <style>{}{STYLE}</style></head>\n<body><main>\
         <header><p class=\"brand\"><b>Ravine</b> {}</p></header>{}{cards}</main><script>{SCRIPT}</script></body></html>\n",
        text(&subject(items)),
        svg::STYLE,
        text(&subject(items)),
        contents(items),
    )
}

/// What the page is about.
fn subject(items: &[Item]) -> String {
    let of = |kind| items.iter().filter(|item| item.kind == kind).count();
    let count = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        n => Some(format!("{n} {what}s")),
    };
    let parts = [count(of(Kind::Experiment), "experiment"), count(of(Kind::Figure), "figure")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing yet".into() } else { parts.join(" and ") }
}

/// A list of links; experiments with their verdicts.
fn contents(items: &[Item]) -> String {
    let list = |kind: Kind, heading: &str| {
        let entries: String = items
            .iter()
            .filter(|item| item.kind == kind)
            .map(|item| {
                let badge = item.verdict.as_ref().map_or(String::new(), |(verdict, _)| badge(*verdict));
                format!("<li><a href=\"#{}\">{}</a>{badge}</li>", text(&item.name), text(&item.title))
            })
            .collect();
        match entries.is_empty() {
            true => String::new(),
            false => format!("<nav aria-label=\"{heading}\"><h2>{heading}</h2><ul>{entries}</ul></nav>"),
        }
    };
    list(Kind::Experiment, "Experiments") + &list(Kind::Figure, "Figures")
}

/// The verdict as colour, shape and word.
fn badge(verdict: Verdict) -> String {
    let (class, shape) = match verdict {
        Verdict::Holds => ("holds", "M2.5 6.5l2.5 2.5 5-6"),
        Verdict::Fails => ("fails", "M3 3l6 6m0-6l-6 6"),
        Verdict::Depends => ("depends", "M2 7.5c1.5-5 3-5 4.2-1.5s2.5 3 3.8-1.5"),
    };
    format!(
        "<span class=\"badge {class}\"><svg viewBox=\"0 0 12 12\" width=\"12\" height=\"12\" aria-hidden=\"true\">\
         <path d=\"{shape}\"/></svg>{}</span>",
        verdict.word()
    )
}

fn card(item: &Item) -> String {
    let (mut verdict, mut because) = (String::new(), String::new());
    if let Some((word, why)) = &item.verdict {
        verdict = badge(*word);
        because = format!("<p class=\"because\">{}</p>", text(why));
    }
    let sections: String = item
        .sections
        .iter()
        .map(|(heading, body)| format!("<dt>{}</dt><dd>{}</dd>", text(heading), text(body)))
        .collect();
    let pictures: String = item
        .pictures
        .iter()
        .map(|Picture { file, caption }| {
            let (file, caption) = (text(file), text(caption));
            format!(
                "<figure class=\"picture\"><a href=\"{file}\"><img src=\"{file}\" alt=\"{caption}\" loading=\"lazy\"></a>\
                 <figcaption>{caption}</figcaption></figure>"
            )
        })
        .collect();
    format!(
        "<article id=\"{}\"><div class=\"head\"><h3>{}</h3>{verdict}</div><p class=\"source\">{}</p>{because}\
         <dl>{sections}</dl>{}<div class=\"pictures\">{pictures}</div>{}</article>\n",
        text(&item.name),
        text(&item.title),
        text(&item.source),
        item.table.as_ref().map_or(String::new(), values),
        code("Command", &item.command),
    )
}

fn values(values: &Table) -> String {
    let numbers = values.numbers();
    let heading = |(i, heading): (usize, &String)| (heading.clone(), numbers.contains(&i));
    let headings: Vec<(String, bool)> = values.headings.iter().enumerate().map(heading).collect();
    let headings: Vec<(&str, bool)> = headings.iter().map(|(heading, right)| (&**heading, *right)).collect();
    let cells = |row: &Vec<String>| (String::new(), row.iter().map(|cell| text(cell)).collect());
    table("values", &headings, &values.rows.iter().map(cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, kind: Kind) -> Item {
        let mut table = Table::new(["run", "steps", "end"]);
        table.row(["a < b", "12", "(1, 2)"]);
        table.row(["c", "never", "-3"]);
        Item {
            name: name.into(),
            kind,
            place: 0,
            title: format!("{name} & more"),
            source: "S2".into(),
            sections: vec![("Setup".into(), "<script>".into())],
            verdict: (kind == Kind::Experiment).then(|| (Verdict::Fails, "because".into())),
            table: Some(table),
            numbers: vec![("x".into(), 0.1)],
            command: format!("ravine experiment {name}"),
            pictures: vec![Picture { file: format!("{name}.svg"), caption: "what it \"shows\"".into() }],
        }
    }

    #[test]
    fn items_keep_everything_as_json() {
        let item = item("a", Kind::Experiment);
        let text = serde_json::to_string(&item).unwrap();
        assert_eq!(serde_json::from_str::<Item>(&text).unwrap(), item);
    }

    #[test]
    fn columns_of_numbers_are_known_by_their_cells() {
        assert_eq!(item("a", Kind::Figure).table.unwrap().numbers(), [1, 2]);
        assert!(Table::new(["a", "b"]).numbers().contains(&1));
    }

    #[test]
    fn the_page_shows_all_of_it_safely_and_loads_nothing_from_elsewhere() {
        let page = html(&[item("a", Kind::Experiment), item("b", Kind::Figure)]);
        for part in [
            "1 experiment and 1 figure",
            "href=\"#a\"",
            "id=\"b\"",
            "a &amp; more",
            "&lt;script&gt;",
            "does not hold",
            "src=\"b.svg\"",
            "what it &quot;shows&quot;",
            "a &lt; b",
            "ravine experiment b",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("http"), "no address of another place");
        assert!(html(&[]).contains("nothing yet"));
    }
}
