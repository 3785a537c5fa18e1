//! The session around a mount: what is checked before, mounting, signals, unmounting.

mod busy;
mod check;
mod companions;
mod descriptors;
mod error;
mod guardian;
mod mount_options;
mod mount_table;
mod poker;
mod sandbox;
mod unmount;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use fuser::{Config, MountOption, Session, SessionACL, SessionUnmounter};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::adapter::Adapter;
use crate::store::{OpenOptions, Store};
use crate::vfs::{Vfs, VfsOptions, with_text_shape};
use crate::view::Naming;

pub use busy::{Holder, holders};
pub use error::MountError;
pub use guardian::{Guardian, guard};
pub use mount_options::{MountOptionError, MountOptions};
pub use mount_table::{MountEntry, mount_at};
pub use unmount::unmount;

use check::checked_paths;
use companions::Companions;
use unmount::detach;

/// Threads that serve requests: with one alone, a reader of a large file would make everybody wait.
const THREADS: usize = 4;

/// How long a first signal goes on trying while the mount is busy: most users are gone in a moment.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Mounts a store and serves it until it is unmounted, or until SIGTERM or SIGINT has unmounted it.
///
/// `ready` is called once the kernel and the mount have agreed and requests are answered. Signals save what is pending
/// first; while somebody uses the mount a first one only says so, and a second one unmounts lazily. When this returns,
/// all that was put is on disk.
///
/// # Errors
///
/// [`MountError`], before anything is mounted.
pub fn mount(options: &MountOptions, ready: impl FnOnce()) -> Result<(), MountError> {
    let (store_path, mount_point) = checked_paths(options)?;
    descriptors::allow_all();
    let store_options = match options.read_only {
        true => OpenOptions::read_only(),
        false => OpenOptions::writer(options.identifier.clone()),
    };
    let store = Store::open(&store_path, with_text_shape(store_options.sync_interval(options.sync_interval)))?;
    // The mount must not keep the directory busy that this was started in.
    let io_error = |action, source| MountError::Io { action, path: mount_point.clone(), source };
    std::env::set_current_dir("/").map_err(|source| io_error("leave the directory to mount on", source))?;
    // Before anything is mounted: a signal that comes meanwhile waits, instead of leaving a dead mount.
    let signals = Signals::new([SIGTERM, SIGINT]).map_err(|source| io_error("watch for signals to unmount", source))?;
    let vfs = Arc::new(Vfs::new(store, vfs_options(options, &store_path)));
    let source = store_path.to_string_lossy();
    let adapter = Adapter::new(Arc::clone(&vfs));
    let mut session = Session::new(adapter, &mount_point, &config(options, &source))
        .map_err(|source| io_error("mount on", source))?;
    let own = mount_at(&mount_point).ok().flatten();
    let guardian = start_guardian(options, &mount_point);
    let unmounter = session.unmount_callable();
    let signals = unmount_on(signals, Arc::downgrade(&vfs), unmounter, mount_point.clone())
        .map_err(|source| io_error("watch for signals to unmount", source))?;
    let mut companions = Companions::none();
    // Nothing can be done through a mount that is for reading only, not even for show.
    let poker = match options.notify && !options.read_only {
        true => companions.start_poker(&vfs, mount_point.clone()),
        false => Ok(()),
    };
    let serving = Serving { options, store: &store_path, vfs: &vfs };
    let served = poker.and_then(|()| serving.run_in_a_thread(session, &mut companions, ready));
    signals.close();
    vfs.end();
    vfs.close();
    companions.join();
    drop(guardian);
    // Who serves may not unmount what is still there after an error.
    if own.is_some() && mount_at(&mount_point).ok().flatten() == own {
        detach(&mount_point)?;
    }
    match served {
        // Taken away by force: unmounted like any other.
        Err(error) if error.raw_os_error() == Some(libc::ECONNABORTED) => Ok(()),
        served => served.map_err(|source| io_error("serve", source)),
    }
}

/// What is served.
struct Serving<'a> {
    options: &'a MountOptions,
    store: &'a Path,
    vfs: &'a Arc<Vfs<Store>>,
}

impl Serving<'_> {
    /// Serves until the mount has gone, in a thread that can reach nothing but the store, and so can none of those that it
    /// starts.
    fn run_in_a_thread(
        &self,
        session: Session<Adapter<Store>>,
        companions: &mut Companions,
        ready: impl FnOnce(),
    ) -> io::Result<()> {
        let (started, has_started) = mpsc::channel();
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("keyfs-serve".to_owned());
            let serving = thread.spawn_scoped(scope, || self.run(session, companions, started))?;
            // Nothing comes when it has failed to start.
            if has_started.recv().is_ok() {
                ready();
            }
            serving.join().unwrap_or_else(|_| Err(io::Error::other("the thread that serves has panicked")))
        })
    }

    fn run(
        &self,
        session: Session<Adapter<Store>>,
        companions: &mut Companions,
        started: mpsc::Sender<()>,
    ) -> io::Result<()> {
        if self.options.sandbox {
            sandbox::enter(self.store, self.options.read_only);
        }
        companions.start(self.vfs, session.notifier())?;
        let _ = started.send(());
        drop(started);
        session.run()
    }
}

/// Starts who ends the mount when this process is killed, if there is one.
fn start_guardian(options: &MountOptions, mount_point: &Path) -> Option<Guardian> {
    if options.guardian.is_empty() {
        return None;
    }
    let failed = |error: &_| log::warn!("nobody guards the mount: {error}; if this process is killed, others may hang");
    Guardian::start(&options.guardian, mount_point).inspect_err(failed).ok()
}

fn vfs_options(options: &MountOptions, store: &Path) -> VfsOptions {
    VfsOptions {
        uid: options.uid.unwrap_or_else(|| rustix::process::geteuid().as_raw()),
        gid: options.gid.unwrap_or_else(|| rustix::process::getegid().as_raw()),
        umask: options.umask.unwrap_or_else(current_umask),
        read_only: options.read_only,
        naming: Naming::with_suffix(options.suffix.clone()),
        shelf: Some(shelf_path(options, store)),
        limits: options.limits,
    }
}

/// The directory for what is not in the store; the original looks at `d` and `t.<identifier>` only.
fn shelf_path(options: &MountOptions, store: &Path) -> PathBuf {
    let mut name = format!("keyfs.{}", options.identifier);
    // Without the last character of the longest identifiers; two mounts can share it.
    name.truncate(255);
    store.join(name)
}

/// The process's umask; asking for it is the same call as setting it.
fn current_umask() -> u16 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::process::umask(mask);
    (mask.as_raw_mode() & 0o777) as u16
}

fn config(options: &MountOptions, source: &str) -> Config {
    let mut mount_options = vec![
        MountOption::FSName(source.to_owned()),
        // Not MountOption::Subtype, which fuser passes to fusermount3 only.
        MountOption::CUSTOM("subtype=keyfs".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoSuid,
        MountOption::NoDev,
    ];
    if options.read_only {
        mount_options.push(MountOption::RO);
    }
    let mut config = Config::default();
    config.mount_options = mount_options;
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(THREADS);
    config
}

/// Unmounts as soon as nobody uses the mount, or fails with the names of those who still do.
fn unmount_patiently(unmounter: &mut SessionUnmounter, mount_point: &Path) -> Result<(), MountError> {
    // It tries once only, whatever comes of it.
    if unmounter.unmount().is_ok() {
        return Ok(());
    }
    let began = Instant::now();
    loop {
        match unmount(mount_point, false) {
            Err(MountError::Busy { .. }) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(MountError::NotMounted(_)) => return Ok(()),
            other => return other,
        }
    }
}

/// Starts the thread that unmounts on signals.
fn unmount_on(
    mut signals: Signals,
    vfs: Weak<Vfs<Store>>,
    mut unmounter: SessionUnmounter,
    mount_point: PathBuf,
) -> io::Result<Handle> {
    let handle = signals.handle();
    let unmount = move || {
        for (before, _) in signals.forever().enumerate() {
            if let Some(vfs) = vfs.upgrade() {
                vfs.save_all();
            }
            match before {
                0 => {
                    if let Err(error) = unmount_patiently(&mut unmounter, &mount_point) {
                        log::error!("{error}; a second signal unmounts it lazily");
                    }
                }
                1 => {
                    if let Err(error) = detach(&mount_point) {
                        log::error!("{error}");
                    }
                }
                _ => std::process::exit(1),
            }
        }
    };
    std::thread::Builder::new().name("keyfs-signals".to_owned()).spawn(unmount)?;
    Ok(handle)
}

#[cfg(test)]
mod panic_tests;
