//! Object headers and their messages, written by hand in place of a group's.

use h5lite::Object;

use crate::{
    Named,
    bytes::{Bytes, words},
    trap::{
        Call,
        Expected::{self, Answer, Corrupt},
        Trap,
    },
};

pub(crate) const TRAPS: &[Named] = &[
    ("continuation_cycle", continuation_cycle),
    ("continuation_beyond_eof", continuation_beyond_eof),
    ("continuations_overlap", continuations_overlap),
    ("header_of_4_gib", header_of_4_gib),
    ("message_longer_than_header", message_longer_than_header),
    ("message_that_must_be_known", message_that_must_be_known),
    ("dataspace_rank_33", dataspace_rank_33),
    ("dataspace_shorter_than_rank", dataspace_shorter_than_rank),
    (
        "datatype_compound_in_compound",
        datatype_compound_in_compound,
    ),
    ("datatype_array_of_arrays", datatype_array_of_arrays),
    ("datatype_array_dims_overflow", datatype_array_dims_overflow),
    (
        "datatype_sequence_of_sequences",
        datatype_sequence_of_sequences,
    ),
    ("datatype_member_outside", datatype_member_outside),
    ("datatype_enum_of_65535", datatype_enum_of_65535),
    ("datatype_float_of_65535_bits", datatype_float_of_65535_bits),
    ("datatype_integer_of_no_bytes", datatype_integer_of_no_bytes),
    ("datatype_integer_of_4_gib", datatype_integer_of_4_gib),
    ("datatype_string_of_no_bytes", datatype_string_of_no_bytes),
    ("datatype_string_of_4_gib", datatype_string_of_4_gib),
    ("datatype_shared_with_itself", datatype_shared_with_itself),
    ("datatypes_share_each_other", datatypes_share_each_other),
    ("committed_datatype_is_itself", committed_datatype_is_itself),
    (
        "attribute_longer_than_message",
        attribute_longer_than_message,
    ),
    ("attribute_name_lies", attribute_name_lies),
    ("attribute_shape_lies", attribute_shape_lies),
    ("attributes_of_one_name", attributes_of_one_name),
    ("filters_33", filters_33),
    ("filter_of_65535_parameters", filter_of_65535_parameters),
    ("fill_value_of_4_gib", fill_value_of_4_gib),
    ("layout_of_the_future", layout_of_the_future),
];

/// A message: its number, its flags, its body.
type Message = (u16, u8, Vec<u8>);

/// A version 1 header.
fn header(messages: &[Message]) -> Vec<u8> {
    let mut block = Vec::new();
    for (kind, flags, body) in messages {
        let len = body.len().next_multiple_of(8);
        block.extend(kind.to_le_bytes());
        block.extend(u16::try_from(len).unwrap().to_le_bytes());
        block.extend([*flags, 0, 0, 0]);
        block.extend(body);
        block.resize(block.len() + len - body.len(), 0);
    }
    let count = u16::try_from(messages.len()).unwrap().to_le_bytes();
    let len = u32::try_from(block.len()).unwrap().to_le_bytes();
    [&[1, 0], &count[..], &[1, 0, 0, 0], &len, &[0; 4], &block].concat()
}

const DATASPACE: u16 = 1;
const DATATYPE: u16 = 3;
const FILL: u16 = 5;
const LAYOUT: u16 = 8;
const FILTERS: u16 = 11;
const ATTRIBUTE: u16 = 12;
const CONTINUATION: u16 = 16;

/// All there is of `/g`.
const READ: Call = Call::Of(|file| {
    let object = file.object("/g")?;
    for attribute in object.attributes()? {
        attribute.read_bytes()?;
    }
    match object {
        Object::Dataset(dataset) => Ok(format!("{} bytes", dataset.read_bytes(&[])?.len())),
        _ => Ok(format!("{} attributes", object.attributes()?.len())),
    }
});

/// A file whose `/g` has the header that `make` writes, which gets its address.
fn by_hand(make: impl FnOnce(u64) -> Vec<u8>, expected: Expected) -> Trap {
    let base = Bytes::made(|edit| edit.create_group("g"));
    let change = |file: &mut Bytes| {
        let made = make(file.end());
        let address = file.append(&made);
        let link = file.find(b"SNOD") + 16;
        file.put(link, &words(&[address]));
    };
    Trap::new(base, change, READ, expected)
}

fn byte() -> Vec<u8> {
    vec![0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0]
}

fn dataspace(dims: &[u64]) -> Vec<u8> {
    let rank = u8::try_from(dims.len()).unwrap();
    [&[1, rank, 0, 0, 0, 0, 0, 0], &words(dims)[..]].concat()
}

/// A dataset of this type in its header, which has room for 64 bytes of values.
fn typed(datatype: Vec<u8>, expected: Expected) -> Trap {
    let layout = [&[3, 0, 64, 0][..], &[7; 64]].concat();
    let messages = [
        (DATASPACE, 0, dataspace(&[1])),
        (DATATYPE, 0, datatype),
        (LAYOUT, 0, layout),
    ];
    by_hand(|_| header(&messages), expected)
}

fn continuation_cycle() -> Trap {
    let make = |at: u64| header(&[(CONTINUATION, 0, words(&[at + 16, 24]))]);
    by_hand(make, Corrupt("the header leads back to it"))
}

fn continuation_beyond_eof() -> Trap {
    let make = |_| header(&[(CONTINUATION, 0, words(&[1 << 40, 1 << 40]))]);
    by_hand(make, Corrupt("leave the file"))
}

/// Each of a thousand blocks begins one message behind the one before, and takes all that follow.
fn continuations_overlap() -> Trap {
    let make = |at: u64| {
        let block = |i: u64| {
            (
                CONTINUATION,
                0,
                words(&[at + 16 + i * 24, (1_000 - i) * 24]),
            )
        };
        header(&(0..1_000).map(block).collect::<Vec<_>>())
    };
    by_hand(make, Corrupt("object header continuation block"))
}

fn header_of_4_gib() -> Trap {
    let make = |_| {
        let mut made = header(&[]);
        made[8..12].copy_from_slice(&[0xff; 4]);
        made
    };
    by_hand(make, Corrupt("leave the file"))
}

fn message_longer_than_header() -> Trap {
    let make = |_| {
        let mut made = header(&[(ATTRIBUTE, 0, vec![1; 16])]);
        made[18..20].copy_from_slice(&[0xff; 2]);
        made
    };
    by_hand(make, Corrupt("object header"))
}

fn message_that_must_be_known() -> Trap {
    let make = |_| header(&[(0x99, 0x80, vec![])]);
    by_hand(make, Expected::Unsupported("message 0x99"))
}

fn dataspace_rank_33() -> Trap {
    let messages = [(DATASPACE, 0, dataspace(&[1; 33])), (DATATYPE, 0, byte())];
    by_hand(|_| header(&messages), Corrupt("33"))
}

fn dataspace_shorter_than_rank() -> Trap {
    let mut space = dataspace(&[1]);
    space[1] = 32;
    let messages = [(DATASPACE, 0, space), (DATATYPE, 0, byte())];
    by_hand(|_| header(&messages), Corrupt("dataspace message"))
}

/// A type inside others: what each begins with comes again and again.
fn nested(each: &[u8]) -> Vec<u8> {
    let mut datatype = each.repeat(65_000 / each.len());
    datatype.extend(byte());
    datatype
}

fn datatype_compound_in_compound() -> Trap {
    // Version 3: one member, of one byte, called a, at 0.
    let compound = [0x36, 1, 0, 0, 1, 0, 0, 0, b'a', 0, 0];
    typed(nested(&compound), Corrupt("datatype message"))
}

fn datatype_array_of_arrays() -> Trap {
    let array = [0x3a, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0];
    typed(nested(&array), Corrupt("datatype message"))
}

fn datatype_array_dims_overflow() -> Trap {
    let dims = [0xff; 4 * 32];
    let array = [&[0x3a, 0, 0, 0, 1, 0, 0, 0, 32][..], &dims, &byte()].concat();
    typed(array, Corrupt("datatype message"))
}

fn datatype_sequence_of_sequences() -> Trap {
    let sequence = [0x19, 0, 0, 0, 16, 0, 0, 0];
    typed(nested(&sequence), Corrupt("datatype message"))
}

fn datatype_member_outside() -> Trap {
    let compound = [&[0x36, 1, 0, 0, 1, 0, 0, 0, b'a', 0, 200][..], &byte()].concat();
    typed(compound, Corrupt("datatype message"))
}

fn datatype_enum_of_65535() -> Trap {
    let enumeration = [&[0x38, 0xff, 0xff, 0, 1, 0, 0, 0][..], &byte(), b"a\0b\0"].concat();
    typed(enumeration, Corrupt("datatype message"))
}

fn datatype_float_of_65535_bits() -> Trap {
    let float = [
        0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 0xff, 0xff, 200, 100, 50, 200, 127, 0, 0, 0,
    ];
    typed(float.to_vec(), Corrupt("datatype message"))
}

fn datatype_integer_of_no_bytes() -> Trap {
    typed(
        vec![0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0],
        Corrupt("datatype message"),
    )
}

fn datatype_integer_of_4_gib() -> Trap {
    let integer = vec![0x10, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 8, 0];
    typed(
        integer,
        Corrupt("64 bytes of data where 4294967295 are due"),
    )
}

fn datatype_string_of_no_bytes() -> Trap {
    typed(vec![0x13, 0, 0, 0, 0, 0, 0, 0], Corrupt("datatype message"))
}

fn datatype_string_of_4_gib() -> Trap {
    typed(
        vec![0x13, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
        Corrupt("64 bytes of data where 4294967295 are due"),
    )
}

/// What stands in place of a message that is shared with an object.
fn shared(address: u64) -> Vec<u8> {
    [&[3, 2], &words(&[address])[..]].concat()
}

fn datatype_shared_with_itself() -> Trap {
    let make = |at| {
        header(&[
            (DATASPACE, 0, dataspace(&[1])),
            (DATATYPE, 2, shared(at)),
            (LAYOUT, 0, vec![3, 0, 1, 0, 7]),
        ])
    };
    by_hand(make, Corrupt("to share"))
}

fn datatypes_share_each_other() -> Trap {
    let make = |at| {
        let other = |other| {
            header(&[
                (DATASPACE, 0, dataspace(&[1])),
                (DATATYPE, 2, shared(other)),
                (LAYOUT, 0, vec![3, 0, 1, 0, 7]),
            ])
        };
        let len = other(0).len() as u64;
        [other(at + len), other(at)].concat()
    };
    by_hand(make, Corrupt("to share"))
}

fn committed_datatype_is_itself() -> Trap {
    let make = |at| header(&[(DATATYPE, 2, shared(at))]);
    by_hand(make, Corrupt("to share"))
}

/// An attribute called `a`: its name, the type and shape as they claim to be long, the values.
fn attribute(name_len: u16, space: &[u8], values: &[u8]) -> Message {
    let lens = [name_len, 12, u16::try_from(space.len()).unwrap()];
    let lens: Vec<u8> = lens.iter().flat_map(|len| len.to_le_bytes()).collect();
    let datatype = [&byte()[..], &[0; 4]].concat();
    let body = [
        &[1, 0],
        &lens[..],
        b"a\0\0\0\0\0\0\0",
        &datatype,
        space,
        values,
    ]
    .concat();
    (ATTRIBUTE, 0, body)
}

fn group_with(attributes: &[Message], expected: Expected) -> Trap {
    // An object of no kind is refused before its attributes are looked at.
    let mut messages = vec![(DATATYPE, 0, byte())];
    messages.extend_from_slice(attributes);
    by_hand(|_| header(&messages), expected)
}

fn attribute_longer_than_message() -> Trap {
    group_with(
        &[attribute(2, &dataspace(&[1 << 20]), &[7; 8])],
        Corrupt("/g@a"),
    )
}

fn attribute_name_lies() -> Trap {
    group_with(
        &[attribute(0xfff0, &dataspace(&[1]), &[7; 8])],
        Corrupt("attribute message"),
    )
}

fn attribute_shape_lies() -> Trap {
    group_with(
        &[attribute(2, &dataspace(&[1 << 40; 32]), &[7; 8])],
        Expected::Unsupported("size of a dataset"),
    )
}

fn attributes_of_one_name() -> Trap {
    let twins = vec![attribute(2, &dataspace(&[1]), &[7; 8]); 500];
    group_with(&twins, Answer("500 attributes"))
}

/// A dataset in chunks, none of them written, with this message beside it.
fn in_chunks(message: Message, expected: Expected) -> Trap {
    let undefined = words(&[u64::MAX]);
    let layout = [&[3, 2, 2][..], &undefined, &[1, 0, 0, 0, 1, 0, 0, 0]].concat();
    let messages = [
        (DATASPACE, 0, dataspace(&[1])),
        (DATATYPE, 0, byte()),
        (LAYOUT, 0, layout),
        message,
    ];
    by_hand(|_| header(&messages), expected)
}

fn filters_33() -> Trap {
    let shuffle = [2, 0, 0, 0, 1, 0, 0, 0];
    let pipeline = [&[1, 33, 0, 0, 0, 0, 0, 0][..], &shuffle.repeat(33)].concat();
    in_chunks((FILTERS, 0, pipeline), Corrupt("33"))
}

fn filter_of_65535_parameters() -> Trap {
    let pipeline = vec![1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0xff, 0xff];
    in_chunks((FILTERS, 0, pipeline), Corrupt("filter pipeline message"))
}

fn fill_value_of_4_gib() -> Trap {
    in_chunks(
        (FILL, 0, vec![2, 1, 0, 1, 0xff, 0xff, 0xff, 0x7f]),
        Corrupt("fill value message"),
    )
}

fn layout_of_the_future() -> Trap {
    let messages = [
        (DATASPACE, 0, dataspace(&[1])),
        (DATATYPE, 0, byte()),
        (LAYOUT, 0, vec![99; 24]),
    ];
    by_hand(|_| header(&messages), Corrupt("version 99"))
}
