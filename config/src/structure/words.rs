//! Violations of a schema in words: what was expected, what was found, and what is meant, but never the
//! schema's own terms.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::{Map, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use crate::yaml::{Tree, push_key};

/// One violation as diagnostics: one for each unknown key.
pub(super) fn tell(error: &ValidationError<'_>, schema: &Value, tree: &Tree, base: &str) -> Vec<Diagnostic> {
    let pointer = &format!("{base}{}", error.instance_path());
    let place = Violation {
        error,
        schema,
        tree,
        pointer,
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| place.unknown_key(key)).collect()
        }
        Kind::Required { property } => vec![place.missing_key(property.as_str().unwrap_or_default())],
        Kind::Type { kind } => vec![place.wrong_type(kind)],
        Kind::Enum { .. } | Kind::OneOfNotValid { .. } | Kind::Constant { .. } | Kind::AnyOf { .. } => {
            vec![place.not_a_choice()]
        }
        Kind::MinProperties { .. } | Kind::MaxProperties { .. } => vec![place.not_one_key()],
        _ => vec![place.out_of_range()],
    }
}

struct Violation<'a> {
    error: &'a ValidationError<'a>,
    schema: &'a Value,
    tree: &'a Tree,
    pointer: &'a str,
}

impl Violation<'_> {
    fn at_value(&self, code: Code, message: String) -> Diagnostic {
        Diagnostic::new(code, &self.tree.file, Some(self.tree.span(self.pointer)), message)
    }

    /// The schema that holds the keyword which was violated.
    fn subschema(&self) -> &Value {
        let path = self.error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema.pointer(parent).unwrap_or(&Value::Null)
    }

    fn properties(&self) -> impl Iterator<Item = &str> + Clone {
        let properties = self.subschema().get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).map(String::as_str)
    }

    fn unknown_key(&self, key: &str) -> Diagnostic {
        let mut pointer = self.pointer.to_owned();
        push_key(&mut pointer, key);
        let present = |name: &&str| self.error.instance().get(name).is_none();
        let hint = suggest::did_you_mean(key, self.properties().filter(present))
            .or_else(|| suggest::or_list(key, self.properties()));
        let message = format!("unknown key `{}`{}", suggest::shorten(key), self.inside());
        let span = Some(self.tree.key_span(&pointer));
        Diagnostic::new(Code::UnknownKey, &self.tree.file, span, message).hint_if(hint)
    }

    fn missing_key(&self, key: &str) -> Diagnostic {
        let description = self
            .subschema()
            .pointer(&format!("/properties/{key}/description"));
        let hint = description
            .and_then(Value::as_str)
            .map(|text| format!("`{key}`: {}", sentence(text)));
        let entry = self.pointer.ends_with(|c: char| c.is_ascii_digit());
        let inside = if entry {
            self.inside().replace(" in ", " in an entry of ")
        } else {
            self.inside()
        };
        let message = format!("the key `{key}` is missing{inside}");
        let span = Some(self.tree.key_span(self.pointer));
        Diagnostic::new(Code::MissingKey, &self.tree.file, span, message).hint_if(hint)
    }

    fn wrong_type(&self, kind: &TypeKind) -> Diagnostic {
        let value = self.error.instance().as_ref();
        let expected = match kind {
            TypeKind::Single(one) => noun(one.as_str()).to_owned(),
            TypeKind::Multiple(set) => set
                .iter()
                .map(|one| noun(one.as_str()))
                .collect::<Vec<_>>()
                .join(" or "),
        };
        let shown = suggest::shorten(&self.tree.shown(self.pointer));
        if expected == "text" && (value.is_number() || value.is_boolean()) {
            let kind = if value.is_number() {
                "number"
            } else {
                "truth value"
            };
            let message = format!("expected text, found the {kind} `{shown}`");
            return self
                .at_value(Code::NotQuoted, message)
                .hint(format!("put it in quotes: \"{shown}\""));
        }
        let fault = self.at_value(
            Code::WrongType,
            format!("expected {expected}, found {}", kind_of(value)),
        );
        let description = self.subschema().get("description").and_then(Value::as_str);
        fault.hint_if(description.map(|text| {
            self.last()
                .map_or(sentence(text), |k| format!("`{k}`: {}", sentence(text)))
        }))
    }

    fn not_a_choice(&self) -> Diagnostic {
        let choices = choices(self.subschema());
        let value = self.error.instance();
        if choices.is_empty() || value.is_object() || value.is_array() {
            return self.misfit(&choices);
        }
        let shown = suggest::shorten(&self.tree.shown(self.pointer));
        let of = self.last().map_or(String::new(), |key| format!(" of `{key}`"));
        let forms = forms(self.subschema());
        let hint = if forms.is_empty() {
            suggest::or_list(&shown, choices)
        } else {
            let all: Vec<String> = choices
                .iter()
                .map(|one| format!("`{one}`"))
                .chain(forms)
                .collect();
            let near = suggest::did_you_mean(&shown, choices.iter().copied());
            let near = near.map_or(String::new(), |near| format!("{near} "));
            Some(format!("{near}known here: {}", all.join(", ")))
        };
        self.at_value(Code::NotAChoice, format!("`{shown}` is not a value{of}"))
            .hint_if(hint)
    }

    /// A value that fits none of several forms.
    fn misfit(&self, choices: &[&str]) -> Diagnostic {
        let of = self.last().map_or(String::new(), |key| format!(" of `{key}`"));
        let value = kind_of(self.error.instance());
        let description = self
            .subschema()
            .get("description")
            .and_then(Value::as_str)
            .map(sentence);
        let hint = description.or_else(|| suggest::or_list("", choices.iter().copied()));
        self.at_value(
            Code::WrongType,
            format!("{value} in this form is not a value{of}"),
        )
        .hint_if(hint)
    }

    fn not_one_key(&self) -> Diagnostic {
        if self.pointer.starts_with("/select/") {
            let message = "a selector is exactly one of its kinds".to_owned();
            return self
                .at_value(Code::BadSelector, message)
                .hint_if(suggest::or_list("", self.properties()));
        }
        let known: Vec<&str> = self.properties().collect();
        if let (Some(key), false) = (self.last(), known.is_empty()) {
            let message = format!("`{key}` takes exactly one of its settings");
            return self
                .at_value(Code::BadSettings, message)
                .hint_if(suggest::or_list("", known));
        }
        self.at_value(
            Code::BadStep,
            "a step is exactly one operator with its settings".to_owned(),
        )
        .hint("write one list entry for each operator: `- rename: {from: /a, to: /b}`")
    }

    fn out_of_range(&self) -> Diagnostic {
        let shown = || suggest::shorten(&self.tree.shown(self.pointer));
        let message = match self.error.kind() {
            Kind::Minimum { limit } => format!("{} is too small: the least is {limit}", shown()),
            Kind::ExclusiveMinimum { limit } => format!("{} is too small: it is more than {limit}", shown()),
            Kind::Maximum { limit } => format!("{} is too large: the most is {limit}", shown()),
            Kind::MinItems { limit: 1 } => "the list is empty".to_owned(),
            Kind::MinItems { limit } => format!("the list is too short: it needs {limit} entries"),
            Kind::MaxItems { limit } => format!("the list is too long: it takes {limit} entries"),
            // The schemas hold nothing else; if one comes to, its words are better than none.
            _ => self.error.to_string(),
        };
        self.at_value(Code::OutOfRange, message)
    }

    fn last(&self) -> Option<&str> {
        self.pointer
            .rsplit('/')
            .find(|part| !part.is_empty() && !part.bytes().all(|b| b.is_ascii_digit()))
    }

    fn inside(&self) -> String {
        self.last()
            .map_or(String::new(), |key| format!(" in `{}`", suggest::shorten(key)))
    }
}

/// The forms that a value may have, if it may have several.
fn several(schema: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    lists.flatten()
}

/// Choices that are mappings, by what each needs: `{default: …}`.
fn forms(schema: &Value) -> Vec<String> {
    let form = |one: &Value| {
        let needed = one.get("required").and_then(Value::as_array);
        let keys = needed.into_iter().flatten().filter_map(Value::as_str);
        let keys: Vec<String> = keys.map(|key| format!("{key}: …")).collect();
        one.get("properties")
            .map(|_| format!("`{{{}}}`", keys.join(", ")))
    };
    several(schema).filter_map(form).collect()
}

fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let nested = several(schema).flat_map(choices);
    let constant = schema.get("const");
    listed
        .chain(constant)
        .filter_map(Value::as_str)
        .chain(nested)
        .collect()
}

fn sentence(text: &str) -> String {
    text.replace('\n', " ").trim_end_matches('.').to_owned()
}

fn noun(json_type: &str) -> &'static str {
    match json_type {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        _ => "nothing",
    }
}

/// A value's kind, as messages name it.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
