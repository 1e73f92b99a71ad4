//! Workloads that only read: each opens the file, reads, and closes it.

use loom_core::{Aggregate, Axis, Error, LoomConnection, Number, Result, Selection, Stat};
use ndarray::Array2;

use super::{Failure, Setting, Work, with_number};

/// The work of a workload, or `None` where no workload that reads has this name.
pub(super) fn prepare(
    setting: &mut Setting,
    name: &str,
) -> std::result::Result<Option<Work>, Failure> {
    let matrix = setting.options().open(&setting.file)?;
    let (rows, cols) = matrix.shape();
    let dtype = matrix.layer("")?.dtype();
    drop(matrix);
    let all = Selection::All;
    Ok(Some(match name {
        "open_validate" => {
            let (options, file) = (setting.options().validate(true), setting.file.clone());
            Box::new(move || Ok(options.open(file)?.shape().1 as f64))
        }
        "open_novalidate" => on_file(setting, |ds| Ok(ds.shape().1 as f64)),
        "read_full" => with_number!(dtype, T => on_file(setting, |ds| {
            let values = ds.read::<T>(.., ..)?;
            Ok(values.last().map_or(0.0, |last| last.to_f64()))
        })),
        "read_full_into" => with_number!(dtype, T => {
            // Every page touched: what that costs the system stays outside.
            let mut buffer = vec![T::from_f64(1.0); rows * cols];
            on_file(setting, move |ds| {
                ds.layer("")?.read_into(.., .., &mut buffer)?;
                let last = buffer.last().map_or(0.0, |last| last.to_f64());
                // Nor does it count what giving them back costs.
                std::mem::forget(buffer);
                Ok(last)
            })
        }),
        "read_col1" => {
            let col = setting.positions(cols, 1);
            with_number!(dtype, T => block::<T>(setting, all, col.into()))
        }
        "read_row1" => {
            let row = setting.positions(rows, 1);
            with_number!(dtype, T => block::<T>(setting, row.into(), all))
        }
        "read_cols100" => {
            let cols = setting.positions(cols, 100);
            with_number!(dtype, T => block::<T>(setting, all, cols.into()))
        }
        "read_rows100" => {
            let rows = setting.positions(rows, 100);
            with_number!(dtype, T => block::<T>(setting, rows.into(), all))
        }
        "read_cols64" => {
            let first = 64
                * setting
                    .random
                    .integers((cols.saturating_sub(64) / 64).max(1));
            with_number!(dtype, T => block::<T>(setting, all, (first..cols.min(first + 64)).into()))
        }
        "read_block500" => {
            let [rows, cols] = [rows, cols].map(|length| {
                let first = setting.random.integers(length.saturating_sub(500).max(1));
                Selection::from(first..length.min(first + 500))
            });
            with_number!(dtype, T => block::<T>(setting, rows, cols))
        }
        "scan_axis0_512" => scan(setting, Axis::Rows),
        "scan_axis1_512" => scan(setting, Axis::Cols),
        "map_axis0" => map(setting, Axis::Rows),
        "map_axis1" => map(setting, Axis::Cols),
        "sparse_full" => with_number!(dtype, T => sparse::<T>(setting, all.clone(), all)),
        "sparse_subset" => {
            let some_rows = setting.positions(rows, rows / 10);
            let some_cols = setting.positions(cols, cols / 20);
            with_number!(dtype, T => sparse::<T>(setting, some_rows.into(), some_cols.into()))
        }
        "aggregate_mean" => on_file(setting, |ds| {
            let mut view = ds.aggregate(&Aggregate::by("Clusters"))?;
            let means = view.layers.remove("").ok_or_else(|| Error::NotFound {
                what: "layer",
                name: String::new(),
            })?;
            Ok(means.into_typed::<f64>()?.sum())
        }),
        "attrs_all" => on_file(setting, |ds| {
            let mut total = 0;
            for attribute in ds.ra().iter()?.chain(ds.ca().iter()?) {
                total += attribute?.1.shape().first().copied().unwrap_or(0);
            }
            Ok(total as f64)
        }),
        "graph_read" => on_file(setting, |ds| {
            Ok(ds.col_graphs().get::<f64>("KNN")?.len() as f64)
        }),
        _ => return Ok(None),
    }))
}

/// Opens the file without validation, reads, and closes it.
fn on_file(setting: &Setting, read: impl FnOnce(&LoomConnection) -> Result<f64> + 'static) -> Work {
    let (options, file) = (setting.options(), setting.file.clone());
    Box::new(move || Ok(read(&options.open(file)?)?))
}

fn block<T: Number>(setting: &Setting, rows: Selection, cols: Selection) -> Work {
    on_file(setting, |ds| Ok(sum(&ds.read::<T>(rows, cols)?)))
}

fn scan(setting: &Setting, axis: Axis) -> Work {
    on_file(setting, move |ds| {
        let mut positions = 0;
        let mut batches = ds.scan(axis).batch_size(512).into_iter();
        while let Some(batch) = batches.next() {
            let batch = batch?;
            positions += batch.indices.len();
            batches.recycle(batch);
        }
        Ok(positions as f64)
    })
}

/// Sums and numbers of non-zeros: what loompy's `map` is given numpy's functions for.
fn map(setting: &Setting, axis: Axis) -> Work {
    on_file(setting, move |ds| {
        let results = ds
            .layer("")?
            .stats(axis, .., &[Stat::Sum, Stat::Nonzeros])?;
        Ok(results.iter().map(|values| values.sum()).sum())
    })
}

fn sparse<T: Number>(setting: &Setting, rows: Selection, cols: Selection) -> Work {
    on_file(setting, |ds| {
        let found = ds.sparse::<T>(rows, cols)?;
        Ok(found.data().iter().map(|value| value.to_f64()).sum())
    })
}

/// The sum in double precision.
fn sum<T: Number>(values: &Array2<T>) -> f64 {
    values.iter().map(|value| value.to_f64()).sum()
}
