//! The ledger's door: what an exchange tells of who used what. Where it goes is the listener's matter.

pub mod batch;
pub mod fact;
pub mod question;
pub mod report;
pub mod store;

use sluice_transforms::pointer::Pointer;
use sluice_transforms::reference::Observer;

/// What one exchange used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The API.
    pub api: String,
    /// The client's version.
    pub version: String,
    /// The selector that named it.
    pub chosen_by: &'static str,
    /// The operation's id; empty when the request belonged to none.
    pub operation: String,
    /// The status that the client got.
    pub status: u16,
    /// Members of old versions that the request sent: evidence of use.
    pub sent: Vec<Member>,
    /// Members of old versions that the answer delivered: whether they are used is unknown.
    pub delivered: Vec<Member>,
}

/// A member of an old version that a change removed, renamed or moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// The change, by its position in the lineage.
    pub change: usize,
    /// The type.
    pub label: String,
    /// Where it stands in the type, in the change's old version.
    pub at: Pointer,
}

/// Who is told of exchanges. Called on a core: it must not wait.
pub trait Ledger: Send + Sync {
    /// Whether it keeps anything: else nothing is put together for it.
    fn keeps(&self) -> bool {
        true
    }

    /// An exchange has ended.
    fn record(&self, exchange: &Exchange);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unkept;

impl Ledger for Unkept {
    fn keeps(&self) -> bool {
        false
    }

    fn record(&self, _: &Exchange) {}
}

/// The most members that one exchange reports: a page of a list holds the same ones again and again.
const MEMBERS: usize = 64;

/// Gathers the members that a translation meets, each once.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Members that were sent.
    pub sent: Vec<Member>,
    /// Members that were delivered.
    pub delivered: Vec<Member>,
}

impl Observer for Gathered {
    fn sent(&mut self, change: usize, label: &str, member: &Pointer) {
        note(&mut self.sent, change, label, member);
    }

    fn delivered(&mut self, change: usize, label: &str, member: &Pointer) {
        note(&mut self.delivered, change, label, member);
    }
}

fn note(members: &mut Vec<Member>, change: usize, label: &str, at: &Pointer) {
    let known = members
        .iter()
        .any(|m| m.change == change && m.label == label && m.at == *at);
    if !known && members.len() < MEMBERS {
        members.push(Member {
            change,
            label: label.to_owned(),
            at: at.clone(),
        });
    }
}
