//! What `/metrics` shows: counters of what is rare, the ledger's figures of every exchange, and what the running edition is.

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, Course};

use crate::gateway::Gateway;
use crate::meters::Meters;
use crate::reload::Reloader;

const SUNSET: &str = "sluice_version_sunset_timestamp_seconds";
const DEPRECATED: &str = "sluice_version_deprecated_timestamp_seconds";

/// Everything as OpenMetrics text, up to this moment. It may take long: call it off the cores.
pub fn scrape(gateway: &Gateway, reloader: &Reloader) -> String {
    let meters = &gateway.shared.meters;
    // What is set anew below must not be missing in the text of another scrape.
    let _alone = meters.alone();
    gateway.shared.ledger.drain();
    edition(gateway, meters);
    reloads(reloader, meters);
    meters.render()
}

fn edition(gateway: &Gateway, meters: &Meters) {
    // A version that is gone from the configuration is gone from here, too.
    meters.clear(SUNSET);
    meters.clear(DEPRECATED);
    let Some(edition) = gateway.editions.current() else {
        return;
    };
    let help = "The number of the running edition";
    meters.set("sluice_generation", help, &[], edition.generation as f64);
    edition.plan.apis.iter().for_each(|api| calendar(api, meters));
}

fn calendar(api: &ApiPlan, meters: &Meters) {
    for version in &api.versions {
        let labels = [("api", api.name.as_str()), ("version", version.name.as_str())];
        let course = api
            .version(&version.name)
            .and_then(|id| api.lifecycle.version(id));
        let tell = |name, help, at: fn(&Course) -> Option<Timestamp>| {
            if let Some(at) = course.and_then(at) {
                meters.set(name, help, &labels, at.as_second() as f64);
            }
        };
        tell(
            SUNSET,
            "The last instant at which a version answers, in Unix time",
            |c| c.sunset,
        );
        tell(
            DEPRECATED,
            "From when on a version is deprecated, in Unix time",
            |c| c.deprecated,
        );
    }
}

fn reloads(reloader: &Reloader, meters: &Meters) {
    let at = reloader.history().last().map_or(0, |last| last.at.as_second());
    let help = "When the configuration was read last and was not as before, in Unix time";
    meters.set("sluice_last_reload_timestamp_seconds", help, &[], at as f64);
    let successful = f64::from(u8::from(reloader.last_refused().is_none()));
    let help = "Whether the configuration was sound when it was read last";
    meters.set("sluice_last_reload_successful", help, &[], successful);
}
