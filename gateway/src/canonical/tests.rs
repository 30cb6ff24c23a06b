//! Cases and laws of the canonical form.

use http::{HeaderMap, HeaderValue, Uri, Version};
use proptest::prelude::*;

use super::*;

fn text(raw: &str) -> Result<String, PathFault> {
    path(raw).map(|path| path.as_str().to_owned())
}

#[test]
fn what_is_unambiguous_is_normalised() {
    let cases = [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/%61%7e", "/a~"),
        ("/a%2eb", "/a.b"),
        ("/...", "/..."),
        ("/..a;b", "/..a;b"),
        ("/a%c3%a9", "/a%C3%A9"),
        ("/aé", "/a%C3%A9"),
        ("/a%20b", "/a%20b"),
        ("/100%25", "/100%25"),
        ("/a:b@c,d;e=f", "/a:b@c,d;e=f"),
        ("/a%3ab%3b;", "/a%3Ab%3B;"),
        ("/x%3Fy", "/x%3Fy"),
    ];
    for (raw, canonical) in cases {
        assert_eq!(text(raw).as_deref(), Ok(canonical), "{raw}");
    }
}

#[test]
fn segments_are_decoded() {
    let path = path("/a%20b/%c3%a9/").unwrap();
    assert_eq!(path.segments(), ["a b", "é", ""]);
    assert!(super::path("/").unwrap().segments().is_empty());
}

#[test]
fn what_is_ambiguous_is_refused() {
    use PathFault as F;
    let cases = [
        ("", F::NotAbsolute),
        ("a", F::NotAbsolute),
        ("*", F::NotAbsolute),
        ("//", F::EmptySegment),
        ("//a", F::EmptySegment),
        ("/a//b", F::EmptySegment),
        ("/a/;b", F::EmptySegment),
        ("/%3Bb/a", F::EmptySegment),
        ("/a//", F::EmptySegment),
        ("/v2/../admin", F::DotSegment),
        ("/.", F::DotSegment),
        ("/a/..", F::DotSegment),
        ("/%2e%2e/a", F::DotSegment),
        ("/.%2E", F::DotSegment),
        ("/..;/a", F::DotSegment),
        ("/a/.;x=1", F::DotSegment),
        ("/%2e%2e;x/a", F::DotSegment),
        ("/..%3Bx/a", F::DotSegment),
        ("/\u{ff0e}\u{ff0e}/a", F::DotSegment),
        ("/\u{2025}/a", F::DotSegment),
        ("/.%EF%BC%8E/a", F::DotSegment),
        ("/a\u{ff0f}b", F::Separator),
        ("/a%E2%88%95b", F::Separator),
        ("/a%2fb", F::Separator),
        ("/a%5Cb", F::Separator),
        ("/a%00", F::Separator),
        ("/a\\b", F::Separator),
        ("/a\u{1}", F::Control),
        ("/a%0d%0a", F::Control),
        ("/a%7f", F::Control),
        ("/a%C2%85", F::Control),
        ("/a%", F::Escape),
        ("/a%2", F::Escape),
        ("/a%zz", F::Escape),
        ("/a%+1", F::Escape),
        ("/%ff", F::NotUtf8),
        ("/%c0%ae%c0%ae", F::NotUtf8),
        ("/%c0%af", F::NotUtf8),
        ("/%ed%a0%80", F::NotUtf8),
        ("/%252e%252e", F::DoubleEncoding),
        ("/a%252Fb", F::DoubleEncoding),
        ("/a%255cb", F::DoubleEncoding),
        ("/a%2500", F::DoubleEncoding),
        ("/a%25252e", F::DoubleEncoding),
        ("/a#b", F::Fragment),
        ("/a b", F::Character),
        ("/a?b", F::Character),
        ("/a|b", F::Character),
    ];
    for (raw, fault) in cases {
        assert_eq!(text(raw), Err(fault), "{raw}");
    }
}

fn named(target: &str, hosts: &[&str], version: Version) -> Result<Option<String>, HostFault> {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(HOST, HeaderValue::from_str(host).unwrap());
    }
    let uri: Uri = target.parse().unwrap();
    host(&uri, &headers, version).map(|host| host.map(|host| host.to_string()))
}

#[test]
fn a_host_has_one_form() {
    let cases = [
        ("API.Example.com", "api.example.com"),
        ("example.com.", "example.com"),
        ("example.com.:80", "example.com"),
        ("example.com:8080", "example.com:8080"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:8080", "[::1]:8080"),
        ("[::1]", "[::1]"),
    ];
    for (raw, canonical) in cases {
        assert_eq!(
            named("/", &[raw], Version::HTTP_11),
            Ok(Some(canonical.into())),
            "{raw}"
        );
    }
}

#[test]
fn a_host_that_is_none_is_refused() {
    use HostFault as F;
    let cases = [
        ("a/b", F::Malformed),
        ("a@b", F::Malformed),
        ("", F::Malformed),
        (".", F::Malformed),
        ("a..b", F::Malformed),
        ("a b", F::Malformed),
        ("::1", F::Port),
        ("[::1", F::Port),
        ("[::1]x", F::Malformed),
        ("a:", F::Port),
        ("a:0", F::Port),
        ("a:65536", F::Port),
        ("a:+80", F::Port),
        ("a:b", F::Port),
        ("a:80:80", F::Port),
    ];
    for (raw, fault) in cases {
        assert_eq!(named("/", &[raw], Version::HTTP_11), Err(fault), "{raw}");
    }
}

#[test]
fn target_and_field_name_one_host() {
    assert_eq!(named("/", &[], Version::HTTP_11), Err(HostFault::Missing));
    assert_eq!(named("/", &[], Version::HTTP_2), Err(HostFault::Missing));
    assert_eq!(named("/", &[], Version::HTTP_10), Ok(None));
    assert_eq!(named("/", &["a", "a"], Version::HTTP_11), Err(HostFault::Several));
    assert_eq!(
        named("http://a/", &["b"], Version::HTTP_11),
        Err(HostFault::Contradiction)
    );
    assert_eq!(
        named("http://a:80/", &["A."], Version::HTTP_11),
        Ok(Some("a".into()))
    );
    assert_eq!(named("http://a/", &[], Version::HTTP_2), Ok(Some("a".into())));
    assert_eq!(
        named("http://u@a/", &["a"], Version::HTTP_11),
        Err(HostFault::Malformed)
    );
}

/// Paths made of what breaks parsers.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9._~-]{1,3}",
        3 => "%[0-9a-fA-F]{2}",
        2 => Just("/".to_owned()),
        1 => Just("%25".to_owned()),
        1 => Just("..".to_owned()),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn the_canonical_form_is_a_fixed_point(raw in hostile()) {
        if let Ok(once) = path(&raw) {
            prop_assert_eq!(path(once.as_str()), Ok(once));
        }
    }

    #[test]
    fn a_canonical_path_hides_nothing(raw in hostile()) {
        if let Ok(path) = path(&raw) {
            let lower = path.as_str().to_ascii_lowercase();
            for hidden in ["//", "%2f", "%5c", "%00", "%2e", "\\"] {
                prop_assert!(!lower.contains(hidden), "{} in {}", hidden, lower);
            }
            prop_assert!(path.segments().iter().all(|segment| segment != "." && segment != ".."));
        }
    }

    #[test]
    fn any_text_is_judged_without_a_panic(raw in any::<String>()) {
        let _judged = path(&raw);
        let _judged = authority(&raw);
    }
}
