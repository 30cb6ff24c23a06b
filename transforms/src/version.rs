//! The order of version names: dotted numbers (`2.1`, `2.1.3`), dates (`2024-05-01`), and names that hang off one of
//! them (`4.0-beta` comes before `4.0`, `2.1-megacorp` after `2.1`).

use std::cmp::Ordering;

/// Suffixes that come before the version they belong to, as in Semantic Versioning §9.
const BEFORE: &[&str] = &["alpha", "beta", "preview", "pre", "rc", "dev", "snapshot", "next"];

/// Orders two version names.
pub fn compare(a: &str, b: &str) -> Ordering {
    key(a).cmp(&key(b)).then_with(|| a.cmp(b))
}

/// The leading numbers, then −1, 0 or 1 for a pre-release, none, or another suffix.
fn key(version: &str) -> (Vec<u64>, i8) {
    let bare = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let mut numbers = Vec::new();
    let mut rest = bare;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let Ok(number) = rest[..end].parse() else { break };
        numbers.push(number);
        rest = &rest[end..];
        match rest.strip_prefix(['.', '-']) {
            Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    (numbers, suffix_rank(rest.trim_start_matches(['.', '-', '_'])))
}

fn suffix_rank(suffix: &str) -> i8 {
    let lower = suffix.to_ascii_lowercase();
    match lower.as_str() {
        "" => 0,
        _ if BEFORE.iter().any(|b| lower.starts_with(b)) => -1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_dotted_versions_order() {
        let mut versions = vec![
            "3.0",
            "2.1-megacorp",
            "10.0",
            "4.0",
            "2.1",
            "4.0-beta",
            "1.2",
            "3.0-hotfix",
        ];
        versions.sort_by(|a, b| compare(a, b));
        assert_eq!(
            versions,
            [
                "1.2",
                "2.1",
                "2.1-megacorp",
                "3.0",
                "3.0-hotfix",
                "4.0-beta",
                "4.0",
                "10.0"
            ]
        );
        let mut dates = vec!["2024-05-01", "2023-12-31", "2024-05-01-preview"];
        dates.sort_by(|a, b| compare(a, b));
        assert_eq!(dates, ["2023-12-31", "2024-05-01-preview", "2024-05-01"]);
    }
}
