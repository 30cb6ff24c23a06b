//! What the backend gets when a client writes: a new customer, or the stored one with the client's document in it.
//!
//! One rule governs every write: a value that equals the lowered stored value is unchanged, and the stored value
//! stays whole; only what differs is lifted. What the version cannot show is kept.

use super::equal::{equal, merged};
use super::facts::{Place, Version};
use super::place::escape;
use super::{errors, lower, money, place};
use serde_json::{Map, Value, json};
use sluice_gateway::demo::backend::check;

type Object = Map<String, Value>;

/// Why a write does not reach the backend, or is refused there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// 422; 404 where the version has no such endpoint; 502 where it cannot show what is stored.
    pub status: u16,
    /// The member at fault, in the client's own names; none: no single member.
    pub pointer: Option<String>,
}

fn invalid(pointer: impl Into<String>) -> Refused {
    Refused {
        status: 422,
        pointer: Some(pointer.into()).filter(|pointer| !pointer.is_empty()),
    }
}

/// What the backend gets when a client of this version creates a customer. `id` and `createdAt` are the backend's
/// to assign where the client left them out.
///
/// # Errors
/// The document is none of this version.
pub fn create(version: &str, sent: &Value) -> Result<Value, Refused> {
    Write {
        version: Version::named(version),
        before: None,
    }
    .lift(sent)
}

/// What the backend must hold after a client of this version replaced the stored customer.
///
/// # Errors
/// The document is none of this version, changes what never changes, or the version cannot show what is stored.
pub fn replace(version: &str, stored: &Value, sent: &Value) -> Result<Value, Refused> {
    let version = Version::named(version);
    let shown = lower::show(version, stored).ok_or(Refused {
        status: 502,
        pointer: None,
    })?;
    Write {
        version,
        before: Some((stored, &shown)),
    }
    .lift(sent)
}

/// What the backend must hold after a client of this version sent a merge patch.
///
/// # Errors
/// As with [`replace`]; also before 2.0, which has no PATCH.
pub fn patch(version: &str, stored: &Value, patch: &Value) -> Result<Value, Refused> {
    let named = Version::named(version);
    if named.before_redesign() {
        return Err(Refused {
            status: 404,
            pointer: None,
        });
    }
    captured_in_patch(named, patch)?;
    for name in [named.id(), named.created_at()] {
        // The merged document would lack it, which a PUT may.
        if patch.get(name).is_some_and(Value::is_null) {
            return Err(invalid(format!("/{name}")));
        }
    }
    let shown = lower::show(named, stored).ok_or(Refused {
        status: 502,
        pointer: None,
    })?;
    replace(version, stored, &merged(&shown, patch))
}

/// Members with a meaning elsewhere are refused also when the patch would remove them.
fn captured_in_patch(version: Version, patch: &Value) -> Result<(), Refused> {
    let captured = |place, within: Option<&Value>| {
        let mut names = within.and_then(Value::as_object).into_iter().flat_map(Map::keys);
        names
            .find(|name| version.captures(version, place, name))
            .map(|name| escape(name))
    };
    if let Some(name) = captured(Place::Root, Some(patch)) {
        return Err(invalid(format!("/{name}")));
    }
    if !version.address_text()
        && let Some(name) = captured(Place::Address, patch.get("address"))
    {
        return Err(invalid(format!("/address/{name}")));
    }
    Ok(())
}

/// One write; `before` is the stored customer and what the client saw of it.
struct Write<'a> {
    version: Version,
    before: Option<(&'a Value, &'a Value)>,
}

impl Write<'_> {
    fn lift(&self, sent: &Value) -> Result<Value, Refused> {
        let sent = sent.as_object().ok_or_else(|| invalid(""))?;
        self.complete(sent)?;
        let mut lifted = Object::new();
        for (name, value) in sent {
            if self.version.captures(self.version, Place::Root, name) {
                return Err(invalid(format!("/{}", escape(name))));
            }
            self.member(name, value, sent, &mut lifted)?;
        }
        self.left_out(sent, &mut lifted);
        self.judged(Value::Object(lifted))
    }

    /// Members that are lifted to something else must be there; what stays as it is, is judged with the whole.
    fn complete(&self, sent: &Object) -> Result<(), Refused> {
        let version = self.version;
        let mut required = vec![version.address(), version.consent()];
        if version.before_redesign() {
            required.extend(["balance", "currency"]);
        }
        match required.into_iter().find(|name| !sent.contains_key(*name)) {
            Some(missing) => Err(invalid(format!("/{missing}"))),
            None => Ok(()),
        }
    }

    fn member(&self, name: &str, value: &Value, sent: &Object, lifted: &mut Object) -> Result<(), Refused> {
        let version = self.version;
        let (name, value) = match name {
            _ if name == version.id() => ("id", self.id(value)?),
            _ if name == version.name() => ("name", value.clone()),
            "password_hint" if version.integer_id() => return Ok(()),
            "status" => (name, self.status(value)?),
            "phone" if version.one_phone() => ("phones", self.phones(value)?),
            _ if name == version.address() => ("address", self.address(value)?),
            "balance" | "currency" if version.before_redesign() => {
                if lifted.contains_key("balance") {
                    return Ok(());
                }
                ("balance", self.balance(&sent["balance"], &sent["currency"])?)
            }
            "balance" if version.megacorp() => (name, self.amount_from_text(value)?),
            "marketing_opt_in" if version.opt_in() => ("consent", self.consent(value)),
            _ if name == version.created_at() => ("createdAt", self.created_at(value)?),
            "segment" if !version.shows_insights() => ("insights", self.insights(value)),
            other => (other, value.clone()),
        };
        lifted.insert(name.to_owned(), value);
        Ok(())
    }

    /// What the client left out and the backend has, or needs.
    fn left_out(&self, sent: &Object, lifted: &mut Object) {
        if self.version.one_phone() && !sent.contains_key("phone") {
            lifted.insert("phones".into(), json!([]));
        }
        let Some((stored, _)) = self.before else { return };
        for name in ["id", "createdAt"] {
            if !lifted.contains_key(name) {
                lifted.insert(name.into(), stored[name].clone());
            }
        }
        if self.version.shows_insights() || sent.contains_key("segment") {
            return;
        }
        let Some(mut kept) = stored.get("insights").and_then(Value::as_object).cloned() else {
            return;
        };
        let removed = kept.shift_remove("segment").is_some();
        // Only what the removal left empty goes; insights that were empty stay.
        if !(removed && kept.is_empty()) {
            lifted.insert("insights".into(), Value::Object(kept));
        }
    }

    /// The rest is the origin's own rules, with the pointer in the client's names.
    fn judged(&self, lifted: Value) -> Result<Value, Refused> {
        let mut whole = lifted.clone();
        for (name, assigned) in [("id", "cus_000000"), ("createdAt", "1970-01-01T00:00:00Z")] {
            if whole.get(name).is_none() {
                whole[name] = assigned.into();
            }
        }
        check(&whole).map_err(|breach| Refused {
            status: 422,
            pointer: errors::lowered(self.version, &breach.field).filter(|pointer| !pointer.is_empty()),
        })?;
        let Some((stored, _)) = self.before else {
            return Ok(lifted);
        };
        for (name, own) in [
            ("id", self.version.id()),
            ("createdAt", self.version.created_at()),
        ] {
            if lifted[name] != stored[name] {
                return Err(invalid(format!("/{own}")));
            }
        }
        Ok(lifted)
    }

    /// The stored member, if the client's equals what was shown of it.
    fn unchanged(&self, own: &str, value: &Value, name: &str) -> Option<Value> {
        let (stored, shown) = self.before?;
        equal(shown.get(own)?, value).then(|| stored[name].clone())
    }

    /// The stored object, to put an edit into.
    fn kept(&self, name: &str) -> Value {
        self.before
            .and_then(|(stored, _)| stored.get(name))
            .cloned()
            .unwrap_or_else(|| json!({}))
    }

    fn id(&self, value: &Value) -> Result<Value, Refused> {
        if !self.version.integer_id() {
            return Ok(value.clone());
        }
        value
            .as_u64()
            .map(|number| format!("cus_{number:06}").into())
            .ok_or_else(|| invalid("/cust_id"))
    }

    fn status(&self, value: &Value) -> Result<Value, Refused> {
        if let Some(stored) = self.unchanged("status", value, "status") {
            return Ok(stored);
        }
        let word = value.as_str().unwrap_or_default();
        match (self.version.status_letter(), word) {
            (true, "A") => Ok("active".into()),
            (true, "S") => Ok("suspended".into()),
            (true, "C") => Ok("closed".into()),
            (true, _) => Err(invalid("/status")),
            (false, "prospect") if !self.version.shows_insights() => Err(invalid("/status")),
            (false, _) => Ok(value.clone()),
        }
    }

    /// An edited phone keeps its kind and the phones after it.
    fn phones(&self, value: &Value) -> Result<Value, Refused> {
        if let Some(stored) = self.unchanged("phone", value, "phones") {
            return Ok(stored);
        }
        match value {
            Value::Null => Ok(json!([])),
            Value::String(_) => {
                let mut phones = self.kept("phones").as_array().cloned().unwrap_or_default();
                match phones.first_mut() {
                    Some(first) => first["number"] = value.clone(),
                    None => phones.push(json!({"kind": "main", "number": value})),
                }
                Ok(phones.into())
            }
            _ => Err(invalid("/phone")),
        }
    }

    fn address(&self, value: &Value) -> Result<Value, Refused> {
        let own = self.version.address();
        let before = self
            .before
            .and_then(|(stored, shown)| Some((stored["address"].as_object()?, shown.get(own)?)));
        place::lift(self.version, value, before)
            .map(Value::Object)
            .map_err(|below| invalid(format!("/{own}{below}")))
    }

    fn balance(&self, amount: &Value, currency: &Value) -> Result<Value, Refused> {
        let mut balance = self.kept("balance");
        if self.unchanged("balance", amount, "balance").is_none() {
            let minor = amount
                .as_number()
                .and_then(|number| money::minor(&number.to_string()));
            let minor = minor.and_then(|minor| serde_json::from_str(&minor).ok());
            balance["amount"] = minor.ok_or_else(|| invalid("/balance"))?;
        }
        balance["currency"] = currency.clone();
        Ok(balance)
    }

    fn amount_from_text(&self, value: &Value) -> Result<Value, Refused> {
        if let Some(stored) = self.unchanged("balance", value, "balance") {
            return Ok(stored);
        }
        let mut balance = value.clone();
        let Some(amount) = value.get("amount") else {
            return Ok(balance);
        };
        let text = amount.as_str().filter(|text| money::is_amount(text));
        let minor = text
            .and_then(money::minor)
            .and_then(|minor| serde_json::from_str(&minor).ok());
        balance["amount"] = minor.ok_or_else(|| invalid("/balance/amount"))?;
        if let Some((stored, shown)) = self.before
            && shown["balance"].get("amount") == Some(amount)
        {
            balance["amount"] = stored["balance"]["amount"].clone();
        }
        Ok(balance)
    }

    fn consent(&self, marketing: &Value) -> Value {
        let mut consent = self.kept("consent");
        consent["marketing"] = marketing.clone();
        if self.before.is_none() {
            consent["analytics"] = false.into();
        }
        consent
    }

    fn created_at(&self, value: &Value) -> Result<Value, Refused> {
        let own = self.version.created_at();
        if let Some(stored) = self.unchanged(own, value, "createdAt") {
            return Ok(stored);
        }
        if !self.version.before_redesign() {
            return Ok(value.clone());
        }
        let time = value
            .as_i64()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        time.map(|time| time.to_string().into())
            .ok_or_else(|| invalid(format!("/{own}")))
    }

    fn insights(&self, segment: &Value) -> Value {
        let mut insights = self.kept("insights");
        insights["segment"] = segment.clone();
        insights
    }
}
