//! `notify` of `sluice.yaml` → where messages to the people behind consumers go.

use std::path::PathBuf;

use super::{credentials, remote, secrets};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{NotifyPlan, NotifyTo, Secret};
use crate::raw::{RawNotify, RawNotifyTo, RawReach};
use crate::yaml::Tree;

const TO: &str = "/notify/to";

/// Judges the settings.
pub(super) fn build(tree: &Tree, raw: &RawNotify, faults: &mut Vec<Diagnostic>) -> Option<NotifyPlan> {
    let to = to(tree, &raw.to, faults);
    let mut days = raw.days.clone();
    days.sort_unstable_by(|a, b| b.cmp(a));
    days.dedup();
    Some(NotifyPlan {
        to: to?,
        days,
        place: super::place(tree, "/notify"),
    })
}

fn to(tree: &Tree, raw: &RawNotifyTo, faults: &mut Vec<Diagnostic>) -> Option<NotifyTo> {
    let mut wrong = |at: &str, message: &str, hint: &str| {
        faults.push(tree.fault(Code::BadSettings, at, message).hint(hint));
        None
    };
    match (&raw.directory, &raw.webhook) {
        (Some(path), None) => {
            let of_webhook = [
                ("secret", raw.secret.is_some()),
                ("secret_file", raw.secret_file.is_some()),
                ("reach", raw.reach.is_some()),
            ];
            if let Some((key, _)) = of_webhook.iter().find(|(_, given)| *given) {
                let message = format!("`{key}` is for a webhook, and messages go into a directory");
                return wrong(&format!("{TO}/{key}"), &message, "delete the line");
            }
            Some(NotifyTo::Directory(PathBuf::from(path)))
        }
        (None, Some(url)) => webhook(tree, raw, url, faults),
        _ => {
            let message = "messages go to exactly one of `directory` and `webhook`";
            wrong(TO, message, "write `to: {directory: messages}`")
        }
    }
}

fn webhook(tree: &Tree, raw: &RawNotifyTo, url: &str, faults: &mut Vec<Diagnostic>) -> Option<NotifyTo> {
    let usual = RawReach::default();
    let written = remote::Written {
        at: &format!("{TO}/webhook"),
        reach_at: &format!("{TO}/reach"),
        peril: "read what it is told",
        url,
        reach: raw.reach.as_ref().unwrap_or(&usual),
    };
    let remote = remote::build(tree, &written, faults);
    let secret = secret(tree, raw, faults);
    Some(NotifyTo::Webhook {
        remote: remote?,
        secret: secret?,
    })
}

/// What messages are signed with: `Some(None)` without anything.
#[expect(
    clippy::option_option,
    reason = "whether it is sound, and whether there is one"
)]
fn secret(tree: &Tree, raw: &RawNotifyTo, faults: &mut Vec<Diagnostic>) -> Option<Option<Secret>> {
    let at = format!("{TO}/secret");
    match (&raw.secret, &raw.secret_file) {
        (None, None) => Some(None),
        (None, Some(path)) => Some(Some(secrets::file(tree, &format!("{TO}/secret_file"), path))),
        (Some(_), Some(_)) => {
            let message = "messages are signed with one of `secret` and `secret_file`";
            let fault = tree.fault(Code::BadSettings, TO, message);
            faults.push(fault.hint("delete one or the other"));
            None
        }
        (Some(value), None) => {
            let secret = secrets::value(tree, &at, value, faults)?;
            if value.len() >= credentials::LEAST_SECRET {
                return Some(Some(secret));
            }
            let least = credentials::LEAST_SECRET;
            let message = format!("what messages are signed with has less than {least} bytes");
            let hint = "`openssl rand -base64 32` makes a good one";
            faults.push(tree.fault(Code::WeakSecret, &at, message).hint(hint));
            None
        }
    }
}
