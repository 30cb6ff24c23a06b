//! What an exchange gathers on its way: members of old versions, what translation met, and whose time it took.

use std::time::{Duration, Instant};

use sluice_transforms::fault::Fault;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::reference::Observer;

/// The most members that one exchange reports: a page of a list holds the same ones again and again.
const MEMBERS: usize = 64;

/// A change's place that stands for no change: a member that goes by `lifecycle`.
pub const BY_LIFECYCLE: usize = usize::MAX;

/// A member of an old version that a change removed, renamed or moved, or one that goes by `lifecycle`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// The change, by its position in the lineage; or [`BY_LIFECYCLE`].
    pub change: usize,
    /// The type.
    pub label: String,
    /// Where it stands in the type, in the change's old version.
    pub at: Pointer,
}

/// What a translation met, each member once.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Members that were sent: evidence of use.
    pub sent: Vec<Member>,
    /// Members that were delivered: whether they are used is unknown.
    pub delivered: Vec<Member>,
    /// Members that a trial withheld.
    pub withheld: Vec<Member>,
    /// Whether the request was lifted.
    pub lifted: bool,
    /// Whether the answer was lowered.
    pub lowered: bool,
    /// Where a change could not carry a document: the change and the place.
    pub faults: Vec<(usize, String)>,
    /// Elements of lists that were left out or replaced, by change.
    pub lost: Vec<(usize, usize)>,
    /// How long translation took.
    pub translation: Option<Duration>,
    /// How long the client's body was waited for.
    pub client: Duration,
    /// How long the body of the upstream's answer was waited for, where it was held.
    pub upstream: Duration,
}

impl Gathered {
    /// Notes a fault that a change is the cause of.
    pub fn fault(&mut self, fault: &Fault) {
        if let Some(change) = fault.change {
            self.faults.push((change, place(&fault.pointer)));
        }
    }

    /// Takes over what another part of the same exchange gathered.
    pub fn absorb(&mut self, more: Self) {
        let lists = [
            (&mut self.sent, more.sent),
            (&mut self.delivered, more.delivered),
            (&mut self.withheld, more.withheld),
        ];
        for (all, members) in lists {
            for member in members {
                note(all, member.change, &member.label, &member.at);
            }
        }
        self.lifted |= more.lifted;
        self.lowered |= more.lowered;
        self.faults.extend(more.faults);
        self.lost.extend(more.lost);
        if let Some(translation) = more.translation {
            self.translation = Some(self.translation.unwrap_or_default() + translation);
        }
        self.client += more.client;
        self.upstream += more.upstream;
    }

    /// Adds the time since then to what translation took.
    pub fn translated(&mut self, since: Instant) {
        let before = self.translation.unwrap_or_default();
        self.translation = Some(before + since.elapsed());
    }
}

impl Observer for Gathered {
    fn sent(&mut self, change: usize, label: &str, member: &Pointer) {
        note(&mut self.sent, change, label, member);
    }

    fn delivered(&mut self, change: usize, label: &str, member: &Pointer) {
        note(&mut self.delivered, change, label, member);
    }

    fn lost(&mut self, change: usize, elements: usize) {
        self.lost.push((change, elements));
    }
}

/// Adds a member that is not there yet.
pub fn note(members: &mut Vec<Member>, change: usize, label: &str, at: &Pointer) {
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

/// A place without positions in lists, which would make a place of each element; at most 200 characters of it.
fn place(at: &Pointer) -> String {
    let text = at.to_string();
    let tokens = text.split('/').map(|token| {
        let is_position = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
        if is_position { "*" } else { token }
    });
    let joined = tokens.collect::<Vec<_>>().join("/");
    joined.chars().take(200).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_two_parts_gathered_is_one() {
        let seconds = Duration::from_secs;
        let with = |at: &str, change: usize| Gathered {
            sent: vec![Member {
                change,
                label: "Customer".to_owned(),
                at: Pointer::parse(at).unwrap(),
            }],
            faults: vec![(change, at.to_owned())],
            client: seconds(1),
            ..Gathered::default()
        };
        let mut all = with("/segment", BY_LIFECYCLE);
        all.absorb(Gathered {
            lifted: true,
            translation: Some(seconds(2)),
            ..with("/title", 0)
        });
        all.absorb(Gathered {
            lost: vec![(0, 3)],
            ..with("/title", 0)
        });
        let members: Vec<String> = all.sent.iter().map(|member| member.at.to_string()).collect();
        assert_eq!(members, ["/segment", "/title"]);
        assert_eq!((all.faults.len(), all.lost.len(), all.lifted), (3, 1, true));
        assert_eq!((all.translation, all.client), (Some(seconds(2)), seconds(3)));
    }

    #[test]
    fn places_do_not_tell_positions_apart() {
        let at = |text: &str| place(&Pointer::parse(text).unwrap());
        assert_eq!(at("/data/17/address"), "/data/*/address");
        assert_eq!(at(""), "");
        assert_eq!(at(&format!("/{}", "x".repeat(500))).len(), 200);
    }
}
