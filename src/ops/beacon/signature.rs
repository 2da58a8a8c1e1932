//! Whose signature a message has. That git finds one good says only that some key it knows made it; so the key has to be
//! that of whoever committed the message, or one that the user has named.

use crate::ops::beacon::authors::Author;
use crate::plain;

/// Most characters of a name of others that a sentence repeats.
const SHOWN: usize = 80;

/// Whether a message of `author`, who is known, is signed by the same person: the address git names for the key is the
/// committer's, or `authors` names the signer or the key. `ssh` is whether git can check signatures of SSH keys at all.
/// The sentence says why not.
pub(super) fn judge(author: &Author, authors: &[String], ssh: bool) -> Result<(), String> {
    let (committer, signer) = (shown(&author.email), shown(&author.signer));
    let key = author.keys.first().map(|key| shown(key)).unwrap_or_default();
    let of = format!("the signature of {committer}");
    // `%G?` in git-log(1).
    match author.signature {
        'G' => {}
        'N' if !ssh => {
            return Err(format!(
                "the message of {committer} is not signed, or by SSH, which git cannot check before \
                 `gpg.ssh.allowedSignersFile` is set"
            ));
        }
        'N' => return Err(format!("the message of {committer} is not signed")),
        'B' => return Err(format!("{of} is wrong: the message is another one than was signed")),
        'U' => {
            return Err(format!(
                "{of} is made with key {key}, and nobody has said whose that is; for SSH a line in \
                 `gpg.ssh.allowedSignersFile` does, for OpenPGP trust in the key"
            ));
        }
        'X' => return Err(format!("{of} has expired")),
        'Y' => return Err(format!("{of} is made with key {key}, which has expired")),
        'R' => return Err(format!("{of} is made with key {key}, which was revoked")),
        'E' => return Err(format!("{of} cannot be checked: key {key} is not here")),
        other => return Err(format!("{of} is not good (git says {})", shown(&other.to_string()))),
    }
    let names = author.names.as_deref().unwrap_or(std::slice::from_ref(&author.signer));
    let is = |text: &str, name: &str| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(address(name));
    let is_signer = |text: &str| !text.is_empty() && names.iter().any(|name| is(text, name));
    if is_signer(&author.email)
        || authors.iter().any(|known| is_signer(known) || author.keys.iter().any(|key| same_key(known, key)))
    {
        return Ok(());
    }
    if !names.contains(&author.signer) {
        return Err(format!(
            "{of} is made with a key that calls itself {signer}, which nobody you trust has certified; if that is right, \
             add the key to `beacon.authors`: {key}"
        ));
    }
    Err(format!(
        "{signer} has signed what {committer} committed; if that is right, add the key to `beacon.authors`: {key}"
    ))
}

/// The names of an OpenPGP key that the user, or somebody they trust in this, has certified, from what gpg says of a
/// signature (`%GG`). git's verdict is about the key, and the signer that it names is what the key calls itself first;
/// whoever has a key may give it any name. `None` for keys of other kinds: those of SSH have their name from the user's
/// file, those of X.509 from who issued them. gpg shows what a name is worth unless it is told not to
/// (`show-uid-validity`); then no name is worth anything, and the key has to be named.
pub(super) fn names(key: &str, said: &str) -> Option<Vec<String>> {
    if !is_hexadecimal(key) || said.starts_with("gpgsm:") {
        return None;
    }
    let name = |line: &str| {
        // The program may be called otherwise (`gpg2`).
        let line = line.split_once(": ")?.1.trim_start();
        let quoted = line.strip_prefix("Good signature from \"").or_else(|| line.strip_prefix("aka \""))?;
        let (name, worth) = quoted.rsplit_once("\" [")?;
        ["full", "ultimate", "marginal"].contains(&worth.strip_suffix(']')?.trim()).then(|| name.to_owned())
    };
    Some(said.lines().filter_map(name).collect())
}

fn is_hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The address in `Name <address>`; a text without one is its own.
fn address(signer: &str) -> &str {
    signer.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map_or(signer, |(_, address)| address)
}

/// Whether a user's text names a key. Hexadecimal ones are written in groups and either case; those of SSH in base64,
/// where case counts.
fn same_key(known: &str, key: &str) -> bool {
    if known == key {
        return true;
    }
    let plain: String = known.chars().filter(|c| !c.is_whitespace()).collect();
    is_hexadecimal(&plain) && is_hexadecimal(key) && plain.eq_ignore_ascii_case(key)
}

fn shown(text: &str) -> String {
    plain::cut(&plain::name(text), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(verdict: char, signer: &str) -> Author {
        Author {
            name: "x".into(),
            email: "Bob@Example.org".into(),
            signature: verdict,
            signer: signer.into(),
            keys: vec!["SHA256:AbC".into(), "00DEADBEEF00DEADBEEF".into()],
            names: None,
        }
    }

    fn judged(signer: &str, authors: &[&str]) -> bool {
        let authors: Vec<_> = authors.iter().map(|a| (*a).to_owned()).collect();
        judge(&signed('G', signer), &authors, true).is_ok()
    }

    #[test]
    fn a_good_signature_counts_for_whom_it_is_of_and_for_nobody_else() {
        for signer in ["bob@example.org", "Bob <bob@example.org>", "Bob \"<x@y>\" <bob@example.org>"] {
            assert!(judged(signer, &[]), "{signer}");
        }
        for signer in
            ["", "eve@example.org", "bob@example.org <eve@example.org>", "*@example.org", "bob@example.org.evil"]
        {
            assert!(!judged(signer, &["bob@example.org"]), "{signer}");
            assert!(judged(signer, &["SHA256:AbC"]) && judged(signer, &["00de adbe ef00 dead beef"]), "{signer}");
            assert!(!judged(signer, &["SHA256:abc", "", " ", "beef", "sha256:AbC"]), "{signer}");
        }
        assert!(
            judged("eve@example.org", &["Eve@example.org"]) && judged("Eve <eve@example.org>", &["eve@example.org"])
        );
        assert!(judged("deploy key", &["deploy key"]));
        let mut nobody = signed('G', "");
        nobody.email.clear();
        nobody.keys.clear();
        assert!(judge(&nobody, &[String::new()], true).is_err());
    }

    #[test]
    fn of_the_names_of_a_key_those_count_that_somebody_certified() {
        let said = "gpg: Signature made Sun Nov 22 09:08:05 2026 UTC\n\
                    gpg: Good signature from \"Bob <bob@example.org>\" [unknown]\n\
                    gpg:                 aka \"Eve <eve@example.org>\" [full]\n\
                    gpg:                 aka \"Eve \"E\" [x]\" [ultimate]\n\
                    gpg:                 aka \"Bob <bob@example.org>\" [full]\" [unknown]\n\
                    gpg:                 aka \"Old <old@example.org>\" [expired]\n\
                    gpg:                 aka \"Bare <bare@example.org>\"\n";
        assert_eq!(names("00AB", said).unwrap(), ["Eve <eve@example.org>", "Eve \"E\" [x]"]);
        assert_eq!(names("00AB", "").unwrap(), Vec::<String>::new());
        assert_eq!(names("SHA256:AbC", said), None);
        assert_eq!(names("", ""), None);
        assert_eq!(names("00AB", "gpgsm: Good signature from \"/CN=Bob\"\n"), None);
        let mut author = signed('G', "Bob <bob@example.org>");
        author.names = names("00AB", said);
        let judged = |author: &Author, known: &str| judge(author, &[known.to_owned()], true);
        let why = judged(&author, "bob@example.org").unwrap_err();
        assert!(why.contains("calls itself Bob <bob@example.org>"), "{why}");
        assert!(judged(&author, "00deadbeef00deadbeef").is_ok() && judged(&author, "eve@example.org").is_ok());
        author.email = "eve@example.org".into();
        assert!(judged(&author, "bob@example.org").is_ok());
    }

    #[test]
    fn each_verdict_but_good_has_a_sentence_of_its_own() {
        let said = |verdict| judge(&signed(verdict, "bob@example.org"), &["bob@example.org".into()], true).unwrap_err();
        let all: std::collections::BTreeSet<_> = "NBUXYRE?\u{1b}".chars().map(said).collect();
        assert_eq!(all.len(), 9);
        assert!(all.iter().all(|why| why.contains("Bob@Example.org") && !why.contains('\u{1b}')), "{all:#?}");
        let unset = judge(&signed('N', ""), &[], false).unwrap_err();
        assert!(unset.contains("not signed, or by SSH") && unset.contains("allowedSignersFile"), "{unset}");
    }
}
