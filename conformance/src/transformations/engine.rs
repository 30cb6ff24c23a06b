//! What an engine must be able to do, and the reference interpreter doing it.

use sluice_transforms::contract::Purpose;
use sluice_transforms::fault::Fault;
use sluice_transforms::lineage::{Chain, Lineage};
use sluice_transforms::message::{Request, Response};
use sluice_transforms::patch;
use sluice_transforms::reference::{Interpreter, Lowered, Unobserved};
use sluice_transforms::value::Value;

/// Between a client's version and the origin.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The lineage.
    pub lineage: &'a Lineage,
    /// The client's version.
    pub version: &'a str,
}

impl Way<'_> {
    /// From the client's version to the origin.
    ///
    /// # Panics
    /// When the version is unknown.
    pub fn up(&self) -> Chain {
        self.lineage
            .chain(self.version, self.lineage.origin())
            .expect("a known version")
    }

    /// From the origin to the client's version.
    ///
    /// # Panics
    /// When the version is unknown.
    pub fn down(&self) -> Chain {
        self.up().back()
    }
}

/// An engine under test.
pub trait Engine {
    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// A request without knowing what is stored.
    ///
    /// # Errors
    /// What cannot be translated, in the client's names.
    fn lift(&self, way: &Way<'_>, request: Request, purpose: Purpose) -> Result<Request, Fault>;

    /// A whole document over a stored one.
    ///
    /// # Errors
    /// What cannot be translated, in the client's names.
    fn put(
        &self,
        way: &Way<'_>,
        request: Request,
        purpose: Purpose,
        stored: &Value,
    ) -> Result<Request, Fault>;

    /// What is stored after a merge patch of what the client sees.
    ///
    /// # Errors
    /// What cannot be translated, in the client's names.
    fn patch(&self, way: &Way<'_>, request: Request, stored: &Value) -> Result<Request, Fault>;

    /// An answer.
    ///
    /// # Errors
    /// What cannot be translated, in the origin's names.
    fn lower(&self, way: &Way<'_>, response: Response) -> Result<Lowered, Fault>;
}

/// The step-by-step interpreter: the specification.
#[derive(Clone, Copy, Debug)]
pub struct Reference;

impl Engine for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn lift(&self, way: &Way<'_>, request: Request, purpose: Purpose) -> Result<Request, Fault> {
        Interpreter::new(way.lineage, &way.up()).lift(request, purpose, &mut Unobserved)
    }

    fn put(
        &self,
        way: &Way<'_>,
        request: Request,
        purpose: Purpose,
        stored: &Value,
    ) -> Result<Request, Fault> {
        Interpreter::new(way.lineage, &way.up()).put(request, purpose, stored, &mut Unobserved)
    }

    fn patch(&self, way: &Way<'_>, mut request: Request, stored: &Value) -> Result<Request, Fault> {
        let chain = way.up();
        let interpreter = Interpreter::new(way.lineage, &chain);
        let mut whole = interpreter.shown(&request.operation, stored)?;
        if let Some(changes) = &request.body {
            interpreter.refuse_foreign(&request.operation, changes)?;
            patch::apply(&mut whole, changes);
        }
        request.body = Some(whole);
        interpreter.put(request, Purpose::Patch, stored, &mut Unobserved)
    }

    fn lower(&self, way: &Way<'_>, response: Response) -> Result<Lowered, Fault> {
        Interpreter::new(way.lineage, &way.down()).lower(response, &mut Unobserved)
    }
}
