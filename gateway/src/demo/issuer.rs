//! An issuer of tokens for `sluice demo` and for tests: an ES256 key that lives as long as the process, its key set, and
//! tokens that it signs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// What stands before the 32 bytes of a P-256 key in PKCS #8 (RFC 5958, RFC 5915).
const PKCS8: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
    0x20,
];

/// A signing key with what verifies its signatures.
#[derive(Clone)]
pub struct Issuer {
    key: EncodingKey,
    public: Value,
    kid: String,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

impl Issuer {
    /// Makes a key. It is drawn until one is drawn: of 2³² numbers about one is no key, and a system that gives no
    /// random bytes now is asked again.
    pub fn new() -> Self {
        loop {
            if let Some(issuer) = Self::draw() {
                return issuer;
            }
        }
    }

    fn draw() -> Option<Self> {
        let mut der = [0; PKCS8.len() + 32];
        let (head, secret) = der.split_at_mut(PKCS8.len());
        head.copy_from_slice(&PKCS8);
        getrandom::fill(secret).ok()?;
        let key = EncodingKey::from_ec_der(&der);
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES256).ok()?).ok()?;
        let kid: String = public.get("x")?.as_str()?.chars().take(8).collect();
        public["kid"] = json!(kid);
        public["use"] = json!("sig");
        Some(Self { key, public, kid })
    }

    /// The key set (RFC 7517) that verifies its tokens.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    /// A token for a subject, from `now` on for `lasts`.
    pub fn token(
        &self,
        subject: &str,
        scopes: &[&str],
        audience: &str,
        issuer: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> String {
        let claims = json!({
            "iss": issuer, "aud": audience, "sub": subject, "scope": scopes.join(" "),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": now.as_second().saturating_add(lasts.as_secs()),
        });
        self.sign(
            &json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid}),
            &claims,
        )
    }

    /// Signs any claims under any header: tests make tokens with it that no issuer would.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), claims.to_string().as_bytes())
    }

    /// The same for texts, which may be no JSON at all.
    pub fn sign_text(&self, header: &str, payload: &[u8]) -> String {
        let encoded = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let signed = format!("{}.{}", encoded(header.as_bytes()), encoded(payload));
        // The key was tried when it was drawn; a signature that fails all the same is no signature.
        let signature = crypto::sign(signed.as_bytes(), &self.key, Algorithm::ES256).unwrap_or_default();
        format!("{signed}.{signature}")
    }

    /// The name of its key.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jsonwebtoken::DecodingKey;

    #[test]
    fn its_key_set_verifies_its_tokens_and_no_other_key_does() {
        let (issuer, other) = (Issuer::new(), Issuer::new());
        let lasts = SignedDuration::from_secs(60);
        let token = issuer.token(
            "acme",
            &["customers.read"],
            "customers",
            "https://id.example",
            Timestamp::now(),
            lasts,
        );
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let verifies = |by: &Issuer| {
            let jwk: Jwk = serde_json::from_value(by.jwks()["keys"][0].clone()).unwrap();
            let key = DecodingKey::from_jwk(&jwk).unwrap();
            crypto::verify(signature, signed.as_bytes(), &key, Algorithm::ES256).unwrap()
        };
        assert!(verifies(&issuer) && !verifies(&other));
        assert!(!issuer.jwks().to_string().contains("\"d\""));
        assert!(!format!("{issuer:?}").contains("key:"));
    }
}
