//! Addresses, browsers, compression, fields of answers.

use ipnet::IpNet;

use super::judge::Judge;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{AddressRules, EdgePlan};
use crate::raw::RawAddresses;
use crate::yaml::Tree;

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<EdgePlan> {
    let addresses = addresses(judge.tree, judge.raw.addresses.as_ref(), judge.faults);
    Some(EdgePlan { addresses })
}

/// Which addresses may ask, of an API or of all.
pub(super) fn addresses(
    tree: &Tree,
    raw: Option<&RawAddresses>,
    faults: &mut Vec<Diagnostic>,
) -> AddressRules {
    let Some(raw) = raw else {
        return AddressRules::default();
    };
    let mut ranges = |key: &str, texts: &[String]| -> Vec<Option<IpNet>> {
        let pointer = |i| format!("/addresses/{key}/{i}");
        let texts = texts.iter().enumerate();
        texts
            .map(|(i, text)| super::range_of(tree, &pointer(i), text, faults))
            .collect()
    };
    let deny = ranges("deny", &raw.deny)
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    let allow = raw.allow.as_ref().map(|texts| ranges("allow", texts));
    for (i, allowed) in allow.iter().flatten().enumerate() {
        let Some(wider) = allowed.and_then(|net| deny.iter().find(|d| d.contains(&net))) else {
            continue;
        };
        let pointer = format!("/addresses/allow/{i}");
        let message = format!(
            "`{}` lies within `{wider}`, which is denied",
            tree.shown(&pointer)
        );
        let hint = "deny wins: narrow the denied range, or delete this one";
        faults.push(tree.fault(Code::DeniedAnyway, &pointer, message).hint(hint));
    }
    AddressRules {
        allow: allow.map(|ranges| ranges.into_iter().flatten().collect()),
        deny,
    }
}
