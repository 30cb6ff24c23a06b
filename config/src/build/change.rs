//! A change's own form: its versions, its steps, and the places that it names itself.

use sluice_transforms::change::{Site, Step};
use sluice_transforms::pointer::Pointer;

use super::steps::Steps;
use super::versions;
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::plan::{VersionId, VersionPlan};
use crate::raw::{Ordered, RawChange, RawDocument, RawPart};
use crate::suggest;
use crate::yaml::{Tree, push_key};

/// A change that is well-formed.
pub(super) struct Change<'a> {
    pub(super) tree: &'a Tree,
    pub(super) summary: &'a str,
    pub(super) old: VersionId,
    pub(super) new: VersionId,
    pub(super) steps: Vec<Step>,
    pub(super) sites: Vec<Site>,
}

/// Judges a change's form. `None` when it cannot be placed between two versions.
pub(super) fn build<'a>(
    file: &'a File<RawChange>,
    versions: &[VersionPlan],
    steps: &mut Steps<'_>,
    has_document: bool,
    faults: &mut Vec<Diagnostic>,
) -> Option<Change<'a>> {
    let raw = &file.raw;
    let mut judge = Judge {
        tree: &file.tree,
        has_document,
        steps,
        faults,
        built: Vec::new(),
        sites: Vec::new(),
    };
    // Steps are taken in the order in which they are written.
    for key in file
        .tree
        .value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
    {
        match key {
            "types" => judge.types(&raw.types),
            "operations" => judge.operations(&raw.operations),
            "documents" => judge.documents(&raw.documents),
            _ => {}
        }
    }
    if raw.types.is_empty() && raw.operations.is_empty() && raw.documents.is_empty() {
        judge
            .faults
            .push(file.tree.fault(Code::EmptyChange, "", "the change has no steps"));
    }
    let (old, new) = judge.between(raw, versions)?;
    Some(Change {
        tree: &file.tree,
        summary: &raw.summary,
        old,
        new,
        steps: judge.built,
        sites: judge.sites,
    })
}

struct Judge<'a, 'f, 's> {
    tree: &'a Tree,
    has_document: bool,
    steps: &'f mut Steps<'s>,
    faults: &'f mut Vec<Diagnostic>,
    built: Vec<Step>,
    sites: Vec<Site>,
}

impl Judge<'_, '_, '_> {
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

    fn types(&mut self, raw: &Ordered) {
        self.needs_document("/types", raw);
        for (label, steps) in raw {
            let mut pointer = "/types".to_owned();
            push_key(&mut pointer, label);
            let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
            self.built.extend(self.steps.on_types(
                self.tree,
                &pointer,
                steps,
                std::slice::from_ref(label),
                self.faults,
            ));
        }
    }

    fn operations(&mut self, raw: &Ordered) {
        self.needs_document("/operations", raw);
        for (operation, steps) in raw {
            let mut pointer = "/operations".to_owned();
            push_key(&mut pointer, operation);
            let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
            self.built.extend(
                self.steps
                    .on_messages(self.tree, &pointer, steps, operation, self.faults),
            );
        }
    }

    fn needs_document(&mut self, pointer: &str, raw: &Ordered) {
        if !raw.is_empty() && !self.has_document {
            let message = "the API has no document that says where these occur";
            let span = Some(self.tree.key_span(pointer));
            let fault = Diagnostic::new(Code::NoDocument, &self.tree.file, span, message);
            self.faults
                .push(fault.hint("name the `document` in api.yaml, or name operations under `documents`"));
        }
    }

    fn documents(&mut self, raw: &[RawDocument]) {
        if !raw.is_empty() && self.has_document {
            let message = "operations cannot be named here, since the API has a document that names them";
            let fault = self.tree.fault(Code::NotSupported, "/documents", message);
            self.faults.push(
                fault.hint("write the steps under `types`, by the name that the type has in the document"),
            );
            return;
        }
        for (i, raw) in raw.iter().enumerate() {
            let pointer = format!("/documents/{i}");
            let sites = self.sites(&pointer, raw);
            let labels: Vec<String> = sites.iter().map(Site::label).collect();
            self.sites.extend(sites);
            let steps = format!("{pointer}/steps");
            self.built.extend(
                self.steps
                    .on_types(self.tree, &steps, &raw.steps, &labels, self.faults),
            );
        }
    }

    fn sites(&mut self, pointer: &str, raw: &RawDocument) -> Vec<Site> {
        let at = Pointer::parse(&raw.at).map_err(|_| {
            let message = format!("`{}` is not a JSON Pointer", suggest::shorten(&raw.at));
            let fault = self
                .tree
                .fault(Code::BadPointer, &format!("{pointer}/at"), message);
            self.faults
                .push(fault.hint("write it empty for the whole body, else beginning with `/`"));
        });
        let mut sites = Vec::new();
        for (i, operation) in raw.of.iter().enumerate() {
            let pointer = format!("{pointer}/of/{i}");
            let Some(parts) = self.parts(&pointer, operation, raw.part) else {
                continue;
            };
            let Ok(at) = &at else { continue };
            sites.extend(parts.iter().map(|request| Site {
                operation: operation.clone(),
                request: *request,
                at: at.clone(),
            }));
        }
        sites
    }

    /// Which bodies of an operation are meant: true for the request's.
    fn parts(&mut self, pointer: &str, text: &str, part: RawPart) -> Option<&'static [bool]> {
        let Some(method) = operation(text) else {
            let message = format!("`{}` is not a method and a path", suggest::shorten(text));
            let fault = self.tree.fault(Code::BadOperation, pointer, message);
            self.faults.push(fault.hint("write it like `GET /todos/{id}`"));
            return None;
        };
        let has_body = matches!(method, "POST" | "PUT" | "PATCH");
        if part == RawPart::Request && !has_body {
            let message = format!("a {method} request has no body");
            let fault = self.tree.fault(Code::BadOperation, pointer, message);
            self.faults
                .push(fault.hint("write `part: response`, or leave the operation out"));
        }
        Some(match part {
            RawPart::Request => &[true],
            RawPart::Response => &[false],
            RawPart::Both if has_body => &[true, false],
            RawPart::Both => &[false],
        })
    }
}

/// The numbers of a version that is nothing but numbers and dots.
fn number(name: &str) -> Option<Vec<u64>> {
    name.split('.').map(|part| part.parse().ok()).collect()
}

/// The method of an operation that is well-formed.
fn operation(text: &str) -> Option<&str> {
    let (method, path) = text.split_once(' ')?;
    let known = matches!(
        method,
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"
    );
    let clean = path.starts_with('/') && !path.contains(['?', '#', ' ', '%']) && !path.contains("//");
    let whole_slots = path.split('/').all(|segment| match segment.strip_prefix('{') {
        Some(rest) => rest
            .strip_suffix('}')
            .is_some_and(|name| !name.is_empty() && !name.contains(['{', '}'])),
        None => !segment.contains(['{', '}']) && !matches!(segment, "." | ".."),
    });
    (known && clean && whole_slots).then_some(method)
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn operations_are_read() {
        for text in ["GET /", "POST /todos", "GET /todos/{id}/notes"] {
            assert!(operation(text).is_some(), "{text}");
        }
        let bad = [
            "get /a",
            "GET a",
            "GET /a?b",
            "FETCH /a",
            "GET  /a",
            "GET /{}",
            "GET /a{b}",
            "/a",
            "GET /a/../b",
        ];
        for text in bad {
            assert!(operation(text).is_none(), "{text}");
        }
    }
}
