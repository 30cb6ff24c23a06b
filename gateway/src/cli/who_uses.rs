//! `sluice who-uses`: the consumers of a version, and what of it they use.

use std::path::PathBuf;

use clap::Args;

use super::cells::{self, Cell};
use super::columns::Columns;
use super::options::Time;
use super::usage::{self, Api, DEMO, Form, Usage};
use super::{Failure, Outcome, Verdict, configuration, output};
use crate::ledger::report::figures::{grouped, minute};
use crate::ledger::report::who_uses::{self, ConsumerUse, MemberUse, Page, WhoUses as Report};

/// How many operations or members stand on a line.
const SHOWN: usize = 8;

/// Tells who uses a version: requests within 24 hours, 7 and 90 days, when last, whom to tell, which operations, and which
/// members that change or go it sends and is given.
///
/// What a client sends is evidence of use. Of what it is given nobody knows whether it reads it: that is said as
/// "use unknown". The figures are those that gateways wrote to the store of `usage` in sluice.yaml.
///
///   sluice who-uses DIR 2.0
///   sluice who-uses DIR 2.0 --api customers --csv > who-uses-2.0.csv
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WhoUses {
    /// The directory of the configuration.
    path: PathBuf,
    /// The version.
    // `--version` has the name of the field already.
    #[arg(id = "used", value_name = "VERSION")]
    version: String,
    #[command(flatten)]
    api: Api,
    /// How many clients are listed at most, those with the most requests within 7 days first.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    time: Time,
}

impl WhoUses {
    pub(super) fn carry_out(self) -> Outcome {
        let Some(plan) = configuration::plan(&self.path)? else {
            return Ok(Verdict::Faulty);
        };
        let api = self.api.of(&plan)?;
        usage::expect_version(api, &self.version)?;
        let usage = Usage::open(&plan, &self.path)?;
        let page = Page {
            most: self.limit,
            skip: 0,
            detailed: true,
        };
        let now = self.time.clock().now();
        let asked = who_uses::of(&usage.store, &plan, api, &self.version, page, now);
        let report = usage.ask(asked)?;
        output::print(&match (self.form.json, self.form.csv) {
            (true, _) => usage::json(&report)?,
            (_, true) => csv(&report)?,
            _ => text(&report),
        })?;
        Ok(Verdict::Sound)
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    if report.demo {
        out.push_str(DEMO);
    }
    let (api, version) = (&report.api, &report.version);
    if report.consumers.is_empty() {
        out.push_str(&format!(
            "Nobody was seen in version {version} of `{api}` within 90 days.\n  If it has clients: were they carried by a \
             gateway with this `usage`? What was counted is written every few seconds.\n"
        ));
        return out;
    }
    let all = report.more + report.consumers.len() as u64;
    out.push_str(&format!(
        "Version {version} of `{api}`: {} {} within 90 days, asked at {}\n\n",
        grouped(all),
        if all == 1 { "client" } else { "clients" },
        minute(report.at)
    ));
    out.push_str(&table(report).write());
    if report.more > 0 {
        out.push_str(&format!("\nand {} more: see --limit\n", grouped(report.more)));
    }
    out
}

fn table(report: &Report) -> Columns {
    let mut columns = usage::clients();
    for one in &report.consumers {
        columns.row(usage::client(&one.asker));
        let operations = one
            .operations
            .iter()
            .map(|used| (named(&used.operation).to_owned(), used.requests));
        below(&mut columns, "operations", operations);
        below(&mut columns, "sent      ", one.sent.iter().map(member));
        below(
            &mut columns,
            "delivered, use unknown",
            one.delivered.iter().map(member),
        );
    }
    columns
}

fn named(operation: &str) -> &str {
    if operation.is_empty() { "(none)" } else { operation }
}

fn member(one: &MemberUse) -> (String, u64) {
    match one.change.as_str() {
        "" => (one.member.clone(), one.exchanges),
        change => (format!("{} ({change})", one.member), one.exchanges),
    }
}

fn below(columns: &mut Columns, what: &str, counts: impl ExactSizeIterator<Item = (String, u64)>) {
    let all = counts.len();
    if all == 0 {
        return;
    }
    let shown = counts.take(SHOWN);
    let shown: Vec<String> = shown
        .map(|(name, count)| format!("{name} {}", grouped(count)))
        .collect();
    let more = all.saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(" · and {more} more")
    } else {
        String::new()
    };
    columns.below(&format!("{what}  {}{more}", shown.join(" · ")));
}

fn csv(report: &Report) -> Result<String, Failure> {
    let heads = [
        "api",
        "version",
        "client",
        "identified",
        "in_consumers_yaml",
        "contact",
        "last_24_hours",
        "last_7_days",
        "last_90_days",
        "first_seen",
        "last_seen",
        "operations",
        "sent",
        "delivered_use_unknown",
        "demo",
    ];
    let row = |one: &ConsumerUse| {
        let asker = &one.asker;
        vec![
            Cell::text(&report.api),
            Cell::text(&report.version),
            Cell::text(&asker.who),
            Cell::exact(asker.identified),
            Cell::exact(asker.configured),
            Cell::text(asker.contact.clone().unwrap_or_default()),
            Cell::exact(asker.last_24_hours),
            Cell::exact(asker.last_7_days),
            Cell::exact(asker.last_90_days),
            Cell::exact(asker.first_seen),
            Cell::exact(asker.last_seen),
            Cell::text(list(
                one.operations
                    .iter()
                    .map(|used| (used.operation.clone(), used.requests)),
            )),
            Cell::text(list(one.sent.iter().map(member))),
            Cell::text(list(one.delivered.iter().map(member))),
            Cell::exact(report.demo),
        ]
    };
    cells::write(&heads, report.consumers.iter().map(row))
}

/// Names with exact counts: `getCustomer 80000; listCustomers 16118`.
fn list(counts: impl Iterator<Item = (String, u64)>) -> String {
    let all: Vec<String> = counts
        .map(|(name, count)| format!("{} {count}", named(&name)))
        .collect();
    all.join("; ")
}
