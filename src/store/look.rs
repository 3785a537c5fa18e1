//! Finding out what has changed in the directory: by the events of a watch, or by listing it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::directory::{Listing, NameEvent, Stamp, Watch};
use super::error::{Context, Result};
use super::freshness::Listed;
use super::index::{Epoch, Index};
use super::news::News;
use super::shared::Shared;
use super::synchronize::Scan;

/// Listings that are tried before nothing is concluded from what is missing.
const LISTINGS: usize = 4;

/// How often names are followed before the writers are left to be ahead: each time takes microseconds, and most need one.
const ROUNDS: usize = 10_000;

/// What one look at the directory gave.
pub(super) struct Sight {
    pub(super) news: News,
    /// False when some record could not be caught: then nothing may be concluded from what is missing.
    pub(super) exact: bool,
}

impl Shared {
    /// What has changed since the last look; `None` when nothing has.
    pub(super) fn look(&self, scan: &mut Scan) -> Result<Option<Sight>> {
        if self.in_doubt.swap(false, Ordering::Relaxed) {
            self.distrust(scan);
        }
        if let Some(watch) = &scan.watch {
            match self.look_at_events(&**watch) {
                Some(sight) => return Ok(sight),
                None => self.distrust(scan),
            }
        }
        let Some(stamp) = self.directory.stamp().context("look at", self.directory.path())? else {
            return Ok(None);
        };
        let interval = self.options.sync_interval;
        if scan.listed.is_some_and(|listed| listed.is_unchanged(stamp) || listed.is_recent(stamp, interval)) {
            return Ok(None);
        }
        self.look_at_listing(scan, stamp).map(Some)
    }

    /// Has the next look list the directory, whatever a watch or a stamp may say.
    pub(super) fn distrust(&self, scan: &mut Scan) {
        scan.listed = None;
        self.keep_watch(scan, None);
    }

    fn keep_watch(&self, scan: &mut Scan, watch: Option<Arc<dyn Watch>>) {
        scan.watch.clone_from(&watch);
        self.waiting.set_watch(watch);
    }

    /// What has happened since the last look; `None` when only a listing can tell.
    fn look_at_events(&self, watch: &dyn Watch) -> Option<Option<Sight>> {
        let events = self.drain(watch)?;
        if events.is_empty() {
            return Some(None);
        }
        let mut news = News::default();
        self.follow(&mut news, events);
        // The number of foreign names is not followed.
        if !self.catch(&mut news, Some(watch)) || news.foreign {
            return None;
        }
        Some(Some(Sight { news, exact: true }))
    }

    /// Lists the directory and reads what is new, again while records vanish between the two.
    fn look_at_listing(&self, scan: &mut Scan, stamp: Stamp) -> Result<Sight> {
        let before = Listed::before_listing(stamp);
        let mut news = News::default();
        let mut wants_snapshot = self.state.read().index.is_empty();
        for _ in 0..LISTINGS {
            // Before the listing, so that nothing is between the two.
            let watch = self.begin_watch();
            let epoch = self.state.write().index.begin_look();
            let (listing, told) = self.list(std::mem::take(&mut wants_snapshot).then_some(epoch));
            let listing = listing.context("list", self.directory.path())?;
            let difference = match told {
                Some(told) => self.state.write().begin_with(told, &listing.records),
                None => self.state.read().index.difference(&listing.records, epoch),
            };
            news.list(difference, epoch);
            scan.foreign_names = listing.foreign_names;
            scan.foreign_examples = listing.foreign_examples;
            if self.catch(&mut news, watch.as_deref()) {
                scan.listed = Some(before);
                // Where the number of foreign names has changed meanwhile, the next look lists again.
                self.keep_watch(scan, watch.filter(|_| !news.foreign));
                return Ok(Sight { news, exact: true });
            }
        }
        Ok(Sight { news, exact: false })
    }

    /// Lists the directory, and makes an index of the snapshot at the same time where one is wanted for a look.
    fn list(&self, wants_snapshot: Option<Epoch>) -> (io::Result<Listing>, Option<Index>) {
        let Some(epoch) = wants_snapshot else { return (self.directory.list(), None) };
        std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().spawn_scoped(scope, || self.index_of_snapshot(epoch));
            let listing = self.directory.list();
            let told = match reading {
                Ok(reading) => reading.join().ok().flatten(),
                Err(_) => self.index_of_snapshot(epoch),
            };
            (listing, told)
        })
    }

    /// `None` out of watches or descriptors, or on a file system on which not every change would show.
    fn begin_watch(&self) -> Option<Arc<dyn Watch>> {
        let watch = self.directory.watch();
        let refused = |error: &_| log::debug!("cannot watch {}: {error}", self.directory.path().display());
        watch.inspect_err(refused).ok().map(Arc::from)
    }

    /// Reads what is new until at one moment all of it has been read; false when that cannot be had.
    fn catch(&self, news: &mut News, watch: Option<&dyn Watch>) -> bool {
        let loading = self.options.loading();
        for _ in 0..ROUNDS {
            let read = news.read(&*self.directory, &loading);
            self.not_in_snapshot.fetch_add(read, Ordering::Relaxed);
            if news.is_complete() {
                return true;
            }
            let Some(events) = watch.and_then(|watch| self.drain(watch)) else { return false };
            self.follow(news, events);
        }
        false
    }

    /// What has happened up to now; `None` when some of it was missed.
    fn drain(&self, watch: &dyn Watch) -> Option<Vec<NameEvent>> {
        let failed = |error: &_| log::debug!("cannot go on watching {}: {error}", self.directory.path().display());
        watch.drain().inspect_err(failed).ok().flatten()
    }

    fn follow(&self, news: &mut News, events: Vec<NameEvent>) {
        // After the events were taken: what becomes known from now on is not meant by them.
        let index = &mut self.state.write().index;
        let epoch = index.begin_look();
        news.follow(events, epoch, |timestamp| index.inode(timestamp).is_some());
    }
}
