//! Documents into jq's values and back. A number that the filter does not calculate with keeps its text: integers of any
//! length and decimals like `1.10` and `1e400` come out as they went in.

use std::fmt::Write as _;

use jaq_json::{Map, Num, Rc, Val};

use super::jq::script;
use crate::fault::{Fault, FaultKind};
use crate::parse::{DEPTH, parse};
use crate::pointer::Pointer;
use crate::value::{Member, Number, Object, Value};

/// How large a value may be that goes into or comes out of a filter: its parts, and its texts by the byte.
const SIZE: usize = 1 << 20;

/// Integers up to this length are integers for jq, too; longer ones are only carried.
const DIGITS: usize = 1000;

/// A document as jq sees it.
///
/// # Errors
/// When it is too large, or a member stands twice, of which jq would see one.
pub(super) fn to_jq(value: &Value) -> Result<Val, Fault> {
    let mut left = SIZE;
    into_val(value, &mut left)
}

fn into_val(value: &Value, left: &mut usize) -> Result<Val, Fault> {
    spend(left, 1)?;
    Ok(match value {
        Value::Null => Val::Null,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(number) => {
            spend(left, number.raw().len())?;
            Val::Num(number_in(number.raw()))
        }
        Value::Text(text) => text_in(&text.decoded(), left)?,
        Value::List(items) => {
            let items = items.iter().enumerate().map(|(index, item)| {
                into_val(item, left).map_err(|f| f.below(&Pointer::of([index.to_string()])))
            });
            Val::Arr(Rc::new(items.collect::<Result<_, _>>()?))
        }
        Value::Object(object) => object_in(object, left)?,
    })
}

fn object_in(object: &Object, left: &mut usize) -> Result<Val, Fault> {
    let mut members = Map::default();
    for member in object.members() {
        let name = member.key.decoded();
        let at = Pointer::of([name.as_ref()]);
        let value = into_val(&member.value, left).map_err(|f| f.below(&at))?;
        if members.insert(text_in(&name, left)?, value).is_some() {
            return Err(Fault::new(FaultKind::Duplicate, "this member stands more than once").below(&at));
        }
    }
    Ok(Val::obj(members))
}

fn text_in(text: &str, left: &mut usize) -> Result<Val, Fault> {
    spend(left, text.len())?;
    Ok(Val::from(text.to_owned()))
}

fn number_in(raw: &str) -> Num {
    let integer = raw.len() <= DIGITS && raw != "-0" && !raw.contains(['.', 'e', 'E']);
    let number = integer.then(|| Num::from_str_radix(raw, 10)).flatten();
    number.unwrap_or_else(|| Num::Dec(Rc::new(raw.to_owned())))
}

fn spend(left: &mut usize, cost: usize) -> Result<(), Fault> {
    *left = left
        .checked_sub(cost)
        .ok_or_else(|| script("the value is too large for a script"))?;
    Ok(())
}

/// What a filter gave, as a document.
///
/// # Errors
/// When JSON has no such value, or it is too large.
pub(super) fn from_jq(value: &Val) -> Result<Value, Fault> {
    let mut left = SIZE;
    from_val(value, &mut left, DEPTH)
}

fn from_val(value: &Val, left: &mut usize, depth: usize) -> Result<Value, Fault> {
    spend(left, 1)?;
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| script("the filter's output nests too deep"))?;
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(b) => Value::Bool(*b),
        Val::Num(number) => Value::Number(number_out(number, left)?),
        Val::TStr(_) => Value::text(text_out(value, left)?),
        Val::BStr(_) => return Err(script("the filter gives bytes, which JSON cannot hold")),
        Val::Arr(items) => {
            let items = items.iter().map(|item| from_val(item, left, depth));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Val::Obj(members) => {
            let members = members
                .iter()
                .map(|(key, value)| Ok(Member::own(text_out(key, left)?, from_val(value, left, depth)?)));
            Value::Object(Object::new(members.collect::<Result<_, Fault>>()?))
        }
    })
}

fn text_out<'v>(value: &'v Val, left: &mut usize) -> Result<&'v str, Fault> {
    let Val::TStr(text) = value else {
        return Err(script("the filter gives an object whose names are no texts"));
    };
    spend(left, text.len())?;
    std::str::from_utf8(text).map_err(|_| script("the filter gives a text that is not UTF-8"))
}

fn number_out(number: &Num, left: &mut usize) -> Result<Number, Fault> {
    let mut raw = String::new();
    write!(raw, "{number}").map_err(|_| script("the filter gives a number that cannot be written"))?;
    spend(left, raw.len())?;
    // NaN, infinity, and forms that only jq's own literals have.
    match parse(raw.as_bytes(), 1) {
        Ok(Value::Number(number)) => Ok(number),
        _ => Err(script(format!(
            "the filter gives {raw}, which is not a JSON number"
        ))),
    }
}
