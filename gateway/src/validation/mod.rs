//! The compiled schemas of every version, and what was seen to drift from them.

pub mod drift;
mod node;
pub mod parameter;
pub mod schema;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Plain;
use sluice_config::plan::{ApiPlan, Place, Plan, VersionId};
use sluice_config::{Code, Diagnostic};
use sluice_transforms::contract::{Answer, Contract, Operation, Payload, Place as Spot};
use sluice_transforms::export;
use sluice_transforms::shape::Shape;

use crate::shared::Shared;
use parameter::Rule;
use schema::Schema;

pub use words::Violation;

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Validators {
    apis: Vec<ApiValidators>,
    /// Every schema by its text: versions share what they have in common, and a reload compiles what is new.
    schemas: HashMap<String, Arc<Schema>>,
    /// What was said of answers, from one edition to the next.
    log: Option<Arc<drift::Log>>,
}

/// What an API's messages are held against.
#[derive(Debug, Default)]
struct ApiValidators {
    /// Requests, by version and operation.
    requests: Vec<HashMap<String, RequestRules>>,
    /// Answers of the upstream, in the origin's version.
    answers: Option<Arc<drift::Contract>>,
}

/// What a request of one operation in one version is held against.
#[derive(Debug)]
pub struct RequestRules {
    /// Its parameters.
    pub parameters: Vec<Rule>,
    /// Its body, if the operation says what it carries.
    pub body: Option<BodyRule>,
    /// The most violations that are told.
    pub most: usize,
}

/// What a body is held against.
#[derive(Debug)]
pub struct BodyRule {
    /// Its schema.
    pub schema: Arc<Schema>,
    /// Whether it must be there.
    pub required: bool,
}

impl Validators {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        plan: &Plan,
        before: Option<&Self>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let log = before.and_then(|before| before.log.clone());
        let log = log.unwrap_or_else(|| Arc::new(drift::Log::new(shared)));
        let mut workshop = Workshop {
            before,
            log: Arc::clone(&log),
            schemas: HashMap::new(),
            faults: Vec::new(),
        };
        let apis = plan.apis.iter().map(|api| workshop.api(api)).collect();
        match workshop.faults.is_empty() {
            true => Ok(Self {
                apis,
                schemas: workshop.schemas,
                log: Some(log),
            }),
            false => Err(workshop.faults),
        }
    }

    /// What a request is held against; nothing where requests are not judged.
    pub fn request(&self, api: usize, version: VersionId, operation: &str) -> Option<&RequestRules> {
        self.apis.get(api)?.requests.get(version.index())?.get(operation)
    }

    /// What an answer of the upstream is held against; nothing for most of them.
    pub fn answer(&self, api: usize, operation: &str, status: u16) -> Option<drift::Watch> {
        let answers = self.apis.get(api)?.answers.as_ref()?;
        answers.watch(operation, status)
    }
}

/// Where schemas are compiled.
struct Workshop<'b> {
    before: Option<&'b Validators>,
    log: Arc<drift::Log>,
    schemas: HashMap<String, Arc<Schema>>,
    faults: Vec<Diagnostic>,
}

impl Workshop<'_> {
    fn api(&mut self, api: &ApiPlan) -> ApiValidators {
        let Some(place) = &api.validation.place else {
            return ApiValidators::default();
        };
        ApiValidators {
            requests: self.requests(api, place),
            answers: self.answers(api, place),
        }
    }

    fn requests(&mut self, api: &ApiPlan, place: &Place) -> Vec<HashMap<String, RequestRules>> {
        let Some(settings) = api.validation.requests else {
            return Vec::new();
        };
        let mut version = |name: &str| {
            let contract = api.lineage.contract(name)?;
            let rules = contract.operations.iter().map(|operation| {
                let mut rules = self.request(contract, operation, settings.violations, place);
                rules.parameters.retain(|rule| !is_credential(api, rule));
                (operation.id.clone(), rules)
            });
            Some(rules.collect())
        };
        let versions = api.versions.iter();
        versions.map(|v| version(&v.name).unwrap_or_default()).collect()
    }

    fn answers(&mut self, api: &ApiPlan, place: &Place) -> Option<Arc<drift::Contract>> {
        let settings = api.validation.answers?;
        let origin = api.lineage.contract(api.lineage.origin())?;
        let mut answers = HashMap::new();
        for operation in &origin.operations {
            let typed = |answer: &Answer| Some((answer.status, answer.shape.clone()?));
            let typed = operation.answers.iter().filter_map(typed);
            let schemas = typed.filter_map(|(status, shape)| {
                let schema = export::answer_schema(&shape, &origin.types);
                Some((status, self.schema(schema, &operation.id, place)?))
            });
            answers.insert(operation.id.clone(), schemas.collect::<Vec<_>>());
        }
        let contract = drift::Contract::new(&api.name, settings, answers, &self.log);
        Some(Arc::new(contract))
    }

    fn request(
        &mut self,
        contract: &Contract,
        operation: &Operation,
        most: usize,
        place: &Place,
    ) -> RequestRules {
        let types = &contract.types;
        let parameters = operation.parameters.iter().filter_map(|parameter| {
            let typed = parameter.shape != Shape::any();
            let schema = typed.then(|| export::schema(&parameter.shape, types));
            let schema = schema.and_then(|schema| self.schema(schema, &operation.id, place));
            Rule::new(parameter, types, schema)
        });
        let parameters = parameters.collect();
        let payload = |payload: &Payload| match payload.patch {
            true => export::patch_schema(&payload.shape, types),
            false => export::request_schema(&payload.shape, types),
        };
        let body = operation.request.as_ref().and_then(|request| {
            Some(BodyRule {
                schema: self.schema(payload(request), &operation.id, place)?,
                required: request.required,
            })
        });
        RequestRules {
            parameters,
            body,
            most,
        }
    }

    /// The schema, compiled once for all versions and editions that have it.
    fn schema(&mut self, mut source: Plain, operation: &str, place: &Place) -> Option<Arc<Schema>> {
        lighten(&mut source);
        let text = source.to_string();
        let known = self.schemas.get(&text);
        let kept = || self.before.and_then(|before| before.schemas.get(&text));
        if let Some(known) = known.or_else(kept).cloned() {
            self.schemas.insert(text, Arc::clone(&known));
            return Some(known);
        }
        match Schema::compile(source) {
            Ok(schema) => {
                let schema = Arc::new(schema);
                self.schemas.insert(text, Arc::clone(&schema));
                Some(schema)
            }
            Err(fault) => {
                let message =
                    format!("the types of the operation `{operation}` cannot be judged by: {fault}");
                self.faults.push(place.fault(Code::BadDocument, message));
                None
            }
        }
    }
}

/// Credentials are judged, and taken out, before parameters are looked at.
fn is_credential(api: &ApiPlan, rule: &Rule) -> bool {
    let places = &api.authentication.places;
    match rule.place() {
        Spot::Header => places
            .headers
            .iter()
            .any(|name| rule.name().eq_ignore_ascii_case(name.as_str())),
        Spot::Query => places.query.iter().any(|name| name == rule.name()),
        Spot::Path => false,
    }
}

/// Leaves out the named types where nothing refers to one: most parameters are the same in every version then.
fn lighten(schema: &mut Plain) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if let Some(types) = members.remove("$defs") {
        let refers = Plain::Object(members.clone()).to_string().contains("\"$ref\"");
        if refers {
            members.insert("$defs".to_owned(), types);
        }
    }
}
