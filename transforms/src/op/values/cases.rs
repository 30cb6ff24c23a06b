//! What `values` does, as a table.

use crate::op::entry::{Case, What};

const STATUS: &str = r#"{"at": "/s", "map": {"A": "active", "S": "suspended"}}"#;
const PROSPECT: &str = r#"{"at": "/s", "only_new": {"prospect": "active"}}"#;
const BOTH: &str = r#"{"at": "/s", "map": {"A": "active"}, "only_new": {"prospect": "A"}}"#;
const COUNTRY: &str = r#"{"at": "/c", "file": "countries.json", "reversed": true}"#;
const LEVEL: &str = r#"{"at": "/l", "map": [[1, "low"], [2, "high"], [true, false]]}"#;
const OLD: &str = r#"{"at": "/s", "map": {"A": "active"}, "only_old": {"P": "active"}}"#;
const OPEN: &str = r#"{"at": "/s", "map": {"A": "active"}, "others": "pass"}"#;
const REFUSED: &str = r#"{"at": "/t", "refuse_new": ["platform"]}"#;

pub(super) const CASES: &[Case] = &[
    Case::new(REFUSED, What::Both(r#"{"t":"file"}"#, r#"{"t":"file"}"#)),
    Case::new(REFUSED, What::RefusedDown(r#"{"t":"platform"}"#, "/t")),
    Case::new(REFUSED, What::RefusedUp(r#"{"t":"platform"}"#, "/t")),
    Case::new(
        STATUS,
        What::Both(r#"{"s":"A","x":1.0}"#, r#"{"s":"active","x":1.0}"#),
    ),
    Case::new(STATUS, What::Up(r#"{"s":"\u0041"}"#, r#"{"s":"active"}"#)),
    Case::new(STATUS, What::Both("{}", "{}")),
    Case::new(STATUS, What::RefusedUp(r#"{"s":"Q"}"#, "/s")),
    Case::new(STATUS, What::RefusedUp(r#"{"s":{"A":1}}"#, "/s")),
    Case::new(STATUS, What::RefusedDown(r#"{"s":"A"}"#, "/s")),
    Case::new(STATUS, What::Patch(r#"{"s":"S"}"#, Some(r#"{"s":"suspended"}"#))),
    Case::new(STATUS, What::Patch(r#"{"s":null}"#, Some(r#"{"s":null}"#))),
    Case::new(PROSPECT, What::Down(r#"{"s":"prospect"}"#, r#"{"s":"active"}"#)),
    Case::new(PROSPECT, What::Both(r#"{"s":"closed"}"#, r#"{"s":"closed"}"#)),
    Case::new(PROSPECT, What::RefusedUp(r#"{"s":"prospect"}"#, "/s")),
    Case::new(
        PROSPECT,
        What::PutUp {
            stored: r#"{"s":"prospect","n":1}"#,
            sent: r#"{"s":"active","n":2}"#,
            gives: r#"{"s":"prospect","n":2}"#,
        },
    ),
    Case::new(
        PROSPECT,
        What::PutUp {
            stored: r#"{"s":"closed"}"#,
            sent: r#"{"s":"active"}"#,
            gives: r#"{"s":"active"}"#,
        },
    ),
    Case::new(PROSPECT, What::Patch(r#"{"s":"active"}"#, None)),
    Case::new(
        PROSPECT,
        What::Patch(r#"{"s":"closed"}"#, Some(r#"{"s":"closed"}"#)),
    ),
    Case::new(BOTH, What::Both(r#"{"s":"A"}"#, r#"{"s":"active"}"#)),
    Case::new(BOTH, What::Down(r#"{"s":"prospect"}"#, r#"{"s":"A"}"#)),
    Case::new(OLD, What::Up(r#"{"s":"P"}"#, r#"{"s":"active"}"#)),
    Case::new(
        OLD,
        What::PutDown {
            stored: r#"{"s":"P"}"#,
            sent: r#"{"s":"active"}"#,
            gives: r#"{"s":"P"}"#,
        },
    ),
    Case::new(OLD, What::PatchDown(r#"{"s":"active"}"#, None)),
    Case::new(OPEN, What::Both(r#"{"s":"Z"}"#, r#"{"s":"Z"}"#)),
    Case::new(OPEN, What::RefusedUp(r#"{"s":"active"}"#, "/s")),
    Case::new(OPEN, What::RefusedUp(r#"{"s":[]}"#, "/s")),
    Case::new(COUNTRY, What::Both(r#"{"c":"Germany"}"#, r#"{"c":"DE"}"#)),
    Case::new(COUNTRY, What::RefusedDown(r#"{"c":"XX"}"#, "/c")),
    Case::new(LEVEL, What::Both(r#"{"l":1}"#, r#"{"l":"low"}"#)),
    Case::new(LEVEL, What::Up(r#"{"l":2.0}"#, r#"{"l":"high"}"#)),
    Case::new(LEVEL, What::Both(r#"{"l":true}"#, r#"{"l":false}"#)),
    Case::new(LEVEL, What::RefusedUp(r#"{"l":"1"}"#, "/l")),
];
