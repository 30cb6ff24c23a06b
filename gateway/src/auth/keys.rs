//! API keys: never kept, but as HMAC-SHA256 (RFC 2104) under the configuration's secret. A key is found by its keyed hash
//! in a table: no byte of any key is compared, and whoever reads the table cannot try keys without the secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sluice_config::plan::KeyHash;

/// No key is longer; what is longer is none.
pub const LONGEST: usize = 512;

/// Hashes keys under one secret.
#[derive(Clone)]
pub struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// A hasher under this secret.
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes a secret of any length.
        Self(Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// The keyed hash of a key.
    pub fn hash(&self, key: &[u8]) -> KeyHash {
        KeyHash(self.parts(&[key]))
    }

    /// The keyed hash of several parts, which other parts of other lengths do not share.
    pub(super) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let lengths: Vec<_> = parts.iter().map(|part| part.len().to_le_bytes()).collect();
        let with_lengths = lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [&length[..], part]);
        self.parts(&with_lengths.collect::<Vec<_>>())
    }

    fn parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_rfc_4231() {
        // RFC 4231, test case 2.
        let hash = Hasher::new(b"Jefe").hash(b"what do ya want for nothing?").0;
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn parts_do_not_flow_into_each_other() {
        let hasher = Hasher::new(b"secret");
        assert_ne!(hasher.of(&[b"ab", b"c"]), hasher.of(&[b"a", b"bc"]));
        assert_ne!(hasher.of(&[b"ab"]), hasher.of(&[b"ab", b""]));
    }
}
