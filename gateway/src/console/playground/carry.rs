//! A document on its way between two versions, told change by change: by the engine that carries exchanges.

use serde::Serialize;
use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::{Contract, Operation, StatusRange};
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::lineage::{Chain, Lineage, Pass};
use sluice_transforms::message::{Request, Response};
use sluice_transforms::op::Direction;
use sluice_transforms::parse::parse;
use sluice_transforms::reference::document::DocumentInterpreter;
use sluice_transforms::reference::{Interpreter, Observer};
use sluice_transforms::value::Value;

use super::subject::Subject;
use crate::readable::{Line, compare, pretty};

/// The most lines of a comparison that are shown; of a document, ten times as many.
const LINES: usize = 400;

/// What is asked for.
#[derive(Clone, Debug)]
pub(in crate::console) struct Asked {
    /// What the document is.
    pub(in crate::console) subject: Subject,
    /// The version that it is in.
    pub(in crate::console) from: String,
    /// The version to carry it to.
    pub(in crate::console) to: String,
    /// The document, as it was pasted.
    pub(in crate::console) text: String,
}

/// What became of the document.
#[derive(Clone, Debug, Serialize)]
pub(in crate::console) struct Played {
    /// The API.
    pub(in crate::console) api: String,
    /// What the document is.
    pub(in crate::console) subject: String,
    /// The version that it was in.
    pub(in crate::console) from: String,
    /// The version that it was carried to.
    pub(in crate::console) to: String,
    /// The changes that it went through.
    pub(in crate::console) changes: Vec<Passage>,
    /// The document at the end; none where it came to none.
    pub(in crate::console) document: Option<String>,
    /// Elements of lists that were left out or replaced.
    pub(in crate::console) omitted: usize,
    /// Why it went no further.
    pub(in crate::console) fault: Option<Stopped>,
}

/// A change that the document went through.
#[derive(Clone, Debug, Serialize)]
pub(in crate::console) struct Passage {
    /// The version that it leads from.
    pub(in crate::console) from: String,
    /// The version that it leads to.
    pub(in crate::console) to: String,
    /// What it is, for people.
    pub(in crate::console) summary: String,
    /// The steps that did something to the document.
    pub(in crate::console) steps: Vec<Taken>,
    /// What they did to the document.
    pub(in crate::console) difference: Vec<Line>,
    /// How many more lines there are.
    pub(in crate::console) more: usize,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::console) struct Taken {
    /// What was done.
    pub(in crate::console) operator: &'static str,
    /// To what.
    pub(in crate::console) subject: String,
}

/// Why a document went no further.
#[derive(Clone, Debug, Serialize)]
pub(in crate::console) struct Stopped {
    /// The place in the document as it was pasted.
    pub(in crate::console) pointer: String,
    /// What is wrong, and what to do.
    pub(in crate::console) detail: String,
}

/// Carries what was asked for. Long work: call it off the cores.
pub(in crate::console) fn play(api: &ApiPlan, asked: &Asked, depth: usize) -> Played {
    let mut played = Played {
        api: api.name.clone(),
        subject: asked.subject.to_string(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        changes: Vec::new(),
        document: None,
        omitted: 0,
        fault: None,
    };
    match carried(api, asked, depth, &mut played.changes) {
        Ok((document, omitted)) => {
            played.omitted = omitted;
            played.document = document.map(|document| shortened(&pretty(&document)));
        }
        Err(stopped) => played.fault = Some(stopped),
    }
    played
}

fn carried(
    api: &ApiPlan,
    asked: &Asked,
    depth: usize,
    changes: &mut Vec<Passage>,
) -> Result<(Option<Value>, usize), Stopped> {
    let chain = api.lineage.chain(&asked.from, &asked.to);
    let chain = chain.ok_or_else(|| Stopped::told("choose two versions of this API"))?;
    if asked.text.trim().is_empty() {
        return Err(Stopped::told("paste a JSON document, or fill in an example"));
    }
    let document = parse(asked.text.as_bytes(), depth);
    let document =
        document.map_err(|fault| Stopped::told(format!("this is not a JSON document: {fault}")))?;
    let mut way = Way::new(&api.lineage, document.clone());
    let done = run(&api.lineage, &chain, &asked.subject, document, &mut way);
    *changes = way.passages();
    done
}

fn run(
    lineage: &Lineage,
    chain: &Chain,
    subject: &Subject,
    document: Value,
    way: &mut Way<'_>,
) -> Result<(Option<Value>, usize), Stopped> {
    match subject {
        Subject::Type(label) => {
            let interpreter = DocumentInterpreter::new(lineage, chain, label);
            let interpreter = interpreter.ok_or_else(|| {
                Stopped::told(format!(
                    "{} and {} have no common type {label}",
                    chain.from, chain.to
                ))
            })?;
            let carried = interpreter.carry_observed(document, way)?;
            Ok((Some(carried.document), carried.omitted))
        }
        Subject::Request(id) => {
            let purpose = operation(&chain.source, id)?.purpose();
            let request = Request {
                operation: id.clone(),
                arguments: Vec::new(),
                body: Some(document),
            };
            let request = Interpreter::new(lineage, chain).lift(request, purpose, way)?;
            Ok((request.body, 0))
        }
        Subject::Answer(id) => {
            let answer = Response {
                operation: id.clone(),
                status: success(operation(&chain.source, id)?),
                headers: Vec::new(),
                body: Some(document),
            };
            let lowered = Interpreter::new(lineage, chain).lower(answer, way)?;
            Ok((lowered.response.body, lowered.omitted))
        }
    }
}

fn operation<'c>(contract: &'c Contract, id: &str) -> Result<&'c Operation, Stopped> {
    let found = contract.operation(id);
    found.ok_or_else(|| {
        Stopped::told(format!(
            "the version that the document is in has no operation {id}"
        ))
    })
}

/// The first success of an operation that has a body.
fn success(operation: &Operation) -> u16 {
    let mut bodies = operation.answers.iter().filter(|answer| answer.shape.is_some());
    let status = bodies.find_map(|answer| match answer.status {
        StatusRange::Exact(status @ 200..300) => Some(status),
        _ => None,
    });
    status.unwrap_or(200)
}

/// Gathers the document after every change.
struct Way<'a> {
    lineage: &'a Lineage,
    before: Value,
    /// The document after the last step, as text: what is written otherwise is another one.
    last: String,
    legs: Vec<Leg>,
}

/// Steps of one change, one after another.
struct Leg {
    change: usize,
    to: Direction,
    steps: Vec<Taken>,
    after: Option<Value>,
}

impl<'a> Way<'a> {
    fn new(lineage: &'a Lineage, before: Value) -> Self {
        Self {
            lineage,
            last: before.to_json(),
            before,
            legs: Vec::new(),
        }
    }

    /// What each change did to the document.
    fn passages(&self) -> Vec<Passage> {
        let befores =
            std::iter::once(Some(&self.before)).chain(self.legs.iter().map(|leg| leg.after.as_ref()));
        let pairs = befores.zip(&self.legs);
        pairs
            .filter_map(|(before, leg)| self.passage(before, leg))
            .collect()
    }

    fn passage(&self, before: Option<&Value>, leg: &Leg) -> Option<Passage> {
        let change = self.lineage.changes().get(leg.change)?;
        let (from, to) = match leg.to {
            Direction::Up => (&change.old, &change.new),
            Direction::Down => (&change.new, &change.old),
        };
        let mut difference = compare(before, leg.after.as_ref());
        let more = difference.len().saturating_sub(LINES);
        difference.truncate(LINES);
        Some(Passage {
            from: from.clone(),
            to: to.clone(),
            summary: change.summary.clone(),
            steps: leg.steps.clone(),
            difference,
            more,
        })
    }
}

impl Observer for Way<'_> {
    fn step(&mut self, pass: &Pass, to: Direction, body: Option<&Value>) {
        let written = body.map(Value::to_json).unwrap_or_default();
        let did = (written != self.last).then(|| Taken {
            operator: pass.action.name(),
            subject: pass.action.subject().to_owned(),
        });
        self.last = written;
        let after = body.cloned();
        match self.legs.last_mut() {
            Some(leg) if leg.change == pass.change => {
                leg.steps.extend(did);
                leg.after = after;
            }
            _ => self.legs.push(Leg {
                change: pass.change,
                to,
                steps: did.into_iter().collect(),
                after,
            }),
        }
    }
}

impl Stopped {
    fn told(detail: impl Into<String>) -> Self {
        Self {
            pointer: String::new(),
            detail: detail.into(),
        }
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        let detail = match fault.kind {
            FaultKind::NeedsStored => {
                "how this is carried depends on the document that is stored: `sluice transform --stored FILE` and `sluice explain --stored FILE` show it".to_owned()
            }
            _ => fault.detail,
        };
        Self {
            pointer: fault.pointer.to_string(),
            detail,
        }
    }
}

/// The first lines of a document.
fn shortened(text: &str) -> String {
    let most = 10 * LINES;
    match text.match_indices('\n').nth(most) {
        Some((end, _)) => format!(
            "{}\n… and {} more lines",
            &text[..end],
            text.lines().count() - most - 1
        ),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sluice_config::{Sources, load};

    use super::*;
    use crate::readable::Sign;

    const MAIN: &str =
        "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams: {todos: {endpoints: [\"127.0.0.1:9100\"]}}\n";
    const API: &str = "sluice: 1\napi: todos\nupstream: todos\norigin: \"2\"\nadditions: pass\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1\"}, {name: \"2\"}]\n";
    const CHANGE: &str = "sluice: 1\nbetween: [\"1\", \"2\"]\nsummary: Titles became names.\ndocuments:\n  - of: [\"POST /todos\"]\n    steps:\n      - rename: {from: /title, to: /name}\n      - values: {at: /done, map: [[true, finished], [false, open]]}\n";

    fn played(subject: Subject, from: &str, to: &str, text: &str) -> Played {
        let files = [
            ("sluice.yaml", MAIN),
            ("apis/todos/api.yaml", API),
            ("apis/todos/changes/1-2.yaml", CHANGE),
        ];
        let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
        let plan = load(&sources, &|_| None).unwrap().plan;
        let asked = Asked {
            subject,
            from: from.to_owned(),
            to: to.to_owned(),
            text: text.to_owned(),
        };
        play(&plan.apis[0], &asked, 32)
    }

    fn post() -> Subject {
        Subject::Request("POST /todos".to_owned())
    }

    #[test]
    fn steps_of_a_change_stand_together() {
        let played = played(post(), "1", "2", r#"{"title": "a", "done": true}"#);
        assert_eq!(
            played.document.as_deref(),
            Some("{\n  \"name\": \"a\",\n  \"done\": \"finished\"\n}\n")
        );
        let [change] = played.changes.as_slice() else {
            unreachable!("{played:?}")
        };
        let steps: Vec<&str> = change.steps.iter().map(|step| step.operator).collect();
        assert_eq!(
            (steps, change.summary.as_str()),
            (vec!["rename", "values"], "Titles became names.")
        );
        let came: Vec<&str> = change
            .difference
            .iter()
            .filter(|line| line.sign == Sign::Came)
            .map(|line| line.text.trim())
            .collect();
        assert_eq!(came, ["\"name\": \"a\"", "\"done\": \"finished\""]);
    }

    #[test]
    fn what_cannot_be_carried_says_where() {
        let played = played(post(), "1", "2", r#"{"title": "a", "done": "maybe"}"#);
        let fault = played.fault.unwrap();
        assert_eq!(fault.pointer, "/done");
        assert!(played.document.is_none() && !fault.detail.is_empty());
    }

    #[test]
    fn what_is_no_document_or_not_known_is_told() {
        let told = |subject, from, to, text| played(subject, from, to, text).fault.unwrap().detail;
        assert!(told(post(), "1", "2", "{").contains("not a JSON document"));
        assert!(told(post(), "1", "2", "  ").contains("paste"));
        assert!(told(post(), "1", "9", "{}").contains("two versions"));
        assert!(told(Subject::Type("Nothing".to_owned()), "1", "2", "{}").contains("no common type"));
        assert!(told(Subject::Answer("GET /no".to_owned()), "1", "2", "{}").contains("no operation"));
    }

    #[test]
    fn a_long_document_is_shown_in_part() {
        let items = vec!["\"xxxxxxxxxx\""; 10_000].join(",");
        let text = format!("{{\"title\": [{items}]}}");
        let played = played(post(), "1", "2", &text);
        assert!(played.document.unwrap().contains("more lines"));
    }
}
