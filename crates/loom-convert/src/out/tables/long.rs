//! The non-zeros of layers: a line for each, in files by partition.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use loom_core::{
    Array, Axis, Categories, DType, Error, Layer, LoomConnection, Result, Watch,
    h5lite::{Number, Steps, with_number},
};

use super::{
    LAYERS, MATRIX,
    columns::{column, data_type},
    escaped,
    file::{Form, TableFile, arrow},
    file_name, table_of,
};
use crate::{
    Report, cell,
    out::{
        Export, Memory, Partition,
        nonzeros::{self, NonZeros},
    },
};

/// The partition of what has no value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";
/// Files that are written at once: a file for each value of an attribute, which not all attributes
/// are good for.
const MOST_FILES: usize = 500;
/// Bytes that wait for their files in memory, all together.
const WAITING: usize = 32 << 20;
/// Bytes of a line, and those that Arrow and Parquet need for it meanwhile.
const LINE: usize = 64;

/// Writes all layers.
pub(super) fn layers(
    ds: &LoomConnection,
    place: &Path,
    form: Form,
    how: &Export,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let parts = Parts::new(ds, &how.partition, report)?;
    let names = ds.layers().keys()?;
    let mut steps = watch.begin(ds.shape().1 as u64 * names.len() as u64)?;
    for name in names {
        let layer = ds.layer(&name)?;
        let what = match name.is_empty() {
            true => "matrix".to_owned(),
            false => format!("layer:{name}"),
        };
        if layer.shape() != ds.shape() {
            report.leave_out(what, format!("it has shape {:?}", layer.shape()));
            steps.advance(ds.shape().1 as u64)?;
            continue;
        }
        if layer.dtype() == DType::F16 {
            report.change(what, "float16, now float32");
        }
        let folder = match name.is_empty() {
            true => place.join(MATRIX),
            false => place.join(LAYERS).join(escaped(&name)),
        };
        with_number!(
            layer.dtype(),
            T => write::<T>(&layer, &folder, form, &parts, how.memory, &mut steps)?,
            text => return Err(Error::Misuse("a layer of text".to_owned()))
        );
    }
    Ok(())
}

/// Which cells belong to which file.
enum Parts {
    /// So many after one another.
    Runs(usize),
    /// Those with one value of an attribute, and the folders of the values.
    Values(Categories, Vec<String>),
}

impl Parts {
    fn new(ds: &LoomConnection, partition: &Partition, report: &mut Report) -> Result<Self> {
        let name = match partition {
            Partition::Cells(0) => return Err(Error::Misuse("partitions of no cell".to_owned())),
            Partition::Cells(count) => return Ok(Self::Runs(*count)),
            Partition::By(name) => name,
        };
        let categories = ds.ca().categories(name)?;
        let values = categories.values();
        if values.len() > MOST_FILES {
            return Err(Error::Misuse(format!(
                "column attribute {name:?} has {} values, and no more than {MOST_FILES} files are \
                 written at once; take ranges of cells",
                values.len()
            )));
        }
        let folder = |at| match &cell::text(values, at)[..] {
            "" | "NaN" => {
                let reason = "without a value in the names of folders: NULL to most readers";
                report.change(format!("ca:{name}"), reason);
                format!("{}={NO_VALUE}", escaped(name))
            }
            value => format!("{}={}", escaped(name), escaped(value)),
        };
        let folders = (0..values.len()).map(folder).collect();
        Ok(Self::Values(categories, folders))
    }

    /// The number of the file that a cell belongs to.
    fn of(&self, cell: usize) -> usize {
        match self {
            Self::Runs(length) => cell / length,
            Self::Values(categories, _) => categories.of()[cell],
        }
    }

    /// What the folder of a file is called.
    fn folder(&self, part: usize) -> String {
        match self {
            Self::Runs(length) => format!("first_cell={}", part * length),
            Self::Values(_, folders) => folders[part].clone(),
        }
    }

    /// Whether no cell behind this one can belong to the file.
    fn is_over(&self, part: usize, cell: usize) -> bool {
        match self {
            Self::Runs(length) => (part + 1) * length <= cell,
            Self::Values(..) => false,
        }
    }
}

fn write<T: Number>(
    layer: &Layer<'_>,
    folder: &Path,
    form: Form,
    parts: &Parts,
    memory: Memory,
    steps: &mut Steps,
) -> Result<()>
where
    Array: From<Vec<T>>,
{
    let schema = Arc::new(Schema::new(vec![
        Field::new(table_of(Axis::Cols).1, DataType::Int64, false),
        Field::new(table_of(Axis::Rows).1, DataType::Int64, false),
        Field::new("value", data_type(T::DTYPE, 0), false),
    ]));
    let mut files = Files {
        folder: folder.to_owned(),
        form,
        schema,
        open: BTreeMap::new(),
    };
    let counts = nonzeros::counts(layer)?;
    for band in nonzeros::bands(layer, &counts, memory.without(WAITING as u64), LINE)? {
        let found = NonZeros::<T>::read(layer, band.clone())?;
        for (part, lines) in lines_of_parts(parts, &band, &found.cells) {
            files.write(parts, part, &lines, &found, band.start)?;
        }
        files.finish(|part| parts.is_over(part, band.end))?;
        files.flush()?;
        steps.advance(band.len() as u64)?;
    }
    if !folder.exists() {
        // A table without lines is one, too.
        let name = files.folder.join(file_name("part-0", form));
        fs::create_dir_all(folder)?;
        TableFile::create(&name, form, &files.schema)?.finish()?;
    }
    files.finish(|_| true)
}

/// Which lines belong to each file, in their order.
fn lines_of_parts(
    parts: &Parts,
    band: &Range<usize>,
    cells: &[u32],
) -> BTreeMap<usize, Vec<usize>> {
    let mut lines: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (line, &cell) in cells.iter().enumerate() {
        let part = parts.of(band.start + cell as usize);
        lines.entry(part).or_default().push(line);
    }
    lines
}

/// The files of a layer that are not complete.
struct Files {
    folder: PathBuf,
    form: Form,
    schema: SchemaRef,
    open: BTreeMap<usize, TableFile>,
}

impl Files {
    /// Adds lines to a file.
    fn write<T: Number>(
        &mut self,
        parts: &Parts,
        part: usize,
        lines: &[usize],
        found: &NonZeros<T>,
        first_cell: usize,
    ) -> Result<()>
    where
        Array: From<Vec<T>>,
    {
        if !self.open.contains_key(&part) {
            let folder = self.folder.join(parts.folder(part));
            fs::create_dir_all(&folder)?;
            let path = folder.join(file_name("part-0", self.form));
            let file = TableFile::create(&path, self.form, &self.schema)?;
            self.open.insert(part, file);
        }
        let number = |position: usize| i64::try_from(position).unwrap_or(i64::MAX);
        let cells = lines
            .iter()
            .map(|&at| number(first_cell + found.cells[at] as usize));
        let genes = lines.iter().map(|&at| i64::from(found.genes[at]));
        let values: Vec<T> = lines.iter().map(|&at| found.values[at]).collect();
        let batch = RecordBatch::try_new(
            self.schema.clone(),
            vec![
                Arc::new(Int64Array::from_iter_values(cells)),
                Arc::new(Int64Array::from_iter_values(genes)),
                column(&Array::from(values))?,
            ],
        );
        let batch = batch.map_err(arrow)?;
        match self.open.get_mut(&part) {
            Some(file) => file.write(&batch),
            None => Ok(()),
        }
    }

    /// Writes what waits in memory, the most first, until it is little.
    fn flush(&mut self) -> Result<()> {
        let mut waiting: Vec<(usize, usize)> = (self.open.iter())
            .map(|(&part, file)| (file.waiting(), part))
            .collect();
        waiting.sort_unstable();
        let mut total: usize = waiting.iter().map(|&(bytes, _)| bytes).sum();
        while total > WAITING {
            let Some((bytes, part)) = waiting.pop() else {
                break;
            };
            if let Some(file) = self.open.get_mut(&part) {
                file.flush()?;
            }
            total -= bytes;
        }
        Ok(())
    }

    /// Completes the files for which this holds.
    fn finish(&mut self, is_over: impl Fn(usize) -> bool) -> Result<()> {
        let over: Vec<usize> = self
            .open
            .keys()
            .copied()
            .filter(|&part| is_over(part))
            .collect();
        for part in over {
            if let Some(file) = self.open.remove(&part) {
                file.finish()?;
            }
        }
        Ok(())
    }
}
