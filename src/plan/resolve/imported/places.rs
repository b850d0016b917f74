//! Where the ids of imported files are declared, and the symbols of an imported model.

use std::collections::BTreeMap;

use crate::diagnostic::{FileId, Span};
use crate::model::network::Network;

use super::super::symbols::{SymbolKind, Symbols};

/// The place of each id in a file: the first `id="..."` (in SBML Level 1 `name="..."`) of an XML text, the first cell of
/// each line of a table.
pub(super) fn of(text: &str, file: FileId) -> BTreeMap<String, Span> {
    let mut found = BTreeMap::new();
    let mut add = |start: usize, id: &str| {
        found.entry(id.to_owned()).or_insert(Span { file, start, end: start + id.len() });
    };
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        let names = text[..text.floor_char_boundary(2000)].contains("level=\"1\"");
        let key = if names { "name=" } else { "id=" };
        for (at, _) in text.match_indices(key) {
            let after_blank = text[..at].ends_with(|before: char| before.is_ascii_whitespace());
            let start = at + key.len() + 1;
            let quote = text[at + key.len()..].chars().next().filter(|quote| matches!(quote, '"' | '\''));
            if let (true, Some(quote)) = (after_blank, quote)
                && let Some(length) = text[start..].find(quote)
            {
                add(start, &text[start..start + length]);
            }
        }
    } else {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let cell = line.split(['\t', '\r', '\n']).next().unwrap_or_default();
            if !cell.trim().is_empty() {
                add(at + (cell.len() - cell.trim_start().len()), cell.trim());
            }
            at += line.len();
        }
    }
    found
}

/// The symbols of a network with the places where its file declares them; what has none stands at `otherwise`.
pub(super) fn symbols(network: &Network, places: &BTreeMap<String, Span>, otherwise: Span) -> Symbols {
    let mut symbols = Symbols::default();
    let mut add = |id: &str, kind: SymbolKind| {
        // The ids of parameters of single reactions begin with that of the reaction.
        let place = places.get(id).copied().unwrap_or(otherwise);
        symbols.all.insert(id.to_owned(), (kind, place));
    };
    network.reactions.iter().for_each(|one| add(&one.id, SymbolKind::Reaction));
    network.events.iter().for_each(|one| add(&one.id, SymbolKind::Event));
    network.compartments.iter().for_each(|one| add(&one.id, SymbolKind::Compartment));
    network.parameters.iter().for_each(|one| add(&one.id, SymbolKind::Parameter));
    network.species.iter().for_each(|one| add(&one.id, SymbolKind::Species));
    network.assignments.iter().for_each(|one| add(&one.variable, SymbolKind::Assignment));
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_both_kinds_of_file() {
        let xml = "<sbml level=\"2\"><species metaid=\"a\" id='S1' name=\"x\"/>\n<parameter\n id=\"k\"/></sbml>";
        let places = of(xml, FileId(0));
        let texts: Vec<&str> = places.values().map(|span| &xml[span.start..span.end]).collect();
        assert_eq!(texts, ["S1", "k"]);
        let table = "parameterId\tscale\n k1 \tlin\r\n\nk2\tlog";
        let places = of(table, FileId(0));
        assert_eq!(&table[places["k1"].start..places["k1"].end], "k1");
        assert_eq!(&table[places["k2"].start..places["k2"].end], "k2");
    }
}
