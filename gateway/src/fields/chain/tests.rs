//! Chains as proxies and clients write them.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn trusted() -> Vec<IpNet> {
    ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).into()
}

fn read(fields: &[(&str, &str)]) -> Result<Option<Told>, Refusal> {
    read_from("10.0.0.1", fields)
}

fn read_from(peer: &str, fields: &[(&str, &str)]) -> Result<Option<Told>, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    told(&trusted(), peer.parse().unwrap(), &headers)
}

/// The client's address of a chain, if there is any.
fn client(name: &str, value: &str) -> Option<String> {
    let told = read(&[(name, value)]).unwrap().unwrap();
    told.hops.last().map(ToString::to_string)
}

#[test]
fn the_client_is_the_right_most_hop_that_is_not_trusted() {
    let cases: [(&str, Option<&str>); 19] = [
        ("203.0.113.9", Some("203.0.113.9")),
        ("1.1.1.1, 203.0.113.9", Some("203.0.113.9")),
        ("1.1.1.1, 203.0.113.9, 10.0.0.2, 10.0.0.3", Some("203.0.113.9")),
        ("10.9.9.9", Some("10.9.9.9")),
        ("garbage, 203.0.113.9", Some("203.0.113.9")),
        ("203.0.113.9, garbage", None),
        ("203.0.113.9, unknown, 10.0.0.2", Some("10.0.0.2")),
        ("203.0.113.9, _hidden, 10.0.0.2", Some("10.0.0.2")),
        ("203.0.113.9:4711", Some("203.0.113.9")),
        ("[2001:db8::1]:443", Some("2001:db8::1")),
        ("[2001:db8::1]", Some("2001:db8::1")),
        ("2001:db8::1", Some("2001:db8::1")),
        ("::ffff:203.0.113.9", Some("203.0.113.9")),
        ("203.0.113.9, ::ffff:10.0.0.2", Some("203.0.113.9")),
        ("[2001:db8::1]x", None),
        ("203.0.113.9:99999", None),
        ("fe80::1%eth0", None),
        ("", None),
        (", ,203.0.113.9, ,", Some("203.0.113.9")),
    ];
    for (chain, expected) in cases {
        assert_eq!(client("x-forwarded-for", chain).as_deref(), expected, "{chain:?}");
    }
}

#[test]
fn the_standard_field_is_read_the_same_way() {
    let cases = [
        ("for=203.0.113.9", Some("203.0.113.9")),
        ("For=\"203.0.113.9:80\"; proto=https", Some("203.0.113.9")),
        ("for=\"[2001:db8::1]:4711\"", Some("2001:db8::1")),
        (
            "for=1.1.1.1, for=203.0.113.9;by=10.0.0.2, for=10.0.0.2",
            Some("203.0.113.9"),
        ),
        ("for=\"evil, for=203.0.113.9", Some("203.0.113.9")),
        ("for=\"evil, for=\"[2001:db8::1]\"", Some("2001:db8::1")),
        ("for=\"a\\\", for=203.0.113.9", Some("203.0.113.9")),
        ("for=_hidden, for=10.0.0.2", Some("10.0.0.2")),
        ("for=unknown", None),
        ("for=1.1.1.1;for=2.2.2.2", None),
        ("proto=https", None),
    ];
    for (chain, expected) in cases {
        assert_eq!(client("forwarded", chain).as_deref(), expected, "{chain:?}");
    }
}

#[test]
fn who_is_not_trusted_is_not_believed() {
    let fields = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];
    assert_eq!(read_from("192.0.2.1", &fields), Ok(None));
    assert_eq!(read_from("2001:db8::5", &fields), Ok(None));
    assert!(read_from("::ffff:10.0.0.1", &fields).unwrap().is_some());
    assert_eq!(
        told(&[], "10.0.0.1".parse().unwrap(), &HeaderMap::new()),
        Ok(None)
    );
}

#[test]
fn scheme_and_host_are_those_of_the_proxy_that_saw_the_client() {
    let told = |fields: &[(&str, &str)]| {
        let told = read(fields).unwrap().unwrap();
        (told.secure, told.host)
    };
    let host = |name: &str| Some(name.to_owned());
    let by_names = |proto, name| {
        told(&[
            ("x-forwarded-for", "203.0.113.9, 10.0.0.2"),
            ("x-forwarded-proto", proto),
            ("x-forwarded-host", name),
        ])
    };
    assert_eq!(
        by_names("https", "API.example"),
        (Some(true), host("api.example"))
    );
    // Left of them stands what the client sent itself.
    assert_eq!(
        by_names("https, http, https", "evil, a.example, b"),
        (Some(false), host("a.example"))
    );
    assert_eq!(
        by_names("gopher", "a.example:8443"),
        (None, host("a.example:8443"))
    );
    let standard =
        "for=1.1.1.1;proto=https;host=evil, for=203.0.113.9;proto=http;host=a.example, for=10.0.0.2";
    assert_eq!(told(&[("forwarded", standard)]), (Some(false), host("a.example")));
    // Beside `Forwarded` alone, the other family is what the client sent.
    let mixed = [("forwarded", "for=203.0.113.9"), ("x-forwarded-proto", "https")];
    assert_eq!(told(&mixed), (None, None));
}

#[test]
fn families_that_contradict_each_other_are_refused() {
    let chain = ("x-forwarded-for", "203.0.113.9");
    for standard in [
        "for=1.1.1.1",
        "for=unknown",
        "for=203.0.113.9;proto=https",
        "for=203.0.113.9;host=other",
    ] {
        let fields = [
            chain,
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "a"),
            ("forwarded", standard),
        ];
        let refusal = read(&fields).unwrap_err();
        assert_eq!(refusal.kind(), Kind::MalformedRequest, "{standard}");
    }
    // What only the forgeable field says is not believed.
    let agreeing = [chain, ("forwarded", "for=203.0.113.9;proto=https;host=evil")];
    let told = read(&agreeing).unwrap().unwrap();
    assert_eq!((told.secure, told.host), (None, None));
}

#[test]
fn a_host_that_is_none_is_refused() {
    let refusal = read(&[("x-forwarded-host", "a/b")]).unwrap_err();
    assert_eq!(refusal.kind(), Kind::BadHost);
}

#[test]
fn a_chain_of_a_thousand_hops_ends() {
    let chain = vec!["10.0.0.7"; 1000].join(", ");
    let told = read(&[("x-forwarded-for", &format!("203.0.113.9, {chain}"))])
        .unwrap()
        .unwrap();
    assert_eq!(
        (told.hops.len(), told.hops[HOPS - 1]),
        (HOPS, "10.0.0.7".parse().unwrap())
    );
    let standard = vec!["for=10.0.0.7"; 1000].join(",");
    assert_eq!(client("forwarded", &standard).as_deref(), Some("10.0.0.7"));
}

proptest! {
    /// Whatever a client puts in front: what the proxy appended decides.
    #[test]
    fn what_a_client_writes_changes_nothing(
        forged in "[ -~]{0,60}",
        own in any::<u32>().prop_map(Ipv4Addr::from).prop_filter("not a proxy", |a| a.octets()[0] != 10),
    ) {
        let expected = Some(own.to_string());
        prop_assert_eq!(client("x-forwarded-for", &format!("{forged}, {own}")), expected.clone());
        prop_assert_eq!(client("forwarded", &format!("{forged}, for={own}")), expected.clone());
        prop_assert_eq!(client("forwarded", &format!("{forged}, for=\"{own}:1\"")), expected);
    }

    /// Any bytes at all are read to an end.
    #[test]
    fn anything_is_read(text in "[\\t -~]{0,200}") {
        let _told = (read(&[("x-forwarded-for", &text)]), read(&[("forwarded", &text)]));
    }
}
