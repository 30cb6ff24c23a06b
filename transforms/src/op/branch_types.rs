//! The types of `when`: the type of documents that go one of two ways.

use super::Direction;
use super::chain::Chain;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};

/// The type after one branch. A member that stands in its way but may be absent is of the documents that go the other
/// way, and is left out here.
pub(super) fn retyped(
    branch: &Chain,
    to: Direction,
    shape: &Shape,
    types: &Types,
) -> Result<Shape, TypeFault> {
    let mut base = shape.clone();
    loop {
        let mut out = base.clone();
        let fault = match branch.retype(to, &mut out, types) {
            Ok(()) => return Ok(out),
            Err(fault) => fault,
        };
        let in_the_way = fault.kind == TypeFaultKind::FieldExists;
        match base.take_field(&fault.pointer, types) {
            Ok(Some((_, field))) if in_the_way && !field.required => {}
            _ => return Err(fault),
        }
    }
}

/// The type of documents that are of one of two types.
pub(super) fn merged(a: Shape, b: Shape) -> Shape {
    if a == b {
        return a;
    }
    let nullable = a.nullable || b.nullable;
    let label = a.label.clone().filter(|l| b.label.as_ref() == Some(l));
    match (a.kind, b.kind) {
        (Kind::Any, _) | (_, Kind::Any) => Shape::any(),
        (
            Kind::Object { fields, open },
            Kind::Object {
                fields: others,
                open: also,
            },
        ) => Shape {
            label,
            nullable,
            rules: a.rules,
            kind: Kind::Object {
                fields: merged_fields(fields, others),
                open: open || also,
            },
        },
        (left, right) => Shape {
            label,
            nullable,
            ..Kind::OneOf(vec![
                Shape {
                    kind: left,
                    nullable: false,
                    label: a.label,
                    rules: a.rules,
                },
                Shape {
                    kind: right,
                    nullable: false,
                    label: b.label,
                    rules: b.rules,
                },
            ])
            .into()
        },
    }
}

fn merged_fields(fields: Vec<Field>, mut others: Vec<Field>) -> Vec<Field> {
    let mut all: Vec<Field> = Vec::with_capacity(fields.len());
    for field in fields {
        let other = others.iter().position(|o| o.name == field.name);
        all.push(match other.map(|index| others.remove(index)) {
            Some(other) => Field {
                required: field.required && other.required,
                shape: merged(field.shape, other.shape),
                ..field
            },
            None => Field {
                required: false,
                ..field
            },
        });
    }
    all.extend(others.into_iter().map(|other| Field {
        required: false,
        ..other
    }));
    all
}
