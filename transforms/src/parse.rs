//! Strict JSON (RFC 8259) into [`Value`], with a bound on nesting.
//!
//! Refused beyond the grammar, because two readers could see different documents: a byte order mark, bad UTF-8,
//! and escapes of half a surrogate pair.

use crate::value::{Member, Number, Object, Text, Value};

/// How deep a document may nest when nothing else is configured.
pub const DEPTH: usize = 128;

/// Why a text is not a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct ParseFault {
    /// What is wrong, for a person.
    pub what: &'static str,
    /// Where, in bytes from the start.
    pub at: usize,
}

/// Parses one document.
///
/// # Errors
/// The first fault with its place.
pub fn parse(bytes: &[u8], depth: usize) -> Result<Value, ParseFault> {
    let text = std::str::from_utf8(bytes).map_err(|e| ParseFault {
        what: "the body is not UTF-8",
        at: e.valid_up_to(),
    })?;
    let mut reader = Reader {
        text,
        bytes,
        at: 0,
        room: depth,
    };
    reader.space();
    let value = reader.value()?;
    reader.space();
    if reader.at < bytes.len() {
        reader.fault("something follows the document")
    } else {
        Ok(value)
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    room: usize,
}

type Read<T> = Result<T, ParseFault>;

impl Reader<'_> {
    fn fault<T>(&self, what: &'static str) -> Read<T> {
        Err(ParseFault { what, at: self.at })
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Read<Value> {
        match self.peek() {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::list),
            b'"' => Ok(Value::Text(self.string()?)),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.fault("a JSON value is missing"),
        }
    }

    fn nested(&mut self, read: impl Fn(&mut Self) -> Read<Value>) -> Read<Value> {
        if self.room == 0 {
            return self.fault("the document nests too deep");
        }
        self.room -= 1;
        self.at += 1;
        self.space();
        let value = read(self)?;
        self.room += 1;
        Ok(value)
    }

    fn word(&mut self, word: &str, value: Value) -> Read<Value> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.fault("a JSON value is missing");
        }
        self.at += word.len();
        Ok(value)
    }

    fn list(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        if self.ends(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.separated(b']', "a comma or ] is missing")? {
                return Ok(Value::List(items));
            }
        }
    }

    fn object(&mut self) -> Read<Value> {
        let mut members = Vec::new();
        if self.ends(b'}') {
            return Ok(Value::Object(Object::new(members)));
        }
        loop {
            members.push(self.member()?);
            if self.separated(b'}', "a comma or } is missing")? {
                return Ok(Value::Object(Object::new(members)));
            }
        }
    }

    fn member(&mut self) -> Read<Member> {
        if self.peek() != b'"' {
            return self.fault("a member name in quotes is missing");
        }
        let key = self.string()?;
        self.space();
        if self.peek() != b':' {
            return self.fault("a colon is missing");
        }
        self.at += 1;
        self.space();
        Ok(Member {
            key,
            value: self.value()?,
            kept: false,
        })
    }

    fn ends(&mut self, end: u8) -> bool {
        let ends = self.peek() == end;
        self.at += usize::from(ends);
        ends
    }

    /// After an item: true at the end, false when another item follows.
    fn separated(&mut self, end: u8, what: &'static str) -> Read<bool> {
        self.space();
        if self.ends(end) {
            return Ok(true);
        }
        if !self.ends(b',') {
            return self.fault(what);
        }
        self.space();
        Ok(false)
    }

    fn string(&mut self) -> Read<Text> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0..0x20) => return self.fault("a control character in a text"),
                Some(_) => self.at += 1,
                None => return self.fault("a text is not closed"),
            }
        }
        self.at += 1;
        Ok(Text::from_raw(&self.text[start..self.at - 1]))
    }

    fn escape(&mut self) -> Read<()> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => return self.unicode_escape(),
            _ => return self.fault("an unknown escape in a text"),
        }
        Ok(())
    }

    fn unicode_escape(&mut self) -> Read<()> {
        let Some(unit) = hex4(self.bytes, self.at + 2) else {
            return self.fault("a broken \\u escape");
        };
        let pair = match unit {
            0xD800..=0xDBFF => {
                let low = self.bytes[self.at + 6..]
                    .starts_with(b"\\u")
                    .then(|| hex4(self.bytes, self.at + 8));
                matches!(low.flatten(), Some(0xDC00..=0xDFFF))
            }
            0xDC00..=0xDFFF => false,
            _ => {
                self.at += 6;
                return Ok(());
            }
        };
        if !pair {
            return self.fault("half a surrogate pair in a text");
        }
        self.at += 12;
        Ok(())
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        self.ends(b'-');
        match self.peek() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return self.fault("a number without digits"),
        }
        if self.ends(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(Number::from_raw(&self.text[start..self.at])))
    }

    fn digits(&mut self) -> Read<()> {
        if !self.peek().is_ascii_digit() {
            return self.fault("a digit is missing in a number");
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    digits
        .bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())?
}

/// The characters that a raw JSON text stands for. A broken escape stands for itself: [`parse`] lets none through.
pub fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, used) = escaped_char(&rest[at..]);
        out.push(c);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    out
}

fn escaped_char(escape: &str) -> (char, usize) {
    let bytes = escape.as_bytes();
    match bytes.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => unicode_char(bytes),
        Some(c @ (b'"' | b'\\' | b'/')) => (char::from(*c), 2),
        _ => ('\\', 1),
    }
}

fn unicode_char(bytes: &[u8]) -> (char, usize) {
    let Some(unit) = hex4(bytes, 2) else {
        return ('\\', 1);
    };
    if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) = (unit, hex4(bytes, 8)) {
        let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_out_again() {
        for text in [
            "1.0",
            "1e400",
            "-0",
            "12345678901234567890",
            r#""\u00e9\/é""#,
            r#"{"b":1,"a":[true,null],"b":2}"#,
            "[]",
            "{}",
        ] {
            assert_eq!(
                parse(text.as_bytes(), 8).map(|v| v.to_json()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn equality_is_of_values() {
        let eq = |a: &str, b: &str| parse(a.as_bytes(), 8).unwrap() == parse(b.as_bytes(), 8).unwrap();
        assert!(eq("1.0", "10e-1") && eq("-0", "0.00") && eq(r#""\u0061""#, r#""a""#));
        assert!(
            eq(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#)
                && !eq("1e400", "1e401")
                && !eq("1e99999999999999999999", "2e99999999999999999999")
                && !eq("[1,2]", "[2,1]")
        );
    }

    #[test]
    fn ambiguity_is_refused() {
        for text in [
            "",
            "\u{feff}1",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "'a'",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "nul",
            "[1 2]",
            "\"\u{1}\"",
            "1 1",
            "+1",
            "NaN",
        ] {
            assert!(parse(text.as_bytes(), 8).is_err(), "{text:?}");
        }
        assert_eq!(
            parse("[[[".as_bytes(), 2).unwrap_err().what,
            "the document nests too deep"
        );
        assert!(parse(b"\"\xff\"", 8).is_err());
    }
}
