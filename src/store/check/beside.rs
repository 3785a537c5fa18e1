//! What is odd beside the records: in the store itself, and in the directories of temporary files.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::{Check, FileKind, LEFT_OVER, What, age, path_in};
use crate::record::Timestamp;
use crate::store::disk::{Disk, Place, SNAPSHOT_BYTES, Surveyed};
use crate::store::snapshot::Snapshot;

/// Whose name one in the store is.
enum Role {
    Records,
    /// The temporary files of a writer.
    Temporaries,
    /// What mounts keep that is not in the store.
    OfMounts,
    Snapshot,
    UnfinishedSnapshot,
    Nobodys,
}

impl Role {
    fn of(name: &OsStr) -> Role {
        let name = name.as_bytes();
        match name.strip_prefix(b"keyfs-snapshot.") {
            Some(user) if is_numbers(user, 1) => return Role::Snapshot,
            Some(rest) if is_numbers(rest, 3) => return Role::UnfinishedSnapshot,
            _ => {}
        }
        match name {
            b"d" => Role::Records,
            _ if name.starts_with(b"t.") => Role::Temporaries,
            _ if name.starts_with(b"keyfs.") => Role::OfMounts,
            _ => Role::Nobodys,
        }
    }

    fn expected(&self) -> Option<FileKind> {
        match self {
            Role::Records | Role::Temporaries | Role::OfMounts => Some(FileKind::Directory),
            Role::Snapshot | Role::UnfinishedSnapshot => Some(FileKind::File),
            Role::Nobodys => None,
        }
    }
}

impl Check {
    /// Notes what is odd in the store itself and in the directories of temporary files.
    pub(super) fn look_beside(&mut self, disk: &Disk, now: Timestamp) -> io::Result<()> {
        for file in disk.survey(Place::Store)? {
            let role = Role::of(&file.name);
            match role.expected() {
                None => self.note(&file.name, What::Foreign(file.kind)),
                Some(expected) if expected != file.kind => {
                    self.note(&file.name, What::WrongKind { found: file.kind, expected });
                }
                Some(_) => self.look_by_role(disk, &role, &file, now)?,
            }
        }
        Ok(())
    }

    fn look_by_role(&mut self, disk: &Disk, role: &Role, file: &Surveyed, now: Timestamp) -> io::Result<()> {
        match role {
            Role::Records | Role::OfMounts | Role::Nobodys => {}
            Role::Temporaries => self.look_at_temporaries(disk, &file.name, now)?,
            Role::Snapshot => self.look_at_snapshot(disk, file)?,
            Role::UnfinishedSnapshot if age(file, now) >= LEFT_OVER => {
                self.note_left_over(Place::Store, file, What::UnfinishedSnapshot { age: age(file, now) });
            }
            Role::UnfinishedSnapshot => {}
        }
        Ok(())
    }

    /// Notes what puts have left in a writer's directory; those that are on their way have young files there.
    fn look_at_temporaries(&mut self, disk: &Disk, directory: &OsStr, now: Timestamp) -> io::Result<()> {
        let place = Place::Below(directory);
        for file in disk.survey(place)? {
            let age = age(&file, now);
            if file.kind != FileKind::File || !is_temporary(&file.name) {
                self.note(path_in(place, &file), What::Foreign(file.kind));
            } else if age >= LEFT_OVER {
                self.note_left_over(place, &file, What::Temporary { age });
            }
        }
        Ok(())
    }

    /// Another user's snapshot cannot be read, and is nobody else's concern.
    fn look_at_snapshot(&mut self, disk: &Disk, file: &Surveyed) -> io::Result<()> {
        let bytes = disk.read_beside(&file.name, SNAPSHOT_BYTES)?;
        if bytes.is_some_and(|bytes| Snapshot::parse(bytes).is_none()) {
            self.note_left_over(Place::Store, file, What::DamagedSnapshot);
        }
        Ok(())
    }

    /// Notes something that nobody needs any more.
    fn note_left_over(&mut self, place: Place<'_>, file: &Surveyed, what: What) {
        let path = path_in(place, file);
        self.left_over.push((path.clone(), file.clone()));
        self.note(path, what);
    }
}

/// Whether a name is so many numbers, with points in between.
fn is_numbers(name: &[u8], count: usize) -> bool {
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let parts = || name.split(|byte| *byte == b'.');
    parts().count() == count && parts().all(is_number)
}

/// The names of temporary files: the original's are numbers, those of keyfs an `r` and three of them.
fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_bytes();
    is_numbers(name, 1) || name.strip_prefix(b"r").is_some_and(|rest| is_numbers(rest, 3))
}
