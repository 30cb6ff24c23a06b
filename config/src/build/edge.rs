//! Addresses, browsers, compression, fields of answers.

mod cors;
mod fields;

use ipnet::IpNet;

use super::judge::Judge;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{AddressRules, CompressionPlan, EdgePlan, MediaRange};
use crate::raw::{RawAddresses, RawCompression};
use crate::yaml::Tree;

/// What shrinks, and is not compressed already. Not `text/event-stream`: events must not wait for one another.
const COMPRESSIBLE: [&str; 10] = [
    "application/json",
    "*+json",
    "application/xml",
    "*+xml",
    "application/javascript",
    "text/plain",
    "text/html",
    "text/css",
    "text/csv",
    "text/xml",
];

/// Judges it.
pub(super) fn build(judge: &mut Judge<'_>) -> Option<EdgePlan> {
    let addresses = addresses(judge.tree, judge.raw.addresses.as_ref(), judge.faults);
    let raw = judge.raw;
    let cors = raw.cors.as_ref().map(|raw| cors::build(judge, raw));
    let compression = raw.compression.as_ref().map(|raw| compression(judge, raw));
    let fields = raw.security_headers.as_ref().map(|raw| fields::build(judge, raw));
    Some(EdgePlan {
        addresses,
        cors: super::judged(cors)?,
        compression: super::judged(compression)?,
        fields: super::judged(fields)?,
    })
}

fn compression(judge: &mut Judge<'_>, raw: &RawCompression) -> Option<CompressionPlan> {
    let minimum = judge.size("/compression/minimum", &raw.minimum);
    let media_types = match &raw.media_types {
        None => Some(COMPRESSIBLE.iter().filter_map(|text| media_range(text)).collect()),
        Some(texts) => {
            let texts = texts.iter().enumerate();
            let ranges = texts.map(|(i, text)| written_range(judge, i, text));
            ranges.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
        }
    };
    Some(CompressionPlan {
        minimum: minimum?,
        media_types: media_types?,
    })
}

fn written_range(judge: &mut Judge<'_>, index: usize, text: &str) -> Option<MediaRange> {
    let range = media_range(text);
    if range.is_none() {
        let pointer = format!("/compression/media_types/{index}");
        let message = format!(
            "`{}` is not a media type in lower case",
            judge.tree.shown(&pointer)
        );
        let hint = "write `application/json`, `text/*` or `*+json`, without parameters";
        judge.fault(Code::BadSettings, &pointer, message, Some(hint.to_owned()));
    }
    range
}

fn media_range(text: &str) -> Option<MediaRange> {
    let token = |text: &str| {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.+_".contains(&b);
        !text.is_empty() && text.bytes().all(known)
    };
    if let Some(suffix) = text.strip_prefix("*+") {
        return token(suffix).then(|| MediaRange::Suffix(format!("+{suffix}")));
    }
    let (kind, subtype) = text.split_once('/')?;
    match subtype {
        "*" => token(kind).then(|| MediaRange::Type(format!("{kind}/"))),
        _ => (token(kind) && token(subtype)).then(|| MediaRange::One(text.to_owned())),
    }
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
