//! Lines of a file, forwards and backwards, in pieces of a fixed size: a file may be larger than memory, and so may a
//! line that is none of ours.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt as _;

use memchr::{memchr, memrchr};

/// How much is read at once, in bytes.
const BLOCK: usize = 256 * 1024;
/// Of a longer line only so much is looked at; none that we write is a tenth of it.
const LONGEST: usize = 1 << 20;

/// The lines of a stream.
pub(super) struct Forward<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    over: bool,
}

/// A line of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Its bytes without the line feed.
    pub(super) bytes: &'a [u8],
    /// Whether it ended with one; the last line of a file may not.
    pub(super) whole: bool,
}

impl<R: Read> Forward<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: vec![0; BLOCK], start: 0, end: 0, over: false }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let mut searched = 0;
        loop {
            let from = self.start;
            let found = memchr(b'\n', &self.buffer[from + searched..self.end]);
            if found.is_some() || self.over {
                let to = found.map_or(self.end, |at| from + searched + at);
                self.start = (to + 1).min(self.end);
                let any = found.is_some() || to > from;
                let bytes = &self.buffer[from..to.min(from + LONGEST)];
                return Ok(any.then_some(Piece { bytes, whole: found.is_some() }));
            }
            self.buffer.copy_within(from..self.end, 0);
            (self.start, self.end) = (0, (self.end - from).min(LONGEST));
            searched = self.end;
            if self.buffer.len() < self.end + BLOCK {
                self.buffer.resize(self.end + BLOCK, 0);
            }
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.over = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// The lines of a file from its end.
pub(super) struct Backward<'f> {
    file: &'f File,
    /// Everything from here on was read.
    from: u64,
    /// What was read; of it only the first `end` bytes were not given yet.
    buffer: Vec<u8>,
    end: usize,
}

impl<'f> Backward<'f> {
    /// The whole lines among the first `size` bytes: what stands behind the last line feed is none yet.
    pub(super) fn new(file: &'f File, size: u64) -> io::Result<Self> {
        let mut it = Self { file, from: size, buffer: Vec::new(), end: 0 };
        loop {
            if let Some(at) = memrchr(b'\n', &it.buffer[..it.end]) {
                it.end = at + 1;
                return Ok(it);
            }
            it.end = 0;
            if it.more()? == 0 {
                return Ok(it);
            }
        }
    }

    /// Where the last whole line ends.
    pub(super) fn whole(&self) -> u64 {
        self.from + self.end as u64
    }

    /// The line before the one that was given last, and where in the file it begins.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        // What is left ends with the line feed of the next one.
        let mut search = self.end.saturating_sub(1);
        loop {
            let found = memrchr(b'\n', &self.buffer[..search]);
            if found.is_some() || self.from == 0 {
                let (begin, end) = (found.map_or(0, |at| at + 1), self.end);
                self.end = begin;
                return Ok((end > 0).then(|| (self.from + begin as u64, &self.buffer[begin..end - 1])));
            }
            if self.end > LONGEST {
                // It is no line of ours; its end is enough to know that.
                (self.buffer[0], self.end) = (b'\n', 1);
            }
            search = self.more()?;
        }
    }

    /// Reads what stands before; how much that was.
    fn more(&mut self) -> io::Result<usize> {
        let size = usize::try_from(self.from).unwrap_or(BLOCK).min(BLOCK);
        let mut buffer = vec![0; size + self.end];
        self.file.read_exact_at(&mut buffer[..size], self.from - size as u64)?;
        buffer[size..].copy_from_slice(&self.buffer[..self.end]);
        self.from -= size as u64;
        self.end += size;
        self.buffer = buffer;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn forward(bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Forward::new(bytes);
        let mut all = Vec::new();
        while let Some(piece) = lines.next().unwrap() {
            all.push((piece.bytes.to_vec(), piece.whole));
        }
        all
    }

    fn backward(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut lines = Backward::new(&file, bytes.len() as u64).unwrap();
        let mut all = Vec::new();
        while let Some((at, line)) = lines.next().unwrap() {
            all.push((at, line.to_vec()));
        }
        all.reverse();
        all
    }

    #[test]
    fn a_line_that_is_too_long_takes_neither_memory_nor_its_neighbours() {
        let long = vec![b'x'; 5 * LONGEST];
        let text = [b"one\n".as_slice(), &long, b"\ntwo\n", &long].concat();
        let lines: Vec<_> = forward(&text).into_iter().map(|(l, whole)| (l.len(), whole)).collect();
        assert_eq!(lines, [(3, true), (LONGEST, true), (3, true), (LONGEST, false)]);
        let lines = backward(&text);
        assert_eq!((lines.len(), &lines[0].1, &lines[2].1), (3, &b"one".to_vec(), &b"two".to_vec()));
        assert!(lines[1].1.len() <= LONGEST + BLOCK);
        let mut reader = Forward::new(text.as_slice());
        while reader.next().unwrap().is_some() {}
        assert!(reader.buffer.len() <= LONGEST + 2 * BLOCK);
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same_lines(
            lens in prop::collection::vec(prop_oneof![0usize..40, 100_000usize..300_000], 0..12), ended in any::<bool>(),
        ) {
            let lines: Vec<Vec<u8>> =
                lens.iter().enumerate().map(|(n, len)| vec![b'a' + u8::try_from(n).unwrap(); *len]).collect();
            let mut text = lines.join(&b'\n');
            if ended && !lines.is_empty() {
                text.push(b'\n');
            }
            let expected: Vec<_> = text.split_inclusive(|b| *b == b'\n')
                .map(|l| (l.strip_suffix(b"\n").unwrap_or(l).to_vec(), l.ends_with(b"\n"))).collect();
            prop_assert_eq!(&forward(&text), &expected);
            let whole: Vec<_> = expected.into_iter().filter(|l| l.1).map(|l| l.0).collect();
            let found = backward(&text);
            prop_assert!(found.iter().all(|(at, l)| text[usize::try_from(*at).unwrap()..].starts_with(l)));
            prop_assert_eq!(found.into_iter().map(|l| l.1).collect::<Vec<_>>(), whole);
        }
    }
}
