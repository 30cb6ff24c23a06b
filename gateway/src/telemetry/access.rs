//! The access log: one JSON object a line for each exchange.
//!
//! A line holds what the gateway itself knows of an exchange, and of the client's and the backend's texts only what the
//! configuration lists by name. Credentials cannot be listed, whatever the configuration says.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use http::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, SET_COOKIE,
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use opentelemetry::TraceId;
use serde_json::{Map, Value as Json, json};
use sluice_config::plan::{AccessLogPlan, AccessLogTo, Plan};
use sluice_config::{Code, Diagnostic};

use super::account::Facts;
use crate::clock::Clock;
use crate::fields::target::Pair;
use crate::files;
use crate::journal::{At, Entry, Habits, Journal, Opened, short};
use crate::ledger::took::{Part, Times};
use crate::meters::Meters;

/// Credentials, whatever an API's schemes are.
const CREDENTIALS: [HeaderName; 4] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE];

/// The parameter that holds a bearer token (RFC 6750 §2.3).
const TOKEN: &str = "access_token";

const HABITS: Habits = Habits {
    name: "the access log",
    thread: "access",
    waiting: 8_192,
    gather: Duration::from_millis(5),
};

/// The most characters of a text of a client, of a path, and of a name.
const TEXT: usize = 512;
const PATH: usize = 2_048;
const NAME: usize = 64;
/// The most parameters of a query.
const PARAMETERS: usize = 32;

/// Where lines go.
pub type AccessLog = Journal<Box<Line>>;

/// An access log that goes nowhere yet.
pub fn journal(clock: Clock, meters: &Meters) -> AccessLog {
    let help = "Lines that the access log could not keep";
    Journal::new(HABITS, clock, meters.counter("sluice_access_log_lost", help, &[]))
}

/// Opens the log of a plan: what cannot be opened is told before anything is swapped.
///
/// # Errors
/// The file cannot be written.
pub fn open(plan: &Plan, directory: Option<&Path>) -> Result<Opened, Vec<Diagnostic>> {
    let to = plan.access_log.as_ref().map(|plan| &plan.to);
    let at = to.map(|to| match to {
        AccessLogTo::Stdout => At::Stdout,
        AccessLogTo::File { file, rotate, keep } => At::File {
            path: files::path(file, directory),
            rotate: *rotate,
            keep: *keep,
        },
    });
    Opened::at(at).map_err(|error| match to {
        Some(AccessLogTo::File { file, .. }) => {
            let message = format!("{} cannot be written: {error}", file.path.display());
            vec![file.place.fault(Code::UnwritableFile, message)]
        }
        Some(AccessLogTo::Stdout) | None => Vec::new(),
    })
}

/// What of exchanges may be shown, and of how many.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) share: f64,
    request: Vec<HeaderName>,
    answer: Vec<HeaderName>,
    query: Vec<String>,
    /// Parameters that hold credentials in any API.
    secret: Vec<String>,
}

impl Shown {
    pub(super) fn of(log: &AccessLogPlan, plan: &Plan) -> Self {
        let places = || plan.apis.iter().map(|api| &api.authentication.places);
        let mut secret: Vec<String> = places().flat_map(|places| places.query.iter().cloned()).collect();
        secret.push(TOKEN.to_owned());
        let is_secret = |name: &HeaderName| {
            CREDENTIALS.contains(name) || places().any(|places| places.headers.contains(name))
        };
        let listed = |names: &[HeaderName]| names.iter().filter(|name| !is_secret(name)).cloned().collect();
        Self {
            share: log.share,
            request: listed(&log.request),
            answer: listed(&log.answer),
            query: log
                .query
                .iter()
                .filter(|name| !secret.contains(name))
                .cloned()
                .collect(),
            secret,
        }
    }

    /// The fields of a request that are listed.
    pub(super) fn of_request(&self, headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
        listed(&self.request, headers)
    }

    /// The fields of an answer that are listed.
    pub(super) fn of_answer(&self, headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
        listed(&self.answer, headers)
    }

    /// The parameters of a query: their names, and values of those that are listed.
    pub(super) fn of_query(&self, query: &[Pair]) -> Vec<(String, Option<String>)> {
        let shown = query.iter().filter(|pair| !self.secret.contains(&pair.name));
        let value = |pair: &Pair| self.query.contains(&pair.name).then(|| short(&pair.value, TEXT));
        shown
            .take(PARAMETERS)
            .map(|pair| (short(&pair.name, NAME), value(pair)))
            .collect()
    }
}

fn listed(names: &[HeaderName], headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let all = names.iter().flat_map(|name| {
        let values = headers.get_all(name).iter();
        values.map(|value| (name.clone(), value.clone()))
    });
    all.collect()
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its answer has gone out whole.
    Whole,
    /// Its answer broke off: the upstream's body failed.
    Broken,
    /// The client went away before.
    #[default]
    Abandoned,
    /// The gateway failed in the midst of it, and answered 500.
    Panicked,
}

/// One exchange.
#[derive(Debug)]
pub struct Line {
    pub(super) at: Timestamp,
    pub(super) request_id: Option<HeaderValue>,
    pub(super) trace: Option<TraceId>,
    pub(super) generation: u64,
    pub(super) client: IpAddr,
    pub(super) method: Method,
    pub(super) path: Option<String>,
    pub(super) query: Vec<(String, Option<String>)>,
    pub(super) facts: Facts,
    pub(super) status: Option<StatusCode>,
    /// Why the gateway refused.
    pub(super) refused: Option<&'static str>,
    pub(super) ended: Ended,
    pub(super) took: Duration,
    pub(super) times: Times,
    pub(super) received: Option<u64>,
    pub(super) sent: u64,
    pub(super) request: Vec<(HeaderName, HeaderValue)>,
    pub(super) answer: Vec<(HeaderName, HeaderValue)>,
}

impl Entry for Box<Line> {
    fn write(&self, text: &mut String) {
        text.push_str(&Json::Object(self.members()).to_string());
        text.push('\n');
    }

    fn write_lost(at: Timestamp, missing: u64, text: &mut String) {
        text.push_str(&json!({"time": time(at), "lost": missing}).to_string());
        text.push('\n');
    }
}

impl Line {
    fn members(&self) -> Map<String, Json> {
        let Facts {
            api,
            version,
            chosen_by,
            consumer,
            operation,
            ..
        } = &self.facts;
        let named = |text: &str| (!text.is_empty()).then(|| text.into());
        let all: [(&str, Option<Json>); 20] = [
            ("time", Some(time(self.at).into())),
            ("request_id", self.request_id.as_ref().map(|id| shown(id).into())),
            ("trace_id", self.trace.map(|id| id.to_string().into())),
            ("client", Some(self.client.to_string().into())),
            ("method", Some(short(self.method.as_str(), NAME).into())),
            ("path", self.path.as_ref().map(|path| short(path, PATH).into())),
            ("query", (!self.query.is_empty()).then(|| parameters(&self.query))),
            ("api", named(api)),
            ("version", named(version)),
            ("chosen_by", named(chosen_by)),
            ("consumer", consumer.as_deref().and_then(named)),
            ("operation", named(operation)),
            ("status", self.status.map(|status| status.as_u16().into())),
            ("code", self.refused.map(Json::from)),
            ("ended", self.ended_badly().map(Json::from)),
            ("request_bytes", self.received.map(Json::from)),
            ("answer_bytes", Some(self.sent.into())),
            ("ms", Some(self.millis())),
            ("generation", Some(self.generation.into())),
            ("request", fields(&self.request)),
        ];
        let answer = [("answer", fields(&self.answer))];
        let known = all.into_iter().chain(answer);
        known
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// How long it took to its end, and until the head of its answer by whose time it was.
    fn millis(&self) -> Json {
        let mut all = Map::new();
        let mut add = |name: &str, time: Option<Duration>| {
            if let Some(time) = time {
                all.insert(name.to_owned(), millis(time).into());
            }
        };
        add("total", Some(self.took));
        add("gateway", self.times.part(Part::Gateway));
        add("transformation", self.times.part(Part::Transformation));
        add("upstream", self.times.part(Part::Upstream));
        all.into()
    }

    /// How it ended, where not as it should.
    pub(super) fn ended_badly(&self) -> Option<&'static str> {
        match self.ended {
            Ended::Whole => None,
            Ended::Broken => Some("answer_broken"),
            Ended::Abandoned => Some("client_gone"),
            Ended::Panicked => Some("gateway_panicked"),
        }
    }
}

fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Milliseconds, exact to the microsecond.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}

/// A text of a client: whatever bytes it sent.
pub(super) fn shown(value: &HeaderValue) -> String {
    short(&String::from_utf8_lossy(value.as_bytes()), TEXT)
}

/// Names with values; several values of one name as a list, and nothing in the place of what is not listed.
fn parameters(query: &[(String, Option<String>)]) -> Json {
    let mut all = Map::new();
    for (name, value) in query {
        add(&mut all, name, value.as_deref().map_or(Json::Null, Json::from));
    }
    all.into()
}

fn fields(fields: &[(HeaderName, HeaderValue)]) -> Option<Json> {
    let mut all = Map::new();
    for (name, value) in fields {
        add(&mut all, name.as_str(), shown(value).into());
    }
    (!all.is_empty()).then(|| all.into())
}

fn add(all: &mut Map<String, Json>, name: &str, value: Json) {
    match all.get_mut(name) {
        None => drop(all.insert(name.to_owned(), value)),
        Some(Json::Array(values)) => values.push(value),
        Some(one) => *one = Json::Array(vec![one.take(), value]),
    }
}
