//! The frame of the page: style sheet, script, and the policy that lets in nothing else.

use super::base64::encode;
use super::markup::text;
use crate::svg;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Light, dark, or as the system has it; works without the script.
pub(super) const THEME_SWITCH: &str = "<fieldset class=\"segments theme\"><legend>Theme</legend>\
     <label><input type=\"radio\" name=\"theme\" id=\"theme-auto\" checked>auto</label>\
     <label><input type=\"radio\" name=\"theme\" id=\"theme-light\">light</label>\
     <label><input type=\"radio\" name=\"theme\" id=\"theme-dark\">dark</label></fieldset>";

/// A whole document.
pub(super) fn page(title: &str, body: &str) -> String {
    let (style, policy) = (style(), policy());
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><style>{style}</style></head>\n<body><main>{body}</main>\
         <script>{SCRIPT}</script></body></html>\n",
        text(title)
    )
}

/// The content security policy of every report, which stands in the page; a server may send it too.
pub fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&style()),
        hash(SCRIPT)
    )
}

fn style() -> String {
    format!("{}{STYLE}", svg::STYLE)
}

fn hash(source: &str) -> String {
    format!("sha256-{}", encode(&Sha256::digest(source.as_bytes())))
}
