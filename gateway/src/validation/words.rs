//! Violations in words: where, what was expected and what was found, in the client's terms and never in the schema's.
//! Values are repeated shortened, and secrets not at all.

use jsonschema::JsonType;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind as Kind};
use serde_json::{Value as Plain, json};
use sluice_transforms::pointer::Pointer;
use sluice_transforms::value::Value;

/// The most characters of a value or a pattern that are repeated.
const SHOWN: usize = 64;

/// The most values of a list of choices that are told.
const CHOICES: usize = 12;

/// Names whose values nobody wants to see again, wherever they stand.
const SECRETS: [&str; 3] = ["password", "secret", "token"];

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as a JSON Pointer.
    pub pointer: String,
    /// What was expected there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Violation {
    /// The document is not valid, and no more can be said.
    pub(super) fn somewhere() -> Self {
        Self {
            pointer: String::new(),
            expected: "what the API's document describes".to_owned(),
            found: "something else".to_owned(),
        }
    }

    /// As a sentence without its place.
    pub fn sentence(&self) -> String {
        format!("expected {}, found {}", self.expected, self.found)
    }

    /// As a member of a problem.
    pub fn to_json(&self) -> Plain {
        json!({"pointer": self.pointer, "expected": self.expected, "found": self.found})
    }
}

/// Tells a violation: one for each member that should not be there.
pub(super) fn tell(error: &ValidationError<'_>, schema: &Plain, document: &Value, told: &mut Vec<Violation>) {
    let at = Pointer::parse(error.instance_path().as_str()).unwrap_or_default();
    let rule = rule(error, schema);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            // What a client sends a hundred thousand times is not told a hundred thousand times.
            for name in unexpected.iter().take(1_000) {
                let at = at.child(name);
                let found = at.look(document).map_or("a value", Value::kind).to_owned();
                told.push(violation(&at, "no member of this name", found));
            }
        }
        Kind::Required { property } => {
            let at = at.child(property.as_str().unwrap_or_default());
            told.push(violation(&at, "a value: the member is required", "nothing"));
        }
        kind => {
            let value = at.look(document);
            let secret =
                rule.is_some_and(is_secret) || at.names().last().is_some_and(|name| names_secret(name));
            told.push(violation(&at, &expected(kind), found(kind, value, secret)));
        }
    }
}

/// Tells that a value is of a kind that no alternative is of.
pub(super) fn wrong_kind(
    error: &ValidationError<'_>,
    kinds: &[JsonType],
    document: &Value,
    told: &mut Vec<Violation>,
) {
    let at = Pointer::parse(error.instance_path().as_str()).unwrap_or_default();
    let found = at.look(document).map_or("a value", Value::kind);
    let mut nouns: Vec<&str> = Vec::new();
    kinds.iter().for_each(|kind| {
        if !nouns.contains(&noun(*kind)) {
            nouns.push(noun(*kind));
        }
    });
    told.push(violation(&at, &nouns.join(" or "), found));
}

/// The kinds that a violation would have allowed, if that is what it is about.
pub(super) fn kinds(error: &ValidationError<'_>) -> Option<Vec<JsonType>> {
    match error.kind() {
        Kind::Type {
            kind: TypeKind::Single(one),
        } => Some(vec![*one]),
        Kind::Type {
            kind: TypeKind::Multiple(set),
        } => Some(set.iter().collect()),
        _ => None,
    }
}

fn violation(at: &Pointer, expected: &str, found: impl Into<String>) -> Violation {
    Violation {
        pointer: at.to_string(),
        expected: expected.to_owned(),
        found: found.into(),
    }
}

/// The schema that holds the keyword which was violated.
fn rule<'s>(error: &ValidationError<'_>, schema: &'s Plain) -> Option<&'s Plain> {
    let path = error.schema_path().as_str();
    schema.pointer(path.rsplit_once('/').map_or("", |(parent, _)| parent))
}

fn is_secret(rule: &Plain) -> bool {
    rule.get("writeOnly") == Some(&Plain::Bool(true)) || rule.get("format") == Some(&"password".into())
}

pub(super) fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Type {
            kind: TypeKind::Single(one),
        } => noun(*one).to_owned(),
        Kind::Type {
            kind: TypeKind::Multiple(set),
        } => set.iter().map(noun).collect::<Vec<_>>().join(" or "),
        Kind::Enum { options } => choices(options),
        Kind::Constant { expected_value } => format!("exactly {}", shorten(&expected_value.to_string())),
        Kind::Pattern { pattern } => format!("a text that matches {}", shorten(pattern)),
        Kind::Format { format } => format!("a text in the format {}", shorten(format)),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("at most {}", count(*limit, "character")),
        Kind::MinItems { limit } => format!("at least {}", count(*limit, "element")),
        Kind::MaxItems { limit } => format!("at most {}", count(*limit, "element")),
        Kind::AdditionalItems { limit } => format!("at most {}", count(*limit as u64, "element")),
        Kind::MinProperties { limit } => format!("at least {}", count(*limit, "member")),
        Kind::MaxProperties { limit } => format!("at most {}", count(*limit, "member")),
        Kind::UniqueItems => "elements that all differ".to_owned(),
        Kind::Contains => "a list with an element as the API's document describes".to_owned(),
        Kind::PropertyNames { .. } => "member names as the API's document describes".to_owned(),
        Kind::FalseSchema | Kind::UnevaluatedItems { .. } => "nothing here".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "one of the forms that the API's document describes".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => {
            "exactly one of the forms that the API's document describes; several fit".to_owned()
        }
        Kind::Not { .. } => "another value than the API's document excludes".to_owned(),
        _ => "what the API's document describes".to_owned(),
    }
}

fn found(kind: &Kind, value: Option<&Value>, secret: bool) -> String {
    match (kind, value) {
        (_, None) => "a value".to_owned(),
        (Kind::Type { .. }, Some(value)) => value.kind().to_owned(),
        (_, Some(value @ (Value::Text(_) | Value::Number(_)))) if secret => value.kind().to_owned(),
        (Kind::MinLength { .. } | Kind::MaxLength { .. }, Some(Value::Text(text))) => {
            count(text.decoded().chars().count() as u64, "character")
        }
        (_, Some(Value::Text(text))) => format!("\"{}\"", shorten(&text.decoded())),
        (_, Some(Value::Number(number))) => shorten(number.raw()),
        (_, Some(Value::Bool(value))) => value.to_string(),
        (_, Some(Value::List(items))) => format!("a list of {}", count(items.len() as u64, "element")),
        (_, Some(Value::Object(object))) => {
            format!("an object of {}", count(object.members().len() as u64, "member"))
        }
        (_, Some(value)) => value.kind().to_owned(),
    }
}

fn choices(options: &Plain) -> String {
    let all = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut told: Vec<String> = all
        .iter()
        .take(CHOICES)
        .map(|one| shorten(&one.to_string()))
        .collect();
    if all.len() > CHOICES {
        told.push(format!("{} more", all.len() - CHOICES));
    }
    match told.len() {
        1 => told.remove(0),
        _ => format!("one of {}", told.join(", ")),
    }
}

fn count(number: u64, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}

fn noun(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text",
        JsonType::Array => "a list",
        JsonType::Object => "an object",
    }
}

/// A text as far as it is shown; control characters are not.
pub(super) fn shorten(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
