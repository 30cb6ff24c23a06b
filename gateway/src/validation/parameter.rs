//! Parameters of path, query and header: texts, judged as the values that they stand for.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value as Plain, json};
use sluice_transforms::contract::{Parameter, Place};
use sluice_transforms::parse::parse;
use sluice_transforms::shape::{Kind, Shape, Types};
use sluice_transforms::value::Value;

use super::schema::Schema;
use super::words::{self, Violation};
use crate::fields::target::Pair;

/// How one parameter is judged.
#[derive(Debug)]
pub struct Rule {
    name: String,
    place: Place,
    required: bool,
    form: Form,
    schema: Option<Arc<Schema>>,
}

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Text,
    Number,
    Boolean,
    List(Box<Form>),
    /// Any of these.
    Scalar,
    /// An object, which may be written in many ways: not judged.
    Opaque,
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: &'static str,
    /// What is wrong, without a pointer.
    pub violation: Violation,
}

/// The parameters of a request.
pub struct Given<'a> {
    /// The decoded values of the path's slots.
    pub slots: &'a [(String, String)],
    /// The query.
    pub query: &'a [Pair],
    /// The fields.
    pub headers: &'a HeaderMap,
}

impl Rule {
    /// How a parameter is judged; nothing where its type allows anything. Preconditions are HTTP's own.
    pub fn new(parameter: &Parameter, types: &Types, schema: Option<Arc<Schema>>) -> Option<Self> {
        let precondition = parameter.place == Place::Header
            && parameter
                .name
                .get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case("if-"));
        let form = form(&parameter.shape, types);
        let free = form == Form::Opaque || schema.is_none();
        (!precondition && (parameter.required || !free)).then(|| Self {
            name: parameter.name.clone(),
            place: parameter.place,
            required: parameter.required,
            schema: schema.filter(|_| form != Form::Opaque),
            form,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What is wrong with it in a request.
    pub fn judge(&self, given: &Given<'_>) -> Option<BadParameter> {
        let texts = self.texts(given);
        if texts.is_empty() {
            let missing = || self.bad("a value: the parameter is required", "nothing");
            return self.required.then(missing);
        }
        if texts.len() > 1 && !matches!(self.form, Form::List(_) | Form::Opaque) {
            return Some(self.bad("one value", &format!("{} of them", texts.len())));
        }
        let schema = self.schema.as_ref()?;
        let candidates = self.form.read(&texts);
        if candidates.iter().any(|value| schema.admits(value)) {
            return None;
        }
        let mut told = schema.judge(candidates.first()?, 1);
        let mut violation = told.pop()?;
        if words::names_secret(&self.name) {
            violation.found = "another value".to_owned();
        }
        Some(self.told(violation))
    }

    fn texts(&self, given: &Given<'_>) -> Vec<String> {
        match self.place {
            Place::Path => {
                let named = given.slots.iter().filter(|(name, _)| *name == self.name);
                named.map(|(_, value)| value.clone()).collect()
            }
            Place::Query => {
                let named = given.query.iter().filter(|pair| pair.name == self.name);
                named.map(|pair| pair.value.clone()).collect()
            }
            Place::Header => {
                let lines = given.headers.get_all(self.name.as_str()).iter();
                lines
                    .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
                    .collect()
            }
        }
    }

    fn bad(&self, expected: &str, found: &str) -> BadParameter {
        self.told(Violation {
            pointer: String::new(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        })
    }

    fn told(&self, violation: Violation) -> BadParameter {
        let place = match self.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        BadParameter {
            name: self.name.clone(),
            place,
            violation,
        }
    }
}

impl BadParameter {
    /// As a sentence.
    pub fn sentence(&self) -> String {
        let Self {
            name,
            place,
            violation,
        } = self;
        let inside = match violation.pointer.as_str() {
            "" => String::new(),
            pointer => format!(" at {pointer}"),
        };
        format!(
            "the parameter `{name}` in the {place}{inside}: {}",
            violation.sentence()
        )
    }

    /// As a member of a problem.
    pub fn to_json(&self) -> Plain {
        let Violation { expected, found, .. } = &self.violation;
        json!({"parameter": self.name, "in": self.place, "expected": expected, "found": found})
    }
}

fn form(shape: &Shape, types: &Types) -> Form {
    match &shape.resolve(types).kind {
        Kind::Text => Form::Text,
        Kind::Integer | Kind::Number => Form::Number,
        Kind::Boolean => Form::Boolean,
        Kind::List(inner) => Form::List(Box::new(form(inner, types))),
        Kind::Any | Kind::Ref(_) | Kind::OneOf(_) => Form::Scalar,
        Kind::Object { .. } | Kind::Map(_) => Form::Opaque,
    }
}

impl Form {
    /// What texts may stand for; the most likely first.
    fn read(&self, texts: &[String]) -> Vec<Value> {
        let first = texts.first().map_or("", String::as_str);
        match self {
            Self::Text | Self::Opaque => vec![Value::text(first)],
            Self::Number => vec![number(first).unwrap_or_else(|| Value::text(first))],
            Self::Boolean => vec![boolean(first).unwrap_or_else(|| Value::text(first))],
            Self::Scalar => {
                let other = number(first).or_else(|| boolean(first));
                std::iter::once(Value::text(first)).chain(other).collect()
            }
            Self::List(inner) => inner.lists(texts),
        }
    }

    /// A list is written as several parameters of one name, or as one with commas: the document's word on that is not
    /// kept, so that either will do.
    fn lists(&self, texts: &[String]) -> Vec<Value> {
        let list = |items: Vec<&str>| {
            let value = |item: &&str| self.read(&[(*item).to_owned()]).into_iter().next_back();
            Value::List(items.iter().filter_map(value).collect())
        };
        let several = list(texts.iter().map(String::as_str).collect());
        let commas = list(
            texts
                .iter()
                .flat_map(|text| text.split(','))
                .map(str::trim)
                .collect(),
        );
        vec![commas, several]
    }
}

/// A number exactly as JSON writes it: `+1`, ` 1` and `0x1` are texts.
fn number(text: &str) -> Option<Value> {
    let starts = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let ends = text.ends_with(|c: char| c.is_ascii_digit());
    if !starts || !ends {
        return None;
    }
    parse(text.as_bytes(), 0).ok()
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}
