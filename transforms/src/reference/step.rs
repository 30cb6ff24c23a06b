//! One step on a message: its parameters, its document, every occurrence of a type in it.

use super::admission::refuse_captured;
use super::{Observer, Unobserved};
use crate::change::Action;
use crate::contract::{Contract, Purpose};
use crate::fault::Fault;
use crate::lineage::Pass;
use crate::message::{Argument, Request, Response};
use crate::message_op::{MessageOperator, MessageSite, scalar_text, scalar_value};
use crate::op::{Direction, Operator, Pair, Side, Site, refuse_repeated};
use crate::pointer::Pointer;
use crate::shape::Shape;
use crate::value::Value;
use crate::walk::{Lenient, Walk};

/// The document at a stage of a chain, with what is stored there.
pub(super) struct Stage<'s> {
    pub(super) purpose: Purpose,
    pub(super) patch: bool,
    pub(super) stored: Option<(&'s Value, &'s Value)>,
    pub(super) lenient: Option<Lenient<'s>>,
}

impl<'s> Stage<'s> {
    /// A request of which nothing stored is known.
    pub(super) fn sent(purpose: Purpose, patch: bool) -> Self {
        Self {
            purpose,
            patch,
            stored: None,
            lenient: None,
        }
    }

    /// A whole document over what is stored, before and after the step.
    pub(super) fn over(purpose: Purpose, before: &'s Value, after: &'s Value) -> Self {
        Self {
            stored: Some((before, after)),
            ..Self::sent(purpose, false)
        }
    }

    /// An answer; without leniency every element of a list counts.
    pub(super) fn shown(lenient: Option<Lenient<'s>>) -> Self {
        Self {
            lenient,
            ..Self::sent(Purpose::Answer, false)
        }
    }
}

/// A type step in one direction.
pub(super) struct Way<'a> {
    pub(super) pass: &'a Pass,
    pub(super) to: Direction,
    pub(super) label: &'a str,
    pub(super) operator: &'a dyn Operator,
}

impl<'a> Way<'a> {
    /// None for a step on messages.
    pub(super) fn of(pass: &'a Pass, to: Direction) -> Option<Self> {
        let Action::Type { label, operator } = &pass.action else {
            return None;
        };
        Some(Self {
            pass,
            to,
            label,
            operator: operator.as_ref(),
        })
    }
}

/// The types of a document on both sides of a step.
pub(super) type Between<'a> = (&'a Shape, Option<&'a Shape>);

/// The operator of a step on messages that is taken for this operation.
fn message_operator<'p>(pass: &'p Pass, id: &str) -> Option<&'p dyn MessageOperator> {
    match &pass.action {
        Action::Message { operation, operator } if operation == "*" || operation == id => {
            Some(operator.as_ref())
        }
        _ => None,
    }
}

/// A step on a request.
pub(super) fn request_step(
    pass: &Pass,
    to: Direction,
    request: &mut Request,
    stage: &Stage<'_>,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let (source, target) = (pass.source(to), pass.target(to));
    if let Some(operator) = message_operator(pass, &request.operation) {
        let operation = &request.operation.clone();
        let site = MessageSite {
            source,
            target,
            operation,
        };
        return operator.request(to, request, &site);
    }
    let Some(way) = Way::of(pass, to) else {
        return Ok(());
    };
    arguments_step(&way, request, stage)?;
    let from = body_shape(source, &request.operation);
    let into = body_shape(target, &request.operation);
    match (request.body.as_mut(), from) {
        (Some(body), Some(from)) => type_step(&way, body, (from, into), stage, observer),
        _ => Ok(()),
    }
}

/// Scalar types occur as parameters too.
fn arguments_step(way: &Way<'_>, request: &mut Request, stage: &Stage<'_>) -> Result<(), Fault> {
    let source = way.pass.source(way.to);
    let Some(operation) = source.operation(&request.operation) else {
        return Ok(());
    };
    for argument in &mut request.arguments {
        let known = operation.parameter(argument.place, &argument.name);
        if let Some(parameter) = known.filter(|p| p.shape.label(&source.types) == Some(way.label)) {
            argument_step(way, argument, &parameter.shape, stage.purpose)?;
        }
    }
    Ok(())
}

fn argument_step(
    way: &Way<'_>,
    argument: &mut Argument,
    shape: &Shape,
    purpose: Purpose,
) -> Result<(), Fault> {
    let before = scalar_value(&argument.value, shape, &way.pass.source(way.to).types);
    let mut value = before.clone();
    let done = type_step(
        way,
        &mut value,
        (shape, None),
        &Stage::sent(purpose, false),
        &mut Unobserved,
    );
    done.map_err(|f| Fault {
        detail: format!("the parameter `{}`: {}", argument.name, f.detail),
        pointer: Pointer::root(),
        ..f
    })?;
    if let Some(text) = scalar_text(&value).filter(|_| value != before || value.kind() != before.kind()) {
        argument.value = text;
        argument.raw = None;
    }
    Ok(())
}

/// A step on an answer.
pub(super) fn response_step(
    pass: &Pass,
    to: Direction,
    response: &mut Response,
    lenient: Lenient<'_>,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let (source, target) = (pass.source(to), pass.target(to));
    if let Some(operator) = message_operator(pass, &response.operation) {
        let operation = &response.operation.clone();
        let site = MessageSite {
            source,
            target,
            operation,
        };
        return operator.response(to, response, &site);
    }
    let (from, into) = (answer_shape(source, response), answer_shape(target, response));
    match (Way::of(pass, to), response.body.as_mut(), from) {
        (Some(way), Some(body), Some(from)) => {
            type_step(&way, body, (from, into), &Stage::shown(Some(lenient)), observer)
        }
        _ => Ok(()),
    }
}

/// A step on every occurrence of its type in a document.
pub(super) fn type_step(
    way: &Way<'_>,
    doc: &mut Value,
    (from, into): Between<'_>,
    stage: &Stage<'_>,
    observer: &mut dyn Observer,
) -> Result<(), Fault> {
    let site = Site {
        purpose: stage.purpose,
        before: stage.stored.map(|s| s.0),
        after: stage.stored.map(|s| s.1),
        source: from,
        source_types: &way.pass.source(way.to).types,
        target: into,
        target_types: &way.pass.target(way.to).types,
    };
    let pairs = way.operator.pairs();
    let walk = Walk {
        label: way.label,
        patch: stage.patch,
        lenient: stage.lenient,
    };
    walk.each(doc, &site, &mut |value, site, patch| {
        if !way.operator.guards_names() {
            refuse_repeated(&pairs, way.to.source(), value)?;
            refuse_captured(&pairs, way.to, value, site, patch)?;
        }
        report(&pairs, way, Side::Old, value, site, observer);
        if patch {
            way.operator.patch(way.to, value, site)?;
        } else {
            way.operator.apply(way.to, value, site)?;
        }
        report(&pairs, way, Side::New, value, site, observer);
        Ok(())
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
    // A patch that needs the stored document is carried as a whole: what it leaves as it was the client did not send.
    let as_it_was = |at: &Pointer| match (site.purpose, site.before) {
        (Purpose::Patch, Some(before)) => at.look(before) == at.look(value),
        _ => false,
    };
    for pair in pairs.iter().filter(|_| moment) {
        let Some(at) = pair
            .old
            .as_ref()
            .filter(|at| pair.new.as_ref() != Some(at) && at.meets(value) && !as_it_was(at))
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

pub(super) fn body_shape<'c>(contract: &'c Contract, operation: &str) -> Option<&'c Shape> {
    contract.operation(operation)?.request.as_ref().map(|p| &p.shape)
}

/// The type of an answer's body; errors that no operation describes have the API's error type.
pub(super) fn answer_shape<'c>(contract: &'c Contract, response: &Response) -> Option<&'c Shape> {
    answered(contract, &response.operation, response.status)
}

pub(super) fn answered<'c>(contract: &'c Contract, operation: &str, status: u16) -> Option<&'c Shape> {
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
