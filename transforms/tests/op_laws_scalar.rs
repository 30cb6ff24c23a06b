//! The laws of operators that rewrite a value or add one that says nothing new, over generated documents.
//!
//! put(s, v) is what is stored when a client that saw lower(s) writes v.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use sluice_transforms::contract::Purpose;
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::op::{Direction, Operator, Site, registry};
use sluice_transforms::parse::parse;
use sluice_transforms::patch;
use sluice_transforms::shape::{Field, Kind, Shape, Types};
use sluice_transforms::value::Value;

/// One operator between a client and what is stored.
struct Law {
    op: Box<dyn Operator>,
    /// The direction of the client's writes.
    lift: Direction,
    /// The client's type, and the stored one.
    client: Shape,
    stored: Shape,
    types: Types,
    /// The member that means the same, whether it is absent or has this value.
    implied: Option<(&'static str, &'static str)>,
}

impl Law {
    /// A law over documents of no known type.
    fn untyped(name: &str, settings: &str, lift: Direction) -> Self {
        let json = serde_json::from_str(settings).unwrap();
        let entry = registry::find(name).unwrap();
        let countries = |_: &str| Ok(br#"{"GB": "United Kingdom", "FR": "France"}"#.to_vec());
        let op = (entry.build)(&json, &countries).unwrap_or_else(|e| panic!("{settings}: {e}"));
        let (client, stored) = (Shape::any(), Shape::any());
        Self {
            op,
            lift,
            client,
            stored,
            types: Types::new(),
            implied: None,
        }
    }

    /// A law over documents whose stored side has these members.
    fn new(name: &str, settings: &str, lift: Direction, fields: &[(&str, Kind)]) -> Self {
        let field = |(name, kind): &(&str, Kind)| Field {
            name: (*name).to_owned(),
            shape: kind.clone().into(),
            required: false,
        };
        let stored = Shape::from(Kind::Object {
            fields: fields.iter().map(field).collect(),
            open: true,
        });
        let law = Self::untyped(name, settings, lift);
        let mut client = stored.clone();
        law.op.retype(lift.back(), &mut client, &law.types).expect("fits");
        Self {
            client,
            stored,
            ..law
        }
    }

    fn implying(mut self, name: &'static str, value: &'static str) -> Self {
        self.implied = Some((name, value));
        self
    }

    fn site<'a>(&'a self, purpose: Purpose, up: bool, stored: Option<(&'a Value, &'a Value)>) -> Site<'a> {
        let (source, target) = if up {
            (&self.client, &self.stored)
        } else {
            (&self.stored, &self.client)
        };
        Site {
            purpose,
            before: stored.map(|s| s.0),
            after: stored.map(|s| s.1),
            source,
            source_types: &self.types,
            target: Some(target),
            target_types: &self.types,
        }
    }

    fn lower(&self, doc: &Value) -> Result<Value, Fault> {
        let mut out = doc.clone();
        self.op.apply(
            self.lift.back(),
            &mut out,
            &self.site(Purpose::Answer, false, None),
        )?;
        Ok(out)
    }

    fn lift(&self, doc: &Value) -> Result<Value, Fault> {
        let mut out = doc.clone();
        self.op
            .apply(self.lift, &mut out, &self.site(Purpose::Create, true, None))?;
        Ok(out)
    }

    fn put(&self, purpose: Purpose, stored: &Value, sent: &Value) -> Result<Value, Fault> {
        let mut out = sent.clone();
        let shown = self.lower(stored)?;
        self.op.apply(
            self.lift,
            &mut out,
            &self.site(purpose, true, Some((&shown, stored))),
        )?;
        Ok(out)
    }

    /// The client's document with what it implies said.
    fn said(&self, mut doc: Value) -> Value {
        if let (Some((name, value)), Value::Object(object)) = (self.implied, &mut doc)
            && object.get(name).is_none()
        {
            object.set(name, json(value));
        }
        doc
    }

    fn holds(&self, stored: &Value, sent: &Value, change: &Value) {
        let Ok(shown) = self.lower(stored) else { return };
        let again = self.put(Purpose::Replace, stored, &shown);
        assert_eq!(again.as_ref(), Ok(stored), "no-op {stored}");
        let lifted = self
            .lift(&shown)
            .unwrap_or_else(|f| panic!("{shown} lifts: {}", f.detail));
        assert_eq!(
            self.lower(&lifted),
            Ok(shown.clone()),
            "lower∘lift∘lower {stored}"
        );
        if let Ok(put) = self.put(Purpose::Replace, stored, sent) {
            let got = self.lower(&put).map(|v| self.said(v));
            assert_eq!(got, Ok(self.said(sent.clone())), "put-get {sent} over {stored}");
        }
        if let Ok(lifted) = self.lift(sent) {
            let lowered = self.lower(&lifted).expect("what was lifted lowers");
            let again = self.lift(&lowered).map(|v| self.said(v));
            assert_eq!(again, Ok(self.said(lifted)), "lift∘lower∘lift {sent}");
        }
        self.patches(stored, &shown, change);
    }

    fn patches(&self, stored: &Value, shown: &Value, change: &Value) {
        let mut wanted = shown.clone();
        patch::apply(&mut wanted, change);
        let mut lifted = change.clone();
        let result = match self
            .op
            .patch(self.lift, &mut lifted, &self.site(Purpose::Patch, true, None))
        {
            Ok(()) => {
                let mut result = stored.clone();
                patch::apply(&mut result, &lifted);
                Ok(result)
            }
            Err(fault) if fault.kind == FaultKind::NeedsStored => self.put(Purpose::Patch, stored, &wanted),
            Err(fault) => Err(fault),
        };
        if let Ok(result) = result {
            let got = self.lower(&result).map(|v| self.said(v));
            assert_eq!(got, Ok(self.said(wanted)), "patch {change} over {stored}");
        }
    }
}

fn json(text: &str) -> Value {
    parse(text.as_bytes(), 32).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// A document with some of these members, and one that no version mentions.
fn documents(members: &'static [(&'static str, &'static [&'static str])]) -> BoxedStrategy<Value> {
    let member = |(name, values): &(&'static str, &'static [&'static str])| {
        let name = *name;
        let value = prop::sample::select(*values).prop_map(str::to_owned);
        prop::option::weighted(0.8, value).prop_map(move |v| v.map(|v| format!("\"{name}\":{v}")))
    };
    let all: Vec<_> = members.iter().map(member).collect();
    (all, prop::bool::ANY, prop::num::u8::ANY)
        .prop_map(|(members, first, extra)| {
            let mut members: Vec<String> = members.into_iter().flatten().collect();
            members.insert(
                if first { 0 } else { members.len() },
                format!("\"extra\":{extra}.0"),
            );
            json(&format!("{{{}}}", members.join(",")))
        })
        .boxed()
}

type Members = &'static [(&'static str, &'static [&'static str])];

fn check(law: &Law, stored: Members, sent: Members, change: Members) {
    check_where(law, stored, sent, change, |_, _| true);
}

fn has(doc: &Value, name: &str) -> bool {
    doc.as_object().is_some_and(|o| o.get(name).is_some())
}

/// The laws for stored and sent documents of which something more is known.
fn check_where(
    law: &Law,
    stored: Members,
    sent: Members,
    change: Members,
    known: impl Fn(&Value, &Value) -> bool,
) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let written = (documents(stored), documents(sent)).prop_filter("known", |(s, v)| known(s, v));
    proptest!(config, |((stored, sent) in written, change in documents(change))| {
        law.holds(&stored, &sent, &change);
    });
}

/// The same step with the client on its old side, and on its new one.
fn both(name: &str, settings: &str, old: &[(&str, Kind)], new: &[(&str, Kind)]) -> (Law, Law) {
    let up = Law::new(name, settings, Direction::Up, new);
    (up, Law::new(name, settings, Direction::Down, old))
}

#[test]
fn values_keep_the_laws() {
    const OLD: Members = &[(
        "v",
        &[r#""A""#, r#""S""#, r#""\u0053""#, r#""Q""#, "1", r#""active""#],
    )];
    const NEW: Members = &[(
        "v",
        &[
            r#""active""#,
            r#""suspended""#,
            r#""prospect""#,
            r#""S""#,
            r#""Q""#,
        ],
    )];
    // A value that only the client's side knows comes back as what stands for it: that is declared.
    const SENT: Members = &[("v", &[r#""active""#, r#""suspended""#, r#""S""#, r#""Q""#])];
    let one = r#"{"at": "/v", "map": {"A": "active", "S": "suspended"}, "only_new": {"prospect": "A"}, "only_old": {"X": "suspended"}}"#;
    let open = r#"{"at": "/v", "map": {"A": "active"}, "others": "pass", "only_new": {"prospect": "S"}}"#;
    for settings in [one, open] {
        let (up, down) = both("values", settings, &[("v", Kind::Text)], &[("v", Kind::Text)]);
        check(&up, NEW, OLD, &[("v", &[r#""A""#, r#""S""#, "null"])]);
        check(
            &down,
            OLD,
            SENT,
            &[("v", &[r#""active""#, r#""suspended""#, "null"])],
        );
    }
}

#[test]
fn money_keeps_the_laws() {
    const DECIMAL: Members = &[(
        "v",
        &[
            "12345.67", "0.1", "5", "-0", "-0.00", "1e2", "0.125", "1e-3", "12.340", "\"1\"",
        ],
    )];
    const TEXT: Members = &[(
        "v",
        &[
            r#""12345.67""#,
            r#""0.1""#,
            r#""-5""#,
            r#""0.00""#,
            r#""1e2""#,
            r#""01""#,
        ],
    )];
    const UNITS: Members = &[(
        "v",
        &[
            "1234567",
            "10.0",
            "1e3",
            "-5",
            "0",
            "-0",
            "0.5",
            "99999999999999999999",
            "1e5000",
        ],
    )];
    let settings = r#"{"at": "/v", "from": "decimal", "to": "minor_units", "decimals": 2}"#;
    let (up, down) = both(
        "convert",
        settings,
        &[("v", Kind::Number)],
        &[("v", Kind::Integer)],
    );
    check(&up, UNITS, DECIMAL, DECIMAL);
    check(&down, DECIMAL, UNITS, UNITS);
    // Texts of one amount are alike to a client that sends fewer decimals: only the shown form is put.
    const SHOWN: Members = &[(
        "v",
        &[
            r#""12345.67""#,
            r#""0.10""#,
            r#""-5.00""#,
            r#""0.00""#,
            r#""1e2""#,
            r#""01""#,
        ],
    )];
    let settings = r#"{"at": "/v", "from": "decimal_text", "to": "minor_units", "decimals": 2}"#;
    let (up, down) = both("convert", settings, &[("v", Kind::Text)], &[("v", Kind::Integer)]);
    check(&up, UNITS, SHOWN, SHOWN);
    check(&down, TEXT, UNITS, UNITS);
}

#[test]
fn instants_keep_the_laws() {
    const SECONDS: Members = &[(
        "v",
        &[
            "784111777",
            "-1",
            "0",
            "1e2",
            "253402300799",
            "253402300800",
            "1.5",
        ],
    )];
    const STORED: Members = &[(
        "v",
        &[
            r#""1994-11-06T08:49:37Z""#,
            r#""1994-11-06T08:49:37.123456789012Z""#,
            r#""1969-12-31T23:59:59.5+23:59""#,
            r#""0000-01-01T00:00:00Z""#,
            r#""0000-01-01T00:00:00+01:00""#,
            r#""9999-12-31T23:59:59.999Z""#,
            r#""1990-12-31T23:59:60Z""#,
            r#""2023-02-29T00:00:00Z""#,
        ],
    )];
    const SENT: Members = &[(
        "v",
        &[
            r#""1994-11-06T08:49:37Z""#,
            r#""1994-11-06T08:49:37.120Z""#,
            r#""9999-12-31T23:59:59Z""#,
            r#""1994-11-06""#,
            "7",
        ],
    )];
    let settings = r#"{"at": "/v", "from": "unix_seconds", "to": "rfc3339"}"#;
    let (up, down) = both("convert", settings, &[("v", Kind::Integer)], &[("v", Kind::Text)]);
    check(&up, STORED, SECONDS, SECONDS);
    check(&down, SECONDS, SENT, SENT);
    let settings = r#"{"at": "/v", "from": "date", "to": "rfc3339"}"#;
    const DATES: Members = &[(
        "v",
        &[
            r#""1994-11-06""#,
            r#""0000-01-01""#,
            r#""1994-13-06""#,
            r#""1994-1-6""#,
        ],
    )];
    let (up, down) = both("convert", settings, &[("v", Kind::Text)], &[("v", Kind::Text)]);
    check(&up, STORED, DATES, DATES);
    check(&down, DATES, SENT, SENT);
    let settings = r#"{"at": "/v", "from": "http_date", "to": "unix_millis"}"#;
    const HTTP: Members = &[(
        "v",
        &[
            r#""Sun, 06 Nov 1994 08:49:37 GMT""#,
            r#""Mon, 06 Nov 1994 08:49:37 GMT""#,
        ],
    )];
    const MILLIS: Members = &[("v", &["784111777000", "784111777001", "-1", "1e3"])];
    let (up, down) = both("convert", settings, &[("v", Kind::Text)], &[("v", Kind::Integer)]);
    check(&up, MILLIS, HTTP, HTTP);
    check(&down, HTTP, MILLIS, MILLIS);
}

#[test]
fn numbers_and_texts_keep_the_laws() {
    const TEXTS: Members = &[(
        "v",
        &[r#""7""#, r#""-7""#, r#""07""#, r#""7.0""#, r#""true""#, r#""-0""#],
    )];
    const WHOLE: Members = &[("v", &["7", "70e-1", "-0", "1.5", "true", "false", "1", "0"])];
    for (from, to, old, new) in [
        ("text", "integer", Kind::Text, Kind::Integer),
        ("text", "boolean", Kind::Text, Kind::Boolean),
    ] {
        let settings = format!(r#"{{"at": "/v", "from": "{from}", "to": "{to}"}}"#);
        let (up, down) = both("convert", &settings, &[("v", old)], &[("v", new)]);
        check(&up, WHOLE, TEXTS, TEXTS);
        check(&down, TEXTS, WHOLE, WHOLE);
    }
    let settings = r#"{"at": "/v", "from": "integer", "to": "boolean"}"#;
    let (up, down) = both(
        "convert",
        settings,
        &[("v", Kind::Integer)],
        &[("v", Kind::Boolean)],
    );
    check(&up, WHOLE, WHOLE, WHOLE);
    check(&down, WHOLE, WHOLE, WHOLE);
}

#[test]
fn patterns_keep_the_laws() {
    const BARE: Members = &[("v", &["17", "0", "-0", "1e3", "1234567", "-1", "1e18", "\"17\""])];
    const TEXTS: Members = &[(
        "v",
        &[
            r#""cus_000017""#,
            r#""cus\u005f1234567""#,
            r#""cus_17""#,
            r#""x""#,
            "17",
        ],
    )];
    let settings = r#"{"at": "/v", "text": "cus_{n}", "digits": 6}"#;
    let (up, down) = both("pattern", settings, &[("v", Kind::Integer)], &[("v", Kind::Text)]);
    check(&up, TEXTS, BARE, BARE);
    check(&down, BARE, TEXTS, TEXTS);
    const WORDS: Members = &[("v", &[r#""""#, r#""a\"b""#, r#""\\""#, r#""é\u0022""#, "1"])];
    const WRAPPED: Members = &[("v", &[r#""\"\"""#, r#""\u0022x\"""#, r#""\"""#, r#""\"\\\"""#])];
    let settings = r#"{"at": "/v", "text": "\"{s}\""}"#;
    let (up, down) = both("pattern", settings, &[("v", Kind::Text)], &[("v", Kind::Text)]);
    check(&up, WRAPPED, WORDS, WORDS);
    check(&down, WORDS, WRAPPED, WRAPPED);
}

#[test]
fn what_says_nothing_new_keeps_the_laws() {
    const WITH: Members = &[
        ("v", &[r#""k""#, r#""\u006b""#, r#""other""#]),
        ("o", &["{}", "1"]),
    ];
    const WITHOUT: Members = &[("o", &["{}", "1"]), ("p", &["[]"])];
    const PATCH: Members = &[("v", &[r#""k""#, r#""other""#, "null"])];
    let settings = r#"{"at": "/v", "value": "k", "side": "old"}"#;
    let (up, down) = both("constant", settings, &[("v", Kind::Text)], &[]);
    check(&up.implying("v", r#""k""#), WITHOUT, WITH, WITH);
    check(&down, WITH, WITHOUT, WITHOUT);
    for omit in [false, true] {
        let settings = format!(r#"{{"at": "/v", "value": "k", "side": "new", "omit": {omit}}}"#);
        let up = Law::new("default", &settings, Direction::Up, &[("v", Kind::Text)]);
        let up = up.implying("v", r#""k""#);
        // The stored side requires the member.
        check_where(&up, WITH, WITH, PATCH, |stored, _| has(stored, "v"));
        let down = Law::new("default", &settings, Direction::Down, &[("v", Kind::Text)]);
        check(&down.implying("v", r#""k""#), WITH, WITH, PATCH);
    }
}

#[test]
fn derived_members_keep_the_laws() {
    const WITH: Members = &[
        ("v", &[r#""GB""#, r#""FR""#, r#""XX""#]),
        ("w", &[r#""France""#, r#""United Kingdom""#, r#""UK""#]),
    ];
    const TRUE: Members = &[
        ("v", &[r#""GB""#, r#""FR""#]),
        ("w", &[r#""France""#, r#""United Kingdom""#, r#""UK""#]),
    ];
    const ALONE: Members = &[("v", &[r#""GB""#, r#""FR""#, r#""XX""#, "1"]), ("o", &["1"])];
    let settings = r#"{"at": "/w", "from": "/v", "file": "countries.json"}"#;
    let (up, down) = both(
        "derived",
        settings,
        &[("v", Kind::Text), ("w", Kind::Text)],
        &[("v", Kind::Text)],
    );
    check(&down, TRUE, ALONE, &[("v", &[r#""GB""#, r#""FR""#, "null"])]);
    // A client that leaves the derived member out is shown it again, so only whole documents come back as sent.
    check_where(&up, ALONE, WITH, &[("o", &["1", "2", "null"])], |_, sent| {
        has(sent, "v") == has(sent, "w")
    });
}

#[test]
fn cases_of_names_keep_the_laws() {
    const SNAKE: Members = &[
        ("a_b", &["1", "{\"c_d\":[{\"e_f\":1}]}"]),
        ("x", &["2"]),
        ("_l", &["3"]),
    ];
    const CAMEL: Members = &[
        ("aB", &["1", "{\"cD\":[{\"eF\":1}]}"]),
        ("x", &["2"]),
        ("_l", &["3"]),
    ];
    for deep in [false, true] {
        let settings = format!(r#"{{"from": "snake_case", "to": "camelCase", "deep": {deep}}}"#);
        let any = |name| (name, Kind::Any);
        let (up, down) = both(
            "rename_case",
            &settings,
            &[any("a_b"), any("x")],
            &[any("aB"), any("x")],
        );
        check(&up, CAMEL, SNAKE, SNAKE);
        check(&down, SNAKE, CAMEL, CAMEL);
    }
}

/// Any JSON value, with texts and numbers that scalar operators might trip over.
fn anything() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(
            &[
                "null",
                "true",
                "0",
                "-0",
                "1e999999999999999999",
                "1e99999999999999999999",
                "-1.5e-7"
            ][..]
        )
        .prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,20})?",
        prop::sample::select(
            &[
                "",
                "-",
                "1994-11-06T08:49:37é",
                "9999-99-99T99:99:99Z",
                "cus_",
                "\\ud83d\\ude00",
                "\\u0000"
            ][..]
        )
        .prop_map(|text| format!("\"{text}\"")),
        "[0-9:TZ.+é-]{0,30}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            inner.prop_map(|value| format!("{{\"v\":{value}}}")),
        ]
    })
    .boxed()
}

#[test]
fn nothing_panics() {
    let laws: Vec<Law> = [
        (
            "values",
            r#"{"at": "/v", "map": [[1, "a"], [true, "b"]], "only_new": {"c": 1}, "others": "pass"}"#,
        ),
        (
            "convert",
            r#"{"at": "/v", "from": "decimal", "to": "decimal_text", "decimals": 30}"#,
        ),
        (
            "convert",
            r#"{"at": "/v", "from": "decimal_text", "to": "minor_units", "decimals": 0}"#,
        ),
        (
            "convert",
            r#"{"at": "/v", "from": "rfc3339", "to": "unix_millis"}"#,
        ),
        ("convert", r#"{"at": "/v", "from": "http_date", "to": "date"}"#),
        ("convert", r#"{"at": "/v", "from": "date", "to": "unix_seconds"}"#),
        ("convert", r#"{"at": "/v", "from": "number", "to": "integer"}"#),
        ("pattern", r#"{"at": "/v", "text": "cus_{n}", "digits": 18}"#),
        ("pattern", r#"{"at": "/v", "text": "\\{}é"}"#),
        (
            "derived",
            r#"{"at": "/w", "from": "/v", "file": "countries.json", "required": true}"#,
        ),
        (
            "constant",
            r#"{"at": "/v/w", "value": {"a": null}, "side": "old"}"#,
        ),
        (
            "default",
            r#"{"at": "/v/v", "value": 1e2, "side": "new", "omit": true}"#,
        ),
        (
            "rename_case",
            r#"{"from": "kebab-case", "to": "PascalCase", "deep": true}"#,
        ),
    ]
    .iter()
    .flat_map(|(name, settings)| {
        [Direction::Up, Direction::Down].map(|lift| Law::untyped(name, settings, lift))
    })
    .collect();
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(a in anything(), b in anything())| {
        let docs = [json(&a), json(&format!("{{\"v\":{b}}}")), json(&format!("{{\"v\":{a},\"w\":{b}}}"))];
        for law in &laws {
            for doc in &docs {
                let _ = (law.lift(doc), law.lower(doc), law.put(Purpose::Replace, &docs[1], doc));
                let _ = law.op.patch(law.lift, &mut doc.clone(), &law.site(Purpose::Patch, true, None));
            }
        }
    });
}
