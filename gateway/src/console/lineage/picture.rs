//! The tree as SVG: the newest version on top, so that lifting goes up.

use jiff::Timestamp;
use maud::{Markup, html};
use sluice_config::plan::ApiPlan;

use super::tree::Row;
use crate::console::figures::date;
use crate::lifecycle::{Standing, State};

/// The height of a row, in units of the picture.
const ROW: usize = 62;
/// Between two columns.
const COLUMN: usize = 30;
/// Around everything.
const EDGE: usize = 22;
/// The width of the picture.
const WIDTH: usize = 860;
/// About how wide a character of a summary is.
const CHARACTER: usize = 7;

/// Draws the tree.
pub(super) fn draw(api: &ApiPlan, rows: &[Row], standings: &[Standing<'_>], now: Timestamp) -> Markup {
    let height = rows.len() * ROW + EDGE;
    let columns = rows.iter().map(|row| row.column).max().unwrap_or(0) + 1;
    let text = EDGE + columns * COLUMN;
    html! {
        svg.tree viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-labelledby="tree-title tree-desc" {
            title #tree-title { "Lineage of " (api.name) }
            desc #tree-desc { (told(api, rows.len())) }
            g.edges { @for row in rows { (edge(row, rows)) } }
            @for row in rows {
                @if let (Some(version), Some(standing)) = (api.versions.get(row.version), standings.get(row.version)) {
                    g class=(format!("node s-{}", standing.state.name())) {
                        (dot(row, rows.len(), version.name == api.lineage.origin()))
                        (words(api, row, rows.len(), text, standing, now))
                    }
                }
            }
        }
    }
}

fn told(api: &ApiPlan, versions: usize) -> String {
    let changes = api.lineage.changes().len();
    format!(
        "{versions} versions and {changes} changes between them; the origin is {}. The table below says the same.",
        api.lineage.origin()
    )
}

/// The middle of a row's dot.
fn place(row: &Row, rows: usize) -> (usize, usize) {
    let from_top = rows - 1 - row.version.min(rows - 1);
    (EDGE + row.column * COLUMN, EDGE + from_top * ROW + 6)
}

fn edge(row: &Row, rows: &[Row]) -> Markup {
    let parent = row.edge.and_then(|edge| rows.get(edge.parent));
    html! {
        @if let Some(parent) = parent {
            path d=(way(place(parent, rows.len()), place(row, rows.len()))) {}
        }
    }
}

/// Down the child's own column, and over to its parent at the end.
fn way((px, py): (usize, usize), (x, y): (usize, usize)) -> String {
    if px == x {
        return format!("M{x} {y}V{py}");
    }
    let bend = if py > y {
        py.saturating_sub(ROW / 2)
    } else {
        py + ROW / 2
    };
    format!("M{x} {y}V{bend}C{x} {py} {px} {bend} {px} {py}")
}

fn dot(row: &Row, rows: usize, origin: bool) -> Markup {
    let (x, y) = place(row, rows);
    html! {
        @if origin { circle.ring cx=(x) cy=(y) r="12" {} }
        circle.dot cx=(x) cy=(y) r="7" {}
    }
}

fn words(
    api: &ApiPlan,
    row: &Row,
    rows: usize,
    text: usize,
    standing: &Standing<'_>,
    now: Timestamp,
) -> Markup {
    let (_, y) = place(row, rows);
    let change = row.edge.and_then(|edge| api.lineage.changes().get(edge.change));
    let origin = standing.name == api.lineage.origin();
    let summary = change.map_or_else(
        || "The first version.".to_owned(),
        |change| change.summary.clone(),
    );
    let lines = wrap(&summary, (WIDTH - text) / CHARACTER);
    html! {
        text.name x=(text) y=(y + 5) {
            (standing.name)
            @if origin { tspan.tag dx="10" { "origin" } }
            tspan.state dx="10" { (state(api, standing, now)) }
        }
        @for (index, line) in lines.iter().enumerate() {
            text.summary x=(text) y=(y + 23 + index * 16) { (line) }
        }
    }
}

fn state(api: &ApiPlan, standing: &Standing<'_>, now: Timestamp) -> String {
    let course = api
        .version(standing.name)
        .and_then(|id| api.lifecycle.version(id));
    let sunset = course.and_then(|course| course.sunset);
    let named = standing.state.name();
    match (standing.state, sunset) {
        (State::Sunset, Some(at)) => format!("{named} since {}", date(at)),
        (State::Active | State::Preview, None) => named.to_owned(),
        (_, Some(at)) if at > now => format!("{named}, sunset on {}", date(at)),
        _ => named.to_owned(),
    }
}

/// At most two lines of so many characters.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let long = lines[line].chars().count() + 1 + word.chars().count() > most;
        match (long && !lines[line].is_empty(), line) {
            (true, 0) => lines.push(word.chars().take(most).collect()),
            (true, _) => {
                lines[line].push('…');
                break;
            }
            (false, _) => {
                if !lines[line].is_empty() {
                    lines[line].push(' ');
                }
                lines[line].extend(word.chars().take(most));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_takes_two_lines_at_most() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("one two three four five six", 8), ["one two", "three…"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(wrap(&"x".repeat(50), 8), ["xxxxxxxx"]);
    }

    #[test]
    fn a_branch_bends_at_its_parent() {
        assert_eq!(way((22, 200), (22, 76)), "M22 76V200");
        assert_eq!(way((22, 200), (52, 76)), "M52 76V169C52 200 22 169 22 200");
    }
}
