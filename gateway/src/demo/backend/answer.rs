//! One request, one answer.

use super::exact::exact;
use super::journal::Recorded;
use super::merge::merge;
use super::page::Page;
use super::precondition::{self, Verdict};
use super::rules::{Breach, check};
use super::running::State;
use super::store::{Kept, Store};
use super::trouble::Trouble;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What goes back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub(super) fn json(status: StatusCode, value: &Value) -> Self {
        let mut answer = Self::empty(status);
        answer.header(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        answer.body = value.to_string().into();
        answer
    }

    pub(super) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    fn text(mut self, name: HeaderName, value: &str) -> Self {
        // Values are built from ids, numbers and hashes; one that is no header value is better left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    fn customer(status: StatusCode, kept: &Kept) -> Self {
        Self::json(status, &kept.value).text(header::ETAG, &kept.etag)
    }
}

type Outcome = Result<Answer, Trouble>;

/// Does what is asked.
pub(super) fn answer(state: &State, asked: &Recorded) -> Answer {
    route(state, asked).unwrap_or_else(|trouble| trouble.answer())
}

fn route(state: &State, asked: &Recorded) -> Outcome {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let read = matches!(asked.method, Method::GET | Method::HEAD);
    if path == "/customers" {
        return match asked.method {
            _ if read => list(state, query),
            Method::POST => create(state, asked),
            _ => Err(Trouble::Method("GET, HEAD, POST")),
        };
    }
    let id = path
        .strip_prefix("/customers/")
        .filter(|id| !id.is_empty() && !id.contains('/'));
    let id = percent_decode_str(id.ok_or(Trouble::NotFound)?)
        .decode_utf8_lossy()
        .into_owned();
    match asked.method {
        _ if read => show(state, asked, &id),
        Method::PUT => replace(state, asked, &id),
        Method::PATCH => patch(state, asked, &id),
        Method::DELETE => delete(state, asked, &id),
        _ => Err(Trouble::Method("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

fn list(state: &State, query: &str) -> Outcome {
    let page = Page::from_query(query)?;
    let store = state.store();
    let data = store
        .iter()
        .skip(page.skip())
        .take(page.take())
        .cloned()
        .collect();
    let total = store.len();
    let body = Map::from_iter([
        ("data".to_owned(), Value::Array(data)),
        ("total".to_owned(), total.into()),
    ]);
    let answer = Answer::json(StatusCode::OK, &Value::Object(body));
    Ok(match page.links(total) {
        Some(links) => answer.text(header::LINK, &links),
        None => answer,
    })
}

fn show(state: &State, asked: &Recorded, id: &str) -> Outcome {
    let store = state.store();
    let kept = store.get(id).ok_or(Trouble::NotFound)?;
    match precondition::judge(&asked.headers, &kept.etag, true)? {
        Verdict::Proceed => Ok(Answer::customer(StatusCode::OK, kept)),
        Verdict::NotModified => Ok(Answer::empty(StatusCode::NOT_MODIFIED).text(header::ETAG, &kept.etag)),
    }
}

fn create(state: &State, asked: &Recorded) -> Outcome {
    let mut sent = members(json(asked)?)?;
    let mut store = state.store();
    if !sent.contains_key("id") {
        sent.shift_insert(0, "id".into(), store.free_id().into());
    }
    if !sent.contains_key("createdAt") {
        sent.insert("createdAt".into(), state.now().into());
    }
    let customer = Value::Object(sent);
    check(&customer)?;
    let id = customer["id"].as_str().unwrap_or_default().to_owned();
    if store.get(&id).is_some() {
        return Err(Trouble::Exists(id));
    }
    let kept = store.put(&id, customer);
    Ok(Answer::customer(StatusCode::CREATED, &kept).text(header::LOCATION, &format!("/customers/{id}")))
}

fn replace(state: &State, asked: &Recorded, id: &str) -> Outcome {
    let mut store = state.store();
    let stored = &current(&store, asked, id)?.value;
    let mut sent = members(json(asked)?)?;
    for (at, name) in [(0, "id"), (usize::MAX, "createdAt")] {
        if !sent.contains_key(name) {
            sent.shift_insert(at.min(sent.len()), name.into(), stored[name].clone());
        }
    }
    let customer = accepted(Value::Object(sent), stored)?;
    Ok(Answer::customer(StatusCode::OK, &store.put(id, customer)))
}

fn patch(state: &State, asked: &Recorded, id: &str) -> Outcome {
    let mut store = state.store();
    let stored = &current(&store, asked, id)?.value;
    if media_type(asked).as_deref() != Some(MERGE_PATCH) {
        return Err(Trouble::MediaType(MERGE_PATCH));
    }
    let mut customer = stored.clone();
    merge(&mut customer, &parse(asked)?);
    let customer = accepted(customer, stored)?;
    Ok(Answer::customer(StatusCode::OK, &store.put(id, customer)))
}

fn delete(state: &State, asked: &Recorded, id: &str) -> Outcome {
    let mut store = state.store();
    current(&store, asked, id)?;
    store.remove(id);
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The stored customer, if the preconditions allow a write to it.
fn current<'a>(store: &'a Store, asked: &Recorded, id: &str) -> Result<&'a Kept, Trouble> {
    let kept = store.get(id).ok_or(Trouble::NotFound)?;
    precondition::judge(&asked.headers, &kept.etag, false)?;
    Ok(kept)
}

/// The new state of a customer, if it is valid and what never changes has not changed.
fn accepted(customer: Value, stored: &Value) -> Result<Value, Trouble> {
    check(&customer)?;
    for name in ["id", "createdAt"] {
        if customer[name] != stored[name] {
            return Err(Breach {
                field: format!("/{name}"),
                message: format!("{name} never changes."),
            }
            .into());
        }
    }
    Ok(customer)
}

fn members(value: Value) -> Result<Map<String, Value>, Trouble> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(check(&other).err().map_or(Trouble::Internal, Trouble::from)),
    }
}

fn json(asked: &Recorded) -> Result<Value, Trouble> {
    match media_type(asked).as_deref() {
        None | Some(JSON) => parse(asked),
        Some(_) => Err(Trouble::MediaType(JSON)),
    }
}

fn parse(asked: &Recorded) -> Result<Value, Trouble> {
    exact(&asked.body).map_err(|why| Trouble::Malformed(format!("The body is {why}.")))
}

/// The media type without its parameters, in small letters.
fn media_type(asked: &Recorded) -> Option<String> {
    let value = asked.headers.get(header::CONTENT_TYPE)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}
