//! Instants in the forms that APIs write: Unix time, RFC 3339, HTTP dates (RFC 9110 §5.6.7), and plain dates.
//!
//! Instants are kept as civil time in UTC, because jiff's timestamps end before `9999-12-31T23:59:59Z`, which APIs use
//! for "never".

use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::Form;
use super::number::{text, whole};
use crate::fault::Fault;
use crate::value::Value;

const DAY: i64 = 86_400;
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// An instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant {
    utc: DateTime,
    /// Whether a fraction had more than nine digits.
    finer: bool,
}

impl Instant {
    /// Reads an instant.
    pub(super) fn read(form: Form, value: &Value) -> Result<Self, Fault> {
        let utc = match form {
            Form::UnixSeconds => from_unix(SignedDuration::from_secs(integer(value)?))?,
            Form::UnixMillis => from_unix(SignedDuration::from_millis(integer(value)?))?,
            Form::HttpDate => http_date(&text(value)?)?,
            Form::Date => date(&text(value)?)?,
            _ => return rfc3339(&text(value)?),
        };
        Ok(Self { utc, finer: false })
    }

    /// Writes the instant; what is finer than the form is left out, towards the past.
    pub(super) fn show(self, form: Form) -> Result<Value, Fault> {
        let (seconds, nanos) = self.unix();
        Ok(match form {
            Form::UnixSeconds => Value::number(seconds.to_string()),
            Form::UnixMillis => Value::number((seconds * 1000 + i64::from(nanos / 1_000_000)).to_string()),
            Form::HttpDate => Value::text(&self.utc.strftime(HTTP_DATE).to_string()),
            Form::Date => Value::text(&self.utc.strftime("%Y-%m-%d").to_string()),
            _ => Value::text(&self.to_rfc3339()),
        })
    }

    /// Whether a form holds all of the instant.
    pub(super) fn fits(self, form: Form) -> bool {
        let (seconds, nanos) = self.unix();
        match form {
            Form::UnixSeconds | Form::HttpDate => nanos == 0 && !self.finer,
            Form::UnixMillis => nanos % 1_000_000 == 0 && !self.finer,
            Form::Date => nanos == 0 && !self.finer && seconds.rem_euclid(DAY) == 0,
            _ => true,
        }
    }

    /// Seconds since 1970, and the nanoseconds after them.
    fn unix(self) -> (i64, i32) {
        let since = self.utc.duration_since(epoch());
        let (seconds, nanos) = (since.as_secs(), since.subsec_nanos());
        if nanos < 0 {
            (seconds - 1, nanos + 1_000_000_000)
        } else {
            (seconds, nanos)
        }
    }

    fn to_rfc3339(self) -> String {
        let head = self.utc.strftime("%Y-%m-%dT%H:%M:%S");
        match self.utc.subsec_nanosecond() {
            0 => format!("{head}Z"),
            nanos if nanos % 1_000_000 == 0 => format!("{head}.{:03}Z", nanos / 1_000_000),
            nanos => format!("{head}.{nanos:09}Z"),
        }
    }
}

fn epoch() -> DateTime {
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
}

/// RFC 3339 writes the years 0 to 9999.
fn in_range(utc: DateTime) -> Option<DateTime> {
    (utc.year() >= 0).then_some(utc)
}

fn from_unix(since: SignedDuration) -> Result<DateTime, Fault> {
    let utc = epoch().checked_add(since).ok().and_then(in_range);
    utc.ok_or_else(|| Fault::unfit("the time is outside the years 0 to 9999"))
}

fn integer(value: &Value) -> Result<i64, Fault> {
    whole(value)?
        .parse()
        .map_err(|_| Fault::unfit("the time is outside the years 0 to 9999"))
}

fn http_date(text: &str) -> Result<DateTime, Fault> {
    let parsed = DateTime::strptime(HTTP_DATE, text).ok().and_then(in_range);
    parsed
        .filter(|utc| utc.strftime(HTTP_DATE).to_string() == text)
        .ok_or_else(|| Fault::unfit("an HTTP date is needed here, like Sun, 06 Nov 1994 08:49:37 GMT"))
}

fn date(text: &str) -> Result<DateTime, Fault> {
    let parsed = civil_date(text.as_bytes()).filter(|_| text.len() == 10);
    let utc = parsed.and_then(|(y, m, d)| DateTime::new(y, m, d, 0, 0, 0, 0).ok());
    utc.ok_or_else(|| Fault::unfit("a date is needed here, like 1994-11-06"))
}

/// RFC 3339 §5.6: every part is there, and a leap second is refused because Unix time has none.
fn rfc3339(text: &str) -> Result<Instant, Fault> {
    if text.as_bytes().get(16..19) == Some(b":60") {
        return Err(Fault::unfit(
            "a leap second has no counterpart in the other version",
        ));
    }
    let instant = date_time(text.as_bytes());
    instant.ok_or_else(|| Fault::unfit("a time is needed here, like 1994-11-06T08:49:37Z"))
}

fn date_time(bytes: &[u8]) -> Option<Instant> {
    let (y, m, d) = civil_date(bytes)?;
    let (hour, minute) = clock(bytes.get(11..16)?)?;
    let second = digits(bytes.get(17..19)?).filter(|_| bytes[16] == b':')?;
    let t = matches!(bytes[10], b'T' | b't');
    let (nanos, finer, rest) = fraction(bytes.get(19..)?)?;
    let shift = SignedDuration::from_secs(offset(rest)?);
    let at = |n: i16| i8::try_from(n).ok();
    let local = DateTime::new(y, m, d, at(hour)?, at(minute)?, at(second)?, nanos).ok()?;
    let utc = local.checked_sub(shift).ok().and_then(in_range)?;
    t.then_some(Instant { utc, finer })
}

fn civil_date(bytes: &[u8]) -> Option<(i16, i8, i8)> {
    let part = |range: std::ops::Range<usize>| digits(bytes.get(range)?);
    let hyphens = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let small = |n: i16| i8::try_from(n).ok();
    let parts = (part(0..4)?, small(part(5..7)?)?, small(part(8..10)?)?);
    hyphens.then_some(parts)
}

/// Hours and minutes, as `08:49`.
fn clock(bytes: &[u8]) -> Option<(i16, i16)> {
    let (hour, minute) = (digits(bytes.get(..2)?)?, digits(bytes.get(3..5)?)?);
    (bytes[2] == b':' && bytes.len() == 5 && hour < 24 && minute < 60).then_some((hour, minute))
}

/// Nanoseconds, whether there was more, and what follows.
fn fraction(bytes: &[u8]) -> Option<(i32, bool, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else {
        return Some((0, false, bytes));
    };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(count);
    let digit = |i: usize| digits.get(i).map_or(0, |b| i32::from(b - b'0'));
    let nanos = (0..9).fold(0, |n, i| n * 10 + digit(i));
    let finer = digits.iter().skip(9).any(|b| *b != b'0');
    (count > 0).then_some((nanos, finer, rest))
}

/// How far ahead of UTC, in seconds.
fn offset(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = clock(rest)?;
    Some(sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

fn digits(bytes: &[u8]) -> Option<i16> {
    let number = |n: i16, b: &u8| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0'));
    bytes.iter().try_fold(0, number)
}
