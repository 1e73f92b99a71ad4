//! Edits that went wrong once.

use super::{super::DatasetOptions, numbers};
use crate::{
    Array, CharacterSet, Class, DType, Datatype, Error, File, Padding, ReferenceKind, Selection,
    edit::tree::Target,
};

/// The options most tests need: small chunks that grow.
fn growing() -> DatasetOptions {
    DatasetOptions::chunked(&[4]).max_shape(&[None])
}

/// A file with a dataset `/a` of three numbers.
fn small() -> File {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write("/a", &numbers(&[3]), &growing()).unwrap();
    edit.commit().unwrap();
    file
}

fn read(file: &File, path: &str) -> Array {
    file.dataset(path).unwrap().read_any(&[]).unwrap()
}

/// Gives the object at `from` a second name, which no call of this crate does.
fn hard_link(file: &mut File, from: &str, to: &str) {
    let mut edit = file.edit().unwrap();
    let id = edit.require(from).unwrap();
    let (context, tree) = edit.parts().unwrap();
    tree.change(context.file, id).unwrap().reference_count += 1;
    edit.place(to, Target::Object(id)).unwrap();
    edit.commit().unwrap();
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous().datatype(Datatype::of(DType::I8));
    edit.write("/a", &numbers(&[9]), &options).unwrap_err();
    edit.write_at("/a", &[], &numbers(&[4])).unwrap_err();
    edit.write_at("/a", &[(2..5).into()], &numbers(&[3]))
        .unwrap_err();
    edit.write_at("/a", &[], &["x"; 3].as_slice().into())
        .unwrap_err();
    edit.resize("/a", &[4, 4]).unwrap_err();
    edit.commit().unwrap();
    assert_eq!(read(&file, "/a"), numbers(&[3]));
}

#[test]
fn a_rename_that_fails_leaves_the_name() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    for (from, to) in [
        ("/a", "/a/b"),
        ("/g", "/a/b"),
        ("/g", "/g/h"),
        ("/a", "/g"),
        ("/a", "/./b"),
        ("/b", "/c"),
    ] {
        edit.rename(from, to).unwrap_err();
    }
    edit.commit().unwrap();
    assert_eq!(file.root().unwrap().names().unwrap(), ["a", "g"]);
    assert_eq!(read(&file, "/a"), numbers(&[3]));
}

#[test]
fn all_names_of_an_object_show_its_change() {
    let mut file = small();
    hard_link(&mut file, "/a", "/g/other");
    for remove in [false, true] {
        let mut edit = file.edit().unwrap();
        edit.resize("/a", &[2]).unwrap();
        if remove {
            // The last change of an object that keeps only the other name.
            edit.set_attribute("/a", "x", &1.into()).unwrap();
            edit.remove("/a").unwrap();
        }
        edit.commit().unwrap();
        assert_eq!(read(&file, "/g/other"), numbers(&[2]));
    }
    let object = file.object("/g/other").unwrap();
    assert!(object.has_attribute("x").unwrap());
    assert_eq!(object.node().header.reference_count, 1);
}

#[test]
fn a_removed_group_takes_its_links_out_of_the_counts() {
    let mut file = small();
    hard_link(&mut file, "/a", "/g/h/other");
    let mut edit = file.edit().unwrap();
    edit.write("/g", &numbers(&[5]), &DatasetOptions::contiguous())
        .unwrap();
    edit.commit().unwrap();
    assert_eq!(file.object("/a").unwrap().node().header.reference_count, 1);
    assert_eq!(read(&file, "/g"), numbers(&[5]));
}

#[test]
fn attributes_stay_in_their_order() {
    let mut file = small();
    let names = ["z", "y", "b", "a", "c"];
    for name in names.into_iter().chain(["b"]) {
        let mut edit = file.edit().unwrap();
        edit.set_attribute("/a", name, &name.into()).unwrap();
        edit.commit().unwrap();
    }
    let mut edit = file.edit().unwrap();
    let id = edit.require("/a").unwrap();
    let (context, tree) = edit.parts().unwrap();
    let sizes = context.file.image().sizes();
    let object = tree.content(context.file, id).unwrap();
    let stored = object.attributes.messages();
    let stored: Vec<String> = stored
        .map(|raw| {
            raw.parse::<crate::format::message::AttributeMessage>(sizes)
                .unwrap()
                .name
        })
        .collect();
    assert_eq!(stored, names);
}

#[test]
fn nothing_is_written_for_no_values() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous();
    edit.write("/none", &numbers(&[0, 3]), &options).unwrap();
    edit.write_at("/none", &[], &numbers(&[0, 3])).unwrap();
    edit.write("/one", &1.5.into(), &options).unwrap();
    edit.write_at("/one", &[], &2.5.into()).unwrap();
    edit.write_at("/one", &[0.into()], &3.5.into()).unwrap_err();
    edit.commit().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write_at("/none", &[(..).into(), (1..2).into()], &numbers(&[0, 1]))
        .unwrap();
    edit.commit().unwrap();
    assert_eq!(read(&file, "/none"), numbers(&[0, 3]));
    assert_eq!(read(&file, "/one"), 2.5.into());
}

#[test]
fn halves_are_written_where_no_bit_is_lost() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let options = DatasetOptions::contiguous().datatype(Datatype::of(DType::F16));
    let values: Array = vec![0.5_f32, -65504.0, f32::INFINITY].into();
    edit.write("/h", &values, &options).unwrap();
    edit.write_at("/h", &[0.into()], &vec![0.1_f32].into())
        .unwrap_err();
    edit.commit().unwrap();
    assert_eq!(read(&file, "/h"), values);
}

#[test]
fn large_values_are_written_in_parts() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let values = numbers(&[50, 21]);
    let chunked = DatasetOptions::chunked(&[3, 5]).max_shape(&[None, None]);
    edit.write("/chunked", &values, &chunked).unwrap();
    edit.write("/contiguous", &values, &DatasetOptions::contiguous())
        .unwrap();
    // As columns: neighbours in memory are rows apart in the file.
    let Array::F32(rows) = numbers(&[21, 50]) else {
        panic!()
    };
    let columns = Array::F32(rows.reversed_axes());
    edit.write("/columns", &columns, &DatasetOptions::contiguous())
        .unwrap();
    edit.create("/steps", DType::F32, &[150, 21], &chunked)
        .unwrap();
    let every_third = Selection::Range {
        start: 2,
        end: None,
        step: 3,
    };
    edit.write_at("/steps", &[every_third.clone(), Selection::All], &columns)
        .unwrap();
    edit.commit().unwrap();
    assert!(read(&file, "/chunked") == values);
    assert!(read(&file, "/contiguous") == values);
    assert!(read(&file, "/columns") == columns);
    let steps = file.dataset("/steps").unwrap();
    assert!(steps.read_any(&[every_third, Selection::All]).unwrap() == columns);
    let before = steps.read_any(&[(..2).into(), (..1).into()]).unwrap();
    assert_eq!(before, ndarray::arr2(&[[0_f32], [0.0]]).into());
}

#[test]
fn what_libhdf5_does_not_allow_is_refused() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let refused = edit.write("/s", &["x"].as_slice().into(), &growing().fletcher32());
    assert!(refused.unwrap_err().is_unsupported());
    let class = Class::String {
        padding: Padding::NullPadded,
        character_set: CharacterSet::Ascii,
    };
    let fixed = Datatype { size: 3, class };
    edit.write(
        "/s",
        &["x"].as_slice().into(),
        &growing().fletcher32().datatype(fixed),
    )
    .unwrap();
}

/// Puts an attribute that refers to the object at `target` on the object at `path`.
fn refer(file: &mut File, path: &str, target: &str) {
    use crate::format::{
        message::{AttributeMessage, AttributeType, Dataspace},
        object_header::RawMessage,
    };
    let address = file.object(target).unwrap().address();
    let mut edit = file.edit().unwrap();
    let id = edit.require(path).unwrap();
    let (context, tree) = edit.parts().unwrap();
    let class = Class::Reference(ReferenceKind::Object);
    let message = AttributeMessage {
        name: "reference".to_owned(),
        datatype: AttributeType::Here(Datatype { size: 8, class }),
        dataspace: Dataspace::Scalar,
        data: address.0.to_le_bytes().to_vec(),
    };
    let raw = RawMessage::new(&message, context.file.image().sizes());
    tree.change(context.file, id)
        .unwrap()
        .attributes
        .insert("reference", raw);
    edit.commit().unwrap();
    file.references.take();
}

#[test]
fn what_a_reference_leads_to_stays_where_it_is() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    edit.write("/b", &numbers(&[2]), &growing()).unwrap();
    edit.commit().unwrap();
    refer(&mut file, "/g", "/a");
    // Whatever does not move the target is done, the object that refers to it included.
    let mut edit = file.edit().unwrap();
    edit.resize("/b", &[5]).unwrap();
    edit.set_attribute("/g", "x", &1.into()).unwrap();
    edit.rename("/a", "/g/a").unwrap();
    edit.commit().unwrap();
    let mut edit = file.edit().unwrap();
    edit.resize("/g/a", &[5]).unwrap();
    let refused = edit.commit().unwrap_err();
    assert!(
        matches!(refused.root_cause(), Error::Unsupported(_)),
        "{refused}"
    );
    assert_eq!(read(&file, "/g/a"), numbers(&[3]));
    // Nothing refers to it any more.
    let mut edit = file.edit().unwrap();
    edit.remove_attribute("/g", "reference").unwrap();
    edit.commit().unwrap();
    let mut edit = file.edit().unwrap();
    edit.resize("/g/a", &[2]).unwrap();
    edit.commit().unwrap();
    assert_eq!(read(&file, "/g/a"), numbers(&[2]));
}

#[test]
fn an_attribute_keeps_its_values_under_another_name() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.set_attribute("/", "old", &[1_i16, -2].as_slice().into())
        .unwrap();
    edit.set_attribute("/", "taken", &"x".into()).unwrap();
    assert!(
        edit.rename_attribute("/", "none", "new")
            .unwrap_err()
            .is_not_found()
    );
    let taken = edit.rename_attribute("/", "old", "taken").unwrap_err();
    assert!(matches!(taken.root_cause(), Error::Exists(_)), "{taken}");
    edit.rename_attribute("/", "old", "new").unwrap();
    edit.commit().unwrap();
    let root = file.root().unwrap();
    let values = root.attribute("new").unwrap().read_any().unwrap();
    assert_eq!(values, [1_i16, -2].as_slice().into());
    assert!(!root.has_attribute("old").unwrap());
}

#[test]
fn elements_move_as_they_are_stored() {
    let words = Array::from(["one", "", "\u{e9}", "four"].as_slice());
    for options in [DatasetOptions::contiguous(), growing().deflate(1)] {
        let mut file = File::create_in_memory().unwrap();
        let mut edit = file.edit().unwrap();
        edit.write("/words", &words, &options).unwrap();
        edit.commit().unwrap();
        let order = Selection::from(vec![3, 0, 2]);
        let mut edit = file.edit().unwrap();
        let elements = edit.file().dataset("/words").unwrap();
        let elements = elements.read_bytes(&[order]).unwrap();
        edit.create("/other", DType::Str, &[5], &options).unwrap();
        edit.write_bytes_at("/other", &[(1..4).into()], &elements)
            .unwrap();
        edit.write_at("/other", &[0.into()], &"new".into()).unwrap();
        let short = edit.write_bytes_at("/other", &[0.into()], &elements[..15]);
        assert!(matches!(
            short.unwrap_err().root_cause(),
            Error::Mismatch { .. }
        ));
        let many = edit.write_bytes_at("/other", &[0.into()], &elements);
        assert!(matches!(
            many.unwrap_err().root_cause(),
            Error::Mismatch { .. }
        ));
        edit.remove("/words").unwrap();
        edit.commit().unwrap();
        let moved = file.dataset("/other").unwrap().read_any(&[]).unwrap();
        assert_eq!(
            moved,
            ["new", "four", "one", "\u{e9}", ""].as_slice().into()
        );
    }
}

#[test]
fn a_dataset_without_chunks_is_written_in_parts() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let layouts = [
        ("/compact", DatasetOptions::compact()),
        ("/contiguous", DatasetOptions::contiguous()),
    ];
    for (path, options) in &layouts {
        edit.write(path, &numbers(&[5]), options).unwrap();
        assert_eq!(edit.chunk_shape(path).unwrap(), None);
        for at in [1, 3] {
            edit.write_at(path, &[at.into()], &vec![-1_f32].into())
                .unwrap();
        }
        let error = edit.resize(path, &[4]).unwrap_err();
        assert!(error.is_unsupported(), "{error:?}");
        edit.resize(path, &[5]).unwrap();
    }
    edit.commit().unwrap();
    for (path, _) in layouts {
        assert_eq!(read(&file, path), vec![0_f32, -1.0, 2.0, -1.0, 4.0].into());
    }
}

/// A symbol table has room for more links than a header has for messages, but not for their order.
#[test]
fn a_group_of_many_links_keeps_all_but_their_order() {
    let fixture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/track-order-earliest.loom"
    );
    let mut file = File::from_bytes_rw(std::fs::read(fixture).unwrap()).unwrap();
    let mut edit = file.edit().unwrap();
    let before = 13;
    for number in 0..60_000 {
        edit.soft_link(&format!("/col_attrs/s{number}"), "/matrix")
            .unwrap();
    }
    edit.commit().unwrap();
    let names = |file: &File| file.group("/col_attrs").unwrap().names().unwrap();
    // By order of creation where that is known.
    let created = names(&file);
    assert_eq!(created.len(), 60_000 + before);
    assert_eq!(created[before..][..3], ["s0", "s1", "s2"]);
    let bytes = file.repack_to_bytes(&crate::RepackOptions::new()).unwrap();
    let repacked = File::from_bytes(bytes).unwrap();
    let mut sorted = created;
    sorted.sort_unstable();
    assert!(names(&repacked) == sorted);
    let read = |file: &File| {
        file.dataset("/col_attrs/n13")
            .unwrap()
            .read_any(&[])
            .unwrap()
    };
    assert_eq!(read(&repacked), read(&file));
}
