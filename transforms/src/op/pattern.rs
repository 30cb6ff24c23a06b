//! `pattern`: a value is written inside a fixed text.
//!
//! ```yaml
//! - pattern: {at: /id, text: "cus_{n}", digits: 6}            # 17 | "cus_000017"
//! - pattern: {at: /type, text: "https://errors.example/{s}"}  # "gone" | "https://errors.example/gone"
//! ```
//!
//! The old side has the value bare. `{n}` is a whole number from 0, written with at least `digits` digits: only the one
//! text that a number has is read back, so `cus_0000017` is refused. `{s}` is a text; `{}` is the one or the other,
//! depending on whether `digits` are given. Numbers have at most 18 digits. Loses nothing.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::rules::{carry_values, forget_form, wrong_kind};
use super::scalar::{InPlace, Rewrite};
use super::{Direction, Operator};
use crate::decimal::Decimal;
use crate::fault::Fault;
use crate::shape::{Kind, Shape, TypeFault, Types};
use crate::value::{Text, Value};

/// The most digits of a number: every such number fits 64 bits.
const MOST: usize = 18;

/// Settings of `pattern`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the value stands, as a JSON Pointer; empty for a scalar type.
    #[serde(default)]
    pub at: String,
    /// The text of the new side, with one slot: `{n}` for a number, `{s}` for a text.
    pub text: String,
    /// How many digits a number has at least; shorter ones get leading zeros.
    #[serde(default)]
    pub digits: Option<usize>,
}

const ID: &str = r#"{"at": "/id", "text": "cus_{n}", "digits": 6}"#;
const BARE: &str = r#"{"text": "cus_{n}", "digits": 6}"#;
const LINE: &str = r##"{"at": "/l", "text": "#{n}!"}"##;
const URL: &str = r#"{"at": "/type", "text": "https://e.example/{s}"}"#;
const QUOTED: &str = r#"{"at": "/q", "text": "\"{}\\"}"#;

/// `pattern`.
pub const PATTERN: Entry = Entry {
    name: "pattern",
    summary: "A number or a text is written inside a fixed text.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case::new(ID, What::Both(r#"{"id":17}"#, r#"{"id":"cus_000017"}"#)),
        Case::new(ID, What::Both(r#"{"id":0}"#, r#"{"id":"cus_000000"}"#)),
        Case::new(ID, What::Both(r#"{"id":1234567}"#, r#"{"id":"cus_1234567"}"#)),
        Case::new(ID, What::Up(r#"{"id":1.7e1}"#, r#"{"id":"cus_000017"}"#)),
        Case::new(ID, What::Down(r#"{"id":"cus\u005f000017"}"#, r#"{"id":17}"#)),
        Case::new(ID, What::RefusedUp(r#"{"id":-1}"#, "/id")),
        Case::new(ID, What::RefusedUp(r#"{"id":1.5}"#, "/id")),
        Case::new(ID, What::RefusedUp(r#"{"id":1e18}"#, "/id")),
        Case::new(ID, What::RefusedUp(r#"{"id":1e999999999999}"#, "/id")),
        Case::new(ID, What::RefusedUp(r#"{"id":"17"}"#, "/id")),
        Case::new(ID, What::RefusedDown(r#"{"id":"cus_17"}"#, "/id")),
        Case::new(ID, What::RefusedDown(r#"{"id":"cus_0000017"}"#, "/id")),
        Case::new(ID, What::RefusedDown(r#"{"id":"cus_00001٣"}"#, "/id")),
        Case::new(ID, What::RefusedDown(r#"{"id":"cus_00001x"}"#, "/id")),
        Case::new(ID, What::RefusedDown(r#"{"id":"Cus_000017"}"#, "/id")),
        Case::new(
            ID,
            What::RefusedDown(r#"{"id":"cus_1234567890123456789"}"#, "/id"),
        ),
        Case::new(ID, What::RefusedDown(r#"{"id":17}"#, "/id")),
        Case::new(
            ID,
            What::PutUp {
                stored: r#"{"id":"cus_000017"}"#,
                sent: r#"{"id":18}"#,
                gives: r#"{"id":"cus_000018"}"#,
            },
        ),
        Case::new(ID, What::Patch(r#"{"id":17}"#, Some(r#"{"id":"cus_000017"}"#))),
        Case::new(BARE, What::Both("17", r#""cus_000017""#)),
        Case::new(LINE, What::Both(r#"{"l":7}"#, r##"{"l":"#7!"}"##)),
        Case::new(LINE, What::RefusedDown(r##"{"l":"#!"}"##, "/l")),
        Case::new(LINE, What::RefusedDown(r##"{"l":"#07!"}"##, "/l")),
        Case::new(
            URL,
            What::Both(
                r#"{"type":"n\u006ft é"}"#,
                r#"{"type":"https://e.example/n\u006ft é"}"#,
            ),
        ),
        Case::new(
            URL,
            What::RefusedDown(r#"{"type":"http://e.example/gone"}"#, "/type"),
        ),
        Case::new(URL, What::RefusedUp(r#"{"type":7}"#, "/type")),
        // Null passes where the type allows it.
        Case::new(URL, What::Both(r#"{"type":null}"#, r#"{"type":null}"#)),
        Case::new(QUOTED, What::Both(r#"{"q":"a\nb"}"#, r#"{"q":"\"a\nb\\"}"#)),
        Case::new(QUOTED, What::RefusedDown(r#"{"q":"\"a\\\u0022"}"#, "/q")),
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let fault = |why: &str| SettingsFault::new("/text", why);
    let one = || fault("the text needs one slot: {n} for a number, {s} for a text");
    let (before, rest) = settings.text.split_once('{').ok_or_else(one)?;
    let (slot, after) = rest.split_once('}').ok_or_else(one)?;
    if [before, after].iter().any(|s| s.contains(['{', '}'])) {
        return Err(one());
    }
    let digits = match (slot, settings.digits) {
        ("n" | "", Some(digits)) if (1..=MOST).contains(&digits) => Some(digits),
        ("n" | "", Some(_)) => return Err(SettingsFault::new("/digits", "a number has 1 to 18 digits")),
        ("n", None) => Some(1),
        ("s" | "", None) => None,
        ("s", Some(_)) => return Err(SettingsFault::new("/digits", "only a number, {n}, has digits")),
        _ => return Err(one()),
    };
    if digits.is_some() && after.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(fault("the number would run into the digits after it"));
    }
    Ok(Box::new(InPlace {
        at: pointer(&settings.at, "/at")?,
        rewrite: Pattern {
            before: before.to_owned(),
            after: after.to_owned(),
            digits,
        },
    }))
}

#[derive(Debug)]
struct Pattern {
    before: String,
    after: String,
    /// How many digits a number has; `None` for a text.
    digits: Option<usize>,
}

impl Pattern {
    fn wrap(&self, value: &Value) -> Result<Value, Fault> {
        let inner = match (self.digits, value) {
            (Some(digits), Value::Number(number)) => format!("{:0>digits$}", natural(number.raw())?),
            (None, Value::Text(text)) => text.raw().to_owned(),
            (Some(_), other) => {
                return Err(Fault::unfit(format!(
                    "a whole number is needed here, not {}",
                    other.kind()
                )));
            }
            (None, other) => {
                return Err(Fault::unfit(format!(
                    "a text is needed here, not {}",
                    other.kind()
                )));
            }
        };
        let (before, after) = (Text::plain(&self.before), Text::plain(&self.after));
        Ok(Value::Text(Text::from_raw(format!(
            "{}{inner}{}",
            before.raw(),
            after.raw()
        ))))
    }

    fn unwrap(&self, value: &Value) -> Result<Value, Fault> {
        let slot = if self.digits.is_some() { "n" } else { "s" };
        let form = || {
            Fault::unfit(format!(
                "a text of the form {}{{{slot}}}{} is needed here",
                self.before, self.after
            ))
        };
        let text = value.as_text().ok_or_else(form)?;
        let inner = text.strip_prefix(self.before.as_str());
        let inner = inner
            .and_then(|rest| rest.strip_suffix(self.after.as_str()))
            .ok_or_else(form)?;
        let Some(digits) = self.digits else {
            return Ok(self.bare_text(value, inner));
        };
        number(inner, digits).ok_or_else(|| {
            Fault::unfit(format!(
                "the number must have {digits} digits, or more without a leading zero, and at most {MOST}"
            ))
        })
    }

    /// The inner text as it was written, where it was written without escapes at its ends.
    fn bare_text(&self, value: &Value, inner: &str) -> Value {
        let (before, after) = (Text::plain(&self.before), Text::plain(&self.after));
        let raw = match value {
            Value::Text(text) => text.raw().strip_prefix(before.raw()),
            _ => None,
        };
        let raw = raw
            .and_then(|raw| raw.strip_suffix(after.raw()))
            .map(Text::from_raw);
        // An end that is itself part of an escape decodes to something else.
        let same = raw.filter(|raw| raw.is(inner));
        same.map_or_else(|| Value::text(inner), Value::Text)
    }

    /// The regular expression (ECMA-262) of the new side's texts.
    fn expression(&self) -> String {
        let (before, after) = (escape(&self.before), escape(&self.after));
        let inner = match self.digits {
            None => r"[\s\S]*".to_owned(),
            Some(MOST) => format!("[0-9]{{{MOST}}}"),
            Some(1) => format!("(0|[1-9][0-9]{{0,{}}})", MOST - 1),
            Some(digits) => format!("([0-9]{{{digits}}}|[1-9][0-9]{{{digits},{}}})", MOST - 1),
        };
        format!("^{before}{inner}{after}$")
    }
}

fn escape(text: &str) -> String {
    let special = |c: char| r"\^$.*+?()[]{}|/".contains(c);
    text.chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// A whole number from 0 in plain digits.
fn natural(raw: &str) -> Result<String, Fault> {
    let digits = Decimal::parse(raw).and_then(|d| d.fixed(0));
    digits
        .filter(|digits| !digits.starts_with('-') && digits.len() <= MOST)
        .ok_or_else(|| {
            Fault::unfit(format!(
                "a whole number from 0 with at most {MOST} digits is needed here"
            ))
        })
}

fn number(text: &str, digits: usize) -> Option<Value> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    let canonical = text.len() == digits || text.len() > digits && !text.starts_with('0');
    if !plain || !canonical || text.len() > MOST {
        return None;
    }
    let bare = text.trim_start_matches('0');
    Some(Value::number(if bare.is_empty() { "0" } else { bare }))
}

impl Rewrite for Pattern {
    fn name(&self) -> &'static str {
        "pattern"
    }

    fn retype(&self, to: Direction, shape: &mut Shape, _: &Types) -> Result<(), TypeFault> {
        let bare = if self.digits.is_some() {
            Kind::Integer
        } else {
            Kind::Text
        };
        let (from, into) = if to == Direction::Up {
            (bare, Kind::Text)
        } else {
            (Kind::Text, bare)
        };
        match &shape.kind {
            Kind::Any => return Ok(()),
            // Many documents write `number` where they mean an integer.
            Kind::Number if from == Kind::Integer => {}
            kind if *kind == from => {}
            kind => return Err(wrong_kind(kind, super::rules::name(&from))),
        }
        let hint = "the type lists values that are not of this form: correct the list or the form";
        carry_values(shape, &|value| self.rewrite(to, value), hint)?;
        forget_form(shape);
        if to == Direction::Up {
            shape.rules.insert("pattern".to_owned(), json!(self.expression()));
        } else if self.digits.is_some() {
            shape.rules.insert("minimum".to_owned(), json!(0));
            shape
                .rules
                .insert("maximum".to_owned(), json!(999_999_999_999_999_999_u64));
        }
        shape.kind = into;
        Ok(())
    }

    fn rewrite(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        if to == Direction::Up {
            self.wrap(value)
        } else {
            self.unwrap(value)
        }
    }

    fn ambiguous(&self, _: Direction, _: &Value) -> bool {
        false
    }

    fn ever_ambiguous(&self, _: Direction) -> bool {
        false
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pattern(settings: &str) -> Result<Box<dyn Operator>, SettingsFault> {
        build(&serde_json::from_str(settings).unwrap(), &|_| Err(String::new()))
    }

    #[test]
    fn types_follow() {
        let mut shape = Shape::from(Kind::Integer);
        shape.rules = serde_json::from_str(r#"{"minimum":1,"example":17}"#).unwrap();
        let op = pattern(BARE).unwrap();
        op.retype(Direction::Up, &mut shape, &Types::new()).unwrap();
        let rules = r#"{"example":"cus_000017","pattern":"^cus_([0-9]{6}|[1-9][0-9]{6,17})$"}"#;
        assert_eq!(
            (&shape.kind, serde_json::to_string(&shape.rules).unwrap().as_str()),
            (&Kind::Text, rules)
        );
        op.retype(Direction::Down, &mut shape, &Types::new()).unwrap();
        let rules = r#"{"example":17,"minimum":0,"maximum":999999999999999999}"#;
        assert_eq!(
            (&shape.kind, serde_json::to_string(&shape.rules).unwrap().as_str()),
            (&Kind::Integer, rules)
        );
        assert!(op.retype(Direction::Down, &mut shape, &Types::new()).is_err());
    }

    #[test]
    fn forms_that_cannot_be_read_back_are_refused() {
        for settings in [
            r#"{"text": "cus_"}"#,
            r#"{"text": "{n}{n}"}"#,
            r#"{"text": "{x}"}"#,
            r#"{"text": "{n}0"}"#,
            r#"{"text": "{n}", "digits": 0}"#,
            r#"{"text": "{n}", "digits": 19}"#,
            r#"{"text": "{s}", "digits": 3}"#,
            r#"{"text": "}{"}"#,
        ] {
            assert!(pattern(settings).is_err(), "{settings}");
        }
    }
}
