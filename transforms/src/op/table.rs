//! Tables of scalar values, as settings or files give them, and looking a value up in one.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::entry::{Files, SettingsFault};
use crate::decimal::Decimal;
use crate::value::Value;

/// A table in a mapping file: an object whose names are texts, or a list of pairs where they are numbers or booleans.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a table is an object, or a list of pairs `[[1, active], [2, closed]]`"
)]
pub enum Table {
    /// Text to value.
    Named(serde_json::Map<String, Json>),
    /// Value to value.
    Pairs(Vec<(Json, Json)>),
}

/// The rows of a table.
pub(super) type Rows = Vec<(Value, Value)>;

/// The rows of a table in the settings.
pub(super) fn rows(table: Option<&Table>, setting: &str) -> Result<Rows, SettingsFault> {
    let rows: Rows = match table {
        None => Rows::new(),
        Some(Table::Named(map)) => map
            .iter()
            .map(|(k, v)| (Value::text(k), Value::from_serde(v)))
            .collect(),
        Some(Table::Pairs(pairs)) => pairs
            .iter()
            .map(|(a, b)| (Value::from_serde(a), Value::from_serde(b)))
            .collect(),
    };
    scalars(rows, setting)
}

/// The rows of a table in a file: a JSON object in which no name stands twice.
pub(super) fn read(files: Files<'_>, name: &str) -> Result<Rows, SettingsFault> {
    let fault = |why: String| SettingsFault::new("/file", format!("{name}: {why}"));
    let bytes = files(name).map_err(&fault)?;
    let parsed = crate::parse::parse(&bytes, 4).map_err(|e| fault(e.to_string()))?;
    let Value::Object(object) = parsed else {
        return Err(fault("a JSON object is needed".to_owned()));
    };
    let mut seen = std::collections::HashSet::new();
    let mut rows = Rows::new();
    for member in object.members() {
        let key = member.key.decoded().into_owned();
        rows.push((Value::text(&key), member.value.clone()));
        if !seen.insert(key.clone()) {
            return Err(fault(format!("the name `{key}` stands twice")));
        }
    }
    scalars(rows, "/file")
}

fn scalars(rows: Rows, setting: &str) -> Result<Rows, SettingsFault> {
    let odd = rows.iter().flat_map(|(a, b)| [a, b]).find(|v| !scalar(v));
    if let Some(odd) = odd {
        let message = format!("{odd} is not a text, a number or a boolean");
        return Err(SettingsFault::new(setting, message));
    }
    Ok(rows)
}

/// Whether a value can stand in a table: an exponent beyond any sense cannot.
fn scalar(value: &Value) -> bool {
    match value {
        Value::Text(_) | Value::Bool(_) => true,
        Value::Number(number) => Decimal::parse(number.raw()).is_some(),
        _ => false,
    }
}

/// Finds the row of a value, by value: `"\u0041"` is `"A"`, `1.0` is `1`.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    texts: HashMap<String, Value>,
    numbers: HashMap<Decimal, Value>,
    booleans: HashMap<bool, Value>,
}

impl Lookup {
    /// Adds a row; the first row of a value counts. Says whether it was the first.
    pub(super) fn add(&mut self, from: &Value, to: &Value) -> bool {
        if self.has(from) {
            return false;
        }
        let to = to.clone();
        match from {
            Value::Text(text) => drop(self.texts.insert(text.decoded().into_owned(), to)),
            Value::Bool(b) => drop(self.booleans.insert(*b, to)),
            Value::Number(number) => {
                let key = Decimal::parse(number.raw());
                self.numbers.extend(key.map(|key| (key, to)));
            }
            _ => {}
        }
        true
    }

    /// What stands beside the value.
    pub(super) fn get(&self, value: &Value) -> Option<&Value> {
        match value {
            Value::Text(text) => self.texts.get(text.decoded().as_ref()),
            Value::Number(number) => self.numbers.get(&Decimal::parse(number.raw())?),
            Value::Bool(b) => self.booleans.get(b),
            _ => None,
        }
    }

    /// Whether the value has a row.
    pub(super) fn has(&self, value: &Value) -> bool {
        self.get(value).is_some()
    }
}
