//! Which version stands where in the picture: a row each in display order, a column for each branch.

use std::collections::VecDeque;

use sluice_config::plan::ApiPlan;

/// A version in the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The version, by its place in the display order.
    pub(super) version: usize,
    /// Its column: 0 is the main line, on which the first version, the origin and the newest after it stand.
    pub(super) column: usize,
    /// How it hangs on the tree; none of the first version.
    pub(super) edge: Option<Edge>,
}

/// The change between a version and the one before it on the way from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// The row of the other version.
    pub(super) parent: usize,
    /// The change, by its place in the lineage.
    pub(super) change: usize,
}

/// Every version, in display order.
pub(super) fn grow(api: &ApiPlan) -> Vec<Row> {
    let edges = hang(api);
    let main = main_line(api, &edges);
    let mut rows: Vec<Row> = Vec::with_capacity(edges.len());
    for (version, edge) in edges.iter().enumerate() {
        let column = if main.contains(&version) {
            0
        } else {
            free(&rows, version, *edge)
        };
        rows.push(Row {
            version,
            column,
            edge: *edge,
        });
    }
    rows
}

/// How each version hangs on the tree, found from the first version outwards.
fn hang(api: &ApiPlan) -> Vec<Option<Edge>> {
    let place = |name: &str| api.versions.iter().position(|version| version.name == name);
    let changes = api.lineage.changes().iter().enumerate();
    let pairs: Vec<(usize, usize, usize)> = changes
        .filter_map(|(index, change)| Some((place(&change.old)?, place(&change.new)?, index)))
        .collect();
    let mut edges = vec![None; api.versions.len()];
    let mut open: VecDeque<usize> = VecDeque::from([0]);
    while let Some(parent) = open.pop_front() {
        for &(old, new, change) in &pairs {
            let child = match parent {
                at if at == old => new,
                at if at == new => old,
                _ => continue,
            };
            if child != 0 && edges[child].is_none() {
                edges[child] = Some(Edge { parent, change });
                open.push_back(child);
            }
        }
    }
    edges
}

/// From the first version to the origin, and on along the longest way.
fn main_line(api: &ApiPlan, edges: &[Option<Edge>]) -> Vec<usize> {
    let mut line = Vec::new();
    let mut at = Some(api.origin.index());
    while let Some(version) = at {
        line.push(version);
        at = edges[version].map(|edge| edge.parent);
    }
    let mut tip = api.origin.index();
    while let Some(next) = longest(edges, tip) {
        line.push(next);
        tip = next;
    }
    line
}

/// The child from which the way goes on the farthest.
fn longest(edges: &[Option<Edge>], at: usize) -> Option<usize> {
    let children = (0..edges.len()).filter(|child| edges[*child].is_some_and(|edge| edge.parent == at));
    children.max_by_key(|child| depth(edges, *child))
}

fn depth(edges: &[Option<Edge>], at: usize) -> usize {
    longest(edges, at).map_or(0, |child| 1 + depth(edges, child))
}

/// The first column beside the main line that nothing takes between a version and the one that it hangs on.
fn free(rows: &[Row], version: usize, edge: Option<Edge>) -> usize {
    let parent = edge.map_or(version, |edge| edge.parent);
    // A branch goes on in its own column.
    if let Some(row) = rows.get(parent).filter(|row| row.column > 0) {
        let goes_on = rows
            .iter()
            .any(|row| row.column > 0 && row.edge.is_some_and(|e| e.parent == parent));
        if !goes_on {
            return row.column;
        }
    }
    let taken = |column: usize| {
        rows.iter()
            .any(|row| row.column == column && row.version > parent.min(version))
    };
    (1..).find(|column| !taken(*column)).unwrap_or(1)
}
