//! What operators that rewrite one value in its place have in common: `values`, `convert`, `pattern` and their like
//! only say how a value is rewritten; where it stands, and that an unchanged value stays what is stored, is said here.

use std::fmt::Debug;

use super::{Direction, Operator, Pair, Site, Stored, needs_stored};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, Types};
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

    /// Whether different stored values look like this one to the source side, so that it says nothing for certain
    /// about what is stored.
    fn ambiguous(&self, to: Direction, value: &Value) -> bool;

    /// Whether any value can be [`Self::ambiguous`] in this direction.
    fn ever_ambiguous(&self, to: Direction) -> bool;
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
            _ => self.rewrite.rewrite(to, value).map_err(|f| f.below(&self.at))?,
        };
        Ok(())
    }

    fn patch(&self, to: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        match self.at.look_mut(patch) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if self.rewrite.ambiguous(to, value) => Err(needs_stored()),
            Some(value) => {
                *value = self.rewrite.rewrite(to, value).map_err(|f| f.below(&self.at))?;
                Ok(())
            }
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
