//! `sluice notify`: tells the people behind consumers what goes, each of them once.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use sluice_config::render_all;
use tokio::signal::unix::{SignalKind, signal};

use super::options::Time;
use super::usage::{self, DEMO, Usage};
use super::{Failure, Outcome, Verdict, configuration, output};
use crate::ledger::report::figures::{grouped, harmless};
use crate::notify::{Run, Sender, Summary, Told};

/// Tells the people behind consumers what goes: a deprecation, brownouts within 7 days, and 90, 30 and 7 days to a sunset.
///
/// Each message says what the consumer still uses. It goes to files or to a webhook, as `notify` in sluice.yaml says, and
/// is sent once, however often and from however many machines this is called: once a day is enough. What could not be sent
/// is told, with exit code 2, and tried again by the next call.
///
///   sluice notify DIR --dry-run
///   sluice notify DIR
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Notify {
    /// The directory of the configuration.
    path: PathBuf,
    /// Tells what would be sent, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    /// Sends this message again, although it was sent, or claimed by a run that was killed; `--dry-run --json` lists them.
    #[arg(long, value_name = "MESSAGE")]
    again: Vec<String>,
    /// Writes one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    time: Time,
    /// With --now: sends what is due then all the same. No later run sends it once more.
    #[arg(long, requires = "now")]
    really: bool,
}

impl Notify {
    pub(super) fn carry_out(self) -> Outcome {
        if self.time.is_rehearsed() && !self.dry_run && !self.really {
            return Err(Failure::new(
                "--now rehearses another time, but messages go to real people, and each is sent once: nothing was done\n  add \
                 `--dry-run` to see what would be due then, or `--really` to send it now",
            ));
        }
        let Some(plan) = configuration::plan(&self.path)? else {
            return Ok(Verdict::Faulty);
        };
        let notify = plan.notify.as_ref().ok_or_else(|| {
            Failure::new(
                "there is nowhere to send messages to: sluice.yaml has no `notify`\n  add `notify: {to: {directory: messages}}` \
                 to it, or a webhook; docs/usage.md says more",
            )
        })?;
        let usage = Usage::open(&plan, &self.path)?;
        let sender = match Sender::new(notify, &self.path) {
            Ok(sender) => sender,
            Err(fault) => {
                let sources = configuration::read(&self.path)?.sources;
                output::complain(render_all(&[fault], &sources).trim_end());
                return Ok(Verdict::Faulty);
            }
        };
        let stop = Arc::new(AtomicBool::new(false));
        let run = Run {
            plan: &plan,
            store: &usage.store,
            now: self.time.clock().now(),
            dry: self.dry_run,
            again: &self.again,
            stop: &stop,
        };
        let mut summary = Summary::default();
        let carried = usage.ask(async {
            tokio::spawn(stop_at_signal(Arc::clone(&stop)));
            run.carry_out(notify, &sender, &mut summary).await
        });
        let demo = usage.ask(usage.store.is_demo()).unwrap_or_default();
        output::print(&if self.json {
            usage::json(&summary)?
        } else {
            text(&summary, self.dry_run, demo)
        })?;
        carried?;
        finish(&summary)
    }
}

/// The message at hand is finished: a claim without a message would lose it until somebody asks for it with `--again`.
async fn stop_at_signal(stop: Arc<AtomicBool>) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.store(true, Ordering::Relaxed);
}

/// What was not sent is nothing that the configuration is at fault for: the command could not be carried out.
fn finish(summary: &Summary) -> Outcome {
    match (summary.failed.len(), summary.untried) {
        (0, 0) if summary.not_due.is_empty() => Ok(Verdict::Sound),
        (0, 0) => Err(Failure::new(format!(
            "no message that is due now has this id: {}",
            summary.not_due.join(", ")
        ))),
        (failed, untried) => Err(Failure::new(format!(
            "{failed} {} could not be sent, and {untried} were not tried; the next call sends them",
            messages(failed)
        ))),
    }
}

fn messages(count: usize) -> &'static str {
    if count == 1 { "message" } else { "messages" }
}

fn text(summary: &Summary, dry: bool, demo: bool) -> String {
    let mut out = String::new();
    if demo {
        out.push_str(DEMO);
    }
    for told in &summary.sent {
        line(&mut out, if dry { "due" } else { "sent" }, told);
    }
    for told in &summary.failed {
        line(&mut out, "failed", told);
    }
    let sent = summary.sent.len();
    let done = if dry { "due" } else { "sent" };
    let _ = writeln!(
        out,
        "{sent} {} {done}, {} already sent, {} failed",
        messages(sent),
        summary.already,
        summary.failed.len()
    );
    if summary.untried > 0 {
        let _ = writeln!(
            out,
            "{} not tried: the run was stopped, or nothing was taken",
            summary.untried
        );
    }
    unreached(&mut out, summary);
    out
}

fn line(out: &mut String, word: &str, told: &Told) {
    let (consumer, contact) = (harmless(&told.consumer), harmless(&told.contact));
    let _ = writeln!(
        out,
        "{word:<6}  {consumer} <{contact}>  {}\n        {}",
        told.subject, told.outcome
    );
}

/// Those who use what goes and whom nobody could tell.
fn unreached(out: &mut String, summary: &Summary) {
    if !summary.without_contact.is_empty() {
        let _ = writeln!(out, "\nNot told, since consumers.yaml has no contact for them:");
    }
    for one in &summary.without_contact {
        let gone = if one.configured {
            ""
        } else {
            ", no longer in consumers.yaml"
        };
        let (who, count) = (harmless(&one.who), grouped(one.last_90_days));
        let _ = writeln!(
            out,
            "  {who}: {} {}, {count} requests within 90 days{gone}",
            one.api, one.version
        );
    }
    if !summary.unidentified.is_empty() {
        let _ = writeln!(out, "\nNot told, since they have no credential:");
    }
    for one in &summary.unidentified {
        let largest: Vec<String> = one.largest.iter().map(|who| harmless(who)).collect();
        let more = if one.clients > one.largest.len() as u64 {
            " and others"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  {} {}: {} clients, {} requests within 90 days: {}{more}",
            one.api,
            one.version,
            grouped(one.clients),
            grouped(one.last_90_days),
            largest.join(", ")
        );
    }
}
