//! From raw files to the plan: everything that a schema cannot say.
//!
//! - [`main`]: addresses, bounds; [`upstreams`]: backends; [`tls`]: certificates; [`remote`]: servers that are asked or told
//! - [`usage`], [`traces`], [`access_log`], [`notify`]: what is kept and told of exchanges
//! - [`api`]: one API, from its [`versions`], [`select`] and [`errors`]
//! - [`routes`]: no path leads to two versions; [`keep`]: what merge patches can keep
//! - [`change`]: a change's own form; [`steps`]: its steps as the engine's operators
//! - [`lineage`]: versions and changes are one tree; [`contract`]: what each version promises;
//!   [`unsaid`]: what the origin's document leaves out

mod access_log;
pub(crate) mod api;
mod audit;
mod authentication;
mod change;
pub(crate) mod consumers;
mod contract;
mod credentials;
mod edge;
mod errors;
mod idempotency;
mod intake;
mod judge;
pub(crate) mod keep;
mod lifecycle;
mod limits;
mod lineage;
pub(crate) mod main;
mod notify;
mod remote;
pub(crate) mod routes;
mod secrets;
mod select;
mod steps;
mod store;
mod tls;
mod tokens;
mod traces;
mod unsaid;
mod upstreams;
mod usage;
mod validation;
mod versions;

use std::net::IpAddr;
use std::path::{Component, PathBuf};
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::plan::{NamedFile, PathPrefix, Place};
use crate::quantity::{self, QuantityError};
use crate::source;
use crate::suggest;
use crate::yaml::Tree;

/// Whether a name can stand in paths, headers and file names as it is.
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

fn bad_name(file: &str, span: Option<Span>, name: &str, what: &str) -> Diagnostic {
    let message = format!("`{}` is not a name for {what}", suggest::shorten(name));
    Diagnostic::new(Code::BadName, file, span, message)
        .hint("use letters, digits, `-`, `_` and `.`, beginning with a letter or a digit")
}

/// Reads a path prefix.
fn prefix(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<PathPrefix> {
    PathPrefix::parse(text)
        .map_err(|error| {
            let message = format!("`{}` is not a path prefix: {error}", tree.shown(pointer));
            let hint = "write it empty or like `/api/v1`: plain segments, no slash at the end";
            faults.push(tree.fault(Code::BadPath, pointer, message).hint(hint));
        })
        .ok()
}

/// An address range: `10.0.0.0/8`, `fd00::/8` or a single address.
fn range_of(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<IpNet> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let range = text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(single);
    let range = range.map(unmapped);
    if range.is_none() {
        let message = format!("`{}` is not an address range", tree.shown(pointer));
        let hint = "write `10.0.0.0/8`, `fd00::/8` or a single address";
        faults.push(tree.fault(Code::BadAddress, pointer, message).hint(hint));
    }
    range
}

/// A range of IPv4 addresses that is written as IPv6: addresses are compared in their own family.
fn unmapped(range: IpNet) -> IpNet {
    let IpNet::V6(mapped) = range else { return range };
    let length = mapped.prefix_len().checked_sub(96);
    let address = mapped.network().to_ipv4_mapped().zip(length);
    address
        .and_then(|(address, length)| IpNet::new(address.into(), length).ok())
        .unwrap_or(range)
}

/// Where a value stands.
fn place(tree: &Tree, pointer: &str) -> Place {
    Place {
        file: tree.file.clone(),
        span: tree.span(pointer),
    }
}

fn duration(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<Duration> {
    let hint = "write a whole number and a unit: `250ms`, `1s`, `2m`, `1h`, `7d`";
    let told = (Code::BadDuration, "a duration", hint);
    read_quantity(tree, pointer, quantity::duration(text), told, faults)
}

/// A duration that must pass: waiting for nothing would refuse every exchange.
fn wait(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<Duration> {
    let duration = duration(tree, pointer, text, faults)?;
    if duration.is_zero() {
        let message = "a timeout of nothing refuses every exchange";
        faults.push(tree.fault(Code::OutOfRange, pointer, message));
        return None;
    }
    Some(duration)
}

/// A duration within bounds; `Duration::MAX` for no upper one.
fn between(
    tree: &Tree,
    pointer: &str,
    text: &str,
    (least, most): (Duration, Duration),
    faults: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let duration = duration(tree, pointer, text, faults)?;
    if duration < least || duration > most {
        let shown = tree.shown(pointer);
        let message = match most {
            Duration::MAX => format!("`{shown}` is less than {}", quantity::written(least)),
            most => format!(
                "`{shown}` is not between {} and {}",
                quantity::written(least),
                quantity::written(most)
            ),
        };
        faults.push(tree.fault(Code::OutOfRange, pointer, message));
        return None;
    }
    Some(duration)
}

/// A size in bytes; not nothing.
fn size(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<usize> {
    let hint = "write a whole number and a unit: `512B`, `256KiB`, `1MiB`, `1GiB`";
    let told = (Code::BadSize, "a size", hint);
    let size = read_quantity(tree, pointer, quantity::size(text), told, faults)?;
    if size == 0 {
        let message = "a bound of nothing refuses every body";
        faults.push(tree.fault(Code::OutOfRange, pointer, message));
        return None;
    }
    Some(size)
}

fn read_quantity<T>(
    tree: &Tree,
    pointer: &str,
    read: Result<T, QuantityError>,
    (code, what, hint): (Code, &str, &str),
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    read.map_err(|error| {
        let message = format!("`{}` is not {what}: {error}", tree.shown(pointer));
        faults.push(tree.fault(code, pointer, message).hint(hint));
    })
    .ok()
}

/// The name of a field.
fn field_name(
    file: &str,
    span: Option<Span>,
    text: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<HeaderName> {
    let name = text.parse().ok();
    if name.is_none() {
        let message = format!("`{}` is not the name of a header", suggest::shorten(text));
        let fault = Diagnostic::new(Code::BadField, file, span, message);
        faults.push(fault.hint("write it like `X-Request-Id`"));
    }
    name
}

/// A file that the gateway writes: not one that it would read as configuration.
fn file_to_write(tree: &Tree, pointer: &str, text: &str, faults: &mut Vec<Diagnostic>) -> Option<NamedFile> {
    let path = PathBuf::from(text);
    let names_file = matches!(path.components().next_back(), Some(Component::Normal(_)));
    let shown = tree.shown(pointer);
    let (message, hint) = if !names_file || text.ends_with('/') || text.contains("://") {
        let hint = "write the path of a file, such as `/var/lib/sluice/NAME`";
        (format!("`{shown}` names no file"), hint)
    } else if path.is_relative() && source::is_source(text.trim_start_matches("./")) {
        let hint = "write it elsewhere: beside `apis`, under another name, or to a directory of its own";
        (format!("`{shown}` would be read as configuration"), hint)
    } else {
        let place = place(tree, pointer);
        return Some(NamedFile { path, place });
    };
    faults.push(tree.fault(Code::UnwritableFile, pointer, message).hint(hint));
    None
}

/// What was given, if it is sound: nothing where nothing was, and no plan where it is at fault.
fn judged<T>(built: Option<Option<T>>) -> Option<Option<T>> {
    match built {
        Some(None) => None,
        Some(sound) => Some(sound),
        None => Some(None),
    }
}
