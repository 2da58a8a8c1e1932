//! What each hook does, with everything it touches passed in.

mod beacon;
mod plan;
mod standing;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Clock, Millis};
use crate::config::{ConfigError, Policy, policy};
use crate::diagnostics;
use crate::dice::Dice;
use crate::env::{self, Env};
use crate::fs::layout::{Layout, RepoFiles, repo_key};
use crate::hook::deadline::Deadline;
use crate::hook::event::{Event, Name};
use crate::hook::{answer, client, complaint, output, stdin, wire};
use crate::locate::{self, Location};
use crate::queue::{self, Request};
use crate::state::announcement::{self, Taken};
use crate::state::due;
use crate::state::heartbeat::{self, Heartbeat};
use crate::state::notice::{self, Notice};
use crate::state::session::{self, Session};
use crate::state::tick::{self, Claim};
use crate::trigger::{self, Circumstances, Decision, Run, Why};

pub use plan::stop;
use standing::Standing;

/// How often a hook that waits looks for the answer.
const LOOK: Duration = Duration::from_millis(2);

/// Starts the worker; the second value says that this process stays to wait for it.
pub type StartWorker<'a> = dyn FnMut(&Env, bool) -> io::Result<()> + 'a;

/// A hook's seams to the outside.
pub struct Hook<'a, C> {
    /// The environment.
    pub env: &'a Env,
    /// The clock.
    pub clock: &'a C,
    /// The dice.
    pub dice: &'a mut Dice,
    /// Where the event comes from.
    pub stdin: &'a mut File,
    /// Where the output goes.
    pub stdout: &'a mut dyn Write,
    /// How the worker is started.
    pub start_worker: &'a mut StartWorker<'a>,
    /// What is measured: set where this hook holds the session for more than a look.
    pub held: Option<Held>,
}

/// A hook that holds the session, but for how long it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where our files are.
    pub layout: Layout,
    /// The event.
    pub name: Name,
    /// The session.
    pub session: Option<String>,
    /// The repository's common folder.
    pub common_dir: PathBuf,
}

/// `SessionStart`: registers the session, asks for a pull, waits for the answer as long as the budget
/// allows, and tells it together with what has been waiting to be told.
///
/// In any repository with a plan or a beacon, it is told how those stand.
pub fn session_start<C: Clock>(hook: &mut Hook<'_, C>) {
    let here = match hook.arrive(Name::SessionStart) {
        Arrival::Here(here) => here,
        Arrival::Stranger(layout, location, event) => {
            let standing = standing::of(&layout, &location, &event, None, hook.clock.now_ms());
            let _ = hook.print_with(Name::SessionStart, &standing.notices(), false, standing.model());
            return;
        }
        Arrival::Broken(layout, error) => {
            if let Some(user) = complaint::once(&layout, &error) {
                let _ = hook.print(Name::SessionStart, &[Notice { user, model: String::new() }], false);
            }
            return;
        }
        Arrival::Nothing => return,
    };
    if !here.policy.is_on() {
        let standing = here.standing();
        let _ = hook.print_with(Name::SessionStart, &standing.notices(), false, standing.model());
        return;
    }
    hook.holds(&here);
    hook.register(&here);
    let request = match hook.decide(&here) {
        Decision::Run(run) => hook.ask(&here, run),
        Decision::Skip(why) => {
            // With this trigger off nothing is pulled, but what others left behind is still taken up.
            if why == Why::TriggerOff {
                hook.start(&here, false);
            }
            None
        }
    };
    let answered = request.and_then(|request| wait(&here, &request));
    let mut notices = hook.waiting(&here);
    notices.extend(answered.into_iter().flat_map(|a| a.notices));
    // Read last: the pull may have brought it.
    let standing = here.standing();
    hook.tell(Name::SessionStart, &here, &notices, &standing);
}

/// `SessionEnd`: asks for a push and forgets the session. Prints nothing, ever.
pub fn session_end<C: Clock>(hook: &mut Hook<'_, C>) {
    let Arrival::Here(here) = hook.arrive(Name::SessionEnd) else { return };
    let decision = hook.decide(&here);
    if let Decision::Run(run) = decision {
        // As long as the request is not on disk, the registered session is what tells of the work.
        let Some(_) = hook.push(&here, run) else { return };
        hook.forget(&here);
        hook.start(&here, false);
    } else {
        hook.forget(&here);
    }
}

/// `UserPromptSubmit`: asks for a sync now and then, and tells what has been waiting to be told. Registers
/// the session where nobody has.
pub fn prompt_sync<C: Clock>(hook: &mut Hook<'_, C>) {
    let Arrival::Here(here) = hook.arrive(Name::UserPromptSubmit) else { return };
    // A session that began before its repository was enrolled would not be missed if its client were killed.
    let known = here.event.session.as_ref().is_none_or(|id| session::known(&here.layout, id));
    if !known && here.policy.is_on() && here.event.agent_id.is_none() {
        hook.register(&here);
    }
    match hook.decide(&here) {
        // What a subagent or a command of ours would be told is not for it.
        Decision::Skip(trigger::Why::Off | trigger::Why::OwnCommand | trigger::Why::Subagent) => return,
        Decision::Skip(_) => {}
        Decision::Run(run) => {
            hook.holds(&here);
            drop(hook.ask(&here, run));
        }
    }
    let notices = hook.waiting(&here);
    hook.tell(Name::UserPromptSubmit, &here, &notices, &Standing::default());
}

/// Where an event happened and what holds there.
struct Here {
    layout: Layout,
    location: Location,
    files: RepoFiles,
    policy: Policy,
    event: Event,
    name: Name,
    now: Millis,
}

enum Arrival {
    /// No event of ours, or in no repository.
    Nothing,
    /// In a repository that is not enrolled.
    Stranger(Layout, Location, Event),
    /// In a repository, but the configuration cannot be understood.
    Broken(Layout, ConfigError),
    /// In an enrolled repository.
    Here(Box<Here>),
}

impl<C: Clock> Hook<'_, C> {
    fn arrive(&mut self, name: Name) -> Arrival {
        let Some((layout, event)) = self.hear(name) else { return Arrival::Nothing };
        self.start_due_jobs(&layout, name, &event);
        let Some(location) = folder(&event).and_then(|cwd| locate::locate(&cwd)) else { return Arrival::Nothing };
        match policy::at(&layout, &location) {
            Ok(None) => Arrival::Stranger(layout, location, event),
            Ok(Some(policy)) => {
                let files = layout.repo(&repo_key(&location.common_dir));
                let now = self.clock.now_ms();
                Arrival::Here(Box::new(Here { layout, location, files, policy, event, name, now }))
            }
            Err(error) => {
                self.log(&layout, name, &error.to_string());
                Arrival::Broken(layout, error)
            }
        }
    }

    /// The event, where it is one of `name` and anything is to be done at all.
    fn hear(&mut self, name: Name) -> Option<(Layout, Event)> {
        if self.env.switch(env::CRAFT_DISABLE) {
            return None;
        }
        let layout = Layout::from_env(self.env)?;
        let heard = stdin::first_object(self.stdin, stdin::PATIENCE).map_err(|trouble| trouble.to_string());
        let heard = heard.and_then(|object| wire::parse(&object).ok_or("what is on stdin is no JSON".into()));
        let heard =
            heard.and_then(|wire| Event::understand(name, wire).ok_or("the event on stdin is another one".into()));
        match heard {
            Ok(event) => self.beat(&layout, name, &event).then_some((layout, event)),
            Err(text) => {
                self.puzzled(&layout, name, &text);
                None
            }
        }
    }

    /// From here on the session waits for more than a look: how long is measured.
    fn holds(&mut self, here: &Here) {
        self.held = Some(Held {
            layout: here.layout.clone(),
            name: here.name,
            session: here.event.session.clone(),
            common_dir: here.location.common_dir.clone(),
        });
    }

    /// Starts the worker where a recurring job is due, whatever folder the session is in: the file that says so is
    /// there only while the user has the scheduler switched on. A request of this hook has a worker of its own, which
    /// no job holds up.
    fn start_due_jobs(&mut self, layout: &Layout, name: Name, event: &Event) {
        let occasion = matches!(name, Name::SessionStart | Name::UserPromptSubmit) && event.agent_id.is_none();
        if !occasion || !due::read(&layout.due()).is_some_and(|due| due.has_come(self.clock.now_ms())) {
            return;
        }
        // A hook of a starting session stays to wait for its pull.
        if let Err(error) = (self.start_worker)(self.env, name == Name::SessionStart) {
            self.log(layout, name, &format!("cannot start the worker: {error}"));
        }
    }

    fn beat(&self, layout: &Layout, name: Name, event: &Event) -> bool {
        let beat = Heartbeat {
            version: 1,
            at: self.clock.now_ms(),
            craft: env!("CARGO_PKG_VERSION").to_owned(),
            program: std::env::current_exe().unwrap_or_default(),
            session: event.session.clone().unwrap_or_default(),
            folder: event.cwd.clone().unwrap_or_default(),
        };
        heartbeat::beat(layout, name, &beat)
    }

    /// Logs what was wrong with the input, where the suite is in use: nobody else wants our files.
    fn puzzled(&self, layout: &Layout, name: Name, text: &str) {
        if layout.config().exists() {
            self.log(layout, name, text);
        }
    }

    fn log(&self, layout: &Layout, name: Name, text: &str) {
        diagnostics::log(layout, self.clock, name.word(), text);
    }

    /// Logs the error of something that the hook goes on without.
    fn noted<T, E: std::fmt::Display>(&self, here: &Here, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|e| self.log(&here.layout, here.name, &e.to_string())).ok()
    }

    fn decide(&mut self, here: &Here) -> Decision {
        let mut circumstances = Recorded { here, dice: self.dice, errors: Vec::new() };
        let decision = trigger::decide(&here.event, &here.policy, &mut circumstances);
        for error in circumstances.errors {
            self.log(&here.layout, here.name, &error);
        }
        decision
    }

    /// Puts a request into the queue and starts the worker; the request, if an answer will come.
    fn ask(&mut self, here: &Here, run: Run) -> Option<Request> {
        let request = self.push(here, run)?;
        let started = self.start(here, request.wants_answer);
        (started && request.wants_answer).then_some(request)
    }

    fn push(&mut self, here: &Here, run: Run) -> Option<Request> {
        let session = here.event.session.clone();
        let mut request = Request::new(&here.location, run.trigger, run.action, session, here.now, self.dice);
        request.wants_answer = run.budget_ms > 0;
        self.noted(here, queue::push(&here.layout, &request)).map(|()| request)
    }

    /// Starts the worker; where that fails, the request waits for the next one.
    fn start(&mut self, here: &Here, starter_stays: bool) -> bool {
        let started = (self.start_worker)(self.env, starter_stays);
        self.noted(here, started.map_err(|e| format!("cannot start the worker: {e}"))).is_some()
    }

    fn register(&self, here: &Here) {
        let Some(id) = here.event.session.clone() else { return };
        let pid = client::process(self.env);
        let session = Session {
            version: 1,
            id,
            pid,
            pid_started: session::process_started(pid),
            host: session::host_name(),
            worktree: here.location.worktree.clone(),
            git_dir: here.location.git_dir.clone(),
            common_dir: here.location.common_dir.clone(),
            started: here.now,
        };
        self.noted(here, session::register(&here.layout, &session));
    }

    fn forget(&self, here: &Here) {
        if let Some(id) = &here.event.session {
            self.noted(here, session::forget(&here.layout, id));
        }
    }

    /// What has been waiting to be told in this repository.
    fn waiting(&self, here: &Here) -> Vec<Notice> {
        self.noted(here, notice::take(&here.files.notices())).unwrap_or_default()
    }

    fn tell(&mut self, name: Name, here: &Here, notices: &[Notice], standing: &Standing) {
        let to_model = here.policy.config.auto_sync.triggers.session_start.additional_context;
        // A prompt that tells of a sync has its words already; the line waits for the next one.
        let silent = notices.iter().all(|n| n.user.is_empty());
        let announced = if silent { self.announced(here) } else { None };
        let line = announced.as_ref().map(|a| Notice { user: a.line.clone(), model: String::new() });
        let all: Vec<Notice> = notices.iter().cloned().chain(standing.notices()).chain(line).collect();
        match self.print_with(name, &all, to_model, standing.model()) {
            Ok(()) => {
                if let Some(taken) = announced {
                    self.noted(here, taken.told());
                }
            }
            Err(error) => {
                self.log(&here.layout, name, &format!("cannot print: {error}"));
                if let Some(taken) = announced {
                    self.noted(here, taken.put_back());
                }
                for notice in notices {
                    self.noted(here, notice::add(&here.files.notices(), notice));
                }
            }
        }
    }

    /// The one line that is to be told of notifications.
    fn announced(&self, here: &Here) -> Option<Taken> {
        if !here.policy.config.notifications.enabled || here.event.agent_id.is_some() {
            return None;
        }
        self.noted(here, announcement::take(&here.layout.announcement(), here.now)).flatten()
    }

    fn print(&mut self, name: Name, notices: &[Notice], to_model: bool) -> io::Result<()> {
        self.print_with(name, notices, to_model, None)
    }

    fn print_with(&mut self, name: Name, notices: &[Notice], to_model: bool, standing: Option<&str>) -> io::Result<()> {
        let Some(mut line) = output::render_with(name, notices, to_model, standing) else { return Ok(()) };
        line.push('\n');
        self.stdout.write_all(line.as_bytes())?;
        self.stdout.flush()
    }
}

/// Where an event happened. The host runs hooks in the session's folder, so that is where one without a folder did.
fn folder(event: &Event) -> Option<PathBuf> {
    event.cwd.clone().or_else(|| std::env::current_dir().ok())
}

/// Waits for the answer to `request`, at most for the budget.
fn wait(here: &Here, request: &Request) -> Option<answer::Answer> {
    let budget = here.policy.config.auto_sync.triggers.session_start.budget_ms;
    let deadline = Deadline::within(Duration::from_millis(budget));
    loop {
        if let Some(answer) = answer::take(&here.layout, &request.id) {
            return Some(answer);
        }
        match deadline.left() {
            Some(left) => std::thread::sleep(left.min(LOOK)),
            None => return answer::give_up(&here.layout, &request.id),
        }
    }
}

/// The circumstances as the files of the repository record them.
struct Recorded<'a> {
    here: &'a Here,
    dice: &'a mut Dice,
    errors: Vec<String>,
}

impl Recorded<'_> {
    fn claim(&mut self, path: &std::path::Path, window: Millis) -> bool {
        match tick::claim(path, self.here.now, window) {
            Ok(claim) => claim == Claim::Granted,
            Err(error) => {
                self.errors.push(error.to_string());
                false
            }
        }
    }
}

impl Circumstances for Recorded<'_> {
    fn claim_pull(&mut self, window: Millis) -> bool {
        self.claim(&self.here.files.pull_tick(), window)
    }

    fn claim_prompt(&mut self, window: Millis) -> bool {
        self.claim(&self.here.files.prompt_tick(), window)
    }

    fn draw(&mut self, sides: u64) -> u64 {
        self.dice.below(sides)
    }
}

#[cfg(test)]
mod tests;
