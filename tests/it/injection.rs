//! System calls that fail under the running daemon of a real mount: whoever asked is told, the old value stands, nothing
//! leaks and nothing hangs.
//!
//! strace lets the calls fail. In the short form each call fails once and then always; `scripts/inject` lets each fail in
//! each way, at each place.

mod acts;
mod client;
mod commands;
mod crash;
mod descriptors;
mod fallbacks;
mod leftovers;
mod round;
mod sweep;
mod syncs;
mod tracer;
mod world;
