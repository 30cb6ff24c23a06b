//! The example's lineage, and documents carried along it without any HTTP around: what the engine's own tests need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use sluice_config::{Plan, Sources, load, render_all};
use sluice_transforms::contract::Purpose;
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::lineage::Lineage;
use sluice_transforms::message::{Request, Response};
use sluice_transforms::parse::parse;
use sluice_transforms::reference::{Interpreter, Unobserved};
use sluice_transforms::value::Value;

/// Where an example of the project lies.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../config/examples")
        .join(name)
}

/// The plan of these sources, with an empty environment.
///
/// # Panics
/// When they are at fault, with every diagnostic.
pub fn plan(sources: &Sources) -> Plan {
    match load(sources, &|_| None) {
        Ok(loaded) => loaded.plan,
        Err(faults) => panic!("{}", render_all(&faults, sources)),
    }
}

/// IntegrationHub's lineage.
///
/// # Panics
/// When the example is at fault.
pub fn integrationhub() -> Arc<Lineage> {
    let sources = Sources::read(&example("integrationhub")).expect("the example can be read");
    Arc::clone(&plan(&sources).apis[0].lineage)
}

/// Documents of customers between a client's version and the origin.
#[derive(Debug)]
pub struct Between<'a> {
    lineage: &'a Lineage,
    version: &'a str,
}

/// Parses a document of a test.
///
/// # Panics
/// When it is not JSON.
pub fn document(json: &Json) -> Value {
    parse(json.to_string().as_bytes(), 128).expect("a document")
}

/// A document as the other library's tree.
///
/// # Panics
/// When it is not JSON.
pub fn json(value: &Value) -> Json {
    serde_json::from_str(&value.to_json()).expect("JSON")
}

impl<'a> Between<'a> {
    /// Between this version and the origin.
    pub fn new(lineage: &'a Lineage, version: &'a str) -> Self {
        Self { lineage, version }
    }

    /// An answer to `operation`, lowered; with the number of elements left out.
    ///
    /// # Errors
    /// What cannot be shown.
    pub fn lower(&self, operation: &str, status: u16, stored: &Json) -> Result<(Response, usize), Fault> {
        self.lower_text(operation, status, &stored.to_string())
    }

    /// The same for a body as text: the other library writes some numbers anew.
    ///
    /// # Errors
    /// What cannot be shown.
    pub fn lower_text(&self, operation: &str, status: u16, stored: &str) -> Result<(Response, usize), Fault> {
        let chain = self
            .lineage
            .chain(self.lineage.origin(), self.version)
            .expect("a chain");
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let body = Some(parse(stored.as_bytes(), 128).expect("a document"));
        let answer = Response {
            operation: operation.to_owned(),
            status,
            headers,
            body,
        };
        Interpreter::new(self.lineage, &chain)
            .lower(answer, &mut Unobserved)
            .map(|l| (l.response, l.omitted))
    }

    /// What the backend gets when a client makes something new.
    ///
    /// # Errors
    /// What cannot be translated.
    pub fn create(&self, sent: &Json) -> Result<Json, Fault> {
        self.lift("createCustomer", Purpose::Create, sent)
            .map(|r| json(&r.body.expect("a document")))
    }

    fn lift(&self, operation: &str, purpose: Purpose, sent: &Json) -> Result<Request, Fault> {
        let chain = self
            .lineage
            .chain(self.version, self.lineage.origin())
            .expect("a chain");
        Interpreter::new(self.lineage, &chain).lift(self.request(operation, sent), purpose, &mut Unobserved)
    }

    /// What the backend is to hold after a replace.
    ///
    /// # Errors
    /// What cannot be translated.
    pub fn replace(&self, stored: &Json, sent: &Json) -> Result<Json, Fault> {
        let chain = self
            .lineage
            .chain(self.version, self.lineage.origin())
            .expect("a chain");
        let request = self.request("replaceCustomer", sent);
        let put = Interpreter::new(self.lineage, &chain).put(
            request,
            Purpose::Replace,
            &document(stored),
            &mut Unobserved,
        );
        put.map(|r| json(&r.body.expect("a document")))
    }

    /// What the backend is to hold after a merge patch, and whether it was translated without looking at what is stored.
    ///
    /// # Errors
    /// What cannot be translated.
    pub fn patch(&self, stored: &Json, patch: &Json) -> Result<(Json, bool), Fault> {
        match self.lift("patchCustomer", Purpose::Patch, patch) {
            Ok(lifted) => {
                let mut after = document(stored);
                sluice_transforms::patch::apply(&mut after, &lifted.body.expect("a document"));
                Ok((json(&after), true))
            }
            Err(fault) if fault.kind == FaultKind::NeedsStored => {
                self.patch_on(stored, patch).map(|after| (after, false))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The same, looking at what is stored in any case.
    ///
    /// # Errors
    /// What cannot be translated.
    pub fn patch_on(&self, stored: &Json, patch: &Json) -> Result<Json, Fault> {
        let chain = self
            .lineage
            .chain(self.version, self.lineage.origin())
            .expect("a chain");
        let interpreter = Interpreter::new(self.lineage, &chain);
        let (stored, patch) = (document(stored), document(patch));
        let mut whole = interpreter.shown("patchCustomer", &stored)?;
        interpreter.refuse_foreign("patchCustomer", &patch)?;
        sluice_transforms::patch::apply(&mut whole, &patch);
        let request = Request {
            operation: "patchCustomer".to_owned(),
            arguments: Vec::new(),
            body: Some(whole),
        };
        let put = interpreter.put(request, Purpose::Patch, &stored, &mut Unobserved)?;
        Ok(json(&put.body.expect("a document")))
    }

    /// A place of the origin, in the client's names; none where it has no place.
    pub fn pointer(&self, operation: &str, stored: &str) -> Option<String> {
        let chain = self
            .lineage
            .chain(self.lineage.origin(), self.version)
            .expect("a chain");
        let pointer = sluice_transforms::pointer::Pointer::parse(stored).expect("a pointer");
        let moved = Interpreter::new(self.lineage, &chain).pointer(operation, &pointer);
        (!moved.is_root()).then(|| moved.to_string())
    }

    fn request(&self, operation: &str, sent: &Json) -> Request {
        // Before 2.0 the id of a replaced customer is in the document; the path's is made of it.
        let arguments = if self.version.starts_with("1.") || operation == "createCustomer" {
            Vec::new()
        } else {
            let place = sluice_transforms::contract::Place::Path;
            vec![sluice_transforms::message::Argument::new(
                place,
                "id",
                "cus_000017",
            )]
        };
        Request {
            operation: operation.to_owned(),
            arguments,
            body: Some(document(sent)),
        }
    }
}

/// IntegrationHub's configuration with another version as the origin: its document is derived from 3.3's, and nothing
/// else changes.
///
/// # Panics
/// When the example is at fault, or has no such version.
pub fn rerooted(origin: &str) -> Sources {
    let sources = Sources::read(&example("integrationhub")).expect("the example can be read");
    let contract = Arc::clone(integrationhub().contract(origin).expect("a version"));
    let document = sluice_transforms::export::openapi(&contract, "customers", origin);
    let api = "apis/customers/api.yaml";
    let text = String::from_utf8(sources.get(api).expect("an API").to_vec()).expect("text");
    let text = text
        .replace("origin: \"3.3\"", &format!("origin: \"{origin}\""))
        .replace("openapi.yaml", "origin.json");
    let kept = sources
        .paths()
        .filter(|path| *path != api && !path.ends_with("openapi.yaml"));
    let mut files: Vec<(String, Vec<u8>)> = kept
        .map(|path| (path.to_owned(), sources.get(path).unwrap_or_default().to_vec()))
        .collect();
    files.push((api.to_owned(), text.into_bytes()));
    files.push((
        "apis/customers/origin.json".to_owned(),
        document.to_string().into_bytes(),
    ));
    Sources::from_files(files)
}
