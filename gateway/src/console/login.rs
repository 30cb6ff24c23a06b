//! Logging in with an administrator's key, and out.

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use maud::{Markup, html};

use super::answers;
use super::door::{self, Arrival, Caller, Denied, Door, LOGIN, SESSION, SessionId, TOKEN, cookie, expired};
use super::layout::{self, Frame, Place};
use super::links::Link;
use super::pairs::Pairs;
use super::visit::Visit;
use crate::auth::admin::Stranger;
use crate::body::Body;
use crate::gateway::Gateway;
use crate::refusal::Refusal;

/// Where the form is.
pub(super) const PATH: &str = "/console/login";
/// For how long the form may stay open, in seconds.
const FORM: i64 = 3_600;
/// The longest that a browser keeps the cookie of a session, in seconds; the session itself may end before.
const KEPT: i64 = 12 * 3_600;

/// The form, and what becomes of it.
pub(super) async fn answer(
    door: &Door,
    gateway: &Arc<Gateway>,
    arrival: Arrival<'_>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let query = Pairs::of_query(request.uri().query())?;
    let next = next(query.get("next"));
    if arrival.administrators().is_none() {
        // There is nobody to log in as.
        return Ok(answers::see_other("/console"));
    }
    match *request.method() {
        Method::GET | Method::HEAD => shown(door, &arrival, &next, None),
        Method::POST => {
            let form = Pairs::of_form(request).await?;
            logged_in(door, gateway, &arrival, &form)
        }
        ref method => {
            let allowed = [Method::GET, Method::HEAD, Method::POST];
            Err(Refusal::method_not_allowed(method, allowed))
        }
    }
}

fn logged_in(
    door: &Door,
    gateway: &Gateway,
    arrival: &Arrival<'_>,
    form: &Pairs,
) -> Result<Response<Body>, Refusal> {
    let administrators = arrival.administrators().ok_or_else(door::unknown)?;
    let next = next(form.get("next"));
    match door.log_in(arrival, administrators, form) {
        Ok((session, name)) => {
            super::tell(gateway, arrival.peer, "console_login", &name, None);
            let mut answer = answers::see_other(&next);
            let secured = arrival.is_secured();
            let lines = [
                cookie(SESSION, &session.text(), KEPT, secured),
                expired(LOGIN, secured),
            ];
            for line in lines.into_iter().flatten() {
                answer.headers_mut().append(SET_COOKIE, line);
            }
            Ok(answer)
        }
        Err(Denied::Stranger(stranger)) => {
            count(gateway, &stranger);
            let name = stranger.name.as_deref().unwrap_or_default();
            super::tell(
                gateway,
                arrival.peer,
                "console_login_refused",
                name,
                Some(stranger.reason),
            );
            shown(
                door,
                arrival,
                &next,
                Some("This is no administrator's key, or no longer one."),
            )
        }
        Err(Denied::Refused(refusal)) => {
            super::tell(
                gateway,
                arrival.peer,
                "console_login_refused",
                "",
                Some(refusal.kind().code()),
            );
            Err(refusal)
        }
    }
}

fn shown(
    door: &Door,
    arrival: &Arrival<'_>,
    next: &str,
    fault: Option<&'static str>,
) -> Result<Response<Body>, Refusal> {
    let (bound, token) = door.login_form(arrival)?;
    let page = form(&token, next, fault);
    let mut answer = match fault {
        Some(_) => answers::refused_page(page, &door::unknown()),
        None => answers::page(page),
    };
    let line = cookie(LOGIN, &bound.text(), FORM, arrival.is_secured());
    answer.headers_mut().extend(line.map(|line| (SET_COOKIE, line)));
    Ok(answer)
}

fn form(token: &str, next: &str, fault: Option<&str>) -> Markup {
    let frame = Frame {
        title: "Log in",
        place: Place::Elsewhere,
        apis: Vec::new(),
        api: "",
        caller: None,
        token: "",
        demo: false,
        rehearsal: None,
    };
    let content = html! {
        form.card.login method="post" action=(PATH) {
            h1 { "Log in" }
            p.quiet { "With a key of " code { "admin_access" } " in sluice.yaml." }
            input type="hidden" name=(TOKEN) value=(token);
            input type="hidden" name="next" value=(next);
            // Password managers keep a key under a name.
            input type="text" name="user" value="administrator" autocomplete="username" hidden;
            label for="key" { "Key" }
            input #key type="password" name="key" required autocomplete="current-password" autofocus
                aria-describedby=[fault.map(|_| "key-fault")] aria-invalid=[fault.map(|_| "true")];
            @if let Some(fault) = fault { p.fault #key-fault role="alert" { (fault) } }
            button.primary type="submit" { "Log in" }
        }
    };
    layout::page(&frame, content)
}

/// Ends the session of whoever asks.
pub(super) fn log_out(door: &Door, visit: &Visit<'_>) -> Response<Body> {
    let arrival = &visit.arrival;
    let mut answer = answers::see_other(PATH);
    if let Caller::Administrator { name, session } = &visit.caller {
        session
            .iter()
            .for_each(|session: &SessionId| door.log_out(session));
        super::tell(visit.gateway, arrival.peer, "console_logout", name, None);
    }
    let gone = expired(SESSION, arrival.is_secured());
    answer.headers_mut().extend(gone.map(|line| (SET_COOKIE, line)));
    answer
}

/// Somebody who has not logged in: a browser is shown where, anything else is refused.
pub(super) fn stranger(
    gateway: &Gateway,
    arrival: &Arrival<'_>,
    request: &Request<Incoming>,
    stranger: &Stranger,
) -> Result<Response<Body>, Refusal> {
    let path = request.uri().path();
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let anonymous = stranger.reason == "absent";
    if anonymous && reads && super::wants_page(path, &arrival.headers) {
        let wanted = request
            .uri()
            .path_and_query()
            .map_or(path, |target| target.as_str());
        return Ok(answers::see_other(
            &Link::new(PATH).with("next", wanted).to_string(),
        ));
    }
    count(gateway, stranger);
    let name = stranger.name.as_deref().unwrap_or_default();
    super::tell(
        gateway,
        arrival.peer,
        "console_refused",
        name,
        Some(stranger.reason),
    );
    Err(door::unknown())
}

fn count(gateway: &Gateway, stranger: &Stranger) {
    let help = "Calls of the admin API that no credential let in";
    let labels = [("reason", stranger.reason)];
    gateway.shared.meters.count("sluice_admin_refused", help, &labels);
}

/// A page of the console to go on to: nobody is sent elsewhere.
fn next(wanted: &str) -> String {
    let own = wanted == "/console" || wanted.starts_with("/console/") || wanted.starts_with("/console?");
    let plain = wanted
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    if own && plain && !wanted.starts_with(PATH) {
        wanted.to_owned()
    } else {
        "/console".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for elsewhere in [
            "",
            "https://evil.example",
            "//evil.example",
            "/consolation",
            "/console\\evil",
            "/console/\r\nx: y",
            "/console/login?next=/console",
            "/reload",
        ] {
            assert_eq!(next(elsewhere), "/console", "{elsewhere}");
        }
        assert_eq!(next("/console/lineage?api=a%26b"), "/console/lineage?api=a%26b");
    }
}
