//! From a stored type of numbers to code for that type.

/// Runs an expression with `$T` as the Rust type of a number's [`DType`](h5lite::DType)
/// (`float16` is held as `f32`), or `$text` for text.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr, text => $text:expr) => {
        with_number!(@ $dtype, $T, $body, $text,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64,
            F16 f32, F32 f32, F64 f64)
    };
    (@ $dtype:expr, $T:ident, $body:expr, $text:expr, $($variant:ident $type:ty),*) => {
        match $dtype {
            $(h5lite::DType::$variant => {
                type $T = $type;
                $body
            })*
            h5lite::DType::Str => $text,
        }
    };
}

/// Runs one expression for the numbers in an [`Array`](h5lite::Array), or another for text.
macro_rules! with_numbers {
    ($array:expr, $inner:pat => $body:expr, text => $text:expr) => {
        match $array {
            h5lite::Array::I8($inner) => $body,
            h5lite::Array::I16($inner) => $body,
            h5lite::Array::I32($inner) => $body,
            h5lite::Array::I64($inner) => $body,
            h5lite::Array::U8($inner) => $body,
            h5lite::Array::U16($inner) => $body,
            h5lite::Array::U32($inner) => $body,
            h5lite::Array::U64($inner) => $body,
            h5lite::Array::F32($inner) => $body,
            h5lite::Array::F64($inner) => $body,
            h5lite::Array::Str(_) => $text,
        }
    };
}

pub(crate) use {with_number, with_numbers};
