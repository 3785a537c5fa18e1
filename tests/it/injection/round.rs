//! One round: a call that fails in one way, at one place, and what comes of it.

use super::tracer::Tracer;
use super::world::World;

/// Which call of the daemon fails, how, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Injection {
    pub(super) call: &'static str,
    pub(super) errno: &'static str,
    /// The k-th one of each thread, or, when there is none, each.
    pub(super) place: Option<u32>,
}

/// What came of a round.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How many calls have failed.
    pub(super) hits: usize,
    pub(super) complaints: Vec<String>,
    pub(super) hung: bool,
}

impl Injection {
    fn expressions(&self) -> Vec<String> {
        let when = self.place.map_or("1+".to_owned(), |place| place.to_string());
        let Injection { call, errno, .. } = self;
        vec![format!("trace={call}"), format!("inject={call}:error={errno}:when={when}")]
    }

    /// Plays a round with the failure; none where nothing can be followed.
    pub(super) fn play(&self, world: &mut World) -> Option<Outcome> {
        world.prepare();
        let tracer = Tracer::follow(world.mounted.process(), &self.expressions())?;
        let done = world.play();
        let errno = Some(errno_named(self.errno));
        // While it still fails: nobody has tried again then.
        let complaints = done.as_ref().map(|done| world.judge(done, errno, self.place.is_none()));
        let hits = tracer.hits().len();
        let log = tracer.end();
        let mut complaints = complaints.unwrap_or_else(|| vec!["hangs".to_owned()]);
        if !world.hung {
            complaints.extend(world.recovered());
        }
        if !complaints.is_empty() {
            let failed = log.lines().filter(|line| line.contains("(INJECTED)"));
            complaints.extend(failed.take(20).map(|line| format!("    {line}")));
        }
        Some(Outcome { hits, complaints, hung: world.hung })
    }
}

/// The number of an error by its name.
pub(super) fn errno_named(name: &str) -> i32 {
    match name {
        "ENOSPC" => libc::ENOSPC,
        "EDQUOT" => libc::EDQUOT,
        "EIO" => libc::EIO,
        "EMFILE" => libc::EMFILE,
        "EROFS" => libc::EROFS,
        "ESTALE" => libc::ESTALE,
        "EINTR" => libc::EINTR,
        "ENOMEM" => libc::ENOMEM,
        other => panic!("no such error: {other}"),
    }
}
