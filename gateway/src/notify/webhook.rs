//! Messages to a webhook: a POST with JSON each, signed as Standard Webhooks 1.0 say (standardwebhooks.com), so that receivers
//! can verify it with a library they have.
//!
//! | field | |
//! |---|---|
//! | `webhook-id` | the message's id: the same whenever it is sent again |
//! | `webhook-timestamp` | when it was sent, in Unix seconds |
//! | `webhook-signature` | `v1,` and the Base64 of the HMAC-SHA256 of `id.timestamp.body`, where there is a secret |

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::Sha256;
use sluice_config::Diagnostic;
use sluice_config::plan::{Remote, Secret};

use super::message::Message;
use crate::auth::token::fetch::{FetchFault, Fetcher};
use crate::clock::Clock;
use crate::secret;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// How a secret begins whose rest is Base64.
const ENCODED: &str = "whsec_";
/// The fewest bytes of a secret, as the configuration says. The standard asks for 24.
const LEAST: usize = 16;
/// How long to wait before another try; so many tries and one are made.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// A webhook.
pub(super) struct Webhook {
    to: Fetcher,
    secret: Option<Vec<u8>>,
}

impl Webhook {
    /// The webhook of a plan. Relative paths are meant from `directory`.
    ///
    /// # Errors
    /// An address that must not be asked; a secret or authorities that cannot be read.
    pub(super) fn new(
        remote: &Remote,
        secret: Option<&Secret>,
        directory: &Path,
    ) -> Result<Self, Diagnostic> {
        let read = |secret| secret::read(secret, Some(directory), LEAST).map(key);
        Ok(Self {
            to: Fetcher::new(remote, Some(directory))?,
            secret: secret.map(read).transpose()?,
        })
    }

    /// Host, port and path.
    pub(super) fn label(&self) -> &str {
        &self.to.label
    }

    /// Sends a message; tries again where the receiver may yet take it.
    ///
    /// # Errors
    /// Why it was not taken, at the last try.
    pub(super) async fn send(&self, message: &Message) -> Result<(), FetchFault> {
        let body = serde_json::to_vec(message).map_err(|error| FetchFault::Unreachable(error.to_string()))?;
        let body = Bytes::from(body);
        let mut pauses = PAUSES.into_iter();
        loop {
            // Receivers compare it with their own clock, so a rehearsed time will not do.
            let fields = self.fields(&message.id, Clock::System.now(), &body);
            let fault = match self.to.tell(fields, body.clone()).await {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            match pauses.next().filter(|_| fault.is_of_the_server()) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(fault),
            }
        }
    }

    fn fields(&self, id: &str, now: Timestamp, body: &[u8]) -> HeaderMap {
        let at = now.as_second().to_string();
        let signature = self.secret.as_ref().map(|key| sign(key, id, &at, body));
        let all = [
            (ID, Some(id.to_owned())),
            (TIMESTAMP, Some(at)),
            (SIGNATURE, signature),
            (CONTENT_TYPE, Some("application/json".to_owned())),
        ];
        let valid = all.into_iter().filter_map(|(name, value)| {
            let value = HeaderValue::from_str(&value?).ok()?;
            Some((name, value))
        });
        valid.collect()
    }
}

/// The key that a secret stands for.
fn key(secret: Vec<u8>) -> Vec<u8> {
    let encoded = secret.strip_prefix(ENCODED.as_bytes());
    let decoded = encoded.and_then(|text| STANDARD.decode(text).ok());
    decoded.unwrap_or(secret)
}

fn sign(key: &[u8], id: &str, at: &str, body: &[u8]) -> String {
    // A key of any length is one (RFC 2104).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_standards() {
        // The example of the standard's libraries.
        let key = key(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_vec());
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_not_encoded_is_taken_as_it_is() {
        assert_eq!(key(b"plain secret".to_vec()), b"plain secret");
        assert_eq!(key(b"whsec_???".to_vec()), b"whsec_???");
    }
}
