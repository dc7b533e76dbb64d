//! Program files and listings hold what they were given, and refuse everything else.

mod binary;
mod given;
mod listing;
