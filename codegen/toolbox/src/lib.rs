//! Shared by developer tasks: pinned real tools, processes, temporary repositories, and machines to run scripts on.
#![expect(clippy::print_stderr, reason = "progress of long tasks, on the developer's terminal")]

pub mod act;
pub mod calls;
pub mod files;
pub mod machine;
pub mod packer;
pub mod process;
pub mod repository;
pub mod tools;
pub mod virtual_machine;
