//! The two ways to send a message.

use std::path::{Path, PathBuf};

use sluice_config::Diagnostic;
use sluice_config::plan::{NotifyPlan, NotifyTo};

use super::files;
use super::message::Message;
use super::webhook::Webhook;

/// Where messages go.
pub struct Sender(Way);

enum Way {
    Directory(PathBuf),
    Webhook(Box<Webhook>),
}

/// Why a message was not sent.
pub(super) struct Unsent {
    pub(super) why: String,
    /// Whether another message would have the same fate.
    pub(super) of_the_receiver: bool,
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
                Way::Webhook(Box::new(Webhook::new(remote, secret.as_ref(), directory)?))
            }
        }))
    }

    /// Sends a message; where it went.
    pub(super) async fn send(&self, message: &Message) -> Result<String, Unsent> {
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
