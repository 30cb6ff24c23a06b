//! `status_to_body`: the new version's error bodies repeat the status, and its phrase: `status_to_body: {status:
//! /status, title: /title}`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{MessageEntry, MessageOperator, MessageSite};
use crate::contract::{Contract, StatusRange};
use crate::fault::Fault;
use crate::message::Response;
use crate::op::Direction;
use crate::op::entry::{SettingsFault, pointer, schema, settings};
use crate::pointer::Pointer;
use crate::shape::{Field, Kind, Shape, TypeFault};
use crate::value::{Member, Value};

/// Settings of `status_to_body`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The member that holds the status code.
    #[serde(default)]
    pub status: Option<String>,
    /// The member that holds the status's phrase (RFC 9110 §15).
    #[serde(default)]
    pub title: Option<String>,
}

/// `status_to_body`.
pub const ENTRY: MessageEntry = MessageEntry {
    name: "status_to_body",
    summary: "Error bodies repeat the status and its phrase.",
    schema: schema::<Settings>,
    build,
};

fn build(json: &Json) -> Result<Box<dyn MessageOperator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let status = settings
        .status
        .as_deref()
        .map(|p| pointer(p, "/status"))
        .transpose()?;
    let title = settings
        .title
        .as_deref()
        .map(|p| pointer(p, "/title"))
        .transpose()?;
    if status.is_none() && title.is_none() {
        return Err(SettingsFault::new("", "name `status`, `title` or both"));
    }
    Ok(Box::new(StatusToBody { status, title }))
}

#[derive(Debug)]
struct StatusToBody {
    status: Option<Pointer>,
    title: Option<Pointer>,
}

impl StatusToBody {
    fn members(&self, status: u16) -> impl Iterator<Item = (&Pointer, Value)> {
        let title = self.title.as_ref().map(|at| (at, Value::text(phrase(status))));
        title.into_iter().chain(
            self.status
                .as_ref()
                .map(|at| (at, Value::number(status.to_string()))),
        )
    }

    /// A type that nothing but errors have is changed itself, so that it is still one type under its name. Gives the name.
    fn retype_named(
        &self,
        to: Direction,
        contract: &mut Contract,
        id: &str,
    ) -> Result<Option<String>, TypeFault> {
        let Some(Kind::Ref(name)) = contract
            .error
            .as_ref()
            .filter(|_| id == "*")
            .map(|e| e.kind.clone())
        else {
            return Ok(None);
        };
        let before = contract.clone();
        let Some(shape) = contract
            .types
            .get_mut(&name)
            .filter(|_| only_errors(&before, &name))
        else {
            return Ok(None);
        };
        self.retype_one(to, shape, &before)?;
        Ok(Some(name))
    }

    fn retype_one(&self, to: Direction, shape: &mut Shape, contract: &Contract) -> Result<(), TypeFault> {
        let typed = [
            (self.title.as_ref(), Kind::Text),
            (self.status.as_ref(), Kind::Integer),
        ];
        for (at, kind) in typed {
            let Some(at) = at else { continue };
            if to == Direction::Up {
                let field = Field {
                    name: String::new(),
                    shape: kind.into(),
                    required: true,
                };
                shape.put_field(at, usize::MAX, field, &contract.types)?;
            } else {
                // A document may describe its errors without what repeats the status line.
                shape.take_field(at, &contract.types).ok();
            }
        }
        Ok(())
    }
}

impl MessageOperator for StatusToBody {
    fn name(&self) -> &'static str {
        "status_to_body"
    }

    fn retype(&self, to: Direction, contract: &mut Contract, id: &str) -> Result<(), TypeFault> {
        let before = contract.clone();
        let named = self.retype_named(to, contract, id)?;
        let open = |shape: &&mut Shape| {
            named
                .as_ref()
                .is_none_or(|name| shape.kind != Kind::Ref(name.clone()))
        };
        let operations = contract.operations.iter_mut().filter(|o| id == "*" || o.id == id);
        let shapes = operations.flat_map(|o| o.answers.iter_mut().filter(|a| is_error(a.status)));
        let general = contract.error.iter_mut().filter(|_| id == "*");
        let mut shapes = shapes
            .filter_map(|a| a.shape.as_mut())
            .chain(general)
            .filter(open);
        shapes.try_for_each(|shape| self.retype_one(to, shape, &before))
    }

    fn response(&self, to: Direction, response: &mut Response, _: &MessageSite<'_>) -> Result<(), Fault> {
        let (status, error) = (response.status, response.is_error());
        let Some(body) = response
            .body
            .as_mut()
            .filter(|b| error && b.as_object().is_some())
        else {
            return Ok(());
        };
        for (at, value) in self.members(status) {
            crate::op::relocate::take(body, at);
            if to == Direction::Up {
                crate::op::add::insert(body, at, Member::own("", value))?;
            }
        }
        Ok(())
    }
}

fn is_error(range: StatusRange) -> bool {
    match range {
        StatusRange::Exact(status) => status >= 400,
        StatusRange::Class(class) => class >= 4,
        StatusRange::Default => true,
    }
}

/// Whether a named type stands nowhere but as the whole body of errors.
fn only_errors(contract: &Contract, name: &str) -> bool {
    let operations = contract.operations.iter();
    let mut elsewhere = operations.flat_map(|operation| {
        let parameters = operation.parameters.iter().map(|p| &p.shape);
        let headers = operation
            .answers
            .iter()
            .flat_map(|a| a.headers.iter().map(|h| &h.shape));
        let successes = operation.answers.iter().filter(|a| !is_error(a.status));
        let bodies = operation
            .request
            .iter()
            .map(|p| &p.shape)
            .chain(successes.filter_map(|a| a.shape.as_ref()));
        parameters.chain(headers).chain(bodies)
    });
    !elsewhere.any(|shape| mentions(shape, name))
        && !contract.types.values().any(|shape| mentions(shape, name))
}

fn mentions(shape: &Shape, name: &str) -> bool {
    match &shape.kind {
        Kind::Ref(other) => other == name,
        Kind::Object { fields, .. } => fields.iter().any(|f| mentions(&f.shape, name)),
        Kind::List(inner) | Kind::Map(inner) => mentions(inner, name),
        Kind::OneOf(shapes) => shapes.iter().any(|s| mentions(s, name)),
        _ => false,
    }
}

/// The phrase of a status code (RFC 9110 §15; 423 to 507 as registered with IANA).
pub fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}
