//! Requests that carry a document to the upstream, and how writes of older clients lose nothing.
//!
//! What a client cannot see is kept, per upstream: `patch` sends the edit on as a merge patch; `read` reads the stored
//! document, puts the client's into it and writes on condition; `unsafe_read` does so without a condition. A precondition
//! of the client's own wins: its failure is answered, never tried again.

use std::time::Instant;

use http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use sluice_config::plan::Keep;
use sluice_transforms::contract::{Operation, Purpose};
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::message::Request;
use sluice_transforms::op::Stored;
use sluice_transforms::value::Value;
use sluice_transforms::{patch, reference};

use super::way::Way;
use super::{documents, forward, lower, precondition};
use crate::body::Body;
use crate::fields::etag;
use crate::ledger::Gathered;
use crate::pools::Line;
use crate::refusal::{Kind, Refusal};

/// A request in the client's version, ready to be lifted and sent.
pub struct Write<'a> {
    /// Where it goes, and how it is translated.
    pub way: &'a Way,
    /// The connection to the upstream.
    pub line: &'a Line,
    /// The fields to forward; preconditions are the upstream's already.
    pub headers: HeaderMap,
    /// The method that the client used.
    pub method: &'a Method,
    /// The request, with its document.
    pub request: Request,
    /// Whether the document is large: then it is translated off the core.
    pub large: bool,
}

type Answer = Result<Response<Body>, Refusal>;

impl Write<'_> {
    /// Lifts and sends the request.
    ///
    /// # Errors
    /// What cannot be translated; nothing has reached the backend then.
    pub async fn send(self, gathered: &mut Gathered) -> Answer {
        let purpose = self.origin_operation()?.purpose();
        let stored = self.way.lifting().stored(&self.request.operation);
        match purpose {
            Purpose::Replace if self.request.body.is_some() && stored != Stored::Never => {
                self.replace(stored, gathered).await
            }
            Purpose::Patch if self.request.body.is_some() => self.patch(gathered).await,
            _ => self.plain(purpose, gathered).await,
        }
    }

    fn origin_operation(&self) -> Result<&Operation, Refusal> {
        let operation = self.way.version().lift.target.operation(&self.request.operation);
        operation.ok_or_else(|| {
            Refusal::new(
                Kind::UnknownOperation,
                "the upstream's version has no such operation any more",
            )
        })
    }

    async fn plain(&self, purpose: Purpose, gathered: &mut Gathered) -> Answer {
        let lifted = self
            .lift(purpose, None, gathered)
            .await?
            .map_err(|fault| unlifted(&fault))?;
        self.deliver(&lifted, self.headers.clone()).await
    }

    async fn patch(&self, gathered: &mut Gathered) -> Answer {
        match self.lift(Purpose::Patch, None, gathered).await? {
            Ok(lifted) => self.deliver(&lifted, self.headers.clone()).await,
            Err(fault) if fault.kind == FaultKind::NeedsStored => {
                self.on_stored(Purpose::Patch, gathered).await
            }
            Err(fault) => Err(unlifted(&fault)),
        }
    }

    async fn replace(&self, stored: Stored, gathered: &mut Gathered) -> Answer {
        if self.line.plan.keep != Keep::Patch || stored == Stored::Consulted {
            return self.on_stored(Purpose::Replace, gathered).await;
        }
        let Some(operation) = self.sibling("PATCH") else {
            return self.on_stored(Purpose::Replace, gathered).await;
        };
        let mut lifted = self
            .lift(Purpose::Replace, None, gathered)
            .await?
            .map_err(|fault| unlifted(&fault))?;
        lifted.body = self
            .way
            .lifting()
            .replacement(&self.request.operation, lifted.body)
            .map_err(|f| unlifted(&f))?;
        let target = self.target(operation, &lifted)?;
        self.dispatch("PATCH", &target, lifted.body.as_ref(), true, self.headers.clone())
            .await
    }

    /// Reads, puts, and writes on condition.
    async fn on_stored(&self, purpose: Purpose, gathered: &mut Gathered) -> Answer {
        let target = self
            .way
            .lifting()
            .target(&self.request)
            .map_err(|fault| unlifted(&fault))?;
        let Some(read) = self.sibling("GET") else {
            return Err(Refusal::new(
                Kind::UntranslatableRequest,
                "what is stored cannot be read, so that this write would lose some of it",
            ));
        };
        let read = self.target(read, &target)?;
        let own = precondition::is_own(&self.headers);
        for attempt in 0.. {
            let found = self.read(&read).await?;
            if found.status() == StatusCode::NOT_FOUND && purpose == Purpose::Replace {
                return self.create(gathered).await;
            }
            if found.status() != StatusCode::OK {
                return Ok(found);
            }
            let tag = lower::tag(found.headers());
            let since = Instant::now();
            let stored = self.document(found).await;
            gathered.upstream += since.elapsed();
            let stored = stored?;
            let condition = self.condition(tag)?;
            let answer = self.put(purpose, stored, condition, gathered).await?;
            let beaten = answer.status() == StatusCode::PRECONDITION_FAILED && own;
            if !beaten {
                return Ok(answer);
            }
            if attempt >= self.line.plan.retries {
                break;
            }
            self.line.pause(attempt).await;
        }
        Err(Refusal::new(
            Kind::Contended,
            "others wrote the resource each time that this write was tried; try again",
        ))
    }

    /// The precondition of the write: what was read is still there, and the client's own holds for it.
    fn condition(&self, tag: Option<String>) -> Result<Option<HeaderValue>, Refusal> {
        if !precondition::holds(&self.headers, tag.as_deref()) {
            let shown = tag.and_then(|tag| self.way.version().mark.put(&tag));
            return Err(Refusal::new(
                Kind::PreconditionFailed,
                "the resource is not, or no longer, as the request requires",
            )
            .tagged(shown));
        }
        if self.line.plan.keep == Keep::UnsafeRead {
            return Ok(None);
        }
        let value = tag
            .filter(|tag| etag::is_strong(tag))
            .and_then(|tag| HeaderValue::from_str(&tag).ok());
        value.map(Some).ok_or_else(|| {
            Refusal::new(
                Kind::NoEntityTag,
                "the upstream gave no strong entity tag, so that a write that loses nothing is not possible",
            )
        })
    }

    async fn create(&self, gathered: &mut Gathered) -> Answer {
        let lifted = self
            .lift(Purpose::Create, None, gathered)
            .await?
            .map_err(|fault| unlifted(&fault))?;
        let mut headers = self.headers.clone();
        if !headers.contains_key(IF_MATCH) {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        self.deliver(&lifted, headers).await
    }

    async fn put(
        &self,
        purpose: Purpose,
        stored: Value,
        condition: Option<HeaderValue>,
        gathered: &mut Gathered,
    ) -> Answer {
        let lifted = self
            .lift(purpose, Some(stored.clone()), gathered)
            .await?
            .map_err(|fault| unlifted(&fault))?;
        let mut headers = self.headers.clone();
        headers.remove(IF_MATCH);
        // It held for what was read, and only that is written over.
        headers.remove(IF_NONE_MATCH);
        condition
            .into_iter()
            .for_each(|tag| drop(headers.insert(IF_MATCH, tag)));
        if purpose == Purpose::Replace {
            return self.deliver(&lifted, headers).await;
        }
        let (Some(new), Some(whole)) = (lifted.body.as_ref(), self.origin_operation().ok()) else {
            return self.deliver(&lifted, headers).await;
        };
        match patch::difference(&stored, new) {
            Ok(changes) => {
                let target = self.target(whole, &lifted)?;
                self.dispatch("PATCH", &target, Some(&changes), true, headers)
                    .await
            }
            // A merge patch cannot set null: the whole document can.
            Err(fault) => {
                let Some(replace) = self.sibling("PUT") else {
                    return Err(unlifted(&fault));
                };
                let target = self.target(replace, &lifted)?;
                self.dispatch("PUT", &target, Some(new), false, headers).await
            }
        }
    }

    /// The path and query of an operation of the origin.
    fn target(&self, operation: &Operation, request: &Request) -> Result<String, Refusal> {
        let operations = &self.way.version().lift.target.operations;
        forward::target_of(self.way.base(), operations, operation, &request.arguments)
    }

    /// The origin's operation on the same path with another method.
    fn sibling(&self, method: &str) -> Option<&Operation> {
        let path = &self.origin_operation().ok()?.path;
        self.way
            .version()
            .lift
            .target
            .operations
            .iter()
            .find(|o| o.method == method && o.path == *path)
    }

    async fn read(&self, target: &str) -> Answer {
        let mut headers = self.headers.clone();
        // `If-Unmodified-Since` stays: beside our own `If-Match` the write would ignore it (RFC 9110 §13.1.4).
        for name in [
            IF_MATCH,
            IF_NONE_MATCH,
            IF_MODIFIED_SINCE,
            http::header::CONTENT_TYPE,
        ] {
            headers.remove(name);
        }
        forward::translated_fields(&mut headers);
        self.line
            .send(forward::request(Method::GET, target, headers, Body::empty())?)
            .await
    }

    async fn document(&self, found: Response<Body>) -> Result<Value, Refusal> {
        let (parts, body) = found.into_parts();
        let bounds = &self.way.edition.plan.bounds;
        let bytes = documents::read(body, &parts.headers, bounds.held, self.way.idle(), bounds)
            .await
            .map_err(|f| f.of_answer())?;
        documents::document(&bytes, bounds.depth).map_err(|f| f.of_answer())
    }

    /// Translates, off the core when the document is large.
    async fn lift(
        &self,
        purpose: Purpose,
        stored: Option<Value>,
        gathered: &mut Gathered,
    ) -> Result<Result<Request, Fault>, Refusal> {
        let (way, mut request) = (self.way.clone(), self.request.clone());
        let large = self.large;
        let work = move || {
            let mut seen = Gathered::default();
            let interpreter = way.lifting();
            let lifted = match stored {
                None => interpreter.lift(request, purpose, &mut seen),
                Some(stored) if purpose == Purpose::Patch => merged(&interpreter, &mut request, &stored)
                    .and_then(|()| interpreter.put(request, purpose, &stored, &mut seen)),
                Some(stored) => interpreter.put(request, purpose, &stored, &mut seen),
            };
            (lifted, seen)
        };
        let since = Instant::now();
        let stage = self.line.trace.stage("lift");
        let ran = stage.judged(self.way.edition.offload.run(large, work).await);
        gathered.translated(since);
        let (lifted, seen) = ran?;
        gathered.absorb(seen);
        match &lifted {
            Ok(_) => gathered.lifted = true,
            Err(fault) if fault.kind != FaultKind::NeedsStored => gathered.fault(fault),
            Err(_) => {}
        }
        Ok(lifted)
    }

    async fn deliver(&self, lifted: &Request, mut headers: HeaderMap) -> Answer {
        let operation = self.origin_operation()?;
        if let Some(source) = self.way.version().lift.source.operation(&self.request.operation) {
            let api = &self.way.edition.plan.apis[self.way.api];
            let own = api.authentication.identity.names();
            forward::header_arguments(&mut headers, source, lifted, own);
        }
        let target = self.target(operation, lifted)?;
        let patch = operation.request.as_ref().is_some_and(|p| p.patch);
        let method = if *self.method == Method::HEAD {
            "HEAD"
        } else {
            operation.method.as_str()
        };
        self.dispatch(method, &target, lifted.body.as_ref(), patch, headers)
            .await
    }

    async fn dispatch(
        &self,
        method: &str,
        target: &str,
        body: Option<&Value>,
        patch: bool,
        mut headers: HeaderMap,
    ) -> Answer {
        forward::translated_fields(&mut headers);
        let body = match body {
            Some(document) => {
                forward::set_media_type(&mut headers, patch);
                Body::full(document.to_json())
            }
            None => {
                headers.remove(http::header::CONTENT_TYPE);
                Body::empty()
            }
        };
        let method = method
            .parse()
            .map_err(|_| Refusal::new(Kind::Internal, "the operation has no method"))?;
        self.line
            .send(forward::request(method, target, headers, body)?)
            .await
    }
}

/// What the client's patch makes of what it sees.
fn merged(
    interpreter: &reference::Interpreter<'_>,
    request: &mut Request,
    stored: &Value,
) -> Result<(), Fault> {
    let mut whole = interpreter.shown(&request.operation, stored)?;
    if let Some(changes) = &request.body {
        interpreter.refuse_foreign(&request.operation, changes)?;
        patch::apply(&mut whole, changes);
    }
    request.body = Some(whole);
    Ok(())
}

/// A request that cannot be lifted, as the client is told.
pub fn unlifted(fault: &Fault) -> Refusal {
    let kind = match fault.kind {
        FaultKind::Duplicate => Kind::MalformedBody,
        FaultKind::NoOperation => Kind::UnknownOperation,
        FaultKind::Stored => Kind::UntranslatableAnswer,
        _ => Kind::UntranslatableRequest,
    };
    let refusal = Refusal::new(kind, fault.detail.clone());
    let placed = !fault.pointer.is_root() && fault.kind != FaultKind::Stored;
    if placed {
        refusal.at(fault.pointer.to_string())
    } else {
        refusal
    }
}
