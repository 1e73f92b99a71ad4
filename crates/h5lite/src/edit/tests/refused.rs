//! What an edit refuses: with an error of the right kind that says why, and without a change.

use std::fs;

use super::{super::DatasetOptions, numbers};
use crate::{
    Array, CharacterSet, Class, DType, Datatype, Error, File, LinkTarget, Padding, ReferenceKind,
    RepackOptions, Result,
    edit::{Edit, tree::Kind, tree::Target},
    format::{
        message::{AttributeMessage, AttributeType, Dataspace, OldFillValue},
        object_header::RawMessage,
        superblock::Superblock,
    },
    image::Sizes,
};

pub(super) fn growing() -> DatasetOptions {
    DatasetOptions::chunked(&[4]).max_shape(&[None])
}

/// A file with a dataset `/a`.
pub(super) fn small() -> File {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    edit.write("/a", &numbers(&[3]), &growing()).unwrap();
    edit.commit().unwrap();
    file
}

pub(super) fn says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
}

/// The call is misuse, says so, and the file stays as it is.
fn mismatch(call: impl FnOnce(&mut Edit<'_>) -> Result<()>, parts: &[&str]) {
    let mut file = small();
    let before = file.repack_to_bytes(&RepackOptions::new()).unwrap();
    let mut edit = file.edit().unwrap();
    let error = call(&mut edit).unwrap_err();
    assert!(
        matches!(error.root_cause(), Error::Mismatch { .. }),
        "{error:?}"
    );
    says(&error, parts);
    edit.commit().unwrap();
    assert!(file.repack_to_bytes(&RepackOptions::new()).unwrap() == before);
}

/// Committing is refused because of what the file holds, and the file stays as it is.
pub(super) fn unsupported(
    mut file: File,
    call: impl FnOnce(&mut Edit<'_>) -> Result<()>,
    parts: &[&str],
) {
    let before = file.content_len();
    let mut edit = file.edit().unwrap();
    call(&mut edit).unwrap();
    let error = edit.commit().unwrap_err();
    assert!(error.is_unsupported(), "{error:?}");
    says(&error, parts);
    assert_eq!(file.content_len(), before);
}

fn string(size: u32, padding: Padding) -> Datatype {
    let character_set = CharacterSet::Utf8;
    let class = Class::String {
        padding,
        character_set,
    };
    Datatype { size, class }
}

#[test]
fn chunks_that_do_not_fit_the_shape() {
    let write = |chunk: &'static [usize]| {
        let options = DatasetOptions::chunked(chunk);
        move |edit: &mut Edit<'_>| edit.write("/b", &numbers(&[3, 3]), &options)
    };
    let expected = "a chunk length for each axis";
    mismatch(write(&[]), &["/b", expected, "[] for [3, 3]"]);
    mismatch(write(&[4]), &[expected, "[4] for [3, 3]"]);
    mismatch(write(&[4, 0]), &[expected, "[4, 0] for [3, 3]"]);
    if usize::BITS > 32 {
        // The format has 32 bits for it.
        mismatch(write(&[usize::MAX, 1]), &["shorter than 2^32"]);
    }
    let few = growing().max_shape(&[Some(2)]);
    mismatch(
        |edit| edit.write("/b", &numbers(&[3]), &few),
        &["within the maximum", "[3]"],
    );
    let fill = growing().fill(vec![1_f32, 2.0].into());
    mismatch(
        |edit| edit.create("/b", DType::F32, &[3], &fill),
        &["one fill value", "2 values"],
    );
}

#[test]
fn values_that_do_not_fit_the_type() {
    let text: Array = "abc".into();
    let one_too_long = [
        (string(3, Padding::NullTerminated), "at most 2 bytes"),
        (string(2, Padding::NullPadded), "at most 2 bytes"),
        (string(2, Padding::SpacePadded), "at most 2 bytes"),
    ];
    for (datatype, expected) in one_too_long {
        mismatch(
            |edit| edit.set_attribute_as("/a", "x", &text, &datatype),
            &["/a", expected, "3 bytes"],
        );
    }
    let number = Datatype::of(DType::I32);
    mismatch(
        |edit| edit.set_attribute_as("/a", "x", &text, &number),
        &["/a", "str"],
    );
    mismatch(
        |edit| edit.set_attribute_as("/a", "x", &5.into(), &Datatype::of(DType::Str)),
        &["/a", "int32"],
    );
    mismatch(
        |edit| edit.set_attribute("/a", "x", &"a\0b".into()),
        &["without NUL", "a\\0b"],
    );
    let mut file = small();
    let mut edit = file.edit().unwrap();
    let large = edit.set_attribute("/a", "x", &vec![0_f64; 8001].into());
    let large = large.unwrap_err();
    assert!(large.is_unsupported());
    says(&large, &["/a", "64008 bytes", "64000"]);
}

#[test]
fn text_of_fixed_length_is_filled_up_as_its_type_says() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let words: Array = ["ab", "", "\u{e9}"].as_slice().into();
    let kinds = [
        (
            "/terminated",
            Padding::NullTerminated,
            b"ab\0\0\0\0\xc3\xa9\0",
        ),
        ("/padded", Padding::NullPadded, b"ab\0\0\0\0\xc3\xa9\0"),
        ("/spaces", Padding::SpacePadded, b"ab    \xc3\xa9 "),
    ];
    for (path, padding, _) in kinds {
        let options = DatasetOptions::contiguous().datatype(string(3, padding));
        edit.write(path, &words, &options).unwrap();
    }
    edit.commit().unwrap();
    for (path, _, stored) in kinds {
        let dataset = file.dataset(path).unwrap();
        assert_eq!(dataset.read_bytes(&[]).unwrap(), stored, "{path}");
        assert_eq!(dataset.read_any(&[]).unwrap(), words, "{path}");
    }
}

#[test]
fn a_link_elsewhere_is_not_followed() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    edit.soft_link("/soft", "/g").unwrap();
    let error = edit.create_group("/soft/h").unwrap_err();
    assert!(error.is_unsupported());
    says(&error, &["/soft/h", "through a soft or external link"]);
    edit.commit().unwrap();
    assert_eq!(file.group("/g").unwrap().names().unwrap(), [""; 0]);
}

#[test]
fn a_file_that_others_may_write_to_is_not_edited() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/h5py-latest.h5");
    let mut bytes = fs::read(fixture).unwrap();
    let mut superblock = Superblock::parse(&bytes, 0, bytes.len() as u64).unwrap();
    // Bit 0 of version 3: the file is open for writing.
    superblock.consistency_flags = 1;
    let flagged = superblock.encode();
    bytes[..flagged.len()].copy_from_slice(&flagged);
    let refused = File::from_bytes_rw(bytes).and_then(|mut file| file.edit().map(drop));
    let refused = refused.unwrap_err();
    assert!(refused.is_unsupported(), "{refused:?}");
    says(&refused, &["consistency flags"]);

    // Superblock version 0 has the address of a driver information block behind that of the end.
    let mut bytes = small().into_bytes().unwrap();
    assert_eq!(bytes[48..56], [0xff; 8], "undefined");
    bytes[48..56].copy_from_slice(&96_u64.to_le_bytes());
    let mut file = File::from_bytes_rw(bytes).unwrap();
    let refused = file.edit().unwrap_err();
    assert!(refused.is_unsupported(), "{refused:?}");
    says(&refused, &["driver information block"]);
}

/// Gives `/a` a message of a kind that this version of the format does not have.
fn unknown_message(edit: &mut Edit<'_>, flags: u8) -> Result<()> {
    let id = edit.require("/a")?;
    let (context, tree) = edit.parts()?;
    let messages = &mut tree.change(context.file, id)?.messages;
    messages.push(RawMessage {
        kind: 0x40,
        flags,
        creation_order: None,
        body: vec![7; 8],
        address: crate::Address(0),
    });
    Ok(())
}

#[test]
fn messages_that_are_not_known_are_treated_as_their_flags_say() {
    // Bit 3: who does not know it must not write to the object.
    unsupported(
        small(),
        |edit| unknown_message(edit, 0x08),
        &["object header message 0x40"],
    );
    // Bit 4: who does not know it and writes to the object sets bit 5.
    for (before, after) in [(0x00, 0x00), (0x10, 0x30), (0x30, 0x30)] {
        let mut file = small();
        let mut edit = file.edit().unwrap();
        unknown_message(&mut edit, before).unwrap();
        edit.commit().unwrap();
        let node = file.object("/a").unwrap();
        let messages = &node.node().header.messages;
        let unknown = messages.iter().find(|raw| raw.kind == 0x40).unwrap();
        assert_eq!((unknown.flags, &unknown.body[..]), (after, &[7; 8][..]));
    }
}

#[test]
fn a_header_has_room_for_65_535_messages() {
    // A symbol table cannot hold external links, so each is a message.
    let link = |edit: &mut Edit<'_>, count: u32| {
        let id = edit.require("/g")?;
        let (context, tree) = edit.parts()?;
        let Kind::Group(links) = &mut tree.change(context.file, id)?.kind else {
            panic!("/g is a group")
        };
        let (file, path) = ("x.h5".to_owned(), "/x".to_owned());
        let target = Target::Elsewhere(LinkTarget::External { file, path });
        links.by_name = (0..count)
            .map(|i| (format!("{i:05}"), (target.clone(), None)))
            .collect();
        Ok(())
    };
    let mut file = small();
    let mut edit = file.edit().unwrap();
    edit.create_group("/g").unwrap();
    link(&mut edit, 65_534).unwrap();
    edit.commit().unwrap();
    assert_eq!(file.group("/g").unwrap().names().unwrap().len(), 65_534);
    unsupported(
        file,
        |edit| link(edit, 65_535),
        &["65536 messages", "65,535"],
    );
}

/// Sets an attribute of this type on `/a`.
fn attribute(edit: &mut Edit<'_>, datatype: &Datatype, data: Vec<u8>) -> Result<()> {
    let id = edit.require("/a")?;
    let (context, tree) = edit.parts()?;
    let message = AttributeMessage {
        name: "x".to_owned(),
        datatype: AttributeType::Here(datatype.clone()),
        dataspace: Dataspace::Scalar,
        data,
    };
    let raw = RawMessage::new(&message, context.file.image().sizes());
    let attributes = &mut tree.change(context.file, id)?.attributes;
    attributes.insert("x", raw);
    Ok(())
}

#[test]
fn references_that_cannot_be_followed_hold_everything_where_it_is() {
    let mut file = small();
    let class = Class::Reference(ReferenceKind::Other(2));
    let datatype = Datatype { size: 64, class };
    let mut edit = file.edit().unwrap();
    attribute(&mut edit, &datatype, vec![1; 64]).unwrap();
    edit.commit().unwrap();
    let error = file.repack_to_bytes(&RepackOptions::new()).unwrap_err();
    assert!(error.is_unsupported(), "{error:?}");
    says(&error, &["/a", "references of a kind"]);
    // A file in memory has no name of its own to say.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    let error = file.repack(&path, &RepackOptions::new()).unwrap_err();
    says(&error, &["/a", "references of a kind"]);
    assert!(!path.exists());
    file.references.take();
    unsupported(
        file,
        |edit| edit.create_group("/g"),
        &["/a", "references of a kind"],
    );
}

#[test]
fn a_fill_value_moves_with_its_dataset() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let filled = DatasetOptions::chunked(&[2]).fill("none".into());
    edit.create("/new", DType::Str, &[3], &filled).unwrap();
    edit.create("/old", DType::Str, &[3], &filled).unwrap();
    // The message that stood in its place before HDF5 1.6.
    let id = edit.require("/old").unwrap();
    let (context, tree) = edit.parts().unwrap();
    let sizes: Sizes = context.file.image().sizes();
    let messages = &mut tree.change(context.file, id).unwrap().messages;
    let raw = messages.iter_mut().find(|raw| raw.kind == 5).unwrap();
    let fill: crate::format::message::FillValue = raw.parse(sizes).unwrap();
    *raw = RawMessage::new(&OldFillValue { value: fill.value }, sizes);
    edit.commit().unwrap();
    let repacked = file.repack_to_bytes(&RepackOptions::new()).unwrap();
    let repacked = File::from_bytes(repacked).unwrap();
    for path in ["/new", "/old"] {
        let values = repacked.dataset(path).unwrap().read_any(&[]).unwrap();
        assert_eq!(values, ["none"; 3].as_slice().into(), "{path}");
    }
    assert_eq!(repacked.space().unwrap().unreachable, 0);
}

/// More values than there are numbers for could not be read again, even where an axis has none.
#[test]
fn shapes_of_more_values_than_can_be_counted() {
    let mut file = small();
    let mut edit = file.edit().unwrap();
    let countless = [usize::MAX / 2, 4];
    for shape in [&countless[..], &[&countless[..], &[0]].concat()] {
        let chunked = DatasetOptions::chunked(&vec![4; shape.len()]);
        for options in [DatasetOptions::contiguous(), chunked] {
            let error = edit.create("/b", DType::U8, shape, &options).unwrap_err();
            assert!(
                matches!(error.root_cause(), Error::Unsupported { .. }),
                "{error:?}"
            );
            says(&error, &["/b", "size"]);
        }
    }
    let error = edit.resize("/a", &[usize::MAX]).unwrap_err();
    assert!(
        matches!(error.root_cause(), Error::Unsupported { .. }),
        "{error:?}"
    );
    edit.commit().unwrap();
    assert_eq!(file.root().unwrap().names().unwrap(), ["a"]);
    assert_eq!(file.dataset("/a").unwrap().shape(), [3]);
}
