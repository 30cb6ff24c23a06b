//! Valid customers in version 3.3, thousands of them, always the same for the same seed.
//!
//! [`generate`] makes customers that every version can show; [`awkward`] makes valid ones that some cannot.
//! Members that no version knows are strewn in everywhere, since the API lets them pass.

use serde_json::{Map, Value, json};
use sluice_gateway::demo::backend::exact;

/// A small pseudo-random generator (SplitMix64): the same numbers on every machine, for ever.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x5147_1CE0_0000_0000)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const NAMES: [&str; 12] = [
    "Ada Lovelace",
    "Évariste Galois",
    "伊藤 清",
    "Ольга Ладыженская",
    "مريم ميرزاخاني",
    "O'Neil \"Shaq\" Jr.",
    "Zoë 👩‍🚀 Kranz",
    "back\\slash / slash",
    "tab\tnew\nline",
    "\u{7f}\u{2028}\u{1}",
    "",
    "A, B & <C>",
];
const STREETS: [&str; 8] = [
    "Flat 2, 12 St James Square",
    "1",
    "Unter den Linden 77",
    "4, rue de l'Église, bât. C, 2e étage",
    "千代田 1-1",
    "\"The Mill\", Lower Road",
    "Calle 5 # 10-20, Apto. 301",
    "a,b,c",
];
const CITIES: [&str; 6] = [
    "London",
    "São Paulo",
    "New York",
    "東京",
    "'s-Hertogenbosch",
    "Ville d'Avray",
];
const REGIONS: [&str; 6] = ["LND", "NY", "BE", "Île-de-France", "13", "東京都"];
const POSTAL_CODES: [&str; 5] = ["SW1Y 4JH", "10118", "01310-200", "AB 1 2 CD", "〒100-0001"];
/// The codes of the example's `countries.json`.
pub const COUNTRIES: [&str; 12] = [
    "GB", "US", "DE", "FR", "IN", "JP", "BR", "ZA", "CI", "KR", "MX", "CA",
];
const KINDS: [&str; 6] = ["main", "mobile", "work", "fax", "", "número"];
const AMOUNTS: [&str; 16] = [
    "0",
    "1",
    "-1",
    "5",
    "-5",
    "10",
    "99",
    "-99",
    "100",
    "-100",
    "1234567",
    "-1234500",
    "999999999999",
    "9007199254740993",
    "123456789012345678901234567890",
    "-98765432109876543210",
];
const NUMBERS: [&str; 10] = [
    "0",
    "-0.0",
    "51.5074",
    "-0.1278",
    "1.50",
    "1e2",
    "1E+2",
    "0.30000000000000004",
    "1e400",
    "12345678901234567890.5",
];
const ADDITIONS: [&str; 8] = [
    "externalRef",
    "x-notes",
    "crmId",
    "é",
    "a/b~c",
    "",
    "with \"quotes\"",
    "Segment",
];

/// A number with exactly this text.
///
/// # Panics
/// The text is no JSON number.
#[must_use]
pub fn number(text: &str) -> Value {
    exact(text.as_bytes()).expect("a number")
}

/// So many customers, with ids that differ.
#[must_use]
pub fn customers(seed: u64, count: usize) -> Vec<Value> {
    let mut rng = Rng::new(seed);
    (1..=count).map(|at| with_id(&mut rng, &id_of(at))).collect()
}

/// One customer that every version can show.
#[must_use]
pub fn generate(rng: &mut Rng) -> Value {
    let at = match rng.below(10) {
        0 => 0,
        1 => 1_000_000 + rng.below(1_000_000_000),
        2 => 999_999,
        _ => rng.below(1_000_000),
    };
    with_id(rng, &id_of(at))
}

/// Why some versions cannot show a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awkward {
    /// The region has two words: not before 2.1.
    Region,
    /// The city holds a comma: not before 2.1.
    City,
    /// The country has no name: not before 3.0, and not in 3.0-hotfix.
    Country,
    /// The id is not canonical: not in 1.0. The backend itself would refuse it.
    Id,
    /// A member is named as one that only older versions know: not before 3.3.
    Captured,
}

impl Awkward {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Region, Self::City, Self::Country, Self::Id, Self::Captured];
}

/// One valid customer that some versions cannot show.
#[must_use]
pub fn awkward(why: Awkward, rng: &mut Rng) -> Value {
    let mut customer = generate(rng);
    match why {
        Awkward::Region => customer["address"]["region"] = json!("New South Wales"),
        Awkward::City => customer["address"]["city"] = json!("Washington, DC"),
        Awkward::Country => customer["address"]["country"] = json!("ZZ"),
        Awkward::Id => {
            customer["id"] = json!(rng.pick(&["cus_17", "cus_0000017", "cus_", "cus_00001x", "17"]))
        }
        Awkward::Captured => customer["segment"] = json!("growth"),
    }
    customer
}

fn id_of(number: usize) -> String {
    format!("cus_{number:06}")
}

fn with_id(rng: &mut Rng, id: &str) -> Value {
    let mut customer = json!({
        "id": id,
        "name": rng.pick(&NAMES),
        "email": format!("c{}@example.com", rng.below(10_000)),
        "status": rng.pick(&["active", "suspended", "closed", "prospect"]),
        "tier": rng.pick(&["free", "team", "enterprise", ""]),
        "phones": phones(rng),
        "address": address(rng),
        "balance": {"amount": number(rng.pick(&AMOUNTS)), "currency": rng.pick(&["USD", "GBP", "JPY", "XOF"])},
        "consent": {"marketing": rng.chance(50), "analytics": rng.chance(50)},
        "createdAt": created_at(rng),
    });
    if rng.chance(70) {
        customer["insights"] = insights(rng);
    }
    customer["tags"] = (0..rng.below(4))
        .map(|_| json!(rng.pick(&["vip", "emea", "ß", "a b", "vip"])))
        .collect();
    for place in ["", "/balance", "/consent"] {
        strew(rng, customer.pointer_mut(place).expect("a place"), 15);
    }
    shuffled(rng, customer, 30)
}

fn phones(rng: &mut Rng) -> Value {
    let count = rng.pick(&[0, 1, 1, 2, 2, 3, 5]);
    let phone = |rng: &mut Rng| {
        let number = format!("+{} 20 {:04}", rng.below(90) + 1, rng.below(10_000));
        let mut phone = json!({"kind": rng.pick(&KINDS), "number": number});
        strew(rng, &mut phone, 20);
        phone
    };
    (0..count).map(|_| phone(rng)).collect()
}

fn address(rng: &mut Rng) -> Value {
    let mut address = json!({
        "street": rng.pick(&STREETS),
        "city": rng.pick(&CITIES),
        "region": rng.pick(&REGIONS),
        "postalCode": rng.pick(&POSTAL_CODES),
        "country": rng.pick(&COUNTRIES),
    });
    if rng.chance(60) {
        address["timezone"] = json!(rng.pick(&["Europe/London", "Asia/Tokyo", "Etc/UTC"]));
    }
    if rng.chance(60) {
        address["geo"] = json!({"lat": number(rng.pick(&NUMBERS)), "lon": number(rng.pick(&NUMBERS))});
        strew(rng, &mut address["geo"], 10);
    }
    strew(rng, &mut address, 20);
    address
}

fn insights(rng: &mut Rng) -> Value {
    let mut insights = json!({});
    if rng.chance(60) {
        insights["segment"] = json!(rng.pick(&["growth", "steady", "", "à risque"]));
    }
    if rng.chance(50) {
        insights["churnRisk"] = number(rng.pick(&NUMBERS));
    }
    strew(rng, &mut insights, 15);
    insights
}

fn created_at(rng: &mut Rng) -> Value {
    let (year, month, day) = (1950 + rng.below(120), 1 + rng.below(12), 1 + rng.below(28));
    let (hour, minute, second) = (rng.below(24), rng.below(60), rng.below(60));
    let fraction = rng.pick(&[
        "",
        "",
        "",
        ".5",
        ".000",
        ".123456",
        ".999999999",
        ".1234567890123",
    ]);
    json!(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
    ))
}

/// Adds a member that no version knows, in some of the cases.
fn strew(rng: &mut Rng, object: &mut Value, percent: usize) {
    if !rng.chance(percent) {
        return;
    }
    let value = match rng.below(6) {
        0 => Value::Null,
        1 => number(rng.pick(&NUMBERS)),
        2 => json!({"deep": [{"er": null}, number(rng.pick(&NUMBERS))], "": {}}),
        3 => json!([[], {}, true]),
        _ => json!(rng.pick(&NAMES)),
    };
    object[rng.pick(&ADDITIONS)] = value;
}

/// The same document with the members of its objects in another order, in some of the cases.
fn shuffled(rng: &mut Rng, value: Value, percent: usize) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let mut members: Vec<_> = members.into_iter().collect();
    if rng.chance(percent) {
        for at in (1..members.len()).rev() {
            members.swap(at, rng.below(at + 1));
        }
    }
    let inner = members
        .into_iter()
        .map(|(name, value)| (name, shuffled(rng, value, percent)));
    Value::Object(inner.collect::<Map<_, _>>())
}
