//! Key sets that rotate, are withdrawn, and cannot be read.

use super::*;

fn readings(shared: &Shared, address: SocketAddr, outcome: &str) -> f64 {
    let host = format!("{address}/jwks.json");
    shared
        .meters
        .value("sluice_jwks_refresh", &[("jwks", &host), ("outcome", outcome)])
}

#[test]
fn keys_rotate_in_the_background() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let server = Server::new(ok(&old.jwks()));
    let shared = shared();
    let plan = jwt_plan(
        server.address,
        Duration::from_millis(100),
        Duration::from_millis(50),
    );
    let jwt = Jwt::compile(&plan, None, &shared).unwrap();
    let (of_old, of_new) = (token(&old), token(&new));
    until("the first reading", || is_proved(&judge(&jwt, &of_old)));
    server.now_answers(ok(
        &json!({"keys": [new.jwks()["keys"][0], old.jwks()["keys"][0]]}),
    ));
    until("both keys", || is_proved(&judge(&jwt, &of_new)));
    assert!(is_proved(&judge(&jwt, &of_old)));
    server.now_answers(ok(&new.jwks()));
    until("a withdrawn key counts no more, remembered or not", || {
        is_wrong(&judge(&jwt, &of_old), "not known")
    });
    assert!(is_proved(&judge(&jwt, &of_new)));
    assert!(readings(&shared, server.address, "new") >= 3.0);
    until("a reading without news", || {
        readings(&shared, server.address, "same") >= 1.0
    });
    let text = shared.meters.render();
    assert!(
        text.contains(&format!(
            "sluice_jwks_keys{{jwks=\"{}/jwks.json\"}} 1",
            server.address
        )),
        "{text}"
    );
    assert!(!text.contains("planted-query"), "{text}");
}

#[test]
fn what_was_read_is_kept_when_a_reading_fails() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let plan = jwt_plan(
        server.address,
        Duration::from_millis(20),
        Duration::from_millis(20),
    );
    let jwt = Jwt::compile(&plan, None, &shared).unwrap();
    let good = token(&issuer);
    until("the first reading", || is_proved(&judge(&jwt, &good)));
    let endless = b"HTTP/1.1 200 OK\r\n\r\n"
        .iter()
        .copied()
        .chain(std::iter::repeat_n(b' ', 2 << 20))
        .collect();
    for (answer, outcome) in [
        (status("503 Service Unavailable"), "status"),
        (status("302 Found\r\nLocation: http://127.0.0.1:1/"), "status"),
        (ok(&json!({"keys": "none"})), "malformed"),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n<p>oops\r\n".to_vec(),
            "malformed",
        ),
        (endless, "too_large"),
        (b"SSH-2.0-x\r\n".to_vec(), "unreachable"),
        (Vec::new(), "unreachable"),
    ] {
        server.now_answers(answer);
        let before = readings(&shared, server.address, outcome);
        until(outcome, || readings(&shared, server.address, outcome) > before);
        assert!(is_proved(&judge(&jwt, &good)), "{outcome}");
    }
    server.now_answers(ok(&json!({"keys": []})));
    until("no key at all is an answer", || {
        is_wrong(&judge(&jwt, &good), "not known")
    });
}

#[test]
fn a_new_key_is_found_by_the_first_token_that_has_it() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let server = Server::new(ok(&old.jwks()));
    let shared = shared();
    let jwt = Jwt::compile(
        &jwt_plan(server.address, HOUR, Duration::from_millis(100)),
        None,
        &shared,
    )
    .unwrap();
    until("the first reading", || is_proved(&judge(&jwt, &token(&old))));
    std::thread::sleep(Duration::from_millis(300));
    server.now_answers(ok(&new.jwks()));
    assert!(
        is_proved(&judge(&jwt, &token(&new))),
        "it waits for the reading that it causes"
    );
    assert_eq!(server.asked(), 2);
}

#[test]
fn a_storm_of_unknown_keys_is_one_reading_an_interval() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let interval = Duration::from_millis(400);
    let jwt = Jwt::compile(&jwt_plan(server.address, HOUR, interval), None, &shared).unwrap();
    until("the first reading", || is_proved(&judge(&jwt, &token(&issuer))));
    let (begin, judged) = (Instant::now(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (jwt, issuer, judged) = (&jwt, &issuer, &judged);
            scope.spawn(move || {
                let claims = json!({"sub": "acme", "exp": Timestamp::now().as_second() + 300});
                while begin.elapsed() < 4 * interval {
                    let tokens: Vec<_> = (0..50)
                        .map(|n| {
                            issuer.sign(
                                &json!({"alg": "ES256", "kid": format!("../{thread}-{n}")}),
                                &claims,
                            )
                        })
                        .collect();
                    on_a_core(futures_util::future::join_all(tokens.iter().map(|token| async {
                        let found = jwt.judge(token, Timestamp::now()).await;
                        assert!(is_wrong(&found, "not known"), "{found:?}");
                        judged.fetch_add(1, Ordering::Relaxed);
                    })));
                    assert!(is_proved(&judge(jwt, &token(issuer))), "others are served");
                }
            });
        }
    });
    let most = 2 + (begin.elapsed().as_millis() / interval.as_millis()) as usize;
    let (asked, judged) = (server.asked(), judged.into_inner());
    println!(
        "{judged} tokens of unknown keys in {:?}: the key set was read {asked} times",
        begin.elapsed()
    );
    assert!(
        judged > 200 && (2..=most).contains(&asked),
        "{judged} tokens, {asked} readings, {most} at most"
    );
}

#[test]
fn without_keys_at_the_start_every_token_waits_for_them() {
    let issuer = Issuer::new();
    let address = scripted::nobody();
    let shared = shared();
    let jwt = Jwt::compile(
        &jwt_plan(address, HOUR, Duration::from_millis(100)),
        None,
        &shared,
    )
    .unwrap();
    let good = token(&issuer);
    until("a reading that failed", || {
        readings(&shared, address, "unreachable") >= 1.0
    });
    assert!(is_unavailable(&judge(&jwt, &good)));
    assert!(
        is_unavailable(&judge(&jwt, "a.b.c")),
        "no token is judged without keys"
    );
    assert!(
        shared
            .meters
            .render()
            .contains(&format!("sluice_jwks_keys{{jwks=\"{address}/jwks.json\"}} 0"))
    );
    let _server = Server::at(TcpListener::bind(address).unwrap(), ok(&issuer.jwks()));
    until("the server is up", || is_proved(&judge(&jwt, &good)));
}

#[test]
fn an_address_that_leads_on_or_never_ends_gives_no_keys() {
    let issuer = Issuer::new();
    let target = Server::new(ok(&issuer.jwks()));
    let redirect = Server::new(status(&format!(
        "307 Temporary Redirect\r\nLocation: http://{}/jwks.json",
        target.address
    )));
    let slow = Server::new(ok(&issuer.jwks()));
    slow.now_waits(PATIENCE);
    let trickle = scripted::upstream(|mut stream, _| {
        let _head = scripted::head(&mut stream);
        let _open = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    for (address, outcome) in [
        (redirect.address, "status"),
        (slow.address, "timeout"),
        (trickle, "timeout"),
    ] {
        let shared = shared();
        let mut plan = jwt_plan(address, HOUR, HOUR);
        if let KeySource::Remote(remote) = &mut plan.keys.source {
            remote.timeout = Duration::from_millis(300);
        }
        let jwt = Jwt::compile(&plan, None, &shared).unwrap();
        until(outcome, || readings(&shared, address, outcome) >= 1.0);
        assert!(is_unavailable(&judge(&jwt, &token(&issuer))));
    }
    assert_eq!(target.asked(), 0, "a redirect is not followed");
}

#[test]
fn a_reload_leaves_no_gap_and_schemes_share_a_key_set() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let shared = shared();
    let plan = jwt_plan(server.address, HOUR, HOUR);
    let first = Jwt::compile(&plan, None, &shared).unwrap();
    let second = Jwt::compile(&plan, None, &shared).unwrap();
    until("the first reading", || is_proved(&judge(&first, &token(&issuer))));
    assert!(is_proved(&judge(&second, &token(&issuer))));
    server.now_answers(status("500 Internal Server Error"));
    // Another place in the file, another leeway, another interval: the keys are those that were read.
    let mut moved = plan.clone();
    moved.claims.leeway = Duration::ZERO;
    moved.keys.refresh = HOUR / 2;
    if let KeySource::Remote(remote) = &mut moved.keys.source {
        remote.place.span.line = 7;
    }
    let third = Jwt::compile(&moved, Some(&first), &shared).unwrap();
    drop((first, second));
    assert!(is_proved(&judge(&third, &token(&issuer))));
    assert_eq!(server.asked(), 1);
}

#[test]
fn no_token_and_no_slip_leads_to_the_metadata_of_a_cloud() {
    let shared = shared();
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
    ] {
        for scheme in ["http", "https"] {
            let mut plan = jwt_plan(([127, 0, 0, 1], 1).into(), HOUR, HOUR);
            let mut remote = remote(format!("{scheme}://{host}/latest/meta-data"));
            remote.plain_http = true;
            plan.keys.source = KeySource::Remote(remote);
            let fault = Jwt::compile(&plan, None, &shared).unwrap_err().remove(0);
            assert!(
                fault.code == Code::BadUrl && fault.message.contains("link-local"),
                "{host}: {fault:?}"
            );
        }
    }
}

/// The figures are of this build, whose cryptography is as fast as that of a release; nothing is asserted of them.
#[test]
fn what_a_token_costs() {
    let issuer = Issuer::new();
    let server = Server::new(ok(&issuer.jwks()));
    let jwt = Jwt::compile(&jwt_plan(server.address, HOUR, HOUR), None, &shared()).unwrap();
    let tokens: Vec<String> = (0..500).map(|_| token(&issuer)).collect();
    until("the first reading", || is_proved(&judge(&jwt, &token(&issuer))));
    for what in ["the first time, its signature verified", "again, remembered"] {
        let begin = Instant::now();
        on_a_core(async {
            for token in &tokens {
                assert!(is_proved(&jwt.judge(token, Timestamp::now()).await));
            }
        });
        let each = begin.elapsed() / u32::try_from(tokens.len()).unwrap();
        println!("an ES256 token of {} bytes, {what}: {each:?}", tokens[0].len());
    }
}
