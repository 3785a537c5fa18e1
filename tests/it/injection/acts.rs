//! What a program does on a mount whose daemon's calls fail: one of everything, each on keys of its own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::behaviour::{FileSystem, Os, foreign_store};
use crate::mounted::save;

const READ: OFlags = OFlags::RDONLY;
const READ_WRITE: OFlags = OFlags::RDWR;
const SAVE: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::TRUNC);

/// Enough puts in a moment that they are made durable all at once.
const MANY: usize = 40;

/// How long it may take until nothing is open: watchers are still told of what others did, and that with rests.
const CALM: Duration = Duration::from_secs(20);

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Old,
    New,
    Nothing,
}

use Holds::{New, Nothing, Old};

pub(super) struct Act {
    pub(super) name: &'static str,
    /// The keys that it changes, and what they hold before and after.
    pub(super) keys: &'static [(&'static str, Holds, Holds)],
    /// Whether something may have changed although it has failed: it puts first and does more then.
    pub(super) in_steps: bool,
    run: fn(&Stage) -> Answer,
}

type Answer = Result<String, Errno>;

pub(super) const ACTS: [Act; 19] = [
    Act { name: "get", keys: &[("got", Old, Old)], in_steps: false, run: get },
    Act { name: "look", keys: &[], in_steps: false, run: look },
    Act { name: "put", keys: &[("put", Old, New)], in_steps: false, run: put },
    Act { name: "create", keys: &[("created", Nothing, New)], in_steps: false, run: create },
    Act { name: "put in place", keys: &[("placed", Old, New)], in_steps: false, run: put_in_place },
    Act { name: "put and sync", keys: &[("synced", Old, New)], in_steps: true, run: put_and_sync },
    Act { name: "remove", keys: &[("removed", Old, Nothing)], in_steps: false, run: remove },
    Act { name: "list", keys: &[], in_steps: false, run: list },
    Act { name: "save a scratch file", keys: &[], in_steps: false, run: save_scratch },
    Act { name: "rename to a key", keys: &[("renamed", Old, New)], in_steps: true, run: rename_scratch },
    Act { name: "move", keys: &[("from", Old, Nothing), ("to", Nothing, Old)], in_steps: true, run: move_key },
    Act { name: "exchange", keys: &[("one", Old, New), ("other", New, Old)], in_steps: true, run: exchange },
    Act { name: "be refused", keys: &[("refused", Old, Old)], in_steps: false, run: be_refused },
    Act { name: "follow another", keys: &[("foreign", Old, New)], in_steps: true, run: follow },
    Act { name: "link", keys: &[], in_steps: false, run: link },
    Act { name: "put many", keys: &[], in_steps: true, run: put_many },
    // Removed some time later.
    Act { name: "move away", keys: &[], in_steps: true, run: move_away },
    Act { name: "sync all", keys: &[], in_steps: true, run: sync_all },
    Act { name: "measure the space", keys: &[], in_steps: false, run: space },
];

/// What came of an act.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Done {
    pub(super) name: String,
    /// Zero when all went well.
    pub(super) errno: i32,
    /// What was read.
    pub(super) text: String,
}

/// A mount and its store, with the values that keys have and get.
pub(super) struct Stage {
    files: Os,
    mount: PathBuf,
    store: PathBuf,
    old: i64,
    new: i64,
}

impl Stage {
    pub(super) fn new(mount: &Path, store: &Path, old: i64, new: i64) -> Stage {
        Stage { files: Os::new(mount), mount: mount.to_owned(), store: store.to_owned(), old, new }
    }

    /// Does all of it, and goes on whatever fails.
    pub(super) fn play(&self) -> Vec<Done> {
        ACTS.iter().map(|act| done(act.name, (act.run)(self))).collect()
    }

    /// What the mount shows of each of the keys.
    pub(super) fn read(&self, keys: &[&str]) -> Vec<Done> {
        keys.iter().map(|key| done(key, self.text(key))).collect()
    }

    /// Waits until nothing is open, and gives the status as it is then, or after some time.
    pub(super) fn calm(&self) -> Vec<Done> {
        let began = Instant::now();
        loop {
            let text = self.text(".keyfs/status");
            let status: serde_json::Value = serde_json::from_str(text.as_deref().unwrap_or("null")).unwrap();
            let files = &status["files"];
            let calm = files["openHandles"] == 0 && files["drafts"]["count"] == 0;
            if calm || began.elapsed() > CALM {
                return vec![done(if calm { "calm" } else { "not calm" }, text)];
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn text(&self, name: &str) -> Answer {
        let file = self.files.open(name.as_bytes(), READ)?;
        let mut bytes = Vec::new();
        loop {
            let piece = file.read_at(bytes.len() as u64, 1 << 16)?;
            if piece.is_empty() {
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            bytes.extend(piece);
        }
    }

    fn save(&self, name: &str, text: &str) -> Result<(), Errno> {
        save(&self.mount.join(name), text)
    }
}

fn done(name: &str, answer: Answer) -> Done {
    let errno = answer.as_ref().err().map_or(0, |errno| errno.raw_os_error());
    Done { name: name.to_owned(), errno, text: answer.unwrap_or_default() }
}

fn get(stage: &Stage) -> Answer {
    stage.text("got")
}

fn look(stage: &Stage) -> Answer {
    stage.files.stat(b"got").map(|stat| stat.size.to_string())
}

fn put(stage: &Stage) -> Answer {
    stage.save("put", &stage.new.to_string())?;
    Ok(String::new())
}

fn create(stage: &Stage) -> Answer {
    stage.save("created", &stage.new.to_string())?;
    Ok(String::new())
}

fn put_in_place(stage: &Stage) -> Answer {
    let file = stage.files.open(b"placed", READ_WRITE)?;
    file.write_at(0, format!("{}\n", stage.new).as_bytes())?;
    file.close()?;
    Ok(String::new())
}

fn put_and_sync(stage: &Stage) -> Answer {
    let file = stage.files.open(b"synced", SAVE)?;
    file.write_at(0, stage.new.to_string().as_bytes())?;
    file.fsync()?;
    file.close()?;
    Ok(String::new())
}

fn remove(stage: &Stage) -> Answer {
    stage.files.unlink(b"removed")?;
    Ok(String::new())
}

fn list(stage: &Stage) -> Answer {
    let names = stage.files.list(b".")?;
    Ok(names.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>().join("\n"))
}

fn save_scratch(stage: &Stage) -> Answer {
    let file = stage.files.open(b".scratch", SAVE)?;
    file.write_at(0, format!("no JSON {}", stage.new).as_bytes())?;
    file.fsync()?;
    file.close()?;
    stage.text(".scratch")
}

fn rename_scratch(stage: &Stage) -> Answer {
    stage.save(".whole", &stage.new.to_string())?;
    stage.files.rename(b".whole", b"renamed")?;
    Ok(String::new())
}

fn move_key(stage: &Stage) -> Answer {
    stage.files.rename(b"from", b"to")?;
    Ok(String::new())
}

fn exchange(stage: &Stage) -> Answer {
    stage.files.exchange(b"one", b"other")?;
    Ok(String::new())
}

fn be_refused(stage: &Stage) -> Answer {
    match stage.save("refused", "{no") {
        Err(Errno::INVAL) => stage.text(".keyfs/rejected/refused"),
        Ok(()) => Ok("saved".to_owned()),
        Err(error) => Err(error),
    }
}

/// Another program puts, through the directory itself.
fn follow(stage: &Stage) -> Answer {
    foreign_store(&stage.store).put("foreign", serde_json::Value::from(stage.new)).unwrap();
    stage.text("foreign")
}

fn link(stage: &Stage) -> Answer {
    let _ = stage.files.unlink(b".link");
    stage.files.symlink(b".link", b"target")?;
    let target = stage.files.read_link(b".link")?;
    stage.files.unlink(b".link")?;
    Ok(String::from_utf8_lossy(&target).into_owned())
}

fn put_many(stage: &Stage) -> Answer {
    for at in 0..MANY {
        stage.save(&format!("many {at}"), &stage.new.to_string())?;
    }
    Ok(String::new())
}

/// As an editor does who makes a backup first.
fn move_away(stage: &Stage) -> Answer {
    stage.files.rename(b"away", b"away~")?;
    let text = stage.text("away~")?;
    stage.files.unlink(b"away~")?;
    Ok(text)
}

fn sync_all(stage: &Stage) -> Answer {
    let directory = rustix::fs::open(&stage.mount, READ | OFlags::DIRECTORY, rustix::fs::Mode::empty())?;
    rustix::fs::fsync(&directory)?;
    Ok(String::new())
}

fn space(stage: &Stage) -> Answer {
    stage.files.space().map(|(blocks, _)| blocks.to_string())
}

impl Stage {
    /// What an act must have read, if it tells.
    pub(super) fn expected(&self, act: &str) -> Option<String> {
        let (old, new) = (format!("{}\n", self.old), format!("{}\n", self.new));
        match act {
            "get" | "move away" => Some(old),
            "look" => Some(old.len().to_string()),
            "follow another" => Some(new),
            "save a scratch file" => Some(format!("no JSON {}", self.new)),
            "be refused" => Some("{no".to_owned()),
            "link" => Some("target".to_owned()),
            _ => None,
        }
    }
}
