//! Bytes → nodes. Reads saphyr's event stream and stops at the first bound that is exceeded, before
//! anything deep or large is built.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as RawSpan, StrInput, Tag};
use serde_json::Value;

use super::node::{Data, Key, Node, within};
use super::tree::Tree;
use super::{MAX_NESTING, MAX_NODES, scalar};
use crate::diagnostic::{Code, Diagnostic, Span};

/// Reads a file.
///
/// # Errors
/// All duplicate keys and keys that are not text; of everything else the first fault, since nothing
/// after it can be trusted.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Tree, Vec<Diagnostic>> {
    let text = std::str::from_utf8(bytes).map_err(|error| vec![not_utf8(file, bytes, error)])?;
    let mut builder = Builder::new(file);
    match builder.run(text) {
        Err(fault) => builder.faults.push(fault),
        Ok(()) if builder.faults.is_empty() => {
            let root = builder.root.take().unwrap_or_else(|| Rc::new(Node::empty()));
            return Tree::expand(file, &root).map_err(|fault| vec![fault]);
        }
        Ok(()) => {}
    }
    Err(builder.faults)
}

fn not_utf8(file: &str, bytes: &[u8], error: std::str::Utf8Error) -> Diagnostic {
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let span = Span {
        line,
        column,
        width: 1,
    };
    Diagnostic::new(Code::NotUtf8, file, Some(span), "the file is not UTF-8 text")
        .hint("save the file as UTF-8")
}

/// A list or a mapping that is still being read.
struct Open {
    start: RawSpan,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Map {
        entries: Vec<(Key, Rc<Node>)>,
        seen: HashSet<String>,
        key: Option<Key>,
    },
}

struct Builder<'a> {
    file: &'a str,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
    documents: usize,
    nodes: usize,
    faults: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a str) -> Self {
        let (open, anchors, faults) = Default::default();
        Builder {
            file,
            open,
            anchors,
            root: None,
            documents: 0,
            nodes: 0,
            faults,
        }
    }

    fn run(&mut self, text: &str) -> Result<(), Diagnostic> {
        let mut parser = Parser::new(StrInput::new(text));
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: RawSpan) -> Result<(), Diagnostic> {
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(span, anchor, tag.as_deref(), Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    seen: HashSet::new(),
                    key: None,
                };
                self.start(span, anchor, tag.as_deref(), content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(id) => self.alias(id, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, span: RawSpan) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents > 1 {
            let message = "a second YAML document begins here";
            return Err(self
                .fault(Code::SeveralDocuments, span, message)
                .hint("split the file at `---`"));
        }
        Ok(())
    }

    fn start(
        &mut self,
        start: RawSpan,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Result<(), Diagnostic> {
        self.count(start)?;
        self.core_tag(tag, start)?;
        if self.open.len() >= MAX_NESTING {
            let message = format!("values are nested deeper than {MAX_NESTING} levels");
            return Err(self.fault(Code::TooDeep, start, message));
        }
        self.open.push(Open {
            start,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self, end: RawSpan) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = within(open.start.start, end.end);
        let data = match open.content {
            Content::List(items) => Data::List(items),
            Content::Map { entries, .. } => Data::Map(entries),
        };
        self.add(Node { span, data }, open.anchor, open.start)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: RawSpan,
    ) -> Result<(), Diagnostic> {
        self.count(span)?;
        let text_tag = self.core_tag(tag, span)?;
        let plain = style == ScalarStyle::Plain && !text_tag;
        if plain && text == "<<" && self.wants_key() {
            let fault = self.fault(Code::UnsupportedYaml, span, "merge keys are not supported");
            return Err(fault.hint("write the members out"));
        }
        let value = if plain {
            scalar::plain(text)
        } else {
            Value::String(text.to_owned())
        };
        let data = Data::Scalar {
            value,
            text: text.to_owned(),
            plain,
        };
        self.add(
            Node {
                span: within(span.start, span.end),
                data,
            },
            anchor,
            span,
        )
    }

    fn alias(&mut self, id: usize, span: RawSpan) -> Result<(), Diagnostic> {
        self.count(span)?;
        let Some(node) = self.anchors.get(&id).cloned() else {
            return Err(self.fault(
                Code::UnsupportedYaml,
                span,
                "an alias stands inside its own anchor",
            ));
        };
        self.place(node, span)
    }

    fn add(&mut self, node: Node, anchor: usize, span: RawSpan) -> Result<(), Diagnostic> {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, span)
    }

    fn place(&mut self, node: Rc<Node>, span: RawSpan) -> Result<(), Diagnostic> {
        let here = within(span.start, span.end);
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key, .. }) if key.is_some() => {
                entries.extend(key.take().map(|key| (key, node)));
            }
            Some(Content::Map { key, seen, .. }) => {
                let (text, fault) = key_text(&node, seen);
                *key = Some(Key { text, span: here });
                let fault =
                    fault.map(|(code, message)| Diagnostic::new(code, self.file, Some(here), message));
                self.faults.extend(fault);
            }
        }
        // A hostile file must not make a million diagnostics.
        if self.faults.len() > 100 {
            self.faults.pop().map_or(Ok(()), Err)
        } else {
            Ok(())
        }
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                content: Content::Map { key: None, .. },
                ..
            })
        )
    }

    fn count(&mut self, span: RawSpan) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            Ok(())
        } else {
            Err(too_many(self.file, within(span.start, span.end)))
        }
    }

    /// Whether the tag says that the value is text.
    fn core_tag(&self, tag: Option<&Tag>, span: RawSpan) -> Result<bool, Diagnostic> {
        let Some(tag) = tag else { return Ok(false) };
        match tag.suffix.as_str() {
            "str" if tag.is_yaml_core_schema() => Ok(true),
            "map" | "seq" if tag.is_yaml_core_schema() => Ok(false),
            _ => {
                let fault = self.fault(Code::UnsupportedYaml, span, "tags are not supported");
                Err(fault.hint("delete the tag; quotes make a value text"))
            }
        }
    }

    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let span = within(*error.marker(), *error.marker());
        let info = error
            .info()
            .trim_end_matches('.')
            .replace("while parsing a node, ", "");
        Diagnostic::new(
            Code::Syntax,
            self.file,
            Some(span),
            format!("the file is not well-formed YAML: {info}"),
        )
    }

    fn fault(&self, code: Code, span: RawSpan, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.file, Some(within(span.start, span.end)), message)
    }
}

pub(super) fn too_many(file: &str, span: Span) -> Diagnostic {
    let message = "the file holds more than 200,000 values, counting what aliases repeat";
    Diagnostic::new(Code::TooManyNodes, file, Some(span), message)
}

/// A key's text, and what is wrong with it.
fn key_text(node: &Node, seen: &mut HashSet<String>) -> (String, Option<(Code, String)>) {
    match &node.data {
        Data::Scalar { text, plain, .. } if !(*plain && text.is_empty()) => {
            let twice = !seen.insert(text.clone());
            let message = || {
                (
                    Code::DuplicateKey,
                    format!("the key `{text}` stands twice in this mapping"),
                )
            };
            (text.clone(), twice.then(message))
        }
        _ => (
            String::new(),
            Some((Code::KeyNotText, "a key must be text".to_owned())),
        ),
    }
}
