//! Structured fields (RFC 9651), held against the working group's vectors: what the library that we read and write them
//! with accepts and refuses, how it writes them, and what our own fields make of the same texts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use sfv::{
    BareItem, Date, Decimal, Dictionary, Error, FieldType, InnerList, Integer, Item, Key, List, ListEntry,
    Parameters, Parser, String as Text, Token,
};
use sluice_conformance::oracle::{self, Endpoint};
use sluice_conformance::stage::{Setup, Stage};
use sluice_gateway::idempotency::key;

/// One half of the suite, or nothing where the shared folder is absent.
fn suite(half: &str) -> Option<Vec<Json>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/suites/structured-fields/tests.json");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: {} is not here", path.display());
        return None;
    };
    let suite: Json = serde_json::from_str(&text).unwrap();
    let groups = suite[half].as_object().unwrap().values();
    Some(
        groups
            .flat_map(|group| group.as_array().unwrap().clone())
            .collect(),
    )
}

/// A field of one of the three types.
#[derive(Debug, PartialEq)]
enum Field {
    Item(Item),
    List(List),
    Dictionary(Dictionary),
}

impl Field {
    fn parse(kind: &str, raw: &str) -> Result<Self, Error> {
        Ok(match kind {
            "item" => Self::Item(Parser::new(raw).parse()?),
            "list" => Self::List(Parser::new(raw).parse()?),
            _ => Self::Dictionary(Parser::new(raw).parse()?),
        })
    }

    /// The field that a vector describes; an error where it is none.
    fn of(kind: &str, expected: &Json) -> Result<Self, Error> {
        Ok(match kind {
            "item" => Self::Item(item(expected)?),
            "list" => Self::List(list(expected)?.iter().map(entry).collect::<Result<_, _>>()?),
            _ => {
                let members = list(expected)?.iter().map(|m| Ok((name(&m[0])?, entry(&m[1])?)));
                Self::Dictionary(members.collect::<Result<_, Error>>()?)
            }
        })
    }

    fn write(&self) -> Option<String> {
        match self {
            Self::Item(item) => Some(item.serialize()),
            Self::List(list) => list.serialize(),
            Self::Dictionary(dictionary) => dictionary.serialize(),
        }
    }
}

fn list(value: &Json) -> Result<&Vec<Json>, Error> {
    Ok(value.as_array().unwrap())
}

fn name(value: &Json) -> Result<Key, Error> {
    Key::from_string(value.as_str().unwrap().to_owned()).map_err(|(error, _)| error)
}

fn item(value: &Json) -> Result<Item, Error> {
    Ok(Item::with_params(bare(&value[0])?, parameters(&value[1])?))
}

fn parameters(value: &Json) -> Result<Parameters, Error> {
    list(value)?
        .iter()
        .map(|pair| Ok((name(&pair[0])?, bare(&pair[1])?)))
        .collect()
}

fn entry(value: &Json) -> Result<ListEntry, Error> {
    Ok(match value[0].as_array() {
        Some(items) => {
            let items = items.iter().map(item).collect::<Result<_, _>>()?;
            InnerList::with_params(items, parameters(&value[1])?).into()
        }
        None => item(value)?.into(),
    })
}

fn bare(value: &Json) -> Result<BareItem, Error> {
    Ok(match value {
        Json::Bool(is) => (*is).into(),
        Json::String(text) => Text::from_string(text.clone())
            .map_err(|(error, _)| error)?
            .into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Integer::try_from(whole)?.into(),
            None => Decimal::try_from(number.to_string().parse::<f64>().unwrap())?.into(),
        },
        special => {
            let inner = &special["value"];
            let text = || inner.as_str().unwrap().to_owned();
            match special["__type"].as_str().unwrap() {
                "token" => Token::from_string(text()).map_err(|(error, _)| error)?.into(),
                "binary" => BareItem::ByteSequence(base32(&text())),
                "date" => Date::from_unix_seconds(Integer::try_from(inner.as_i64().unwrap()).unwrap()).into(),
                _ => BareItem::DisplayString(text()),
            }
        }
    })
}

/// Base 32 (RFC 4648 §6), in which the vectors write bytes.
fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes().take_while(|letter| *letter != b'=') {
        let five = if letter.is_ascii_digit() {
            letter - b'2' + 26
        } else {
            letter - b'A'
        };
        (bits, count) = (bits << 5 | u32::from(five), count + 5);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

fn raw(case: &Json) -> String {
    let lines = case["raw"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap());
    lines.collect::<Vec<_>>().join(", ")
}

/// How a vector is written; none for an empty list or dictionary, which is no field at all.
fn canonical(case: &Json) -> Option<String> {
    let lines = case
        .get("canonical")
        .or_else(|| case.get("raw"))
        .unwrap()
        .as_array()
        .unwrap();
    let text = lines
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(", ");
    (!text.is_empty()).then_some(text)
}

#[test]
fn what_is_read_is_what_the_vectors_say() {
    let Some(cases) = suite("parse") else { return };
    let (mut read, mut refused, mut free) = (0, 0, 0);
    for case in &cases {
        let kind = case["header_type"].as_str().unwrap();
        match Field::parse(kind, &raw(case)) {
            Err(_) if case["must_fail"] == true => refused += 1,
            Err(_) if case["can_fail"] == true => free += 1,
            Err(error) => panic!("{}: {error}", case["name"]),
            Ok(field) => {
                assert!(case["must_fail"] != true, "{}: {field:?}", case["name"]);
                assert_eq!(
                    field,
                    Field::of(kind, &case["expected"]).unwrap(),
                    "{}",
                    case["name"]
                );
                assert_eq!(field.write(), canonical(case), "{}", case["name"]);
                read += 1;
            }
        }
    }
    println!(
        "structured fields: {read} vectors read and written again, {refused} refused, {free} refused that may be"
    );
    assert_eq!(read + refused + free, cases.len());
    assert!(read > 500 && refused > 500);
}

#[test]
fn what_cannot_be_written_is_not() {
    let Some(cases) = suite("serialise") else { return };
    let mut written = 0;
    for case in &cases {
        let field = Field::of(case["header_type"].as_str().unwrap(), &case["expected"]);
        match field {
            Err(error) => assert!(case["must_fail"] == true, "{}: {error}", case["name"]),
            Ok(field) => {
                assert!(case["must_fail"] != true, "{}: {field:?}", case["name"]);
                assert_eq!(field.write(), canonical(case), "{}", case["name"]);
                written += 1;
            }
        }
    }
    println!(
        "structured fields: {written} vectors written, {} refused",
        cases.len() - written
    );
}

/// `Idempotency-Key` is a string: it reads those of the vectors, and nothing else.
#[test]
fn our_own_field_reads_strings_alone() {
    let Some(cases) = suite("parse") else { return };
    let (mut read, mut refused) = (0, 0);
    let items = cases.iter().filter(|case| case["header_type"] == "item");
    for case in items.filter(|case| case["raw"].as_array().unwrap().len() == 1) {
        // What no field of HTTP can hold never comes this far.
        let Ok(value) = HeaderValue::from_bytes(raw(case).as_bytes()) else {
            continue;
        };
        let headers: HeaderMap = [(key::IDEMPOTENCY_KEY, value)].into_iter().collect();
        let expected = case["expected"][0]
            .as_str()
            .filter(|text| !text.is_empty() && text.len() <= key::LONGEST);
        match key::read(&headers) {
            Ok(found) => {
                assert_eq!(found.as_deref(), expected, "{}", case["name"]);
                read += 1;
            }
            Err(_) => {
                assert!(expected.is_none(), "{}", case["name"]);
                refused += 1;
            }
        }
    }
    println!("Idempotency-Key: {read} vectors read, {refused} refused");
    assert!(read > 50 && refused > 100);
}

/// What we write is read as what it means.
#[test]
fn deprecation_is_a_date_and_members_are_a_list() {
    let rule = "lifecycle:\n  members:\n    - {type: Customer, at: /tags, versions: {only: [\"2.3\"]}, deprecated: 2026-01-01, sunset: 2028-01-01}\n";
    let stage: Stage = Setup::integrationhub()
        .replace("apis/customers/api.yaml", "lifecycle:\n", rule)
        .start();
    let call = oracle::path("2.3", Endpoint::Read, "cus_000017").unwrap();
    let answer = stage.get(&call.target, &[]).expect(200);
    let date = |seconds: i64| BareItem::from(Date::from_unix_seconds(Integer::try_from(seconds).unwrap()));
    let deprecation: Item = Parser::new(answer.header("deprecation")).parse().unwrap();
    assert_eq!(deprecation, Item::new(date(1_767_225_600)));
    let members: List = Parser::new(answer.header("sluice-deprecated")).parse().unwrap();
    let ListEntry::Item(member) = &members[0] else {
        panic!("{members:?}");
    };
    assert_eq!(member.bare_item.as_string().unwrap().as_str(), "/tags");
    assert_eq!(member.params["deprecated"], date(1_767_225_600));
    assert_eq!(member.params["sunset"], date(1_830_297_600));
}
