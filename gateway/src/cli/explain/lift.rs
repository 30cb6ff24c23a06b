//! The request on its way to the upstream, and how a write keeps what its client cannot see.

use http::Response;
use sluice_config::plan::Keep;
use sluice_transforms::contract::{Operation, Purpose};
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::message::Request;
use sluice_transforms::op::Stored;
use sluice_transforms::patch;
use sluice_transforms::value::Value;

use super::request::Asked;
use super::steps::Taken;
use super::told::Told;
use super::way::Walk;
use crate::body::Body;
use crate::refusal::{Kind, Refusal};
use crate::stage::translate::expect_json;
use crate::stage::way::Way;
use crate::stage::write::unlifted;
use crate::stage::{documents, forward};

/// What is not known without `--stored`.
const UNSEEN: &str = "The document is shown as if nothing were stored; --stored FILE shows what is kept.";

/// What goes to the upstream.
struct Lifted {
    request: Request,
    /// The method, where it is not the operation's.
    method: Option<&'static str>,
}

impl Walk<'_> {
    /// A request of another version than the origin's.
    pub(super) fn translated(
        &self,
        way: &Way,
        asked: &Asked,
        mut request: Request,
        told: &mut Told,
    ) -> Result<Option<Response<Body>>, Refusal> {
        let operation = way.version().lift.target.operation(&request.operation);
        let operation = operation.ok_or_else(|| {
            Refusal::new(
                Kind::UnknownOperation,
                "the upstream's version has no such operation any more",
            )
        })?;
        let takes = way
            .version()
            .lift
            .source
            .operation(&request.operation)
            .is_some_and(|o| o.request.is_some());
        if takes && !asked.body.is_empty() {
            expect_json(&asked.headers, false)?;
            let document = documents::document(&asked.body, self.edition.plan.bounds.depth);
            request.body = Some(document.map_err(|fault| fault.of_request())?);
        }
        let name = request.operation.clone();
        let mut taken = Taken::new(&self.edition.plan.apis[way.api].lineage, request.body.clone());
        let lifted = self.lift(way, operation, request, &mut taken, told);
        told.lift = (!taken.steps.is_empty() && taken.before.is_some()).then_some(taken);
        let lifted = lifted?;
        let target = forward::target_of(
            way.base(),
            &way.version().lift.target.operations,
            operation,
            &lifted.request.arguments,
        )?;
        let method = lifted.method.unwrap_or(operation.method.as_str());
        told.upstream = self.upstream(way, method, target);
        if let Some(upstream) = &mut told.upstream {
            upstream.body = lifted.request.body;
        }
        self.answered(way, &name, told)
    }

    fn lift(
        &self,
        way: &Way,
        operation: &Operation,
        request: Request,
        taken: &mut Taken,
        told: &mut Told,
    ) -> Result<Lifted, Refusal> {
        let purpose = operation.purpose();
        let needs = way.lifting().stored(&request.operation);
        match purpose {
            Purpose::Replace if request.body.is_some() && needs != Stored::Never => {
                self.replace(way, request, needs, taken, told)
            }
            Purpose::Patch if request.body.is_some() => self.patch(way, request, taken, told),
            _ => plain(way, request, purpose, taken),
        }
    }

    fn replace(
        &self,
        way: &Way,
        request: Request,
        needs: Stored,
        taken: &mut Taken,
        told: &mut Told,
    ) -> Result<Lifted, Refusal> {
        let name = request.operation.clone();
        if self.plan_of(way).is_some_and(|plan| plan.keep == Keep::Patch) && needs != Stored::Consulted {
            told.note("What the client cannot see is kept by sending its document on as a merge patch.");
            let mut lifted = plain(way, request, Purpose::Replace, taken)?;
            let body = way.lifting().replacement(&name, lifted.request.body.take());
            lifted.request.body = body.map_err(|fault| unlifted(&fault))?;
            return Ok(Lifted {
                method: Some("PATCH"),
                ..lifted
            });
        }
        told.note("What the client cannot see is kept: the stored document is read first, the client's is put into it, and it is written on condition (If-Match).");
        match &self.given.stored {
            Some(stored) => put(way, request, Purpose::Replace, stored, taken),
            None => {
                told.note(UNSEEN);
                plain(way, request, Purpose::Replace, taken)
            }
        }
    }

    fn patch(
        &self,
        way: &Way,
        request: Request,
        taken: &mut Taken,
        told: &mut Told,
    ) -> Result<Lifted, Refusal> {
        match way.lifting().lift(request.clone(), Purpose::Patch, taken) {
            Ok(request) => {
                return Ok(Lifted {
                    request,
                    method: None,
                });
            }
            Err(fault) if fault.kind != FaultKind::NeedsStored => return Err(unlifted(&fault)),
            Err(_) => taken.steps.clear(),
        }
        told.note("The patch's translation depends on what is stored: that is read first, and a patch is sent on condition (If-Match).");
        let Some(stored) = &self.given.stored else {
            told.note("Give it with --stored FILE, in the upstream's version, to see the patch.");
            return Ok(Lifted {
                request: Request {
                    body: None,
                    ..request_target(way, &request)?
                },
                method: None,
            });
        };
        let whole = merged(way, &request, stored).map_err(|fault| unlifted(&fault))?;
        taken.before = Some(whole.clone());
        let mut lifted = put(
            way,
            Request {
                body: Some(whole),
                ..request
            },
            Purpose::Patch,
            stored,
            taken,
        )?;
        let changes = lifted
            .request
            .body
            .as_ref()
            .map(|new| patch::difference(stored, new))
            .transpose();
        match changes {
            Ok(changes) => lifted.request.body = changes,
            Err(_) => lifted.method = Some("PUT"),
        }
        Ok(lifted)
    }
}

fn plain(way: &Way, request: Request, purpose: Purpose, taken: &mut Taken) -> Result<Lifted, Refusal> {
    let lifted = way
        .lifting()
        .lift(request, purpose, taken)
        .map_err(|fault| unlifted(&fault))?;
    Ok(Lifted {
        request: lifted,
        method: None,
    })
}

fn put(
    way: &Way,
    request: Request,
    purpose: Purpose,
    stored: &Value,
    taken: &mut Taken,
) -> Result<Lifted, Refusal> {
    let lifted = way
        .lifting()
        .put(request, purpose, stored, taken)
        .map_err(|fault| unlifted(&fault))?;
    Ok(Lifted {
        request: lifted,
        method: None,
    })
}

fn request_target(way: &Way, request: &Request) -> Result<Request, Refusal> {
    way.lifting().target(request).map_err(|fault| unlifted(&fault))
}

/// What the client's patch makes of what it sees.
fn merged(way: &Way, request: &Request, stored: &Value) -> Result<Value, Fault> {
    let interpreter = way.lifting();
    let mut whole = interpreter.shown(&request.operation, stored)?;
    if let Some(changes) = &request.body {
        interpreter.refuse_foreign(&request.operation, changes)?;
        patch::apply(&mut whole, changes);
    }
    Ok(whole)
}
