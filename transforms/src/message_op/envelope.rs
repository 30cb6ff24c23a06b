//! `envelope`: the old version's answer is the bare value, the new version's an object that holds it.
//!
//! ```yaml
//! listCustomers:
//!   - envelope: {at: /data, headers: {X-Total-Count: /total}}
//! ```
//!
//! Other members of the object travel in header fields of the old version, or are not seen by it. `enveloped: old`
//! turns it round: the old version had the object.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite, scalar_text, scalar_value};
use crate::contract::{Answer, Contract, Parameter, Place, StatusRange};
use crate::fault::Fault;
use crate::message::Response;
use crate::op::entry::{SettingsFault, pointer, schema, settings};
use crate::op::{Direction, Side};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault, TypeFaultKind, Types};
use crate::value::{Member, Object, Value};

/// Settings of `envelope`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The member that holds the bare value, as a JSON Pointer.
    pub at: String,
    /// Header fields of the side without the object, and the members that they carry.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The side that has the object.
    #[serde(default)]
    pub enveloped: Enveloped,
}

/// Which side has the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Enveloped {
    /// The old one.
    Old,
    /// The new one.
    #[default]
    New,
}

/// `envelope`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "envelope",
    summary: "An answer's value stands in an object, its other members in headers.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let at = pointer(&settings.at, "/at")?;
    if at.is_root() {
        return Err(SettingsFault::new("/at", "name the member that holds the value"));
    }
    let headers = settings
        .headers
        .iter()
        .map(|(name, at)| Ok((name.to_ascii_lowercase(), pointer(at, "/headers")?)));
    let headers = headers.collect::<Result<_, SettingsFault>>()?;
    let enveloped = if settings.enveloped == Enveloped::New {
        Side::New
    } else {
        Side::Old
    };
    Ok(Box::new(Envelope {
        at,
        headers,
        enveloped,
    }))
}

#[derive(Debug)]
struct Envelope {
    at: Pointer,
    headers: Vec<(String, Pointer)>,
    enveloped: Side,
}

impl Envelope {
    fn open_type(&self, answer: &mut Answer, types: &Types) -> Result<(), TypeFault> {
        let Some(mut shape) = answer.shape.take() else {
            return Ok(());
        };
        for (name, at) in &self.headers {
            let shape = shape.at(at, types).cloned().ok_or_else(|| {
                TypeFault::new(
                    TypeFaultKind::NoSuchField,
                    at,
                    format!("the answer has no member {at}"),
                )
            })?;
            answer.headers.push(Parameter {
                name: name.clone(),
                place: Place::Header,
                shape,
                required: true,
            });
        }
        let inner = shape.open(types).at(&self.at, types).cloned();
        let missing = || {
            TypeFault::new(
                TypeFaultKind::NoSuchField,
                &self.at,
                format!("the answer has no member {}", self.at),
            )
        };
        answer.shape = Some(inner.ok_or_else(missing)?);
        Ok(())
    }

    fn close_type(&self, answer: &mut Answer, types: &Types) -> Result<(), TypeFault> {
        let Some(inner) = answer.shape.take() else {
            return Ok(());
        };
        let mut object = Shape::from(Kind::Object {
            fields: Vec::new(),
            open: true,
        });
        object.put_field(
            &self.at,
            0,
            Field {
                name: String::new(),
                shape: inner,
                required: true,
            },
            types,
        )?;
        for (name, at) in &self.headers {
            let known = answer
                .headers
                .iter()
                .position(|h| h.name.eq_ignore_ascii_case(name));
            let shape = known.map_or_else(Shape::any, |i| answer.headers.remove(i).shape);
            object.put_field(
                at,
                usize::MAX,
                Field {
                    name: String::new(),
                    shape,
                    required: true,
                },
                types,
            )?;
        }
        answer.shape = Some(object);
        Ok(())
    }

    fn open(&self, response: &mut Response) -> Result<(), Fault> {
        let Some(body) = response.body.take() else {
            return Ok(());
        };
        for (name, at) in &self.headers {
            let value = at.look(&body).and_then(scalar_text);
            response.set_header(name, value);
        }
        let value = self.at.look(&body).cloned();
        response.body =
            Some(value.ok_or_else(|| Fault::unfit("the answer lacks this member").below(&self.at))?);
        Ok(())
    }

    fn close(&self, response: &mut Response, answer: Option<&Answer>, types: &Types) -> Result<(), Fault> {
        let Some(body) = response.body.take() else {
            return Ok(());
        };
        let mut object = Value::Object(Object::default());
        crate::op::add::insert(&mut object, &self.at, Member::own("", body))?;
        for (name, at) in &self.headers {
            let Some(text) = response.header(name).map(str::to_owned) else {
                continue;
            };
            let shape = answer.and_then(|a| a.shape.as_ref()?.at(at, types));
            let value = shape.map_or_else(|| Value::text(&text), |s| scalar_value(&text, s, types));
            crate::op::add::insert(&mut object, at, Member::own("", value))?;
            response.set_header(name, None);
        }
        response.body = Some(object);
        Ok(())
    }
}

/// Success answers: an error is not enveloped.
fn success(answer: &Answer) -> bool {
    match answer.status {
        StatusRange::Exact(status) => status < 400,
        StatusRange::Class(class) => class < 4,
        StatusRange::Default => false,
    }
}

impl MessageOperator for Envelope {
    fn name(&self) -> &'static str {
        "envelope"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let types = std::mem::take(&mut contract.types);
        let operation = contract.operation_mut(id);
        let done = operation.map_or(Ok(()), |operation| {
            operation
                .answers
                .iter_mut()
                .filter(|a| success(a))
                .try_for_each(|answer| {
                    if to.target() == self.enveloped {
                        self.close_type(answer, &types)
                    } else {
                        self.open_type(answer, &types)
                    }
                })
        });
        contract.types = types;
        done
    }

    fn locate_answer(&self, to: Direction, pointer: &Pointer) -> Pointer {
        if to.target() == self.enveloped {
            self.at.join(pointer)
        } else {
            pointer.strip(&self.at).unwrap_or_default()
        }
    }

    fn response(&self, to: Direction, response: &mut Response, site: &MessageSite<'_>) -> Result<(), Fault> {
        if response.is_error() {
            return Ok(());
        }
        if to.target() != self.enveloped {
            return self.open(response);
        }
        let answer = site.target_operation().and_then(|o| o.answer(response.status));
        self.close(response, answer, &site.target.types)
    }
}
