use std::fmt;

/// The identifier of a writer: the name of its private directory is `t.` and the identifier.
///
/// Two writers should have different ones, but nothing is lost when they do not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier(String);

/// Why a text is not a writer identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the writer identifier {0:?} must have 1 to 250 of the characters a-z A-Z 0-9 _ + , . -")]
pub struct IdentifierError(String);

impl Identifier {
    /// Checks a writer identifier: 1 to 250 of `a-z A-Z 0-9 _ + , . -`.
    ///
    /// # Errors
    ///
    /// [`IdentifierError`] for anything else.
    pub fn new(text: &str) -> Result<Identifier, IdentifierError> {
        if (1..=250).contains(&text.len()) && text.bytes().all(is_identifier_byte) {
            Ok(Identifier(text.to_owned()))
        } else {
            Err(IdentifierError(text.to_owned()))
        }
    }

    /// An identifier made of the host's name: what commands use that were not given one.
    #[must_use]
    pub fn of_host() -> Identifier {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let kept: String = name.chars().filter(|&c| u8::try_from(c).is_ok_and(is_identifier_byte)).take(240).collect();
        Identifier(if kept.is_empty() { "host".to_owned() } else { kept })
    }

    /// The identifier's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+,.-".contains(&byte)
}

impl From<u64> for Identifier {
    fn from(number: u64) -> Identifier {
        Identifier(number.to_string())
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_the_contract() {
        for good in ["a", "1", "host.example-1", "A_b+c,d", &"x".repeat(250), ".", "-"] {
            assert_eq!(Identifier::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "a\n", "é", "a:b", &"x".repeat(251)] {
            assert!(Identifier::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_hosts_identifier_is_one() {
        let identifier = Identifier::of_host();
        assert_eq!(Identifier::new(identifier.as_str()), Ok(identifier));
    }
}
