//! Numbers and times as the pages write them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// A count with a comma after each three digits.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share of 0 to 1 in percent. What is there and would be shown as nothing is `< 0.1 %`.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        none if none <= 0.0 => "0 %".to_owned(),
        little if little < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// How much a share changes in a week, in points.
pub(super) fn points(change: f64) -> String {
    let points = change * 100.0;
    if points.abs() < 0.05 {
        return "±0.0".to_owned();
    }
    // A minus that is as wide as the plus.
    let sign = if points < 0.0 { '−' } else { '+' };
    format!("{sign}{:.1}", points.abs())
}

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
pub(super) fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// An instant to the minute, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// A day of a plan, told in words of how far away it is.
pub(super) fn dated(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(format!("{} UTC, {}", minute(at), distance(at, now))) { (day(at)) } }
}

/// How long ago something was, with the instant for whoever points at it.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(format!("{} UTC", minute(at))) { (distance(at, now)) } }
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
    fn counts_have_commas() {
        let shown = [0, 7, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn what_is_little_is_not_nothing() {
        assert_eq!(
            [0.0, 0.0004, 0.001, 0.1234, 1.0].map(percent),
            ["0 %", "< 0.1 %", "0.1 %", "12.3 %", "100.0 %"]
        );
        assert_eq!([-0.021, 0.0001, 0.004].map(points), ["−2.1", "±0.0", "+0.4"]);
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
        assert_eq!(minute(now), "2026-06-15 12:00");
    }
}
