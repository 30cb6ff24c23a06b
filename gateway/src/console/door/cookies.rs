//! The console's cookies (RFC 6265): read, set, and taken back.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Holds the name of a session.
pub(in crate::console) const SESSION: &str = "sluice_session";
/// Binds the form of the login page to the browser that it was written for.
pub(in crate::console) const LOGIN: &str = "sluice_login";

/// The value of a cookie. Where it stands twice, somebody else set one of them: neither counts.
pub(super) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    found.next().filter(|_| found.next().is_none())
}

/// A line of `Set-Cookie`: for the console alone, out of reach of scripts and of other sites.
pub(in crate::console) fn cookie(
    name: &str,
    value: &str,
    seconds: i64,
    secured: bool,
) -> Option<HeaderValue> {
    let secure = if secured { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(line).ok()
}

/// A line of `Set-Cookie` that takes a cookie back.
pub(in crate::console) fn expired(name: &str, secured: bool) -> Option<HeaderValue> {
    cookie(name, "", 0, secured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_never_twice() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; sluice_session=x;b=2"));
        assert_eq!(read(&headers, SESSION), Some("x"));
        assert_eq!(read(&headers, LOGIN), None);
        headers.append(COOKIE, HeaderValue::from_static("sluice_session=y"));
        assert_eq!(read(&headers, SESSION), None);
    }

    #[test]
    fn cookies_are_for_the_console_alone() {
        let line = cookie(SESSION, "ab", 60, true);
        let expected = "sluice_session=ab; Path=/console; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(line, Some(HeaderValue::from_static(expected)));
        let gone = expired(SESSION, false).map(|line| line.to_str().map(str::to_owned).unwrap_or_default());
        assert_eq!(
            gone.as_deref(),
            Some("sluice_session=; Path=/console; Max-Age=0; HttpOnly; SameSite=Strict")
        );
    }
}
