//! JSON as it was written: serde_json writes `1E2` as `1e+2`, and a backend that did so would hide a gateway that
//! does. So numbers are cut out of the text here; strings and the grammar of numbers stay serde_json's affair.

use serde_json::{Map, Number, Value};

const DEPTH: usize = 128;

/// Reads one JSON document; numbers keep their text, members their order, and of duplicates the last wins.
///
/// # Errors
/// The text is no JSON, or nested more than 128 levels deep; the message says where.
pub fn exact(text: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader { text, at: 0 };
    reader
        .value(DEPTH)
        .filter(|_| reader.peek().is_none())
        .ok_or_else(|| format!("not JSON at byte {}", reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'"' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        self.eat(b'{')?;
        if self.eat(b'}').is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.peek().filter(|byte| *byte == b'"')?;
            let name = self.string()?;
            self.eat(b':')?;
            let value = self.value(depth)?;
            members.insert(name, value);
            if self.eat(b',').is_none() {
                return self.eat(b'}').map(|()| Value::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.eat(b'[')?;
        if self.eat(b']').is_some() {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if self.eat(b',').is_none() {
                return self.eat(b']').map(|()| Value::Array(elements));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let bytes = self.rest().as_bytes();
        let mut end = 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        serde_json::from_str(self.take(end + 1)).ok()
    }

    fn number(&mut self) -> Option<Value> {
        let more = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().bytes().take_while(|byte| more(*byte)).count();
        let text = self.take(length);
        serde_json::from_str::<Number>(text).ok()?;
        // Hidden in serde_json's documents, and the only way to a number with this very text.
        Some(Value::Number(Number::from_string_unchecked(text.to_owned())))
    }

    fn word(&mut self) -> Option<Value> {
        let words = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ];
        let (word, value) = words
            .into_iter()
            .find(|(word, _)| self.rest().starts_with(word))?;
        self.at += word.len();
        Some(value)
    }

    /// The next byte that is no white space, which is skipped.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.rest().bytes().next()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next bytes; never splits a character, since all callers end at an ASCII byte.
    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += taken.len();
        taken
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that unwraps says where it failed
mod tests {
    use super::exact;
    use serde_json::Value;

    #[test]
    fn what_is_read_is_what_was_written() {
        let texts = [
            r#"{"b":[1.50,1e400,1E+2,-0,12345678901234567890,0.10E-7],"a":{"":null,"é\u0001\"":[true,false]}}"#,
            "7",
            r#""\\""#,
            r#"{"$serde_json::private::Number":"1"}"#,
        ];
        for text in texts {
            assert_eq!(exact(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(
            exact(b" { \"a\" : [ 1 , 2 ] } \n").unwrap().to_string(),
            r#"{"a":[1,2]}"#
        );
    }

    #[test]
    fn it_accepts_what_serde_json_accepts() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let (most, more, open) = (deep(127), deep(200), "[".repeat(100_000));
        let texts = [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "1e",
            "-",
            "+1",
            "1 2",
            "nul",
            "truex",
            "[1 2]",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"",
            "\"\\",
            "{\"a\"}",
            "{\"a\":}",
            "{1:2}",
            "{}",
            "[]",
            "[[],{}]",
            "1e5",
            "\u{feff}1",
            "{\"a\":1,\"a\":2}",
            "1-2",
            "NaN",
            "\"\\\"",
            "é",
            "[1]é",
            &most,
            &more,
            &open,
        ];
        for text in texts {
            let theirs = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(
                exact(text.as_bytes()).is_ok(),
                theirs,
                "{}",
                &text[..text.len().min(40)]
            );
        }
        assert!(exact(b"\"\xff\"").is_err());
    }
}
