//! What answers say of members that go.

use http::header::LINK;
use http::{HeaderName, HeaderValue};
use sfv::{KeyRef, ListSerializer, StringRef};
use sluice_config::plan::MemberCourse;

use super::Fields;
use super::notice::date;

/// Which members go, for each of them: `"/password_hint";type="Customer";deprecated=@1704067200;sunset=@1814399999`.
/// `Deprecation` and `Sunset` are of the whole resource, and would say too much.
const SLUICE_DEPRECATED: HeaderName = HeaderName::from_static("sluice-deprecated");

/// Which members a trial withheld from an answer: `"/fax";type="Customer"`.
const SLUICE_WITHHELD: HeaderName = HeaderName::from_static("sluice-withheld");

/// What is said of a member that is met.
pub(super) fn fields(member: &MemberCourse) -> Option<Fields> {
    let (at, label) = (member.at.to_string(), member.label.as_str());
    let mut list = ListSerializer::new();
    let mut item = list
        .bare_item(StringRef::from_str(&at).ok()?)
        .parameter(KeyRef::from_str("type").ok()?, StringRef::from_str(label).ok()?);
    let dates = [
        ("deprecated", member.course.deprecated),
        ("sunset", member.course.sunset),
    ];
    for (name, at) in dates {
        if let Some(at) = at {
            item = item.parameter(KeyRef::from_str(name).ok()?, date(at));
        }
    }
    let _list = item;
    let mut fields = vec![(SLUICE_DEPRECATED, list.finish()?)];
    if let Some(guide) = &member.course.guide {
        // The anchor says that the link is about the member, not about the whole resource (RFC 8288 §3.2).
        let link = format!("<{guide}>; rel=\"deprecation\"; anchor=\"#{label}{at}\"");
        fields.push((LINK, link));
    }
    let valid = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)));
    Some(valid.collect())
}

/// What is said of a member that a trial withheld.
pub(super) fn withheld(member: &MemberCourse) -> Option<Fields> {
    let (at, label) = (member.at.to_string(), member.label.as_str());
    let mut list = ListSerializer::new();
    let _item = list
        .bare_item(StringRef::from_str(&at).ok()?)
        .parameter(KeyRef::from_str("type").ok()?, StringRef::from_str(label).ok()?);
    let value = HeaderValue::from_str(&list.finish()?).ok()?;
    Some(Box::new([(SLUICE_WITHHELD, value)]))
}
