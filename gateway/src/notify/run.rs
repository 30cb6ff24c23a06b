//! A run: looks who is due what, claims each message, and sends it.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, NotifyPlan, Plan, VersionId};

use super::due::{Occasion, due};
use super::message::{About, Message};
use super::sender::Sender;
use super::summary::{Summary, Told, Unreached};
use crate::ledger::report::who_uses::{self, ConsumerUse, Page};
use crate::ledger::store::{Store, StoreFault};

/// How many clients are looked at at once.
const PAGE: u32 = 500;
/// After so many messages in a row that the receiver did not take, the rest waits for the next run.
const PATIENCE: u32 = 3;

/// Everything that a run needs.
pub struct Run<'r> {
    /// The plan.
    pub plan: &'r Plan,
    /// The ledger's store.
    pub store: &'r Store,
    /// The time.
    pub now: Timestamp,
    /// Nothing is claimed, and nothing sent.
    pub dry: bool,
    /// Whether to stop before the next message.
    pub stop: &'r AtomicBool,
}

impl Run<'_> {
    /// Tells everybody what they are due, and what came of it.
    ///
    /// # Errors
    /// The store does not answer. What was sent until then is in the summary.
    pub async fn carry_out(
        &self,
        plan: &NotifyPlan,
        sender: &Sender,
        summary: &mut Summary,
    ) -> Result<(), StoreFault> {
        let mut work = Work {
            run: self,
            days: &plan.days,
            sender,
            demo: self.store.is_demo().await?,
            refused: 0,
            summary,
        };
        for api in &self.plan.apis {
            for version in &api.versions {
                if let Some(id) = api.version(&version.name) {
                    work.version(api, id).await?;
                }
            }
        }
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A run as far as it has come.
struct Work<'r> {
    run: &'r Run<'r>,
    days: &'r [u16],
    sender: &'r Sender,
    demo: bool,
    /// How many messages in a row the receiver did not take.
    refused: u32,
    summary: &'r mut Summary,
}

impl Work<'_> {
    async fn version(&mut self, api: &ApiPlan, id: VersionId) -> Result<(), StoreFault> {
        if !concerns(api, id) {
            return Ok(());
        }
        let Run { plan, store, now, .. } = self.run;
        let mut page = Page {
            most: PAGE,
            skip: 0,
            detailed: false,
        };
        loop {
            let found = who_uses::of(store, plan, api, api.version_name(id), page, *now).await?;
            for used in found.consumers {
                self.client(api, id, used).await?;
            }
            if found.more == 0 {
                return Ok(());
            }
            page.skip += PAGE;
        }
    }

    async fn client(&mut self, api: &ApiPlan, id: VersionId, used: ConsumerUse) -> Result<(), StoreFault> {
        let asker = &used.asker;
        let consumer = asker.consumer(&self.run.plan.consumers);
        let occasions = due(api, id, consumer, self.days, self.run.now);
        if occasions.is_empty() {
            return Ok(());
        }
        let unreached = || Unreached {
            api: api.name.clone(),
            version: api.version_name(id).to_owned(),
            who: asker.who.clone(),
            configured: asker.configured,
            last_90_days: asker.last_90_days,
        };
        match (asker.identified, &asker.contact) {
            (false, _) => self.summary.unidentified(unreached()),
            (true, None) => self.summary.without_contact.push(unreached()),
            (true, Some(_)) => {
                for occasion in occasions {
                    self.occasion(api, id, &used, occasion).await?;
                }
            }
        }
        Ok(())
    }

    async fn occasion(
        &mut self,
        api: &ApiPlan,
        id: VersionId,
        used: &ConsumerUse,
        occasion: Occasion,
    ) -> Result<(), StoreFault> {
        let Run { plan, store, now, .. } = self.run;
        if self.run.is_stopped() || self.refused >= PATIENCE {
            self.summary.untried += 1;
            return Ok(());
        }
        let about = About {
            api,
            version: id,
            consumer: used.asker.who.clone(),
            occasion,
        };
        let key = about.key(plan);
        if self.run.dry {
            return self.rehearse(&about, &key, used).await;
        }
        if !store.claim(&key, *now).await? {
            self.summary.already += 1;
            return Ok(());
        }
        let sent = match self.message(&about, used).await {
            Ok(message) => self.send(&message).await,
            Err(fault) => {
                store.release(&key).await?;
                return Err(fault);
            }
        };
        if !sent {
            store.release(&key).await?;
        }
        Ok(())
    }

    async fn rehearse(&mut self, about: &About<'_>, key: &str, used: &ConsumerUse) -> Result<(), StoreFault> {
        if self.run.store.is_claimed(key).await? {
            self.summary.already += 1;
            return Ok(());
        }
        let message = self.message(about, used).await?;
        self.summary
            .sent
            .push(Told::new(&message, "not sent: a dry run".to_owned()));
        Ok(())
    }

    async fn message(&self, about: &About<'_>, used: &ConsumerUse) -> Result<Message, StoreFault> {
        let Run { plan, store, now, .. } = self.run;
        let mut used = used.clone();
        let version = about.api.version_name(about.version);
        who_uses::detail(store, &about.api.name, version, &mut used, *now).await?;
        Ok(about.write(plan, used, self.demo, *now))
    }

    /// Sends a message, and says whether it went.
    async fn send(&mut self, message: &Message) -> bool {
        match self.sender.send(message).await {
            Ok(to) => {
                self.refused = 0;
                self.summary.sent.push(Told::new(message, to));
                true
            }
            Err(unsent) => {
                self.refused = if unsent.of_the_receiver {
                    self.refused + 1
                } else {
                    0
                };
                self.summary.failed.push(Told::new(message, unsent.why));
                false
            }
        }
    }
}

/// Whether anything of a version is ever told.
fn concerns(api: &ApiPlan, id: VersionId) -> bool {
    let course = api.lifecycle.version(id);
    course.is_some_and(|course| course.deprecated.is_some() || course.sunset.is_some())
}
