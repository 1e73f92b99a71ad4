//! loompy's cookbook.

use crate::*;

#[test]
fn create_and_then_work_with_the_file() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("filename.loom");
    create(&path, &sample(0, ORDER))?;
    let mut ds = connect(&path, Mode::ReadWrite)?;
    ds.ra_mut().insert("Length", vec![1_u32, 2, 3, 4])?;
    ds.close();
    let ds = connect(&path, Mode::Read)?;
    assert_eq!(ds.ra().get::<u32>("Length")?.to_vec(), [1, 2, 3, 4]);
    Ok(())
}

/// The cookbook has them in a data frame; here a table is columns of values with names.
#[test]
fn create_with_attributes_from_a_table() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.loom");
    let rows: [(&str, Array); 2] = [
        ("Gene", GENES.as_slice().into()),
        ("Length", vec![1.5, 2.5, 3.5, 4.5].into()),
    ];
    let mut data = LoomView::default();
    data.layers.insert(String::new(), counts(0).into());
    data.ra = (rows.into_iter())
        .map(|(name, values)| (name.to_owned(), values))
        .collect();
    create(&path, &data)?;
    assert_eq!(connect(&path, Mode::Read)?.view(.., ..)?.ra, data.ra);
    Ok(())
}

/// The cells with more than 500 counts of several files, as the cookbook pools them.
fn pool(paths: &[PathBuf], out: PathBuf, key: Option<&str>) -> Result<LoomConnection> {
    let mut out = new(out)?;
    for path in paths {
        let ds = connect(path, Mode::Read)?;
        let mut total = |cell: ArrayView1<'_, f64>| cell.sum();
        let totals = ds.map(Axis::Cols, &mut [&mut total])?;
        let cells: Vec<usize> = (0..totals[0].len())
            .filter(|&cell| totals[0][cell] > 466.0)
            .collect();
        let mut scan = ds.scan(Axis::Cols).items(cells);
        if let Some(key) = key {
            scan = scan.key(key);
        }
        for batch in scan {
            out.add_columns(&batch?.view, &Fill::Drop)?;
        }
    }
    Ok(out)
}

#[test]
fn combine_with_scan_and_new() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let paths = samples(folder.path())?;
    let out = pool(&paths, folder.path().join("out.loom"), None)?;
    // Totals are 60 and more in the first file, 460, 464, 468, 472 and 476 in the second.
    assert_eq!(out.shape(), (4, 3));
    assert_eq!(
        out.read::<i32>(.., 0)?.column(0).to_vec(),
        [122, 102, 132, 112]
    );
    assert_eq!(out.ra().get::<String>("Gene")?[0], "Xist");
    Ok(())
}

#[test]
fn combine_with_scan_and_new_by_a_key() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let paths = samples(folder.path())?;
    let out = pool(&paths, folder.path().join("out.loom"), Some("Gene"))?;
    let genes = out.ra().get::<String>("Gene")?;
    assert_eq!(genes.to_vec(), ["Actb", "Gapdh", "Malat1", "Xist"]);
    assert_eq!(
        out.read::<i32>(.., 0)?.column(0).to_vec(),
        [102, 112, 132, 122]
    );
    Ok(())
}

/// The cookbook fits a PCA batch by batch; what it is given are cells x genes of selected genes.
#[test]
fn feed_batches_to_an_incremental_algorithm() -> Result<()> {
    let (_folder, mut ds) = file()?;
    ds.ra_mut().insert("Selected", vec![1_u8, 0, 0, 1])?;
    let selected = ds.ra().get::<u8>("Selected")?;
    let genes: Vec<usize> = (0..4).filter(|&gene| selected[gene] == 1).collect();
    let mut fitted: Vec<Vec<f64>> = Vec::new();
    for batch in ds.scan(Axis::Cols).batch_size(3) {
        let matrix = batch?.view.layers.remove("").unwrap().take(&genes)?;
        let part = matrix.into_typed::<i32>()?;
        fitted.extend(
            part.t()
                .outer_iter()
                .map(|cell| cell.iter().copied().map(f64::from).collect()),
        );
    }
    let expected: Vec<Vec<f64>> = (0..5)
        .map(|cell| vec![f64::from(cell), f64::from(30 + cell)])
        .collect();
    assert_eq!(fitted, expected);
    Ok(())
}
