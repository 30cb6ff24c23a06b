//! Credentials as they are written: hashes, dates, certificates, the secret of keys.

use std::sync::Arc;

use jiff::Timestamp;

use super::place;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{CertificateMatch, KeyHash, KeyPlan, NamedFile, PasswordPlan, Secret};
use crate::raw::{RawClientCertificate, RawKey, RawPassword};
use crate::yaml::Tree;

/// The least bytes of a secret.
pub(super) const LEAST_SECRET: usize = 16;
/// The most that one password may cost: KiB of memory, and passes over it.
const DEAREST: (u32, u32) = (256 * 1024, 16);

/// Reads what stands in one file.
pub(super) struct Reader<'a> {
    pub(super) tree: &'a Tree,
    pub(super) faults: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn bad(&mut self, pointer: &str, message: &str, hint: &str) {
        self.faults
            .push(self.tree.fault(Code::BadCredential, pointer, message).hint(hint));
    }

    /// What stands where a hash belongs may be the secret itself: the line it stands on is named, and not shown.
    fn unhashed(&mut self, pointer: &str, what: &str, hint: &str) {
        let line = self.tree.span(pointer).line;
        let message = format!("line {line}: this is not {what}");
        let fault = Diagnostic::new(Code::BadCredential, &self.tree.file, None, message);
        self.faults.push(fault.hint(hint));
    }

    /// A consumer's key.
    pub(super) fn key(&mut self, pointer: &str, raw: &RawKey) -> Option<KeyPlan> {
        self.key_of(pointer, &raw.hash, raw.expires.as_deref())
    }

    /// A key: its hash, and when it ends.
    pub(super) fn key_of(&mut self, pointer: &str, hash: &str, expires: Option<&str>) -> Option<KeyPlan> {
        let hash = self.key_hash(&format!("{pointer}/hash"), hash);
        let expires = match expires {
            Some(text) => Some(self.instant(&format!("{pointer}/expires"), text)?),
            None => None,
        };
        Some(KeyPlan { hash: hash?, expires })
    }

    fn key_hash(&mut self, pointer: &str, text: &str) -> Option<KeyHash> {
        let hash = text.strip_prefix("hmac-sha256:").and_then(digest);
        if hash.is_none() {
            let hint = "write `hmac-sha256:` and 64 hexadecimal digits; `sluice key new` prints the line";
            self.unhashed(pointer, "the keyed hash of a key", hint);
        }
        hash.map(KeyHash)
    }

    fn instant(&mut self, pointer: &str, text: &str) -> Option<Timestamp> {
        let instant = text.parse().ok();
        if instant.is_none() {
            let message = format!("`{}` is not an instant", self.tree.shown(pointer));
            self.bad(pointer, &message, "write it like `2027-01-01T00:00:00Z`");
        }
        instant
    }

    /// A user with a password.
    pub(super) fn password(&mut self, pointer: &str, raw: &RawPassword) -> Option<PasswordPlan> {
        if raw.user.contains(':') || raw.user.chars().any(char::is_control) {
            let message = "a user's name holds no `:` and no control character (RFC 7617)";
            self.bad(&format!("{pointer}/user"), message, "choose another name");
            return None;
        }
        let at = format!("{pointer}/hash");
        match argon2id(&raw.hash) {
            Some(cost) if cost.0 <= DEAREST.0 && cost.1 <= DEAREST.1 => Some(PasswordPlan {
                user: raw.user.clone(),
                hash: Arc::from(raw.hash.as_str()),
                place: place(self.tree, &at),
            }),
            Some(_) => {
                let message = "verifying this password costs more than 256 MiB or 16 passes";
                self.bad(&at, message, "hash it again with `sluice password hash`");
                None
            }
            None => {
                let hint = "write `$argon2id$v=19$…`; `sluice password hash` prints it";
                self.unhashed(&at, "the hash of a password", hint);
                None
            }
        }
    }

    /// What tells a certificate.
    pub(super) fn certificate(
        &mut self,
        pointer: &str,
        raw: &RawClientCertificate,
    ) -> Option<CertificateMatch> {
        if let Some(text) = &raw.fingerprint {
            let found = text.strip_prefix("sha256:").map(|hex| hex.replace(':', ""));
            let found = found.as_deref().and_then(digest);
            if found.is_none() {
                let message = "this is not the fingerprint of a certificate";
                let hint = "write `sha256:` and 64 hexadecimal digits, with or without colons";
                self.bad(&format!("{pointer}/fingerprint"), message, hint);
            }
            return found.map(CertificateMatch::Fingerprint);
        }
        if let Some(subject) = &raw.subject {
            if !subject.contains('=') {
                let message = "this is not the subject of a certificate";
                let hint = "write it as `openssl x509 -noout -subject -nameopt RFC2253` prints it: `CN=erp,O=Megacorp`";
                self.bad(&format!("{pointer}/subject"), message, hint);
                return None;
            }
            return Some(CertificateMatch::Subject(close_up(subject)));
        }
        let dns = raw
            .dns
            .as_ref()
            .map(|name| CertificateMatch::Dns(name.to_ascii_lowercase()));
        dns.or_else(|| raw.uri.clone().map(CertificateMatch::Uri))
    }

    /// A secret that is written, which the environment should have given, or in a file.
    pub(super) fn secret(
        &mut self,
        pointer: &str,
        value: Option<&str>,
        file: Option<&str>,
    ) -> Option<Secret> {
        if let Some(path) = file {
            let place = place(self.tree, &format!("{pointer}/secret_file"));
            let path = path.into();
            return Some(Secret::File(NamedFile { path, place }));
        }
        let value = value?;
        let at = format!("{pointer}/secret");
        if value.len() < LEAST_SECRET {
            let message = format!(
                "`{}` holds less than {LEAST_SECRET} bytes",
                &at[1..].replace('/', ".")
            );
            // A secret that stands in the file is not shown, not even by the line it stands on.
            let span = self.tree.written.contains_key(&at).then(|| self.tree.span(&at));
            let hint = "`openssl rand -base64 32` makes a good one; give it by the environment: `${SLUICE_KEY_SECRET}`";
            let fault = Diagnostic::new(Code::WeakSecret, &self.tree.file, span, message);
            self.faults.push(fault.hint(hint));
            return None;
        }
        Some(Secret::Value(Arc::from(value), place(self.tree, &at)))
    }
}

/// Keys without a secret that they are hashed with.
pub(super) fn no_secret(tree: &Tree, pointer: &str) -> Diagnostic {
    let message = "there are keys, and sluice.yaml has no secret that they are hashed with";
    let fault = tree.fault(Code::KeySecretMissing, pointer, message);
    fault.hint("write `keys: {secret: \"${SLUICE_KEY_SECRET}\"}` in sluice.yaml")
}

/// 64 hexadecimal digits.
fn digest(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What a password's hash costs, if it is one: `$argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH`.
fn argon2id(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let base64 = |text: &str| {
        text.len() >= 8
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
    };
    if parts.next().is_some() || !base64(salt) || !base64(hash) {
        return None;
    }
    let mut numbers = cost.split(',');
    let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
    (numbers.next().is_none() && lanes > 0).then_some((memory, passes))
}

/// A subject without the spaces that people write after its commas.
fn close_up(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    let mut escaped = false;
    let mut after_comma = true;
    for c in subject.chars() {
        if c == ' ' && after_comma {
            continue;
        }
        out.push(c);
        after_comma = !escaped && (c == ',' || c == '+');
        escaped = !escaped && c == '\\';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_passwords_are_told_from_other_texts() {
        let good = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";
        assert_eq!(argon2id(good), Some((19456, 2)));
        for bad in [
            "",
            "secret",
            "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=2$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=2,p=0$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g$x",
        ] {
            assert_eq!(argon2id(bad), None, "{bad}");
        }
    }

    #[test]
    fn subjects_are_written_in_one_form() {
        assert_eq!(close_up("CN=erp, O=Mega corp,  C=US"), "CN=erp,O=Mega corp,C=US");
        assert_eq!(close_up("CN=a\\, b, O=c"), "CN=a\\, b,O=c");
    }

    #[test]
    fn digests_have_sixty_four_digits() {
        assert_eq!(digest(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(digest(&"0g".repeat(32)), None);
        assert_eq!(digest(&"é".repeat(32)), None);
        assert_eq!(digest("0a"), None);
    }
}
