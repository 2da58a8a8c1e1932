//! What kind of file a path names, as far as that says how likely a credential is in it.

use std::sync::LazyLock;

use super::names::{Words, words_of};

/// What a path says of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// A program: what stands there without quotes is an expression.
    pub(super) code: bool,
    /// Made by a tool, and full of hashes: lock files, source maps, minified scripts, snapshots of tests.
    pub(super) generated: bool,
    /// Tests and their data: assignments there are invented more often than not.
    pub(super) test: bool,
    /// Texts of a user interface, a language each.
    pub(super) texts: bool,
    /// A key of Rails: the file is the key.
    pub(super) whole: bool,
    /// A table with a line of column names.
    pub(super) table: Option<u8>,
}

static CODE: Words = LazyLock::new(|| {
    words_of(
        "rs py js mjs cjs jsx ts tsx mts cts go java kt kts cs fs vb rb php swift c h cc cpp cxx hpp m mm scala sc \
    dart ex exs erl hs lua pl pm r jl clj cljs groovy gradle vue svelte zig sol",
    )
});
static LOCKS: Words = LazyLock::new(|| {
    words_of(
        "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml cargo.lock poetry.lock uv.lock pdm.lock \
    pipfile.lock go.sum composer.lock gemfile.lock flake.lock mix.lock pubspec.lock podfile.lock \
    package.resolved packages.lock.json bun.lock deno.lock gradle.lockfile cartfile.resolved .terraform.lock.hcl \
    .secrets.baseline",
    )
});

impl Place {
    /// What `path` says.
    pub(super) fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let name = lower.rsplit('/').next().unwrap_or(&lower);
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        // Only the nearest folders: what stands further up is where somebody put the whole tree.
        let folder = |names: &[&str]| lower.split('/').rev().skip(1).take(3).any(|part| names.contains(&part));
        let map = matches!(extension, "map" | "snap" | "svg" | "sum" | "min");
        Self {
            code: CODE.contains(extension),
            generated: LOCKS.contains(name) || map || name.ends_with(".lock") || name.contains("-lock."),
            test: CODE.contains(extension)
                && (folder(&[
                    "test",
                    "tests",
                    "spec",
                    "specs",
                    "__tests__",
                    "__mocks__",
                    "testdata",
                    "fixtures",
                    "__fixtures__",
                    "mocks",
                ]) || [".test.", ".spec.", "_test.", "_spec.", "test_"]
                    .iter()
                    .any(|m| if *m == "test_" { name.starts_with(m) } else { name.contains(m) })),
            texts: folder(&["i18n", "locales", "locale", "lang", "langs", "translations", "l10n"])
                || matches!(extension, "po" | "pot" | "xlf" | "xliff" | "arb" | "strings" | "resx"),
            whole: name == "master.key" || lower.contains("credentials/") && extension == "key",
            table: match extension {
                "csv" => Some(b','),
                "tsv" => Some(b'\t'),
                "md" | "markdown" | "mdx" => Some(b'|'),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_a_file_is() {
        assert!(Place::of("src/main.rs").code);
        assert!(!Place::of("deploy/values.yaml").code);
        assert!(Place::of("web/package-lock.json").generated && Place::of("web/a.js.map").generated);
        assert!(Place::of("pkg/x_test.go").test && Place::of("tests/a.py").test && !Place::of("src/latest.py").test);
        assert!(Place::of("src/locales/de.json").texts);
        assert_eq!(Place::of("export.csv").table, Some(b','));
    }
}
