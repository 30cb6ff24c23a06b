//! What operators that rewrite one value in its place have in common: `values`, `convert`, `pattern` and their like
//! only say how a value is rewritten; where it stands, and that an unchanged value stays what is stored, is said here.

use std::fmt::Debug;

use super::{Direction, Operator, Pair, Side, Site, Stored, needs_stored};
use crate::contract::Purpose;
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::Value;

/// How one value is rewritten.
pub trait Rewrite: Debug + Send + Sync {
    /// The operator's name in mapping files.
    fn name(&self) -> &'static str;

    /// Turns the type of the value.
    ///
    /// # Errors
    /// A [`TypeFault`] whose pointer is relative to the value.
    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault>;

    /// Rewrites the value.
    ///
    /// # Errors
    /// When it has no counterpart; the pointer is relative to the value.
    fn rewrite(&self, to: Direction, value: &Value) -> Result<Value, Fault>;

    /// Rewrites a value that a client writes. An answer may show less than is stored; a write may not lose what the
    /// client said.
    ///
    /// # Errors
    /// When it has no counterpart that holds all of it; the pointer is relative to the value.
    fn rewrite_sent(&self, to: Direction, value: &Value) -> Result<Value, Fault> {
        self.rewrite(to, value)
    }

    /// Refuses settings that contradict each other, wherever they are applied.
    ///
    /// # Errors
    /// A [`TypeFault`] at the root.
    fn check(&self) -> Result<(), TypeFault> {
        Ok(())
    }

    /// Whether different stored values look like this one to the source side, so that it says nothing for certain
    /// about what is stored.
    fn ambiguous(&self, to: Direction, value: &Value) -> bool;

    /// Whether any value can be [`Self::ambiguous`] in this direction.
    fn ever_ambiguous(&self, to: Direction) -> bool;

    /// Whether different values of this side are the same to the other: an equivalence that the step declares.
    fn alike(&self, _side: Side) -> bool {
        false
    }
}

/// A rewriting at a place of a type; the empty pointer is the value itself.
#[derive(Debug)]
pub struct InPlace<R> {
    /// Where the value stands, the same on both sides.
    pub at: Pointer,
    /// How it is rewritten.
    pub rewrite: R,
}

impl<R: Rewrite> Operator for InPlace<R> {
    fn name(&self) -> &'static str {
        self.rewrite.name()
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::shallow(&self.at, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        self.rewrite.check()?;
        one_place(shape, &self.at, types)?;
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        self.rewrite.retype(to, place, types).map_err(|mut fault| {
            fault.pointer = self.at.join(&fault.pointer);
            fault
        })
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(value) = self.at.look_mut(doc) else {
            return Ok(());
        };
        *value = match (site.before(&self.at), site.after(&self.at)) {
            (Some(before), Some(after)) if before == value => after.clone(),
            _ if *value == Value::Null && site.nullable(&self.at) => Value::Null,
            _ if site.purpose == Purpose::Answer => {
                self.rewrite.rewrite(to, value).map_err(|f| f.below(&self.at))?
            }
            _ => self
                .rewrite
                .rewrite_sent(to, value)
                .map_err(|f| f.below(&self.at))?,
        };
        Ok(())
    }

    fn patch(&self, to: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        match self.at.look_mut(patch) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if self.rewrite.ambiguous(to, value) => Err(needs_stored()),
            Some(value) => {
                *value = self
                    .rewrite
                    .rewrite_sent(to, value)
                    .map_err(|f| f.below(&self.at))?;
                Ok(())
            }
        }
    }

    fn alike(&self, side: Side) -> Vec<Pointer> {
        if self.rewrite.alike(side) {
            vec![self.at.clone()]
        } else {
            Vec::new()
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        if self.rewrite.ever_ambiguous(to) {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}

/// Refuses a place below a list or a map: it would be many places, and a step is for one.
pub(super) fn one_place(shape: &Shape, at: &Pointer, types: &Types) -> Result<(), TypeFault> {
    for depth in 0..at.names().len() {
        let above = at.truncate(depth);
        let kind = shape.at(&above, types).map(|s| &s.resolve(types).kind);
        if let Some(Kind::List(_) | Kind::Map(_)) = kind {
            let message = format!("{above} holds many values, and this step is for one");
            return Err(TypeFault::new(TypeFaultKind::WrongKind, &above, message)
                .hint("give the type of the elements a step of its own"));
        }
    }
    Ok(())
}
