//! Usage figures, traces, access logs, messages: what their settings become, and what is refused.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use sluice_config::plan::{AccessLogTo, NotifyTo, Plan, Secret, UsageStore};
use sluice_config::{Code, Diagnostic, Sources, config_schema, load, render_all};

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
      - api_key: {header: X-Todo-Key}
      - api_key: {query: key}
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "DATABASE" => Some("postgres://sluice:planted@db:5432/usage".to_owned()),
        "TOKEN" | "SECRET" => Some("planted-planted-planted".to_owned()),
        "LINES" => Some("planted\nplanted".to_owned()),
        "SHARE" => Some("0.25".to_owned()),
        "SHORT" => Some("planted".to_owned()),
        _ => None,
    }
}

fn sources(more: &str) -> Sources {
    Sources::from_files([
        ("sluice.yaml", format!("{MAIN}{more}")),
        ("apis/todos/api.yaml", API.to_owned()),
    ])
}

fn plan(more: &str) -> Result<Plan> {
    let sources = sources(more);
    let loaded = load(&sources, &environment).map_err(|faults| render_all(&faults, &sources))?;
    Ok(loaded.plan)
}

fn faults(more: &str) -> (Vec<Diagnostic>, String) {
    let sources = sources(more);
    let faults = load(&sources, &environment).err().unwrap_or_default();
    let text = render_all(&faults, &sources);
    (faults, text)
}

fn assert_fault(more: &str, code: Code, words: &str) {
    let (faults, text) = faults(more);
    let codes: Vec<Code> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [code], "{more}: {text}");
    assert!(text.contains(words), "{more}: {text}");
    assert!(!text.contains("planted"), "{more}: {text}");
}

#[test]
fn without_settings_nothing_is_kept_or_told() -> Result {
    let plan = plan("")?;
    assert_eq!((plan.usage, plan.traces), (None, None));
    assert_eq!((plan.access_log, plan.notify), (None, None));
    Ok(())
}

#[test]
fn usage_needs_no_setting() -> Result {
    let usage = plan("usage: {}")?.usage.ok_or("no usage")?;
    assert!(matches!(&usage.store, UsageStore::Sqlite(file) if file.path == Path::new("usage.sqlite")));
    assert_eq!(usage.flush, Duration::from_secs(10));
    assert_eq!((usage.keys, usage.unidentified), (400_000, 1_000));
    let hours = |n: u64| Duration::from_secs(n * 3600);
    assert_eq!(usage.retention.minutes, hours(48));
    assert_eq!(usage.retention.hours, hours(90 * 24));
    assert_eq!(usage.retention.days, None);
    assert_eq!(usage.place.span.line, 5);
    Ok(())
}

#[test]
fn a_server_is_named_by_the_environment_or_a_file() -> Result {
    let usage = plan("usage: {store: {postgres: \"${DATABASE}\"}, retention: {days: 1095d}}")?.usage;
    let usage = usage.ok_or("no usage")?;
    let UsageStore::Postgres(Secret::Value(address, _)) = &usage.store else {
        return Err("no server".into());
    };
    assert_eq!(&**address, "postgres://sluice:planted@db:5432/usage");
    assert!(!format!("{usage:?}").contains("planted"));
    assert_eq!(usage.retention.days, Some(Duration::from_secs(1095 * 86_400)));
    let usage = plan("usage: {store: {postgres_file: database.txt}}")?.usage;
    assert!(matches!(
        usage.ok_or("no usage")?.store,
        UsageStore::Postgres(Secret::File(_))
    ));
    // Without a password there is nothing to hide.
    plan("usage: {store: {postgres: \"postgresql:///usage?host=/run/postgresql\"}}")?;
    Ok(())
}

#[test]
fn a_minute_is_a_whole_number_of_flushes() -> Result {
    for flush in [
        "1s", "2s", "5s", "10s", "15s", "20s", "30s", "60s", "1m", "1000ms",
    ] {
        plan(&format!("usage: {{flush: {flush}}}"))?;
    }
    for flush in ["0s", "3s", "7s", "40s", "2m", "999ms"] {
        assert_fault(
            &format!("usage: {{flush: {flush}}}"),
            Code::NotAChoice,
            "write `1s`",
        );
    }
    assert_fault("usage: {flush: \"10\"}", Code::BadDuration, "no unit");
    Ok(())
}

#[test]
fn what_is_counted_has_bounds() {
    for more in [
        "keys: 999",
        "keys: 10000001",
        "unidentified: 0",
        "unidentified: 1000001",
    ] {
        assert_fault(&format!("usage: {{{more}}}"), Code::OutOfRange, "too");
    }
}

#[test]
fn coarse_figures_are_kept_longest() {
    let told = |retention: &str, code, words| {
        assert_fault(&format!("usage: {{retention: {{{retention}}}}}"), code, words);
    };
    told(
        "hours: 47h",
        Code::RetentionOrder,
        "`hours` are kept for a shorter time",
    );
    told(
        "days: 89d",
        Code::RetentionOrder,
        "`days` are kept for a shorter time",
    );
    told("minutes: 59m", Code::OutOfRange, "less than 1h");
    told("hours: 23h", Code::OutOfRange, "less than 1d");
}

#[test]
fn stores_that_cannot_be_are_refused() {
    let told = |store: &str, code, words| assert_fault(&format!("usage: {{store: {store}}}"), code, words);
    told("{}", Code::BadSettings, "exactly one");
    told(
        "{sqlite: a.sqlite, postgres_file: b}",
        Code::BadSettings,
        "exactly one",
    );
    told(
        "{sqlite: apis/usage.sqlite}",
        Code::UnwritableFile,
        "read as configuration",
    );
    told(
        "{sqlite: ./usage.yaml}",
        Code::UnwritableFile,
        "read as configuration",
    );
    told("{sqlite: data/}", Code::UnwritableFile, "names no file");
    told(
        "{sqlite: \"sqlite://usage\"}",
        Code::UnwritableFile,
        "names no file",
    );
    told("{postgres: \"mysql://db/usage\"}", Code::BadAddress, "PostgreSQL");
    told("{postgres: \"postgres://\"}", Code::BadAddress, "PostgreSQL");
    told("{postgres: \"${SECRET}\"}", Code::BadAddress, "PostgreSQL");
    told(
        "{postgres: \"postgres://a:planted@db/usage\"}",
        Code::WrittenSecret,
        "usage.store.postgres",
    );
    told(
        "{postgres: \"postgres://db/usage?password=planted\"}",
        Code::WrittenSecret,
        "usage.store",
    );
}

#[test]
fn a_collector_is_asked_with_fields_from_elsewhere() -> Result {
    let more = "traces:\n  collector: http://127.0.0.1:4318/v1/traces\n  headers: {Authorization: \"Bearer \
                ${TOKEN}\"}\n  header_files: {x-tenant: tenant.txt}\n  share: \"${SHARE}\"\n  follow: false";
    let traces = plan(more)?.traces.ok_or("no traces")?;
    assert_eq!(traces.collector.url, "http://127.0.0.1:4318/v1/traces");
    let names: Vec<&str> = traces.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["authorization", "x-tenant"]);
    assert!(matches!(&traces.headers[0].1, Secret::Value(value, _) if value.starts_with("Bearer planted")));
    assert_eq!(
        (traces.share, traces.follow, traces.service.as_str()),
        (0.25, false, "sluice")
    );
    assert!(!format!("{traces:?}").contains("planted"));
    Ok(())
}

#[test]
fn fields_of_a_collector_are_judged() {
    let told = |more: &str, code, words| {
        assert_fault(
            &format!("traces: {{collector: \"https://t.example/\", {more}}}"),
            code,
            words,
        );
    };
    told(
        "headers: {authorization: planted}",
        Code::WrittenSecret,
        "traces.headers.authorization",
    );
    told(
        "headers: {\"a b\": \"${TOKEN}\"}",
        Code::BadField,
        "not the name of a header",
    );
    told("headers: {a: \"${LINES}\"}", Code::BadField, "one line");
    told(
        "headers: {Content-Type: \"${TOKEN}\"}",
        Code::ReservedField,
        "how a message is read",
    );
    told(
        "headers: {a: \"${TOKEN}\"}, header_files: {A: f}",
        Code::BadSettings,
        "given twice",
    );
    told("share: 1.01", Code::OutOfRange, "too large");
    told("share: -0.1", Code::OutOfRange, "too small");
    told(
        "reach: {timeout: 61s}",
        Code::OutOfRange,
        "not between 1ms and 1m",
    );
    assert_fault(
        "traces: {collector: \"http://t.example/\"}",
        Code::BadUrl,
        "over plain HTTP",
    );
}

#[test]
fn logs_go_to_a_stream_or_a_file() -> Result {
    let log = plan("access_log: {to: stdout}")?.access_log.ok_or("no log")?;
    assert_eq!((log.to, log.share), (AccessLogTo::Stdout, 1.0));
    let more =
        "access_log: {to: {file: access.jsonl, rotate: 1MiB, keep: 2}, request: [User-Agent], query: [page]}";
    let log = plan(more)?.access_log.ok_or("no log")?;
    assert!(matches!(
        log.to,
        AccessLogTo::File {
            rotate: 1_048_576,
            keep: 2,
            ..
        }
    ));
    assert_eq!(
        (log.request[0].as_str(), log.query.as_slice()),
        ("user-agent", &["page".to_owned()][..])
    );
    assert_fault(
        "access_log: {to: stdot}",
        Code::NotAChoice,
        "did you mean `stdout`? known here: `stdout`, `{file: …}`",
    );
    assert_fault(
        "access_log: {to: {file: a.jsonl, rotate: 0B}}",
        Code::OutOfRange,
        "nothing",
    );
    assert_fault(
        "access_log: {to: {file: a.jsonl, keeps: 1}}",
        Code::UnknownKey,
        "did you mean `keep`",
    );
    assert_fault("access_log: {}", Code::MissingKey, "`to`");
    Ok(())
}

#[test]
fn no_credential_is_logged() {
    for name in ["Authorization", "cookie", "Proxy-Authorization", "x-todo-key"] {
        assert_fault(
            &format!("access_log: {{to: stdout, request: [{name}]}}"),
            Code::CredentialInLog,
            name,
        );
    }
    assert_fault(
        "access_log: {to: stdout, answer: [Set-Cookie]}",
        Code::CredentialInLog,
        "Set-Cookie",
    );
    for name in ["key", "access_token"] {
        assert_fault(
            &format!("access_log: {{to: stdout, query: [{name}]}}"),
            Code::CredentialInLog,
            name,
        );
    }
}

#[test]
fn messages_go_to_a_directory_or_a_webhook() -> Result {
    let notify = plan("notify: {to: {directory: messages}}")?
        .notify
        .ok_or("no messages")?;
    assert_eq!(notify.to, NotifyTo::Directory("messages".into()));
    assert_eq!(notify.days, [90, 30, 7]);
    let more = "notify: {to: {webhook: \"https://h.example/x\", secret: \"${SECRET}\"}, days: [1, 14, 1]}";
    let notify = plan(more)?.notify.ok_or("no messages")?;
    assert!(
        matches!(&notify.to, NotifyTo::Webhook { remote, secret: Some(_) } if remote.url.ends_with("/x"))
    );
    assert_eq!(notify.days, [14, 1]);
    assert!(!format!("{notify:?}").contains("planted"));
    Ok(())
}

#[test]
fn places_for_messages_are_judged() {
    let told = |to: &str, code, words| assert_fault(&format!("notify: {{to: {{{to}}}}}"), code, words);
    told("", Code::BadSettings, "exactly one of `directory` and `webhook`");
    told(
        "directory: a, webhook: \"https://h/\"",
        Code::BadSettings,
        "exactly one",
    );
    told(
        "directory: a, secret: \"${SECRET}\"",
        Code::BadSettings,
        "`secret` is for a webhook",
    );
    told(
        "directory: a, reach: {}",
        Code::BadSettings,
        "`reach` is for a webhook",
    );
    told("webhook: \"http://h.example/\"", Code::BadUrl, "over plain HTTP");
    told(
        "webhook: \"https://h/\", secret: planted",
        Code::WrittenSecret,
        "notify.to.secret",
    );
    told(
        "webhook: \"https://h/\", secret: \"${SHORT}\"",
        Code::WeakSecret,
        "16 bytes",
    );
    let both = "webhook: \"https://h/\", secret: \"${SECRET}\", secret_file: x";
    told(both, Code::BadSettings, "one of `secret` and `secret_file`");
    assert_fault(
        "notify: {to: {directory: a}, days: [0]}",
        Code::OutOfRange,
        "too small",
    );
}

#[test]
fn the_schema_tells_of_every_setting() {
    let schema = config_schema().to_string();
    let told = [
        "UsageStore",
        "postgres_file",
        "Retention",
        "Traces",
        "header_files",
        "AccessLog",
        "LogFile",
        "NotifyTo",
        "Trial",
    ];
    for name in told {
        assert!(schema.contains(&format!("\"{name}\"")), "{name}");
    }
}
