//! A signed token in compact form (RFC 7515 §7.1): taken apart strictly, and verified by a key of the set and by nothing
//! that the token brings along (RFC 8725).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sluice_config::plan::Algorithm;
use sluice_transforms::value::Object;

use super::key_set::KeySet;
use super::{MOST, json, jwk};

/// The longest name of a key.
const MOST_KID: usize = 256;
/// Members of a header by which a token would bring its own key along, or say where it is.
const OWN_KEYS: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

/// Why a token is not verified. Each is a sentence for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is too long to be looked at.
    #[error("the token is longer than 8 KiB")]
    TooLong,
    /// It has not three parts.
    #[error("the token has not the form of a signed JSON Web Token: three parts with dots between them")]
    Form,
    /// It is encrypted.
    #[error("the token is encrypted, which is not accepted")]
    Encrypted,
    /// A part is not base64url in its one form.
    #[error("a part of the token is not base64url (RFC 4648 §5) without padding")]
    Encoding,
    /// The header is no JSON object, or an ambiguous one.
    #[error("the token's header is not a well-formed JSON object")]
    Header,
    /// An algorithm that is not accepted, `none` among them.
    #[error("the token is signed by an algorithm that is not accepted")]
    Algorithm,
    /// It brings its own key.
    #[error("the token names a key of its own (`jwk`, `jku`, `x5u` or `x5c`), which is not accepted")]
    OwnKey,
    /// It needs an extension.
    #[error("the token needs an extension (`crit`) that is not supported")]
    Critical,
    /// No key of the set has its name.
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    /// The key is for another algorithm, or several would fit.
    #[error("the token's algorithm is not that of its key")]
    WrongKey,
    /// The signature is not by this key.
    #[error("the token's signature is wrong")]
    Signature,
}

/// A token that is taken apart and not believed.
#[derive(Debug)]
pub struct Compact<'t> {
    /// How it says that it is signed.
    pub algorithm: Algorithm,
    /// The name of its key.
    pub kid: Option<String>,
    /// What it says that it is.
    pub typ: Option<String>,
    payload: Vec<u8>,
    signed: &'t str,
    signature: &'t str,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn read(token: &'t str) -> Result<Self, Fault> {
        if token.len() > MOST {
            return Err(Fault::TooLong);
        }
        let mut parts = token.split('.');
        let mut part = || parts.next().ok_or(Fault::Form);
        let (header, payload, signature) = (part()?, part()?, part()?);
        match parts.count() {
            0 => {}
            2 => return Err(Fault::Encrypted),
            _ => return Err(Fault::Form),
        }
        // The engine refuses padding, and bits that say nothing: each part has one form only.
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Encoding);
        decoded(signature)?;
        let header = json::object(&decoded(header)?).map_err(|_| Fault::Header)?;
        let signed = token
            .get(..token.len() - signature.len() - 1)
            .ok_or(Fault::Form)?;
        Self::of(&header, decoded(payload)?, signed, signature)
    }

    fn of(header: &Object, payload: Vec<u8>, signed: &'t str, signature: &'t str) -> Result<Self, Fault> {
        let text = |name: &str| json::text(header, name).map_err(|_| Fault::Header);
        if header.get("enc").is_some() || header.get("zip").is_some() {
            return Err(Fault::Encrypted);
        }
        if header.get("crit").is_some() {
            return Err(Fault::Critical);
        }
        if OWN_KEYS.iter().any(|name| header.get(name).is_some()) {
            return Err(Fault::OwnKey);
        }
        let algorithm = text("alg")?.ok_or(Fault::Header)?;
        let kid = text("kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MOST_KID) {
            return Err(Fault::UnknownKey);
        }
        Ok(Self {
            algorithm: jwk::named(&algorithm).ok_or(Fault::Algorithm)?,
            kid,
            typ: text("typ")?,
            payload,
            signed,
            signature,
        })
    }

    /// What it says, once a key of the set has verified that.
    ///
    /// # Errors
    /// Why it is not verified.
    pub fn verified(&self, keys: &KeySet, accepted: &[Algorithm]) -> Result<&[u8], Fault> {
        if !accepted.contains(&self.algorithm) {
            return Err(Fault::Algorithm);
        }
        let kid = self.kid.as_deref();
        if kid.is_some_and(|kid| !keys.names(kid)) {
            return Err(Fault::UnknownKey);
        }
        let key = keys.find(kid, self.algorithm).ok_or(Fault::WrongKey)?;
        // A key that does not say which of RSA's algorithms it is for is for the one that is accepted.
        let unsaid = || accepted.iter().filter(|a| jwk::is_rsa(**a)).count() == 1;
        if key.algorithm.is_none() && !unsaid() {
            return Err(Fault::WrongKey);
        }
        if !key.verifies(self.algorithm, self.signed, self.signature) {
            // A token that names no key may be signed with a newer one.
            return Err(if kid.is_some() {
                Fault::Signature
            } else {
                Fault::UnknownKey
            });
        }
        Ok(&self.payload)
    }
}
