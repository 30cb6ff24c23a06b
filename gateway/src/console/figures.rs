//! Numbers and times as the pages write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

pub(super) use crate::ledger::report::figures::{grouped as count, harmless, minute, percent, points};

/// How many a second.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate <= 0.0 => "0".to_owned(),
        rate if rate < 0.01 => "< 0.01".to_owned(),
        rate if rate < 10.0 => format!("{rate:.2}"),
        rate if rate < 100.0 => format!("{rate:.1}"),
        rate => count(rate.round() as u64),
    }
}

/// A time that something takes, given in seconds.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// The day of an instant, in UTC.
pub(super) fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// A day of a plan, told in words of how far away it is.
pub(super) fn dated(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(format!("{}, {}", minute(at), distance(at, now))) { (date(at)) } }
}

/// How long ago something was, with the instant for whoever points at it.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(minute(at)) { (distance(at, now)) } }
}

/// How far away an instant is, in the largest unit that says enough.
pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let far = seconds.unsigned_abs();
    let text = match far {
        0..60 if seconds <= 0 => return "just now".to_owned(),
        0..60 => return "in less than a minute".to_owned(),
        60..3_600 => format!("{} min", far / 60),
        3_600..172_800 => format!("{} h", far / 3_600),
        _ => format!("{} days", far / 86_400),
    };
    if seconds < 0 {
        format!("{text} ago")
    } else {
        format!("in {text}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_little_is_not_nothing() {
        assert_eq!(
            [0.0, 0.001, 1.5, 42.06, 1234.4].map(rate),
            ["0", "< 0.01", "1.50", "42.1", "1,234"]
        );
        assert_eq!(
            [0.000_02, 0.0005, 0.0025, 0.05, 2.5].map(span),
            ["20 µs", "500 µs", "2.5 ms", "50 ms", "2.5 s"]
        );
    }

    #[test]
    fn instants_are_told_by_their_distance() {
        let now: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        let told = |at: &str| distance(at.parse().unwrap(), now);
        assert_eq!(told("2026-06-15T11:59:30Z"), "just now");
        assert_eq!(told("2026-06-15T12:00:30Z"), "in less than a minute");
        assert_eq!(told("2026-06-15T11:18:00Z"), "42 min ago");
        assert_eq!(told("2026-06-14T11:00:00Z"), "25 h ago");
        assert_eq!(told("2027-06-15T12:00:00Z"), "in 365 days");
    }
}
