//! The pieces of settings that the suite offers, as they lie in `settings/fragments/`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::sync::quote;

/// Stands in a fragment for the folder of our executables.
const BIN: &str = "{{bin}}";

/// One piece of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// What it is called: the name of its file without `.json`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Whether it is meant where nobody names one.
    pub by_default: bool,
    /// The file.
    text: &'static str,
}

/// All fragments, in the order in which they are listed.
pub const ALL: [Fragment; 2] = [
    Fragment {
        name: "auto-sync-settings",
        summary: "the hooks that keep repositories in step",
        by_default: true,
        text: include_str!("../../settings/fragments/auto-sync-settings.json"),
    },
    Fragment {
        name: "statusline-settings",
        summary: "a status line that tells how the repository stands",
        by_default: false,
        text: include_str!("../../settings/fragments/statusline-settings.json"),
    },
];

/// What the placeholders of a fragment stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// The folder of our executables, absolute.
    pub bin: PathBuf,
    /// Whether hooks are started without a shell (`args`; Claude Code 2.1.139 and later). Older clients
    /// ignore `args` and give `command` to a shell. So without it `args` is left out and the command is
    /// quoted, which every client understands, at the price of a shell for each hook.
    pub exec_form: bool,
}

impl Values {
    /// Values that are right for every client: a path that a shell takes for one plain word works in
    /// both forms, and any other is quoted for the shell.
    #[must_use]
    pub fn portable(bin: PathBuf) -> Self {
        let exec_form = quote::path(&bin) == bin.to_string_lossy();
        Self { bin, exec_form }
    }
}

/// A fragment cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// There is none of that name.
    #[error("there is no settings fragment `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The folder of the executables cannot stand in a settings file.
    #[error("{} cannot stand in a settings file: it is not {wanted}", bin.display())]
    Bin {
        /// The folder.
        bin: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
    /// The fragment itself is broken; a test sees to it that none is.
    #[error("the settings fragment `{name}` is broken: {what}")]
    Broken {
        /// Which.
        name: &'static str,
        /// The parser's word.
        what: String,
    },
}

/// The fragment of that name.
///
/// # Errors
/// Where there is none.
pub fn find(name: &str) -> Result<&'static Fragment, FragmentError> {
    ALL.iter().find(|f| f.name == name).ok_or_else(|| FragmentError::Unknown { name: name.to_owned() })
}

impl Fragment {
    /// The fragment with its placeholders filled in.
    ///
    /// # Errors
    /// Where `values.bin` is not absolute or not UTF-8.
    pub fn filled(&self, values: &Values) -> Result<Map<String, Value>, FragmentError> {
        let bin = text(&values.bin)?;
        let broken = |what: String| FragmentError::Broken { name: self.name, what };
        let mut value: Value = serde_json::from_str(self.text).map_err(|e| broken(e.to_string()))?;
        fill(&mut value, bin, values.exec_form);
        match value {
            Value::Object(map) => Ok(map),
            _ => Err(broken("it is no object".into())),
        }
    }
}

fn text(bin: &Path) -> Result<&str, FragmentError> {
    let refused = |wanted| FragmentError::Bin { bin: bin.to_owned(), wanted };
    if !bin.is_absolute() {
        return Err(refused("an absolute path"));
    }
    let text = bin.to_str().ok_or_else(|| refused("UTF-8"))?;
    Ok(if text == "/" { "" } else { text.trim_end_matches('/') })
}

fn fill(value: &mut Value, bin: &str, exec_form: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, bin, exec_form)),
        Value::Object(map) => {
            if !exec_form {
                map.shift_remove("args");
            }
            // A command without `args` is read by a shell, whatever it is for.
            let shell = map.contains_key("command") && !map.contains_key("args");
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::String(text) if shell && key == "command" => *text = shell_command(text, bin),
                    Value::String(text) => *text = text.replace(BIN, bin),
                    other => fill(other, bin, exec_form),
                }
            }
        }
        _ => {}
    }
}

/// Quotes each word that holds the placeholder as a whole: `{{bin}}/craft statusline`.
fn shell_command(template: &str, bin: &str) -> String {
    let word = |w: &str| if w.contains(BIN) { quote::word(&w.replace(BIN, bin)) } else { w.to_owned() };
    template.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(bin: &str, exec_form: bool) -> Vec<(String, bool)> {
        let values = Values { bin: bin.into(), exec_form };
        let hooks = find("auto-sync-settings").unwrap().filled(&values).unwrap();
        let line = find("statusline-settings").unwrap().filled(&values).unwrap();
        [&hooks["hooks"]["SessionEnd"][0]["hooks"][0], &line["statusLine"]]
            .map(|h| (h["command"].as_str().unwrap().to_owned(), h.get("args").is_some()))
            .to_vec()
    }

    #[test]
    fn a_path_is_quoted_exactly_where_a_shell_reads_it() {
        let cases = [
            ("/opt/bin", true, "/opt/bin/craft-session-end", "/opt/bin/craft statusline"),
            ("/opt/bin/", false, "/opt/bin/craft-session-end", "/opt/bin/craft statusline"),
            ("/my tools", true, "/my tools/craft-session-end", "'/my tools/craft' statusline"),
            ("/my tools", false, "'/my tools/craft-session-end'", "'/my tools/craft' statusline"),
            ("/it's", false, "'/it'\\''s/craft-session-end'", "'/it'\\''s/craft' statusline"),
            ("/straße", false, "/straße/craft-session-end", "/straße/craft statusline"),
            ("/a$(b)", false, "'/a$(b)/craft-session-end'", "'/a$(b)/craft' statusline"),
            ("/", true, "/craft-session-end", "/craft statusline"),
        ];
        for (bin, exec_form, hook, line) in cases {
            let wanted = vec![(hook.to_owned(), exec_form), (line.to_owned(), false)];
            assert_eq!(commands(bin, exec_form), wanted, "{bin} {exec_form}");
        }
    }

    #[test]
    fn portable_values_avoid_the_exec_form_only_where_an_old_client_would_break_the_path() {
        assert!(Values::portable("/opt/bin".into()).exec_form);
        for odd in ["/my tools", "/a'b", "/a&b", "/~x"] {
            assert!(!Values::portable(odd.into()).exec_form, "{odd}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_settings_file_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let odd = PathBuf::from(std::ffi::OsString::from_vec(b"/a\xff".to_vec()));
        for (bin, wanted) in [(PathBuf::from("bin"), "an absolute path"), (odd, "UTF-8")] {
            let values = Values { bin: bin.clone(), exec_form: true };
            assert_eq!(ALL[0].filled(&values), Err(FragmentError::Bin { bin, wanted }));
        }
        assert!(find("nothing").is_err());
    }
}
