//! `parameter`: a parameter has another name, or stands at another place.
//!
//! ```yaml
//! listCustomers:
//!   - parameter: {old: query.per_page, new: query.page_size}
//!   - parameter: {old: null, new: header.X-Region, value: eu}     # always sent on
//!   - parameter: {old: query.verbose, new: null}                  # taken out
//! ```
//!
//! Between parameters and the document, `operation` with `from` is meant.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite, Spot};
use crate::contract::{Contract, Parameter, Place, same_name};
use crate::fault::{Fault, FaultKind};
use crate::message::{Argument, Request};
use crate::op::Direction;
use crate::op::entry::{SettingsFault, schema, settings};
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, TypeFaultKind};

/// Settings of `parameter`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it stands in the old version; null when the old version has none.
    #[serde(default)]
    pub old: Option<String>,
    /// Where it stands in the new version; null when the new version has none.
    #[serde(default)]
    pub new: Option<String>,
    /// The value that it gets on the side that has it, when the other has none.
    #[serde(default)]
    pub value: Option<String>,
}

/// `parameter`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "parameter",
    summary: "A parameter has another name or place.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let old = settings.old.as_deref().map(|t| spot(t, "/old")).transpose()?;
    let new = settings.new.as_deref().map(|t| spot(t, "/new")).transpose()?;
    if old.is_none() && new.is_none() {
        return Err(SettingsFault::new("", "`old` and `new` cannot both be absent"));
    }
    Ok(Box::new(MapParameter {
        old,
        new,
        value: settings.value,
    }))
}

fn spot(text: &str, setting: &str) -> Result<(Place, String), SettingsFault> {
    match Spot::parse(text, setting)? {
        Spot::Argument(Place::Path, _) => Err(SettingsFault::new(
            setting,
            "a path parameter belongs to its path; use `operation`",
        )),
        Spot::Argument(place, name) => Ok((place, name)),
        Spot::Body(_) => Err(SettingsFault::new(
            setting,
            "a member of the document is moved by `operation` with `from`",
        )),
    }
}

/// Where a parameter stands, and its name.
type Named = (Place, String);

#[derive(Debug)]
struct MapParameter {
    old: Option<Named>,
    new: Option<Named>,
    value: Option<String>,
}

impl MapParameter {
    fn way(&self, to: Direction) -> (Option<&Named>, Option<&Named>) {
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        if to == Direction::Up {
            (old, new)
        } else {
            (new, old)
        }
    }
}

impl MapParameter {
    /// A parameter whose name means something in another version, but nothing in its own, would be taken for it.
    fn refuse_captured(&self, to: Direction, request: &Request, site: &MessageSite<'_>) -> Result<(), Fault> {
        let (_, Some((place, name))) = self.way(to) else {
            return Ok(());
        };
        let own = site
            .source_operation()
            .is_some_and(|o| o.parameter(*place, name).is_some());
        match request.argument(*place, name) {
            Some(_) if !own => {
                let detail = format!(
                    "the parameter `{name}` means something in another version, but nothing in this one"
                );
                Err(Fault::new(FaultKind::Captured, detail))
            }
            _ => Ok(()),
        }
    }
}

impl MessageOperator for MapParameter {
    fn name(&self) -> &'static str {
        "parameter"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let (from, into) = self.way(to);
        let Some(operation) = contract.operation_mut(id) else {
            return Err(TypeFault::new(
                TypeFaultKind::NoSuchOperation,
                &Pointer::root(),
                format!("there is no operation {id}"),
            ));
        };
        let mut taken = None;
        if let Some((place, name)) = from {
            let at = operation
                .parameters
                .iter()
                .position(|p| p.place == *place && same_name(*place, &p.name, name));
            let message = || format!("the operation {id} has no parameter `{name}` there");
            let at =
                at.ok_or_else(|| TypeFault::new(TypeFaultKind::NoSuchField, &Pointer::root(), message()))?;
            taken = Some(operation.parameters.remove(at));
        }
        let Some((place, name)) = into else { return Ok(()) };
        if operation.parameter(*place, name).is_some() {
            let message = format!("the operation {id} has a parameter `{name}` already");
            return Err(TypeFault::new(
                TypeFaultKind::FieldExists,
                &Pointer::root(),
                message,
            ));
        }
        let made = || Parameter {
            name: name.clone(),
            place: *place,
            shape: Shape::any(),
            required: false,
        };
        let parameter = taken.unwrap_or_else(made);
        operation.parameters.push(Parameter {
            name: name.clone(),
            place: *place,
            ..parameter
        });
        Ok(())
    }

    fn request(&self, to: Direction, request: &mut Request, site: &MessageSite<'_>) -> Result<(), Fault> {
        self.refuse_captured(to, request, site)?;
        match self.way(to) {
            (Some(from), Some(into)) => request.relocate((from.0, &from.1), (into.0, &into.1)),
            (Some(from), None) => drop(request.take(from.0, &from.1)),
            (None, Some(into)) => {
                let value = self
                    .value
                    .as_ref()
                    .filter(|_| request.argument(into.0, &into.1).is_none());
                request
                    .arguments
                    .extend(value.map(|v| Argument::new(into.0, &into.1, v.clone())));
            }
            (None, None) => {}
        }
        Ok(())
    }
}
