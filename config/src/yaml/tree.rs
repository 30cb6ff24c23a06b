//! A file's content as a JSON value, with the place of every part of it.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::node::{Data, Key, Node};
use super::parse::too_many;
use super::{MAX_NESTING, MAX_NODES};
use crate::diagnostic::{Code, Diagnostic, Span};

/// Where a value stands, and its key if it has one.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: Option<Span>,
    value: Span,
}

/// A file as read: a value, and what was written where.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// The file's path.
    pub(crate) file: String,
    /// Its content.
    pub(crate) value: Value,
    places: HashMap<String, Place>,
    /// By pointer, the text of a value that the environment took part in, as the file has it.
    pub(crate) written: HashMap<String, String>,
}

impl Tree {
    /// Writes aliases out, within the bounds.
    pub(super) fn expand(file: &str, root: &Node) -> Result<Tree, Diagnostic> {
        let mut expansion = Expansion {
            file,
            places: HashMap::new(),
            pointer: String::new(),
            depth: 0,
        };
        let value = expansion.node(root, None)?;
        Ok(Tree {
            file: file.to_owned(),
            value,
            places: expansion.places,
            written: HashMap::new(),
        })
    }

    /// Where the value at a pointer stands. A place that is not in the file (a default) is that of
    /// its nearest ancestor.
    pub(crate) fn span(&self, pointer: &str) -> Span {
        self.nearest(pointer).map_or(Span::START, |place| place.value)
    }

    /// Where the key of the value at a pointer stands; for a list's element the value itself.
    pub(crate) fn key_span(&self, pointer: &str) -> Span {
        self.nearest(pointer)
            .map_or(Span::START, |place| place.key.unwrap_or(place.value))
    }

    fn nearest(&self, mut pointer: &str) -> Option<&Place> {
        loop {
            if let Some(place) = self.places.get(pointer) {
                return Some(place);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// A fault of the value at a pointer.
    pub(crate) fn fault(&self, code: Code, pointer: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, &self.file, Some(self.span(pointer)), message)
    }

    /// A value as a message may show it: what came from the environment stays unsaid.
    pub(crate) fn shown(&self, pointer: &str) -> String {
        if let Some(written) = self.written.get(pointer) {
            return written.clone();
        }
        match self.value.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }
}

struct Expansion<'a> {
    file: &'a str,
    places: HashMap<String, Place>,
    pointer: String,
    depth: usize,
}

impl Expansion<'_> {
    fn node(&mut self, node: &Node, key: Option<Span>) -> Result<Value, Diagnostic> {
        if self.places.len() >= MAX_NODES {
            return Err(too_many(self.file, node.span));
        }
        if self.depth > MAX_NESTING {
            let message = format!("values are nested deeper than {MAX_NESTING} levels");
            return Err(Diagnostic::new(
                Code::TooDeep,
                self.file,
                Some(node.span),
                message,
            ));
        }
        self.places.insert(
            self.pointer.clone(),
            Place {
                key,
                value: node.span,
            },
        );
        self.depth += 1;
        let value = self.data(&node.data);
        self.depth -= 1;
        value
    }

    fn data(&mut self, data: &Data) -> Result<Value, Diagnostic> {
        match data {
            Data::Scalar { value, .. } => Ok(value.clone()),
            Data::List(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(i, item)| self.under(|p| push_index(p, i), item, None))
                    .collect()
            }
            Data::Map(entries) => {
                let entry = |(key, node): &(Key, Rc<Node>)| {
                    let value = self.under(|p| push_key(p, &key.text), node, Some(key.span))?;
                    Ok((key.text.clone(), value))
                };
                entries
                    .iter()
                    .map(entry)
                    .collect::<Result<Map<_, _>, _>>()
                    .map(Value::Object)
            }
        }
    }

    fn under(
        &mut self,
        step: impl FnOnce(&mut String),
        node: &Node,
        key: Option<Span>,
    ) -> Result<Value, Diagnostic> {
        let length = self.pointer.len();
        step(&mut self.pointer);
        let value = self.node(node, key);
        self.pointer.truncate(length);
        value
    }
}

/// Extends a JSON Pointer by a member (RFC 6901, section 3).
pub(crate) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    for c in key.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Extends a JSON Pointer by an element.
pub(crate) fn push_index(pointer: &mut String, index: usize) {
    pointer.push('/');
    pointer.push_str(&index.to_string());
}
