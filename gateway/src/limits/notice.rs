//! What answers say of a limit: `RateLimit-Policy` and `RateLimit`, structured fields (RFC 9651) of the IETF's draft
//! "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).
//!
//! `RateLimit-Policy: "each-consumer";q=200;w=2` is the quota and its window in seconds, `RateLimit:
//! "each-consumer";r=150;t=1` what remains and when it is whole again. Each limit has lines of its own, which is the same
//! as one list.

use std::io::Write;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use sluice_config::plan::{LimitPlan, Measure, Period};

use super::verdict::Standing;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A limit's fields.
#[derive(Debug)]
pub(super) struct Notice {
    name: String,
    policy: Option<HeaderValue>,
}

impl Notice {
    pub(super) fn new(plan: &LimitPlan) -> Self {
        // A limit's name holds nothing that a string of a structured field would have to escape.
        let terms = match plan.measure {
            Measure::Rate { count, per, burst } => {
                format!("q={burst};w={}", whole_seconds(per * burst.get() / count.get()))
            }
            Measure::Quota {
                count,
                period: Period::Day,
            } => format!("q={count};w=86400"),
            // Months differ; `t` of `RateLimit` tells how long this one lasts.
            Measure::Quota {
                count,
                period: Period::Month,
            } => format!("q={count}"),
            Measure::Concurrency(cap) => format!("q={cap};qu=\"concurrent-requests\""),
        };
        Self {
            name: plan.name.clone(),
            policy: HeaderValue::from_str(&format!("\"{}\";{terms}", plan.name)).ok(),
        }
    }

    pub(super) fn tell(&self, standing: Standing, fields: &mut HeaderMap) {
        let mut line = [0; 128];
        let mut rest = &mut line[..];
        let Standing { remaining, reset } = standing;
        let written = match reset {
            Some(reset) => write!(rest, "\"{}\";r={remaining};t={}", self.name, whole_seconds(reset)),
            None => write!(rest, "\"{}\";r={remaining}", self.name),
        };
        let left = rest.len();
        let value = HeaderValue::from_bytes(&line[..line.len() - left]);
        if let (Some(policy), Ok(value), Ok(())) = (&self.policy, value, written) {
            fields.append(POLICY, policy.clone());
            fields.append(LIMIT, value);
        }
    }
}

/// A duration in seconds, rounded up.
pub fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::num::NonZeroU32;

    use sfv::{BareItem, List, ListEntry, Parser};
    use sluice_config::plan::{Applies, Reach};

    use super::*;

    fn told(measure: Measure, standing: Standing) -> [String; 2] {
        let name = "each-consumer.of_64-characters-".repeat(2);
        let plan = LimitPlan {
            name: name[..62].to_owned(),
            key: Vec::new(),
            measure,
            reach: Reach::Local,
            applies: Applies {
                versions: None,
                operations: Default::default(),
                consumers: Vec::new(),
                groups: Vec::new(),
            },
            fields: true,
        };
        let mut fields = HeaderMap::new();
        Notice::new(&plan).tell(standing, &mut fields);
        [POLICY, LIMIT].map(|field| {
            let value = fields.get(field).unwrap().to_str().unwrap().to_owned();
            let list: List = Parser::new(&value).parse().unwrap();
            let ListEntry::Item(item) = &list[0] else {
                unreachable!()
            };
            assert!(matches!(&item.bare_item, BareItem::String(s) if s.as_str() == plan.name));
            value.split_once(';').unwrap().1.to_owned()
        })
    }

    #[test]
    fn fields_are_structured_fields() {
        let number = |n| NonZeroU32::new(n).unwrap();
        let rate = Measure::Rate {
            count: number(100),
            per: Duration::from_secs(1),
            burst: number(250),
        };
        let standing = Standing {
            remaining: 149,
            reset: Some(Duration::from_millis(1010)),
        };
        assert_eq!(told(rate, standing), ["q=250;w=3", "r=149;t=2"]);
        let most = Standing {
            remaining: 1_000_000_000_000,
            reset: Some(Duration::from_secs(31 * 86_400)),
        };
        let month = Measure::Quota {
            count: 1_000_000_000_000,
            period: Period::Month,
        };
        assert_eq!(
            told(month, most),
            ["q=1000000000000", "r=1000000000000;t=2678400"]
        );
        let none = Standing {
            remaining: 0,
            reset: None,
        };
        assert_eq!(
            told(Measure::Concurrency(number(20)), none),
            ["q=20;qu=\"concurrent-requests\"", "r=0"]
        );
    }
}
