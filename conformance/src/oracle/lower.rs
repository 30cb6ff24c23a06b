//! What a version sees of a stored customer.

use super::facts::{Place, Version};
use super::{money, place};
use serde_json::{Map, Value};

/// What became of a customer on its way to a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Lowered {
    /// The client's version of it; order and the text of numbers count.
    Document(Value),
    /// The version cannot show it: 502 alone, left out of a list.
    Refused,
}

impl Lowered {
    /// The document, if there is one.
    #[must_use]
    pub fn document(self) -> Option<Value> {
        match self {
            Self::Document(value) => Some(value),
            Self::Refused => None,
        }
    }
}

/// Shows a stored customer (3.3) in a version.
#[must_use]
pub fn lower(version: &str, stored: &Value) -> Lowered {
    show(Version::named(version), stored).map_or(Lowered::Refused, Lowered::Document)
}

pub(super) fn show(version: Version, stored: &Value) -> Option<Value> {
    let mut shown = Map::new();
    for (name, value) in stored.as_object()? {
        if version.captures(Version::STORED, Place::Root, name) {
            return None;
        }
        member(version, name, value, &mut shown)?;
    }
    if version.integer_id() {
        shown.insert("password_hint".into(), "".into());
    }
    Some(Value::Object(shown))
}

/// Shows one member where the stored one stood.
fn member(version: Version, name: &str, value: &Value, shown: &mut Map<String, Value>) -> Option<()> {
    let (name, value) = match name {
        "id" => (
            version.id(),
            if version.integer_id() {
                integer_id(value)?
            } else {
                value.clone()
            },
        ),
        "name" => (version.name(), value.clone()),
        "status" => (name, status(version, value)?),
        "phones" if version.one_phone() => (version.phones(), first_number(value)?),
        "address" => (version.address(), place::lower(version, value)?),
        "balance" if version.before_redesign() => {
            let amount = money::decimal(&value.get("amount")?.as_number()?.to_string())?;
            shown.insert("balance".into(), serde_json::from_str(&amount).ok()?);
            ("currency", value.get("currency")?.clone())
        }
        "balance" if version.megacorp() => (name, amount_as_text(value)?),
        "consent" if version.opt_in() => (version.consent(), value.get("marketing")?.clone()),
        "createdAt" => (version.created_at(), created(version, value)?),
        "insights" if !version.shows_insights() => match value.get("segment") {
            Some(segment) => (version.insights(), segment.clone()),
            None => return Some(()),
        },
        other => (other, value.clone()),
    };
    shown.insert(name.into(), value);
    Some(())
}

/// Six digits; more only without leading zeros.
pub(super) fn integer_id(id: &Value) -> Option<Value> {
    let digits = id.as_str()?.strip_prefix("cus_")?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.len() == 6 || (digits.len() > 6 && !digits.starts_with('0')));
    if !canonical {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    serde_json::from_str(if digits.is_empty() { "0" } else { digits }).ok()
}

fn status(version: Version, status: &Value) -> Option<Value> {
    let older = if version.shows_insights() {
        "prospect"
    } else {
        "active"
    };
    let word = match status.as_str()? {
        "prospect" => older,
        other => other,
    };
    if !version.status_letter() {
        return Some(word.into());
    }
    let letter = match word {
        "active" => "A",
        "suspended" => "S",
        "closed" => "C",
        _ => return None,
    };
    Some(letter.into())
}

fn first_number(phones: &Value) -> Option<Value> {
    match phones.as_array()?.first() {
        Some(phone) => phone.get("number").cloned(),
        None => Some(Value::Null),
    }
}

fn amount_as_text(balance: &Value) -> Option<Value> {
    let mut balance = balance.clone();
    let amount = money::decimal(&balance.get("amount")?.as_number()?.to_string())?;
    balance["amount"] = amount.into();
    Some(balance)
}

fn created(version: Version, created_at: &Value) -> Option<Value> {
    if !version.before_redesign() {
        return Some(created_at.clone());
    }
    let seconds = format!("{}Z", created_at.as_str()?.get(..19)?);
    Some(seconds.parse::<jiff::Timestamp>().ok()?.as_second().into())
}
