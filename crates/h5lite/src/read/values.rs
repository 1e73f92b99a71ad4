//! The values of a dataset or attribute, read whole or in part, as any type they fit.

use ndarray::{ArrayD, IxDyn};

use crate::{
    error::{Error, Result},
    format::message::{Class, Datatype},
    image::{Address, Image},
    limits::Limits,
    read::{
        gather::{Gather, Output},
        items::{Projection, StoredNumber},
        plan,
        storage::{CHUNK_COST, Storage},
        text::{each_sequence, each_string, mismatch},
        worker::Worker,
    },
    threads::Threads,
    value::{Array, DType, Element, Selection},
    with_dtype,
};

/// What an entry of an array counts as that has no values: whoever goes through the entries takes
/// something for each.
const ENTRY_BYTES: u64 = 64;

/// Everything needed to read values: where they are, what they are, how many.
#[derive(Clone, Debug)]
pub(crate) struct Values<'f> {
    pub(crate) image: &'f Image,
    pub(crate) limits: &'f Limits,
    pub(crate) threads: &'f Threads,
    pub(crate) storage: Storage,
    /// Type of a value: of the member, where only one member is looked at.
    pub(crate) datatype: Datatype,
    pub(crate) projection: Projection,
    /// Length of every axis.
    pub(crate) shape: Vec<usize>,
    /// One whole element as stored, for what was never written.
    pub(crate) fill: Option<Vec<u8>>,
}

/// What a value consists of once array types are taken apart.
struct Item<'a> {
    /// The shape that array types add to the dataset's own.
    dims: Vec<usize>,
    /// The type inside.
    datatype: &'a Datatype,
}

impl Values<'_> {
    /// The same values seen through one member of their compound type.
    pub(crate) fn member(&self, name: &str) -> Result<Self> {
        let Class::Compound(members) = &self.datatype.class else {
            return Err(mismatch("a compound", &self.datatype));
        };
        let member = members.iter().find(|member| member.name == name);
        let member = member.ok_or_else(|| Error::NotFound {
            what: "compound member",
            name: name.to_owned(),
        })?;
        let projection = Projection {
            stride: self.projection.stride,
            offset: self.projection.offset + member.offset as usize,
            size: member.datatype.size as usize,
        };
        Ok(Self {
            datatype: member.datatype.clone(),
            projection,
            ..self.clone()
        })
    }

    /// The fill value by itself, as an array without axes; `None` where there is none.
    pub(crate) fn fill_value(&self) -> Result<Option<Array>> {
        let Some(fill) = self.fill.clone() else {
            return Ok(None);
        };
        let element = fill.len();
        let alone = Self {
            storage: Storage::in_memory(Address::default(), fill, &[], element)?,
            shape: Vec::new(),
            ..self.clone()
        };
        alone.read_any(&[]).map(Some)
    }

    /// The type values have once they are read.
    pub(crate) fn dtype(&self) -> Result<DType> {
        let item = self.item();
        if let Some(number) = StoredNumber::of(item.datatype) {
            return Ok(number.dtype);
        }
        match &item.datatype.class {
            Class::String { .. }
            | Class::VariableLength {
                string: Some(_), ..
            } => Ok(DType::Str),
            _ => Err(Error::unsupported(format_args!(
                "values of type {}",
                self.datatype
            ))),
        }
    }

    /// Reads values as `T`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] where they are of another kind or, unless `lossy`, might change.
    pub(crate) fn read<T: Element>(
        &self,
        selections: &[Selection],
        lossy: bool,
    ) -> Result<ArrayD<T>> {
        let shape = self.result_shape::<T>(selections)?;
        if T::DTYPE == DType::Str {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut values = Vec::new();
            self.each_text(selections, |bytes| values.push(text(bytes)))?;
            return Array::Str(array(&shape, values)?).into_typed();
        }
        let mut values = filled(T::default(), shape.iter().product())?;
        self.fill_in(selections, &mut values, (lossy, true), None)?;
        array(&shape, values)
    }

    /// Reads values into a buffer of exactly the right length.
    pub(crate) fn read_into<T: Element>(
        &self,
        selections: &[Selection],
        out: &mut [T],
        lossy: bool,
    ) -> Result<()> {
        self.fill_in(selections, out, (lossy, false), None)
    }

    /// What a thread needs to read again and again with [`read_with`](Self::read_with).
    pub(crate) fn worker(&self) -> Result<Worker<'_>> {
        self.storage.check_readable(self.limits)?;
        Worker::new(self.image, &self.storage)
    }

    /// As [`read_into`](Self::read_into), on the caller's thread with a worker for these values.
    pub(crate) fn read_with<T: Element>(
        &self,
        worker: &mut Worker<'_>,
        selections: &[Selection],
        out: &mut [T],
    ) -> Result<()> {
        self.fill_in(selections, out, (false, false), Some(worker))
    }

    /// Reads values into a buffer; `zeroed` where it holds zeros.
    fn fill_in<T: Element>(
        &self,
        selections: &[Selection],
        out: &mut [T],
        (lossy, zeroed): (bool, bool),
        worker: Option<&mut Worker<'_>>,
    ) -> Result<()> {
        let stored = self.dtype()?;
        if !lossy && !stored.is_safe_in(T::DTYPE) {
            return Err(mismatch(T::DTYPE.name(), &self.datatype));
        }
        let number = StoredNumber::of(self.item().datatype);
        let (Some(number), Some(convert)) = (number, T::converter(stored)) else {
            return Err(mismatch(T::DTYPE.name(), &self.datatype));
        };
        let per_item = self.projection.size / number.size;
        self.gather(
            selections,
            out,
            Some(number),
            &Output {
                per_item,
                convert,
                zeroed,
            },
            worker,
        )
    }

    /// Reads values as the type the file holds.
    pub(crate) fn read_any(&self, selections: &[Selection]) -> Result<Array> {
        with_dtype!(self.dtype()?, T => self.read::<T>(selections, false).map(Array::from))
    }

    /// Reads the bytes of values as they are stored.
    pub(crate) fn bytes(&self, selections: &[Selection]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.bytes_into(selections, &mut bytes)?;
        Ok(bytes)
    }

    /// The same into a buffer whose memory is used again where it has the right length.
    pub(crate) fn bytes_into(&self, selections: &[Selection], bytes: &mut Vec<u8>) -> Result<()> {
        let items: usize = self.counts(selections, 0)?.iter().product();
        let len = items * self.projection.size;
        let zeroed = bytes.len() != len;
        if zeroed {
            *bytes = filled(0_u8, len)?;
        }
        let convert = |stored: &[u8], out: &mut [u8]| out.copy_from_slice(stored);
        let output = Output {
            per_item: self.projection.size,
            convert,
            zeroed,
        };
        self.gather(selections, bytes, None, &output, None)
    }

    /// The bytes of strings, without padding.
    pub(crate) fn strings(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        self.counts(selections, self.width::<Vec<u8>>())?;
        let mut strings = Vec::new();
        self.each_text(selections, |text| strings.push(text.to_vec()))?;
        Ok(strings)
    }

    /// The bytes of variable-length sequences, as their elements are stored.
    pub(crate) fn sequences(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        self.counts(selections, self.width::<Vec<u8>>())?;
        let limit = self.limits.bytes_in_heaps(self.image.len());
        let bytes = self.bytes(selections)?;
        let mut sequences = Vec::new();
        let push = |elements: &[u8]| sequences.push(elements.to_vec());
        each_sequence(self.image, self.item().datatype, &bytes, limit, push)?;
        Ok(sequences)
    }

    /// Calls `text` with the bytes of each string, without padding.
    fn each_text(&self, selections: &[Selection], text: impl FnMut(&[u8])) -> Result<()> {
        let limit = self.limits.bytes_in_heaps(self.image.len());
        let bytes = self.bytes(selections)?;
        each_string(self.image, self.item().datatype, &bytes, limit, text)
    }

    fn gather<T: Send>(
        &self,
        selections: &[Selection],
        out: &mut [T],
        number: Option<StoredNumber>,
        output: &Output<T>,
        worker: Option<&mut Worker<'_>>,
    ) -> Result<()> {
        let wanted = self.counts(selections, 0)?.iter().product::<usize>() * output.per_item;
        if out.len() != wanted {
            return Err(Error::Mismatch {
                expected: format!("a buffer for {wanted} values"),
                found: format!("one for {}", out.len()),
            });
        }
        self.storage.check_readable(self.limits)?;
        let gather = Gather {
            image: self.image,
            storage: &self.storage,
            limits: self.limits,
            threads: self.threads,
            projection: &self.projection,
            number,
            fill: self.fill.as_deref(),
        };
        let selections = plan::checked(selections, &self.shape)?;
        gather.run(&selections, out, output, worker)
    }

    /// Length of every axis of a result, array types included.
    fn result_shape<T: Element>(&self, selections: &[Selection]) -> Result<Vec<usize>> {
        let mut shape = self.counts(selections, self.width::<T>())?;
        shape.extend(self.item().dims);
        if shape.contains(&0) {
            let entries = shape.iter().fold(ENTRY_BYTES, |product, &count| {
                product.saturating_mul(count.max(1) as u64)
            });
            let what = "entries without values, in bytes,";
            Limits::check(what, entries, self.byte_limit(), "read_bytes")?;
        }
        Ok(shape)
    }

    /// Bytes that an element, which may be an array, takes as values of type `T`.
    fn width<T>(&self) -> usize {
        let items = self.item().dims.into_iter();
        items.fold(size_of::<T>(), usize::saturating_mul)
    }

    /// How many positions are selected on each axis, once that is known to be within the limits
    /// for elements that take `width` bytes in the result, if that is more than they are stored in.
    fn counts(&self, selections: &[Selection], width: usize) -> Result<Vec<usize>> {
        let selections = plan::checked(selections, &self.shape)?;
        let axes = selections.iter().zip(&self.shape).enumerate();
        let counts: Vec<usize> = axes
            .map(|(axis, (s, &length))| s.count(axis, length))
            .collect::<Result<_>>()?;
        let width = width.max(self.projection.size);
        let bytes = counts
            .iter()
            .try_fold(width, |bytes, &n| bytes.checked_mul(n));
        let bytes = bytes.filter(|bytes| isize::try_from(*bytes).is_ok());
        let limit = self.byte_limit();
        let bytes = bytes.map_or(u64::MAX, |bytes| bytes as u64);
        Limits::check("bytes of values", bytes, limit, "read_bytes")?;
        let product = |product: u64, &count: &usize| product.saturating_mul(count as u64);
        let elements = counts.iter().fold(1, product);
        Limits::check("values", elements, self.limits.elements, "elements")?;
        let axes = selections.iter().zip(&self.shape).zip(&self.storage.chunk);
        let mut chunks = 1_u64;
        for (axis, ((selection, &length), &chunk)) in axes.enumerate() {
            let touched = plan::touched(selection, axis, length, chunk)?;
            chunks = chunks.saturating_mul(touched as u64);
        }
        let limit = limit / CHUNK_COST;
        Limits::check("chunks to look up", chunks, limit, "read_bytes")?;
        Ok(counts)
    }

    /// How many bytes of values one call may return.
    fn byte_limit(&self) -> u64 {
        self.limits.bytes_of_a_read(self.image.len())
    }

    /// Whether all values together are within what one call may return.
    pub(crate) fn check_all_readable(&self) -> Result<()> {
        self.counts(&[], 0)?;
        self.storage.check_readable(self.limits)
    }

    fn item(&self) -> Item<'_> {
        let mut item = Item {
            dims: Vec::new(),
            datatype: &self.datatype,
        };
        while let Class::Array { dims, base } = &item.datatype.class {
            item.dims.extend(dims.iter().map(|&dim| dim as usize));
            item.datatype = base;
        }
        item
    }
}

/// `len` values, or an error where the system has no memory for them.
fn filled<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    // A trial run: filling a vector that has its room costs a pass over memory that the system
    // hands out as zeros for nothing.
    Vec::<T>::new().try_reserve_exact(len).map_err(|_| {
        let bytes = len.saturating_mul(size_of::<T>());
        Error::io(
            format_args!("get {bytes} bytes of memory"),
            std::io::ErrorKind::OutOfMemory.into(),
        )
    })?;
    Ok(vec![value; len])
}

fn array<T>(shape: &[usize], values: Vec<T>) -> Result<ArrayD<T>> {
    let found = values.len();
    ArrayD::from_shape_vec(IxDyn(shape), values).map_err(|_| Error::Mismatch {
        expected: format!("values of shape {shape:?}"),
        found: format!("{found} values"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        format::message::{
            ByteOrder, CharacterSet, ChunkIndex, DataLayout, Filter, FilterId, Padding,
        },
        source::Source,
    };

    fn unsigned(size: u32) -> Datatype {
        let class = Class::FixedPoint {
            order: ByteOrder::Little,
            signed: false,
            bit_offset: 0,
            precision: u16::try_from(size * 8).unwrap(),
        };
        Datatype { size, class }
    }

    fn text(size: u32) -> Datatype {
        let class = Class::String {
            padding: Padding::NullPadded,
            character_set: CharacterSet::Ascii,
        };
        Datatype { size, class }
    }

    fn chunks(shape: &[u64], element_size: u64, index: ChunkIndex) -> DataLayout {
        DataLayout::Chunked {
            shape: shape.to_vec(),
            element_size,
            index,
            plain_partial_chunks: false,
        }
    }

    fn values<'f>(
        image: &'f Image,
        limits: &'f Limits,
        layout: DataLayout,
        (shape, datatype): (&[usize], Datatype),
        filters: Vec<Filter>,
    ) -> Values<'f> {
        let size = datatype.size as usize;
        Values {
            image,
            limits,
            threads: &Threads::ONE,
            storage: Storage::new(Address(0), layout, filters, (shape, None), size).unwrap(),
            datatype,
            projection: Projection {
                stride: size,
                offset: 0,
                size,
            },
            shape: shape.to_vec(),
            fill: Some(vec![7; size]),
        }
    }

    /// Rows of 4 TiB (where addresses have 64 bits) of which only fill values exist.
    #[test]
    fn fill_values_take_the_room_of_what_is_read_not_of_what_is_there() {
        let (image, limits) = (Image::whole(Source::from(vec![])), Limits::default());
        let nowhere = DataLayout::Contiguous {
            address: None,
            size: None,
        };
        let columns = 1 << (usize::BITS / 8 * 5);
        let shape = [3, columns];
        let far = values(&image, &limits, nowhere, (&shape, unsigned(4)), vec![]);
        let at = [
            Selection::from(vec![2, 0]),
            (columns / 2..columns / 2 + 2).into(),
        ];
        let expected = ndarray::arr2(&[[0x0707_0707_u32; 2]; 2]).into_dyn();
        assert_eq!(far.read::<u32>(&at, false).unwrap(), expected);
        // A buffer that holds something else is overwritten.
        let mut buffer = [1_u32; 4];
        far.read_into(&at, &mut buffer, false).unwrap();
        assert_eq!(buffer, [0x0707_0707; 4]);
    }

    #[test]
    fn what_a_call_takes_is_limited_whatever_the_file_stores() {
        let (image, limits) = (Image::whole(Source::from(vec![])), Limits::default());
        let index = || ChunkIndex::BtreeV1(None);
        let limited = |result: Result<()>, what: &str| match result {
            Err(Error::Limit { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        };
        let shape = [100 << 20];
        // Bytes are within the limit; numbers of eight times the width and strings are not.
        let few = || chunks(&[1 << 20], 1, index());
        let bytes = values(&image, &limits, few(), (&shape, unsigned(1)), vec![]);
        assert_eq!(bytes.bytes(&[]).unwrap().len(), shape[0]);
        limited(bytes.read::<f64>(&[], false).map(drop), "bytes of values");
        let strings = values(&image, &limits, few(), (&shape, text(1)), vec![]);
        limited(strings.strings(&[]).map(drop), "bytes of values");
        limited(
            strings.read::<String>(&[], false).map(drop),
            "bytes of values",
        );
        // A hundred million chunks of a byte, none of them stored.
        let many = chunks(&[1], 1, index());
        let many = values(&image, &limits, many, (&shape, unsigned(1)), vec![]);
        limited(many.bytes(&[]).map(drop), "chunks to look up");
        assert_eq!(many.bytes(&[(5..9).into()]).unwrap(), [7; 4]);
        // Sums that leave the machine's numbers are over every limit.
        let all = Limits {
            read_bytes: u64::MAX,
            chunk_bytes: u64::MAX,
            ..Limits::default()
        };
        let huge = chunks(&[1 << 31; 3], 1, index());
        let huge = values(&image, &all, huge, (&[1 << 9; 3], unsigned(1)), vec![]);
        let first = [0, 0, 0].map(Into::into);
        limited(huge.bytes(&first).map(drop), "bytes of a chunk");
        let shape = [usize::MAX >> 2];
        let long = values(&image, &all, few(), (&shape, unsigned(1)), vec![]);
        limited(long.read::<f64>(&[], false).map(drop), "bytes of values");
        // A quarter of what 32 bits can address may well be there.
        let fails = cfg!(target_pointer_width = "32") || long.bytes(&[]).is_err();
        assert!(fails, "no machine has so much memory");
    }

    /// Every chunk is the same 100 bytes, stored once.
    #[test]
    fn chunks_that_overlap_cannot_multiply_the_file() {
        let limits = Limits::default();
        let stored = |i: u64| (vec![i], i * 100 % 1000);
        let read = |chunk_count: u64, file_len: usize| {
            let mut bytes = vec![5; file_len];
            let root = tree(&mut bytes, (0..chunk_count).map(stored));
            let image = Image::whole(Source::from(bytes));
            let layout = chunks(&[100], 1, ChunkIndex::BtreeV1(Some(root)));
            let shape = [usize::try_from(chunk_count).unwrap() * 100];
            let all = values(&image, &limits, layout, (&shape, unsigned(1)), vec![]);
            all.bytes(&[])
        };
        assert_eq!(read(10, 1000).unwrap(), [5; 1000]);
        let error = read(200, 1000).unwrap_err();
        assert!(error.to_string().contains("overlap"), "{error}");
    }

    /// Appends a leaf of a version 1 B-tree that says where each chunk of 100 bytes is.
    fn tree(bytes: &mut Vec<u8>, chunks: impl Iterator<Item = (Vec<u64>, u64)>) -> Address {
        let mut node = Vec::new();
        let mut count = 0_u16;
        for (coordinates, address) in chunks {
            node.extend([100, 0, 0, 0, 0, 0, 0, 0]);
            for at in coordinates {
                node.extend((at * 100).to_le_bytes());
            }
            node.extend([0; 8]);
            node.extend(address.to_le_bytes());
            count += 1;
        }
        let at = Address(bytes.len() as u64);
        bytes.extend(b"TREE\x01\0");
        bytes.extend(count.to_le_bytes());
        bytes.extend([0xff; 16]);
        bytes.extend(node);
        bytes.extend([0xff; 24]);
        at
    }

    #[test]
    fn an_index_of_one_chunk_is_not_stretched_over_several() {
        let (image, limits) = (Image::whole(Source::from(vec![3; 10])), Limits::default());
        let single = ChunkIndex::Single {
            address: Some(Address(0)),
            filtered: None,
        };
        let layout = || chunks(&[10], 1, single);
        let one = values(&image, &limits, layout(), (&[7], unsigned(1)), vec![]);
        assert_eq!(one.bytes(&[]).unwrap(), [3; 7]);
        let two = values(&image, &limits, layout(), (&[20], unsigned(1)), vec![]);
        assert!(two.bytes(&[]).unwrap_err().is_corrupt());
    }

    #[test]
    fn a_shuffle_must_say_of_how_many_bytes() {
        let (image, limits) = (Image::whole(Source::from(vec![3; 10])), Limits::default());
        let single = ChunkIndex::Single {
            address: Some(Address(0)),
            filtered: None,
        };
        for (parameters, right) in [(vec![2], true), (vec![0], false), (vec![], false)] {
            let shuffle = Filter {
                id: FilterId::SHUFFLE,
                optional: true,
                parameters,
                name: None,
            };
            let layout = chunks(&[5], 2, single);
            let pairs = values(&image, &limits, layout, (&[5], unsigned(2)), vec![shuffle]);
            assert_eq!(pairs.bytes(&[]).is_ok(), right);
        }
    }

    #[test]
    fn a_reference_to_a_value_of_variable_length_has_one_size() {
        let (image, limits) = (Image::whole(Source::from(vec![0; 80])), Limits::default());
        let string = |size| Datatype {
            size,
            class: Class::VariableLength {
                string: Some((Padding::NullTerminated, CharacterSet::Utf8)),
                base: Box::new(text(1)),
            },
        };
        for (size, right) in [(16, true), (8, false), (20, false)] {
            let run = DataLayout::Contiguous {
                address: Some(Address(0)),
                size: None,
            };
            let four = values(&image, &limits, run, (&[4], string(size)), vec![]);
            let strings = four.strings(&[]).ok();
            assert_eq!(strings, right.then(|| vec![vec![]; 4]), "{size}");
        }
    }
}
