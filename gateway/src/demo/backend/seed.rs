//! The customers that the backend starts with: the specification's own, and forty more, always the same.

use serde_json::{Value, json};

/// The specification's customer, in its own order.
const SPEC: &str = r#"{"id":"cus_000017","name":"Ada Lovelace","email":"ada@example.com","status":"active",
"tier":"enterprise","phones":[{"kind":"mobile","number":"+44 20 7946 0018"},
{"kind":"main","number":"+44 20 7946 0100"}],"address":{"street":"Flat 2, 12 St James Square","city":"London",
"region":"LND","postalCode":"SW1Y 4JH","country":"GB","timezone":"Europe/London",
"geo":{"lat":51.5074,"lon":-0.1278}},"balance":{"amount":1234567,"currency":"USD"},
"consent":{"marketing":true,"analytics":false},"createdAt":"2018-03-01T09:30:00Z",
"insights":{"segment":"growth","churnRisk":0.12},"tags":["vip","emea"]}"#;

/// Street, city, region, postal code, country, time zone, latitude, longitude, telephone code, currency.
type Place = (Text, Text, Text, Text, Text, Text, f64, f64, Text, Text);
type Text = &'static str;

#[rustfmt::skip] // One place a line reads as the table that it is.
const PLACES: [Place; 12] = [
    ("Flat 2, 12 Baker Street", "London", "LND", "NW1 6XE", "GB", "Europe/London", 51.5237, -0.1585, "+44", "GBP"),
    ("350 Fifth Avenue, Suite 4100", "New York", "NY", "10118", "US", "America/New_York", 40.7484, -73.9857, "+1", "USD"),
    ("Unter den Linden 77", "Berlin", "BE", "10117", "DE", "Europe/Berlin", 52.5163, 13.3805, "+49", "EUR"),
    ("10 Rue de Rivoli", "Paris", "IDF", "75004", "FR", "Europe/Paris", 48.8556, 2.3622, "+33", "EUR"),
    ("14 MG Road, Block B", "Bengaluru", "KA", "560 001", "IN", "Asia/Kolkata", 12.9757, 77.6068, "+91", "INR"),
    ("2-11-3 Meguro", "Tokyo", "13", "153-0063", "JP", "Asia/Tokyo", 35.6329, 139.7157, "+81", "JPY"),
    ("Avenida Paulista 1578", "São Paulo", "SP", "01310-200", "BR", "America/Sao_Paulo", -23.5614, -46.6559, "+55", "BRL"),
    ("1 Adderley Street", "Cape Town", "WC", "8001", "ZA", "Africa/Johannesburg", -33.9221, 18.4231, "+27", "ZAR"),
    ("Rue des Jardins, Cocody", "Abidjan", "AB", "00225", "CI", "Africa/Abidjan", 5.36, -4.0083, "+225", "XOF"),
    ("110 Sejong-daero", "Seoul", "11", "04524", "KR", "Asia/Seoul", 37.5663, 126.9779, "+82", "KRW"),
    ("Paseo de la Reforma 222", "Ciudad de México", "CMX", "06600", "MX", "America/Mexico_City", 19.4284, -99.1614, "+52", "MXN"),
    ("100 Queen Street West", "Toronto", "ON", "M5H 2N2", "CA", "America/Toronto", 43.6526, -79.3832, "+1", "CAD"),
];

const STATUSES: [&str; 5] = ["active", "prospect", "suspended", "active", "closed"];
const TIERS: [&str; 3] = ["free", "team", "enterprise"];
const TAGS: [&str; 4] = ["emea", "vip", "beta", "trial"];

const NAMES: [&str; 20] = [
    "Grace Hopper",
    "Alan Turing",
    "Emmy Noether",
    "Évariste Galois",
    "Srinivasa Ramanujan",
    "Kiyoshi Itô",
    "César Lattes",
    "Mary Somerville",
    "Maryam Mirzakhani",
    "Hong Im-sik",
    "Luis Miramontes",
    "Ursula Franklin",
    "Katherine Johnson",
    "Charles Babbage",
    "Carl Friedrich Gauß",
    "Sophie Germain",
    "Annie Easley",
    "Niklaus Wirth",
    "Barbara Liskov",
    "Edsger Dijkstra",
];

/// The customer of the specification.
pub(super) fn spec() -> Value {
    serde_json::from_str(SPEC).unwrap_or_default()
}

/// All customers that the backend starts with, by id.
#[must_use]
pub fn customers() -> Vec<Value> {
    (1..=41_usize)
        .map(|number| if number == 17 { spec() } else { customer(number) })
        .collect()
}

/// One made-up customer. The remainders are by different primes, so that most combinations occur.
fn customer(number: usize) -> Value {
    let name = NAMES[number % NAMES.len()];
    let (.., code, currency) = PLACES[number % PLACES.len()];
    let mut customer = json!({
        "id": format!("cus_{number:06}"),
        "name": name,
        "email": format!("{}@example.com", login(name)),
        "status": STATUSES[number % 5],
        "tier": TIERS[number % 3],
        "phones": phones(number, code),
        "address": address(number),
        "balance": {"amount": amount(number), "currency": currency},
        "consent": {"marketing": number.is_multiple_of(2), "analytics": number.is_multiple_of(3)},
        "createdAt": created_at(number),
        "tags": TAGS[..number % 4],
    });
    match number % 7 {
        0 => {}
        1 => customer["insights"] = json!({"churnRisk": 0.05}),
        2 => customer["insights"] = json!({"segment": "growth"}),
        other => customer["insights"] = json!({"segment": "steady", "churnRisk": (other as f64) / 10.0}),
    }
    if number % 11 == 3 {
        customer["externalRef"] = json!(format!("SF-{number:04}"));
    }
    if number % 13 == 5 {
        customer["account"] = json!({"manager": "Joan Clarke", "since": 2019, "limits": [1.50, 2e3]});
    }
    customer
}

fn login(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn phones(number: usize, code: &str) -> Value {
    let phone =
        |kind: &str, last: usize| json!({"kind": kind, "number": format!("{code} 20 7946 {last:04}")});
    match number % 4 {
        0 => json!([]),
        1 => json!([phone("main", number)]),
        2 => json!([phone("mobile", number), phone("main", number + 500)]),
        _ => {
            let mut first = phone("work", number);
            first["verified"] = json!(true);
            json!([first, phone("mobile", number + 500), phone("fax", number + 900)])
        }
    }
}

fn address(number: usize) -> Value {
    let (street, city, region, postal_code, country, timezone, lat, lon, ..) = PLACES[number % PLACES.len()];
    let mut address = json!({"street": street, "city": city, "region": region, "postalCode": postal_code, "country": country});
    if number % 3 != 1 {
        address["timezone"] = json!(timezone);
    }
    if number % 5 != 2 {
        address["geo"] = json!({"lat": lat, "lon": lon});
    }
    if number % 13 == 6 {
        address["deliveryNote"] = json!("ring twice");
    }
    address
}

fn amount(number: usize) -> i64 {
    match number % 6 {
        0 => 0,
        1 => -5,
        _ => (number * number * 7919 + 5) as i64,
    }
}

fn created_at(number: usize) -> String {
    let (year, month, day) = (2016 + number % 9, 1 + number % 12, 1 + number % 28);
    let fraction = ["", ".25", "", ".123456"][number % 4];
    format!(
        "{year}-{month:02}-{day:02}T{:02}:{:02}:00{fraction}Z",
        number % 24,
        number * 7 % 60
    )
}

#[cfg(test)]
mod tests {
    use super::{customers, spec};
    use crate::demo::backend::rules::check;

    #[test]
    fn all_are_valid_and_in_order() {
        let customers = customers();
        assert_eq!(customers[16], spec());
        for (at, customer) in customers.iter().enumerate() {
            assert_eq!(check(customer), Ok(()));
            assert_eq!(customer["id"], format!("cus_{:06}", at + 1));
        }
    }
}
