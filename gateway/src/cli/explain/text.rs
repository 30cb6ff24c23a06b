//! Told to people.

use std::fmt::Write as _;

use super::super::document::{difference, pretty};
use super::steps::Taken;
use super::told::{Answer, Leg, Told, Upstream};

/// What there is to tell, as text.
pub(super) fn write(told: &Told) -> String {
    let mut out = String::new();
    line(&mut out, "request", &told.request);
    line(&mut out, "api", told.api.as_deref().unwrap_or("none"));
    if let Some((version, by)) = &told.version {
        line(&mut out, "version", &format!("{version}, named by the {by}"));
    }
    if let Some(operation) = &told.operation {
        line(&mut out, "operation", operation);
    }
    chain(&mut out, &told.chain);
    if let Some(taken) = &told.lift {
        out.push_str("\nlift: the request's document\n");
        steps(&mut out, taken);
    }
    if let Some(upstream) = &told.upstream {
        at_upstream(&mut out, upstream);
    }
    for note in &told.notes {
        let _ = write!(out, "\n{note}");
    }
    if !told.notes.is_empty() {
        out.push('\n');
    }
    if let Some(taken) = &told.lower {
        out.push_str("\nlower: the answer's document\n");
        steps(&mut out, taken);
    }
    if let Some(answer) = &told.answer {
        to_client(&mut out, answer, told.refused);
    }
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name:<10} {value}");
}

fn chain(out: &mut String, legs: &[Leg]) {
    let (Some(first), Some(last)) = (legs.first(), legs.last()) else {
        return;
    };
    let steps: usize = legs.iter().map(|leg| leg.steps.len()).sum();
    let (changes, taken) = (count(legs.len(), "change"), count(steps, "step"));
    line(
        out,
        "chain",
        &format!("{} -> {}: {changes}, {taken}", first.from, last.to),
    );
    for leg in legs {
        let _ = writeln!(out, "  {} -> {}  {}", leg.from, leg.to, leg.summary);
        for (operator, subject) in &leg.steps {
            let _ = writeln!(out, "      {operator} on {subject}");
        }
    }
}

fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Every step that changed the document; a document that none changes is shown once.
fn steps(out: &mut String, taken: &Taken) {
    let mut unchanged = 0;
    for (before, step) in taken.pairs() {
        let difference = difference(before, step.document.as_ref());
        if difference.is_empty() {
            unchanged += 1;
            continue;
        }
        let _ = writeln!(
            out,
            "\n  {} -> {}: {} on {}",
            step.from, step.to, step.operator, step.subject
        );
        indented(out, &difference);
    }
    let all = unchanged == taken.steps.len();
    if let (true, Some(document)) = (all, &taken.before) {
        indented(out, &pretty(document));
    }
    if unchanged > 0 {
        let _ = writeln!(out, "\n  {} left it as it was", count(unchanged, "step"));
    }
}

fn at_upstream(out: &mut String, upstream: &Upstream) {
    out.push('\n');
    line(
        out,
        "upstream",
        &format!("{} {}", upstream.method, upstream.target),
    );
    line(
        out,
        "",
        &format!("{} at {}", upstream.name, upstream.endpoints.join(", ")),
    );
    if let Some(body) = &upstream.body {
        indented(out, &pretty(body));
    }
}

fn to_client(out: &mut String, answer: &Answer, refused: bool) {
    out.push('\n');
    let by = if refused {
        "the gateway refuses"
    } else {
        "the client gets"
    };
    line(out, by, &answer.status.to_string());
    for (name, value) in &answer.headers {
        let _ = writeln!(out, "    {name}: {value}");
    }
    if let Some(body) = &answer.body {
        out.push('\n');
        indented(out, &pretty(body));
    }
}

fn indented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "    {line}");
    }
}
