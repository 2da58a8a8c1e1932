//! The command files of the plugin and of the settings kind of install: text that the client hands to a
//! shell, with what the user typed in the middle.

use std::fs;
use std::path::{Path, PathBuf};

use super::common::TestEnv;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

const ROOT: &str = "${CLAUDE_PLUGIN_ROOT}/bin";

/// Each file, what stands in it for the folder of `craft`, and the words it puts before the user's.
const FILES: [(&str, &str, &str); 9] = [
    ("commands/auto-sync.md", ROOT, " --stdin auto-sync"),
    ("settings/commands/craft.md", "{{bin}}", " --stdin"),
    ("skills/para-archive/SKILL.md", ROOT, " --stdin plan archive"),
    ("skills/para-check/SKILL.md", ROOT, " --one plan check"),
    ("skills/para-execute/SKILL.md", ROOT, " --stdin plan execute"),
    ("skills/para-init/SKILL.md", ROOT, " --stdin plan init"),
    ("skills/para-plan/SKILL.md", ROOT, " --one plan evidence"),
    ("skills/para-status/SKILL.md", ROOT, " --stdin plan status"),
    ("skills/para-summarize/SKILL.md", ROOT, " --stdin plan summarize"),
];

/// Those that may run `craft plan …` in the turn as well, since the model finishes what they begin.
const MORE: [&str; 3] = ["para-execute", "para-plan", "para-summarize"];
/// Those that the model may use by itself: they change nothing.
const BY_THE_MODEL: [&str; 3] = ["para-check", "para-plan", "para-status"];

/// The shell text of a command file.
fn block(file: &str) -> String {
    let text = text(file);
    let block = text.split("```!\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.to_owned()
}

#[test]
fn all_files_hand_the_words_over_in_the_same_way_and_allow_only_that() {
    for (file, bin, first) in FILES {
        let expected =
            format!("'{bin}/craft' slash --exit-zero{first} <<'END_OF_CRAFT_WORDS'\n$ARGUMENTS\nEND_OF_CRAFT_WORDS\n");
        assert_eq!(block(file), expected, "{file}");
        let text = text(file);
        let is = |names: &[&str]| names.iter().any(|name| file.contains(name));
        let rule = |verb: &str| format!("Bash({bin}/craft {verb}:*), Bash('{bin}/craft' {verb}:*)");
        let more = if is(&MORE) { format!(", {}", rule("plan")) } else { String::new() };
        assert!(text.contains(&format!("allowed-tools: {}{more}\n", rule("slash"))), "{file}");
        assert_eq!(text.contains("\ndisable-model-invocation: true\n"), !is(&BY_THE_MODEL), "{file}");
        assert!(text.contains("\ndescription: "), "{file}");
        // The bare name works only where the file says it.
        let folder = Path::new(file).parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(!file.starts_with("skills") || text.contains(&format!("\nname: {folder}\n")), "{file}");
    }
}

#[test]
fn what_is_typed_after_the_command_never_reaches_the_shell_as_a_command() {
    let env = TestEnv::new();
    let bin = Path::new(env!("CARGO_BIN_EXE_craft")).parent().unwrap();
    let mark = env.path("pwned");
    let touch = format!("touch {}", mark.display());
    for (file, placeholder, _) in FILES {
        for words in [
            format!("; {touch}"),
            format!("$({touch})"),
            format!("`{touch}`"),
            format!("' ; {touch} ; '"),
            format!("\" ; {touch} ; \""),
            format!("x\n{touch}"),
            format!("x\\\n; {touch}"),
            format!("${{x:-$({touch})}}"),
        ] {
            let script = block(file).replace(placeholder, &bin.display().to_string()).replace("$ARGUMENTS", &words);
            let mut command = env.command("bash", env.root());
            command.args(["-c", &script]);
            let ran = env.run(command, b"").ok();
            assert!(!ran.stdout.is_empty(), "{words:?} reached craft: {}{}", ran.stdout, ran.stderr);
            assert!(!mark.exists(), "{file}: {words:?}");
        }
        let script = block(file).replace(placeholder, &bin.display().to_string()).replace("$ARGUMENTS", "help");
        let mut command = env.command("bash", env.root());
        command.args(["-c", &script]);
        let ran = env.run(command, b"").ok();
        assert!(ran.stderr.is_empty() && !ran.stdout.is_empty(), "{file}: {}", ran.stderr);
    }
}

/// The client refuses the native `/craft` beside a command or skill of that name.
#[test]
fn nothing_in_the_plugin_takes_the_name_of_the_native_command() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| -> Vec<PathBuf> {
        fs::read_dir(top.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let skills = names("skills").into_iter().map(|folder| folder.join("SKILL.md"));
    for file in names("commands").into_iter().chain(skills) {
        let text = fs::read_to_string(&file).unwrap();
        let named = text.lines().find_map(|l| l.strip_prefix("name: ")).map(str::to_owned);
        let stem = file.with_file_name("").file_name().unwrap().to_string_lossy().into_owned();
        let own =
            if file.ends_with("SKILL.md") { stem } else { file.file_stem().unwrap().to_string_lossy().into_owned() };
        assert_ne!(named.unwrap_or(own), "craft", "{}", file.display());
    }
    let hooks: serde_json::Value = serde_json::from_str(&text("hooks/hooks.json")).unwrap();
    assert_eq!(hooks["modules"], serde_json::json!(["./register.ts"]));
    let module = text("hooks/register.ts");
    assert!(module.contains("name: 'craft'") && module.contains("command: 'craft:auto-sync'"));
}
