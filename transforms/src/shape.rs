//! The type of a document: what [`crate::contract`] reads from an OpenAPI document, and what changes turn into
//! the types of every other version.
//!
//! A shape keeps the label of the named type that it came from, also where a change made one occurrence of that
//! type differ from the others; changes are scoped by label.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::pointer::Pointer;

/// The named types of one version.
pub type Types = BTreeMap<String, Shape>;

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The named type that this is, or is an occurrence of.
    pub label: Option<String>,
    /// What stands there.
    pub kind: Kind,
    /// Whether null may stand there too.
    pub nullable: bool,
    /// Keywords of JSON Schema that no change needs to understand: pattern, minimum, description, enum and the like.
    pub rules: Map<String, Json>,
}

/// What kind of value stands there.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Anything.
    Any,
    /// A named type.
    Ref(String),
    /// An object with known members; `open` says whether others may stand beside them.
    Object {
        /// The known members.
        fields: Vec<Field>,
        /// Whether other members are allowed.
        open: bool,
    },
    /// An object whose members all have one type.
    Map(Box<Shape>),
    /// An array whose items have one type.
    List(Box<Shape>),
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// One of several.
    OneOf(Vec<Shape>),
}

/// A known member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
}

/// Why a change does not fit the types that it is applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFault {
    /// What kind of fault.
    pub kind: TypeFaultKind,
    /// The place in the type.
    pub pointer: Pointer,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Kinds of [`TypeFault`]; each has a diagnostic of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeFaultKind {
    /// The change names a member that the type does not have.
    NoSuchField,
    /// The change makes a member that the type has already.
    FieldExists,
    /// One direction loses something that the change does not declare.
    UndeclaredLoss,
    /// A map of values that cannot be inverted.
    NotInvertible,
    /// The operator does not fit the kind of value there.
    WrongKind,
    /// The change names a type that the version does not have.
    NoSuchType,
    /// The change names an operation that the version does not have.
    NoSuchOperation,
    /// The settings contradict each other.
    Settings,
}

impl TypeFault {
    /// A fault at a place.
    pub fn new(kind: TypeFaultKind, pointer: &Pointer, message: impl Into<String>) -> Self {
        Self {
            kind,
            pointer: pointer.clone(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// How well a type knows a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The place is one of the type's.
    Yes,
    /// The type has no such place.
    No,
    /// The type says nothing there.
    Untyped,
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        Self {
            label: None,
            kind,
            nullable: false,
            rules: Map::new(),
        }
    }
}

impl Shape {
    /// A type that allows anything.
    pub fn any() -> Self {
        Kind::Any.into()
    }

    /// The named type.
    pub fn reference(name: &str) -> Self {
        Kind::Ref(name.to_owned()).into()
    }

    /// The type behind a name; a name without a type is anything.
    pub fn resolve<'s>(&'s self, types: &'s Types) -> &'s Shape {
        let mut shape = self;
        for _ in 0..32 {
            match &shape.kind {
                Kind::Ref(name) => match types.get(name) {
                    Some(named) => shape = named,
                    None => return &ANY,
                },
                _ => break,
            }
        }
        shape
    }

    /// The label of the named type that stands here.
    pub fn label<'s>(&'s self, types: &'s Types) -> Option<&'s str> {
        if let (Kind::Ref(name), None) = (&self.kind, &self.label) {
            return Some(types.get(name).and_then(|t| t.label.as_deref()).unwrap_or(name));
        }
        self.label.as_deref()
    }

    /// The known members, if it is an object.
    pub fn fields(&self) -> &[Field] {
        if let Kind::Object { fields, .. } = &self.kind {
            fields
        } else {
            &[]
        }
    }

    /// The known member of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|f| f.name == name)
    }

    /// The type one step down.
    pub fn child<'s>(&'s self, name: &str, types: &'s Types) -> Option<&'s Shape> {
        let shape = self.resolve(types);
        match &shape.kind {
            Kind::Any => Some(&ANY),
            Kind::Object { .. } => shape.field(name).map(|f| &f.shape),
            Kind::Map(inner) => Some(inner),
            Kind::List(inner) if name == "*" || name == "-" || name.parse::<usize>().is_ok() => Some(inner),
            Kind::OneOf(shapes) => shapes.iter().find_map(|s| s.child(name, types)),
            _ => None,
        }
    }

    /// The type at a place.
    pub fn at<'s>(&'s self, pointer: &Pointer, types: &'s Types) -> Option<&'s Shape> {
        pointer
            .names()
            .iter()
            .try_fold(self, |shape, name| shape.child(name, types))
    }

    /// Whether the named type occurs in this one.
    pub fn mentions(&self, label: &str, types: &Types) -> bool {
        self.mentions_within(label, types, &mut BTreeSet::new())
    }

    fn mentions_within<'s>(&'s self, label: &str, types: &'s Types, seen: &mut BTreeSet<&'s str>) -> bool {
        if self.label(types) == Some(label) {
            return true;
        }
        if let Kind::Ref(name) = &self.kind {
            let known = types.get(name).filter(|_| seen.insert(name));
            return known.is_some_and(|named| named.mentions_within(label, types, seen));
        }
        match &self.kind {
            Kind::Object { fields, .. } => fields.iter().any(|f| f.shape.mentions_within(label, types, seen)),
            Kind::Map(inner) | Kind::List(inner) => inner.mentions_within(label, types, seen),
            Kind::OneOf(shapes) => shapes.iter().any(|s| s.mentions_within(label, types, seen)),
            _ => false,
        }
    }

    /// How well this type knows a place.
    pub fn knows(&self, pointer: &Pointer, types: &Types) -> Known {
        let mut shape = self;
        for name in pointer.names() {
            let resolved = shape.resolve(types);
            if matches!(resolved.kind, Kind::Any) {
                return Known::Untyped;
            }
            match shape.child(name, types) {
                Some(child) => shape = child,
                None => return Known::No,
            }
        }
        Known::Yes
    }

    /// The longest beginning of a pointer that this type has a place for.
    pub fn nearest(&self, pointer: &Pointer, types: &Types) -> Pointer {
        let fits = |count: &usize| self.knows(&pointer.truncate(*count), types) != Known::No;
        let count = (0..=pointer.names().len()).rev().find(fits).unwrap_or(0);
        pointer.truncate(count)
    }

    /// Makes this occurrence of a named type its own, so that it can be changed apart from the others.
    pub fn open(&mut self, types: &Types) -> &mut Shape {
        if matches!(self.kind, Kind::Ref(_)) {
            let nullable = self.nullable;
            let label = self.label(types).map(str::to_owned);
            *self = self.resolve(types).clone();
            self.nullable |= nullable;
            self.label = self.label.take().or(label);
        }
        self
    }

    /// The type at a place, to change; named types on the way are opened. `None` where the type says nothing.
    ///
    /// # Errors
    /// When the type has no such place.
    pub fn at_mut(&mut self, pointer: &Pointer, types: &Types) -> Result<Option<&mut Shape>, TypeFault> {
        let mut shape = self;
        for name in pointer.names() {
            shape.open(types);
            if matches!(shape.kind, Kind::Any) {
                return Ok(None);
            }
            let candidates: Vec<String> = shape.fields().iter().map(|f| f.name.clone()).collect();
            shape = match &mut shape.kind {
                Kind::Object { fields, .. } => {
                    fields.iter_mut().find(|f| f.name == *name).map(|f| &mut f.shape)
                }
                Kind::Map(inner) | Kind::List(inner) => Some(inner.as_mut()),
                _ => None,
            }
            .ok_or_else(|| no_such_field(pointer, &candidates))?;
        }
        shape.open(types);
        Ok(Some(shape))
    }

    /// Takes a known member out of the type. `None` where the type says nothing.
    ///
    /// # Errors
    /// When there is no such member.
    pub fn take_field(
        &mut self,
        pointer: &Pointer,
        types: &Types,
    ) -> Result<Option<(usize, Field)>, TypeFault> {
        let Some((parent, name)) = pointer.split_last() else {
            return Ok(None);
        };
        let Some(shape) = self.at_mut(&parent, types)? else {
            return Ok(None);
        };
        let candidates: Vec<String> = shape.fields().iter().map(|f| f.name.clone()).collect();
        match &mut shape.kind {
            Kind::Any => Ok(None),
            Kind::Object { fields, .. } => match fields.iter().position(|f| f.name == name) {
                Some(index) => Ok(Some((index, fields.remove(index)))),
                None => Err(no_such_field(pointer, &candidates)),
            },
            _ => Err(TypeFault::new(
                TypeFaultKind::WrongKind,
                &parent,
                format!("{parent} is not an object"),
            )),
        }
    }

    /// Puts a known member into the type; beyond the end means at the end. Where the type says nothing, nothing happens.
    ///
    /// # Errors
    /// When the member exists, or its parent is no object.
    pub fn put_field(
        &mut self,
        pointer: &Pointer,
        index: usize,
        mut field: Field,
        types: &Types,
    ) -> Result<(), TypeFault> {
        let Some((parent, name)) = pointer.split_last() else {
            return Ok(());
        };
        let Some(shape) = self.at_mut(&parent, types)? else {
            return Ok(());
        };
        match &mut shape.kind {
            Kind::Any => Ok(()),
            Kind::Object { fields, .. } if fields.iter().any(|f| f.name == name) => {
                let message = format!("there is a member {pointer} already");
                Err(TypeFault::new(TypeFaultKind::FieldExists, pointer, message))
            }
            Kind::Object { fields, .. } => {
                name.clone_into(&mut field.name);
                fields.insert(index.min(fields.len()), field);
                Ok(())
            }
            _ => Err(TypeFault::new(
                TypeFaultKind::WrongKind,
                &parent,
                format!("{parent} is not an object"),
            )),
        }
    }
}

static ANY: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::any);

impl Field {
    /// A member of unknown type that may be absent.
    pub fn any(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shape: Shape::any(),
            required: false,
        }
    }
}

fn no_such_field(pointer: &Pointer, candidates: &[String]) -> TypeFault {
    let fault = TypeFault::new(
        TypeFaultKind::NoSuchField,
        pointer,
        format!("there is no member {pointer}"),
    );
    if candidates.is_empty() {
        fault
    } else {
        fault.hint(format!("the members there are: {}", candidates.join(", ")))
    }
}
