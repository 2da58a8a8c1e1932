//! Where the bell is rung from: which repository, with which token, what is known of the issue, and when GitHub may be
//! asked again.

use std::path::Path;
use std::time::Duration;

use crate::audit::{Entry, Outcome};
use crate::clock::{self, Millis};
use crate::context::Context;
use crate::fs::lock::{self, LockGuard};
use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::github::{Address, Client, GithubError, Got, Issue, Repository, api_of};
use crate::http::{Ureq, is_loopback, origin};
use crate::ops::beacon::{Place, remote};
use crate::ops::credentials::{self, Host, Source};
use crate::ops::error::{Kind, OpError};
use crate::ops::permit::Denied;
use crate::ops::{audit, pauses, permit, sync};
use crate::permission::{Grant, Origin, of, on};
use crate::state::bell::{Bell, Bells};
use crate::state::file::{Problem, StateFile};

/// How long another command may be at the bell, where this one changes it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for one that only looks: whatever the bell says can be found out without it.
const GLANCE: Duration = Duration::from_secs(2);
/// How often it is looked who is there meanwhile.
const STEP: Duration = Duration::from_millis(200);
/// How the lock names somebody who rings.
const RINGING: &str = "bell-ring";
/// No call takes longer, whatever git may take for a fetch, in seconds.
const CALL: u64 = 30;
/// A bound that lies further ahead was made by a clock that was wrong.
const FARTHEST: Millis = 25 * 3_600_000;

/// What keeps the bell from being asked or rung.
#[derive(Debug)]
pub(super) enum Trouble {
    /// GitHub, or the way to it.
    Github(GithubError),
    /// Anything else.
    Here(OpError),
}

impl From<GithubError> for Trouble {
    fn from(error: GithubError) -> Self {
        Self::Github(error)
    }
}

impl<E: Into<OpError>> From<E> for Trouble
where
    OpError: From<E>,
{
    fn from(error: E) -> Self {
        Self::Here(error.into())
    }
}

/// What somebody comes to the bell for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// To look.
    Hear,
    /// To ring. Whoever rings does so for all who come meanwhile.
    Ring,
    /// To find or make it.
    SetUp,
}

/// What may be done at the bell, and what is known of it. It is locked as long as this value is there.
pub(super) struct Desk<'a> {
    pub(super) ctx: &'a Context,
    pub(super) place: &'a Place,
    /// As the configuration or the remote names it.
    pub(super) repository: Repository,
    host: String,
    api: String,
    web: &'a Ureq,
    client: Option<Client<'a>>,
    /// Where its token comes from.
    source: Option<Source>,
    /// Whether the last call was to change something.
    writing: bool,
    file: StateFile,
    /// As it is in the file.
    kept: Bells,
    /// Of a newer version of the suite: read, and never written.
    frozen: bool,
    state: Bells,
    _guard: LockGuard,
}

impl<'a> Desk<'a> {
    /// Finds all of that; an error where another command stays at the bell.
    pub(super) fn wait(
        ctx: &'a Context,
        place: &'a Place,
        git: &Git<'_>,
        web: &'a Ureq,
        errand: Errand,
    ) -> Result<Self, OpError> {
        Self::open(ctx, place, git, web, errand)?.ok_or_else(busy)
    }

    /// Finds all of that; `None` where it is to be rung and somebody does so already.
    pub(super) fn open(
        ctx: &'a Context,
        place: &'a Place,
        git: &Git<'_>,
        web: &'a Ureq,
        errand: Errand,
    ) -> Result<Option<Self>, OpError> {
        let (repository, host, api) = address(place, git)?;
        let files = place.files(ctx);
        let Some(guard) = enter(ctx, &files.beacon_bell_lock(), errand)? else { return Ok(None) };
        let file = StateFile::at(files.beacon_bell());
        let loaded = file.load::<Bells>(ctx.clock.now_ms())?;
        let frozen = matches!(loaded.problem, Some(Problem::Newer { .. }));
        let kept = loaded.value;
        let mut state = kept.clone();
        if state.api != api {
            state = Bells { api: api.clone(), ..Bells::default() };
        }
        let bell = state.channels.entry(place.channel.to_string()).or_default();
        if !bell.repository.eq_ignore_ascii_case(&repository.to_string()) {
            *bell = Bell { repository: repository.to_string(), ..Bell::default() };
        }
        state.tidy(place.channel.as_str());
        let (client, source) = (None, None);
        let _guard = guard;
        Ok(Some(Self {
            ctx,
            place,
            repository,
            host,
            api,
            web,
            client,
            source,
            writing: false,
            file,
            kept,
            frozen,
            state,
            _guard,
        }))
    }

    /// GitHub's interface, with the user's token.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn client(&mut self) -> Result<&Client<'a>, OpError> {
        if self.client.is_none() {
            let config = &self.place.config;
            let (host, api) = (self.host.as_str(), self.api.as_str());
            let confirmed = config.beacon.github.api.is_some();
            let found = credentials::github(self.ctx, &self.place.at.worktree, Host { name: host, api, confirmed });
            let found = found.ok_or_else(|| {
                OpError::refused(format!("there is no token for {host}"))
                    .remedy(format!("`gh auth login --hostname {host}` makes one; or set {}", variable(host)))
            })?;
            let deadline = Duration::from_secs(config.limits.network_seconds.min(CALL));
            self.client = Some(Client::new(self.web, self.ctx.clock.as_ref(), api, Some(found.token), deadline));
            self.source = Some(found.source);
        }
        self.client.as_ref().ok_or_else(|| OpError::refused("there is no client"))
    }

    /// What is known of the issue.
    pub(super) fn bell(&mut self) -> &mut Bell {
        self.state.channels.entry(self.place.channel.to_string()).or_default()
    }

    /// What is known of the login of whom the token is.
    pub(super) fn login(&mut self) -> &mut String {
        &mut self.state.login
    }

    /// The repository under the name it has now.
    pub(super) fn repository_now(&mut self) -> Repository {
        let renamed = self.bell().renamed.as_deref().and_then(Repository::parse);
        renamed.unwrap_or_else(|| self.repository.clone())
    }

    /// `owner/name#7`, for journal and messages.
    pub(super) fn item(&mut self) -> String {
        let (repository, number) = (self.repository_now(), self.bell().number);
        if number == 0 { repository.to_string() } else { format!("{repository}#{number}") }
    }

    /// Keeps what is known.
    pub(super) fn keep(&mut self) -> Result<(), OpError> {
        self.state.version = 1;
        if !self.frozen && self.state != self.kept {
            self.file.store(&self.state)?;
            self.kept = self.state.clone();
        }
        Ok(())
    }

    /// As [`keep`](Self::keep), for what must be on the disk before one goes on.
    pub(super) fn must_keep(&mut self) -> Result<(), OpError> {
        if self.frozen {
            let path = self.file.path().display();
            return Err(OpError::refused(format!("{path} is of a newer claude-craft")).remedy("update claude-craft"));
        }
        self.keep()
    }

    /// Until when nothing may be asked; `None` where it may.
    pub(super) fn pause(&self) -> Option<Millis> {
        pauses::until(self.ctx, &self.api)
    }

    /// Whether it is too early to poll, by the interval that GitHub named.
    pub(super) fn polled(&self) -> bool {
        let now = self.ctx.clock.now_ms();
        now < self.state.poll_after && self.state.poll_after - now <= FARTHEST
    }

    /// Nothing is asked before the time that GitHub named.
    pub(super) fn in_time(&self) -> Result<(), Trouble> {
        match self.pause() {
            None => Ok(()),
            Some(until) => {
                let why = format!("nothing is asked before {}", clock::rfc3339(until));
                Err(GithubError::Limited { until, named: true, why }.into())
            }
        }
    }

    /// Asks the permission gate for one call. What is denied is in the journal then.
    pub(super) fn leave<O: of::Of>(&mut self) -> Result<Grant<on::Github, O>, OpError> {
        self.in_time().map_err(|trouble| self.error(trouble))?;
        let item = self.item();
        let asked = permit::pass(self.ctx, Some(&self.place.at), Origin::Internal, &item, self.place.trigger);
        asked.map_err(|denied| not_granted(&denied))
    }

    /// Takes note of how a call ended: whether it is to be waited, and with what token it was tried.
    pub(super) fn heard<T>(&mut self, ended: Result<T, GithubError>) -> Result<T, Trouble> {
        let writing = std::mem::take(&mut self.writing);
        match &ended {
            Err(GithubError::Limited { until, named, .. }) => {
                pauses::limited(self.ctx, &self.api, *until, *named, writing)?;
            }
            Err(GithubError::Unauthorized(_)) => {
                credentials::forget(self.ctx, &self.api);
                self.state.login.clear();
            }
            Ok(_) | Err(GithubError::NotModified) => pauses::answered(self.ctx, &self.api, writing)?,
            Err(_) => {}
        }
        Ok(ended?)
    }

    /// The issue with a number: one call, and one more where it is found elsewhere than it was.
    pub(super) fn look(&mut self, number: u64, etag: Option<&str>) -> Result<Got<Issue>, Trouble> {
        let (grant, repository) = (self.leave::<of::Read>()?, self.repository_now());
        let got = self.client()?.issue(grant, &repository, number, etag);
        if !matches!(got, Err(GithubError::NotModified)) {
            self.state.poll = got.as_ref().ok().and_then(|got| got.poll).unwrap_or_default();
        }
        self.state.poll_after = match self.state.poll {
            0 => 0,
            poll => self.ctx.clock.now_ms().saturating_add(poll),
        };
        let got = self.heard(got)?;
        if let Some(until) = got.not_before {
            pauses::limited(self.ctx, &self.api, until, true, false)?;
        }
        let there = got.value.repository();
        let same = |other: &Repository| other.to_string().eq_ignore_ascii_case(&repository.to_string());
        if !got.moved && there.as_ref().is_none_or(same) {
            return Ok(got);
        }
        // The repository has another name now, or the issue is in another one.
        let grant = self.leave::<of::Read>()?;
        let now = self.client()?.repository(grant, &repository);
        let now = self.heard(now)?;
        if there.as_ref() != Some(&now) || got.value.number != number {
            return Err(GithubError::Moved(got.value.html_url).into());
        }
        self.bell().renamed = Some(now.to_string());
        Ok(got)
    }

    /// Writes into the journal what was changed, or could not be.
    pub(super) fn note<T>(&mut self, operation: &str, what: &str, ended: &Result<T, GithubError>) {
        self.writing = true;
        let (outcome, reason) = match ended {
            Ok(_) => (Outcome::Success, what.to_owned()),
            Err(error) => (Outcome::Error, format!("{what}: {error}")),
        };
        let entry = Entry::new("github", operation, outcome).item(self.item()).reason(reason);
        audit::note(self.ctx, entry.trigger(self.place.trigger.word()));
    }

    /// What kept the bell from being asked or rung, and the way on.
    pub(super) fn error(&self, trouble: Trouble) -> OpError {
        let error = match trouble {
            Trouble::Here(error) => return error,
            Trouble::Github(error) => error,
        };
        let bell = self.state.channels.get(self.place.channel.as_str());
        let number = bell.map_or(0, |b| b.number);
        let name = if number == 0 { self.repository.to_string() } else { format!("{}#{number}", self.repository) };
        let says = |kind: Kind| OpError::new(kind, format!("{name}: {error}"));
        let anew = "`craft beacon init` makes another one";
        match &error {
            GithubError::NotSent(_) | GithubError::Unwell(_) | GithubError::Unknown(_) => says(Kind::Network),
            GithubError::Limited { until, .. } => {
                says(Kind::Network).remedy(format!("it is asked again after {}", clock::rfc3339(*until)))
            }
            GithubError::Unauthorized(_) => match self.source {
                Some(source) => {
                    let message = format!("{name}: {error} (it comes from {source})");
                    OpError::new(Kind::Failed, message).remedy(source.way_on(&self.host))
                }
                None => says(Kind::Failed),
            },
            GithubError::Forbidden(_) => says(Kind::Failed).remedy("use a token that may write issues there"),
            GithubError::Gone => says(Kind::Failed).remedy(anew),
            GithubError::NotFound if number == 0 => says(Kind::Failed)
                .remedy("look at `beacon.github.repository` in the configuration, and what the token may see"),
            GithubError::NotFound => says(Kind::Failed).remedy(format!("look what the token may see; {anew}")),
            GithubError::Moved(_) => says(Kind::Failed)
                .remedy(format!("bring it back, or name its repository in `beacon.github.repository`; {anew}")),
            GithubError::Locked => says(Kind::Failed).remedy("unlock it on GitHub"),
            GithubError::NotModified | GithubError::Invalid { .. } | GithubError::Refused(_) => says(Kind::Failed),
        }
    }
}

/// Takes the lock of the bell; `None` where this one would ring and whoever holds it rings.
fn enter(ctx: &Context, path: &Path, errand: Errand) -> Result<Option<LockGuard>, OpError> {
    let (word, mut left) = match errand {
        Errand::Hear => ("bell", GLANCE),
        Errand::Ring => (RINGING, PATIENCE),
        Errand::SetUp => ("bell", PATIENCE),
    };
    let me = sync::me(ctx, word);
    loop {
        if let Some(guard) = lock::exclusive_within(path, &me, STEP.min(left))? {
            return Ok(Some(guard));
        }
        if errand == Errand::Ring && lock::living_holder(path, &ctx.host).is_some_and(|h| h.purpose == RINGING) {
            return Ok(None);
        }
        left = left.saturating_sub(STEP);
        if left.is_zero() {
            return Err(busy());
        }
    }
}

fn busy() -> OpError {
    OpError::new(Kind::Busy, "another command is at the bell here").remedy("try again in a moment")
}

/// A denial, with the command that takes it back.
pub(super) fn not_granted(denied: &Denied) -> OpError {
    let decision = &denied.decision;
    let (platform, operation) = (decision.platform.word(), decision.operation.word());
    OpError::new(Kind::Gate, decision.sentence())
        .remedy(format!("`craft permissions set {platform} {operation} internal` allows it"))
}

fn variable(host: &str) -> String {
    if host == "github.com" { "GH_TOKEN".into() } else { format!("GH_HOST={host} and GH_ENTERPRISE_TOKEN") }
}

/// Which repository, of which host, and where that host's interface is. Where the interface is comes from the user's
/// own configuration or from the host's name; a project's file has no say in it.
fn address(place: &Place, git: &Git<'_>) -> Result<(Repository, String, String), OpError> {
    let ours = &place.config.beacon.github;
    let remote = named(place, git)?;
    let repository = match &ours.repository {
        Some(name) => Some(Repository::parse(name).ok_or_else(|| {
            OpError::usage(format!("`beacon.github.repository` is {name:?}, which is no `owner/name`"))
        })?),
        None => remote.as_ref().map(|r| r.repository.clone()),
    };
    let repository = repository.ok_or_else(|| {
        OpError::refused("the remote names no repository of GitHub")
            .remedy("`craft auto-sync config set beacon.github.repository OWNER/NAME` names one")
    })?;
    let Some(api) = &ours.api else {
        let host = remote.map_or_else(|| "github.com".to_owned(), |r| r.host);
        let api = api_of(&host);
        return Ok((repository, host, api));
    };
    let wrong = || OpError::usage("`beacon.github.api` is no address that begins with https://");
    let api = api.trim_end_matches('/');
    let origin = origin(api).ok_or_else(wrong)?;
    if !origin.starts_with("https://") && !is_loopback(api) {
        return Err(wrong());
    }
    let (scheme, authority) = origin.split_once("://").ok_or_else(wrong)?;
    let host = authority.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(authority);
    let host = match host.strip_prefix("api.") {
        Some(cloud) if cloud == "github.com" || cloud.ends_with(".ghe.com") => cloud,
        _ => host,
    };
    Ok((repository, host.to_owned(), api.to_owned()))
}

/// What the beacon's remote names; `None` where that is no repository of a host.
fn named(place: &Place, git: &Git<'_>) -> Result<Option<Address>, OpError> {
    let reads = Reads::open(&place.at, git);
    let name = remote::name(place, &reads)?;
    // A name that git takes for an address or a folder is one.
    let url = reads.remote_urls(&name)?.map_or(name, |urls| urls.fetch);
    Ok(Address::parse(&url).filter(|_| !Path::new(&url).is_absolute()))
}
