//! Whether two members of an object may have the same name, by hashes of the names.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::record::string::unescape;

/// Of so many members each new one is compared with those before it; more are sorted when the object ends.
const FEW: usize = 32;

/// What looks at the names of members while a text is printed; `None` ends that.
pub(super) trait NameCheck {
    /// Begins an object.
    fn open(&mut self);

    /// Takes the name of a member, as it is written between the quotes of its literal, perhaps with escapes.
    fn take_written(&mut self, name: &str, escaped: bool) -> Option<()>;

    /// Ends an object.
    fn close(&mut self) -> Option<()>;
}

/// For a text whose names have passed before.
pub(super) struct Passed;

impl NameCheck for Passed {
    fn open(&mut self) {}

    fn take_written(&mut self, _name: &str, _escaped: bool) -> Option<()> {
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        Some(())
    }
}

/// The names of the members of all open objects.
#[derive(Default)]
pub(super) struct Names {
    /// A hash of each name, those of the innermost object last.
    hashes: Vec<u64>,
    open: Vec<Object>,
}

/// An open object.
struct Object {
    /// Where its names begin.
    first: usize,
    /// For each hash the bit that its highest bits count: a name whose bit is not set is new.
    seen: u64,
}

impl Names {
    /// Takes the name of a member, by its meaning; `None` when the object may have it already.
    fn take(&mut self, name: &[u8]) -> Option<()> {
        let hash = hash(name);
        let object = self.open.last_mut()?;
        let bit = 1 << (hash >> 58);
        if object.seen & bit != 0 {
            let before = &self.hashes[object.first..];
            if before.len() < FEW && before.contains(&hash) {
                return None;
            }
        }
        object.seen |= bit;
        self.hashes.push(hash);
        Some(())
    }
}

impl NameCheck for Names {
    fn open(&mut self) {
        if self.hashes.capacity() == 0 {
            // Enough for most values, so that it need not grow in steps.
            self.hashes.reserve(FEW);
        }
        self.open.push(Object { first: self.hashes.len(), seen: 0 });
    }

    /// `None` when the object may have the name already, by its meaning.
    #[inline]
    fn take_written(&mut self, name: &str, escaped: bool) -> Option<()> {
        if escaped { self.take(&unescape(name)) } else { self.take(name.as_bytes()) }
    }

    /// `None` when two members of the object may have the same name.
    fn close(&mut self) -> Option<()> {
        // An empty object is never begun.
        let Some(object) = self.open.pop() else { return Some(()) };
        let hashes = &mut self.hashes[object.first..];
        if hashes.len() > FEW {
            hashes.sort_unstable();
            if hashes.windows(2).any(|pair| pair[0] == pair[1]) {
                return None;
            }
        }
        self.hashes.truncate(object.first);
        Some(())
    }
}

#[inline]
fn hash(name: &[u8]) -> u64 {
    // A fixed seed: who makes names collide only makes the text be printed with care.
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the object with these names passes.
    fn pass(names: &[String]) -> bool {
        let mut all = Names::default();
        all.open();
        names.iter().all(|name| all.take(name.as_bytes()).is_some()) && all.close().is_some()
    }

    #[test]
    fn a_name_that_comes_twice_is_found_among_few_and_many() {
        for count in [1, 2, FEW - 1, FEW, FEW + 1, FEW + 2, 1000] {
            let names: Vec<String> = (0..count).map(|number| format!("n{number}")).collect();
            assert!(pass(&names), "{count}");
            for at in [0, count / 2, count - 1] {
                let again = [&names[..], &[format!("n{at}")]].concat();
                assert!(!pass(&again), "{at} of {count}");
            }
        }
    }

    #[test]
    fn names_of_other_objects_do_not_count() {
        let mut names = Names::default();
        names.open();
        names.take(b"a").unwrap();
        names.open();
        names.take(b"a").unwrap();
        names.close().unwrap();
        assert!(names.take(b"b").is_some());
        assert!(names.take(b"a").is_none());
    }
}
