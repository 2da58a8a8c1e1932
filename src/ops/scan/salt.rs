//! The random bytes in fingerprints: made once, and never again.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::context::Context;
use crate::fs::layout::repo_key;
use crate::fs::{FsError, IoContext, atomic, private};
use crate::locate::Location;
use crate::scan::Salt;

/// How many bytes.
const LENGTH: usize = 16;

/// The salt of a repository.
///
/// # Errors
/// Where it cannot be read or made.
pub(crate) fn of_repository(ctx: &Context, at: &Location) -> Result<Salt, FsError> {
    keep(ctx, &ctx.layout.repo(&repo_key(&at.common_dir)).scan_salt())
}

/// The salt for what is in no repository.
///
/// # Errors
/// As [`of_repository`].
pub(super) fn of_user(ctx: &Context) -> Result<Salt, FsError> {
    keep(ctx, &ctx.layout.scan_salt())
}

/// One that holds for this run only.
pub(crate) fn passing(ctx: &Context) -> Salt {
    Salt::new(bytes(ctx))
}

fn bytes(ctx: &Context) -> Vec<u8> {
    let mut dice = ctx.dice();
    (0..LENGTH / 4).flat_map(|_| dice.token().to_le_bytes()).collect()
}

fn keep(ctx: &Context, path: &Path) -> Result<Salt, FsError> {
    for _ in 0..2 {
        match private::read(path)? {
            Some(bytes) if bytes.len() == LENGTH => return Ok(Salt::new(bytes)),
            // No process of ours leaves such a one, and what was allowed under it is lost.
            Some(_) => atomic::store(path, &bytes(ctx), atomic::Durability::Full)?,
            None => make(path, &bytes(ctx))?,
        }
    }
    Err(std::io::Error::from(ErrorKind::InvalidData)).at("read", path)
}

/// Makes the file whole or not at all; that somebody else was faster is as good.
fn make(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let temporary = atomic::temporary_beside(path);
    let mut file = private::open(&temporary, private::options().write(true).create_new(true))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).at("write", &temporary)?;
    let linked = std::fs::hard_link(&temporary, path);
    let _ = std::fs::remove_file(&temporary);
    match linked {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e).at("create", path),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn a_salt_is_made_once_and_a_damaged_one_anew() {
        let tmp = tempfile::tempdir().unwrap();
        let ctx = Context::new(Env::from_pairs([("CLAUDE_CONFIG_DIR", tmp.path().as_os_str())])).unwrap();
        let path = ctx.layout.scan_salt();
        let salt = of_user(&ctx).unwrap();
        assert_eq!(of_user(&ctx).unwrap(), salt);
        assert_ne!(passing(&ctx), salt);
        // Whoever comes second takes what is there.
        make(&path, &[7; LENGTH]).unwrap();
        assert_eq!(of_user(&ctx).unwrap(), salt);
        atomic::create(&path, b"short").unwrap();
        let anew = of_user(&ctx).unwrap();
        assert!(anew != salt && anew.bytes().len() == LENGTH);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing beside it");
    }
}
