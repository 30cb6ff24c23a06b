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
    let depths = depths(edges);
    let mut tip = api.origin.index();
    while let Some(next) = longest(edges, &depths, tip) {
        line.push(next);
        tip = next;
    }
    line
}

/// The later version from which the way goes on the farthest.
fn longest(edges: &[Option<Edge>], depths: &[usize], at: usize) -> Option<usize> {
    let later = at + 1..edges.len();
    let children = later.filter(|child| edges[*child].is_some_and(|edge| edge.parent == at));
    children.max_by_key(|child| depths[*child])
}

/// How far the way goes on from each version through later ones. Those come first, so that each is looked at once.
fn depths(edges: &[Option<Edge>]) -> Vec<usize> {
    let mut depths = vec![0; edges.len()];
    for (at, edge) in edges.iter().enumerate().rev() {
        if let Some(edge) = edge.filter(|edge| edge.parent < at) {
            depths[edge.parent] = depths[edge.parent].max(depths[at] + 1);
        }
    }
    depths
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sluice_config::{Sources, load};

    use super::*;

    const MAIN: &str =
        "sluice: 1\nlisten: [\"127.0.0.1:8080\"]\nupstreams: {todos: {endpoints: [\"127.0.0.1:9100\"]}}\n";

    /// Columns and parents, for these versions and changes.
    fn grown(versions: &[&str], origin: &str, changes: &[(&str, &str)]) -> Vec<(usize, Option<usize>)> {
        let names: Vec<String> = versions
            .iter()
            .map(|name| format!("{{name: \"{name}\"}}"))
            .collect();
        let api = format!(
            "sluice: 1\napi: todos\nupstream: todos\norigin: \"{origin}\"\nadditions: pass\nunmentioned: pass\nselect: [{{path: {{template: \"/v{{version}}\"}}}}]\nversions: [{}]\n",
            names.join(", ")
        );
        let mut files = vec![
            ("sluice.yaml".to_owned(), MAIN.to_owned()),
            ("apis/todos/api.yaml".to_owned(), api),
        ];
        files.extend(changes.iter().map(|(old, new)| {
            let change = format!("sluice: 1\nbetween: [\"{old}\", \"{new}\"]\nsummary: A change.\ndocuments:\n  - {{of: [\"GET /todos/{{id}}\"], steps: [{{rename: {{from: /a{old}, to: /a{new}}}}}]}}\n");
            (format!("apis/todos/changes/{old}-{new}.yaml"), change)
        }));
        let sources = Sources::from_files(files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
        let plan = load(&sources, &|_| None).unwrap().plan;
        let rows = grow(&plan.apis[0]);
        rows.iter()
            .map(|row| (row.column, row.edge.map(|edge| edge.parent)))
            .collect()
    }

    #[test]
    fn a_branch_stands_beside_the_main_line() {
        let rows = grown(&["1", "2", "x", "3"], "3", &[("1", "2"), ("2", "x"), ("2", "3")]);
        assert_eq!(rows, [(0, None), (0, Some(0)), (1, Some(1)), (0, Some(1))]);
    }

    #[test]
    fn an_older_version_may_hang_off_a_newer_one() {
        let rows = grown(&["1", "x", "2"], "2", &[("1", "2"), ("x", "2")]);
        assert_eq!(rows, [(0, None), (1, Some(2)), (0, Some(0))]);
    }

    #[test]
    fn a_branch_goes_on_in_its_own_column() {
        let changes = [("1", "2"), ("1", "x"), ("x", "y"), ("1", "z")];
        let rows = grown(&["1", "x", "y", "z", "2"], "2", &changes);
        assert_eq!(
            rows,
            [(0, None), (1, Some(0)), (1, Some(1)), (2, Some(0)), (0, Some(0))]
        );
    }

    #[test]
    fn the_main_line_goes_on_along_the_longest_branch() {
        let changes = [("1", "x"), ("1", "2"), ("2", "3"), ("1", "y")];
        let rows = grown(&["1", "x", "2", "3", "y"], "1", &changes);
        let columns: Vec<usize> = rows.iter().map(|(column, _)| *column).collect();
        assert_eq!((columns[0], columns[2], columns[3]), (0, 0, 0));
        assert!(columns[1] > 0 && columns[4] > 0, "{columns:?}");
    }

    /// One that doubled its work with each version would not end.
    #[test]
    fn a_long_chain_ends_at_once() {
        let names: Vec<String> = (1..=60).map(|number| number.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let changes: Vec<(&str, &str)> = names.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let rows = grown(&names, "1", &changes);
        assert_eq!(rows.len(), 60);
        assert!(rows.iter().all(|(column, _)| *column == 0));
    }

    #[test]
    fn one_version_is_a_tree() {
        assert_eq!(grown(&["1"], "1", &[]), [(0, None)]);
    }
}
