//! Where things lie in an instruction's word.

use satkit_spec::isa;

/// A field of an instruction, of so many bits, as a slice of the bus `word`.
pub(crate) fn field(word: &str, mnemonic: &str, name: &str, bits: usize) -> String {
    let (.., fields) =
        isa::reference().find(|layout| layout.0 == mnemonic).expect("an instruction of the table");
    let field = fields.iter().find(|field| field.name == name).expect("a field of the table");
    let low = field.lsb as usize;
    if bits == 1 { format!("{word}[{low}]") } else { format!("{word}[{}:{low}]", low + bits - 1) }
}

/// An instruction's opcode as a constant.
pub(crate) fn opcode(mnemonic: &str) -> String {
    let (_, opcode, ..) =
        isa::reference().find(|layout| layout.0 == mnemonic).expect("in the table");
    format!("8'h{opcode:02x}")
}
