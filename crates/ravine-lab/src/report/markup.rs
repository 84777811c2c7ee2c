//! Pieces of HTML.

use crate::svg::canvas::escape;

/// Text made safe.
pub(crate) fn text(text: &str) -> String {
    escape(text)
}

/// A section with a heading and a line that says how to read it.
pub(super) fn section(class: &str, heading: &str, lead: &str, body: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("<p class=\"lead\">{}</p>", text(lead)) };
    format!("<section class=\"{class}\"><h3>{}</h3>{lead}{body}</section>\n", text(heading))
}

/// A table with a heading row; columns of numbers are set to the right. Cells are markup.
pub(crate) fn table(class: &str, headings: &[(&str, bool)], rows: &[(String, Vec<String>)]) -> String {
    let mut out = format!("<div class=\"scroll\"><table class=\"{class}\"><thead><tr>");
    for (heading, number) in headings {
        let class = if *number { " class=\"num\"" } else { "" };
        out += &format!("<th scope=\"col\"{class}>{}</th>", text(heading));
    }
    out += "</tr></thead><tbody>";
    for (class, cells) in rows {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        out += &format!("<tr{class}>");
        for (cell, (_, number)) in cells.iter().zip(headings) {
            let class = if *number { " class=\"num\"" } else { "" };
            out += &format!("<td{class}>{cell}</td>");
        }
        out += "</tr>";
    }
    out + "</tbody></table></div>"
}

/// Code with a button that copies it.
pub(crate) fn code(caption: &str, code: &str) -> String {
    format!(
        "<figure class=\"code\"><figcaption>{}<button type=\"button\" class=\"copy js\">Copy</button></figcaption>\
         <pre><code>{}</code></pre></figure>",
        text(caption),
        text(code)
    )
}

/// A picture that scrolls sideways where the page is too narrow for it.
pub(super) fn picture(svg: &str) -> String {
    format!("<div class=\"scroll\">{svg}</div>")
}

/// Whole numbers in rising order as ranges: `1-4, 7`.
pub(super) fn ranges<T: Copy + Ord + Into<i128>>(sorted: &[T]) -> String {
    let mut out: Vec<(i128, i128)> = Vec::new();
    for n in sorted.iter().map(|n| (*n).into()) {
        match out.last_mut() {
            Some(last) if last.1 + 1 == n => last.1 = n,
            _ => out.push((n, n)),
        }
    }
    let range = |(a, b): &(i128, i128)| if a == b { a.to_string() } else { format!("{a}\u{2013}{b}") };
    out.iter().map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_short() {
        assert_eq!(ranges(&[1i64, 2, 3, 7, 9, 10]), "1\u{2013}3, 7, 9\u{2013}10");
        assert_eq!(ranges::<i64>(&[]), "");
        assert_eq!(ranges(&[u64::MAX]), u64::MAX.to_string());
    }

    #[test]
    fn cells_and_headings_are_safe() {
        let html = section("x", "<i>", "a & b", &code("<", "<script>"));
        assert!(!html.contains("<script>") && !html.contains("<i>") && html.contains("a &amp; b"));
    }
}
