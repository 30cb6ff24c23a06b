//! Which part of the list is asked for, and the links to its neighbours (RFC 8288).

use super::rules::Breach;
use super::trouble::Trouble;
use percent_encoding::percent_decode_str;

const DEFAULT_SIZE: u64 = 20;
const LARGEST_SIZE: u64 = 100;

/// One page of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    number: u64,
    size: u64,
}

impl Page {
    /// Reads `page` and `page_size`; other parameters are ignored.
    pub(super) fn from_query(query: &str) -> Result<Self, Trouble> {
        let number = parameter(query, "page")?.unwrap_or(1);
        let size = parameter(query, "page_size")?.unwrap_or(DEFAULT_SIZE);
        bounded("page", number, u64::MAX)?;
        bounded("page_size", size, LARGEST_SIZE)?;
        Ok(Self { number, size })
    }

    /// How many elements stand before this page.
    pub(super) fn skip(self) -> usize {
        usize::try_from((self.number - 1).saturating_mul(self.size)).unwrap_or(usize::MAX)
    }

    /// How many elements stand on it at most.
    pub(super) fn take(self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// The `Link` header, if the page has a neighbour.
    pub(super) fn links(self, total: usize) -> Option<String> {
        let last = (total as u64).div_ceil(self.size).max(1);
        let mut links = Vec::new();
        if self.number < last {
            links.push(self.link(self.number + 1, "next"));
        }
        if self.number > 1 {
            // Beyond the end, the page before is the last one that holds anything.
            links.push(self.link((self.number - 1).min(last), "prev"));
        }
        (!links.is_empty()).then(|| links.join(", "))
    }

    fn link(self, number: u64, relation: &str) -> String {
        format!(
            "</customers?page={number}&page_size={}>; rel=\"{relation}\"",
            self.size
        )
    }
}

fn parameter(query: &str, name: &str) -> Result<Option<u64>, Trouble> {
    let mut found = None;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if percent_decode_str(key).decode_utf8_lossy() != name {
            continue;
        }
        let value = percent_decode_str(value).decode_utf8_lossy();
        if found.is_some() || value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Trouble::Malformed(format!("{name} must be one number.")));
        }
        // More digits than fit are a page far beyond the end.
        found = Some(value.parse().unwrap_or(u64::MAX));
    }
    Ok(found)
}

fn bounded(name: &str, value: u64, most: u64) -> Result<(), Trouble> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    let range = if most == u64::MAX {
        "at least 1".to_owned()
    } else {
        format!("between 1 and {most}")
    };
    // A field points into a body, and a query has none.
    Err(Breach {
        field: String::new(),
        message: format!("{name} must be {range}."),
    }
    .into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that unwraps says where it failed
mod tests {
    use super::Page;
    use crate::demo::backend::trouble::Trouble;

    #[test]
    fn pages_are_read() {
        assert_eq!(Page::from_query("").unwrap(), Page { number: 1, size: 20 });
        assert_eq!(
            Page::from_query("page_size=5&page=%33&x=1").unwrap(),
            Page { number: 3, size: 5 }
        );
        assert_eq!(
            Page::from_query("page=99999999999999999999999").unwrap().skip(),
            usize::MAX
        );
    }

    #[test]
    fn bad_pages_are_refused() {
        for malformed in [
            "page=",
            "page=a",
            "page=-1",
            "page=1&page=1",
            "page_size=1.0",
            "page",
        ] {
            assert!(
                matches!(Page::from_query(malformed), Err(Trouble::Malformed(_))),
                "{malformed}"
            );
        }
        for invalid in ["page=0", "page_size=0", "page_size=101"] {
            assert!(
                matches!(Page::from_query(invalid), Err(Trouble::Invalid(_))),
                "{invalid}"
            );
        }
    }

    #[test]
    fn neighbours_are_linked() {
        let links = |query| Page::from_query(query).unwrap().links(45);
        assert_eq!(
            links("").unwrap(),
            "</customers?page=2&page_size=20>; rel=\"next\""
        );
        assert_eq!(
            links("page=3").unwrap(),
            "</customers?page=2&page_size=20>; rel=\"prev\""
        );
        assert_eq!(
            links("page=9").unwrap(),
            "</customers?page=3&page_size=20>; rel=\"prev\""
        );
        assert_eq!(links("page_size=100"), None);
    }
}
