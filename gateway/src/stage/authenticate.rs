//! Who asks: the schemes of the request's version, what the consumer may use, and what the upstream is told of it.

use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_config::plan::{
    ApiPlan, ConsumerPlan, EntryPlan, KeyPlace, Plan, SchemePlan, Selector, VersionId,
};

use super::identify::{self, Identified};
use super::lifecycle::Use;
use crate::audit::Event;
use crate::auth::challenge::{TokenFault, challenge};
use crate::auth::scheme::{Presented, Scheme};
use crate::auth::verdict::{Proved, Unproved, Wrong};
use crate::edition::Edition;
use crate::fields::forwarded;
use crate::fields::target::Pair;
use crate::fields::vary;
use crate::gateway::Carrier;
use crate::identity::Identity;
use crate::refusal::{Kind, Refusal};
use crate::serve::Peer;
use crate::stage::forward::Client;

/// What a request is looked at for.
pub struct Asked<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// The connection.
    pub peer: &'a Peer,
    /// Who asks, as far as the connection tells.
    pub client: &'a Client<'a>,
    /// The request.
    pub seen: &'a identify::Request<'a>,
}

/// The name of the version that the consumer is pinned to, for a request that names none: its credential is looked up
/// among all schemes of the API. A consumer without a pin is known all the same: it is counted.
///
/// # Errors
/// A credential that is wrong, or cannot be judged now.
pub async fn pin(
    carrier: &Carrier,
    asked: &Asked<'_>,
    api: usize,
    who: &mut Identity,
) -> Result<Option<String>, Refusal> {
    let plan = &asked.edition.plan.apis[api];
    let Some(schemes) = asked.edition.guard.auth.api(api) else {
        return Ok(None);
    };
    if schemes.all.is_empty() || !takes_pins(plan) {
        return Ok(None);
    }
    let desk = Desk::new(carrier, asked, api, None);
    let proved = match desk.prove(&schemes.all).await {
        Ok(proved) => proved,
        Err(Unproved::Absent) => return Ok(None),
        Err(unproved) => return Err(desk.refuse(unproved, schemes.all.iter().map(|scheme| &scheme.plan))),
    };
    let Some(consumer) = asked.edition.plan.consumers.get(proved.consumer) else {
        return Ok(None);
    };
    *who = identity(consumer, proved);
    let pinned = consumer.pins.get(&plan.name);
    Ok(pinned.map(|version| plan.version_name(*version).to_owned()))
}

/// Who asks, by the schemes of a version. A consumer that may not use the version is known all the same: it is counted.
///
/// # Errors
/// No credential, a wrong one, or one that cannot be judged now; a consumer that may not use this version.
pub async fn consumer(
    carrier: &Carrier,
    asked: &Asked<'_>,
    api: usize,
    version: VersionId,
    who: &mut Identity,
) -> Result<(), Refusal> {
    let plan = &asked.edition.plan.apis[api];
    let Some((index, entry)) = plan.authentication.of(version) else {
        return Ok(());
    };
    let schemes = asked.edition.guard.auth.api(api);
    let schemes = schemes.and_then(|schemes| schemes.entries.get(index));
    let Some(schemes) = schemes else {
        return Err(Refusal::new(Kind::Internal, "the version has no schemes"));
    };
    let desk = Desk::new(carrier, asked, api, Some(version));
    let proved = match desk.prove(schemes).await {
        Ok(proved) => proved,
        Err(unproved) => return Err(desk.refuse(unproved, entry.schemes.iter())),
    };
    let Some(consumer) = asked.edition.plan.consumers.get(proved.consumer) else {
        return Err(Refusal::new(Kind::Internal, "the consumer is unknown"));
    };
    let barred = barred(plan, version, consumer, &proved);
    *who = identity(consumer, proved);
    let Some((reason, refusal)) = barred else {
        return Ok(());
    };
    desk.tell("access_refused", &consumer.name, who.scheme, reason, Vec::new());
    Err(refusal)
}

fn identity(consumer: &ConsumerPlan, proved: Proved) -> Identity {
    let mut scopes = proved.scopes;
    for scope in &consumer.scopes {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    Identity {
        consumer: Some(proved.consumer),
        name: Some(consumer.name.clone()),
        subject: proved.subject,
        scopes,
        scheme: proved.scheme,
    }
}

/// Why a consumer may not use a version at all, as one word and for the client.
fn barred(
    api: &ApiPlan,
    version: VersionId,
    consumer: &ConsumerPlan,
    proved: &Proved,
) -> Option<(&'static str, Refusal)> {
    if consumer.off {
        let detail = "this consumer is switched off; ask the provider of the API";
        return Some(("consumer_off", Refusal::new(Kind::ConsumerOff, detail)));
    }
    let own = consumer.versions.get(&api.name);
    let listed = own.is_none_or(|versions| versions.contains(version));
    let invited = api.authentication.audience(version).is_none_or(|audience| {
        audience.consumers.contains(&proved.consumer)
            || audience
                .groups
                .iter()
                .any(|group| consumer.groups.contains(group))
    });
    if listed && invited {
        return None;
    }
    let name = api.version_name(version);
    let detail = format!("version {name} is not open to this consumer");
    let refusal = Refusal::new(Kind::VersionForbidden, detail).with("version", name);
    Some(("version_forbidden", refusal))
}

/// Whether a consumer may use an operation: its scopes.
///
/// # Errors
/// A scope is missing.
pub fn authorise(carrier: &Carrier, used: &Use<'_>, client: &Client<'_>) -> Result<(), Refusal> {
    let Some((_, entry)) = used.api.authentication.of(used.version) else {
        return Ok(());
    };
    let needed = entry.needs(used.operation);
    let missing: Vec<&str> = needed
        .iter()
        .filter(|scope| !used.who.scopes.contains(scope))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let place = Place {
        carrier,
        client,
        api: used.api,
        version: Some(used.version),
    };
    let name = used.who.name.as_deref().unwrap_or_default();
    let notes = vec![
        ("operation", used.operation.into()),
        ("missing", missing.clone().into()),
    ];
    place.tell("access_refused", name, used.who.scheme, "scope_missing", notes);
    Err(scope_missing(used, entry, &missing, needed))
}

fn scope_missing(used: &Use<'_>, entry: &EntryPlan, missing: &[&str], needed: &[String]) -> Refusal {
    let (scopes, are) = match missing {
        [_] => ("scope", "is"),
        _ => ("scopes", "are"),
    };
    let detail = format!("the {scopes} {} {are} missing", missing.join(", "));
    let refusal = Refusal::new(Kind::ScopeMissing, detail).with("missing", missing);
    // Another token would help where a token was sent; a key has the scopes of its consumer.
    let bearer = entry
        .schemes
        .iter()
        .filter(|scheme| scheme.is_bearer() && scheme.name() == used.who.scheme);
    challenge(
        refusal,
        bearer,
        &used.api.name,
        TokenFault::Scope(&needed.join(" ")),
    )
}

/// Takes out the credentials of every scheme of the API, whatever the version, and what clients say of who they are.
pub fn strip(api: &ApiPlan, headers: &mut HeaderMap, query: &mut Vec<Pair>) {
    let plan = &api.authentication;
    let own = || plan.places.headers.iter().chain(plan.identity.names());
    own().for_each(|name| drop(headers.remove(name)));
    // To a backend behind CGI or WSGI the same names with underscores are the same.
    let alike = |name: &&HeaderName| {
        let name = name.as_str();
        name.as_bytes().contains(&b'_') && own().any(|own| own.as_str() == name.replace('_', "-"))
    };
    let alike: Vec<HeaderName> = headers.keys().filter(alike).cloned().collect();
    alike.iter().for_each(|name| drop(headers.remove(name)));
    forwarded::withhold(headers, |name| {
        own().any(|own| own.as_str() == name.replace('_', "-"))
    });
    if !plan.places.query.is_empty() {
        query.retain(|pair| !plan.places.query.contains(&pair.name));
    }
}

/// Says who asks: the upstream sees the consumer, never what proved it. After everything else that touches the fields:
/// no field of the connection takes these away.
pub fn hand_on(plan: &Plan, api: &ApiPlan, who: &Identity, headers: &mut HeaderMap) {
    let Some(name) = &who.name else { return };
    let mut set = |field: &Option<HeaderName>, value: &str| {
        if let (Some(field), Ok(value)) = (field, HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(field.clone(), value);
        }
    };
    let identity = &api.authentication.identity;
    set(&identity.consumer, name);
    if identity.groups.is_some() {
        let consumer = who.consumer.and_then(|id| plan.consumers.get(id));
        set(
            &identity.groups,
            &consumer.map(|c| c.groups.join(",")).unwrap_or_default(),
        );
    }
    if identity.scopes.is_some() {
        set(&identity.scopes, &who.scopes.join(" "));
    }
    set(&identity.subject, who.subject.as_deref().unwrap_or_default());
}

/// What an answer depends on where the request names no version: its credential.
pub fn varies(edition: &Edition, api: usize, identified: Option<&Identified>, headers: &mut HeaderMap) {
    if identified.is_none_or(|identified| identified.chosen_by == "pin")
        && takes_pins(&edition.plan.apis[api])
    {
        let schemes = edition.guard.auth.api(api);
        schemes
            .iter()
            .for_each(|schemes| vary::add(headers, &schemes.varies));
    }
}

fn takes_pins(api: &ApiPlan) -> bool {
    api.select
        .iter()
        .any(|selection| selection.selector == Selector::Pin)
}

/// Where credentials of one request are looked at.
struct Desk<'a> {
    asked: &'a Asked<'a>,
    place: Place<'a>,
}

/// Whom a refusal is told of, and where.
struct Place<'a> {
    carrier: &'a Carrier,
    client: &'a Client<'a>,
    api: &'a ApiPlan,
    version: Option<VersionId>,
}

impl<'a> Desk<'a> {
    fn new(carrier: &'a Carrier, asked: &'a Asked<'a>, api: usize, version: Option<VersionId>) -> Self {
        let place = Place {
            carrier,
            client: asked.client,
            api: &asked.edition.plan.apis[api],
            version,
        };
        Self { asked, place }
    }

    async fn prove(&self, schemes: &[Scheme]) -> Result<Proved, Unproved> {
        let request = Presented {
            headers: self.asked.seen.headers,
            query: self.asked.seen.query,
            peer: self.asked.peer,
        };
        let clock = self.place.carrier.shared().clock;
        self.asked
            .edition
            .guard
            .auth
            .prove(schemes, &request, clock)
            .await
    }

    /// The refusal of a request that proves nobody; operators are told too.
    fn refuse<'s>(
        &self,
        unproved: Unproved,
        schemes: impl Iterator<Item = &'s SchemePlan> + Clone,
    ) -> Refusal {
        let api = self.place.api;
        match unproved {
            Unproved::Absent => {
                self.place.count("", "absent");
                let version = self.place.version.map_or("", |version| api.version_name(version));
                let detail = format!("version {version} needs {}", wanted(schemes.clone()));
                let refusal = Refusal::new(Kind::Unauthenticated, detail);
                challenge(refusal, schemes, &api.name, TokenFault::None)
            }
            Unproved::Wrong(wrong) => {
                let fault = match wrong.scheme {
                    "jwt" | "introspection" => TokenFault::Invalid(&wrong.detail),
                    _ => TokenFault::None,
                };
                let refusal = Refusal::new(Kind::Unauthenticated, &*wrong.detail);
                let refusal = challenge(refusal, schemes, &api.name, fault);
                self.tell_wrong(wrong);
                refusal
            }
            Unproved::Unavailable(why) => {
                self.place.count("", "unavailable");
                Refusal::new(Kind::AuthenticationUnavailable, why)
            }
        }
    }

    fn tell_wrong(&self, wrong: Wrong) {
        let consumers = &self.asked.edition.plan.consumers;
        let consumer = wrong.consumer.and_then(|id| consumers.get(id));
        let name = consumer.map_or("", |consumer| &*consumer.name);
        let mut notes = wrong.notes;
        notes.push(("detail", wrong.detail.into()));
        self.tell("credential_refused", name, wrong.scheme, wrong.reason, notes);
    }

    fn tell(&self, what: &'static str, who: &str, scheme: &str, reason: &str, notes: Vec<Note>) {
        self.place.tell(what, who, scheme, reason, notes);
    }
}

type Note = (&'static str, serde_json::Value);

impl Place<'_> {
    /// Tells the audit log and the counters of a refusal.
    fn tell(&self, what: &'static str, who: &str, scheme: &str, reason: &str, notes: Vec<Note>) {
        self.count(scheme, reason);
        let version = self.version.map_or("", |version| self.api.version_name(version));
        let mut details: Vec<Note> = vec![
            ("api", self.api.name.as_str().into()),
            ("version", version.into()),
            ("scheme", scheme.into()),
            ("reason", reason.into()),
        ];
        details.extend(notes);
        self.carrier.shared().audit.record(&Event {
            what,
            who: who.to_owned(),
            from: self.client.address.to_string(),
            details,
        });
    }

    fn count(&self, scheme: &str, reason: &str) {
        let labels = [
            ("api", self.api.name.as_str()),
            ("scheme", scheme),
            ("reason", reason),
        ];
        let help = "Requests that no credential let in";
        self.carrier
            .shared()
            .meters
            .count("sluice_credentials_refused", help, &labels);
    }
}

/// What a version needs, in words.
fn wanted<'s>(schemes: impl Iterator<Item = &'s SchemePlan>) -> String {
    let mut ways: Vec<String> = Vec::new();
    for scheme in schemes {
        let way = match scheme {
            SchemePlan::ApiKey(KeyPlace::Header(name)) => format!("an API key in the header {name}"),
            SchemePlan::ApiKey(KeyPlace::Query(name)) => format!("an API key in the query parameter {name}"),
            SchemePlan::Jwt(_) | SchemePlan::Introspection(_) => {
                "a token in Authorization: Bearer".to_owned()
            }
            SchemePlan::Basic { .. } => "a user and a password in Authorization: Basic".to_owned(),
            SchemePlan::Certificate => "a client certificate".to_owned(),
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.join(", or ")
}
