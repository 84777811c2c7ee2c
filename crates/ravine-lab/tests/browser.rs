//! The report in a real browser.

mod synthetic;

use std::path::PathBuf;
use std::process::Command;

/// Chromium under one of its names, if it is installed.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

#[test]
fn the_page_runs_its_script_and_breaks_none_of_its_own_rules() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium on this machine");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, ravine_lab::report::html(&synthetic::comparison(10))).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}");
    assert!(dom.contains("class=\"scripted\""), "the script marks the page when it has run\n{log}");
    assert!(dom.contains("</svg>"), "{log}");
    // Errors in the script and breaches of the content-security policy are told on the console.
    let told: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(told.is_empty(), "{told:?}");
}
