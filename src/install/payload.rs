//! What an install consists of. The texts are part of the program, so that `craft install` needs
//! nothing but the six executables in one folder, and no file can be of another version than the rest.

use std::path::Path;

/// A text (or picture) of the plugin.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Where it lies in the plugin, and in the repository.
    pub path: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
}

macro_rules! part {
    ($path:literal) => {
        Part { path: $path, bytes: include_bytes!(concat!("../../", $path)) }
    };
}

/// The name of the plugin, of its folder and of its command.
pub const NAME: &str = "craft";
/// The marketplace that an install of that kind makes. The client keeps names that begin with `claude-`
/// for itself.
pub const MARKETPLACE: &str = "craft-suite";

/// The executables: `craft`, the hooks, and the one with the verbs of a beacon.
pub const PROGRAMS: [&str; 6] =
    ["craft", "craft-session-start", "craft-session-end", "craft-prompt-sync", "craft-stop", "ps-sync"];

/// The plugin but for its executables. A test compares this with what the repository holds.
pub const PLUGIN: &[Part] = &[
    part!(".claude-plugin/plugin.json"),
    part!(".claude-plugin/icon.png"),
    part!("commands/auto-sync.md"),
    part!("hooks/follower.ts"),
    part!("hooks/hooks.json"),
    part!("hooks/monitor.ts"),
    part!("hooks/register.ts"),
    part!("skills/para-archive/SKILL.md"),
    part!("skills/para-check/SKILL.md"),
    part!("skills/para-execute/SKILL.md"),
    part!("skills/para-init/SKILL.md"),
    part!("skills/para-plan/SKILL.md"),
    part!("skills/para-status/SKILL.md"),
    part!("skills/para-summarize/SKILL.md"),
    part!("skills/resolve-sync-conflict/SKILL.md"),
    part!("README.md"),
    part!("LICENSE"),
    part!("LICENSE-APACHE"),
    part!("LICENSE-MIT"),
];

/// The file of a plugin in the folder `skills` that makes it a skill as well; see [`skill_file`].
pub const SKILL: &str = "SKILL.md";

/// What the client writes into a plugin's folder by itself, and what goes with the folder.
pub const MADE_BY_CLIENT: &[&str] = &[".claude-plugin/types"];

/// The command `/craft` for clients without hooks modules, as a file of their folder `commands`.
const COMMAND: &str = include_str!("../../settings/commands/craft.md");

/// The file of the command `/craft` that runs the executables in `bin`.
#[must_use]
pub fn command_file(bin: &Path) -> String {
    with_programs(COMMAND, bin)
}

/// All files of an install in the client's folder `commands`, by name: `/craft`, and the skills that are commands.
#[must_use]
pub fn command_files(bin: &Path) -> Vec<(String, String)> {
    let skills = PLUGIN.iter().filter_map(|part| {
        let name = part.path.strip_prefix("skills/para-")?.strip_suffix("/SKILL.md")?;
        let text = String::from_utf8_lossy(part.bytes).replace("${CLAUDE_PLUGIN_ROOT}/bin", "{{bin}}");
        Some((format!("para-{name}.md"), with_programs(&text, bin)))
    });
    std::iter::once((format!("{NAME}.md"), command_file(bin))).chain(skills).collect()
}

fn with_programs(text: &str, bin: &Path) -> String {
    let bin = bin.to_string_lossy();
    // In the shell text the program stands between single quotes.
    text.replace("'{{bin}}/craft'", &format!("'{}/craft'", bin.replace('\'', r"'\''"))).replace("{{bin}}", &bin)
}

/// The same as the `SKILL.md` of a plugin in the folder `skills`, for clients without hooks modules. Beside a
/// module it would do harm: the native command still answers, but waits in line while a turn is under way, and
/// in a plugin that is loaded in any other way the client refuses the native command for it.
#[must_use]
pub fn skill_file(bin: &Path) -> String {
    command_file(bin).replacen("---\n", &format!("---\nname: {NAME}\n"), 1)
}
