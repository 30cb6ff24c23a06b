//! `rename_case`: the member names of an object are written in another case.
//!
//! `rename_case: {at: "", from: snake_case, to: camelCase}` renames the members that the type knows; others pass as they
//! came. Where the type says nothing, all members are renamed. `deep: true` goes on into the objects and lists below, but
//! not into other named types: those have steps of their own. The names of a map's members are data and stay.
//!
//! A name of another form (`_links`) stays as it is. A name that could not be turned back (`line_2` would become `line2`)
//! is refused: rename it in a step of its own. Loses nothing.

mod name;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::rules::wrong_kind;
use super::scalar::one_place;
use super::{Direction, Operator, Pair, Site, Stored};
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Text, Value};
pub use name::NameCase;

/// Settings of `rename_case`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the object stands, as a JSON Pointer.
    #[serde(default)]
    pub at: String,
    /// How the old version writes names.
    pub from: NameCase,
    /// How the new version writes names.
    pub to: NameCase,
    /// Whether the objects below are meant too.
    #[serde(default)]
    pub deep: bool,
}

const CAMEL: &str = r#"{"from": "snake_case", "to": "camelCase"}"#;
const DEEP: &str = r#"{"at": "/o", "from": "snake_case", "to": "camelCase", "deep": true}"#;
const FLAT: &str = r#"{"at": "/o", "from": "kebab-case", "to": "PascalCase"}"#;

/// `rename_case`.
pub const RENAME_CASE: Entry = Entry {
    name: "rename_case",
    summary: "The member names of an object are written in another case.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case::new(
            CAMEL,
            What::Both(
                r#"{"postal_code":1.0,"id":2,"_links":3,"x":4}"#,
                r#"{"postalCode":1.0,"id":2,"_links":3,"x":4}"#,
            ),
        ),
        Case::new(CAMEL, What::Both(r#"{"o":{"a_b":1}}"#, r#"{"o":{"a_b":1}}"#)),
        Case::new(
            CAMEL,
            What::Both(r#"{"straße_ä":1,"o":[]}"#, r#"{"straßeÄ":1,"o":[]}"#),
        ),
        Case::new(CAMEL, What::Up(r#"{"a\u005fb":1}"#, r#"{"aB":1}"#)),
        Case::new(CAMEL, What::Both("[]", "[]")),
        Case::new(
            DEEP,
            What::Both(
                r#"{"o":{"a_b":[{"c_d":1}],"e_f":{"g_h":2}},"i_j":3}"#,
                r#"{"o":{"aB":[{"cD":1}],"eF":{"gH":2}},"i_j":3}"#,
            ),
        ),
        Case::new(
            FLAT,
            What::Both(r#"{"o":{"a-b":{"c-d":1}}}"#, r#"{"o":{"AB":{"c-d":1}}}"#),
        ),
        Case::new(
            CAMEL,
            What::PutUp {
                stored: r#"{"aB":1,"x":2}"#,
                sent: r#"{"x":3,"a_b":1.5}"#,
                gives: r#"{"x":3,"aB":1.5}"#,
            },
        ),
        Case::new(CAMEL, What::Patch(r#"{"a_b":null}"#, Some(r#"{"aB":null}"#))),
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    if settings.from == settings.to {
        return Err(SettingsFault::new("/to", "both versions write names alike"));
    }
    let at = pointer(&settings.at, "/at")?;
    let Settings {
        from: old,
        to: new,
        deep,
        ..
    } = settings;
    Ok(Box::new(RenameCase { at, old, new, deep }))
}

#[derive(Debug)]
struct RenameCase {
    at: Pointer,
    old: NameCase,
    new: NameCase,
    deep: bool,
}

/// Whether steps on the object around it go on into a value of this type.
fn is_inner(shape: &Shape) -> bool {
    shape.label.is_none() && !matches!(shape.kind, Kind::Ref(_))
}

impl RenameCase {
    /// The name on the other side, if it can be turned back from there.
    fn rename(&self, to: Direction, name: &str) -> Option<String> {
        let (from, into) = if to == Direction::Up {
            (self.old, self.new)
        } else {
            (self.new, self.old)
        };
        let turned = from.turn(into, name)?;
        (into.turn(from, &turned)? == name).then_some(turned)
    }

    fn retype_fields(&self, to: Direction, fields: &mut [Field], at: &Pointer) -> Result<(), TypeFault> {
        for field in fields {
            let here = at.child(&field.name);
            let Some(name) = self.rename(to, &field.name) else {
                let message = format!(
                    "the name `{}` would not come back from the other case",
                    field.name
                );
                return Err(TypeFault::new(TypeFaultKind::NotInvertible, &here, message)
                    .hint("rename it in a step of its own"));
            };
            field.name = name;
            if self.deep && is_inner(&field.shape) {
                self.retype_below(to, &mut field.shape, &here)?;
            }
        }
        Ok(())
    }

    fn retype_below(&self, to: Direction, shape: &mut Shape, at: &Pointer) -> Result<(), TypeFault> {
        match &mut shape.kind {
            Kind::Object { fields, .. } => self.retype_fields(to, fields, at),
            Kind::List(inner) | Kind::Map(inner) if is_inner(inner) => {
                self.retype_below(to, inner, &at.child("*"))
            }
            _ => Ok(()),
        }
    }

    fn carry(&self, to: Direction, value: &mut Value, shape: &Shape) -> Result<(), Fault> {
        match (value, &shape.kind) {
            (Value::Object(object), Kind::Object { .. } | Kind::Any) => {
                for member in object.members_mut() {
                    let name = member.key.decoded().into_owned();
                    self.member(to, &name, &mut member.key, &mut member.value, shape)
                        .map_err(|f| f.below(&Pointer::of([name])))?;
                }
                Ok(())
            }
            (Value::Object(object), Kind::Map(inner)) => {
                object.members_mut().iter_mut().try_for_each(|member| {
                    let at = Pointer::of([member.key.decoded()]);
                    self.below(to, &mut member.value, inner).map_err(|f| f.below(&at))
                })
            }
            (Value::List(items), kind) => {
                let any = Shape::any();
                let inner = match kind {
                    Kind::List(inner) => inner,
                    Kind::Any => &any,
                    _ => return Ok(()),
                };
                items.iter_mut().enumerate().try_for_each(|(index, item)| {
                    self.below(to, item, inner)
                        .map_err(|f| f.below(&Pointer::of([index.to_string()])))
                })
            }
            _ => Ok(()),
        }
    }

    fn below(&self, to: Direction, value: &mut Value, shape: &Shape) -> Result<(), Fault> {
        if self.deep && is_inner(shape) {
            self.carry(to, value, shape)
        } else {
            Ok(())
        }
    }

    fn member(
        &self,
        to: Direction,
        name: &str,
        key: &mut Text,
        value: &mut Value,
        shape: &Shape,
    ) -> Result<(), Fault> {
        let untyped = matches!(shape.kind, Kind::Any);
        let any = Shape::any();
        let known = shape.field(name).map(|f| &f.shape).or(untyped.then_some(&any));
        let Some(inner) = known else {
            return self.refuse_captured(to, name, shape);
        };
        let other = self.rename(to, name);
        let other =
            other.ok_or_else(|| Fault::unfit("this name would not come back from the other version"))?;
        if other != name {
            *key = Text::plain(&other);
        }
        self.below(to, value, inner)
    }

    /// A member that no version mentions may not stand where a known one goes.
    fn refuse_captured(&self, to: Direction, name: &str, shape: &Shape) -> Result<(), Fault> {
        let taken = shape
            .fields()
            .iter()
            .any(|f| self.rename(to, &f.name).as_deref() == Some(name));
        if taken {
            let detail = "this name means something in another version, but nothing in this one";
            return Err(Fault::new(FaultKind::Captured, detail));
        }
        Ok(())
    }
}

impl Operator for RenameCase {
    fn name(&self) -> &'static str {
        "rename_case"
    }

    fn pairs(&self) -> Vec<Pair> {
        // Which members there are only the type knows.
        Vec::new()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        one_place(shape, &self.at, types)?;
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        match &mut place.kind {
            Kind::Any => Ok(()),
            Kind::Object { fields, .. } => self.retype_fields(to, fields, &self.at),
            kind => Err(TypeFault {
                pointer: self.at.clone(),
                ..wrong_kind(kind, "an object")
            }),
        }
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(place) = self.at.look_mut(doc) else {
            return Ok(());
        };
        let Some(shape) = site.source.at(&self.at, site.source_types) else {
            return Ok(());
        };
        let shape = shape.resolve(site.source_types);
        if !matches!(shape.kind, Kind::Object { .. } | Kind::Any) || place.as_object().is_none() {
            return Ok(());
        }
        self.carry(to, place, shape).map_err(|f| f.below(&self.at))
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.apply(to, patch, site)
    }

    fn stored(&self, _: Direction) -> Stored {
        Stored::Never
    }

    fn locate(&self, to: Direction, pointer: &Pointer) -> Pointer {
        let Some(rest) = pointer.strip(&self.at) else {
            return pointer.clone();
        };
        let name = |(depth, name): (usize, &String)| {
            let turned = (depth == 0 || self.deep).then(|| self.rename(to, name));
            turned.flatten().unwrap_or_else(|| name.clone())
        };
        self.at
            .join(&Pointer::of(rest.names().iter().enumerate().map(name)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn operator(settings: &str) -> Box<dyn Operator> {
        build(&serde_json::from_str(settings).unwrap(), &|_| Err(String::new())).unwrap()
    }

    fn object(names: &[&str]) -> Shape {
        let fields = names.iter().map(|name| Field::any(name)).collect();
        Kind::Object { fields, open: true }.into()
    }

    #[test]
    fn known_names_must_come_back() {
        let op = operator(CAMEL);
        let mut shape = object(&["a_b", "_c"]);
        op.retype(Direction::Up, &mut shape, &Types::new()).unwrap();
        assert_eq!(shape, object(&["aB", "_c"]));
        for odd in ["line_2", "createdAt"] {
            let fault = op
                .retype(Direction::Up, &mut object(&[odd]), &Types::new())
                .unwrap_err();
            assert_eq!(
                (fault.kind, fault.pointer),
                (TypeFaultKind::NotInvertible, Pointer::of([odd]))
            );
        }
    }

    #[test]
    fn pointers_follow() {
        let at = |text: &str| Pointer::parse(text).unwrap();
        let op = operator(DEEP);
        assert_eq!(op.locate(Direction::Up, &at("/o/a_b/0/c_d")), at("/o/aB/0/cD"));
        assert_eq!(op.locate(Direction::Down, &at("/o/aB")), at("/o/a_b"));
        assert_eq!(op.locate(Direction::Up, &at("/x_y")), at("/x_y"));
        assert_eq!(
            operator(CAMEL).locate(Direction::Up, &at("/a_b/c_d")),
            at("/aB/c_d")
        );
    }
}
