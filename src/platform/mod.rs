//! What differs from platform to platform: how a loader finds a library, which tags allow what, and
//! how a repaired wheel is laid out so that its copies are found.
//!
//! Each platform has the same rooms, and what is the same for all (graph, verdict, plan, report) is above
//! them. Between the two there are data: facts of files, edges, edits.

pub mod linux;
