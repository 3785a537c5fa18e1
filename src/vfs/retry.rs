//! The second try of an open that was answered ESTALE.
//!
//! The kernel repeats such an open once, from a new lookup on: the same thread looks the name up again and opens what it
//! was given. Remembering the thread and the name lets the lookup answer with a draft, and the second open succeed even
//! when the version was superseded again in between.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::attributes::{Caller, InodeNo, OpenMode};
use super::texts::HeldText;
use crate::view::FileName;

/// How long a second try is waited for.
///
/// It follows within microseconds, in the same system call; but where twenty others want the processors and the disk is
/// slow, its lookup and its open may wait for seconds, and a second try that is taken for a first one fails.
const VALID: Duration = Duration::from_secs(10);

/// The most answers that are held for one who is to open one of them.
const HELD: usize = 8;

/// Entries from which on those that are too old are swept out.
const SWEEP_ENTRIES: usize = 64;

impl Wanted {
    /// What is opened so.
    pub(super) fn of(mode: OpenMode) -> Wanted {
        match mode {
            OpenMode { write: false, .. } => Wanted::Read,
            mode if mode.is_in_place() => Wanted::Shared,
            OpenMode { truncate: true, .. } => Wanted::Emptied,
            _ => Wanted::Draft,
        }
    }
}

/// What the first try wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The newest version.
    Read,
    /// A draft of one's own.
    Draft,
    /// A draft of one's own that begins empty.
    Emptied,
    /// The draft that all share who change the key in place.
    Shared,
}

struct Retry {
    wanted: Wanted,
    /// The inode that the lookup of the second try was answered with.
    inode: Option<InodeNo>,
    /// Whether a lookup of the second try has found nothing. The open may have failed then; or the kernel looks again, any
    /// number of times while others look for the same name too.
    absent: bool,
    /// What lookups of the name were answered with since, by anybody, the last ones: one of them is opened.
    held: VecDeque<(InodeNo, HeldText)>,
    since: Instant,
}

impl Retry {
    fn new(wanted: Wanted, inode: Option<InodeNo>) -> Retry {
        Retry { wanted, inode, absent: false, held: VecDeque::new(), since: Instant::now() }
    }

    fn is_reader_of(&self, of: &FileName, name: &FileName) -> bool {
        self.wanted == Wanted::Read && of == name && self.since.elapsed() < VALID
    }

    fn held(&self, inode: InodeNo) -> Option<&HeldText> {
        self.held.iter().find(|(held, _)| *held == inode).map(|(_, text)| text)
    }
}

/// The opens whose second try is expected, by thread and name.
#[derive(Default)]
pub(super) struct Retries {
    entries: HashMap<(u32, FileName), Retry, RandomState>,
    /// When those that are too old were swept out last: a thread that was killed never comes, and what is held for it is
    /// to go.
    swept: Option<Instant>,
}

impl Retries {
    /// Notes that the caller was told to look `name` up again.
    pub(super) fn expect(&mut self, caller: Caller, name: &FileName, wanted: Wanted) {
        if self.entries.len() >= SWEEP_ENTRIES || self.swept.is_none_or(|swept| swept.elapsed() >= VALID) {
            self.entries.retain(|_, retry| retry.since.elapsed() < VALID);
            self.swept = Some(Instant::now());
        }
        self.entries.insert((caller.thread, name.clone()), Retry::new(wanted, None));
    }

    /// What a lookup of `name` by this caller is the second try of, and what it was answered with before.
    pub(super) fn at_lookup(&mut self, caller: Caller, name: &FileName) -> Option<(Wanted, Option<InodeNo>)> {
        if self.entries.is_empty() {
            return None;
        }
        let place = (caller.thread, name.clone());
        let retry = self.entries.get(&place)?;
        if retry.since.elapsed() >= VALID {
            self.entries.remove(&place);
            return None;
        }
        Some((retry.wanted, retry.inode))
    }

    /// Notes that the lookup finds nothing.
    pub(super) fn found_nothing(&mut self, caller: Caller, name: &FileName) {
        if let Some(retry) = self.entries.get_mut(&(caller.thread, name.clone())) {
            retry.absent = true;
        }
    }

    /// Notes what the lookup is answered with.
    pub(super) fn answered(&mut self, caller: Caller, name: &FileName, inode: InodeNo) {
        if self.entries.is_empty() {
            return;
        }
        if let Some(retry) = self.entries.get_mut(&(caller.thread, name.clone())) {
            retry.inode = Some(inode);
        }
    }

    /// Whether the kernel may keep what a name leads to.
    ///
    /// Where a lookup of a second try has found nothing, the open may have failed, and a later lookup be for something
    /// else. If the kernel kept its answer, a later open could come without a lookup, and would be taken for the second
    /// try.
    pub(super) fn may_be_kept(&self, name: &FileName) -> bool {
        let is_doubtful = |retry: &Retry| retry.absent && retry.since.elapsed() < VALID;
        !self.entries.iter().any(|((_, of), retry)| of == name && is_doubtful(retry))
    }

    /// Whether a second open of this inode is to come.
    pub(super) fn awaits(&self, inode: InodeNo) -> bool {
        self.entries.values().any(|retry| retry.inode == Some(inode) && retry.since.elapsed() < VALID)
    }

    /// Whether somebody is to read what `name` leads to and does not hold this answer yet.
    pub(super) fn wants_to_hold(&self, name: &FileName, inode: InodeNo) -> bool {
        self.entries.iter().any(|((_, of), retry)| retry.is_reader_of(of, name) && retry.held(inode).is_none())
    }

    /// Holds what a lookup of `name` is answered with for all who are to read it: the kernel shares answers among those
    /// who look at the same time, whoever has asked.
    pub(super) fn hold(&mut self, name: &FileName, inode: InodeNo, text: &HeldText) {
        for ((_, of), retry) in &mut self.entries {
            if retry.is_reader_of(of, name) && retry.held(inode).is_none() {
                if retry.held.len() == HELD {
                    retry.held.pop_front();
                }
                retry.held.push_back((inode, text.clone()));
            }
        }
    }

    /// What is held for a caller who opens what a lookup was answered with.
    pub(super) fn held(&self, caller: Caller, name: &FileName, inode: InodeNo) -> Option<HeldText> {
        if self.entries.is_empty() {
            return None;
        }
        self.entries.get(&(caller.thread, name.clone()))?.held(inode).cloned()
    }

    /// Puts back what was taken for an open that is begun again.
    pub(super) fn put_back(&mut self, caller: Caller, name: &FileName, (wanted, inode): (Wanted, Option<InodeNo>)) {
        self.entries.insert((caller.thread, name.clone()), Retry::new(wanted, inode));
    }

    /// Takes the entry at the second open; the inode is `None` when no lookup came in between.
    pub(super) fn take(&mut self, caller: Caller, name: &FileName) -> Option<(Wanted, Option<InodeNo>)> {
        if self.entries.is_empty() {
            return None;
        }
        let retry = self.entries.remove(&(caller.thread, name.clone()))?;
        (retry.since.elapsed() < VALID).then_some((retry.wanted, retry.inode))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Key;
    use crate::vfs::text::Text;

    /// With two seconds, one of 420,000 opens was answered ESTALE to the program, on a machine with a load of twenty.
    #[test]
    fn a_second_try_may_come_seconds_later() {
        let caller = Caller { thread: 7, process: 7 };
        let name = FileName::of_key(&Key::from("key"));
        for (seconds, is_awaited) in [(9.9, true), (10.0, false)] {
            let mut retries = Retries::default();
            retries.expect(caller, &name, Wanted::Read);
            let passed = Instant::now().checked_sub(Duration::from_secs_f64(seconds)).unwrap();
            retries.entries.values_mut().for_each(|retry| retry.since = passed);
            assert_eq!(retries.take(caller, &name).is_some(), is_awaited);
        }
    }

    #[test]
    fn what_is_held_for_a_thread_that_never_comes_goes_with_the_next_one() {
        let caller = |thread| Caller { thread, process: 7 };
        let name = FileName::of_key(&Key::from("key"));
        let mut retries = Retries::default();
        retries.expect(caller(7), &name, Wanted::Read);
        let text: Arc<[u8]> = Arc::from(*b"1");
        retries.hold(&name, InodeNo(9), &HeldText::Text(Text::Whole(Arc::clone(&text))));
        assert!(retries.held(caller(7), &name, InodeNo(9)).is_some());
        let passed = Instant::now().checked_sub(VALID);
        retries.swept = passed;
        retries.entries.values_mut().for_each(|retry| retry.since = passed.unwrap());
        retries.expect(caller(8), &name, Wanted::Read);
        assert_eq!(Arc::strong_count(&text), 1);
    }
}
