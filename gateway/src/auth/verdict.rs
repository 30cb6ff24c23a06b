//! What a scheme says of a request's credential, with what an operator should know of a wrong one.

use std::sync::Arc;

use serde_json::Value as Json;
use sluice_config::plan::ConsumerId;

/// What a scheme says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The request has no credential of this scheme.
    Absent,
    /// It is good.
    Proved(Proved),
    /// It is wrong.
    Wrong(Wrong),
    /// It cannot be judged now; the text is for the client.
    Unavailable(String),
}

/// What a good credential proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Who asks.
    pub consumer: ConsumerId,
    /// Whom the credential itself names: a token's subject, a user.
    pub subject: Option<Arc<str>>,
    /// The scopes that the credential itself carries.
    pub scopes: Vec<String>,
    /// The scheme, as in the settings.
    pub scheme: &'static str,
}

/// Why a credential is wrong. The credential itself is in none of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// The scheme.
    pub scheme: &'static str,
    /// Why, as one word for metrics and the audit log.
    pub reason: &'static str,
    /// Why, for the client.
    pub detail: String,
    /// The consumer, where the credential names one.
    pub consumer: Option<ConsumerId>,
    /// What else the audit log should hold.
    pub notes: Vec<(&'static str, Json)>,
}

impl Wrong {
    pub(super) fn new(scheme: &'static str, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            scheme,
            reason,
            detail: detail.into(),
            consumer: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn of(mut self, consumer: ConsumerId) -> Self {
        self.consumer = Some(consumer);
        self
    }

    pub(super) fn note(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.notes.push((name, value.into()));
        self
    }
}

impl From<Wrong> for Verdict {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

/// Why nobody is proved.
#[derive(Clone, Debug, PartialEq)]
pub enum Unproved {
    /// There is no credential.
    Absent,
    /// One is wrong.
    Wrong(Wrong),
    /// One cannot be judged now.
    Unavailable(String),
}

/// Several schemes' verdicts, as one: a wrong credential counts whatever else is good, and two good ones name one consumer.
#[derive(Debug, Default)]
pub(super) struct Together {
    proved: Option<Proved>,
    wrong: Option<Wrong>,
    unavailable: Option<String>,
    bearer: Option<Verdict>,
    /// Whether the bearer token was proved before any other credential.
    bearer_first: bool,
}

impl Together {
    /// Adds a credential's verdict.
    pub(super) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Absent => {}
            Verdict::Wrong(wrong) => drop(self.wrong.get_or_insert(wrong)),
            Verdict::Unavailable(why) => drop(self.unavailable.get_or_insert(why)),
            Verdict::Proved(proved) => match &self.proved {
                Some(other) if other.consumer != proved.consumer => {
                    let detail = "the request's credentials name different consumers";
                    let wrong = Wrong::new(proved.scheme, "conflict", detail).of(proved.consumer);
                    self.wrong.get_or_insert(wrong);
                }
                Some(_) => {}
                None => self.proved = Some(proved),
            },
        }
    }

    /// Whether a bearer token was proved already: schemes that take one judge the same credential.
    pub(super) fn has_bearer(&self) -> bool {
        matches!(self.bearer, Some(Verdict::Proved(_)))
    }

    /// Adds what one of the schemes that take bearer tokens says. One that knows the token is enough; one that cannot be
    /// asked might have known it.
    pub(super) fn add_bearer(&mut self, verdict: Verdict) {
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Absent => 0,
            Verdict::Wrong(_) => 1,
            Verdict::Unavailable(_) => 2,
            Verdict::Proved(_) => 3,
        };
        if !self.has_bearer() && matches!(verdict, Verdict::Proved(_)) {
            self.bearer_first = self.proved.is_none();
        }
        if self
            .bearer
            .as_ref()
            .is_none_or(|known| rank(&verdict) > rank(known))
        {
            self.bearer = Some(verdict);
        }
    }

    /// The end of it.
    pub(super) fn end(mut self) -> Result<Proved, Unproved> {
        // Of several good ones the first scheme's counts: its scopes and its subject.
        let later = self.proved.take_if(|_| self.bearer_first);
        if let Some(verdict) = self.bearer.take() {
            self.add(verdict);
        }
        if let Some(later) = later {
            self.add(Verdict::Proved(later));
        }
        match (self.wrong, self.unavailable, self.proved) {
            (Some(wrong), ..) => Err(Unproved::Wrong(wrong)),
            (None, Some(why), _) => Err(Unproved::Unavailable(why)),
            (None, None, Some(proved)) => Ok(proved),
            (None, None, None) => Err(Unproved::Absent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(verdicts: &[(Verdict, bool)]) -> Result<&'static str, &'static str> {
        let mut together = Together::default();
        for (verdict, bearer) in verdicts {
            if *bearer {
                together.add_bearer(verdict.clone());
            } else {
                together.add(verdict.clone());
            }
        }
        match together.end() {
            Ok(proved) => Ok(proved.scheme),
            Err(Unproved::Absent) => Err("absent"),
            Err(Unproved::Wrong(wrong)) => Err(wrong.reason),
            Err(Unproved::Unavailable(_)) => Err("unavailable"),
        }
    }

    fn wrong() -> Verdict {
        Wrong::new("jwt", "wrong", "").into()
    }

    fn down() -> Verdict {
        Verdict::Unavailable(String::new())
    }

    #[test]
    fn a_wrong_credential_outweighs_one_that_cannot_be_judged() {
        assert_eq!(together(&[]), Err("absent"));
        assert_eq!(
            together(&[(Verdict::Absent, false), (Verdict::Absent, true)]),
            Err("absent")
        );
        assert_eq!(together(&[(down(), false), (wrong(), false)]), Err("wrong"));
        assert_eq!(
            together(&[(down(), false), (Verdict::Absent, true)]),
            Err("unavailable")
        );
    }

    #[test]
    fn a_bearer_token_is_one_credential() {
        // One that cannot be asked might have known the token.
        assert_eq!(together(&[(wrong(), true), (down(), true)]), Err("unavailable"));
        assert_eq!(together(&[(down(), true), (wrong(), true)]), Err("unavailable"));
        assert_eq!(together(&[(wrong(), true), (wrong(), true)]), Err("wrong"));
        assert_eq!(
            together(&[(wrong(), true), (down(), true), (wrong(), false)]),
            Err("wrong")
        );
    }
}
