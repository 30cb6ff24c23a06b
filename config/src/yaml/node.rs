//! A file's content as it was written, before aliases are written out.

use std::rc::Rc;

use saphyr_parser::Marker;
use serde_json::Value;

use crate::diagnostic::Span;

/// A value as it was written. Aliases share the node of their anchor.
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) data: Data,
}

pub(super) enum Data {
    Scalar { value: Value, text: String, plain: bool },
    List(Vec<Rc<Node>>),
    Map(Vec<(Key, Rc<Node>)>),
}

pub(super) struct Key {
    pub(super) text: String,
    pub(super) span: Span,
}

impl Node {
    /// What a file without any value holds.
    pub(super) fn empty() -> Node {
        let data = Data::Scalar {
            value: Value::Null,
            text: String::new(),
            plain: true,
        };
        Node {
            span: Span::START,
            data,
        }
    }
}

/// The span between two of saphyr's marks, whose columns count from zero.
pub(super) fn within(start: Marker, end: Marker) -> Span {
    // What ends on a later line is underlined to the end of its first one.
    let width = if end.line() == start.line() {
        end.col().saturating_sub(start.col())
    } else {
        usize::MAX
    };
    Span {
        line: start.line().max(1),
        column: start.col() + 1,
        width: width.max(1),
    }
}
