//! Numbers of every type, written as every type that holds them.

use super::super::DatasetOptions;
use crate::{Array, DType, Datatype, File, Number, with_numbers};

/// Some values of a type, its extremes among them: as many as a write takes in several blocks.
fn values(dtype: DType) -> Option<Array> {
    macro_rules! of {
        ($t:ty) => {{
            let some = [<$t>::MIN, <$t>::MAX, 0 as $t, 1 as $t];
            Some(some.repeat(9).into())
        }};
    }
    match dtype {
        DType::I8 => of!(i8),
        DType::I16 => of!(i16),
        DType::I32 => of!(i32),
        DType::I64 => of!(i64),
        DType::U8 => of!(u8),
        DType::U16 => of!(u16),
        DType::U32 => of!(u32),
        DType::U64 => of!(u64),
        DType::F32 => of!(f32),
        DType::F64 => of!(f64),
        // In memory there is none.
        DType::F16 | DType::Str => None,
    }
}

fn as_f64(values: &Array) -> Vec<f64> {
    with_numbers!(values, a => a.iter().map(|value| value.to_f64()).collect(), text => vec![])
}

#[test]
fn numbers_are_written_as_every_type_that_holds_them() {
    let mut file = File::create_in_memory().unwrap();
    let mut edit = file.edit().unwrap();
    let mut written = Vec::new();
    for from in DType::NUMBERS {
        let Some(values) = values(from) else { continue };
        for to in DType::NUMBERS {
            let options = DatasetOptions::contiguous().datatype(Datatype::of(to));
            let path = format!("/{from}-{to}");
            let done = edit.write(&path, &values, &options);
            assert_eq!(done.is_ok(), from.is_safe_in(to), "{path}: {done:?}");
            if done.is_ok() {
                written.push((path, values.clone(), to));
            }
        }
    }
    edit.commit().unwrap();
    for (path, values, to) in written {
        let dataset = file.dataset(&path).unwrap();
        assert_eq!(dataset.dtype().unwrap(), to, "{path}");
        let found = dataset.read_any(&[]).unwrap();
        // Rounded alike where an integer of 64 bits became a float.
        assert_eq!(as_f64(&found), as_f64(&values), "{path}");
        assert!(values.dtype() != to || found == values, "{path}");
    }
}
