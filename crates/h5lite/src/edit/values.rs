//! From values in memory to elements as they are stored.

use std::borrow::Cow;

use ndarray::ArrayD;

use super::Context;
use crate::{
    error::{Error, Result},
    format::{
        field::Encoder,
        global_heap::GlobalHeapBuilder,
        message::{ByteOrder, CharacterSet, Class, Datatype, FloatLayout, Padding},
    },
    image::Address,
    read::StoredNumber,
    value::{Array, DType, Element, Number},
    with_array,
};

/// A collection of the global heap is closed once it takes this many bytes.
const COLLECTION: usize = 1 << 16;

impl Datatype {
    /// The type that values of `dtype` are stored as: little-endian numbers, and strings of
    /// variable length in UTF-8, as loompy and h5py write them.
    #[must_use]
    pub fn of(dtype: DType) -> Self {
        let (size, class) = match (dtype, dtype.size()) {
            (DType::Str, _) | (_, None) => {
                let byte = Self::of(DType::U8);
                let string = Some((Padding::NullTerminated, CharacterSet::Utf8));
                (
                    16,
                    Class::VariableLength {
                        string,
                        base: Box::new(byte),
                    },
                )
            }
            (float, Some(size)) if float.is_float() => {
                let size = u32::from(bytes_for_usize(size));
                let layout = FloatLayout::ieee(size).unwrap_or_else(FloatLayout::single);
                (
                    size,
                    Class::FloatingPoint {
                        order: ByteOrder::Little,
                        layout,
                    },
                )
            }
            (integer, Some(size)) => {
                let size = bytes_for_usize(size);
                let class = Class::FixedPoint {
                    order: ByteOrder::Little,
                    signed: integer.is_signed(),
                    bit_offset: 0,
                    precision: u16::from(size) * 8,
                };
                (u32::from(size), class)
            }
        };
        Self { size, class }
    }

    /// Strings of `size` bytes in ASCII, filled up with NULs, as files before Loom 3.0 hold them.
    #[must_use]
    pub fn fixed_string(size: u32) -> Self {
        let class = Class::String {
            padding: Padding::NullPadded,
            character_set: CharacterSet::Ascii,
        };
        Self {
            size: size.max(1),
            class,
        }
    }
}

/// A size of at most 8, as a byte.
fn bytes_for_usize(size: usize) -> u8 {
    u8::try_from(size).unwrap_or(8).min(8)
}

/// What is to be written to a dataset.
#[derive(Clone, Copy, Debug)]
pub(super) enum Incoming<'a> {
    /// Values.
    Values(&'a Array),
    /// Elements as the dataset's type stores them.
    Stored(&'a [u8]),
}

impl<'a> Incoming<'a> {
    /// How many elements of so many bytes it is, the last perhaps not whole.
    pub(super) fn len(self, element: usize) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Stored(bytes) => bytes.len().div_ceil(element.max(1)),
        }
    }

    /// Whether it may become elements of this type at all.
    ///
    /// # Errors
    /// As [`check_kind`]; [`Error::Mismatch`] also for elements that are not whole.
    pub(super) fn check(self, datatype: &Datatype) -> Result<()> {
        match self {
            Self::Values(values) => check_kind(values, datatype),
            Self::Stored(bytes) if bytes.len().is_multiple_of(datatype.size as usize) => Ok(()),
            Self::Stored(bytes) => Err(Error::Mismatch {
                expected: format!("elements of {} bytes", datatype.size),
                found: format!("{} bytes", bytes.len()),
            }),
        }
    }

    /// Its elements, in C order.
    ///
    /// # Errors
    /// As [`stored`].
    pub(super) fn stored(
        self,
        context: &mut Context<'_>,
        datatype: &Datatype,
    ) -> Result<Cow<'a, [u8]>> {
        match self {
            Self::Values(values) => stored(context, values, datatype).map(Cow::Owned),
            Self::Stored(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Appends its elements in one run.
    ///
    /// # Errors
    /// As [`append`].
    pub(super) fn append(self, context: &mut Context<'_>, datatype: &Datatype) -> Result<Address> {
        match self {
            Self::Values(values) => append(context, values, datatype),
            Self::Stored(bytes) => context.append(bytes),
        }
    }
}

/// Whether values of this array may become elements of this type at all.
///
/// # Errors
/// [`Error::Mismatch`] where they may not: the rule of reading, in the other direction. There is no
/// `float16` in memory, so what reading gives for it is taken if each value is one.
fn check_kind(array: &Array, datatype: &Datatype) -> Result<()> {
    let text = match &datatype.class {
        Class::VariableLength { string, .. } => string.is_some(),
        Class::String { .. } => true,
        _ => false,
    };
    let number = StoredNumber::of(datatype).map(|number| number.dtype);
    let fits = match (array.dtype(), number) {
        (DType::Str, _) => text,
        (_, None) => false,
        (DType::F32, Some(DType::F16)) => true,
        (from, Some(to)) => from.is_safe_in(to),
    };
    if fits {
        return Ok(());
    }
    Err(Error::Mismatch {
        expected: datatype.to_string(),
        found: array.dtype().to_string(),
    })
}

/// Appends the elements of a dataset of this type that hold the values of `array`, in one run.
///
/// # Errors
/// As [`stored`].
fn append(context: &mut Context<'_>, array: &Array, datatype: &Datatype) -> Result<Address> {
    /// A multiple of 8, so that every block but the last is one in bytes, and the next follows it
    /// without a gap.
    const BLOCK: usize = if cfg!(test) { 16 } else { 1 << 16 };
    // Text puts its heap collections between the blocks.
    if array.dtype() == DType::Str || array.len() <= BLOCK {
        let stored = stored(context, array, datatype)?;
        return context.append(&stored);
    }
    let mut start = None;
    with_array!(array, a => {
        let mut values = a.iter();
        loop {
            #[allow(clippy::cloned_instead_of_copied, reason = "text is no Copy")]
            let block: Vec<_> = values.by_ref().take(BLOCK).cloned().collect();
            if block.is_empty() {
                break;
            }
            let stored = stored(context, &block.into(), datatype)?;
            let address = context.append(&stored)?;
            start.get_or_insert(address);
        }
    });
    start.ok_or_else(|| Error::corrupt("raw data", Address(0), "no values"))
}

/// The elements of a dataset of this type that hold the values of `array`, in C order. Strings of
/// variable length are put into the global heap.
///
/// # Errors
/// As [`check_kind`]; [`Error::Mismatch`] also for a single value that does not fit.
pub(super) fn stored(
    context: &mut Context<'_>,
    array: &Array,
    datatype: &Datatype,
) -> Result<Vec<u8>> {
    let mismatch = || Error::Mismatch {
        expected: datatype.to_string(),
        found: array.dtype().to_string(),
    };
    match (array, &datatype.class) {
        (
            Array::Str(text),
            Class::VariableLength {
                string: Some(_), ..
            },
        ) => variable_strings(context, text.iter().map(String::as_bytes)),
        (Array::Str(text), Class::String { padding, .. }) => {
            let mut out = Vec::new();
            for text in text {
                fixed_string(text.as_bytes(), datatype, *padding, &mut out)?;
            }
            Ok(out)
        }
        (Array::Str(_), _) => Err(mismatch()),
        (numbers, _) => {
            check_kind(numbers, datatype)?;
            let number = StoredNumber::of(datatype).ok_or_else(mismatch)?;
            if let (Array::F32(values), DType::F16) = (numbers, number.dtype) {
                let is_half = |value: f32| {
                    value.is_nan()
                        || half::f16::from_f32(value).to_f32().to_bits() == value.to_bits()
                };
                if let Some(value) = values.iter().find(|value| !is_half(**value)) {
                    return Err(Error::Mismatch {
                        expected: "values of float16".to_owned(),
                        found: value.to_string(),
                    });
                }
            }
            number
                .unpack(&little_endian(numbers, number.dtype))
                .ok_or_else(mismatch)
        }
    }
}

/// The numbers of an array as those of another type, in little-endian order.
fn little_endian(array: &Array, target: DType) -> Vec<u8> {
    fn converted<T: Number>(bytes: &[u8], source: DType, count: usize) -> Vec<u8> {
        let mut values = vec![T::default(); count];
        if let Some(convert) = T::converter(source) {
            convert(bytes, &mut values);
        }
        let mut out = Vec::new();
        for value in values {
            value.put_little_endian(&mut out);
        }
        out
    }
    /// An iterator over any number of axes costs more than what is done with a value.
    fn packed<T: Element>(array: &ArrayD<T>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(array.len() * T::DTYPE.size().unwrap_or(0));
        match array.as_slice() {
            Some(values) => (values.iter()).for_each(|value| value.put_little_endian(&mut bytes)),
            None => (array.iter()).for_each(|value| value.put_little_endian(&mut bytes)),
        }
        bytes
    }
    let bytes = with_array!(array, a => packed(a));
    let (source, count) = (array.dtype(), array.len());
    match target {
        _ if target == source => bytes,
        DType::I16 => converted::<i16>(&bytes, source, count),
        DType::I32 => converted::<i32>(&bytes, source, count),
        DType::I64 => converted::<i64>(&bytes, source, count),
        DType::U16 => converted::<u16>(&bytes, source, count),
        DType::U32 => converted::<u32>(&bytes, source, count),
        DType::U64 => converted::<u64>(&bytes, source, count),
        DType::F16 => {
            let wide = converted::<f32>(&bytes, source, count);
            let numbers = wide
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes));
            numbers
                .flat_map(|number| half::f16::from_f32(number).to_le_bytes())
                .collect()
        }
        DType::F32 => converted::<f32>(&bytes, source, count),
        DType::F64 => converted::<f64>(&bytes, source, count),
        DType::I8 | DType::U8 | DType::Str => bytes,
    }
}

/// A string and what fills the rest of its element.
fn fixed_string(
    text: &[u8],
    datatype: &Datatype,
    padding: Padding,
    out: &mut Vec<u8>,
) -> Result<()> {
    let size = datatype.size as usize;
    let room = if padding == Padding::NullTerminated {
        size - 1
    } else {
        size
    };
    if text.len() > room {
        return Err(Error::Mismatch {
            expected: format!("at most {room} bytes of text"),
            found: format!("{} bytes", text.len()),
        });
    }
    out.extend_from_slice(text);
    let fill = if padding == Padding::SpacePadded {
        b' '
    } else {
        0
    };
    out.extend(std::iter::repeat_n(fill, size - text.len()));
    Ok(())
}

/// Puts strings into new collections of the global heap and returns the references to them.
///
/// # Errors
/// [`Error::Mismatch`] for text with a NUL, which would end there for every C program.
fn variable_strings<'t>(
    context: &mut Context<'_>,
    strings: impl Iterator<Item = &'t [u8]>,
) -> Result<Vec<u8>> {
    let sizes = context.file.image().sizes();
    let mut references = Encoder::new(sizes);
    let mut heap = GlobalHeapBuilder::new(sizes);
    for text in strings {
        if text.contains(&0) {
            return Err(Error::Mismatch {
                expected: "text without NUL".to_owned(),
                found: String::from_utf8_lossy(text).escape_debug().to_string(),
            });
        }
        let length =
            u32::try_from(text.len()).map_err(|_| Error::unsupported("string of 4 GiB or more"))?;
        if text.is_empty() {
            references.zeros(usize::from(sizes.offset) + 8);
            continue;
        }
        // Nothing else is appended before this collection is, so its address is known.
        let address = context.tail.next();
        references.u32(length);
        references.offset(Some(address));
        references.u32(u32::from(heap.push(text).unwrap_or(0)));
        if heap.used() >= COLLECTION || heap.is_full() {
            let full = std::mem::replace(&mut heap, GlobalHeapBuilder::new(sizes));
            context.append(&full.encode())?;
        }
    }
    if !heap.is_empty() {
        context.append(&heap.encode())?;
    }
    Ok(references.finish())
}
