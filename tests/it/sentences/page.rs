//! A page of Markdown as words, and which of them have been quoted.

/// A word of a page, as it stands there and as it is compared.
struct Word {
    shown: String,
    compared: String,
    line: usize,
    quoted: bool,
    /// The last one of a sentence, or of a part that ends with a semicolon.
    ends: bool,
}

/// A paragraph, an entry of a list, or a row of a table with the words of its first cell.
#[derive(Default)]
struct Block {
    label: Vec<String>,
    words: Vec<Word>,
}

pub(super) struct Page {
    blocks: Vec<Block>,
}

impl Page {
    pub(super) fn new(text: &str) -> Page {
        let mut blocks = vec![Block::default()];
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let is_head = lines.get(index + 1).is_some_and(|next| next.starts_with("|---"));
            if line.is_empty() || line.starts_with('#') || line.starts_with("|---") || is_head && line.starts_with('|')
            {
                blocks.push(Block::default());
            } else if let Some(row) = line.strip_prefix('|') {
                blocks.push(Block::row(row, index + 1));
            } else if let Some(entry) = entry(line) {
                blocks.push(Block::default());
                add(&mut blocks, entry, index + 1);
            } else {
                add(&mut blocks, line, index + 1);
            }
        }
        blocks.iter_mut().for_each(Block::find_ends);
        Page { blocks }
    }

    /// Notes a quote wherever it stands on the page; false when it does nowhere.
    pub(super) fn quote(&mut self, quote: &str) -> bool {
        let pieces: Vec<Vec<String>> = quote.split("[...]").map(compared).collect();
        self.blocks.iter_mut().map(|block| block.quote(&pieces)).fold(false, |found, here| found | here)
    }

    /// The first line of each sentence that is not quoted whole, and its words that are not.
    pub(super) fn not_quoted(&self) -> Vec<(usize, String)> {
        self.blocks.iter().flat_map(Block::not_quoted).collect()
    }
}

/// What stands behind the mark of a list's entry.
fn entry(line: &str) -> Option<&str> {
    let (mark, entry) = line.split_once(' ')?;
    let is_number = |mark: &str| mark.strip_suffix('.').is_some_and(|number| number.parse::<u32>().is_ok());
    (mark == "-" || is_number(mark)).then_some(entry)
}

fn add(blocks: &mut [Block], line: &str, number: usize) {
    if let Some(block) = blocks.last_mut() {
        block.words.extend(words(line, number));
    }
}

/// A word without the punctuation around it, in small letters.
fn compare(word: &str) -> String {
    word.trim_matches(|char| "\"'*.,;:-".contains(char)).to_lowercase()
}

fn compared(text: &str) -> Vec<String> {
    text.split_whitespace().map(compare).filter(|word| !word.is_empty()).collect()
}

fn words(text: &str, line: usize) -> impl Iterator<Item = Word> {
    let word = move |shown: &str| {
        let (shown, compared) = (shown.to_owned(), compare(shown));
        Word { shown, compared, line, quoted: false, ends: false }
    };
    text.split_whitespace().map(word).filter(|word| !word.compared.is_empty())
}

/// Where the words of a quote's piece stand, at or after a place.
fn find(words: &[Word], piece: &[String], from: usize) -> Option<usize> {
    let at = words.get(from..)?.windows(piece.len().max(1));
    let found = at.map(|window| window.iter().map(|word| &word.compared)).position(|window| window.eq(piece));
    found.map(|found| from + found)
}

impl Block {
    fn row(row: &str, line: usize) -> Block {
        let mut cells = row.trim_end().trim_end_matches('|').split('|');
        let label = cells.next().unwrap_or_default().trim();
        let mut block = Block { label: label.split_whitespace().map(str::to_owned).collect(), words: Vec::new() };
        for cell in cells {
            block.words.extend(words(cell, line));
            block.words.iter_mut().last().into_iter().for_each(|word| word.ends = true);
        }
        block
    }

    /// A sentence ends before a capital letter, a code or a bracket; a part of one with a semicolon.
    fn find_ends(&mut self) {
        let begins = |next: &Word| next.shown.starts_with(|char: char| char.is_uppercase() || "`(".contains(char));
        for at in 0..self.words.len() {
            let ended = self.words[at].shown.trim_end_matches([')', '"', '*']);
            let last = self.words.get(at + 1).is_none_or(begins);
            let ends = ended.ends_with(';') || ended.ends_with(['.', '?', '!']) && last;
            self.words[at].ends |= ends || at + 1 == self.words.len();
        }
    }

    /// Notes a quote, unless it is of another block. In prose a single word is no quote: it stands in many places.
    fn quote(&mut self, pieces: &[Vec<String>]) -> bool {
        let label = compared(&self.label.join(" "));
        if label.is_empty() && pieces.iter().any(|piece| piece.len() == 1) {
            return false;
        }
        let mut from = 0;
        let mut found = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let piece = match piece.strip_prefix(label.as_slice()) {
                Some(rest) if index == 0 => rest,
                None if index == 0 => return false,
                _ => piece,
            };
            if piece.is_empty() {
                continue;
            }
            let Some(at) = find(&self.words, piece, from) else { return false };
            from = at + piece.len();
            found.push(at..from);
        }
        let is_here = !found.is_empty();
        found.into_iter().flatten().for_each(|at| self.words[at].quoted = true);
        is_here
    }

    fn not_quoted(&self) -> Vec<(usize, String)> {
        let label = if self.label.is_empty() { String::new() } else { format!("{}: ", self.label.join(" ")) };
        let sentences = self.words.split_inclusive(|word| word.ends);
        let left = sentences.filter_map(|sentence| {
            let line = sentence.first()?.line;
            let words: Vec<&str> =
                sentence.iter().filter(|word| !word.quoted).map(|word| word.shown.as_str()).collect();
            let words = words.join(" ");
            (!words.is_empty()).then(|| (line, format!("{label}{}", words.trim_end_matches(['.', ';', ',']))))
        });
        left.collect()
    }
}
