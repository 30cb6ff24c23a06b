//! A file of the suite, as it is written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sluice_transforms::fault::FaultKind;
use sluice_transforms::parse::parse;
use sluice_transforms::value::{Object, Value};

/// A file of the suite.
#[derive(Debug)]
pub struct File {
    /// Its name, without the ending.
    pub name: String,
    /// What a configuration is made of.
    pub lineage: Json,
    /// What must hold.
    pub cases: Vec<Case>,
}

/// One thing that must hold.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The client's version.
    pub version: String,
    /// The version at the root, where it is not the file's.
    pub origin: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// The operation, where it is not the direction's own.
    pub operation: Option<String>,
    /// The status of an error.
    pub status: u16,
    /// What comes.
    pub given: Value,
    /// What is stored.
    pub stored: Option<Value>,
    /// What must become of it.
    pub wanted: Wanted,
    /// What the client is shown after the write, where it is not what it wrote.
    pub shown: Option<Value>,
    /// How many elements of lists were left out or replaced.
    pub omitted: usize,
    /// Whether put(s, lower s) = s and lower(put(s, v)) = v are asked for besides.
    pub laws: bool,
}

/// What a case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A client makes something new.
    Lift,
    /// A client is shown a document.
    Lower,
    /// A client writes over what is stored.
    Put,
    /// A client sends a merge patch.
    Patch,
    /// A client is told an error.
    Error,
    /// A whole request.
    Request,
    /// A whole answer.
    Response,
}

/// What must become of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// This, token for token.
    Value(Value),
    /// A refusal: of this kind, at this place in the client's names.
    Fault(FaultKind, String),
}

/// The suite's files in the order of their names.
///
/// # Panics
/// When one cannot be read.
pub fn files() -> Vec<File> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("transformations");
    let entries = fs::read_dir(directory).expect("the suite's directory");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(|path| File::read(path)).collect()
}

impl File {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Self::of(name, &fs::read(path).expect("a file"))
    }

    /// A file from its text.
    ///
    /// # Panics
    /// When it is not of the format.
    pub fn of(name: impl Into<String>, text: &[u8]) -> Self {
        let name = name.into();
        let value = parse(text, 512).unwrap_or_else(|e| panic!("{name}: {e}"));
        let whole = value.as_object().expect("an object");
        allow(whole, &name, &KEYS);
        let cases = whole.get("cases").and_then(Value::as_list).expect("cases");
        let cases = cases.iter().map(|case| Case::read(&name, case)).collect();
        let mut lineage = whole.clone();
        lineage.take("cases");
        let lineage = serde_json::from_str(&Value::Object(lineage).to_json()).expect("JSON");
        Self { name, lineage, cases }
    }
}

/// The keys of a file.
const KEYS: [&str; 11] = [
    "about",
    "versions",
    "origin",
    "additions",
    "lists",
    "errors",
    "types",
    "document",
    "files",
    "changes",
    "cases",
];

impl Case {
    fn read(file: &str, value: &Value) -> Self {
        let case = value
            .as_object()
            .unwrap_or_else(|| panic!("{file}: a case is an object"));
        let text = |name: &str| case.get(name).and_then(Value::as_text).map(String::from);
        let name = text("name").unwrap_or_else(|| panic!("{file}: a case needs a name"));
        let about = format!("{file}: {name}");
        let known = [
            "name",
            "version",
            "origin",
            "direction",
            "operation",
            "status",
            "given",
            "stored",
            "expected",
            "fault",
            "shown",
            "omitted",
            "laws",
        ];
        allow(case, &about, &known);
        let number = |name: &str| case.get(name).and_then(|v| v.to_json().parse::<usize>().ok());
        Self {
            version: text("version").unwrap_or_else(|| panic!("{about}: which version?")),
            origin: text("origin"),
            direction: Direction::read(&text("direction").unwrap_or_default(), &about),
            operation: text("operation"),
            status: number("status").map_or(422, |s| u16::try_from(s).expect("a status")),
            given: case
                .get("given")
                .cloned()
                .unwrap_or_else(|| panic!("{about}: what is given?")),
            stored: case.get("stored").cloned(),
            wanted: Wanted::read(case, &about),
            shown: case.get("shown").cloned(),
            omitted: number("omitted").unwrap_or(0),
            laws: case.get("laws") != Some(&Value::Bool(false)),
            name,
        }
    }
}

/// A misspelt key would be a case that asks for less than it says.
fn allow(object: &Object, about: &str, known: &[&str]) {
    for member in object.members() {
        assert!(
            known.contains(&member.key.raw()),
            "{about}: nobody reads `{}`",
            member.key.raw()
        );
    }
}

impl Direction {
    fn read(text: &str, about: &str) -> Self {
        match text {
            "lift" => Self::Lift,
            "lower" => Self::Lower,
            "put" => Self::Put,
            "patch" => Self::Patch,
            "error" => Self::Error,
            "request" => Self::Request,
            "response" => Self::Response,
            _ => panic!("{about}: `{text}` is no direction"),
        }
    }
}

impl Wanted {
    fn read(case: &Object, about: &str) -> Self {
        match (case.get("expected"), case.get("fault").and_then(Value::as_object)) {
            (Some(value), None) => Self::Value(value.clone()),
            (None, Some(fault)) => {
                let text = |name: &str| fault.get(name).and_then(Value::as_text).unwrap_or_default();
                let kind = kind(&text("kind")).unwrap_or_else(|| panic!("{about}: no such kind of fault"));
                Self::Fault(kind, text("pointer").into_owned())
            }
            _ => panic!("{about}: give one of `expected` and `fault`"),
        }
    }
}

fn kind(name: &str) -> Option<FaultKind> {
    Some(match name {
        "unfit" => FaultKind::Unfit,
        "captured" => FaultKind::Captured,
        "duplicate" => FaultKind::Duplicate,
        "unplaced" => FaultKind::Unplaced,
        "no_operation" => FaultKind::NoOperation,
        "needs_stored" => FaultKind::NeedsStored,
        "not_a_patch" => FaultKind::NotAPatch,
        "script" => FaultKind::Script,
        "stored" => FaultKind::Stored,
        _ => return None,
    })
}
