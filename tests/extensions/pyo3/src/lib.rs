//! libsodium's hexadecimal, called from Rust, called from Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ffi::{c_char, c_int};

#[link(name = "sodium")]
extern "C" {
    fn sodium_bin2hex(hex: *mut c_char, room: usize, data: *const u8, size: usize) -> *mut c_char;
    fn sodium_init() -> c_int;
}

/// The data as hexadecimal digits.
#[pyfunction]
fn hex(data: &[u8]) -> PyResult<String> {
    let mut text = vec![0u8; data.len() * 2 + 1];
    // SAFETY: the buffer has the size that libsodium asks for, and both outlive the call.
    let failed = unsafe { sodium_init() < 0 || sodium_bin2hex(text.as_mut_ptr().cast(), text.len(), data.as_ptr(), data.len()).is_null() };
    if failed {
        return Err(PyValueError::new_err("libsodium refused"));
    }
    text.pop();
    String::from_utf8(text).map_err(|error| PyValueError::new_err(error.to_string()))
}

#[pymodule]
fn ext_pyo3(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(hex, module)?)
}
