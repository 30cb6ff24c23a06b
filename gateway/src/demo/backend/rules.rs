//! What a customer must be in version 3.3. Other members are allowed everywhere.

use jiff::civil::DateTime;
use serde_json::{Map, Value};

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// JSON Pointer to the member at fault; empty: the document itself.
    pub field: String,
    /// A sentence for people.
    pub message: String,
}

type Verdict = Result<(), Breach>;
type Rule = fn(&Value) -> Option<&'static str>;

/// Judges a whole customer.
///
/// # Errors
/// The first rule broken, in the order of the specification.
pub fn check(customer: &Value) -> Verdict {
    let root = object(customer, "")?;
    required(root, "", "id", id)?;
    for name in ["name", "email"] {
        required(root, "", name, text)?;
    }
    required(root, "", "status", status)?;
    required(root, "", "tier", text)?;
    each(root, "phones", |phone, at| {
        let phone = object(phone, at)?;
        required(phone, at, "kind", text)?;
        required(phone, at, "number", text)
    })?;
    address(root)?;
    let balance = object(member(root, "", "balance")?, "/balance")?;
    required(balance, "/balance", "amount", integer)?;
    required(balance, "/balance", "currency", text)?;
    let consent = object(member(root, "", "consent")?, "/consent")?;
    required(consent, "/consent", "marketing", boolean)?;
    required(consent, "/consent", "analytics", boolean)?;
    required(root, "", "createdAt", timestamp)?;
    insights(root)?;
    each(root, "tags", |tag, at| judge(tag, at, text))
}

fn address(root: &Map<String, Value>) -> Verdict {
    let at = "/address";
    let address = object(member(root, "", "address")?, at)?;
    for name in ["street", "city", "region", "postalCode"] {
        required(address, at, name, text)?;
    }
    required(address, at, "country", country)?;
    optional(address, at, "timezone", text)?;
    let Some(geo) = address.get("geo") else {
        return Ok(());
    };
    let at = "/address/geo";
    let geo = object(geo, at)?;
    required(geo, at, "lat", number)?;
    required(geo, at, "lon", number)
}

fn insights(root: &Map<String, Value>) -> Verdict {
    let Some(insights) = root.get("insights") else {
        return Ok(());
    };
    let insights = object(insights, "/insights")?;
    optional(insights, "/insights", "segment", text)?;
    optional(insights, "/insights", "churnRisk", number)
}

fn object<'a>(value: &'a Value, at: &str) -> Result<&'a Map<String, Value>, Breach> {
    value.as_object().ok_or_else(|| breach(at, "must be an object"))
}

fn member<'a>(object: &'a Map<String, Value>, at: &str, name: &str) -> Result<&'a Value, Breach> {
    object
        .get(name)
        .ok_or_else(|| breach(&format!("{at}/{name}"), "is required"))
}

fn required(object: &Map<String, Value>, at: &str, name: &str, rule: Rule) -> Verdict {
    judge(member(object, at, name)?, &format!("{at}/{name}"), rule)
}

fn optional(object: &Map<String, Value>, at: &str, name: &str, rule: Rule) -> Verdict {
    object
        .get(name)
        .map_or(Ok(()), |value| judge(value, &format!("{at}/{name}"), rule))
}

fn each(root: &Map<String, Value>, name: &str, rule: impl Fn(&Value, &str) -> Verdict) -> Verdict {
    let list = member(root, "", name)?;
    let list = list
        .as_array()
        .ok_or_else(|| breach(&format!("/{name}"), "must be a list"))?;
    list.iter()
        .enumerate()
        .try_for_each(|(at, element)| rule(element, &format!("/{name}/{at}")))
}

fn judge(value: &Value, at: &str, rule: Rule) -> Verdict {
    rule(value).map_or(Ok(()), |must| Err(breach(at, must)))
}

fn breach(at: &str, must: &str) -> Breach {
    let what = if at.is_empty() { "The document" } else { at };
    Breach {
        field: at.to_owned(),
        message: format!("{what} {must}."),
    }
}

fn text(value: &Value) -> Option<&'static str> {
    (!value.is_string()).then_some("must be text")
}

fn number(value: &Value) -> Option<&'static str> {
    (!value.is_number()).then_some("must be a number")
}

fn boolean(value: &Value) -> Option<&'static str> {
    (!value.is_boolean()).then_some("must be true or false")
}

/// A whole number by value, as JSON Schema has it: `1e2` and `100.0` are 100.
fn integer(value: &Value) -> Option<&'static str> {
    let whole = value
        .as_number()
        .is_some_and(|number| is_whole(&number.to_string()));
    (!whole).then_some("must be an integer")
}

fn is_whole(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches(['-', '0']).is_empty() {
        return true;
    }
    let Ok(exponent) = exponent.parse::<i128>() else {
        return !exponent.starts_with('-');
    };
    let trailing = digits.len() - significant.len();
    exponent + trailing as i128 >= fraction.len() as i128
}

fn status(value: &Value) -> Option<&'static str> {
    let known = matches!(
        value.as_str(),
        Some("active" | "suspended" | "closed" | "prospect")
    );
    (!known).then_some("must be active, suspended, closed or prospect")
}

fn country(value: &Value) -> Option<&'static str> {
    let code = value
        .as_str()
        .is_some_and(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()));
    (!code).then_some("must be two capital letters (ISO 3166)")
}

/// The same pattern as `CustomerId` in the example's OpenAPI document.
fn id(value: &Value) -> Option<&'static str> {
    let digits = value.as_str().and_then(|id| id.strip_prefix("cus_"));
    let canonical = digits.is_some_and(|digits| {
        let length = digits.len();
        digits.bytes().all(|b| b.is_ascii_digit())
            && (length == 6 || ((7..=15).contains(&length) && !digits.starts_with('0')))
    });
    (!canonical).then_some("must be cus_ and six digits, or more without leading zeros")
}

/// RFC 3339 in UTC, with as many decimals as the writer likes.
fn timestamp(value: &Value) -> Option<&'static str> {
    (!value.as_str().is_some_and(is_timestamp)).then_some("must be a time in UTC (RFC 3339)")
}

fn is_timestamp(text: &str) -> bool {
    let (Some(seconds), Some(rest)) = (text.get(..19), text.get(19..)) else {
        return false;
    };
    let shape = seconds
        .bytes()
        .zip(*b"0000-00-00T00:00:00")
        .all(|(byte, model)| match model {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        });
    let zone = rest == "Z"
        || rest
            .strip_prefix('.')
            .and_then(|rest| rest.strip_suffix('Z'))
            .is_some_and(|fraction| !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()));
    // A leap second is refused: it has no Unix time of its own.
    shape && zone && !seconds.ends_with(":60") && seconds.parse::<DateTime>().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that unwraps says where it failed
mod tests {
    use super::{check, is_timestamp, is_whole};
    use crate::demo::backend::seed;
    use serde_json::{Value, json};

    #[test]
    fn times_are_utc_and_real() {
        for good in ["2018-03-01T09:30:00Z", "2020-02-29T23:59:59.123456789012Z"] {
            assert!(is_timestamp(good), "{good}");
        }
        let bad = [
            "2019-02-29T00:00:00Z",
            "2018-03-01 09:30:00Z",
            "2018-03-01T09:30:00+00:00",
            "",
            "é",
        ];
        for bad in bad.into_iter().chain([
            "2018-03-01T09:30:60Z",
            "2018-03-01T09:30:00.Z",
            "2018-03-01T24:00:00Z",
        ]) {
            assert!(!is_timestamp(bad), "{bad}");
        }
    }

    #[test]
    fn integers_are_judged_by_value() {
        for whole in [
            "0",
            "-0",
            "17",
            "1.0",
            "1e2",
            "1.5e1",
            "100e-2",
            "0.000e-999999999999999999999999999999999999999999",
        ] {
            assert!(is_whole(whole), "{whole}");
        }
        for broken in [
            "0.5",
            "1e-1",
            "15e-1",
            "1.55e1",
            "1e-99999999999999999999999999999999999999999999",
        ] {
            assert!(!is_whole(broken), "{broken}");
        }
    }

    #[test]
    fn each_breach_names_its_member() {
        let cases: [(&str, Value); 14] = [
            ("/id", json!("cus_0000017")),
            ("/status", json!("A")),
            ("/phones", Value::Null),
            ("/phones/0/kind", json!(1)),
            ("/address", json!("text")),
            ("/address/country", json!("United Kingdom")),
            ("/address/geo", Value::Null),
            ("/address/geo/lat", json!("51")),
            ("/balance/amount", json!(1.5)),
            ("/consent/analytics", Value::Null),
            ("/createdAt", json!(1519896600)),
            ("/insights/segment", Value::Null),
            ("/insights/churnRisk", json!("low")),
            ("/tags/1", json!(2)),
        ];
        for (pointer, value) in cases {
            let mut customer = seed::spec();
            assert_eq!(check(&customer), Ok(()));
            *customer.pointer_mut(pointer).unwrap() = value;
            assert_eq!(check(&customer).unwrap_err().field, pointer);
        }
    }

    #[test]
    fn each_required_member_is_missed() {
        let required = [
            "/id", "/name", "/email", "/status", "/tier", "/phones", "/address", "/balance", "/consent",
        ];
        let nested = [
            "/createdAt",
            "/tags",
            "/address/street",
            "/address/postalCode",
            "/balance/currency",
        ];
        for pointer in required.into_iter().chain(nested) {
            let mut customer = seed::spec();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            customer
                .pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .shift_remove(name);
            assert_eq!(check(&customer).unwrap_err().field, pointer);
        }
    }
}
