//! A run: looks who is due what, claims each message, and sends it.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use sluice_config::plan::{ApiPlan, NotifyPlan, Plan, VersionId};

use super::due::{Occasion, due, due_of, is_gone};
use super::message::{self, About, Message};
use super::part::{self, Part};
use super::sender::Sender;
use super::summary::{Summary, Told, Unreached};
use crate::ledger::report::who_uses::{self, ConsumerUse, Page};
use crate::ledger::store::{Store, StoreFault};

/// How many clients are read at once.
const PAGE: u32 = 2_000;
/// How long to wait before another try to give a claim back; so many tries and one are made.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(5),
];
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
    /// Ids of messages to send although they are claimed.
    pub again: &'r [String],
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
            again: self.again.iter().map(String::as_str).collect(),
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
        let not_due = work.again.iter().map(|id| (*id).to_owned()).collect();
        work.summary.not_due = not_due;
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
    /// Ids of messages to send although they are claimed, and that were not met yet.
    again: BTreeSet<&'r str>,
    /// How many messages in a row the receiver did not take.
    refused: u32,
    summary: &'r mut Summary,
}

impl Work<'_> {
    async fn version(&mut self, api: &ApiPlan, id: VersionId) -> Result<(), StoreFault> {
        if !concerns(api, id) {
            return Ok(());
        }
        for used in self.clients(api, id).await? {
            self.client(api, id, used).await?;
        }
        Ok(())
    }

    /// Everyone who uses a version. They are ordered by their requests, which go on while messages are sent: all are read
    /// before the first is written to, and none counts twice.
    async fn clients(&self, api: &ApiPlan, id: VersionId) -> Result<Vec<ConsumerUse>, StoreFault> {
        let Run { plan, store, now, .. } = self.run;
        let mut page = Page {
            most: PAGE,
            skip: 0,
            detailed: false,
        };
        let (mut all, mut known) = (Vec::new(), HashSet::new());
        loop {
            let found = who_uses::of(store, plan, api, api.version_name(id), page, *now).await?;
            let fresh = |used: &ConsumerUse| known.insert((used.asker.identified, used.asker.who.clone()));
            all.extend(found.consumers.into_iter().filter(fresh));
            if found.more == 0 {
                return Ok(all);
            }
            page.skip += PAGE;
        }
    }

    async fn client(
        &mut self,
        api: &ApiPlan,
        id: VersionId,
        mut used: ConsumerUse,
    ) -> Result<(), StoreFault> {
        let all = self.due(api, id, &mut used).await?;
        let asker = &used.asker;
        if all.is_empty() {
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
                for (part, occasion) in all {
                    let about = About {
                        api,
                        version: id,
                        consumer: asker.who.clone(),
                        part,
                        occasion,
                    };
                    self.occasion(about, &used).await?;
                }
            }
        }
        Ok(())
    }

    /// What a client is to be told: of the version, and of parts that it uses and that go by themselves.
    async fn due(
        &self,
        api: &ApiPlan,
        id: VersionId,
        used: &mut ConsumerUse,
    ) -> Result<Vec<(Option<Part>, Occasion)>, StoreFault> {
        let Run { plan, now, .. } = *self.run;
        let consumer = used.asker.consumer(&plan.consumers);
        let whole = due(api, id, consumer, self.days, now).into_iter();
        let mut all: Vec<_> = whole.map(|occasion| (None, occasion)).collect();
        if used.asker.identified && part::goes(api, id) && !is_gone(api, id, consumer, now) {
            self.detail(api, id, used).await?;
            for part in part::used(api, id, used) {
                let due = due_of(&part.course, consumer, self.days, now).into_iter();
                all.extend(due.map(|occasion| (Some(part.clone()), occasion)));
            }
        }
        Ok(all)
    }

    async fn occasion(&mut self, about: About<'_>, used: &ConsumerUse) -> Result<(), StoreFault> {
        let Run { plan, store, now, .. } = self.run;
        if self.run.is_stopped() || self.refused >= PATIENCE {
            self.summary.untried += 1;
            return Ok(());
        }
        let key = about.key(plan);
        let again = self.again.remove(message::id(&key).as_str());
        if !again && store.is_claimed(&key).await? {
            self.earlier(&about, used);
            return Ok(());
        }
        // Before it is claimed: what cannot be put together now is the next run's.
        let message = self.message(&about, used).await?;
        if self.run.dry {
            let told = Told::new(&message, "not sent: a dry run".to_owned());
            self.summary.sent.push(told);
            return Ok(());
        }
        if again {
            store.release(&key).await?;
        }
        if !store.claim(&key, *now).await? {
            self.summary.already += 1;
            return Ok(());
        }
        match self.send(&message).await {
            true => Ok(()),
            false => self.give_back(&key, &message.id).await,
        }
    }

    /// Counts a message that is claimed; a dry run says which.
    fn earlier(&mut self, about: &About<'_>, used: &ConsumerUse) {
        self.summary.already += 1;
        if self.run.dry {
            let message = about.write(self.run.plan, used.clone(), self.demo, self.run.now);
            let why = format!(
                "claimed by an earlier run; `--again {}` sends it again",
                message.id
            );
            self.summary.earlier.push(Told::new(&message, why));
        }
    }

    /// Gives the claim of a message that was not sent back: without that no run would ever send it.
    async fn give_back(&mut self, key: &str, id: &str) -> Result<(), StoreFault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let Err(fault) = self.run.store.release(key).await else {
                return Ok(());
            };
            let Some(pause) = pauses.next() else {
                if let Some(told) = self.summary.failed.last_mut() {
                    let more = format!("; it is still claimed, and `--again {id}` sends it");
                    told.outcome.push_str(&more);
                }
                return Err(fault);
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn message(&self, about: &About<'_>, used: &ConsumerUse) -> Result<Message, StoreFault> {
        let mut used = used.clone();
        self.detail(about.api, about.version, &mut used).await?;
        Ok(about.write(self.run.plan, used, self.demo, self.run.now))
    }

    async fn detail(&self, api: &ApiPlan, id: VersionId, used: &mut ConsumerUse) -> Result<(), StoreFault> {
        who_uses::detail(
            self.run.store,
            &api.name,
            api.version_name(id),
            used,
            self.run.now,
        )
        .await
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
    course.is_some_and(|course| course.deprecated.is_some() || course.sunset.is_some()) || part::goes(api, id)
}
