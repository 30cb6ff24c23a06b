//! The specification's table "What changed between versions", as questions to one version.

/// All fourteen, in display order.
pub const VERSIONS: [&str; 14] = [
    "1.0",
    "1.1",
    "1.2",
    "2.0",
    "2.1",
    "2.1-megacorp",
    "2.2",
    "2.3",
    "3.0",
    "3.0-hotfix",
    "3.1",
    "3.2",
    "3.3",
    "4.0-beta",
];

const MAIN: [&str; 12] = [
    "1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "3.0", "3.1", "3.2", "3.3", "4.0-beta",
];

// Places on the main line.
const V1_1: usize = 1;
const V1_2: usize = 2;
const V2_0: usize = 3;
const V2_1: usize = 4;
const V2_2: usize = 5;
const V2_3: usize = 6;
const V3_0: usize = 7;
const V3_1: usize = 8;
const V3_2: usize = 9;
const V3_3: usize = 10;
const V4_0: usize = 11;

/// One version: how far along the main line, and whether beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Place on the main line; for a version beside it, that of the one it hangs off.
    at: usize,
    beside: bool,
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the customer itself.
    Root,
    /// In its address, where that is an object.
    Address,
}

impl Version {
    /// The backend's.
    pub(super) const STORED: Self = Self {
        at: 10,
        beside: false,
    };

    /// # Panics
    /// No such version.
    pub(super) fn named(name: &str) -> Self {
        let (line, beside) = match name {
            "2.1-megacorp" => ("2.1", true),
            "3.0-hotfix" => ("3.0", true),
            other => (other, false),
        };
        let at = MAIN.iter().position(|known| *known == line);
        Self {
            at: at.unwrap_or_else(|| panic!("no version {name}")),
            beside,
        }
    }

    fn before(self, at: usize) -> bool {
        self.at < at
    }

    pub(super) fn integer_id(self) -> bool {
        self.before(V1_1)
    }

    pub(super) fn opt_in(self) -> bool {
        self.before(V1_2)
    }

    /// full_name, addr, created, and a balance that is a decimal.
    pub(super) fn before_redesign(self) -> bool {
        self.before(V2_0)
    }

    pub(super) fn address_text(self) -> bool {
        self.before(V2_1)
    }

    pub(super) fn status_letter(self) -> bool {
        self.before(V2_1)
    }

    pub(super) fn bare_list(self) -> bool {
        self.before(V2_2)
    }

    pub(super) fn one_phone(self) -> bool {
        self.before(V2_3)
    }

    pub(super) fn country_name(self) -> bool {
        self.before(V3_0)
    }

    pub(super) fn shows_timezone(self) -> bool {
        !self.before(V3_1)
    }

    pub(super) fn shows_geo(self) -> bool {
        !self.before(V3_2)
    }

    /// insights, and the status prospect.
    pub(super) fn shows_insights(self) -> bool {
        !self.before(V3_3)
    }

    pub(super) fn beta(self) -> bool {
        !self.before(V4_0)
    }

    pub(super) fn megacorp(self) -> bool {
        self.beside && self.before(V2_2)
    }

    pub(super) fn hotfix(self) -> bool {
        self.beside && !self.before(V3_0)
    }

    pub(super) fn id(self) -> &'static str {
        if self.integer_id() {
            "cust_id"
        } else if self.beta() {
            "customerId"
        } else {
            "id"
        }
    }

    pub(super) fn name(self) -> &'static str {
        if self.before_redesign() {
            "full_name"
        } else {
            "name"
        }
    }

    pub(super) fn address(self) -> &'static str {
        if self.before_redesign() {
            "addr"
        } else if self.beta() {
            "addresses"
        } else {
            "address"
        }
    }

    pub(super) fn phones(self) -> &'static str {
        if self.one_phone() { "phone" } else { "phones" }
    }

    pub(super) fn consent(self) -> &'static str {
        if self.opt_in() {
            "marketing_opt_in"
        } else {
            "consent"
        }
    }

    pub(super) fn created_at(self) -> &'static str {
        if self.before_redesign() {
            "created"
        } else if self.country_name() {
            "created_at"
        } else {
            "createdAt"
        }
    }

    pub(super) fn insights(self) -> &'static str {
        if self.shows_insights() {
            "insights"
        } else {
            "segment"
        }
    }

    pub(super) fn postal_code(self) -> &'static str {
        if self.megacorp() {
            "zip"
        } else if self.country_name() {
            "postal_code"
        } else {
            "postalCode"
        }
    }

    /// Whether a name has a meaning there.
    pub(super) fn knows(self, place: Place, name: &str) -> bool {
        match place {
            Place::Root => {
                let always = ["email", "status", "tier", "balance", "tags"];
                let own = [self.id(), self.name(), self.address(), self.phones()];
                let more = [self.consent(), self.created_at(), self.insights()];
                always.contains(&name)
                    || own.contains(&name)
                    || more.contains(&name)
                    || (name == "currency" && self.before_redesign())
                    || (name == "password_hint" && self.integer_id())
            }
            Place::Address if self.address_text() => false,
            Place::Address => {
                ["street", "city", "region", "country"].contains(&name)
                    || name == self.postal_code()
                    || (name == "timezone" && self.shows_timezone())
                    || (name == "geo" && self.shows_geo())
                    || (name == "kind" && self.beta())
            }
        }
    }

    /// Whether a name means nothing in version `own`, but something in another between `self` and the backend's.
    pub(super) fn captures(self, own: Self, place: Place, name: &str) -> bool {
        let (low, high) = (self.at.min(Self::STORED.at), self.at.max(Self::STORED.at));
        let mut between = (low..=high).map(|at| Self { at, beside: false });
        !own.knows(place, name)
            && (self.knows(place, name) || between.any(|version| version.knows(place, name)))
    }
}
