//! `sluice notify`: each message once, whatever happens.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value as Json;
use sha2::Sha256;

use super::binary::{Process, Said, sluice};
use super::ledger::{Given, NOW, traffic, used};
use super::webhook::{Answer, Receiver};

const FILES: &str = "usage: {store: {sqlite: usage.sqlite}}\nnotify: {to: {directory: messages}}\n";
const SECRET: &str = "a-secret-of-32-bytes-for-messages";

fn notify(given: &Given, now: &str, more: &[&str]) -> Said {
    let mut arguments = vec!["notify", given.path(), "--now", now];
    if !more.contains(&"--dry-run") {
        arguments.push("--really");
    }
    arguments.extend(more);
    sluice(&arguments, "")
}

fn json(said: &Said) -> Json {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err))
}

fn count(report: &Json, list: &str) -> usize {
    report[list].as_array().unwrap().len()
}

/// What a run came to: sent, already sent, failed, not tried.
fn came_to(report: &Json) -> (usize, u64, usize, u64) {
    let number = |key: &str| report[key].as_u64().unwrap();
    (
        count(report, "sent"),
        number("already"),
        count(report, "failed"),
        number("untried"),
    )
}

fn files(given: &Given) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(given.file("messages")) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn webhook(receiver: &Receiver) -> String {
    format!(
        "usage: {{store: {{sqlite: usage.sqlite}}}}\nnotify: {{to: {{webhook: \"http://{}/told\", secret_file: secret}}}}\n",
        receiver.address
    )
}

fn given(more: &str) -> Given {
    let given = Given::new(more);
    fs::write(given.file("secret"), format!("{SECRET}\n")).unwrap();
    given.fill(&traffic())
}

#[test]
fn each_message_is_sent_once_over_a_versions_last_months() {
    let given = given(FILES);
    // Two deprecated versions that four consumers with a contact use.
    let dry = json(&notify(&given, NOW, &["--dry-run", "--json"]));
    assert_eq!((came_to(&dry), files(&given).len()), ((8, 0, 0, 0), 0));
    for (now, sent, already) in [
        (NOW, 8, 0),
        (NOW, 0, 8),
        // A first Tuesday comes near: megacorp is exempt from 1.0's brownouts.
        ("2027-04-01T00:00:00Z", 3, 8),
        // 87 days before: the first reminder, three days late; and the same brownout.
        ("2027-04-04T12:00:00Z", 3, 11),
        ("2027-04-20T00:00:00Z", 0, 11),
        // A whole month was missed, and with it a brownout; day 30 was, too: at day 29 that of day 30 comes.
        ("2027-06-02T00:00:00Z", 3, 8),
        ("2027-06-02T00:00:00Z", 0, 11),
    ] {
        let report = json(&notify(&given, now, &["--json"]));
        assert_eq!(came_to(&report), (sent, already, 0, 0), "{now}: {report:#}");
    }
    let names = files(&given);
    let of = |word: &str| names.iter().filter(|name| name.contains(word)).count();
    let words = ["deprecated", "brownout", "sunset-90", "sunset-30", "sunset-7"];
    assert_eq!(words.map(of), [8, 3, 3, 3, 0], "{names:?}");
    let dry = json(&notify(&given, "2027-06-02T00:00:00Z", &["--dry-run", "--json"]));
    assert_eq!(came_to(&dry), (0, 11, 0, 0), "what was sent is not due again");
}

#[test]
fn a_message_says_what_goes_when_and_what_is_still_used() {
    let given = given(FILES);
    let said = notify(&given, "2027-06-02T00:00:00Z", &[]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let names = files(&given);
    let name = names
        .iter()
        .find(|name| name.contains("1.0-acme-sunset-30"))
        .unwrap();
    let text = fs::read_to_string(given.file("messages").join(name)).unwrap();
    for part in [
        "To: api@acme.example\n",
        "Subject: customers: version 1.0 ends in 29 days\n",
        "2027-06-30T23:59:59Z",
        "Please move to version 3.3.",
        "https://docs.integrationhub.example/migrate",
        "- listCustomers: ",
        "Members that your requests send",
        "whether you read them is unknown to us",
        "`Customer /address`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("unused"));
    // Whom nobody can tell is listed at the end.
    let (_, unreached) = said.out.split_once("no contact for them").unwrap();
    assert!(
        unreached.contains("left-last-year: customers 1.0, "),
        "{unreached}"
    );
    assert!(unreached.contains("since they have no credential"), "{unreached}");
    assert!(
        unreached.contains("customers 2.0: 2 clients, ") && unreached.contains("203.0.113.0/24 curl"),
        "{unreached}"
    );
}

#[test]
fn two_runs_at_once_send_each_message_once() {
    let given = given(FILES);
    let arguments = ["notify", given.path(), "--now", NOW, "--really", "--json"];
    let mut runs: Vec<Process> = (0..3).map(|_| Process::start(&arguments, &[])).collect();
    let mut sent = 0;
    for run in &mut runs {
        assert!(run.end().success(), "{}", run.err());
        run.until("the summary", || run.out().ends_with("}\n"));
        let report: Json = serde_json::from_str(&run.out()).unwrap();
        let (own, already, failed, untried) = came_to(&report);
        assert_eq!((own as u64 + already, failed, untried), (8, 0, 0));
        sent += own;
    }
    assert_eq!((sent, files(&given).len()), (8, 8));
}

#[test]
fn a_webhook_that_fails_and_recovers_gets_each_message_once() {
    let receiver = Receiver::start(Answer::Status(503));
    let given = given(&webhook(&receiver));
    let said = notify(&given, NOW, &["--json"]);
    // It is not asked for every message when it takes none.
    assert_eq!(
        (said.code, came_to(&json(&said))),
        (2, (0, 0, 3, 5)),
        "{}",
        said.out
    );
    assert!(
        said.err
            .contains("3 messages could not be sent, and 5 were not tried"),
        "{}",
        said.err
    );
    assert!(said.out.contains("it answered 503"), "{}", said.out);
    let tries: Vec<String> = receiver
        .take()
        .iter()
        .map(|p| p.field("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(
        (tries.len(), tries.iter().collect::<BTreeSet<_>>().len()),
        (9, 3),
        "each is tried three times"
    );

    receiver.answers(Answer::Status(202));
    let report = json(&notify(&given, NOW, &["--json"]));
    assert_eq!(came_to(&report), (8, 0, 0, 0));
    let posted = receiver.take();
    let ids: BTreeSet<&str> = posted.iter().map(|p| p.field("webhook-id").unwrap()).collect();
    assert_eq!((posted.len(), ids.len()), (8, 8));
    assert!(
        tries.iter().all(|id| ids.contains(id.as_str())),
        "an id stays the same"
    );
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))), (0, 8, 0, 0));
    assert!(receiver.take().is_empty());

    for one in &posted {
        assert_eq!(one.field("webhook-signature").unwrap(), signature(one));
        assert_eq!(one.field("content-type"), Some("application/json"));
        let body: Json = serde_json::from_str(&one.body).unwrap();
        assert_eq!(body["id"], one.field("webhook-id").unwrap());
        assert_eq!(
            (&body["occasion"], &body["api"], &body["demo"]),
            (&"deprecated".into(), &"customers".into(), &false.into())
        );
        assert!(
            body["text"]
                .as_str()
                .unwrap()
                .contains(body["use"]["who"].as_str().unwrap())
        );
        assert!(body["use"]["contact"].as_str().unwrap().contains('@'));
        assert_eq!(body["successor"], "3.3");
        let unknown = body["use"]["delivered"].as_array().unwrap();
        assert!(unknown.iter().all(|member| member["verdict"] == "unknown"));
    }
}

fn signature(posted: &super::webhook::Posted) -> String {
    let [id, at] = ["webhook-id", "webhook-timestamp"].map(|name| posted.field(name).unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{id}.{at}.{}", posted.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_lost_answer_is_tried_again_under_the_same_id() {
    let receiver = Receiver::start(Answer::HangUpOnce);
    let given = given(&webhook(&receiver));
    let report = json(&notify(&given, NOW, &["--json"]));
    assert_eq!(came_to(&report), (8, 0, 0, 0));
    let posted = receiver.take();
    let ids: BTreeSet<&str> = posted.iter().map(|p| p.field("webhook-id").unwrap()).collect();
    assert_eq!((posted.len(), ids.len()), (9, 8), "what came twice can be told");
}

#[test]
fn a_message_that_is_refused_does_not_hold_up_the_others() {
    let receiver = Receiver::start(Answer::Status(422));
    let given = given(&webhook(&receiver));
    let said = notify(&given, NOW, &["--json"]);
    assert_eq!((said.code, came_to(&json(&said))), (2, (0, 0, 8, 0)));
    assert_eq!(receiver.take().len(), 8, "it is not tried again at once");
}

#[test]
fn whoever_ends_a_run_loses_no_message() {
    let receiver = Receiver::start(Answer::Held);
    let given = given(&webhook(&receiver));
    let arguments = ["notify", given.path(), "--now", NOW, "--really", "--json"];
    let mut run = Process::start(&arguments, &[]);
    run.until("the first message", || receiver.waiting() == 1);
    run.signal("TERM");
    receiver.answers(Answer::Status(200));
    assert_eq!(run.end().code(), Some(2), "{}", run.err());
    run.until("the summary", || run.out().ends_with("}\n"));
    let report: Json = serde_json::from_str(&run.out()).unwrap();
    // The signal comes while the first message is on its way, or just after it.
    let (sent, already, failed, untried) = came_to(&report);
    assert_eq!((sent as u64 + untried, already, failed), (8, 0, 0));
    assert!(sent >= 1 && untried >= 1, "{sent} sent, {untried} not tried");
    assert_eq!(
        came_to(&json(&notify(&given, NOW, &["--json"]))),
        (8 - sent, sent as u64, 0, 0)
    );
    let ids: BTreeSet<String> = receiver
        .take()
        .iter()
        .map(|posted| posted.field("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 8);
}

#[test]
fn a_directory_that_cannot_be_written_loses_nothing() {
    let given = given(FILES);
    // Where a directory should be stands a file.
    fs::write(given.file("messages"), "in the way").unwrap();
    let said = notify(&given, NOW, &[]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.out.contains("failed") && said.out.contains("messages: "),
        "{}",
        said.out
    );
    fs::remove_file(given.file("messages")).unwrap();
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))), (8, 0, 0, 0));
    assert_eq!(files(&given).len(), 8, "no drafts are left");
}

#[test]
fn a_date_that_is_moved_is_told_anew() {
    let given = given(FILES);
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))).0, 8);
    let file = given.file("apis/customers/api.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("sunset: 2028-01-01", "sunset: 2028-03-01")).unwrap();
    // 2.0's four; 1.0 ends when it did.
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))), (4, 4, 0, 0));
}

#[test]
fn whoever_is_not_seen_is_not_told() {
    let given = Given::new(FILES).fill(&[used("3.3", "acme", 3, 100), used("1.0", "globex", 3, 1)]);
    let report = json(&notify(&given, NOW, &["--json"]));
    assert_eq!(came_to(&report), (1, 0, 0, 0));
    assert_eq!(report["sent"][0]["consumer"], "globex");
}

#[test]
fn what_is_missing_is_told_with_what_to_do() {
    let given = Given::new("usage: {store: {sqlite: usage.sqlite}}\n").fill(&[]);
    let said = notify(&given, NOW, &[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no `notify`"), "{}", said.err);
    let given = Given::new("notify: {to: {directory: messages}}\n");
    let said = notify(&given, NOW, &[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no `usage`"), "{}", said.err);
}

#[test]
fn a_rehearsal_sends_nothing() {
    let given = given(FILES);
    let said = sluice(&["notify", given.path(), "--now", NOW], "");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(
        said.err.contains("--dry-run") && said.err.contains("--really"),
        "{}",
        said.err
    );
    assert_eq!(files(&given).len(), 0);
    let dry = json(&notify(&given, NOW, &["--dry-run", "--json"]));
    assert_eq!(came_to(&dry), (8, 0, 0, 0), "nothing was claimed");
    assert_eq!(
        sluice(&["notify", given.path(), "--really"], "").code,
        2,
        "it is for --now alone"
    );
}

/// As after a run that was killed between the claim and the message.
#[test]
fn what_is_claimed_is_sent_again_by_hand() {
    let given = given(FILES);
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))), (8, 0, 0, 0));
    let lost = files(&given).pop_first().unwrap();
    fs::remove_file(given.file("messages").join(&lost)).unwrap();
    let dry = json(&notify(&given, NOW, &["--dry-run", "--json"]));
    assert_eq!((came_to(&dry), count(&dry, "earlier")), ((0, 8, 0, 0), 8));
    let earlier = dry["earlier"].as_array().unwrap().iter();
    let mut ids = earlier.map(|told| told["id"].as_str().unwrap());
    let short = lost.strip_suffix(".md").unwrap().rsplit('-').next().unwrap();
    let id = ids.find(|id| id.contains(short)).unwrap();
    let report = json(&notify(&given, NOW, &["--json", "--again", id]));
    assert_eq!(came_to(&report), (1, 7, 0, 0));
    assert!(files(&given).contains(&lost), "it is the same message");
    assert_eq!(came_to(&json(&notify(&given, NOW, &["--json"]))), (0, 8, 0, 0));
    let said = notify(&given, NOW, &["--again", "sluice-none"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("sluice-none"), "{}", said.err);
}
