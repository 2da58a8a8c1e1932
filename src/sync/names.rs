//! File names that say that the file holds secrets.

use std::path::Path;

/// Endings of key stores, private keys and state files that hold credentials.
const ENDINGS: [&str; 11] =
    [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".ovpn", ".tfstate", ".tfstate.backup"];
/// Whole names of credential files of the usual tools.
const NAMES: [&str; 18] = [
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".dockercfg",
    ".vault-token",
    "kubeconfig",
    "credentials.json",
    "client_secret.json",
    "service-account.json",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ed25519_sk",
];
/// A folder and a name in it.
const PLACES: [(&str, &str); 6] = [
    (".aws", "credentials"),
    (".kube", "config"),
    (".docker", "config.json"),
    (".ssh", "config"),
    ("gcloud", "application_default_credentials.json"),
    (".config/gh", "hosts.yml"),
];
/// Last parts of a `.env` file's name that say it is a pattern to copy, not a secret.
const PATTERNS: [&str; 7] = ["example", "sample", "template", "dist", "defaults", "test", "schema"];

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
    NAMES.contains(&name)
        || ENDINGS.iter().any(|e| name.ends_with(e))
        || PLACES.iter().any(|(folder, file)| {
            let place = format!("{folder}/{file}");
            whole == place || whole.ends_with(&format!("/{place}"))
        })
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
            "kube/config",
        ] {
            assert!(!says_secret(Path::new(no)), "{no}");
        }
    }
}
