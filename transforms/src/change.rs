//! A change: what differs between two neighbouring versions, as steps written old → new.

use std::sync::Arc;

use crate::message_op::MessageOperator;
use crate::op::Operator;
use crate::pointer::Pointer;

/// A change between two neighbours.
#[derive(Clone, Debug)]
pub struct Change {
    /// The older version.
    pub old: String,
    /// The newer version.
    pub new: String,
    /// What it is, for people.
    pub summary: String,
    /// The steps in the order in which they are written.
    pub steps: Vec<Step>,
}

/// One step of a change.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is written, as a JSON Pointer into the change's file.
    pub place: String,
    /// What it does, and to what.
    pub action: Action,
}

/// What a step does, and to what.
#[derive(Clone, Debug)]
pub enum Action {
    /// To every occurrence of a named type.
    Type {
        /// The type's name.
        label: String,
        /// What is done.
        operator: Arc<dyn Operator>,
    },
    /// To the messages of an operation, or of all.
    Message {
        /// The operation's id, or `*`.
        operation: String,
        /// What is done.
        operator: Arc<dyn MessageOperator>,
    },
}

/// A place that a change names itself, where no document says where types occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Method and path, as in `GET /todos/{id}`: the operation's id at the same time.
    pub operation: String,
    /// Whether the request's document is meant, or the answer's.
    pub request: bool,
    /// Where in the document; `*` stands for every element.
    pub at: Pointer,
}

impl Site {
    /// The label that stands for this place.
    pub fn label(&self) -> String {
        let part = if self.request { "request" } else { "answer" };
        format!("{} {part} {}", self.operation, self.at)
    }
}

impl Action {
    /// The operator's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Type { operator, .. } => operator.name(),
            Self::Message { operator, .. } => operator.name(),
        }
    }

    /// What it is done to, for people.
    pub fn subject(&self) -> &str {
        match self {
            Self::Type { label, .. } => label,
            Self::Message { operation, .. } => operation,
        }
    }
}
