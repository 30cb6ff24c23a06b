//! What all parts of reading share: the document, references into it, bounds, and the faults found so far.

use serde_json::{Map, Value as Json};

use super::{DocumentFault, LABEL, MAX_DEPTH, MAX_SHAPES};
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, Types};

/// Where named types stand: in OpenAPI, in JSON Schema, and in its older drafts.
const HOMES: [&[&str]; 3] = [&["components", "schemas"], &["$defs"], &["definitions"]];

/// Which OpenAPI a document speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 3.0: `nullable`, truth values as exclusive bounds, nothing beside `$ref`.
    V30,
    /// 3.1: JSON Schema 2020-12.
    V31,
}

/// The dialect that a document says it speaks.
pub(super) fn dialect(document: &Json) -> Result<Dialect, DocumentFault> {
    let version = document.get("openapi").and_then(Json::as_str).unwrap_or_default();
    if version.starts_with("3.0.") {
        Ok(Dialect::V30)
    } else if version.starts_with("3.1.") {
        Ok(Dialect::V31)
    } else {
        Err(DocumentFault {
            pointer: Pointer::of(["openapi"]),
            message: "the document is not OpenAPI 3.0 or 3.1".to_owned(),
            hint: Some("begin it with `openapi: 3.1.0`; convert other versions first".to_owned()),
        })
    }
}

/// What a reference leads to.
pub(super) enum Target<'d> {
    /// A named type.
    Named(String),
    /// Some other place in the document.
    Place(Pointer, &'d Json),
}

/// A document that is being read.
pub(super) struct Reader<'d> {
    root: &'d Json,
    /// What its schemas are written in.
    pub(super) dialect: Dialect,
    /// Named types that are being copied: they are not copied into themselves.
    pub(super) copying: Vec<String>,
    faults: Vec<DocumentFault>,
    depth: usize,
    shapes: usize,
}

impl<'d> Reader<'d> {
    pub(super) fn new(root: &'d Json, dialect: Dialect) -> Self {
        Self {
            root,
            dialect,
            copying: Vec::new(),
            faults: Vec::new(),
            depth: 0,
            shapes: 0,
        }
    }

    /// The whole document.
    pub(super) fn root(&self) -> &'d Json {
        self.root
    }

    /// The result, unless there were faults.
    pub(super) fn finish<T>(self, result: T) -> Result<T, Vec<DocumentFault>> {
        if self.faults.is_empty() {
            Ok(result)
        } else {
            Err(self.faults)
        }
    }

    /// Notes a fault. What is read more than once is faulted once.
    pub(super) fn fault(&mut self, pointer: &Pointer, message: impl Into<String>, hint: Option<&str>) {
        let fault = DocumentFault {
            pointer: pointer.clone(),
            message: message.into(),
            hint: hint.map(str::to_owned),
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The object that must stand there.
    pub(super) fn object(
        &mut self,
        at: &Pointer,
        json: &'d Json,
        what: &str,
    ) -> Option<&'d Map<String, Json>> {
        if !json.is_object() {
            self.fault(at, format!("{what} must be an object"), None);
        }
        json.as_object()
    }

    /// All named types. The first home that a document has is the one that counts.
    pub(super) fn types(&mut self) -> Types {
        let home = HOMES.iter().find_map(|home| {
            let at = Pointer::of(home.iter().copied());
            look(self.root, &at).map(|json| (at, json))
        });
        let Some((at, json)) = home else {
            return Types::new();
        };
        let named = self.object(&at, json, "the collection of named types");
        let names = named.into_iter().flatten();
        let types: Types = names
            .map(|(name, schema)| (name.clone(), self.named(&at.child(name), name, schema)))
            .collect();
        self.refuse_circles(&at, &types);
        types
    }

    fn named(&mut self, at: &Pointer, name: &str, schema: &'d Json) -> Shape {
        self.copying.push(name.to_owned());
        let mut shape = self.schema(at, schema);
        self.copying.pop();
        if schema.get(LABEL).is_none() {
            shape.label = Some(name.to_owned());
        }
        shape
    }

    /// A type that is only another name for itself has no values.
    fn refuse_circles(&mut self, at: &Pointer, types: &Types) {
        for (name, shape) in types {
            if matches!(shape.resolve(types).kind, Kind::Ref(_)) {
                let message = format!("the type {name} is only another name for itself");
                self.fault(&at.child(name), message, None);
            }
        }
    }

    /// The schema of a named type, with its place.
    pub(super) fn schema_named(&self, name: &str) -> Option<(Pointer, &'d Json)> {
        HOMES.iter().find_map(|home| {
            let at = Pointer::of(home.iter().copied()).child(name);
            look(self.root, &at).map(|schema| (at, schema))
        })
    }

    /// What a `$ref` leads to.
    pub(super) fn target(&mut self, at: &Pointer, reference: &Json) -> Option<Target<'d>> {
        let at = at.child("$ref");
        let Some(text) = reference.as_str() else {
            self.fault(&at, "a reference must be a text", None);
            return None;
        };
        let Some(pointer) = text.strip_prefix('#').and_then(fragment) else {
            let hint = "bundle the document first, so that every reference begins with #/";
            self.fault(&at, format!("`{text}` leads out of the document"), Some(hint));
            return None;
        };
        if let Some(name) = name_of(&pointer) {
            self.expect_named(&at, name);
            return Some(Target::Named(name.to_owned()));
        }
        let found = look(self.root, &pointer).filter(|_| !pointer.is_root());
        if found.is_none() {
            self.fault(&at, format!("there is nothing at `{text}`"), None);
        }
        found.map(|json| Target::Place(pointer, json))
    }

    fn expect_named(&mut self, at: &Pointer, name: &str) {
        if self.schema_named(name).is_none() {
            self.fault(at, format!("there is no type {name}"), None);
        }
    }

    /// What stands there, or where the reference there leads; `what` is for faults.
    pub(super) fn follow(
        &mut self,
        at: &Pointer,
        json: &'d Json,
        what: &str,
    ) -> Option<(Pointer, &'d Map<String, Json>)> {
        let (mut at, mut json) = (at.clone(), json);
        for _ in 0..MAX_DEPTH {
            let map = self.object(&at, json, what)?;
            let Some(reference) = map.get("$ref") else {
                return Some((at, map));
            };
            match self.target(&at, reference)? {
                Target::Place(place, found) => (at, json) = (place, found),
                Target::Named(_) => {
                    self.fault(&at, format!("{what} cannot be a type"), None);
                    return None;
                }
            }
        }
        self.fault(&at, "the reference leads back to itself", None);
        None
    }

    /// Reads one level deeper, within the bounds.
    pub(super) fn deeper(&mut self, at: &Pointer, read: impl FnOnce(&mut Self) -> Shape) -> Shape {
        self.shapes += 1;
        if self.depth >= MAX_DEPTH {
            let message = format!("schemas stand more than {MAX_DEPTH} deep in one another");
            self.fault(at, message, Some("name the inner ones and refer to them"));
            return Shape::any();
        }
        if self.shapes > MAX_SHAPES {
            // One fault, at no place: every place after this one is beyond the bound too.
            self.fault(&Pointer::root(), "the document makes too many types", None);
            return Shape::any();
        }
        self.depth += 1;
        let shape = read(self);
        self.depth -= 1;
        shape
    }
}

/// The value at a place in a JSON document.
pub(super) fn look<'d>(root: &'d Json, at: &Pointer) -> Option<&'d Json> {
    at.names().iter().try_fold(root, |json, name| match json {
        Json::Object(map) => map.get(name),
        Json::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The name of the type that a pointer leads to, if it leads to a named type.
pub(super) fn name_of(pointer: &Pointer) -> Option<&str> {
    let (name, home) = pointer.names().split_last()?;
    HOMES.iter().any(|h| home == *h).then_some(name)
}

/// The pointer in a reference's fragment (RFC 6901, 6).
pub(super) fn fragment(text: &str) -> Option<Pointer> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            hex(rest.next()?)? * 16 + hex(rest.next()?)?
        } else {
            byte
        });
    }
    Pointer::parse(&String::from_utf8(bytes).ok()?).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}
