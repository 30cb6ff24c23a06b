//! Clients in tables: who, whom to tell, and how often each asked.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::console::figures::{ago, count, harmless};
use crate::console::links::Link;
use crate::ledger::report::client::Asker;

/// The heads above [`cells`].
pub(super) fn heads() -> Markup {
    html! {
        th scope="col" { "Client" }
        th scope="col" { "Contact" }
        (count_heads())
        th scope="col" { "Last seen" }
    }
}

/// A client's cells: the first of its row.
pub(super) fn cells(api: &str, asker: &Asker, now: Timestamp) -> Markup {
    html! {
        th.who scope="row" { (who(api, &asker.who, asker.identified, asker.configured)) }
        td { (contact(asker.contact.as_deref())) }
        (counts(asker))
        td { (ago(asker.last_seen, now)) }
    }
}

/// The heads above [`counts`].
pub(in crate::console) fn count_heads() -> Markup {
    html! {
        th.n scope="col" { "24 hours" }
        th.n scope="col" { "7 days" }
        th.n scope="col" { "90 days" }
    }
}

/// How often a client asked.
pub(in crate::console) fn counts(asker: &Asker) -> Markup {
    html! {
        td.n { (count(asker.last_24_hours)) }
        td.n { (count(asker.last_7_days)) }
        td.n { (count(asker.last_90_days)) }
    }
}

/// A client: a consumer with its page, or what is known of one without a credential.
pub(super) fn who(api: &str, who: &str, identified: bool, configured: bool) -> Markup {
    html! {
        @if identified {
            a href=(Link::new("/console/consumer").api(api).with("name", who)) { (harmless(who)) }
            @if !configured { " " span.badge.gone title="consumers.yaml has no such consumer any more" { "removed" } }
        } @else {
            span.unidentified { (harmless(who)) }
        }
    }
}

/// Whom to tell: linked where it is a mail address or a page.
pub(in crate::console) fn contact(contact: Option<&str>) -> Markup {
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"@.-_+".contains(&byte))
    };
    html! {
        @match contact {
            Some(mail) if mail.matches('@').count() == 1 && plain(mail) => a href=(format!("mailto:{mail}")) { (mail) },
            Some(page) if page.starts_with("https://") => a href=(page) rel="noreferrer" { (page) },
            Some(other) => (other),
            None => span.none { "none" },
        }
    }
}
