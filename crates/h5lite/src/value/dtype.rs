//! The element types of values in memory, and which conversions lose nothing.

use std::fmt;

/// Element type of values in memory, spelled as numpy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// `int8`
    I8,
    /// `int16`
    I16,
    /// `int32`
    I32,
    /// `int64`
    I64,
    /// `uint8`; booleans too
    U8,
    /// `uint16`
    U16,
    /// `uint32`
    U32,
    /// `uint64`
    U64,
    /// `float16`, which only files hold: it is read as `float32` or wider
    F16,
    /// `float32`
    F32,
    /// `float64`
    F64,
    /// Text, stored with fixed or variable length
    Str,
}

impl DType {
    /// Every type that holds numbers.
    pub const NUMBERS: [Self; 11] = [
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F16,
        Self::F32,
        Self::F64,
    ];

    /// numpy's name of the type; text is `string`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::Str => "string",
        }
    }

    /// The type with this numpy name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NUMBERS
            .into_iter()
            .chain([Self::Str])
            .find(|dtype| dtype.name() == name)
    }

    /// Bytes of one number; `None` for text.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self {
            Self::I8 | Self::U8 => Some(1),
            Self::I16 | Self::U16 | Self::F16 => Some(2),
            Self::I32 | Self::U32 | Self::F32 => Some(4),
            Self::I64 | Self::U64 | Self::F64 => Some(8),
            Self::Str => None,
        }
    }

    /// Whether it is a floating-point type.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }

    /// Whether it is an integer type.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self != Self::Str && !self.is_float()
    }

    /// Whether it is an integer type with negative values.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// Whether every value of `self` may become a `target`: numpy's `can_cast(..., "safe")`.
    ///
    /// As in numpy, 64-bit integers count as safe in `float64`, though the largest are rounded.
    #[must_use]
    pub fn is_safe_in(self, target: Self) -> bool {
        let (Some(from), Some(to)) = (self.size(), target.size()) else {
            return self == target;
        };
        match (self.is_float(), target.is_float()) {
            (true, true) => to >= from,
            (true, false) => false,
            (false, true) => to > from || to == 8,
            (false, false) if self.is_signed() == target.is_signed() => to >= from,
            (false, false) => target.is_signed() && to > from,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.can_cast(row, column, "safe")` of numpy 1.26 for the types in the order of
    /// `DType::NUMBERS`.
    const NUMPY: [&str; 11] = [
        "11110000111",
        "01110000011",
        "00110000001",
        "00010000001",
        "01111111111",
        "00110111011",
        "00010011001",
        "00000001001",
        "00000000111",
        "00000000011",
        "00000000001",
    ];

    #[test]
    fn safe_casts_are_numpys() {
        for (from, row) in DType::NUMBERS.into_iter().zip(NUMPY) {
            for (to, expected) in DType::NUMBERS.into_iter().zip(row.chars()) {
                assert_eq!(from.is_safe_in(to), expected == '1', "{from} -> {to}");
            }
        }
        assert!(DType::Str.is_safe_in(DType::Str) && !DType::Str.is_safe_in(DType::F64));
    }
}
