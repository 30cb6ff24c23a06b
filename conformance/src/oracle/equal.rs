//! Equality of JSON values, and RFC 7396.

use serde_json::{Map, Value};

/// Whether two JSON values are the same: numbers by value, objects without regard to order.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => normal(&a.to_string()) == normal(&b.to_string()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Sign, significant digits, and the power of ten of the last of them.
fn normal(text: &str) -> (bool, String, i128) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let significant = digits.trim_end_matches('0');
    let zeros = digits.len() - significant.len();
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    let exponent = exponent
        .parse::<i128>()
        .expect("an exponent of less than 38 digits");
    (
        whole.starts_with('-'),
        significant.into(),
        exponent - fraction.len() as i128 + zeros as i128,
    )
}

/// The target with a merge patch applied.
#[must_use]
pub fn merged(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut members = target.as_object().cloned().unwrap_or_else(Map::new);
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            let old = members.get(name).cloned().unwrap_or(Value::Null);
            members.insert(name.clone(), merged(&old, value));
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::equal;
    use crate::customers::number;

    #[test]
    fn numbers_by_value() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0"),
            ("0.10", "1e-1"),
            ("1E+2", "100.00"),
        ] {
            assert!(equal(&number(a), &number(b)), "{a} {b}");
        }
        for (a, b) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("1e400", "1e401"),
        ] {
            assert!(!equal(&number(a), &number(b)), "{a} {b}");
        }
    }
}
