//! Requests and answers as translation sees them: an operation, its parameters or status, and a document.

use crate::contract::{Place, same_name};
use crate::value::Value;

/// A request in some version.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The operation's id, the same in every version.
    pub operation: String,
    /// Parameters in the order in which they came.
    pub arguments: Vec<Argument>,
    /// The document, if the request carries one.
    pub body: Option<Value>,
}

/// A parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Where it stands.
    pub place: Place,
    /// Its name, decoded.
    pub name: String,
    /// Its value, decoded.
    pub value: String,
    /// Name and value as they came, while neither has changed.
    pub raw: Option<String>,
}

/// An answer in some version.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The operation's id; empty when the request belonged to none.
    pub operation: String,
    /// The status code.
    pub status: u16,
    /// Header fields that translation may touch: names in lower case.
    pub headers: Vec<(String, String)>,
    /// The document, if the answer carries one.
    pub body: Option<Value>,
}

impl Argument {
    /// A parameter made by the translation.
    pub fn new(place: Place, name: &str, value: impl Into<String>) -> Self {
        Self {
            place,
            name: name.to_owned(),
            value: value.into(),
            raw: None,
        }
    }
}

impl Request {
    /// The first parameter of that place and name.
    pub fn argument(&self, place: Place, name: &str) -> Option<&Argument> {
        self.arguments
            .iter()
            .find(|a| a.place == place && same_name(place, &a.name, name))
    }

    /// Renames or moves every parameter of that place and name.
    pub fn relocate(&mut self, from: (Place, &str), to: (Place, &str)) {
        let moved = |a: &&mut Argument| a.place == from.0 && same_name(from.0, &a.name, from.1);
        for argument in self.arguments.iter_mut().filter(moved) {
            *argument = Argument::new(to.0, to.1, std::mem::take(&mut argument.value));
        }
    }

    /// Takes every parameter of that place and name out; gives the first value.
    pub fn take(&mut self, place: Place, name: &str) -> Option<String> {
        let value = self.argument(place, name).map(|a| a.value.clone());
        self.arguments
            .retain(|a| !(a.place == place && same_name(place, &a.name, name)));
        value
    }
}

impl Response {
    /// Whether the answer is an error.
    pub fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Sets a header field, or removes it.
    pub fn set_header(&mut self, name: &str, value: Option<String>) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.extend(value.map(|v| (name.to_ascii_lowercase(), v)));
    }
}
