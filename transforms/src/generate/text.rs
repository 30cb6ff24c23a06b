//! Texts: by format, by pattern, or free, with what breaks careless code.

use serde_json::{Map, Value as Json};

use super::pattern::Pattern;
use super::random::Random;
use crate::value::Text;

/// Texts that were trouble somewhere.
const EDGES: &[&str] = &[
    "",
    " ",
    "é",
    "日本 東京",
    "😀👩‍👩‍👧",
    "\"quoted\"",
    "back\\slash",
    "one, two",
    "one, two, three 4, five",
    " leads and trails ",
    "tab\tline\nend\r",
    "a/b~c~1d",
    "{brace}",
    "null",
    "0",
    "007",
    "true",
    "e\u{301}",
    "\u{feff}mark",
    "\u{2028}",
    "\u{1}\u{1f}\u{7f}",
    "&<>'",
    "%2F%00",
    "$ref",
];

/// How often a format is tried until the other rules hold too.
const TRIES: usize = 24;

/// A text that the rules allow; `Err` with the next best if none was found.
pub(super) fn make(rules: &Map<String, Json>, random: &mut Random) -> Result<String, String> {
    let pattern = rules.get("pattern").and_then(Json::as_str);
    let parsed = pattern.map(Pattern::parse);
    let format = rules.get("format").and_then(Json::as_str);
    let good = |text: &str| {
        fits_length(rules, text) && !matches!(&parsed, Some(Some(pattern)) if !pattern.matches(text))
    };
    // A pattern that cannot be read cannot be trusted to hold either.
    let readable = !matches!(parsed, Some(None));
    for _ in 0..TRIES {
        let made = match (format.and_then(|f| formatted(f, random)), &parsed) {
            (Some(text), _) => Some(text),
            (None, Some(Some(pattern))) => pattern.make(random),
            (None, _) => Some(free(rules, random)),
        };
        if let Some(text) = made.filter(|text| readable && good(text)) {
            return Ok(text);
        }
    }
    let example = told(rules, random);
    let trusted = example.clone().filter(|text| good(text));
    trusted.ok_or_else(|| example.unwrap_or_else(|| free(rules, random)))
}

/// Whether length and pattern hold, as far as the pattern can be read.
pub(super) fn fits(rules: &Map<String, Json>, text: &str) -> bool {
    let pattern = rules
        .get("pattern")
        .and_then(Json::as_str)
        .and_then(Pattern::parse);
    fits_length(rules, text) && pattern.is_none_or(|p| p.matches(text))
}

fn bound(rules: &Map<String, Json>, keyword: &str) -> Option<usize> {
    super::count(rules, keyword)
}

fn fits_length(rules: &Map<String, Json>, text: &str) -> bool {
    let length = text.chars().count();
    bound(rules, "minLength").is_none_or(|min| length >= min)
        && bound(rules, "maxLength").is_none_or(|max| length <= max)
}

/// What the document gives as an example.
fn told(rules: &Map<String, Json>, random: &mut Random) -> Option<String> {
    let mut examples: Vec<&str> = ["example", "default"]
        .iter()
        .filter_map(|k| rules.get(*k)?.as_str())
        .collect();
    let more = rules
        .get("examples")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    examples.extend(more.filter_map(Json::as_str));
    random.pick(&examples).map(|s| (*s).to_owned())
}

/// A free text of a length that the rules allow.
fn free(rules: &Map<String, Json>, random: &mut Random) -> String {
    let mut text = match random.below(3) {
        0 => random.pick(EDGES).map_or_else(String::new, |s| (*s).to_owned()),
        1 => word(random),
        _ => format!("{} {}", word(random), word(random)),
    };
    let length = text.chars().count();
    let min = bound(rules, "minLength").unwrap_or(0);
    for _ in length..min {
        text.push(random.letter("abcdefgh "));
    }
    match bound(rules, "maxLength") {
        Some(max) => text.chars().take(max).collect(),
        None => text,
    }
}

/// A word of letters.
pub(super) fn word(random: &mut Random) -> String {
    let length = 1 + random.below(8);
    (0..length)
        .map(|_| random.letter("abcdefghijklmnopqrstuvwxyz"))
        .collect()
}

fn formatted(format: &str, random: &mut Random) -> Option<String> {
    Some(match format {
        "date-time" => format!("{}T{}Z", date(random), time(random)),
        "date" => date(random),
        "time" => format!("{}Z", time(random)),
        "email" => format!("{}.{}@{}.example", word(random), word(random), word(random)),
        "hostname" => format!("{}.example", word(random)),
        "uri" | "uri-reference" | "url" => {
            format!(
                "https://{}.example/{}?q={}%20x#f",
                word(random),
                word(random),
                word(random)
            )
        }
        "uuid" => uuid(random),
        "ipv4" => format!("192.0.2.{}", random.below(256)),
        "ipv6" => format!("2001:db8::{:x}", random.below(65536)),
        "json-pointer" => format!("/{}/{}~1", word(random), random.below(10)),
        "duration" => format!("P{}DT{}H", 1 + random.below(30), 1 + random.below(23)),
        "regex" => "^a+$".to_owned(),
        _ => return None,
    })
}

fn date(random: &mut Random) -> String {
    let year = random.between(1901, 2099);
    let month = random.below(12);
    let leap = year % 4 == 0;
    let days = [
        31,
        if leap { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let last = days.get(month).copied().unwrap_or(28);
    let day = if random.once_in(6) {
        last
    } else {
        1 + random.below(last)
    };
    format!("{year:04}-{:02}-{day:02}", month + 1)
}

fn time(random: &mut Random) -> String {
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    let fraction = match random.below(6) {
        0 => format!(".{:03}", random.below(1000)),
        1 => format!(".{:09}", random.below(1_000_000_000)),
        2 => ".0".to_owned(),
        _ => String::new(),
    };
    format!("{hour:02}:{minute:02}:{second:02}{fraction}")
}

fn uuid(random: &mut Random) -> String {
    let mut hex =
        |digits: usize| -> String { (0..digits).map(|_| random.letter("0123456789abcdef")).collect() };
    format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12))
}

/// A text as JSON, sometimes with escapes that it does not need.
pub(super) fn written(text: &str, random: &mut Random) -> Text {
    if text.is_empty() || !random.once_in(12) {
        return Text::plain(text);
    }
    let escaped = random.below(text.chars().count());
    let mut raw = String::new();
    for (i, c) in text.chars().enumerate() {
        if i != escaped {
            raw.push_str(Text::plain(c.encode_utf8(&mut [0; 4])).raw());
        } else if c == '/' {
            raw.push_str("\\/");
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                raw.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Text::from_raw(raw)
}
