//! Members of documents that go: which operations carry them, and where they stand in a document.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::LINK;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use sfv::{KeyRef, ListSerializer, StringRef};
use sluice_config::plan::{ApiPlan, ConsumerId, Course, MemberCourse, VersionId};
use sluice_transforms::contract::{Contract, Operation, Purpose};
use sluice_transforms::fault::Fault;
use sluice_transforms::op::Site;
use sluice_transforms::pointer::Pointer;
use sluice_transforms::shape::Shape;
use sluice_transforms::value::Value;
use sluice_transforms::walk::Walk;

use super::notice::date;
use super::{Fields, State, of_course};

/// Which members go, for each of them: `"/password_hint";type="Customer";deprecated=@1704067200;sunset=@1814399999`.
/// `Deprecation` and `Sunset` are of the whole resource, and would say too much.
const SLUICE_DEPRECATED: HeaderName = HeaderName::from_static("sluice-deprecated");

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
    /// Whether the version promises it: then it stays.
    required: bool,
    fields: Fields,
}

/// What is met in a document.
#[derive(Debug, Default)]
pub struct Met {
    /// By rule, whether its member is there.
    rules: Vec<bool>,
    /// Whether something was taken out.
    pub changed: bool,
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
        required: holder.unwrap_or_default(),
        fields: fields(member).unwrap_or_default(),
    }
}

fn fields(member: &MemberCourse) -> Option<Fields> {
    let (at, label) = (member.at.to_string(), member.label.as_str());
    let mut list = ListSerializer::new();
    let mut item = list
        .bare_item(StringRef::from_str(&at).ok()?)
        .parameter(KeyRef::from_str("type").ok()?, StringRef::from_str(label).ok()?);
    let dates = [
        ("deprecated", member.course.deprecated),
        ("sunset", member.course.sunset),
    ];
    for (name, at) in dates {
        if let Some(at) = at {
            item = item.parameter(KeyRef::from_str(name).ok()?, date(at));
        }
    }
    let _list = item;
    let mut fields = vec![(SLUICE_DEPRECATED, list.finish()?)];
    if let Some(guide) = &member.course.guide {
        // The anchor says that the link is about the member, not about the whole resource (RFC 8288 §3.2).
        let link = format!("<{guide}>; rel=\"deprecation\"; anchor=\"#{label}{at}\"");
        fields.push((LINK, link));
    }
    let valid = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)));
    Some(valid.collect())
}

impl Version {
    /// By rule, whether its member is gone for a consumer.
    pub fn gone(&self, consumer: Option<ConsumerId>, now: Timestamp) -> Vec<bool> {
        let is_gone = |rule: &Rule| !rule.required && of_course(&rule.course, consumer, now) == State::Sunset;
        self.rules.iter().map(is_gone).collect()
    }

    /// The fields that tell of what was met.
    pub fn fields(&self, met: &Met) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        let rules = self.rules.iter().zip(&met.rules).filter(|(_, met)| **met);
        rules.flat_map(|(rule, _)| rule.fields.iter())
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
        gone: &[bool],
    ) -> Result<Met, Fault> {
        match &operation.request {
            Some(payload) => self.look(
                (contract, &payload.shape),
                operation.purpose(),
                payload.patch,
                document,
                gone,
            ),
            None => Ok(Met::default()),
        }
    }

    /// Looks through an answer, and takes out what is gone.
    pub fn delivered(&self, contract: &Contract, shape: &Shape, document: &mut Value, gone: &[bool]) -> Met {
        let looked = self.look((contract, shape), Purpose::Answer, false, document, gone);
        looked.unwrap_or_default()
    }

    fn look(
        &self,
        (contract, shape): (&Contract, &Shape),
        purpose: Purpose,
        patch: bool,
        document: &mut Value,
        gone: &[bool],
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
        for (rule, gone) in self.rules.iter().zip(gone) {
            let (mut is_there, mut changed, mut refused) = (false, false, false);
            let walk = Walk {
                label: &rule.label,
                patch,
                lenient: None,
            };
            let walked = walk.each(document, &site, &mut |value, _, _| {
                let Some((parent, name)) = rule.at.split_last() else {
                    return Ok(());
                };
                let Some(holder) = parent.look_mut(value).and_then(Value::as_object_mut) else {
                    return Ok(());
                };
                match holder.position(name) {
                    None => return Ok(()),
                    Some(_) if *gone && purpose != Purpose::Answer => {
                        refused = true;
                        return Err(Fault::unfit("this member is gone").below(&rule.at));
                    }
                    // It may stand twice.
                    Some(_) if *gone => {
                        while holder.take(name).is_some() {}
                        changed = true;
                    }
                    Some(_) => is_there = true,
                }
                Ok(())
            });
            // What fits no type is judged by others.
            if refused {
                walked?;
            }
            met.changed |= changed;
            met.rules.push(is_there);
        }
        Ok(met)
    }
}
