//! File names that say that the file holds secrets, and beginnings of files that say what they are.

use std::path::Path;

/// Endings of key stores, private keys, password databases and state files that hold credentials.
const ENDINGS: [&str; 22] = [
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".bks",
    ".keystore",
    ".keychain",
    ".keychain-db",
    ".kdb",
    ".kdbx",
    ".agilekeychain",
    ".opvault",
    ".psafe3",
    ".ppk",
    ".ovpn",
    ".tfstate",
    ".tfstate.backup",
    ".auto.tfvars",
    ".auto.tfvars.json",
    ".mobileprovision",
    ".kubeconfig",
];
/// Whole names of credential files of the usual tools, of private keys, and of what shells and databases remember
/// of what was typed.
const NAMES: [&str; 58] = [
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".pypirc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".htpasswd",
    ".dockercfg",
    ".dockerconfigjson",
    ".vault-token",
    ".vault_pass",
    ".vault_pass.txt",
    ".vault-pass",
    ".vault-password",
    ".vault_password",
    "vault_pass.txt",
    "vault-password-file",
    ".s3cfg",
    ".boto",
    ".passwd-s3fs",
    ".terraformrc",
    "terraform.rc",
    "kubeconfig",
    "credentials.json",
    "client_secret.json",
    "client_secrets.json",
    "service-account.json",
    "service_account.json",
    "serviceaccount.json",
    "application_default_credentials.json",
    "azureprofile.json",
    "accesstokens.json",
    "msal_token_cache.json",
    ".credentials.json",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "ssh_host_rsa_key",
    "ssh_host_ed25519_key",
    "ssh_host_ecdsa_key",
    "login.keychain",
    "logins.json",
    "key3.db",
    "key4.db",
    "cert9.db",
    ".bash_history",
    ".zsh_history",
    ".sh_history",
    ".mysql_history",
    ".psql_history",
    ".python_history",
    ".node_repl_history",
    ".rediscli_history",
];
/// A folder and a name in it.
const PLACES: [(&str, &str); 26] = [
    (".aws", "credentials"),
    (".aws/cli/cache", "*"),
    (".aws/sso/cache", "*"),
    (".kube", "config"),
    (".docker", "config.json"),
    (".ssh", "config"),
    (".ssh", "identity"),
    (".gnupg", "secring.gpg"),
    (".gnupg/private-keys-v1.d", "*"),
    ("gcloud", "credentials.db"),
    ("gcloud", "access_tokens.db"),
    (".config/gh", "hosts.yml"),
    (".config/hub", "*"),
    (".config/glab-cli", "config.yml"),
    (".config/rclone", "rclone.conf"),
    (".cargo", "credentials"),
    (".cargo", "credentials.toml"),
    (".gem", "credentials"),
    (".m2", "settings-security.xml"),
    (".composer", "auth.json"),
    (".azure", "service_principal_entries.json"),
    (".config/doctl", "config.yaml"),
    // Rails: what decrypts all credentials of the application.
    ("config", "master.key"),
    ("user data/default", "login data"),
    ("user data/default", "cookies"),
    (".terraform.d", "credentials.tfrc.json"),
];
/// Last parts of a `.env` file's name that say it is a pattern to copy, not a secret.
const PATTERNS: [&str; 9] = ["example", "sample", "template", "tmpl", "dist", "defaults", "test", "schema", "md"];
/// Names that end like a key and hold text, translations or settings of a keyboard.
const NO_KEYS: [&str; 4] = ["keyboard.key", "public.key", "pub.key", "pubkey.pem"];

/// Whether the name of `path` says that it holds secrets. Upper and lower case are the same.
#[must_use]
pub fn says_secret(path: &Path) -> bool {
    let whole = path.to_string_lossy().to_lowercase();
    let name = whole.rsplit('/').next().unwrap_or(&whole);
    if name == ".env" || name == ".envrc" {
        return true;
    }
    if let Some(rest) = name.strip_prefix(".env.") {
        return !rest.rsplit('.').next().is_some_and(|last| PATTERNS.contains(&last));
    }
    if NO_KEYS.contains(&name) {
        return false;
    }
    NAMES.contains(&name)
        || ENDINGS.iter().any(|e| name.ends_with(e))
        || PLACES.iter().any(|(folder, file)| {
            let below = whole.strip_suffix(name).unwrap_or_default().trim_end_matches('/');
            (*file == "*" || *file == name) && (below == *folder || below.ends_with(&format!("/{folder}")))
        })
}

/// What the first bytes of a file say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The memory of a program that crashed.
    CoreDump,
    /// A database.
    Database,
    /// A store of keys or passwords.
    KeyStore,
}

/// How many bytes [`content`] wants.
pub const BEGINNING: usize = 32;

/// What a file with this name is that begins so. A name like `core` says nothing by itself: it is a folder or a
/// module as often as a dump.
#[must_use]
pub fn content(beginning: &[u8]) -> Option<Content> {
    // ELF: e_type, in the byte order that the sixth byte tells, is ET_CORE (4).
    if let [0x7f, b'E', b'L', b'F', _, order, ..] = beginning
        && let Some([low, high]) = beginning.get(16..18)
        && [*low, *high] == if *order == 2 { [0, 4] } else { [4, 0] }
    {
        return Some(Content::CoreDump);
    }
    // Windows: a minidump.
    if beginning.starts_with(b"MDMP") {
        return Some(Content::CoreDump);
    }
    if beginning.starts_with(b"SQLite format 3\0") || beginning.get(4..19) == Some(b"Standard Jet DB") {
        return Some(Content::Database);
    }
    // A Java key store, and KeePass.
    let stores: [&[u8]; 2] = [&[0xfe, 0xed, 0xfe, 0xed], &[0x03, 0xd9, 0xa2, 0x9a]];
    stores.iter().any(|s| beginning.starts_with(s)).then_some(Content::KeyStore)
}

/// Device names that Windows reserves, with any ending.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// Whether Windows cannot hold a file of this name, so that a clone there would fail.
#[must_use]
pub fn windows_cannot_hold(path: &Path) -> bool {
    path.to_string_lossy().split('/').any(|part| {
        let stem = part.split('.').next().unwrap_or(part).to_lowercase();
        let device = RESERVED.iter().any(|r| match stem.strip_prefix(r) {
            Some("") => r.len() == 3 && !matches!(*r, "com" | "lpt"),
            Some(digit) => matches!(*r, "com" | "lpt") && digit.len() == 1 && digit.bytes().all(|b| b.is_ascii_digit()),
            None => false,
        });
        let odd = |c: char| c.is_ascii_control() || "<>:\"|?*\\".contains(c);
        device || part.ends_with(['.', ' ']) || part.contains(odd)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_refuses_are_known() {
        for yes in ["a:b", "x/aux.txt", "NUL", "com1", "end.", "end /x", "what?", "new\nline", "a\\b"] {
            assert!(windows_cannot_hold(Path::new(yes)), "{yes}");
        }
        for no in ["console.rs", "com10", "auxiliary", ".gitignore", "a b/c.d", "ünï.txt", "nul_/x"] {
            assert!(!windows_cannot_hold(Path::new(no)), "{no}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_names_and_look_alikes_are_not() {
        for yes in [
            ".env",
            "a/.env.production",
            ".ENV.local",
            "keys/id_rsa",
            "x/server.PEM",
            ".aws/credentials",
            "h/.kube/config",
            "prod.tfstate",
            "infra/prod.auto.tfvars",
            "h/.cargo/credentials.toml",
            "app/config/master.key",
            ".config/gh/hosts.yml",
            "h/.config/rclone/rclone.conf",
            ".aws/sso/cache/x.json",
            "Library/login.keychain-db",
            "vault.kdbx",
            ".psql_history",
            "profile/key4.db",
            "ansible/.vault_pass",
            ".s3cfg",
        ] {
            assert!(says_secret(Path::new(yes)), "{yes}");
        }
        for no in [
            ".env.example",
            "a/.env.local.sample",
            "id_rsa.pub",
            "environment.ts",
            "config",
            "src/credentials.rs",
            "keyboard.rs",
            "keyboard.key",
            "kube/config",
            "core",
            "core/mod.rs",
            "core.rs",
            "core.1234",
            "terraform.tfvars",
            "wp-config.php",
            "src/history.rs",
            "docs/.env.md",
            "mykeys/hosts.yml",
            "gh/hosts.yml",
            "config/master.keys",
            "aws/credentials",
            "locale/de.keys.json",
            "data.db",
            "certs/public.key",
        ] {
            assert!(!says_secret(Path::new(no)), "{no}");
        }
    }

    #[test]
    fn core_dumps_databases_and_key_stores_are_known_by_how_they_begin() {
        let elf = |order: u8, kind: [u8; 2]| [&[0x7f, b'E', b'L', b'F', 2, order], [0; 10].as_slice(), &kind].concat();
        assert_eq!(content(&elf(1, [4, 0])), Some(Content::CoreDump));
        assert_eq!(content(&elf(2, [0, 4])), Some(Content::CoreDump));
        assert_eq!(content(b"SQLite format 3\0\x10\0"), Some(Content::Database));
        assert_eq!(content(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]), Some(Content::KeyStore));
        // A program, a library, and text.
        for no in
            [elf(1, [2, 0]), elf(1, [3, 0]), elf(2, [4, 0]), b"SQLite format".to_vec(), vec![], b"\x7fELF".to_vec()]
        {
            assert_eq!(content(&no), None);
        }
    }
}
