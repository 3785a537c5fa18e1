//! What stands below `.keyfs`: about the mount, its keys, and the texts that it refused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::attributes::{Entry, FileKind, InodeNo};
use super::engine::Engine;
use super::error::{VfsError, VfsResult};
use super::inode::{ControlDirectory, ControlInode, InodeKind};
use super::lookup::Target;
use super::readme::readme;
use super::report::EngineReport;
use super::state::State;
use super::{CONTROL_NAME, Vfs};
use crate::view::rfc3339;

/// The ending under which the reason of a refused text stands.
const ERROR_ENDING: &[u8] = b".error";

impl<E: Engine> Vfs<E> {
    /// Takes in what others have done before an inode is opened; not for what stands below `.keyfs`, which can be read
    /// even when the store cannot.
    pub(super) fn synchronize_for(&self, inode: InodeNo) -> VfsResult<()> {
        let control = match self.state.lock().inodes.get(inode) {
            Ok(inode) => matches!(inode.kind, InodeKind::Control(_)),
            Err(_) => false,
        };
        if control { Ok(()) } else { self.synchronize() }
    }

    /// What the file of this name needs to be told by the engine, which may wait for the disk.
    pub(super) fn report_for(&self, parent: InodeNo, name: &OsStr) -> Option<EngineReport> {
        let needed = parent == ControlDirectory::Root.inode() && matches!(name.as_bytes(), b"README" | b"status");
        needed.then(|| self.engine.report())
    }

    /// The inode of a name in a control directory.
    pub(super) fn control_inode(
        &self,
        state: &mut State,
        directory: ControlDirectory,
        name: &OsStr,
        report: Option<EngineReport>,
    ) -> VfsResult<InodeNo> {
        let report = report.unwrap_or_default();
        let (text, modified) = match (directory, name.as_bytes()) {
            (ControlDirectory::Root, b"rejected") => return Ok(ControlDirectory::Rejected.inode()),
            (ControlDirectory::Root, b"info") => return Ok(ControlDirectory::Info.inode()),
            (ControlDirectory::Root, b"README") => {
                (readme(&self.options, &report.place).into_bytes().into(), self.started)
            }
            (ControlDirectory::Root, b"status") => {
                (self.status_text(state, report).into_bytes().into(), SystemTime::now())
            }
            (ControlDirectory::Root, b"last-error") => (state.rejected.last_error().as_bytes().into(), self.started),
            (ControlDirectory::Root, _) => return Err(VfsError::NotFound),
            (ControlDirectory::Rejected, _) => return rejected_inode(state, name).ok_or(VfsError::NotFound),
            (ControlDirectory::Info, _) => self.info_text(state, name)?,
        };
        let number = state.inodes.new_number();
        state.inodes.add(number, InodeKind::Control(ControlInode::File { text, modified }));
        Ok(number)
    }

    /// What is known of the key whose file has this name, as JSON.
    fn info_text(&self, state: &mut State, name: &OsStr) -> VfsResult<(Arc<[u8]>, SystemTime)> {
        let Ok(Target::Key(_, key)) = self.target(state, name) else { return Err(VfsError::NotFound) };
        let live = self.engine.version(&key);
        let refused = state.rejected.get(name);
        if live.is_none() && refused.is_none() {
            return Err(VfsError::NotFound);
        }
        let modified = live.as_ref().map_or(self.started, |live| live.modified);
        let micros = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
        let timestamp = or_null(live.as_ref().map(|_| micros.to_string()));
        let time = or_null(live.as_ref().map(|_| format!("\"{}\"", rfc3339(modified))));
        let size = or_null(
            live.as_ref().map(|live| self.text_shape(&key, live)).transpose()?.map(|shape| shape.len.to_string()),
        );
        let error = or_null(refused.map(|refused| {
            let reason = String::from_utf8_lossy(&refused.reason);
            serde_json::Value::from(reason.lines().next().unwrap_or_default()).to_string()
        }));
        let key = key.to_json();
        let text = format!(
            "{{\n  \"key\": {key},\n  \"timestamp\": {timestamp},\n  \"time\": {time},\n  \"size\": {size},\n  \"lastError\": {error}\n}}\n"
        );
        Ok((text.into_bytes().into(), modified))
    }

    /// The entries of a control directory.
    pub(super) fn control_entries(&self, state: &State, directory: ControlDirectory) -> Vec<Entry> {
        let entry = |inode, kind, name: &OsStr| Entry { inode, kind, name: name.to_owned() };
        let file = |name: &OsStr| entry(InodeNo(u64::from(u32::MAX)), FileKind::Regular, name);
        match directory {
            ControlDirectory::Root => vec![
                file(OsStr::new("README")),
                file(OsStr::new("status")),
                file(OsStr::new("last-error")),
                entry(ControlDirectory::Rejected.inode(), FileKind::Directory, OsStr::new("rejected")),
                entry(ControlDirectory::Info.inode(), FileKind::Directory, OsStr::new("info")),
            ],
            // Each key has a file here; they are not listed again.
            ControlDirectory::Info => Vec::new(),
            ControlDirectory::Rejected => state.rejected.iter().map(|rejected| file(&rejected.name)).collect(),
        }
    }

    /// Drops a refused text on request.
    pub(super) fn unlink_control(&self, parent: InodeNo, name: &OsStr) -> VfsResult<()> {
        let mut state = self.state.lock();
        match &state.inodes.get(parent)?.kind {
            InodeKind::Control(ControlInode::Directory(ControlDirectory::Rejected)) => {
                let removed = state.rejected.remove(name);
                if removed { Ok(()) } else { Err(VfsError::NotFound) }
            }
            InodeKind::Control(ControlInode::Directory(_)) => Err(VfsError::NotPermitted),
            _ => Err(VfsError::NotADirectory),
        }
    }

    /// Whether a name in the root directory is that of the control directory.
    pub(super) fn is_control(name: &OsStr) -> bool {
        name == CONTROL_NAME
    }
}

/// The inode of a refused text, or of the reason when the name has the ending for it.
fn rejected_inode(state: &mut State, name: &OsStr) -> Option<InodeNo> {
    let file = if let Some(refused) = state.rejected.get(name) {
        ControlInode::Refused { name: name.to_owned(), size: refused.size, modified: refused.at }
    } else {
        let stem = name.as_bytes().strip_suffix(ERROR_ENDING)?;
        let refused = state.rejected.get(OsStr::from_bytes(stem))?;
        ControlInode::File { text: Arc::clone(&refused.reason), modified: refused.at }
    };
    let number = state.inodes.new_number();
    state.inodes.add(number, InodeKind::Control(file));
    Some(number)
}
