//! `convert`: the same value in another form.
//!
//! ```yaml
//! - convert: {at: /balance/amount, from: decimal, to: minor_units, decimals: 2}   # 12345.67 | 1234567
//! - convert: {at: /created, from: unix_seconds, to: rfc3339}
//! - convert: {at: /count, from: text, to: integer}                                # "7" | 7
//! ```
//!
//! `number`, `integer`, `text` and `boolean` become each other where that is exact. Money is a `decimal` (12345.67), a
//! `decimal_text` ("12345.67") or an integer of `minor_units`; it is shown with exactly `decimals` decimals, a client
//! may send fewer, and more are refused. Instants are `unix_seconds`, `unix_millis`, `rfc3339`, an `http_date` or a
//! `date` (midnight in UTC); RFC 3339 is shown in UTC.
//!
//! An answer in a coarser form of an instant leaves out the fraction and the offset; a write that sends what was shown
//! keeps them, and a client may not send what the stored form cannot hold.

mod cases;
mod instant;
mod number;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::entry::{Entry, Files, SettingsFault, pointer, schema, settings};
use super::rules::{bounds, carry_values, forget_form, wrong_kind};
use super::scalar::{InPlace, Rewrite};
use super::{Direction, Operator, Side};
use crate::fault::Fault;
use crate::shape::{Kind, Shape, TypeFault, Types};
use crate::value::Value;
use instant::Instant;

/// Settings of `convert`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the value stands, as a JSON Pointer; empty for a scalar type.
    #[serde(default)]
    pub at: String,
    /// Its form in the old version.
    pub from: Form,
    /// Its form in the new version.
    pub to: Form,
    /// How many decimals the main unit of money has; needed for money, and for nothing else.
    #[serde(default)]
    pub decimals: Option<usize>,
}

/// A form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A JSON number.
    Number,
    /// A JSON number without a fraction.
    Integer,
    /// A number or a boolean as text.
    Text,
    /// `true` or `false`; as an integer 1 or 0.
    Boolean,
    /// Money as a JSON number with decimals: 12345.67.
    Decimal,
    /// Money as text: "12345.67".
    DecimalText,
    /// Money as an integer of its smallest unit: 1234567.
    MinorUnits,
    /// Seconds since 1970, an integer.
    UnixSeconds,
    /// Milliseconds since 1970, an integer.
    UnixMillis,
    /// `1994-11-06T08:49:37Z`.
    Rfc3339,
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    HttpDate,
    /// `1994-11-06`.
    Date,
}

/// `convert`.
pub const CONVERT: Entry = Entry {
    name: "convert",
    summary: "The same value in another form: money, instants, numbers as text.",
    schema: schema::<Settings>,
    build,
    cases: cases::CASES,
};

/// Forms that become each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Plain,
    Money,
    Time,
}

impl Form {
    fn family(self) -> Family {
        match self {
            Self::Number | Self::Integer | Self::Text | Self::Boolean => Family::Plain,
            Self::Decimal | Self::DecimalText | Self::MinorUnits => Family::Money,
            _ => Family::Time,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Number | Self::Decimal => Kind::Number,
            Self::Integer | Self::MinorUnits | Self::UnixSeconds | Self::UnixMillis => Kind::Integer,
            Self::Boolean => Kind::Boolean,
            _ => Kind::Text,
        }
    }

    /// How much an instant in this form leaves out: a finer form has a lower number.
    fn coarseness(self) -> u8 {
        match self {
            Self::Rfc3339 => 0,
            Self::UnixMillis => 1,
            Self::UnixSeconds | Self::HttpDate => 2,
            _ => 3,
        }
    }
}

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let (old, new) = (settings.from, settings.to);
    let plain = |a: Form, b: Form| {
        matches!(
            (a, b),
            (Form::Text, Form::Number | Form::Integer | Form::Boolean)
                | (Form::Integer, Form::Number | Form::Boolean)
        )
    };
    let related = old.family() == new.family() && old != new;
    if !related || old.family() == Family::Plain && !plain(old, new) && !plain(new, old) {
        return Err(SettingsFault::new(
            "/to",
            "the two forms do not become each other",
        ));
    }
    let decimals = match (old.family(), settings.decimals) {
        (Family::Money, Some(decimals)) if decimals <= 30 => decimals,
        (Family::Money, _) => {
            return Err(SettingsFault::new(
                "/decimals",
                "money needs its decimals, 0 to 30",
            ));
        }
        (_, Some(_)) => return Err(SettingsFault::new("/decimals", "only money has decimals")),
        _ => 0,
    };
    Ok(Box::new(InPlace {
        at: pointer(&settings.at, "/at")?,
        rewrite: Convert { old, new, decimals },
    }))
}

#[derive(Debug)]
struct Convert {
    old: Form,
    new: Form,
    decimals: usize,
}

impl Convert {
    fn way(&self, to: Direction) -> (Form, Form) {
        if to == Direction::Up {
            (self.old, self.new)
        } else {
            (self.new, self.old)
        }
    }

    /// What the type says about texts of a form.
    fn form_rule(&self, to: Direction) -> Option<(&'static str, Json)> {
        let digits = r"^(0|-?[1-9][0-9]*)$";
        let (from, into) = self.way(to);
        match into {
            Form::Rfc3339 => Some(("format", json!("date-time"))),
            Form::Date => Some(("format", json!("date"))),
            Form::DecimalText if self.decimals == 0 => Some(("pattern", json!(r"^-?(0|[1-9][0-9]*)$"))),
            Form::DecimalText => {
                let pattern = format!(r"^-?(0|[1-9][0-9]*)(\.[0-9]{{1,{}}})?$", self.decimals);
                Some(("pattern", json!(pattern)))
            }
            Form::Text if from == Form::Boolean => Some(("enum", json!(["true", "false"]))),
            Form::Text if from == Form::Integer => Some(("pattern", json!(digits))),
            Form::Integer if from == Form::Boolean => Some(("enum", json!([0, 1]))),
            _ => None,
        }
    }
}

impl Rewrite for Convert {
    fn name(&self) -> &'static str {
        "convert"
    }

    /// Texts of a number or of an instant: several stand for the same.
    fn alike(&self, side: Side) -> bool {
        let form = if side == Side::Old { self.old } else { self.new };
        matches!(
            form,
            Form::Text | Form::DecimalText | Form::Rfc3339 | Form::HttpDate
        )
    }

    fn retype(&self, to: Direction, shape: &mut Shape, _: &Types) -> Result<(), TypeFault> {
        let (from, into) = self.way(to);
        let fits = match (from.kind(), &shape.kind) {
            (_, Kind::Any) => return Ok(()),
            // Many documents write `number` where they mean an integer.
            (Kind::Integer, Kind::Number) => true,
            (wanted, kind) => wanted == *kind,
        };
        if !fits {
            return Err(wrong_kind(&shape.kind, super::rules::name(&from.kind())));
        }
        let carry = |value: &Value| self.rewrite_sent(to, value);
        let bounds = bounds(shape, &carry);
        carry_values(
            shape,
            &carry,
            "the type lists values that have no such form: correct the list",
        )?;
        forget_form(shape);
        shape.rules.extend(bounds);
        shape.kind = into.kind();
        if let Some((key, rule)) = self.form_rule(to).filter(|_| !shape.rules.contains_key("enum")) {
            shape.rules.insert(key.to_owned(), rule);
        }
        Ok(())
    }

    fn rewrite(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        let (from, into) = self.way(to);
        match from.family() {
            Family::Plain => number::plain(from, into, value),
            Family::Money => number::show(into, self.decimals, &number::amount(from, self.decimals, value)?),
            Family::Time => Instant::read(from, value)?.show(into),
        }
    }

    fn rewrite_sent(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        let (from, into) = self.way(to);
        match from.family() {
            Family::Plain => {}
            Family::Money => number::refuse_more(from, self.decimals, value)?,
            Family::Time if Instant::read(from, value)?.fits(into) => {}
            Family::Time => return Err(Fault::unfit("the stored version cannot hold so fine a time")),
        }
        self.rewrite(to, value)
    }

    fn ambiguous(&self, to: Direction, _: &Value) -> bool {
        self.ever_ambiguous(to)
    }

    fn ever_ambiguous(&self, to: Direction) -> bool {
        let (from, into) = self.way(to);
        from.family() == Family::Time && into.coarseness() < from.coarseness()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::cases::{MONEY, TEXT_MONEY};
    use super::*;
    use crate::shape::TypeFaultKind;

    fn convert(settings: &str) -> Result<Box<dyn Operator>, SettingsFault> {
        build(&serde_json::from_str(settings).unwrap(), &|_| Err(String::new()))
    }

    fn retyped(settings: &str, to: Direction, kind: Kind, rules: &str) -> Result<String, TypeFaultKind> {
        let mut shape = Shape::from(Kind::Object {
            fields: vec![crate::shape::Field::any("m")],
            open: true,
        });
        if let Kind::Object { fields, .. } = &mut shape.kind {
            fields[0].shape.kind = kind;
            fields[0].shape.rules = serde_json::from_str(rules).unwrap();
        }
        let done = convert(settings).unwrap().retype(to, &mut shape, &Types::new());
        let inner = &shape.field("m").unwrap().shape;
        let told = format!(
            "{} {}",
            super::super::rules::name(&inner.kind),
            serde_json::to_string(&inner.rules).unwrap()
        );
        done.map(|()| told).map_err(|f| f.kind)
    }

    #[test]
    fn types_follow_the_form() {
        let rules = r#"{"minimum":-500,"maximum":1000,"format":"int64","examples":[150]}"#;
        assert_eq!(
            retyped(MONEY, Direction::Down, Kind::Integer, rules).as_deref(),
            Ok(r#"a number {"examples":[1.50],"minimum":-5.00,"maximum":10.00}"#)
        );
        assert_eq!(
            retyped(TEXT_MONEY, Direction::Down, Kind::Integer, "{}").as_deref(),
            Ok(r#"a text {"pattern":"^-?(0|[1-9][0-9]*)(\\.[0-9]{1,2})?$"}"#)
        );
        assert_eq!(
            retyped(MONEY, Direction::Up, Kind::Integer, "{}"),
            Err(TypeFaultKind::WrongKind)
        );
    }

    #[test]
    fn forms_without_a_common_meaning_are_refused() {
        for settings in [
            r#"{"from": "decimal", "to": "rfc3339"}"#,
            r#"{"from": "text", "to": "text"}"#,
            r#"{"from": "number", "to": "boolean"}"#,
            r#"{"from": "decimal", "to": "minor_units"}"#,
            r#"{"from": "decimal", "to": "minor_units", "decimals": 31}"#,
            r#"{"from": "text", "to": "integer", "decimals": 2}"#,
            r#"{"from": "roman", "to": "integer"}"#,
        ] {
            assert!(convert(settings).is_err(), "{settings}");
        }
    }
}
