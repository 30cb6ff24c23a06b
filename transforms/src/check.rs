//! The laws of a lineage, tried on documents generated from its schemas. `sluice check` runs them on every mapping.
//!
//! With `show` the way from the origin to a version, `lift` the way back on create, and `put(s, v)` what is stored when
//! a client writes `v` over `s`:
//!
//! - **read**: `show(lift(show y)) = show y`
//! - **write**: `lift(show(lift x)) = lift x`
//! - **no-op**: `put(s, show s) = s`
//! - **put-get**: `show(put(s, v)) = v`
//! - **patch**: `show(apply(lift p, s)) = apply(p, show s)`
//!
//! Equality is of JSON values; null and absence are the same where a type allows both. What is refused breaks no law:
//! a document that a version cannot show, or that cannot be lifted although it is valid in its version's schema, is
//! counted and told with its reason (*totality*).

mod alike;

use std::collections::BTreeMap;
use std::fmt;

use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::generate::Generator;
use crate::lineage::{Chain, Lineage};
use crate::message::{Argument, Request};
use crate::patch;
use crate::pointer::Pointer;
use crate::reference::{Interpreter, Unobserved};
use crate::shape::{Shape, Types};
use crate::value::Value;
use alike::{bare, forget, occurrences};

/// A law of translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// `show(lift(show y)) = show y`
    Read,
    /// `lift(show(lift x)) = lift x`
    Write,
    /// `put(s, show s) = s`
    NoOp,
    /// `show(put(s, v)) = v`
    PutGet,
    /// `show(apply(lift p, s)) = apply(p, show s)`
    Patch,
}

/// A law that does not hold, with the document that shows it.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The law.
    pub law: Law,
    /// The client's version.
    pub version: String,
    /// The operation whose document it is.
    pub operation: String,
    /// What was given, as JSON.
    pub given: String,
    /// What should have come out.
    pub wanted: String,
    /// What came out.
    pub found: String,
}

/// Why documents that are valid in their version cannot be carried, and how many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The client's version.
    pub version: String,
    /// Whether the origin's document cannot be shown; else the client's cannot be lifted.
    pub showing: bool,
    /// The place.
    pub pointer: String,
    /// The reason.
    pub detail: String,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Documents that were tried.
    pub tried: usize,
    /// Laws that do not hold; one of a kind for each version and operation.
    pub broken: Vec<Broken>,
    /// What is refused, and how often.
    pub refused: BTreeMap<Refused, usize>,
}

/// Tries every law on so many documents for each version and operation. `progress` is told how many of how many pairs of
/// version and operation are done.
pub fn laws(
    lineage: &Lineage,
    generator: &mut Generator,
    documents: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Report {
    let mut report = Report::default();
    let pairs = pairs(lineage);
    for (index, (version, operation)) in pairs.iter().enumerate() {
        progress(index, pairs.len());
        if let Some(trial) = Trial::new(lineage, version, operation) {
            for _ in 0..documents {
                trial.run(generator, &mut report);
            }
        }
    }
    progress(pairs.len(), pairs.len());
    report
}

/// Every version with every operation that carries a document in both it and the origin.
fn pairs(lineage: &Lineage) -> Vec<(String, String)> {
    let versions = lineage.versions().iter().filter(|v| *v != lineage.origin());
    let of = |version: &String| {
        let contract = lineage.contract(version);
        let operations = contract.map_or(&[][..], |c| c.operations.as_slice());
        let carrying = operations.iter().filter(|o| o.request.is_some());
        carrying
            .map(|o| (version.clone(), o.id.clone()))
            .collect::<Vec<_>>()
    };
    versions.flat_map(of).collect()
}

/// One version and one operation on trial.
struct Trial<'a> {
    lineage: &'a Lineage,
    chain: Chain,
    version: &'a str,
    operation: &'a str,
    purpose: Purpose,
}

impl<'a> Trial<'a> {
    fn new(lineage: &'a Lineage, version: &'a str, operation: &'a str) -> Option<Self> {
        let chain = lineage.chain(version, lineage.origin())?;
        let purpose = chain
            .target
            .operation(operation)
            .filter(|o| o.request.is_some())?
            .purpose();
        Some(Self {
            lineage,
            chain,
            version,
            operation,
            purpose,
        })
    }

    fn interpreter(&self) -> Interpreter<'_> {
        Interpreter::new(self.lineage, &self.chain)
    }

    fn shape(&self, origin: bool) -> Option<(&Shape, &Types)> {
        let contract = if origin {
            &self.chain.target
        } else {
            &self.chain.source
        };
        let payload = contract.operation(self.operation)?.request.as_ref()?;
        Some((&payload.shape, &contract.types))
    }

    fn run(&self, generator: &mut Generator, report: &mut Report) {
        let (Some((origin, origin_types)), Some((own, own_types))) = (self.shape(true), self.shape(false))
        else {
            return;
        };
        report.tried += 1;
        let sent = generator.document(own, own_types);
        self.write(&sent, report);
        let stored = generator.document(origin, origin_types);
        // A document that was lifted can be shown; one that is made from the schema may not.
        let stored = match self.show(&stored) {
            Ok(_) => stored,
            Err(fault) => {
                self.refuse(report, true, &fault);
                let Ok(lifted) = self.lift(&sent) else { return };
                lifted
            }
        };
        let Ok(shown) = self.show(&stored) else { return };
        self.read(&stored, &shown, report);
        if self.purpose != Purpose::Create {
            let mut edited = shown.clone();
            generator.edit(&mut edited, own, own_types);
            self.puts(&stored, &shown, &edited, report);
        }
    }

    fn read(&self, stored: &Value, shown: &Value, report: &mut Report) {
        // A patch has no create.
        if self.purpose == Purpose::Patch {
            return;
        }
        match self.lift(shown) {
            Ok(lifted) => self.same(Law::Read, report, stored, Ok(shown), &self.show(&lifted)),
            Err(fault) => self.refuse(report, false, &fault),
        }
    }

    fn write(&self, sent: &Value, report: &mut Report) {
        if self.purpose == Purpose::Patch {
            return;
        }
        match self.lift(sent) {
            Ok(lifted) => match self.show(&lifted) {
                Ok(shown) => self.same(Law::Write, report, sent, Ok(&lifted), &self.lift(&shown)),
                Err(fault) => self.refuse(report, true, &fault),
            },
            Err(fault) => self.refuse(report, false, &fault),
        }
    }

    fn puts(&self, stored: &Value, shown: &Value, edited: &Value, report: &mut Report) {
        self.same(Law::NoOp, report, stored, Ok(stored), &self.put(stored, shown));
        if let Ok(put) = self.put(stored, edited) {
            self.same(Law::PutGet, report, edited, Ok(edited), &self.show(&put));
        }
        let Ok(changes) = patch::difference(shown, edited) else {
            return;
        };
        if self.purpose == Purpose::Patch
            && let Ok(lifted) = self.carry(&changes, Purpose::Patch)
        {
            let mut after = stored.clone();
            patch::apply(&mut after, &lifted);
            let mut wanted = shown.clone();
            patch::apply(&mut wanted, &changes);
            self.same(Law::Patch, report, &changes, Ok(&wanted), &self.show(&after));
        }
    }

    fn request(&self, body: &Value) -> Request {
        // What stands in the path is no part of the document; any value that can be carried will do.
        let operation = self.chain.source.operation(self.operation);
        let slots = operation.into_iter().flat_map(|o| o.path.slots());
        let arguments = slots
            .map(|slot| Argument::new(crate::contract::Place::Path, slot, "1"))
            .collect();
        Request {
            operation: self.operation.to_owned(),
            arguments,
            body: Some(body.clone()),
        }
    }

    fn lift(&self, sent: &Value) -> Result<Value, Fault> {
        self.carry(sent, Purpose::Create)
    }

    fn carry(&self, sent: &Value, purpose: Purpose) -> Result<Value, Fault> {
        let mut request = self.request(sent);
        request.arguments.clear();
        let lifted = self.interpreter().lift(request, purpose, &mut Unobserved)?;
        Ok(lifted.body.unwrap_or(Value::Null))
    }

    fn put(&self, stored: &Value, sent: &Value) -> Result<Value, Fault> {
        let mut request = self.request(sent);
        request.arguments.clear();
        let put = self
            .interpreter()
            .put(request, self.purpose, stored, &mut Unobserved)?;
        Ok(put.body.unwrap_or(Value::Null))
    }

    fn show(&self, stored: &Value) -> Result<Value, Fault> {
        self.interpreter().shown(self.operation, stored)
    }

    fn refuse(&self, report: &mut Report, showing: bool, fault: &Fault) {
        if fault.kind == FaultKind::NeedsStored {
            return;
        }
        let names = fault
            .pointer
            .names()
            .iter()
            .map(|n| if n.parse::<usize>().is_ok() { "*" } else { n });
        let pointer = crate::pointer::Pointer::of(names).to_string();
        let refused = Refused {
            version: self.version.to_owned(),
            showing,
            pointer,
            detail: fault.detail.clone(),
        };
        *report.refused.entry(refused).or_default() += 1;
    }

    /// The places of the client's version where a step takes different values for the same.
    fn alike(&self) -> Vec<Pointer> {
        let mut all = Vec::new();
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let crate::change::Action::Type { label, operator } = &pass.action else {
                continue;
            };
            let contract = pass.source(*to);
            let Some(payload) = contract
                .operation(self.operation)
                .and_then(|o| o.request.as_ref())
            else {
                continue;
            };
            let mut sites = Vec::new();
            occurrences(
                &payload.shape,
                &contract.types,
                label,
                &Pointer::root(),
                &mut sites,
            );
            for (site, at) in sites
                .iter()
                .flat_map(|site| operator.alike(to.source()).into_iter().map(move |at| (site, at)))
            {
                all.push(
                    self.interpreter()
                        .first_pointer(index, self.operation, &site.join(&at)),
                );
            }
        }
        all
    }

    fn same(
        &self,
        law: Law,
        report: &mut Report,
        given: &Value,
        wanted: Result<&Value, &Fault>,
        found: &Result<Value, Fault>,
    ) {
        let origin = matches!(law, Law::Write | Law::NoOp);
        let alike = if origin { Vec::new() } else { self.alike() };
        let equal = match (wanted, found, self.shape(origin)) {
            (Ok(wanted), Ok(found), Some((shape, types))) => {
                let plain = |value: &Value| {
                    let mut value = bare(value, shape, types);
                    alike.iter().for_each(|at| forget(&mut value, at.names()));
                    value
                };
                plain(wanted) == plain(found)
            }
            _ => false,
        };
        let told = |b: &Broken| b.law == law && b.version == self.version && b.operation == self.operation;
        if equal || report.broken.iter().any(told) {
            return;
        }
        let text = |value: Result<&Value, &Fault>| {
            value.map_or_else(
                |f| format!("refused at {}: {}", f.pointer, f.detail),
                Value::to_json,
            )
        };
        report.broken.push(Broken {
            law,
            version: self.version.to_owned(),
            operation: self.operation.to_owned(),
            given: given.to_json(),
            wanted: text(wanted),
            found: text(found.as_ref()),
        });
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read: show(lift(show y)) = show y",
            Self::Write => "write: lift(show(lift x)) = lift x",
            Self::NoOp => "no-op: put(s, show s) = s",
            Self::PutGet => "put-get: show(put(s, v)) = v",
            Self::Patch => "patch: show(apply(lift p, s)) = apply(p, show s)",
        })
    }
}
