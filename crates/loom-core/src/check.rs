//! The check of a whole file: what HDF5 can tell, and what only Loom knows.

use h5lite::{File, Finding, FindingKind};

use crate::{axis::Axis, error::Result, graphs::Graphs, state::State};

/// Everything that is wrong with a file: [`File::check`], then edges of graphs that lead outside
/// their axis, or whose three parts do not fit. Whether the file keeps to the specification is a
/// question for [`validate`](crate::validate()).
///
/// # Examples
/// ```
/// use loom_core::{check, h5lite::File};
///
/// let file = File::open("../../fixtures/demo.loom")?;
/// let findings = check(file)?;
/// assert!(!findings.iter().any(|finding| finding.kind.is_problem()));
/// # Ok::<(), loom_core::Error>(())
/// ```
///
/// # Errors
/// Where not even the root group can be read.
pub fn check(file: File) -> Result<Vec<Finding>> {
    let mut findings = file.check();
    let damaged = |path: &str, reason: String| Finding {
        kind: FindingKind::Damaged,
        path: path.to_owned(),
        address: None,
        reason,
    };
    let state = match State::open(file, None) {
        Ok(state) => state,
        // That is what the findings say already.
        Err(_) if !findings.is_empty() => return Ok(findings),
        Err(error) => return Err(error),
    };
    for axis in Axis::BOTH {
        let graphs = Graphs::new(&state, axis);
        let [folder, _] = axis.graphs_paths();
        for name in graphs.keys().unwrap_or_default() {
            match graphs.get_lossy::<f64>(&name) {
                // What HDF5 can tell has been told.
                Ok(_) | Err(crate::Error::H5(_)) => {}
                Err(error) => {
                    findings.push(damaged(&format!("{folder}/{name}"), error.to_string()));
                }
            }
        }
    }
    Ok(findings)
}
