//! How a message reads: plain sentences, in Markdown that needs no reader.

use std::fmt::Write as _;

use super::due::{Occasion, Rest};
use super::message::Message;
use super::part::Of;
use crate::ledger::report::figures::{day, grouped, harmless, minute};
use crate::ledger::report::who_uses::MemberUse;

/// How much of a list is shown.
const SHOWN: usize = 20;

/// A line of what it is about.
pub(super) fn subject(message: &Message) -> String {
    let Message { api, version, .. } = message;
    let what = match &message.occasion {
        Occasion::Deprecated => match message.deprecated {
            Some(begin) if begin > message.at => format!("will be deprecated on {}", day(begin)),
            Some(_) => "is deprecated".to_owned(),
            None => "will go".to_owned(),
        },
        Occasion::Brownout { windows, .. } => {
            let first = windows.first().map(|window| day(window.from));
            format!("rests on {} for a rehearsal", first.unwrap_or_default())
        }
        Occasion::Sunset { days_left, .. } => match days_left {
            ..=1 => "ends within a day".to_owned(),
            days => format!("ends in {days} days"),
        },
    };
    format!("{api}: {} {version} {what}", thing(message))
}

/// What goes, before the version's name.
fn thing(message: &Message) -> &'static str {
    match message.part {
        Some(_) => "a part of version",
        None => "version",
    }
}

/// The message.
pub(super) fn body(message: &Message) -> String {
    let mut out = String::new();
    if message.demo {
        out.push_str("DEMO DATA: the figures below were made up by `sluice demo`.\n\n");
    }
    occasion(&mut out, message);
    course(&mut out, message);
    used(&mut out, message);
    out
}

fn occasion(out: &mut String, message: &Message) {
    let Message { api, version, .. } = message;
    let begin = match message.part {
        Some(_) => "A part of version",
        None => "Version",
    };
    match &message.occasion {
        Occasion::Deprecated => {
            let when = match message.deprecated {
                Some(begin) if begin > message.at => format!("will be deprecated from {} on", minute(begin)),
                Some(begin) => format!("has been deprecated since {}", day(begin)),
                None => "will go".to_owned(),
            };
            let _ = writeln!(out, "{begin} {version} of the API `{api}` {when}.");
        }
        Occasion::Brownout { windows, .. } => {
            let _ = writeln!(
                out,
                "{begin} {version} of the API `{api}` rests soon, as a rehearsal of its end. Your requests in it are \
                 refused then:\n"
            );
            let window = |rest: &Rest| format!("{} to {}", minute(rest.from), minute(rest.to));
            lines(out, windows.iter().map(window));
            out.push('\n');
        }
        Occasion::Sunset { days_left, .. } => {
            let _ = writeln!(
                out,
                "{begin} {version} of the API `{api}` ends soon; days left: {days_left}."
            );
        }
    }
}

fn course(out: &mut String, message: &Message) {
    if let Some(part) = &message.part {
        let (what, names) = (part_of(part.of), &part.names);
        list(
            out,
            what,
            names.iter().map(|name| format!("`{}`", harmless(name))),
        );
        out.push('\n');
    }
    if let Some(sunset) = message.sunset {
        let until = match message.part.as_ref().map(|part| part.of) {
            Some(Of::Members) => format!(
                "They are there until {sunset}. After that answers lack them, and requests that send them are refused."
            ),
            _ => format!("It answers you until {sunset}. After that its requests are refused."),
        };
        let _ = writeln!(out, "{until}");
    }
    if let Some(successor) = &message.successor {
        let _ = writeln!(out, "Please move to version {successor}.");
    }
    if let Some(guide) = &message.guide {
        let _ = writeln!(out, "How to: {guide}");
    }
}

/// What a part's names are.
fn part_of(of: Of) -> &'static str {
    match of {
        Of::Operations => "Of what you use, these operations",
        Of::Members => "Of what you send or are given, these members",
    }
}

fn used(out: &mut String, message: &Message) {
    let (used, asker) = (&message.used, &message.used.asker);
    let _ = writeln!(
        out,
        "\n## What `{}` still uses of it\n\nWithin 90 days: {} requests of the version, {} of them in the last 7 days and {} in the last \
         24 hours. The last one was seen on {}.",
        harmless(&asker.who),
        grouped(asker.last_90_days),
        grouped(asker.last_7_days),
        grouped(asker.last_24_hours),
        minute(asker.last_seen)
    );
    let operations = used.operations.iter().map(|one| {
        let name = match one.operation.as_str() {
            "" => "(requests that belong to no operation)",
            name => name,
        };
        format!("{}: {} requests", harmless(name), grouped(one.requests))
    });
    list(out, "Operations", operations);
    list(
        out,
        "Members that your requests send, and that change or go",
        used.sent.iter().map(member),
    );
    list(
        out,
        "Members that answers deliver to you, and that change or go; whether you read them is unknown to us",
        used.delivered.iter().map(member),
    );
}

fn member(one: &MemberUse) -> String {
    let change = match one.change.split_once("..") {
        Some((_, new)) => format!(" (changed in {new})"),
        None => String::new(),
    };
    format!(
        "`{}`: {} exchanges{change}",
        harmless(&one.member),
        grouped(one.exchanges)
    )
}

fn list(out: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() > 0 {
        let _ = writeln!(out, "\n{title}:\n");
        self::lines(out, lines);
    }
}

/// As many lines as are shown, and how many more there are.
fn lines(out: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    for line in lines.take(SHOWN) {
        let _ = writeln!(out, "- {line}");
    }
    if count > SHOWN {
        let _ = writeln!(out, "- and {} more", count - SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_counted() {
        let shown = |count: usize| {
            let mut out = String::new();
            lines(&mut out, (0..count).map(|number| number.to_string()));
            out
        };
        assert!(shown(SHOWN).ends_with("- 19\n"), "{}", shown(SHOWN));
        assert!(shown(SHOWN + 5).ends_with("- 19\n- and 5 more\n"));
    }
}
