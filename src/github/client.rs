//! The calls. Each takes a grant of its own kind.
//!
//! ```compile_fail,E0308
//! # use claude_craft::github::{Client, Edit, Repository};
//! # use claude_craft::permission::{Grant, of, on};
//! fn change(client: &Client<'_>, at: &Repository, grant: Grant<on::Github, of::Read>) {
//!     // Who may look may not write.
//!     let _ = client.edit(grant, at, 7, &Edit::default());
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use claude_craft::github::{Client, Repository};
//! # use claude_craft::permission::{Grant, of, on};
//! fn open(client: &Client<'_>, at: &Repository, grant: Grant<on::Github, of::UpsertInternal>) {
//!     // Who may write may not open what somebody closed.
//!     let _ = client.reopen(grant, at, 7);
//! }
//! ```
//!
//! ```
//! # use claude_craft::github::{Client, Edit, Repository};
//! # use claude_craft::permission::{Grant, of, on};
//! fn change(client: &Client<'_>, at: &Repository, grant: Grant<on::Github, of::UpsertInternal>) {
//!     let _ = client.edit(grant, at, 7, &Edit::default());
//! }
//! ```

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::{exhausted_until, shown};
use super::issue::User;
use super::{Draft, Edit, GithubError, Issue, Repository};
use crate::clock::{Clock, Millis};
use crate::http::{Answer, HttpError, Method, Request, Token, Transport, origin};
use crate::permission::{Grant, of, on};

/// The version of the interface that is asked for.
const VERSION: &str = "2022-11-28";
/// No call is led further than this.
const HOPS: usize = 3;
/// No list is followed further, in pages of [`PER_PAGE`].
const PAGES: usize = 10;
/// No version of an answer is longer, in bytes.
const LONGEST_ETAG: usize = 256;
/// Entries of a page; the most there are.
const PER_PAGE: usize = 100;

/// GitHub's interface at one address.
pub struct Client<'c> {
    transport: &'c dyn Transport,
    clock: &'c dyn Clock,
    api: String,
    token: Option<Token>,
    deadline: Duration,
}

/// What was got, and what its answer says beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Got<T> {
    /// It.
    pub value: T,
    /// Its version, for the next conditional call.
    pub etag: Option<String>,
    /// How long to leave between two looks at it, in milliseconds, where the answer says so.
    pub poll: Option<Millis>,
    /// When there are requests left again, where this one was the last.
    pub not_before: Option<Millis>,
    /// Whether it was found at another address of the same host than it was asked for at.
    pub moved: bool,
}

/// What was found of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The issues, in the order of the list.
    pub issues: Vec<Issue>,
    /// Whether these are all.
    pub complete: bool,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

impl<'c> Client<'c> {
    /// The interface at `api`. Each call may take `deadline`.
    #[must_use]
    pub fn new(
        transport: &'c dyn Transport,
        clock: &'c dyn Clock,
        api: &str,
        token: Option<Token>,
        deadline: Duration,
    ) -> Self {
        Self { transport, clock, api: api.trim_end_matches('/').to_owned(), token, deadline }
    }

    /// The login of whom the token is.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn user(&self, _grant: Grant<on::Github, of::Read>) -> Result<String, GithubError> {
        let (answer, _) = self.get(format!("{}/user", self.api), None)?;
        Ok(read::<User>(&answer)?.login)
    }

    /// An issue. With the `etag` of a former answer it is `NotModified` where nothing has changed, which costs nothing
    /// of the limit.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn issue(
        &self,
        _grant: Grant<on::Github, of::Read>,
        repository: &Repository,
        number: u64,
        etag: Option<&str>,
    ) -> Result<Got<Issue>, GithubError> {
        let (answer, moved) = self.get(format!("{}/repos/{repository}/issues/{number}", self.api), etag)?;
        // What is sent back must be what a header takes.
        let sane = |etag: &&str| etag.len() <= LONGEST_ETAG && etag.bytes().all(|b| b.is_ascii_graphic());
        let etag = answer.header("etag").filter(sane).map(str::to_owned);
        let value: Issue = read(&answer)?;
        if value.number == 0 {
            return Err(GithubError::Unwell("the answer is no issue".into()));
        }
        let poll = answer.header("x-poll-interval").and_then(|text| text.trim().parse::<u64>().ok());
        let poll = poll.map(|seconds| seconds.saturating_mul(1000));
        Ok(Got { value, etag, poll, not_before: exhausted_until(&answer), moved })
    }

    /// The name that a repository has now: a renamed one is found under its old name too.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn repository(
        &self,
        _grant: Grant<on::Github, of::Read>,
        repository: &Repository,
    ) -> Result<Repository, GithubError> {
        let (answer, _) = self.get(format!("{}/repos/{repository}", self.api), None)?;
        let named: Named = read(&answer)?;
        Repository::parse(&named.full_name).ok_or_else(|| GithubError::Unwell("the answer names no repository".into()))
    }

    /// The issues that have all these labels, the oldest first; without labels, those that were changed `since`.
    /// Pages are followed as GitHub links them, on its own host only.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn issues(
        &self,
        _grant: Grant<on::Github, of::Read>,
        repository: &Repository,
        labels: &[&str],
        since: Option<Millis>,
    ) -> Result<Listed, GithubError> {
        // Names of ours: letters and `-`.
        let labels = if labels.is_empty() { String::new() } else { format!("&labels={}", labels.join(",")) };
        let since = since.map(|ms| format!("&since={}", crate::clock::rfc3339(ms))).unwrap_or_default();
        let query = format!("state=all&sort=created&direction=asc&per_page={PER_PAGE}{labels}{since}");
        let mut next = Some(format!("{}/repos/{repository}/issues?{query}", self.api));
        let mut listed = Listed { issues: Vec::new(), complete: true };
        for _ in 0..PAGES {
            let Some(url) = next.take() else { break };
            let (answer, _) = self.get(url.clone(), None)?;
            listed.issues.extend(read::<Vec<Issue>>(&answer)?);
            next = answer.header("link").and_then(next_page).filter(|n| *n != url);
            if next.as_ref().is_some_and(|n| origin(n) != origin(&self.api)) {
                return Err(GithubError::Refused(
                    "GitHub continues its list at another host; nothing is asked there".into(),
                ));
            }
        }
        listed.complete = next.is_none();
        Ok(listed)
    }

    /// Makes an issue.
    ///
    /// # Errors
    /// See [`GithubError`]; after `Unknown` it may be there.
    pub fn create(
        &self,
        _grant: Grant<on::Github, of::UpsertInternal>,
        repository: &Repository,
        draft: &Draft,
    ) -> Result<Issue, GithubError> {
        let body = serde_json::to_vec(draft).map_err(|e| GithubError::Refused(e.to_string()))?;
        self.write(Method::Post, &format!("{}/repos/{repository}/issues", self.api), &body)
    }

    /// Changes an issue.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn edit(
        &self,
        _grant: Grant<on::Github, of::UpsertInternal>,
        repository: &Repository,
        number: u64,
        edit: &Edit,
    ) -> Result<Issue, GithubError> {
        let body = serde_json::to_vec(edit).map_err(|e| GithubError::Refused(e.to_string()))?;
        self.write(Method::Patch, &format!("{}/repos/{repository}/issues/{number}", self.api), &body)
    }

    /// Opens a closed issue again.
    ///
    /// # Errors
    /// See [`GithubError`].
    pub fn reopen(
        &self,
        _grant: Grant<on::Github, of::Close>,
        repository: &Repository,
        number: u64,
    ) -> Result<Issue, GithubError> {
        let body = json!({"state": "open"}).to_string().into_bytes();
        self.write(Method::Patch, &format!("{}/repos/{repository}/issues/{number}", self.api), &body)
    }

    /// Asks, and goes where the answer leads on the same host; whether it led anywhere.
    fn get(&self, mut url: String, etag: Option<&str>) -> Result<(Answer, bool), GithubError> {
        for hop in 0..=HOPS {
            let answer = self.send(Method::Get, &url, None, etag)?;
            match answer.status {
                200..=299 => return Ok((answer, hop > 0)),
                301 | 302 | 307 | 308 => url = self.led_to(&url, &answer)?,
                _ => return Err(GithubError::from_answer(&answer, Method::Get, self.clock)),
            }
        }
        Err(GithubError::Unwell("it leads from one address to the next".into()))
    }

    fn write(&self, method: Method, url: &str, body: &[u8]) -> Result<Issue, GithubError> {
        let mut url = url.to_owned();
        for _ in 0..=HOPS {
            let answer = self.send(method, &url, Some(body.to_vec()), None)?;
            match answer.status {
                200..=299 => {
                    let issue = read::<Issue>(&answer).ok().filter(|issue| issue.number > 0);
                    return issue.ok_or_else(|| GithubError::Unknown("the answer cannot be read".into()));
                }
                // These two keep method and body, and say that nothing was done (RFC 9110, 15.4.8 and 15.4.9).
                307 | 308 => url = self.led_to(&url, &answer)?,
                301 | 302 => return Err(GithubError::Moved(shown(&self.led_to(&url, &answer)?))),
                _ => return Err(GithubError::from_answer(&answer, method, self.clock)),
            }
        }
        Err(GithubError::Unwell("it leads from one address to the next".into()))
    }

    /// Where an answer leads; an error where that is another host, whatever it says.
    fn led_to(&self, from: &str, answer: &Answer) -> Result<String, GithubError> {
        let location = answer.header("location").unwrap_or_default();
        let home = origin(&self.api).unwrap_or_default();
        let url = if location.starts_with('/') && !location.starts_with("//") {
            let (scheme, rest) = from.split_once("://").unwrap_or_default();
            format!("{scheme}://{}{location}", rest.split('/').next().unwrap_or_default())
        } else {
            location.to_owned()
        };
        if origin(&url).is_some_and(|origin| origin == home) {
            return Ok(url);
        }
        let place = origin(&url).unwrap_or_else(|| "an address that is none".into());
        Err(GithubError::Refused(format!("GitHub leads to {}; nothing is sent there", shown(&place))))
    }

    fn send(
        &self,
        method: Method,
        url: &str,
        body: Option<Vec<u8>>,
        etag: Option<&str>,
    ) -> Result<Answer, GithubError> {
        let mut headers = vec![
            ("user-agent".to_owned(), concat!("claude-craft/", env!("CARGO_PKG_VERSION")).to_owned()),
            ("accept".to_owned(), "application/vnd.github+json".to_owned()),
            ("x-github-api-version".to_owned(), VERSION.to_owned()),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json; charset=utf-8".to_owned()));
        }
        if let Some(etag) = etag {
            headers.push(("if-none-match".to_owned(), etag.to_owned()));
        }
        headers.extend(self.token.as_ref().and_then(|token| token.header_for(url)));
        let request = Request { method, url: url.to_owned(), headers, body };
        self.transport.send(&request, self.deadline).map_err(|error| match error {
            HttpError::NotSent(why) => GithubError::NotSent(why),
            HttpError::Unknown(why) if method == Method::Get => GithubError::Unwell(why),
            HttpError::Unknown(why) => GithubError::Unknown(why),
            HttpError::Refused(why) => GithubError::Refused(why),
        })
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, GithubError> {
    serde_json::from_slice(&answer.body).map_err(|_| GithubError::Unwell("the answer cannot be understood".into()))
}

/// The address of the next page (RFC 8288).
fn next_page(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (url, rest) = part.trim().strip_prefix('<')?.split_once('>')?;
        let next = rest.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| url.to_owned())
    })
}
