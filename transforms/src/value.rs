//! A parsed JSON document that has lost nothing: raw text of strings and numbers, member order, duplicates.
//!
//! Equality is of JSON values (RFC 8259): numbers by their exact decimal value, texts by their decoded
//! characters, objects without regard to order. Members of one name are equal if they are in the order in which they
//! stand: another reader may take the first of them, or the last.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::decimal::Decimal;

/// A JSON value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(Number),
    /// A string, as written.
    Text(Text),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(Object),
}

/// A number in the text in which it was written: `1.0`, `1e400` and `-0` stay what they are.
#[derive(Clone, Debug)]
pub struct Number(Box<str>);

/// A string as the raw characters between its quotes, escapes included.
#[derive(Clone, Debug)]
pub struct Text(Box<str>);

/// An object: members in the order in which they stand, duplicates included.
#[derive(Clone, Debug, Default)]
pub struct Object {
    members: Vec<Member>,
    /// Whether it stands only for what a later step may keep in it: empty at the end, it was never there.
    shell: bool,
}

/// An object's members by their decoded names.
#[derive(Clone, Debug)]
pub struct Index<'o> {
    object: &'o Object,
    places: HashMap<Cow<'o, str>, usize>,
}

/// One member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name.
    pub key: Text,
    /// The value.
    pub value: Value,
    /// Whether the value was kept from the stored document: kept members come last, in stored order.
    pub kept: bool,
}

impl Number {
    /// A number from text that already is a JSON number.
    pub fn from_raw(raw: impl Into<Box<str>>) -> Self {
        Self(raw.into())
    }

    /// The text as written.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: Decimal| Decimal::parse(&other.0).is_some_and(|b| a == b);
        self.0 == other.0 || Decimal::parse(&self.0).is_some_and(same)
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match Decimal::parse(&self.0) {
            Some(exact) => exact.hash(state),
            None => self.0.hash(state),
        }
    }
}

impl Text {
    /// A text from its raw JSON form, without the quotes. The caller vouches for its escapes.
    pub fn from_raw(raw: impl Into<Box<str>>) -> Self {
        Self(raw.into())
    }

    /// A text from plain characters, escaped as far as JSON demands.
    pub fn plain(text: &str) -> Self {
        if !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
            return Self(text.into());
        }
        let mut raw = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            escape_into(&mut raw, c);
        }
        Self(raw.into())
    }

    /// The raw characters between the quotes.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The characters that the text stands for.
    pub fn decoded(&self) -> Cow<'_, str> {
        if self.0.contains('\\') {
            Cow::Owned(crate::parse::unescape(&self.0))
        } else {
            Cow::Borrowed(&self.0)
        }
    }

    /// Whether the text stands for these characters.
    pub fn is(&self, plain: &str) -> bool {
        self.0.as_ref() == plain && !plain.contains('\\') || self.0.contains('\\') && self.decoded() == plain
    }
}

fn escape_into(raw: &mut String, c: char) {
    match c {
        '"' => raw.push_str("\\\""),
        '\\' => raw.push_str("\\\\"),
        '\n' => raw.push_str("\\n"),
        '\r' => raw.push_str("\\r"),
        '\t' => raw.push_str("\\t"),
        c if (c as u32) < 0x20 => raw.push_str(&format!("\\u{:04x}", c as u32)),
        c => raw.push(c),
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.decoded() == other.decoded()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.decoded().hash(state);
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(bool) => bool.hash(state),
            Self::Number(number) => number.hash(state),
            Self::Text(text) => text.hash(state),
            Self::List(items) => items.hash(state),
            Self::Object(object) => object.hash(state),
        }
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.members, &other.members);
        if mine.len() != theirs.len() {
            return false;
        }
        // Names first: comparing values twice at each level would take twice as long with every level.
        if mine.iter().zip(theirs).all(|(a, b)| a.key == b.key) {
            return mine.iter().zip(theirs).all(|(a, b)| a.value == b.value);
        }
        let (mine, theirs) = (self.by_name(), other.by_name());
        mine.iter().zip(&theirs).all(|(a, b)| a.0 == b.0) && mine.iter().zip(&theirs).all(|(a, b)| a.1 == b.1)
    }
}

impl Eq for Object {}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_name().hash(state);
    }
}

impl Member {
    /// A member that the document itself holds.
    pub fn own(name: &str, value: Value) -> Self {
        Self {
            key: Text::plain(name),
            value,
            kept: false,
        }
    }

    /// A member kept from the stored document.
    pub fn kept(name: &str, value: Value) -> Self {
        Self {
            key: Text::plain(name),
            value,
            kept: true,
        }
    }
}

impl Object {
    /// An object of these members.
    pub fn new(members: Vec<Member>) -> Self {
        Self {
            members,
            shell: false,
        }
    }

    /// An empty object that goes at the end of a write, unless a later step keeps something in it: what is left of an
    /// object that the client cannot see, when the client removed what it can see of it.
    pub fn shell() -> Self {
        Self {
            members: Vec::new(),
            shell: true,
        }
    }

    /// All members in order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// All members in order, to change.
    pub fn members_mut(&mut self) -> &mut Vec<Member> {
        &mut self.members
    }

    /// Where the first member of this name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|m| m.key.is(name))
    }

    /// The value of the first member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.iter().find(|m| m.key.is(name)).map(|m| &m.value)
    }

    /// The value of the first member of this name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.members
            .iter_mut()
            .find(|m| m.key.is(name))
            .map(|m| &mut m.value)
    }

    /// Takes the member of this name out, with the place where it stood.
    pub fn take(&mut self, name: &str) -> Option<(usize, Member)> {
        let index = self.position(name)?;
        Some((index, self.members.remove(index)))
    }

    /// Puts a member at a place; beyond the end means at the end.
    pub fn put(&mut self, index: usize, member: Member) {
        self.members.insert(index.min(self.members.len()), member);
    }

    /// Sets a member where it stands, or at the end.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.get_mut(name) {
            Some(old) => *old = value,
            None => self.members.push(Member::own(name, value)),
        }
    }

    /// The members in the order of their decoded names; members of one name in the order in which they stand.
    fn by_name(&self) -> Vec<(Cow<'_, str>, &Value)> {
        let mut all: Vec<_> = self.members.iter().map(|m| (m.key.decoded(), &m.value)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Where each name stands first: for looking up many names, one after another, in a large object.
    pub fn index(&self) -> Index<'_> {
        let mut places = HashMap::with_capacity(self.members.len());
        for (at, member) in self.members.iter().enumerate() {
            places.entry(member.key.decoded()).or_insert(at);
        }
        Index { object: self, places }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<'o> Index<'o> {
    /// Where the first member of this name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The value of the first member of this name.
    pub fn get(&self, name: &str) -> Option<&'o Value> {
        self.position(name).map(|at| &self.object.members[at].value)
    }
}

impl Value {
    /// A text value from plain characters.
    pub fn text(plain: &str) -> Self {
        Self::Text(Text::plain(plain))
    }

    /// A number value from text that already is a JSON number.
    pub fn number(raw: impl Into<Box<str>>) -> Self {
        Self::Number(Number::from_raw(raw))
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(o) = self { Some(o) } else { None }
    }

    /// The object to change, if it is one.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        if let Self::Object(o) = self { Some(o) } else { None }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(l) = self { Some(l) } else { None }
    }

    /// The decoded characters, if it is a text.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        if let Self::Text(t) = self {
            Some(t.decoded())
        } else {
            None
        }
    }

    /// What kind of value it is, in the words of a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Removes the shells that stayed empty.
    pub fn drop_shells(&mut self) {
        match self {
            Self::Object(object) => object.members.retain_mut(|member| {
                member.value.drop_shells();
                !matches!(&member.value, Self::Object(inner) if inner.shell && inner.is_empty())
            }),
            Self::List(items) => items.iter_mut().for_each(Self::drop_shells),
            _ => {}
        }
    }

    /// The document as compact JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        write_into(&mut out, self);
        out
    }

    /// A value from serde_json's tree. Raw escapes are lost there, numbers are not.
    pub fn from_serde(value: &serde_json::Value) -> Self {
        use serde_json::Value as J;
        match value {
            J::Null => Self::Null,
            J::Bool(b) => Self::Bool(*b),
            J::Number(n) => Self::number(n.to_string()),
            J::String(s) => Self::text(s),
            J::Array(items) => Self::List(items.iter().map(Self::from_serde).collect()),
            J::Object(map) => Self::Object(Object::new(
                map.iter()
                    .map(|(k, v)| Member::own(k, Self::from_serde(v)))
                    .collect(),
            )),
        }
    }
}

fn write_into(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(n.raw()),
        Value::Text(t) => quote_into(out, t),
        Value::List(items) => write_list(out, items),
        Value::Object(object) => write_object(out, object),
    }
}

fn quote_into(out: &mut String, text: &Text) {
    out.push('"');
    out.push_str(text.raw());
    out.push('"');
}

fn write_list(out: &mut String, items: &[Value]) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_into(out, item);
    }
    out.push(']');
}

fn write_object(out: &mut String, object: &Object) {
    out.push('{');
    for (i, member) in object.members.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote_into(out, &member.key);
        out.push(':');
        write_into(out, &member.value);
    }
    out.push('}');
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}
