//! `add` and `remove`: a member that only one side has.
//!
//! `add: {at: /address/geo, loss: {create: drop, replace: keep, while_unchanged: [street, city]}}` — the new version
//! has it. Clients of the old version cannot see it, so the step declares what their writes do to it. `remove` is the
//! same read backwards: the old version had it. `show` gives clients of the side without the member nothing, but
//! clients of the side *with* it a constant, where the stored document cannot hold it: `remove: {at: /password_hint,
//! show: ""}`.
//!
//! A client that writes the member although the stored version cannot hold it is refused, unless `unstorable: drop`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::relocate::{dissolve_type, made_type, take};
use super::{Direction, Operator, Pair, Reversed, Side, Site, Stored, needs_stored, touches};
use crate::contract::Purpose;
use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::shape::{Field, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Value};

/// Settings of `add` and `remove`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the member stands, as a JSON Pointer.
    pub at: String,
    /// Its JSON Schema; needed where the origin is on the side without it.
    #[serde(default)]
    pub schema: Option<Json>,
    /// Whether documents of the side that has it always hold it.
    #[serde(default)]
    pub required: bool,
    /// What clients of the side with the member see when the stored document cannot hold it.
    #[serde(default)]
    pub show: Option<Json>,
    /// What writes by clients of the side without it do to it.
    #[serde(default)]
    pub loss: Option<LossSettings>,
    /// What happens to it when a client writes it, but the stored version cannot hold it.
    #[serde(default)]
    pub unstorable: Unstorable,
}

/// What writes by clients that cannot see the member do to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossSettings {
    /// On create: `drop` (it is absent), `{default: VALUE}` or `reject`.
    #[serde(default)]
    pub create: Option<Choice>,
    /// On replace: `keep` the stored value, `drop`, `{default: VALUE}` or `reject`.
    #[serde(default)]
    pub replace: Option<Choice>,
    /// On patch; without it as on replace.
    #[serde(default)]
    pub patch: Option<Choice>,
    /// Members beside it: it is kept only while none of them changes.
    #[serde(default)]
    pub while_unchanged: Vec<String>,
}

/// One way to deal with a member that a client cannot see.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The stored value stays.
    Keep,
    /// The member is absent.
    Drop,
    /// The write is refused.
    Reject,
    /// The member gets this value.
    Default(Json),
}

/// What happens to a member that the stored version cannot hold, when a client writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unstorable {
    /// The write is refused.
    #[default]
    Reject,
    /// The value is dropped.
    Drop,
}

/// `add`.
pub const ADD: Entry = Entry {
    name: "add",
    summary: "The new version has a member that the old one has not.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: r#"{"at": "/a", "loss": {"create": {"default": false}, "replace": "keep"}}"#,
            what: What::Up("{}", r#"{"a":false}"#),
        },
        Case {
            settings: r#"{"at": "/a", "loss": {"create": "drop", "replace": "keep"}}"#,
            what: What::Down(r#"{"a":1,"b":2}"#, r#"{"b":2}"#),
        },
        Case {
            settings: r#"{"at": "/o/a", "loss": {"create": "drop", "replace": "keep", "while_unchanged": ["b"]}}"#,
            what: What::PutUp {
                stored: r#"{"o":{"a":1,"b":2}}"#,
                sent: r#"{"o":{"b":2}}"#,
                gives: r#"{"o":{"b":2,"a":1}}"#,
            },
        },
        Case {
            settings: r#"{"at": "/o/a", "loss": {"create": "drop", "replace": "keep", "while_unchanged": ["b"]}}"#,
            what: What::PutUp {
                stored: r#"{"o":{"a":1,"b":2}}"#,
                sent: r#"{"o":{"b":3}}"#,
                gives: r#"{"o":{"b":3}}"#,
            },
        },
        Case {
            settings: r#"{"at": "/o/a", "loss": {"create": "drop", "replace": "keep", "while_unchanged": ["b"]}}"#,
            what: What::Patch(r#"{"o":{"b":3}}"#, None),
        },
        Case {
            settings: r#"{"at": "/o/a", "loss": {"create": "drop", "replace": "keep", "while_unchanged": ["b"]}}"#,
            what: What::Patch(r#"{"o":{"c":3}}"#, Some(r#"{"o":{"c":3}}"#)),
        },
    ],
};

/// `remove`.
pub const REMOVE: Entry = Entry {
    name: "remove",
    summary: "The old version has a member that the new one has not.",
    schema: schema::<Settings>,
    build: build_remove,
    cases: &[
        Case {
            settings: r#"{"at": "/hint", "show": "", "unstorable": "drop", "required": true}"#,
            what: What::Both(r#"{"a":1,"hint":""}"#, r#"{"a":1}"#),
        },
        Case {
            settings: r#"{"at": "/hint"}"#,
            what: What::RefusedUp(r#"{"hint":1}"#, "/hint"),
        },
    ],
};

fn build(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    Ok(Box::new(Add::new("add", settings(json)?)?))
}

fn build_remove(json: &Json, _: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    Ok(Box::new(Reversed {
        name: "remove",
        inner: Box::new(Add::new("remove", settings(json)?)?),
    }))
}

#[derive(Debug)]
struct Add {
    name: &'static str,
    at: Pointer,
    schema: Shape,
    required: bool,
    show: Option<Value>,
    create: Option<Choice>,
    replace: Option<Choice>,
    patch: Option<Choice>,
    siblings: Vec<Pointer>,
    unstorable: Unstorable,
}

impl Add {
    fn new(name: &'static str, settings: Settings) -> Result<Self, SettingsFault> {
        let at = pointer(&settings.at, "/at")?;
        let Some((parent, _)) = at.split_last() else {
            return Err(SettingsFault::new(
                "/at",
                "the whole document cannot be added; name a member",
            ));
        };
        let schema = settings
            .schema
            .as_ref()
            .map_or_else(Shape::any, crate::openapi::shape);
        let loss = settings.loss.unwrap_or(LossSettings {
            create: None,
            replace: None,
            patch: None,
            while_unchanged: vec![],
        });
        if matches!(loss.create, Some(Choice::Keep)) {
            return Err(SettingsFault::new(
                "/loss/create",
                "on create nothing is stored that could be kept",
            ));
        }
        let patch = loss.patch.or_else(|| loss.replace.clone());
        let siblings = loss
            .while_unchanged
            .iter()
            .map(|name| parent.child(name))
            .collect();
        let show = settings.show.as_ref().map(Value::from_serde);
        let (create, replace) = (loss.create, loss.replace);
        Ok(Self {
            name,
            at,
            schema,
            required: settings.required,
            show,
            create,
            replace,
            patch,
            siblings,
            unstorable: settings.unstorable,
        })
    }

    fn choice(&self, purpose: Purpose) -> Option<&Choice> {
        match purpose {
            Purpose::Answer => None,
            Purpose::Create => self.create.as_ref(),
            Purpose::Replace => self.replace.as_ref(),
            Purpose::Patch => self.patch.as_ref(),
        }
    }

    fn fill(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if site.purpose == Purpose::Answer {
            let show = self.show.clone().filter(|_| doc.as_object().is_some());
            return show.map_or(Ok(()), |value| {
                insert(
                    doc,
                    &self.at,
                    Member {
                        kept: false,
                        ..Member::own("", value)
                    },
                )
            });
        }
        match self.chosen(doc, site) {
            Some(Choice::Keep) => self.keep(doc, site),
            Some(Choice::Default(value)) => insert(doc, &self.at, Member::own("", Value::from_serde(value))),
            Some(Choice::Reject) => {
                Err(Fault::new(FaultKind::Unfit, "this version cannot make such a document").below(&self.at))
            }
            Some(Choice::Drop) | None => Ok(()),
        }
    }

    /// What a write does: where the object that would hold it is new, what a create does.
    fn chosen(&self, doc: &Value, site: &Site<'_>) -> Option<&Choice> {
        let parent = self.at.parent();
        let stored = site.before(&parent).is_some() || site.after(&parent).is_some();
        let new = site.has_stored() && !stored && parent.look(doc).is_some();
        self.choice(if new { Purpose::Create } else { site.purpose })
    }

    fn keep(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if !site.has_stored() {
            return if site.purpose == Purpose::Patch {
                Err(needs_stored())
            } else {
                Ok(())
            };
        }
        let Some(stored) = site.after(&self.at) else {
            return Ok(());
        };
        // The client took away what held it.
        let parent = self.at.parent();
        if site.before(&parent).is_some() && parent.look(doc).is_none() {
            return Ok(());
        }
        let same = |at: &Pointer| at.look(doc) == site.before(at);
        if !self.siblings.iter().all(same) {
            return Ok(());
        }
        insert(doc, &self.at, Member::kept("", stored.clone()))
    }

    fn empty(&self, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let Some((_, member)) = take(doc, &self.at) else {
            return Ok(());
        };
        let shown = self.show.as_ref() == Some(&member.value);
        if site.purpose == Purpose::Answer || shown || self.unstorable == Unstorable::Drop {
            return Ok(());
        }
        Err(Fault::new(FaultKind::Unplaced, "the stored version cannot hold this member").below(&self.at))
    }
}

impl Operator for Add {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pairs(&self) -> Vec<Pair> {
        vec![Pair::only(Side::New, &self.at)]
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        if to == Direction::Up {
            made_type(shape, &self.at, usize::MAX, types)?;
            let field = Field {
                name: String::new(),
                shape: self.schema.clone(),
                required: self.required,
            };
            return shape.put_field(&self.at, usize::MAX, field, types);
        }
        let taken = shape.take_field(&self.at, types)?;
        dissolve_type(shape, &self.at, &Pointer::root(), types)?;
        let required = taken.is_some_and(|(_, field)| field.required);
        self.declared(required)
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to == Direction::Up {
            self.fill(doc, site)
        } else {
            self.empty(doc, site)
        }
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        if to == Direction::Down {
            return if touches(patch, &self.at) {
                self.empty(patch, site)
            } else {
                Ok(())
            };
        }
        let parent = self.at.parent();
        let whole = (1..=parent.names().len()).any(|d| {
            let at = parent.truncate(d);
            touches(patch, &at) && at.look(patch).is_none_or(|v| v.as_object().is_none())
        });
        if whole || self.siblings.iter().any(|s| touches(patch, s)) {
            Err(needs_stored())
        } else {
            Ok(())
        }
    }

    /// A constant that is shown, and ignored when it is sent.
    fn alike(&self, side: Side) -> Vec<Pointer> {
        let ignored = self.show.is_some() && self.unstorable == Unstorable::Drop;
        if ignored && side == Side::New {
            vec![self.at.clone()]
        } else {
            Vec::new()
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        let keeps = matches!(self.replace, Some(Choice::Keep)) || matches!(self.patch, Some(Choice::Keep));
        match to {
            Direction::Up if keeps && !self.siblings.is_empty() => Stored::Consulted,
            Direction::Up if keeps => Stored::Kept,
            _ => Stored::Never,
        }
    }
}

impl Add {
    /// Clients of the side without the member write too: what that does to it must be declared.
    fn declared(&self, required: bool) -> Result<(), TypeFault> {
        let undeclared = |what: &str, hint: &str| {
            let message = format!("{what} by a client that cannot see {} would lose it", self.at);
            Err(TypeFault::new(TypeFaultKind::UndeclaredLoss, &self.at, message).hint(hint))
        };
        if self.replace.is_none() {
            return undeclared("a replace", "declare it: `loss: {create: drop, replace: keep}`");
        }
        let missing = matches!(self.create, None | Some(Choice::Drop));
        if required && missing {
            return undeclared(
                "a create",
                "the member is required: declare `loss: {create: {default: VALUE}}` or `create: reject`",
            );
        }
        if self.create.is_none() {
            return undeclared("a create", "declare it: `loss: {create: drop}`");
        }
        Ok(())
    }
}

/// Puts a member at the end of its object; kept members stay last. Objects on the way are made.
pub(crate) fn insert(doc: &mut Value, at: &Pointer, member: Member) -> Result<(), Fault> {
    let Some((parent, name)) = at.split_last() else {
        return Ok(());
    };
    let mut place = doc;
    for step in parent.names() {
        let Value::Object(object) = place else {
            return Err(Fault::unfit("an object is needed here").below(&parent));
        };
        if object.position(step).is_none() {
            append(
                object,
                Member {
                    kept: member.kept,
                    ..Member::own(step, Value::Object(Object::default()))
                },
            );
        }
        let Some(next) = object.get_mut(step) else {
            return Ok(());
        };
        place = next;
    }
    let Value::Object(object) = place else {
        return Err(Fault::unfit("an object is needed here").below(&parent));
    };
    append(
        object,
        Member {
            key: crate::value::Text::plain(name),
            ..member
        },
    );
    Ok(())
}

fn append(object: &mut Object, member: Member) {
    let end = object
        .members()
        .iter()
        .position(|m| m.kept)
        .filter(|_| !member.kept);
    object.put(end.unwrap_or(usize::MAX), member);
}
