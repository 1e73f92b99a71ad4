//! Sound HDF5 files that are hostile as Loom files.

use h5lite::{Array, CharacterSet, Class, DType, DatasetOptions, Datatype, Edit, Padding, Result};
use loom_core::{Axis, Connect, LoomConnection, LoomValidator, Strictness};

use crate::{
    Named,
    bytes::{Bytes, numbers},
    trap::{
        Call,
        Expected::{self, Answer, Limit, NotLoom},
        Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("loom_matrix_of_rank_3", loom_matrix_of_rank_3),
    ("loom_matrix_of_text", loom_matrix_of_text),
    ("loom_matrix_of_exabytes", loom_matrix_of_exabytes),
    ("loom_matrix_leads_to_itself", loom_matrix_leads_to_itself),
    ("loom_no_matrix", loom_no_matrix),
    ("loom_attribute_length_lies", loom_attribute_length_lies),
    ("loom_attribute_is_a_group", loom_attribute_is_a_group),
    (
        "loom_attributes_are_a_dataset",
        loom_attributes_are_a_dataset,
    ),
    ("loom_layer_of_another_shape", loom_layer_of_another_shape),
    (
        "loom_graph_edges_out_of_range",
        loom_graph_edges_out_of_range,
    ),
    ("loom_graph_edges_negative", loom_graph_edges_negative),
    ("loom_graph_lengths_differ", loom_graph_lengths_differ),
    ("loom_graph_of_exabytes", loom_graph_of_exabytes),
    ("loom_spec_version_of_1_gb", loom_spec_version_of_1_gb),
    ("loom_name_that_climbs", loom_name_that_climbs),
    ("loom_name_with_nul", loom_name_with_nul),
];

/// Does with a file what loompy's users do: validates it, reads attributes and graphs, looks at the
/// first rows and columns.
pub(crate) fn everything(bytes: &[u8]) {
    let Ok(ds) = Connect::new().validate(false).bytes(bytes) else {
        return;
    };
    for strictness in [Strictness::SpecOnly, Strictness::Conventions] {
        let _ = LoomValidator::new().check(ds.file(), strictness);
    }
    for axis in Axis::BOTH {
        ds.axis_attrs(axis)
            .iter()
            .into_iter()
            .flatten()
            .for_each(drop);
        ds.axis_graphs(axis)
            .iter()
            .into_iter()
            .flatten()
            .for_each(drop);
        ds.scan(axis).into_iter().take(2).for_each(drop);
    }
    ds.attrs().iter().into_iter().flatten().for_each(drop);
    for layer in ds.layers().iter().into_iter().flatten().flatten() {
        let _ = layer.read_any(0, 0..layer.shape().1.min(1_000));
    }
    let _ = (ds.to_html(), ds.last_modified());
}

/// A Loom file of three genes and four cells, but for one of its parts, which `write` writes.
fn loom(without: &str, write: fn(&mut Edit<'_>) -> Result<()>) -> Bytes {
    Bytes::made(|edit| {
        let one = DatasetOptions::contiguous();
        let names = |count: usize| -> Array {
            let names: Vec<_> = (0..count).map(|i| format!("n{i}")).collect();
            names.into()
        };
        for group in ["layers", "row_graphs", "col_graphs"] {
            edit.create_group(group)?;
        }
        let parts: [(&str, Array); 4] = [
            ("/matrix", numbers(&[3, 4])),
            ("/row_attrs/Gene", names(3)),
            ("/col_attrs/CellID", names(4)),
            ("/attrs/LOOM_SPEC_VERSION", "3.0.0".to_owned().into()),
        ];
        for (path, values) in parts.iter().filter(|(path, _)| *path != without) {
            edit.write(path, values, &one)?;
        }
        write(edit)
    })
}

fn trap(
    without: &str,
    write: fn(&mut Edit<'_>) -> Result<()>,
    call: fn(&LoomConnection) -> loom_core::Result<String>,
    expected: Expected,
) -> Trap {
    let base = loom("", |_| Ok(()));
    let bytes = loom(without, write);
    Trap::new(base, |file| *file = bytes, Call::Loom(call), expected)
}

const SHAPE: fn(&LoomConnection) -> loom_core::Result<String> =
    |ds| Ok(format!("{:?}, {:?}", ds.shape(), ds.warnings()));
const KNN: fn(&LoomConnection) -> loom_core::Result<String> =
    |ds| Ok(format!("{:?}", ds.col_graphs().get::<f64>("KNN")?.shape()));
fn in_one_run() -> DatasetOptions {
    DatasetOptions::contiguous()
}

fn loom_matrix_of_rank_3() -> Trap {
    let write = |edit: &mut Edit<'_>| edit.write("/matrix", &numbers(&[3, 4, 5]), &in_one_run());
    trap("/matrix", write, SHAPE, Answer("(0, 0)"))
}

fn loom_matrix_of_text() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let text = ndarray::arr2(&[["a".to_owned()], ["b".to_owned()]]);
        edit.write("/matrix", &text.into(), &in_one_run())
    };
    let read = |ds: &LoomConnection| Ok(format!("{:?}", ds.layer("")?.read::<f64>(.., ..)?));
    trap(
        "/matrix",
        write,
        read,
        NotLoom("it holds text, not numbers"),
    )
}

fn loom_matrix_of_exabytes() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let options = DatasetOptions::chunked(&[64, 64]).deflate(2);
        edit.create("/matrix", DType::F32, &[1 << 30, 1 << 30], &options)
    };
    let read = |ds: &LoomConnection| Ok(format!("{:?}", ds.layer("")?.read::<f64>(.., ..)?));
    trap("/matrix", write, read, Limit("read_bytes"))
}

fn loom_matrix_leads_to_itself() -> Trap {
    let write = |edit: &mut Edit<'_>| edit.soft_link("/matrix", "/matrix");
    trap("/matrix", write, SHAPE, Answer("soft links"))
}

fn loom_no_matrix() -> Trap {
    trap("/matrix", |_| Ok(()), SHAPE, Answer("(0, 0)"))
}

fn loom_attribute_length_lies() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let options = DatasetOptions::chunked(&[1 << 20]);
        edit.create("/row_attrs/long", DType::F64, &[1 << 50], &options)
    };
    let read = |ds: &LoomConnection| Ok(format!("{:?}", ds.ra().get_any("long")?.shape()));
    trap("", write, read, Limit("read_bytes"))
}

fn loom_attribute_is_a_group() -> Trap {
    let write = |edit: &mut Edit<'_>| edit.create_group("/row_attrs/group/inside");
    let read = |ds: &LoomConnection| Ok(format!("{:?}", ds.ra().get_any("group")?.shape()));
    trap("", write, read, NotLoom("group"))
}

fn loom_attributes_are_a_dataset() -> Trap {
    let write = |edit: &mut Edit<'_>| edit.write("/row_attrs", &1_u8.into(), &in_one_run());
    let keys = |ds: &LoomConnection| Ok(format!("{:?}", ds.ra().keys()?));
    trap("/row_attrs/Gene", write, keys, Answer("[]"))
}

fn loom_layer_of_another_shape() -> Trap {
    let write = |edit: &mut Edit<'_>| edit.write("/layers/l", &numbers(&[4, 3]), &in_one_run());
    let validate = |ds: &LoomConnection| {
        let report = LoomValidator::new().check(ds.file(), Strictness::SpecOnly);
        Ok(format!("{report:?}"))
    };
    trap("", write, validate, Answer("shape"))
}

/// A graph of the cells.
fn graph(edit: &mut Edit<'_>, from: &Array, to: &Array, weights: &Array) -> Result<()> {
    edit.write("/col_graphs/KNN/a", from, &in_one_run())?;
    edit.write("/col_graphs/KNN/b", to, &in_one_run())?;
    edit.write("/col_graphs/KNN/w", weights, &in_one_run())
}

fn loom_graph_edges_out_of_range() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let ends: Array = vec![0_u32, 99].into();
        graph(edit, &ends, &ends, &numbers(&[2]))
    };
    trap("", write, KNN, NotLoom("99"))
}

fn loom_graph_edges_negative() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let ends: Array = vec![0_i64, -1].into();
        graph(edit, &ends, &ends, &numbers(&[2]))
    };
    trap("", write, KNN, NotLoom("-1"))
}

fn loom_graph_lengths_differ() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let ends: Array = vec![0_u32, 1].into();
        graph(edit, &ends, &ends, &numbers(&[3]))
    };
    trap("", write, KNN, NotLoom("KNN"))
}

fn loom_graph_of_exabytes() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let options = DatasetOptions::chunked(&[1 << 20]);
        edit.create("/col_graphs/KNN/a", DType::U32, &[1 << 50], &options)?;
        edit.create("/col_graphs/KNN/b", DType::U32, &[1 << 50], &options)?;
        edit.create("/col_graphs/KNN/w", DType::F64, &[1 << 50], &options)
    };
    trap("", write, KNN, Limit("read_bytes"))
}

fn loom_spec_version_of_1_gb() -> Trap {
    let write = |edit: &mut Edit<'_>| {
        let class = Class::String {
            padding: Padding::NullPadded,
            character_set: CharacterSet::Utf8,
        };
        let size = 1 << 30;
        let options = in_one_run().datatype(Datatype { size, class });
        edit.create("/attrs/LOOM_SPEC_VERSION", DType::Str, &[], &options)
    };
    trap(
        "/attrs/LOOM_SPEC_VERSION",
        write,
        SHAPE,
        Answer("raise Limits::read_bytes"),
    )
}

/// `/row_attrs/a` and the name that takes its place.
fn renamed(by: [u8; 2], call: Call, expected: Expected) -> Trap {
    let base = loom("", |edit| {
        edit.write("/row_attrs/zz", &numbers(&[3]), &in_one_run())
    });
    Trap::new(
        base,
        |file| file.replace(b"zz\0\0", &[by[0], by[1], 0, 0]),
        call,
        expected,
    )
}

/// An export that trusted it would leave its folder.
fn loom_name_that_climbs() -> Trap {
    let read = Call::Loom(|ds| Ok(format!("{:?}", ds.ra().get_any("..")?.shape())));
    renamed(*b"..", read, NotLoom("no row attribute named"))
}

fn loom_name_with_nul() -> Trap {
    let keys = Call::Loom(|ds| Ok(format!("{:?}", ds.ra().keys()?)));
    renamed(*b"\0z", keys, Answer("\"\""))
}
