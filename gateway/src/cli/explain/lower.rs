//! The upstream's answer on its way to the client.

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use sluice_transforms::message::Response as Lowering;

use super::steps::Taken;
use super::told::Told;
use super::way::Walk;
use crate::body::Body;
use crate::refusal::Refusal;
use crate::stage::lower::{OMITTED, unlowered};
use crate::stage::way::Way;

impl Walk<'_> {
    /// The answer that was given, as the client gets it; `None` without one.
    pub(super) fn answered(
        &self,
        way: &Way,
        operation: &str,
        told: &mut Told,
    ) -> Result<Option<Response<Body>>, Refusal> {
        let Some(document) = &self.given.answer else {
            return Ok(None);
        };
        let mut taken = Taken::new(&self.edition.plan.apis[way.api].lineage, Some(document.clone()));
        let answer = Lowering {
            operation: operation.to_owned(),
            status: self.given.status,
            headers: vec![(CONTENT_TYPE.to_string(), "application/json".to_owned())],
            body: Some(document.clone()),
        };
        let lowered = way.lowering().lower(answer, &mut taken);
        told.lower = (!taken.steps.is_empty()).then_some(taken);
        let lowered = lowered.map_err(|fault| unlowered(&fault))?;
        let mut answer = response(&lowered.response);
        if lowered.omitted > 0 {
            answer
                .headers_mut()
                .insert(OMITTED, HeaderValue::from(lowered.omitted));
        }
        Ok(Some(answer))
    }
}

fn response(lowered: &Lowering) -> Response<Body> {
    let body = lowered
        .body
        .as_ref()
        .map_or_else(Body::empty, |body| Body::full(body.to_json()));
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(lowered.status).unwrap_or_default();
    for (name, value) in &lowered.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
