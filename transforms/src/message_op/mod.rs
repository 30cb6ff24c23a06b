//! Operators for whole messages: methods and paths, parameters, statuses, headers, envelopes.
//!
//! Like [`crate::op`], one file each, written old → new, listed in [`MESSAGE_OPERATORS`]. They are scoped to one
//! operation, or to all of an API by the name `*`.

pub mod answer;
pub mod envelope;
pub mod header;
pub mod media_type;
pub mod operation;
pub mod parameter;
pub mod status;
pub mod status_to_body;

use std::fmt::Debug;

use schemars::Schema;
use serde_json::Value as Json;

use crate::contract::{Contract, Operation, Place};
use crate::fault::Fault;
use crate::message::{Request, Response};
use crate::op::Direction;
use crate::op::entry::SettingsFault;
use crate::pointer::Pointer;
use crate::shape::TypeFault;
use crate::value::Value;

/// An operation as a step sees it.
#[derive(Clone, Copy, Debug)]
pub struct MessageSite<'a> {
    /// The contract that the step starts from.
    pub source: &'a Contract,
    /// The contract that the step leads to.
    pub target: &'a Contract,
    /// The operation's id; empty for answers to requests that belong to none.
    pub operation: &'a str,
}

impl<'a> MessageSite<'a> {
    /// The operation on the side that the step leads to.
    pub fn target_operation(&self) -> Option<&'a Operation> {
        self.target.operation(self.operation)
    }

    /// The operation on the side that the step starts from.
    pub fn source_operation(&self) -> Option<&'a Operation> {
        self.source.operation(self.operation)
    }
}

/// A message operator with its settings.
pub trait MessageOperator: Debug + Send + Sync {
    /// The operator's name in mapping files.
    fn name(&self) -> &'static str;

    /// Turns one operation of the source side's contract into the target side's.
    ///
    /// # Errors
    /// A [`TypeFault`] that the author of the mapping can act on.
    fn retype(&self, to: Direction, contract: &mut Contract, operation: &str) -> Result<(), TypeFault>;

    /// Carries a request.
    ///
    /// # Errors
    /// When something in it has no counterpart.
    fn request(&self, _to: Direction, _request: &mut Request, _site: &MessageSite<'_>) -> Result<(), Fault> {
        Ok(())
    }

    /// Carries an answer.
    ///
    /// # Errors
    /// When something in it has no counterpart.
    fn response(
        &self,
        _to: Direction,
        _response: &mut Response,
        _site: &MessageSite<'_>,
    ) -> Result<(), Fault> {
        Ok(())
    }

    /// Where a pointer into a success's document on the source side leads on the target side.
    fn locate_answer(&self, _to: Direction, pointer: &Pointer) -> Pointer {
        pointer.clone()
    }

    /// Places of the request's document that other parts of the message are made from.
    fn reads_body(&self, _to: Direction) -> Vec<Pointer> {
        Vec::new()
    }
}

/// A message operator as mapping files know it.
pub struct MessageEntry {
    /// Its name.
    pub name: &'static str,
    /// One sentence for the list of operators.
    pub summary: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> Schema,
    /// Makes the operator from its settings.
    pub build: fn(&Json) -> Result<Box<dyn MessageOperator>, SettingsFault>,
}

/// Every message operator.
pub const MESSAGE_OPERATORS: &[MessageEntry] = &[
    operation::ENTRY,
    parameter::ENTRY,
    status::ENTRY,
    envelope::ENTRY,
    header::ENTRY,
    answer::ENTRY,
    media_type::ENTRY,
    status_to_body::ENTRY,
];

/// The message operator of that name.
pub fn find(name: &str) -> Option<&'static MessageEntry> {
    MESSAGE_OPERATORS.iter().find(|entry| entry.name == name)
}

/// A place in a request: `path.id`, `query.page`, `header.If-Match`, `body./id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A parameter.
    Argument(Place, String),
    /// A member of the document.
    Body(Pointer),
}

impl Spot {
    /// Reads a place.
    ///
    /// # Errors
    /// When it is of none of the four forms.
    pub fn parse(text: &str, setting: &str) -> Result<Self, SettingsFault> {
        let form = || {
            SettingsFault::new(
                setting,
                format!("`{text}` is no place; write path.NAME, query.NAME, header.NAME or body./POINTER"),
            )
        };
        let (place, name) = text.split_once('.').ok_or_else(form)?;
        if name.is_empty() {
            return Err(form());
        }
        match place {
            "path" => Ok(Self::Argument(Place::Path, name.to_owned())),
            "query" => Ok(Self::Argument(Place::Query, name.to_owned())),
            "header" => Ok(Self::Argument(Place::Header, name.to_owned())),
            "body" => Pointer::parse(name)
                .map(Self::Body)
                .map_err(|e| SettingsFault::new(setting, e.to_string())),
            _ => Err(form()),
        }
    }
}

/// The text of a scalar as a parameter carries it.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.decoded().into_owned()),
        Value::Number(number) => Some(number.raw().to_owned()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// A parameter's text as the scalar that its type asks for; text where it does not read as that.
pub(crate) fn scalar_value(text: &str, shape: &crate::shape::Shape, types: &crate::shape::Types) -> Value {
    use crate::shape::Kind;
    let parsed = || crate::parse::parse(text.as_bytes(), 1).ok();
    match (&shape.resolve(types).kind, parsed()) {
        (Kind::Integer | Kind::Number, Some(value @ Value::Number(_))) => value,
        (Kind::Boolean, Some(value @ Value::Bool(_))) => value,
        _ => Value::text(text),
    }
}
