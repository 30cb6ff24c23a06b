//! The compiled schemas of every version, and what was seen to drift from them.

mod node;
pub mod parameter;
pub mod schema;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Plain;
use sluice_config::plan::{ApiPlan, Place, Plan, VersionId};
use sluice_config::{Code, Diagnostic};
use sluice_transforms::contract::{Contract, Operation, Payload};
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
}

/// What an API's messages are held against.
#[derive(Debug, Default)]
struct ApiValidators {
    /// Requests, by version and operation.
    requests: Vec<HashMap<String, RequestRules>>,
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
        _shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut workshop = Workshop {
            before,
            schemas: HashMap::new(),
            faults: Vec::new(),
        };
        let apis = plan.apis.iter().map(|api| workshop.api(api)).collect();
        match workshop.faults.is_empty() {
            true => Ok(Self {
                apis,
                schemas: workshop.schemas,
            }),
            false => Err(workshop.faults),
        }
    }

    /// What a request is held against; nothing where requests are not judged.
    pub fn request(&self, api: usize, version: VersionId, operation: &str) -> Option<&RequestRules> {
        self.apis.get(api)?.requests.get(version.index())?.get(operation)
    }
}

/// Where schemas are compiled.
struct Workshop<'b> {
    before: Option<&'b Validators>,
    schemas: HashMap<String, Arc<Schema>>,
    faults: Vec<Diagnostic>,
}

impl Workshop<'_> {
    fn api(&mut self, api: &ApiPlan) -> ApiValidators {
        let settings = &api.validation;
        let (Some(requests), Some(place)) = (settings.requests, &settings.place) else {
            return ApiValidators::default();
        };
        let mut version = |name: &str| {
            let contract = api.lineage.contract(name)?;
            let rules = contract.operations.iter().map(|operation| {
                let rules = self.request(contract, operation, requests.violations, place);
                (operation.id.clone(), rules)
            });
            Some(rules.collect())
        };
        let versions = api.versions.iter();
        ApiValidators {
            requests: versions.map(|v| version(&v.name).unwrap_or_default()).collect(),
        }
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
