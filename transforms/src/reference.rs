//! The reference interpreter: takes the steps of a chain one after another on a parsed document.
//!
//! It is the specification of what a chain does. Lifting a write with the stored document at hand first lowers the
//! stored document step by step; each step then sees what is stored on both of its sides (a *lens* in the sense of
//! Foster et al., "Combinators for bidirectional tree transformations", 2007).

mod admission;
pub mod document;
mod foreign;
mod pointers;
mod replacement;
mod step;
mod stored;
mod target;

use std::cell::Cell;

use crate::contract::Purpose;
use crate::fault::Fault;
use crate::lineage::{Chain, Lineage, Pass, Policy};
use crate::message::{Request, Response};
use crate::op::Direction;
use crate::pointer::Pointer;
use crate::shape::Shape;
use crate::value::Value;
use crate::walk::{Lenient, substitute};
use step::{Stage, answer_shape, body_shape, request_step, response_step};
use stored::settle_kept;

/// What is told of a translation while it goes on: usage for the ledger, and each step for people.
pub trait Observer {
    /// A member of an old version was sent in a request: evidence of use.
    fn sent(&mut self, _change: usize, _label: &str, _member: &Pointer) {}

    /// A member of an old version was delivered in an answer: whether it is used is unknown.
    fn delivered(&mut self, _change: usize, _label: &str, _member: &Pointer) {}

    /// Elements of lists were left out or replaced by a change.
    fn lost(&mut self, _change: usize, _elements: usize) {}

    /// A step was taken; the document as it is now.
    fn step(&mut self, _pass: &Pass, _to: Direction, _body: Option<&Value>) {}
}

/// An observer that nobody listens to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// An answer in the client's version.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The answer.
    pub response: Response,
    /// How many elements of lists were left out or replaced.
    pub omitted: usize,
}

/// Translates along one chain. For requests the chain leads from the client's version to the origin, for answers from
/// the origin to the client's version.
#[derive(Clone, Copy, Debug)]
pub struct Interpreter<'a> {
    chain: &'a Chain,
    policy: &'a Policy,
    pointers: bool,
}

impl<'a> Interpreter<'a> {
    /// An interpreter for a chain of this lineage.
    pub fn new(lineage: &'a Lineage, chain: &'a Chain) -> Self {
        Self {
            chain,
            policy: lineage.policy(),
            pointers: true,
        }
    }

    /// The same, for errors whose pointers are in the names of the version that the chain leads to already.
    #[must_use]
    pub fn keeping_pointers(self) -> Self {
        Self {
            pointers: false,
            ..self
        }
    }

    /// Carries a request without knowing what is stored.
    ///
    /// # Errors
    /// What cannot be translated, with its place in the client's names; [`FaultKind::NeedsStored`] for a merge patch
    /// whose translation depends on the stored document.
    pub fn lift(
        &self,
        mut request: Request,
        purpose: Purpose,
        observer: &mut dyn Observer,
    ) -> Result<Request, Fault> {
        self.admit(&mut request.body, self.request_shape(&request.operation))?;
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let patch = self.is_patch(&request.operation);
            let stage = Stage::sent(purpose, patch);
            request_step(pass, *to, &mut request, &stage, observer)
                .map_err(|f| self.in_first_names(index, &request.operation, f.caused_by(pass.change)))?;
            observer.step(pass, *to, request.body.as_ref());
        }
        Ok(request)
    }

    /// Carries a whole document that is written over a stored one (in the version that the chain leads to).
    ///
    /// # Errors
    /// What cannot be translated, with its place in the client's names.
    pub fn put(
        &self,
        mut request: Request,
        purpose: Purpose,
        stored: &Value,
        observer: &mut dyn Observer,
    ) -> Result<Request, Fault> {
        self.admit(&mut request.body, self.request_shape(&request.operation))?;
        let snapshots = self.snapshots(&request.operation, stored)?;
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let stage = Stage::over(purpose, &snapshots[index], &snapshots[index + 1]);
            request_step(pass, *to, &mut request, &stage, observer)
                .map_err(|f| self.in_first_names(index, &request.operation, f.caused_by(pass.change)))?;
            observer.step(pass, *to, request.body.as_ref());
        }
        if let Some(body) = request.body.as_mut() {
            body.drop_shells();
            settle_kept(body, stored);
        }
        Ok(request)
    }

    /// Carries an answer.
    ///
    /// # Errors
    /// What cannot be translated, with its place in the names of the version that the chain starts from.
    pub fn lower(&self, mut response: Response, observer: &mut dyn Observer) -> Result<Lowered, Fault> {
        let shape = answer_shape(&self.chain.source, &response);
        if shape.is_none() && response.body.is_some() && !response.is_error() && !self.chain.steps.is_empty()
        {
            return Err(Fault::unfit(
                "the API's document does not say what this answer carries",
            ));
        }
        self.admit(&mut response.body, shape)?;
        let omitted = Cell::new(0);
        let mut statuses = Vec::with_capacity(self.chain.steps.len());
        for (pass, to) in &self.chain.steps {
            self.carry_pointers(pass, *to, &mut response);
            let lenient = Lenient {
                lists: &self.policy.lists,
                omitted: &omitted,
            };
            let before = omitted.get();
            let done = response_step(pass, *to, &mut response, lenient, observer);
            done.map_err(|f| {
                self.in_answered_names(&statuses, &response.operation, f.caused_by(pass.change))
            })?;
            if omitted.get() > before {
                observer.lost(pass.change, omitted.get() - before);
            }
            statuses.push(response.status);
            observer.step(pass, *to, response.body.as_ref());
        }
        let shape = answer_shape(&self.chain.target, &response);
        if let (Some(body), Some(shape)) = (response.body.as_mut(), shape) {
            substitute(body, shape, &self.chain.target.types, &self.policy.lists);
        }
        Ok(Lowered {
            response,
            omitted: omitted.get(),
        })
    }

    fn request_shape(&self, operation: &str) -> Option<&Shape> {
        body_shape(&self.chain.source, operation)
    }

    fn is_patch(&self, operation: &str) -> bool {
        self.chain
            .source
            .operation(operation)
            .and_then(|o| o.request.as_ref())
            .is_some_and(|p| p.patch)
    }
}
