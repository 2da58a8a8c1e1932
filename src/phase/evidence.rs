//! What in a repository speaks for phases: its layers, and which of them a task is likely to touch. Judged by the
//! names of files only.

mod layer;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::layer::Layer;
use self::layer::{ACROSS, EMPTY, FOREIGN, LAYERS, language, layer};

/// Of more files only these are looked at.
pub const MOST: usize = 200_000;
/// More files than this make a change hard to review (the originals say five to ten).
pub const MANY: usize = 10;
/// How many folders, files or words a list shows.
const SHOWN: usize = 5;
/// Phases that are suggested at most; the originals advise two to five.
const PHASES: usize = 5;

/// A layer and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The layer.
    pub layer: Layer,
    /// How many files it has.
    pub files: usize,
    /// Folders with the most of them.
    pub folders: Vec<String>,
    /// Whether the task is likely to touch it.
    pub likely: bool,
    /// The words of the task that say so.
    pub words: Vec<String>,
}

/// A word of the task that stands in names of files or folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The word.
    pub word: String,
    /// How many files.
    pub files: usize,
    /// Some of them.
    pub examples: Vec<String>,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// How many files the repository has.
    pub files: usize,
    /// Whether all of them were looked at.
    pub complete: bool,
    /// File name endings of source code with their numbers, the most first.
    pub languages: Vec<(String, usize)>,
    /// Layers that are there, or that the task speaks of, in the order in which they are built.
    pub layers: Vec<Found>,
    /// Folders with migrations.
    pub migrations: Vec<String>,
    /// Words of the task in names.
    pub matches: Vec<Match>,
    /// How many files have at least one of these words.
    pub touched: usize,
    /// Whether phases are recommended.
    pub recommended: bool,
    /// Why, or why not.
    pub reasons: Vec<String>,
    /// Titles of phases in an order that would do.
    pub suggested: Vec<String>,
}

/// What the files `paths` (below the top, with `/`) and the words of `task` tell.
#[must_use]
pub fn evidence(paths: &[String], task: &str) -> Evidence {
    let words = words(task);
    let mut counts: BTreeMap<Layer, (usize, BTreeMap<String, usize>)> = BTreeMap::new();
    let mut languages: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut migrations = BTreeSet::new();
    let mut matches: Vec<Match> =
        words.iter().map(|w| Match { word: w.clone(), files: 0, examples: Vec::new() }).collect();
    let mut hits: BTreeMap<Layer, BTreeSet<usize>> = BTreeMap::new();
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    let mut touched = 0;
    for path in paths.iter().take(MOST) {
        let lower = path.to_lowercase();
        let (above, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let folder = path.rsplit_once('/').map_or("", |(above, _)| above);
        if above.split('/').any(|f| FOREIGN.contains(&f)) {
            continue;
        }
        if let Some(language) = name.rsplit_once('.').and_then(|(_, ending)| language(ending)) {
            *languages.entry(language).or_default() += 1;
        }
        if let Some(at) = above.split('/').position(|f| matches!(f, "migration" | "migrations")) {
            migrations.insert(path.split('/').take(at + 1).collect::<Vec<_>>().join("/"));
        }
        let layer = layer(above, name);
        if let Some(layer) = layer {
            let (files, folders) = counts.entry(layer).or_default();
            *files += 1;
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
        let tokens: BTreeSet<String> = tokens(path).collect();
        let mut any = false;
        for (at, word) in words.iter().enumerate() {
            if tokens.iter().any(|t| same(t, word)) {
                any = true;
                matches[at].files += 1;
                if matches[at].examples.len() < SHOWN {
                    matches[at].examples.push(path.clone());
                }
                hits.entry(layer.unwrap_or(Layer::Docs)).or_default().extend(layer.map(|_| at));
            }
        }
        if any {
            touched += 1;
            *folders.entry(folder.to_owned()).or_default() += 1;
        }
    }
    matches.retain(|m| m.files > 0);
    // A task that names a layer means that one.
    let named = words.iter().any(|w| LAYERS.iter().filter(|l| l.ships()).any(|l| speaks(*l, w)));
    let layers = LAYERS.into_iter().filter_map(|layer| {
        let (files, folders) = counts.remove(&layer).unwrap_or_default();
        let spoken = |w: &&String| {
            let across = !named && files > 0 && matches!(layer, Layer::Database | Layer::Api | Layer::Frontend);
            speaks(layer, w) || (across && ACROSS.iter().any(|known| same(known, w)))
        };
        let mut why: BTreeSet<String> = words.iter().filter(spoken).cloned().collect();
        why.extend(hits.get(&layer).into_iter().flatten().map(|at| words[*at].clone()));
        let found = Found {
            layer,
            files,
            folders: most(folders).into_iter().map(|(folder, _)| folder).collect(),
            likely: !why.is_empty(),
            words: why.into_iter().collect(),
        };
        (files > 0 || found.likely).then_some(found)
    });
    let mut known = Evidence {
        files: paths.len(),
        complete: paths.len() <= MOST,
        layers: layers.collect(),
        languages: most(languages.into_iter().map(|(l, n)| (l.to_owned(), n)).collect()),
        migrations: migrations.into_iter().take(SHOWN).collect(),
        matches,
        touched,
        ..Evidence::default()
    };
    judge(&mut known, words.is_empty(), &most(folders));
    known
}

/// Whether a word of a task speaks for a layer.
fn speaks(layer: Layer, word: &str) -> bool {
    layer.words().iter().any(|known| same(known, word))
}

fn judge(known: &mut Evidence, no_task: bool, folders: &[(String, usize)]) {
    let likely: Vec<Layer> = known.layers.iter().filter(|l| l.likely && l.layer.ships()).map(|l| l.layer).collect();
    let names: Vec<_> = likely.iter().map(|l| l.name()).collect();
    if no_task {
        known.reasons.push("no task was given, so only the repository was looked at".into());
        return;
    }
    if likely.len() > 1 {
        known.reasons.push(format!("it touches {} layers: {}", likely.len(), names.join(", ")));
    }
    if known.touched > MANY {
        known.reasons.push(format!("{} files have names that the task speaks of, more than {MANY}", known.touched));
    }
    if likely.len() > 1 && likely.contains(&Layer::Database) && !known.migrations.is_empty() {
        known.reasons.push(format!("migrations have to run before what needs them: {}", known.migrations.join(", ")));
    }
    known.recommended = !known.reasons.is_empty();
    if !known.recommended {
        known.reasons.push(match names.first() {
            Some(one) => format!("it touches one layer: {one}"),
            None => "no layer is named by the task".into(),
        });
        known.reasons.push(match known.touched {
            0 => "no file has a name that the task speaks of".into(),
            1 => "1 file has a name that the task speaks of".into(),
            many => format!("{many} files have names that the task speaks of, not more than {MANY}"),
        });
    } else if likely.len() > 1 {
        known.suggested = likely.iter().take(PHASES).map(|l| l.title().to_owned()).collect();
    } else {
        // One layer and many files: by where they lie.
        let named = folders.iter().map(|(folder, _)| if folder.is_empty() { "top folder" } else { folder.as_str() });
        known.suggested = named.take(PHASES).map(str::to_owned).collect();
    }
}

/// The words of a task that may name a place.
fn words(task: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in tokens(task) {
        if (word.len() > 2 || matches!(word.as_str(), "ui" | "db" | "ci"))
            && !EMPTY.contains(&word.as_str())
            && !found.contains(&word)
        {
            found.push(word);
        }
    }
    found.truncate(20);
    found
}

/// Words of a name in lower case: parted by what is no letter or digit, and where a capital follows a small letter.
fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(|word| {
            let mut parts = vec![String::new()];
            let mut small = false;
            for c in word.chars() {
                if c.is_uppercase() && small {
                    parts.push(String::new());
                }
                small = c.is_lowercase();
                if let Some(last) = parts.last_mut() {
                    last.extend(c.to_lowercase());
                }
            }
            parts
        })
        .filter(|part| !part.is_empty())
}

/// Whether two words mean the same place: equal but for a plural, or one a long beginning of the other (`auth`,
/// `authentication`).
fn same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let singular = |w: &str| w.strip_suffix('s').map(str::to_owned);
    short == long || singular(long).is_some_and(|l| l == short) || (short.len() >= 4 && long.starts_with(short))
}

/// The most frequent ones.
fn most(counts: BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(SHOWN);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(paths: &[&str], task: &str) -> Evidence {
        evidence(&paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>(), task)
    }

    const APP: &[&str] = &[
        "migrations/001_users.sql",
        "server/routes/auth.ts",
        "server/routes/orders.ts",
        "web/components/LoginForm.tsx",
        "web/pages/Home.tsx",
        "server/routes/auth.test.ts",
        "README.md",
        ".github/workflows/ci.yml",
        "src/lib.rs",
        "context/plans/2025-12-18-api.md",
        "vendor/api/x.go",
    ];

    #[test]
    fn the_seeds_own_task_goes_through_three_layers_in_their_order() {
        let found = of(APP, "implement-user-authentication");
        let likely: Vec<_> = found.layers.iter().filter(|l| l.likely).map(|l| (l.layer.name(), l.files)).collect();
        assert_eq!(likely, [("database", 1), ("API", 2), ("frontend", 2), ("tests", 1)]);
        assert!(found.recommended);
        assert_eq!(found.suggested, ["Database Schema & Migrations", "API Layer", "Frontend Integration"]);
        assert_eq!(found.migrations, ["migrations"]);
        assert_eq!(found.reasons.len(), 2, "{:?}", found.reasons);
        let words: Vec<_> = found.matches.iter().map(|m| (m.word.as_str(), m.files)).collect();
        assert_eq!(words, [("user", 1), ("authentication", 2)]);
    }

    #[test]
    fn a_small_change_needs_no_phases() {
        for task in ["fix the typo in the readme", "rename a variable in lib", "sort the orders route"] {
            let found = of(APP, task);
            assert!(!found.recommended && !found.reasons.is_empty() && found.suggested.is_empty(), "{task}: {found:?}");
        }
        let none = of(APP, "");
        assert!(!none.recommended);
        assert_eq!(none.reasons, ["no task was given, so only the repository was looked at"]);
    }

    #[test]
    fn many_files_of_one_layer_are_parted_by_their_folders() {
        let paths: Vec<_> =
            (0..12).map(|n| format!("src/{}/cache_{n}.rs", if n < 8 { "net" } else { "disk" })).collect();
        let found = evidence(&paths, "rework the caches");
        assert!(found.recommended);
        assert_eq!(found.suggested, ["src/net", "src/disk"]);
        assert_eq!(found.languages, [("Rust".to_owned(), 12)]);
    }

    #[test]
    fn a_file_is_of_the_innermost_layer() {
        for (path, wanted) in [
            ("server/db/users.rs", Some(Layer::Database)),
            ("db/api/x.rs", Some(Layer::Api)),
            ("web/__tests__/a.tsx", Some(Layer::Tests)),
            ("pkg/x_test.go", Some(Layer::Tests)),
            ("docker-compose.yml", Some(Layer::Infrastructure)),
            ("api/README.md", Some(Layer::Docs)),
            ("src/main.rs", None),
            ("rapid/x.rs", None),
        ] {
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            assert_eq!(layer(above, &name.to_lowercase()), wanted, "{path}");
        }
    }

    proptest! {
        #[test]
        fn counts_never_exceed_the_files(paths in proptest::collection::vec("[a-zA-Z_./é]{0,24}", 0..30), task in "\\PC{0,40}") {
            let found = evidence(&paths, &task);
            prop_assert_eq!(found.files, paths.len());
            prop_assert!(found.layers.iter().map(|l| l.files).sum::<usize>() <= paths.len());
            prop_assert!(found.touched <= paths.len());
            prop_assert!(!found.reasons.is_empty());
            prop_assert_eq!(found.recommended, !found.suggested.is_empty());
        }
    }
}
