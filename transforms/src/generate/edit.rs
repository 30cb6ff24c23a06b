//! One small change that keeps a document valid.

use super::object::takes_extras;
use super::{Generator, admit, count};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, Types};
use crate::value::{Object, Value};

/// How often a change is tried until the document is another and still valid.
const TRIES: usize = 32;

/// Something that can be changed.
struct Spot<'s> {
    at: Pointer,
    act: Act<'s>,
}

enum Act<'s> {
    /// Another value of this shape.
    Replace(&'s Shape),
    /// Another value for a known member.
    ReplaceMember(&'s Shape, &'s Field),
    /// Another value of no known type.
    ReplaceUnknown,
    /// Out of its object or list.
    Remove,
    /// A known member into the object there.
    Add(&'s Shape, &'s Field),
    /// An unknown member into the object there.
    AddUnknown(&'s Shape),
    /// A value into the list there.
    Insert(&'s Shape),
    /// Two neighbours of the list there.
    Swap,
}

impl Generator {
    pub(super) fn change(&mut self, document: &mut Value, shape: &Shape, types: &Types) -> Option<Pointer> {
        let mut finder = Finder {
            types,
            tables: &self.tables,
            spots: Vec::new(),
        };
        finder.at(Pointer::root(), document, shape, Act::Replace(shape));
        let spots = finder.spots;
        for _ in 0..TRIES {
            let spot = self.random.pick(&spots)?;
            let mut edited = document.clone();
            if self.apply(spot, &mut edited, types).is_none() || edited == *document {
                continue;
            }
            if admit::admits(shape, types, &edited) {
                *document = edited;
                return Some(spot.at.clone());
            }
        }
        None
    }

    fn apply(&mut self, spot: &Spot<'_>, document: &mut Value, types: &Types) -> Option<()> {
        if matches!(spot.act, Act::Remove) {
            return remove(&spot.at, document);
        }
        // Deep places get small values, as they do when documents are made.
        self.path = spot.at.names().to_vec();
        let target = spot.at.look_mut(document)?;
        match (&spot.act, target) {
            (Act::Replace(shape), target) => *target = self.value(shape, types),
            (Act::ReplaceMember(owner, field), target) => *target = self.member_value(owner, field, types),
            (Act::ReplaceUnknown, target) => *target = self.anything(),
            (Act::Add(owner, field), Value::Object(object)) => {
                let value = self.member_value(owner, field, types);
                let index = self.random.below(object.members().len() + 1);
                object.put(index, self.member(&field.name, value));
            }
            (Act::AddUnknown(shape), Value::Object(object)) => {
                let member = self.extra(shape, object)?;
                object.members_mut().push(member);
            }
            (Act::Insert(inner), Value::List(items)) => {
                self.path.push("*".to_owned());
                let index = self.random.below(items.len() + 1);
                items.insert(index, self.value(inner, types));
            }
            (Act::Swap, Value::List(items)) => {
                let index = self.random.below(items.len().saturating_sub(1));
                if index + 1 < items.len() {
                    items.swap(index, index + 1);
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn remove(at: &Pointer, document: &mut Value) -> Option<()> {
    let (parent, name) = at.split_last()?;
    match parent.look_mut(document)? {
        Value::Object(object) => object.take(name).map(|_| ()),
        Value::List(items) => {
            let index: usize = name.parse().ok()?;
            (index < items.len()).then(|| {
                items.remove(index);
            })
        }
        _ => None,
    }
}

struct Finder<'s, 't> {
    types: &'s Types,
    tables: &'t std::collections::BTreeMap<String, Vec<Value>>,
    spots: Vec<Spot<'s>>,
}

impl<'s> Finder<'s, '_> {
    fn spot(&mut self, at: &Pointer, act: Act<'s>) {
        self.spots.push(Spot { at: at.clone(), act });
    }

    /// What can be changed at and below a value; `replace` is how the whole of it is.
    fn at(&mut self, at: Pointer, value: &Value, shape: &'s Shape, replace: Act<'s>) {
        let resolved = shape.resolve(self.types);
        if is_read_only(shape) || is_read_only(resolved) {
            return;
        }
        let drawn = shape
            .label(self.types)
            .is_some_and(|l| self.tables.contains_key(l));
        match (value, &resolved.kind) {
            (Value::Object(object), Kind::Object { fields, open }) if !drawn => {
                self.object(&at, object, resolved, fields, *open);
            }
            (Value::Object(object), Kind::Map(inner)) if !drawn => {
                for member in object.members() {
                    let at = at.child(&member.key.decoded());
                    self.spot(&at, Act::Remove);
                    self.at(at, &member.value, inner, Act::Replace(inner));
                }
            }
            (Value::List(items), Kind::List(inner)) if !drawn => self.list(&at, items, resolved, inner),
            _ => self.spot(&at, replace),
        }
    }

    fn object(&mut self, at: &Pointer, object: &Object, shape: &'s Shape, fields: &'s [Field], open: bool) {
        for field in fields {
            let read_only = is_read_only(&field.shape) || is_read_only(field.shape.resolve(self.types));
            match object.get(&field.name) {
                _ if read_only => {}
                None => self.spot(at, Act::Add(shape, field)),
                Some(value) => {
                    let at = at.child(&field.name);
                    if !field.required {
                        self.spot(&at, Act::Remove);
                    }
                    self.at(at, value, &field.shape, Act::ReplaceMember(shape, field));
                }
            }
        }
        for member in object.members() {
            let name = member.key.decoded();
            if fields.iter().all(|f| f.name != name) {
                let at = at.child(&name);
                self.spot(&at, Act::Remove);
                if takes_extras(&shape.rules) {
                    self.spot(&at, Act::ReplaceUnknown);
                }
            }
        }
        if open && takes_extras(&shape.rules) {
            self.spot(at, Act::AddUnknown(shape));
        }
    }

    fn list(&mut self, at: &Pointer, items: &[Value], shape: &'s Shape, inner: &'s Shape) {
        if count(&shape.rules, "maxItems").is_none_or(|max| items.len() < max) {
            self.spot(at, Act::Insert(inner));
        }
        if items.len() > 1 {
            self.spot(at, Act::Swap);
        }
        let removable = count(&shape.rules, "minItems").unwrap_or(0) < items.len();
        for (i, item) in items.iter().enumerate() {
            let at = at.child(&i.to_string());
            if removable {
                self.spot(&at, Act::Remove);
            }
            self.at(at, item, inner, Act::Replace(inner));
        }
    }
}

fn is_read_only(shape: &Shape) -> bool {
    shape.rules.get("readOnly") == Some(&serde_json::Value::Bool(true))
}
