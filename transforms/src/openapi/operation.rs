//! Paths, parameters, bodies and answers.

use serde_json::{Map, Value as Json};

use super::reader::Reader;
use crate::contract::{Answer, Operation, Parameter, Payload, Place, StatusRange, same_name};
use crate::pointer::Pointer;
use crate::shape::Shape;
use crate::template::PathTemplate;

/// The methods that a path item may name.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// An object with its place.
type Found<'d> = (Pointer, &'d Map<String, Json>);

/// What all operations of a path share.
struct PathItem<'d> {
    text: &'d str,
    template: PathTemplate,
    parameters: Vec<Parameter>,
}

impl<'d> Reader<'d> {
    /// All operations, in the order of the document.
    pub(super) fn operations(&mut self) -> Vec<Operation> {
        let at = Pointer::of(["paths"]);
        let Some(json) = super::reader::look(self.root(), &at) else {
            return Vec::new();
        };
        let mut operations: Vec<(u64, Operation)> = Vec::new();
        for (text, item) in self.object(&at, json, "`paths`").into_iter().flatten() {
            if !text.starts_with("x-") {
                self.path(&at.child(text), text, item, &mut operations);
            }
        }
        operations.sort_by_key(|(position, _)| *position);
        operations.into_iter().map(|(_, operation)| operation).collect()
    }

    /// The type of error bodies that no operation describes.
    pub(super) fn error(&mut self) -> Option<Shape> {
        let at = Pointer::of([super::ERROR]);
        let json = super::reader::look(self.root(), &at)?;
        Some(self.schema(&at, json))
    }

    fn path(&mut self, at: &Pointer, text: &'d str, json: &'d Json, out: &mut Vec<(u64, Operation)>) {
        let template = match PathTemplate::parse(text) {
            Ok(template) => template,
            Err(fault) => {
                let hint = Some("a path begins with / and has at most one {name} in a segment");
                return self.fault(at, fault.to_string(), hint);
            }
        };
        let Some((at, map)) = self.follow(at, json, "a path") else {
            return;
        };
        let parameters = self.parameters(&at, map, Vec::new());
        let item = PathItem {
            text,
            template,
            parameters,
        };
        for (method, json) in map.iter().filter(|(m, _)| METHODS.contains(&m.as_str())) {
            let at = at.child(method);
            if let Some(operation) = self.operation(&at, &item, method, json) {
                if out.iter().any(|(_, o)| o.id == operation.id) {
                    let message = format!("there is another operation {}", operation.id);
                    self.fault(
                        &at.child("operationId"),
                        message,
                        Some("an operationId stands once in a document"),
                    );
                }
                let position = json.get(super::POSITION).and_then(Json::as_u64);
                out.push((position.unwrap_or(0), operation));
            }
        }
    }

    fn operation(
        &mut self,
        at: &Pointer,
        item: &PathItem<'d>,
        method: &str,
        json: &'d Json,
    ) -> Option<Operation> {
        let map = self.object(at, json, "an operation")?;
        let method = method.to_ascii_uppercase();
        let unnamed = || format!("{method} {}", item.text);
        let id = match map.get("operationId") {
            None => unnamed(),
            Some(Json::String(id)) => id.clone(),
            Some(_) => {
                self.fault(&at.child("operationId"), "an operationId must be a text", None);
                unnamed()
            }
        };
        let parameters = self.parameters(at, map, item.parameters.clone());
        self.check_slots(at, item, &parameters);
        let body = map
            .get("requestBody")
            .map(|json| self.request(&at.child("requestBody"), json, &method));
        Some(Operation {
            id,
            path: item.template.clone(),
            parameters,
            request: body.flatten(),
            answers: self.answers(&at.child("responses"), map.get("responses")),
            method,
        })
    }

    fn check_slots(&mut self, at: &Pointer, item: &PathItem<'_>, parameters: &[Parameter]) {
        for parameter in parameters.iter().filter(|p| p.place == Place::Path) {
            if !item.template.slots().any(|slot| slot == parameter.name) {
                let message = format!("the path {} has no {{{}}}", item.text, parameter.name);
                self.fault(&at.child("parameters"), message, None);
            }
        }
    }

    /// The parameters there, over those that hold for the whole path.
    fn parameters(
        &mut self,
        at: &Pointer,
        map: &'d Map<String, Json>,
        shared: Vec<Parameter>,
    ) -> Vec<Parameter> {
        let at = at.child("parameters");
        let mut parameters = shared;
        let Some(json) = map.get("parameters") else {
            return parameters;
        };
        let Some(list) = json.as_array() else {
            self.fault(&at, "`parameters` must be a list", None);
            return parameters;
        };
        let mut own: Vec<Parameter> = Vec::new();
        for (i, json) in list.iter().enumerate() {
            let Some((at, map)) = self.follow(&at.child(&i.to_string()), json, "a parameter") else {
                continue;
            };
            let Some(parameter) = self.parameter(&at, map) else {
                continue;
            };
            let same =
                |p: &Parameter| p.place == parameter.place && same_name(p.place, &p.name, &parameter.name);
            if own.iter().any(same) {
                self.fault(
                    &at,
                    format!("the parameter {} stands twice", parameter.name),
                    None,
                );
            }
            own.push(parameter.clone());
            match parameters.iter_mut().find(|p| same(p)) {
                Some(shared) => *shared = parameter,
                None => parameters.push(parameter),
            }
        }
        parameters
    }

    /// A parameter. `None` for those that never change between versions: cookies, and header fields that OpenAPI says
    /// elsewhere.
    fn parameter(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Option<Parameter> {
        let place = match map.get("in").and_then(Json::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => return None,
            _ => {
                self.fault(
                    &at.child("in"),
                    "`in` must be path, query, header or cookie",
                    None,
                );
                return None;
            }
        };
        let Some(name) = map.get("name").and_then(Json::as_str) else {
            self.fault(&at.child("name"), "a parameter needs a name", None);
            return None;
        };
        let said_elsewhere = ["accept", "content-type", "authorization"];
        if place == Place::Header && said_elsewhere.contains(&name.to_ascii_lowercase().as_str()) {
            return None;
        }
        Some(self.value(at, map, name, place))
    }

    fn value(&mut self, at: &Pointer, map: &'d Map<String, Json>, name: &str, place: Place) -> Parameter {
        let schema = map.get("schema");
        Parameter {
            name: name.to_owned(),
            place,
            shape: schema.map_or_else(Shape::any, |s| self.schema(&at.child("schema"), s)),
            required: place == Place::Path || map.get("required") == Some(&Json::Bool(true)),
        }
    }

    fn request(&mut self, at: &Pointer, json: &'d Json, method: &str) -> Option<Payload> {
        let (at, map) = self.follow(at, json, "a request body")?;
        let content = self.content(&at, map)?;
        let whole = self.media(&content, is_json);
        let patch = self.media(&content, |media| media == "application/merge-patch+json");
        let (shape, patch) = match (whole, patch) {
            (Some(shape), patch) if patch.is_none() || method != "PATCH" => (shape, false),
            (_, Some(shape)) => (shape, true),
            (_, None) => return None,
        };
        let required = map.get("required") == Some(&Json::Bool(true));
        Some(Payload {
            shape,
            patch,
            required,
        })
    }

    fn content(&mut self, at: &Pointer, map: &'d Map<String, Json>) -> Option<Found<'d>> {
        let at = at.child("content");
        let map = self.object(&at, map.get("content")?, "`content`")?;
        Some((at, map))
    }

    /// The type of the first media type that will do; `application/json` before the others.
    fn media(&mut self, content: &Found<'d>, good: impl Fn(&str) -> bool) -> Option<Shape> {
        let (at, map) = content;
        let mut fitting: Vec<(&String, &Json)> = map.iter().filter(|(m, _)| good(&essence(m))).collect();
        fitting.sort_by_key(|(m, _)| essence(m) != "application/json");
        let (media, json) = fitting.first()?;
        let at = at.child(media);
        let map = self.object(&at, json, "a media type")?;
        let schema = map.get("schema");
        Some(schema.map_or_else(Shape::any, |s| self.schema(&at.child("schema"), s)))
    }

    fn answers(&mut self, at: &Pointer, json: Option<&'d Json>) -> Vec<Answer> {
        let Some(map) = json.and_then(|json| self.object(at, json, "`responses`")) else {
            return Vec::new();
        };
        let mut answers = Vec::new();
        for (status, json) in map.iter().filter(|(s, _)| !s.starts_with("x-")) {
            let at = at.child(status);
            match status_range(status) {
                Some(range) => answers.extend(self.answer(&at, range, json)),
                None => self.fault(
                    &at,
                    format!("`{status}` is not a status"),
                    Some("write 200, 2XX or default"),
                ),
            }
        }
        answers
    }

    fn answer(&mut self, at: &Pointer, status: StatusRange, json: &'d Json) -> Option<Answer> {
        let (at, map) = self.follow(at, json, "an answer")?;
        let content = self.content(&at, map);
        Some(Answer {
            status,
            shape: content.and_then(|content| self.media(&content, is_json)),
            headers: self.headers(&at.child("headers"), map.get("headers")),
        })
    }

    fn headers(&mut self, at: &Pointer, json: Option<&'d Json>) -> Vec<Parameter> {
        let Some(map) = json.and_then(|json| self.object(at, json, "`headers`")) else {
            return Vec::new();
        };
        let mut headers = Vec::new();
        for (name, json) in map
            .iter()
            .filter(|(n, _)| !n.eq_ignore_ascii_case("content-type"))
        {
            if let Some((at, map)) = self.follow(&at.child(name), json, "a header") {
                headers.push(self.value(&at, map, name, Place::Header));
            }
        }
        headers
    }
}

/// A media type without its parameters, in small letters.
fn essence(media: &str) -> String {
    let bare = media.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Whether a body of this media type is a whole JSON document.
fn is_json(media: &str) -> bool {
    let patches = ["application/merge-patch+json", "application/json-patch+json"];
    media == "application/json" || media.ends_with("+json") && !patches.contains(&media)
}

fn status_range(text: &str) -> Option<StatusRange> {
    if text == "default" {
        return Some(StatusRange::Default);
    }
    if let [class @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] = text.as_bytes() {
        return Some(StatusRange::Class(class - b'0'));
    }
    let status: u16 = text.parse().ok().filter(|_| text.len() == 3)?;
    (100..600).contains(&status).then_some(StatusRange::Exact(status))
}
