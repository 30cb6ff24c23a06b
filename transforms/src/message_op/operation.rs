//! `operation`: method and path, and where each parameter comes from.
//!
//! ```yaml
//! replaceCustomer:
//!   - operation: {old: "POST /updateCustomer", new: "PUT /customers/{id}", from: {path.id: body./id}}
//! deleteCustomer:
//!   - operation: {old: "POST /deleteCustomer", new: "DELETE /customers/{id}", from: {path.id: body./id}, body_type: CustomerKey}
//! ```
//!
//! A parameter that the old version has in the document is copied where the new version's document has that member
//! too, else it moves. `old: null` is an operation that the old version does not have, `new: null` one that the new
//! version dropped.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite, Spot, scalar_text, scalar_value};
use crate::contract::{Contract, Operation, Parameter, Payload, Place};
use crate::fault::{Fault, FaultKind};
use crate::message::{Argument, Request};
use crate::op::Direction;
use crate::op::entry::{SettingsFault, schema, settings};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Known, Shape, TypeFault, TypeFaultKind, Types};
use crate::template::PathTemplate;
use crate::value::{Member, Object, Value};

/// Settings of `operation`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Method and path in the old version, below its prefix; null when it has no such operation.
    #[serde(default)]
    pub old: Option<String>,
    /// Method and path in the new version; null when it has no such operation.
    #[serde(default)]
    pub new: Option<String>,
    /// Where each parameter of the new version stands in the old one.
    #[serde(default)]
    pub from: BTreeMap<String, String>,
    /// The name of the type of the old version's document, where it is made of parameters only.
    #[serde(default)]
    pub body_type: Option<String>,
}

/// `operation`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "operation",
    summary: "Method, path, and where each parameter comes from.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let old = settings.old.as_deref().map(|t| line(t, "/old")).transpose()?;
    let new = settings.new.as_deref().map(|t| line(t, "/new")).transpose()?;
    if old.is_none() && new.is_none() {
        return Err(SettingsFault::new("", "`old` and `new` cannot both be absent"));
    }
    let from = settings
        .from
        .iter()
        .map(|(new, old)| Ok((Spot::parse(new, "/from")?, Spot::parse(old, "/from")?)));
    let from: Vec<(Spot, Spot)> = from.collect::<Result<_, SettingsFault>>()?;
    Ok(Box::new(MapOperation {
        old,
        new,
        from,
        body_type: settings.body_type,
    }))
}

fn line(text: &str, setting: &str) -> Result<(String, PathTemplate), SettingsFault> {
    let (method, path) = text
        .split_once(' ')
        .ok_or_else(|| SettingsFault::new(setting, format!("`{text}` is not of the form `METHOD /path`")))?;
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    if !known.contains(&method) {
        return Err(SettingsFault::new(
            setting,
            format!("`{method}` is not one of {}", known.join(", ")),
        ));
    }
    let path = PathTemplate::parse(path).map_err(|e| SettingsFault::new(setting, e.to_string()))?;
    Ok((method.to_owned(), path))
}

#[derive(Debug)]
struct MapOperation {
    old: Option<(String, PathTemplate)>,
    new: Option<(String, PathTemplate)>,
    from: Vec<(Spot, Spot)>,
    body_type: Option<String>,
}

impl MapOperation {
    fn side(&self, to: Direction) -> Option<&(String, PathTemplate)> {
        if to == Direction::Up {
            self.new.as_ref()
        } else {
            self.old.as_ref()
        }
    }

    /// The parameters that change place, source to target.
    fn moves(&self, to: Direction) -> impl Iterator<Item = (&Spot, &Spot)> {
        self.from.iter().map(move |(new, old)| {
            if to == Direction::Up {
                (old, new)
            } else {
                (new, old)
            }
        })
    }

    /// Whether the side that the step starts from is the operation as it is there, and every slot of the path that it
    /// leads to is filled.
    fn fits(&self, to: Direction, operation: &Operation) -> Result<(), TypeFault> {
        let fault = |kind, message| Err(TypeFault::new(kind, &Pointer::root(), message));
        let Some((method, path)) = self.side(to.back()) else {
            let message = format!(
                "there is an operation {} on that side: {} {}",
                operation.id, operation.method, operation.path
            );
            return fault(TypeFaultKind::FieldExists, message);
        };
        if *method != operation.method || *path != operation.path {
            let message = format!(
                "{} is {} {} there, not {method} {path}",
                operation.id, operation.method, operation.path
            );
            return fault(TypeFaultKind::NoSuchOperation, message);
        }
        let Some((_, target)) = self.side(to) else {
            return Ok(());
        };
        let own = |slot: &str| Spot::Argument(Place::Path, slot.to_owned());
        let filled = |slot: &str| {
            let moved = self.moves(to).any(|(_, into)| *into == own(slot));
            moved || path.slots().any(|s| s == slot) && !self.moves(to).any(|(from, _)| *from == own(slot))
        };
        if let Some(slot) = target.slots().find(|slot| !filled(slot)) {
            let message = format!(
                "nothing fills {{{slot}}} of {target}: say where it comes from, as in `from: {{path.{slot}: query.{slot}}}`"
            );
            return fault(TypeFaultKind::Settings, message);
        }
        let goes = |slot: &str| {
            target.slots().any(|s| s == slot) || self.moves(to).any(|(from, _)| *from == own(slot))
        };
        match path.slots().find(|slot| !goes(slot)) {
            Some(slot) => fault(
                TypeFaultKind::UndeclaredLoss,
                format!("{{{slot}}} of {path} goes nowhere: say where it goes, in `from`"),
            ),
            None => Ok(()),
        }
    }

    fn move_type(
        &self,
        from: &Spot,
        into: &Spot,
        operation: &mut Operation,
        types: &mut Types,
    ) -> Result<(), TypeFault> {
        let shape = match from {
            Spot::Argument(place, name) => take_parameter(operation, *place, name)?.shape,
            Spot::Body(at) => body_member(operation, at, types)?,
        };
        match into {
            Spot::Argument(place, name) => {
                operation.parameters.push(Parameter {
                    name: name.clone(),
                    place: *place,
                    shape,
                    required: true,
                });
                Ok(())
            }
            Spot::Body(at) => self.put_in_body(at, shape, operation, types),
        }
    }

    fn put_in_body(
        &self,
        at: &Pointer,
        shape: Shape,
        operation: &mut Operation,
        types: &mut Types,
    ) -> Result<(), TypeFault> {
        let payload = operation.request.get_or_insert_with(|| {
            let mut empty = Shape::from(Kind::Object {
                fields: Vec::new(),
                open: true,
            });
            empty.label.clone_from(&self.body_type);
            Payload {
                shape: empty,
                patch: false,
                required: true,
            }
        });
        if payload.shape.knows(at, types) == Known::Yes {
            return Ok(());
        }
        let field = Field {
            name: String::new(),
            shape,
            required: true,
        };
        payload.shape.put_field(at, usize::MAX, field, types)
    }
}

fn take_parameter(operation: &mut Operation, place: Place, name: &str) -> Result<Parameter, TypeFault> {
    let index = operation
        .parameters
        .iter()
        .position(|p| p.place == place && crate::contract::same_name(place, &p.name, name));
    let missing = || {
        let message = format!(
            "the operation {} has no {place:?} parameter `{name}`",
            operation.id
        );
        TypeFault::new(
            TypeFaultKind::NoSuchField,
            &Pointer::root(),
            message
                .replace("Path", "path")
                .replace("Query", "query")
                .replace("Header", "header"),
        )
    };
    index.map(|i| operation.parameters.remove(i)).ok_or_else(missing)
}

fn body_member(operation: &Operation, at: &Pointer, types: &Types) -> Result<Shape, TypeFault> {
    let shape = operation.request.as_ref().and_then(|p| p.shape.at(at, types));
    shape.cloned().ok_or_else(|| {
        TypeFault::new(
            TypeFaultKind::NoSuchField,
            at,
            format!("the document of {} has no member {at}", operation.id),
        )
    })
}

impl MessageOperator for MapOperation {
    fn name(&self) -> &'static str {
        "operation"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let Some((method, path)) = self.side(to) else {
            contract.operations.retain(|o| o.id != id);
            return Ok(());
        };
        let mut types = std::mem::take(&mut contract.types);
        let done = match contract.operation_mut(id) {
            Some(operation) => {
                let fits = self.fits(to, operation);
                let moved = fits.and_then(|()| {
                    self.moves(to)
                        .try_for_each(|(from, into)| self.move_type(from, into, operation, &mut types))
                });
                operation.method.clone_from(method);
                operation.path = path.clone();
                moved
            }
            // The origin is on the side without the operation: nothing can serve it.
            None if self.side(to.back()).is_none() => Ok(()),
            None => Err(TypeFault::new(
                TypeFaultKind::NoSuchOperation,
                &Pointer::root(),
                format!("there is no operation {id}"),
            )),
        };
        contract.types = types;
        done
    }

    fn request(&self, to: Direction, request: &mut Request, site: &MessageSite<'_>) -> Result<(), Fault> {
        let (Some(source), Some(target)) = (site.source_operation(), site.target_operation()) else {
            return Err(Fault::new(
                FaultKind::NoOperation,
                "the stored version has no such operation",
            ));
        };
        for (from, into) in self.moves(to) {
            let Some(value) = read(request, from, source, site)? else {
                continue;
            };
            write(request, into, value, target, site)?;
        }
        if target.request.is_none() {
            request.body = None;
        }
        Ok(())
    }

    fn reads_body(&self, to: Direction) -> Vec<Pointer> {
        let spots = self.moves(to).filter_map(|(from, _)| match from {
            Spot::Body(at) => Some(at.clone()),
            Spot::Argument(..) => None,
        });
        spots.collect()
    }
}

/// Takes a value from its place; a member that the target's document has too stays there.
fn read(
    request: &mut Request,
    from: &Spot,
    source: &Operation,
    site: &MessageSite<'_>,
) -> Result<Option<Value>, Fault> {
    match from {
        Spot::Argument(place, name) => {
            let shape = source
                .parameter(*place, name)
                .map_or_else(Shape::any, |p| p.shape.clone());
            Ok(request
                .take(*place, name)
                .map(|text| scalar_value(&text, &shape, &site.source.types)))
        }
        Spot::Body(at) => {
            let value = request.body.as_ref().and_then(|body| at.look(body)).cloned();
            let Some(value) = value else {
                return Err(Fault::unfit("this member is missing").below(at));
            };
            let stays = site
                .target_operation()
                .and_then(|o| o.request.as_ref())
                .is_some_and(|p| p.shape.knows(at, &site.target.types) != Known::No);
            if let (false, Some(body)) = (stays, request.body.as_mut()) {
                crate::op::relocate::take(body, at);
            }
            Ok(Some(value))
        }
    }
}

fn write(
    request: &mut Request,
    into: &Spot,
    value: Value,
    target: &Operation,
    site: &MessageSite<'_>,
) -> Result<(), Fault> {
    match into {
        Spot::Argument(place, name) => {
            let text = scalar_text(&value)
                .ok_or_else(|| Fault::unfit(format!("{} cannot be the parameter `{name}`", value.kind())))?;
            request.arguments.push(Argument::new(*place, name, text));
            Ok(())
        }
        Spot::Body(at) => {
            let shape = target
                .request
                .as_ref()
                .and_then(|p| p.shape.at(at, &site.target.types));
            let value = match (&value, shape) {
                (Value::Text(text), Some(shape)) => scalar_value(&text.decoded(), shape, &site.target.types),
                _ => value,
            };
            let body = request
                .body
                .get_or_insert_with(|| Value::Object(Object::default()));
            if at.look(body).is_some() {
                Ok(())
            } else {
                crate::op::add::insert(body, at, Member::own("", value))
            }
        }
    }
}
