//! A change's own form: its versions, its operations, its steps.

use serde_json::Value;

use super::versions;
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::operators::Operators;
use crate::plan::{VersionId, VersionPlan};
use crate::raw::{Ordered, RawChange, RawPart};
use crate::suggest;
use crate::yaml::{Tree, push_index, push_key};

/// A change that is well-formed.
pub(crate) struct Change<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) old: VersionId,
    pub(crate) new: VersionId,
    pub(crate) summary: &'a str,
    pub(crate) types: Vec<(&'a str, Vec<Step<'a>>)>,
    pub(crate) operations: Vec<(&'a str, Vec<Step<'a>>)>,
    pub(crate) documents: Vec<Document<'a>>,
}

/// Steps on bodies of operations that the change itself names.
pub(crate) struct Document<'a> {
    pub(crate) of: Vec<Operation<'a>>,
    pub(crate) part: RawPart,
    pub(crate) at: &'a str,
    pub(crate) steps: Vec<Step<'a>>,
}

/// A method and a path.
pub(crate) struct Operation<'a> {
    pub(crate) method: http::Method,
    pub(crate) path: &'a str,
}

/// An operator and its settings, and where the step stands.
pub(crate) struct Step<'a> {
    pub(crate) operator: &'a str,
    pub(crate) settings: &'a Value,
    pub(crate) pointer: String,
}

/// Judges a change's form.
pub(super) fn build<'a>(
    file: &'a File<RawChange>,
    versions: &[VersionPlan],
    operators: &Operators<'_>,
    has_document: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<Change<'a>> {
    let raw = &file.raw;
    let mut judge = Judge {
        tree: &file.tree,
        operators,
        faults,
    };
    let types = judge.groups("/types", &raw.types, has_document);
    let operations = judge.groups("/operations", &raw.operations, has_document);
    let documents = judge.documents(raw);
    if raw.types.is_empty() && raw.operations.is_empty() && raw.documents.is_empty() {
        judge
            .faults
            .push(file.tree.fault(Code::EmptyChange, "", "the change has no steps"));
    }
    let (old, new) = judge.between(raw, versions)?;
    Some(Change {
        tree: &file.tree,
        old,
        new,
        summary: &raw.summary,
        types,
        operations,
        documents,
    })
}

struct Judge<'a, 'f> {
    tree: &'a Tree,
    operators: &'f Operators<'f>,
    faults: &'f mut Vec<Diagnostic>,
}

impl<'a> Judge<'a, '_> {
    fn between(&mut self, raw: &RawChange, versions: &[VersionPlan]) -> Option<(VersionId, VersionId)> {
        let [old, new] = raw.between.as_slice() else {
            return None;
        };
        let from = versions::find(self.tree, "/between/0", old, versions, self.faults);
        let to = versions::find(self.tree, "/between/1", new, versions, self.faults);
        if old == new {
            let message = format!("the change stands between `{old}` and itself");
            let fault = self.tree.fault(Code::SameVersion, "/between", message);
            self.faults
                .push(fault.hint("write the old version first, then the new one"));
            return None;
        }
        if number(old).zip(number(new)).is_some_and(|(old, new)| old > new) {
            let message = format!("the change goes from `{old}` to the older `{new}`");
            let fault = self.tree.fault(Code::Backwards, "/between", message);
            self.faults.push(fault.hint(format!(
                "write `between: [\"{new}\", \"{old}\"]`, and every step old to new"
            )));
        }
        from.zip(to)
    }

    fn groups(
        &mut self,
        pointer: &str,
        raw: &'a Ordered,
        has_document: bool,
    ) -> Vec<(&'a str, Vec<Step<'a>>)> {
        if !raw.is_empty() && !has_document {
            let message = "the API has no document that says where these occur";
            let span = Some(self.tree.key_span(pointer));
            let fault = Diagnostic::new(Code::NoDocument, &self.tree.file, span, message);
            self.faults
                .push(fault.hint("name the `document` in api.yaml, or name operations under `documents`"));
        }
        let group = |(name, steps): (&'a String, &'a Value)| {
            let mut pointer = pointer.to_owned();
            push_key(&mut pointer, name);
            let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
            (name.as_str(), self.steps(&pointer, steps))
        };
        raw.iter().map(group).collect()
    }

    fn documents(&mut self, raw: &'a RawChange) -> Vec<Document<'a>> {
        let document = |(i, raw): (usize, &'a crate::raw::RawDocument)| {
            let pointer = format!("/documents/{i}");
            if !is_pointer(&raw.at) {
                let message = format!("`{}` is not a JSON Pointer", raw.at);
                let fault = self
                    .tree
                    .fault(Code::BadPointer, &format!("{pointer}/at"), message);
                self.faults
                    .push(fault.hint("write it empty for the whole body, else beginning with `/`"));
            }
            let operations = raw.of.iter().enumerate();
            let of = operations
                .filter_map(|(i, text)| self.operation(&format!("{pointer}/of/{i}"), text))
                .collect();
            Document {
                of,
                part: raw.part,
                at: &raw.at,
                steps: self.steps(&format!("{pointer}/steps"), &raw.steps),
            }
        };
        raw.documents.iter().enumerate().map(document).collect()
    }

    fn operation(&mut self, pointer: &str, text: &'a str) -> Option<Operation<'a>> {
        let found = operation(text);
        if found.is_none() {
            let message = format!("`{}` is not a method and a path", suggest::shorten(text));
            let fault = self.tree.fault(Code::BadOperation, pointer, message);
            self.faults.push(fault.hint("write it like `GET /todos/{id}`"));
        }
        found
    }

    fn steps(&mut self, pointer: &str, raw: &'a [Value]) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        for (i, step) in raw.iter().enumerate() {
            let Some((operator, settings)) = step.as_object().and_then(|step| step.iter().next()) else {
                continue;
            };
            let mut at = pointer.to_owned();
            push_index(&mut at, i);
            push_key(&mut at, operator);
            if !self.operators.knows(operator) {
                let span = Some(self.tree.key_span(&at));
                let message = format!("there is no operator `{}`", suggest::shorten(operator));
                let hint = suggest::or_list(operator, self.operators.names());
                self.faults.push(
                    Diagnostic::new(Code::UnknownOperator, &self.tree.file, span, message).hint_if(hint),
                );
            }
            steps.push(Step {
                operator,
                settings,
                pointer: at,
            });
        }
        steps
    }
}

/// The numbers of a version that is nothing but numbers and dots.
fn number(name: &str) -> Option<Vec<u64>> {
    name.split('.').map(|part| part.parse().ok()).collect()
}

fn operation(text: &str) -> Option<Operation<'_>> {
    let (method, path) = text.split_once(' ')?;
    let method = http::Method::from_bytes(method.as_bytes()).ok()?;
    let known = matches!(
        method.as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"
    );
    let clean = path.starts_with('/') && !path.contains(['?', '#', ' ', '%']) && !path.contains("//");
    let whole_slots = path.split('/').all(|segment| match segment.strip_prefix('{') {
        Some(rest) => rest
            .strip_suffix('}')
            .is_some_and(|name| !name.is_empty() && !name.contains(['{', '}'])),
        None => !segment.contains(['{', '}']) && !matches!(segment, "." | ".."),
    });
    (known && clean && whole_slots).then_some(Operation { method, path })
}

/// Whether this is a JSON Pointer (RFC 6901, section 3).
fn is_pointer(text: &str) -> bool {
    let escapes_whole = |text: &str| text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes_whole(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read() {
        for text in ["GET /", "POST /todos", "GET /todos/{id}/notes"] {
            assert!(operation(text).is_some(), "{text}");
        }
        for text in [
            "get /todos",
            "GET todos",
            "GET /a?b",
            "FETCH /a",
            "GET  /a",
            "GET /{}",
            "GET /a{b}",
            "/a",
            "GET /a/../b",
        ] {
            assert!(operation(text).is_none(), "{text}");
        }
    }

    #[test]
    fn pointers_are_read() {
        assert!(["", "/", "/a/0", "/~0~1"].iter().all(|p| is_pointer(p)));
        assert!(!["a", "/~2", "/~"].iter().any(|p| is_pointer(p)));
    }
}
