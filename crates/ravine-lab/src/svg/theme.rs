//! The style sheet in plain colours, for programs that know neither `var()` nor `light-dark()`.

use super::style::STYLE;
use std::collections::HashSet;

/// On what a picture is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark marks on white.
    Light,
    /// Light marks on black.
    Dark,
}

impl Theme {
    /// [`STYLE`] with each colour as this theme has it. A rule that uses the colour of a series is written out for
    /// every series.
    pub fn style(self) -> String {
        let rules: Vec<(&str, String)> = STYLE
            .split('}')
            .filter_map(|rule| rule.trim().split_once('{'))
            .map(|(selector, body)| (selector, self.plain(body)))
            .collect();
        let root: Vec<(&str, &str)> =
            rules.iter().filter(|rule| rule.0 == ":root").flat_map(|rule| variables(&rule.1)).collect();
        let series: Vec<(&str, &str)> = rules
            .iter()
            .flat_map(|(selector, body)| variables(body).filter(|v| v.0 == "--c").map(|v| (*selector, v.1)))
            .collect();
        let mut out = String::new();
        for (selector, body) in &rules {
            if body.contains("--c:") || *selector == ":root" {
                continue;
            }
            let (general, own): (Vec<&str>, Vec<&str>) =
                body.split(';').partition(|d| !d.contains("var(--c)"));
            let general: Vec<String> =
                general.into_iter().map(|d| substitute(&without_series(d), &root)).collect();
            out += &format!("{selector}{{{}}}\n", general.join(";"));
            let own: Vec<&str> =
                own.into_iter().chain(body.split(';').filter(|d| d.contains("var(--c,"))).collect();
            for (class, color) in series.iter().filter(|_| !own.is_empty()) {
                let own: Vec<String> = own.iter().map(|d| with_series(d, color)).collect();
                out += &format!("{selector}{class}{{{}}}\n", own.join(";"));
            }
        }
        out
    }

    /// [`STYLE`] for a file that follows its viewer's light or dark: each colour first as in the light, then for programs
    /// that know `light-dark()`, which the others pass over.
    pub(super) fn both() -> String {
        let (light, dark) = (Self::Light.style(), Self::Dark.style());
        let mut out = String::from("svg{color-scheme:light dark}\n");
        for (light, dark) in light.lines().zip(dark.lines()) {
            let Some(((selector, light), (_, dark))) = light.split_once('{').zip(dark.split_once('{')) else {
                continue;
            };
            let declarations =
                |text: &'_ str| text.trim_end_matches('}').split(';').map(String::from).collect::<Vec<_>>();
            let pairs = declarations(light).into_iter().zip(declarations(dark)).map(|(light, dark)| {
                match (light.split_once(':'), dark.split_once(':')) {
                    (Some((name, day)), Some((_, night))) if day != night => {
                        format!("{light};{name}:light-dark({day},{night})")
                    }
                    _ => light,
                }
            });
            out += &format!("{selector}{{{}}}\n", pairs.collect::<Vec<_>>().join(";"));
        }
        out
    }

    /// The colour of the paper.
    pub fn paper(self) -> String {
        let root = self.plain(STYLE.split('}').next().unwrap_or_default());
        variables(&root).find(|v| v.0 == "--paper").map_or_else(String::new, |v| v.1.into())
    }

    /// Text with its choices between light and dark made.
    fn plain(self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("light-dark(") {
            let (choice, behind) = after.split_once(')').unwrap_or((after, ""));
            let (light, dark) = choice.split_once(',').unwrap_or((choice, choice));
            out += before;
            out += if self == Self::Light { light } else { dark };
            rest = behind;
        }
        out + rest
    }
}

/// The rules of a style sheet, one a line, that some element of `body` falls under by its classes.
pub(super) fn only_used(style: &str, body: &str) -> String {
    let texts = body.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let used: HashSet<&str> = texts.flat_map(str::split_whitespace).collect();
    let falls = |alternative: &str| {
        let classes = alternative.split(['.', ' ']).filter(|part| !part.is_empty());
        let tags = ["svg", "text", "g", "path"];
        classes.filter(|part| !tags.contains(part)).all(|class| used.contains(class))
    };
    let rules = style.lines().filter(|rule| rule.split('{').next().unwrap_or("").split(',').any(falls));
    rules.map(|rule| format!("{rule}\n")).collect()
}

/// The custom properties of a rule.
fn variables(body: &str) -> impl Iterator<Item = (&str, &str)> {
    let body = body.split_once('{').map_or(body, |rule| rule.1);
    body.split(';').filter_map(|d| d.trim().split_once(':')).filter(|d| d.0.starts_with("--"))
}

fn substitute(declaration: &str, variables: &[(&str, &str)]) -> String {
    variables
        .iter()
        .fold(declaration.into(), |text, (name, value)| text.replace(&format!("var({name})"), value))
}

/// `var(--c,other)` where no series is: the other.
fn without_series(declaration: &str) -> String {
    match declaration.split_once("var(--c,") {
        Some((before, after)) => format!("{before}{}", after.strip_suffix(')').unwrap_or(after)),
        None => declaration.into(),
    }
}

fn with_series(declaration: &str, color: &str) -> String {
    match declaration.split_once("var(--c") {
        Some((before, _)) => format!("{before}{color}"),
        None => declaration.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_resolve() {
        for theme in [Theme::Light, Theme::Dark] {
            let style = theme.style();
            assert!(
                !style.contains("var(") && !style.contains("light-dark") && !style.contains("--"),
                "{style}"
            );
            assert_eq!(style.matches('{').count(), style.matches('}').count());
            assert!(theme.paper().starts_with('#'));
        }
    }

    #[test]
    fn a_file_for_both_is_light_where_nothing_else_is_known() {
        let style = Theme::both();
        assert!(style.contains(".line.s0{stroke:#0072b2;stroke:light-dark(#0072b2,#56b4e9)}"), "{style}");
        assert!(!style.contains("var(") && style.matches("light-dark(").count() > 20);
    }

    #[test]
    fn rules_that_nothing_falls_under_are_left_out() {
        let style = ".a{x}\n.a.b{x}\n.c,.a{x}\nsvg .b{x}\nsvg text{x}\n";
        assert_eq!(only_used(style, r#"<g class="a d"/>"#), ".a{x}\n.c,.a{x}\nsvg text{x}\n");
    }

    #[test]
    fn series_have_the_colours_of_the_theme() {
        assert!(Theme::Light.style().contains(".line.s0{stroke:#0072b2}"));
        assert!(Theme::Dark.style().contains(".line.s0{stroke:#56b4e9}"));
        assert!(Theme::Light.style().contains(".bar{stroke:#1c2126;"));
    }
}
