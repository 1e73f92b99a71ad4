//! Answers questions about a Loom file in JSON, for the comparison with loompy in
//! `tests/oracle/parity_loompy.py`.
//!
//! ```text
//! parity FILE < questions.json > answers.json
//! ```
//!
//! The questions are an object of name to question, the answers one of name to `{"ok": answer}` or
//! `{"error": text}`. A question is an object whose `op` is a name of [`answer`].

mod answers;
mod encode;
mod input;

use std::io::{self, Read};

use loom_core::{Connect, LoomConnection, Result};
use serde_json::{Map, Value, json};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: parity FILE < questions.json")?;
    let mut questions = String::new();
    io::stdin().read_to_string(&mut questions)?;
    let questions: Map<String, Value> = serde_json::from_str(&questions)?;
    let ds = Connect::new().validate(false).open(&path)?;
    let answers: Map<String, Value> = (questions.iter())
        .map(|(name, question)| {
            let answer = match answer(&path, &ds, question) {
                Ok(answer) => json!({ "ok": answer }),
                Err(error) => json!({ "error": error.to_string() }),
            };
            (name.clone(), answer)
        })
        .collect();
    println!("{}", Value::Object(answers));
    Ok(())
}

fn answer(path: &str, ds: &LoomConnection, question: &Value) -> Result<Value> {
    match input::text(question, "op") {
        "open" => answers::open(path),
        "keys" => answers::keys(ds),
        "attribute" => answers::attribute(ds, question),
        "stack" => answers::stack(ds, question),
        "globals" => answers::globals(ds),
        "graphs" => answers::graphs(ds),
        "read" => answers::read(ds, question),
        "view" => answers::view(ds, question),
        "sparse" => answers::sparse(ds, question),
        "scan" => answers::scan(ds, question),
        "map" => answers::map(ds, question),
        "stats" => answers::stats(ds, question),
        "aggregate" => answers::aggregate(ds, question),
        "export" => answers::export(ds, question),
        "html" => Ok(ds.to_html()?.into()),
        "validate" => answers::validate(path, question),
        "last_modified" => answers::last_modified(ds),
        "changes" => answers::changes(ds, question),
        other => Err(loom_core::Error::Misuse(format!("no question {other:?}"))),
    }
}
