//! Runs a case: what is written must come, and the laws must hold beside it.

use std::collections::BTreeSet;

use sluice_transforms::contract::{Place, Purpose};
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::lineage::Lineage;
use sluice_transforms::message::{Argument, Request, Response};
use sluice_transforms::op::Direction as Step;
use sluice_transforms::patch;
use sluice_transforms::value::{Member, Object, Value};

use super::engine::{Engine, Way};
use super::file::{Case, Direction, Wanted};

/// What went wrong.
type Judged = Result<(), String>;

/// Runs a case on an engine.
///
/// # Errors
/// What came instead.
pub fn judge(engine: &dyn Engine, lineage: &Lineage, case: &Case) -> Result<(), String> {
    let run = Run {
        engine,
        way: Way {
            lineage,
            version: &case.version,
        },
        case,
    };
    match case.direction {
        Direction::Lift => run.same(run.lifted(Purpose::Create)),
        Direction::Lower | Direction::Error => run.lower(),
        Direction::Put => run.put(),
        Direction::Patch => run.patch(),
        Direction::Request => run.same(run.request()),
        Direction::Response => run.same(run.response()),
    }
}

/// The operators that a case walks over, with their directions.
pub fn walked(lineage: &Lineage, case: &Case) -> BTreeSet<(&'static str, &'static str)> {
    let way = Way {
        lineage,
        version: &case.version,
    };
    let down = matches!(
        case.direction,
        Direction::Lower | Direction::Error | Direction::Response
    );
    let chain = if down { way.down() } else { way.up() };
    let told = |to: Step| if to == Step::Up { "up" } else { "down" };
    chain
        .steps
        .iter()
        .map(|(pass, to)| (pass.action.name(), told(*to)))
        .collect()
}

struct Run<'a> {
    engine: &'a dyn Engine,
    way: Way<'a>,
    case: &'a Case,
}

impl Run<'_> {
    /// The operation of the case: as named, else the direction's own; where there is no document, by method and path.
    fn operation(&self) -> String {
        let (named, bare) = match self.case.direction {
            Direction::Lift => ("create", "POST /things"),
            Direction::Put | Direction::Error => ("replace", "PUT /things/{id}"),
            Direction::Patch => ("patch", "PATCH /things/{id}"),
            _ => ("read", "GET /things/{id}"),
        };
        let known = self.knows(named);
        self.case
            .operation
            .clone()
            .unwrap_or_else(|| if known { named } else { bare }.to_owned())
    }

    fn knows(&self, operation: &str) -> bool {
        self.way
            .lineage
            .contract(self.way.lineage.origin())
            .is_some_and(|c| c.operation(operation).is_some())
    }

    fn asked(&self, body: &Value) -> Request {
        Request {
            operation: self.operation(),
            arguments: Vec::new(),
            body: Some(body.clone()),
        }
    }

    fn body(done: Result<Request, Fault>) -> Result<Value, Fault> {
        done.map(|request| request.body.unwrap_or(Value::Null))
    }

    fn lifted(&self, purpose: Purpose) -> Result<Value, Fault> {
        Self::body(self.engine.lift(&self.way, self.asked(&self.case.given), purpose))
    }

    fn shown(&self, operation: &str, status: u16, body: &Value) -> Result<(Value, usize), Fault> {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let response = Response {
            operation: operation.to_owned(),
            status,
            headers,
            body: Some(body.clone()),
        };
        let lowered = self.engine.lower(&self.way, response)?;
        Ok((lowered.response.body.unwrap_or(Value::Null), lowered.omitted))
    }

    fn written(&self, body: &Value, stored: &Value) -> Result<Value, Fault> {
        Self::body(self.engine.put(
            &self.way,
            Request {
                operation: self.writing(),
                ..self.asked(body)
            },
            Purpose::Replace,
            stored,
        ))
    }

    fn writing(&self) -> String {
        let named = if self.knows("replace") {
            "replace"
        } else {
            "PUT /things/{id}"
        };
        if self.case.direction == Direction::Put {
            self.operation()
        } else {
            named.to_owned()
        }
    }

    fn reading(&self) -> &'static str {
        if self.knows("read") {
            "read"
        } else {
            "GET /things/{id}"
        }
    }

    fn lower(&self) -> Judged {
        let status = if self.case.direction == Direction::Error {
            self.case.status
        } else {
            200
        };
        let lowered = self.shown(&self.operation(), status, &self.case.given);
        let omitted = lowered.as_ref().map_or(0, |(_, omitted)| *omitted);
        self.same(lowered.map(|(body, _)| body))?;
        if omitted != self.case.omitted {
            return Err(format!(
                "{omitted} were left out, and {} should be",
                self.case.omitted
            ));
        }
        self.no_op()
    }

    /// put(s, lower s) = s.
    fn no_op(&self) -> Judged {
        let whole = self.operation() == self.reading()
            && self.case.direction == Direction::Lower
            && self.knows(&self.writing());
        let Wanted::Value(shown) = &self.case.wanted else {
            return Ok(());
        };
        if !whole || !self.case.laws {
            return Ok(());
        }
        match self.written(shown, &self.case.given) {
            Ok(put) if put == self.case.given => Ok(()),
            put => Err(format!("put(s, lower s) = s does not hold: {}", told(&put))),
        }
    }

    fn put(&self) -> Judged {
        let stored = self.stored()?;
        self.same(self.written(&self.case.given, stored))?;
        self.put_get(&self.case.given)
    }

    /// lower(put(s, v)) = v, or what the case says instead.
    fn put_get(&self, sent: &Value) -> Judged {
        let Wanted::Value(put) = &self.case.wanted else {
            return Ok(());
        };
        let wanted = self.case.shown.as_ref().unwrap_or(sent);
        if !self.case.laws || !self.knows(self.reading()) {
            return Ok(());
        }
        match self.shown(self.reading(), 200, put) {
            Ok((shown, _)) if shown == *wanted => Ok(()),
            shown => Err(format!(
                "lower(put(s, v)) = v does not hold: {}",
                told(&shown.map(|(v, _)| v))
            )),
        }
    }

    fn stored(&self) -> Result<&Value, String> {
        self.case
            .stored
            .as_ref()
            .ok_or_else(|| "the case says nothing of what is stored".to_owned())
    }

    /// Without a stored document the translated patch; with one what is stored after it, on either way.
    fn patch(&self) -> Judged {
        let alone = self.lifted(Purpose::Patch);
        let Some(stored) = &self.case.stored else {
            return self.same(alone);
        };
        let whole = Self::body(self.engine.patch(&self.way, self.asked(&self.case.given), stored));
        self.same(whole.clone())?;
        match (alone, &whole) {
            (Err(fault), _) if fault.kind == FaultKind::NeedsStored => {}
            (Ok(changes), Ok(whole)) => {
                let mut after = stored.clone();
                patch::apply(&mut after, &changes);
                if after != *whole {
                    return Err(format!("carried alone, the patch {changes} gives {after}"));
                }
            }
            (Err(_), Err(_)) => {}
            (alone, _) => return Err(format!("carried alone: {}", told(&alone))),
        }
        let (Ok(_), Ok((mut shown, _))) = (&whole, self.shown(self.reading(), 200, stored)) else {
            return Ok(());
        };
        patch::apply(&mut shown, &self.case.given);
        self.put_get(&shown)
    }

    fn request(&self) -> Result<Value, Fault> {
        let given = self.case.given.as_object().expect("a message");
        let operation = self.operation();
        let arguments = members(given, "arguments")
            .into_iter()
            .map(|(name, value)| argument(&name, &value))
            .collect();
        let request = Request {
            operation: operation.clone(),
            arguments,
            body: given.get("body").cloned(),
        };
        let origin = self
            .way
            .lineage
            .contract(self.way.lineage.origin())
            .expect("the origin");
        let purpose = origin
            .operation(&operation)
            .map_or(Purpose::Create, |o| o.purpose());
        let lifted = match (&self.case.stored, purpose) {
            (Some(stored), _) => self.engine.put(&self.way, request, purpose, stored)?,
            (None, _) => self.engine.lift(&self.way, request, purpose)?,
        };
        let line = origin
            .operation(&operation)
            .map(|o| format!("{} {}", o.method, o.path))
            .unwrap_or_default();
        let arguments = lifted
            .arguments
            .iter()
            .map(|a| Member::own(&spot(a), Value::text(&a.value)))
            .collect();
        let mut told = vec![
            Member::own("line", Value::text(&line)),
            Member::own("arguments", Value::Object(Object::new(arguments))),
        ];
        told.extend(lifted.body.map(|body| Member::own("body", body)));
        Ok(Value::Object(Object::new(told)))
    }

    fn response(&self) -> Result<Value, Fault> {
        let given = self.case.given.as_object().expect("a message");
        let status = given
            .get("status")
            .and_then(|s| s.to_json().parse().ok())
            .unwrap_or(200);
        let headers = members(given, "headers");
        let response = Response {
            operation: self.operation(),
            status,
            headers,
            body: given.get("body").cloned(),
        };
        let lowered = self.engine.lower(&self.way, response)?.response;
        let mut headers = lowered.headers;
        headers.sort();
        let headers = headers
            .iter()
            .map(|(name, value)| Member::own(name, Value::text(value)))
            .collect();
        let mut told = vec![
            Member::own("status", Value::number(lowered.status.to_string())),
            Member::own("headers", Value::Object(Object::new(headers))),
        ];
        told.extend(lowered.body.map(|body| Member::own("body", body)));
        Ok(Value::Object(Object::new(told)))
    }

    /// Token for token, or the same kind of refusal at the same place.
    fn same(&self, found: Result<Value, Fault>) -> Judged {
        let same = match (&found, &self.case.wanted) {
            (Ok(found), Wanted::Value(wanted)) => found.to_json() == wanted.to_json(),
            (Err(fault), Wanted::Fault(kind, pointer)) => {
                fault.kind == *kind && fault.pointer.to_string() == *pointer
            }
            _ => false,
        };
        let wanted = match &self.case.wanted {
            Wanted::Value(wanted) => wanted.to_json(),
            Wanted::Fault(kind, pointer) => format!("{kind:?} at `{pointer}`"),
        };
        if same {
            Ok(())
        } else {
            Err(format!(" found {}\nwanted {wanted}", told(&found)))
        }
    }
}

fn told(found: &Result<Value, Fault>) -> String {
    match found {
        Ok(value) => value.to_json(),
        Err(fault) => format!("{:?} at `{}`: {}", fault.kind, fault.pointer, fault.detail),
    }
}

fn members(message: &Object, name: &str) -> Vec<(String, String)> {
    let object = message
        .get(name)
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let member = |m: &Member| {
        (
            m.key.decoded().into_owned(),
            m.value.as_text().expect("a text").into_owned(),
        )
    };
    object.members().iter().map(member).collect()
}

/// An argument from `path.id`, `query.page` or `header.X-Region`.
fn argument(spot: &str, value: &str) -> Argument {
    let (place, name) = spot.split_once('.').expect("a place and a name");
    let place = match place {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        other => panic!("`{other}` is no place"),
    };
    Argument::new(place, name, value)
}

fn spot(argument: &Argument) -> String {
    let place = match argument.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    format!("{place}.{}", argument.name)
}
