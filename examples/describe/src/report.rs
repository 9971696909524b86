//! Writes the report on a description.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compare::{self, Comparison};
use crate::layout::{Form, Page, few};
use crate::script::steps::failure::Failure;
use crate::script::steps::input::overlay::{Applied, Outcome};
use crate::script::steps::model::paging::Shape;
use crate::script::steps::model::{Model, Operation};
use crate::script::steps::slice::Slice;
use crate::script::{self, Built, Input};

/// The arguments of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The format of the report.
    pub form: Form,
    /// The description.
    pub file: PathBuf,
    /// The older description to compare with.
    pub older: Option<PathBuf>,
}

/// Returns the folder of the crate, which paths of its build are relative to.
pub(crate) fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let holds = |folder: &&Path| folder.join(script::DESCRIPTION).exists();
    package.ancestors().find(holds).unwrap_or(package)
}

impl Asked {
    /// Parses the arguments of a command line. Returns `None` if they are invalid.
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut form = Form::Terminal;
        let mut files = Vec::new();
        for argument in arguments {
            match argument.to_str() {
                Some("--markdown") => form = Form::Markdown,
                Some(other) if other.is_empty() || other.starts_with('-') => return None,
                _ => files.push(PathBuf::from(argument)),
            }
        }
        let mut files = files.into_iter();
        let asked = Self {
            form,
            file: files.next().unwrap_or_else(|| repository().join(script::DESCRIPTION)),
            older: files.next(),
        };
        files.next().is_none().then_some(asked)
    }

    /// Returns the same files with paths relative to `folder`, if they are in it.
    pub(crate) fn named_in(self, folder: &Path) -> std::io::Result<Self> {
        let named = |file: PathBuf| {
            let absolute = file.canonicalize().or_else(|_| std::path::absolute(&file))?;
            let inside = absolute.strip_prefix(folder).map(Path::to_owned);
            Ok::<_, std::io::Error>(inside.unwrap_or(absolute))
        };
        Ok(Self {
            form: self.form,
            file: named(self.file)?,
            older: self.older.map(named).transpose()?,
        })
    }
}

/// Writes the report on a file and, if there is an older file, on the differences.
pub(crate) fn report(asked: &Asked, overlays: &[PathBuf]) -> Result<String, Failure> {
    let read = |file: &Path| {
        let input = Input {
            description: file.to_owned(),
            overlays: overlays.to_owned(),
            slice: Slice::Full,
            mock: false,
        };
        script::model(script::describe(&input)?, &input)
    };
    let built = read(&asked.file)?;
    let corrections = Corrections::of(&built.applied);
    let mut page = Page::new(asked.form);
    head(&mut page, &asked.file, &built, &corrections);
    if let Some(older) = &asked.older {
        changes(&mut page, older, &read(older)?.model, &built.model);
    }
    corrections.write_unused(&mut page);
    parts(&mut page, &asked.file, &built);
    operations(&mut page, &built.model);
    ending(&mut page, &built.model);
    corrections.write_applied(&mut page);
    Ok(page.finish())
}

fn head(page: &mut Page, file: &Path, built: &Built, corrections: &Corrections) {
    let model = &built.model;
    page.heading(1, &format!("API {} by `{}`", model.basics.version, file.display()));
    let groups: BTreeSet<_> = model.operations.iter().map(|operation| &operation.group).collect();
    let counted = [
        ("groups", groups.len()),
        ("operations", model.operations.len()),
        ("types", compare::names(&model.types).count()),
        ("corrections applied", corrections.applied.len()),
        ("corrections unused", corrections.unused.len()),
        ("parts repaired or left out", built.warnings.list().len()),
    ];
    let rows = counted.map(|(what, number)| vec![what.to_owned(), number.to_string()]);
    page.table(&["what", "how many"], &rows);
}

/// Returns the group of an operation as a heading.
pub(crate) fn group(operation: &Operation) -> String {
    operation.group.clone().unwrap_or_else(|| "Without a group".to_owned())
}

/// Writes the operations that Intercom removes.
fn ending(page: &mut Page, model: &Model) {
    let removed = model.operations.iter().filter_map(|operation| {
        let line = format!("{} `{}` (`{}`)", operation.method, operation.path, operation.ident);
        Some((line, operation.removed.as_ref()?))
    });
    for (place, (line, removed)) in removed.enumerate() {
        if place == 0 {
            page.heading(2, "Operations that Intercom removes");
        }
        page.item(&line, &[removed.note()]);
    }
}

fn operations(page: &mut Page, model: &Model) {
    page.heading(2, "Operations");
    by_group(page, &model.operations.iter().collect::<Vec<_>>());
}

/// Writes a table of operations for each group.
fn by_group(page: &mut Page, operations: &[&Operation]) {
    let mut groups: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        groups.entry(group(operation)).or_default().push(operation);
    }
    for (name, mut operations) in groups {
        operations.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        page.heading(3, &name);
        let rows = operations.into_iter().map(|operation| {
            let does = if operation.reads_only { "reads" } else { "changes" };
            vec![
                operation.method.clone(),
                format!("`{}`", operation.path),
                format!("`{}`", operation.ident),
                does.to_owned(),
                paging(operation).unwrap_or_default().to_owned(),
            ]
        });
        let head = ["method", "path", "in the client", "does", "pages"];
        page.table(&head, &rows.collect::<Vec<_>>());
    }
}

/// Returns how the pages of a list are requested.
pub(crate) fn paging(operation: &Operation) -> Option<&'static str> {
    let paging = operation.paging.as_ref()?;
    Some(match (paging.shape, paging.in_body) {
        (Shape::Cursor, false) => "cursor",
        (Shape::Cursor, true) => "cursor in the body",
        (Shape::Page, _) => "page",
        (Shape::Scroll, _) => "scroll",
        (Shape::Events, _) => "events",
        (Shape::Unpaged, _) => "one answer",
    })
}

/// The corrections of the overlays by outcome. Consecutive actions with the same description form one correction.
struct Corrections {
    /// Description and targets.
    applied: Vec<(String, Vec<String>)>,
    /// The same, by reason.
    unused: Vec<(Outcome, String, Vec<String>)>,
}

impl Corrections {
    fn of(actions: &[Applied]) -> Self {
        let together = |a: &Applied, b: &Applied| {
            !a.description.is_empty() && a.description == b.description && a.outcome == b.outcome
        };
        let mut applied = Vec::new();
        let mut unused = Vec::new();
        for actions in actions.chunk_by(together) {
            let Some(Applied {
                description, outcome, ..
            }) = actions.first()
            else {
                continue;
            };
            let targets = actions.iter().map(|action| format!("`{}`", action.target)).collect();
            match outcome {
                Outcome::Changed => applied.push((description.clone(), targets)),
                other => unused.push((other.clone(), description.clone(), targets)),
            }
        }
        Self { applied, unused }
    }

    fn write_applied(&self, page: &mut Page) {
        if !self.applied.is_empty() {
            page.heading(2, "Corrections applied");
        }
        for (description, targets) in &self.applied {
            page.item(&targets.join(", "), std::slice::from_ref(description));
        }
    }

    fn write_unused(&self, page: &mut Page) {
        if !self.unused.is_empty() {
            page.heading(2, "Corrections unused");
        }
        for title in UNUSED {
            let these = self.unused.iter().filter(|(outcome, ..)| unused(outcome).0 == title);
            for (place, (outcome, description, targets)) in these.enumerate() {
                if place == 0 {
                    page.heading(3, title);
                }
                let why = unused(outcome).1.map(str::to_owned);
                let details: Vec<String> = [description.clone()].into_iter().chain(why).collect();
                page.item(&targets.join(", "), &details);
            }
        }
    }
}

/// The titles of the reasons why a correction changed nothing.
const UNUSED: [&str; 4] = [
    "The target is missing",
    "The description is already correct",
    "For other versions",
    "Not applicable",
];

/// Returns the title of an outcome, and its specific reason.
fn unused(outcome: &Outcome) -> (&'static str, Option<&str>) {
    let [nothing_there, idle, other_version, refused] = UNUSED;
    match outcome {
        Outcome::TargetMissing => (nothing_there, None),
        Outcome::Unchanged | Outcome::Changed => (idle, None),
        Outcome::OtherVersion => (other_version, None),
        Outcome::Refused(why) => (refused, Some(why)),
    }
}

/// Writes the parts that the build repaired or left out, by rule.
fn parts(page: &mut Page, file: &Path, built: &Built) {
    let mut rules: Vec<(&str, Vec<String>)> = Vec::new();
    for warning in built.warnings.list() {
        let place = match Path::new(&warning.file) == file {
            true => format!("`{}`", warning.at),
            false => format!("`{}` at `{}`", warning.file, warning.at),
        };
        let line = format!("{place}: {}", warning.problem);
        match rules.iter_mut().find(|(rule, _)| *rule == warning.rule) {
            Some((_, lines)) => lines.push(line),
            None => rules.push((warning.rule, vec![line])),
        }
    }
    if !rules.is_empty() {
        page.heading(2, "Parts repaired or left out");
    }
    for (rule, lines) in rules {
        page.item(&format!("`{rule}`"), &lines);
    }
}

fn changes(page: &mut Page, older: &Path, old: &Model, new: &Model) {
    let Comparison {
        general,
        added,
        removed,
        changed,
        path_parameters,
        types_added,
        types_removed,
        types_renamed,
        types_changed,
    } = compare::compare(old, new);
    let name = format!("Changes since API {} by `{}`", old.basics.version, older.display());
    page.heading(2, &name);
    let counted = |what: &str, numbers: [(usize, &str); 4]| {
        let numbers = numbers.into_iter().filter(|(number, _)| *number > 0);
        let numbers: Vec<String> = numbers.map(|(number, did)| format!("{number} {did}")).collect();
        match numbers.is_empty() {
            true => format!("{what}: no difference"),
            false => format!("{what}: {}", numbers.join(", ")),
        }
    };
    let renamed: BTreeSet<_> = path_parameters.iter().flat_map(|(_, methods)| methods).collect();
    let operations = [
        (added.len(), "added"),
        (removed.len(), "removed"),
        (changed.len(), "changed"),
        (renamed.len(), "with renamed path parameters"),
    ];
    page.item(&counted("operations", operations), &[]);
    let types = [
        (types_added.iter().map(|added| 1 + added.inner).sum(), "added"),
        (types_removed.len(), "removed"),
        (types_changed.len(), "changed"),
        (types_renamed.len(), "renamed"),
    ];
    page.item(&counted("types", types), &[]);
    for line in general {
        page.item(&line, &[]);
    }
    let list = |page: &mut Page, title: &str, operations: &[&Operation]| {
        if !operations.is_empty() {
            page.heading(2, title);
            by_group(page, operations);
        }
    };
    list(page, "Operations added", &added);
    list(page, "Operations removed", &removed);
    let items = |page: &mut Page, title: &str, items: &[(String, Vec<String>)]| {
        if !items.is_empty() {
            page.heading(2, title);
        }
        for (thing, details) in items {
            page.item(thing, details);
        }
    };
    items(page, "Operations changed", &changed);
    if !path_parameters.is_empty() {
        page.heading(2, "Path parameters renamed");
    }
    for (parameter, methods) in &path_parameters {
        page.item(parameter, &[methods.join(", ")]);
    }
    items(page, "Types changed", &types_changed);
    if !types_added.is_empty() {
        page.heading(2, "Types added");
    }
    for added in &types_added {
        let inner = match added.inner {
            0 => String::new(),
            1 => ", with one nested type".to_owned(),
            number => format!(", with {number} nested types"),
        };
        let line = format!("`{}` ({}{inner}): {}", added.name, added.kind, few(&added.parts));
        page.item(&line, &[]);
    }
    let words = |page: &mut Page, title: &str, words: &[String]| {
        if !words.is_empty() {
            page.heading(2, title);
            page.item(&words.join(", "), &[]);
        }
    };
    words(page, "Types removed", &types_removed);
    let renamed: Vec<String> = types_renamed
        .iter()
        .map(|(old, new)| format!("`{old}` is `{new}`"))
        .collect();
    words(page, "Types renamed", &renamed);
}
