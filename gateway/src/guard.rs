//! What stands between a request and its version's chain, as it is made of a plan: credentials, limits, schemas, kept
//! answers. State goes over from one edition to the next by identity.

use std::sync::Arc;

use sluice_config::Diagnostic;
use sluice_config::plan::Plan;

use crate::auth::Authenticators;
use crate::files::print;
use crate::idempotency::Answers;
use crate::limits::Limiters;
use crate::shared::Shared;
use crate::store::Store;
use crate::tls::Tls;
use crate::validation::Validators;

/// The guard of one edition.
#[derive(Debug, Default)]
pub struct Guard {
    /// How connections are secured.
    pub tls: Tls,
    /// Who asks.
    pub auth: Authenticators,
    /// How much.
    pub limits: Limiters,
    /// In which form.
    pub validators: Validators,
    /// What was answered to the same key.
    pub answers: Answers,
    /// The store that the fleet shares.
    pub store: Option<Arc<Store>>,
}

impl Guard {
    /// Makes the guard of a plan.
    ///
    /// # Errors
    /// Everything that cannot be put to work: a key file that is missing, a schema that cannot be compiled.
    pub fn compile(
        plan: &Plan,
        before: Option<&Self>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let store = Store::compile(plan.store.as_ref(), before.and_then(|b| b.store.as_ref()), shared)?;
        let mut faults = Vec::new();
        let mut take = |part: Result<(), Vec<Diagnostic>>| faults.extend(part.err().into_iter().flatten());
        let tls = Tls::compile(plan, before.map(|b| &b.tls), shared);
        let auth = Authenticators::compile(plan, before.map(|b| &b.auth), shared);
        let limits = Limiters::compile(plan, before.map(|b| &b.limits), store.as_ref(), shared);
        let validators = Validators::compile(plan, before.map(|b| &b.validators), shared);
        let answers = Answers::compile(plan, before.map(|b| &b.answers), shared);
        match (tls, auth, limits, validators, answers) {
            (Ok(tls), Ok(auth), Ok(limits), Ok(validators), Ok(answers)) => Ok(Self {
                tls,
                auth,
                limits,
                validators,
                answers,
                store,
            }),
            (tls, auth, limits, validators, answers) => {
                take(tls.map(drop));
                take(auth.map(drop));
                take(limits.map(drop));
                take(validators.map(drop));
                take(answers.map(drop));
                Err(faults)
            }
        }
    }

    /// Nothing while every file outside of the configuration (certificates, key sets, secrets) has the content that was
    /// read; else what tells their state now from others. It reads them all: call it off the cores.
    pub fn changed(&self) -> Option<[u8; 32]> {
        match (self.tls.changed(), self.auth.changed()) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(one), Some(other)) => Some(print([one, other].as_flattened())),
        }
    }
}
