//! What each commit of a channel says, in its file `manifest.json`: a message, or the receipt of one.
//!
//! The commits of a channel are a chain; the chain is the queue. `sent` and `received` add up what stands before, so
//! that the last commit alone tells whether anything waits. Keys that are not known are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name::EVERYBODY;

/// The version of the format that is written.
pub const VERSION: u32 = 1;
/// Name of the manifest in a commit's tree.
pub const FILE: &str = "manifest.json";
/// Name of the seed's block in a commit's tree.
pub const BLOCK: &str = "beacon.md";
/// The folder of a commit's tree that has a message's files, under their paths.
pub const FILES: &str = "files";
/// A longer manifest is none of ours, in bytes.
pub const LONGEST: u64 = 4 << 20;
/// No message has this number or a higher one: up to here every reader of JSON counts exactly (RFC 8259, section 6).
pub const LAST: u64 = 1 << 53;
/// Longest note and action, in characters.
pub const NOTE: usize = 2000;
/// What the tables say of messages to [`EVERYBODY`] whose sender they do not know; no side has this id.
const UNKNOWN: &str = "";

/// What a commit says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Manifest {
    /// Format version; 1.
    pub version: u32,
    /// The channel, so that a commit of another one is not taken for one of this.
    pub channel: String,
    /// Number of messages up to here, this one included.
    pub seq: u64,
    /// For each recipient, by name, the number of the last message that is for it. [`EVERYBODY`] is one of the names.
    pub sent: BTreeMap<String, u64>,
    /// For each environment, by name, the number of the last message that it has taken in.
    pub received: BTreeMap<String, u64>,
    /// For each side that has sent something to [`EVERYBODY`], by its id, the number of the last such message.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sent_to_all: BTreeMap<String, u64>,
    /// For the same sides, up to which number some other side has taken that in.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub received_by_others: BTreeMap<String, u64>,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// Or the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// What a newer version adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Files handed over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Message {
    /// 16 hexadecimal digits by chance: stays the same when the message is put onto another commit.
    pub id: String,
    /// Who sends.
    pub from: Party,
    /// Names of the environments it is for; [`EVERYBODY`] for all others.
    pub to: Vec<String>,
    /// `Desktop→Code`, for people.
    pub direction: String,
    /// When it was written, RFC 3339 in UTC.
    pub time: String,
    /// What the sender says of it, in a line; the seed's `LAST_UPDATE`.
    pub note: String,
    /// What the receiver shall do; the seed's `ACTION`.
    pub action: String,
    /// The files.
    pub files: Vec<File>,
    /// What a newer version adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Party {
    /// Which working tree: 16 hexadecimal digits by chance. Who sent a message does not receive it.
    pub id: String,
    /// Name of the environment.
    pub name: String,
    /// Name of the machine.
    pub host: String,
    /// What a newer version adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A file of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct File {
    /// Where it belongs, from the top of the repository, with `/`.
    pub path: String,
    /// `100644` or `100755`, as git has them; empty for a tombstone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mode: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal digits; empty for a tombstone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// git's object id of the version that it was edited from, as both sides had it; `None` where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether it is offered to be taken away.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What a newer version adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// That an environment has taken in all messages for it up to a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Receipt {
    /// Who.
    pub by: Party,
    /// The number.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// What a newer version adds.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Message {
    /// Whether it is meant for this side: by name, and not by itself.
    #[must_use]
    pub fn is_for(&self, me: &Party) -> bool {
        self.from.id != me.id && self.to.iter().any(|to| to == EVERYBODY || *to == me.name)
    }
}

impl Manifest {
    /// The manifest of the next commit after `before`, with a message in it.
    #[must_use]
    pub fn with_message(before: Option<&Self>, channel: &str, message: Message) -> Self {
        let mut next = Self::after(before, channel);
        next.seq = next.seq.saturating_add(1);
        for to in &message.to {
            next.sent.insert(to.clone(), next.seq);
            if to == EVERYBODY {
                next.sends_to_all(&message.from.id);
            }
        }
        next.message = Some(message);
        next
    }

    /// The same with a receipt. `seq` is never taken back by a late one.
    #[must_use]
    pub fn with_receipt(before: Option<&Self>, channel: &str, receipt: Receipt) -> Self {
        let mut next = Self::after(before, channel);
        let (by, up_to) = (&receipt.by, receipt.seq.min(next.seq));
        let seq = next.received.entry(by.name.clone()).or_default();
        *seq = (*seq).max(up_to);
        // Who takes in what others have sent has not received its own.
        let others = next.sent_to_all.keys().filter(|from| **from != by.id && *from != UNKNOWN);
        for from in others {
            let seq = next.received_by_others.entry(from.clone()).or_default();
            *seq = (*seq).max(up_to);
        }
        // Of what nobody knows the sender of, only what it has sent itself can still wait then.
        if number(&next.sent_to_all, UNKNOWN) <= up_to
            && let Some(sent) = next.sent_to_all.remove(UNKNOWN)
        {
            let got = next.received_by_others.remove(UNKNOWN).unwrap_or_default();
            let row = next.sent_to_all.entry(by.id.clone()).or_default();
            *row = (*row).max(sent);
            let row = next.received_by_others.entry(by.id.clone()).or_insert(got);
            *row = (*row).min(got);
        }
        next.receipt = Some(receipt);
        next
    }

    /// Whether the tables do not say yet what this receipt does. One that changes nothing would be owed for ever.
    #[must_use]
    pub fn is_news(&self, receipt: &Receipt) -> bool {
        let next = Self::with_receipt(Some(self), &self.channel, receipt.clone());
        let tables = |m: &Self| [&m.sent, &m.received, &m.sent_to_all, &m.received_by_others].map(Clone::clone);
        tables(&next) != tables(self)
    }

    /// The same with tables that can be: anybody who can push may write any, and a side of an older version does not
    /// carry all of them on. No number is higher than that of the last message, each sender has a row in both tables of
    /// what is for [`EVERYBODY`], and what no row has was sent by a side that is not known.
    #[must_use]
    pub fn mended(mut self) -> Self {
        for table in [&mut self.sent, &mut self.received, &mut self.sent_to_all, &mut self.received_by_others] {
            table.values_mut().for_each(|number| *number = (*number).min(self.seq));
        }
        let last = number(&self.sent, EVERYBODY);
        if self.sent_to_all.values().all(|sent| *sent < last) && last > 0 {
            self.sent_to_all.insert(UNKNOWN.to_owned(), last);
        }
        self.received_by_others.retain(|from, _| self.sent_to_all.contains_key(from));
        for from in self.sent_to_all.keys() {
            self.received_by_others.entry(from.clone()).or_default();
        }
        self
    }

    fn sends_to_all(&mut self, from: &str) {
        let before = self.sent_to_all.insert(from.to_owned(), self.seq).unwrap_or_default();
        let received = self.received_by_others.entry(from.to_owned()).or_default();
        if *received >= before {
            // Nothing before it waits.
            *received = self.seq.saturating_sub(1);
        }
    }

    fn after(before: Option<&Self>, channel: &str) -> Self {
        let before = before.cloned().unwrap_or_default();
        // Keys of a newer version were that commit's, and are not repeated.
        Self {
            version: VERSION,
            channel: channel.to_owned(),
            seq: before.seq,
            sent: before.sent,
            received: before.received,
            sent_to_all: before.sent_to_all,
            received_by_others: before.received_by_others,
            ..Self::default()
        }
    }

    /// Whether one of the recipients is not known to have taken in what a side (its id) has sent with this number. What is
    /// for [`EVERYBODY`] waits until one other side has taken it in.
    #[must_use]
    pub fn waits(&self, to: &str, from: &str, seq: u64) -> bool {
        if to == EVERYBODY {
            self.open_to_all().any(|(sender, got)| (sender == from || sender == UNKNOWN) && got < seq)
        } else {
            number(&self.received, to) < seq
        }
    }

    /// The number up to which it is known that this side has taken in what is for it; 0 for none. Where several have its
    /// name, what one of them has sent to all is waited for by another one too.
    #[must_use]
    pub fn told(&self, me: &Party) -> u64 {
        let others = self.open_to_all().filter(|(from, _)| *from != me.id).map(|(_, got)| got);
        others.fold(number(&self.received, &me.name), u64::min)
    }

    /// Whether something that this side (its id) has sent to [`EVERYBODY`] waits, or may.
    #[must_use]
    pub fn waits_for_anybody(&self, from: &str) -> bool {
        self.open_to_all().any(|(sender, _)| sender == from || sender == UNKNOWN)
    }

    /// The sum of what was received: it grows with each receipt, unless an older version drops a table.
    #[must_use]
    pub fn received_in_all(&self) -> u64 {
        self.received.values().chain(self.received_by_others.values()).fold(0, |sum, seq| sum.saturating_add(*seq))
    }

    /// Every number that the tables have.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        let tables = [&self.sent, &self.received, &self.sent_to_all, &self.received_by_others];
        tables.into_iter().flat_map(BTreeMap::values).copied()
    }

    /// The sides of whose messages for [`EVERYBODY`] one waits, with the number up to which others have them.
    fn open_to_all(&self) -> impl Iterator<Item = (&str, u64)> {
        let rows = self.sent_to_all.iter();
        rows.map(move |(from, sent)| (from.as_str(), *sent, number(&self.received_by_others, from))).filter_map(open)
    }

    /// The recipients that something waits for, with the number up to which they have what is for them; [`EVERYBODY`] once
    /// for each sender.
    pub fn open(&self) -> impl Iterator<Item = (&str, u64)> {
        let named = self.sent.iter().filter(|(to, _)| *to != EVERYBODY);
        let named = named.map(move |(to, sent)| (to.as_str(), *sent, number(&self.received, to))).filter_map(open);
        named.chain(self.open_to_all().map(|(_, got)| (EVERYBODY, got)))
    }

    /// The number of the last message for an environment, by its name or as one of all; 0 for none.
    #[must_use]
    pub fn last_for(&self, name: &str) -> u64 {
        number(&self.sent, name).max(number(&self.sent, EVERYBODY))
    }

    /// Whether nothing waits for anybody.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.open().next().is_none()
    }
}

/// A row of the tables without its number of the last message sent, where that was not taken in.
fn open((who, sent, got): (&str, u64, u64)) -> Option<(&str, u64)> {
    (got < sent).then_some((who, got))
}

/// What a table has for a name or an id; 0 where it has nothing.
fn number(table: &BTreeMap<String, u64>, key: &str) -> u64 {
    table.get(key).copied().unwrap_or(0)
}

/// Reads a manifest. Only its form is looked at; [`super::path`] says which files may be written.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    if bytes.len() as u64 > LONGEST {
        return Err(format!("the manifest is larger than {} MiB", LONGEST >> 20));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(|e| format!("the manifest is broken: {e}"))?;
    match manifest.version {
        VERSION => {}
        0 => return Err("the manifest says no version".into()),
        newer => return Err(format!("the manifest has version {newer}; update claude-craft")),
    }
    match (&manifest.message, &manifest.receipt) {
        (Some(_), Some(_)) => Err("the manifest is a message and a receipt at once".into()),
        (None, None) => Err("the manifest is neither a message nor a receipt".into()),
        _ => Ok(manifest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(id: &str, name: &str) -> Party {
        Party { id: id.into(), name: name.into(), host: "h".into(), ..Party::default() }
    }

    fn message(from: &str, to: &[&str]) -> Message {
        Message { from: party(from, from), to: to.iter().map(|t| (*t).to_owned()).collect(), ..Message::default() }
    }

    #[test]
    fn the_last_commit_alone_tells_whether_anything_waits() {
        let one = Manifest::with_message(None, "main", message("Desktop", &["Code"]));
        let two = Manifest::with_message(Some(&one), "main", message("Desktop", &["Code"]));
        assert_eq!((one.seq, two.seq, two.is_drained()), (1, 2, false));
        let receipt = |seq| Receipt { by: party("c", "Code"), seq, ..Receipt::default() };
        let half = Manifest::with_receipt(Some(&two), "main", receipt(1));
        assert_eq!(half.open().collect::<Vec<_>>(), [("Code", 1)]);
        let all = Manifest::with_receipt(Some(&half), "main", receipt(2));
        assert!(all.is_drained());
        let late = Manifest::with_receipt(Some(&all), "main", receipt(1));
        assert!(late.is_drained(), "a late receipt takes nothing back");
        let everybody = Manifest::with_message(Some(&all), "main", message("Desktop", &["*"]));
        assert!(!everybody.is_drained());
        assert!(Manifest::with_receipt(Some(&everybody), "main", receipt(3)).is_drained());
    }

    #[test]
    fn what_is_for_everybody_waits_for_one_other_than_its_sender() {
        let receipt = |id: &str, name: &str, seq| Receipt { by: party(id, name), seq, ..Receipt::default() };
        let one = Manifest::with_message(None, "main", message("d", &["*"]));
        let two = Manifest::with_message(Some(&one), "main", message("c", &["*"]));
        let own = Manifest::with_receipt(Some(&two), "main", receipt("d", "d", 2));
        assert_eq!(own.open().collect::<Vec<_>>(), [("*", 0)]);
        assert!(own.waits_for_anybody("d") && !own.waits_for_anybody("c"));
        assert_eq!((own.told(&party("d", "d")), own.told(&party("e", "d"))), (2, 0), "another one of the same name");
        let other = Manifest::with_receipt(Some(&own), "main", receipt("e", "d", 1));
        assert!(other.is_drained() && other.received_in_all() > own.received_in_all());
        // What comes next from there waits for itself only.
        let next = Manifest::with_message(Some(&other), "main", message("d", &["*"]));
        assert_eq!(next.open().collect::<Vec<_>>(), [("*", 2)]);
        assert_eq!(next.told(&party("e", "d")), 2);
    }

    #[test]
    fn what_an_older_version_sent_to_everybody_waits_for_one_other_than_its_sender() {
        let receipt = |id: &str, seq| Receipt { by: party(id, id), seq, ..Receipt::default() };
        let (sent_to_all, received_by_others) = (BTreeMap::new(), BTreeMap::new());
        let new = Manifest::with_message(None, "main", message("d", &["*"]));
        let old = Manifest { sent_to_all, received_by_others, ..new }.mended();
        assert_eq!((old.open().collect::<Vec<_>>(), old.clone().mended()), (vec![("*", 0)], old.clone()));
        assert!(old.waits("*", "d", 1) && old.waits_for_anybody("d"));
        let sender = Manifest::with_receipt(Some(&old), "main", receipt("d", 1)).mended();
        assert!(sender.waits("*", "d", 1), "it may be its own");
        assert!(!sender.is_news(&receipt("d", 1)) && sender.is_news(&receipt("c", 1)));
        assert!(Manifest::with_receipt(Some(&sender), "main", receipt("c", 1)).is_drained());
        let other = Manifest::with_receipt(Some(&old), "main", receipt("c", 1)).mended();
        assert!(!other.waits("*", "d", 1));
        // What comes next waits for itself, and what was before waits still.
        let next = Manifest::with_message(Some(&old), "main", message("d", &["*"])).mended();
        assert!(next.waits("*", "d", 1) && next.waits("*", "d", 2));
    }

    #[test]
    fn who_sent_a_message_does_not_receive_it() {
        let code = party("c", "Code");
        assert!(message("Desktop", &["Code"]).is_for(&code));
        assert!(message("Desktop", &["*"]).is_for(&code));
        assert!(!message("Desktop", &["lab"]).is_for(&code));
        assert!(!message("c", &["Code", "*"]).is_for(&code));
    }

    #[test]
    fn no_key_of_a_newer_version_is_lost_wherever_it_stands() {
        let party = r#"{"id":"d","name":"Desktop","host":"h","mood":[1]}"#;
        let file = r#"{"path":"a","size":1,"mood":2}"#;
        let ends = [
            format!(
                r#""message":{{"id":"1","from":{party},"to":[],"direction":"","time":"","note":"","action":"","files":[{file}],"mood":3}}"#
            ),
            format!(r#""receipt":{{"by":{party},"seq":1,"time":"","mood":{{"deep":4}}}}"#),
        ];
        for end in ends {
            let text =
                format!(r#"{{"version":1,"channel":"main","seq":1,"sent":{{}},"received":{{}},"mood":5,{end}}}"#);
            let kept = serde_json::to_value(parse(text.as_bytes()).unwrap()).unwrap();
            let given: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
            for (key, value) in given {
                assert_eq!(kept[&key], value);
            }
        }
    }

    #[test]
    fn a_manifest_is_read_back_with_keys_of_a_newer_version() {
        let mut manifest = Manifest::with_message(None, "main", message("Desktop", &["Code"]));
        manifest.other.insert("mood".into(), "fine".into());
        let text = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(parse(&text).unwrap(), manifest);
        let errors = [
            (&b"{"[..], "broken"),
            (b"{}", "no version"),
            (b"{\"version\":2}", "update claude-craft"),
            (b"{\"version\":1}", "neither"),
            (b"{\"version\":1,\"message\":{},\"receipt\":{}}", "at once"),
        ];
        for (text, what) in errors {
            assert!(parse(text).unwrap_err().contains(what), "{what}");
        }
    }
}
