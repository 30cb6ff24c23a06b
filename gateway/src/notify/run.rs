//! A run: looks who is due what, claims each message, and sends it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::Serialize;
use sluice_config::Diagnostic;
use sluice_config::plan::{ApiPlan, NotifyPlan, NotifyTo, Plan, VersionId};

use super::due::{Occasion, due};
use super::files;
use super::message::{About, Message};
use super::webhook::Webhook;
use crate::ledger::report::who_uses::{self, ConsumerUse, Page};
use crate::ledger::store::{Store, StoreFault};

/// How many clients are looked at at once.
const PAGE: u32 = 500;
/// After so many messages in a row that the receiver did not take, the rest waits for the next run.
const PATIENCE: u32 = 3;
/// How many clients without a credential are named for a version.
const LARGEST: usize = 5;

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

/// Where messages go.
pub struct Sender(Way);

enum Way {
    Directory(PathBuf),
    Webhook(Webhook),
}

/// What a run came to.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Messages that were sent; in a dry run, that would be, unless they were sent before.
    pub sent: Vec<Told>,
    /// How many were sent by an earlier run, or are being sent by another.
    pub already: u64,
    /// Messages that could not be sent: the next run tries them again.
    pub failed: Vec<Told>,
    /// How many were not tried, since the run was stopped or the receiver took nothing.
    pub untried: u64,
    /// Consumers without a contact, who were due something.
    pub without_contact: Vec<Unreached>,
    /// Clients without a credential, by version: nobody knows whom to tell.
    pub unidentified: Vec<Unidentified>,
}

/// A message in a summary.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// What it is about.
    pub subject: String,
    /// The consumer.
    pub consumer: String,
    /// Whom it is for.
    pub contact: String,
    /// Where it went, or why not.
    pub outcome: String,
}

/// Somebody who uses what goes and is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// Who.
    pub who: String,
    /// Whether consumers.yaml has that consumer.
    pub configured: bool,
    /// Requests within 90 days.
    pub last_90_days: u64,
}

/// Clients without a credential that use what goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unidentified {
    /// The API.
    pub api: String,
    /// The version.
    pub version: String,
    /// How many there are.
    pub clients: u64,
    /// Their requests within 90 days.
    pub last_90_days: u64,
    /// Those with the most requests: at most five.
    pub largest: Vec<String>,
}

/// Why a message was not sent.
struct Unsent {
    why: String,
    /// Whether another message would have the same fate.
    of_the_receiver: bool,
}

impl Sender {
    /// The way of a plan. Relative paths are meant from `directory`.
    ///
    /// # Errors
    /// The webhook's address, secret or authorities are at fault.
    pub fn new(plan: &NotifyPlan, directory: &Path) -> Result<Self, Diagnostic> {
        Ok(Self(match &plan.to {
            NotifyTo::Directory(to) => Way::Directory(directory.join(to)),
            NotifyTo::Webhook { remote, secret } => {
                Way::Webhook(Webhook::new(remote, secret.as_ref(), directory)?)
            }
        }))
    }

    /// Sends a message; where it went.
    async fn send(&self, message: &Message) -> Result<String, Unsent> {
        match &self.0 {
            Way::Directory(directory) => match files::write(directory, message) {
                Ok(path) => Ok(path.display().to_string()),
                Err(error) => Err(Unsent {
                    why: format!("{}: {error}", directory.display()),
                    of_the_receiver: true,
                }),
            },
            Way::Webhook(webhook) => match webhook.send(message).await {
                Ok(()) => Ok(webhook.label().to_owned()),
                Err(fault) => Err(Unsent {
                    why: format!("{}: {fault}", webhook.label()),
                    of_the_receiver: fault.is_of_the_server(),
                }),
            },
        }
    }
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
        let consumer = self
            .run
            .plan
            .consumers
            .named(&used.who)
            .filter(|_| used.identified);
        let occasions = due(api, id, consumer, self.days, self.run.now);
        if occasions.is_empty() {
            return Ok(());
        }
        let unreached = || Unreached {
            api: api.name.clone(),
            version: api.version_name(id).to_owned(),
            who: used.who.clone(),
            configured: used.configured,
            last_90_days: used.last_90_days,
        };
        match (used.identified, &used.contact) {
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
            consumer: used.who.clone(),
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
            .push(told(&message, "not sent: a dry run".to_owned()));
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
                self.summary.sent.push(told(message, to));
                true
            }
            Err(unsent) => {
                self.refused = if unsent.of_the_receiver {
                    self.refused + 1
                } else {
                    0
                };
                self.summary.failed.push(told(message, unsent.why));
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

fn told(message: &Message, outcome: String) -> Told {
    Told {
        subject: message.subject.clone(),
        consumer: message.used.who.clone(),
        contact: message.used.contact.clone().unwrap_or_default(),
        outcome,
    }
}

impl Summary {
    /// Counts a client without a credential; they come with the most requests first.
    fn unidentified(&mut self, client: Unreached) {
        let last = self.unidentified.last_mut();
        let same = last.filter(|last| last.api == client.api && last.version == client.version);
        let Some(of_version) = same else {
            self.unidentified.push(Unidentified {
                api: client.api,
                version: client.version,
                clients: 1,
                last_90_days: client.last_90_days,
                largest: vec![client.who],
            });
            return;
        };
        of_version.clients += 1;
        of_version.last_90_days += client.last_90_days;
        if of_version.largest.len() < LARGEST {
            of_version.largest.push(client.who);
        }
    }
}
