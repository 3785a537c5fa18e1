use std::fmt;
use std::fs;

use crate::mounted::Mounted;

/// What the daemon of a mount holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Memory that is resident, in KiB.
    pub(super) resident: u64,
    pub(super) descriptors: u64,
    pub(super) inodes: u64,
    pub(super) handles: u64,
    pub(super) drafts: u64,
}

impl Figures {
    #[track_caller]
    pub(super) fn of(mounted: &Mounted) -> Figures {
        let process = mounted.process();
        let status = fs::read_to_string(mounted.path().join(".keyfs/status")).unwrap();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let files = &status["files"];
        let memory = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let resident = memory.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Figures {
            resident: resident.unwrap().parse().unwrap(),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count() as u64,
            inodes: files["inodes"].as_u64().unwrap(),
            handles: files["openHandles"].as_u64().unwrap(),
            drafts: files["drafts"]["count"].as_u64().unwrap(),
        }
    }

    pub(super) fn greatest(self, other: Figures) -> Figures {
        Figures {
            resident: self.resident.max(other.resident),
            descriptors: self.descriptors.max(other.descriptors),
            inodes: self.inodes.max(other.inodes),
            handles: self.handles.max(other.handles),
            drafts: self.drafts.max(other.drafts),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { resident, descriptors, inodes, handles, drafts } = self;
        let resident = resident / 1024;
        write!(f, "{resident} MiB, {descriptors} descriptors, {inodes} inodes, {handles} handles, {drafts} drafts")
    }
}
