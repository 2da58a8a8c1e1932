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
    let is_signer = |text: &str| {
        !text.is_empty()
            && (text.eq_ignore_ascii_case(&author.signer) || text.eq_ignore_ascii_case(address(&author.signer)))
    };
    if is_signer(&author.email)
        || authors.iter().any(|known| is_signer(known) || author.keys.iter().any(|key| same_key(known, key)))
    {
        return Ok(());
    }
    Err(format!(
        "{signer} has signed what {committer} committed; if that is right, add the key to `beacon.authors`: {key}"
    ))
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
    let hexadecimal = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    !plain.is_empty() && hexadecimal(&plain) && hexadecimal(key) && plain.eq_ignore_ascii_case(key)
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
    fn each_verdict_but_good_has_a_sentence_of_its_own() {
        let said = |verdict| judge(&signed(verdict, "bob@example.org"), &["bob@example.org".into()], true).unwrap_err();
        let all: std::collections::BTreeSet<_> = "NBUXYRE?\u{1b}".chars().map(said).collect();
        assert_eq!(all.len(), 9);
        assert!(all.iter().all(|why| why.contains("Bob@Example.org") && !why.contains('\u{1b}')), "{all:#?}");
        let unset = judge(&signed('N', ""), &[], false).unwrap_err();
        assert!(unset.contains("not signed, or by SSH") && unset.contains("allowedSignersFile"), "{unset}");
    }
}
