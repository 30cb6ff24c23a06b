//! The reference interpreter: takes the steps of a chain one after another on a parsed document.
//!
//! It is the specification of what a chain does. Lifting a write with the stored document at hand first lowers the
//! stored document step by step; each step then sees what is stored on both of its sides (a *lens* in the sense of
//! Foster et al., "Combinators for bidirectional tree transformations", 2007).

pub mod document;

use std::cell::Cell;

use crate::change::Action;
use crate::contract::{Contract, Operation, Purpose};
use crate::fault::{Fault, FaultKind};
use crate::lineage::{Additions, Chain, Lineage, Pass, Policy};
use crate::message::{Request, Response};
use crate::message_op::{MessageSite, scalar_text, scalar_value};
use crate::op::{Direction, Operator, Pair, Side, Site, Stored, places, refuse_repeated};
use crate::pointer::Pointer;
use crate::shape::{Kind, Known, Shape, Types};
use crate::value::{Member, Object, Value};
use crate::walk::{ListPolicy, Walk, refuse_duplicates, substitute};

/// What is told of a translation while it goes on: usage for the ledger, and each step for people.
pub trait Observer {
    /// A member of an old version was sent in a request: evidence of use.
    fn sent(&mut self, _change: usize, _label: &str, _member: &Pointer) {}

    /// A member of an old version was delivered in an answer: whether it is used is unknown.
    fn delivered(&mut self, _change: usize, _label: &str, _member: &Pointer) {}

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

/// The document at a stage of a chain, with what is stored there.
struct Stage<'s> {
    purpose: Purpose,
    patch: bool,
    stored: Option<(&'s Value, &'s Value)>,
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
            let stage = Stage {
                purpose,
                patch,
                stored: None,
            };
            request_step(pass, *to, &mut request, &stage, self.policy, observer)
                .map_err(|f| self.in_first_names(index, &request.operation, f))?;
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
            let stored = Some((&snapshots[index], &snapshots[index + 1]));
            let stage = Stage {
                purpose,
                patch: false,
                stored,
            };
            request_step(pass, *to, &mut request, &stage, self.policy, observer)
                .map_err(|f| self.in_first_names(index, &request.operation, f))?;
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
            let done = response_step(pass, *to, &mut response, self.policy, &omitted, observer);
            done.map_err(|f| self.in_answered_names(&statuses, &response.operation, f))?;
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

    /// How far a write of this operation depends on the stored document.
    pub fn stored(&self, operation: &str) -> Stored {
        let step = |(pass, to): &(std::sync::Arc<Pass>, Direction)| match &pass.action {
            Action::Type { label, operator } => match occurs(pass.source(*to), operation, label) {
                Occurs::No => Stored::Never,
                Occurs::Yes => operator.stored(*to),
                // What is kept inside of lists has no place in a merge patch.
                Occurs::InList if operator.stored(*to) == Stored::Never => Stored::Never,
                Occurs::InList => Stored::Consulted,
            },
            Action::Message { .. } => Stored::Never,
        };
        self.chain.steps.iter().map(step).max().unwrap_or(Stored::Never)
    }

    /// What names the resource: the request without its document, as far as it can be carried without translating
    /// the rest of the document.
    ///
    /// # Errors
    /// When what names the resource cannot be translated.
    pub fn target(&self, request: &Request) -> Result<Request, Fault> {
        let mut bare = Request {
            body: None,
            ..request.clone()
        };
        bare.body = self.naming_members(request);
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let stage = Stage {
                purpose: Purpose::Patch,
                patch: true,
                stored: None,
            };
            request_step(pass, *to, &mut bare, &stage, self.policy, &mut Unobserved)
                .map_err(|f| self.in_first_names(index, &request.operation, f))?;
        }
        bare.body = None;
        Ok(bare)
    }

    /// The members of the document that parameters of later versions are made from.
    fn naming_members(&self, request: &Request) -> Option<Value> {
        let body = request.body.as_ref()?;
        let mut bare = Value::Object(Object::default());
        for (index, (pass, to)) in self.chain.steps.iter().enumerate() {
            let Action::Message { operation, operator } = &pass.action else {
                continue;
            };
            if operation != "*" && *operation != request.operation {
                continue;
            }
            for at in operator.reads_body(*to) {
                let at = self.first_pointer(index, &request.operation, &at);
                if let Some(value) = at.look(body) {
                    let member = Member::own("", value.clone());
                    crate::op::add::insert(&mut bare, &at, member).ok()?;
                }
            }
        }
        Some(bare)
    }

    /// The stored document before and after every step: lowered from the chain's end.
    fn snapshots(&self, operation: &str, stored: &Value) -> Result<Vec<Value>, Fault> {
        let mut snapshots = vec![stored.clone()];
        for (pass, to) in self.chain.steps.iter().rev() {
            let mut doc = snapshots.last().cloned().unwrap_or(Value::Null);
            let contract = pass.target(*to);
            let shape = contract
                .operation(operation)
                .and_then(|o| o.request.as_ref())
                .map(|p| &p.shape);
            let stage = Stage {
                purpose: Purpose::Answer,
                patch: false,
                stored: None,
            };
            if let (Action::Type { label, operator }, Some(shape)) = (&pass.action, shape) {
                let target = body_shape(pass.source(*to), operation);
                let way = Way {
                    pass,
                    to: to.back(),
                    label,
                    operator: operator.as_ref(),
                };
                type_step(
                    &way,
                    &mut doc,
                    shape,
                    target,
                    &stage,
                    &ListPolicy::new(),
                    &Cell::new(0),
                    &mut Unobserved,
                )
                .map_err(|f| Fault {
                    kind: FaultKind::Stored,
                    ..f
                })?;
            }
            snapshots.push(doc);
        }
        snapshots.reverse();
        Ok(snapshots)
    }

    /// The stored document as the version that the chain starts from shows it.
    ///
    /// # Errors
    /// When it cannot be shown there.
    pub fn shown(&self, operation: &str, stored: &Value) -> Result<Value, Fault> {
        let mut snapshots = self.snapshots(operation, stored)?;
        Ok(snapshots.swap_remove(0))
    }

    /// A replaced document as a merge patch that leaves alone what the client cannot see: optional members that it
    /// can see and did not send are removed.
    ///
    /// # Errors
    /// When the document holds a null in an object, which a merge patch cannot set.
    pub fn replacement(&self, operation: &str, body: Option<Value>) -> Result<Option<Value>, Fault> {
        let Some(mut body) = body else { return Ok(None) };
        body = crate::patch::difference(&Value::Object(Object::default()), &body)?;
        if let Some(shape) = body_shape(&self.chain.target, operation) {
            let back = self.chain.back();
            let visible = Interpreter {
                chain: &back,
                ..*self
            };
            visible.remove_unsent(operation, &mut body, shape, &Pointer::root());
        }
        Ok(Some(body))
    }

    fn remove_unsent(&self, operation: &str, doc: &mut Value, shape: &Shape, at: &Pointer) {
        let types = &self.chain.source.types;
        let Value::Object(object) = doc else { return };
        for field in shape.resolve(types).fields() {
            let place = at.child(&field.name);
            match object.get_mut(&field.name) {
                Some(inner) => self.remove_unsent(operation, inner, &field.shape, &place),
                None if !field.required && self.shows(operation, &place) => {
                    object.members_mut().push(Member::own(&field.name, Value::Null));
                }
                None => {}
            }
        }
    }

    /// Whether the version that the chain leads to has a place of its own for this one.
    fn shows(&self, operation: &str, pointer: &Pointer) -> bool {
        let mut steps = self.chain.steps.iter();
        let end = steps.try_fold(pointer.clone(), |pointer, (pass, to)| {
            let moved = pointer_step(pass, *to, body_shape(pass.source(*to), operation), &pointer);
            let shape = body_shape(pass.target(*to), operation)?;
            let hidden = shape.knows(&moved, &pass.target(*to).types) == Known::No
                || moved.names().len() < pointer.names().len() && pointer.strip(&moved).is_some();
            (!hidden).then_some(moved)
        });
        end.is_some()
    }

    /// Refuses a merge patch that names a member that means something in another version, but nothing in its own; also
    /// where it only says that the member goes.
    ///
    /// # Errors
    /// [`FaultKind::Captured`] at the first of them.
    pub fn refuse_foreign(&self, operation: &str, patch: &Value) -> Result<(), Fault> {
        let Some(shape) = self.request_shape(operation) else {
            return Ok(());
        };
        let mut unknown = Vec::new();
        unknown_members(
            patch,
            shape,
            &self.chain.source.types,
            &Pointer::root(),
            &mut unknown,
        );
        self.refuse_among(operation, &unknown)
    }

    /// All of them at once; each half by itself where something else is wrong with one.
    fn refuse_among(&self, operation: &str, unknown: &[Pointer]) -> Result<(), Fault> {
        let mut bare = Object::default();
        unknown.iter().for_each(|at| remove_at(&mut bare, at.names()));
        let body = Some(Value::Object(bare));
        let request = Request {
            operation: operation.to_owned(),
            arguments: Vec::new(),
            body,
        };
        match self.lift(request, Purpose::Patch, &mut Unobserved) {
            Err(fault) if fault.kind == FaultKind::Captured => Err(fault),
            Err(_) if unknown.len() > 1 => {
                let (first, second) = unknown.split_at(unknown.len() / 2);
                self.refuse_among(operation, first)?;
                self.refuse_among(operation, second)
            }
            _ => Ok(()),
        }
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

    /// Duplicates that matter, and members that no version mentions.
    fn admit(&self, body: &mut Option<Value>, shape: Option<&Shape>) -> Result<(), Fault> {
        let (Some(body), Some(shape)) = (body.as_mut(), shape) else {
            return Ok(());
        };
        refuse_other_kind(body, shape, &self.chain.source.types)?;
        refuse_duplicates(body, shape, &self.chain.source.types)?;
        treat_additions(body, shape, &self.chain.source.types, self.policy.additions)
    }

    /// A fault of a step, told in the names of the version that the chain starts from.
    fn in_first_names(&self, index: usize, operation: &str, fault: Fault) -> Fault {
        let pointer = self.first_pointer(index, operation, &fault.pointer);
        Fault { pointer, ..fault }
    }

    /// The same for a fault in an answer, which had these statuses after the steps that were taken.
    fn in_answered_names(&self, statuses: &[u16], operation: &str, fault: Fault) -> Fault {
        let steps = self.chain.steps.iter().zip(statuses).rev();
        let pointer = steps.fold(fault.pointer.clone(), |pointer, ((pass, to), status)| {
            if let Action::Message {
                operation: own,
                operator,
            } = &pass.action
            {
                let taken = (own == "*" || own == operation) && *status < 400;
                return if taken {
                    operator.locate_answer(to.back(), &pointer)
                } else {
                    pointer
                };
            }
            let shape = answered(pass.target(*to), operation, *status);
            pointer_step(pass, to.back(), shape, &pointer)
        });
        Fault { pointer, ..fault }
    }

    /// Where a place before the step of that number was in the version that the chain starts from.
    pub(crate) fn first_pointer(&self, index: usize, operation: &str, pointer: &Pointer) -> Pointer {
        self.chain.steps[..index]
            .iter()
            .rev()
            .fold(pointer.clone(), |pointer, (pass, to)| {
                let shape = body_shape(pass.target(*to), operation);
                pointer_step(pass, to.back(), shape, &pointer)
            })
    }

    /// Where a place in the request's document of the version that the chain starts from leads, as far as the
    /// version that it leads to has a place for it.
    pub fn pointer(&self, operation: &str, pointer: &Pointer) -> Pointer {
        self.chain
            .steps
            .iter()
            .fold(pointer.clone(), |pointer, (pass, to)| {
                nearest_step(pass, *to, operation, &pointer)
            })
    }

    /// JSON Pointers in error bodies follow the members that they name; one without a place is left out.
    fn carry_pointers(&self, pass: &Pass, to: Direction, response: &mut Response) {
        let (Some(label), true) = (&self.policy.pointers, response.is_error() && self.pointers) else {
            return;
        };
        let shape = answer_shape(pass.source(to), response).cloned();
        let operation = response.operation.clone();
        let (Some(body), Some(shape)) = (response.body.as_mut(), shape) else {
            return;
        };
        let types = &pass.source(to).types;
        rewrite_pointers(body, &shape, types, label, &|text| {
            let pointer = Pointer::parse(text).ok()?;
            let near = nearest_step(pass, to, &operation, &pointer);
            (!near.is_root() || pointer.is_root()).then(|| near.to_string())
        });
    }
}

/// A type step in one direction.
struct Way<'a> {
    pass: &'a Pass,
    to: Direction,
    label: &'a str,
    operator: &'a dyn Operator,
}

fn request_step(
    pass: &Pass,
    to: Direction,
    request: &mut Request,
    stage: &Stage<'_>,
    policy: &Policy,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let (source, target) = (pass.source(to), pass.target(to));
    match &pass.action {
        Action::Message { operation, operator } => {
            let site = MessageSite {
                source,
                target,
                operation: &request.operation.clone(),
            };
            if operation == "*" || *operation == request.operation {
                operator.request(to, request, &site)
            } else {
                Ok(())
            }
        }
        Action::Type { label, operator } => {
            let way = Way {
                pass,
                to,
                label,
                operator: operator.as_ref(),
            };
            arguments_step(&way, request, stage)?;
            let (from, into) = (
                source.operation(&request.operation),
                target.operation(&request.operation),
            );
            let shape =
                |o: Option<&'_ Operation>| o.and_then(|o| o.request.as_ref()).map(|p| p.shape.clone());
            let (Some(body), Some(from)) = (request.body.as_mut(), shape(from)) else {
                return Ok(());
            };
            type_step(
                &way,
                body,
                &from,
                shape(into).as_ref(),
                stage,
                &policy.lists,
                &Cell::new(0),
                observer,
            )
        }
    }
}

/// Scalar types occur as parameters too.
fn arguments_step(way: &Way<'_>, request: &mut Request, stage: &Stage<'_>) -> Result<(), Fault> {
    let source = way.pass.source(way.to);
    let Some(operation) = source.operation(&request.operation) else {
        return Ok(());
    };
    for argument in &mut request.arguments {
        let Some(parameter) = operation.parameter(argument.place, &argument.name) else {
            continue;
        };
        if parameter.shape.label(&source.types) != Some(way.label) {
            continue;
        }
        let mut value = scalar_value(&argument.value, &parameter.shape, &source.types);
        let before = value.clone();
        let bare = Stage {
            purpose: stage.purpose,
            patch: false,
            stored: None,
        };
        type_step(
            way,
            &mut value,
            &parameter.shape,
            None,
            &bare,
            &ListPolicy::new(),
            &Cell::new(0),
            &mut Unobserved,
        )
        .map_err(|f| Fault {
            detail: format!("the parameter `{}`: {}", argument.name, f.detail),
            pointer: Pointer::root(),
            ..f
        })?;
        if let Some(text) = scalar_text(&value).filter(|_| value != before || value.kind() != before.kind()) {
            argument.value = text;
            argument.raw = None;
        }
    }
    Ok(())
}

fn response_step(
    pass: &Pass,
    to: Direction,
    response: &mut Response,
    policy: &Policy,
    omitted: &Cell<usize>,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let (source, target) = (pass.source(to), pass.target(to));
    match &pass.action {
        Action::Message { operation, operator } => {
            let id = response.operation.clone();
            let site = MessageSite {
                source,
                target,
                operation: &id,
            };
            if operation == "*" || *operation == id {
                operator.response(to, response, &site)
            } else {
                Ok(())
            }
        }
        Action::Type { label, operator } => {
            let (Some(from), into) = (
                answer_shape(source, response).cloned(),
                answer_shape(target, response).cloned(),
            ) else {
                return Ok(());
            };
            let Some(body) = response.body.as_mut() else {
                return Ok(());
            };
            let way = Way {
                pass,
                to,
                label,
                operator: operator.as_ref(),
            };
            let stage = Stage {
                purpose: Purpose::Answer,
                patch: false,
                stored: None,
            };
            type_step(
                &way,
                body,
                &from,
                into.as_ref(),
                &stage,
                &policy.lists,
                omitted,
                observer,
            )
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn type_step(
    way: &Way<'_>,
    doc: &mut Value,
    from: &Shape,
    into: Option<&Shape>,
    stage: &Stage<'_>,
    lists: &ListPolicy,
    omitted: &Cell<usize>,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let (source, target) = (way.pass.source(way.to), way.pass.target(way.to));
    let site = Site {
        purpose: stage.purpose,
        before: stage.stored.map(|s| s.0),
        after: stage.stored.map(|s| s.1),
        source: from,
        source_types: &source.types,
        target: into,
        target_types: &target.types,
    };
    let pairs = way.operator.pairs();
    let walk = Walk {
        label: way.label,
        patch: stage.patch,
        lists,
        omitted,
    };
    walk.each(doc, &site, &mut |value, site, patch| {
        if !way.operator.guards_names() {
            refuse_repeated(&pairs, way.to.source(), value)?;
            refuse_captured(&pairs, way.to, value, site, patch)?;
        }
        report(&pairs, way, Side::Old, value, site, observer);
        let done = if patch {
            way.operator.patch(way.to, value, site)
        } else {
            way.operator.apply(way.to, value, site)
        };
        report(&pairs, way, Side::New, value, site, observer);
        done
    })
}

/// Tells the observer which members of the old version a message holds: those sent before the step up, those
/// delivered after the step down.
fn report(
    pairs: &[Pair],
    way: &Way<'_>,
    side: Side,
    value: &Value,
    site: &Site<'_>,
    observer: &mut dyn Observer,
) {
    let answer = site.purpose == Purpose::Answer;
    let moment = if answer {
        way.to == Direction::Down && side == Side::New
    } else {
        way.to == Direction::Up && side == Side::Old
    };
    for pair in pairs.iter().filter(|_| moment) {
        let Some(at) = pair
            .old
            .as_ref()
            .filter(|at| pair.new.as_ref() != Some(at) && at.look(value).is_some())
        else {
            continue;
        };
        let tell = if answer {
            Observer::delivered
        } else {
            Observer::sent
        };
        tell(observer, way.pass.change, way.label, at);
    }
}

/// A member whose name means something on the target side, but nothing on the source side, would be taken for it.
fn refuse_captured(
    pairs: &[Pair],
    to: Direction,
    doc: &Value,
    site: &Site<'_>,
    patch: bool,
) -> Result<(), Fault> {
    for place in places(pairs, to.target()) {
        // What stands above the place or below it is carried as a whole.
        let own = places(pairs, to.source())
            .any(|p| p.strip(place).is_some() || p != place && place.strip(p).is_some());
        let unknown = (1..=place.names().len())
            .map(|d| place.truncate(d))
            .find(|at| site.source.knows(at, site.source_types) != Known::Yes);
        let Some(at) = unknown.filter(|_| !own) else {
            continue;
        };
        let untyped = site.source.knows(&at, site.source_types) == Known::Untyped;
        let elsewhere = |at: &Pointer| !places(pairs, to.source()).any(|p| p.strip(at).is_some());
        // A patch that removes what holds the place removes it too.
        let removed = |at: &Pointer| patch && at.look(doc) == Some(&Value::Null);
        let mut way = (1..=place.names().len())
            .map(|depth| place.truncate(depth))
            .filter(elsewhere);
        let met = if untyped {
            way.any(|at| removed(&at) || at == *place && at.look(doc).is_some())
        } else {
            at.look(doc).is_some()
        };
        if met {
            return Err(Fault::new(
                FaultKind::Captured,
                "this name means something in another version, but nothing in this one",
            )
            .below(&at));
        }
    }
    Ok(())
}

fn body_shape<'c>(contract: &'c Contract, operation: &str) -> Option<&'c Shape> {
    contract.operation(operation)?.request.as_ref().map(|p| &p.shape)
}

/// The type of an answer's body; errors that no operation describes have the API's error type.
fn answer_shape<'c>(contract: &'c Contract, response: &Response) -> Option<&'c Shape> {
    answered(contract, &response.operation, response.status)
}

fn answered<'c>(contract: &'c Contract, operation: &str, status: u16) -> Option<&'c Shape> {
    let operation = contract.operation(operation);
    let described = operation.and_then(|o| {
        if status < 400 {
            o.success(status)
        } else {
            o.answer(status)
        }
    });
    let shape = described.and_then(|a| a.shape.as_ref());
    shape.or_else(|| contract.error.as_ref().filter(|_| status >= 400))
}

/// Where a pointer into the request's document leads, one step on.
fn pointer_step(pass: &Pass, to: Direction, shape: Option<&Shape>, pointer: &Pointer) -> Pointer {
    let (Action::Type { label, operator }, Some(shape)) = (&pass.action, shape) else {
        return pointer.clone();
    };
    let types = &pass.source(to).types;
    let mut moved = pointer.clone();
    for depth in (0..=pointer.names().len()).rev() {
        let above = moved.truncate(depth);
        let here = shape.at(&above, types).and_then(|s| s.label(types));
        if let (true, Some(rest)) = (here == Some(label), moved.strip(&above)) {
            moved = above.join(&operator.locate(to, &rest));
        }
    }
    moved
}

/// The same, as far as the target has a place for it. A member that neither side knows keeps its name, where the object
/// that holds it stands.
fn nearest_step(pass: &Pass, to: Direction, operation: &str, pointer: &Pointer) -> Pointer {
    let shape = body_shape(pass.source(to), operation);
    let moved = pointer_step(pass, to, shape, pointer);
    let Some(target) = body_shape(pass.target(to), operation) else {
        return moved;
    };
    let near = target.nearest(&moved, &pass.target(to).types);
    let known = shape
        .map(|s| s.nearest(pointer, &pass.source(to).types))
        .filter(|known| known != pointer);
    let holds =
        known.is_some_and(|known| pointer_step(pass, to, shape, &known).names().len() <= near.names().len());
    if holds { moved } else { near }
}

fn rewrite_pointers(
    doc: &mut Value,
    shape: &Shape,
    types: &Types,
    label: &str,
    rewrite: &dyn Fn(&str) -> Option<String>,
) {
    let shape = shape.resolve(types);
    match doc {
        Value::Object(object) => object.members_mut().retain_mut(|member| {
            let Some(child) = shape.child(&member.key.decoded(), types) else {
                return true;
            };
            if child.label(types) != Some(label) {
                rewrite_pointers(&mut member.value, child, types, label, rewrite);
                return true;
            }
            let Some(text) = member.value.as_text() else {
                return true;
            };
            let moved = rewrite(&text).map(|t| Value::text(&t));
            let stays = moved.is_some();
            member.value = moved.unwrap_or(Value::Null);
            stays
        }),
        Value::List(items) => {
            let Some(inner) = shape.child("*", types) else {
                return;
            };
            items
                .iter_mut()
                .for_each(|item| rewrite_pointers(item, inner, types, label, rewrite));
            items.retain(|item| !item.as_object().is_some_and(Object::is_empty));
        }
        _ => {}
    }
}

/// A document of another kind than its type says would pass every step untouched: the wrong version.
fn refuse_other_kind(doc: &Value, shape: &Shape, types: &Types) -> Result<(), Fault> {
    let (wanted, fits) = match &shape.resolve(types).kind {
        Kind::Object { .. } | Kind::Map(_) => ("an object", doc.as_object().is_some()),
        Kind::List(_) => ("a list", doc.as_list().is_some()),
        _ => return Ok(()),
    };
    let null = matches!(doc, Value::Null) && (shape.nullable || shape.resolve(types).nullable);
    if fits || null {
        Ok(())
    } else {
        Err(Fault::unfit(format!(
            "{wanted} is needed here, this is {}",
            doc.kind()
        )))
    }
}

fn treat_additions(doc: &mut Value, shape: &Shape, types: &Types, policy: Additions) -> Result<(), Fault> {
    let shape = shape.resolve(types);
    match (doc, &shape.kind) {
        (_, _) if policy == Additions::Pass => Ok(()),
        (Value::Object(object), Kind::Object { .. }) => {
            object
                .members_mut()
                .retain(|m| policy != Additions::Strip || shape.child(&m.key.decoded(), types).is_some());
            object.members_mut().iter_mut().try_for_each(|member| {
                let at = Pointer::of([member.key.decoded()]);
                let Some(child) = shape.child(&at.names()[0], types) else {
                    return Err(Fault::new(FaultKind::Unplaced, "no version has this member").below(&at));
                };
                treat_additions(&mut member.value, child, types, policy).map_err(|f| f.below(&at))
            })
        }
        (Value::Object(object), Kind::Map(inner)) => object.members_mut().iter_mut().try_for_each(|member| {
            let at = Pointer::of([member.key.decoded()]);
            treat_additions(&mut member.value, inner, types, policy).map_err(|f| f.below(&at))
        }),
        (Value::List(items), Kind::List(inner)) => {
            items.iter_mut().enumerate().try_for_each(|(index, item)| {
                treat_additions(item, inner, types, policy)
                    .map_err(|f| f.below(&Pointer::of([index.to_string()])))
            })
        }
        _ => Ok(()),
    }
}

/// The members of a merge patch that the type does not know. Where it says nothing, those that go: others are met in the
/// whole document.
fn unknown_members(patch: &Value, shape: &Shape, types: &Types, at: &Pointer, unknown: &mut Vec<Pointer>) {
    let Value::Object(object) = patch else { return };
    for member in object.members() {
        let name = member.key.decoded();
        let place = at.child(&name);
        let goes = matches!(shape.resolve(types).kind, Kind::Any) && member.value == Value::Null;
        match shape.child(&name, types).filter(|_| !goes) {
            Some(child) => unknown_members(&member.value, child, types, &place, unknown),
            None => unknown.push(place),
        }
    }
}

/// Says in a merge patch that the member at a place goes. Places come in the order of a document.
fn remove_at(patch: &mut Object, names: &[String]) {
    let Some((name, below)) = names.split_first() else {
        return;
    };
    let members = patch.members_mut();
    if below.is_empty() {
        members.push(Member::own(name, Value::Null));
        return;
    }
    if members.last().is_none_or(|last| !last.key.is(name)) {
        members.push(Member::own(name, Value::Object(Object::default())));
    }
    if let Some(Value::Object(inner)) = members.last_mut().map(|last| &mut last.value) {
        remove_at(inner, below);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Occurs {
    No,
    Yes,
    InList,
}

/// Whether a type occurs in the document of an operation's requests.
fn occurs(contract: &Contract, operation: &str, label: &str) -> Occurs {
    body_shape(contract, operation).map_or(Occurs::No, |shape| occurs_below(shape, &contract.types, label, 0))
}

fn occurs_below(shape: &Shape, types: &Types, label: &str, depth: usize) -> Occurs {
    // A recursive type is looked at a few levels deep: what it holds, it holds there already.
    if depth > 12 {
        return Occurs::No;
    }
    let here = if shape.label(types) == Some(label) {
        Occurs::Yes
    } else {
        Occurs::No
    };
    let below = |inner: &Shape| occurs_below(inner, types, label, depth + 1);
    let inner = match &shape.resolve(types).kind {
        Kind::Object { fields, .. } => fields.iter().map(|f| below(&f.shape)).max(),
        Kind::Map(inner) => Some(below(inner)),
        Kind::List(inner) => Some(if below(inner) == Occurs::No {
            Occurs::No
        } else {
            Occurs::InList
        }),
        Kind::OneOf(shapes) => shapes.iter().map(below).max(),
        _ => None,
    };
    here.max(inner.unwrap_or(Occurs::No))
}

/// Kept members go to the end of their objects, in stored order.
fn settle_kept(doc: &mut Value, stored: &Value) {
    match (doc, stored) {
        (Value::Object(object), Value::Object(stored)) => {
            let index = stored.index();
            for member in object.members_mut() {
                if let Some(before) = index.get(&member.key.decoded()) {
                    settle_kept(&mut member.value, before);
                }
            }
            let place = |m: &Member| {
                m.kept
                    .then(|| index.position(&m.key.decoded()).unwrap_or(usize::MAX))
            };
            object.members_mut().sort_by_cached_key(place);
        }
        (Value::List(items), Value::List(before)) if items.len() == before.len() => {
            items
                .iter_mut()
                .zip(before)
                .for_each(|(item, before)| settle_kept(item, before));
        }
        _ => {}
    }
}
