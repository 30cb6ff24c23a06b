//! How a request names its version: every selector well-formed, each place read once, every version
//! within reach.

use http::HeaderName;

use super::versions;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Selection, Selector, VersionId, VersionPlan};
use crate::raw::{RawApi, RawMediaType, RawNamed, RawSelector};
use crate::yaml::Tree;

/// Headers that say something else already; a version in one of them would break it.
pub(super) const TAKEN: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "accept",
    "authorization",
    "cookie",
    "expect",
    "range",
    "if-match",
    "if-none-match",
];

/// Judges the selectors.
pub(super) fn build(
    tree: &Tree,
    raw: &RawApi,
    versions: &[VersionPlan],
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<Selection>> {
    let mut judge = Judge {
        tree,
        versions,
        faults,
    };
    let found: Vec<_> = raw
        .select
        .iter()
        .enumerate()
        .map(|(i, raw)| judge.selection(i, raw))
        .collect();
    judge.each_once(&found);
    let selections = found.into_iter().collect::<Option<Vec<_>>>()?;
    judge.all_within_reach(&selections);
    judge.unversioned(raw, &selections);
    Some(selections)
}

struct Judge<'a> {
    tree: &'a Tree,
    versions: &'a [VersionPlan],
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn selection(&mut self, i: usize, raw: &RawSelector) -> Option<Selection> {
        let at = |kind: &str| format!("/select/{i}/{kind}");
        let (kind, selector, from) = if raw.path.is_some() {
            (at("path"), Some(Selector::Path), None)
        } else if let Some(named) = &raw.header {
            (
                at("header"),
                self.header(&at("header"), named),
                named.from.as_ref(),
            )
        } else if let Some(raw) = &raw.media_type {
            (
                at("media_type"),
                self.media_type(&at("media_type"), raw),
                raw.from.as_ref(),
            )
        } else if let Some(named) = &raw.query {
            (at("query"), self.query(&at("query"), named), named.from.as_ref())
        } else {
            (at("pin"), Some(Selector::Pin), raw.pin.as_ref()?.from.as_ref())
        };
        let from = self.from(&format!("{kind}/from"), from.map(String::as_str));
        Some(Selection {
            selector: selector?,
            from: from?,
        })
    }

    fn from(&mut self, pointer: &str, name: Option<&str>) -> Option<VersionId> {
        let Some(name) = name else {
            return Some(VersionId(0));
        };
        versions::find(self.tree, pointer, name, self.versions, self.faults)
    }

    fn header(&mut self, pointer: &str, raw: &RawNamed) -> Option<Selector> {
        let pointer = format!("{pointer}/name");
        match HeaderName::from_bytes(raw.name.as_bytes()) {
            Err(_) => self.bad(
                &pointer,
                "is not the name of a header",
                "write it like `API-Version`",
            ),
            Ok(name) if TAKEN.contains(&name.as_str()) => self.bad(
                &pointer,
                "is a header with a meaning of its own",
                "use another, such as `API-Version`",
            ),
            Ok(name) => Some(Selector::Header(name)),
        }
    }

    fn media_type(&mut self, pointer: &str, raw: &RawMediaType) -> Option<Selector> {
        let halves = raw
            .media_type
            .split_once('/')
            .filter(|(a, b)| is_token(a) && is_token(b) && !a.starts_with('*'));
        if halves.is_none() {
            let hint = "write it without parameters, like `application/vnd.example+json`";
            self.bad(&format!("{pointer}/type"), "is not a media type", hint);
        }
        let parameter = raw.parameter.to_ascii_lowercase();
        if !is_token(&parameter) || parameter == "q" {
            let hint = "write it like `version`";
            return self.bad(
                &format!("{pointer}/parameter"),
                "is not the name of a parameter",
                hint,
            );
        }
        halves.map(|_| Selector::MediaType {
            media_type: raw.media_type.to_ascii_lowercase(),
            parameter,
        })
    }

    fn query(&mut self, pointer: &str, raw: &RawNamed) -> Option<Selector> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if raw.name.is_empty() || !raw.name.bytes().all(unreserved) {
            let hint = "use letters, digits, `-`, `_`, `.` and `~`";
            return self.bad(
                &format!("{pointer}/name"),
                "is not the name of a query parameter",
                hint,
            );
        }
        Some(Selector::Query(raw.name.clone()))
    }

    fn bad(&mut self, pointer: &str, is_not: &str, hint: &str) -> Option<Selector> {
        let message = format!("`{}` {is_not}", self.tree.shown(pointer));
        self.faults
            .push(self.tree.fault(Code::BadSelector, pointer, message).hint(hint));
        None
    }

    fn each_once(&mut self, found: &[Option<Selection>]) {
        for (i, selection) in found.iter().enumerate() {
            let Some(Selection { selector, .. }) = selection else {
                continue;
            };
            let same = |other: &Option<Selection>| other.as_ref().is_some_and(|o| o.selector == *selector);
            if found[..i].iter().any(same) {
                let message = "an earlier selector reads the same place of the request";
                self.faults.push(
                    self.tree
                        .fault(Code::SameSelector, &format!("/select/{i}"), message),
                );
            }
        }
    }

    /// Whether a fault in a path or a name was told already; more about the same place would be noise.
    fn told(&self) -> bool {
        let of_this =
            |d: &Diagnostic| matches!(d.code, Code::BadPath | Code::BadName) && d.file == self.tree.file;
        self.faults.iter().any(of_this)
    }

    fn unversioned(&mut self, raw: &RawApi, selections: &[Selection]) {
        let told = self.told();
        if !told && !raw.unversioned.is_empty() && selections.iter().all(|s| s.selector == Selector::Path) {
            let message = "this path is never looked at: every selector is in the path";
            let fault = self.tree.fault(Code::BadSelector, "/unversioned", message);
            self.faults
                .push(fault.hint("add a selector that is not, or delete the path"));
        }
    }

    fn all_within_reach(&mut self, selections: &[Selection]) {
        for (i, version) in self.versions.iter().enumerate() {
            let reaches = |s: &Selection| match s.selector {
                Selector::Path => version.path.is_some(),
                _ => s.covers(VersionId(i)),
            };
            let told = self.told();
            if !told && !selections.iter().any(reaches) {
                let message = format!("no selector can name the version `{}`", version.name);
                let fault = self
                    .tree
                    .fault(Code::BadSelector, &format!("/versions/{i}"), message);
                self.faults
                    .push(fault.hint("give it a `path`, or a selector whose `from` comes no later"));
            }
        }
    }
}

/// A token (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
