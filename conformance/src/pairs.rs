//! Documents of public APIs in two versions, beside mappings of our own in `lineages/`: how much of what a publisher
//! converts in code can be said in a mapping. The documents stay in `../shared/pairs`; see its README.

mod difference;
mod document;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;
use sluice_config::Sources;
use sluice_transforms::lineage::Lineage;
use sluice_transforms::op::Direction;
use sluice_transforms::reference::document::DocumentInterpreter;

use crate::engine::{document as parsed, json, plan};
pub use difference::difference;
pub use document::openapi;

/// A pair of versions, with the mapping between them.
#[derive(Debug)]
pub struct VersionPair {
    place: PathBuf,
    lineage: std::sync::Arc<Lineage>,
    cases: Vec<Case>,
}

/// One document in both versions.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name, also of its two files.
    pub id: String,
    /// The directions in which one document is exactly the other's translation.
    pub authoritative: Authority,
    /// Whether the publisher's own conversion brings the document back as it was.
    #[serde(default)]
    pub roundtrip_lossless: bool,
}

/// In which direction a pair of documents is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Authority {
    /// The new document is what becomes of the old one.
    #[serde(rename = "old->new")]
    Up,
    /// The old document is what becomes of the new one.
    #[serde(rename = "new->old")]
    Down,
    /// Each is what becomes of the other.
    #[serde(rename = "both")]
    Both,
}

/// How many documents of one direction came out exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Exactly as the publisher has it.
    pub exact: usize,
    /// All that were tried.
    pub of: usize,
}

/// What came out of all documents of a pair.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Lifted, as a create.
    pub up: Count,
    /// Lowered, as an answer.
    pub down: Count,
    /// There and back again, where the publisher's own conversion loses nothing.
    pub back: Count,
    /// What did not come out, with the reason.
    pub failures: Vec<String>,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

/// Where the documents of a pair lie; `None` where they are not at hand.
pub fn place(pair: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/pairs")
        .join(pair);
    place.is_dir().then_some(place)
}

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The mapping of a pair, with the new version's schema as the origin's document.
fn sources(pair: &str, place: &Path) -> Sources {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("lineages").join(pair);
    let written = Sources::read(&own).unwrap_or_else(|faults| panic!("{pair}: {faults:?}"));
    let api = written.paths().find_map(|p| p.strip_suffix("/api.yaml"));
    let api = api.unwrap_or_else(|| panic!("{pair} has no api.yaml"));
    let origin = openapi(place).to_string().into_bytes();
    let files = written
        .paths()
        .map(|path| (path.to_owned(), written.get(path).unwrap_or_default().to_vec()));
    Sources::from_files(files.chain([(format!("{api}/origin.json"), origin)]))
}

impl VersionPair {
    /// The pair whose documents lie there.
    ///
    /// # Panics
    /// When its mapping is at fault, with every diagnostic.
    pub fn read(pair: &str, place: &Path) -> Self {
        let cases = read(&place.join("cases.json"));
        let cases: Cases = serde_json::from_value(cases).expect("cases");
        let lineage = plan(&sources(pair, place)).apis[0].lineage.clone();
        Self {
            place: place.to_owned(),
            lineage,
            cases: cases.cases,
        }
    }

    /// Carries every document in each direction in which it is exact. `type_of` names a document's type.
    pub fn run(&self, type_of: impl Fn(&Json) -> String) -> Outcome {
        let mut outcome = Outcome::default();
        for case in &self.cases {
            let side = |side: &str| read(&self.place.join(side).join(format!("{}.json", case.id)));
            let (old, new) = (side("old"), side("new"));
            let label = type_of(&new);
            if case.authoritative != Authority::Down {
                self.judge(case, (&old, &new, &label), Direction::Up, &mut outcome);
            }
            if case.authoritative != Authority::Up {
                self.judge(case, (&new, &old, &label), Direction::Down, &mut outcome);
            }
        }
        outcome
    }

    fn judge(
        &self,
        case: &Case,
        (from, wanted, label): (&Json, &Json, &str),
        to: Direction,
        outcome: &mut Outcome,
    ) {
        let (there, back, count) = match to {
            Direction::Up => ("up", "up and down", &mut outcome.up),
            Direction::Down => ("down", "down and up", &mut outcome.down),
        };
        let done = self.carried(from, label, to);
        let exact = done.clone().and_then(|done| same(&done, wanted));
        count.note(&case.id, there, exact, &mut outcome.failures);
        if let (true, Ok(done)) = (case.roundtrip_lossless, done) {
            let again = self
                .carried(&done, label, to.back())
                .and_then(|again| same(&again, from));
            outcome.back.note(&case.id, back, again, &mut outcome.failures);
        }
    }

    fn carried(&self, from: &Json, label: &str, to: Direction) -> Result<Json, String> {
        let versions = self.lineage.versions();
        let (old, new) = (&versions[0], &versions[versions.len() - 1]);
        let (start, end) = if to == Direction::Up {
            (old, new)
        } else {
            (new, old)
        };
        let chain = self.lineage.chain(start, end).expect("a chain");
        let interpreter = DocumentInterpreter::new(&self.lineage, &chain, label)
            .ok_or_else(|| format!("there is no type {label}"))?;
        let carried = interpreter.carry(parsed(from));
        let carried = carried.map_err(|fault| format!("{}: {}", fault.pointer, fault.detail))?;
        Ok(json(&carried.document))
    }
}

fn same(ours: &Json, wanted: &Json) -> Result<(), String> {
    difference(ours, wanted).map_or(Ok(()), Err)
}

impl Count {
    fn note(&mut self, case: &str, way: &str, done: Result<(), String>, failures: &mut Vec<String>) {
        self.of += 1;
        match done {
            Ok(()) => self.exact += 1,
            Err(why) => failures.push(format!("{case} {way}: {why}")),
        }
    }
}

impl Outcome {
    /// All directions together.
    pub fn exact(&self) -> usize {
        self.up.exact + self.down.exact
    }
}
