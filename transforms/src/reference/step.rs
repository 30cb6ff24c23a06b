//! One step on a message: its parameters, its document, every occurrence of a type in it.

use std::cell::Cell;

use super::admission::refuse_captured;
use super::{Observer, Unobserved};
use crate::change::Action;
use crate::contract::{Contract, Operation, Purpose};
use crate::fault::Fault;
use crate::lineage::{Pass, Policy};
use crate::message::{Request, Response};
use crate::message_op::{MessageSite, scalar_text, scalar_value};
use crate::op::{Direction, Operator, Pair, Side, Site, refuse_repeated};
use crate::pointer::Pointer;
use crate::shape::Shape;
use crate::value::Value;
use crate::walk::{ListPolicy, Walk};

/// The document at a stage of a chain, with what is stored there.
pub(super) struct Stage<'s> {
    pub(super) purpose: Purpose,
    pub(super) patch: bool,
    pub(super) stored: Option<(&'s Value, &'s Value)>,
}

/// A type step in one direction.
pub(super) struct Way<'a> {
    pub(super) pass: &'a Pass,
    pub(super) to: Direction,
    pub(super) label: &'a str,
    pub(super) operator: &'a dyn Operator,
}

pub(super) fn request_step(
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
pub(super) fn arguments_step(way: &Way<'_>, request: &mut Request, stage: &Stage<'_>) -> Result<(), Fault> {
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

pub(super) fn response_step(
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
pub(super) fn type_step(
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
