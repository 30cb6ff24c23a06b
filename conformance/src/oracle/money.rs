//! Exact amounts: minor units (an integer) and two decimals.

/// Longer amounts are not worth writing out: 1e999999999 is a valid number.
const LONGEST: i64 = 400;

/// Minor units as text with two decimals: `1234567` is `12345.67`.
pub(super) fn decimal(minor: &str) -> Option<String> {
    let (negative, digits) = integer(minor, 0)?;
    let digits = format!("{digits:0>3}");
    let (whole, cents) = digits.split_at(digits.len() - 2);
    Some(format!("{}{whole}.{cents}", if negative { "-" } else { "" }))
}

/// A decimal as minor units; none if it has more than two decimals.
pub(super) fn minor(decimal: &str) -> Option<String> {
    let (negative, digits) = integer(decimal, 2)?;
    Some(format!("{}{digits}", if negative { "-" } else { "" }))
}

/// The number times ten to the power `shift`, if that leaves no decimals as written.
fn integer(text: &str, shift: i64) -> Option<(bool, String)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa
        .trim_start_matches('-')
        .split_once('.')
        .unwrap_or((mantissa.trim_start_matches('-'), ""));
    let zeros = exponent.parse::<i64>().ok()?.checked_add(shift)? - fraction.len() as i64;
    let mut digits = format!("{whole}{fraction}");
    if shift == 0 {
        // An integer may be written 100.0: what counts in minor units is the value.
        let spare = digits.len() - digits.trim_end_matches('0').len();
        let cut = usize::try_from(-zeros).unwrap_or(0);
        if cut > 0 && (cut <= spare || digits.bytes().all(|b| b == b'0')) {
            digits.truncate(digits.len().saturating_sub(cut));
            return Some(trimmed(negative, &digits));
        }
    }
    if !(0..=LONGEST).contains(&zeros) {
        return None;
    }
    digits.extend(std::iter::repeat_n('0', zeros as usize));
    Some(trimmed(negative, &digits))
}

fn trimmed(negative: bool, digits: &str) -> (bool, String) {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        (false, "0".into())
    } else {
        (negative, digits.into())
    }
}

/// Whether a text is an amount as 2.1-megacorp writes it.
pub(super) fn is_amount(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && digits(fraction) && fraction.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::{decimal, is_amount, minor};

    #[test]
    fn both_ways() {
        for (units, text) in [
            ("0", "0.00"),
            ("-5", "-0.05"),
            ("1234567", "12345.67"),
            ("100", "1.00"),
        ] {
            assert_eq!(decimal(units).as_deref(), Some(text));
            assert_eq!(minor(text).as_deref(), Some(units));
        }
        for (text, units) in [
            ("5", "500"),
            ("0.5", "50"),
            ("-0", "0"),
            ("1.5e1", "1500"),
            ("1234567e-2", "1234567"),
        ] {
            assert_eq!(minor(text).as_deref(), Some(units));
        }
        for (units, text) in [
            ("1e2", "1.00"),
            ("100.0", "1.00"),
            ("0.0", "0.00"),
            ("-0", "0.00"),
        ] {
            assert_eq!(decimal(units).as_deref(), Some(text));
        }
        assert_eq!(
            (minor("1.005"), minor("1.000"), decimal("0.5")),
            (None, None, None)
        );
        assert!(
            is_amount("-0.05") && is_amount("12") && !is_amount("+1") && !is_amount("01") && !is_amount("1.")
        );
    }
}
