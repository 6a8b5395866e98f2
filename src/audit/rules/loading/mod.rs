//! What the kernel, the loader and the processor ask of one file.

pub(super) mod exec_stack;
pub(super) mod isa_level;
pub(super) mod load_align;
pub(super) mod sections;
pub(super) mod text_relocations;
