//! The address: one text before 2.1, an object after, one of a list in 4.0-beta; and its country.

use super::equal::equal;
use super::facts::{Place, Version};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

type Object = Map<String, Value>;

/// What makes a place; a time zone and a geolocation belong to it.
const FIELDS: [&str; 5] = ["street", "city", "region", "postalCode", "country"];

/// The example's own table; the test of the oracle compares it with the specification's.
static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let table = include_str!("../../../config/examples/integrationhub/apis/customers/countries.json");
    serde_json::from_str(table).expect("a table of countries")
});

fn name_of(code: &str) -> Option<&'static str> {
    NAMES.get(code).map(String::as_str)
}

fn code_of(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(code, _)| code.as_str())
}

/// How a version shows a stored address; none if it cannot.
pub(super) fn lower(version: Version, stored: &Value) -> Option<Value> {
    let stored = stored.as_object()?;
    if stored
        .keys()
        .any(|name| version.captures(Version::STORED, Place::Address, name))
    {
        return None;
    }
    if version.address_text() {
        return join(stored).map(Value::String);
    }
    let mut shown = Object::new();
    if version.beta() {
        shown.insert("kind".into(), "primary".into());
    }
    for (name, value) in stored {
        match name.as_str() {
            "timezone" if !version.shows_timezone() => {}
            "geo" if !version.shows_geo() => {}
            "postalCode" => {
                shown.insert(version.postal_code().into(), value.clone());
            }
            "country" => {
                shown.insert(name.clone(), lower_country(version, value)?);
            }
            _ => {
                shown.insert(name.clone(), value.clone());
            }
        }
    }
    Some(if version.beta() {
        json!([shown])
    } else {
        Value::Object(shown)
    })
}

fn lower_country(version: Version, code: &Value) -> Option<Value> {
    if version.hotfix() {
        return Some(json!({"code": code, "name": name_of(code.as_str()?)?}));
    }
    if version.country_name() {
        return Some(name_of(code.as_str()?)?.into());
    }
    Some(code.clone())
}

fn join(stored: &Object) -> Option<String> {
    let field = |name: &str| stored.get(name)?.as_str();
    let country = name_of(field("country")?)?;
    let parts = [
        field("street")?,
        field("city")?,
        field("region")?,
        field("postalCode")?,
        country,
    ];
    let [street, city, region, postal_code, country] = parts;
    let text = format!("{street}, {city}, {region} {postal_code}, {country}");
    // What would be read back differently was never shown.
    (split(&text)? == parts).then_some(text)
}

fn split(text: &str) -> Option<[&str; 5]> {
    let (rest, country) = text.rsplit_once(", ")?;
    let (rest, code) = rest.rsplit_once(", ")?;
    let (street, city) = rest.rsplit_once(", ")?;
    let (region, postal_code) = code.split_once(' ')?;
    let closed = [city, region, postal_code, country];
    let fits = !street.is_empty()
        && closed.iter().all(|slot| !slot.is_empty() && !slot.contains(','))
        && !region.contains(char::is_whitespace);
    fits.then_some([street, city, region, postal_code, country])
}

/// The address that the backend gets. `stored` is what it has, with the value that the client saw of it.
/// The error is the pointer, from the address on.
pub(super) fn lift(
    version: Version,
    sent: &Value,
    stored: Option<(&Object, &Value)>,
) -> Result<Object, String> {
    if let Some((stored, shown)) = stored
        && equal(sent, shown)
    {
        return Ok(stored.clone());
    }
    let (mut lifted, hidden) = match () {
        () if version.address_text() => (from_text(sent)?, true),
        () if version.beta() => (from_list(version, sent)?, false),
        () => (from_object(version, sent, stored, "")?, false),
    };
    let Some((stored, _)) = stored else {
        return Ok(lifted);
    };
    let same_place = FIELDS.iter().all(|name| lifted.get(*name) == stored.get(*name));
    for (name, value) in stored {
        let keep = match name.as_str() {
            "timezone" => !version.shows_timezone() && same_place,
            "geo" => !version.shows_geo() && same_place,
            other => hidden && !FIELDS.contains(&other),
        };
        if keep {
            lifted.insert(name.clone(), value.clone());
        }
    }
    Ok(lifted)
}

fn from_text(sent: &Value) -> Result<Object, String> {
    let slots = sent.as_str().and_then(split).ok_or_else(String::new)?;
    let code = code_of(slots[4]).ok_or_else(String::new)?;
    let values = [slots[0], slots[1], slots[2], slots[3], code];
    Ok(FIELDS
        .into_iter()
        .map(str::to_owned)
        .zip(values.map(Value::from))
        .collect())
}

fn from_list(version: Version, sent: &Value) -> Result<Object, String> {
    let Some([one]) = sent.as_array().map(Vec::as_slice) else {
        return Err(String::new());
    };
    let kind = one.as_object().ok_or("/0")?.get("kind");
    if kind.is_none_or(|kind| kind != "primary") {
        return Err("/0/kind".into());
    }
    from_object(version, one, None, "/0")
}

fn from_object(
    version: Version,
    sent: &Value,
    stored: Option<(&Object, &Value)>,
    at: &str,
) -> Result<Object, String> {
    let mut lifted = Object::new();
    let sent = sent.as_object().ok_or(at)?;
    for (name, value) in sent {
        let pointer = format!("{at}/{}", escape(name));
        if version.captures(version, Place::Address, name) {
            return Err(pointer);
        }
        if name == "kind" && version.beta() {
            continue;
        }
        if name == version.postal_code() {
            lifted.insert("postalCode".into(), value.clone());
        } else if name == "country" {
            let unchanged =
                stored.filter(|(_, shown)| shown.get(name).is_some_and(|shown| equal(shown, value)));
            let code = match unchanged {
                Some((stored, _)) => stored["country"].clone(),
                None => lift_country(version, value).map_err(|below| format!("{pointer}{below}"))?,
            };
            lifted.insert(name.clone(), code);
        } else {
            lifted.insert(name.clone(), value.clone());
        }
    }
    match ["street", "city", "region", version.postal_code(), "country"]
        .iter()
        .find(|name| !sent.contains_key(**name))
    {
        Some(missing) => Err(format!("{at}/{missing}")),
        None => Ok(lifted),
    }
}

fn lift_country(version: Version, sent: &Value) -> Result<Value, &'static str> {
    if version.hotfix() {
        return lift_pair(sent);
    }
    if version.country_name() {
        return sent.as_str().and_then(code_of).map(Value::from).ok_or("");
    }
    Ok(sent.clone())
}

fn lift_pair(sent: &Value) -> Result<Value, &'static str> {
    let pair = sent.as_object().ok_or("")?;
    let code = pair.get("code").and_then(Value::as_str).ok_or("/code")?;
    let name = name_of(code).ok_or("/code")?;
    if pair.get("name").and_then(Value::as_str) != Some(name) {
        return Err("/name");
    }
    // Anything beside the two has no place in a code.
    if pair.len() == 2 { Ok(code.into()) } else { Err("") }
}

/// A member's name as a reference token (RFC 6901).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn only_the_street_holds_separators() {
        let text = "Flat 2, 12 St James Square, London, LND SW1Y 4JH, United Kingdom";
        let parts = [
            "Flat 2, 12 St James Square",
            "London",
            "LND",
            "SW1Y 4JH",
            "United Kingdom",
        ];
        assert_eq!(split(text), Some(parts));
        for bad in [
            "",
            "London",
            "1, London, LND, UK",
            "1, Lon,don, LND 1, UK",
            ", London, LND 1, UK",
            "1, , LND 1, UK",
        ] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
