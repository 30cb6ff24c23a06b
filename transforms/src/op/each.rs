//! `each`: steps for every value at a place that stands more than once.
//!
//! ```yaml
//! each: {at: /spec/rules/*/http, steps: [{rename: {from: /paths, to: /routes}}]}
//! ```
//!
//! `*` stands for every element of a list and every member of a map. The pointers of the steps begin at the value. It is
//! for documents without named types; a change of a named type finds its occurrences by itself.
//!
//! Loses what the steps lose. Elements that a client sends go with the stored elements that they equal; what is left
//! over goes by position when both lists have the same length.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::chain::Chain;
use super::entry::{Case, Entry, Files, SettingsFault, What, pointer, schema, settings};
use super::{Direction, Members, Operator, Pair, Site, Stored, needs_stored};
use crate::fault::Fault;
use crate::pointer::Pointer;
use crate::shape::{Shape, TypeFault, Types};
use crate::value::{Member, Value};
use crate::walk::align;

/// Settings of `each`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The place, as a JSON Pointer in which `*` stands for every element or member.
    pub at: String,
    /// The steps, each an object with one operator; their pointers begin at the value.
    pub steps: Vec<Json>,
}

const RENAME: &str = r#"{"at": "/l/*/o", "steps": [{"rename": {"from": "/a", "to": "/b"}}]}"#;
const ADD: &str = r#"{"at": "/l/*", "steps": [{"rename": {"from": "/a", "to": "/b"}}, {"add": {"at": "/n", "loss": {"create": {"default": 0}, "replace": "keep"}}}]}"#;

/// `each`.
pub const EACH: Entry = Entry {
    name: "each",
    summary: "Steps for every value at a place that stands more than once.",
    schema: schema::<Settings>,
    build,
    cases: &[
        Case {
            settings: RENAME,
            what: What::Both(
                r#"{"l":[{"o":{"a":1.0}},{"p":2},{"o":{"a":{}}}],"a":3}"#,
                r#"{"l":[{"o":{"b":1.0}},{"p":2},{"o":{"b":{}}}],"a":3}"#,
            ),
        },
        Case {
            settings: RENAME,
            what: What::Both(r#"{"l":[],"a":3}"#, r#"{"l":[],"a":3}"#),
        },
        Case {
            settings: RENAME,
            what: What::RefusedUp(r#"{"l":[{"o":{}},{"o":{"b":1}}]}"#, "/l/1/o/b"),
        },
        Case {
            settings: ADD,
            what: What::Up(
                r#"{"l":[{"a":1},{"a":2}]}"#,
                r#"{"l":[{"b":1,"n":0},{"b":2,"n":0}]}"#,
            ),
        },
        Case {
            settings: ADD,
            what: What::PutUp {
                stored: r#"{"l":[{"b":1,"n":7},{"b":2,"n":8}]}"#,
                sent: r#"{"l":[{"a":1},{"a":3}]}"#,
                gives: r#"{"l":[{"b":1,"n":7},{"b":3,"n":8}]}"#,
            },
        },
        Case {
            settings: ADD,
            what: What::PutUp {
                stored: r#"{"l":[{"b":1,"n":7},{"b":2,"n":8}]}"#,
                sent: r#"{"l":[{"a":2}]}"#,
                gives: r#"{"l":[{"b":2,"n":8}]}"#,
            },
        },
        Case {
            settings: RENAME,
            what: What::Patch(r#"{"l":[{"o":{"a":1}}]}"#, Some(r#"{"l":[{"o":{"b":1}}]}"#)),
        },
        Case {
            settings: ADD,
            what: What::Patch(r#"{"l":[{"a":1}]}"#, None),
        },
        Case {
            settings: ADD,
            what: What::Patch(r#"{"l":null,"m":1}"#, Some(r#"{"l":null,"m":1}"#)),
        },
    ],
};

fn build(json: &Json, files: Files<'_>) -> Result<Box<dyn Operator>, SettingsFault> {
    let settings: Settings = settings(json)?;
    let steps = Chain::build(&settings.steps, "/steps", files)?;
    if steps.is_empty() {
        return Err(SettingsFault::new("/steps", "name at least one step"));
    }
    Ok(Box::new(Each {
        at: pointer(&settings.at, "/at")?,
        steps,
    }))
}

#[derive(Debug)]
struct Each {
    at: Pointer,
    steps: Chain,
}

impl Each {
    fn visit(&self, to: Direction, doc: &mut Value, names: &[String], site: &Site<'_>) -> Result<(), Fault> {
        let Some((name, rest)) = names.split_first() else {
            return self.steps.apply(to, doc, site);
        };
        match doc {
            Value::List(items) if name == "*" => {
                let stored = site.before.and_then(Value::as_list).unwrap_or_default();
                let aligned = align(items, stored);
                for (index, (item, stored)) in items.iter_mut().zip(aligned).enumerate() {
                    if let Some(child) = element(site, stored) {
                        self.visit(to, item, rest, &child)
                            .map_err(|f| f.below(&Pointer::of([index.to_string()])))?;
                    }
                }
                Ok(())
            }
            Value::Object(_) => within(doc, name, site, |value, child| self.visit(to, value, rest, child)),
            _ => Ok(()),
        }
    }

    fn visit_patch(
        &self,
        to: Direction,
        patch: &mut Value,
        names: &[String],
        site: &Site<'_>,
    ) -> Result<(), Fault> {
        let Some((name, rest)) = names.split_first() else {
            return if *patch == Value::Null {
                Ok(())
            } else {
                self.steps.patch(to, patch, site)
            };
        };
        match patch {
            // A list in a merge patch is the whole new list.
            Value::List(items) if name == "*" && !items.is_empty() => {
                if self.stored(to) != Stored::Never {
                    return Err(needs_stored());
                }
                let unstored = Site {
                    before: None,
                    after: None,
                    ..*site
                };
                self.visit(to, patch, names, &unstored)
            }
            Value::Object(_) => within(patch, name, site, |value, child| {
                self.visit_patch(to, value, rest, child)
            }),
            _ => Ok(()),
        }
    }
}

/// Visits the member of that name, or all for `*`.
fn within(
    doc: &mut Value,
    name: &str,
    site: &Site<'_>,
    mut act: impl FnMut(&mut Value, &Site<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let Value::Object(object) = doc else {
        return Ok(());
    };
    let members = Members::of(site);
    let wanted = |member: &&mut Member| name == "*" || member.key.is(name);
    object
        .members_mut()
        .iter_mut()
        .filter(wanted)
        .try_for_each(|member| {
            let key = member.key.decoded();
            let Some(child) = members.site(&key) else {
                return Ok(());
            };
            act(&mut member.value, &child).map_err(|f| f.below(&Pointer::of([key])))
        })
}

/// The site of an element and its stored counterpart.
fn element<'a>(site: &Site<'a>, stored: Option<usize>) -> Option<Site<'a>> {
    let at = |list: Option<&'a Value>| list?.as_list()?.get(stored?);
    let every = Pointer::of(["*"]);
    Some(Site {
        before: at(site.before),
        after: at(site.after),
        source: site.source.at(&every, site.source_types)?,
        target: site.target.and_then(|t| t.at(&every, site.target_types)),
        ..*site
    })
    .map(|element| element.within(site))
}

impl Operator for Each {
    fn name(&self) -> &'static str {
        "each"
    }

    fn pairs(&self) -> Vec<Pair> {
        let below = |at: Option<Pointer>| at.map(|at| self.at.join(&at));
        let pair = |p: Pair| Pair {
            old: below(p.old),
            new: below(p.new),
            ..p
        };
        self.steps.pairs().into_iter().map(pair).collect()
    }

    fn retype(&self, to: Direction, shape: &mut Shape, types: &Types) -> Result<(), TypeFault> {
        let Some(place) = shape.at_mut(&self.at, types)? else {
            return Ok(());
        };
        self.steps.retype(to, place, types).map_err(|fault| TypeFault {
            pointer: self.at.join(&fault.pointer),
            ..fault
        })
    }

    fn apply(&self, to: Direction, doc: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.visit(to, doc, self.at.names(), site)
    }

    fn patch(&self, to: Direction, patch: &mut Value, site: &Site<'_>) -> Result<(), Fault> {
        self.visit_patch(to, patch, self.at.names(), site)
    }

    fn stored(&self, to: Direction) -> Stored {
        self.steps.stored(to)
    }

    fn guards_names(&self) -> bool {
        true
    }

    fn locate(&self, to: Direction, pointer: &Pointer) -> Pointer {
        let depth = self.at.names().len();
        let here = pointer.truncate(depth);
        let meets = |(place, name): (&String, &String)| place == "*" || place == name;
        let below = here.names().len() == depth && self.at.names().iter().zip(here.names()).all(meets);
        match pointer.strip(&here) {
            Some(rest) if below => here.join(&self.steps.locate(to, &rest)),
            _ => pointer.clone(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pointers_keep_their_indices() {
        let op = build(&serde_json::from_str(RENAME).unwrap(), &|_| Err(String::new())).unwrap();
        let at = |text: &str| Pointer::parse(text).unwrap();
        assert_eq!(op.locate(Direction::Up, &at("/l/3/o/a/x")), at("/l/3/o/b/x"));
        assert_eq!(op.locate(Direction::Down, &at("/l/3/o/b")), at("/l/3/o/a"));
        assert_eq!(op.locate(Direction::Up, &at("/l/3")), at("/l/3"));
        assert_eq!(op.locate(Direction::Up, &at("/m/3/o/a")), at("/m/3/o/a"));
    }
}
