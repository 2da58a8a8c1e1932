//! The demo plays the real executables and checks its own claims, so that it is also a test of all of
//! them together.

use std::path::Path;
use std::process::{Command, Output};

fn demo(program: &Path, temporary: &Path, arguments: &[&str]) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env_clear().env("PATH", path).env("HOME", temporary).env("TMPDIR", temporary);
    command.arg("demo").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn left_in(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    names.map(|n| n.to_string_lossy().into_owned()).collect()
}

#[test]
fn the_demo_ends_as_it_claims_and_leaves_nothing_behind() {
    let tmp = tempfile::tempdir().unwrap();
    let output = demo(Path::new(env!("CARGO_BIN_EXE_craft")), tmp.path(), &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("All as told: 7 scenes"), "{}", text(&output));
    assert!(!text(&output).contains('\u{1b}'), "colours only on a terminal");
    assert_eq!(left_in(tmp.path()), Vec::<String>::new());
}

#[test]
fn the_demo_without_the_hooks_beside_it_says_how_to_build_them() {
    // A second name of the same file: a copy could still be open for writing in another test's child.
    let tmp = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let alone = tmp.path().join("craft");
    std::fs::hard_link(env!("CARGO_BIN_EXE_craft"), &alone).unwrap();
    let output = demo(&alone, tmp.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("scripts/build.sh"), "{}", text(&output));
    assert_eq!(left_in(tmp.path()), ["craft"]);
}
