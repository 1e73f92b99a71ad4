//! Workloads that write files into the scratch folder; what they start from is made beforehand.
//!
//! A workload comes to the size of the file it has written, or to the number of values it has.

use std::{fs, path::Path};

use loom_core::{
    AddLoom, Array, Axis, Columns, Combine, Connect, Coo, Fill, Format, LoomView, Matrix, Mode,
    create, create_from,
};

use super::{Failure, Setting, Work, with_number};

/// The work of a workload, or `None` where no workload that writes has this name.
pub(super) fn prepare(setting: &mut Setting, name: &str) -> Result<Option<Work>, Failure> {
    fs::create_dir_all(&setting.scratch)?;
    Ok(Some(match name {
        "create_dense" => {
            let (view, out) = (attributes(setting, true)?, setting.scratch("create"));
            Box::new(move || {
                create(&out, &view)?;
                std::mem::forget(view); // It was there before, and would be there behind.
                size(&out)
            })
        }
        "create_sparse" => {
            let (view, out) = (attributes(setting, false)?, setting.scratch("create"));
            let ds = setting.options().open(&setting.file)?;
            let dtype = ds.layer("")?.dtype();
            let matrix: Matrix<'static> = with_number!(dtype, T => ds.sparse::<T>(.., ..)?.into());
            Box::new(move || {
                let columns = Columns {
                    layers: [(String::new(), matrix)].into(),
                    ca: view.ca.clone().into_inner(),
                };
                create_from(&out, &view, [Ok(columns)])?;
                std::mem::forget(view);
                size(&out)
            })
        }
        "add_columns" => add_columns(setting)?,
        "add_1000" => add_1000(setting)?,
        "add_loom" => {
            let (options, out) = copy(setting)?;
            let file = setting.file.clone();
            Box::new(move || {
                let mut ds = options.open(&out)?;
                ds.add_loom(file, &AddLoom::new())?;
                drop(ds);
                size(&out)
            })
        }
        "combine" => {
            let (files, out) = (vec![setting.file.clone(); 3], setting.scratch("combine"));
            Box::new(move || {
                Combine::new(files).key("Accession").write(&out)?;
                size(&out)
            })
        }
        "permute_axis0" => permute(setting, Axis::Rows)?,
        "permute_axis1" => permute(setting, Axis::Cols)?,
        "set_attr_float" => {
            let count = cols(setting)?;
            let values = (0..count)
                .map(|_| setting.random.random())
                .collect::<Vec<_>>();
            set_attr(setting, count, values.into())?
        }
        "set_attr_str" => {
            let count = cols(setting)?;
            let value = |_| format!("value-{}", setting.random.integers(50));
            let values = (0..count).map(value).collect::<Vec<_>>();
            set_attr(setting, count, values.into())?
        }
        "graph_write" => graph_write(setting)?,
        "export_tab" => {
            let (options, file) = (setting.options(), setting.file.clone());
            let out = setting.scratch("export");
            Box::new(move || {
                let ds = options.open(file)?;
                let mut text = std::io::BufWriter::new(fs::File::create(&out)?);
                ds.export(&mut text, "", Format::Tab)?;
                text.into_inner()?;
                size(&out)
            })
        }
        _ => return Ok(None),
    }))
}

fn size(path: &Path) -> Result<f64, Failure> {
    Ok(fs::metadata(path)?.len() as f64)
}

fn cols(setting: &Setting) -> Result<usize, Failure> {
    Ok(setting.options().open(&setting.file)?.shape().1)
}

/// The attributes of the file, and its matrix if that is asked for.
fn attributes(setting: &Setting, matrix: bool) -> Result<LoomView, Failure> {
    let ds = setting.options().open(&setting.file)?;
    let mut view = LoomView {
        ra: ds.ra().iter()?.collect::<loom_core::Result<_>>()?,
        ca: ds.ca().iter()?.collect::<loom_core::Result<_>>()?,
        ..LoomView::default()
    };
    if matrix {
        let values = ds.layer("")?.read_any(.., ..)?;
        view.layers.insert(String::new(), values);
    }
    Ok(view)
}

/// A copy of the file, to be changed.
fn copy(setting: &Setting) -> Result<(Connect, std::path::PathBuf), Failure> {
    let out = setting.scratch("copy");
    fs::copy(&setting.file, &out)?;
    Ok((setting.options().mode(Mode::ReadWrite), out))
}

/// Three blocks of 1000 columns onto a file of the first 1000.
fn add_columns(setting: &Setting) -> Result<Work, Failure> {
    let (ds, out) = (
        setting.options().open(&setting.file)?,
        setting.scratch("add"),
    );
    let cols = ds.shape().1;
    let width = (cols / 4).clamp(1, 1000);
    let block = |start: usize| ds.view(.., start..start + width);
    let mut first = block(0)?;
    first.col_graphs.clear();
    create(&out, &first)?;
    let starts = (width..cols + 1 - width).step_by(width).take(3);
    let blocks = starts.map(block).collect::<loom_core::Result<Vec<_>>>()?;
    let options = setting.options().mode(Mode::ReadWrite);
    Ok(Box::new(move || {
        let mut ds = options.open(&out)?;
        for block in &blocks {
            ds.add_columns(block, &Fill::Drop)?;
        }
        drop(ds);
        std::mem::forget(blocks); // They were there before, and would be there behind.
        size(&out)
    }))
}

/// A thousand columns, a tenth of them not zero, onto a copy of a file of floats of any size, with the
/// attributes that its first thousand columns have.
fn add_1000(setting: &Setting) -> Result<Work, Failure> {
    let (options, out) = copy(setting)?;
    let ds = options.open(&out)?;
    let rows = ds.shape().0;
    let value = |(row, col): (usize, usize)| f32::from(u8::from((7 * row + 13 * col) % 10 == 0));
    let mut view = LoomView::default();
    let values = ndarray::Array2::from_shape_fn((rows, 1000), value);
    view.layers.insert(String::new(), values.into());
    for attribute in ds.ca().iter()? {
        let (name, values) = attribute?;
        view.ca.insert(name, values.part(0, 0..1000)?);
    }
    drop(ds);
    Ok(Box::new(move || {
        let mut ds = options.open(&out)?;
        ds.add_columns(&view, &Fill::Drop)?;
        drop(ds);
        std::mem::forget(view);
        size(&out)
    }))
}

fn permute(setting: &mut Setting, axis: Axis) -> Result<Work, Failure> {
    let (options, out) = copy(setting)?;
    let length = axis.of(options.open(&out)?.shape());
    let order = setting.random.permutation(length);
    Ok(Box::new(move || {
        let mut ds = options.open(&out)?;
        ds.permute(axis, &order)?;
        drop(ds);
        size(&out)
    }))
}

fn set_attr(setting: &Setting, count: usize, values: Array) -> Result<Work, Failure> {
    let (options, out) = copy(setting)?;
    Ok(Box::new(move || {
        options.open(&out)?.ca_mut().insert("Bench", values)?;
        Ok(count as f64)
    }))
}

/// A graph of ten edges from each column.
fn graph_write(setting: &mut Setting) -> Result<Work, Failure> {
    let count = cols(setting)?;
    let random = &mut setting.random;
    let weights = (0..10 * count).map(|_| random.random()).collect::<Vec<_>>();
    let ends = (0..10 * count).map(|_| random.integers(count));
    let ends = ends.map(u32::try_from).collect::<Result<Vec<_>, _>>()?;
    let starts = (0..10 * count).map(|edge| u32::try_from(edge / 10));
    let graph = Coo::new(
        (count, count),
        starts.collect::<Result<_, _>>()?,
        ends,
        weights,
    )?;
    let (options, out) = copy(setting)?;
    Ok(Box::new(move || {
        options
            .open(&out)?
            .col_graphs_mut()
            .insert("Bench", &graph)?;
        Ok(graph.len() as f64)
    }))
}
