//! What a build knows of itself, for the identity of cores.

/// The first eight digits of a hexadecimal number of the build's environment; 0 without one.
const fn built_with(text: Option<&str>) -> u32 {
    let Some(text) = text else { return 0 };
    let (digits, mut value, mut at) = (text.as_bytes(), 0, 0);
    while at < digits.len() && at < 8 {
        let Some(digit) = (digits[at] as char).to_digit(16) else { return 0 };
        value = value << 4 | digit;
        at += 1;
    }
    value
}

/// The commit that this was built from, if `SATKIT_GIT_HASH` names it at build time; else 0.
pub const GIT_HASH: u32 = built_with(option_env!("SATKIT_GIT_HASH"));
/// The day that this was built on, if `SATKIT_BUILD_DATE` names it at build time as YYYYMMDD; else 0.
pub const BUILD_DATE: u32 = built_with(option_env!("SATKIT_BUILD_DATE"));
