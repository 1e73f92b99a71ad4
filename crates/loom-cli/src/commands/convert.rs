//! `loom convert`: from one format to another.

use std::{fs, io::Write, path::Path};

use loom_convert::{Export, Format, Options, Report, Star, Target, Text};

use loom_core::LoomConnection;

use super::create::version;
use crate::{
    args,
    error::{Cause, Result},
    open,
    output::Output,
    progress, render, tables,
};

/// Writes the output, and says what is not in it as it was.
pub(super) fn run(args: &args::Convert, out: &mut Output) -> Result<()> {
    tables::check_new(&args.output, args.new)?;
    refuse_same(&args.input, &args.output)?;
    if let Some(threads) = args.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().map_err(std::io::Error::other)?;
    }
    let spec = version(&args.spec)?;
    let from = match args.from {
        Some(from) => from,
        None => Format::of(&args.input)?,
    };
    let to = (args.to).unwrap_or_else(|| Target::of_name(&args.output));
    let mut report = Report::default();
    if from == Format::Loom {
        let mut ds = open::loom(&args.input)?;
        if args.new.dry_run {
            return dry_run((from, to), ds.shape(), out);
        }
        if to == Target::Loom {
            ds.watch(progress::watch("copying values")?);
            ds.subset().spec(spec).write(&args.output)?;
        } else {
            report.extend(export(&ds, to, args)?);
        }
    } else {
        let mut import = from.import(&args.input, &options(args))?;
        if args.new.dry_run {
            return dry_run((from, to), import.shape(), out);
        }
        import.check_memory(args.memory())?;
        report.extend(import.report().clone());
        let watch = progress::watch("writing columns")?;
        if to == Target::Loom {
            import.write(&args.output, spec, &watch)?;
        } else {
            // By way of a Loom file, beside the output.
            let folder = tempfile::Builder::new()
                .prefix(".loom-convert-")
                .tempdir_in(tables::folder(&args.output))?;
            let between = folder.path().join("between.loom");
            import.write(&between, spec, &watch)?;
            report.extend(export(&open::loom(&between)?, to, args)?);
        }
    }
    if let Some(limit) = args.memory {
        tell_memory(&args.input, limit);
    }
    tell(&report, args, out)
}

/// Writes a Loom file as something else.
fn export(ds: &LoomConnection, to: Target, args: &args::Convert) -> Result<Report> {
    let watch = progress::watch("writing values")?;
    if to == Target::H5ad {
        return Ok(loom_convert::to_h5ad(
            ds,
            &args.output,
            args.memory(),
            &watch,
        )?);
    }
    let how = Export {
        target: to,
        partition: args.partition(),
        memory: args.memory(),
    };
    Ok(how.write(ds, &args.output, &watch)?)
}

/// Says how much of the memory was used, where the system tells.
fn tell_memory(input: &Path, limit: u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    let used = peak.map_or_else(String::new, |kib| format!("{} of ", kib.div_ceil(1024)));
    let message = format!(
        "{}: used {used}{} MiB of memory",
        input.display(),
        limit >> 20
    );
    eprintln!("loom: {}", render::escape(&message));
}

fn dry_run((from, to): (Format, Target), shape: (usize, usize), out: &mut Output) -> Result<()> {
    writeln!(
        out,
        "would convert {from} of {} x {} to {to}",
        shape.0, shape.1
    )?;
    Ok(())
}

fn options(args: &args::Convert) -> Options {
    let given = &args.importing;
    Options {
        sample: given.sample.clone(),
        genome: given.genome.clone(),
        raw: given.raw,
        dtype: args.matrices.dtype,
        scratch: Some(tables::folder(&args.output)),
        star: Star {
            cells: given.cells.clone(),
            main: given.main.clone(),
            layers: given.layers.clone(),
        },
        text: Text {
            transposed: args.matrices.transposed,
            rows_of: given.rows_of.clone(),
            key: given.key.clone(),
            cells: given.cell_table.clone(),
        },
    }
}

/// Writes the report where it is wanted; without one, says that something is missing.
fn tell(report: &Report, args: &args::Convert, out: &mut Output) -> Result<()> {
    match args.report.as_deref() {
        Some(path) if path == Path::new("-") => {
            for line in report.to_string().lines() {
                writeln!(
                    out,
                    "{}",
                    line.split('\t')
                        .map(render::escape)
                        .collect::<Vec<_>>()
                        .join("\t")
                )?;
            }
        }
        Some(path) => fs::write(path, report.to_string())?,
        None if report.left_out() > 0 => {
            let message = format!(
                "{}: {} things were left out; --report lists them",
                args.input.display(),
                report.left_out()
            );
            eprintln!("loom: {}", render::escape(&message));
        }
        None => {}
    }
    Ok(())
}

/// Refuses to write over the input.
fn refuse_same(input: &Path, output: &Path) -> Result<()> {
    let same = input
        .canonicalize()
        .is_ok_and(|input| output.canonicalize().is_ok_and(|output| output == input));
    match same {
        true => Err(Cause::asked("the output would replace the input itself")),
        false => Ok(()),
    }
}
