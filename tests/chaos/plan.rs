//! What happens in a world, drawn from a seed before it begins.
//!
//! A step says "the n-th file there is", not a name, so that the rest of a plan still means something
//! when steps are taken out of it.

/// A generator of numbers whose sequence will never change with a library (splitmix64).
pub struct Draw(u64);

impl Draw {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..sides`.
    pub fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides as u64).unwrap()
    }

    pub fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// What a user does with files.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// A new file, or another content for the one that is there.
    Write,
    /// Another text in one line.
    Line(usize),
    /// A line at the end.
    Append,
    Delete,
    /// A file gets another name.
    Rename(usize),
    /// The executable bit is turned.
    Mode,
    /// A symlink, perhaps to nowhere.
    Link,
    /// A file of some size that is no text.
    Binary,
}

/// A file: whose it is and which of those there are, or which name.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// In a folder that only this clone's user touches.
    pub own: bool,
    pub pick: usize,
}

/// What makes the engine run.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// `craft auto-sync force …`
    Force(&'static str),
    Start,
    End,
    Prompt,
}

/// How the remote answers from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Fine,
    /// The repository is not there.
    Away,
    /// A receive hook says no.
    Rejects,
    /// The remote's side dies before it has taken anything.
    DiesBefore,
    /// The remote's side dies when it has taken all, and before it has said so.
    DiesAfter,
    /// It accepts and never answers.
    Hangs,
}

/// One step.
#[derive(Debug, Clone)]
pub enum Step {
    Edit {
        clone: usize,
        spot: Spot,
        change: Change,
    },
    /// `git add` of one file.
    Stage {
        clone: usize,
        pick: usize,
    },
    /// `git commit` by hand of all there is.
    Commit {
        clone: usize,
    },
    /// `git push` by hand.
    Push {
        clone: usize,
    },
    /// The engine runs once, perhaps to a step at which it is killed (an index into the list of them).
    Sync {
        clone: usize,
        run: Run,
        kill: Option<usize>,
    },
    /// SIGKILL after so many milliseconds: for ours only, or as in a power cut for git too.
    Cut {
        clone: usize,
        run: Run,
        after: u64,
        git_too: bool,
    },
    /// As in a power cut, `force` and its git die in the middle of a checkout, when so many shared files are written.
    Tear {
        clone: usize,
        after: usize,
    },
    /// As in a power cut, `force` and its git die when git holds the lock of a ref below `refs`.
    Snap {
        clone: usize,
        refs: &'static str,
    },
    /// The engine runs once while one side of the remote accepts and never answers.
    Hang {
        clone: usize,
        run: Run,
        side: &'static str,
    },
    /// `craft auto-sync undo`, perhaps to a step at which it is killed.
    Undo {
        clone: usize,
        kill: Option<usize>,
    },
    /// All at once, while users go on with files of their own.
    Together {
        runs: Vec<(usize, Run)>,
        edits: Vec<(usize, Spot, Change)>,
    },
    /// A user settles a conflict by hand: a plain merge in which the own side wins.
    Settle {
        clone: usize,
    },
    Network(Network),
    /// Faults stop, and all clones must come to agree.
    Converge,
}

/// What happens in one world.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub clones: usize,
    /// Whether a conflict is also pushed to a branch of its own.
    pub branch_policy: bool,
    /// Each with its number in the full plan.
    pub steps: Vec<(usize, Step)>,
}

/// Steps between two times at which faults stop.
const EPISODE: usize = 25;

impl Plan {
    /// The plan of a seed. `kills` is how many steps of the engine have names.
    pub fn new(seed: u64, steps: usize, kills: usize) -> Self {
        let mut draw = Draw::new(seed);
        let clones = 2 + draw.below(4);
        let branch_policy = draw.below(3) == 0;
        let steps = (0..steps).map(|n| {
            let step = step(&mut draw, clones, kills);
            (n, if n % EPISODE == EPISODE - 1 { Step::Converge } else { step })
        });
        Self { seed, clones, branch_policy, steps: steps.collect() }
    }

    /// The same plan with only the steps that `kept` names by their numbers.
    pub fn keep(&self, kept: &[usize]) -> Self {
        let steps = self.steps.iter().filter(|(n, _)| kept.contains(n)).cloned().collect();
        Self { steps, ..self.clone() }
    }

    pub fn numbers(&self) -> Vec<usize> {
        self.steps.iter().map(|(n, _)| *n).collect()
    }
}

fn step(draw: &mut Draw, clones: usize, kills: usize) -> Step {
    let clone = draw.below(clones);
    match draw.below(100) {
        0..41 => Step::Edit { clone, spot: spot(draw), change: change(draw) },
        41..44 => Step::Stage { clone, pick: draw.below(1000) },
        44..48 => Step::Commit { clone },
        48..50 => Step::Push { clone },
        50..62 => Step::Sync { clone, run: run(draw), kill: None },
        62..73 => Step::Sync { clone, run: run(draw), kill: Some(draw.below(kills)) },
        73..81 => {
            let (run, after) = (run(draw), draw.below(150) as u64);
            Step::Cut { clone, run, after, git_too: draw.below(2) == 0 }
        }
        81..85 => {
            let runs = (0..2 + draw.below(3)).map(|_| (draw.below(clones), run(draw))).collect();
            let own = |draw: &mut Draw| Spot { own: true, ..spot(draw) };
            let edits = (0..draw.below(4)).map(|_| (draw.below(clones), own(draw), change(draw))).collect();
            Step::Together { runs, edits }
        }
        85..88 => Step::Tear { clone, after: draw.below(3) },
        88..91 => Step::Snap { clone, refs: draw.of(&["refs/remotes/", "refs/craft/", "refs/heads/"]) },
        91..92 => Step::Hang { clone, run: run(draw), side: draw.of(&["upload", "receive"]) },
        92..94 => {
            let kill = (draw.below(3) == 0).then(|| draw.below(kills));
            Step::Undo { clone, kill }
        }
        94..96 => Step::Settle { clone },
        _ => Step::Network(draw.of(&[
            Network::Fine,
            Network::Fine,
            Network::Away,
            Network::Rejects,
            Network::DiesBefore,
            Network::DiesAfter,
        ])),
    }
}

fn spot(draw: &mut Draw) -> Spot {
    Spot { own: draw.below(3) == 0, pick: draw.below(1000) }
}

fn change(draw: &mut Draw) -> Change {
    match draw.below(20) {
        0..6 => Change::Write,
        6..12 => Change::Line(draw.below(1000)),
        12..14 => Change::Append,
        14..15 => Change::Delete,
        15..17 => Change::Rename(draw.below(1000)),
        17..18 => Change::Mode,
        18..19 => Change::Link,
        _ => Change::Binary,
    }
}

fn run(draw: &mut Draw) -> Run {
    match draw.below(10) {
        0..3 => Run::Force("sync"),
        3..4 => Run::Force("pull"),
        4..5 => Run::Force("push"),
        5..7 => Run::Start,
        7..9 => Run::End,
        _ => Run::Prompt,
    }
}
