//! JSON Pointers (RFC 6901), and looking a document up by one.

use std::fmt;

use crate::value::{Object, Value};

/// A parsed JSON Pointer: the names on the way down. `*` as a name stands for every element in a mapping file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(Vec<String>);

/// Why a text is not a pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSON Pointer: it must be empty or begin with /, and ~ may only stand as ~0 or ~1")]
pub struct PointerFault(pub String);

impl Pointer {
    /// The pointer to the whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a pointer.
    ///
    /// # Errors
    /// When the text is not of RFC 6901's form.
    pub fn parse(text: &str) -> Result<Self, PointerFault> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let names = text
            .strip_prefix('/')
            .ok_or_else(|| PointerFault(text.to_owned()))?;
        let names = names.split('/').map(unescape).collect::<Option<_>>();
        names.map(Self).ok_or_else(|| PointerFault(text.to_owned()))
    }

    /// A pointer of these names.
    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// The names on the way.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The pointer one level up and the last name.
    pub fn split_last(&self) -> Option<(Pointer, &str)> {
        let (last, parents) = self.0.split_last()?;
        Some((Self(parents.to_vec()), last))
    }

    /// The pointer one level up; of the whole document itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        self.truncate(self.0.len().saturating_sub(1))
    }

    /// This pointer and one name more.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Self(names)
    }

    /// This pointer followed by another.
    #[must_use]
    pub fn join(&self, rest: &Pointer) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// What follows the prefix, if this pointer begins with it.
    pub fn strip(&self, prefix: &Pointer) -> Option<Pointer> {
        self.0
            .strip_prefix(prefix.0.as_slice())
            .map(|rest| Self(rest.to_vec()))
    }

    /// The first `count` names.
    #[must_use]
    pub fn truncate(&self, count: usize) -> Self {
        Self(self.0[..count.min(self.0.len())].to_vec())
    }

    /// The value there. Lists are entered by index.
    pub fn look<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |at, name| step(at, name))
    }

    /// Whether anything stands there, where `*` stands for every element of a list and every member of an object, as in the
    /// settings of `each`.
    pub fn meets(&self, value: &Value) -> bool {
        met(&self.0, value)
    }

    /// The value there, to change.
    pub fn look_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Value> {
        self.0.iter().try_fold(value, |at, name| match at {
            Value::Object(o) => o.get_mut(name),
            Value::List(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The object that holds the last name, to change.
    pub fn parent_mut<'v>(&self, value: &'v mut Value) -> Option<&'v mut Object> {
        let (parent, _) = self.split_last()?;
        parent.look_mut(value)?.as_object_mut()
    }
}

fn met(names: &[String], value: &Value) -> bool {
    let Some((name, rest)) = names.split_first() else {
        return true;
    };
    let below = step(value, name).is_some_and(|below| met(rest, below));
    below
        || name == "*"
            && match value {
                Value::Object(o) => o.members().iter().any(|member| met(rest, &member.value)),
                Value::List(items) => items.iter().any(|item| met(rest, item)),
                _ => false,
            }
}

fn step<'v>(at: &'v Value, name: &str) -> Option<&'v Value> {
    match at {
        Value::Object(o) => o.get(name),
        Value::List(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn unescape(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|name| write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn a_star_meets_every_element_and_member() {
        let document = br#"{"l":[{"p":2},{"o":{"a":1}}],"m":{"x":{"a":null}},"*":{"b":1}}"#;
        let document = parse(document, 16).unwrap();
        let meets = |text: &str| Pointer::parse(text).unwrap().meets(&document);
        for there in ["", "/l", "/l/*/o/a", "/m/*/a", "/*/b", "/*/*/a", "/l/1/o"] {
            assert!(meets(there), "{there}");
        }
        for absent in ["/l/*/a", "/m/*/b", "/l/*/p/*", "/x/*", "/l/7"] {
            assert!(!meets(absent), "{absent}");
        }
    }
}
