//! `sluice report sunset`: how far each version is from being gone, and who stands in the way.

use std::path::PathBuf;

use clap::Args;

use crate::cli::cells::{self, Cell};
use crate::cli::columns::{Columns, Set};
use crate::cli::options::Time;
use crate::cli::usage::{self, Api, DEMO, Form, Usage};
use crate::cli::{Failure, Outcome, Verdict, configuration, output};
use crate::ledger::report::figures::{day, grouped, minute, percent, points};
use crate::ledger::report::sunset::{self, Blocker, Forecast, SunsetReport, VersionReport};

/// Tells of each version its share of requests, how that changes, when it falls to 1 %, and who would be refused at its
/// sunset.
///
/// The forecast goes on as the last 28 whole days did (docs/usage.md says how). Blockers are the clients that were seen
/// within 90 days and are not exempt.
///
///   sluice report sunset DIR
///   sluice report sunset DIR --api customers --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sunset {
    /// The directory of the configuration.
    path: PathBuf,
    #[command(flatten)]
    api: Api,
    /// How many blockers of a version are listed at most.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    time: Time,
}

impl Sunset {
    pub(super) fn carry_out(self) -> Outcome {
        let Some(plan) = configuration::plan(&self.path)? else {
            return Ok(Verdict::Faulty);
        };
        let api = self.api.of(&plan)?;
        let usage = Usage::open(&plan, &self.path)?;
        let now = self.time.clock().now();
        let report = usage.ask(sunset::of(&usage.store, &plan, api, self.limit, now))?;
        output::print(&match (self.form.json, self.form.csv) {
            (true, _) => usage::json(&report)?,
            (_, true) => csv(&report)?,
            _ => text(&report),
        })?;
        Ok(Verdict::Sound)
    }
}

fn text(report: &SunsetReport) -> String {
    let mut out = String::new();
    if report.demo {
        out.push_str(DEMO);
    }
    out.push_str(&format!(
        "Versions of `{}`, asked at {}\n\n",
        report.api,
        minute(report.at)
    ));
    out.push_str(&versions(report).write());
    if report.versions.iter().all(|version| version.last_90_days == 0) {
        out.push_str(
            "\nNobody was seen in any version within 90 days.\n  If there are clients: were they carried by a gateway with \
             this `usage`? What was counted is written every few seconds.\n",
        );
    }
    let goes = |version: &&VersionReport| {
        (version.sunset.is_some() || version.deprecated.is_some())
            && !(version.blockers.is_empty() && version.exempt.is_empty())
    };
    for version in report.versions.iter().filter(goes) {
        out.push_str(&blockers(version));
    }
    out
}

fn versions(report: &SunsetReport) -> Columns {
    let mut columns = Columns::new(&[
        ("VERSION", Set::Left),
        ("STATE", Set::Left),
        ("SUNSET", Set::Left),
        ("SHARE", Set::Right),
        ("POINTS A WEEK", Set::Right),
        ("1 % ON", Set::Left),
        ("7 D", Set::Right),
        ("90 D", Set::Right),
        ("BLOCKERS", Set::Right),
    ]);
    for version in &report.versions {
        columns.row([
            version.version.clone(),
            version.state.clone(),
            version.sunset.map_or_else(|| "-".to_owned(), day),
            version.share.map_or_else(|| "-".to_owned(), percent),
            version.trend.map_or_else(|| "-".to_owned(), points),
            forecast(version),
            grouped(version.last_7_days),
            grouped(version.last_90_days),
            grouped(count(version)),
        ]);
    }
    columns
}

fn forecast(version: &VersionReport) -> String {
    match version.forecast {
        Forecast::Reached if version.last_90_days == 0 => "no requests".to_owned(),
        Forecast::Reached => "reached".to_owned(),
        Forecast::On(date) => date.to_string(),
        Forecast::NotInSight => "not in sight".to_owned(),
        Forecast::TooFewDays => "too few days".to_owned(),
    }
}

fn count(version: &VersionReport) -> u64 {
    version.more_blockers + version.blockers.len() as u64
}

/// Who stands in the way of a version that goes.
fn blockers(version: &VersionReport) -> String {
    let end = version
        .sunset
        .map_or_else(|| "when it goes".to_owned(), |at| format!("at {at}"));
    let mut out = format!("\nVersion {}: refused {end}\n\n", version.version);
    let mut columns = usage::clients();
    for one in &version.blockers {
        columns.row(usage::client(&one.asker));
    }
    for one in &version.exempt {
        columns.row(usage::client(&one.asker));
        let until = one.exempt_until.map_or_else(String::new, minute);
        columns.below(&format!("not refused: exempt until {until}"));
    }
    out.push_str(&columns.write());
    if version.more_blockers > 0 {
        let more = grouped(version.more_blockers);
        out.push_str(&format!("and {more} more: see --limit, or `sluice who-uses`\n"));
    }
    out
}

fn csv(report: &SunsetReport) -> Result<String, Failure> {
    let heads = [
        "api",
        "version",
        "state",
        "deprecated",
        "sunset",
        "share",
        "share_change_a_week",
        "forecast",
        "forecast_date",
        "last_7_days",
        "last_90_days",
        "blockers",
        "largest_blockers",
        "exempt",
        "demo",
    ];
    let row = |version: &VersionReport| {
        let (word, date) = match version.forecast {
            Forecast::Reached => ("reached", None),
            Forecast::On(date) => ("on", Some(date)),
            Forecast::NotInSight => ("not_in_sight", None),
            Forecast::TooFewDays => ("too_few_days", None),
        };
        vec![
            Cell::text(&report.api),
            Cell::text(&version.version),
            Cell::text(&version.state),
            Cell::perhaps(version.deprecated),
            Cell::perhaps(version.sunset),
            Cell::perhaps(version.share),
            Cell::perhaps(version.trend),
            Cell::text(word),
            Cell::perhaps(date),
            Cell::exact(version.last_7_days),
            Cell::exact(version.last_90_days),
            Cell::exact(count(version)),
            Cell::text(names(&version.blockers)),
            Cell::text(names(&version.exempt)),
            Cell::exact(report.demo),
        ]
    };
    cells::write(&heads, report.versions.iter().map(row))
}

fn names(blockers: &[Blocker]) -> String {
    let all: Vec<&str> = blockers.iter().map(|one| one.asker.who.as_str()).collect();
    all.join("; ")
}
