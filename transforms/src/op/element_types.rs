//! The types of `single_to_list`: an element's type from the single value's, and back.

use serde_json::{Map, Value as Json};

use super::single_to_list::Empty;
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::Value;

/// What the elements of the list hold beside the single value.
pub(super) struct Elements<'a> {
    /// The place that the type is read from: faults name it.
    at: &'a Pointer,
    with: &'a [(String, Value)],
    with_first: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn new(at: &'a Pointer, with: &'a [(String, Value)], with_first: bool) -> Self {
        Self { at, with, with_first }
    }

    /// Refuses an `empty` that contradicts the single value's type: then null would have no counterpart, or an empty
    /// list would become what the type does not allow.
    pub(super) fn check_empty(&self, empty: Empty, nullable: bool, required: bool) -> Result<(), TypeFault> {
        let message = match empty {
            Empty::Null if !nullable => "`empty: null`, but the single value is never null",
            Empty::Absent if required => "`empty: absent`, but the single value is required",
            Empty::Absent | Empty::Refuse if nullable => {
                "the single value may be null: only `empty: null` can say what that is"
            }
            _ => return Ok(()),
        };
        Err(TypeFault::new(TypeFaultKind::Settings, self.at, message))
    }

    /// The element that holds the single value as a member.
    pub(super) fn around(&self, member: &str, single: Shape) -> Shape {
        let own = Field {
            name: member.to_owned(),
            shape: single,
            required: true,
        };
        let fields = self.with_fields(vec![own]);
        Kind::Object { fields, open: true }.into()
    }

    /// The element that is the single value with its tags.
    pub(super) fn tagged(&self, mut single: Shape, _: &Types) -> Result<Shape, TypeFault> {
        let Kind::Object { fields, .. } = &mut single.kind else {
            return if single.kind == Kind::Any {
                Ok(single)
            } else {
                Err(self.wrong_kind("it is not an object: name the `element` that holds it"))
            };
        };
        if let Some(name) = self.with_names().find(|n| fields.iter().any(|f| f.name == **n)) {
            let at = self.at.child(name);
            let message = format!("there is a member {at} already");
            return Err(TypeFault::new(TypeFaultKind::FieldExists, &at, message));
        }
        *fields = self.with_fields(std::mem::take(fields));
        Ok(single)
    }

    /// The single value of an element.
    pub(super) fn single(
        &self,
        member: Option<&str>,
        mut element: Shape,
        types: &Types,
    ) -> Result<Shape, TypeFault> {
        element.open(types);
        if element.nullable {
            return Err(self.wrong_kind("its elements may be null"));
        }
        let fields = match &mut element.kind {
            Kind::Object { fields, .. } => fields,
            Kind::Any => return Ok(element),
            _ => return Err(self.wrong_kind("its elements are not objects")),
        };
        for (name, value) in self.with {
            self.check_constant(fields, name, value, types)?;
        }
        fields.retain(|f| !self.with.iter().any(|(name, _)| *name == f.name));
        let Some(member) = member else {
            return Ok(element);
        };
        let mut own = self.take(fields, member)?;
        own.open(types);
        if own.nullable {
            let at = self.at.child("*").child(member);
            let message = format!("{at} may be null, which could not be told from an empty list");
            return Err(TypeFault::new(TypeFaultKind::NotInvertible, &at, message));
        }
        self.all_made(fields)?;
        Ok(own)
    }

    fn take(&self, fields: &mut Vec<Field>, member: &str) -> Result<Shape, TypeFault> {
        let index = fields.iter().position(|f| f.name == member);
        let index = index.ok_or_else(|| self.missing(member))?;
        Ok(fields.remove(index).shape)
    }

    /// Refuses elements that must hold a member which a client that sees the single value could not give.
    fn all_made(&self, fields: &[Field]) -> Result<(), TypeFault> {
        let Some(field) = fields.iter().find(|f| f.required) else {
            return Ok(());
        };
        let at = self.at.child("*").child(&field.name);
        let message = format!("a new element would lack {at}, which is required");
        let hint = format!("give it a value: `with: {{{}: VALUE}}`", field.name);
        Err(TypeFault::new(TypeFaultKind::UndeclaredLoss, &at, message).hint(hint))
    }

    fn check_constant(
        &self,
        fields: &[Field],
        name: &str,
        value: &Value,
        types: &Types,
    ) -> Result<(), TypeFault> {
        let field = fields.iter().find(|f| f.name == name);
        let shape = field.ok_or_else(|| self.missing(name))?.shape.resolve(types);
        let fits = match (&shape.kind, value) {
            (_, Value::Null) => shape.nullable || shape.kind == Kind::Any,
            (Kind::Text, Value::Text(_)) | (Kind::Boolean, Value::Bool(_)) => true,
            (Kind::Integer | Kind::Number, Value::Number(_)) => true,
            (Kind::List(_), Value::List(_)) | (Kind::Object { .. } | Kind::Map(_), Value::Object(_)) => true,
            (Kind::Any | Kind::OneOf(_) | Kind::Ref(_), _) => true,
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let at = self.at.child("*").child(name);
        let message = format!("{at} cannot be {value}");
        Err(TypeFault::new(TypeFaultKind::WrongKind, &at, message))
    }

    pub(super) fn no_list(&self) -> TypeFault {
        self.wrong_kind("it is not a list")
    }

    fn with_names(&self) -> impl Iterator<Item = &String> {
        self.with.iter().map(|(name, _)| name)
    }

    fn with_fields(&self, mut own: Vec<Field>) -> Vec<Field> {
        let constant = |(name, value): &(String, Value)| Field {
            name: name.clone(),
            shape: constant(value),
            required: true,
        };
        let at = if self.with_first { 0 } else { own.len() };
        own.splice(at..at, self.with.iter().map(constant));
        own
    }

    fn missing(&self, name: &str) -> TypeFault {
        let at = self.at.child("*").child(name);
        TypeFault::new(
            TypeFaultKind::NoSuchField,
            &at,
            format!("there is no member {at}"),
        )
    }

    fn wrong_kind(&self, why: &str) -> TypeFault {
        TypeFault::new(TypeFaultKind::WrongKind, self.at, format!("{}: {why}", self.at))
    }
}

/// The type of a value that is always the same.
fn constant(value: &Value) -> Shape {
    let kind = match value {
        Value::Bool(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        Value::Text(_) => Kind::Text,
        _ => return Shape::any(),
    };
    let json: Json = serde_json::from_str(&value.to_json()).unwrap_or(Json::Null);
    Shape {
        rules: Map::from_iter([("const".to_owned(), json)]),
        ..kind.into()
    }
}
