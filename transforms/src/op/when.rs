//! `when`: steps for the documents for which a condition holds.
//!
//! ```yaml
//! when: {at: /kind, equals: card, steps: [{rename: {from: /no, to: /number}}], otherwise: [{remove: {at: /no}}]}
//! when: {old: {at: /fee, kind: text}, new: {at: /fee, kind: object}, steps: [{wrap: {from: /fee, to: /fee/amount}}]}
//! ```
//!
//! Which way a document goes must be seen on both sides. Either `at` is a place that no step touches, or `old` and `new`
//! each say how it is seen there; then a document whose translation would be taken for one of the other kind is refused.
//!
//! Loses what the steps lose. A client that turns a stored document into one of the other kind makes a new one: nothing
//! is kept of what the steps hide.

mod condition;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::branch_types::{merged, retyped};
use super::chain::Chain;
use super::entry::{Case, Entry, Files, SettingsFault, What, schema, settings};
use super::{Direction, Operator, Pair, Side, Site, Stored, needs_stored, touches};
use crate::contract::Purpose;
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Kind, Shape, TypeFault, Types};
use crate::value::Value;
use condition::{Condition, given};
pub use condition::{ConditionSettings, KindName};

/// Settings of `when`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The place that decides, the same on both sides, as a JSON Pointer. Or give `old` and `new`.
    #[serde(default)]
    pub at: Option<String>,
    /// It must equal this value.
    #[serde(default, deserialize_with = "given")]
    pub equals: Option<Json>,
    /// It must equal one of these values.
    #[serde(default, rename = "in")]
    pub one_of: Option<Vec<Json>>,
    /// It must be there, or must not.
    #[serde(default)]
    pub present: Option<bool>,
    /// It must be of this kind.
    #[serde(default)]
    pub kind: Option<KindName>,
    /// The condition on the old side, where it differs.
    #[serde(default)]
    pub old: Option<ConditionSettings>,
    /// The condition on the new side, where it differs.
    #[serde(default)]
    pub new: Option<ConditionSettings>,
    /// The steps for documents for which the condition holds.
    #[serde(default)]
    pub steps: Vec<Json>,
    /// The steps for all others.
    #[serde(default)]
    pub otherwise: Vec<Json>,
}

const CARD: &str =
    r#"{"at": "/kind", "equals": "card", "steps": [{"rename": {"from": "/no", "to": "/number"}}]}"#;
const FEE: &str = r#"{"old": {"at": "/fee", "kind": "text"}, "new": {"at": "/fee", "kind": "object"}, "steps": [{"wrap": {"from": "/fee", "to": "/fee/amount"}}]}"#;
const PORT: &str = r#"{"old": {"at": "/p", "kind": "text"}, "new": {"at": "/s/p/name", "present": true}, "steps": [{"move": {"from": "/p", "to": "/s/p/name"}}], "otherwise": [{"move": {"from": "/p", "to": "/s/p/number"}}]}"#;
const BOTH: &str = r#"{"at": "/v", "in": [1, 2], "steps": [{"rename": {"from": "/a", "to": "/b"}}], "otherwise": [{"rename": {"from": "/a", "to": "/c"}}]}"#;

/// `when`.
pub const WHEN: Entry = Entry {
    name: "when",
    summary: "Steps for documents for which a condition holds.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: CARD,
            what: What::Both(
                r#"{"no":1,"kind":"\u0063ard"}"#,
                r#"{"number":1,"kind":"\u0063ard"}"#,
            ),
        },
        Case {
            settings: CARD,
            what: What::Both(r#"{"no":1,"kind":"cash"}"#, r#"{"no":1,"kind":"cash"}"#),
        },
        Case {
            settings: CARD,
            what: What::Both(r#"{"no":1}"#, r#"{"no":1}"#),
        },
        Case {
            settings: CARD,
            what: What::RefusedUp(r#"{"no":1,"kind":"card","number":2}"#, "/number"),
        },
        Case {
            settings: BOTH,
            what: What::Both(r#"{"v":1.0,"a":1}"#, r#"{"v":1.0,"b":1}"#),
        },
        Case {
            settings: BOTH,
            what: What::Both(r#"{"v":3,"a":1}"#, r#"{"v":3,"c":1}"#),
        },
        Case {
            settings: FEE,
            what: What::Both(r#"{"fee":"1"}"#, r#"{"fee":{"amount":"1"}}"#),
        },
        Case {
            settings: FEE,
            what: What::Both(r#"{"fee":null}"#, r#"{"fee":null}"#),
        },
        Case {
            settings: FEE,
            what: What::RefusedUp(r#"{"fee":{"amount":"1"}}"#, "/fee"),
        },
        Case {
            settings: FEE,
            what: What::RefusedDown(r#"{"fee":"1"}"#, "/fee"),
        },
        Case {
            settings: PORT,
            what: What::Both(r#"{"p":"http"}"#, r#"{"s":{"p":{"name":"http"}}}"#),
        },
        Case {
            settings: PORT,
            what: What::Both(r#"{"p":80}"#, r#"{"s":{"p":{"number":80}}}"#),
        },
        Case {
            settings: CARD,
            what: What::PutUp {
                stored: r#"{"kind":"card","number":1,"x":1}"#,
                sent: r#"{"kind":"card","no":2,"x":1}"#,
                gives: r#"{"kind":"card","number":2,"x":1}"#,
            },
        },
        Case {
            settings: CARD,
            what: What::PutUp {
                stored: r#"{"kind":"card","number":1}"#,
                sent: r#"{"kind":"cash","no":2}"#,
                gives: r#"{"kind":"cash","no":2}"#,
            },
        },
        Case {
            settings: CARD,
            what: What::Patch(r#"{"no":1}"#, None),
        },
        Case {
            settings: CARD,
            what: What::Patch(r#"{"kind":"cash"}"#, None),
        },
        Case {
            settings: CARD,
            what: What::Patch(r#"{"z":1}"#, Some(r#"{"z":1}"#)),
        },
    ],
};

fn build(json: &Json, files: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let steps = Chain::build(&settings.steps, "/steps", files)?;
    let otherwise = Chain::build(&settings.otherwise, "/otherwise", files)?;
    if steps.is_empty() && otherwise.is_empty() {
        return Err(SettingsFault::new("/steps", "name at least one step"));
    }
    let (old, new, apart) = conditions(settings)?;
    if !apart {
        let mut touched = steps.touched();
        touched.extend(otherwise.touched());
        let meets = |at: &Pointer| at.strip(&old.at).is_some() || old.at.strip(at).is_some();
        if let Some(at) = touched.into_iter().find(meets) {
            let changed = if at.is_root() {
                "the whole".to_owned()
            } else {
                at.to_string()
            };
            let message = format!(
                "the steps change {changed}, so {} does not decide on both sides",
                old.at
            );
            return Err(SettingsFault {
                hint: Some("say how each side decides: `old: {at: …}` and `new: {at: …}`".to_owned()),
                ..SettingsFault::new("/at", message)
            });
        }
    }
    Ok(Box::new(When {
        old,
        new,
        apart,
        steps,
        otherwise,
    }))
}

/// The conditions of both sides, and whether they were given apart.
fn conditions(settings: Settings) -> Result<(Condition, Condition, bool), SettingsFault> {
    let loose = settings.equals.is_some()
        || settings.one_of.is_some()
        || settings.present.is_some()
        || settings.kind.is_some();
    match (settings.at, settings.old, settings.new) {
        (Some(at), None, None) => {
            let both = ConditionSettings {
                at,
                equals: settings.equals,
                one_of: settings.one_of,
                present: settings.present,
                kind: settings.kind,
            };
            let condition = Condition::new(both, "")?;
            Ok((condition.clone(), condition, false))
        }
        (None, Some(old), Some(new)) if !loose => {
            Ok((Condition::new(old, "/old")?, Condition::new(new, "/new")?, true))
        }
        _ => Err(SettingsFault::new(
            "",
            "give either `at` with its test, or both `old` and `new`",
        )),
    }
}

#[derive(Debug)]
struct When {
    old: Condition,
    new: Condition,
    apart: bool,
    steps: Chain,
    otherwise: Chain,
}

impl When {
    fn condition(&self, side: Side) -> &Condition {
        if side == Side::Old { &self.old } else { &self.new }
    }

    fn branch(&self, holds: bool) -> &Chain {
        if holds { &self.steps } else { &self.otherwise }
    }

    fn retype_one(
        &self,
        to: Direction,
        shape: &Shape,
        types: &Types,
        alternative: bool,
    ) -> Result<Shape, TypeFault> {
        let condition = self.condition(to.source());
        match condition.decided(shape, types, alternative) {
            Some(holds) => retyped(self.branch(holds), to, shape, types),
            None => Ok(merged(
                self.way(to, true, shape, types)?.1,
                self.way(to, false, shape, types)?.1,
            )),
        }
    }

    /// The types of the documents that go one way, before and after it.
    fn way(
        &self,
        to: Direction,
        holds: bool,
        shape: &Shape,
        types: &Types,
    ) -> Result<(Shape, Shape), TypeFault> {
        let mut before = shape.clone();
        before.open(types);
        self.condition(to.source()).assume(holds, &mut before, types);
        let after = retyped(self.branch(holds), to, &before, types)?;
        Ok((before, after))
    }
}

/// The site of documents that go one way. Where no type can be told, it stays as wide as both ways.
fn narrowed<'a>(site: &Site<'a>, types: Option<&'a (Shape, Shape)>) -> Site<'a> {
    match types {
        Some((before, after)) if !matches!(before.kind, Kind::OneOf(_)) => Site {
            source: before,
            target: Some(after),
            target_types: site.source_types,
            ..*site
        },
        _ => *site,
    }
}

impl Operator for When {
    fn name(&self) -> &'static str {
        "when"
    }

    fn pairs(&self) -> Vec<Pair> {
        let steps = self.steps.pairs().into_iter();
        steps.chain(self.otherwise.pairs()).collect()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        shape.open(types);
        if let Kind::OneOf(alternatives) = &mut shape.kind {
            for one in alternatives {
                one.open(types);
                *one = self.retype_one(to, one, types, true)?;
            }
            return Ok(());
        }
        *shape = self.retype_one(to, shape, types, false)?;
        Ok(())
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        let condition = self.condition(to.source());
        let holds = condition.holds(doc);
        let same_kind = site.before.is_none_or(|before| condition.holds(before) == holds);
        let made = Site {
            purpose: Purpose::Create,
            before: None,
            after: None,
            ..*site
        };
        let site = if same_kind { site } else { &made };
        let types = self.way(to, holds, site.source, site.source_types).ok();
        self.branch(holds)
            .apply(to, doc, &narrowed(site, types.as_ref()))?;
        let seen = self.condition(to.target());
        if self.apart && seen.holds(doc) != holds {
            let fault = Fault::unfit("the other version would take this for something else");
            return Err(fault.below(&condition.at));
        }
        Ok(())
    }

    fn patch(&self, to: Direction, patch: &mut Value, _: &Site<'_>) -> Result<(), Fault> {
        // A patch does not tell which kind the stored document is, and may change it.
        let pairs = self.pairs();
        let sides = super::places(&pairs, to.source()).chain(super::places(&pairs, to.target()));
        let mut places = sides.chain([&self.condition(to.source()).at]);
        if places.any(|at| touches(patch, at)) {
            Err(needs_stored())
        } else {
            Ok(())
        }
    }

    fn stored(&self, to: Direction) -> Stored {
        // What a branch keeps depends on which one the stored document went.
        match self.steps.stored(to).max(self.otherwise.stored(to)) {
            Stored::Never => Stored::Never,
            Stored::Kept | Stored::Consulted => Stored::Consulted,
        }
    }

    fn guards_names(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::shape::{Field, Known};

    #[test]
    fn what_decides_is_absent_from_the_documents_that_go_the_other_way() {
        let op = build(&serde_json::from_str(PORT).unwrap(), &|_| Err(String::new())).unwrap();
        let field = |name: &str, shape: Shape| Field {
            shape,
            ..Field::any(name)
        };
        let object = |fields: Vec<Field>| Shape::from(Kind::Object { fields, open: true });
        let port = object(vec![
            field("number", Kind::Integer.into()),
            field("name", Kind::Text.into()),
        ]);
        let mut shape = object(vec![field("s", object(vec![field("p", port)]))]);
        op.retype(Direction::Down, &mut shape, &Types::new()).unwrap();
        // Only those whose port has a name may have a number beside it: that the steps would have to declare.
        let at = |text: &str| Pointer::parse(text).unwrap();
        assert_eq!(shape.knows(&at("/s/p/name"), &Types::new()), Known::No);
        assert_eq!(shape.knows(&at("/s/p/number"), &Types::new()), Known::Yes);
        assert_eq!(shape.knows(&at("/p"), &Types::new()), Known::Yes);
    }
}
