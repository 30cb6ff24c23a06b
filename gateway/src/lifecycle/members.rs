//! Members of documents that go: which operations carry them, and where they stand in a document.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, ConsumerId, Course, MemberCourse, Trial, VersionId};
use sluice_transforms::contract::{Contract, Operation, Purpose};
use sluice_transforms::fault::Fault;
use sluice_transforms::op::Site;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::shape::Shape;
use sluice_transforms::value::Value;
use sluice_transforms::walk::Walk;

use super::{Fields, State, of_course, told, trial};

/// The members of an API that go, by version.
#[derive(Debug, Default)]
pub struct Members(Vec<Option<Box<Version>>>);

/// The members of a version that go.
#[derive(Debug)]
pub struct Version {
    rules: Vec<Rule>,
    /// By operation, whether requests and answers have a place for one.
    carry: BTreeMap<String, Carry>,
}

/// Which messages of an operation have a place for a member that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// Requests.
    pub request: bool,
    /// Answers.
    pub answer: bool,
}

/// A member that goes.
#[derive(Debug)]
struct Rule {
    label: String,
    at: Pointer,
    course: Arc<Course>,
    /// Who does without it for a while.
    trials: Vec<Trial>,
    /// Whether the version promises it: then it stays.
    required: bool,
    fields: Fields,
    /// What tells that it was withheld.
    withheld: Fields,
}

/// What becomes of a member in one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays where it is.
    Stays,
    /// It is gone: requests that send it are refused, and answers lack it.
    Gone,
    /// This answer lacks it, for a trial.
    Withheld,
}

/// How a member was met in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not at all, or it was gone.
    Not,
    /// It is there.
    There,
    /// It was there, and a trial withheld it.
    Withheld,
}

/// What is met in a document.
#[derive(Debug, Default)]
pub struct Met {
    /// By rule, how its member was met.
    rules: Vec<Seen>,
    /// Whether something was taken out.
    pub changed: bool,
}

impl Met {
    /// Whether a trial withheld something.
    pub fn is_lesser(&self) -> bool {
        self.rules.contains(&Seen::Withheld)
    }
}

impl Members {
    /// The members of an API.
    pub fn of(api: &ApiPlan) -> Self {
        if api.lifecycle.members.is_empty() {
            return Self::default();
        }
        let ids = api.versions.iter().filter_map(|v| api.version(&v.name));
        Self(ids.map(|id| version(api, id).map(Box::new)).collect())
    }

    /// The members of a version, if an operation has a place for one.
    pub fn get(&self, version: VersionId, operation: &str) -> Option<(&Version, Carry)> {
        let version = self.0.get(version.index())?.as_ref()?;
        Some((version, *version.carry.get(operation)?))
    }
}

fn version(api: &ApiPlan, id: VersionId) -> Option<Version> {
    let contract = api.lineage.contract(api.version_name(id))?;
    let meant = api.lifecycle.members.iter().filter(|m| m.versions.contains(id));
    let rules: Vec<Rule> = meant.map(|member| rule(contract, member)).collect();
    let carry = contract.operations.iter().filter_map(|operation| {
        let carry = carries(contract, operation, &rules);
        (carry != Carry::default()).then(|| (operation.id.clone(), carry))
    });
    let carry: BTreeMap<_, _> = carry.collect();
    (!carry.is_empty()).then_some(Version { rules, carry })
}

fn carries(contract: &Contract, operation: &Operation, rules: &[Rule]) -> Carry {
    let mentions = |shape: &Shape| {
        rules
            .iter()
            .any(|rule| shape.mentions(&rule.label, &contract.types))
    };
    let mut answers = operation
        .answers
        .iter()
        .filter_map(|answer| answer.shape.as_ref());
    Carry {
        request: operation
            .request
            .as_ref()
            .is_some_and(|payload| mentions(&payload.shape)),
        answer: answers.any(mentions),
    }
}

fn rule(contract: &Contract, member: &MemberCourse) -> Rule {
    let holder = member.at.split_last().and_then(|(parent, name)| {
        let holder = Shape::reference(&member.label)
            .at(&parent, &contract.types)?
            .clone();
        let holder = holder.resolve(&contract.types).clone();
        Some(holder.field(name)?.required)
    });
    Rule {
        label: member.label.clone(),
        at: member.at.clone(),
        course: Arc::clone(&member.course),
        trials: member.trials.clone(),
        required: holder.unwrap_or_default(),
        fields: told::fields(member).unwrap_or_default(),
        withheld: told::withheld(member).unwrap_or_default(),
    }
}

impl Version {
    /// By rule, what becomes of its member in the exchange of this number ([`trial::number`]) with a consumer.
    pub fn fates(&self, consumer: Option<ConsumerId>, now: Timestamp, number: u64) -> Vec<Fate> {
        let fate = |(i, rule): (usize, &Rule)| {
            if rule.required {
                Fate::Stays
            } else if of_course(&rule.course, consumer, now) == State::Sunset {
                Fate::Gone
            } else if trial::withholds(&rule.trials, consumer, now, (number, i)) {
                Fate::Withheld
            } else {
                Fate::Stays
            }
        };
        self.rules.iter().enumerate().map(fate).collect()
    }

    /// The fields that tell of what was met.
    pub fn fields(&self, met: &Met) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        let rules = self.rules.iter().zip(&met.rules);
        rules
            .filter(|(_, seen)| **seen != Seen::Not)
            .flat_map(|(rule, seen)| {
                let withheld = (*seen == Seen::Withheld).then_some(&rule.withheld);
                rule.fields.iter().chain(withheld.into_iter().flatten())
            })
    }

    /// The members that were met: the type, where it stands in it, and how.
    pub fn members(&self, met: &Met) -> impl Iterator<Item = (&str, &Pointer, Seen)> {
        let rules = self.rules.iter().zip(&met.rules);
        rules
            .filter(|(_, seen)| **seen != Seen::Not)
            .map(|(rule, seen)| (rule.label.as_str(), &rule.at, *seen))
    }

    /// Looks through what a client sends.
    ///
    /// # Errors
    /// It holds a member that is gone; the fault says where.
    pub fn sent(
        &self,
        contract: &Contract,
        operation: &Operation,
        document: &mut Value,
        fates: &[Fate],
    ) -> Result<Met, Fault> {
        match &operation.request {
            Some(payload) => self.look(
                (contract, &payload.shape),
                operation.purpose(),
                payload.patch,
                document,
                fates,
            ),
            None => Ok(Met::default()),
        }
    }

    /// Looks through an answer, and takes out what is gone or withheld.
    pub fn delivered(&self, contract: &Contract, shape: &Shape, document: &mut Value, fates: &[Fate]) -> Met {
        let looked = self.look((contract, shape), Purpose::Answer, false, document, fates);
        looked.unwrap_or_default()
    }

    fn look(
        &self,
        (contract, shape): (&Contract, &Shape),
        purpose: Purpose,
        patch: bool,
        document: &mut Value,
        fates: &[Fate],
    ) -> Result<Met, Fault> {
        let site = Site {
            purpose,
            before: None,
            after: None,
            source: shape,
            source_types: &contract.types,
            target: None,
            target_types: &contract.types,
        };
        let mut met = Met::default();
        for (rule, fate) in self.rules.iter().zip(fates) {
            let (mut seen, mut refused) = (Seen::Not, false);
            let walk = Walk {
                label: &rule.label,
                patch,
                lenient: None,
            };
            let walked = walk.each(document, &site, &mut |value, _, _| {
                match rule.meet(value, *fate, purpose == Purpose::Answer) {
                    Meeting::None => {}
                    Meeting::There => seen = Seen::There,
                    Meeting::Taken(as_what) => (seen, met.changed) = (as_what, true),
                    Meeting::Refused => {
                        refused = true;
                        return Err(Fault::unfit("this member is gone").below(&rule.at));
                    }
                }
                Ok(())
            });
            // What fits no type is judged by others.
            if refused {
                walked?;
            }
            met.rules.push(seen);
        }
        Ok(met)
    }
}

/// What comes of a member in one value of its type.
enum Meeting {
    /// It is not there.
    None,
    /// It is, and stays.
    There,
    /// It was there and is taken out; how it was met, then.
    Taken(Seen),
    /// It is there and must not be sent.
    Refused,
}

impl Rule {
    fn meet(&self, value: &mut Value, fate: Fate, is_answer: bool) -> Meeting {
        let Some((parent, name)) = self.at.split_last() else {
            return Meeting::None;
        };
        let holder = parent.look_mut(value).and_then(Value::as_object_mut);
        let Some(holder) = holder.filter(|holder| holder.position(name).is_some()) else {
            return Meeting::None;
        };
        let seen = match fate {
            Fate::Gone if !is_answer => return Meeting::Refused,
            Fate::Withheld if is_answer => Seen::Withheld,
            Fate::Gone => Seen::Not,
            Fate::Stays | Fate::Withheld => return Meeting::There,
        };
        // It may stand twice.
        while holder.take(name).is_some() {}
        Meeting::Taken(seen)
    }
}
