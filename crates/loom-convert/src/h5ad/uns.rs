//! `uns`: global attributes.

use loom_core::{
    Array, DType, LoomConnection, Result,
    h5lite::{Edit, File},
    spec,
};

use super::{
    array, booleans,
    element::{Element, names},
    group, is_boolean, is_key,
    notes::{Entry, IN_H5AD, IN_LOOM, OfH5ad},
};
use crate::Report;

const UNS: &str = "/uns";
/// Deeper dictionaries are not followed.
const DEEPEST: usize = 32;

/// Reads everything that can be a global attribute; what is deeper down gets the names above it in
/// front, with dots.
///
/// # Errors
/// Where something cannot be read.
pub(super) fn read(
    file: &File,
    notes: &mut OfH5ad,
    report: &mut Report,
) -> Result<Vec<(String, Array)>> {
    let mut found = Vec::new();
    if file.contains(UNS)? {
        walk(file, &mut Vec::new(), notes, report, &mut found)?;
    }
    Ok(found)
}

fn walk(
    file: &File,
    above: &mut Vec<String>,
    notes: &mut OfH5ad,
    report: &mut Report,
    found: &mut Vec<(String, Array)>,
) -> Result<()> {
    let folder = std::iter::once(UNS).chain(above.iter().map(String::as_str));
    let folder = folder.collect::<Vec<_>>().join("/");
    for name in names(file, &folder)? {
        if above.is_empty() && name == IN_H5AD {
            continue;
        }
        let path = format!("{folder}/{name}");
        let element = Element::open(file, &path)?;
        if element.kind == "dict" && above.len() < DEEPEST {
            above.push(name);
            walk(file, above, notes, report, found)?;
            above.pop();
            continue;
        }
        let Ok(dataset) = element.dataset() else {
            report.leave_out(path, format!("{} in uns", element.kind));
            continue;
        };
        if dataset.is_null() || dataset.dtype().is_err() {
            let reason = format!("{} in uns: {}", element.kind, dataset.datatype());
            report.leave_out(path, reason);
            continue;
        }
        let flat = above
            .iter()
            .chain([&name])
            .cloned()
            .collect::<Vec<_>>()
            .join(".");
        let taken = [spec::LOOM_SPEC_VERSION, spec::LAST_MODIFIED, IN_LOOM];
        if taken.contains(&flat.as_str()) || found.iter().any(|(known, _)| *known == flat) {
            report.leave_out(path, "its name is taken");
            continue;
        }
        let boolean = dataset.is_boolean();
        if !above.is_empty() || boolean {
            let path = above.iter().chain([&name]).cloned().collect();
            notes.uns.insert(flat.clone(), Entry { path, boolean });
        }
        found.push((flat, dataset.read_any(&[])?));
    }
    Ok(())
}

/// Writes the global attributes, where they came from or at the top.
///
/// # Errors
/// Where one cannot be read, or the file not be written.
pub(super) fn write(
    edit: &mut Edit<'_>,
    ds: &LoomConnection,
    notes: &OfH5ad,
    report: &mut Report,
) -> Result<()> {
    group(edit, UNS, "dict", "0.1.0")?;
    for attribute in ds.attrs().iter()? {
        let (name, values) = attribute?;
        if [spec::LOOM_SPEC_VERSION, spec::LAST_MODIFIED, IN_LOOM].contains(&name.as_str()) {
            continue;
        }
        let entry = notes.uns.get(&name).cloned().unwrap_or_default();
        let mut keys = entry.path;
        if keys.is_empty() || !keys.iter().all(|key| is_key(key)) {
            keys = vec![name.replace('/', ".")];
        }
        if keys == [IN_H5AD] {
            report.leave_out(format!("attr:{name}"), "its name is taken");
            continue;
        }
        let mut path = UNS.to_owned();
        let last = keys.pop().unwrap_or_default();
        for key in keys {
            path = format!("{path}/{key}");
            if !edit.contains(&path)? {
                group(edit, &path, "dict", "0.1.0")?;
            }
        }
        let path = format!("{path}/{last}");
        if edit.contains(&path)? {
            report.leave_out(format!("attr:{name}"), "its name is taken");
        } else if entry.boolean && is_boolean(&values) {
            booleans(edit, &path, &values)?;
        } else if values.dtype() == DType::Str || values.ndim() <= 32 {
            array(edit, &path, &values)?;
        }
    }
    Ok(())
}
