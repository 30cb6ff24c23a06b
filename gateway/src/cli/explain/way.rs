//! The way of the request, stage by stage, as an exchange takes it; a refusal on the way is answered as there.

use std::sync::Arc;

use http::{Method, Response};
use sluice_config::plan::UpstreamPlan;

use super::Given;
use super::request::Asked;
use super::told::{Answer, Told, Upstream, legs};
use crate::body::Body;
use crate::canonical;
use crate::edition::Edition;
use crate::fields::target;
use crate::refusal::{Kind, Refusal};
use crate::stage::identify::{self, Identified};
use crate::stage::route::{self, Routed};
use crate::stage::way::Way;
use crate::stage::{refuse, respond};

/// What a request is walked through.
pub(super) struct Walk<'a> {
    /// The edition.
    pub(super) edition: &'a Arc<Edition>,
    /// Documents that were given beside it.
    pub(super) given: &'a Given,
}

/// What is known of the request so far.
#[derive(Default)]
struct Known {
    api: Option<usize>,
    identified: Option<Identified>,
    operation: String,
}

impl Walk<'_> {
    /// Takes the request as far as it comes.
    pub(super) fn walk(&self, asked: Asked, told: &mut Told) {
        let mut known = Known::default();
        let answer = self.stages(asked, &mut known, told);
        told.refused = answer.is_err();
        let answer = match answer {
            Ok(answer) => answer,
            Err(refusal) => Some(self.refused(&known, &refusal)),
        };
        told.answer = answer.map(|mut answer| {
            self.mark(&known, &mut answer, told.refused);
            Answer::of(&answer)
        });
    }

    /// `None`: what the upstream answers was not given.
    fn stages(
        &self,
        mut asked: Asked,
        known: &mut Known,
        told: &mut Told,
    ) -> Result<Option<Response<Body>>, Refusal> {
        if asked.method == Method::TRACE || asked.method == Method::CONNECT {
            return Err(Refusal::new(
                Kind::MethodNotSupported,
                format!("{} is not supported", asked.method),
            ));
        }
        let host =
            canonical::host(&asked.uri, &asked.headers, asked.version).map_err(|f| Refusal::from(&f))?;
        let path = canonical::path(asked.uri.path()).map_err(|f| Refusal::from(&f))?;
        let query = target::pairs(asked.uri.query().unwrap_or_default());
        let mut query = query.ok_or_else(|| Refusal::new(Kind::BadPath, "the query is not UTF-8"))?;
        let plan = &self.edition.plan;
        let seen = identify::Request {
            host: host.as_ref(),
            path: &path,
            query: &query,
            headers: &asked.headers,
        };
        let identified = identify::identify(plan, &seen, None).map_err(|unidentified| {
            known.api = unidentified.api;
            told.api = unidentified.api.map(|api| plan.apis[api].name.clone());
            unidentified.refusal
        })?;
        let api = &plan.apis[identified.api];
        known.api = Some(identified.api);
        told.api = Some(api.name.clone());
        told.version = Some((
            api.version_name(identified.version).to_owned(),
            identified.chosen_by,
        ));
        identify::strip_selectors(api, &mut asked.headers, &mut query);
        let way = Way {
            edition: Arc::clone(self.edition),
            api: identified.api,
            version: identified.version,
        };
        let segments = identified.segments.clone();
        known.identified = Some(identified);
        let lift = &way.version().lift;
        told.chain = legs(&api.lineage, lift, None);
        let routed = route::route(
            way.version(),
            api.is_complete(way.version),
            &asked.method,
            &segments,
            &query,
            &asked.headers,
        )?;
        if let Routed::Operation(request) = &routed {
            known.operation.clone_from(&request.operation);
            told.operation = Some(request.operation.clone());
            told.chain = legs(&api.lineage, lift, Some(&request.operation));
        }
        match routed {
            Routed::Operation(request) if !way.version().is_origin() => {
                self.translated(&way, &asked, request, told)
            }
            _ => self.passed(&way, &asked, &segments, &query, told),
        }
    }

    fn passed(
        &self,
        way: &Way,
        asked: &Asked,
        segments: &[String],
        query: &[target::Pair],
        told: &mut Told,
    ) -> Result<Option<Response<Body>>, Refusal> {
        let path = target::path(way.base(), segments);
        let path = path.ok_or_else(|| Refusal::new(Kind::BadPath, "the path cannot be forwarded"))?;
        let raw: Vec<&str> = query.iter().map(|pair| pair.raw.as_str()).collect();
        let target = if raw.is_empty() {
            path
        } else {
            format!("{path}?{}", raw.join("&"))
        };
        told.upstream = self.upstream(way, asked.method.as_str(), target);
        told.note(if way.version().is_origin() {
            "The upstream speaks this version: nothing is translated, and both bodies stream untouched."
        } else {
            "No change mentions this path: the request passes as it came, and both bodies stream untouched."
        });
        Ok(None)
    }

    /// A request to the upstream of this way; its body is not known yet.
    pub(super) fn upstream(&self, way: &Way, method: &str, target: String) -> Option<Upstream> {
        let UpstreamPlan { name, endpoints, .. } = self.plan_of(way)?;
        let (name, method) = (name.clone(), method.to_owned());
        Some(Upstream {
            name,
            endpoints: endpoints.iter().map(ToString::to_string).collect(),
            method,
            target,
            body: None,
        })
    }

    /// The upstream of this way.
    pub(super) fn plan_of(&self, way: &Way) -> Option<&UpstreamPlan> {
        let plan = &self.edition.plan;
        plan.upstream(plan.apis[way.api].upstream)
    }

    fn refused(&self, known: &Known, refusal: &Refusal) -> Response<Body> {
        match &known.identified {
            Some(id) => refuse::answer(self.edition, id.api, id.version, &known.operation, refusal),
            None => refusal.answer(),
        }
    }

    fn mark(&self, known: &Known, answer: &mut Response<Body>, refused: bool) {
        let Some(api) = known.api.map(|index| &self.edition.apis[index]) else {
            return;
        };
        let success = !refused && answer.status().is_success();
        match &known.identified {
            Some(identified) => respond::versioned(answer.headers_mut(), api, identified, success),
            None => respond::varies(answer.headers_mut(), api),
        }
    }
}
