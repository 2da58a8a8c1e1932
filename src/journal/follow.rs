//! Waiting for new lines.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::files;
use super::lines::Forward;
use super::read::Row;
use crate::audit::line::Line;
use crate::fs::layout::Layout;
use crate::fs::{FsError, IoContext, private};

/// How long is slept where nobody tells that a file has changed.
const POLL: Duration = Duration::from_millis(500);
/// How long at most where somebody does: not every filesystem tells of everything.
const AT_MOST: Duration = Duration::from_secs(2);

/// A place in the journal that moves on with it, also when the file is turned over.
pub struct Follow {
    layout: Layout,
    /// The file that is read, and how far it was.
    file: Option<(File, u64)>,
    /// The last line that was given or passed over.
    seq: u64,
    changed: Option<(RecommendedWatcher, Receiver<()>)>,
}

impl Follow {
    /// Begins at the end of what is there now.
    ///
    /// # Errors
    /// Where a file is there and cannot be read.
    pub fn new(layout: &Layout) -> Result<Self, FsError> {
        let mut follow = Self { layout: layout.clone(), file: None, seq: 0, changed: None };
        follow.watch();
        // What is there is passed over; of the file that is written to, only its end has to be read.
        let last = super::newest(layout, 1, &mut |line| crate::audit::line::link(line))?;
        follow.seq = last.last().map_or(0, |(seq, _)| *seq);
        if let Some(file) = follow.open()? {
            let size = file.metadata().at("read", &layout.journal())?.len();
            // A line may be half-written at this moment: it is read from its beginning.
            let whole = super::lines::Backward::new(&file, size).at("read", &layout.journal())?.whole();
            follow.file = Some((file, whole));
        }
        Ok(follow)
    }

    /// Gives what was added since the last call, in order of writing. Where nothing was, this is one look at a file.
    ///
    /// # Errors
    /// Where a file is there and cannot be read.
    pub fn poll(&mut self, each: &mut dyn FnMut(Row<'_>)) -> Result<(), FsError> {
        let path = self.layout.journal();
        let now = std::fs::metadata(&path).ok();
        let same = match (&self.file, &now) {
            (Some((file, at)), Some(now)) => {
                let was = file.metadata().at("read", &path)?;
                let same = (was.ino(), was.dev()) == (now.ino(), now.dev());
                if same && now.len() == *at {
                    return Ok(());
                }
                same
            }
            (None, None) => return Ok(()),
            _ => false,
        };
        self.rest(each)?;
        if same {
            return Ok(());
        }
        // It was turned over, perhaps more than once. First the new one is opened, so that no file falls between.
        self.file = self.open()?.map(|file| (file, 0));
        let known = self.seq;
        for file in files::archived(&self.layout)?.into_iter().filter(|a| a.first > known) {
            let mut lines = file.lines()?;
            while let Some(piece) = lines.next()? {
                self.seq = give(piece.bytes, self.seq, each);
            }
        }
        self.rest(each)
    }

    /// Waits until something may have been added.
    pub fn wait(&mut self) {
        self.wait_at_most(AT_MOST);
    }

    /// The same, not longer than `most`.
    pub fn wait_at_most(&mut self, most: Duration) {
        if self.changed.is_none() {
            self.watch();
        }
        let gone = match &self.changed {
            Some((_, changed)) => match changed.recv_timeout(most.min(AT_MOST)) {
                Ok(()) => {
                    while changed.try_recv().is_ok() {}
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            },
            None => {
                std::thread::sleep(most.min(POLL));
                false
            }
        };
        if gone {
            self.changed = None;
        }
    }

    fn watch(&mut self) {
        let folder = self.layout.journal();
        let Some(folder) = folder.parent().filter(|f| f.is_dir()) else { return };
        let (tell, changed) = channel();
        let watcher = notify::recommended_watcher(move |_| {
            let _ = tell.send(());
        });
        if let Ok(mut watcher) = watcher
            && watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
        {
            self.changed = Some((watcher, changed));
        }
    }

    fn open(&self) -> Result<Option<File>, FsError> {
        match private::options().read(true).open(self.layout.journal()) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).at("open", &self.layout.journal()),
        }
    }

    /// What the file has beyond what was read.
    fn rest(&mut self, each: &mut dyn FnMut(Row<'_>)) -> Result<(), FsError> {
        let path = self.layout.journal();
        let Some((file, at)) = &mut self.file else { return Ok(()) };
        let mut from = &*file;
        from.seek(SeekFrom::Start(*at)).at("read", &path)?;
        let mut lines = Forward::new(from);
        while let Some(piece) = lines.next().at("read", &path)? {
            if !piece.whole {
                break;
            }
            *at += piece.bytes.len() as u64 + 1;
            self.seq = give(piece.bytes, self.seq, each);
        }
        Ok(())
    }
}

/// Gives a line whose number is higher than `seq`; the highest number so far.
fn give(bytes: &[u8], seq: u64, each: &mut dyn FnMut(Row<'_>)) -> u64 {
    match Line::parse(bytes) {
        Some(line) if line.seq > seq => {
            let seq = line.seq;
            each(Row { bytes, line });
            seq
        }
        _ => seq,
    }
}
