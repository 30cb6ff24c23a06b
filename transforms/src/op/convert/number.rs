//! Numbers, texts, booleans and money. Money goes through exact decimals, never through binary floating point.

use super::Form;
use crate::decimal::Decimal;
use crate::fault::Fault;
use crate::value::{Number, Value};

/// A value as a number, a text or a boolean: whatever form it came in.
pub(super) fn plain(from: Form, into: Form, value: &Value) -> Result<Value, Fault> {
    match (from, into) {
        (Form::Text, Form::Boolean) => boolean(&text(value)?).map(Value::Bool),
        (Form::Boolean, Form::Text) => Ok(Value::text(if truth(value)? { "true" } else { "false" })),
        (Form::Boolean, _) => Ok(Value::number(if truth(value)? { "1" } else { "0" })),
        (Form::Integer, Form::Boolean) => bit(&whole(value)?).map(Value::Bool),
        (Form::Text, Form::Integer) => canonical(&text(value)?),
        (Form::Text, _) => written(&text(value)?).map(Value::number),
        (Form::Integer, Form::Text) => whole(value).map(|digits| Value::text(&digits)),
        (Form::Number, Form::Text) => number(value).map(|n| Value::text(n.raw())),
        (Form::Number, Form::Integer) => whole(value).map(Value::number),
        _ => number(value).map(|n| Value::Number(n.clone())),
    }
}

/// An amount in main units.
pub(super) fn amount(from: Form, decimals: usize, value: &Value) -> Result<Decimal, Fault> {
    let raw = match from {
        Form::MinorUnits => {
            let units = decimal(number(value)?)?;
            return if units.is_integer() {
                Ok(units.shift(-places(decimals)))
            } else {
                Err(Fault::unfit("minor units are a whole number"))
            };
        }
        Form::DecimalText => written(&text(value)?).and_then(|raw| {
            if raw.contains(['e', 'E']) {
                Err(Fault::unfit("an amount is written without an exponent"))
            } else {
                Ok(raw)
            }
        })?,
        _ => number(value)?.raw().to_owned(),
    };
    decimal(&Number::from_raw(raw))
}

/// An amount in a form; with exactly `decimals` decimals where it has a point.
pub(super) fn show(into: Form, decimals: usize, amount: &Decimal) -> Result<Value, Fault> {
    let (shifted, shown) = match into {
        Form::MinorUnits => (amount.clone().shift(places(decimals)), 0),
        _ => (amount.clone(), decimals),
    };
    let digits = shifted.fixed(shown).ok_or_else(|| {
        if shifted.decimals() > shown as u64 {
            Fault::unfit(too_many(decimals))
        } else {
            Fault::unfit("the amount is too large")
        }
    })?;
    Ok(if into == Form::DecimalText {
        Value::text(&digits)
    } else {
        Value::number(digits)
    })
}

/// Refuses an amount that a client writes with more decimals than there are, be they zeros.
pub(super) fn refuse_more(from: Form, decimals: usize, value: &Value) -> Result<(), Fault> {
    let raw = match (from, value) {
        (Form::Decimal, Value::Number(number)) => number.raw().to_owned(),
        (Form::DecimalText, Value::Text(text)) => text.decoded().into_owned(),
        _ => return Ok(()),
    };
    if decimals_written(&raw) > places(decimals) {
        Err(Fault::unfit(too_many(decimals)))
    } else {
        Ok(())
    }
}

fn too_many(decimals: usize) -> String {
    format!("an amount has at most {decimals} decimals")
}

/// How many decimals a number is written with: `1.50` has two, `1.5e1` none.
fn decimals_written(raw: &str) -> i64 {
    let (mantissa, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, f)| places(f.len()));
    let exponent = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse::<i64>()
        .unwrap_or(0);
    fraction.saturating_sub(exponent).max(0)
}

fn places(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number without a fraction, in plain digits. `1e2` and `100.0` are 100.
pub(super) fn whole(value: &Value) -> Result<String, Fault> {
    let parsed = decimal(number(value)?)?;
    parsed.fixed(0).ok_or_else(|| {
        Fault::unfit(if parsed.is_integer() {
            "the number is too large"
        } else {
            "a whole number is needed here"
        })
    })
}

fn decimal(number: &Number) -> Result<Decimal, Fault> {
    Decimal::parse(number.raw()).ok_or_else(|| Fault::unfit("the number is too large"))
}

fn number(value: &Value) -> Result<&Number, Fault> {
    match value {
        Value::Number(number) => Ok(number),
        other => Err(wanted("a number", other)),
    }
}

pub(super) fn text(value: &Value) -> Result<String, Fault> {
    value
        .as_text()
        .map(String::from)
        .ok_or_else(|| wanted("a text", value))
}

fn truth(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(b) => Ok(*b),
        other => Err(wanted("a boolean", other)),
    }
}

fn wanted(what: &str, value: &Value) -> Fault {
    Fault::unfit(format!("{what} is needed here, not {}", value.kind()))
}

fn boolean(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::unfit("the text must be true or false")),
    }
}

fn bit(digits: &str) -> Result<bool, Fault> {
    match digits {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(Fault::unfit("the number must be 0 or 1")),
    }
}

/// A text that is a JSON number, as written.
fn written(text: &str) -> Result<String, Fault> {
    match crate::parse::parse(text.as_bytes(), 0) {
        Ok(Value::Number(number)) if number.raw() == text => Ok(text.to_owned()),
        _ => Err(Fault::unfit("the text is not a number")),
    }
}

/// A text that is an integer in its one form: no sign but minus, no leading zeros.
fn canonical(text: &str) -> Result<Value, Fault> {
    let raw = written(text)?;
    match Decimal::parse(&raw).and_then(|d| d.fixed(0)) {
        Some(digits) if digits == raw => Ok(Value::number(raw)),
        _ => Err(Fault::unfit("the text is not a whole number in plain digits")),
    }
}
