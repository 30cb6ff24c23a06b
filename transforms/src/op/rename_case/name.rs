//! Names in cases: taking a name apart into words, and joining them in another case.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the words of a name are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NameCase {
    /// `postal_code`
    #[serde(rename = "snake_case")]
    Snake,
    /// `postalCode`
    #[serde(rename = "camelCase")]
    Camel,
    /// `postal-code`
    #[serde(rename = "kebab-case")]
    Kebab,
    /// `PostalCode`
    #[serde(rename = "PascalCase")]
    Pascal,
}

impl NameCase {
    /// The words of a name; `None` if it is not written in this case.
    fn split(self, name: &str) -> Option<Vec<String>> {
        match self {
            Self::Snake => separated(name, '_', '-'),
            Self::Kebab => separated(name, '-', '_'),
            Self::Camel => humps(name).filter(|_| !begins_upper(name)),
            Self::Pascal => humps(name).filter(|_| begins_upper(name)),
        }
    }

    fn join(self, words: &[String]) -> String {
        match self {
            Self::Snake => words.join("_"),
            Self::Kebab => words.join("-"),
            Self::Pascal => words.iter().map(|word| capital(word)).collect(),
            Self::Camel => {
                let (first, rest) = words.split_first().map_or(("", words), |(f, r)| (f.as_str(), r));
                rest.iter()
                    .fold(first.to_owned(), |name, word| name + &capital(word))
            }
        }
    }

    /// The name in another case; a name that is not written in this one stays. `None` if it would not come back.
    pub(super) fn turn(self, into: Self, name: &str) -> Option<String> {
        let Some(words) = self.split(name) else {
            return Some(name.to_owned());
        };
        let turned = into.join(&words);
        (into.split(&turned)? == words).then_some(turned)
    }
}

fn separated(name: &str, by: char, other: char) -> Option<Vec<String>> {
    let words: Vec<String> = name.split(by).map(str::to_owned).collect();
    let odd =
        name.contains(other) || name.chars().any(char::is_uppercase) || words.iter().any(String::is_empty);
    (!odd).then_some(words)
}

fn humps(name: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_lowercase().collect()),
        }
    }
    (!words.is_empty() && !name.contains(['_', '-'])).then_some(words)
}

fn begins_upper(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::NameCase::{Camel, Kebab, Pascal, Snake};

    #[test]
    fn names_turn_and_come_back() {
        for (from, name, into, turned) in [
            (Snake, "postal_code", Camel, Some("postalCode")),
            (Snake, "postal_code", Pascal, Some("PostalCode")),
            (Camel, "postalCode", Kebab, Some("postal-code")),
            (Camel, "userID", Snake, Some("user_i_d")),
            (Snake, "id", Camel, Some("id")),
            (Snake, "_id", Camel, Some("_id")),
            (Snake, "line_2", Camel, None),
            (Snake, "createdAt", Camel, Some("createdAt")),
            (Snake, "straße_ı", Camel, None),
            (Snake, "", Camel, Some("")),
        ] {
            assert_eq!(from.turn(into, name).as_deref(), turned, "{name}");
        }
    }
}
