//! Tests of the door where there are no administrators; with some it is tried over sockets.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use sluice_config::{Sources, load};

use super::*;
use crate::serve::Role;

const MAIN: &str = "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nadmin: \"127.0.0.1:9901\"\nupstreams: {todos: {endpoints: [\"127.0.0.1:9100\"]}}\n";
const API: &str = "sluice: 1\napi: todos\nupstream: todos\norigin: \"1\"\nadditions: pass\nselect: [{path: {template: \"/v{version}\"}}]\nversions: [{name: \"1\"}]\n";

fn edition() -> Arc<Edition> {
    let files = [("sluice.yaml", MAIN), ("apis/todos/api.yaml", API)];
    let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
    Arc::new(Edition::unguarded(load(&sources, &|_| None).unwrap().plan))
}

fn peer(local: &str) -> Peer {
    Peer {
        remote: SocketAddr::from(([127, 0, 0, 1], 50_000)),
        local: local.parse().unwrap(),
        role: Role::Admin,
        secured: None,
    }
}

fn request(fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().uri("/console");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

#[test]
fn without_administrators_it_is_open_to_loopback_hosts_alone() {
    let (edition, peer) = (edition(), peer("127.0.0.1:9901"));
    let admitted = |host: &str| {
        let request = request(&[("host", host)]);
        let arrival = Arrival::of(&edition, &peer, &request, now()).unwrap();
        Door::default().admit(&arrival)
    };
    for here in [
        "127.0.0.1:9901",
        "127.8.9.1",
        "localhost:9901",
        "LOCALHOST",
        "localhost.",
        "[::1]:9901",
        "sluice.localhost:80",
    ] {
        assert!(matches!(admitted(here), Ok(Caller::Anyone)), "{here}");
    }
    for elsewhere in [
        "evil.example:9901",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "10.0.0.1:9901",
        "[::2]",
        "0.0.0.0",
    ] {
        assert!(
            matches!(admitted(elsewhere), Err(Turned::Misdirected(_))),
            "{elsewhere}"
        );
    }
}

#[test]
fn without_administrators_nobody_comes_in_from_elsewhere() {
    let (edition, peer) = (edition(), peer("192.0.2.1:9901"));
    let request = request(&[("host", "localhost")]);
    let arrival = Arrival::of(&edition, &peer, &request, now()).unwrap();
    assert!(matches!(Door::default().admit(&arrival), Err(Turned::Unknown(_))));
}

#[test]
fn a_form_is_ours_by_its_token_and_where_it_comes_from() {
    let (edition, peer, door) = (edition(), peer("127.0.0.1:9901"), Door::default());
    let token = door.token(&Caller::Anyone).unwrap();
    let judged = |token: &str, fields: &[(&str, &str)]| {
        let mut all = vec![("host", "localhost:9901")];
        all.extend(fields);
        let request = request(&all);
        let arrival = Arrival::of(&edition, &peer, &request, now()).unwrap();
        let form = Pairs::of_query(Some(&format!("token={token}"))).unwrap();
        door.judge(&arrival, &Caller::Anyone, &form).is_ok()
    };
    assert!(judged(&token, &[]));
    assert!(judged(
        &token,
        &[
            ("origin", "http://localhost:9901"),
            ("sec-fetch-site", "same-origin")
        ]
    ));
    assert!(judged(
        &token,
        &[("origin", "null"), ("sec-fetch-site", "same-origin")]
    ));
    assert!(!judged(&token, &[("origin", "http://evil.example")]));
    assert!(!judged(&token, &[("origin", "http://localhost:9902")]));
    assert!(!judged(
        &token,
        &[("origin", "null"), ("sec-fetch-site", "cross-site")]
    ));
    assert!(!judged(&token, &[("sec-fetch-site", "same-site")]));
    assert!(!judged("", &[]));
    assert!(!judged(&token[1..], &[]));
    let other = Door::default().token(&Caller::Anyone).unwrap();
    assert!(!judged(&other, &[]), "another process's");
}

#[test]
fn tokens_are_bound_to_sessions() {
    let door = Door::default();
    let token = || {
        let name = Arc::from("ops");
        let session = SessionId::random();
        door.token(&Caller::Administrator { name, session }).unwrap()
    };
    assert_ne!(token(), token());
    assert_ne!(token(), door.token(&Caller::Anyone).unwrap());
}

/// One try to log in with a key, from an address.
fn try_key(door: &Door, administrators: &Administrators, from: [u8; 4], key: &str) -> Result<(), u16> {
    let edition = edition();
    let peer = Peer {
        remote: SocketAddr::from((from, 50_000)),
        ..peer("127.0.0.1:9901")
    };
    let plain = request(&[("host", "127.0.0.1:9901")]);
    let (bound, token) = door
        .login_form(&Arrival::of(&edition, &peer, &plain, now()).unwrap())
        .unwrap();
    let cookie = format!("{LOGIN}={}", bound.text());
    let sent = request(&[("host", "127.0.0.1:9901"), ("cookie", &cookie)]);
    let arrival = Arrival::of(&edition, &peer, &sent, now()).unwrap();
    let form = Pairs::of_query(Some(&format!("token={token}&key={key}"))).unwrap();
    let tried = door.log_in(&arrival, administrators, &form);
    tried.map(|_| ()).map_err(|denied| match denied {
        Denied::Stranger(_) => 401,
        Denied::Refused(refusal) => refusal.kind().status().as_u16(),
    })
}

#[test]
fn others_who_guess_lock_no_administrator_out() {
    let hasher = Hasher::new(b"a-secret-of-more-than-sixteen-bytes");
    let hash: String = hasher
        .hash(b"ops-key")
        .0
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let access = format!(
        "{MAIN}keys: {{secret: a-secret-of-more-than-sixteen-bytes}}\nadmin_access: {{keys: [{{name: ops, hash: \"hmac-sha256:{hash}\"}}]}}\n"
    );
    let files = [("sluice.yaml", access.as_str()), ("apis/todos/api.yaml", API)];
    let sources = Sources::from_files(files.map(|(path, text)| (path, text.as_bytes())));
    let plan = load(&sources, &|_| None).unwrap().plan;
    let administrators = Administrators::new(plan.admin_access.as_ref().unwrap(), hasher);
    let door = Door::default();
    for number in 0..200_u8 {
        let tried = try_key(&door, &administrators, [10, 0, 0, number], "guess");
        assert_eq!(tried, Err(401), "{number}");
    }
    // Together they have used up what there is.
    assert_eq!(try_key(&door, &administrators, [10, 0, 1, 0], "guess"), Err(429));
    assert_eq!(try_key(&door, &administrators, [192, 0, 2, 1], "ops-key"), Ok(()));
}
