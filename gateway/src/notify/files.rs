//! Messages as files, one each. A file is there whole or not at all: it is written under another name, flushed and renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::due::Occasion;
use super::message::Message;
use crate::ledger::report::figures::{day, harmless};

/// Writes a message into a directory, which is made where it is missing; the path of its file.
///
/// # Errors
/// The directory or the file cannot be written.
pub(super) fn write(directory: &Path, message: &Message) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let path = directory.join(name(message));
    let draft = directory.join(format!(".{}.{}.draft", message.id, std::process::id()));
    let written = draft_of(&draft, message).and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        let _gone = fs::remove_file(&draft);
    }
    written.map(|()| path)
}

fn draft_of(path: &Path, message: &Message) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text(message).as_bytes())?;
    file.sync_all()
}

/// The message below a head as letters have it.
fn text(message: &Message) -> String {
    let to = message.used.asker.contact.as_deref().unwrap_or_default();
    format!(
        "To: {}\nSubject: {}\nMessage-Id: {}\n\n{}",
        harmless(to),
        harmless(&message.subject),
        message.id,
        message.text
    )
}

/// A name that sorts by day and can be read; the id makes it of this message alone.
fn name(message: &Message) -> String {
    let word = match &message.occasion {
        Occasion::Deprecated => "deprecated".to_owned(),
        Occasion::Brownout { .. } => "brownout".to_owned(),
        Occasion::Sunset { reminder, .. } => format!("sunset-{reminder}"),
    };
    let word = match message.part {
        Some(_) => format!("part-{word}"),
        None => word,
    };
    let parts = [&message.api, &message.version, &message.used.asker.who, &word].map(|part| plain(part));
    let id = message.id.strip_prefix("sluice-").unwrap_or(&message.id);
    let short = id.get(..8).unwrap_or(id);
    format!("{}-{}-{short}.md", day(message.at), parts.join("-"))
}

/// A part of a file's name: no longer than 40 characters, none of which means anything to a file system or a shell.
fn plain(text: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            c
        } else {
            '_'
        }
    };
    text.chars().take(40).map(safe).collect()
}
