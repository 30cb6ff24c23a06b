//! Limits and the store: what a plan holds, what is refused, and that a store's address is never shown.

use std::error::Error;
use std::time::Duration;

use sluice_config::plan::{KeyPart, Measure, OnStoreFailure, Period, Reach};
use sluice_config::{Code, Loaded, Sources, load, render_all};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const MAIN: &str =
    "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams: {todos: {endpoints: [\"127.0.0.1:9100\"]}}\n";

const API: &str = "sluice: 1\napi: todos\nupstream: todos\norigin: \"1.0\"\nadditions: pass\nselect: [{header: {name: v}}]\nversions: [{name: \"1.0\"}]\ndocument: openapi.yaml\n";

const DOCUMENT: &str = "openapi: 3.1.0\ninfo: {title: Todos, version: \"1.0\"}\npaths:\n  /todos:\n    get: {operationId: listTodos, responses: {\"200\": {description: ok, content: {}}}}\n";

const CONSUMERS: &str = "sluice: 1\nconsumers: {acme: {groups: [partners]}}\n";

const PASSWORD: &str = "hunter2-not-to-be-shown";

fn sources(main: &str, api: &str) -> Sources {
    let files = [
        ("sluice.yaml", format!("{MAIN}{main}")),
        ("apis/todos/api.yaml", format!("{API}{api}")),
        ("apis/todos/openapi.yaml", DOCUMENT.to_owned()),
        ("consumers.yaml", CONSUMERS.to_owned()),
    ];
    Sources::from_files(files.map(|(path, text)| (path.to_owned(), text.into_bytes())))
}

fn env(name: &str) -> Option<String> {
    (name == "REDIS_URL").then(|| format!("redis://:{PASSWORD}@store:6379/2"))
}

/// What is told of a configuration: each code, and all of it as text.
fn told(main: &str, api: &str) -> (Vec<Code>, String) {
    let sources = sources(main, api);
    let faults = load(&sources, &env).map_or_else(|faults| faults, |loaded| loaded.warnings);
    let codes = faults.iter().map(|fault| fault.code).collect();
    (codes, render_all(&faults, &sources))
}

fn loaded(main: &str, api: &str) -> Result<Loaded> {
    let sources = sources(main, api);
    load(&sources, &env).map_err(|faults| render_all(&faults, &sources).into())
}

const STORE: &str = "store: {redis: \"${REDIS_URL}\"}\n";

#[test]
fn limits_become_a_plan() -> Result {
    let api = "limits:
  - {name: a, key: [consumer, \"header:X-Tenant\"], rate: 180/m}
  - {name: b, rate: 10/s, burst: 5, where: fleet, exact: true, on_failure: closed, consumers: [acme], groups: [partners]}
  - {name: c, key: [address], quota: 7/day, where: fleet, fields: false}
  - {name: d, concurrency: 3, operations: [listTodos]}
weights: {listTodos: 2}
request_sizes: {listTodos: 1KiB}
";
    let plan = loaded(STORE, api)?.plan;
    let limits = &plan.apis[0].limits;
    let [a, b, c, d] = &limits.limits[..] else {
        return Err("four limits".into());
    };
    let header = KeyPart::Header("x-tenant".parse()?);
    assert_eq!(a.key, [KeyPart::Consumer, header]);
    let minute = Duration::from_secs(60);
    assert!(
        matches!(a.measure, Measure::Rate { count, per, burst } if (count.get(), per, burst.get()) == (180, minute, 3))
    );
    assert!((a.reach == Reach::Local) && a.fields && a.applies.to_all());
    let closed = OnStoreFailure::Closed;
    assert_eq!(
        b.reach,
        Reach::Fleet {
            exact: true,
            on_failure: closed
        }
    );
    assert_eq!(
        (b.applies.consumers.len(), &b.applies.groups[..]),
        (1, &["partners".to_owned()][..])
    );
    assert_eq!(
        c.measure,
        Measure::Quota {
            count: 7,
            period: Period::Day
        }
    );
    assert!(!c.fields);
    assert!(matches!(d.measure, Measure::Concurrency(cap) if cap.get() == 3) && !d.applies.to_all());
    assert_eq!(
        (limits.weight("listTodos").get(), limits.weight("other").get()),
        (2, 1)
    );
    assert_eq!(limits.bodies["listTodos"], 1024);
    Ok(())
}

#[test]
fn what_makes_no_sense_is_told() {
    use Code::{
        BadName, BadRate, BadSettings, LocalQuota, NoStore, NotSupported, OutOfRange, UnknownConsumer,
        UnknownGroup, UnknownOperation, UnknownVersion,
    };
    let cases = [
        ("{name: \"a b\", rate: 1/s}", BadName),
        ("{name: a, rate: 1/s}, {name: a, rate: 2/s}", BadSettings),
        ("{name: a}", BadSettings),
        ("{name: a, rate: 1/s, concurrency: 2}", BadSettings),
        ("{name: a, concurrency: 2, burst: 3}", BadSettings),
        ("{name: a, rate: 1/s, exact: true}", BadSettings),
        ("{name: a, rate: 1/s, on_failure: open}", BadSettings),
        ("{name: a, rate: 1/s, key: [consumer, consumer]}", BadSettings),
        ("{name: a, rate: 1/s, key: [\"header:\"]}", BadSettings),
        ("{name: a, rate: 1/s, key: [clients]}", BadSettings),
        ("{name: a, rate: 1.5/s}", BadRate),
        ("{name: a, rate: 1/day}", BadRate),
        ("{name: a, quota: 1/s}", BadRate),
        ("{name: a, rate: 0/s}", OutOfRange),
        ("{name: a, rate: 1000001/s}", OutOfRange),
        ("{name: a, rate: 99999999999999999999/h}", OutOfRange),
        ("{name: a, rate: 1/h, burst: 1000000000}", OutOfRange),
        ("{name: a, quota: 0/day}", OutOfRange),
        ("{name: a, rate: 1/s, where: fleet}", NoStore),
        ("{name: a, quota: 5/day}", LocalQuota),
        ("{name: a, rate: 1/s, operations: [lsitTodos]}", UnknownOperation),
        ("{name: a, rate: 1/s, versions: {from: \"9\"}}", UnknownVersion),
        ("{name: a, rate: 1/s, consumers: [acne]}", UnknownConsumer),
        ("{name: a, rate: 1/s, groups: [partner]}", UnknownGroup),
    ];
    for (limits, code) in cases {
        let (codes, text) = told("", &format!("limits: [{limits}]"));
        assert_eq!(codes, [code], "{limits}\n{text}");
    }
    let (codes, _) = told(STORE, "limits: [{name: a, concurrency: 2, where: fleet}]");
    assert_eq!(codes, [NotSupported]);
}

#[test]
fn a_request_that_never_fits_is_told() {
    for limit in ["rate: 10/s, burst: 4", "rate: 4/s", "quota: 4/day"] {
        let api = |weight: u32| format!("limits: [{{name: a, {limit}}}]\nweights: {{listTodos: {weight}}}");
        let faults = |weight| {
            told("", &api(weight))
                .0
                .into_iter()
                .filter(|code| *code != Code::LocalQuota)
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(5), [Code::OutOfRange], "{limit}");
        assert_eq!(faults(4), [], "{limit}");
    }
}

#[test]
fn a_store_is_an_address_and_its_password_comes_from_elsewhere() -> Result {
    for (store, code) in [
        ("redis: \"localhost:6379\"", Code::BadAddress),
        ("redis: \"redis://\"", Code::BadAddress),
        ("redis: \"rediss://store:6379\"", Code::NotSupported),
        ("redis: \"redis://:written@store:6379\"", Code::WrittenSecret),
        (
            "redis: \"${NONE:-redis://u:written@store:6379}\"",
            Code::WrittenSecret,
        ),
        ("redis: \"redis://store:6379\", timeout: 0ms", Code::OutOfRange),
        ("redis: \"redis://store:6379\", timeout: 2s", Code::OutOfRange),
        ("redis: \"x${REDIS_URL}\"", Code::BadAddress),
    ] {
        let (codes, text) = told(&format!("store: {{{store}}}\n"), "");
        assert_eq!(codes, [code], "{store}\n{text}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
    let plan = loaded(STORE, "")?.plan;
    let shown = format!("{plan:?}");
    assert!(!shown.contains(PASSWORD));
    let store = plan.store.ok_or("a store")?;
    assert_eq!((store.timeout, store.nodes), (Duration::from_millis(20), 1));
    Ok(())
}
