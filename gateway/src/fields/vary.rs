//! `Vary` (RFC 9110 §12.5.5): what selected the version decides the answer, so a cache must look at it.

use http::header::VARY;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Adds field names to `Vary`, each once. `Vary: *` stays.
pub fn add<'n>(headers: &mut HeaderMap, names: impl IntoIterator<Item = &'n HeaderName>) {
    let mut names = names.into_iter().peekable();
    if names.peek().is_none() && !headers.contains_key(VARY) {
        return;
    }
    let lines = headers.get_all(VARY).iter().filter_map(|v| v.to_str().ok());
    let mut all: Vec<String> = lines
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    all.retain(|name| !name.is_empty());
    if all.iter().any(|name| name == "*") {
        return;
    }
    for name in names {
        if !all.iter().any(|known| known.eq_ignore_ascii_case(name.as_str())) {
            all.push(name.as_str().to_owned());
        }
    }
    if let (false, Ok(value)) = (all.is_empty(), HeaderValue::from_str(&all.join(", "))) {
        headers.insert(VARY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_once() {
        let mut headers = HeaderMap::new();
        headers.append(VARY, HeaderValue::from_static("Accept, Origin"));
        add(
            &mut headers,
            [&http::header::ACCEPT, &HeaderName::from_static("api-version")],
        );
        assert_eq!(headers[VARY], "Accept, Origin, api-version");
        headers.insert(VARY, HeaderValue::from_static("*"));
        add(&mut headers, [&http::header::ACCEPT]);
        assert_eq!(headers[VARY], "*");
    }
}
