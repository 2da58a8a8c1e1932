//! `beacon.requireSignature` with keys that ssh-keygen and gpg have made: whose signature a message has.

use std::path::{Path, PathBuf};

use claude_craft::ops::beacon::pull;
use serde_json::json;

use crate::common::{Sides, read, write};

const CHANNEL: &str = "refs/craft/beacons/main";

/// Desktop is Bob, whose messages are accepted where he has signed them; Code is Ann.
struct Signed {
    sides: Sides,
    desk: PathBuf,
    code: PathBuf,
}

impl Signed {
    fn new() -> Self {
        let sides = Sides::new();
        let (desk, code) = (sides.side("desk", "Desktop"), sides.side("code", "Code"));
        sides.git(&desk, &["config", "user.email", "bob@example.org"]);
        sides.configure(json!({"beacon": {"authors": ["bob@example.org"], "requireSignature": true}}));
        Self { sides, desk, code }
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = self.sides.command(words[0], self.sides.root());
        command.args(&words[1..]);
        self.sides.run(command, b"").ok().stdout
    }

    /// Bob sends a file; what becomes of it at Ann's: `None` where it is taken in, else why not.
    #[track_caller]
    fn sends(&self, name: &str, key: &str) -> Option<String> {
        self.sides.git(&self.desk, &["config", "user.signingKey", key]);
        self.sides.sends(&self.desk, name, "text\n");
        self.pulls(name)
    }

    #[track_caller]
    fn pulls(&self, name: &str) -> Option<String> {
        let ctx = self.sides.context();
        let pulled = pull::pull(&ctx, &self.sides.place(&ctx, &self.code), false).unwrap();
        let there = self.code.join(".claude/planning").join(name).exists();
        assert_eq!(there, pulled.held.is_empty(), "{pulled:?}");
        pulled.held.last().map(|held| held.why.clone())
    }

    fn authors(&self, all: &[&str]) {
        self.sides.configure(json!({"beacon": {"authors": all}}));
    }

    fn ssh_key(&self, name: &str) -> (PathBuf, String) {
        self.run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
        let public = String::from_utf8(read(self.sides.path(&format!("{name}.pub")))).unwrap();
        (self.sides.path(name), public)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_message_signed_by_ssh_counts_only_for_whom_the_key_is_of() {
    let signed = Signed::new();
    let sides = &signed.sides;
    sides.git(&signed.desk, &["config", "gpg.format", "ssh"]);
    let (bob, bobs) = signed.ssh_key("bob");
    let (eve, eves) = signed.ssh_key("eve");
    let (nobody, _) = signed.ssh_key("nobody");
    let fingerprint = signed.run(&["ssh-keygen", "-lf", "eve.pub"]).split(' ').nth(1).unwrap().to_owned();

    let unset = signed.sends("a.md", text(&bob)).unwrap();
    assert!(unset.contains("git cannot check before `gpg.ssh.allowedSignersFile` is set"), "{unset}");
    let signers = sides.path("signers");
    write(&signers, format!("bob@example.org {bobs}eve@example.org {eves}"));
    sides.git(&signed.code, &["config", "gpg.ssh.allowedSignersFile", text(&signers)]);
    assert_eq!(signed.pulls("a.md"), None, "what was held is looked at again");
    assert_eq!(signed.sends("b.md", text(&bob)), None);

    // A key that Ann knows, of somebody else, under Bob's address.
    let why = signed.sends("c.md", text(&eve)).unwrap();
    assert_eq!(
        why,
        format!(
            "eve@example.org has signed what bob@example.org committed; if that is right, add the key to \
             `beacon.authors`: {fingerprint}"
        )
    );
    signed.authors(&["bob@example.org", &fingerprint]);
    assert_eq!(signed.pulls("c.md"), None, "by the key");
    signed.authors(&["bob@example.org"]);
    assert!(signed.sends("d.md", text(&eve)).is_some());
    signed.authors(&["bob@example.org", "eve@example.org"]);
    assert_eq!(signed.pulls("d.md"), None, "by the signer");
    // Eve is accepted, and no stranger whose message she signs.
    sides.git(&signed.desk, &["config", "user.email", "mallory@example.org"]);
    assert!(signed.sends("e.md", text(&eve)).unwrap().contains("mallory@example.org is not among"));
    sides.git(&signed.desk, &["config", "user.email", "bob@example.org"]);

    let signed_by_nobody = Signed { code: sides.side("other", "Code"), desk: signed.desk.clone(), sides: signed.sides };
    let signed = signed_by_nobody;
    signed.sides.git(&signed.code, &["config", "gpg.ssh.allowedSignersFile", text(&signers)]);
    let why = signed.sends("f.md", text(&nobody)).unwrap();
    assert!(why.contains("nobody has said whose that is") && why.contains("SHA256:"), "{why}");
}

#[test]
fn a_message_that_was_changed_after_it_was_signed_is_not_accepted() {
    let signed = Signed::new();
    let sides = &signed.sides;
    sides.git(&signed.desk, &["config", "gpg.format", "ssh"]);
    let (bob, bobs) = signed.ssh_key("bob");
    write(sides.path("signers"), format!("bob@example.org {bobs}"));
    sides.git(&signed.code, &["config", "gpg.ssh.allowedSignersFile", text(&sides.path("signers"))]);
    sides.git(&signed.desk, &["config", "user.signingKey", text(&bob)]);
    sides.sends(&signed.desk, "a.md", "text\n");
    let commit = sides.git(&sides.remote, &["cat-file", "commit", CHANNEL]);
    let mut command = sides.command("git", &sides.remote);
    command.args(["hash-object", "-t", "commit", "-w", "--stdin"]);
    let changed = sides.run(command, format!("{commit} and more\n").as_bytes()).ok().stdout;
    sides.git(&sides.remote, &["update-ref", CHANNEL, changed.trim()]);
    let why = signed.pulls("a.md").unwrap();
    assert_eq!(why, "the signature of bob@example.org is wrong: the message is another one than was signed");
}

#[test]
fn in_whatever_encoding_the_user_has_git_print_an_address_stays_the_same() {
    for encoding in ["ISO-8859-1", "UTF-16"] {
        let signed = Signed::new();
        let sides = &signed.sides;
        sides.git(&signed.desk, &["config", "gpg.format", "ssh"]);
        sides.git(&signed.desk, &["config", "user.email", "bj\u{f6}rn@example.org"]);
        let (key, public) = signed.ssh_key("key");
        write(sides.path("signers"), format!("bj\u{f6}rn@example.org {public}"));
        sides.git(&signed.code, &["config", "gpg.ssh.allowedSignersFile", text(&sides.path("signers"))]);
        sides.git(&signed.code, &["config", "i18n.logOutputEncoding", encoding]);
        signed.authors(&["bj\u{f6}rn@example.org"]);
        assert_eq!(signed.sends("a.md", text(&key)), None, "{encoding}");
    }
}

/// Keys of gpg in the home of a test. Its agent ends with this value.
struct Keys<'s>(&'s Signed);

impl<'s> Keys<'s> {
    /// `None` where there is no gpg.
    fn of(signed: &'s Signed) -> Option<Self> {
        let sides = &signed.sides;
        if !sides.command("gpg", sides.root()).arg("--version").output().is_ok_and(|o| o.status.success()) {
            eprintln!("SKIPPED: gpg is not installed, so no message is signed by OpenPGP");
            return None;
        }
        private(&sides.home().join(".gnupg"));
        Some(Self(signed))
    }

    /// gpg without a question.
    fn gpg(&self, words: &[&str]) -> String {
        let quiet = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        self.0.run(&[&quiet[..], words].concat())
    }

    /// A new key; its fingerprint.
    fn new_key(&self, uid: &str) -> String {
        self.gpg(&["--quick-gen-key", uid, "ed25519", "sign", "never"]);
        let listed = self.0.run(&["gpg", "--batch", "--with-colons", "--list-keys", uid]);
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }
}

fn private(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
}

impl Drop for Keys<'_> {
    fn drop(&mut self) {
        let mut command = self.0.sides.command("gpgconf", self.0.sides.root());
        let _ = command.args(["--kill", "gpg-agent"]).status();
    }
}

#[test]
fn a_message_signed_by_openpgp_counts_only_for_whom_the_key_is_of() {
    let signed = Signed::new();
    let sides = &signed.sides;
    let Some(keys) = Keys::of(&signed) else { return };
    let (bob, eve) = (keys.new_key("Bob Example <bob@example.org>"), keys.new_key("Eve <eve@example.org>"));
    assert_eq!(signed.sends("a.md", &bob), None);
    let why = signed.sends("b.md", &eve).unwrap();
    assert!(why.starts_with("Eve <eve@example.org> has signed what bob@example.org committed; "), "{why}");
    assert!(why.ends_with(&eve), "{why}");
    // As gpg prints it, in groups.
    let groups: Vec<_> =
        eve.to_ascii_lowercase().as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    signed.authors(&["bob@example.org", &groups.join(" ")]);
    assert_eq!(signed.pulls("b.md"), None);
    // Good, of a key in which nobody trusts.
    let mut command = sides.command("gpg", sides.root());
    command.args(["--batch", "--quiet", "--import-ownertrust"]);
    sides.run(command, format!("{bob}:2:\n").as_bytes()).ok();
    let why = signed.sends("c.md", &bob).unwrap();
    assert!(why.contains("nobody has said whose that is"), "{why}");
}

#[test]
fn a_name_that_somebody_has_given_to_their_own_key_is_not_theirs_for_that() {
    let signed = Signed::new();
    let sides = &signed.sides;
    let Some(keys) = Keys::of(&signed) else { return };
    let eve = keys.new_key("Eve <eve@example.org>");
    let ann = sides.path("ann");
    private(&ann);
    let export = || keys.gpg(&["--yes", "--armor", "--output", text(&sides.path("eve.asc")), "--export", &eve]);
    let import = || {
        sides.set("GNUPGHOME", &ann);
        keys.gpg(&["--import", text(&sides.path("eve.asc"))]);
    };
    // Ann has certified who Eve is, and nothing else.
    export();
    import();
    keys.new_key("Ann <ann@example.org>");
    keys.gpg(&["--yes", "--quick-lsign-key", &eve]);
    sides.unset("GNUPGHOME");
    keys.gpg(&["--quick-add-uid", &eve, "Bob <bob@example.org>"]);
    keys.gpg(&["--quick-set-primary-uid", &eve, "Bob <bob@example.org>"]);
    export();
    sides.git(&signed.desk, &["config", "user.signingKey", &eve]);
    sides.sends(&signed.desk, "a.md", "text\n");
    import();
    let why = signed.pulls("a.md").unwrap();
    assert!(why.contains("calls itself Bob <bob@example.org>, which nobody you trust has certified"), "{why}");
    signed.authors(&["bob@example.org", &eve]);
    assert_eq!(signed.pulls("a.md"), None, "by the key");
    // What Eve signs as Eve is hers, though her key calls itself something else first.
    signed.authors(&["eve@example.org"]);
    sides.unset("GNUPGHOME");
    sides.git(&signed.desk, &["config", "user.email", "eve@example.org"]);
    sides.sends(&signed.desk, "b.md", "text\n");
    sides.set("GNUPGHOME", &ann);
    assert_eq!(signed.pulls("b.md"), None);
}
