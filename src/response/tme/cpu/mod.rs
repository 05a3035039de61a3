//! CPU twins of the kernels in `shaders/response`, for f32 (their arithmetic) and f64 (the reference of tests).

pub mod reduce;
