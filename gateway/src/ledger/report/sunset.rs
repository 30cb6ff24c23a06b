//! How far each version is from being gone, and who stands in the way.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sluice_config::plan::{ApiPlan, ConsumerId, Course, Plan, VersionId};

use super::client::Asker;
use super::forecast::{Day, outlook, share};
use super::timeline::{self, Timeline};
use super::window::Window;
use crate::ledger::fact::{Kind, Who};
use crate::ledger::question::{Question, Seen};
use crate::ledger::store::{Store, StoreFault};
use crate::lifecycle::state;

/// How far each version of an API is from being gone.
#[derive(Clone, Debug, Serialize)]
pub struct SunsetReport {
    /// The API.
    pub api: String,
    /// When this was asked.
    pub at: Timestamp,
    /// Whether the figures were made up by `sluice demo`.
    pub demo: bool,
    /// Its versions, in the order of `api.yaml`.
    pub versions: Vec<VersionReport>,
}

/// How far a version is from being gone.
#[derive(Clone, Debug, Serialize)]
pub struct VersionReport {
    /// The version.
    pub version: String,
    /// What becomes of it now: `active`, `preview`, `deprecated`, `brownout`, `sunset` or `off`.
    pub state: String,
    /// From when on it is deprecated.
    pub deprecated: Option<Timestamp>,
    /// The last instant at which it answers.
    pub sunset: Option<Timestamp>,
    /// Its share of all requests of the API within 7 days, 0 to 1; none where there were none.
    pub share: Option<f64>,
    /// How much that share changes in a week, by the last 28 days: `-0.02` is two points less a week.
    pub trend: Option<f64>,
    /// When its share falls to 1 %, if the trend goes on.
    pub forecast: Forecast,
    /// Requests within 7 days.
    pub last_7_days: u64,
    /// Requests within 90 days.
    pub last_90_days: u64,
    /// Who asked within 90 days and would be refused, the most requests within 7 days first.
    pub blockers: Vec<Blocker>,
    /// How many more there are than are listed.
    pub more_blockers: u64,
    /// Who asked within 90 days and may go on after the sunset, until its exemption ends.
    pub exempt: Vec<Blocker>,
}

/// When a version's share falls to 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "date")]
pub enum Forecast {
    /// It is there already.
    Reached,
    /// On this day.
    On(Date),
    /// Not within ten years, or its share grows.
    NotInSight,
    /// There are fewer than 14 days with requests to judge by.
    TooFewDays,
}

/// Who would be refused.
#[derive(Clone, Debug, Serialize)]
pub struct Blocker {
    /// Who, and how often it asked.
    #[serde(flatten)]
    pub asker: Asker,
    /// The last instant of its exemption.
    pub exempt_until: Option<Timestamp>,
}

/// How far each version of an API is from being gone; with `most` blockers each.
///
/// # Errors
/// The store does not answer.
pub async fn of(
    store: &Store,
    plan: &Plan,
    api: &ApiPlan,
    most: u32,
    now: Timestamp,
) -> Result<SunsetReport, StoreFault> {
    let timeline = timeline::of(store, api, now).await?;
    let mut versions = Vec::new();
    for (place, version) in api.versions.iter().enumerate() {
        let Some(id) = api.version(&version.name) else {
            continue;
        };
        let clients = clients(store, plan, api, id, most, now).await?;
        versions.push(version_report(api, id, &days(&timeline, place), clients, now));
    }
    Ok(SunsetReport {
        api: api.name.clone(),
        at: now,
        demo: timeline.demo,
        versions,
    })
}

/// The requests of each day, in a version and in all.
pub fn days(timeline: &Timeline, version: usize) -> Vec<Day> {
    let of = |place: usize| {
        let at = |series: &timeline::Series| series.requests.get(place).copied().unwrap_or_default();
        Day {
            version: timeline.versions.get(version).map_or(0, at),
            all: timeline.versions.iter().map(at).sum(),
        }
    };
    (0..timeline.days.len()).map(of).collect()
}

fn version_report(
    api: &ApiPlan,
    id: VersionId,
    days: &[Day],
    clients: Clients,
    now: Timestamp,
) -> VersionReport {
    let course = api.lifecycle.version(id);
    let (state, _) = state(&api.lifecycle, id, "", None, now);
    let week = &days[days.len().saturating_sub(7)..];
    let outlook = outlook(days, super::window::day(now.as_second()));
    VersionReport {
        version: api.version_name(id).to_owned(),
        state: state.name().to_owned(),
        deprecated: course.and_then(|course| course.deprecated),
        sunset: course.and_then(|course| course.sunset),
        share: share(week),
        trend: outlook.trend,
        forecast: outlook.forecast,
        last_7_days: week.iter().map(|day| day.version).sum(),
        last_90_days: days.iter().map(|day| day.version).sum(),
        blockers: clients.blockers,
        more_blockers: clients.more,
        exempt: clients.exempt,
    }
}

/// Who asked in a version, by whether its sunset concerns them.
#[derive(Debug, Default)]
struct Clients {
    blockers: Vec<Blocker>,
    more: u64,
    exempt: Vec<Blocker>,
}

async fn clients(
    store: &Store,
    plan: &Plan,
    api: &ApiPlan,
    id: VersionId,
    most: u32,
    now: Timestamp,
) -> Result<Clients, StoreFault> {
    // Those whom it does not concern must not crowd out the others.
    let spared = u32::try_from(spared(api, id, now).len()).unwrap_or(u32::MAX);
    let asked = most.saturating_add(spared);
    let (seen, all) = store.seen(&api.name, api.version_name(id), now, asked, 0).await?;
    let mut clients = judge(&seen, plan, api, id, now);
    if all > count(&seen) {
        let unlisted = unlisted(store, plan, (api, id), &clients.exempt, now).await?;
        clients.exempt.extend(unlisted);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    clients.blockers.truncate(most);
    clients.more = all
        .saturating_sub(count(&clients.exempt))
        .saturating_sub(count(&clients.blockers));
    Ok(clients)
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Consumers that a version's sunset does not concern.
fn spared(api: &ApiPlan, id: VersionId, now: Timestamp) -> Vec<ConsumerId> {
    let course = api.lifecycle.version(id);
    let exempt = course.iter().flat_map(|course| &course.exempt);
    let all = exempt.map(|exemption| exemption.consumer);
    all.filter(|consumer| outlasts(api, id, Some(*consumer), now).is_some())
        .collect()
}

/// The end of a consumer's exemption, if it may go on after the sunset, now and then.
pub fn outlasts(
    api: &ApiPlan,
    id: VersionId,
    consumer: Option<ConsumerId>,
    now: Timestamp,
) -> Option<Timestamp> {
    if api.lifecycle.off.contains(id) {
        return None;
    }
    let course = api.lifecycle.version(id)?;
    let until = course.exempt_until(consumer)?;
    let is_later = |course: &Course| course.sunset.is_none_or(|sunset| until > sunset);
    (until >= now && is_later(course)).then_some(until)
}

/// Tells clients apart by whether the sunset concerns them.
fn judge(seen: &[Seen], plan: &Plan, api: &ApiPlan, id: VersionId, now: Timestamp) -> Clients {
    let mut clients = Clients::default();
    for seen in seen {
        let asker = Asker::of(seen, &plan.consumers);
        let consumer = asker.consumer(&plan.consumers);
        let course = api.lifecycle.version(id);
        let is_spared = outlasts(api, id, consumer, now).is_some();
        let blocker = Blocker {
            asker,
            exempt_until: course.and_then(|course| course.exempt_until(consumer)),
        };
        let list = match is_spared {
            true => &mut clients.exempt,
            false => &mut clients.blockers,
        };
        list.push(blocker);
    }
    clients
}

/// Exempt consumers that are beyond those that were listed.
async fn unlisted(
    store: &Store,
    plan: &Plan,
    (api, id): (&ApiPlan, VersionId),
    listed: &[Blocker],
    now: Timestamp,
) -> Result<Vec<Blocker>, StoreFault> {
    let names = spared(api, id, now)
        .into_iter()
        .filter_map(|consumer| Some(plan.consumers.get(consumer)?.name.clone()));
    let mut found = Vec::new();
    for name in names {
        if listed.iter().all(|one| one.asker.who != *name) {
            let who = Who::Consumer(name);
            let seen = seen_of(store, &api.name, api.version_name(id), who, now).await?;
            found.extend(seen.filter(|seen| seen.quarter > 0));
        }
    }
    Ok(judge(&found, plan, api, id, now).exempt)
}

/// How often one client asked in a version; none if it never did.
async fn seen_of(
    store: &Store,
    api: &str,
    version: &str,
    who: Who,
    now: Timestamp,
) -> Result<Option<Seen>, StoreFault> {
    let windows = [
        Window::of_24_hours(now),
        Window::of_7_days(now),
        Window::of_90_days(now),
    ];
    let (mut counts, mut times) = ([0; 3], None);
    for (window, count) in windows.iter().zip(&mut counts) {
        let question = Question {
            api: Some(api),
            version: Some(version),
            who: Some(&who),
            ..window.ask(&[Kind::ByConsumer])
        };
        for row in store.ask(&question).await? {
            *count += row.counts.all();
            times = Some((row.first_seen, row.last_seen));
        }
    }
    let [day, week, quarter] = counts;
    Ok(times.map(|(first_seen, last_seen)| Seen {
        who,
        day,
        week,
        quarter,
        first_seen,
        last_seen,
    }))
}

#[cfg(test)]
mod tests;
