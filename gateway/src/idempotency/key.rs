//! What a key belongs to, and what tells the request that came with it from another one.

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Item, Parser};
use sha2::{Digest, Sha256};

use crate::refusal::{Kind, Refusal};

/// The field (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in characters.
pub const LONGEST: usize = 255;

/// A hash: nobody learns keys or bodies from what is kept.
pub type Hash = [u8; 32];

/// The key of a request: a structured field that is a string (RFC 9651 §3.3.3).
///
/// # Errors
/// It is none, is empty, or is too long.
pub fn read(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(malformed("it stands several times"));
    }
    let item = Parser::new(first.as_bytes()).parse::<Item>();
    match item.map(|item| item.bare_item) {
        Ok(BareItem::String(key)) if key.as_str().is_empty() => Err(malformed("it is empty")),
        Ok(BareItem::String(key)) if key.as_str().len() > LONGEST => {
            Err(malformed(&format!("it is longer than {LONGEST} characters")))
        }
        Ok(BareItem::String(key)) => Ok(Some(key.as_str().to_owned())),
        _ => Err(malformed(
            "it is not a text in quotes, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
        )),
    }
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(
        Kind::InvalidParameter,
        format!("the field Idempotency-Key cannot be read: {why}"),
    )
    .with("parameter", "Idempotency-Key")
}

/// A hash of parts, each told from the next by its length.
pub fn hash<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(value: &str) -> Result<Option<String>, Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap());
        read(&headers).map_err(|refusal| refusal.kind())
    }

    #[test]
    fn keys_are_texts_in_quotes() {
        assert_eq!(read(&HeaderMap::new()), Ok(None));
        assert_eq!(key("\"a b\""), Ok(Some("a b".to_owned())));
        assert_eq!(key(" \"a\\\"b\";x=1 "), Ok(Some("a\"b".to_owned())));
        let long = "k".repeat(LONGEST);
        assert_eq!(key(&format!("\"{long}\"")), Ok(Some(long.clone())));
        for bad in [
            "",
            "a",
            "1",
            "\"\"",
            "\"a",
            "\"a\", \"b\"",
            "\"\\x\"",
            ":YQ==:",
            &format!("\"{long}k\""),
        ] {
            assert_eq!(key(bad), Err(Kind::InvalidParameter), "{bad}");
        }
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(
            hash([b"ab".as_slice(), b"c".as_slice()]),
            hash([b"a".as_slice(), b"bc".as_slice()])
        );
    }
}
