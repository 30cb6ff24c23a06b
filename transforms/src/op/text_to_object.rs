//! `text_to_object`: one text becomes an object with its parts, and back.
//!
//! ```yaml
//! text_to_object: {at: /address, text: "{street...}, {city}, {region} {postal_code}, {country}"}
//! ```
//!
//! The slots are the object's members, all of them texts; `...` marks the one that may hold the separators. How a text is
//! read is told in `text_form.rs`; an object whose text would be read back differently cannot be shown as one.
//!
//! Loses nothing: a text that was not edited is never read, and members beside the slots are kept. Members that the type
//! knows beside the slots must be taken by `add` steps of their own after this one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::group::{keep_beside, no_field_beside, nothing_beside};
use super::text_form::TextForm;
use super::{Direction, Operator, Pair, Site, Stored, patch_whole};
use crate::contract::Purpose;
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Text, Value};

/// Settings of `text_to_object`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the text and the object stand, as a JSON Pointer.
    pub at: String,
    /// The text, with a `{slot}` for each member of the object; `{slot...}` may hold separators.
    pub text: String,
    /// The named type that the object is; for origins on the old side, whose document does not name it.
    #[serde(default)]
    pub becomes: Option<String>,
}

const ADDRESS: &str = r#"{"at": "/a", "text": "{street...}, {city}, {region} {zip}"}"#;

/// `text_to_object`.
pub const TEXT_TO_OBJECT: Entry = Entry {
    name: "text_to_object",
    summary: "A text becomes an object with its parts.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: ADDRESS,
            what: What::Both(
                r#"{"i":1,"a":"Flat 2, 12 Sq, London, LND SW1Y 4JH","z":2}"#,
                r#"{"i":1,"a":{"street":"Flat 2, 12 Sq","city":"London","region":"LND","zip":"SW1Y 4JH"},"z":2}"#,
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::Both(
                r#"{"a":"\"Ö\" \\, Köln, R 1"}"#,
                r#"{"a":{"street":"\"Ö\" \\","city":"Köln","region":"R","zip":"1"}}"#,
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::Both(r#"{"b":1}"#, r#"{"b":1}"#),
        },
        Case {
            settings: ADDRESS,
            what: What::Both(r#"{"a":null}"#, r#"{"a":null}"#),
        },
        Case {
            settings: ADDRESS,
            what: What::Down(
                r#"{"a":{"x":[],"zip":"1","street":"s","city":"c","region":"r"}}"#,
                r#"{"a":"s, c, r 1"}"#,
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedUp(r#"{"a":"nowhere"}"#, "/a"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedUp(r#"{"a":{"street":"s"}}"#, "/a"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(r#"{"a":"s, c, r 1"}"#, "/a"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(r#"{"a":{"street":"s","city":"c","region":"r"}}"#, "/a/zip"),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(
                r#"{"a":{"street":"s","city":"c","region":"r","zip":1}}"#,
                "/a/zip",
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(
                r#"{"a":{"street":"s","city":"c","region":"two words","zip":"1"}}"#,
                "/a/region",
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(
                r#"{"a":{"street":"s","city":"c\u002c d","region":"r","zip":"1"}}"#,
                "/a/city",
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::RefusedDown(
                r#"{"a":{"street":"s","city":"c","region":"r","zip":"1","x":1}}"#,
                "/a/x",
            ),
        },
        Case {
            settings: ADDRESS,
            what: What::PutUp {
                stored: r#"{"a":{"x":1,"zip":"1","street":"s","city":"c","region":"r"},"n":1}"#,
                sent: r#"{"n":2,"a":"s, c, r 1"}"#,
                gives: r#"{"n":2,"a":{"x":1,"zip":"1","street":"s","city":"c","region":"r"}}"#,
            },
        },
        Case {
            settings: ADDRESS,
            what: What::PutUp {
                stored: r#"{"a":{"x":1,"zip":"1","street":"\u0073","city":"c","region":"r"}}"#,
                sent: r#"{"a":"s, d, r 1"}"#,
                gives: r#"{"a":{"street":"\u0073","city":"d","region":"r","zip":"1","x":1}}"#,
            },
        },
        Case {
            settings: ADDRESS,
            what: What::PutUp {
                stored: r#"{"a":{"x":1,"zip":"1","street":"s","city":"c","region":"r"}}"#,
                sent: "{}",
                gives: "{}",
            },
        },
        Case {
            settings: ADDRESS,
            what: What::Patch(r#"{"a":"s, d, r 1"}"#, None),
        },
        Case {
            settings: ADDRESS,
            what: What::Patch(r#"{"a":null,"b":1}"#, Some(r#"{"a":null,"b":1}"#)),
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let form = TextForm::parse(&settings.text).map_err(|why| {
        SettingsFault::new(
            "/text",
            format!("`{}` is no text with slots: {why}", settings.text),
        )
    })?;
    Ok(Box::new(TextToObject {
        at: pointer(&settings.at, "/at")?,
        form,
        becomes: settings.becomes,
    }))
}

#[derive(Debug)]
struct TextToObject {
    at: Pointer,
    form: TextForm,
    becomes: Option<String>,
}

impl TextToObject {
    fn owns(&self, name: &str) -> bool {
        self.form.slots().iter().any(|slot| slot == name)
    }

    fn split(&self, value: &Value, stored: Option<&Value>) -> Result<Value, Fault> {
        let Some(text) = value.as_text() else {
            return Err(Fault::unfit(format!(
                "a text is needed here, this is {}",
                value.kind()
            )));
        };
        let Some(parts) = self.form.read(&text) else {
            let form = self.form.source();
            return Err(Fault::unfit(format!("the text is not of the form {form}")));
        };
        let slots = self.form.slots().iter().zip(parts);
        let member = |(slot, part): (&String, &str)| Member::own(slot, part_of(part, slot, stored));
        let mut object = Object::new(slots.map(member).collect());
        keep_beside(&mut object, stored, |name| self.owns(name));
        Ok(Value::Object(object))
    }

    fn join(&self, value: &Value, purpose: Purpose) -> Result<Value, Fault> {
        let Value::Object(object) = value else {
            return Err(Fault::unfit(format!(
                "an object is needed here, this is {}",
                value.kind()
            )));
        };
        let part = |slot: &String| part(object, slot).map_err(|f| f.below(&Pointer::of([slot])));
        let parts = self
            .form
            .slots()
            .iter()
            .map(part)
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(slot) = self.form.offender(&parts) {
            let detail = format!(
                "this value cannot be shown in a text of the form {}",
                self.form.source()
            );
            return Err(Fault::unfit(detail).below(&Pointer::of([&self.form.slots()[slot]])));
        }
        if purpose != Purpose::Answer {
            let mut rest = object.clone();
            rest.members_mut().retain(|m| !self.owns(&m.key.decoded()));
            nothing_beside(&rest, &Pointer::root())?;
        }
        Ok(Value::text(&self.form.write(&parts)))
    }

    fn object_type(&self) -> Shape {
        let field = |slot: &String| Field {
            name: slot.clone(),
            shape: Kind::Text.into(),
            required: true,
        };
        let fields = self.form.slots().iter().map(field).collect();
        Shape {
            label: self.becomes.clone(),
            ..Kind::Object { fields, open: true }.into()
        }
    }

    fn check_object(&self, shape: &Shape, types: &Types) -> Result<(), TypeFault> {
        let Kind::Object { fields, open } = &shape.kind else {
            return Err(wrong_kind(&self.at, "an object"));
        };
        for slot in self.form.slots() {
            let at = self.at.child(slot);
            let Some(field) = shape.field(slot) else {
                let message = format!("there is no member {at}");
                return Err(TypeFault::new(TypeFaultKind::NoSuchField, &at, message));
            };
            if !matches!(field.shape.resolve(types).kind, Kind::Text | Kind::Any) {
                return Err(wrong_kind(&at, "a text"));
            }
        }
        let beside = fields.iter().filter(|f| !self.owns(&f.name)).cloned().collect();
        let rest = Kind::Object {
            fields: beside,
            open: *open,
        };
        no_field_beside(&rest.into(), &self.at)
    }
}

/// A part of an edited text; one that was not edited stays as it is stored.
fn part_of(part: &str, slot: &str, stored: Option<&Value>) -> Value {
    let stored = stored
        .and_then(|s| s.as_object()?.get(slot))
        .filter(|s| s.as_text().as_deref() == Some(part));
    stored.cloned().unwrap_or_else(|| Value::Text(Text::plain(part)))
}

fn part<'o>(object: &'o Object, slot: &str) -> Result<std::borrow::Cow<'o, str>, Fault> {
    let Some(value) = object.get(slot) else {
        return Err(Fault::unfit("this member is needed and missing"));
    };
    value
        .as_text()
        .ok_or_else(|| Fault::unfit(format!("a text is needed here, this is {}", value.kind())))
}

fn wrong_kind(at: &Pointer, wanted: &str) -> TypeFault {
    TypeFault::new(TypeFaultKind::WrongKind, at, format!("{at} is not {wanted}"))
}

impl Operator for TextToObject {
    fn name(&self) -> &'static str {
        "text_to_object"
    }

    fn pairs(&self) -> Vec<Pair> {
        let part = |slot: &String| Pair::shallow(&self.at, &self.at.child(slot));
        let whole = std::iter::once(Pair::shallow(&self.at, &self.at));
        whole.chain(self.form.slots().iter().map(part)).collect()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        let made = if to == Direction::Down {
            if place.kind != Kind::Any {
                self.check_object(place, types)?;
            }
            Kind::Text.into()
        } else if matches!(place.kind, Kind::Text | Kind::Any) {
            self.object_type()
        } else {
            return Err(wrong_kind(&self.at, "a text"));
        };
        *place = Shape {
            nullable: place.nullable,
            ..made
        };
        Ok(())
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some(value) = self.at.look_mut(doc) else {
            return Ok(());
        };
        let stored = site.after(&self.at);
        let made = match stored {
            Some(stored) if site.before(&self.at) == Some(value) => Ok(stored.clone()),
            _ if *value == Value::Null && site.nullable(&self.at) => return Ok(()),
            _ if to == Direction::Up => self.split(value, stored),
            _ => self.join(value, site.purpose),
        };
        *value = made.map_err(|f| f.below(&self.at))?;
        Ok(())
    }

    fn patch(&self, _: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        patch_whole(patch, &self.at)
    }

    fn stored(&self, to: Direction) -> Stored {
        // An unchanged text is never read, and hidden members stay. The other way, the text says it all.
        if to == Direction::Up {
            Stored::Consulted
        } else {
            Stored::Never
        }
    }
}
