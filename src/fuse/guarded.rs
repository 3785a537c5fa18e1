//! A panic ends what panicked, and not the mount.
//!
//! A panic is a bug. But what others wait for goes on: no lock stays poisoned, and whoever has asked gets an answer.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::vfs::{Operation, VfsError, VfsResult};

/// How long a thread rests before it begins again.
const REST: Duration = Duration::from_millis(100);

/// Does the work for a request; [`VfsError::Bug`] when it panics.
pub(super) fn guarded<T>(operation: Operation, work: impl FnOnce() -> VfsResult<T>) -> VfsResult<T> {
    caught(operation.name(), work).unwrap_or(Err(VfsError::Bug))
}

/// Does the work of a thread, and begins again when it panics, until it ends.
pub(super) fn again(thread: &str, work: impl Fn()) {
    while caught(thread, &work).is_none() {
        std::thread::sleep(REST);
    }
}

/// `None` when it panics.
fn caught<T>(what: &str, work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| log::error!("{what}: a bug: {}", message(&*panic))).ok()
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say which")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    #[allow(clippy::panic)]
    fn a_panic_is_an_error_of_the_request() {
        let number = 7;
        for work in [|| panic!("at once"), || panic!("with a number: {}", std::process::id())] {
            assert!(matches!(guarded::<()>(Operation::Read, work), Err(VfsError::Bug)));
        }
        assert!(matches!(guarded(Operation::Read, || Ok(number)), Ok(7)));
        assert!(matches!(guarded::<()>(Operation::Read, || Err(VfsError::NotFound)), Err(VfsError::NotFound)));
    }

    #[test]
    #[allow(clippy::panic)]
    fn a_thread_that_panics_goes_on() {
        let begun = Cell::new(0);
        again("test", || {
            begun.set(begun.get() + 1);
            assert!(begun.get() > 2, "not yet");
        });
        assert_eq!(begun.get(), 3);
    }
}
