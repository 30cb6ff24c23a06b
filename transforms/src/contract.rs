//! What one version promises: its operations, and the types of what they carry.

use crate::shape::{Shape, Types};
use crate::template::PathTemplate;

/// The operations and types of one version.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Contract {
    /// Named types.
    pub types: Types,
    /// Operations in the order of the document.
    pub operations: Vec<Operation>,
    /// The type of error bodies that no operation describes.
    pub error: Option<Shape>,
}

/// One operation. Its `id` is the same in every version; method, path and parameters are this version's.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The name that is the same in every version (OpenAPI's operationId).
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path below the version's prefix.
    pub path: PathTemplate,
    /// Parameters in path, query and header.
    pub parameters: Vec<Parameter>,
    /// The body that requests carry.
    pub request: Option<Payload>,
    /// The answers, by status.
    pub answers: Vec<Answer>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// A parameter, or a header of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name; of headers without regard to case.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its type.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// Its type; of a merge patch the type of what it patches.
    pub shape: Shape,
    /// Whether it is a JSON Merge Patch (RFC 7396).
    pub patch: bool,
    /// Whether it must be there (OpenAPI's `required` of a request body).
    pub required: bool,
}

/// An answer by status.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which statuses.
    pub status: StatusRange,
    /// The type of the body, if it has one.
    pub shape: Option<Shape>,
    /// Header fields with a type.
    pub headers: Vec<Parameter>,
}

/// The statuses that an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusRange {
    /// One status.
    Exact(u16),
    /// A hundred: 4 is 400 to 499.
    Class(u8),
    /// All that have no answer of their own.
    Default,
}

/// What a request does with the resource, as far as translating it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An answer on its way to the client.
    Answer,
    /// A request that makes something new, or acts.
    Create,
    /// A request that replaces a stored document.
    Replace,
    /// A request that patches a stored document.
    Patch,
}

impl Contract {
    /// The operation of that id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.id == id)
    }

    /// The operation of that id, to change.
    pub fn operation_mut(&mut self, id: &str) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|o| o.id == id)
    }

    /// Every shape of the contract outside its named types, to change.
    pub fn shapes_mut(&mut self) -> impl Iterator<Item = &mut Shape> {
        self.operations
            .iter_mut()
            .flat_map(|operation| {
                let parameters = operation.parameters.iter_mut().map(|p| &mut p.shape);
                let request = operation.request.iter_mut().map(|p| &mut p.shape);
                let answers = operation.answers.iter_mut().flat_map(|answer| {
                    answer
                        .shape
                        .iter_mut()
                        .chain(answer.headers.iter_mut().map(|h| &mut h.shape))
                });
                parameters.chain(request).chain(answers)
            })
            .chain(self.error.iter_mut())
    }
}

impl Operation {
    /// The answer for a status: the exact one before its hundred before the default.
    pub fn answer(&self, status: u16) -> Option<&Answer> {
        let fits = |range: StatusRange| self.answers.iter().find(|a| a.status == range);
        fits(StatusRange::Exact(status))
            .or_else(|| fits(StatusRange::Class(u8::try_from(status / 100).unwrap_or(0))))
            .or_else(|| fits(StatusRange::Default))
    }

    /// The answer for a success: one that the document does not list is taken for the first success that it lists, since
    /// a contract rarely has two documents for the same thing.
    pub fn success(&self, status: u16) -> Option<&Answer> {
        let class = StatusRange::Class(u8::try_from(status / 100).unwrap_or(0));
        let exact = |a: &&Answer| a.status == StatusRange::Exact(status) || a.status == class;
        let success = |a: &&Answer| {
            a.shape.is_some() && matches!(a.status, StatusRange::Exact(200..300) | StatusRange::Class(2))
        };
        let listed = self
            .answers
            .iter()
            .find(exact)
            .or_else(|| self.answers.iter().find(success));
        listed.or_else(|| self.answer(status))
    }

    /// What the operation does with the resource, judged by its method (RFC 9110 §9.3, RFC 5789).
    pub fn purpose(&self) -> Purpose {
        match self.method.as_str() {
            "PUT" => Purpose::Replace,
            "PATCH" => Purpose::Patch,
            _ => Purpose::Create,
        }
    }

    /// The parameter of that name and place.
    pub fn parameter(&self, place: Place, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|p| p.place == place && same_name(place, &p.name, name))
    }
}

/// Whether two parameter names are the same: header fields ignore case.
pub fn same_name(place: Place, a: &str, b: &str) -> bool {
    if place == Place::Header {
        a.eq_ignore_ascii_case(b)
    } else {
        a == b
    }
}
