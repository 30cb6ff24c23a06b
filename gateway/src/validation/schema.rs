//! One schema, ready to judge documents.

use std::cell::Cell;
use std::collections::HashSet;

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
        let errors: Vec<_> = self
            .validator
            .iter_errors(Place::bounded(document, &room))
            .collect();
        let of_kind = errors.iter().filter(|error| words::kinds(error).is_some());
        let wrong: HashSet<&str> = of_kind.map(|error| error.instance_path().as_str()).collect();
        // Of a value of the wrong kind nothing else is worth telling.
        let more = |error: &&ValidationError<'_>| {
            words::kinds(error).is_some() || !wrong.contains(error.instance_path().as_str())
        };
        for error in errors.iter().filter(more) {
            self.tell(error, document, &mut told);
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use sluice_transforms::parse::parse;

    use super::*;

    fn told(schema: Plain, document: &str, most: usize) -> Vec<String> {
        let document = parse(document.as_bytes(), 16).unwrap();
        let all = Schema::compile(schema).unwrap().judge(&document, most);
        all.iter()
            .map(|v| format!("{}: {}", v.pointer, v.sentence()))
            .collect()
    }

    #[test]
    fn of_alternatives_the_one_of_the_values_kind_is_meant() {
        let schema = json!({"anyOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"type": "null"},
        ]});
        assert_eq!(
            told(schema.clone(), r#"{"a": 1.5}"#, 9),
            ["/a: expected a whole number, found a number"]
        );
        assert_eq!(
            told(schema, "[]", 9),
            [": expected an object or null, found a list"]
        );
        let either =
            json!({"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]});
        assert_eq!(
            told(either.clone(), "{}", 9),
            [": expected one of the forms that the API's document describes, found an object of 0 members"]
        );
        assert_eq!(
            told(either, r#"{"a":1,"b":2}"#, 9),
            [
                ": expected exactly one of the forms that the API's document describes; several fit, found an object of 2 members"
            ]
        );
    }

    #[test]
    fn numbers_are_exact() {
        let schema = json!({"type": "integer", "maximum": 9007199254740993u64, "multipleOf": 3});
        for good in ["9007199254740993", "3e2", "6.0", "-3"] {
            assert!(told(schema.clone(), good, 9).is_empty(), "{good}");
        }
        assert_eq!(
            told(schema.clone(), "9007199254740996", 9),
            [": expected at most 9007199254740993, found 9007199254740996"]
        );
        assert_eq!(told(schema.clone(), "1e400", 9).len(), 2);
        assert_eq!(
            told(schema, "0.1", 9),
            [": expected a whole number, found a number"]
        );
        let unique = r#"{"uniqueItems": true, "items": {"enum": [1, 2.5, "a", [1], {"b": 1e400}]}}"#;
        let unique: Plain = serde_json::from_str(unique).unwrap();
        for (document, count) in [
            (r#"[1, 2.5, "a", [1.0], {"b": 10e399}]"#, 0),
            ("[1, 1.0]", 1),
            ("[9007199254740992]", 1),
            (r#"["\u0061", "a"]"#, 1),
            (r#"[{"b": 1e401}]"#, 1),
        ] {
            assert_eq!(told(unique.clone(), document, 9).len(), count, "{document}");
        }
    }

    #[test]
    fn a_million_violations_are_not_looked_for() {
        let schema = json!({"items": {"type": "string"}});
        let document = format!("[{}1]", "1,".repeat(1_000_000));
        let all = told(schema, &document, 3);
        assert_eq!(all.len(), 3);
        assert_eq!(all[2], "/2: expected a text, found a number");
        let members = json!({"properties": {"a": true}, "additionalProperties": false});
        let document: Vec<String> = (0..50_000).map(|i| format!("\"{i}\":1")).collect();
        assert_eq!(
            told(members, &format!("{{{}}}", document.join(",")), 1_000).len(),
            1_000
        );
    }

    #[test]
    fn what_cannot_be_compiled_is_told() {
        for bad in [
            json!({"pattern": "(?=a)"}),
            json!({"$ref": "https://example.com/other"}),
            json!({"type": "thing"}),
        ] {
            assert!(Schema::compile(bad.clone()).is_err(), "{bad}");
        }
    }
}
