//! Enumerations whose values have a short name and a description, which code, tables and pages share.

/// Declares an enumeration from one table: its values, their names and their documentation.
macro_rules! described {
    (
        $(#[$attribute:meta])*
        pub enum $type:ident {
            $( $(#[doc = $doc:literal])+ $variant:ident = $name:literal, )*
        }
    ) => {
        $(#[$attribute])*
        pub enum $type {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl $type {
            /// All values, in the order of their table.
            pub const ALL: [Self; [$( $name ),*].len()] = [$( Self::$variant ),*];

            /// Short name in listings, tables and traces.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it is, in words.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii(), )* }
            }
        }
    };
}
pub(crate) use described;
