//! A value for a shape.

use serde_json::{Map, Value as Json};

use super::{Generator, admit, count, number, text};
use crate::shape::{Kind, Shape, Types};
use crate::value::{Object, Value};

/// Beyond this depth only what must be there is made.
const DEEP: usize = 6;
/// Beyond this many values, too.
const ENOUGH: usize = 1500;
/// Beyond this depth nothing is made.
const TOO_DEEP: usize = 48;
/// How often something is tried again.
pub(super) const TRIES: usize = 16;

/// Rules that no value is made by.
const UNFOLLOWED: [&str; 15] = [
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "dependentSchemas",
    "dependentRequired",
    "dependencies",
    "patternProperties",
    "propertyNames",
    "contains",
    "prefixItems",
    "unevaluatedProperties",
    "unevaluatedItems",
];

impl Generator {
    /// A value of this shape.
    pub(super) fn value(&mut self, shape: &Shape, types: &Types) -> Value {
        if let Some(drawn) = shape.label(types).and_then(|label| self.drawn(label)) {
            return drawn;
        }
        let resolved = shape.resolve(types);
        if !std::ptr::eq(shape, resolved) {
            self.note_gaps(&shape.rules);
            let beside = shape
                .rules
                .keys()
                .find(|k| !crate::openapi::is_remark(k))
                .cloned();
            beside.iter().for_each(|rule| self.gap(rule));
        }
        self.note_gaps(&resolved.rules);
        self.made += 1;
        let deep = self.is_deep();
        if (shape.nullable || resolved.nullable) && (deep || self.random.once_in(6)) {
            return Value::Null;
        }
        if self.path.len() > TOO_DEEP {
            self.gap("depth");
            return Value::Null;
        }
        self.of_kind(resolved, types)
    }

    /// Whether only what must be there is made from here on.
    pub(super) fn is_deep(&self) -> bool {
        self.path.len() > DEEP || self.made > ENOUGH
    }

    fn note_gaps(&mut self, rules: &Map<String, Json>) {
        for rule in UNFOLLOWED.iter().filter(|r| rules.contains_key(**r)) {
            self.gap(rule);
        }
    }

    /// A value from the table of that key.
    pub(super) fn drawn(&mut self, key: &str) -> Option<Value> {
        let values = self.tables.get(key)?;
        self.random.pick(values).cloned()
    }

    fn of_kind(&mut self, shape: &Shape, types: &Types) -> Value {
        let rules = &shape.rules;
        if let Some(fixed) = rules.get("const") {
            return Value::from_serde(fixed);
        }
        if let Some(chosen) = rules
            .get("enum")
            .and_then(Json::as_array)
            .and_then(|l| self.random.pick(l))
        {
            return Value::from_serde(chosen);
        }
        match &shape.kind {
            Kind::Any | Kind::Ref(_) => self.any_of_rules(rules, types),
            Kind::Object { fields, open } => self.object(shape, fields, *open, types),
            Kind::Map(inner) => self.map(rules, inner, types),
            Kind::List(inner) => self.list(rules, inner, types),
            Kind::Text => self.text(rules),
            Kind::Integer => self.number(rules, true),
            Kind::Number => self.number(rules, false),
            Kind::Boolean => Value::Bool(self.random.once_in(2)),
            Kind::OneOf(shapes) => self.one_of(shape, shapes, types),
        }
    }

    fn text(&mut self, rules: &Map<String, Json>) -> Value {
        let made = text::make(rules, &mut self.random);
        let text = made.unwrap_or_else(|next_best| {
            self.gap(if rules.contains_key("pattern") {
                "pattern"
            } else {
                "format"
            });
            next_best
        });
        Value::Text(text::written(&text, &mut self.random))
    }

    fn number(&mut self, rules: &Map<String, Json>, integer: bool) -> Value {
        match number::make(rules, integer, &mut self.random) {
            Some(raw) => Value::number(raw),
            None => {
                self.gap("minimum");
                Value::number("0")
            }
        }
    }

    /// A value of unknown kind that the rules allow.
    fn any_of_rules(&mut self, rules: &Map<String, Json>, types: &Types) -> Value {
        let named = match rules.get("type") {
            Some(Json::Array(names)) => self.random.pick(names).and_then(Json::as_str),
            Some(Json::String(name)) => Some(name.as_str()),
            _ => None,
        };
        let has = |keywords: &[&str]| keywords.iter().any(|k| rules.contains_key(*k));
        match named {
            Some("null") => Value::Null,
            Some("string") => self.text(rules),
            Some("integer") => self.number(rules, true),
            Some("number") => self.number(rules, false),
            Some("array") => self.list(rules, &Shape::any(), types),
            Some("object") => self.map(rules, &Shape::any(), types),
            Some(_) => Value::Bool(self.random.once_in(2)),
            None if has(&["pattern", "format", "minLength", "maxLength"]) => self.text(rules),
            None if has(&["minimum", "maximum", "multipleOf"]) => self.number(rules, false),
            None if rules.keys().all(|k| crate::openapi::is_remark(k)) => self.anything(),
            None => Value::Bool(self.random.once_in(2)),
        }
    }

    /// A small value of any kind.
    pub(super) fn anything(&mut self) -> Value {
        let free = Map::new();
        let inner = self.path.len() <= DEEP + 2;
        match self.random.below(if inner { 7 } else { 5 }) {
            0 => Value::Null,
            1 => Value::Bool(self.random.once_in(2)),
            2 => self.number(&free, false),
            3 => self.number(&free, true),
            4 => self.text(&free),
            5 => self.list(&free, &Shape::any(), &Types::new()),
            _ => self.map(&free, &Shape::any(), &Types::new()),
        }
    }

    fn one_of(&mut self, shape: &Shape, shapes: &[Shape], types: &Types) -> Value {
        let mut candidates: Vec<&Shape> = shapes.iter().collect();
        if self.is_deep() {
            // The flattest first, so that the way ends.
            candidates.sort_by_key(|s| height(s, types, DEEP));
            candidates.truncate(1);
        }
        let mut last = Value::Null;
        for _ in 0..TRIES {
            let Some(chosen) = self.random.pick(&candidates) else {
                break;
            };
            last = self.value(chosen, types);
            if admit::admits(shape, types, &last) {
                return last;
            }
        }
        self.gap("oneOf");
        last
    }

    fn list(&mut self, rules: &Map<String, Json>, inner: &Shape, types: &Types) -> Value {
        let length = self.length(rules, "minItems", "maxItems");
        let mut items: Vec<Value> = Vec::new();
        self.path.push("*".to_owned());
        for _ in 0..length {
            let made = (0..TRIES)
                .map(|_| self.value(inner, types))
                .find(|v| !admit::is_unique(rules) || !items.contains(v));
            items.extend(made);
        }
        self.path.pop();
        if items.len() < count(rules, "minItems").unwrap_or(0) {
            self.gap("uniqueItems");
        }
        Value::List(items)
    }

    /// A length between two rules, near the lower one.
    fn length(&mut self, rules: &Map<String, Json>, min: &str, max: &str) -> usize {
        let min = count(rules, min).unwrap_or(0);
        let most = count(rules, max).unwrap_or(usize::MAX);
        let beyond = if self.is_deep() { 0 } else { self.random.below(4) };
        min.saturating_add(beyond).min(most.max(min))
    }

    fn map(&mut self, rules: &Map<String, Json>, inner: &Shape, types: &Types) -> Value {
        let length = self.length(rules, "minProperties", "maxProperties");
        let mut object = Object::default();
        self.path.push("*".to_owned());
        // Words repeat now and then.
        for _ in 0..length.saturating_add(TRIES) {
            if object.members().len() >= length {
                break;
            }
            let name = text::word(&mut self.random);
            if object.get(&name).is_none() {
                let value = self.value(inner, types);
                object.members_mut().push(self.member(&name, value));
            }
        }
        self.path.pop();
        Value::Object(object)
    }
}

/// How many levels the smallest value of a shape has, as far as the fuel goes.
fn height(shape: &Shape, types: &Types, fuel: usize) -> usize {
    let resolved = shape.resolve(types);
    if shape.nullable || resolved.nullable || fuel == 0 {
        return if fuel == 0 { TOO_DEEP } else { 0 };
    }
    match &resolved.kind {
        Kind::Object { fields, .. } => {
            let needed = fields.iter().filter(|f| f.required);
            1 + needed
                .map(|f| height(&f.shape, types, fuel - 1))
                .max()
                .unwrap_or(0)
        }
        Kind::List(inner) if count(&resolved.rules, "minItems").is_some_and(|n| n > 0) => {
            1 + height(inner, types, fuel - 1)
        }
        Kind::OneOf(shapes) => shapes
            .iter()
            .map(|s| height(s, types, fuel - 1))
            .min()
            .unwrap_or(TOO_DEEP),
        _ => 0,
    }
}
