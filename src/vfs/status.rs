//! What `.keyfs/status` says.

use serde_json::{Value, json};

use super::Vfs;
use super::engine::Engine;
use super::inode::InodeKind;
use super::limits::Limits;
use super::observed::{FailedSave, Synchronisation};
use super::report::EngineReport;
use super::state::State;
use crate::view::rfc3339;

impl<E: Engine> Vfs<E> {
    /// The state of the mount as JSON. The report is made before the state is locked: it may wait for the disk.
    pub(super) fn status_text(&self, state: &State, report: EngineReport) -> String {
        let last = self.engine.last();
        let unreadable = report.unreadable_examples.into_iter();
        let unreadable: Vec<_> =
            unreadable.map(|(record, reason)| json!({"record": record, "reason": reason})).collect();
        let future = report.future_examples.into_iter();
        let future: Vec<_> =
            future.map(|(record, key, ahead)| json!({"record": record, "key": key, "secondsAhead": ahead})).collect();
        let suffix = self.options.naming.suffix();
        let status = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "process": std::process::id(),
            "mounted": rfc3339(self.started),
            "options": {
                "suffix": (!suffix.is_empty()).then(|| suffix.as_str()),
                "readOnly": self.options.read_only,
            },
            "limits": limits(self.options.limits),
            "store": {
                "path": report.place,
                "identifier": report.identifier,
                "keys": report.keys,
                "tombstones": report.tombstones,
                "unreadableRecords": {"count": report.unreadable, "examples": unreadable},
                "futureRecords": {"count": report.future, "examples": future},
                "foreignNames": {"count": report.foreign_names, "examples": report.foreign_examples},
                "lastSynchronisation": last.synchronisation.as_ref().map(synchronisation),
                "lastFailedSave": last.failed_save.as_ref().map(failed_save),
            },
            "files": files(state),
            "watching": watching(state),
            "operationsInMicroseconds": self.statistics.to_json(),
        });
        format!("{status:#}\n")
    }
}

fn limits(limits: Limits) -> Value {
    json!({
        "fileBytes": limits.file_bytes,
        "draftBytes": limits.draft_bytes,
        "scratchBytes": limits.scratch_bytes,
        "scratchFiles": limits.nameless_files,
        "openFiles": limits.open_files,
        "refusedTextBytes": limits.rejected_bytes,
        "refusedTexts": limits.rejected_texts,
    })
}

fn synchronisation(last: &Synchronisation) -> Value {
    json!({"at": rfc3339(last.at), "microseconds": last.took.as_micros() as u64, "error": last.error})
}

fn failed_save(last: &FailedSave) -> Value {
    json!({"at": rfc3339(last.at), "key": last.key.as_ref().map(ToString::to_string), "error": last.error})
}

/// What watchers were told of, and who waits to be told.
fn watching(state: &State) -> Value {
    let pokes = &state.pokes;
    json!({
        "notify": pokes.noted,
        "told": pokes.told,
        "toldMicroseconds": pokes.took.as_micros() as u64,
        "waitingToBeTold": pokes.waiting(),
        "pollers": state.pollers.count(),
    })
}

/// What is open, and what is kept for it.
fn files(state: &State) -> Value {
    let (mut drafts, mut unsaved, mut draft_bytes) = (0, 0, 0);
    for inode in state.inodes.iter() {
        let draft = match &inode.kind {
            InodeKind::Draft(draft) => Some(&draft.draft),
            InodeKind::Scratch(_) => None,
            InodeKind::Root | InodeKind::Control(_) | InodeKind::Version(_) | InodeKind::Placeholder(_) => None,
        };
        // One that neither is open nor has anything to save only waits to be forgotten by the kernel.
        if let Some(draft) = draft.filter(|draft| inode.handles > 0 || draft.dirty) {
            drafts += 1;
            unsaved += usize::from(draft.dirty && !draft.detached);
            draft_bytes += draft.bytes.len();
        }
    }
    let refused: Vec<_> = state.rejected.iter().map(|refused| refused.size).collect();
    json!({
        "openHandles": state.handles.count(),
        "inodes": state.inodes.count(),
        "drafts": {"count": drafts, "unsaved": unsaved, "bytes": draft_bytes},
        "scratchFiles": {"count": state.scratch.len(), "bytes": state.scratch_bytes()},
        "refusedTexts": {"count": refused.len(), "bytes": refused.iter().sum::<u64>()},
    })
}
