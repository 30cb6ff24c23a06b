//! One schema, ready to judge documents.

use std::cell::Cell;

use jsonschema::error::{ValidationError, ValidationErrorKind as Kind};
use jsonschema::{JsonType, PatternOptions, Validator};
use serde_json::Value as Plain;
use sluice_transforms::value::Value;

use super::node::{Exact, Place};
use super::words::{self, Violation};

/// How many violations are looked for beyond those that are told: some of them stand inside of others.
const LOOKED_FOR: usize = 2_000;

/// A compiled schema.
pub struct Schema {
    source: Plain,
    validator: Validator<Exact>,
}

impl Schema {
    /// Compiles a schema. Nothing is fetched; patterns are matched in linear time.
    ///
    /// # Errors
    /// Why it is no schema, in words.
    pub fn compile(source: Plain) -> Result<Self, String> {
        let built = jsonschema::options_for::<Exact>()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .offline()
            .build(&source);
        match built {
            Ok(validator) => Ok(Self { source, validator }),
            Err(fault) => Err(format!("{}: {}", fault.instance_path(), fault.masked())),
        }
    }

    /// Whether a document is valid.
    pub fn admits(&self, document: &Value) -> bool {
        self.validator.is_valid(Place::of(document))
    }

    /// What is wrong with a document, `most` violations at most; nothing when it is valid.
    pub fn judge(&self, document: &Value, most: usize) -> Vec<Violation> {
        if self.admits(document) {
            return Vec::new();
        }
        let room = Cell::new(LOOKED_FOR.max(most));
        let mut told = Vec::new();
        for error in self.validator.iter_errors(Place::bounded(document, &room)) {
            self.tell(&error, document, &mut told);
            if told.len() >= most {
                break;
            }
        }
        told.truncate(most);
        if told.is_empty() {
            told.push(Violation::somewhere());
        }
        told
    }

    fn tell(&self, error: &ValidationError<'_>, document: &Value, told: &mut Vec<Violation>) {
        match meant(error) {
            Meant::Branch(errors) => errors.iter().for_each(|inner| self.tell(inner, document, told)),
            Meant::Kinds(kinds) => words::wrong_kind(error, &kinds, document, told),
            Meant::Itself => words::tell(error, &self.source, document, told),
        }
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schema(…)")
    }
}

/// What is told of a violation of alternatives.
enum Meant<'e> {
    /// The violations of the only alternative that is of the value's kind.
    Branch(&'e [ValidationError<'static>]),
    /// No alternative is of the value's kind; these are theirs.
    Kinds(Vec<JsonType>),
    /// The violation as it is.
    Itself,
}

fn meant<'e>(error: &'e ValidationError<'_>) -> Meant<'e> {
    let (Kind::AnyOf { context } | Kind::OneOfNotValid { context }) = error.kind() else {
        return Meant::Itself;
    };
    let own_kind = |branch: &Vec<ValidationError<'_>>| {
        let mut kinds = branch
            .iter()
            .filter(|inner| inner.instance_path() == error.instance_path())
            .filter_map(words::kinds);
        kinds.next()
    };
    let mut near = context.iter().filter(|branch| own_kind(branch).is_none());
    match (near.next(), near.next()) {
        (Some(branch), None) => Meant::Branch(branch),
        (None, _) => Meant::Kinds(context.iter().filter_map(own_kind).flatten().collect()),
        _ => Meant::Itself,
    }
}
