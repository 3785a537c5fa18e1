use std::time::SystemTime;

/// The number of an inode in the mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeNo(pub u64);

impl InodeNo {
    /// The root directory.
    pub const ROOT: InodeNo = InodeNo(1);
}

/// The number of an open file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandleNo(pub u64);

/// What kind of file an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// The attributes of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The number by which the inode is known to the kernel.
    pub inode: InodeNo,
    /// The number that `stat` shows: a draft shows that of the version it changes, because editors compare them.
    pub shown_inode: InodeNo,
    /// The kind of file.
    pub kind: FileKind,
    /// The exact length in bytes.
    pub size: u64,
    /// The time of the last modification: for a key, the timestamp of its record.
    pub modified: SystemTime,
    /// The permission bits.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// What the kernel may keep.
    pub kept: Kept,
}

/// What the kernel may keep of an inode and of the name that led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The attributes and the name, until a notice says otherwise.
    Lasting,
    /// The attributes for as long as the system call takes that looked the name up; not the name.
    Briefly,
    /// Nothing.
    Nothing,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The thread's id, zero when it is not known.
    pub thread: u32,
    /// The id of its process, zero when it is not known or does not matter.
    pub process: u32,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenMode {
    /// Bytes can be read.
    pub read: bool,
    /// Bytes can be written.
    pub write: bool,
    /// The file is emptied first.
    pub truncate: bool,
    /// Every write goes to the end.
    pub append: bool,
    /// The file must not exist yet.
    pub exclusive: bool,
}

impl OpenMode {
    /// Whether bytes are read and changed where they are, as read-modify-write under a lock does.
    pub(super) fn is_in_place(self) -> bool {
        self.read && self.write && !self.truncate
    }

    /// Reads the flags of open(2).
    #[must_use]
    pub fn from_flags(flags: i32) -> OpenMode {
        let access = flags & libc::O_ACCMODE;
        let write = access == libc::O_WRONLY || access == libc::O_RDWR;
        OpenMode {
            read: access != libc::O_WRONLY,
            write,
            truncate: write && flags & libc::O_TRUNC != 0,
            append: flags & libc::O_APPEND != 0,
            exclusive: flags & libc::O_EXCL != 0,
        }
    }
}

/// What a rename does with whatever has the new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameMode {
    /// The renamed file takes its place.
    Replace,
    /// There must be nothing.
    NoReplace,
    /// It gets the old name: two keys exchange their values, two scratch files their names.
    Exchange,
}

/// A file that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The handle for what follows.
    pub handle: HandleNo,
    /// Pages that the kernel holds of the inode are right, because its content never changes.
    pub keep_cache: bool,
    /// Pages that the kernel holds of the inode are not those of this handle: read and write past them.
    pub direct: bool,
    /// Nothing happens when a descriptor is closed, so the kernel need not tell.
    pub no_flush: bool,
}

/// What `setattr` is to change; the rest stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttributeChange {
    /// A new length.
    pub size: Option<u64>,
    /// New permission bits.
    pub mode: Option<u16>,
    /// A new owner.
    pub uid: Option<u32>,
    /// A new group.
    pub gid: Option<u32>,
    /// A new time of modification.
    pub modified: Option<SystemTime>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The inode number.
    pub inode: InodeNo,
    /// The kind of file.
    pub kind: FileKind,
    /// The name.
    pub name: std::ffi::OsString,
}
