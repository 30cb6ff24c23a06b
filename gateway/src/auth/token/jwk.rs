//! One public key of a key set (RFC 7517), and the one algorithm that it is for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm as Signature, DecodingKey, crypto};
use sluice_config::plan::Algorithm;
use sluice_transforms::value::Object;

use super::{json, roca};

/// RSA keys of fewer bits can be broken; those of more cost too much to verify with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// The members that a private key has beside those of its public one (RFC 7518 §6).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// A public key.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name in the set.
    pub kid: Option<String>,
    /// What it is for. `None`: an RSA key that does not say which of RSA's algorithms.
    pub algorithm: Option<Algorithm>,
    key: DecodingKey,
}

/// Why a key is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Whoever reads the key set can sign.
    #[error("it holds the private key: whoever reads the set can sign tokens")]
    Private,
    /// The same.
    #[error("it is symmetric: whoever reads the set can sign tokens")]
    Symmetric,
    /// It is for something else, such as encryption, or for nothing that is known here.
    #[error("it is not for signatures of a kind that is accepted")]
    NotForUs,
    /// It says one thing and is another.
    #[error("its `alg` does not fit its type")]
    Mismatch,
    /// It is no key.
    #[error("it is not well-formed")]
    Malformed,
    /// It can be broken, or costs too much.
    #[error("an RSA key must have 2048 to 4096 bits and an odd exponent above 2")]
    Size,
    /// It can be broken.
    #[error("it comes of a generator that is broken (CVE-2017-15361)")]
    Weak,
}

impl KeyFault {
    /// Whether the key is no longer a secret of its owner.
    pub fn is_leak(self) -> bool {
        matches!(self, Self::Private | Self::Symmetric)
    }
}

impl Key {
    /// Reads one key.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn read(jwk: &Object) -> Result<Self, KeyFault> {
        let text = |name: &str| json::text(jwk, name).map_err(|_| KeyFault::Malformed);
        let kty = text("kty")?.ok_or(KeyFault::Malformed)?;
        if kty == "oct" {
            return Err(KeyFault::Symmetric);
        }
        if PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
            return Err(KeyFault::Private);
        }
        let verifies = json::texts(jwk, "key_ops").map_err(|_| KeyFault::Malformed)?;
        let verifies = verifies.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies || text("use")?.is_some_and(|usage| usage != "sig") {
            return Err(KeyFault::NotForUs);
        }
        let kid = text("kid")?;
        let claimed = text("alg")?
            .map(|name| named(&name).ok_or(KeyFault::NotForUs))
            .transpose()?;
        let (algorithm, key) = match kty.as_str() {
            "EC" => elliptic(jwk, claimed)?,
            "OKP" => edwards(jwk, claimed)?,
            "RSA" => rsa(jwk, claimed)?,
            _ => return Err(KeyFault::NotForUs),
        };
        Ok(Self { kid, algorithm, key })
    }

    /// Whether it verifies signatures of this algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm
            .map_or_else(|| is_rsa(algorithm), |own| own == algorithm)
    }

    /// Whether a signature is good.
    pub fn verifies(&self, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
        self.fits(algorithm)
            && crypto::verify(signature, signed.as_bytes(), &self.key, implemented(algorithm))
                .unwrap_or(false)
    }
}

/// The algorithm of a name as tokens and keys write it (RFC 7518 §3.1, RFC 8037, RFC 9864).
pub fn named(name: &str) -> Option<Algorithm> {
    Some(match name {
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        _ => return None,
    })
}

/// Whether an algorithm is one of RSA's.
pub fn is_rsa(algorithm: Algorithm) -> bool {
    !matches!(algorithm, Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA)
}

fn implemented(algorithm: Algorithm) -> Signature {
    match algorithm {
        Algorithm::ES256 => Signature::ES256,
        Algorithm::ES384 => Signature::ES384,
        Algorithm::EdDSA => Signature::EdDSA,
        Algorithm::RS256 => Signature::RS256,
        Algorithm::RS384 => Signature::RS384,
        Algorithm::RS512 => Signature::RS512,
        Algorithm::PS256 => Signature::PS256,
        Algorithm::PS384 => Signature::PS384,
        Algorithm::PS512 => Signature::PS512,
    }
}

type Made = (Option<Algorithm>, DecodingKey);

fn elliptic(jwk: &Object, claimed: Option<Algorithm>) -> Result<Made, KeyFault> {
    let (algorithm, length) = match json::text(jwk, "crv") {
        Ok(Some(curve)) if curve == "P-256" => (Algorithm::ES256, 32),
        Ok(Some(curve)) if curve == "P-384" => (Algorithm::ES384, 48),
        Ok(Some(_)) => return Err(KeyFault::NotForUs),
        _ => return Err(KeyFault::Malformed),
    };
    let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err(KeyFault::Malformed);
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    only(algorithm, claimed).map(|algorithm| (algorithm, DecodingKey::from_ec_der(&point)))
}

fn edwards(jwk: &Object, claimed: Option<Algorithm>) -> Result<Made, KeyFault> {
    match json::text(jwk, "crv") {
        Ok(Some(curve)) if curve == "Ed25519" => {}
        Ok(Some(_)) => return Err(KeyFault::NotForUs),
        _ => return Err(KeyFault::Malformed),
    }
    let x = number(jwk, "x")?;
    if x.len() != 32 {
        return Err(KeyFault::Malformed);
    }
    only(Algorithm::EdDSA, claimed).map(|algorithm| (algorithm, DecodingKey::from_ed_der(&x)))
}

fn rsa(jwk: &Object, claimed: Option<Algorithm>) -> Result<Made, KeyFault> {
    if claimed.is_some_and(|algorithm| !is_rsa(algorithm)) {
        return Err(KeyFault::Mismatch);
    }
    let (n, e) = (positive(number(jwk, "n")?), positive(number(jwk, "e")?));
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    if !RSA_BITS.contains(&bits) || !odd || e == [1] || e.len() > 4 {
        return Err(KeyFault::Size);
    }
    if roca::is_weak(&n) {
        return Err(KeyFault::Weak);
    }
    Ok((claimed, DecodingKey::from_rsa_raw_components(&n, &e)))
}

/// A key of a curve has one algorithm, whatever it says.
fn only(algorithm: Algorithm, claimed: Option<Algorithm>) -> Result<Option<Algorithm>, KeyFault> {
    match claimed {
        Some(claimed) if claimed != algorithm => Err(KeyFault::Mismatch),
        _ => Ok(Some(algorithm)),
    }
}

fn number(jwk: &Object, name: &str) -> Result<Vec<u8>, KeyFault> {
    let text = json::text(jwk, name).ok().flatten().ok_or(KeyFault::Malformed)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyFault::Malformed)
}

fn positive(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}
