//! Every operator with every settings of its table, against documents that nobody meant for it: nothing panics, and the
//! laws of writing hold wherever the engine agrees to translate.
//!
//! put(s, v) is what is stored when a client that saw lower(s) writes v.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use sluice_transforms::change::{Action, Change, Site, Step};
use sluice_transforms::contract::{Contract, Purpose};
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::lineage::{Draft, Lineage, Policy};
use sluice_transforms::message::{Request, Response};
use sluice_transforms::op::entry::{Entry, What};
use sluice_transforms::op::registry::OPERATORS;
use sluice_transforms::parse::parse;
use sluice_transforms::patch;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::reference::{Interpreter, Unobserved};
use sluice_transforms::value::{Member, Object, Value};

const READ: &str = "GET /t/{id}";
const REPLACE: &str = "PUT /t/{id}";
const PATCH: &str = "PATCH /t/{id}";
const CREATE: &str = "POST /t";

fn doc(text: &str) -> Value {
    parse(text.as_bytes(), 64).unwrap()
}

fn files(name: &str) -> Result<Vec<u8>, String> {
    match name {
        "countries.json" => {
            Ok(br#"{"GB":"United Kingdom","US":"United States","DE":"Germany","FR":"France"}"#.to_vec())
        }
        other => Err(format!("there is no file {other}")),
    }
}

/// One step between `old` and `new`, on the whole body of every operation; none where the settings lose something that
/// they do not declare.
fn lineage(entry: &Entry, settings: &str, origin: &str) -> Option<Lineage> {
    let site = |operation: &str, request| Site {
        operation: operation.into(),
        request,
        at: Pointer::root(),
    };
    let requests = [CREATE, REPLACE, PATCH].map(|o| site(o, true));
    let sites: Vec<Site> = [CREATE, REPLACE, PATCH, READ]
        .map(|o| site(o, false))
        .into_iter()
        .chain(requests)
        .collect();
    let step = |site: &Site| {
        let operator = (entry.build)(&serde_json::from_str(settings).unwrap(), &files)
            .unwrap()
            .into();
        Step {
            place: String::new(),
            action: Action::Type {
                label: site.label(),
                operator,
            },
        }
    };
    let steps = sites.iter().map(step).collect();
    let change = Change {
        old: "old".into(),
        new: "new".into(),
        summary: String::new(),
        steps,
    };
    let versions = vec!["old".to_owned(), "new".to_owned()];
    let (contract, policy) = (Contract::default(), Policy::default());
    Lineage::compile(Draft {
        versions,
        origin: origin.into(),
        contract,
        changes: vec![change],
        sites,
        policy,
    })
    .ok()
}

/// A client on one side, the stored document on the other.
struct Bench {
    lineage: Lineage,
    client: &'static str,
    origin: &'static str,
}

impl Bench {
    fn lower(&self, stored: &Value) -> Result<Value, Fault> {
        let chain = self.lineage.chain(self.origin, self.client).unwrap();
        let response = Response {
            operation: READ.into(),
            status: 200,
            headers: vec![],
            body: Some(stored.clone()),
        };
        let lowered = Interpreter::new(&self.lineage, &chain).lower(response, &mut Unobserved)?;
        Ok(lowered.response.body.unwrap())
    }

    fn request(operation: &str, body: &Value) -> Request {
        Request {
            operation: operation.into(),
            arguments: vec![],
            body: Some(body.clone()),
        }
    }

    fn lift(&self, operation: &str, purpose: Purpose, sent: &Value) -> Result<Value, Fault> {
        let chain = self.lineage.chain(self.client, self.origin).unwrap();
        let lifted = Interpreter::new(&self.lineage, &chain).lift(
            Self::request(operation, sent),
            purpose,
            &mut Unobserved,
        )?;
        Ok(lifted.body.unwrap())
    }

    fn put(&self, stored: &Value, sent: &Value) -> Result<Value, Fault> {
        let chain = self.lineage.chain(self.client, self.origin).unwrap();
        let interpreter = Interpreter::new(&self.lineage, &chain);
        let put = interpreter.put(
            Self::request(REPLACE, sent),
            Purpose::Replace,
            stored,
            &mut Unobserved,
        )?;
        Ok(put.body.unwrap())
    }

    fn patched(&self, stored: &Value, changes: &Value) -> Result<Value, Fault> {
        let chain = self.lineage.chain(self.client, self.origin).unwrap();
        let interpreter = Interpreter::new(&self.lineage, &chain);
        let mut whole = interpreter.shown(PATCH, stored)?;
        interpreter.refuse_foreign(PATCH, changes)?;
        patch::apply(&mut whole, changes);
        let put = interpreter.put(
            Self::request(PATCH, &whole),
            Purpose::Patch,
            stored,
            &mut Unobserved,
        )?;
        Ok(put.body.unwrap())
    }
}

/// Without types nobody knows whether an empty object is one that a step makes and dissolves.
fn solid(name: &str, mut value: Value) -> Value {
    if let (true, Value::Object(object)) = (["move", "when"].contains(&name), &mut value) {
        object
            .members_mut()
            .iter_mut()
            .for_each(|m| m.value = solid(name, std::mem::replace(&mut m.value, Value::Null)));
        object
            .members_mut()
            .retain(|m| m.value.as_object().is_none_or(|o| !o.is_empty()));
    }
    value
}

/// Names and scalars that mean something to an operator: those of its settings and its documents.
#[derive(Default)]
struct Words {
    names: BTreeSet<String>,
    scalars: Vec<Value>,
    documents: Vec<Value>,
}

impl Words {
    fn of(entry: &Entry, settings: &str) -> Self {
        let mut words = Self {
            scalars: [
                "null",
                "true",
                "0",
                "-0",
                "1.0",
                "1e400",
                "12345678901234567890",
                r#""""#,
                r#""x""#,
                r#""a, b, c d""#,
                "[]",
                "{}",
            ]
            .map(doc)
            .to_vec(),
            ..Self::default()
        };
        words.names.insert("x".to_owned());
        words.setting(&doc(settings));
        for case in entry.cases.iter().filter(|case| case.settings == settings) {
            let texts: Vec<&str> = match case.what {
                What::Both(a, b) | What::Up(a, b) | What::Down(a, b) => vec![a, b],
                What::PutUp { stored, sent, gives } | What::PutDown { stored, sent, gives } => {
                    vec![stored, sent, gives]
                }
                What::RefusedUp(a, _) | What::RefusedDown(a, _) => vec![a],
                What::Patch(a, b) | What::PatchDown(a, b) => std::iter::once(a).chain(b).collect(),
            };
            texts.into_iter().map(doc).for_each(|d| {
                words.read(&d);
                words.documents.push(d);
            });
        }
        words
    }

    fn setting(&mut self, value: &Value) {
        if let Some(text) = value.as_text() {
            self.names.extend(
                text.split('/')
                    .filter(|n| !n.is_empty() && n.len() < 12)
                    .map(str::to_owned),
            );
        }
        self.read(value);
        match value {
            Value::List(items) => items.iter().for_each(|v| self.setting(v)),
            Value::Object(object) => object.members().iter().for_each(|m| self.setting(&m.value)),
            _ => {}
        }
    }

    fn read(&mut self, value: &Value) {
        match value {
            Value::List(items) => items.iter().for_each(|v| self.read(v)),
            Value::Object(object) => object.members().iter().for_each(|m| {
                self.names.insert(m.key.decoded().into_owned());
                self.read(&m.value);
            }),
            scalar => self.scalars.push(scalar.clone()),
        }
    }

    /// Documents; of one name members do not repeat, since a known one would be refused at the door.
    fn tree(&self, repeat: bool) -> BoxedStrategy<Value> {
        let (names, scalars): (Vec<String>, _) = (self.names.iter().cloned().collect(), self.scalars.clone());
        let leaf = select(scalars).boxed();
        let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
            let member = (select(names.clone()), inner.clone());
            prop_oneof![
                1 => prop::collection::vec(inner, 0..3).prop_map(Value::List),
                4 => prop::collection::vec(member, 0..5).prop_map(move |members| object(members, repeat)),
            ]
        });
        let mixed = (select(self.documents.clone()), tree.clone()).prop_map(|(mut d, t)| {
            if t.as_object().is_some() {
                patch::apply(&mut d, &t);
            }
            d
        });
        prop_oneof![2 => select(self.documents.clone()), 2 => mixed, 2 => tree].boxed()
    }
}

fn object(members: Vec<(String, Value)>, repeat: bool) -> Value {
    let mut seen = BTreeSet::new();
    let kept = members
        .into_iter()
        .filter(|(name, _)| repeat || seen.insert(name.clone()));
    Value::Object(Object::new(
        kept.map(|(name, value)| Member::own(&name, value)).collect(),
    ))
}

/// Runs a law for every operator, settings and origin; tells every one that breaks.
fn every(cases: u32, repeat: bool, law: impl Fn(&Bench, &str, [Value; 3]) -> Result<(), String>) {
    let (mut broken, mut tried) = (Vec::new(), 0);
    for entry in OPERATORS {
        // A filter that runs until it is stopped is tried by the script's own tests.
        let ends = |settings: &&str| !settings.contains("def f: f");
        let settings: BTreeSet<&str> = entry.cases.iter().map(|c| c.settings).filter(ends).collect();
        for settings in settings {
            let words = Words::of(entry, settings);
            for (client, origin) in [("old", "new"), ("new", "old")] {
                let Some(lineage) = lineage(entry, settings, origin) else {
                    continue;
                };
                let bench = Bench {
                    lineage,
                    client,
                    origin,
                };
                tried += 1;
                let config = Config {
                    cases,
                    failure_persistence: None,
                    max_shrink_iters: 2_000,
                    ..Config::default()
                };
                let mut runner =
                    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
                let three = (words.tree(repeat), words.tree(repeat), words.tree(repeat));
                let done = runner.run(&three, |(a, b, c)| {
                    law(&bench, entry.name, [a, b, c]).map_err(TestCaseError::fail)
                });
                if let Err(TestError::Fail(why, _) | TestError::Abort(why)) = done {
                    broken.push(format!("{} {settings}, origin {origin}:\n{why}", entry.name));
                }
            }
        }
    }
    println!("{tried} settings and origins, {cases} times each");
    assert!(
        broken.is_empty(),
        "{} broken:\n{}",
        broken.len(),
        broken.join("\n\n")
    );
}

#[test]
fn nothing_panics() {
    every(100, true, |bench, _, [stored, sent, changes]| {
        let _ = bench.lower(&stored);
        let _ = bench.lift(CREATE, Purpose::Create, &sent);
        let _ = bench.lift(PATCH, Purpose::Patch, &changes);
        let _ = bench.put(&stored, &sent);
        let _ = bench.patched(&stored, &changes);
        Ok(())
    });
}

#[test]
fn writing_what_was_shown_changes_nothing() {
    every(200, false, |bench, name, [stored, ..]| {
        let stored = solid(name, stored);
        let Ok(shown) = bench.lower(&stored) else {
            return Ok(());
        };
        match bench.put(&stored, &shown) {
            Ok(put) if put == stored => Ok(()),
            put => Err(format!(
                "stored {stored}\n shown {shown}\n   put {:?}",
                put.map(|v| v.to_json())
            )),
        }
    });
}

/// Operators for which another document may mean the same to the client (an absent member and its default; one amount
/// written in two ways), or whose author declares or answers for what is lost. For these, what is shown must at least be
/// what stays.
const EQUIVALENT: [&str; 10] = [
    "when",
    "values",
    "convert",
    "constant",
    "default",
    "derived",
    "single_to_list",
    "list_to_single",
    "remove",
    "script",
];

#[test]
fn what_was_written_is_shown() {
    every(200, false, |bench, name, [stored, sent, _]| {
        let (stored, sent) = (solid(name, stored), solid(name, sent));
        if bench.lower(&stored).is_err() {
            return Ok(());
        }
        let Ok(put) = bench.put(&stored, &sent) else {
            return Ok(());
        };
        let told = |shown: &dyn std::fmt::Debug| {
            Err(format!(
                "stored {stored}\n  sent {sent}\n   put {put}\n shown {shown:?}"
            ))
        };
        match bench.lower(&put) {
            Ok(shown) if shown == sent => Ok(()),
            Ok(shown) if EQUIVALENT.contains(&name) && bench.put(&put, &shown).as_ref() == Ok(&put) => Ok(()),
            Err(fault) if fault.kind == FaultKind::Script => Ok(()),
            shown => told(&shown.map(|v| v.to_json())),
        }
    });
}

#[test]
fn a_patch_that_is_carried_alone_does_what_it_does_on_the_whole() {
    every(200, false, |bench, name, [stored, changes, _]| {
        let Ok(shown) = bench.lower(&stored) else {
            return Ok(());
        };
        if changes.as_object().is_none() || stored.as_object().is_none() {
            return Ok(());
        }
        let whole = bench.patched(&stored, &changes);
        let alone = match bench.lift(PATCH, Purpose::Patch, &changes) {
            Ok(lifted) => lifted,
            Err(fault) if fault.kind == FaultKind::NeedsStored => return Ok(()),
            Err(fault) if fault.kind != FaultKind::Captured || whole.is_err() => return Ok(()),
            Err(fault) => {
                return Err(format!(
                    "stored {stored}\n patch {changes}\n alone {fault:?}\n whole {whole:?}"
                ));
            }
        };
        let (mut after, mut wanted) = (stored.clone(), shown);
        patch::apply(&mut after, &alone);
        patch::apply(&mut wanted, &changes);
        let agrees = whole.as_ref() == Ok(&after) || bench.lower(&after).as_ref() == Ok(&wanted);
        // Alone, a patch may set what on the whole is in the way, such as null where an object is needed.
        let unfit = |done: Result<&Value, &Fault>| done.is_err_and(|fault| fault.kind == FaultKind::Unfit);
        let in_the_way = unfit(whole.as_ref()) || unfit(bench.lower(&after).as_ref());
        if agrees || in_the_way || EQUIVALENT.contains(&name) && whole.is_ok() {
            return Ok(());
        }
        Err(format!(
            "stored {stored}\n patch {changes}\n alone {alone} gives {after}\n whole {:?}",
            whole.map(|v| v.to_json())
        ))
    });
}
