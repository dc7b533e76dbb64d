//! Where things lie in an instruction's word.

use satkit_spec::isa::{self, Field};

fn layout(mnemonic: &str) -> (u8, Vec<Field>) {
    let row = isa::reference().find(|row| row.0 == mnemonic);
    let (_, opcode, _, fields) = row.unwrap_or_else(|| panic!("no instruction {mnemonic}"));
    (opcode, fields)
}

fn find(mnemonic: &str, name: &str) -> Field {
    let field = layout(mnemonic).1.into_iter().find(|field| field.name == name);
    field.unwrap_or_else(|| panic!("{mnemonic} has no field {name}"))
}

/// Bits of the bus `word` from `lsb` on.
fn slice(word: &str, lsb: u32, bits: u32) -> String {
    if bits == 1 { format!("{word}[{lsb}]") } else { format!("{word}[{}:{lsb}]", lsb + bits - 1) }
}

/// A field of the instruction on the bus `word`.
pub(crate) fn field(word: &str, mnemonic: &str, name: &str) -> String {
    let field = find(mnemonic, name);
    slice(word, field.lsb, field.width)
}

/// How many bits a field has.
pub(crate) fn bits(mnemonic: &str, name: &str) -> usize {
    find(mnemonic, name).width as usize
}

/// The lowest bits of a field: what of it the hardware can use.
pub(crate) fn low_bits(word: &str, mnemonic: &str, name: &str, bits: u32) -> String {
    let field = find(mnemonic, name);
    assert!(bits <= field.width, "{name} of {mnemonic} has {} bits", field.width);
    slice(word, field.lsb, bits)
}

/// All fields of an instruction, the first lowest, and how many bits they have.
pub(crate) fn fields(word: &str, mnemonic: &str) -> (String, Vec<Field>) {
    let fields = layout(mnemonic).1;
    let bits = fields.iter().map(|field| field.width).sum();
    (slice(word, isa::HEADER_BITS, bits), fields)
}

/// The instruction on the bus `word` posts a semaphore.
pub(crate) fn posts(word: &str, semaphore: isa::Semaphore) -> String {
    let first = isa::HEADER_BITS - isa::SemaphoreSet::BITS;
    slice(word, first + semaphore as u32, 1)
}

/// The instruction on the bus `word` waits for a semaphore.
pub(crate) fn waits(word: &str, semaphore: isa::Semaphore) -> String {
    slice(word, isa::OPCODE_BITS + semaphore as u32, 1)
}

/// The bus `word` is this instruction.
pub(crate) fn is(word: &str, mnemonic: &str) -> String {
    let opcode = layout(mnemonic).0;
    format!("({} == 8'h{opcode:02x})", slice(word, 0, isa::OPCODE_BITS))
}
