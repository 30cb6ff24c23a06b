//! Objects: which members are made, in which order, and which stand beside them that the shape does not name.

use serde_json::{Map, Value as Json};

use super::document::TRIES;
use super::{Generator, count, text};
use crate::shape::{Field, Shape, Types};
use crate::value::{Member, Object, Value};

impl Generator {
    /// An object of these members, some left out, some unknown ones beside them.
    pub(super) fn object(&mut self, shape: &Shape, fields: &[Field], open: bool, types: &Types) -> Value {
        let mut object = Object::default();
        let deep = self.is_deep();
        for field in self.chosen(shape, fields, deep) {
            let value = self.member_value(shape, field, types);
            object.members_mut().push(self.member(&field.name, value));
        }
        let least = count(&shape.rules, "minProperties").unwrap_or(0);
        while open && object.members().len() < least {
            let Some(member) = self.extra(shape, &object) else {
                break;
            };
            object.members_mut().push(member);
        }
        if open && !deep && takes_extras(&shape.rules) && self.random.once_in(4) {
            let member = self.extra(shape, &object);
            object.members_mut().extend(member);
        }
        if self.random.once_in(5) {
            self.shuffle(object.members_mut());
        }
        Value::Object(object)
    }

    /// The members that are made: all that must be there, and some of the others.
    fn chosen<'f>(&mut self, shape: &Shape, fields: &'f [Field], deep: bool) -> Vec<&'f Field> {
        let least = count(&shape.rules, "minProperties").unwrap_or(0);
        let most = count(&shape.rules, "maxProperties").unwrap_or(usize::MAX);
        let mut made = fields.iter().filter(|f| f.required).count();
        let mut chosen = Vec::new();
        for field in fields {
            if field.required {
                chosen.push(field);
            } else if made < most && (made < least || !deep && self.random.once_in(2)) {
                made += 1;
                chosen.push(field);
            }
        }
        chosen
    }

    /// A value for a member of an object.
    pub(super) fn member_value(&mut self, shape: &Shape, field: &Field, types: &Types) -> Value {
        let key = shape
            .label
            .as_ref()
            .map(|label| format!("{label}/{}", field.name));
        if let Some(drawn) = key.and_then(|key| self.drawn(&key)) {
            return drawn;
        }
        self.path.push(field.name.clone());
        let value = self.value(&field.shape, types);
        self.path.pop();
        value
    }

    /// A member with its name sometimes written oddly.
    pub(super) fn member(&mut self, name: &str, value: Value) -> Member {
        Member {
            key: text::written(name, &mut self.random),
            value,
            kept: false,
        }
    }

    /// A member that the shape does not name.
    pub(super) fn extra(&mut self, shape: &Shape, object: &Object) -> Option<Member> {
        const ENDS: &[&str] = &["", "Trace", "_note", "-é", " y", "\"q", "~1", "\\"];
        let unknown = |name: &String| shape.field(name).is_none() && object.get(name).is_none();
        for _ in 0..TRIES {
            let end = self.random.pick(ENDS).copied().unwrap_or_default();
            let digit = if self.random.once_in(2) {
                String::new()
            } else {
                self.random.below(100).to_string()
            };
            let name = Some(format!("x{end}{digit}")).filter(unknown);
            if let Some(name) = name {
                self.path.push(name.clone());
                let value = self.anything();
                self.path.pop();
                return Some(self.member(&name, value));
            }
        }
        None
    }

    fn shuffle(&mut self, members: &mut [Member]) {
        for i in (1..members.len()).rev() {
            let j = self.random.below(i + 1);
            members.swap(i, j);
        }
    }
}

/// Whether members that the shape does not name may be added freely.
pub(super) fn takes_extras(rules: &Map<String, Json>) -> bool {
    let binding = [
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "maxProperties",
        "oneOf",
        "allOf",
        "anyOf",
        "not",
    ];
    !binding.iter().any(|k| rules.contains_key(*k))
}
