//! JSON Web Tokens (RFC 7519), judged as RFC 8725 says.

use std::sync::Arc;

use jiff::Timestamp;
use sluice_config::Diagnostic;
use sluice_config::plan::JwtPlan;

use super::claims::{self, Claims};
use super::jws::{Compact, Fault};
use super::key_set::KeySet;
use super::seen::Seen;
use super::source::Source;
use super::{json, print, unfit};
use crate::auth::found::Found;
use crate::shared::Shared;

/// What a token may say that it is: an access token (RFC 9068), or a JSON Web Token of any kind. What was made for
/// something else, such as a logout token, proves nothing here.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Judges JSON Web Tokens. One for each distinct plan; it refreshes its key set in the background.
#[derive(Debug)]
pub struct Jwt {
    plan: JwtPlan,
    keys: Arc<Source>,
    seen: Seen,
}

/// Why a token proves nothing.
enum Wrong {
    Signature(Fault),
    Claims(String),
}

impl Jwt {
    /// Makes it. `before` is the one of the last edition with the same plan.
    ///
    /// # Errors
    /// A key set file that cannot be read.
    pub fn compile(
        plan: &JwtPlan,
        before: Option<&Arc<Self>>,
        shared: &Arc<Shared>,
    ) -> Result<Arc<Self>, Vec<Diagnostic>> {
        let keys = shared
            .key_sets
            .of(&plan.keys, shared)
            .map_err(|fault| vec![fault])?;
        if let Some(before) = before.filter(|b| b.plan == *plan && Arc::ptr_eq(&b.keys, &keys)) {
            return Ok(before.clone());
        }
        Ok(Arc::new(Self {
            plan: plan.clone(),
            keys,
            seen: Seen::default(),
        }))
    }

    /// Judges a token.
    pub async fn judge(&self, token: &str, now: Timestamp) -> Found {
        if let Some(why) = unfit(token) {
            return Found::Wrong(why.to_owned());
        }
        let Some(mut set) = self.keys.set() else {
            return Found::Unavailable(
                "the keys that tokens are verified with cannot be read now".to_owned(),
            );
        };
        let mut found = self.check(token, &set, now);
        if found.as_ref().is_err_and(Wrong::may_be_a_new_key) && self.keys.look_again().await {
            set = self.keys.set().unwrap_or(set);
            found = self.check(token, &set, now);
        }
        match found {
            Ok(claims) => Found::Proved(claims.proof),
            Err(Wrong::Signature(fault, ..)) => Found::Wrong(fault.to_string()),
            Err(Wrong::Claims(why)) => Found::Wrong(why),
        }
    }

    fn check(&self, token: &str, set: &KeySet, now: Timestamp) -> Result<Claims, Wrong> {
        let known = print(token.as_bytes());
        let ended = |claims: &Claims| {
            claims
                .ends
                .is_none_or(|ends| claims::has_ended(&self.plan.claims, ends, now))
        };
        if let Some(claims) = self.seen.get(&known, &set.print) {
            return if ended(&claims) {
                Err(Wrong::Claims("the token has expired".to_owned()))
            } else {
                Ok(claims)
            };
        }
        let claims = self.verify(token, set, now)?;
        self.seen.put(known, &set.print, claims.clone());
        Ok(claims)
    }

    fn verify(&self, token: &str, set: &KeySet, now: Timestamp) -> Result<Claims, Wrong> {
        let token = Compact::read(token).map_err(Wrong::Signature)?;
        let payload = token
            .verified(set, &self.plan.algorithms)
            .map_err(Wrong::Signature)?;
        let wrong = |why: &str| Wrong::Claims(why.to_owned());
        if token.typ.as_deref().is_some_and(|typ| !is_access(typ)) {
            return Err(wrong("the token is of another type (`typ`) than an access token"));
        }
        let said =
            json::object(payload).map_err(|_| wrong("what the token says is no well-formed JSON object"))?;
        let claims = claims::judge(&self.plan.claims, &said, now).map_err(Wrong::Claims)?;
        if claims.ends.is_none() {
            return Err(wrong("the token has no end (`exp`)"));
        }
        Ok(claims)
    }
}

impl Wrong {
    fn may_be_a_new_key(&self) -> bool {
        matches!(self, Self::Signature(Fault::UnknownKey))
    }
}

fn is_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
}
