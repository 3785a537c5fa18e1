//! The trait on the directory in memory: each call is counted, and may be stopped or made to fail.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keyfs::Timestamp;
use keyfs::store::Directory;
use keyfs::store::directory::{
    Contents, Identity, ListedRecord, Listing, NameEvent, OpenRecord, Reading, Space, StagedRecord, Stamp, Watch,
};

use super::name_queue::NameQueue;
use super::{Call, Effect, File, MemoryDirectory, PATH, State};

impl MemoryDirectory {
    /// Notes a call, lets others act before and after it, and does it unless it is to fail.
    fn call<T>(&self, call: Call, done: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let outcome = self.call_alone(call, done);
        let intruder = self.state().intruder_after.take_if(|(is_meant, _)| is_meant(call));
        if let Some((_, intruder)) = intruder {
            intruder(self);
        }
        outcome
    }

    fn call_alone<T>(&self, call: Call, done: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        // Taken out meanwhile, for the intruder makes changes of its own.
        let (intruder, place) = {
            let mut state = self.state();
            (state.intruder.take(), state.calls.len())
        };
        if let Some(mut intruder) = intruder {
            intruder(place, call, self);
            self.state().intruder = Some(intruder);
        }
        let mut state = self.state();
        let place = state.calls.len();
        state.calls.push(call);
        if state.stop_after.is_some_and(|calls| place >= calls) {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        let fault = state.faults.as_mut().and_then(|faults| faults(place, call));
        let Some((number, effect)) = fault else { return done(&mut state) };
        match effect {
            Effect::None => {}
            Effect::Done => drop(done(&mut state)),
            Effect::Lost => state.lose(call),
        }
        Err(io::Error::from_raw_os_error(number))
    }
}

impl State {
    /// A sync of this kind has failed, and what it was to make durable counts as clean.
    fn lose(&mut self, call: Call) {
        match call {
            Call::SyncRecord(timestamp) => {
                if let Ok((_, file)) = self.file(timestamp) {
                    file.lost |= !file.synced;
                }
            }
            Call::Sync => self.lost_names.extend(self.unsynced_names.keys()),
            Call::SyncAll => {
                self.lost_names.extend(self.unsynced_names.keys());
                self.files.values_mut().for_each(|file| file.lost |= !file.synced);
            }
            Call::SyncStaged(file) => {
                let file = self.files.get_mut(&file).unwrap();
                file.lost |= !file.synced;
            }
            _ => panic!("{call:?} makes nothing durable, so it cannot lose anything"),
        }
    }
}

impl Directory for MemoryDirectory {
    fn path(&self) -> &Path {
        Path::new(PATH)
    }

    fn stamp(&self) -> io::Result<Option<Stamp>> {
        let trusted = self.trusted;
        self.call(Call::Stamp, |state| {
            Ok(Some(Stamp { modified: i128::from(state.changes), identity: (1, 2), trusted }))
        })
    }

    fn list(&self) -> io::Result<Listing> {
        self.call(Call::List, |state| {
            let listed = |(&timestamp, &inode): (&Timestamp, &u64)| ListedRecord {
                timestamp,
                inode,
                regular: !state.irregular.contains(&timestamp),
            };
            let records = state.names.iter().map(listed).collect();
            Ok(Listing { records, foreign_names: state.foreign_names, foreign_examples: Vec::new() })
        })
    }

    fn watch(&self) -> io::Result<Box<dyn Watch>> {
        self.call(Call::Watch, |state| {
            if !self.watchable {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let queue = Arc::<NameQueue>::default();
            state.watches.push(Arc::downgrade(&queue));
            Ok(Box::new(NameWatch { directory: self.clone(), queue }) as Box<dyn Watch>)
        })
    }

    fn read(&self, timestamp: Timestamp, limit: u64) -> io::Result<Reading> {
        self.call(Call::Read(timestamp), |state| {
            let irregular = state.irregular.contains(&timestamp);
            let (inode, file) = state.file(timestamp)?;
            let identity = file.identity(inode);
            let contents = match identity.size {
                _ if irregular => Contents::NotAFile,
                size if size > limit => Contents::TooLarge(size),
                _ => Contents::Bytes(file.bytes.clone()),
            };
            Ok(Reading { identity, contents })
        })
    }

    fn open(&self, timestamp: Timestamp) -> io::Result<Box<dyn OpenRecord>> {
        self.call(Call::Open(timestamp), |state| {
            let (inode, file) = state.file(timestamp)?;
            let identity = file.identity(inode);
            Ok(Box::new(OpenFile { directory: self.clone(), timestamp, identity }) as Box<dyn OpenRecord>)
        })
    }

    fn identify(&self, timestamp: Timestamp) -> io::Result<Identity> {
        self.call(Call::Identify(timestamp), |state| state.file(timestamp).map(|(inode, file)| file.identity(inode)))
    }

    fn create(&self) -> io::Result<Box<dyn StagedRecord>> {
        self.call(Call::Create, |state| {
            state.staged += 1;
            let file = state.new_file();
            Ok(Box::new(Staged { directory: self.clone(), file }) as Box<dyn StagedRecord>)
        })
    }

    fn unlink(&self, timestamp: Timestamp) -> io::Result<()> {
        self.call(Call::Unlink(timestamp), |state| state.unlink(timestamp))
    }

    fn sync_record(&self, timestamp: Timestamp) -> io::Result<()> {
        self.call(Call::SyncRecord(timestamp), |state| {
            let (_, file) = state.file(timestamp)?;
            file.synced = true;
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.call(Call::Sync, |state| {
            state.sync_names();
            Ok(())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.call(Call::SyncAll, |state| {
            state.sync_names();
            state.files.values_mut().for_each(|file| file.synced = true);
            Ok(())
        })
    }

    fn keeps_snapshots(&self) -> bool {
        self.keeps_snapshots
    }

    fn read_snapshot(&self) -> io::Result<Option<Vec<u8>>> {
        if self.keeps_snapshots { self.call(Call::ReadSnapshot, |state| Ok(state.snapshot.clone())) } else { Ok(None) }
    }

    fn write_snapshot(&self, bytes: &[u8]) -> io::Result<()> {
        self.call(Call::WriteSnapshot, |state| {
            state.snapshot = Some(bytes.to_vec());
            Ok(())
        })
    }

    fn space(&self) -> io::Result<Space> {
        self.call(Call::Space, |_| Ok(Space::default()))
    }
}

impl File {
    fn identity(&self, inode: u64) -> Identity {
        Identity { inode, size: self.bytes.len() as u64, changed: i128::from(self.changed) }
    }
}

/// An open file, which is there although its name may have gone.
struct OpenFile {
    directory: MemoryDirectory,
    timestamp: Timestamp,
    identity: Identity,
}

impl OpenRecord for OpenFile {
    fn identity(&self) -> Identity {
        self.identity
    }

    fn read(&self, _limit: u64) -> io::Result<Contents> {
        let read = |state: &mut State| Ok(Contents::Bytes(state.files[&self.identity.inode].bytes.clone()));
        self.directory.call(Call::Read(self.timestamp), read)
    }
}

struct Staged {
    directory: MemoryDirectory,
    file: u64,
}

impl StagedRecord for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.directory.call(Call::Write, |state| {
            let file = state.files.get_mut(&self.file).unwrap();
            file.bytes.extend_from_slice(bytes);
            file.synced = false;
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.directory.call(Call::SyncStaged(self.file), |state| {
            state.files.get_mut(&self.file).unwrap().synced = true;
            Ok(())
        })
    }

    fn publish(&mut self, timestamp: Timestamp) -> io::Result<u64> {
        self.directory.call(Call::Publish(timestamp), |state| {
            state.link(timestamp, self.file)?;
            Ok(self.file)
        })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.directory.state().staged -= 1;
    }
}

struct NameWatch {
    directory: MemoryDirectory,
    queue: Arc<NameQueue>,
}

impl Watch for NameWatch {
    fn drain(&self) -> io::Result<Option<Vec<NameEvent>>> {
        self.directory.call(Call::Drain, |_| Ok(self.queue.drain()))
    }

    fn wait(&self, timeout: Duration) -> io::Result<bool> {
        self.directory.call(Call::Wait, |_| Ok(()))?;
        Ok(self.queue.wait(timeout))
    }

    fn wake(&self) {
        self.queue.wake();
    }
}
