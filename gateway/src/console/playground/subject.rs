//! What a document in the playground is: of a type, or what an operation is sent or answers.

use std::fmt;

use sluice_config::plan::ApiPlan;
use sluice_transforms::contract::{Contract, Operation};
use sluice_transforms::shape::{Kind, Shape};

/// What a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::console) enum Subject {
    /// A document of a named type.
    Type(String),
    /// What an operation is sent.
    Request(String),
    /// What an operation answers when it succeeds.
    Answer(String),
}

/// What can be chosen.
pub(super) struct Choice {
    /// Named types.
    pub(super) types: Vec<Subject>,
    /// Parts of operations.
    pub(super) parts: Vec<Subject>,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(name) => write!(f, "type:{name}"),
            Self::Request(id) => write!(f, "request:{id}"),
            Self::Answer(id) => write!(f, "answer:{id}"),
        }
    }
}

impl Subject {
    /// As a form writes it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let name = name.to_owned();
        match kind {
            "type" => Some(Self::Type(name)),
            "request" => Some(Self::Request(name)),
            "answer" => Some(Self::Answer(name)),
            _ => None,
        }
    }

    /// For people.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Type(name) => name.clone(),
            Self::Request(id) => format!("{id}: request"),
            Self::Answer(id) => format!("{id}: answer"),
        }
    }

    /// Its shape in a version.
    pub(super) fn shape(&self, contract: &Contract) -> Option<Shape> {
        match self {
            Self::Type(name) => contract.types.contains_key(name).then(|| Shape::reference(name)),
            Self::Request(id) => contract.operation(id)?.request.as_ref().map(|p| p.shape.clone()),
            Self::Answer(id) => answered(contract.operation(id)?).cloned(),
        }
    }
}

/// What there is to choose in an API: by its origin's contract.
pub(super) fn choice(api: &ApiPlan) -> Choice {
    let Some(contract) = api.lineage.contract(api.lineage.origin()) else {
        return Choice {
            types: Vec::new(),
            parts: Vec::new(),
        };
    };
    let types = contract.types.keys().cloned().map(Subject::Type).collect();
    let parts = contract.operations.iter().flat_map(|operation| {
        let request = operation
            .request
            .is_some()
            .then(|| Subject::Request(operation.id.clone()));
        let answer = answered(operation).map(|_| Subject::Answer(operation.id.clone()));
        [request, answer].into_iter().flatten()
    });
    Choice {
        types,
        parts: parts.collect(),
    }
}

impl Choice {
    /// What is shown first: the type that the first operation with a document takes, else any part.
    pub(super) fn usual(&self, api: &ApiPlan) -> Option<Subject> {
        let contract = api.lineage.contract(api.lineage.origin())?;
        let shapes = contract
            .operations
            .iter()
            .filter_map(|operation| operation.request.as_ref());
        let named = shapes.filter_map(|payload| match (&payload.shape.kind, &payload.shape.label) {
            (Kind::Ref(name), _) | (_, Some(name)) => Some(Subject::Type(name.clone())),
            _ => None,
        });
        let mut known = named.filter(|subject| self.types.contains(subject));
        let known = known.next().or_else(|| self.types.first().cloned());
        known.or_else(|| self.parts.first().cloned())
    }
}

/// The type of the document of a success.
fn answered(operation: &Operation) -> Option<&Shape> {
    operation.success(200).and_then(|answer| answer.shape.as_ref())
}
