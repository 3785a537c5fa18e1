//! A row of the checklist: a tool, how it is driven, and what it must leave behind.

use super::terminal::Step;

/// What the keys hold before the tool is run, unless the row says something else: as the mount shows it.
pub(super) const OLD: &str = "{\n  \"a\": 1\n}\n";

/// How a tool is driven.
pub(super) enum Run {
    /// A line of bash.
    Line(String),
    /// A command in a terminal, and what is typed there.
    Terminal(String, Vec<Step>),
}

/// How a person learns that a text was refused.
pub(super) enum Told {
    /// By a message and this exit status.
    Status(i32),
    /// By a message only: the status is 0.
    Message(&'static str),
    /// By what a program shows on its screen, which its steps wait for; or not at all, if they wait for nothing.
    Screen,
    /// Not at all.
    Nobody,
}

/// What must come of the text that the tool writes.
pub(super) enum Outcome {
    /// The value is what the same tool leaves in a plain directory, with the same exit status, output and messages.
    Saved,
    /// The value stands.
    Stands(Told),
    /// The value stands, and this text is kept.
    Refused(String, Told),
}

/// A row. In its texts `KEY` stands for the name of a key that no other row has.
pub(super) struct Row {
    /// The number in the checklist, and which of several variants.
    pub(super) name: String,
    pub(super) run: Run,
    pub(super) before: Option<&'static str>,
    /// Values that the tool saves on its way to the last one.
    pub(super) between: Vec<&'static str>,
    /// The records that appear in the store, in their order: `put KEY`, `remove KEY`.
    pub(super) records: Vec<&'static str>,
    /// What stands in the directory afterwards, in a plain one too.
    pub(super) leaves: Vec<&'static str>,
    pub(super) outcome: Outcome,
}

impl Row {
    fn new(name: impl Into<String>, run: Run) -> Row {
        let name = name.into();
        let (records, leaves) = (vec!["put KEY"], vec!["KEY"]);
        Row { name, run, before: Some(OLD), between: vec![], records, leaves, outcome: Outcome::Saved }
    }

    /// Begins with another text, or without the key.
    pub(super) fn before(mut self, text: impl Into<Option<&'static str>>) -> Row {
        self.before = text.into();
        self
    }

    /// Saves these values first, each with a put.
    pub(super) fn saved_between(mut self, values: &[&'static str]) -> Row {
        self.between = values.to_vec();
        self.records = vec!["put KEY"; values.len() + 1];
        self
    }

    /// These records instead of one put.
    pub(super) fn records(mut self, records: &[&'static str]) -> Row {
        self.records = records.to_vec();
        self
    }

    /// These files instead of the key alone.
    pub(super) fn leaves(mut self, names: &[&'static str]) -> Row {
        self.leaves = names.to_vec();
        self
    }

    /// What is asked for is not done: the value stands.
    pub(super) fn stands(mut self, told: Told) -> Row {
        self.outcome = Outcome::Stands(told);
        self.records = vec![];
        self
    }

    /// The text is refused: the value stands.
    pub(super) fn refused(mut self, text: &str, told: Told) -> Row {
        self.outcome = Outcome::Refused(text.to_owned(), told);
        self.records = vec![];
        self
    }

    /// The name of the row's key: the number has two digits, so that none begins like another.
    pub(super) fn key(&self) -> String {
        let name: String = self.name.chars().filter(char::is_ascii_alphanumeric).collect();
        let digits = name.chars().take_while(char::is_ascii_digit).count();
        if digits == 1 { format!("row0{name}") } else { format!("row{name}") }
    }

    /// A text of the row, with the name of its key.
    pub(super) fn named(&self, text: &str) -> String {
        text.replace("KEY", &self.key())
    }

    /// Whether others may see that the key is gone for a moment, or for good.
    pub(super) fn may_be_absent(&self) -> bool {
        self.records.contains(&"remove KEY")
    }
}

/// A row with a line of shell.
pub(super) fn line(name: impl Into<String>, line: impl Into<String>) -> Row {
    Row::new(name, Run::Line(line.into()))
}

/// A row with a command in a terminal; its key holds the number 10.
pub(super) fn terminal(name: impl Into<String>, command: impl Into<String>, steps: Vec<Step>) -> Row {
    Row::new(name, Run::Terminal(command.into(), steps)).before("10\n")
}
