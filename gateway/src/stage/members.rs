//! Members that go, in the documents of the client's version: what is sent and gone is refused, what is delivered and
//! gone is left out, and what is still there is told. A trial withholds what is not gone yet from a share of one consumer's
//! answers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use sluice_config::plan::VersionId;
use sluice_transforms::contract::Operation;
use sluice_transforms::shape::Shape;

use super::{documents, forward};
use crate::body::Body;
use crate::edition::Edition;
use crate::fields::{etag, media};
use crate::identity::Identity;
use crate::ledger::gathered::{BY_LIFECYCLE, Gathered, Member, note};
use crate::lifecycle::{Carry, Fate, Met, Seen, trial};
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;
use crate::stage::receive::Received;
use crate::stage::translate::expect_json;

/// What is withheld now is there again in the next answer: nobody is to keep this one.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What is looked through, and for whom.
pub struct Looked<'a> {
    edition: &'a Arc<Edition>,
    api: usize,
    version: VersionId,
    operation: &'a Operation,
    carry: Carry,
    /// By rule, what becomes of its member.
    fates: Vec<Fate>,
}

/// Whether an operation of a version carries members that go; only then a clock is read.
pub fn looked<'a>(
    edition: &'a Arc<Edition>,
    api: usize,
    version: VersionId,
    operation: Option<&'a Operation>,
    who: &Identity,
    shared: &Shared,
) -> Option<Looked<'a>> {
    let operation = operation?;
    let (members, carry) = edition.apis[api].members.get(version, &operation.id)?;
    Some(Looked {
        edition,
        api,
        version,
        operation,
        carry,
        fates: members.fates(who.consumer, shared.clock.now(), trial::number()),
    })
}

impl Looked<'_> {
    /// Looks through a request. Its answer will be looked through, too: whole, and in a coding that can be opened.
    ///
    /// # Errors
    /// It sends a member that is gone, or cannot be read.
    pub async fn request(
        &self,
        headers: &mut HeaderMap,
        received: &mut Received,
        fields: &mut HeaderMap,
        gathered: &mut Gathered,
    ) -> Result<(), Refusal> {
        if self.carry.answer {
            forward::whole_answer(headers);
        }
        if !self.carry.request || received.is_end_stream() {
            return Ok(());
        }
        // A member that is gone is gone in whatever a backend may read as JSON.
        expect_json(headers, false)?;
        let bounds = &self.edition.plan.bounds;
        let sent = received.hold(bounds.request, self.edition.idle(self.api)).await?;
        let opened = documents::open(sent, headers, bounds).await;
        let opened = opened.map_err(|fault| fault.of_request())?;
        let met = self.sent(opened).await?;
        self.tell(&met, fields, &mut gathered.sent, &mut gathered.withheld);
        Ok(())
    }

    async fn sent(&self, opened: Bytes) -> Result<Met, Refusal> {
        let large = opened.len() > self.edition.plan.bounds.offload;
        let (edition, fates, id) = (
            Arc::clone(self.edition),
            self.fates.clone(),
            self.operation.id.clone(),
        );
        let (api, version) = (self.api, self.version);
        let work = move || {
            let document = documents::document(&opened, edition.plan.bounds.depth);
            let mut document = document.map_err(|fault| fault.of_request())?;
            let api = &edition.apis[api];
            let contract = &api.versions[version.index()].lift.source;
            let found = api.members.get(version, &id).zip(contract.operation(&id));
            let Some(((members, _), operation)) = found else {
                return Ok(Met::default());
            };
            let met = members.sent(contract, operation, &mut document, &fates);
            met.map_err(|fault| {
                Refusal::new(Kind::MemberSunset, fault.detail.clone()).at(fault.pointer.to_string())
            })
        };
        self.edition.offload.run(large, work).await?
    }

    /// Looks through an answer.
    ///
    /// # Errors
    /// It does not arrive whole, or cannot be opened.
    pub async fn answer(
        &self,
        method: &Method,
        answer: Response<Body>,
        fields: &mut HeaderMap,
        gathered: &mut Gathered,
    ) -> Result<Response<Body>, Refusal> {
        let bodiless = *method == Method::HEAD
            || matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let typed = self
            .operation
            .answer(answer.status().as_u16())
            .is_some_and(|a| a.shape.is_some());
        if !self.carry.answer
            || !typed
            || bodiless
            || answer.body().is_end_stream()
            || !media::is_document(answer.headers())
        {
            return Ok(answer);
        }
        let (mut parts, body) = answer.into_parts();
        let bounds = &self.edition.plan.bounds;
        let held = documents::whole(body, bounds.held, self.edition.idle(self.api)).await;
        let held = held.map_err(|fault| fault.of_answer())?;
        let opened = documents::open(held.clone(), &parts.headers, bounds).await;
        let opened = opened.map_err(|fault| fault.of_answer())?;
        let Some((met, lessened)) = self.delivered(parts.status, opened).await? else {
            return Ok(Response::from_parts(parts, Body::full(held)));
        };
        self.tell(&met, fields, &mut gathered.delivered, &mut gathered.withheld);
        let body = match lessened {
            Some(less) => {
                forward::changed_body(&mut parts.headers);
                if met.is_lesser() {
                    etag::lessen(&mut parts.headers);
                    parts.headers.remove(LAST_MODIFIED);
                    parts.headers.insert(CACHE_CONTROL, NO_STORE);
                }
                less
            }
            None => held,
        };
        Ok(Response::from_parts(parts, Body::full(body)))
    }

    /// What is met in an answer, and what is left of it where something was taken out. None where it is no document, which
    /// is not judged here.
    async fn delivered(
        &self,
        status: StatusCode,
        opened: Bytes,
    ) -> Result<Option<(Met, Option<Bytes>)>, Refusal> {
        let large = opened.len() > self.edition.plan.bounds.offload;
        let (edition, fates, id) = (
            Arc::clone(self.edition),
            self.fates.clone(),
            self.operation.id.clone(),
        );
        let (api, version) = (self.api, self.version);
        let work = move || {
            let mut document = documents::document(&opened, edition.plan.bounds.depth).ok()?;
            let api = &edition.apis[api];
            let contract = &api.versions[version.index()].lift.source;
            let (members, _) = api.members.get(version, &id)?;
            let shape: &Shape = contract.operation(&id)?.answer(status.as_u16())?.shape.as_ref()?;
            let met = members.delivered(contract, shape, &mut document, &fates);
            let less = met.changed.then(|| Bytes::from(document.to_json()));
            Some((met, less))
        };
        self.edition.offload.run(large, work).await
    }

    /// Tells the client and the ledger.
    fn tell(&self, met: &Met, fields: &mut HeaderMap, there: &mut Vec<Member>, withheld: &mut Vec<Member>) {
        let members = self.edition.apis[self.api]
            .members
            .get(self.version, &self.operation.id);
        let Some((members, _)) = members else { return };
        for (name, value) in members.fields(met) {
            // A member that is sent and delivered is told once.
            if !fields.get_all(name).iter().any(|told| told == value) {
                fields.append(name.clone(), value.clone());
            }
        }
        for (label, at, seen) in members.members(met) {
            let list = match seen {
                Seen::Withheld => &mut *withheld,
                Seen::There | Seen::Not => &mut *there,
            };
            note(list, BY_LIFECYCLE, label, at);
        }
    }
}
