//! Writing to the terminal, a pipe or a file, without panics: a reader may go away at any time.

use crate::CliError;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

/// Writes `text` and a line end to standard output.
///
/// # Errors
/// [`CliError::ClosedPipe`] if the reader is gone, [`CliError::Write`] for anything else.
pub(crate) fn line(text: impl Display) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(stdout_error)
}

/// Writes many lines to standard output, through a buffer.
///
/// # Errors
/// As [`line`].
pub(crate) fn lines(lines: impl Iterator<Item = String>) -> Result<(), CliError> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    for text in lines {
        writeln!(stdout, "{text}").map_err(stdout_error)?;
    }
    stdout.flush().map_err(stdout_error)
}

/// Writes `value` as indented JSON to standard output.
///
/// # Errors
/// As [`line`].
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), CliError> {
    // Nothing that is printed has keys that are not strings, so this does not fail.
    let text = serde_json::to_string_pretty(value).map_err(|error| stdout_error(error.into()))?;
    line(text)
}

/// Writes a note to standard error; nobody reading it is no failure.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn stdout_error(source: io::Error) -> CliError {
    if source.kind() == io::ErrorKind::BrokenPipe {
        CliError::ClosedPipe
    } else {
        CliError::Write { path: "standard output".into(), source }
    }
}

/// Writes a file beside `path` and renames it, so that `path` is never half-written.
///
/// # Errors
/// [`CliError::Write`] naming the file.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut std::fs::File) -> io::Result<()>,
) -> Result<(), CliError> {
    let failed = |source| CliError::Write { path: path.into(), source };
    let mut file = tempfile::Builder::new()
        .prefix(".satkit-")
        .tempfile_in(directory_of(path))
        .map_err(failed)?;
    write(file.as_file_mut()).map_err(failed)?;
    set_default_permissions(file.as_file()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A temporary file is private to its owner; a result is not.
#[cfg(unix)]
fn set_default_permissions(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_default_permissions(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

/// Checks that a file can be written at `path`, before hours of work go into it.
///
/// # Errors
/// [`CliError::Option`] naming the option and the path, [`CliError::Write`] if the system refuses.
pub(crate) fn check_writable(option: &'static str, path: &Path) -> Result<(), CliError> {
    let refuse = |reason: &str| {
        let given = path.display().to_string();
        Err(CliError::Option { option, given, reason: reason.into() })
    };
    if path.is_dir() {
        return refuse("it is a directory; accepted: the name of a file");
    }
    if path.file_name().is_none() {
        return refuse("it names no file; accepted: the name of a file");
    }
    let directory = directory_of(path);
    if !directory.is_dir() {
        return refuse("its directory does not exist; accepted: a file in an existing directory");
    }
    // The temporary file vanishes at once.
    match tempfile::Builder::new().prefix(".satkit-").tempfile_in(directory) {
        Ok(_) => Ok(()),
        Err(source) => Err(CliError::Write { path: path.into(), source }),
    }
}

/// Where a file lies.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `value` with its digits in groups of three.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds >= 1.0 { format!("{seconds:.3} s") } else { format!("{:.3} ms", seconds * 1e3) }
}

/// A number of bytes in the unit that suits it, with three digits.
pub(crate) fn bytes(value: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut scaled, mut unit) = (value as f64, 0);
    while scaled >= 999.5 && unit + 1 < units.len() {
        (scaled, unit) = (scaled / 1e3, unit + 1);
    }
    let digits = if unit == 0 || scaled >= 99.95 {
        0
    } else if scaled >= 9.995 {
        1
    } else {
        2
    };
    format!("{scaled:.digits$} {}", units[unit])
}

/// A bar on standard error of a work of `length`; hidden where that is no terminal.
pub(crate) fn progress_bar(length: u64, what: &str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(length);
    let template = "{prefix} [{bar:24}] {percent} %, {eta} left";
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(what.to_owned());
    bar
}

/// A spinner with a count and a message on standard error; hidden where that is no terminal.
pub(crate) fn spinner(what: &str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new_spinner();
    if let Ok(style) =
        indicatif::ProgressStyle::with_template("{spinner} {prefix}: {pos} {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar
}

/// A table that fits pipes and terminals alike.
pub(crate) fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(header.to_vec());
    table
}

/// Puts the numbers of all columns but the first on the right.
pub(crate) fn right_align(table: &mut comfy_table::Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, thousands};

    #[test]
    fn digits_are_grouped_by_three() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (value, text) in cases {
            assert_eq!(thousands(value), text);
        }
    }

    #[test]
    fn bytes_have_three_digits() {
        let cases = [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (9_996, "10.0 kB")];
        for (value, text) in cases {
            assert_eq!(bytes(value), text);
        }
        assert_eq!((&bytes(99_960)[..], &bytes(999_600)[..]), ("100 kB", "1.00 MB"));
        assert_eq!(bytes(u64::MAX), "18446744 TB");
    }

    #[test]
    fn times_have_a_unit_that_suits_them() {
        assert_eq!(duration(12.5), "12.500 s");
        assert_eq!(duration(0.000_594), "0.594 ms");
    }
}
