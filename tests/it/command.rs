//! The command `keyfs`, run as a user runs it.

mod check;
mod clear;
mod contains_and_count;
mod failures;
mod get;
mod keyfs;
mod keys;
mod names;
mod odd_keys;
mod output;
mod put;
mod rm;
mod store_options;
