//! Keys: what a node means, as a hash. Text, formatting, order and names are not part of it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::node::Stage;

/// The key of a node: 32 hexadecimal characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(String);

/// Everything that a key is a hash of. Printed by `kexp explain`, so that two keys can be compared by eye.
#[derive(Debug, Serialize)]
pub struct KeyMaterial<'a> {
    /// The stage's word and the version of its code.
    pub stage: (&'static str, u32),
    /// Its resolved settings, without names.
    pub settings: Cow<'a, Stage>,
    /// The keys of its inputs, in the order in which the stage uses them.
    pub inputs: Vec<&'a Key>,
    /// The experiment's seed, for stages that draw random numbers.
    pub seed: Option<u64>,
}

impl KeyMaterial<'_> {
    /// The material as text: what is hashed.
    ///
    /// # Panics
    /// Never: stages are plain data, whose serialisation cannot fail.
    #[must_use]
    pub fn text(&self) -> String {
        text(self)
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::of(self)
    }
}

fn text<T: Serialize>(material: &T) -> String {
    ron::ser::to_string_pretty(material, ron::ser::PrettyConfig::new().struct_names(true))
        .expect("plain data without custom serialisers is always valid RON")
}

impl Key {
    /// The key of anything that is plain data: the first half of the BLAKE3 hash of its text.
    #[must_use]
    pub fn of<T: Serialize>(material: &T) -> Key {
        Key(blake3::hash(text(material).as_bytes()).to_hex()[..32].to_owned())
    }

    /// Reads a whole key; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Key> {
        let whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Key(text.to_owned()))
    }

    /// The first characters of the key, enough for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
