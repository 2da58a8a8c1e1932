//! Whose messages are accepted. Who the user is, is asked once for all of a look: that may start a program, and anybody who
//! can push may have any number of addresses.

use std::collections::BTreeMap;

use crate::git::command::Git;
use crate::git::reads::Reads;
use crate::ops::beacon::{Place, signature};
use crate::ops::error::OpError;
use crate::plain;

/// Who wrote a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Author {
    /// Name, of whoever committed it.
    pub name: String,
    /// E-mail address, of whoever committed it.
    pub email: String,
    /// git's verdict on the signature (`%G?` of git-log(1)): `G` is good; `N` is none. Only asked for where it counts.
    pub signature: char,
    /// Whom git names as the signer (`%GS`): the principal of an SSH key, the name and address of an OpenPGP key.
    pub signer: String,
    /// Fingerprint of the key, of the primary key it belongs to, and its id (`%GF`, `%GP`, `%GK`), as far as git names
    /// them.
    pub keys: Vec<String>,
    /// Names of an OpenPGP key that the user has reason to believe; `None` for keys of other kinds, which have no name
    /// but that of the signer.
    pub names: Option<Vec<String>>,
}

/// The authors that were met so far.
pub(super) struct Authors<'a> {
    place: &'a Place,
    git: &'a Git<'a>,
    /// The address that git makes for the user; `None` until it was asked, empty where it makes none.
    made: Option<String>,
    judged: BTreeMap<Author, Result<(), String>>,
}

impl<'a> Authors<'a> {
    pub(super) fn new(place: &'a Place, git: &'a Git<'a>) -> Self {
        Self { place, git, made: None, judged: BTreeMap::new() }
    }

    /// As [`accepts`].
    ///
    /// # Errors
    /// As [`accepts`].
    pub(super) fn accept(&mut self, author: &Author) -> Result<Result<(), String>, OpError> {
        // The name decides nothing.
        let author = Author { name: String::new(), ..author.clone() };
        if let Some(verdict) = self.judged.get(&author) {
            return Ok(verdict.clone());
        }
        let verdict = self.judge(&author)?;
        self.judged.insert(author, verdict.clone());
        Ok(verdict)
    }

    fn judge(&mut self, author: &Author) -> Result<Result<(), String>, OpError> {
        let config = &self.place.config.beacon;
        let is = |email: &str| !author.email.is_empty() && email.eq_ignore_ascii_case(&author.email);
        let set = || Reads::open(&self.place.at, self.git).setting("user.email");
        if !config.authors.iter().any(|email| is(email)) && !set()?.is_some_and(|email| is(&email)) && !is(self.made())
        {
            return Ok(Err(format!("{}{STRANGER}", plain::cut(&plain::name(&author.email), 80))));
        }
        if !config.require_signature {
            return Ok(Ok(()));
        }
        let signers = Reads::open(&self.place.at, self.git).setting("gpg.ssh.allowedSignersFile")?;
        Ok(signature::judge(author, &config.authors, signers.is_some()))
    }

    /// The user's address as git makes it of its variables and of the machine's name, where nobody has set it. Where git
    /// makes none of them it is nobody's, and no reason to take nothing in.
    fn made(&mut self) -> &str {
        self.made.get_or_insert_with(|| {
            let told = self.git.read(["var", "GIT_COMMITTER_IDENT"]).line().unwrap_or_default();
            let who = told.rsplit_once('>').and_then(|(who, _)| who.rsplit_once('<'));
            who.map(|(_, email)| email.to_owned()).unwrap_or_default()
        })
    }
}

/// What is said of an address that is not accepted, behind it.
pub const STRANGER: &str = " is not among `beacon.authors`";

/// Whether messages of an author are accepted: `beacon.authors`, the user's own address, and a good signature of theirs
/// where `beacon.requireSignature` asks for one. The sentence says why not.
///
/// # Errors
/// Where git cannot say who the user is.
pub fn accepts(place: &Place, git: &Git<'_>, author: &Author) -> Result<Result<(), String>, OpError> {
    Authors::new(place, git).accept(author)
}
