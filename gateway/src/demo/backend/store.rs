//! The customers, in the order of their ids, with their entity tags.

use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

/// One customer as kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// The document.
    pub(super) value: Value,
    /// Its strong entity tag, quoted.
    pub(super) etag: String,
}

/// All customers. Shorter ids stand first, so that the order is that of the numbers in them.
#[derive(Debug, Default)]
pub(super) struct Store {
    customers: BTreeMap<(usize, String), Kept>,
    revision: u64,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Kept> {
        self.customers.get(&key(id))
    }

    /// Stores a customer under `id`, whether it was there or not. Every write makes a new tag: two writers cannot
    /// overlook each other by writing the same. The content's hash keeps tags apart over a restart.
    pub(super) fn put(&mut self, id: &str, value: Value) -> Kept {
        self.revision += 1;
        let mut hasher = DefaultHasher::new();
        hasher.write(value.to_string().as_bytes());
        let etag = format!("\"{}-{:016x}\"", self.revision, hasher.finish());
        let kept = Kept { value, etag };
        self.customers.insert(key(id), kept.clone());
        kept
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Kept> {
        self.customers.remove(&key(id))
    }

    pub(super) fn clear(&mut self) {
        self.customers.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.customers.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.customers.values().map(|kept| &kept.value)
    }

    /// An id for a new customer: one above the largest.
    pub(super) fn free_id(&self) -> String {
        let numbers = self
            .customers
            .keys()
            .filter_map(|(_, id)| id.strip_prefix("cus_")?.parse::<u64>().ok());
        format!("cus_{:06}", numbers.max().unwrap_or(0).saturating_add(1))
    }
}

fn key(id: &str) -> (usize, String) {
    (id.len(), id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Store;
    use serde_json::json;

    #[test]
    fn ids_are_in_the_order_of_their_numbers() {
        let mut store = Store::default();
        for id in ["cus_1000000", "cus_000002", "cus_999999", "cus_000010"] {
            store.put(id, json!(id));
        }
        let order: Vec<_> = store.iter().cloned().collect();
        assert_eq!(
            order,
            [
                json!("cus_000002"),
                json!("cus_000010"),
                json!("cus_999999"),
                json!("cus_1000000")
            ]
        );
        assert_eq!(store.free_id(), "cus_1000001");
    }

    #[test]
    fn every_write_makes_a_new_tag() {
        let mut store = Store::default();
        let first = store.put("cus_000001", json!(1)).etag;
        assert_ne!(first, store.put("cus_000001", json!(1)).etag);
    }
}
