//! Addresses of servers that the gateway asks or tells: one server each, over a way that nobody can forge or read.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;

use super::{between, place};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{NamedFile, Remote, is_host_name, is_link_local};
use crate::raw::RawReach;
use crate::yaml::Tree;

/// The longest exchange with such a server: somebody waits for it.
const MOST_TIMEOUT: Duration = Duration::from_secs(60);
const FORM: &str = "write `https://HOST/PATH`, without a user, a password and a fragment";

/// An address as it is written, and where.
pub(super) struct Written<'a> {
    /// Where the address stands.
    pub(super) at: &'a str,
    /// Where `reach` stands.
    pub(super) reach_at: &'a str,
    /// What whoever is on the way could do over plain HTTP.
    pub(super) peril: &'a str,
    pub(super) url: &'a str,
    pub(super) reach: &'a RawReach,
}

/// Judges an address and how it is reached. What it resolves to is judged when it is asked.
pub(super) fn build(tree: &Tree, written: &Written<'_>, faults: &mut Vec<Diagnostic>) -> Option<Remote> {
    let (at, reach) = (written.at, written.reach);
    let wrong = address(written);
    if let Err((why, hint)) = &wrong {
        let message = format!("`{}` cannot be used: {why}", tree.shown(at));
        faults.push(tree.fault(Code::BadUrl, at, message).hint(hint));
    }
    let timeout_at = format!("{}/timeout", written.reach_at);
    let least = Duration::from_millis(1);
    let timeout = between(tree, &timeout_at, &reach.timeout, (least, MOST_TIMEOUT), faults);
    wrong.ok()?;
    let authorities = reach.authorities.as_deref();
    Some(Remote {
        url: written.url.to_owned(),
        timeout: timeout?,
        authorities: authorities.map(|path| NamedFile {
            path: PathBuf::from(path),
            place: place(tree, &format!("{}/authorities", written.reach_at)),
        }),
        plain_http: reach.plain_http,
        link_local: reach.link_local,
        place: place(tree, at),
    })
}

/// Why an address is refused, and what to do about it.
type Wrong = (String, String);

fn address(written: &Written<'_>) -> Result<(), Wrong> {
    let (url, reach) = (written.url, written.reach);
    let malformed = |why: &str| Err((why.to_owned(), FORM.to_owned()));
    if url.contains('@') {
        return malformed("a user and a password stand in it");
    }
    let uri: Option<Uri> = url.parse().ok().filter(|_| !url.contains(['#', '\\']));
    let Some(host) = uri.as_ref().and_then(Uri::host) else {
        return malformed("it is no address of a server");
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let number: Option<IpAddr> = bare.parse().ok();
    if number.is_none() && !is_host_name(bare) {
        return malformed("its host is neither a name nor an address");
    }
    if number.is_some_and(is_link_local) && !reach.link_local {
        let why = "it is a link-local address, where clouds hand out credentials";
        let hint = "name another address, or write `reach: {link_local: true}` if it is meant";
        return Err((why.to_owned(), hint.to_owned()));
    }
    let scheme = uri.as_ref().and_then(Uri::scheme);
    let local = bare == "localhost" || number.is_some_and(|n| n.to_canonical().is_loopback());
    if scheme == Some(&Scheme::HTTP) && !local && !reach.plain_http {
        let why = format!("over plain HTTP, whoever is on the way can {}", written.peril);
        let hint = "write `https://`, or `reach: {plain_http: true}` if the way to it is safe";
        return Err((why, hint.to_owned()));
    }
    if scheme != Some(&Scheme::HTTP) && scheme != Some(&Scheme::HTTPS) {
        return malformed("it is neither `https://` nor `http://`");
    }
    Ok(())
}
