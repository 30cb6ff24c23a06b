//! Which trace a request belongs to: W3C Trace Context, Level 1 (<https://www.w3.org/TR/trace-context-1/>).
//!
//! Both fields are read strictly: what is malformed is as if it were not there, and a new trace begins.

use std::collections::BTreeSet;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{SpanId, TraceId};

/// Which trace, whose call, and whether it is sampled.
pub(super) const PARENT: HeaderName = HeaderName::from_static("traceparent");
/// What tracing systems say to each other.
pub(super) const STATE: HeaderName = HeaderName::from_static("tracestate");

/// The most members of `tracestate` (§3.3.1.1).
const MEMBERS: usize = 32;
/// The length of `traceparent` in version 00: `00-TRACE-PARENT-FLAGS`.
const LENGTH: usize = 55;

/// The call that a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    /// Its trace.
    pub(super) trace: TraceId,
    /// The span that made it.
    pub(super) span: SpanId,
    /// Whether the caller may have recorded its part.
    pub(super) sampled: bool,
}

/// What a request says of its trace; nothing when it says none, or says it in a wrong form.
pub(super) fn read(headers: &HeaderMap) -> Option<Parent> {
    let mut lines = headers.get_all(PARENT).iter();
    let line = lines.next()?;
    // Two parents are none.
    lines.next().is_none().then(|| parent(line.as_bytes())).flatten()
}

/// §3.2.2. A version that is not known yet is read as far as it looks like this one (§4.3).
fn parent(text: &[u8]) -> Option<Parent> {
    let version = hex(text.get(..2)?)?;
    let shaped = match version {
        0xff => false,
        0 => text.len() == LENGTH,
        _ => text.len() == LENGTH || text.get(LENGTH) == Some(&b'-'),
    };
    let dashes = [2, 35, 52].iter().all(|at| text.get(*at) == Some(&b'-'));
    if !shaped || !dashes {
        return None;
    }
    let trace = TraceId::from(hex(text.get(3..35)?)?);
    let span = SpanId::from(u64::try_from(hex(text.get(36..52)?)?).ok()?);
    let flags = hex(text.get(53..LENGTH)?)?;
    let is_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
    is_valid.then_some(Parent {
        trace,
        span,
        sampled: flags & 1 == 1,
    })
}

/// Hexadecimal digits in lower case: no others are allowed.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((value << 4) | u128::from(digit))
    })
}

/// Says which span calls. Flags that this version does not know are not set (§3.2.2.5).
pub(super) fn write(headers: &mut HeaderMap, call: &Parent) {
    let flags = u8::from(call.sampled);
    let text = format!("00-{}-{}-{flags:02x}", call.trace, call.span);
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(PARENT, value);
    }
}

/// Whether `tracestate` is there in a wrong form (§3.3.1): then all of it has to go.
pub(super) fn is_state_malformed(headers: &HeaderMap) -> bool {
    let mut keys = BTreeSet::new();
    let lines = headers.get_all(STATE).iter();
    let mut members = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let is_sound = members.all(|member| {
        let member = trimmed(member);
        member.is_empty() || key(member).is_some_and(|key| keys.len() < MEMBERS && keys.insert(key))
    });
    !is_sound
}

fn trimmed(member: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(begin) = member.iter().position(|byte| !is_space(byte)) else {
        return &[];
    };
    let end = member.iter().rposition(|byte| !is_space(byte)).unwrap_or(begin);
    &member[begin..=end]
}

/// The key of a sound member.
fn key(member: &[u8]) -> Option<&[u8]> {
    let equals = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&member[..equals], &member[equals + 1..]);
    let is_sound = |byte: &u8| matches!(byte, 0x20..=0x2b | 0x2d..=0x3c | 0x3e..=0x7e);
    let value_is_sound = (1..=256).contains(&value.len()) && value.iter().all(is_sound);
    (value_is_sound && is_key(key)).then_some(key)
}

/// `simple-key`, or `tenant-id@system-id`.
fn is_key(key: &[u8]) -> bool {
    let word = |text: &[u8], longest: usize, digit_first: bool| {
        let first = text
            .first()
            .is_some_and(|first| first.is_ascii_lowercase() || digit_first && first.is_ascii_digit());
        let rest = |byte: &u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/')
        };
        first && text.len() <= longest && text.iter().all(rest)
    };
    match key.iter().position(|byte| *byte == b'@') {
        None => word(key, 256, false),
        Some(at) => word(&key[..at], 241, true) && word(&key[at + 1..], 14, false),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    fn reads(lines: &[&str]) -> Option<Parent> {
        read(&headers(PARENT, lines))
    }

    #[test]
    fn the_examples_of_the_recommendation_are_read_and_written_as_they_were() {
        let parent = reads(&[GOOD]).unwrap();
        assert!(parent.sampled);
        assert_eq!(parent.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.span.to_string(), "00f067aa0ba902b7");
        let mut headers = headers(PARENT, &["anything"]);
        write(&mut headers, &parent);
        assert_eq!(headers[PARENT], GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert!(!reads(&[&unsampled]).unwrap().sampled);
        // Flags that are not known are not taken for this one.
        assert!(!reads(&[&GOOD.replace("-01", "-fe")]).unwrap().sampled);
        assert!(reads(&[&GOOD.replace("-01", "-ff")]).unwrap().sampled);
        // Later versions may have more to say.
        assert_eq!(reads(&[&GOOD.replacen("00", "cc", 1)]), Some(parent));
        let later = format!("{}-what-the-future-will-be-like", GOOD.replacen("00", "01", 1));
        assert_eq!(reads(&[&later]), Some(parent));
    }

    #[test]
    fn what_is_malformed_is_no_parent() {
        let bad = [
            "",
            "00",
            "00-",
            &GOOD[..54],
            &format!("{GOOD}0"),
            &format!("{GOOD}-more"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replacen("00", "0g", 1),
            &GOOD.replacen("00", "0", 1),
            &GOOD.to_uppercase(),
            &GOOD.replace("4bf92f", "4Bf92f"),
            &GOOD.replace("4bf92f", "4bf92g"),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace("-01", "-1"),
            &GOOD.replace("-01", "-0x"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("-00f0", "--0f0"),
            &format!("{}.", GOOD.replacen("00", "01", 1)),
            &format!("{GOOD},{GOOD}"),
            "00-\u{ff14}bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
        ];
        for line in bad {
            assert_eq!(reads(&[line]), None, "{line:?}");
        }
        assert_eq!(reads(&[]), None);
        assert_eq!(reads(&[GOOD, GOOD]), None, "two parents");
    }

    #[test]
    fn states_are_sound_or_not() {
        let is_sound = |lines: &[&str]| !is_state_malformed(&headers(STATE, lines));
        let many = |count: usize| {
            (0..count)
                .map(|n| format!("k{n}=v"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let long = |key: usize, value: usize| format!("{}={}", "k".repeat(key), "v".repeat(value));
        for good in [
            "",
            "rojo=00f067aa0ba902b7",
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
            "rojo=1 , \tcongo=2,,",
            "fw529a3039@dt=FfEe, 0tenant@sys=!#$ %",
            "a_-*/1=x",
            &many(32),
            &long(256, 256),
        ] {
            assert!(is_sound(&[good]), "{good:?}");
        }
        assert!(is_sound(&["a=1", "b=2"]) && is_sound(&[]));
        for bad in [
            "rojo",
            "=1",
            "rojo=",
            "Rojo=1",
            "1rojo=1",
            "ro jo=1",
            "rojo =1",
            "rojo=1=2",
            "rojo=\u{e4}",
            "a@b@c=1",
            "a@1b=1",
            "@b=1",
            "a@=1",
            "a=1,a=2",
            &many(33),
            &long(257, 1),
            &long(1, 257),
        ] {
            assert!(!is_sound(&[bad]), "{bad:?}");
        }
        assert!(!is_sound(&["a=1", "a=2"]), "over lines too");
    }
}
