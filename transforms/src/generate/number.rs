//! Numbers within exact bounds, sometimes written oddly.

use serde_json::{Map, Value as Json};

use super::random::Random;
use crate::decimal::Decimal;

/// How many decimals bounds are looked at.
const MAX_PLACES: u64 = 12;

/// The numbers that rules allow, as multiples of `step` at a number of decimals.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: Option<i128>,
    high: Option<i128>,
    step: i128,
}

/// The text of a number that the rules allow; `None` if there seems to be none.
pub(super) fn make(rules: &Map<String, Json>, integer: bool, random: &mut Random) -> Option<String> {
    let needed = places(rules);
    let extra = if integer { 0 } else { random.below(3) as u64 };
    let places = if integer { needed } else { needed + extra };
    let range = range(rules, places, integer);
    let free = range.low.is_none() && range.high.is_none() && range.step == 1;
    if free && !rules.contains_key("format") && random.once_in(40) {
        return Some(long(random));
    }
    let scaled = choose(range, places, random)?;
    let places = usize::try_from(places).ok()?;
    if integer {
        return Some((scaled / 10_i128.checked_pow(u32::try_from(places).ok()?)?).to_string());
    }
    let plain = written(scaled, places);
    Some(if random.once_in(5) {
        odd(&plain, scaled, places, random)
    } else {
        plain
    })
}

/// Whether the rules allow a number. What cannot be decided is allowed.
pub(super) fn fits(rules: &Map<String, Json>, integer: bool, raw: &str) -> bool {
    let Some(decimal) = Decimal::parse(raw) else {
        return true;
    };
    let places = places(rules).max(decimal.decimals().min(MAX_PLACES));
    let range = range(rules, places, false);
    let Some(scaled) = decimal
        .clone()
        .shift(i64::try_from(places).unwrap_or(0))
        .fixed(0)
        .and_then(|t| t.parse::<i128>().ok())
    else {
        return !integer || decimal.is_integer();
    };
    (!integer || decimal.is_integer())
        && range.low.is_none_or(|low| low <= scaled)
        && range.high.is_none_or(|high| scaled <= high)
        && scaled % range.step == 0
}

/// How many decimals the rules need.
fn places(rules: &Map<String, Json>) -> u64 {
    let keywords = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    ];
    let decimals = keywords
        .iter()
        .filter_map(|k| decimal(rules, k))
        .map(|d| d.decimals());
    decimals.max().unwrap_or(0).min(MAX_PLACES)
}

fn decimal(rules: &Map<String, Json>, keyword: &str) -> Option<Decimal> {
    Decimal::parse(&rules.get(keyword)?.as_number()?.to_string())
}

fn range(rules: &Map<String, Json>, places: u64, integer: bool) -> Range {
    let at = |keyword: &str| scaled(&decimal(rules, keyword)?, places);
    let above = at("exclusiveMinimum").map(|(floor, _)| floor + 1);
    let below = at("exclusiveMaximum").map(|(floor, exact)| if exact { floor - 1 } else { floor });
    let least = at("minimum").map(|(floor, exact)| if exact { floor } else { floor + 1 });
    let most = at("maximum").map(|(floor, _)| floor);
    let unit = 10_i128
        .checked_pow(u32::try_from(places).unwrap_or(0))
        .unwrap_or(1);
    let step = at("multipleOf").map_or(1, |(step, _)| step.max(1));
    let (format_low, format_high) = format_bounds(rules);
    let scale = |bound: i64| i128::from(bound).saturating_mul(unit);
    Range {
        low: [above, least, format_low.map(scale)].into_iter().flatten().max(),
        high: [below, most, format_high.map(scale)].into_iter().flatten().min(),
        step: if integer {
            common_multiple(step, unit)
        } else {
            step
        },
    }
}

fn format_bounds(rules: &Map<String, Json>) -> (Option<i64>, Option<i64>) {
    match rules.get("format").and_then(Json::as_str) {
        Some("int32") => (Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX))),
        Some("int64") => (Some(i64::MIN), Some(i64::MAX)),
        _ => (None, None),
    }
}

/// The number at a number of decimals, rounded down, and whether that is exact.
fn scaled(decimal: &Decimal, places: u64) -> Option<(i128, bool)> {
    let shifted = decimal.clone().shift(i64::try_from(places).ok()?);
    let decimals = usize::try_from(shifted.decimals()).ok()?;
    let text = shifted.fixed(decimals)?;
    let whole: i128 = text.split('.').next()?.parse().ok()?;
    let down = decimals > 0 && text.starts_with('-');
    Some((whole.checked_sub(i128::from(down))?, decimals == 0))
}

fn common_multiple(a: i128, b: i128) -> i128 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b)
}

fn choose(range: Range, places: u64, random: &mut Random) -> Option<i128> {
    let unit = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
    let reach = *random.pick(&[10, 1000, 1_000_000, 1_000_000_000_000])?;
    let reach = (unit * reach).max(range.step.saturating_mul(4));
    let (low, high) = match (range.low, range.high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low.checked_add(reach)?),
        (None, Some(high)) => (high.checked_sub(reach)?, high),
        (None, None) => (-reach, reach),
    };
    let first = low.div_euclid(range.step) + i128::from(low.rem_euclid(range.step) != 0);
    let last = high.div_euclid(range.step);
    if first > last {
        return None;
    }
    let multiple = match random.below(10) {
        0 => first,
        1 => last,
        2 if (first..=last).contains(&0) => 0,
        _ => random.between(first, last),
    };
    multiple.checked_mul(range.step)
}

fn written(scaled: i128, places: usize) -> String {
    let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if scaled < 0 { "-" } else { "" };
    if places == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// The same number in another form.
fn odd(plain: &str, scaled: i128, places: usize, random: &mut Random) -> String {
    match random.below(5) {
        0 if scaled == 0 => "-0".to_owned(),
        1 if places == 0 && scaled % 100 == 0 => format!("{}e2", scaled / 100),
        2 => format!("{scaled}E-{places}"),
        3 => format!("{plain}e+0"),
        _ if places == 0 => format!("{plain}.0"),
        _ => format!("{plain}0"),
    }
}

/// More digits than any machine's number holds.
fn long(random: &mut Random) -> String {
    let sign = if random.once_in(2) { "-" } else { "" };
    let rest = random.between(0, 10_i128.pow(19) - 1);
    format!("{sign}{}{rest:019}", 1 + random.below(9))
}
