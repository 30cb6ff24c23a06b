//! The laws of translation, tried on documents generated from the schemas of every version.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sluice_config::plan::Plan;
use sluice_transforms::check::{Broken, Refused, Report, laws};
use sluice_transforms::generate::Generator;

use super::super::output::Progress;

/// How many reasons to refuse are told to people; machines get all of them.
const TOLD: usize = 10;

/// What was found for an API.
pub(super) struct Tried {
    api: String,
    /// Whether there is anything to translate between.
    several: bool,
    report: Report,
}

/// Tries the laws of every API on so many documents for each version and operation.
pub(super) fn try_all(plan: &Plan, documents: usize, seed: u64) -> Vec<Tried> {
    let progress = Progress::new();
    let apis = plan.apis.iter().filter(|_| documents > 0);
    let tried = apis.map(|api| {
        let mut at = |done, all| progress.at(&format!("{}: laws, {done} of {all}", api.name));
        let report = laws(&api.lineage, &mut Generator::new(seed), documents, &mut at);
        Tried {
            api: api.name.clone(),
            several: api.versions.len() > 1,
            report,
        }
    });
    tried.collect()
}

impl Tried {
    /// Whether every law holds.
    pub(super) fn holds(&self) -> bool {
        self.report.broken.is_empty()
    }

    /// What is worth saying of a trial that proves nothing.
    fn warning(&self) -> Option<&'static str> {
        let hint = "no documents were tried, so nothing is known of the translation: no operation carries a type that \
                    says what its documents look like";
        (self.several && self.report.tried == 0).then_some(hint)
    }

    /// For machines.
    pub(super) fn to_json(&self) -> Json {
        let broken = |b: &Broken| {
            let (law, given) = (b.law.to_string(), &b.given);
            json!({"law": law, "version": b.version, "operation": b.operation, "given": given, "wanted": b.wanted, "found": b.found})
        };
        let refused = |(r, count): (&Refused, &usize)| {
            let when = if r.showing { "lower" } else { "lift" };
            json!({"version": r.version, "when": when, "pointer": r.pointer, "detail": r.detail, "count": count})
        };
        json!({
            "api": self.api,
            "documents": self.report.tried,
            "warning": self.warning(),
            "broken": self.report.broken.iter().map(broken).collect::<Vec<_>>(),
            "refused": self.report.refused.iter().map(refused).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        for broken in &self.report.broken {
            let Broken {
                law,
                version,
                operation,
                given,
                wanted,
                found,
            } = broken;
            let _ = writeln!(
                out,
                "error: a law does not hold: {law}\n --> {} {version}, {operation}",
                self.api
            );
            let _ = writeln!(out, "  given  {given}\n  wanted {wanted}\n  found  {found}\n");
        }
        let reasons = self.reasons();
        for reason in reasons.iter().take(TOLD) {
            let what = if reason.showing {
                "of the origin cannot be shown in"
            } else {
                "cannot be lifted from"
            };
            let (count, versions) = (reason.count, reason.versions.join(", "));
            let _ = writeln!(
                out,
                "note: {count} documents {what} {versions}: {}",
                reason.detail
            );
        }
        if reasons.len() > TOLD {
            let _ = writeln!(
                out,
                "note: and {} more reasons; --json tells all",
                reasons.len() - TOLD
            );
        }
        if let Some(warning) = self.warning() {
            let _ = writeln!(out, "warning: {}: {warning}", self.api);
            return out;
        }
        let broken = self.report.broken.len();
        let _ = writeln!(
            out,
            "{}: {} documents tried, {broken} laws broken",
            self.api, self.report.tried
        );
        out
    }

    /// Reasons to refuse, the most frequent first. The place is left out: each version has its own name for it.
    fn reasons(&self) -> Vec<Reason<'_>> {
        let mut reasons: Vec<Reason<'_>> = Vec::new();
        for (refused, count) in &self.report.refused {
            let Refused {
                version,
                showing,
                detail,
                ..
            } = refused;
            let known = reasons
                .iter_mut()
                .find(|r| r.showing == *showing && r.detail == detail);
            match known {
                Some(reason) => {
                    reason.count += count;
                    reason.versions.push(version);
                    reason.versions.dedup();
                }
                None => reasons.push(Reason {
                    showing: *showing,
                    detail,
                    versions: vec![version],
                    count: *count,
                }),
            }
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        reasons
    }
}

/// Why documents are refused, in all versions that refuse them for it.
struct Reason<'a> {
    showing: bool,
    detail: &'a str,
    versions: Vec<&'a str>,
    count: usize,
}
