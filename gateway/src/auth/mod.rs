//! Credentials: what proves who asks, scheme by scheme.
//!
//! - [`scheme`]: the schemes of a version: keys ([`keys`]), `basic` with its `passwords`, `certificate`, [`token`]
//! - [`verdict`]: what they say, and what several of them say together
//! - `holders`: whose a credential is; `challenge`: what a refusal tells the client
//! - [`admin`]: administrators' keys

pub mod admin;
mod basic;
mod certificate;
pub(crate) mod challenge;
mod files;
pub mod found;
mod holders;
pub mod keys;
mod passwords;
pub mod scheme;
pub mod token;
pub mod verdict;

use std::sync::Arc;

use http::HeaderName;
use sluice_config::Diagnostic;
use sluice_config::plan::{ApiPlan, IntrospectionPlan, JwtPlan, Plan, SchemePlan};

use crate::clock::Clock;
use crate::files::Seen;
use crate::secret;
use crate::shared::Shared;
use admin::Administrators;
use holders::Holders;
use keys::Hasher;
use passwords::Passwords;
use scheme::{Means, Presented, Scheme, Tokens};
use token::{Introspection, Jwt};
use verdict::{Proved, Together, Unproved};

/// The least bytes of the secret that keys are hashed with.
pub const LEAST_SECRET: usize = 16;

/// What is made of a plan's settings, in the plan's order of APIs.
#[derive(Debug, Default)]
pub struct Authenticators {
    holders: Holders,
    hasher: Option<Hasher>,
    passwords: Passwords,
    apis: Vec<Schemes>,
    tokens: Judges,
    files: Seen,
    /// Who may use the admin API; `None`: whoever reaches it.
    pub admin: Option<Administrators>,
}

/// The schemes of one API.
#[derive(Debug, Default)]
pub struct Schemes {
    /// In the order of the plan's entries.
    pub entries: Vec<Vec<Scheme>>,
    /// All of them, each once.
    pub all: Vec<Scheme>,
    /// The request fields that hold credentials: what a pin was chosen by.
    pub varies: Vec<HeaderName>,
}

/// What judges tokens: one for each distinct plan.
#[derive(Debug, Default)]
struct Judges {
    jwts: Vec<(JwtPlan, Arc<Jwt>)>,
    introspections: Vec<(IntrospectionPlan, Arc<Introspection>)>,
}

impl Authenticators {
    /// Makes it; what is as it was keeps its state.
    ///
    /// # Errors
    /// What cannot be put to work.
    pub fn compile(
        plan: &Plan,
        before: Option<&Self>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        // Before any is read: one that changes meanwhile is seen to have changed.
        let files = Seen::of(files::named(plan), shared.directory.as_deref());
        let hasher = plan.keys.as_ref().and_then(|keys| {
            let read = secret::read(&keys.secret, shared.directory.as_deref(), LEAST_SECRET);
            read.map(|secret| Hasher::new(&secret))
                .map_err(|fault| faults.push(fault))
                .ok()
        });
        let passwords = Passwords::compile(&plan.consumers, before.map(|b| &b.passwords));
        let passwords = passwords.unwrap_or_else(|found| {
            faults.extend(found);
            Passwords::default()
        });
        let mut tokens = Judges::default();
        let before = before.map(|b| &b.tokens);
        let apis = plan
            .apis
            .iter()
            .map(|api| Schemes::of(api, &mut tokens, before, shared, &mut faults))
            .collect();
        let admin = plan.admin_access.as_ref().zip(hasher.clone());
        let admin = admin.map(|(access, hasher)| Administrators::new(access, hasher));
        let made = Self {
            holders: Holders::of(&plan.consumers),
            hasher,
            passwords,
            apis,
            tokens,
            files,
            admin,
        };
        if faults.is_empty() { Ok(made) } else { Err(faults) }
    }

    /// Nothing while every file that credentials are judged by has the content that was read; else what tells their state
    /// now from others. It reads them all: call it off the cores.
    pub fn changed(&self) -> Option<[u8; 32]> {
        self.files.changed()
    }

    /// The schemes of an API; none only for a number from another plan.
    pub fn api(&self, index: usize) -> Option<&Schemes> {
        self.apis.get(index)
    }

    /// Who asks, by these schemes.
    ///
    /// # Errors
    /// Nobody is proved.
    pub async fn prove(
        &self,
        schemes: &[Scheme],
        request: &Presented<'_>,
        clock: Clock,
    ) -> Result<Proved, Unproved> {
        let means = Means {
            holders: &self.holders,
            hasher: self.hasher.as_ref(),
            passwords: &self.passwords,
            clock,
        };
        let mut together = Together::default();
        for scheme in schemes {
            if scheme.plan.is_bearer() && together.has_bearer() {
                continue;
            }
            let verdict = match scheme.judge_at_once(request, &means) {
                Some(verdict) => verdict,
                // Boxed: it is rarer, and larger than all of the rest.
                None => Box::pin(scheme.judge(request, &means)).await,
            };
            if scheme.plan.is_bearer() {
                together.add_bearer(verdict);
            } else {
                together.add(verdict);
            }
        }
        together.end()
    }
}

impl Schemes {
    fn of(
        api: &ApiPlan,
        tokens: &mut Judges,
        before: Option<&Judges>,
        shared: &Arc<Shared>,
        faults: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut schemes = Self::default();
        for entry in &api.authentication.entries {
            let mut of_entry = Vec::new();
            for plan in &entry.schemes {
                match tokens.of(plan, before, shared) {
                    Ok(judge) => of_entry.push(Scheme::new(plan, judge)),
                    Err(found) => faults.extend(found),
                }
            }
            for scheme in &of_entry {
                if !schemes.all.iter().any(|known| known.plan == scheme.plan) {
                    schemes.all.push(scheme.clone());
                }
            }
            schemes.entries.push(of_entry);
        }
        schemes.varies.clone_from(&api.authentication.places.headers);
        schemes
    }
}

impl Judges {
    /// What judges a scheme's tokens, if it has any.
    fn of(
        &mut self,
        plan: &SchemePlan,
        before: Option<&Self>,
        shared: &Arc<Shared>,
    ) -> Result<Option<Tokens>, Vec<Diagnostic>> {
        match plan {
            SchemePlan::Jwt(plan) => {
                let known = find(&self.jwts, plan).cloned();
                let judge = match known {
                    Some(judge) => judge,
                    None => Jwt::compile(plan, before.and_then(|b| find(&b.jwts, plan)), shared)?,
                };
                self.jwts.push((plan.clone(), Arc::clone(&judge)));
                Ok(Some(Tokens::Jwt(judge)))
            }
            SchemePlan::Introspection(plan) => {
                let known = find(&self.introspections, plan).cloned();
                let judge = match known {
                    Some(judge) => judge,
                    None => Introspection::compile(
                        plan,
                        before.and_then(|b| find(&b.introspections, plan)),
                        shared,
                    )?,
                };
                self.introspections.push((plan.clone(), Arc::clone(&judge)));
                Ok(Some(Tokens::Introspection(judge)))
            }
            SchemePlan::ApiKey(_) | SchemePlan::Basic { .. } | SchemePlan::Certificate => Ok(None),
        }
    }
}

fn find<'j, P: PartialEq, J>(judges: &'j [(P, Arc<J>)], plan: &P) -> Option<&'j Arc<J>> {
    judges
        .iter()
        .find(|(known, _)| known == plan)
        .map(|(_, judge)| judge)
}
