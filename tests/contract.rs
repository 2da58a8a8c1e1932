//! What must agree across files that no compiler reads together.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The floor of each top module of the library. `ARCHITECTURE.md` shows the same table.
const FLOORS: [(usize, &[&str]); 5] = [
    (4, &["cli", "tui", "worker"]),
    (3, &["ops"]),
    (2, &["context", "git", "github", "host", "http", "journal"]),
    (
        1,
        &[
            "audit", "beacon", "digest", "install", "json", "monitor", "notify", "phase", "scan", "schedule",
            "settings", "sync",
        ],
    ),
    (
        0,
        &[
            "book",
            "clock",
            "config",
            "detach",
            "diagnostics",
            "dice",
            "env",
            "fs",
            "hook",
            "locate",
            "permission",
            "plain",
            "queue",
            "state",
            "sys",
            "trigger",
        ],
    ),
];

/// Event, executable, and the source of the executable.
const HOOKS: [(&str, &str, &str); 4] = [
    ("SessionStart", "craft-session-start", "hooks/session_start.rs"),
    ("SessionEnd", "craft-session-end", "hooks/session_end.rs"),
    ("UserPromptSubmit", "craft-prompt-sync", "hooks/prompt_sync.rs"),
    ("Stop", "craft-stop", "hooks/stop.rs"),
];

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// All files below `folder` whose names end in `ending`, relative to the top.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![top().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(top()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file {ending} below {folder}");
    found
}

/// The rows of the tables below the heading `heading` of a Markdown text, as lists of cells.
fn table(markdown: &str, heading: &str) -> Vec<Vec<String>> {
    let below = markdown.lines().skip_while(|l| l.trim_start_matches('#').trim() != heading).skip(1);
    let rows = below.take_while(|l| !l.starts_with('#')).filter(|l| l.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        row.replace("\\|", "\u{0}").trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect()
    };
    let rows: Vec<_> = rows.map(cells).filter(|r| !r[0].starts_with("---")).collect();
    assert!(rows.len() > 1, "no table below {heading:?}");
    rows.into_iter().skip(1).collect()
}

/// What stands between backticks.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The one handler of each event in a `hooks` object.
fn handlers(document: &Value) -> BTreeMap<String, Value> {
    let events = document["hooks"].as_object().expect("an object of events");
    let one = |groups: &Value| {
        let groups = groups.as_array().unwrap();
        assert_eq!(groups.len(), 1);
        let handlers = groups[0]["hooks"].as_array().unwrap();
        assert_eq!(handlers.len(), 1);
        handlers[0].clone()
    };
    events.iter().map(|(event, groups)| (event.clone(), one(groups))).collect()
}

#[test]
fn plugin_settings_cargo_and_readme_name_the_same_hooks() {
    let manifest = text("Cargo.toml");
    let plugin = handlers(&json("hooks/hooks.json"));
    let fragment = handlers(&json("settings/fragments/auto-sync-settings.json"));
    let readme: BTreeSet<_> = table(&text("README.md"), "What happens when")
        .iter()
        .map(|r| (code(&r[0]).remove(0), code(&r[1]).remove(0)))
        .collect();
    let wanted: BTreeSet<_> = HOOKS.iter().map(|(e, p, _)| ((*e).to_owned(), (*p).to_owned())).collect();
    assert_eq!(readme, wanted);
    assert_eq!(plugin.len(), HOOKS.len());
    assert_eq!(fragment.len(), HOOKS.len());
    for (event, program, source) in HOOKS {
        assert!(manifest.contains(&format!("name = \"{program}\"\npath = \"{source}\"")), "{program} in Cargo.toml");
        assert_eq!(plugin[event]["command"], format!("${{CLAUDE_PLUGIN_ROOT}}/bin/{program}"));
        assert_eq!(fragment[event]["command"], format!("{{{{bin}}}}/{program}"));
        for handler in [&plugin[event], &fragment[event]] {
            assert_eq!(handler["type"], "command");
            assert_eq!(handler["args"], Value::Array(Vec::new()), "no shell between client and hook");
            let seconds = handler["timeout"].as_u64().expect("a timeout");
            assert!((1..=10).contains(&seconds), "timeouts are seconds: {seconds}");
        }
    }
    let script = text("scripts/build.sh");
    assert!(HOOKS.iter().all(|(_, program, _)| script.contains(program)), "scripts/build.sh builds every hook");
}

#[test]
fn every_settings_fragment_can_be_applied_and_is_documented() {
    use claude_craft::settings::fragment::{ALL, Values};
    let names: BTreeSet<_> = ALL.iter().map(|f| f.name.to_owned()).collect();
    let stem = |f: PathBuf| f.file_stem().unwrap().to_string_lossy().into_owned();
    assert_eq!(names, files("settings/fragments", ".json").into_iter().map(stem).collect());
    let shown = table(&text("README.md"), "Settings fragments");
    assert_eq!(names, shown.iter().map(|r| code(&r[0]).remove(0)).collect());
    for fragment in ALL {
        let filled = fragment.filled(&Values { bin: "/b".into(), exec_form: true }).unwrap();
        assert!(!Value::Object(filled).to_string().contains("{{"), "{}", fragment.name);
    }
    let known: Vec<_> = HOOKS.iter().map(|(_, program, _)| *program).collect();
    assert_eq!(claude_craft::settings::ours::HOOKS.to_vec(), known);
}

#[test]
fn a_hooks_timeout_leaves_room_for_the_longest_wait_it_is_made_for() {
    let budget = claude_craft::config::model::SessionStart::default().budget_ms;
    for document in ["hooks/hooks.json", "settings/fragments/auto-sync-settings.json"] {
        let seconds = handlers(&json(document))["SessionStart"]["timeout"].as_u64().unwrap();
        assert!(seconds * 1000 >= 2 * budget, "{document}");
    }
}

#[test]
fn every_environment_variable_is_documented_and_every_documented_one_is_read() {
    let names = |markdown: &str, heading: &str| -> BTreeSet<String> {
        table(markdown, heading).iter().flat_map(|row| code(&row[0])).collect()
    };
    let source = text("src/env.rs");
    let constants = source.lines().filter_map(|l| l.strip_prefix("pub const "));
    let values = constants.map(|l| l.split('"').nth(1).expect("a text").to_owned());
    let (internal, public): (BTreeSet<_>, BTreeSet<_>) = values.partition(|v| v.contains("_INTERNAL_"));
    assert_eq!(names(&text("README.md"), "Environment"), public);
    assert_eq!(names(&text("ARCHITECTURE.md"), "Tests"), internal);
}

#[test]
fn the_configuration_in_the_readme_is_the_default() {
    let readme = text("README.md");
    let example = readme.split("```json\n").nth(1).and_then(|t| t.split("```").next()).expect("an example");
    let example: Value = serde_json::from_str(example).unwrap();
    let mut default = serde_json::to_value(claude_craft::config::Config::default()).unwrap();
    for absent in ["version", "repositories"] {
        default.as_object_mut().unwrap().remove(absent);
    }
    assert_eq!(example, default);
}

#[test]
fn every_field_of_the_configuration_is_documented_with_its_default() {
    fn leaves(prefix: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        match value.as_object() {
            Some(object) if !object.is_empty() => {
                object.iter().for_each(|(key, value)| leaves(&format!("{prefix}.{key}"), value, found));
            }
            _ => drop(found.insert(prefix.trim_start_matches('.').to_owned(), value.to_string())),
        }
    }
    let mut default = serde_json::to_value(claude_craft::config::Config::default()).unwrap();
    default.as_object_mut().unwrap().remove("repositories");
    let mut wanted = BTreeMap::new();
    leaves("", &default, &mut wanted);

    let formats = text("docs/formats.md");
    let row = |prefix: &str, r: &Vec<String>| (format!("{prefix}{}", code(&r[0])[0]), code(&r[1])[0].clone());
    let mut found: BTreeMap<_, _> = table(&formats, "`autoSync`").iter().map(|r| row("autoSync.", r)).collect();
    found.extend(table(&formats, "The other sections").iter().map(|r| row("", r)));
    assert_eq!(found, wanted);
}

#[test]
fn every_file_that_is_written_is_documented() {
    let formats = text("docs/formats.md");
    for source in ["src/fs/layout.rs", "src/ops/engine/journal.rs"] {
        let source = text(source);
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let names = source.split(".join(\"").skip(1).filter_map(|rest| rest.split('"').next());
        for name in names.filter(|name| *name != "HEAD") {
            assert!(formats.contains(&format!("{name}`")) || formats.contains(&format!("{name}/")), "{name}");
        }
    }
}

#[test]
fn exit_codes_are_those_that_the_help_lists() {
    use claude_craft::cli::exit_code::HELP;
    let codes = |lines: Vec<String>| -> Vec<u8> { lines.iter().map(|c| c.parse().expect("a number")).collect() };
    let shown = codes(table(&text("README.md"), "Exit codes").iter().map(|r| r[0].clone()).collect());
    let listed = HELP.lines().skip(1).filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect();
    assert_eq!(shown, codes(listed));
}

#[test]
fn the_readme_lists_every_command_and_only_options_that_exist() {
    /// All visible commands that are called by themselves, with their long options.
    fn walk(command: &clap::Command, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
        let below: Vec<_> = command.get_subcommands().filter(|c| !c.is_hide_set()).collect();
        for sub in &below {
            walk(sub, format!("{path} {}", sub.get_name()).trim(), found);
        }
        if below.is_empty() || ["config", "logs", "scan"].contains(&command.get_name()) {
            let options = command.get_arguments().filter_map(|a| a.get_long()).map(|l| format!("--{l}"));
            found.insert(path.to_owned(), options.collect());
        }
    }
    let mut cli = <claude_craft::cli::Cli as clap::CommandFactory>::command();
    cli.build();
    let mut real = BTreeMap::new();
    walk(&cli, "", &mut real);
    // `config` has one row for its four verbs.
    real.retain(|path, _| !path.starts_with("auto-sync config "));

    let mut shown = BTreeSet::new();
    for row in table(&text("README.md"), "Commands") {
        let spelled = code(&row[0]).remove(0);
        let words = spelled.split(' ').skip(1);
        let path: Vec<_> = words.take_while(|w| w.starts_with(|c: char| c.is_lowercase())).collect();
        let path = path.join(" ");
        let path = path.split(" get\u{0}").next().unwrap_or_default().to_owned();
        let options = real.get(&path).unwrap_or_else(|| panic!("there is no `craft {path}`"));
        for option in code(&row[1]).iter().filter_map(|c| c.split(' ').next()).filter(|o| o.starts_with("--")) {
            assert!(options.contains(option), "`craft {path}` has no {option}");
        }
        shown.insert(path);
    }
    assert_eq!(shown, real.into_keys().collect());
}

#[test]
fn the_plugin_manifest_has_what_the_host_reads_and_nothing_else() {
    const KNOWN: [&str; 9] =
        ["name", "displayName", "version", "description", "author", "homepage", "repository", "license", "keywords"];
    let manifest = json(".claude-plugin/plugin.json");
    assert_eq!(manifest["name"], "craft");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    assert!(manifest["author"]["name"].is_string());
    let fields = manifest.as_object().unwrap();
    assert!(fields.keys().all(|k| KNOWN.contains(&k.as_str())), "{fields:?}");
    assert_eq!(fs::read_link(top().join("plugin.json")).unwrap(), Path::new(".claude-plugin/plugin.json"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "bash checks its own syntax")]
fn every_script_is_valid_bash_and_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let mut scripts = files("scripts", ".sh");
    scripts.push(".ci/run".into());
    for script in scripts {
        let path = top().join(&script);
        let checked = std::process::Command::new("bash").env_clear().arg("-n").arg(&path).output();
        let checked = checked.expect("bash");
        assert!(checked.status.success(), "{}: {}", script.display(), String::from_utf8_lossy(&checked.stderr));
        assert!(text(&script.to_string_lossy()).contains("set -euo pipefail"), "{}", script.display());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o111, 0o111, "{}", script.display());
    }
}

#[test]
fn links_between_our_documents_lead_somewhere() {
    let mut documents = files("docs", ".md");
    documents.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(PathBuf::from));
    for document in documents {
        let folder = top().join(&document).parent().unwrap().to_owned();
        for link in text(&document.to_string_lossy()).split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if !target.starts_with("http") && !target.starts_with('#') {
                assert!(folder.join(target).exists(), "{}: {target}", document.display());
            }
        }
    }
}

#[test]
fn modules_import_from_their_own_floor_or_below() {
    let floors: BTreeMap<&str, usize> =
        FLOORS.iter().flat_map(|(floor, modules)| modules.iter().map(|m| (*m, *floor))).collect();
    let modules = text("src/lib.rs");
    let modules: BTreeSet<_> = modules.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, floors.keys().copied().collect(), "every module has a floor");

    let mut faults = Vec::new();
    for file in files("src", ".rs") {
        let inner = file.strip_prefix("src").unwrap();
        let module = inner.components().next().unwrap().as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            continue;
        }
        for import in imports(&text(&file.to_string_lossy()), "crate::") {
            let above = floors.get(import.as_str()).is_none_or(|floor| *floor > floors[module]);
            if above || (module == "cli" && import == "git") {
                faults.push(format!("{} imports {import}", file.display()));
            }
        }
    }
    for (_, _, source) in HOOKS {
        for import in imports(&text(source), "claude_craft::") {
            if floors.get(import.as_str()) != Some(&0) {
                faults.push(format!("{source} imports {import}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_architecture_shows_the_floors_as_they_are() {
    let shown: Vec<(usize, Vec<String>)> = table(&text("ARCHITECTURE.md"), "Floors")
        .iter()
        .map(|r| (r[0].split(' ').next().unwrap().parse().unwrap(), code(&r[1])))
        .collect();
    let wanted: Vec<(usize, Vec<String>)> =
        FLOORS.iter().map(|(floor, modules)| (*floor, modules.iter().map(|m| (*m).to_owned()).collect())).collect();
    assert_eq!(shown, wanted);
}

/// The top modules that a source names after `root` (`crate::a::b`, `use crate::{a, b::c};`), its
/// unit tests, comments and documentation excepted.
fn imports(source: &str, root: &str) -> BTreeSet<String> {
    let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = source.lines().filter(|l| !l.trim_start().starts_with("//"));
    let source: String = lines.flat_map(|l| [l, "\n"]).collect();
    let name = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = BTreeSet::new();
    for after in source.split(root).skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            found.insert(name(after));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && !c.is_whitespace() => {
                    found.insert(name(&list[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn imports_are_read_from_all_the_forms_they_have() {
    let source = "//! crate::comment\nuse crate::a::b;\nuse crate::{\n    c, d::{e, f},\n    g,\n};\nfn x() { crate::h::y() }\n\n#[cfg(test)]\nmod tests {\n use crate::z;\n}\n";
    assert_eq!(imports(source, "crate::").into_iter().collect::<Vec<_>>(), ["a", "c", "d", "g", "h"]);
}
