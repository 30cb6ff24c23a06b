//! What the origin's document leaves unsaid, although versions are translated by it: the types of bodies.

use serde_json::{Map, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Tree, push_key};

/// Warns of operations whose bodies no version can translate, since the document does not say what they are. A
/// `content` that is empty says that there is no body.
pub(super) fn judge(document: &Tree, faults: &mut Vec<Diagnostic>) {
    let paths = document.value.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let mut pointer = "/paths".to_owned();
            push_key(&mut pointer, path);
            push_key(&mut pointer, method);
            let name = format!("{} {path}", method.to_ascii_uppercase());
            let judge = Judge {
                document,
                pointer,
                name,
            };
            if let Value::Object(operation) = operation {
                judge.operation(method, operation, faults);
            }
        }
    }
}

struct Judge<'a> {
    document: &'a Tree,
    pointer: String,
    name: String,
}

impl Judge<'_> {
    fn operation(&self, method: &str, operation: &Map<String, Value>, faults: &mut Vec<Diagnostic>) {
        let body = operation.get("requestBody").map(|body| self.says(body));
        if matches!(method, "post" | "put" | "patch") && body != Some(true) {
            let message = format!("`{}` has no type for the bodies of its requests", self.name);
            faults.push(self.warning(Code::NoRequestBody, message).hint(
                "add a `requestBody` with a schema, or no version translates it; where there is no body, write \
                 `requestBody: {content: {}}`",
            ));
        }
        if matches!(method, "get" | "post" | "put" | "patch") && self.is_silent(operation) {
            let message = format!("`{}` has no type for the bodies of its success", self.name);
            faults.push(self.warning(Code::NoAnswerSchema, message).hint(
                "add a schema to the answer's `content`, or no version translates it; where there is no body, write \
                 `content: {}`",
            ));
        }
    }

    fn warning(&self, code: Code, message: String) -> Diagnostic {
        let span = self.document.key_span(&self.pointer);
        Diagnostic::new(code, &self.document.file, Some(span), message)
    }

    /// Whether there are answers of success that can have bodies, and none of them is said to have one or none.
    fn is_silent(&self, operation: &Map<String, Value>) -> bool {
        let answers = operation.get("responses").and_then(Value::as_object);
        let mut successes = answers
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.starts_with('2') && !matches!(status.as_str(), "204" | "205"))
            .map(|(_, answer)| self.says(answer))
            .peekable();
        successes.peek().is_some() && !successes.any(|said| said)
    }

    /// Whether a request body or an answer says what it carries. What is not JSON is not translated anyway.
    fn says(&self, message: &Value) -> bool {
        let referred = message
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.document.value.pointer(reference.strip_prefix('#')?));
        let content = referred.unwrap_or(message).get("content");
        let typed = |(media, content): (&String, &Value)| {
            !media.to_ascii_lowercase().contains("json") || content.get("schema").is_some()
        };
        content
            .and_then(Value::as_object)
            .is_some_and(|content| content.iter().all(typed))
    }
}
