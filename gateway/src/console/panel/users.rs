//! Who uses a version, and what of it.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{clients, empty, scroll};
use crate::console::figures::count;
use crate::console::links::Link;
use crate::ledger::report::who_uses::{ConsumerUse, MemberUse, OperationUse, Page, WhoUses};

/// How many members and operations are listed at once; the others on demand.
const FIRST: usize = 3;

/// Everyone who uses a version, as a table. `panel` is the place that it stands in.
pub(in crate::console) fn table(panel: &str, report: &WhoUses, now: Timestamp) -> Markup {
    if report.consumers.is_empty() {
        return empty(html! { p { "Nobody asked for " (report.version) " within 90 days." } });
    }
    scroll(
        panel,
        html! {
            table.users {
                caption.unseen { "Clients of " (report.version) " within 90 days" }
                thead { tr {
                    (clients::heads())
                    th scope="col" { "Operations" }
                    th scope="col" { "Sent: used" }
                    th scope="col" { "Delivered: unknown" }
                } }
                tbody { @for user in &report.consumers { (line(&report.api, user, now)) } }
            }
        },
    )
}

/// The way to the other clients.
pub(in crate::console) fn turn(report: &WhoUses, page: Page) -> Markup {
    let at = |skip: u32| {
        Link::new("/console/version")
            .api(&report.api)
            .with("version", &report.version)
            .with("skip", &skip.to_string())
    };
    html! {
        @if page.skip > 0 || report.more > 0 {
            nav.turn aria-label="Clients" {
                @if page.skip > 0 { a rel="prev" href=(at(page.skip.saturating_sub(page.most))) { "Earlier" } }
                @if report.more > 0 { a rel="next" href=(at(page.skip.saturating_add(page.most))) { (count(report.more)) " more" } }
            }
        }
    }
}

fn line(api: &str, user: &ConsumerUse, now: Timestamp) -> Markup {
    html! {
        tr {
            (clients::cells(api, &user.asker, now))
            td { (list(&user.operations, operation)) }
            td { (list(&user.sent, member)) }
            td { (list(&user.delivered, member)) }
        }
    }
}

/// What one client uses of a version, as lists.
pub(in crate::console) fn uses(user: &ConsumerUse) -> Markup {
    html! {
        div.uses {
            div { h4 { "Operations" } (list(&user.operations, operation)) }
            div { h4 { "Sent: evidence of use" } (list(&user.sent, member)) }
            div { h4 { "Delivered: use unknown" } (list(&user.delivered, member)) }
        }
    }
}

fn list<T>(all: &[T], item: impl Fn(&T) -> Markup) -> Markup {
    let (first, others) = all.split_at(all.len().min(FIRST));
    html! {
        @if all.is_empty() { span.none { "–" } } @else {
            ul.pointers { @for one in first { li { (item(one)) } } }
            @if !others.is_empty() {
                details { summary { (others.len()) " more" } ul.pointers { @for one in others { li { (item(one)) } } } }
            }
        }
    }
}

fn operation(operation: &OperationUse) -> Markup {
    html! {
        @if operation.operation.is_empty() { span.quiet { "no operation" } } @else { code { (operation.operation) } }
        " " span.quiet { (count(operation.requests)) }
    }
}

fn member(member: &MemberUse) -> Markup {
    html! { code { (member.member) } " " span.quiet { (count(member.exchanges)) } }
}
