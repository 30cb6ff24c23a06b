//! JSON Merge Patch (RFC 7396): applying one, and saying a difference as one.

use std::collections::HashMap;

use crate::fault::{Fault, FaultKind};
use crate::pointer::Pointer;
use crate::value::{Member, Object, Value};

/// Applies a merge patch (RFC 7396 §2). Of members that stand twice in the target, which the RFC leaves open, only the
/// patched one is left.
pub fn apply(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if target.as_object().is_none() {
        *target = Value::Object(Object::default());
    }
    if let Value::Object(object) = target {
        merge(object, changes);
    }
}

/// What a patch says about one name, in order, and whether the target was seen to have it.
#[derive(Default)]
struct Said<'p> {
    values: Vec<&'p Value>,
    met: bool,
}

fn merge(object: &mut Object, changes: &Object) {
    let mut said: HashMap<String, Said<'_>> = HashMap::with_capacity(changes.members().len());
    for change in changes.members() {
        said.entry(change.key.decoded().into_owned())
            .or_default()
            .values
            .push(&change.value);
    }
    object
        .members_mut()
        .retain_mut(|member| match said.get_mut(member.key.decoded().as_ref()) {
            None => true,
            Some(said) => !std::mem::replace(&mut said.met, true) && settle(&mut member.value, &said.values),
        });
    for change in changes.members() {
        let Some(said) = said
            .get_mut(change.key.decoded().as_ref())
            .filter(|said| !said.met)
        else {
            continue;
        };
        said.met = true;
        let mut value = Value::Null;
        if settle(&mut value, &said.values) {
            object.members_mut().push(Member {
                key: change.key.clone(),
                value,
                kept: false,
            });
        }
    }
}

/// Applies all that is said about a member; false when it goes.
fn settle(value: &mut Value, said: &[&Value]) -> bool {
    said.iter().for_each(|patch| apply(value, patch));
    said.last().is_none_or(|last| **last != Value::Null)
}

/// The merge patch that turns one document into another.
///
/// # Errors
/// When the other document holds a null in an object, which a merge patch cannot set.
pub fn difference(from: &Value, to: &Value) -> Result<Value, Fault> {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        return settable(to).map(|()| to.clone());
    };
    let (before, after) = (old.index(), new.index());
    let mut changes = Vec::new();
    for member in old.members() {
        if after.get(&member.key.decoded()).is_none() {
            changes.push(Member {
                key: member.key.clone(),
                value: Value::Null,
                kept: false,
            });
        }
    }
    for member in new.members() {
        let name = member.key.decoded();
        let at = Pointer::of([name.as_ref()]);
        let value = match before.get(&name) {
            Some(before) if *before == member.value => continue,
            Some(before @ Value::Object(_)) if member.value.as_object().is_some() => {
                difference(before, &member.value)
            }
            _ => settable(&member.value).map(|()| member.value.clone()),
        };
        changes.push(Member {
            key: member.key.clone(),
            value: value.map_err(|f| f.below(&at))?,
            kept: false,
        });
    }
    Ok(Value::Object(Object::new(changes)))
}

/// Whether a merge patch can set this value: nulls inside of lists are values, nulls in objects remove.
fn settable(value: &Value) -> Result<(), Fault> {
    match value {
        Value::Null => Err(Fault::new(FaultKind::NotAPatch, "a merge patch cannot set null")),
        Value::Object(object) => object.members().iter().try_for_each(|member| {
            settable(&member.value).map_err(|f| f.below(&Pointer::of([member.key.decoded()])))
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn doc(text: &str) -> Value {
        parse(text.as_bytes(), 32).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_7396() {
        // Appendix A.
        for (original, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            (r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let mut target = doc(original);
            apply(&mut target, &doc(patch));
            assert_eq!(target.to_json(), result);
        }
    }

    #[test]
    fn a_difference_leads_there() {
        for (from, to) in [
            (r#"{"a":1,"b":{"c":2,"d":3}}"#, r#"{"b":{"c":5},"e":[null]}"#),
            ("{}", r#"{"a":{"b":{}}}"#),
            (r#"{"a":1.0}"#, r#"{"a":1}"#),
        ] {
            let mut target = doc(from);
            apply(&mut target, &difference(&doc(from), &doc(to)).unwrap());
            assert_eq!(target, doc(to));
        }
        assert!(difference(&doc("{}"), &doc(r#"{"a":null}"#)).is_err());
    }
}
