//! The structural check: a file against the schema of its kind, every violation as a diagnostic in
//! words, and then the raw value.

mod words;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{ValidationError, Validator};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::raw::FORMAT;
use crate::schema::schema_of;
use crate::suggest;
use crate::yaml::Tree;

/// Reads a file as what it ought to be.
///
/// Takes texts from the environment for numbers and truth values where those are expected.
pub(crate) fn read<T: JsonSchema + DeserializeOwned>(
    tree: &mut Tree,
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    if let Err(fault) = format_version(tree) {
        faults.push(fault);
        return None;
    }
    let schema = schema_of::<T>();
    let found = match jsonschema::validator_for(&schema) {
        Ok(validator) => violations(&validator, &schema, tree),
        Err(error) => vec![unexpected(tree, &error.to_string())],
    };
    if !found.is_empty() {
        faults.extend(found);
        return None;
    }
    match serde_json::from_value(tree.value.clone()) {
        Ok(raw) => Some(raw),
        Err(error) => {
            faults.push(unexpected(tree, &error.to_string()));
            None
        }
    }
}

/// What the schema let pass and the type did not: our own mistake, still told rather than hidden.
fn unexpected(tree: &Tree, error: &str) -> Diagnostic {
    Diagnostic::new(
        Code::WrongType,
        &tree.file,
        Some(Span::START),
        format!("the file cannot be read: {error}"),
    )
}

fn format_version(tree: &Tree) -> Result<(), Diagnostic> {
    let fault =
        |code, pointer, message: String| Diagnostic::new(code, &tree.file, Some(tree.span(pointer)), message);
    match tree.value.get("sluice") {
        _ if !tree.value.is_object() => {
            let message = format!("expected a mapping, found {}", words::kind_of(&tree.value));
            Err(fault(Code::WrongType, "", message).hint("a file begins with `sluice: 1`"))
        }
        None => Err(
            fault(Code::MissingKey, "", "the key `sluice` is missing".to_owned()).hint(format!(
                "begin the file with `sluice: {FORMAT}`: it tells the format version"
            )),
        ),
        Some(version) if version.as_u64() == Some(FORMAT) => Ok(()),
        Some(_) => {
            let shown = tree.shown("/sluice");
            let message = format!("the format version `{shown}` is not known; this release reads {FORMAT}");
            Err(fault(Code::FormatVersion, "/sluice", message).hint(format!(
                "write `sluice: {FORMAT}`, or convert a file of another format with `sluice convert`"
            )))
        }
    }
}

fn violations(validator: &Validator, schema: &Value, tree: &mut Tree) -> Vec<Diagnostic> {
    let mut found = errors(validator, &tree.value);
    let retyped = found.iter().filter(|error| retype(tree, error)).count();
    if retyped > 0 {
        found = errors(validator, &tree.value);
    }
    in_words(&found, schema, tree, "")
}

/// Holds the value at a pointer, which the file's own schema leaves open, against a schema.
pub(crate) fn check_part(tree: &Tree, pointer: &str, schema: &Value, faults: &mut Vec<Diagnostic>) {
    let Some(value) = tree.value.pointer(pointer) else {
        return;
    };
    match jsonschema::validator_for(schema) {
        Ok(validator) => faults.extend(in_words(&errors(&validator, value), schema, tree, pointer)),
        Err(error) => faults.push(unexpected(tree, &error.to_string())),
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<ValidationError<'static>> {
    validator
        .iter_errors(value)
        .map(ValidationError::to_owned)
        .collect()
}

fn in_words(found: &[ValidationError<'_>], schema: &Value, tree: &Tree, base: &str) -> Vec<Diagnostic> {
    let found: Vec<&ValidationError<'_>> = found.iter().flat_map(meant).collect();
    let told = found.iter().filter(|error| !is_misspelt(error, &found));
    told.flat_map(|error| words::tell(error, schema, tree, base))
        .collect()
}

/// The violations that are meant by one of several forms: those of the only form that is of the value's kind. A setting
/// that may be left out has the form of nothing, too.
fn meant<'e>(error: &'e ValidationError<'_>) -> Vec<&'e ValidationError<'e>> {
    let Kind::AnyOf { context } = error.kind() else {
        return vec![error];
    };
    let other_kind = |branch: &&Vec<ValidationError<'_>>| is_of_another_kind(branch, error);
    let mut near = context.iter().filter(|branch| !other_kind(branch));
    match (near.next(), near.next()) {
        // A word that is none of the form's: the other forms are worth telling, too.
        (Some(branch), None)
            if branch.iter().any(is_of_no_word) && context.iter().any(|form| takes_mapping(form)) =>
        {
            vec![error]
        }
        (Some(branch), None) => branch.iter().flat_map(meant).collect(),
        _ => vec![error],
    }
}

/// Whether a value is of another kind than a form takes, which may be one of several forms itself.
fn is_of_another_kind(branch: &[ValidationError<'_>], outer: &ValidationError<'_>) -> bool {
    let mut here = branch
        .iter()
        .filter(|inner| inner.instance_path() == outer.instance_path());
    here.any(|inner| match inner.kind() {
        Kind::Type { .. } => true,
        Kind::OneOfNotValid { context } => context.iter().all(|forms| is_of_another_kind(forms, outer)),
        _ => false,
    })
}

/// Whether a text is none of the words that a form lists.
fn is_of_no_word(error: &ValidationError<'_>) -> bool {
    let words = matches!(
        error.kind(),
        Kind::Enum { .. } | Kind::Constant { .. } | Kind::OneOfNotValid { .. }
    );
    words && error.instance().is_string()
}

/// Whether a form would have taken a mapping.
fn takes_mapping(branch: &[ValidationError<'_>]) -> bool {
    branch.iter().any(|error| match error.kind() {
        Kind::Type {
            kind: TypeKind::Single(kind),
        } => kind.as_str() == "object",
        _ => false,
    })
}

/// Whether the key that is missing stands beside it under another name, which is told already.
fn is_misspelt(error: &ValidationError<'_>, all: &[&ValidationError<'_>]) -> bool {
    let Kind::Required { property } = error.kind() else {
        return false;
    };
    let near = |key: &String| suggest::nearest(key, property.as_str()).is_some();
    let beside = all
        .iter()
        .filter(|other| other.instance_path() == error.instance_path());
    beside.map(|other| other.kind()).any(|kind| match kind {
        Kind::AdditionalProperties { unexpected } => unexpected.iter().any(near),
        _ => false,
    })
}

/// Reads a text from the environment as a number or a truth value, where that is what is missing.
fn retype(tree: &mut Tree, error: &ValidationError<'_>) -> bool {
    let pointer = error.instance_path().as_str();
    let Kind::Type { .. } = error.kind() else {
        return false;
    };
    if !tree.written.contains_key(pointer) {
        return false;
    }
    let Some(Value::String(text)) = tree.value.pointer(pointer) else {
        return false;
    };
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => tree
            .value
            .pointer_mut(pointer)
            .map(|place| *place = value)
            .is_some(),
        _ => false,
    }
}
