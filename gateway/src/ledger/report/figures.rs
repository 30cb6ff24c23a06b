//! Numbers and instants as people read them. JSON and CSV have them exactly.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A count with commas: `1,204,731`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share of 0 to 1 as a percentage: `12.3 %`. What is more than nothing is never shown as nothing, and what is less than all
/// never as all.
pub fn percent(share: f64) -> String {
    let shown = share * 100.0;
    if shown > 0.0 && shown < 0.05 {
        return "< 0.1 %".to_owned();
    }
    if (99.95..100.0).contains(&shown) {
        return "> 99.9 %".to_owned();
    }
    format!("{shown:.1} %")
}

/// A difference of shares as points: `-2.1`.
pub fn points(difference: f64) -> String {
    let shown = format!("{:+.1}", difference * 100.0);
    match shown.as_str() {
        "+0.0" | "-0.0" => "0.0".to_owned(),
        _ => shown,
    }
}

/// An instant in UTC, to the minute: `2027-06-30 23:59 UTC`.
pub fn minute(at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02} UTC", time.hour(), time.minute())
}

/// The day of an instant in UTC.
pub fn day(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).date().to_string()
}

/// A text that came from outside, without what steers a terminal.
pub fn harmless(text: &str) -> String {
    let safe = |c: char| if is_harmless(c) { c } else { '\u{fffd}' };
    text.chars().map(safe).collect()
}

/// Neither a control nor one of the marks that turn the direction of text (Unicode TR 9).
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        let shown = [0, 7, 999, 1_000, 12_345, 123_456, 1_234_567, u64::MAX].map(grouped);
        let expected = [
            "0",
            "7",
            "999",
            "1,000",
            "12,345",
            "123,456",
            "1,234,567",
            "18,446,744,073,709,551,615",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn little_is_not_nothing_and_much_is_not_all() {
        let shown = [0.0, 0.000_01, 0.01, 0.123_4, 0.999_9, 1.0].map(percent);
        assert_eq!(
            shown,
            ["0.0 %", "< 0.1 %", "1.0 %", "12.3 %", "> 99.9 %", "100.0 %"]
        );
        assert_eq!(
            [-0.021, 0.0, -0.000_1, 0.5].map(points),
            ["-2.1", "0.0", "0.0", "+50.0"]
        );
    }

    #[test]
    fn what_steers_a_terminal_is_not_shown() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\n\u{202e}é"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}é"
        );
    }
}
