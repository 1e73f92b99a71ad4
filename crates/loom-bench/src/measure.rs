//! What a piece of work takes: time, processor time, memory.

use std::{error::Error, fs, time::Instant};

use cpu_time::ProcessTime;
use serde_json::{Value, json};

/// Runs `work` and says, as one line of JSON, what it took and the number it came to.
///
/// `wall` and `cpu` are seconds, the latter of all threads together; `hwm_mb` is the most resident
/// memory (MiB) since just before, the program itself included, and `rss0_mb` what was resident then.
///
/// # Errors
/// What `work` returns.
pub(crate) fn measure(
    work: impl FnOnce() -> Result<f64, Box<dyn Error>>,
) -> Result<Value, Box<dyn Error>> {
    reset_peak();
    let before = memory_mib("VmRSS:");
    let (wall, cpu) = (Instant::now(), ProcessTime::try_now()?);
    let check = work()?;
    let (wall, cpu) = (wall.elapsed(), cpu.try_elapsed()?);
    let (wall, cpu) = (wall.as_secs_f64(), cpu.as_secs_f64());
    Ok(json!({"wall": wall, "cpu": cpu, "rss0_mb": before,
        "hwm_mb": memory_mib("VmHWM:"), "check": check}))
}

/// Makes the peak what is resident now, where the system can.
fn reset_peak() {
    // A system that cannot reports the peak since the start, which is never too little.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// A line of `/proc/self/status` that is in KiB; 0 where there is none.
fn memory_mib(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
