//! HTTP Basic (RFC 7617): a user and a password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::passwords::Verified;
use super::scheme::Means;
use super::verdict::{Proved, Verdict, Wrong};

const SCHEME: &str = "basic";
/// No user and password together are longer.
const LONGEST: usize = 1024;

/// Judges the credential of `Authorization: Basic`.
pub(super) async fn judge(credential: &str, means: &Means<'_>, now: Timestamp) -> Verdict {
    let Some((user, password)) = decoded(credential) else {
        let detail = "the credential is not the Base64 of `user:password` in UTF-8";
        return Wrong::new(SCHEME, "malformed", detail).into();
    };
    let holder = means.holders.user(&user);
    let hash = holder.as_ref().map(|(_, hash)| hash);
    let verified = means.passwords.verify(&user, &password, hash, now).await;
    match (verified, holder) {
        (Verified::Busy, _) => {
            Verdict::Unavailable("too many passwords are being verified; try again".to_owned())
        }
        (Verified::Right, Some((consumer, _))) => Verdict::Proved(Proved {
            consumer,
            subject: Some(user.into()),
            scopes: Vec::new(),
            scheme: SCHEME,
        }),
        // The client is not told which of the two is wrong.
        (_, holder) => {
            let wrong = Wrong::new(SCHEME, "wrong_password", "the user or the password is wrong");
            match holder {
                Some((consumer, _)) => wrong.of(consumer).into(),
                None => Wrong {
                    reason: "unknown_user",
                    ..wrong
                }
                .into(),
            }
        }
    }
}

fn decoded(credential: &str) -> Option<(String, String)> {
    if credential.len() > LONGEST * 4 / 3 + 4 {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credential).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let sound = !text.chars().any(char::is_control);
    sound.then(|| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_decoded_strictly() {
        let encoded = |text: &[u8]| decoded(&STANDARD.encode(text));
        assert_eq!(encoded(b"a:b:c"), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(encoded("ü:ö".as_bytes()), Some(("ü".to_owned(), "ö".to_owned())));
        for bad in [&b"ab"[..], b"a:\xff", b"a:b\0", b"a\n:b"] {
            assert_eq!(encoded(bad), None);
        }
        assert_eq!(decoded("!!!"), None);
        assert_eq!(encoded(&[b'a'; 4000]), None);
    }
}
