//! The frame of every page: head, navigation, the choice of an API, and what is said on each.

use maud::{DOCTYPE, Markup, html};

use super::assets::{SCRIPT, STYLE};
use super::door::{Caller, TOKEN};
use super::links::Link;

/// What stands around a page.
pub(super) struct Frame<'a> {
    /// The page's title.
    pub(super) title: &'a str,
    /// Which entry of the navigation it belongs to.
    pub(super) place: Place,
    /// The APIs there are, by name.
    pub(super) apis: Vec<&'a str>,
    /// The API that is looked at.
    pub(super) api: &'a str,
    /// Who looks.
    pub(super) caller: Option<&'a Caller>,
    /// The token for forms.
    pub(super) token: &'a str,
    /// Whether the figures were made up by `sluice demo`.
    pub(super) demo: bool,
    /// Whether the clock shows another time than the system's, and which.
    pub(super) rehearsal: Option<String>,
}

/// Entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The front page and what it leads to.
    Overview,
    /// The lineage.
    Lineage,
    /// The playground.
    Playground,
    /// Elsewhere: logging in, refusals.
    Elsewhere,
}

/// A whole page.
pub(super) fn page(frame: &Frame<'_>, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) " · Sluice" }
                link rel="stylesheet" href=(STYLE.path);
                script src=(SCRIPT.path) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (header(frame))
                @if frame.demo { (demo()) }
                @if let Some(now) = &frame.rehearsal {
                    p.notice.rehearsal role="note" { strong { "A rehearsal. " } "The clock shows " (now) ", not the time of the system." }
                }
                main #main tabindex="-1" { (content) }
                footer.foot { p { "Times are UTC. Windows of 24 hours, 7 and 90 days include the hour or the day at hand." } }
            }
        }
    }
}

fn header(frame: &Frame<'_>) -> Markup {
    html! {
        header.top {
            div.bar {
                a.brand href=(Link::new("/console").api(frame.api)) { (mark()) "Sluice" }
                @if frame.caller.is_some() {
                    nav aria-label="Console" {
                        ul {
                            (entry(frame, Place::Overview, "/console", "Overview"))
                            (entry(frame, Place::Lineage, "/console/lineage", "Lineage"))
                            (entry(frame, Place::Playground, "/console/playground", "Playground"))
                        }
                    }
                    (chooser(frame))
                    (who(frame))
                }
            }
        }
    }
}

fn entry(frame: &Frame<'_>, place: Place, path: &str, name: &str) -> Markup {
    let current = (frame.place == place).then_some("page");
    html! { li { a href=(Link::new(path).api(frame.api)) aria-current=[current] { (name) } } }
}

/// Which API is looked at: a form, so that it needs no script.
fn chooser(frame: &Frame<'_>) -> Markup {
    let target = match frame.place {
        Place::Lineage => "/console/lineage",
        Place::Playground => "/console/playground",
        Place::Overview | Place::Elsewhere => "/console",
    };
    html! {
        @match frame.apis.as_slice() {
            [] => {},
            [only] => p.api { span.quiet { "API " } (only) },
            several => form.api method="get" action=(target) {
                label for="api" { "API" }
                select #api name="api" {
                    @for name in several { option value=(name) selected[*name == frame.api] { (name) } }
                }
                button type="submit" { "Show" }
            },
        }
    }
}

fn who(frame: &Frame<'_>) -> Markup {
    html! {
        @if let Some(Caller::Administrator { name, session }) = frame.caller {
            @if session.is_some() {
                form.who method="post" action="/console/logout" {
                    input type="hidden" name=(TOKEN) value=(frame.token);
                    span { (name) }
                    button type="submit" { "Log out" }
                }
            } @else {
                p.who { (name) }
            }
        }
    }
}

fn demo() -> Markup {
    html! {
        p.notice.demo role="note" {
            strong { "Demo data. " }
            "These figures were made up by " code { "sluice demo" } "; they are nobody's traffic."
        }
    }
}

/// Two levels of water and the gate between them.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false" {
            path.high d="M2 8h8v13H2z" {}
            path.low d="M14 15h8v6h-8z" {}
            path.gate d="M11 3h2v18h-2z" {}
        }
    }
}
