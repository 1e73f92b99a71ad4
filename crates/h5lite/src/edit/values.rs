//! From values in memory to elements as they are stored.

use std::borrow::Cow;

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
    value::{Array, DType, Element},
    with_array, with_dtype,
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
            Self::Values(values) => check_kind(values.dtype(), datatype),
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

/// Whether values of type `from` may become elements of this type at all.
///
/// # Errors
/// [`Error::Mismatch`] where they may not: the rule of reading, in the other direction. There is no
/// `float16` in memory, so what reading gives for it is taken if each value is one.
fn check_kind(from: DType, datatype: &Datatype) -> Result<()> {
    let text = match &datatype.class {
        Class::VariableLength { string, .. } => string.is_some(),
        Class::String { .. } => true,
        _ => false,
    };
    let number = StoredNumber::of(datatype).map(|number| number.dtype);
    let fits = match (from, number) {
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
        found: from.to_string(),
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
        (values, _) => with_array!(values, a => {
            let values = a.as_standard_layout();
            let mut out = Vec::new();
            numbers(values.as_slice().unwrap_or_default(), datatype, &mut out)?;
            Ok(out)
        }),
    }
}

/// Appends the elements of this type that hold these numbers.
///
/// # Errors
/// As [`check_kind`]; [`Error::Mismatch`] also for a single value that does not fit.
pub(super) fn numbers<T: Element>(
    values: &[T],
    datatype: &Datatype,
    out: &mut Vec<u8>,
) -> Result<()> {
    check_kind(T::DTYPE, datatype)?;
    let mismatch = || Error::Mismatch {
        expected: datatype.to_string(),
        found: T::DTYPE.to_string(),
    };
    let number = StoredNumber::of(datatype).ok_or_else(mismatch)?;
    let start = out.len();
    T::put_little_endian(values, out);
    if number.dtype != T::DTYPE {
        let packed = out.split_off(start);
        match number.dtype {
            DType::F16 => halves(&packed, T::DTYPE, out)?,
            wider => convert(&packed, T::DTYPE, wider, out),
        }
    }
    let stored = out.get_mut(start..).unwrap_or_default();
    number.unpack(stored).ok_or_else(mismatch)
}

/// Appends packed numbers of a type as those of another.
fn convert(packed: &[u8], from: DType, to: DType, out: &mut Vec<u8>) {
    with_dtype!(to, T => {
        let mut values = vec![T::default(); packed.len() / from.size().unwrap_or(1)];
        if let Some(convert) = T::converter(from) {
            convert(packed, &mut values);
        }
        T::put_little_endian(&values, out);
    });
}

/// Appends packed numbers as `float16`.
///
/// # Errors
/// [`Error::Mismatch`] for the first that does not have that type, where it is `f32` that reading
/// gives for it.
fn halves(packed: &[u8], from: DType, out: &mut Vec<u8>) -> Result<()> {
    let mut values = vec![0_f32; packed.len() / from.size().unwrap_or(1)];
    if let Some(convert) = f32::converter(from) {
        convert(packed, &mut values);
    }
    for value in values {
        let half = half::f16::from_f32(value);
        if from == DType::F32 && !value.is_nan() && half.to_f32().to_bits() != value.to_bits() {
            return Err(Error::Mismatch {
                expected: "values of float16".to_owned(),
                found: value.to_string(),
            });
        }
        out.extend(half.to_le_bytes());
    }
    Ok(())
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
