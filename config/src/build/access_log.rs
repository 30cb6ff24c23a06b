//! `access_log` of `sluice.yaml` → what is told of each exchange, and that no credential is.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};

use super::{field_name, file_to_write, place, size};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{AccessLogPlan, AccessLogTo, ApiPlan};
use crate::raw::{RawAccessLog, RawAccessLogTo, RawLogFile};
use crate::yaml::Tree;

/// Fields that hold credentials, whatever the schemes.
const SECRET: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE];
/// The query parameter that holds a bearer token (RFC 6750, section 2.3).
const TOKEN: &str = "access_token";

/// Judges the settings against the APIs that could be built.
pub(super) fn build(
    tree: &Tree,
    raw: &RawAccessLog,
    apis: &[&ApiPlan],
    faults: &mut Vec<Diagnostic>,
) -> Option<AccessLogPlan> {
    let mut judge = Judge { tree, apis, faults };
    let to = judge.to(&raw.to);
    let request = judge.fields("request", &raw.request);
    let answer = judge.fields("answer", &raw.answer);
    let query = judge.query(&raw.query);
    Some(AccessLogPlan {
        to: to?,
        share: raw.share,
        request: request?,
        answer: answer?,
        query: query?,
        place: place(tree, "/access_log"),
    })
}

struct Judge<'a> {
    tree: &'a Tree,
    apis: &'a [&'a ApiPlan],
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn to(&mut self, raw: &RawAccessLogTo) -> Option<AccessLogTo> {
        let RawAccessLogTo::File(RawLogFile { file, rotate, keep }) = raw else {
            return Some(AccessLogTo::Stdout);
        };
        let file = file_to_write(self.tree, "/access_log/to/file", file, self.faults);
        let rotate = size(self.tree, "/access_log/to/rotate", rotate, self.faults);
        Some(AccessLogTo::File {
            file: file?,
            rotate: rotate?,
            keep: *keep,
        })
    }

    fn fields(&mut self, key: &str, names: &[String]) -> Option<Vec<HeaderName>> {
        let read = |(i, text): (usize, &String)| {
            let at = format!("/access_log/{key}/{i}");
            let name = field_name(&self.tree.file, Some(self.tree.span(&at)), text, self.faults)?;
            let scheme = self.apis.iter().find(|api| {
                let places = &api.authentication.places;
                places.headers.contains(&name)
            });
            match scheme {
                _ if SECRET.contains(&name) => self.refuse(&at, "the header", None),
                Some(api) => self.refuse(&at, "the header", Some(&api.name)),
                None => Some(name),
            }
        };
        let all: Vec<_> = names.iter().enumerate().map(read).collect();
        all.into_iter().collect()
    }

    fn query(&mut self, names: &[String]) -> Option<Vec<String>> {
        let read = |(i, name): (usize, &String)| {
            let at = format!("/access_log/query/{i}");
            let scheme = self
                .apis
                .iter()
                .find(|api| api.authentication.places.query.contains(name));
            match scheme {
                _ if name == TOKEN => self.refuse(&at, "the query parameter", None),
                Some(api) => self.refuse(&at, "the query parameter", Some(&api.name)),
                None => Some(name.clone()),
            }
        };
        let all: Vec<_> = names.iter().enumerate().map(read).collect();
        all.into_iter().collect()
    }

    fn refuse<T>(&mut self, at: &str, what: &str, api: Option<&str>) -> Option<T> {
        let shown = self.tree.shown(at);
        let of = api.map_or_else(String::new, |api| format!(" of the API `{api}`"));
        let message =
            format!("{what} `{shown}` holds credentials{of}: the log would give them to its readers");
        let hint = "delete it; the log names the consumer that a credential is of";
        self.faults
            .push(self.tree.fault(Code::CredentialInLog, at, message).hint(hint));
        None
    }
}
