//! Every diagnostic code has a fixture with the exact text that it renders to. The format is told in
//! `fixtures/README.md`.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use sluice_config::{Code, Diagnostic, Sources, load, render_all};

const BASE: &[&str] = &[
    "sluice.yaml",
    "apis/todos/api.yaml",
    "apis/todos/changes/1.0-2.0.yaml",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[test]
fn every_code_has_a_fixture() {
    for code in Code::ALL {
        let path = fixtures().join(format!("{code}-{}.txt", code.doc().slug));
        assert!(path.exists(), "{} is missing", path.display());
    }
}

#[test]
fn codes_are_numbered_once_in_order() {
    let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    assert!(
        Code::ALL
            .iter()
            .all(|code| Code::parse(&code.to_string()) == Some(*code))
    );
}

#[test]
fn every_fixture_renders_as_expected() -> Result<()> {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(fixtures())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            check(&path, &mut wrong)?;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn the_base_has_no_fault() -> Result<()> {
    let (faults, sources) = diagnostics(&Fixture::default())?;
    assert!(faults.is_empty(), "{}", render_all(&faults, &sources));
    Ok(())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn check(path: &Path, wrong: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let (input, expected) = text.split_once("--- expect\n").ok_or("no `--- expect`")?;
    let (faults, sources) = diagnostics(&Fixture::parse(input)?)?;
    let rendered = render_all(&faults, &sources);
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if !faults
        .iter()
        .any(|fault| name.starts_with(&fault.code.to_string()))
    {
        wrong.push(format!(
            "{name}: the fixture does not show its own code\n{rendered}"
        ));
    }
    if std::env::var_os("SLUICE_BLESS").is_some() {
        fs::write(path, format!("{input}--- expect\n{rendered}"))?;
    } else if rendered != expected {
        wrong.push(format!(
            "{name}\n--- expected\n{expected}--- rendered\n{rendered}"
        ));
    }
    Ok(())
}

#[derive(Default)]
struct Fixture<'a> {
    steps: Vec<(Vec<&'a str>, &'a str)>,
}

impl<'a> Fixture<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let mut steps = Vec::new();
        for section in format_sections(text) {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            steps.push((head.split(' ').collect(), body));
        }
        Ok(Fixture { steps })
    }

    fn env(&self) -> HashMap<&'a str, &'a str> {
        self.steps
            .iter()
            .filter_map(|(head, _)| match head[..] {
                ["env", name, value] => Some((name, value)),
                _ => None,
            })
            .collect()
    }

    fn write(&self, to: &Path) -> Result<()> {
        for name in BASE {
            write(&to.join(name), &fs::read(fixtures().join("base").join(name))?)?;
        }
        for (head, body) in &self.steps {
            match head[..] {
                ["env", ..] => {}
                ["without", path] if to.join(path).is_dir() => fs::remove_dir_all(to.join(path))?,
                ["without", path] => fs::remove_file(to.join(path))?,
                ["bytes", path, hex] => write(&to.join(path), &bytes(hex)?)?,
                ["fill", path, size] => write(&to.join(path), &vec![b' '; size.parse()?])?,
                ["link", path, target] => link(target, &to.join(path))?,
                [path] => write(&to.join(path), body.as_bytes())?,
                _ => return Err(format!("an unknown section: {head:?}").into()),
            }
        }
        Ok(())
    }
}

fn format_sections(text: &str) -> impl Iterator<Item = &str> {
    let start = text.strip_prefix("--- ").unwrap_or(text);
    start.split("\n--- ").filter(|section| !section.is_empty())
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?))
        .collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(target, path)?)
}

fn diagnostics(fixture: &Fixture<'_>) -> Result<(Vec<Diagnostic>, Sources)> {
    let dir = tempfile::tempdir()?;
    fixture.write(dir.path())?;
    let env = fixture.env();
    let sources = match Sources::read(dir.path()) {
        Ok(sources) => sources,
        Err(faults) => return Ok((faults, Sources::default())),
    };
    let faults = match load(&sources, &|name| env.get(name).map(|value| (*value).to_owned())) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    };
    Ok((faults, sources))
}
