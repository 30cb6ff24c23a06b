//! What `convert` does, as a table.

use crate::op::entry::{Case, What};

pub(super) const MONEY: &str = r#"{"at": "/m", "from": "decimal", "to": "minor_units", "decimals": 2}"#;
pub(super) const TEXT_MONEY: &str =
    r#"{"at": "/m", "from": "decimal_text", "to": "minor_units", "decimals": 2}"#;
const TIME: &str = r#"{"at": "/t", "from": "unix_seconds", "to": "rfc3339"}"#;
const FINE: &str = r#"{"at": "/t", "from": "rfc3339", "to": "unix_millis"}"#;
const HTTP: &str = r#"{"at": "/t", "from": "http_date", "to": "unix_seconds"}"#;
const DATE: &str = r#"{"at": "/t", "from": "date", "to": "rfc3339"}"#;
const COUNT: &str = r#"{"at": "/n", "from": "text", "to": "integer"}"#;
const RATIO: &str = r#"{"at": "/n", "from": "number", "to": "text"}"#;
const FLAG: &str = r#"{"at": "/b", "from": "integer", "to": "boolean"}"#;
const WORD: &str = r#"{"at": "/b", "from": "boolean", "to": "text"}"#;

pub(super) const CASES: &[Case] = &[
    Case::new(MONEY, What::Both(r#"{"m":12345.67}"#, r#"{"m":1234567}"#)),
    Case::new(MONEY, What::Both(r#"{"m":12345.00}"#, r#"{"m":1234500}"#)),
    Case::new(MONEY, What::Both(r#"{"m":-0.05}"#, r#"{"m":-5}"#)),
    Case::new(MONEY, What::Up(r#"{"m":12.5}"#, r#"{"m":1250}"#)),
    Case::new(MONEY, What::Up(r#"{"m":1e2}"#, r#"{"m":10000}"#)),
    Case::new(MONEY, What::Up(r#"{"m":-0}"#, r#"{"m":0}"#)),
    Case::new(MONEY, What::Down(r#"{"m":1.0e2}"#, r#"{"m":1.00}"#)),
    Case::new(
        MONEY,
        What::Both(
            r#"{"m":12345678901234567890.12}"#,
            r#"{"m":1234567890123456789012}"#,
        ),
    ),
    Case::new(MONEY, What::RefusedUp(r#"{"m":12345.670}"#, "/m")),
    Case::new(MONEY, What::RefusedUp(r#"{"m":1e-3}"#, "/m")),
    Case::new(MONEY, What::RefusedUp(r#"{"m":"12"}"#, "/m")),
    Case::new(MONEY, What::RefusedUp(r#"{"m":1e99999}"#, "/m")),
    Case::new(MONEY, What::RefusedUp(r#"{"m":1e99999999999999999999}"#, "/m")),
    Case::new(MONEY, What::RefusedDown(r#"{"m":0.5}"#, "/m")),
    Case::new(
        MONEY,
        What::PutDown {
            stored: r#"{"m":5.1}"#,
            sent: r#"{"m":510.0,"x":1}"#,
            gives: r#"{"m":5.1,"x":1}"#,
        },
    ),
    Case::new(MONEY, What::Patch(r#"{"m":1}"#, Some(r#"{"m":100}"#))),
    Case::new(TEXT_MONEY, What::Both(r#"{"m":"12345.67"}"#, r#"{"m":1234567}"#)),
    Case::new(TEXT_MONEY, What::Up(r#"{"m":"\u0031"}"#, r#"{"m":100}"#)),
    Case::new(TEXT_MONEY, What::Up(r#"{"m":"-0.0"}"#, r#"{"m":0}"#)),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":"1e2"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":"+1"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":"01"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":".5"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":" 1"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":"1.000"}"#, "/m")),
    Case::new(TEXT_MONEY, What::RefusedUp(r#"{"m":12}"#, "/m")),
    Case::new(
        TIME,
        What::Both(r#"{"t":784111777}"#, r#"{"t":"1994-11-06T08:49:37Z"}"#),
    ),
    Case::new(TIME, What::Both(r#"{"t":-1}"#, r#"{"t":"1969-12-31T23:59:59Z"}"#)),
    Case::new(
        TIME,
        What::Both(r#"{"t":253402300799}"#, r#"{"t":"9999-12-31T23:59:59Z"}"#),
    ),
    Case::new(TIME, What::Up(r#"{"t":1e2}"#, r#"{"t":"1970-01-01T00:01:40Z"}"#)),
    Case::new(
        TIME,
        What::Down(r#"{"t":"1994-11-06T09:49:37.5+01:00"}"#, r#"{"t":784111777}"#),
    ),
    Case::new(
        TIME,
        What::Down(r#"{"t":"1969-12-31T23:59:59.5Z"}"#, r#"{"t":-1}"#),
    ),
    Case::new(TIME, What::RefusedUp(r#"{"t":253402300800}"#, "/t")),
    Case::new(TIME, What::RefusedUp(r#"{"t":1e30}"#, "/t")),
    Case::new(TIME, What::RefusedUp(r#"{"t":1.5}"#, "/t")),
    Case::new(TIME, What::RefusedDown(r#"{"t":"1994-11-06T08:49:37.5Z"}"#, "/t")),
    Case::new(TIME, What::RefusedDown(r#"{"t":"1990-12-31T23:59:60Z"}"#, "/t")),
    Case::new(TIME, What::RefusedDown(r#"{"t":"1994-11-06 08:49:37Z"}"#, "/t")),
    Case::new(TIME, What::RefusedDown(r#"{"t":"1994-11-06T08:49:37"}"#, "/t")),
    Case::new(TIME, What::RefusedDown(r#"{"t":"1994-02-30T08:49:37Z"}"#, "/t")),
    Case::new(
        TIME,
        What::RefusedDown(r#"{"t":"1994-11-06T08:49:37+1:00"}"#, "/t"),
    ),
    Case::new(TIME, What::RefusedDown(r#"{"t":784111777}"#, "/t")),
    Case::new(
        TIME,
        What::PutUp {
            stored: r#"{"t":"1994-11-06T09:49:37.50+01:00"}"#,
            sent: r#"{"t":784111777,"x":1}"#,
            gives: r#"{"t":"1994-11-06T09:49:37.50+01:00","x":1}"#,
        },
    ),
    Case::new(
        TIME,
        What::PutUp {
            stored: r#"{"t":"1994-11-06T09:49:37.50+01:00"}"#,
            sent: r#"{"t":784111778}"#,
            gives: r#"{"t":"1994-11-06T08:49:38Z"}"#,
        },
    ),
    Case::new(TIME, What::Patch(r#"{"t":784111777}"#, None)),
    Case::new(
        TIME,
        What::PatchDown(r#"{"t":"1994-11-06T08:49:37Z"}"#, Some(r#"{"t":784111777}"#)),
    ),
    Case::new(
        FINE,
        What::Both(r#"{"t":"1994-11-06T08:49:37.050Z"}"#, r#"{"t":784111777050}"#),
    ),
    Case::new(
        FINE,
        What::RefusedUp(r#"{"t":"1994-11-06T08:49:37.0500000001Z"}"#, "/t"),
    ),
    Case::new(
        HTTP,
        What::Both(r#"{"t":"Sun, 06 Nov 1994 08:49:37 GMT"}"#, r#"{"t":784111777}"#),
    ),
    Case::new(
        HTTP,
        What::RefusedUp(r#"{"t":"Mon, 06 Nov 1994 08:49:37 GMT"}"#, "/t"),
    ),
    Case::new(
        HTTP,
        What::RefusedUp(r#"{"t":"Sunday, 06-Nov-94 08:49:37 GMT"}"#, "/t"),
    ),
    Case::new(
        DATE,
        What::Both(r#"{"t":"1994-11-06"}"#, r#"{"t":"1994-11-06T00:00:00Z"}"#),
    ),
    Case::new(DATE, What::RefusedUp(r#"{"t":"1994-11-06T"}"#, "/t")),
    Case::new(COUNT, What::Both(r#"{"n":"7"}"#, r#"{"n":7}"#)),
    Case::new(COUNT, What::Down(r#"{"n":70e-1}"#, r#"{"n":"7"}"#)),
    Case::new(COUNT, What::RefusedUp(r#"{"n":"07"}"#, "/n")),
    Case::new(COUNT, What::RefusedUp(r#"{"n":"7.0"}"#, "/n")),
    Case::new(COUNT, What::RefusedUp(r#"{"n":""}"#, "/n")),
    Case::new(COUNT, What::RefusedUp(r#"{"n":[7]}"#, "/n")),
    Case::new(RATIO, What::Both(r#"{"n":1.50e400}"#, r#"{"n":"1.50e400"}"#)),
    Case::new(RATIO, What::RefusedDown(r#"{"n":"NaN"}"#, "/n")),
    Case::new(FLAG, What::Both(r#"{"b":1}"#, r#"{"b":true}"#)),
    Case::new(FLAG, What::RefusedUp(r#"{"b":2}"#, "/b")),
    Case::new(WORD, What::Both(r#"{"b":false}"#, r#"{"b":"false"}"#)),
    Case::new(WORD, What::RefusedDown(r#"{"b":"no"}"#, "/b")),
];
