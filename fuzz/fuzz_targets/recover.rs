#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| loom_tests::fuzz::run("recover", input));
