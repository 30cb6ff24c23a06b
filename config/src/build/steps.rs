//! Steps: an operator's name and settings → the engine's operator.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use sluice_transforms::change::{Action, Step};
use sluice_transforms::message_op::{self, MESSAGE_OPERATORS, MessageOperator};
use sluice_transforms::op::Operator;
use sluice_transforms::op::entry::SettingsFault;
use sluice_transforms::op::registry::{self, OPERATORS};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Sources;
use crate::structure;
use crate::suggest;
use crate::yaml::{Tree, push_index, push_key};

/// Makes an API's steps, and keeps count of the files that they read.
pub(super) struct Steps<'a> {
    sources: &'a Sources,
    /// The API's directory.
    directory: String,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(sources: &'a Sources, directory: String) -> Self {
        Steps {
            sources,
            directory,
            used: RefCell::default(),
        }
    }

    /// The files that steps have read.
    pub(super) fn used(self) -> BTreeSet<String> {
        self.used.into_inner()
    }

    /// Steps on types: each is taken at every one of the labels.
    pub(super) fn on_types(
        &mut self,
        tree: &Tree,
        pointer: &str,
        raw: &[Value],
        labels: &[String],
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for written in written(tree, pointer, raw) {
            let Some(operator) = self.operator(&written, faults) else {
                continue;
            };
            steps.extend(labels.iter().map(|label| {
                let action = Action::Type {
                    label: label.clone(),
                    operator: Arc::clone(&operator),
                };
                Step {
                    place: written.place.clone(),
                    action,
                }
            }));
        }
        steps
    }

    /// Steps on the messages of an operation.
    pub(super) fn on_messages(
        &mut self,
        tree: &Tree,
        pointer: &str,
        raw: &[Value],
        operation: &str,
        faults: &mut Vec<Diagnostic>,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for written in written(tree, pointer, raw) {
            let Some(operator) = message_operator(&written, faults) else {
                continue;
            };
            let action = Action::Message {
                operation: operation.to_owned(),
                operator,
            };
            steps.push(Step {
                place: written.place,
                action,
            });
        }
        steps
    }

    fn operator(&self, written: &Written<'_>, faults: &mut Vec<Diagnostic>) -> Option<Arc<dyn Operator>> {
        let Some(entry) = registry::find(written.name) else {
            let elsewhere = message_op::find(written.name)
                .map(|_| "it is a step on an operation: write it under `operations`");
            faults.push(written.unknown(OPERATORS.iter().map(|entry| entry.name), elsewhere));
            return None;
        };
        written.settings_fit(&(entry.schema)().to_value(), faults)?;
        let missing = Cell::new(false);
        let files = |name: &str| self.file(name).inspect_err(|_| missing.set(true));
        match (entry.build)(written.settings, &files) {
            Ok(operator) => Some(Arc::from(operator)),
            Err(fault) => {
                let code = if missing.get() {
                    Code::MissingFile
                } else {
                    Code::BadSettings
                };
                faults.push(written.refused(code, fault));
                None
            }
        }
    }

    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = format!("{}/{name}", self.directory);
        if let Some(bytes) = self.sources.get(&path) {
            self.used.borrow_mut().insert(path);
            return Ok(bytes.to_vec());
        }
        let beside = self
            .sources
            .paths()
            .filter_map(|path| path.strip_prefix(&self.directory)?.strip_prefix('/'));
        let hint = suggest::did_you_mean(name, beside).map_or(String::new(), |hint| format!("; {hint}"));
        Err(format!("there is no such file in `{}`{hint}", self.directory))
    }
}

fn message_operator(written: &Written<'_>, faults: &mut Vec<Diagnostic>) -> Option<Arc<dyn MessageOperator>> {
    let Some(entry) = message_op::find(written.name) else {
        let elsewhere =
            registry::find(written.name).map(|_| "it is a step on a type: write it under `types`");
        faults.push(written.unknown(MESSAGE_OPERATORS.iter().map(|entry| entry.name), elsewhere));
        return None;
    };
    written.settings_fit(&(entry.schema)().to_value(), faults)?;
    let built = (entry.build)(written.settings);
    built
        .map(Arc::from)
        .map_err(|fault| faults.push(written.refused(Code::BadSettings, fault)))
        .ok()
}

/// A step as it is written.
struct Written<'a> {
    tree: &'a Tree,
    name: &'a str,
    settings: &'a Value,
    /// Where its settings stand.
    place: String,
}

/// Steps as they are written. What is no step is told by the structural check.
fn written<'a>(tree: &'a Tree, pointer: &str, raw: &'a [Value]) -> impl Iterator<Item = Written<'a>> {
    raw.iter().enumerate().filter_map(move |(i, step)| {
        let (name, settings) = step.as_object()?.iter().next()?;
        let mut place = pointer.to_owned();
        push_index(&mut place, i);
        push_key(&mut place, name);
        Some(Written {
            tree,
            name,
            settings,
            place,
        })
    })
}

impl Written<'_> {
    fn unknown<'n>(
        &self,
        known: impl Iterator<Item = &'n str> + Clone,
        elsewhere: Option<&str>,
    ) -> Diagnostic {
        let span = Some(self.tree.key_span(&self.place));
        let message = match elsewhere {
            Some(_) => format!("the operator `{}` does not belong here", self.name),
            None => format!("there is no operator `{}`", suggest::shorten(self.name)),
        };
        let hint = elsewhere
            .map(str::to_owned)
            .or_else(|| suggest::or_list(self.name, known));
        Diagnostic::new(Code::UnknownOperator, &self.tree.file, span, message).hint_if(hint)
    }

    fn settings_fit(&self, schema: &Value, faults: &mut Vec<Diagnostic>) -> Option<()> {
        let before = faults.len();
        structure::check_part(self.tree, &self.place, schema, faults);
        (faults.len() == before).then_some(())
    }

    fn refused(&self, code: Code, fault: SettingsFault) -> Diagnostic {
        let pointer = format!("{}{}", self.place, fault.pointer);
        let message = format!("`{}`: {}", self.name, fault.message);
        self.tree.fault(code, &pointer, message).hint_if(fault.hint)
    }
}
