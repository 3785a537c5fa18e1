//! Ways in which the beginning of a JSON text can go on.

/// What ends the token at the end of a text, whatever that token is.
const TOKENS: [&str; 28] = [
    "", "0", ".0", "e0", "\"", "n\"", "0\"", "00\"", "000\"", "0000\"", "rue", "ue", "e", "alse", "lse", "se", "ull",
    "ll", "l", "aN", "N", "nfinity", "finity", "inity", "nity", "ity", "ty", "y",
];

/// What ends a character of UTF-8 of which some bytes are there.
const CHARACTERS: [&[u8]; 6] = [b"", b"\x80", b"\x80\x80", b"\x80\x80\x80", b"\xa0\x80", b"\x90\x80\x80"];

/// What an object may need before it can end.
const MEMBERS: [&str; 3] = ["", "\"\":0", ":0"];

/// Ways of going on, of which one makes JSON of each text that can become JSON.
pub(super) fn completions(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let brackets = closing_brackets(text);
    let within = CHARACTERS.into_iter().flat_map(|character| TOKENS.into_iter().map(move |token| (character, token)));
    // Bytes of a character are only missing in a string.
    let within = within.filter(|(character, token)| character.is_empty() || *token == "\"");
    within.flat_map(move |(character, token)| {
        let ending = [character, token.as_bytes()].concat();
        let brackets = brackets.clone();
        MEMBERS.into_iter().map(move |member| [&ending[..], member.as_bytes(), &brackets].concat())
    })
}

/// The brackets that close what a text has opened outside its strings.
fn closing_brackets(text: &[u8]) -> Vec<u8> {
    let mut open = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b']' | b'}' => drop(open.pop()),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    open.reverse();
    open
}
