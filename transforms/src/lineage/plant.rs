//! Places that changes name themselves, where no document says what an operation carries.

use crate::change::Site;
use crate::contract::{Answer, Contract, Operation, Payload, StatusRange};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape};
use crate::template::PathTemplate;

/// Makes the operations and places that changes name themselves.
pub(super) fn plant_all(contract: &mut Contract, sites: &[Site]) {
    for site in sites {
        if contract.operation(&site.operation).is_none() {
            contract.operations.extend(bare_operation(&site.operation));
        }
        let Some(operation) = contract.operation_mut(&site.operation) else {
            continue;
        };
        let label = site.label();
        if site.request {
            operation
                .request
                .iter_mut()
                .for_each(|p| plant(&mut p.shape, &site.at, &label));
        } else {
            operation
                .answers
                .iter_mut()
                .filter_map(|a| a.shape.as_mut())
                .for_each(|s| plant(s, &site.at, &label));
        }
    }
}

/// An operation of which only method and path are known.
fn bare_operation(id: &str) -> Option<Operation> {
    let (method, path) = id.split_once(' ')?;
    let body = matches!(method, "POST" | "PUT" | "PATCH");
    Some(Operation {
        id: id.to_owned(),
        method: method.to_owned(),
        path: PathTemplate::parse(path).ok()?,
        parameters: Vec::new(),
        request: body.then(|| Payload {
            shape: Shape::any(),
            patch: method == "PATCH",
            required: false,
        }),
        answers: vec![Answer {
            status: StatusRange::Class(2),
            shape: Some(Shape::any()),
            headers: Vec::new(),
        }],
    })
}

fn plant(shape: &mut Shape, at: &Pointer, label: &str) {
    let mut place = shape;
    for name in at.names() {
        if name == "*" {
            if !matches!(place.kind, Kind::List(_)) {
                place.kind = Kind::List(Box::new(Shape::any()));
            }
        } else if !matches!(place.kind, Kind::Object { .. }) {
            place.kind = Kind::Object {
                fields: Vec::new(),
                open: true,
            };
        }
        place = match &mut place.kind {
            Kind::List(inner) => inner,
            Kind::Object { fields, .. } => {
                let index = fields.iter().position(|f| f.name == *name).unwrap_or_else(|| {
                    fields.push(Field::any(name));
                    fields.len() - 1
                });
                &mut fields[index].shape
            }
            _ => return,
        };
    }
    place.label = Some(label.to_owned());
}
