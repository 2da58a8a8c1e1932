//! Commit messages: the words a configuration may use.

/// What the words stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words<'w> {
    /// `${timestamp}`: RFC 3339.
    pub timestamp: &'w str,
    /// `${host}`: the machine.
    pub host: &'w str,
    /// `${user}`: the user.
    pub user: &'w str,
    /// `${branch}`: the branch.
    pub branch: &'w str,
    /// `${files}`: how many files.
    pub files: usize,
    /// `${session}`: the session's id, or `none`.
    pub session: &'w str,
}

/// Fills the words in. What is no such word stays as it stands. An empty result becomes `Auto-sync`,
/// since git refuses an empty message.
#[must_use]
pub fn fill(template: &str, words: &Words<'_>) -> String {
    let files = words.files.to_string();
    let mut message = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(at) = rest.find("${") {
        message.push_str(&rest[..at]);
        let tail = &rest[at + 2..];
        let value = tail.split_once('}').and_then(|(name, after)| {
            let value = match name {
                "timestamp" => words.timestamp,
                "host" => words.host,
                "user" => words.user,
                "branch" => words.branch,
                "files" => &files,
                "session" => words.session,
                _ => return None,
            };
            Some((value, after))
        });
        match value {
            // What is filled in is never looked at again for words.
            Some((value, after)) => {
                message.push_str(value);
                rest = after;
            }
            None => {
                message.push_str("${");
                rest = tail;
            }
        }
    }
    message.push_str(rest);
    if message.trim().is_empty() { "Auto-sync".into() } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_once_and_others_stay() {
        let words = Words { timestamp: "T", host: "${user}", user: "ann", branch: "main", files: 3, session: "s" };
        assert_eq!(fill("Auto-sync: Session end ${timestamp}", &words), "Auto-sync: Session end T");
        assert_eq!(fill("${host} ${branch} ${files} ${session} ${user}", &words), "${user} main 3 s ann");
        assert_eq!(fill("${what} ${timestamp", &words), "${what} ${timestamp");
        assert_eq!(fill(" ", &words), "Auto-sync");
    }
}
