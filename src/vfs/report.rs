/// What an engine has to tell about itself, for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineReport {
    /// Where the values are kept, such as the path of a directory.
    pub place: String,
    /// Who writes; none when nothing can be written.
    pub identifier: Option<String>,
    /// How many keys are live.
    pub keys: usize,
    /// How many keys were removed and are still told of.
    pub tombstones: usize,
    /// How many records cannot be read.
    pub unreadable: usize,
    /// Some of these records: each one's number, and why.
    pub unreadable_examples: Vec<(String, String)>,
    /// How many records are ahead of the clock.
    pub future: usize,
    /// Some of these records: each one's number, its key, and by how many seconds.
    pub future_examples: Vec<(String, String, u64)>,
    /// How many names among the records are not those of records.
    pub foreign_names: usize,
    /// Some of these names.
    pub foreign_examples: Vec<String>,
}
