//! The log of syncs, read from its end.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use crate::context::Context;
use crate::fs::{FsError, IoContext};
use crate::sync::outcome::Report;

/// How much is read at once, in bytes.
const BLOCK: u64 = 64 * 1024;

/// The last `count` syncs, newest last, and how many damaged lines were passed over among them. A
/// line that is being written at this moment has no end yet and is not counted.
///
/// # Errors
/// Where the log is there and cannot be read.
pub fn tail(ctx: &Context, count: usize) -> Result<(Vec<Report>, usize), FsError> {
    let path = ctx.layout.sync_log();
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(e) => return Err(e).at("open", &path),
    };
    let mut from = file.seek(SeekFrom::End(0)).at("read", &path)?;
    let mut text: Vec<u8> = Vec::new();
    let (mut reports, mut damaged) = (Vec::new(), 0);
    loop {
        let size = from.min(BLOCK);
        from -= size;
        file.seek(SeekFrom::Start(from)).at("read", &path)?;
        let mut block = Vec::new();
        file.by_ref().take(size).read_to_end(&mut block).at("read", &path)?;
        block.extend_from_slice(&text);
        text = block;
        // The first line may have begun before this block, unless the block begins the file.
        let whole = if from == 0 { 0 } else { text.iter().position(|b| *b == b'\n').map_or(text.len(), |n| n + 1) };
        let rest = text.split_off(whole);
        for line in rest[..last_end(&rest)].split(|b| *b == b'\n').rev().filter(|l| !l.trim_ascii().is_empty()) {
            if reports.len() == count {
                break;
            }
            match serde_json::from_slice(line) {
                Ok(report) => reports.push(report),
                Err(_) => damaged += 1,
            }
        }
        if from == 0 || reports.len() == count {
            reports.reverse();
            return Ok((reports, damaged));
        }
    }
}

fn last_end(text: &[u8]) -> usize {
    text.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::fs::atomic;

    fn line(number: u64) -> String {
        format!(
            r#"{{"repository":"/r","branch":"main","action":"sync","trigger":"manual","end":{{"status":"done"}},"ended":{number},"durationMs":1}}"#
        )
    }

    fn context() -> (tempfile::TempDir, Context) {
        let tmp = tempfile::tempdir().unwrap();
        let ctx = Context::new(Env::from_pairs([("CLAUDE_CONFIG_DIR", tmp.path().as_os_str())])).unwrap();
        (tmp, ctx)
    }

    fn ended(ctx: &Context, count: usize) -> Vec<u64> {
        tail(ctx, count).unwrap().0.iter().map(|r| r.ended).collect()
    }

    #[test]
    fn the_last_lines_come_newest_last_and_damaged_ones_are_passed_over() {
        let (_tmp, ctx) = context();
        assert_eq!(tail(&ctx, 20).unwrap(), (Vec::new(), 0));
        let text = format!("{}\n{{\"repository\":\n\u{0}\n{}\n\n{}\n{}", line(1), line(2), line(3), &line(4)[..40]);
        atomic::create(&ctx.layout.sync_log(), text.as_bytes()).unwrap();
        assert_eq!(ended(&ctx, 2), [2, 3]);
        assert_eq!(ended(&ctx, 20), [1, 2, 3]);
        assert_eq!(tail(&ctx, 20).unwrap().1, 2);
        assert_eq!(ended(&ctx, 0), [0; 0]);
    }

    #[test]
    fn a_log_larger_than_one_block_is_read_across_the_seams() {
        let (_tmp, ctx) = context();
        let text: String = (0..5000).map(|n| line(n) + "\n").collect();
        assert!(text.len() as u64 > 5 * BLOCK);
        atomic::create(&ctx.layout.sync_log(), text.as_bytes()).unwrap();
        assert_eq!(ended(&ctx, 3), [4997, 4998, 4999]);
        assert_eq!(ended(&ctx, 4000), (1000..5000).collect::<Vec<_>>());
        assert_eq!(tail(&ctx, 9999).unwrap().0.len(), 5000);
        assert_eq!(tail(&ctx, 9999).unwrap().1, 0);
    }
}
