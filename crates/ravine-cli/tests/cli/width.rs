//! Narrow terminals.

use crate::command::{SMALL, finish, ravine};
use ravine_lab::rows::HEADINGS;

/// The lines that are wider than `width` although they could be broken at a space.
fn too_wide(text: &str, width: usize) -> Vec<&str> {
    let breakable = |line: &&str| line.trim().contains(' ') && !line.starts_with("Report: ");
    text.lines().filter(|line| line.chars().count() > width).filter(breakable).collect()
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], width: &str| {
        finish(ravine(arguments).current_dir(&folder).env("COLUMNS", width)).well().stdout
    };
    run(SMALL, "40");
    let lists: [&[&str]; 7] = [
        &["report"],
        &["report", "--list"],
        &["optimizers"],
        &["schedules"],
        &["workloads"],
        &["optimizers", "--explain", "adam"],
        &["schedules", "--explain", "cosine"],
    ];
    for arguments in lists {
        let all = run(arguments, "100000");
        for width in [40, 60, 80, 100, 120, 200] {
            let text = run(arguments, &width.to_string());
            assert!(too_wide(&text, width).is_empty(), "{width}: {:?}", too_wide(&text, width));
            assert!(width > 40 || text.lines().count() >= all.lines().count());
        }
        // What is no width counts as none.
        assert_eq!(run(arguments, "0"), all);
        assert_eq!(run(arguments, "wide"), all);
    }
}

#[test]
fn columns_that_have_no_room_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], width: &str| {
        finish(ravine(arguments).current_dir(&folder).env("COLUMNS", width)).well().stdout
    };
    run(SMALL, "80");
    let wide = run(&["report"], "300");
    assert!(!wide.contains("No room for") && HEADINGS.iter().all(|heading| wide.contains(heading)));
    let narrow = run(&["report"], "100");
    let time = HEADINGS[7];
    assert!(narrow.contains(&format!("No room for: {time}")) && narrow.contains(HEADINGS[5]), "{narrow}");
    // Where even that is not enough, every arm is a block with everything in it.
    let blocks = run(&["report"], "40");
    assert_eq!(blocks.matches(&format!("\n{time}  ")).count(), 4, "{blocks}");
}
