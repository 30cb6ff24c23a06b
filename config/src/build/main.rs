//! `sluice.yaml` → listeners, bounds, and what its other parts make of the rest.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;

use super::{access_log, credentials, is_name, judged, notify, store, tls, traces, upstreams, usage};
use crate::diagnostic::{Code, Diagnostic};
use crate::directory::File;
use crate::plan::{
    AccessLogPlan, AddressRules, AdminAccess, AdminKey, ApiPlan, AuditPlan, Bounds, Drain, KeysPlan,
    NotifyPlan, StorePlan, TlsPlan, TracesPlan, UpstreamPlan, UsagePlan,
};
use crate::raw::RawMain;
use crate::yaml::Tree;

/// What `sluice.yaml` says.
pub(crate) struct Main {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) admin_access: Option<AdminAccess>,
    pub(crate) keys: Option<KeysPlan>,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) upstreams: Vec<UpstreamPlan>,
    pub(crate) bounds: Bounds,
    pub(crate) drain: Drain,
    pub(crate) tls: Option<TlsPlan>,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) addresses: AddressRules,
    pub(crate) store: Option<StorePlan>,
    pub(crate) audit: Option<AuditPlan>,
    pub(crate) usage: Option<UsagePlan>,
    pub(crate) traces: Option<TracesPlan>,
    pub(crate) access_log: Option<AccessLogPlan>,
    pub(crate) notify: Option<NotifyPlan>,
}

/// Judges the file, against the APIs that could be built.
pub(crate) fn build(file: &File<RawMain>, apis: &[&ApiPlan], faults: &mut Vec<Diagnostic>) -> Option<Main> {
    let mut judge = Judge {
        tree: &file.tree,
        faults,
    };
    let raw = &file.raw;
    let listen = judge.listen(raw);
    let tls_listen = judge.tls_listen(raw, &listen);
    let admin = judge.admin(raw, &listen, &tls_listen);
    let admin_access = judge.admin_access(raw);
    let keys = judge.keys(raw);
    let upstreams = upstreams::build(judge.tree, &raw.upstreams, judge.faults);
    let bounds = judge.bounds(raw);
    let drain = judge.drain(raw);
    let workers = raw.workers.and_then(NonZeroUsize::new);
    let tls = tls::build(judge.tree, raw.tls.as_ref(), tls_listen, judge.faults);
    let trusted = judge.ranges("trusted", &raw.trusted);
    let addresses = super::edge::addresses(judge.tree, raw.addresses.as_ref(), judge.faults);
    let store = raw
        .store
        .as_ref()
        .map(|raw| store::build(&file.tree, raw, judge.faults));
    let usage = raw.usage.as_ref();
    let usage = usage.map(|raw| usage::build(&file.tree, raw, judge.faults));
    let traces = raw.traces.as_ref();
    let traces = traces.map(|raw| traces::build(&file.tree, raw, judge.faults));
    let access_log = raw.access_log.as_ref();
    let access_log = access_log.map(|raw| access_log::build(&file.tree, raw, apis, judge.faults));
    let notify = raw.notify.as_ref();
    let notify = notify.map(|raw| notify::build(&file.tree, raw, judge.faults));
    let audit = super::audit::build(judge.tree, raw, judge.faults);
    Some(Main {
        listen,
        admin,
        admin_access: admin_access?,
        keys: keys?,
        workers,
        upstreams: upstreams?,
        bounds: bounds?,
        drain: drain?,
        tls: tls?,
        trusted,
        addresses,
        store: judged(store)?,
        audit: audit?,
        usage: judged(usage)?,
        traces: judged(traces)?,
        access_log: judged(access_log)?,
        notify: judged(notify)?,
    })
}

struct Judge<'a> {
    tree: &'a Tree,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn listen(&mut self, raw: &RawMain) -> Vec<SocketAddr> {
        let secured = raw.tls.as_ref().map_or(0, |tls| tls.listen.len());
        if raw.listen.is_empty() && secured == 0 {
            let message = "there is no address on which requests are served";
            let hint = "write `listen: [\"127.0.0.1:8080\"]`, or addresses under `tls`";
            let fault = self.tree.fault(Code::OutOfRange, "/listen", message);
            self.faults.push(fault.hint(hint));
        }
        self.sockets("/listen", &raw.listen, &[])
    }

    fn tls_listen(&mut self, raw: &RawMain, listen: &[SocketAddr]) -> Vec<SocketAddr> {
        raw.tls
            .as_ref()
            .map_or_else(Vec::new, |tls| self.sockets("/tls/listen", &tls.listen, listen))
    }

    /// The addresses of a list, none of which is `taken`.
    fn sockets(&mut self, list: &str, texts: &[String], taken: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut listen = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let pointer = format!("{list}/{i}");
            let Some(address) = self.socket(&pointer, text) else {
                continue;
            };
            if address.port() != 0 && (listen.contains(&address) || taken.contains(&address)) {
                self.faults.push(same_address(self.tree, &pointer));
            }
            listen.push(address);
        }
        listen
    }

    fn admin(&mut self, raw: &RawMain, listen: &[SocketAddr], secured: &[SocketAddr]) -> Option<SocketAddr> {
        let admin = self.socket("/admin", raw.admin.as_ref()?)?;
        if !admin.ip().is_loopback() && raw.admin_access.is_none() {
            let message = format!(
                "`{}` can be reached from other machines",
                self.tree.shown("/admin")
            );
            let hint = "use a loopback address, such as 127.0.0.1:9901, or list keys under `admin_access`";
            self.faults.push(
                self.tree
                    .fault(Code::AdminNotLoopback, "/admin", message)
                    .hint(hint),
            );
        }
        if admin.port() != 0 && (listen.contains(&admin) || secured.contains(&admin)) {
            self.faults.push(same_address(self.tree, "/admin"));
        }
        Some(admin)
    }

    /// What keys are hashed with: `Some(None)` without any.
    #[expect(
        clippy::option_option,
        reason = "whether it is sound, and whether there is one"
    )]
    fn keys(&mut self, raw: &RawMain) -> Option<Option<KeysPlan>> {
        let Some(raw) = &raw.keys else { return Some(None) };
        let mut reader = self.credentials();
        let secret = reader.secret("/keys", raw.secret.as_deref(), raw.secret_file.as_deref());
        Some(Some(KeysPlan { secret: secret? }))
    }

    #[expect(
        clippy::option_option,
        reason = "whether it is sound, and whether there is one"
    )]
    fn admin_access(&mut self, raw: &RawMain) -> Option<Option<AdminAccess>> {
        let Some(access) = &raw.admin_access else {
            return Some(None);
        };
        if raw.keys.is_none() {
            let at = "/admin_access";
            self.faults.push(credentials::no_secret(self.tree, at));
        }
        let mut keys: Vec<Option<AdminKey>> = Vec::new();
        for (i, raw) in access.keys.iter().enumerate() {
            let at = format!("/admin_access/keys/{i}");
            if !is_name(&raw.name) {
                let span = Some(self.tree.span(&format!("{at}/name")));
                self.faults.push(super::bad_name(
                    &self.tree.file,
                    span,
                    &raw.name,
                    "an administrator",
                ));
            }
            let key = self.credentials().key_of(&at, &raw.hash, raw.expires.as_deref());
            let same = |other: &AdminKey| key.as_ref().is_some_and(|key| key.hash == other.key.hash);
            if keys.iter().flatten().any(same) {
                let message = "an earlier administrator has the same key";
                self.faults.push(
                    self.tree
                        .fault(Code::SameCredential, &format!("{at}/hash"), message),
                );
            }
            keys.push(key.map(|key| AdminKey {
                name: raw.name.as_str().into(),
                key,
            }));
        }
        let keys = keys.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Some(AdminAccess { keys }))
    }

    fn credentials(&mut self) -> credentials::Reader<'_> {
        credentials::Reader {
            tree: self.tree,
            faults: self.faults,
        }
    }

    fn socket(&mut self, pointer: &str, text: &str) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            let message = format!("`{}` is not an IP address with a port", self.tree.shown(pointer));
            let hint = "write `127.0.0.1:8080`, `0.0.0.0:8080` for every interface, or `[::1]:8080`";
            self.faults
                .push(self.tree.fault(Code::BadAddress, pointer, message).hint(hint));
        }
        address
    }

    fn bounds(&mut self, raw: &RawMain) -> Option<Bounds> {
        let raw = &raw.bounds;
        let mut read = |key: &str, text: &str| self.size(&format!("/bounds/{key}"), text);
        let request = read("request", &raw.request);
        let held = read("held", &raw.held);
        let decoded = read("decoded", &raw.decoded);
        let offload = read("offload", &raw.offload);
        let (ratio, depth, offload_queue) = (raw.ratio, raw.depth, raw.offload_queue);
        let intake = super::intake::build(self.tree, raw, self.faults);
        let (request, held, decoded, offload) = (request?, held?, decoded?, offload?);
        Some(Bounds {
            intake: intake?,
            request,
            held,
            decoded,
            ratio,
            depth,
            offload,
            offload_queue,
        })
    }

    fn drain(&mut self, raw: &RawMain) -> Option<Drain> {
        let announce = self.duration("/drain/announce", &raw.drain.announce);
        let grace = self.duration("/drain/grace", &raw.drain.grace);
        Some(Drain {
            announce: announce?,
            grace: grace?,
        })
    }

    fn duration(&mut self, pointer: &str, text: &str) -> Option<Duration> {
        super::duration(self.tree, pointer, text, self.faults)
    }

    fn size(&mut self, pointer: &str, text: &str) -> Option<usize> {
        super::size(self.tree, pointer, text, self.faults)
    }

    /// Address ranges, each as `10.0.0.0/8` or a single address.
    fn ranges(&mut self, key: &str, texts: &[String]) -> Vec<IpNet> {
        let mut all = Vec::new();
        for (i, text) in texts.iter().enumerate() {
            let pointer = format!("/{key}/{i}");
            all.extend(super::range_of(self.tree, &pointer, text, self.faults));
        }
        all
    }
}

/// Two listeners or endpoints with one address.
pub(super) fn same_address(tree: &Tree, pointer: &str) -> Diagnostic {
    let message = format!("the address `{}` is given twice", tree.shown(pointer));
    tree.fault(Code::SameAddress, pointer, message)
}
