//! Our documents as the validator sees them: nothing is copied, and numbers are the text that was written.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::Value as Plain;
use sluice_transforms::decimal::Decimal;
use sluice_transforms::value::{Member, Number, Value};

/// What an error would repeat of the document: nothing. We look it up when it is told.
const NOTHING: &Plain = &Plain::Null;

/// The representation: [`Value`].
pub(super) struct Exact;

/// A value, and how many more violations in it are worth looking for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    value: &'a Value,
    room: Option<&'a Cell<usize>>,
}

impl<'a> Place<'a> {
    /// A whole document.
    pub(super) fn of(value: &'a Value) -> Self {
        Self { value, room: None }
    }

    /// A whole document in which the search ends after so many violations: a document of a million wrong elements would
    /// otherwise become a million violations.
    pub(super) fn bounded(value: &'a Value, room: &'a Cell<usize>) -> Self {
        Self {
            value,
            room: Some(room),
        }
    }

    fn at(&self, value: &'a Value) -> Self {
        Self { value, ..*self }
    }

    fn is_spent(&self) -> bool {
        self.room.is_some_and(|room| room.get() == 0)
    }
}

impl Json for Exact {
    type Node<'a> = Place<'a>;
    type PreparedKey = String;
    type StringBuffer = Option<Value>;

    /// A look-up goes through all members: one pass for all names is always cheaper.
    const KEYS_PER_LOOKUP: usize = 1 << 20;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut Option<Value>, string: &str, f: impl FnOnce(Place<'_>) -> T) -> T {
        f(Place::of(buffer.insert(Value::text(string))))
    }
}

impl<'a> Node<'a, Exact> for Place<'a> {
    type Object = Members<'a>;
    type Array = Elements<'a>;
    type Number = Written<'a>;

    fn as_object(&self) -> Option<Members<'a>> {
        let members = self.value.as_object()?.members();
        Some(Members { members, of: *self })
    }

    fn as_array(&self) -> Option<Elements<'a>> {
        let items = self.value.as_list()?;
        Some(Elements { items, of: *self })
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.value.as_text()
    }

    fn as_number(&self) -> Option<Written<'a>> {
        match self.value {
            Value::Number(number) => Some(Written(number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    fn is_number(&self) -> bool {
        matches!(self.value, Value::Number(_))
    }

    fn json_type(&self) -> JsonType {
        match self.value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::Text(_) => JsonType::String,
            Value::List(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Plain) -> bool {
        equals(self.value, expected)
    }

    /// Asked for where an error is made, and nowhere else that is not answered above.
    fn to_value(&self) -> Cow<'a, Plain> {
        if let Some(room) = self.room {
            room.set(room.get().saturating_sub(1));
        }
        Cow::Borrowed(NOTHING)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref(self.value) as usize))
    }
}

/// Equality of JSON values, with what a schema lists.
fn equals(value: &Value, expected: &Plain) -> bool {
    match (value, expected) {
        (Value::Null, Plain::Null) => true,
        (Value::Bool(a), Plain::Bool(b)) => a == b,
        (Value::Number(a), Plain::Number(b)) => *a == Number::from_raw(b.as_str()),
        (Value::Text(a), Plain::String(b)) => a.is(b),
        (Value::List(a), Plain::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b)),
        (Value::Object(a), Plain::Object(b)) => {
            let same = |(name, expected): (&String, &Plain)| a.get(name).is_some_and(|v| equals(v, expected));
            a.members().len() == b.len() && b.iter().all(same)
        }
        _ => false,
    }
}

/// An object's members.
pub(super) struct Members<'a> {
    members: &'a [Member],
    of: Place<'a>,
}

impl<'a> Object<'a, Exact> for Members<'a> {
    type Node = Place<'a>;
    type MemberName = Cow<'a, str>;
    type MembersIter = EachMember<'a>;

    fn len(&self) -> usize {
        self.members.len()
    }

    fn get(&self, key: &String) -> Option<Place<'a>> {
        let found = self.members.iter().find(|member| member.key.is(key));
        found.map(|member| self.of.at(&member.value))
    }

    fn members(&self) -> EachMember<'a> {
        EachMember {
            members: self.members.iter(),
            of: self.of,
        }
    }
}

/// One member after another, until no more violations are looked for.
pub(super) struct EachMember<'a> {
    members: std::slice::Iter<'a, Member>,
    of: Place<'a>,
}

impl<'a> Iterator for EachMember<'a> {
    type Item = (Cow<'a, str>, Place<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.members.next().filter(|_| !self.of.is_spent())?;
        Some((member.key.decoded(), self.of.at(&member.value)))
    }
}

/// A list's elements.
pub(super) struct Elements<'a> {
    items: &'a [Value],
    of: Place<'a>,
}

impl<'a> Array<'a, Exact> for Elements<'a> {
    type Node = Place<'a>;
    type ElementsIter = EachElement<'a>;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn elements(&self) -> EachElement<'a> {
        EachElement {
            items: self.items.iter(),
            of: self.of,
        }
    }

    fn is_unique(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.items.len());
        self.items.iter().all(|item| seen.insert(item))
    }
}

/// One element after another, until no more violations are looked for.
pub(super) struct EachElement<'a> {
    items: std::slice::Iter<'a, Value>,
    of: Place<'a>,
}

impl<'a> Iterator for EachElement<'a> {
    type Item = Place<'a>;

    fn next(&mut self) -> Option<Place<'a>> {
        let item = self.items.next().filter(|_| !self.of.is_spent())?;
        Some(self.of.at(item))
    }
}

/// The largest exponent that is judged: beyond what doubles have, and so beyond what a schema's bounds say.
const FARTHEST: i64 = 400;

/// A number that is too far off, brought nearer: the bounds of a schema cannot tell the two apart, and eight bytes
/// (`1e-9999`) would be written out as ten thousand digits.
fn nearer(raw: &str) -> Cow<'_, str> {
    let Some((digits, exponent)) = raw.split_once(['e', 'E']) else {
        return Cow::Borrowed(raw);
    };
    let far = match exponent.parse::<i64>() {
        Ok(exponent) => exponent.clamp(-FARTHEST, FARTHEST),
        Err(_) if exponent.starts_with('-') => -FARTHEST,
        Err(_) => FARTHEST,
    };
    match exponent.parse::<i64>() {
        Ok(same) if far == same => Cow::Borrowed(raw),
        _ => Cow::Owned(format!("{digits}e{far}")),
    }
}

/// A number as it was written.
pub(super) struct Written<'a>(&'a Number);

impl JsonNumber for Written<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.raw().parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.raw().parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.raw().parse().ok().filter(|f: &f64| f.is_finite())
    }

    fn as_str(&self) -> Cow<'_, str> {
        nearer(self.0.raw())
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        // What the parser took is a number to serde_json too, whatever its size.
        Cow::Owned(nearer(self.0.raw()).parse().unwrap_or_else(|_| 0.into()))
    }

    fn is_integer(&self) -> bool {
        let raw = self.0.raw();
        let plain = !raw.contains(['.', 'e', 'E']);
        // An exponent of nineteen digits: what matters is its sign.
        plain || Decimal::parse(raw).map_or(!raw.contains("e-") && !raw.contains("E-"), |d| d.is_integer())
    }
}

#[cfg(test)]
mod tests {
    use super::nearer;

    #[test]
    fn a_number_that_is_far_off_is_brought_nearer() {
        for same in ["0", "-1.5", "1e400", "2E-400", "12345678901234567890", "1.0e+3"] {
            assert_eq!(nearer(same), same);
        }
        let far = [
            ("1e-9999", "1e-400"),
            ("-2.5E401", "-2.5e400"),
            ("1e99999999999999999999", "1e400"),
            ("1e-99999999999999999999", "1e-400"),
        ];
        for (raw, near) in far {
            assert_eq!(nearer(raw), near);
        }
    }
}
