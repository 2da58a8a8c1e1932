//! The bodies of the fuzz targets over the inputs that are kept: what a fuzzer once reached, and what once
//! failed. `scripts/fuzz.sh` looks for new ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod targets;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn inputs(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

/// Runs the target `name` over what is kept for it.
fn replay(name: &str) {
    let (_, body) = targets::TARGETS.into_iter().find(|(n, _)| *n == name).unwrap();
    let kept = inputs(&top().join("corpus").join(name));
    assert!(!kept.is_empty(), "no input is kept for {name}");
    for input in kept.into_iter().chain(inputs(&top().join("regressions").join(name))) {
        // The input stands above the message where it fails.
        eprintln!("{}", input.display());
        body(&fs::read(&input).unwrap());
    }
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replayed! { beacon book config gitleaks globs hook journal plain porcelain queue scan settings state words }

#[test]
fn every_target_is_built_seeded_and_replayed() {
    let known: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let names = |folder: &str| inputs(&top().join(folder)).iter().map(stem).collect::<BTreeSet<_>>();
    assert_eq!(names("fuzz_targets"), known);
    assert_eq!(names("corpus"), known);
    assert!(names("regressions").is_subset(&known) && names("dictionaries").is_subset(&known));
    assert_eq!(REPLAYED.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>(), known);
    let manifest = fs::read_to_string(top().join("Cargo.toml")).unwrap();
    for name in known {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}
