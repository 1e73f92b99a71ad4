//! Every operation of loompy's documentation (its API walkthrough and its cookbook), done here.

mod walkthrough {
    mod cookbook;
    mod whole_file;
}

use std::path::{Path, PathBuf};

use loom_core::{
    Array, Axis, Columns, Combine, Coo, DType, Fill, LoomConnection, LoomView, Matrix, Mode,
    Result, connect, create, create_from, new,
};
use ndarray::{Array1, Array2, ArrayView1, Axis as Along, arr1, arr2, s};
use tempfile::TempDir;

const GENES: [&str; 4] = ["Actb", "Gapdh", "Xist", "Malat1"];

/// 4 genes x 5 cells; `shift` is added to every count.
fn counts(shift: i32) -> Array2<i32> {
    Array2::from_shape_fn((4, 5), |(row, col)| {
        i32::try_from(row * 10 + col).unwrap() + shift
    })
}

fn sample(shift: i32, order: [usize; 4]) -> LoomView {
    let mut view = LoomView::default();
    let rows = counts(shift).select(Along(0), &order);
    view.layers.insert(String::new(), rows.clone().into());
    view.layers.insert("spliced".into(), (rows * 2).into());
    view.ra
        .insert("Gene".into(), order.map(|i| GENES[i]).as_slice().into());
    let cells: Vec<String> = (0..5).map(|i| format!("cell{}", shift + i)).collect();
    view.ca.insert("CellID".into(), cells.into());
    view.ca
        .insert("PCA1".into(), vec![1.0, 2.0, 3.0, 4.0, 5.0].into());
    view.ca
        .insert("PCA2".into(), vec![5.0, 4.0, 3.0, 2.0, 1.0].into());
    view.attrs
        .insert("title".into(), "The title of the dataset".into());
    view
}

const ORDER: [usize; 4] = [0, 1, 2, 3];

/// A file, open for writing, in a folder that lives as long.
fn file() -> Result<(TempDir, LoomConnection)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("filename.loom");
    create(&path, &sample(0, ORDER))?;
    let ds = connect(path, Mode::ReadWrite)?;
    Ok((folder, ds))
}

/// Two files of the same genes in different orders.
fn samples(folder: &Path) -> Result<[PathBuf; 2]> {
    let paths = ["one.loom", "two.loom"].map(|name| folder.join(name));
    create(&paths[0], &sample(0, ORDER))?;
    create(&paths[1], &sample(100, [2, 0, 3, 1]))?;
    Ok(paths)
}

#[test]
fn create_a_file_from_a_dense_matrix() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.loom");
    let numbers: Vec<i64> = (0..100).collect();
    let matrix = Array2::from_shape_fn((100, 100), |(row, col)| {
        i64::try_from(row * 100 + col).unwrap()
    });
    let mut data = LoomView::default();
    data.layers.insert(String::new(), matrix.into());
    data.ra.insert("SomeRowAttr".into(), numbers.clone().into());
    data.ca.insert("SomeColAttr".into(), numbers.clone().into());
    create(&path, &data)?;
    let ds = connect(&path, Mode::Read)?;
    assert_eq!(ds.shape(), (100, 100));
    assert_eq!(ds.read::<i64>(99, 98)?, arr2(&[[9998]]));
    assert_eq!(ds.ca().get::<i64>("SomeColAttr")?.to_vec(), numbers);
    Ok(())
}

#[test]
fn create_a_file_from_a_sparse_matrix() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.loom");
    let matrix = Coo::new((100, 100), vec![3, 99], vec![0, 7], vec![1.5, 2.5])?;
    let columns = Columns::from(Matrix::from(&matrix));
    create_from(&path, &LoomView::default(), [Ok(columns)])?;
    let ds = connect(&path, Mode::Read)?;
    assert_eq!(ds.shape(), (100, 100));
    assert_eq!(ds.sparse::<f64>(.., ..)?, matrix);
    Ok(())
}

#[test]
fn pool_files_in_a_new_one() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let paths = samples(folder.path())?;
    let mut out = new(folder.path().join("outfile.loom"))?;
    for path in &paths {
        let view = connect(path, Mode::Read)?.view(.., ..)?;
        assert!(out.add_columns(&view, &Fill::Drop)?.is_empty());
    }
    assert_eq!(out.shape(), (4, 10));
    assert_eq!(out.read::<i32>(0, 5)?, arr2(&[[120]]));
    assert_eq!(out.ca().get::<String>("CellID")?[9], "cell104");
    Ok(())
}

#[test]
fn combine_files_by_a_key() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let paths = samples(folder.path())?;
    let out = folder.path().join("out.loom");
    Combine::new(paths).key("Gene").write(&out)?;
    let ds = connect(&out, Mode::Read)?;
    assert_eq!(ds.shape(), (4, 10));
    assert_eq!(ds.read::<i32>(.., 5..)?, counts(100));
    assert_eq!(ds.ra().get::<String>("Gene")?.to_vec(), GENES);
    Ok(())
}

#[test]
fn connect_and_close() -> Result<()> {
    let (_folder, ds) = file()?;
    assert_eq!(ds.mode(), Mode::ReadWrite);
    let path = ds.filename().unwrap().to_owned();
    ds.close();
    assert_eq!(connect(path, Mode::Read)?.mode(), Mode::Read);
    Ok(())
}

#[test]
fn shape_indices_and_slices() -> Result<()> {
    let (_folder, ds) = file()?;
    let all = counts(0);
    assert_eq!(ds.shape(), (4, 5));
    assert_eq!(ds.read::<i32>(.., ..)?, all);
    assert_eq!(ds.read::<i32>(0..2, 0..3)?, all.slice(s![0..2, 0..3]));
    assert_eq!(ds.read::<i32>(3, ..)?, all.slice(s![3..4, ..]));
    assert_eq!(ds.read::<i32>(.., 4)?, all.slice(s![.., 4..5]));
    let some = ds.read::<i32>(vec![0, 2, 3], ..)?;
    assert_eq!(some, all.select(Along(0), &[0, 2, 3]));
    let mask = [false, true, false, true, true];
    let some = ds.read::<i32>(.., mask.as_slice())?;
    assert_eq!(some, all.select(Along(1), &[1, 3, 4]));
    Ok(())
}

#[test]
fn layers_as_sparse_matrices() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let exons = Coo::new((4, 5), vec![0, 2, 3], vec![1, 1, 4], vec![7_u16, 8, 9])?;
    ds.layers_mut().insert("exons", &exons)?;
    let layer = ds.layer("exons")?;
    assert_eq!(layer.dtype(), DType::U16);
    assert_eq!(layer.sparse::<u16>(.., ..)?, exons);
    let part = layer.sparse::<u16>(vec![2, 3], [false, true, false, false, true].as_slice())?;
    assert_eq!(part.shape(), (2, 2));
    assert_eq!(part.to_dense(), arr2(&[[8.0, 0.0], [0.0, 9.0]]));
    Ok(())
}

#[test]
fn modify_layers() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let mut expected = counts(5);
    ds.write(.., .., counts(5))?;
    ds.write(3, 4, 31)?;
    ds.write(2, .., vec![1, 2, 3, 4, 5])?;
    ds.write(.., 1, vec![6, 7, 8, 9])?;
    expected[(3, 4)] = 31;
    expected.row_mut(2).assign(&arr1(&[1, 2, 3, 4, 5]));
    expected.column_mut(1).assign(&arr1(&[6, 7, 8, 9]));
    assert_eq!(ds.read::<i32>(.., ..)?, expected);
    Ok(())
}

#[test]
fn global_attributes() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let title: String = ds.attrs().value("title")?;
    assert_eq!(title, "The title of the dataset");
    ds.attrs_mut().insert("title", "New title")?;
    ds.attrs_mut().insert("description", "Fancy dataset")?;
    ds.attrs_mut().insert("numbers", arr2(&[[1, 2], [3, 4]]))?;
    assert!(ds.attrs().keys()?.contains(&"description".to_owned()));
    let all: Vec<(String, Array)> = ds.attrs().iter()?.collect::<Result<_>>()?;
    assert!(all.contains(&("title".to_owned(), "New title".into())));
    assert!(all.contains(&("numbers".to_owned(), arr2(&[[1, 2], [3, 4]]).into())));
    ds.attrs_mut().remove("title")?;
    assert!(!ds.attrs().contains("title")?);
    Ok(())
}

#[test]
fn row_and_column_attributes() -> Result<()> {
    let (_folder, mut ds) = file()?;
    assert_eq!(ds.ra().keys()?, ["Gene"]);
    assert_eq!(ds.ca().keys()?, ["CellID", "PCA1", "PCA2"]);
    let genes = ["a", "b", "c", "d"].as_slice();
    ds.ra_mut().insert("Gene", genes)?;
    assert_eq!(ds.ra().get::<String>("Gene")?.to_vec(), genes);
    ds.ra_mut().remove("Gene")?;
    assert!(ds.ra().is_empty()?);
    Ok(())
}

#[test]
fn several_attributes_as_one_array() -> Result<()> {
    let (_folder, ds) = file()?;
    let both = ds.ca().stack(&["PCA1", "PCA2"])?;
    let expected = arr2(&[[1.0, 5.0], [2.0, 4.0], [3.0, 3.0], [4.0, 2.0], [5.0, 1.0]]);
    assert_eq!(both, expected.into());
    let either = ds.ra().stack(&["GeneName", "Gene"])?;
    assert_eq!(either, GENES.as_slice().into());
    Ok(())
}

#[test]
fn attributes_of_several_axes() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let pca = Array2::from_shape_fn((5, 20), |(cell, part)| (cell * 20 + part) as f64);
    ds.ca_mut().insert("PCA", pca.clone())?;
    assert_eq!(ds.ca().get_any("PCA")?, pca.into());
    Ok(())
}

#[test]
fn attributes_as_masks() -> Result<()> {
    let (_folder, ds) = file()?;
    let genes = ds.ra().get::<String>("Gene")?;
    let all = counts(0);
    let mask = genes.mapv(|gene| gene == "Actb").to_vec();
    assert_eq!(
        ds.read::<i32>(mask.as_slice(), ..)?,
        all.slice(s![0..1, ..])
    );
    let mask = genes
        .mapv(|gene| gene == "Actb" || gene == "Gapdh")
        .to_vec();
    assert_eq!(
        ds.read::<i32>(mask.as_slice(), ..)?,
        all.slice(s![0..2, ..])
    );
    let cells = ds.ca().get::<String>("CellID")?;
    let mask = cells.mapv(|cell| cell == "cell3").to_vec();
    assert_eq!(
        ds.read::<i32>(.., mask.as_slice())?,
        all.slice(s![.., 3..4])
    );
    Ok(())
}

#[test]
fn attributes_in_memory_are_not_the_file() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let names = ["a", "b", "c", "d", "e"].as_slice();
    ds.ca_mut().insert("ClusterNames", names)?;
    let mut read: Array1<String> = ds.ca().get("ClusterNames")?;
    read[3] = "banana".to_owned();
    assert_eq!(ds.ca().get::<String>("ClusterNames")?.to_vec(), names);
    Ok(())
}

#[test]
fn add_columns() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let dropped = ds.add_columns(&sample(100, ORDER), &Fill::Drop)?;
    assert!(dropped.is_empty());
    assert_eq!(ds.shape(), (4, 10));
    assert_eq!(ds.read::<i32>(.., 5..)?, counts(100));
    assert_eq!(ds.layer("spliced")?.read::<i32>(.., 5..)?, counts(100) * 2);
    Ok(())
}

#[test]
fn add_columns_to_an_empty_file() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let mut ds = new(folder.path().join("new.loom"))?;
    let mut data = sample(0, ORDER);
    let genes = std::mem::take(&mut data.ra);
    assert!(ds.add_columns(&data, &Fill::Drop).is_err());
    data.ra = genes;
    ds.add_columns(&data, &Fill::Drop)?;
    assert_eq!(ds.read::<i32>(.., ..)?, counts(0));
    assert_eq!(ds.ra().get::<String>("Gene")?.to_vec(), GENES);
    Ok(())
}

#[test]
fn layers() -> Result<()> {
    let (_folder, mut ds) = file()?;
    assert_eq!(ds.layers().keys()?, ["", "spliced"]);
    ds.layers_mut().insert("unspliced", counts(7))?;
    let layer = ds.layer("unspliced")?;
    assert_eq!(layer.read::<i32>(.., 2)?, counts(7).slice(s![.., 2..3]));
    ds.layers_mut().insert("spliced", counts(3))?;
    assert_eq!(ds.layer("spliced")?.read::<i32>(.., ..)?, counts(3));
    ds.layers_mut().remove("spliced")?;
    assert_eq!(ds.layers().keys()?, ["", "unspliced"]);
    assert!(ds.layers_mut().remove("").is_err());
    Ok(())
}

#[test]
fn empty_layers() -> Result<()> {
    let (_folder, mut ds) = file()?;
    ds.layers_mut().insert("empty_floats", DType::F32)?;
    ds.layers_mut().insert("empty_ints", DType::I64)?;
    let floats = ds.layer("empty_floats")?;
    assert_eq!(floats.read::<f32>(.., ..)?, Array2::zeros((4, 5)));
    assert_eq!(ds.layer("empty_ints")?.dtype(), DType::I64);
    Ok(())
}

#[test]
fn graphs() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let knn = Coo::new((5, 5), vec![0, 0, 4], vec![1, 1, 2], vec![0.5, 0.25, 1.0])?;
    ds.col_graphs_mut().insert("KNN", &knn)?;
    assert!(ds.row_graphs().keys()?.is_empty());
    assert_eq!(ds.col_graphs().keys()?, ["KNN"]);
    assert_eq!(ds.col_graphs().get::<f64>("KNN")?, knn);
    ds.col_graphs_mut().remove("KNN")?;
    assert!(ds.col_graphs().is_empty()?);
    Ok(())
}

#[test]
fn views() -> Result<()> {
    let (_folder, mut ds) = file()?;
    let knn = Coo::new((5, 5), vec![0, 2, 4], vec![1, 3, 2], vec![0.5, 0.25, 1.0])?;
    ds.col_graphs_mut().insert("KNN", &knn)?;
    let view = ds.view(.., 2..4)?;
    assert_eq!(view.shape(), (4, 2));
    let part = counts(0).slice(s![.., 2..4]).to_owned();
    assert_eq!(view.layers[""], part.clone().into());
    assert_eq!(view.layers["spliced"], (part * 2).into());
    assert_eq!(view.ca["CellID"], ["cell2", "cell3"].as_slice().into());
    assert_eq!(view.ra["Gene"], GENES.as_slice().into());
    let inside = Coo::new((2, 2), vec![0], vec![1], vec![0.25])?;
    assert_eq!(view.col_graphs["KNN"], inside);
    Ok(())
}
