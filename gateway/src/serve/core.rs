//! One core: what its connections and handlers share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::admission::{Admission, Place};
use super::gauge::Clock;
use super::warden::Pulse;
use super::{Drain, Role};

/// What is the same on every core.
pub(super) struct Shared {
    pub(super) settings: super::Settings,
    pub(super) drain: Drain,
    pub(super) requests: Admission,
    consumers: Door,
    admin: Door,
}

/// How many connections listeners of one role take.
pub(super) struct Door {
    pub(super) connections: Admission,
    pub(super) handshakes: Admission,
}

impl Door {
    fn new(connections: usize, handshakes: usize) -> Self {
        Self {
            connections: Admission::new(connections),
            handshakes: Admission::new(handshakes),
        }
    }
}

impl Shared {
    pub(super) fn new(settings: super::Settings, drain: Drain) -> Arc<Self> {
        Arc::new(Self {
            requests: Admission::new(settings.requests),
            consumers: Door::new(settings.connections, settings.handshakes),
            admin: Door::new(settings.admin, settings.admin),
            settings,
            drain,
        })
    }

    pub(super) fn door(&self, role: Role) -> &Door {
        match role {
            Role::Data => &self.consumers,
            Role::Admin => &self.admin,
        }
    }
}

/// The core that a handler lives on. Cheap to clone; stays on its core.
#[derive(Clone)]
pub struct Core(Rc<State>);

struct State {
    index: usize,
    shared: Arc<Shared>,
    clock: Clock,
    /// By a number of its own, since connections end in any order.
    connections: RefCell<HashMap<u64, Rc<Pulse>>>,
    next: Cell<u64>,
    holds: Cell<usize>,
    emptied: Notify,
}

impl Core {
    pub(super) fn new(index: usize, shared: Arc<Shared>) -> Self {
        Self(Rc::new(State {
            index,
            shared,
            clock: Clock::new(),
            connections: RefCell::default(),
            next: Cell::new(0),
            holds: Cell::new(0),
            emptied: Notify::new(),
        }))
    }

    /// Its number, from 0.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Whether the process is on its way out.
    pub fn drain(&self) -> &Drain {
        &self.0.shared.drain
    }

    /// Requests in progress in the whole process.
    pub fn in_progress(&self) -> usize {
        self.0.shared.requests.taken()
    }

    /// Keeps the core alive during a drain, within its grace, for work that outlives its request: a tunnel.
    pub fn hold(&self) -> Hold {
        self.0.holds.set(self.0.holds.get() + 1);
        Hold(self.clone())
    }

    pub(super) fn settings(&self) -> &super::Settings {
        &self.0.shared.settings
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn enlist(&self, pulse: Rc<Pulse>, place: Place) -> Enlisted {
        let number = self.0.next.replace(self.0.next.get() + 1);
        self.0.connections.borrow_mut().insert(number, pulse);
        Enlisted {
            core: self.clone(),
            number,
            _place: place,
        }
    }

    /// Looks at each connection.
    pub(super) fn visit(&self, visit: impl FnMut(&Rc<Pulse>)) {
        self.0.connections.borrow().values().for_each(visit);
    }

    /// Waits until no connection and no hold is left.
    pub(super) async fn emptied(&self) {
        while !self.is_empty() {
            self.0.emptied.notified().await;
        }
    }

    /// Connections and holds.
    pub(super) fn load(&self) -> usize {
        self.0.connections.borrow().len() + self.0.holds.get()
    }

    fn is_empty(&self) -> bool {
        self.load() == 0
    }

    fn notice_empty(&self) {
        if self.is_empty() {
            self.0.emptied.notify_one();
        }
    }
}

/// Work that a drain waits for. See [`Core::hold`].
pub struct Hold(Core);

impl Drop for Hold {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.holds.set(state.holds.get() - 1);
        self.0.notice_empty();
    }
}

/// A connection in its core's list, and its place among the process's.
pub(super) struct Enlisted {
    core: Core,
    number: u64,
    _place: Place,
}

impl Drop for Enlisted {
    fn drop(&mut self) {
        self.core.0.connections.borrow_mut().remove(&self.number);
        self.core.notice_empty();
    }
}
