//! `satkit card dump`.

use super::{DeviceArguments, address, info::status_names};
use crate::card::heading;
use crate::error::CliError;
use crate::output;
use satkit_spec::regs;
use satkit_transport::{Card, CardError, DmaBuf, check_transfer};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of one transfer.
const CHUNK_BYTES: u64 = 4 << 20;

/// Show all registers of a card, or write a part of its memory to a file
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  satkit card dump
  satkit card dump --device xdma:/tmp/card --json
  satkit card dump --memory 0x100000 --bytes 4096 --out page.bin

Memory that nobody has written since power-on reads as an AXI error, because its ECC is not set.")]
pub(super) struct DumpArguments {
    #[command(flatten)]
    card: DeviceArguments,
    /// First byte in card memory, to dump memory instead of registers
    #[arg(long, value_name = "ADDRESS", value_parser = address, requires_all = ["bytes", "out"])]
    memory: Option<u64>,
    /// With --memory: how many bytes
    #[arg(long, value_name = "N", value_parser = address, requires = "memory")]
    bytes: Option<u64>,
    /// With --memory: the file
    #[arg(long, value_name = "FILE", requires = "memory")]
    out: Option<PathBuf>,
    /// Print a JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Registers {
    name: String,
    backend: &'static str,
    registers: Vec<Row>,
}

#[derive(serde::Serialize)]
struct Row {
    register: &'static str,
    offset: u32,
    value: u32,
    meaning: &'static str,
}

#[derive(serde::Serialize)]
struct Memory<'a> {
    name: &'a str,
    backend: &'static str,
    address: u64,
    bytes: u64,
    out: &'a Path,
}

pub(super) fn run(arguments: &DumpArguments) -> anyhow::Result<()> {
    let DumpArguments { memory, bytes, out, json, .. } = arguments;
    if let (Some(address), Some(bytes), Some(out)) = (*memory, *bytes, out) {
        output::check_writable("--out", out)?;
        let card = arguments.card.open()?;
        check_transfer(address, bytes, card.info().memory_bytes)?;
        write(card.as_ref(), address, bytes, out)?;
        let (name, backend) = (&card.info().name, card.info().backend.name());
        if *json {
            return Ok(output::json(&Memory { name, backend, address, bytes, out })?);
        }
        return Ok(output::line(format_args!(
            "{name}, backend={backend}: {bytes} bytes from {address:#x} in {}",
            out.display()
        ))?);
    }
    let card = arguments.card.open()?;
    let info = card.info();
    let rows = regs::MAP.iter().map(|register| {
        let &regs::Register { name, offset, doc, .. } = register;
        Ok(Row { register: name, offset, value: card.read32(offset)?, meaning: doc })
    });
    let registers = rows.collect::<Result<Vec<_>, CardError>>()?;
    if *json {
        let (name, backend) = (info.name.clone(), info.backend.name());
        return Ok(output::json(&Registers { name, backend, registers })?);
    }
    output::line(heading(info))?;
    let mut table = output::table(&["offset", "register", "value", "bits", "meaning"]);
    for Row { register, offset, value, meaning } in registers {
        let bits = match register {
            _ if register == regs::STATUS.name || register == regs::INTERRUPT_ENABLE.name => {
                status_names(value).join(", ")
            }
            _ => String::new(),
        };
        let numbers = [format!("{offset:#05x}"), register.into(), format!("{value:#010x}")];
        table.add_row(numbers.into_iter().chain([bits, meaning.into()]));
    }
    Ok(output::line(table)?)
}

/// Writes a part of card memory. A card that fails is not a file that cannot be written.
fn write(card: &dyn Card, address: u64, bytes: u64, out: &Path) -> anyhow::Result<()> {
    let mut failed = None;
    let written = output::write_atomically(out, |file| {
        let mut done = 0;
        while done < bytes {
            let mut buffer = DmaBuf::zeroed((bytes - done).min(CHUNK_BYTES) as usize);
            if let Err(error) = card.c2h(0, address + done, &mut buffer) {
                failed = Some(error);
                return Err(io::Error::other("the card failed"));
            }
            file.write_all(&buffer)?;
            done += buffer.len() as u64;
        }
        Ok(())
    });
    match (failed, written) {
        (Some(error), _) => Err(error.into()),
        (None, written) => written.map_err(CliError::into),
    }
}
