//! Where the partial sums of passes lie.

use satkit_spec::isa::MatMul;
use std::ops::Range;

/// Partial sums of column tiles that are under way, in the psum buffer.
#[derive(Clone, Debug, Default)]
pub struct Psums(Vec<(u32, Range<usize>)>);

impl Psums {
    /// The first word of a column tile's sums in a buffer of `depth` words: what the WALKs of a pass say.
    ///
    /// # Errors
    /// The reason, in words, if there is no room, or the sums that it goes on with are not there, or those that it begins are.
    pub fn place(&mut self, mm: &MatMul, depth: usize) -> Result<usize, String> {
        let rows = mm.rows as usize;
        let open = self.0.iter().position(|(col, _)| *col == mm.col_base);
        let base = match (mm.accumulate, open) {
            (true, Some(at)) => self.0[at].1.start,
            (true, None) => return Err("it goes on with sums that are not there".into()),
            (false, Some(_)) => return Err("the sums of its columns are still open".into()),
            (false, None) if mm.drain => 0,
            (false, None) => {
                let mut base = 0;
                self.0.sort_by_key(|(_, words)| words.start);
                for (_, words) in &self.0 {
                    if base + rows <= words.start {
                        break;
                    }
                    base = words.end;
                }
                if base + rows > depth {
                    return Err(format!("{} sums in a psum buffer of {depth}", base + rows));
                }
                self.0.push((mm.col_base, base..base + rows));
                base
            }
        };
        if mm.drain {
            self.0.retain(|(col, _)| *col != mm.col_base);
        }
        Ok(base)
    }
}
