//! The threads beside those that serve requests.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use fuser::{INodeNo, Notifier};

use super::poker::Poker;
use crate::fuse::guarded::again;
use crate::store::Store;
use crate::vfs::{InodeNo, Notice, Vfs};

/// Threads that end when the file system is closed.
pub(super) struct Companions {
    threads: Vec<JoinHandle<()>>,
}

impl Companions {
    /// None yet.
    pub(super) fn none() -> Companions {
        Companions { threads: Vec::new() }
    }

    /// Starts the poker, so that watchers of a mount point hear of what others do.
    pub(super) fn start_poker(&mut self, vfs: &Arc<Vfs<Store>>, mount_point: PathBuf) -> io::Result<()> {
        vfs.begin_pokes();
        self.add("keyfs-poker", vfs, move |vfs| Poker::run(&mount_point, vfs))
    }

    /// Starts the threads that tell the kernel what is out of date, follow what others do to the store, and do what is
    /// due in its own time.
    pub(super) fn start(&mut self, vfs: &Arc<Vfs<Store>>, notifier: Notifier) -> io::Result<()> {
        vfs.begin_notices();
        self.add("keyfs-notices", vfs, move |vfs| vfs.deliver_notices(|notice| deliver(&notifier, notice)))?;
        self.add("keyfs-changes", vfs, Vfs::follow_changes)?;
        self.add("keyfs-timers", vfs, Vfs::run_timers)
    }

    fn add(
        &mut self,
        name: &str,
        vfs: &Arc<Vfs<Store>>,
        work: impl Fn(&Vfs<Store>) + Send + 'static,
    ) -> io::Result<()> {
        let vfs = Arc::clone(vfs);
        let named = name.to_owned();
        let thread = Builder::new().name(name.to_owned()).spawn(move || again(&named, || work(&vfs)))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Waits until they have ended.
    pub(super) fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("a thread of the mount has panicked");
            }
        }
    }
}

/// Tells the kernel. It may have forgotten the thing already, and a mount that is gone has nothing to be told.
fn deliver(notifier: &Notifier, notice: &Notice) {
    let root = INodeNo(InodeNo::ROOT.0);
    let told = match notice {
        Notice::Name(name) => notifier.inval_entry(root, name),
        Notice::Root => notifier.inval_inode(root, -1, 0),
    };
    if let Err(error) = told {
        log::debug!("the kernel was not told {notice:?}: {error}");
    }
}
