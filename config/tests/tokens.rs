//! Settings of tokens: what they become, and what is refused.

use std::error::Error;
use std::time::Duration;

use sluice_config::plan::{Algorithm, KeySource, SchemePlan, Secret};
use sluice_config::{Code, Diagnostic, Sources, load, render_all};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const MAIN: &str =
    "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams:\n  todos: {endpoints: [\"127.0.0.1:9100\"]}\n";
const API: &str = r#"
sluice: 1
api: todos
upstream: todos
origin: "1.0"
additions: pass
unmentioned: pass
select:
  - path: {template: "/v{version}"}
versions:
  - {name: "1.0"}
authentication:
  - schemes:
      - SCHEME
"#;
const JWT: &str = r#"jwt: {jwks: "${JWKS:-jwks.json}", issuer: "https://id.example", audience: [todos], algorithms: [ES256], MORE}"#;
const INTROSPECTION: &str = r#"introspection: {url: "https://id.example/introspect", client: gateway, MORE}"#;

fn sources(scheme: &str, more: &str) -> Sources {
    let api = API.replace("SCHEME", scheme).replace("MORE", more);
    Sources::from_files([("sluice.yaml", MAIN.to_owned()), ("apis/todos/api.yaml", api)])
}

fn faults(scheme: &str, more: &str) -> (Vec<Diagnostic>, String) {
    let sources = sources(scheme, more);
    let faults = load(&sources, &|_| None).err().unwrap_or_default();
    let text = render_all(&faults, &sources);
    (faults, text)
}

fn scheme(scheme: &str, more: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<SchemePlan> {
    let sources = sources(scheme, more);
    let loaded = load(&sources, env).map_err(|faults| render_all(&faults, &sources))?;
    let entry = loaded.plan.apis[0]
        .authentication
        .entries
        .first()
        .ok_or("no entry")?;
    Ok(entry.schemes.first().ok_or("no scheme")?.clone())
}

#[test]
fn a_key_set_is_a_file_or_an_address() -> Result {
    let SchemePlan::Jwt(file) = scheme(JWT, "", &|_| None)? else {
        return Err("no JWT".into());
    };
    assert!(matches!(&file.keys.source, KeySource::File(named) if named.path.as_os_str() == "jwks.json"));
    assert_eq!(file.keys.refresh, Duration::from_secs(600));
    assert_eq!(file.keys.unknown_key, Duration::from_secs(30));
    assert_eq!(
        (file.claims.leeway, file.claims.subject.as_str()),
        (Duration::from_secs(60), "sub")
    );
    assert_eq!(file.algorithms, [Algorithm::ES256]);
    for url in [
        "https://id.example/jwks",
        "http://localhost:1/jwks",
        "http://127.0.0.1:1/",
        "http://[::1]/x",
    ] {
        let env = |name: &str| (name == "JWKS").then(|| url.to_owned());
        let SchemePlan::Jwt(remote) = scheme(JWT, "reach: {timeout: 1s}", &env)? else {
            return Err("no JWT".into());
        };
        assert!(
            matches!(&remote.keys.source, KeySource::Remote(r) if r.url == url && r.timeout.as_secs() == 1)
        );
    }
    Ok(())
}

#[test]
fn only_a_server_that_nobody_can_forge_is_asked() {
    for url in [
        "http://id.example/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://u:p@id.example/",
        "https://id.example/#x",
        "ftp://id.example/",
        "file:///etc/passwd",
        "https:///x",
        "https://",
        "https://a b/",
        "https://id.example\\@evil/",
    ] {
        let (faults, text) = faults(
            &INTROSPECTION.replace("https://id.example/introspect", url),
            "secret_file: x",
        );
        let codes: Vec<Code> = faults.iter().map(|fault| fault.code).collect();
        assert!(
            codes == [Code::BadUrl] || codes == [Code::Syntax],
            "{url}: {text}"
        );
    }
}

#[test]
fn only_algorithms_with_public_keys_are_accepted() {
    for name in ["none", "HS256", "HS512", "ES512", "es256", "RSA-OAEP", ""] {
        let (faults, text) = faults(&JWT.replace("[ES256]", &format!("[ES256, \"{name}\"]")), "");
        assert!(
            faults.iter().any(|fault| fault.code == Code::NotAChoice),
            "{name}: {text}"
        );
    }
    let (faults, text) = faults(&JWT.replace("[ES256]", "[]"), "");
    assert_eq!(
        faults.first().map(|fault| fault.code),
        Some(Code::OutOfRange),
        "{text}"
    );
}

#[test]
fn quantities_are_bounded() {
    for more in [
        "refresh: 0s",
        "unknown_key: 0s",
        "refresh: 999ms",
        "leeway: 11m",
        "reach: {timeout: 0s}",
        "reach: {timeout: 2m}",
        "audience: []",
    ] {
        let jwt = JWT
            .replace("jwks.json", "https://id.example/x")
            .replace("audience: [todos], ", "");
        let more = if more.starts_with("audience") {
            more.to_owned()
        } else {
            format!("audience: [x], {more}")
        };
        let (faults, text) = faults(&jwt, &more);
        assert_eq!(
            faults.first().map(|fault| fault.code),
            Some(Code::OutOfRange),
            "{more}: {text}"
        );
    }
}

#[test]
fn a_secret_comes_from_elsewhere_and_is_not_shown() -> Result {
    let (found, text) = faults(INTROSPECTION, "secret: planted");
    assert_eq!(found.len(), 1);
    assert!(
        text.contains("holds the secret itself") && !text.contains("planted"),
        "{text}"
    );
    for more in ["cache: 1s", "secret_file: x, secret: \"${A:-b}\""] {
        let (found, text) = faults(INTROSPECTION, more);
        assert!(found.len() == 1 && text.contains("exactly one of"), "{text}");
    }
    let env = |name: &str| (name == "SECRET").then(|| "planted".to_owned());
    let SchemePlan::Introspection(plan) = scheme(INTROSPECTION, "secret: \"${SECRET}\"", &env)? else {
        return Err("no introspection".into());
    };
    assert!(matches!(&plan.secret, Secret::Value(text, _) if &**text == "planted"));
    assert!(!format!("{plan:?}").contains("planted"));
    Ok(())
}
