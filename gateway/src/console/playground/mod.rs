//! The playground: paste a document, pick what it is and two versions, and see it change by change.
//!
//! - `subject`: what the document may be
//! - `carry`: the engine's run, told change by change
//! - `example`: a document to begin with
//!
//! It works as a form without scripts. The document goes nowhere but through the engine, off the cores, within bounds.

mod carry;
mod example;
mod subject;

use http::Response;
use maud::{Markup, html};
use sluice_config::plan::ApiPlan;

use super::answers;
use super::door::TOKEN;
use super::layout::{self, Place};
use super::links::{Link, word};
use super::pairs::Pairs;
use super::panel;
use super::visit::Visit;
use crate::body::Body;
use crate::readable::{Line, Sign};
use crate::refusal::{Kind, Refusal};
use crate::stage::documents::Offload;
use carry::{Asked, Passage, Played, play};
use subject::Subject;

/// The most bytes of a document.
pub(super) const LONGEST: usize = 128 * 1024;
/// How many documents may be carried at once.
const AT_ONCE: usize = 2;

/// Where documents of the playground are carried.
#[derive(Debug)]
pub(super) struct Playground(Offload);

impl Default for Playground {
    fn default() -> Self {
        Self(Offload::new(AT_ONCE))
    }
}

impl Playground {
    /// The page as it is opened: with an example.
    pub(super) async fn open(&self, visit: &Visit<'_>) -> Result<Response<Body>, Refusal> {
        let Some(api) = visit.api()? else {
            return Ok(nothing(visit));
        };
        let asked = self.asked(visit, api, &visit.query).await?;
        Ok(page(visit, api, &asked, None))
    }

    /// The page with what became of the document in the form.
    pub(super) async fn played(&self, visit: &Visit<'_>, form: &Pairs) -> Result<Response<Body>, Refusal> {
        let Some(api) = visit.api_named(form.get("api"))? else {
            return Ok(nothing(visit));
        };
        let asked = self.asked(visit, api, form).await?;
        if form.given("example").is_some() {
            return Ok(page(visit, api, &asked, None));
        }
        let played = self.play(visit, api, &asked).await?;
        Ok(page(visit, api, &asked, Some(&played)))
    }

    /// The same as JSON.
    pub(super) async fn json(&self, visit: &Visit<'_>, form: &Pairs) -> Result<Response<Body>, Refusal> {
        let api = visit.api_named(form.get("api"))?;
        let api = api.ok_or_else(|| Refusal::new(Kind::UnknownApi, "there is no API"))?;
        let asked = self.asked(visit, api, form).await?;
        let played = self.play(visit, api, &asked).await?;
        Ok(answers::json(&visit.marked(&played)))
    }

    async fn asked(&self, visit: &Visit<'_>, api: &ApiPlan, pairs: &Pairs) -> Result<Asked, Refusal> {
        let (api, pairs, depth) = (api.clone(), pairs.clone(), visit.depth());
        self.0.run(true, move || asked(&api, &pairs, depth)).await?
    }

    async fn play(&self, visit: &Visit<'_>, api: &ApiPlan, asked: &Asked) -> Result<Played, Refusal> {
        let (api, asked, depth) = (api.clone(), asked.clone(), visit.depth());
        self.0.run(true, move || play(&api, &asked, depth)).await
    }
}

/// What a form or a query asks for. What it leaves out is chosen; without a document there is an example.
fn asked(api: &ApiPlan, pairs: &Pairs, depth: usize) -> Result<Asked, Refusal> {
    let text = pairs.get("document");
    if text.len() > LONGEST {
        let detail = format!(
            "the playground takes documents of at most {} KiB; `sluice transform` takes larger ones",
            LONGEST / 1024
        );
        return Err(Refusal::new(Kind::TooLarge, detail));
    }
    let first = api.versions.first().map_or("", |version| &version.name);
    let subject = Subject::read(pairs.get("subject")).or_else(|| subject::choice(api).usual(api));
    let mut asked = Asked {
        subject: subject.unwrap_or(Subject::Type(String::new())),
        from: pairs.given("from").unwrap_or(first).to_owned(),
        to: pairs.given("to").unwrap_or(api.lineage.origin()).to_owned(),
        text: text.to_owned(),
    };
    if text.is_empty() || pairs.given("example").is_some() {
        asked.text = example::example(api, &asked.subject, &asked.from, depth);
    }
    Ok(asked)
}

fn nothing(visit: &Visit<'_>) -> Response<Body> {
    let content = html! { h1 { "Playground" } (panel::no_api()) };
    answers::page(layout::page(
        &visit.frame("Playground", Place::Playground),
        content,
    ))
}

fn page(visit: &Visit<'_>, api: &ApiPlan, asked: &Asked, played: Option<&Played>) -> Response<Body> {
    let frame = visit.frame("Playground", Place::Playground);
    let content = html! {
        h1 { "Playground" }
        p.lead { "Paste a document, say what it is, and see what each change between two versions makes of it. It is carried by the engine that carries requests, and goes nowhere else." }
        (form(visit, api, asked))
        @if let Some(played) = played { (result(played)) }
        (panel::foot(&cli(asked, api), None))
    };
    answers::page(layout::page(&frame, content))
}

fn form(visit: &Visit<'_>, api: &ApiPlan, asked: &Asked) -> Markup {
    let choice = subject::choice(api);
    html! {
        form.play.card method="post" action="/console/playground" {
            input type="hidden" name=(TOKEN) value=(visit.token);
            input type="hidden" name="api" value=(api.name);
            div.choices {
                div.choice {
                    label for="subject" { "What it is" }
                    select #subject name="subject" {
                        (options("Types", &choice.types, &asked.subject))
                        (options("Operations", &choice.parts, &asked.subject))
                    }
                }
                (versions(api, "from", "It is in", &asked.from))
                (versions(api, "to", "Carry it to", &asked.to))
            }
            label for="document" { "Document" }
            textarea #document name="document" rows="16" spellcheck="false" autocomplete="off" autocapitalize="off" aria-describedby="document-hint" { "\n" (asked.text) }
            p.quiet #document-hint { "JSON, at most " (LONGEST / 1024) " KiB. Towards the origin it is carried as a client creates it, away from it as a client is shown it." }
            div.buttons {
                button.primary type="submit" { "Carry it" }
                button type="submit" name="example" value="1" { "Fill in an example" }
                button type="submit" formaction="/console/api/playground.json" { "As JSON" }
            }
        }
    }
}

fn options(label: &str, all: &[Subject], chosen: &Subject) -> Markup {
    html! {
        @if !all.is_empty() {
            optgroup label=(label) {
                @for subject in all {
                    option value=(subject) selected[subject == chosen] { (subject.label()) }
                }
            }
        }
    }
}

fn versions(api: &ApiPlan, name: &str, label: &str, chosen: &str) -> Markup {
    html! {
        div.choice {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for version in &api.versions {
                    option value=(version.name) selected[version.name == chosen] {
                        (version.name) @if version.name == api.lineage.origin() { " (origin)" }
                    }
                }
            }
        }
    }
}

fn result(played: &Played) -> Markup {
    html! {
        section.result aria-labelledby="result" {
            h2 #result { (verdict(played)) }
            @if let Some(fault) = &played.fault {
                p.fault role="alert" {
                    @if !fault.pointer.is_empty() { code { (fault.pointer) } ": " }
                    (fault.detail)
                }
            }
            @if !played.changes.is_empty() {
                ol.passages { @for (index, passage) in played.changes.iter().enumerate() { li { (change(index, passage)) } } }
            }
            @if let Some(document) = &played.document {
                section.card aria-labelledby="final" {
                    h3 #final { "In " (played.to) }
                    @if played.omitted > 0 {
                        p { (played.omitted) " elements of lists were left out or replaced, as " code { "lists:" } " declares." }
                    }
                    pre.document tabindex="0" role="region" aria-labelledby="final" { code { (document) } }
                }
            }
        }
    }
}

fn verdict(played: &Played) -> String {
    let Played {
        from, to, changes, ..
    } = played;
    let through = match changes.len() {
        1 => "1 change".to_owned(),
        many => format!("{many} changes"),
    };
    match (&played.fault, from == to) {
        (Some(_), _) if changes.is_empty() => format!("Not carried from {from} to {to}"),
        (Some(_), _) => format!("Not carried from {from} to {to}: it came through {through}"),
        (None, true) => format!("{from} and {to} are the same version"),
        (None, false) => format!("Carried from {from} to {to} through {through}"),
    }
}

fn change(index: usize, passage: &Passage) -> Markup {
    let id = format!("change-{index}");
    html! {
        article.card.passage aria-labelledby=(id) {
            h3 id=(id) { (passage.from) " " span.arrow aria-hidden="true" { "→" } span.unseen { " to " } " " (passage.to) }
            p { (passage.summary) }
            @if !passage.steps.is_empty() {
                ul.steps aria-label="Steps" {
                    @for step in &passage.steps { li { code { (step.operator) } " " span.quiet { (step.subject) } } }
                }
            }
            @if passage.difference.is_empty() {
                p.quiet { "Leaves this document as it is." }
            } @else {
                (difference(&id, passage))
            }
        }
    }
}

fn difference(id: &str, passage: &Passage) -> Markup {
    html! {
        pre.diff tabindex="0" role="region" aria-labelledby=(id) {
            @for line in &passage.difference { (compared(line)) }
        }
        @if passage.more > 0 { p.quiet { (passage.more) " more lines differ." } }
    }
}

fn compared(line: &Line) -> Markup {
    html! {
        @match line.sign {
            Sign::Went => del { "- " (line.text) "\n" },
            Sign::Came => ins { "+ " (line.text) "\n" },
            Sign::Stayed => span { "  " (line.text) "\n" },
            Sign::Skipped => span.quiet { "  …\n" },
        }
    }
}

/// The command that does the same.
fn cli(asked: &Asked, api: &ApiPlan) -> String {
    let Asked {
        subject, from, to, ..
    } = asked;
    match subject {
        Subject::Type(label) => format!(
            "sluice transform DIR --api {} --type {} --from {} --to {} < document.json",
            word(&api.name),
            word(label),
            word(from),
            word(to)
        ),
        Subject::Request(id) => format!(
            "sluice explain DIR {} --body document.json",
            word(&target(api, from, id))
        ),
        Subject::Answer(id) => format!(
            "sluice explain DIR {} --answer document.json",
            word(&target(api, to, id))
        ),
    }
}

/// Method and path of an operation in a version.
fn target(api: &ApiPlan, version: &str, operation: &str) -> String {
    let contract = api.lineage.contract(version);
    let found = contract.and_then(|contract| contract.operation(operation));
    let prefix = api.versions.iter().find(|plan| plan.name == version);
    let prefix = prefix
        .and_then(|plan| plan.path.as_ref())
        .unwrap_or(&api.unversioned);
    found.map_or_else(String::new, |found| {
        format!("{} {}{}", found.method, prefix.as_str(), found.path)
    })
}

/// A link to the playground with two versions chosen.
pub(super) fn link(api: &str, from: &str, to: &str) -> Link {
    Link::new("/console/playground")
        .api(api)
        .with("from", from)
        .with("to", to)
}
