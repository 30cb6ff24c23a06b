//! One request for a page: who looks at what.

use std::sync::Arc;

use http::{Method, Response};
use serde::Serialize;
use serde_json::Value as Json;
use sluice_config::plan::ApiPlan;

use super::answers::{self, Writing};
use super::door::{Arrival, Caller};
use super::figures;
use super::layout::{Frame, Place};
use super::pairs::Pairs;
use crate::body::Body;
use crate::edition::Edition;
use crate::gateway::Gateway;
use crate::refusal::{Kind, Refusal};
use crate::reload::Reloader;

/// One request for a page.
pub(super) struct Visit<'a> {
    /// The gateway that is looked at.
    pub(super) gateway: &'a Arc<Gateway>,
    /// Where its configuration comes from.
    pub(super) reloader: &'a Reloader,
    /// What is known of the request.
    pub(super) arrival: Arrival<'a>,
    /// Who looks.
    pub(super) caller: Caller,
    /// The token for the forms of the page.
    pub(super) token: String,
    /// The query.
    pub(super) query: Pairs,
    /// Whether the figures were made up by `sluice demo`.
    pub(super) demo: bool,
    /// Where reports are written as JSON.
    pub(super) writing: &'a Writing,
}

impl<'a> Visit<'a> {
    /// The running edition.
    pub(super) fn edition(&self) -> &'a Arc<Edition> {
        self.arrival.edition
    }

    /// The most levels of a document.
    pub(super) fn depth(&self) -> usize {
        self.edition().plan.bounds.depth
    }

    /// The API that the query names, or the first; none where there is none.
    ///
    /// # Errors
    /// There is no API of that name.
    pub(super) fn api(&self) -> Result<Option<&'a ApiPlan>, Refusal> {
        self.api_named(self.query.get("api"))
    }

    /// The API of that name, or the first where the name is empty; none where there is none.
    ///
    /// # Errors
    /// There is no API of that name.
    pub(super) fn api_named(&self, name: &str) -> Result<Option<&'a ApiPlan>, Refusal> {
        let apis = &self.edition().plan.apis;
        if name.is_empty() {
            return Ok(apis.first());
        }
        let found = apis.iter().find(|api| api.name == name);
        found.map(Some).ok_or_else(|| {
            let names: Vec<&str> = apis.iter().map(|api| api.name.as_str()).collect();
            Refusal::new(
                Kind::UnknownApi,
                format!("there is no such API; there are: {}", names.join(", ")),
            )
        })
    }

    /// The frame of a page.
    pub(super) fn frame(&self, title: &'a str, place: Place) -> Frame<'_> {
        let api = self.api().ok().flatten().map_or("", |api| &api.name);
        self.frame_of(title, place, api)
    }

    /// The frame of a page on this API.
    pub(super) fn frame_of<'f>(&'f self, title: &'f str, place: Place, api: &'f str) -> Frame<'f> {
        let clock = self.gateway.shared.clock;
        Frame {
            title,
            place,
            apis: self
                .edition()
                .plan
                .apis
                .iter()
                .map(|api| api.name.as_str())
                .collect(),
            api,
            caller: Some(&self.caller),
            token: &self.token,
            demo: self.demo,
            rehearsal: clock.is_rehearsal().then(|| figures::minute(self.arrival.now)),
        }
    }

    /// A value as JSON that says whether its figures are made up.
    pub(super) fn marked(&self, value: &impl Serialize) -> Json {
        answers::marked(value, self.demo)
    }

    /// A report as JSON that says whether its figures are made up, written beside the core.
    ///
    /// # Errors
    /// There is too much to write.
    pub(super) async fn told(
        &self,
        report: impl Serialize + Send + 'static,
    ) -> Result<Response<Body>, Refusal> {
        self.writing.json(report, self.demo).await
    }
}

/// 405 unless the method is one of those that read.
///
/// # Errors
/// It is another one.
pub(super) fn expect_read(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Refusal::method_not_allowed(method, [Method::GET, Method::HEAD])),
    }
}
