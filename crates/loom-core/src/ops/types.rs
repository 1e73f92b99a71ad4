//! One type for values of several, as numpy chooses it.

use h5lite::{Array, DType, Element, with_array, with_dtype};
use ndarray::{ArrayD, IxDyn};

use crate::numeric::{with_number, with_numbers};

/// The smallest type that holds the values of both: `numpy.promote_types`. `None` for text beside
/// numbers.
pub(crate) fn promote(a: DType, b: DType) -> Option<DType> {
    /// A type comes after all that are safe in it.
    const ORDER: [DType; 12] = [
        DType::U8,
        DType::I8,
        DType::U16,
        DType::I16,
        DType::F16,
        DType::U32,
        DType::I32,
        DType::F32,
        DType::U64,
        DType::I64,
        DType::F64,
        DType::Str,
    ];
    (ORDER.into_iter()).find(|&both| a.is_safe_in(both) && b.is_safe_in(both))
}

/// Numbers as another type that holds them all; text stays text.
pub(crate) fn cast(values: Array, to: DType) -> Array {
    if values.dtype() == to {
        return values;
    }
    let from = values.dtype();
    with_numbers!(
        &values,
        a => {
            let mut bytes = Vec::new();
            Element::put_little_endian(a.as_standard_layout().as_slice().unwrap_or_default(), &mut bytes);
            with_number!(to, T => {
                let mut out = vec![T::default(); a.len()];
                if let Some(convert) = T::converter(from) {
                    convert(&bytes, &mut out);
                }
                ArrayD::from_shape_vec(a.raw_dim(), out).unwrap_or_default().into()
            }, text => values)
        },
        text => values
    )
}

/// Zeros, or empty text.
pub(crate) fn zeros(shape: &[usize], dtype: DType) -> Array {
    with_dtype!(dtype, T => ArrayD::<T>::default(IxDyn(shape)).into())
}

/// A value, or array of values, so many times along a new first axis.
pub(crate) fn repeat(value: &Array, count: usize) -> Array {
    let shape: Vec<usize> = [&[count], value.shape()].concat();
    with_array!(value, a => {
        let all = a.broadcast(IxDyn(&shape));
        all.map(|all| all.to_owned()).unwrap_or_default().into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.promote_types` of numpy 1.26 for all pairs of `DType::NUMBERS`, by
    /// `data/promote_table.py`.
    #[test]
    fn types_are_promoted_as_numpy_promotes_them() {
        let table = include_str!("../../data/promote_table.txt");
        let mut pairs = 0;
        for line in table.lines() {
            let names: Vec<&str> = line.split(' ').collect();
            let of = |name: &str| {
                DType::NUMBERS
                    .into_iter()
                    .find(|t| t.name() == name)
                    .unwrap()
            };
            let (a, b, both) = (of(names[0]), of(names[1]), of(names[2]));
            assert_eq!(promote(a, b), Some(both), "{line}");
            pairs += 1;
        }
        assert_eq!(pairs, DType::NUMBERS.len() * DType::NUMBERS.len());
        assert_eq!(promote(DType::Str, DType::Str), Some(DType::Str));
        assert_eq!(promote(DType::Str, DType::I8), None);
    }

    #[test]
    fn numbers_are_cast_and_repeated() {
        let bytes: Array = vec![1_u8, 255].into();
        assert_eq!(cast(bytes.clone(), DType::I16), vec![1_i16, 255].into());
        assert_eq!(cast(bytes, DType::F64), vec![1.0, 255.0].into());
        let wide: Array = vec![i64::MIN, i64::MAX].into();
        assert_eq!(cast(wide.clone(), DType::I64), wide);
        assert_eq!(repeat(&"x".into(), 2), ["x", "x"].as_slice().into());
        assert_eq!(repeat(&vec![1, 2].into(), 2).shape(), [2, 2]);
        assert_eq!(zeros(&[2], DType::Str), ["", ""].as_slice().into());
    }
}
