//! Exact decimal numbers as JSON writes them: for equality, and for money that never passes through binary floating point.

/// A number as `digits × 10^exponent`, in one form: no leading or trailing zero digits; zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// Longest expansion of an exponent that is written out.
const EXPANDED: usize = 4096;

impl Decimal {
    /// Reads a JSON number. `None` for other text, or an exponent beyond 18 digits.
    pub fn parse(raw: &str) -> Option<Self> {
        let (negative, rest) = raw.strip_prefix('-').map_or((false, raw), |r| (true, r));
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let plain = !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
        plain.then(|| {
            Self::normal(
                negative,
                &format!("{whole}{fraction}"),
                exponent - fraction.len() as i64,
            )
        })
    }

    fn normal(negative: bool, digits: &str, exponent: i64) -> Self {
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        Self {
            negative,
            digits: trimmed.to_owned(),
            exponent: exponent + (significant.len() - trimmed.len()) as i64,
        }
    }

    /// The number times ten to the `places`.
    #[must_use]
    pub fn shift(mut self, places: i64) -> Self {
        if !self.digits.is_empty() {
            self.exponent += places;
        }
        self
    }

    /// Whether the number has no fraction.
    pub fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// How many decimals are needed to write the number.
    pub fn decimals(&self) -> u64 {
        u64::try_from(-self.exponent).unwrap_or(0)
    }

    /// The number in plain digits with exactly `places` decimals; `None` if that is inexact or absurdly long.
    pub fn fixed(&self, places: usize) -> Option<String> {
        let shift = usize::try_from(self.exponent + places as i64)
            .ok()
            .filter(|s| *s <= EXPANDED)?;
        let mut digits = self.digits.clone();
        if !digits.is_empty() {
            digits.push_str(&"0".repeat(shift));
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let sign = if self.negative { "-" } else { "" };
        Some(if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        })
    }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifted(raw: &str, by: i64, places: usize) -> Option<String> {
        Decimal::parse(raw)?.shift(by).fixed(places)
    }

    #[test]
    fn money_is_exact() {
        assert_eq!(shifted("12345.67", 2, 0).as_deref(), Some("1234567"));
        assert_eq!(shifted("1234567", -2, 2).as_deref(), Some("12345.67"));
        assert_eq!(shifted("-5", -2, 2).as_deref(), Some("-0.05"));
        assert_eq!(shifted("0", -2, 2).as_deref(), Some("0.00"));
        assert_eq!(shifted("1e3", -2, 2).as_deref(), Some("10.00"));
        assert_eq!(shifted("0.125", 2, 0), None);
        assert_eq!(
            shifted("12345678901234567890.5", 2, 0).as_deref(),
            Some("1234567890123456789050")
        );
        assert_eq!(shifted("1e999999999", 0, 0), None);
    }

    #[test]
    fn one_form_for_one_number() {
        assert_eq!(Decimal::parse("1.0"), Decimal::parse("10e-1"));
        assert_eq!(Decimal::parse("-0"), Decimal::parse("0.0"));
        assert_ne!(Decimal::parse("1e400"), Decimal::parse("1e401"));
        assert_eq!(Decimal::parse("1x"), None);
    }
}
