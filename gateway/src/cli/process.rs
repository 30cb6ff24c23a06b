//! A gateway and the process around it, as `run` and `demo` have them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Once};

use sluice_config::plan::Plan;

use super::Failure;
use crate::admin::Admin;
use crate::clock::Clock;
use crate::edition::{Edition, Editions};
use crate::gateway::{Carrier, Gateway};
use crate::ledger::Metering;
use crate::reload::{Reloaded, Reloader};
use crate::serve::{self, Core, Drain, HandOver, Listener, Settings};
use crate::shared::Shared;
use crate::watch::Watch;

/// A gateway with its first edition.
pub(super) struct Process {
    gateway: Arc<Gateway>,
    reloader: Arc<Reloader>,
    edition: Arc<Edition>,
}

impl Process {
    /// Loads the first edition; `None` when the configuration is at fault, which the log has told.
    pub(super) fn load(
        reloader: Reloader,
        clock: Clock,
        metering: Metering,
    ) -> Result<Option<Self>, Failure> {
        let reloader = Arc::new(reloader);
        let shared = Shared::begin(clock, reloader.directory().map(Path::to_owned), metering)
            .map_err(|error| Failure::new(format!("the process cannot begin: {error}")))?;
        let shared = Arc::new(shared);
        let gateway = Arc::new(Gateway {
            editions: Editions::new(),
            admin: Admin::new(Arc::clone(&reloader)),
            shared,
        });
        if clock.is_rehearsal() {
            let kept = metering == Metering::Kept;
            tracing::warn!(now = %clock.now(), usage_is_kept = kept, "a rehearsal: the time is not the system's");
        }
        Ok(match reloader.reload(&gateway, "startup") {
            Reloaded::Refused { .. } => None,
            _ => gateway.editions.current().map(|edition| Self {
                gateway,
                reloader,
                edition,
            }),
        })
    }

    /// The plan that the process begins with.
    pub(super) fn plan(&self) -> &Plan {
        &self.edition.plan
    }

    /// What the plan says of listeners, cores and the drain; the rest as usual.
    pub(super) fn settings(&self) -> Settings {
        let plan = self.plan();
        let tls = plan.tls.as_ref();
        let data = plan.listen.iter().copied().map(Listener::data);
        let secured = tls.map_or(&[][..], |tls| &tls.listen).iter();
        let data = data.chain(secured.map(|address| Listener::data(*address).secured(true)));
        let admin = |address| Listener::admin(address).secured(tls.is_some_and(|tls| tls.admin));
        let mut settings = Settings::new(data.chain(plan.admin.map(admin)).collect());
        settings.workers = plan.workers.map_or(settings.workers, usize::from);
        (settings.announce, settings.grace) = (plan.drain.announce, plan.drain.grace);
        let intake = &plan.bounds.intake;
        (settings.head, settings.headers, settings.target) = (intake.head, intake.headers, intake.target);
        settings.head_within = intake.head_within;
        (settings.body_rate, settings.body_grace) = (intake.body_rate, intake.body_grace);
        settings
    }

    /// Serves until a signal ends the process. `ready` is called once the sockets are open.
    pub(super) fn serve(
        self,
        settings: Settings,
        hand_over: &HandOver,
        watch: Watch,
        ready: impl Fn() + Send + Sync + 'static,
    ) -> Result<(), Failure> {
        let Self {
            gateway,
            reloader,
            edition,
        } = self;
        let keys = Keys::of(&edition.plan, reloader.directory());
        drop(edition);
        let (reloaded, looked, looker) = (Arc::clone(&gateway), Arc::clone(&gateway), Arc::clone(&reloader));
        let ended = Arc::clone(&gateway);
        let reload = move |why| drop(reloader.reload(&reloaded, why));
        watch
            .serve(reload, move || looker.is_stale(&looked))
            .map_err(|error| Failure::new(format!("cannot reload: {error}")))?;
        let once = Once::new();
        let served = serve::run(settings, hand_over, Drain::new(), move |core: &Core| {
            once.call_once(&ready);
            Carrier::new(&gateway, core)
        });
        // First what takes no time: a store may take a while, and whoever stops the process may not wait that long.
        ended.shared.audit.flush();
        ended.shared.access.flush();
        if !ended.shared.ledger.flush() {
            tracing::warn!(
                waiting = ended.shared.ledger.state().waiting,
                "the last usage figures could not be kept"
            );
        }
        if let Some(edition) = ended.editions.current() {
            edition.telemetry.flush();
        }
        served.map_err(|fault| Failure::new(keys.explain(fault.to_string())))
    }
}

/// Which setting an address comes from.
struct Keys(Vec<(SocketAddr, &'static str, Vec<String>)>);

impl Keys {
    fn of(plan: &Plan, directory: Option<&Path>) -> Self {
        let text = directory.and_then(|at| std::fs::read_to_string(at.join("sluice.yaml")).ok());
        let text = text.unwrap_or_default();
        let listen = plan.listen.iter().map(|address| (*address, "listen"));
        let secured = plan.tls.iter().flat_map(|tls| &tls.listen);
        let listen = listen.chain(secured.map(|address| (*address, "tls")));
        let all = listen.chain(plan.admin.map(|address| (address, "admin")));
        Self(
            all.map(|(address, key)| (address, key, variables(&text, key)))
                .collect(),
        )
    }

    /// The same message, and what to change where it is about an address.
    fn explain(&self, message: String) -> String {
        let about = |address: &SocketAddr| message.starts_with(&format!("cannot listen on {address}:"));
        match self.0.iter().find(|(address, ..)| about(address)) {
            Some((_, key, variables)) if variables.is_empty() => {
                format!("{message}\n  choose another address: `{key}` in sluice.yaml")
            }
            Some((_, key, variables)) => {
                let variables = variables.join(" or ");
                format!(
                    "{message}\n  choose another address: `{key}` in sluice.yaml, or {variables} in the environment"
                )
            }
            None => message,
        }
    }
}

/// The variables that a setting of `sluice.yaml` reads.
fn variables(text: &str, key: &str) -> Vec<String> {
    let begins = format!("{key}:");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&begins));
    let first = lines.next();
    let rest = lines.take_while(|line| line.starts_with([' ', '-', '#']));
    let name = |after: &str| -> String {
        let letters = after
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
        letters.collect()
    };
    let read = first
        .into_iter()
        .chain(rest)
        .flat_map(|line| line.split("${").skip(1));
    read.map(name).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn the_variables_of_a_setting_are_found() {
        let text = "listen: [\"${A:-1}\", \"${B_2}\"]\nadmin:\n  \"${C:-3}\"\nworkers: ${D}\n";
        assert_eq!(variables(text, "listen"), ["A", "B_2"]);
        assert_eq!(variables(text, "admin"), ["C"]);
        assert!(variables(text, "drain").is_empty());
    }
}
