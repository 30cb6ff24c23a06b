//! Links between pages: a path with its query, written in one place so that every value is escaped.

use maud::Render;

use crate::fields::target::write_pair;

/// A link to a page of the console.
#[derive(Clone, Debug)]
pub(super) struct Link(String);

impl Link {
    /// To a path.
    pub(super) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// Of this API; none where it is empty.
    pub(super) fn api(self, api: &str) -> Self {
        self.with("api", api)
    }

    /// With a value; none where it is empty.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        let mark = if self.0.contains('?') { '&' } else { '?' };
        Self(format!("{}{mark}{}", self.0, write_pair(name, value)))
    }
}

impl Render for Link {
    fn render_to(&self, buffer: &mut String) {
        self.0.render_to(buffer);
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A word of a command line, quoted where a shell would read it as something else.
pub(super) fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped() {
        let link = Link::new("/console/consumer").api("a&b").with("name", "x=1#\"é");
        assert_eq!(
            link.to_string(),
            "/console/consumer?api=a%26b&name=x%3D1%23%22%C3%A9"
        );
        assert_eq!(Link::new("/console").api("").to_string(), "/console");
    }

    #[test]
    fn a_shell_reads_a_word_as_one() {
        assert_eq!(word("2.1-megacorp"), "2.1-megacorp");
        assert_eq!(word("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(word(""), "''");
    }
}
