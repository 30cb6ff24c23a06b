//! Brownouts: windows that come once, or again and again.

use jiff::Timestamp;
use jiff::civil::Weekday;

use super::instant;
use crate::build::judge::Judge;
use crate::diagnostic::Code;
use crate::plan::{Brownout, Days};
use crate::raw::RawBrownout;
use crate::suggest;

const DAY: i64 = 86_400;

/// Judges the windows of an entry.
pub(super) fn build(
    judge: &mut Judge<'_>,
    pointer: &str,
    raw: &[RawBrownout],
    deprecated: Option<Timestamp>,
    sunset: Option<Timestamp>,
) -> Option<Vec<Brownout>> {
    let built: Vec<_> = raw
        .iter()
        .enumerate()
        .map(|(i, raw)| {
            let at = format!("{pointer}/brownouts/{i}");
            match &raw.on {
                Some(on) => recurring(judge, &at, on, raw),
                None => once(judge, &at, raw, deprecated, sunset),
            }
        })
        .collect();
    built.into_iter().collect()
}

fn once(
    judge: &mut Judge<'_>,
    at: &str,
    raw: &RawBrownout,
    deprecated: Option<Timestamp>,
    sunset: Option<Timestamp>,
) -> Option<Brownout> {
    let from = instant(judge, &format!("{at}/from"), &raw.from);
    let to = instant(judge, &format!("{at}/to"), &raw.to);
    let (from, to) = (from?, to?);
    if to <= from {
        return wrong(
            judge,
            at,
            "the window ends before it begins",
            "exchange `from` and `to`",
        );
    }
    let early = deprecated.is_some_and(|begin| from < begin);
    if early || sunset.is_some_and(|end| to > end) {
        let message = "the window does not lie between the deprecation and the sunset";
        let hint = "a brownout is a rehearsal: after clients were told, before they are refused for good";
        return wrong(judge, at, message, hint);
    }
    Some(Brownout::Once { from, to })
}

fn recurring(judge: &mut Judge<'_>, at: &str, on: &str, raw: &RawBrownout) -> Option<Brownout> {
    let days = days(on);
    if days.is_none() {
        let message = format!("`{}` names no days", suggest::shorten(on));
        let hint =
            "write `first tuesday` (second, third, fourth, last), `every tuesday`, `every day` or `day 15`";
        let pointer = format!("{at}/on");
        judge.fault(Code::BadWindow, &pointer, message, Some(hint.to_owned()));
    }
    let from = time(judge, &format!("{at}/from"), &raw.from);
    let to = time(judge, &format!("{at}/to"), &raw.to);
    let (on, from, to) = (days?, from?, to?);
    let lasts = if to > from { to - from } else { to - from + DAY };
    if from >= DAY || lasts == 0 || (lasts == DAY && from != 0) {
        let message = "the window ends when it begins";
        return wrong(
            judge,
            at,
            message,
            "for a whole day write from `\"00:00\"` to `\"24:00\"`",
        );
    }
    Some(Brownout::Recurring { on, from, lasts })
}

fn wrong<T>(judge: &mut Judge<'_>, at: &str, message: &str, hint: &str) -> Option<T> {
    judge.fault(Code::BadWindow, at, message, Some(hint.to_owned()));
    None
}

/// The second of the day of a time such as `14:00`.
fn time(judge: &mut Judge<'_>, pointer: &str, text: &str) -> Option<i64> {
    let two = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten();
    let found = text.split_once(':').and_then(|(hour, minute)| {
        let seconds = i64::from(two(hour)?) * 3600 + i64::from(two(minute).filter(|m| *m < 60)?) * 60;
        (seconds <= DAY).then_some(seconds)
    });
    if found.is_none() {
        let message = format!("`{}` is not a time of day", judge.tree.shown(pointer));
        let hint = "write hours and minutes in UTC, such as `\"14:00\"`; `\"24:00\"` is the end of the day";
        judge.fault(Code::BadWindow, pointer, message, Some(hint.to_owned()));
    }
    found
}

/// The days that words name.
fn days(text: &str) -> Option<Days> {
    let (which, day) = text.trim().split_once(' ')?;
    let day = day.trim();
    match which {
        "every" if day == "day" => Some(Days::Every),
        "every" => weekday(day).map(Days::Weekly),
        "first" => Some(Days::Nth(1, weekday(day)?)),
        "second" => Some(Days::Nth(2, weekday(day)?)),
        "third" => Some(Days::Nth(3, weekday(day)?)),
        "fourth" => Some(Days::Nth(4, weekday(day)?)),
        "last" => weekday(day).map(Days::Last),
        "day" => day
            .parse()
            .ok()
            .filter(|day| (1..=31).contains(day))
            .map(Days::Monthly),
        _ => None,
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_from_words() {
        assert_eq!(days("first tuesday"), Some(Days::Nth(1, Weekday::Tuesday)));
        assert_eq!(days("last  friday"), Some(Days::Last(Weekday::Friday)));
        assert_eq!(days("every day"), Some(Days::Every));
        assert_eq!(days("every sunday"), Some(Days::Weekly(Weekday::Sunday)));
        assert_eq!(days("day 31"), Some(Days::Monthly(31)));
        for wrong in [
            "",
            "tuesday",
            "fifth monday",
            "day 0",
            "day 32",
            "first day",
            "First tuesday",
        ] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
