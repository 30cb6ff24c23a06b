//! A gateway and the process around it, as `run` and `demo` have them.

use std::sync::{Arc, Once};

use sluice_config::plan::Plan;

use super::Failure;
use crate::admin::Admin;
use crate::clock::Clock;
use crate::edition::{Edition, Editions};
use crate::gateway::{Carrier, Gateway};
use crate::ledger::Unkept;
use crate::reload::{Reloaded, Reloader};
use crate::serve::{self, Core, Drain, HandOver, Listener, Settings};
use crate::watch::Watch;

/// A gateway with its first edition.
pub(super) struct Process {
    gateway: Arc<Gateway>,
    reloader: Arc<Reloader>,
    edition: Arc<Edition>,
}

impl Process {
    /// Loads the first edition; `None` when the configuration is at fault, which the log has told.
    pub(super) fn load(reloader: Reloader, clock: Clock) -> Option<Self> {
        let reloader = Arc::new(reloader);
        let gateway = Arc::new(Gateway {
            editions: Editions::new(),
            ledger: Arc::new(Unkept),
            admin: Admin::new(Arc::clone(&reloader)),
            clock,
        });
        if clock.is_rehearsal() {
            tracing::warn!(now = %clock.now(), "a rehearsal: the time is not the system's");
        }
        match reloader.reload(&gateway, "startup") {
            Reloaded::Refused { .. } => None,
            _ => gateway.editions.current().map(|edition| Self {
                gateway,
                reloader,
                edition,
            }),
        }
    }

    /// The plan that the process begins with.
    pub(super) fn plan(&self) -> &Plan {
        &self.edition.plan
    }

    /// What the plan says of listeners, cores and the drain; the rest as usual.
    pub(super) fn settings(&self) -> Settings {
        let plan = self.plan();
        let data = plan.listen.iter().copied().map(Listener::data);
        let mut settings = Settings::new(data.chain(plan.admin.map(Listener::admin)).collect());
        settings.workers = plan.workers.map_or(settings.workers, usize::from);
        (settings.announce, settings.grace) = (plan.drain.announce, plan.drain.grace);
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
        drop(edition);
        let reloaded = Arc::clone(&gateway);
        let reload = move |why| drop(reloader.reload(&reloaded, why));
        watch
            .serve(reload)
            .map_err(|error| Failure::new(format!("cannot reload: {error}")))?;
        let once = Once::new();
        let served = serve::run(settings, hand_over, Drain::new(), move |core: &Core| {
            once.call_once(&ready);
            Carrier::new(&gateway, core)
        });
        served.map_err(|fault| Failure::new(fault.to_string()))
    }
}
