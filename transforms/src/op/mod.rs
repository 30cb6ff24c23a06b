//! Operators: what a change is made of. One operator, one file; [`registry`] lists them.
//!
//! A step is written old → new. Its operator carries documents in both directions, says which members it moves, how it
//! changes a type, and whether its result depends on what is stored. What holds for all operators is done once, outside
//! of them: finding the occurrences of a type, refusing captured names, counting use, naming places in faults.

pub mod add;
mod branch_types;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod cases;
mod chain;
pub mod constant;
pub mod convert;
pub mod default;
pub mod derived;
pub mod each;
mod element_types;
pub mod entry;
pub mod group;
pub mod hoist;
pub mod list_to_map;
pub mod pattern;
pub mod registry;
pub mod relocate;
pub mod rename_case;
mod rules;
pub mod scalar;
pub mod script;
pub mod single_to_list;
mod table;
mod text_form;
pub mod text_to_object;
pub mod values;
pub mod when;

use std::fmt::Debug;

use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, Types};
use crate::value::{Index, Value};

/// Which way a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the change's old version to its new one.
    Up,
    /// From the change's new version to its old one.
    Down,
}

/// A side of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// As the old version has it.
    Old,
    /// As the new version has it.
    New,
}

impl Direction {
    /// The side that a step in this direction starts from.
    pub fn source(self) -> Side {
        if self == Self::Up { Side::Old } else { Side::New }
    }

    /// The side that a step in this direction leads to.
    pub fn target(self) -> Side {
        self.back().source()
    }

    /// The other direction.
    #[must_use]
    pub fn back(self) -> Self {
        if self == Self::Up { Self::Down } else { Self::Up }
    }
}

/// A place on the old side and what becomes of it on the new side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The place on the old side, if the old side has one.
    pub old: Option<Pointer>,
    /// The place on the new side, if the new side has one.
    pub new: Option<Pointer>,
    /// Whether what stands below keeps its names.
    pub deep: bool,
}

impl Pair {
    /// A value that moves as it is.
    pub fn deep(old: &Pointer, new: &Pointer) -> Self {
        Self {
            old: Some(old.clone()),
            new: Some(new.clone()),
            deep: true,
        }
    }

    /// A value that is rewritten on its way.
    pub fn shallow(old: &Pointer, new: &Pointer) -> Self {
        Self {
            old: Some(old.clone()),
            new: Some(new.clone()),
            deep: false,
        }
    }

    /// A value that only one side has.
    pub fn only(side: Side, at: &Pointer) -> Self {
        let place = Some(at.clone());
        if side == Side::Old {
            Self {
                old: place,
                new: None,
                deep: true,
            }
        } else {
            Self {
                old: None,
                new: place,
                deep: true,
            }
        }
    }

    /// The place on one side.
    pub fn place(&self, side: Side) -> Option<&Pointer> {
        if side == Side::Old {
            self.old.as_ref()
        } else {
            self.new.as_ref()
        }
    }
}

/// How far the result of a step depends on the stored document, when a client writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stored {
    /// Not at all.
    Never,
    /// A value that the client cannot see is kept, whatever else is written.
    Kept,
    /// What is kept or chosen depends on the values around it.
    Consulted,
}

/// One occurrence of a type, as a step sees it. All values are of the occurrence, not of the whole document.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// What the message is for.
    pub purpose: Purpose,
    /// The stored document as the version that the step starts from shows it.
    pub before: Option<&'a Value>,
    /// The stored document as the version that the step leads to shows it.
    pub after: Option<&'a Value>,
    /// The type that the step starts from.
    pub source: &'a Shape,
    /// Named types on that side.
    pub source_types: &'a Types,
    /// The type that the step leads to, as far as it is known here.
    pub target: Option<&'a Shape>,
    /// Named types on that side.
    pub target_types: &'a Types,
}

impl<'a> Site<'a> {
    /// The stored value at a place, as the version that the step starts from shows it.
    pub fn before(&self, at: &Pointer) -> Option<&'a Value> {
        at.look(self.before?)
    }

    /// The stored value at a place, as the version that the step leads to shows it.
    pub fn after(&self, at: &Pointer) -> Option<&'a Value> {
        at.look(self.after?)
    }

    /// Whether a stored document is at hand.
    pub fn has_stored(&self) -> bool {
        self.before.is_some() && self.after.is_some()
    }

    /// Whether the target version has this place: `None` where it says nothing.
    pub fn target_has(&self, at: &Pointer) -> Option<bool> {
        known(self.target?.knows(at, self.target_types))
    }

    /// Whether the source version has this place: `None` where it says nothing.
    pub fn source_has(&self, at: &Pointer) -> Option<bool> {
        known(self.source.knows(at, self.source_types))
    }

    /// Whether null may stand at a place of the source version; where its type says nothing, it may.
    pub fn nullable(&self, at: &Pointer) -> bool {
        self.source.at(at, self.source_types).is_some_and(|shape| {
            let named = shape.resolve(self.source_types);
            shape.nullable || named.nullable || matches!(named.kind, crate::shape::Kind::Any)
        })
    }

    /// What a client writes where nothing is stored is new, whatever becomes of the document around it.
    #[must_use]
    pub fn within(self, around: &Site<'_>) -> Self {
        let new = around.has_stored() && self.before.is_none() && self.after.is_none();
        let purpose = if new { Purpose::Create } else { self.purpose };
        Self { purpose, ..self }
    }

    /// The same site, one value further down.
    pub fn child(&self, at: &Pointer) -> Option<Site<'a>> {
        Some(Site {
            before: self.before(at),
            after: self.after(at),
            source: self.source.at(at, self.source_types)?,
            target: self.target.and_then(|t| t.at(at, self.target_types)),
            ..*self
        })
    }
}

/// The members of one object as sites: what is stored beside them is looked up once for all of them.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    site: Site<'a>,
    before: Option<Index<'a>>,
    after: Option<Index<'a>>,
}

impl<'a> Members<'a> {
    /// The members of the object at a site.
    pub fn of(site: &Site<'a>) -> Self {
        let index = |value: Option<&'a Value>| Some(value?.as_object()?.index());
        Self {
            site: *site,
            before: index(site.before),
            after: index(site.after),
        }
    }

    /// The site of a member; `None` where the type has none of that name.
    pub fn site(&self, name: &str) -> Option<Site<'a>> {
        let look = |index: &Option<Index<'a>>| index.as_ref()?.get(name);
        Some(Site {
            before: look(&self.before),
            after: look(&self.after),
            source: self.site.source.child(name, self.site.source_types)?,
            target: self
                .site
                .target
                .and_then(|t| t.child(name, self.site.target_types)),
            ..self.site
        })
        .map(|member| member.within(&self.site))
    }
}

fn known(known: crate::shape::Known) -> Option<bool> {
    match known {
        crate::shape::Known::Yes => Some(true),
        crate::shape::Known::No => Some(false),
        crate::shape::Known::Untyped => None,
    }
}

/// An operator with its settings: one step of a change, on one occurrence of a type.
pub trait Operator: Debug + Send + Sync {
    /// The operator's name in mapping files.
    fn name(&self) -> &'static str;

    /// The members that the step touches, and what becomes of each. The first pair of a place is the one that a
    /// pointer to it follows.
    fn pairs(&self) -> Vec<Pair>;

    /// Turns the source side's type into the target side's, and refuses a step that does not fit it or loses
    /// something undeclared.
    ///
    /// # Errors
    /// A [`TypeFault`] that the author of the mapping can act on.
    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault>;

    /// Carries one document. With a stored document at hand, a value that equals the stored one as the source side
    /// shows it is unchanged, and the stored value stays whole.
    ///
    /// # Errors
    /// When a value has no counterpart.
    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault>;

    /// Carries a JSON Merge Patch of a document, where null removes. Without knowing what is stored; by default only
    /// patches that do not touch the step's members pass.
    ///
    /// # Errors
    /// [`FaultKind::NeedsStored`] when the result depends on the stored document.
    fn patch(&self, to: Direction, patch: &mut Value, _site: &Site<'_>) -> Result<(), Fault> {
        if places(self.pairs().as_slice(), to.source()).any(|p| touches(patch, p)) {
            Err(needs_stored())
        } else {
            Ok(())
        }
    }

    /// How far the result of a write in this direction depends on the stored document.
    fn stored(&self, to: Direction) -> Stored;

    /// Whether it refuses captured names by itself: which names mean something may depend on the document.
    fn guards_names(&self) -> bool {
        false
    }

    /// Where a pointer on the source side leads on the target side, without regard to types.
    fn locate(&self, to: Direction, pointer: &Pointer) -> Pointer {
        locate(&self.pairs(), to, pointer)
    }

    /// The places on one side where the step takes different values for the same: the equivalences that it declares.
    fn alike(&self, _side: Side) -> Vec<Pointer> {
        Vec::new()
    }
}

/// The places of pairs on one side.
pub fn places(pairs: &[Pair], side: Side) -> impl Iterator<Item = &Pointer> {
    pairs.iter().filter_map(move |pair| pair.place(side))
}

/// Refuses a name on the way to a place of a step that stands twice: where no type knows the name, the step does.
///
/// # Errors
/// [`FaultKind::Duplicate`] at the first of them.
pub fn refuse_repeated(pairs: &[Pair], side: Side, doc: &Value) -> Result<(), Fault> {
    for place in places(pairs, side) {
        let mut at = Some(doc);
        for (depth, name) in place.names().iter().enumerate() {
            let Some(Value::Object(object)) = at else { break };
            let mut named = object.members().iter().filter(|m| m.key.is(name));
            at = named.next().map(|m| &m.value);
            if named.next().is_some() {
                let fault = Fault::new(FaultKind::Duplicate, "this member stands more than once");
                return Err(fault.below(&place.truncate(depth + 1)));
            }
        }
    }
    Ok(())
}

/// Whether a merge patch changes the value at a place, or something above or below it.
pub fn touches(patch: &Value, at: &Pointer) -> bool {
    let mut value = patch;
    for name in at.names() {
        match value {
            Value::Object(object) => match object.get(name) {
                Some(inner) => value = inner,
                None => return false,
            },
            _ => return true,
        }
    }
    true
}

/// A merge patch of a place that is rewritten as a whole: it may remove what stands there, or leave it alone.
///
/// # Errors
/// [`FaultKind::NeedsStored`] where it does anything else.
pub fn patch_whole(patch: &Value, at: &Pointer) -> Result<(), Fault> {
    let removed = matches!(at.look(patch), Some(Value::Null));
    if removed || !touches(patch, at) {
        Ok(())
    } else {
        Err(needs_stored())
    }
}

/// The refusal to translate without the stored document.
pub fn needs_stored() -> Fault {
    Fault::new(
        FaultKind::NeedsStored,
        "the stored document is needed to translate this",
    )
}

/// Where a pointer on the source side leads on the target side, without regard to types.
pub fn locate(pairs: &[Pair], to: Direction, pointer: &Pointer) -> Pointer {
    let (from, into) = (to.source(), to.target());
    let best = pairs
        .iter()
        .filter_map(|pair| Some((pair, pair.place(from)?.clone())))
        .filter(|(_, place)| pointer.strip(place).is_some())
        .reduce(|best, next| {
            if next.1.names().len() > best.1.names().len() {
                next
            } else {
                best
            }
        });
    let Some((pair, place)) = best else {
        return pointer.clone();
    };
    let rest = pointer.strip(&place).unwrap_or_default();
    match pair.place(into) {
        Some(target) if pair.deep => target.join(&rest),
        Some(target) => target.clone(),
        None => place.parent(),
    }
}

/// The same operator read in the other direction: what it calls old is new.
#[derive(Debug)]
pub struct Reversed {
    /// The operator's name in mapping files.
    pub name: &'static str,
    /// The operator that is turned round.
    pub inner: Box<dyn Operator>,
}

impl Operator for Reversed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        self.inner
            .pairs()
            .into_iter()
            .map(|p| Pair {
                old: p.new,
                new: p.old,
                deep: p.deep,
            })
            .collect()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        self.inner.retype(to.back(), shape, types)
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.inner.apply(to.back(), doc, site)
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.inner.patch(to.back(), patch, site)
    }

    fn stored(&self, to: Direction) -> Stored {
        self.inner.stored(to.back())
    }

    fn guards_names(&self) -> bool {
        self.inner.guards_names()
    }

    fn locate(&self, to: Direction, pointer: &Pointer) -> Pointer {
        self.inner.locate(to.back(), pointer)
    }

    fn alike(&self, side: Side) -> Vec<Pointer> {
        self.inner
            .alike(if side == Side::Old { Side::New } else { Side::Old })
    }
}
