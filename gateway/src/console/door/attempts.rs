//! How often somebody may try to log in: from one address, and from all together.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lru::LruCache;

/// Tries within [`WINDOW`] from one address; of IPv6, from one network of 64 bits.
const EACH: u32 = 10;
/// Tries within [`WINDOW`] from all addresses together. Beyond it wrong keys are told to wait as well; right ones are taken
/// all the same, or others could lock administrators out.
const ALL: u32 = 200;
/// In seconds.
const WINDOW: i64 = 60;
/// How many addresses are told apart.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();

/// Tries to log in.
#[derive(Debug)]
pub(super) struct Attempts(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    all: Tries,
    each: LruCache<IpAddr, Tries>,
}

/// Tries in a window.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    since: i64,
    count: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            all: Tries::default(),
            each: LruCache::new(ADDRESSES),
        }))
    }
}

impl Attempts {
    /// Counts a try. In how many seconds wrong keys need not wait any more, where all addresses together made too many.
    ///
    /// # Errors
    /// It is one too many of its address; in how many seconds the next one is taken.
    pub(super) fn begin(&self, from: IpAddr, now: Timestamp) -> Result<Option<u32>, u32> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { all, each } = &mut *inner;
        let own = each.get_or_insert_mut(network(from), Tries::default);
        own.begin(EACH, now.as_second())?;
        Ok(all.begin(ALL, now.as_second()).err())
    }

    /// Whoever has logged in begins anew.
    pub(super) fn succeeded(&self, from: IpAddr) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.each.pop(&network(from));
    }
}

impl Tries {
    fn begin(&mut self, most: u32, now: i64) -> Result<(), u32> {
        // A clock that was set back begins anew, too.
        if !(0..WINDOW).contains(&(now - self.since)) {
            *self = Self { since: now, count: 0 };
        }
        if self.count >= most {
            return Err(u32::try_from(self.since + WINDOW - now).unwrap_or(1).max(1));
        }
        self.count += 1;
        Ok(())
    }
}

/// An address as it is counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_address_waits_after_ten_and_others_do_not() {
        let attempts = Attempts::default();
        let [one, other]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|a| a.parse().unwrap());
        assert!((0..EACH).all(|_| attempts.begin(one, at(0)).is_ok()));
        assert_eq!(attempts.begin(one, at(20)), Err(40));
        assert!(attempts.begin(other, at(20)).is_ok());
        assert!(attempts.begin(one, at(60)).is_ok());
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let attempts = Attempts::default();
        let address = |host: u32| format!("2001:db8::{host:x}").parse::<IpAddr>().unwrap();
        assert!((0..EACH).all(|host| attempts.begin(address(host), at(0)).is_ok()));
        assert!(attempts.begin(address(99), at(0)).is_err());
    }

    #[test]
    fn beyond_a_bound_of_all_addresses_wrong_keys_wait() {
        let attempts = Attempts::default();
        let mut free = 0;
        for number in 0..2 * ALL {
            let address = IpAddr::from([10, 0, (number / 256) as u8, (number % 256) as u8]);
            free += u32::from(attempts.begin(address, at(0)).unwrap().is_none());
        }
        assert_eq!(free, ALL);
        let other: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(attempts.begin(other, at(20)), Ok(Some(40)));
        assert_eq!(attempts.begin(other, at(60)), Ok(None));
    }

    #[test]
    fn success_is_forgiven() {
        let attempts = Attempts::default();
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..3 * EACH {
            assert!(attempts.begin(one, at(0)).is_ok());
            attempts.succeeded(one);
        }
    }
}
