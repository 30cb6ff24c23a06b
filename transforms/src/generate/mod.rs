//! Documents made from a shape, for laws and fuzzing: valid by the exported JSON Schema, and full of what breaks
//! careless code. The same seed makes the same documents.
//!
//! - `random`: the stream of numbers
//! - `document`, `object`: a value for a shape
//! - `text`, `pattern`, `number`: the scalars
//! - `edit`: one small change that keeps a document valid
//! - `admit`: whether a value fits
//!
//! What cannot be made to fit is made all the same and told by [`Generator::gaps`].

pub(crate) mod admit;
mod document;
mod edit;
mod number;
mod object;
mod pattern;
mod random;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::pointer::Pointer;
use crate::shape::{Shape, Types};
use crate::value::Value;
use random::Random;

/// A rule that the generator could not follow: documents may break it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The place in the document, `*` for elements of lists.
    pub place: Pointer,
    /// The keyword.
    pub rule: String,
}

/// Makes documents.
#[derive(Clone, Debug)]
pub struct Generator {
    random: Random,
    /// Values to draw from: by the label of a type (`Country`), or by the label of an object's type and the name of
    /// its member (`Address/region`). They are trusted to be valid.
    pub tables: BTreeMap<String, Vec<Value>>,
    gaps: BTreeSet<Gap>,
    path: Vec<String>,
    /// How many values the current document has.
    made: usize,
}

impl Generator {
    /// A generator; the seed says which documents it makes.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            tables: BTreeMap::new(),
            gaps: BTreeSet::new(),
            path: Vec::new(),
            made: 0,
        }
    }

    /// The same generator, drawing values for a key from a list.
    #[must_use]
    pub fn table(mut self, key: &str, values: Vec<Value>) -> Self {
        self.tables.insert(key.to_owned(), values);
        self
    }

    /// A document of this shape.
    pub fn document(&mut self, shape: &Shape, types: &Types) -> Value {
        self.path.clear();
        self.made = 0;
        self.value(shape, types)
    }

    /// Changes one thing in a valid document, so that it stays valid and is another. Returns the place; `None` if
    /// nothing was found to change. What is read-only stays.
    pub fn edit(&mut self, document: &mut Value, shape: &Shape, types: &Types) -> Option<Pointer> {
        self.path.clear();
        self.made = 0;
        self.change(document, shape, types)
    }

    /// The rules that could not be followed so far.
    pub fn gaps(&self) -> &BTreeSet<Gap> {
        &self.gaps
    }

    fn gap(&mut self, rule: &str) {
        self.gaps.insert(Gap {
            place: Pointer::of(self.path.clone()),
            rule: rule.to_owned(),
        });
    }
}

/// A rule that is a whole number.
fn count(rules: &Map<String, Json>, keyword: &str) -> Option<usize> {
    let number = rules.get(keyword)?.as_number()?.to_string();
    let exact = crate::decimal::Decimal::parse(&number)?.fixed(0)?;
    exact.parse().ok()
}
