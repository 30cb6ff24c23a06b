//! "Did you mean": the known name nearest to a written one.

/// The nearest of the known names, if it is near enough to be meant.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|(distance, name)| *distance <= allowed(written, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A hint that names the nearest known name.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

/// The nearest known name, and without one the list of them.
pub fn or_list<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    did_you_mean(written, known.clone()).or_else(|| list(known))
}

/// A written text, short enough for a message.
pub(crate) fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 {
        text.to_owned()
    } else {
        text.chars().take(77).chain("...".chars()).collect()
    }
}

fn list<'a>(known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => None,
        1..=20 => Some(format!("known here: {}", names.join(", "))),
        _ => Some(format!("known here: {}, and others", names[..20].join(", "))),
    }
}

fn distance(written: &str, name: &str) -> usize {
    // An attacker's megabyte must not meet a quadratic algorithm.
    if written.len() > 128 {
        usize::MAX
    } else {
        strsim::damerau_levenshtein(&fold(written), &fold(name))
    }
}

fn fold(text: &str) -> String {
    text.to_ascii_lowercase().replace('-', "_")
}

fn allowed(written: &str, name: &str) -> usize {
    (written.chars().count().max(name.chars().count()) / 3).max(1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["retries", "timeouts", "keep"];
        assert_eq!(nearest("retrys", known), Some("retries"));
        assert_eq!(nearest("time-outs", known), Some("timeouts"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
    }
}
