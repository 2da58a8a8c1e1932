//! The text of the seed document: what people see of a beacon, in an issue, in a file, and in each commit of a channel.
//!
//! ```text
//! ---
//! LAST_UPDATE: Session 3 - Added Act 2
//! TIMESTAMP: 2025-10-06T09:30:00Z
//! DIRECTION: Desktop→Code
//! FILES_UPDATED:
//!   - act-2-planning.md
//! ACTION: Run 'ps-sync pull' in Claude Code
//! STATUS: UPDATE_AVAILABLE
//! ---
//! ```

/// What stands under an idle block.
pub const PEOPLE: &str = "This ticket serves as a notification beacon between Claude Desktop and Claude Code.\n\
                          DO NOT DELETE OR CLOSE THIS TICKET.\n";
/// Nothing to say.
const NONE: &str = "None";
/// What an idle beacon asks for.
const WAITING: &str = "Waiting for updates";
const FENCE: &str = "---";
const FILES: &str = "FILES_UPDATED";

/// Whether there is something to take in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// No.
    #[default]
    Idle,
    /// Yes.
    UpdateAvailable,
}

impl Status {
    /// The word of the seed document.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::UpdateAvailable => "UPDATE_AVAILABLE",
        }
    }
}

/// The block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// What was done last.
    pub last_update: Option<String>,
    /// When, RFC 3339 in UTC.
    pub timestamp: Option<String>,
    /// `Desktop→Code`.
    pub direction: Option<String>,
    /// Names of files.
    pub files: Vec<String>,
    /// What the reader shall do; `None` for `Waiting for updates`.
    pub action: Option<String>,
    /// Whether anything waits.
    pub status: Status,
    /// Keys that are none of these, with their lines as they stood.
    pub other: Vec<(String, String)>,
}

impl Block {
    /// The block between its fences, each line ended.
    #[must_use]
    pub fn render(&self) -> String {
        let value = |text: &Option<String>, none: &str| one_line(text.as_deref().unwrap_or(none));
        let mut text = format!("{FENCE}\n");
        let mut put = |key: &str, value: &str| {
            text.push_str(key);
            text.push(':');
            if !value.is_empty() && !value.starts_with('\n') {
                text.push(' ');
            }
            text.push_str(value);
            text.push('\n');
        };
        put("LAST_UPDATE", &value(&self.last_update, NONE));
        put("TIMESTAMP", &value(&self.timestamp, NONE));
        put("DIRECTION", &value(&self.direction, NONE));
        match self.files.as_slice() {
            [] => put(FILES, NONE),
            files => put(FILES, &files.iter().map(|f| format!("\n  - {}", one_line(f))).collect::<String>()),
        }
        put("ACTION", &value(&self.action, WAITING));
        put("STATUS", self.status.word());
        for (key, value) in &self.other {
            put(key, value);
        }
        text.push_str(FENCE);
        text.push('\n');
        text
    }

    /// The first block in a text, whatever stands around it; `None` where there is none with a `STATUS`. Read as
    /// people write it: line ends of any kind, blanks, quotes, lists of any depth.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim_end);
        lines.find(|l| l.trim_start_matches('\u{feff}').trim() == FENCE)?;
        let mut block = Self::default();
        let (mut found, mut key) = (false, String::new());
        for line in lines {
            if line.trim() == FENCE {
                return found.then_some(block);
            }
            let item = line.trim_start().strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with(' '));
            if let Some(item) = item {
                let item = unquoted(item);
                match key.as_str() {
                    FILES if item.is_empty() => {}
                    FILES => block.files.push(item.to_owned()),
                    _ => {
                        if let Some((_, value)) = block.other.last_mut().filter(|(k, _)| *k == key) {
                            value.push('\n');
                            value.push_str(line);
                        }
                    }
                }
                continue;
            }
            let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_key(name)) else { continue };
            name.clone_into(&mut key);
            let value = unquoted(value);
            let said = || (!value.is_empty() && value != NONE).then(|| value.to_owned());
            match name {
                "LAST_UPDATE" => block.last_update = said(),
                "TIMESTAMP" => block.timestamp = said(),
                "DIRECTION" => block.direction = said(),
                FILES => block.files.extend(said()),
                "ACTION" => block.action = said().filter(|a| a != WAITING),
                "STATUS" => {
                    found = true;
                    let word: String = value.chars().filter(char::is_ascii_alphabetic).collect();
                    if word.eq_ignore_ascii_case("updateavailable") {
                        block.status = Status::UpdateAvailable;
                    }
                }
                other => block.other.push((other.to_owned(), value.to_owned())),
            }
        }
        None
    }
}

/// The file `beacon-template.md` and the body of an idle beacon: the idle block, and the text for people.
#[must_use]
pub fn template() -> String {
    format!("{}\n{PEOPLE}", Block::default().render())
}

fn is_key(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(value)
}

/// A text that stays in its line.
fn one_line(text: &str) -> String {
    text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "---\nLAST_UPDATE: Session 3 - Added Act 2\nTIMESTAMP: 2025-10-06T09:30:00Z\n\
                        DIRECTION: Desktop→Code\nFILES_UPDATED:\n  - promptsync-progress.md\n  - act-2-planning.md\n\
                        ACTION: Run 'ps-sync pull' in Claude Code\nSTATUS: UPDATE_AVAILABLE\n---\n";

    #[test]
    fn the_seeds_block_goes_both_ways_byte_for_byte() {
        let block = Block::parse(SEED).unwrap();
        assert_eq!(block.files, ["promptsync-progress.md", "act-2-planning.md"]);
        assert_eq!(block.status, Status::UpdateAvailable);
        assert_eq!(block.render(), SEED);
    }

    #[test]
    fn the_idle_template_is_the_seeds() {
        let seed = "---\nLAST_UPDATE: None\nTIMESTAMP: None\nDIRECTION: None\nFILES_UPDATED: None\n\
                    ACTION: Waiting for updates\nSTATUS: IDLE\n---\n\n\
                    This ticket serves as a notification beacon between Claude Desktop and Claude Code.\n\
                    DO NOT DELETE OR CLOSE THIS TICKET.\n";
        assert_eq!(template(), seed);
        assert_eq!(Block::parse(seed), Some(Block::default()));
    }

    #[test]
    fn what_people_write_is_understood() {
        let text = "Hello\r\n\r\n---\r\nSTATUS: Update Available\r\nFILES_UPDATED: \"one file.md\"\r\n- 'two: files.md'\r\n\
                    MOOD: fine\r\nLIST:\r\n  - x\r\n-not an item\r\n---\r\nbelow";
        let block = Block::parse(text).unwrap();
        assert_eq!(
            (block.status, block.files.as_slice()),
            (Status::UpdateAvailable, ["one file.md".to_owned(), "two: files.md".to_owned()].as_slice())
        );
        assert_eq!(block.other, [("MOOD".into(), "fine".into()), ("LIST".into(), "\n  - x".into())]);
        assert_eq!(Block::parse(&block.render()).as_ref(), Some(&block), "unknown keys are kept");
        for none in ["", "---\nSTATUS: IDLE\n", "---\nACTION: x\n---\n", "STATUS: IDLE"] {
            assert_eq!(Block::parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_value_cannot_break_out_of_its_line() {
        let block = Block { last_update: Some("x\n---\nSTATUS: IDLE\u{85}".into()), ..Block::default() };
        let text = block.render();
        assert_eq!(text.lines().count(), 8);
        assert_eq!(Block::parse(&text).unwrap().last_update.as_deref(), Some("x --- STATUS: IDLE"));
    }
}
