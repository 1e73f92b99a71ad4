//! The values of a dataset or attribute, read whole or in part, as any type they fit.

use ndarray::{ArrayD, IxDyn};

use crate::{
    error::{Error, Result},
    format::message::{Class, Datatype},
    image::Image,
    limits::Limits,
    read::{
        gather::{Gather, Output},
        items::{Projection, StoredNumber},
        plan,
        storage::Storage,
        text::{each_sequence, each_string, mismatch},
    },
    value::{Array, DType, Element, Selection},
    with_dtype,
};

/// Everything needed to read values: where they are, what they are, how many.
#[derive(Clone, Debug)]
pub(crate) struct Values<'f> {
    pub(crate) image: &'f Image,
    pub(crate) limits: &'f Limits,
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

impl<'f> Values<'f> {
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
        let shape = self.result_shape(selections)?;
        if T::DTYPE == DType::Str {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let mut values = Vec::new();
            self.each_text(selections, |bytes| values.push(text(bytes)))?;
            return Array::Str(array(shape, values)?).into_typed();
        }
        let mut values = vec![T::default(); shape.iter().product()];
        self.read_into(selections, &mut values, lossy, true)?;
        array(shape, values)
    }

    /// Reads values into a buffer of exactly the right length; `zeroed` where it holds zeros.
    pub(crate) fn read_into<T: Element>(
        &self,
        selections: &[Selection],
        out: &mut [T],
        lossy: bool,
        zeroed: bool,
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
        )
    }

    /// Reads values as the type the file holds.
    pub(crate) fn read_any(&self, selections: &[Selection]) -> Result<Array> {
        with_dtype!(self.dtype()?, T => self.read::<T>(selections, false).map(Array::from))
    }

    /// Reads the bytes of values as they are stored.
    pub(crate) fn bytes(&self, selections: &[Selection]) -> Result<Vec<u8>> {
        let items: usize = self.counts(selections)?.iter().product();
        let mut bytes = vec![0; items * self.projection.size];
        let convert = |stored: &[u8], out: &mut [u8]| out.copy_from_slice(stored);
        let output = Output {
            per_item: self.projection.size,
            convert,
            zeroed: true,
        };
        self.gather(selections, &mut bytes, None, &output)?;
        Ok(bytes)
    }

    /// The bytes of strings, without padding.
    pub(crate) fn strings(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        let mut strings = Vec::new();
        self.each_text(selections, |text| strings.push(text.to_vec()))?;
        Ok(strings)
    }

    /// The bytes of variable-length sequences, as their elements are stored.
    pub(crate) fn sequences(&self, selections: &[Selection]) -> Result<Vec<Vec<u8>>> {
        let (bytes, limit) = (self.bytes(selections)?, self.byte_limit());
        let mut sequences = Vec::new();
        let push = |elements: &[u8]| sequences.push(elements.to_vec());
        each_sequence(self.image, self.item().datatype, &bytes, limit, push)?;
        Ok(sequences)
    }

    /// Calls `text` with the bytes of each string, without padding.
    fn each_text(&self, selections: &[Selection], text: impl FnMut(&[u8])) -> Result<()> {
        let (bytes, limit) = (self.bytes(selections)?, self.byte_limit());
        each_string(self.image, self.item().datatype, &bytes, limit, text)
    }

    fn gather<T: Send>(
        &self,
        selections: &[Selection],
        out: &mut [T],
        number: Option<StoredNumber>,
        output: &Output<T>,
    ) -> Result<()> {
        let wanted = self.counts(selections)?.iter().product::<usize>() * output.per_item;
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
            projection: &self.projection,
            number,
            fill: self.fill.as_deref(),
        };
        gather.run(&plan::checked(selections, &self.shape)?, out, output)
    }

    /// Length of every axis of a result, array types included.
    fn result_shape(&self, selections: &[Selection]) -> Result<Vec<usize>> {
        let mut shape = self.counts(selections)?;
        shape.extend(self.item().dims);
        Ok(shape)
    }

    /// How many positions are selected on each axis, once that is known to be within the limits.
    fn counts(&self, selections: &[Selection]) -> Result<Vec<usize>> {
        let selections = plan::checked(selections, &self.shape)?;
        let axes = selections.iter().zip(&self.shape).enumerate();
        let counts: Vec<usize> = axes
            .map(|(axis, (s, &length))| s.count(axis, length))
            .collect::<Result<_>>()?;
        let bytes = counts
            .iter()
            .try_fold(self.projection.size, |sum, &n| sum.checked_mul(n));
        let wanted = bytes.map_or(u64::MAX, |bytes| bytes as u64);
        let limit = self.byte_limit();
        if wanted > limit {
            let (what, setting) = ("bytes of values", "read_bytes");
            return Err(Error::Limit {
                what,
                wanted,
                limit,
                setting,
            });
        }
        Ok(counts)
    }

    /// How many bytes of values one call may return.
    fn byte_limit(&self) -> u64 {
        self.limits.bytes_of_a_read(self.image.len())
    }

    /// Whether all values together are within what one call may return.
    pub(crate) fn check_all_readable(&self) -> Result<()> {
        self.counts(&[])?;
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

fn array<T>(shape: Vec<usize>, values: Vec<T>) -> Result<ArrayD<T>> {
    let found = values.len();
    ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| Error::Mismatch {
        expected: format!("values of shape {shape:?}"),
        found: format!("{found} values"),
    })
}
