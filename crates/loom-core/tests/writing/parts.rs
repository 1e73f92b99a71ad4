//! A new file, part by part.

use loom_core::{Create, Matrix, Mode, connect};

use crate::{sample, without_dates};

#[test]
fn the_parts_of_a_file_come_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.loom");
    let view = sample(5, 6);
    let make = |graph_of: usize| {
        Create::new().write(&path, |file| {
            file.col_graph("KNN", &crate::graph(graph_of))?;
            file.columns(view.clone())?;
            // No columns are no batch.
            file.columns(Matrix::from(ndarray::Array2::<i32>::zeros((5, 0))))?;
            assert!(format!("{file:?}").contains("(5, 6)"));
            for (name, values) in &view.ra {
                file.row_attr(name, values)?;
            }
            file.row_graph("up", &crate::graph(5))?;
            for (name, value) in &view.attrs {
                file.attr(name, value)?;
            }
            file.attr("last_modified", &"never".into())
        })
    };
    make(6).unwrap();
    let ds = connect(&path, Mode::Read).unwrap();
    assert!(ds.last_modified().unwrap().unwrap().as_str() > "2026");
    assert_eq!(without_dates(ds.view(.., ..).unwrap()), view);
    let error = make(7).unwrap_err().to_string();
    for part in ["column graph \"KNN\"", "[6, 6]", "[7, 7]"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}
