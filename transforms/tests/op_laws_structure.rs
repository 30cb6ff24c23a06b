//! The laws of operators that change the structure of a document, over generated documents.
//!
//! put(s, v) is what is stored when a client that saw lower(s) writes v.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use sluice_transforms::contract::Purpose;
use sluice_transforms::fault::{Fault, FaultKind};
use sluice_transforms::op::{Direction, Operator, Site, registry};
use sluice_transforms::parse::parse;
use sluice_transforms::patch;
use sluice_transforms::shape::{Field, Kind, Shape, TypeFaultKind, Types};
use sluice_transforms::value::Value;

/// One operator between a client and what is stored.
struct Law {
    op: Box<dyn Operator>,
    /// The direction of the client's writes.
    lift: Direction,
    client: Shape,
    stored: Shape,
    types: Types,
    /// The member whose absence and null are the same to the client.
    null: Option<&'static str>,
}

fn built(name: &str, settings: &str) -> Box<dyn Operator> {
    let json = serde_json::from_str(settings).unwrap();
    let entry = registry::find(name).unwrap();
    (entry.build)(&json, &|_| Err("no files".to_owned())).unwrap_or_else(|e| panic!("{settings}: {e}"))
}

impl Law {
    fn untyped(name: &str, settings: &str, lift: Direction) -> Self {
        Self::typed(name, settings, lift, Shape::any())
    }

    fn typed(name: &str, settings: &str, lift: Direction, stored: Shape) -> Self {
        let (op, types) = (built(name, settings), Types::new());
        let mut client = stored.clone();
        op.retype(lift.back(), &mut client, &types).expect("fits");
        Self {
            op,
            lift,
            client,
            stored,
            types,
            null: None,
        }
    }

    fn site<'a>(&'a self, purpose: Purpose, up: bool, stored: Option<(&'a Value, &'a Value)>) -> Site<'a> {
        let (client, origin) = (&self.client, &self.stored);
        let (source, target) = if up { (client, origin) } else { (origin, client) };
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
        let site = self.site(Purpose::Answer, false, None);
        self.op.apply(self.lift.back(), &mut out, &site)?;
        Ok(out)
    }

    fn lift(&self, doc: &Value) -> Result<Value, Fault> {
        let mut out = doc.clone();
        let site = self.site(Purpose::Create, true, None);
        self.op.apply(self.lift, &mut out, &site)?;
        Ok(out)
    }

    fn put(&self, stored: &Value, sent: &Value) -> Result<Value, Fault> {
        let (mut out, shown) = (sent.clone(), self.lower(stored)?);
        let site = self.site(Purpose::Replace, true, Some((&shown, stored)));
        self.op.apply(self.lift, &mut out, &site)?;
        Ok(out)
    }

    fn same(&self, mut doc: Value) -> Value {
        if let (Some(name), Value::Object(object)) = (self.null, &mut doc)
            && object.get(name).is_none()
        {
            object.set(name, Value::Null);
        }
        doc
    }

    fn holds(&self, stored: &Value, sent: &Value, change: &Value) {
        if let Ok(lifted) = self.lift(sent) {
            let lowered = self.lower(&lifted).expect("what was lifted lowers");
            assert_eq!(self.lift(&lowered), Ok(lifted), "lift∘lower∘lift {sent}");
        }
        let Ok(shown) = self.lower(stored) else { return };
        let again = self.put(stored, &shown);
        assert_eq!(again.as_ref(), Ok(stored), "no-op {stored}");
        let lifted = self.lift(&shown).expect("what is shown lifts");
        let lowered = self.lower(&lifted).map(|v| self.same(v));
        assert_eq!(lowered, Ok(self.same(shown.clone())), "lower∘lift∘lower {stored}");
        if let Ok(put) = self.put(stored, sent) {
            let got = self.lower(&put).map(|v| self.same(v));
            assert_eq!(got, Ok(self.same(sent.clone())), "put-get {sent} over {stored}");
        }
        self.patches(stored, shown, change);
    }

    /// Whatever comes of it.
    fn runs(&self, doc: &Value) {
        self.lift(doc).ok();
        self.lower(doc).ok();
        self.put(doc, doc).ok();
        let site = self.site(Purpose::Patch, true, None);
        self.op.patch(self.lift, &mut doc.clone(), &site).ok();
    }

    fn patches(&self, stored: &Value, mut wanted: Value, change: &Value) {
        patch::apply(&mut wanted, change);
        let mut lifted = change.clone();
        let site = self.site(Purpose::Patch, true, None);
        let result = match self.op.patch(self.lift, &mut lifted, &site) {
            Ok(()) => {
                let mut result = stored.clone();
                patch::apply(&mut result, &lifted);
                Ok(result)
            }
            Err(fault) if fault.kind == FaultKind::NeedsStored => self.put(stored, &wanted),
            Err(fault) => Err(fault),
        };
        if let Ok(result) = result {
            let got = self.lower(&result).map(|v| self.same(v));
            assert_eq!(got, Ok(self.same(wanted)), "patch {change} over {stored}");
        }
    }
}

fn json(text: &str) -> Value {
    parse(text.as_bytes(), 32).unwrap_or_else(|e| panic!("{text}: {e}"))
}

type Members = &'static [(&'static str, &'static [&'static str])];

/// A document with some of these members, and one that no version mentions.
fn documents(members: Members) -> BoxedStrategy<Value> {
    let member = |(name, values): &(&'static str, &'static [&'static str])| {
        let (name, value) = (*name, prop::sample::select(*values));
        prop::option::weighted(0.8, value).prop_map(move |v| v.map(|v| format!("\"{name}\":{v}")))
    };
    let all: Vec<_> = members.iter().map(member).collect();
    (all, prop::option::of(0..9u8))
        .prop_map(|(members, extra)| {
            let extra = extra.map(|n| format!("\"extra\":{n}.0"));
            let members: Vec<String> = members.into_iter().flatten().chain(extra).collect();
            json(&format!("{{{}}}", members.join(",")))
        })
        .boxed()
}

fn check(law: &Law, stored: Members, sent: Members, change: Members) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let all = (documents(stored), documents(sent), documents(change));
    proptest!(config, |((stored, sent, change) in all)| law.holds(&stored, &sent, &change));
}

fn object(fields: &[(&str, Shape)]) -> Shape {
    let field = |(name, shape): &(&str, Shape)| Field {
        name: (*name).to_owned(),
        shape: shape.clone(),
        required: true,
    };
    let fields = fields.iter().map(field).collect();
    Kind::Object { fields, open: true }.into()
}

fn text() -> Shape {
    Kind::Text.into()
}

fn optional(mut shape: Shape) -> Shape {
    if let Kind::Object { fields, .. } = &mut shape.kind {
        fields.iter_mut().for_each(|f| f.required = false);
    }
    shape
}

const BALANCE: &str = r#"{"into": "/balance", "members": {"amount": "/balance", "currency": "/currency"}}"#;
const APART: Members = &[
    ("currency", &["\"USD\"", "\"\\u20ac\"", "null", "{}"]),
    ("z", &["1", "2"]),
    ("balance", &["1", "1.00", "null", "{\"a\":1}"]),
];
const TOGETHER: Members = &[
    ("z", &["1", "2"]),
    (
        "balance",
        &[
            "{}",
            "{\"amount\":1}",
            "{\"currency\":\"USD\",\"x\":1,\"amount\":1.00}",
            "{\"x\":1}",
            "{\"amount\":null}",
            "1",
            "null",
        ],
    ),
];

#[test]
fn group_keeps_the_laws() {
    let members = object(&[("amount", Shape::any()), ("currency", Shape::any())]);
    let typed = optional(object(&[("z", Shape::any()), ("balance", optional(members))]));
    for law in [
        Law::untyped("group", BALANCE, Direction::Up),
        Law::typed("group", BALANCE, Direction::Up, typed),
        Law::untyped("ungroup", BALANCE, Direction::Down),
    ] {
        check(&law, TOGETHER, APART, APART);
    }
    for law in [
        Law::untyped("group", BALANCE, Direction::Down),
        Law::untyped("ungroup", BALANCE, Direction::Up),
    ] {
        check(&law, APART, TOGETHER, TOGETHER);
    }
}

const ADDRESS: &str = r#"{"at": "/a", "text": "{street...}, {city}, {region} {zip}"}"#;
const TEXTS: Members = &[
    ("z", &["1"]),
    (
        "a",
        &[
            "\"s, c, r z\"",
            "\"s, t, c, r z z\"",
            "\"s, d, r z\"",
            "\"s,c,r z\"",
            "\"\\u0073, c, r z\"",
            "\"\"",
            "null",
            "7",
        ],
    ),
];
const OBJECTS: Members = &[
    ("z", &["1"]),
    (
        "a",
        &[
            "{\"street\":\"s\",\"city\":\"c\",\"region\":\"r\",\"zip\":\"z\"}",
            "{\"zip\":\"z z\",\"x\":1,\"street\":\"s, t\",\"city\":\"c\",\"region\":\"r\"}",
            "{\"street\":\"s\",\"city\":\"c, d\",\"region\":\"r\",\"zip\":\"z\"}",
            "{\"street\":\"s\",\"city\":\"c\",\"region\":\"r r\",\"zip\":\"z\"}",
            "{\"street\":\"s\",\"city\":\"c\",\"region\":\"r\"}",
            "{\"street\":1,\"city\":\"c\",\"region\":\"r\",\"zip\":\"z\"}",
            "null",
            "\"s\"",
        ],
    ),
];

#[test]
fn text_to_object_keeps_the_laws() {
    let slots = [
        ("street", text()),
        ("city", text()),
        ("region", text()),
        ("zip", text()),
    ];
    let typed = object(&[("z", Shape::any()), ("a", object(&slots))]);
    for law in [
        Law::untyped("text_to_object", ADDRESS, Direction::Up),
        Law::typed("text_to_object", ADDRESS, Direction::Up, typed),
    ] {
        check(&law, OBJECTS, TEXTS, TEXTS);
    }
    let law = Law::untyped("text_to_object", ADDRESS, Direction::Down);
    check(&law, TEXTS, OBJECTS, OBJECTS);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_back_or_refused(parts in prop::collection::vec("[a, \\-é\"]{0,4}", 4), text in "[a, é]{0,14}") {
        let law = Law::untyped("text_to_object", ADDRESS, Direction::Up);
        let mut a = object_of(&parts);
        if let Ok(shown) = law.lower(&a) {
            prop_assert_eq!(law.lift(&shown), Ok(a.clone()));
        }
        a = json("{}");
        a.as_object_mut().unwrap().set("a", Value::text(&text));
        if let Ok(lifted) = law.lift(&a) {
            prop_assert_eq!(law.lower(&lifted), Ok(a));
        }
    }
}

fn object_of(parts: &[String]) -> Value {
    let mut address = json("{}");
    for (name, part) in ["street", "city", "region", "zip"].iter().zip(parts) {
        address.as_object_mut().unwrap().set(name, Value::text(part));
    }
    let mut doc = json("{}");
    doc.as_object_mut().unwrap().set("a", address);
    doc
}

const PHONE: &str =
    r#"{"from": "/p", "to": "/l", "element": "n", "with": {"k": "main"}, "empty": null, "rest": "keep"}"#;
const PHONE_ABSENT: &str =
    r#"{"from": "/p", "to": "/l", "element": "n", "with": {"k": "main"}, "empty": "absent", "rest": "keep"}"#;
const PHONE_ONE: &str = r#"{"from": "/p", "to": "/l", "element": "n", "with": {"k": "main"}}"#;
const WHOLE: &str = r#"{"from": "/p", "to": "/l", "with": {"k": "main"}, "with_first": true, "empty": null}"#;
const SINGLES: Members = &[("p", &["\"1\"", "\"2\"", "null"]), ("z", &["1", "2"])];
const NEVER_NULL: Members = &[("z", &["1", "2"]), ("p", &["\"1\"", "\"2\""])];
const LISTS: Members = &[
    ("z", &["1", "2"]),
    (
        "l",
        &[
            "[]",
            "[{\"n\":\"1\",\"k\":\"main\"}]",
            "[{\"k\":\"mobile\",\"x\":1,\"n\":\"1\"}]",
            "[{\"k\":\"mobile\",\"n\":\"1\"},{\"n\":\"2\"},7]",
            "[{\"k\":\"main\"}]",
            "[{\"k\":\"main\",\"n\":null}]",
            "[\"1\"]",
            "{}",
        ],
    ),
];
const ONE_OBJECT: Members = &[
    ("z", &["1", "2"]),
    ("p", &["{}", "{\"a\":1}", "{\"a\":2,\"x\":1}", "null"]),
];
const TAGGED: Members = &[
    ("z", &["1", "2"]),
    (
        "l",
        &[
            "[]",
            "[{\"k\":\"main\"}]",
            "[{\"a\":1,\"k\":\"main\"}]",
            "[{\"k\":\"main\",\"a\":2,\"x\":1}]",
            "[{\"k\":\"other\",\"a\":2}]",
            "[{\"k\":\"main\"},{\"k\":\"main\"}]",
        ],
    ),
];

#[test]
fn single_to_list_keeps_the_laws() {
    let mut law = Law::untyped("single_to_list", PHONE, Direction::Up);
    law.null = Some("p");
    check(&law, LISTS_ALWAYS, SINGLES, SINGLES);
    let element = object(&[("n", text()), ("k", text())]);
    let list = Shape::from(Kind::List(Box::new(element)));
    let mut law = Law::typed(
        "single_to_list",
        PHONE,
        Direction::Up,
        object(&[("l", list.clone())]),
    );
    law.null = Some("p");
    check(&law, LISTS_ALWAYS, SINGLES, SINGLES);
    let law = Law::typed(
        "single_to_list",
        PHONE,
        Direction::Up,
        optional(object(&[("l", list)])),
    );
    check(&law, LISTS, SINGLES, NEVER_NULL);
    let law = Law::untyped("single_to_list", PHONE_ABSENT, Direction::Up);
    check(&law, LISTS, NEVER_NULL, NEVER_NULL);
    let law = Law::untyped("single_to_list", PHONE_ONE, Direction::Up);
    check(&law, LISTS, NEVER_NULL, NEVER_NULL);
}

/// A stored list that is always there: otherwise null and nothing are different to the client.
const LISTS_ALWAYS: Members = &[
    ("z", &["1", "2"]),
    (
        "l",
        &["[]", "[]", "[{\"k\":\"mobile\",\"n\":\"1\"},{\"n\":\"2\"},7]"],
    ),
];

#[test]
fn single_to_list_keeps_the_laws_from_the_other_side() {
    let law = Law::untyped("single_to_list", PHONE_ONE, Direction::Down);
    check(&law, NEVER_NULL, LISTS, LISTS);
    let mut law = Law::untyped("single_to_list", WHOLE, Direction::Up);
    law.null = Some("p");
    check(&law, TAGGED, ONE_OBJECT, ONE_OBJECT);
    let law = Law::untyped(
        "list_to_single",
        r#"{"from": "/l", "to": "/p", "with": {"k": "main"}}"#,
        Direction::Up,
    );
    check(&law, ONE_OBJECT, TAGGED, TAGGED);
}

const LABELS: &str = r#"{"at": "/m", "key": "k", "value": "v"}"#;
const KEYED: &str = r#"{"at": "/m", "key": "k"}"#;
const MAPS: Members = &[(
    "m",
    &[
        "{}",
        "{\"a\":1}",
        "{\"b\":2,\"a\":1}",
        "{\"a\":{}}",
        "{\"b\":{\"x\":1}}",
        "null",
        "[]",
    ],
)];
const ENTRIES: Members = &[(
    "m",
    &[
        "[]",
        "[{\"k\":\"a\",\"v\":1}]",
        "[{\"x\":1,\"k\":\"\\u0061\",\"v\":1},{\"k\":\"b\",\"v\":2}]",
        "[{\"k\":\"a\",\"v\":1},{\"k\":\"a\",\"v\":2}]",
        "[{\"k\":\"a\"}]",
        "[{\"k\":1}]",
        "null",
        "{}",
    ],
)];

#[test]
fn list_to_map_keeps_the_laws() {
    for settings in [LABELS, KEYED] {
        check(
            &Law::untyped("list_to_map", settings, Direction::Up),
            MAPS,
            ENTRIES,
            ENTRIES,
        );
        check(
            &Law::untyped("list_to_map", settings, Direction::Down),
            ENTRIES,
            MAPS,
            MAPS,
        );
    }
}

const WHEN: &str = r#"{"at": "/k", "equals": "x",
    "steps": [{"rename": {"from": "/a", "to": "/b"}}, {"add": {"at": "/h", "loss": {"create": "drop", "replace": "keep"}}}],
    "otherwise": [{"group": {"into": "/g", "members": {"a": "/a", "c": "/c"}}}]}"#;
const KINDS_OLD: Members = &[("k", &["\"x\"", "\"y\"", "1"]), ("a", &["1", "2"]), ("c", &["3"])];
const KINDS_NEW: Members = &[("k", &["\"x\"", "\"y\"", "1"]), ("b", &["1", "2"]), ("h", &["5"])];
const EACH: &str = r#"{"at": "/l/*", "steps": [{"rename": {"from": "/a", "to": "/b"}},
    {"add": {"at": "/h", "loss": {"create": "drop", "replace": "keep"}}},
    {"group": {"into": "/g", "members": {"b": "/b", "c": "/c"}}}]}"#;
const EACH_OLD: Members = &[(
    "l",
    &[
        "[]",
        "[{\"a\":1},{\"c\":2}]",
        "[{\"a\":2},{\"c\":2}]",
        "[{\"c\":2},{\"a\":1}]",
        "{\"p\":{\"a\":1}}",
        "7",
    ],
)];
const EACH_NEW: Members = &[(
    "l",
    &[
        "[]",
        "[{\"g\":{\"b\":1,\"x\":1},\"h\":1},{\"h\":2,\"g\":{\"c\":2}}]",
        "{\"p\":{\"g\":{\"b\":2}},\"q\":{\"h\":2}}",
        "7",
    ],
)];

#[test]
fn steps_inside_of_steps_keep_the_laws() {
    check(
        &Law::untyped("when", WHEN, Direction::Up),
        KINDS_NEW,
        KINDS_OLD,
        KINDS_OLD,
    );
    check(
        &Law::untyped("each", EACH, Direction::Up),
        EACH_NEW,
        EACH_OLD,
        EACH_OLD,
    );
}

fn fault(name: &str, settings: &str, to: Direction, shape: &Shape) -> Option<TypeFaultKind> {
    let mut shape = shape.clone();
    built(name, settings)
        .retype(to, &mut shape, &Types::new())
        .err()
        .map(|f| f.kind)
}

#[test]
fn types_that_do_not_fit_are_refused() {
    use TypeFaultKind::{FieldExists, NoSuchField, NotInvertible, UndeclaredLoss, WrongKind};
    let slots = |more: &[(&'static str, Shape)]| {
        let mut all = vec![("street", text()), ("city", text()), ("region", text())];
        all.extend_from_slice(more);
        object(&[("a", object(&all))])
    };
    let down = |shape: &Shape| fault("text_to_object", ADDRESS, Direction::Down, shape);
    assert_eq!(down(&slots(&[("zip", text())])), None);
    assert_eq!(
        down(&slots(&[("zip", text()), ("geo", text())])),
        Some(UndeclaredLoss)
    );
    assert_eq!(down(&slots(&[])), Some(NoSuchField));
    assert_eq!(down(&slots(&[("zip", Kind::Integer.into())])), Some(WrongKind));
    assert_eq!(down(&object(&[("a", text())])), Some(WrongKind));
    assert_eq!(down(&object(&[])), Some(NoSuchField));

    let group = |to, shape: &Shape| fault("group", BALANCE, to, shape);
    let apart = [("balance", text()), ("currency", text())];
    assert_eq!(group(Direction::Up, &object(&apart)), None);
    assert_eq!(group(Direction::Up, &object(&apart[..1])), Some(NoSuchField));
    let within = object(&[("amount", text()), ("currency", text()), ("rate", text())]);
    assert_eq!(
        group(Direction::Down, &object(&[("balance", within)])),
        Some(UndeclaredLoss)
    );

    let list = |element: Shape| object(&[("l", Kind::List(Box::new(element)).into())]);
    let phone = |shape: &Shape| fault("single_to_list", PHONE, Direction::Down, shape);
    assert_eq!(phone(&list(object(&[("n", text()), ("k", text())]))), None);
    let more = object(&[("n", text()), ("k", text()), ("since", text())]);
    assert_eq!(phone(&list(more)), Some(UndeclaredLoss));
    assert_eq!(phone(&list(object(&[("n", text())]))), Some(NoSuchField));
    assert_eq!(phone(&list(text())), Some(WrongKind));
    assert_eq!(phone(&object(&[("l", text())])), Some(WrongKind));
    assert_eq!(
        phone(&list(object(&[("n", text()), ("k", Kind::Integer.into())]))),
        Some(WrongKind)
    );
    let mut null = text();
    null.nullable = true;
    assert_eq!(
        phone(&list(object(&[("n", null), ("k", text())]))),
        Some(NotInvertible)
    );

    let tagged = object(&[("p", object(&[("k", text())]))]);
    let whole = r#"{"from": "/p", "to": "/l", "with": {"k": "main"}}"#;
    assert_eq!(
        fault("single_to_list", whole, Direction::Up, &tagged),
        Some(FieldExists)
    );
    let settings = object(&[("p", text())]);
    assert_eq!(
        fault("single_to_list", PHONE, Direction::Up, &settings),
        Some(TypeFaultKind::Settings)
    );
}

#[test]
fn types_there_and_back_are_the_same() {
    let element = object(&[("n", text()), ("k", text())]);
    let list = object(&[("l", Kind::List(Box::new(element)).into())]);
    let mut single = list.clone();
    let op = built("single_to_list", PHONE);
    op.retype(Direction::Down, &mut single, &Types::new()).unwrap();
    assert!(single.field("p").unwrap().shape.nullable && single.field("p").unwrap().required);
    op.retype(Direction::Up, &mut single, &Types::new()).unwrap();
    assert_eq!(
        single.field("l").unwrap().shape.fields().len(),
        list.field("l").unwrap().shape.fields().len()
    );

    let apart = object(&[("balance", text()), ("z", text()), ("currency", text())]);
    let mut shape = apart.clone();
    let op = built("group", BALANCE);
    op.retype(Direction::Up, &mut shape, &Types::new()).unwrap();
    assert_eq!(shape.fields()[0].shape.fields()[0].name, "amount");
    op.retype(Direction::Down, &mut shape, &Types::new()).unwrap();
    assert_eq!(shape.fields().len(), apart.fields().len());

    let mut label = object(&[("address", Shape::reference("Address"))]);
    let types = Types::from([("Address".to_owned(), object(&[("city", text())]))]);
    let op = built(
        "single_to_list",
        r#"{"from": "/address", "to": "/addresses", "with": {"kind": "primary"}}"#,
    );
    op.retype(Direction::Up, &mut label, &types).unwrap();
    let Kind::List(element) = &label.fields()[0].shape.kind else {
        panic!("a list");
    };
    assert_eq!(
        (element.label.as_deref(), element.fields().len()),
        (Some("Address"), 2)
    );
}

#[test]
fn nothing_panics() {
    let all: &[(&str, &str)] = &[
        ("group", BALANCE),
        ("text_to_object", ADDRESS),
        ("single_to_list", PHONE),
        ("single_to_list", WHOLE),
        ("list_to_map", LABELS),
        ("list_to_map", KEYED),
        ("when", WHEN),
        ("each", EACH),
    ];
    let strange = [
        "null",
        "1",
        "\"\\ud83d\\ude00\"",
        "[]",
        "[[]]",
        "[null]",
        "{}",
        "{\"a\":{\"a\":[1]}}",
        "true",
    ];
    for (name, settings) in all {
        for to in [Direction::Up, Direction::Down] {
            let law = Law::untyped(name, settings, to);
            for member in ["balance", "currency", "a", "p", "l", "m", "k", "g"] {
                for value in strange {
                    let doc = json(&format!("{{\"{member}\":{value}}}"));
                    law.runs(&doc);
                }
            }
            strange.iter().for_each(|root| law.runs(&json(root)));
        }
    }
}
