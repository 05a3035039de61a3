//! Structs of plain numbers that host and shaders share.

/// Declares a struct of numbers of one type: its fields' names in order (the layout that the shaders mirror), and its change of type.
macro_rules! record {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        #[repr(C)]
        pub struct $name<R> {
            $($(#[$doc])* pub $field: R,)*
        }

        impl $name<f64> {
            /// Names of the fields, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl<R: Copy> $name<R> {
            /// The fields in order.
            pub fn values(&self) -> [R; $name::NAMES.len()] {
                [$(self.$field),*]
            }

            /// Every field changed by `f`.
            pub fn map<S>(&self, f: impl Fn(R) -> S) -> $name<S> {
                $name { $($field: f(self.$field)),* }
            }
        }
    };
}

pub(super) use record;
