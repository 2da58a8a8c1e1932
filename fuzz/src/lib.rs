//! The bodies of the fuzz targets: each takes any bytes and panics where something that must always hold
//! does not. `fuzz_targets/` hands them to libFuzzer, `tests/fuzz.rs` runs them over the inputs that are kept.
//!
//! A new target is a module here with a function `body`, a row in [`TARGETS`], a file in `fuzz_targets/`, a
//! `[[bin]]` in `Cargo.toml` and at least one input in `corpus/<name>/`.

pub mod beacon;
pub mod book;
pub mod config;
pub mod gitleaks;
pub mod globs;
pub mod hook;
pub mod journal;
pub mod plain;
pub mod porcelain;
pub mod queue;
pub mod scan;
pub mod settings;
pub mod state;
pub mod words;

/// What a target does with an input.
pub type Body = fn(&[u8]);

/// Name and body of each target.
pub const TARGETS: [(&str, Body); 14] = [
    ("beacon", beacon::body),
    ("book", book::body),
    ("config", config::body),
    ("gitleaks", gitleaks::body),
    ("globs", globs::body),
    ("hook", hook::body),
    ("journal", journal::body),
    ("plain", plain::body),
    ("porcelain", porcelain::body),
    ("queue", queue::body),
    ("scan", scan::body),
    ("settings", settings::body),
    ("state", state::body),
    ("words", words::body),
];

/// A new folder for the target `name`, gone when it is dropped. A target keeps it for its thread, since making
/// folders takes longer than all else.
fn scratch(name: &str) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(&format!("craft-fuzz-{name}-")).tempdir().expect("a temporary folder")
}

/// The input up to the first NUL, and the rest. Targets that need two texts split there.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|b| *b == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// Whether `c` could steer a terminal or turn a line round: a control character, or one of Unicode's
/// `Bidi_Control` characters and line ends (UAX 9, UAX 14). On purpose not the library's own list.
fn steers(c: char) -> bool {
    const LIST: [u32; 14] =
        [0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];
    let number = c as u32;
    number < 0x20 || (0x7f..0xa0).contains(&number) || LIST.contains(&number)
}
