//! One document of a named type along a chain, without a message around it: for `sluice transform`, and for trying a
//! mapping out.
//!
//! Each step has its own purpose: towards the origin it carries what a client creates, away from it what a client is
//! shown. With a stored document the whole chain carries a replacement.

use std::cell::Cell;
use std::sync::Arc;

use super::admission::{refuse_other_kind, treat_additions};
use super::pointers::pointer_step;
use super::step::{Stage, Way, type_step};
use super::stored::settle_kept;
use super::{Observer, Unobserved};
use crate::contract::{Contract, Purpose};
use crate::fault::{Fault, FaultKind};
use crate::lineage::{Chain, Lineage, Pass, Policy};
use crate::op::Direction;
use crate::pointer::Pointer;
use crate::shape::Shape;
use crate::value::Value;
use crate::walk::{Lenient, refuse_duplicates, substitute};

/// Carries documents of a named type between two versions.
#[derive(Clone, Debug)]
pub struct DocumentInterpreter<'a> {
    chain: &'a Chain,
    policy: &'a Policy,
    shape: Shape,
    /// How many of the first steps lead towards the origin.
    lifted: usize,
}

/// A document that was carried.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The document in the version that the chain leads to.
    pub document: Value,
    /// How many elements of lists were left out or replaced.
    pub omitted: usize,
}

impl<'a> DocumentInterpreter<'a> {
    /// For a chain of this lineage and a type of both its ends; `None` where one of them has no such type.
    pub fn new(lineage: &'a Lineage, chain: &'a Chain, label: &str) -> Option<Self> {
        let known = |contract: &Contract| contract.types.contains_key(label);
        if !known(&chain.source) || !known(&chain.target) {
            return None;
        }
        let home = lineage.chain(&chain.from, lineage.origin())?;
        let pairs = chain.steps.iter().zip(&home.steps);
        let lifted = pairs.take_while(|((a, _), (b, _))| Arc::ptr_eq(a, b)).count();
        Some(Self {
            chain,
            policy: lineage.policy(),
            shape: Shape::reference(label),
            lifted,
        })
    }

    /// Carries a document without knowing what is stored.
    ///
    /// # Errors
    /// What cannot be translated, with its place in the names of the version that the chain starts from.
    pub fn carry(&self, document: Value) -> Result<Carried, Fault> {
        self.carry_observed(document, &mut Unobserved)
    }

    /// The same, and each step is told with the document after it.
    ///
    /// # Errors
    /// As of [`DocumentInterpreter::carry`]; the steps before the fault were told.
    pub fn carry_observed(&self, document: Value, observer: &mut dyn Observer) -> Result<Carried, Fault> {
        let mut document = self.admitted(document)?;
        let omitted = Cell::new(0);
        let lenient = Lenient {
            lists: &self.policy.lists,
            omitted: &omitted,
        };
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let stage = if index < self.lifted {
                Stage::sent(Purpose::Create, false)
            } else {
                Stage::shown(Some(lenient))
            };
            self.step(pass, *to, &mut document, &stage)
                .map_err(|f| self.in_first_names(index, f))?;
            observer.step(pass, *to, Some(&document));
        }
        substitute(
            &mut document,
            &self.shape,
            &self.chain.target.types,
            &self.policy.lists,
        );
        Ok(Carried {
            document,
            omitted: omitted.get(),
        })
    }

    /// Carries a document that replaces a stored one, which is in the version that the chain leads to.
    ///
    /// # Errors
    /// What cannot be translated, with its place in the names of the version that the chain starts from; [`FaultKind::Stored`] when
    /// the stored document cannot be shown in the version that the chain starts from.
    pub fn put(&self, document: Value, stored: &Value) -> Result<Value, Fault> {
        let mut document = self.admitted(document)?;
        let snapshots = self.snapshots(stored)?;
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let stage = Stage::over(Purpose::Replace, &snapshots[index], &snapshots[index + 1]);
            let done = self.step(pass, *to, &mut document, &stage);
            done.map_err(|fault| self.in_first_names(index, fault))?;
        }
        document.drop_shells();
        settle_kept(&mut document, stored);
        Ok(document)
    }

    /// The stored document before and after every step.
    fn snapshots(&self, stored: &Value) -> Result<Vec<Value>, Fault> {
        let mut snapshots = vec![stored.clone()];
        for (pass, to) in self.chain.steps.iter().rev() {
            let mut document = snapshots.last().cloned().unwrap_or(Value::Null);
            self.step(pass, to.back(), &mut document, &Stage::shown(None))
                .map_err(|fault| Fault {
                    kind: FaultKind::Stored,
                    ..fault
                })?;
            snapshots.push(document);
        }
        snapshots.reverse();
        Ok(snapshots)
    }

    fn in_first_names(&self, index: usize, fault: Fault) -> Fault {
        let steps = self.chain.steps[..index].iter().rev();
        let back = |pointer: Pointer, (pass, to): &(Arc<Pass>, Direction)| {
            pointer_step(pass, to.back(), Some(&self.shape), &pointer)
        };
        Fault {
            pointer: steps.fold(fault.pointer.clone(), back),
            ..fault
        }
    }

    fn admitted(&self, mut document: Value) -> Result<Value, Fault> {
        let types = &self.chain.source.types;
        refuse_other_kind(&document, &self.shape, types)?;
        refuse_duplicates(&document, &self.shape, types)?;
        treat_additions(&mut document, &self.shape, types, self.policy.additions)?;
        Ok(document)
    }

    fn step(&self, pass: &Pass, to: Direction, document: &mut Value, stage: &Stage<'_>) -> Result<(), Fault> {
        let Some(way) = Way::of(pass, to) else {
            return Ok(());
        };
        type_step(
            &way,
            document,
            (&self.shape, Some(&self.shape)),
            stage,
            &mut Unobserved,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Action, Change, Step};
    use crate::lineage::Draft;
    use crate::op::registry::OPERATORS;
    use crate::parse::parse;
    use crate::shape::{Field, Kind};

    fn doc(text: &str) -> Value {
        parse(text.as_bytes(), 32).unwrap()
    }

    fn lineage() -> Lineage {
        let step = |operator: &str, json: &str| {
            let entry = OPERATORS.iter().find(|e| e.name == operator).unwrap();
            let settings = serde_json::from_str(json).unwrap();
            let operator = (entry.build)(&settings, &|_| Err(String::new())).unwrap().into();
            Step {
                place: String::new(),
                action: Action::Type {
                    label: "Todo".into(),
                    operator,
                },
            }
        };
        let change = |old: &str, new: &str, step| Change {
            old: old.into(),
            new: new.into(),
            summary: String::new(),
            steps: vec![step],
        };
        let changes = vec![
            change("1", "2", step("rename", r#"{"from": "/title", "to": "/name"}"#)),
            change(
                "2",
                "3",
                step(
                    "add",
                    r#"{"at": "/due", "loss": {"create": "drop", "replace": "keep"}}"#,
                ),
            ),
            change("3", "4", step("rename", r#"{"from": "/name", "to": "/label"}"#)),
        ];
        let field = |name: &str| Field {
            name: name.into(),
            shape: Kind::Text.into(),
            required: false,
        };
        let mut contract = Contract::default();
        let kind = Kind::Object {
            fields: vec![field("name"), field("due")],
            open: true,
        };
        contract.types.insert(
            "Todo".into(),
            Shape {
                label: Some("Todo".into()),
                ..kind.into()
            },
        );
        let versions = ["1", "2", "3", "4"].map(str::to_owned).to_vec();
        Lineage::compile(Draft {
            versions,
            origin: "3".into(),
            contract,
            changes,
            sites: Vec::new(),
            policy: Policy::default(),
        })
        .unwrap()
    }

    #[test]
    fn a_document_goes_through_the_origin_and_beyond() {
        let lineage = lineage();
        let chain = lineage.chain("1", "4").unwrap();
        let interpreter = DocumentInterpreter::new(&lineage, &chain, "Todo").unwrap();
        assert_eq!(interpreter.lifted, 2);
        let carried = interpreter.carry(doc(r#"{"title": "a"}"#)).unwrap();
        assert_eq!(carried.document.to_json(), r#"{"label":"a"}"#);
    }

    #[test]
    fn what_is_stored_is_kept() {
        let lineage = lineage();
        let chain = lineage.chain("1", "3").unwrap();
        let interpreter = DocumentInterpreter::new(&lineage, &chain, "Todo").unwrap();
        let put = interpreter
            .put(doc(r#"{"title": "b"}"#), &doc(r#"{"name": "a", "due": "soon"}"#))
            .unwrap();
        assert_eq!(put.to_json(), r#"{"name":"b","due":"soon"}"#);
        assert!(DocumentInterpreter::new(&lineage, &chain, "Other").is_none());
    }
}
