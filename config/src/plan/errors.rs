//! The shape of the errors that the gateway makes for an API.

use serde_json::Value;

use super::VersionId;

/// How an API's errors look.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorsPlan {
    /// The version in which the body is written; from there it is lowered like any error.
    pub version: VersionId,
    /// The type that error bodies have in the document.
    pub error_type: Option<String>,
    /// The scalar type whose values are JSON Pointers into the request.
    pub pointers: Option<String>,
    /// The body.
    pub body: Template,
}

/// A JSON value with slots. A member whose value is nothing but slots without a value is left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value without slots.
    Fixed(Value),
    /// A slot alone. [`Slot::Status`] is a number then, every other one text.
    Slot(Slot),
    /// A text with slots in it.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Template>),
    /// An object, its members in their order.
    Object(Vec<(String, Template)>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// To be filled in.
    Slot(Slot),
}

/// What can be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The last segment of the problem's type.
    Code,
    /// The status's phrase.
    Title,
    /// The status.
    Status,
    /// What happened.
    Detail,
    /// The place in the request that is at fault, where one is.
    Pointer,
}

impl Slot {
    /// Every slot with its name, in the order of their documentation.
    pub const ALL: [(&str, Slot); 5] = [
        ("code", Slot::Code),
        ("title", Slot::Title),
        ("status", Slot::Status),
        ("detail", Slot::Detail),
        ("pointer", Slot::Pointer),
    ];
}
