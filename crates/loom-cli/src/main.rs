//! The program `loom`.

mod digest;

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let file = h5lite::File::open(&path).unwrap_or_else(|e| {
        eprintln!("{e}");
        std::process::exit(2)
    });
    let entries = digest::digest(&file, &[]).unwrap_or_else(|e| {
        eprintln!("{e}");
        std::process::exit(2)
    });
    let _ = digest::total(&entries);
    println!("{}", digest::to_json(&path, entries));
}
