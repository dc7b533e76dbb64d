//! The bytes of a program file.
//!
//! All numbers are little endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SATKITPR` |
//! | 4 | version of the format |
//! | 32 | contract hash |
//! | 4 | length of the header |
//! | ... | header, JSON: title, array, sections |
//! | 8 | number of instructions |
//! | 32 each | instruction words |
//! | 32 | SHA-256 of everything before |

use super::{Header, ProgramFile, ProgramFileError};
use crate::{Program, Section};
use satkit_spec::isa::{Instruction, Word};
use satkit_spec::{ContractHash, contract_hash};
use sha2::{Digest as _, Sha256};
use std::io::{Read, Write};

/// The first bytes of every program file, as text.
pub(super) const MAGIC_TEXT: &str = "SATKITPR";
const MAGIC: &[u8] = MAGIC_TEXT.as_bytes();
const VERSION: u32 = 1;
const HASH_BYTES: u64 = 32;

impl ProgramFile {
    /// Writes the file. Nothing is written if the file is impossible; a failure of the writer leaves a part.
    ///
    /// # Errors
    /// What [`check`](Self::check) refuses, [`ProgramFileError::Instruction`] if one does not encode,
    /// [`ProgramFileError::Io`] if the writer refuses.
    pub fn write_to(&self, writer: &mut impl Write) -> Result<(), ProgramFileError> {
        self.check()?;
        let header = |reason: String| ProgramFileError::Header(reason);
        let content = Header {
            title: self.title.clone(),
            array: self.array.clone(),
            sections: self.program.sections().to_vec(),
        };
        let json = serde_json::to_vec(&content).map_err(|error| header(error.to_string()))?;
        let json_bytes = u32::try_from(json.len())
            .map_err(|_| header(format!("{} bytes; accepted: up to {}", json.len(), u32::MAX)))?;
        let instructions = self.program.instructions();
        let mut bytes = Vec::with_capacity(json.len() + instructions.len() * Word::BYTES + 128);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&contract_hash().0);
        bytes.extend_from_slice(&json_bytes.to_le_bytes());
        bytes.extend_from_slice(&json);
        bytes.extend_from_slice(&(instructions.len() as u64).to_le_bytes());
        for (index, instruction) in instructions.iter().enumerate() {
            let word = instruction
                .encode()
                .map_err(|source| ProgramFileError::Instruction { index, source })?;
            bytes.extend_from_slice(&word.to_bytes());
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(writer.write_all(&bytes)?)
    }

    /// Reads a file that [`write_to`](Self::write_to) wrote, to the end of the reader. Whatever lengths the data
    /// claim, no more memory is taken than the data fill.
    ///
    /// # Errors
    /// Every [`ProgramFileError`]; the digest is checked before header and instructions are looked at.
    pub fn read_from(reader: &mut impl Read) -> Result<Self, ProgramFileError> {
        let mut source = Source { reader, hash: Sha256::new(), bytes: 0 };
        source.magic()?;
        let found = u32::from_le_bytes(source.array("version")?);
        if found != VERSION {
            return Err(ProgramFileError::Version { found, accepted: VERSION });
        }
        let (file, build) = (ContractHash(source.array("contract hash")?), contract_hash());
        if file != build {
            let (file, build) = (file.to_string(), build.to_string());
            return Err(ProgramFileError::Contract { file, build });
        }
        let json_bytes = u32::from_le_bytes(source.array("header length")?);
        let json = source.take("header", u64::from(json_bytes))?;
        let count = u64::from_le_bytes(source.array("instruction count")?);
        if count > Program::MAX_INSTRUCTIONS as u64 {
            return Err(ProgramFileError::too_long(count));
        }
        let words = source.take("instructions", count * Word::BYTES as u64)?;
        source.digest()?;
        let Header { title, array, sections } = serde_json::from_slice(&json)
            .map_err(|error| ProgramFileError::Header(error.to_string()))?;
        let mut instructions = Vec::with_capacity(words.len() / Word::BYTES);
        for (index, word) in words.as_chunks::<{ Word::BYTES }>().0.iter().enumerate() {
            let instruction = Instruction::decode(&Word::from_bytes(word))
                .map_err(|source| ProgramFileError::Instruction { index, source })?;
            instructions.push(instruction);
        }
        let length = instructions.len();
        let named = sections.clone();
        let program = Program::with_sections(instructions, sections).map_err(|index| {
            let Section { name, first, count, .. } = named[index].clone();
            let free = named[..index].last().map_or(0, |before| before.first + before.count);
            ProgramFileError::Section { index, name, first, count, free, length }
        })?;
        let file = Self { title, array, program };
        file.check()?;
        Ok(file)
    }
}

/// A reader, with the digest and the number of the bytes that it gave.
struct Source<'a, R> {
    reader: &'a mut R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Source<'_, R> {
    /// Up to `length` bytes, fewer if the data end.
    fn some(&mut self, length: u64) -> Result<Vec<u8>, ProgramFileError> {
        let mut taken = Vec::new();
        // The vector grows with the data, not to the length that they claim.
        self.reader.by_ref().take(length).read_to_end(&mut taken)?;
        self.bytes += taken.len() as u64;
        Ok(taken)
    }

    fn take(&mut self, part: &'static str, length: u64) -> Result<Vec<u8>, ProgramFileError> {
        let taken = self.some(length)?;
        if taken.len() as u64 != length {
            return Err(ProgramFileError::Truncated { part, bytes: self.bytes });
        }
        self.hash.update(&taken);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], ProgramFileError> {
        let taken = self.take(part, N as u64)?;
        taken.try_into().map_err(|_| ProgramFileError::Truncated { part, bytes: self.bytes })
    }

    fn magic(&mut self) -> Result<(), ProgramFileError> {
        let taken = self.some(MAGIC.len() as u64)?;
        self.hash.update(&taken);
        match taken {
            whole if whole == MAGIC => Ok(()),
            part if MAGIC.starts_with(&part) => {
                Err(ProgramFileError::Truncated { part: "first bytes", bytes: self.bytes })
            }
            _ => Err(ProgramFileError::NotAProgram),
        }
    }

    /// Reads the digest, which must be right and the last thing.
    fn digest(&mut self) -> Result<(), ProgramFileError> {
        let expected = self.hash.clone().finalize();
        let given = self.take("digest", HASH_BYTES)?;
        if given != expected[..] {
            return Err(ProgramFileError::Digest);
        }
        let bytes = self.bytes;
        if !self.some(1)?.is_empty() {
            return Err(ProgramFileError::Trailing { bytes });
        }
        Ok(())
    }
}
