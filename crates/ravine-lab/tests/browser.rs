//! The report in a real browser.

mod synthetic;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Chromium under one of its names, if it is installed.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

/// What the browser makes of a page: its document in the end, and its log.
fn opened(browser: &Path, html: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, html).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--dump-dom", "--window-size=1280,900"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), log)
}

#[test]
fn the_page_runs_its_script_and_breaks_none_of_its_own_rules() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium on this machine");
        return;
    };
    let (dom, log) = opened(&browser, &ravine_lab::report::html(&synthetic::comparison(10)));
    assert!(dom.contains("class=\"scripted\""), "the script marks the page when it has run\n{log}");
    assert!(dom.contains("</svg>"), "{log}");
    // Errors in the script and breaches of the content-security policy are told on the console.
    let told: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn advice_is_wrapped_and_not_cut_off() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium on this machine");
        return;
    };
    let html = ravine_lab::report::html(&synthetic::comparison(10));
    // The policy of the page would not let this measurement in.
    let measure = "<script>const cut = [...document.querySelectorAll('.advice .scroll')].map(table => \
                   table.scrollWidth > table.clientWidth); document.body.dataset.cut = cut.join()</script></body>";
    let html = html.replace("Content-Security-Policy", "none").replace("</body>", measure);
    let (dom, log) = opened(&browser, &html);
    let tables = dom.matches("class=\"advice\"><thead").count();
    assert!(tables > 0, "{log}");
    assert!(dom.contains(&format!("data-cut=\"{}\"", vec!["false"; tables].join(","))), "{log}");
}
