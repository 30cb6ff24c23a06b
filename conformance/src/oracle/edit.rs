//! What clients do with a customer that they have read: sensible edits, and edits that must be refused.

use super::facts::{Place, Version};
use super::money;
use crate::customers::{COUNTRIES, Rng, number};
use serde_json::{Value, json};

type Edit = fn(Version, &mut Value, &mut Rng);
type Mistake = fn(Version, &mut Value, &mut Rng) -> Option<String>;

const EDITS: [Edit; 10] = [
    name, text, status, phone, address, balance, consent, segment, tags, addition,
];

const MISTAKES: [Mistake; 12] = [
    bad_status,
    shown_elsewhere,
    captured,
    captured_in_address,
    unfit_address,
    unknown_country,
    wrong_pair,
    bad_amount,
    missing,
    null,
    bad_type,
    bad_addresses,
];

/// Makes one to three random edits that are valid in the version.
pub fn edit(version: &str, document: &mut Value, rng: &mut Rng) {
    for _ in 0..=rng.below(3) {
        rng.pick(&EDITS)(Version::named(version), document, rng);
    }
}

/// Makes one edit that is not valid in the version, and gives the pointer of the 422.
pub fn invalid_edit(version: &str, document: &mut Value, rng: &mut Rng) -> String {
    loop {
        // Some mistakes cannot be made in some versions.
        if let Some(pointer) = rng.pick(&MISTAKES)(Version::named(version), document, rng) {
            return pointer;
        }
    }
}

fn name(version: Version, document: &mut Value, rng: &mut Rng) {
    document[version.name()] = json!(rng.pick(&["Grace Hopper", "O'Neil, \"Shaq\"", "清"]));
}

fn text(_: Version, document: &mut Value, rng: &mut Rng) {
    document[rng.pick(&["email", "tier"])] = json!(format!("new {}", rng.below(100)));
}

fn status(version: Version, document: &mut Value, rng: &mut Rng) {
    let words: &[&str] = match () {
        () if version.status_letter() => &["A", "S", "C"],
        () if version.shows_insights() => &["active", "suspended", "closed", "prospect"],
        () => &["active", "suspended", "closed"],
    };
    document["status"] = json!(rng.pick(words));
}

fn phone(version: Version, document: &mut Value, rng: &mut Rng) {
    let new = json!(format!("+44 {}", rng.below(1000)));
    if version.one_phone() {
        document["phone"] = if rng.chance(25) { Value::Null } else { new };
        return;
    }
    let phones = document["phones"].as_array_mut().expect("phones");
    match phones.first_mut() {
        Some(first) if rng.chance(50) => first["number"] = new,
        Some(_) if rng.chance(50) => phones.clear(),
        _ => phones.push(json!({"kind": "new", "number": new})),
    }
}

/// The address where it is an object.
fn object(version: Version, document: &mut Value) -> &mut Value {
    if version.beta() {
        &mut document["addresses"][0]
    } else {
        &mut document["address"]
    }
}

fn country(version: Version, rng: &mut Rng) -> Value {
    let code = rng.pick(&COUNTRIES);
    let stored = json!({"street": "s", "city": "c", "region": "r", "postalCode": "p", "country": code});
    let shown = super::place::lower(version, &stored).expect("a country with a name");
    if version.beta() {
        shown[0]["country"].clone()
    } else {
        shown["country"].clone()
    }
}

fn address(version: Version, document: &mut Value, rng: &mut Rng) {
    if version.address_text() {
        let text = rng.pick(&[
            "1, Low Rd, Bath, SOM BA1 1AA, United Kingdom",
            "5 Main St, Tyler, TX 75701, United States",
        ]);
        document[version.address()] = text.into();
        return;
    }
    let fields = [
        "street",
        "city",
        "region",
        version.postal_code(),
        "country",
        "timezone",
        "geo",
    ];
    let field = rng.pick(&fields);
    let value = match field {
        "country" => country(version, rng),
        "timezone" | "geo" if !version.knows(Place::Address, field) => return,
        "geo" => json!({"lat": rng.below(90), "lon": number("1.50")}),
        _ => json!(format!("new{}", rng.below(10))),
    };
    let address = object(version, document);
    if ["timezone", "geo"].contains(&field) && rng.chance(40) {
        address.as_object_mut().expect("an address").shift_remove(field);
    } else {
        address[field] = value;
    }
}

fn balance(version: Version, document: &mut Value, rng: &mut Rng) {
    let minor = format!("{}", rng.below(100_000_000) as i64 - 30_000_000);
    let decimal = money::decimal(&minor).expect("an amount");
    if version.before_redesign() {
        let short = format!("{}.5", rng.below(1000));
        document["balance"] = number(rng.pick(&[decimal.as_str(), minor.as_str(), short.as_str()]));
        document["currency"] = json!(rng.pick(&["USD", "EUR"]));
    } else if version.megacorp() {
        document["balance"]["amount"] = decimal.into();
    } else {
        document["balance"]["amount"] = number(&minor);
    }
}

fn consent(version: Version, document: &mut Value, rng: &mut Rng) {
    if version.opt_in() {
        document["marketing_opt_in"] = rng.chance(50).into();
    } else {
        document["consent"][rng.pick(&["marketing", "analytics"])] = rng.chance(50).into();
    }
}

fn segment(version: Version, document: &mut Value, rng: &mut Rng) {
    let remove = rng.chance(40);
    let (within, name) = if version.shows_insights() {
        ("/insights", "segment")
    } else {
        ("", "segment")
    };
    if version.shows_insights() && document.get("insights").is_none() {
        document["insights"] = json!({});
    }
    let members = document
        .pointer_mut(within)
        .and_then(Value::as_object_mut)
        .expect("an object");
    if remove {
        members.shift_remove(name);
    } else {
        members.insert(name.into(), json!(rng.pick(&["new", "growth"])));
    }
}

fn tags(_: Version, document: &mut Value, rng: &mut Rng) {
    document["tags"] = (0..rng.below(3)).map(|at| json!(format!("t{at}"))).collect();
}

fn addition(_: Version, document: &mut Value, rng: &mut Rng) {
    if rng.chance(40) {
        document
            .as_object_mut()
            .expect("a customer")
            .shift_remove("externalRef");
    } else {
        document["externalRef"] = json!({"n": number("1.50"), "at": rng.below(9)});
    }
}

fn bad_status(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let foreign = if version.status_letter() { "active" } else { "A" };
    document["status"] = json!(rng.pick(&["", "frozen", foreign]));
    Some("/status".into())
}

/// `prospect` is shown from 3.3 on.
fn shown_elsewhere(version: Version, document: &mut Value, _: &mut Rng) -> Option<String> {
    if version.shows_insights() {
        return None;
    }
    document["status"] = "prospect".into();
    Some("/status".into())
}

fn captured(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let names = [
        "id",
        "name",
        "consent",
        "address",
        "createdAt",
        "created_at",
        "phones",
        "insights",
        "cust_id",
        "customerId",
        "addresses",
        "segment",
    ];
    let name = rng.pick(&names);
    if !version.captures(version, Place::Root, name) {
        return None;
    }
    document[name] = json!({});
    Some(format!("/{name}"))
}

fn captured_in_address(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&["postal_code", "postalCode", "timezone", "geo"]);
    if version.address_text() || !version.captures(version, Place::Address, name) {
        return None;
    }
    object(version, document)[name] = "Europe/London".into();
    Some(format!("/address/{name}"))
}

fn unfit_address(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    if !version.address_text() {
        return None;
    }
    let texts = [
        "",
        "London",
        "1 Low Rd, Bath, SOM, United Kingdom",
        "1 Low Rd, SOM BA1 1AA, United Kingdom",
    ];
    document[version.address()] = json!(rng.pick(&texts));
    Some(format!("/{}", version.address()))
}

fn unknown_country(version: Version, document: &mut Value, _: &mut Rng) -> Option<String> {
    if version.address_text() {
        document[version.address()] = "1 Low Rd, Bath, SOM BA1 1AA, Atlantis".into();
        return Some(format!("/{}", version.address()));
    }
    if !version.country_name() {
        return None;
    }
    document["address"]["country"] = "Atlantis".into();
    Some("/address/country".into())
}

fn wrong_pair(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    if !version.hotfix() {
        return None;
    }
    document["address"]["country"] =
        json!({"code": "GB", "name": rng.pick(&["Britain", "Germany", "gb", ""])});
    Some("/address/country/name".into())
}

fn bad_amount(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    if version.before_redesign() {
        document["balance"] = number(rng.pick(&["0.125", "-1.005"]));
        return Some("/balance".into());
    }
    document["balance"]["amount"] = match version.megacorp() {
        true => json!(rng.pick(&["0.125", "1,5", "", "+1", "1e2", "NaN"])),
        false => number(rng.pick(&["0.5", "-1.25", "1e-1"])),
    };
    Some("/balance/amount".into())
}

fn missing(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let names = [
        "email",
        "status",
        "tier",
        "tags",
        "balance",
        version.name(),
        version.address(),
        version.consent(),
    ];
    let name = rng.pick(&names);
    document.as_object_mut()?.shift_remove(name);
    Some(format!("/{name}"))
}

fn null(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&[
        "email",
        "tags",
        version.name(),
        version.address(),
        version.insights(),
    ]);
    document[name] = Value::Null;
    Some(format!("/{name}"))
}

fn bad_type(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    let name = rng.pick(&["email", "tier", "tags", version.name(), version.phones()]);
    document[name] = json!(17);
    Some(format!("/{name}"))
}

fn bad_addresses(version: Version, document: &mut Value, rng: &mut Rng) -> Option<String> {
    if !version.beta() {
        return None;
    }
    let addresses = document["addresses"].as_array_mut()?;
    match rng.below(3) {
        0 => addresses.clear(),
        1 => addresses.push(addresses.first()?.clone()),
        _ => {
            addresses[0]["kind"] = "billing".into();
            return Some("/addresses/0/kind".into());
        }
    }
    Some("/addresses".into())
}
