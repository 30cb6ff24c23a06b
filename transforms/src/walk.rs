//! Finding every occurrence of a named type in a document, and the stored document's values beside it.

use std::cell::Cell;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::generate::admit::admits;
use crate::op::{Members, Site};
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, Types};
use crate::value::Value;

/// What becomes of an element of a list that cannot be lowered.
#[derive(Clone, Debug, PartialEq)]
pub enum OnFailure {
    /// It is left out and counted.
    Omit,
    /// Another document stands in its place, in the client's version.
    Substitute(Value),
}

/// Which types may be left out of lists; a type that is not named fails the list.
pub type ListPolicy = HashMap<String, OnFailure>;

/// What may be left out of the lists of an answer, and how much was.
#[derive(Clone, Copy, Debug)]
pub struct Lenient<'a> {
    /// By the type of the elements.
    pub lists: &'a ListPolicy,
    /// How many elements were left out or replaced.
    pub omitted: &'a Cell<usize>,
}

/// How a walk goes.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// The type whose occurrences are wanted.
    pub label: &'a str,
    /// Whether the document is a merge patch: null removes, and lists hold whole values.
    pub patch: bool,
    /// Without it, an element that fails is the list's failure.
    pub lenient: Option<Lenient<'a>>,
}

/// What is done at an occurrence. The flag says whether it is a merge patch of the type.
pub type Act<'f> = &'f mut dyn FnMut(&mut Value, &Site<'_>, bool) -> Result<(), Fault>;

impl Walk<'_> {
    /// Visits the occurrences below and at a value, inner ones first.
    ///
    /// # Errors
    /// The first fault of `act`, with its place seen from the value.
    pub fn each(&self, doc: &mut Value, site: &Site<'_>, act: Act<'_>) -> Result<(), Fault> {
        if is_substituted(doc) {
            return Ok(());
        }
        let shape = site.source.resolve(site.source_types);
        self.descend(doc, site, shape, act)?;
        // Null stands where the type is absent, or goes: there is nothing to change.
        let nullable = self.patch || site.source.nullable || shape.nullable;
        let removal = nullable && matches!(doc, Value::Null);
        let here = site.source.label(site.source_types) == Some(self.label);
        if here && !removal {
            act(doc, site, self.patch)
        } else {
            Ok(())
        }
    }

    fn descend(&self, doc: &mut Value, site: &Site<'_>, shape: &Shape, act: Act<'_>) -> Result<(), Fault> {
        match (doc, &shape.kind) {
            (doc @ (Value::Object(_) | Value::List(_)), Kind::OneOf(alternatives)) => {
                match alternative(alternatives, site.source_types, doc) {
                    Some(index) => self.each(doc, &among(site, alternatives, index), act),
                    // Untouched it would be the wrong version.
                    None if shape.mentions(self.label, site.source_types) => {
                        Err(Fault::unfit("this is none of the things that may stand here"))
                    }
                    None => Ok(()),
                }
            }
            (Value::Object(object), Kind::Object { .. } | Kind::Map(_)) => {
                let members = Members::of(site);
                object.members_mut().iter_mut().try_for_each(|member| {
                    let name = member.key.decoded();
                    let Some(child) = members.site(&name) else {
                        return Ok(());
                    };
                    let done = self.each(&mut member.value, &child, act);
                    done.map_err(|f| f.below(&Pointer::of([name])))
                })
            }
            (Value::List(items), Kind::List(inner)) => self.list(items, inner, site, act),
            _ => Ok(()),
        }
    }

    fn list(
        &self,
        items: &mut Vec<Value>,
        inner: &Shape,
        site: &Site<'_>,
        act: Act<'_>,
    ) -> Result<(), Fault> {
        let whole = Walk {
            patch: false,
            ..*self
        };
        let stored = site.before.and_then(Value::as_list).unwrap_or_default();
        let aligned = align(items, stored);
        let lenient = self.lenient.filter(|_| site.purpose == Purpose::Answer);
        let policy = inner
            .label(site.source_types)
            .and_then(|label| Some((lenient?, lenient?.lists.get(label)?)));
        let mut kept = Vec::with_capacity(items.len());
        for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
            let child = self.element(site, inner, aligned[index]);
            match (whole.each(&mut item, &child, act), policy) {
                (Ok(()), _) => kept.push(item),
                (Err(_), Some((lenient, on))) => {
                    lenient.omitted.set(lenient.omitted.get() + 1);
                    kept.extend((*on != OnFailure::Omit).then(substituted));
                }
                (Err(fault), _) => return Err(fault.below(&Pointer::of([index.to_string()]))),
            }
        }
        *items = kept;
        Ok(())
    }

    fn element<'s>(&self, site: &Site<'s>, inner: &'s Shape, aligned: Option<usize>) -> Site<'s> {
        let stored = |list: Option<&'s Value>| aligned.and_then(|i| list?.as_list()?.get(i));
        let (before, after) = (stored(site.before), stored(site.after));
        let target = site.target.and_then(|t| t.child("*", site.target_types));
        Site {
            before,
            after,
            source: inner,
            target,
            ..*site
        }
        .within(site)
    }
}

/// The site of a value as one of several alternatives; a step keeps their number and order.
fn among<'s>(site: &Site<'s>, alternatives: &'s [Shape], index: usize) -> Site<'s> {
    let target = site
        .target
        .and_then(|target| match &target.resolve(site.target_types).kind {
            Kind::OneOf(others) if others.len() == alternatives.len() => others.get(index),
            _ => None,
        });
    Site {
        source: &alternatives[index],
        target,
        ..*site
    }
}

/// Which of several types a value is of: the first that it fits, or the only one of its kind.
fn alternative(shapes: &[Shape], types: &Types, value: &Value) -> Option<usize> {
    let kinds = |shape: &Shape| {
        let kind = &shape.resolve(types).kind;
        match value {
            Value::List(_) => matches!(kind, Kind::List(_)),
            _ => matches!(kind, Kind::Object { .. } | Kind::Map(_)),
        }
    };
    let mut alike = (0..shapes.len()).filter(|i| kinds(&shapes[*i]));
    match (
        shapes.iter().position(|s| admits(s, types, value)),
        alike.next(),
        alike.next(),
    ) {
        (Some(fitting), ..) => Some(fitting),
        (None, only, None) => only,
        _ => None,
    }
}

/// Stands for an element that is to be substituted. No parsed text holds a raw NUL, so it cannot be forged.
fn substituted() -> Value {
    Value::Text(crate::value::Text::from_raw("\0"))
}

fn is_substituted(doc: &Value) -> bool {
    matches!(doc, Value::Text(t) if t.raw() == "\0")
}

/// Puts the substitutes in, once the document is in the client's version.
pub fn substitute(doc: &mut Value, shape: &Shape, types: &Types, lists: &ListPolicy) {
    let shape = shape.resolve(types);
    match doc {
        Value::Object(object) => object.members_mut().iter_mut().for_each(|member| {
            if let Some(child) = shape.child(&member.key.decoded(), types) {
                substitute(&mut member.value, child, types, lists);
            }
        }),
        Value::List(items) => items.iter_mut().for_each(|item| {
            let Some(inner) = shape.child("*", types) else {
                return;
            };
            match inner.label(types).and_then(|label| lists.get(label)) {
                Some(OnFailure::Substitute(other)) if is_substituted(item) => *item = other.clone(),
                _ => substitute(item, inner, types, lists),
            }
        }),
        _ => {}
    }
}

/// Which stored element each sent element is: an equal one first; what is left over goes by position when both lists
/// have the same length. An element without a counterpart is new.
pub(crate) fn align(items: &[Value], stored: &[Value]) -> Vec<Option<usize>> {
    let mut free = Free::new(stored);
    let equal = items.iter().enumerate();
    let mut aligned: Vec<_> = equal.map(|(index, item)| free.take(index, item)).collect();
    if items.len() == stored.len() {
        let open = aligned.iter_mut().enumerate().filter(|(_, slot)| slot.is_none());
        open.for_each(|(index, slot)| *slot = (!free.taken[index]).then_some(index));
    }
    aligned
}

/// The stored elements that no sent element was found to be.
struct Free<'v> {
    stored: &'v [Value],
    taken: Vec<bool>,
    /// Where each value stands, in order. Made when the first element stands elsewhere than before: an unchanged list
    /// needs none.
    places: Option<HashMap<&'v Value, VecDeque<usize>>>,
}

impl<'v> Free<'v> {
    fn new(stored: &'v [Value]) -> Self {
        Self {
            stored,
            taken: vec![false; stored.len()],
            places: None,
        }
    }

    /// The stored element that equals this one: the one at its own place before all others.
    fn take(&mut self, index: usize, item: &Value) -> Option<usize> {
        let here = self
            .stored
            .get(index)
            .is_some_and(|s| !self.taken[index] && s == item);
        let at = if here { index } else { self.elsewhere(item)? };
        self.taken[at] = true;
        Some(at)
    }

    fn elsewhere(&mut self, item: &Value) -> Option<usize> {
        let stored = self.stored;
        let places = self.places.get_or_insert_with(|| places(stored)).get_mut(item)?;
        while let Some(at) = places.pop_front() {
            if !self.taken[at] {
                return Some(at);
            }
        }
        None
    }
}

fn places(stored: &[Value]) -> HashMap<&Value, VecDeque<usize>> {
    let mut places: HashMap<&Value, VecDeque<usize>> = HashMap::new();
    for (at, value) in stored.iter().enumerate() {
        places.entry(value).or_default().push_back(at);
    }
    places
}

/// Refuses a member that stands twice although the type knows it, so that no reader of the body sees another
/// document than this one. Members that no version mentions pass as they came.
///
/// # Errors
/// A fault at the second of the two.
pub fn refuse_duplicates(doc: &Value, shape: &Shape, types: &Types) -> Result<(), Fault> {
    let shape = shape.resolve(types);
    match (doc, &shape.kind) {
        // Where the type says nothing, no name matters.
        (_, Kind::Any) => Ok(()),
        (Value::Object(object), _) => {
            let mut seen = HashSet::with_capacity(object.members().len());
            object.members().iter().try_for_each(|member| {
                let name = member.key.decoded();
                let Some(child) = shape.child(&name, types) else {
                    return Ok(());
                };
                let at = Pointer::of([name.as_ref()]);
                if !seen.insert(name) {
                    return Err(
                        Fault::new(FaultKind::Duplicate, "this member stands more than once").below(&at),
                    );
                }
                refuse_duplicates(&member.value, child, types).map_err(|f| f.below(&at))
            })
        }
        (Value::List(items), _) => {
            let Some(child) = shape.child("*", types) else {
                return Ok(());
            };
            items.iter().enumerate().try_for_each(|(index, item)| {
                refuse_duplicates(item, child, types).map_err(|f| f.below(&Pointer::of([index.to_string()])))
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::parse::parse;

    /// Lists of things, or the one word `none`: what stands in either alternative is found.
    #[test]
    fn occurrences_are_found_in_the_alternative_that_a_value_is_of() {
        let schema = serde_json::json!({
            "type": "array",
            "oneOf": [
                {"type": "array", "items": {"type": "object", "required": ["thing"], "properties": {"thing": {"type": "string", "x-sluice-type": "Thing"}}}},
                {"type": "array", "items": {"type": "string", "x-sluice-type": "Word"}},
            ],
        });
        let shape = crate::openapi::shape(&schema);
        let types = Types::new();
        let site = Site {
            purpose: Purpose::Answer,
            before: None,
            after: None,
            source: &shape,
            source_types: &types,
            target: Some(&shape),
            target_types: &types,
        };
        let walk = Walk {
            label: "Thing",
            patch: false,
            lenient: None,
        };
        let found = |text: &str| {
            let mut found = Vec::new();
            let mut doc = parse(text.as_bytes(), 8).unwrap();
            walk.each(&mut doc, &site, &mut |value, _, _| {
                found.push(value.to_json());
                Ok(())
            })
            .unwrap();
            found
        };
        assert_eq!(found(r#"[{"thing":"a"},{"thing":"b"}]"#), [r#""a""#, r#""b""#]);
        assert!(found(r#"["none"]"#).is_empty());
    }
}
