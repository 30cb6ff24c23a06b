//! Where two documents differ: JSON values, members with the value null left out, order aside.

use serde_json::Value as Json;

/// The first place at which two documents differ, with both values; `None` if they are the same.
pub fn difference(ours: &Json, wanted: &Json) -> Option<String> {
    below("", Some(ours), Some(wanted))
}

fn below(at: &str, ours: Option<&Json>, wanted: Option<&Json>) -> Option<String> {
    match (ours, wanted) {
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            let member = |name: &String| {
                let present =
                    |of: &serde_json::Map<String, Json>| of.get(name).filter(|v| !v.is_null()).cloned();
                let name = name.replace('~', "~0").replace('/', "~1");
                let (a, b) = (present(a), present(b));
                below(&format!("{at}/{name}"), a.as_ref(), b.as_ref())
            };
            names
                .into_iter()
                .find_map(|name| member(name).map(|why| (name, why)))
                .map(|(_, why)| why)
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) if a.len() == b.len() => {
            let mut items = a.iter().zip(b).enumerate();
            items.find_map(|(i, (a, b))| below(&format!("{at}/{i}"), Some(a), Some(b)))
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{at} is {}, wanted {}", shown(a), shown(b))),
    }
}

/// A value, short enough for a line.
fn shown(value: Option<&Json>) -> String {
    let Some(value) = value else {
        return "absent".to_owned();
    };
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_is_absent_and_order_is_free() {
        let same = difference(
            &json!({"a": null, "b": [1, {"c": 1}], "d": 2}),
            &json!({"d": 2, "b": [1, {"c": 1}]}),
        );
        assert_eq!(same, None);
        let differs = difference(&json!({"a/b": [{"c": 1}]}), &json!({"a/b": [{}]}));
        assert_eq!(differs.as_deref(), Some("/a~1b/0/c is 1, wanted absent"));
        assert!(difference(&json!([1, null]), &json!([1])).is_some());
    }
}
