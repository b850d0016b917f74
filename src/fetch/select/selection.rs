//! Which models are wanted: bounds for what can be counted in them.

use serde::{Deserialize, Serialize};

/// What is counted in a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Species.
    pub species: u64,
    /// Parameters, those of rate laws included.
    pub parameters: u64,
    /// Reactions.
    pub reactions: u64,
    /// Compartments.
    pub compartments: u64,
    /// Assignment, rate and algebraic rules.
    pub rules: u64,
    /// Events.
    pub events: u64,
}

/// Counts of this and that many, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Default for Between {
    fn default() -> Self {
        Self { least: 0, most: u64::MAX }
    }
}

impl Between {
    fn contains(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }

    /// How far outside a count lies; 0 inside.
    fn distance(self, count: u64) -> u64 {
        self.least.saturating_sub(count).max(count.saturating_sub(self.most))
    }
}

/// Which models are wanted. The default wants all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only those that a curator has checked against their publication.
    pub curated: bool,
    /// Number of species.
    pub species: Between,
    /// Number of parameters.
    pub parameters: Between,
    /// Number of reactions.
    pub reactions: Between,
    /// Number of compartments.
    pub compartments: Between,
    /// Number of rules.
    pub rules: Between,
    /// Number of events.
    pub events: Between,
    /// Year of the publication; models without one are taken only if all years are.
    pub year: Between,
}

/// A bound that a model is outside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss {
    /// What is counted, as [`Selection::bounds_of`] knows it.
    pub feature: &'static str,
    /// The model's count; nothing where it has no year.
    pub count: Option<u64>,
    /// How far outside of the bounds that is.
    pub distance: u64,
}

impl Selection {
    /// The bounds of a feature by its name, such as `species`; nothing for what is no feature.
    pub fn bounds_of(&mut self, feature: &str) -> Option<&mut Between> {
        Some(match feature {
            "species" => &mut self.species,
            "parameters" => &mut self.parameters,
            "reactions" => &mut self.reactions,
            "compartments" => &mut self.compartments,
            "rules" => &mut self.rules,
            "events" => &mut self.events,
            "year" => &mut self.year,
            _ => return None,
        })
    }

    /// The selection in words, the same for the same selection; the lock file uses it as a name.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.curated {
            words.push("curated".to_owned());
        }
        let parts = [
            ("species", self.species),
            ("parameters", self.parameters),
            ("reactions", self.reactions),
            ("compartments", self.compartments),
            ("rules", self.rules),
            ("events", self.events),
            ("year", self.year),
        ];
        for (name, between) in parts {
            match (between.least, between.most) {
                (0, u64::MAX) => {}
                (0, most) => words.push(format!("{name} <= {most}")),
                (least, u64::MAX) => words.push(format!("{name} >= {least}")),
                (least, most) => words.push(format!("{name} = {least} .. {most}")),
            }
        }
        if words.is_empty() { "all".to_owned() } else { words.join(", ") }
    }

    /// Does it take a model of these features?
    #[must_use]
    pub fn takes(&self, features: &Features, year: Option<u16>) -> bool {
        self.misses(features, year).is_empty()
    }

    /// The bounds that a model of these features is outside of.
    #[must_use]
    pub fn misses(&self, features: &Features, year: Option<u16>) -> Vec<Miss> {
        let counted = [
            ("species", self.species, features.species),
            ("parameters", self.parameters, features.parameters),
            ("reactions", self.reactions, features.reactions),
            ("compartments", self.compartments, features.compartments),
            ("rules", self.rules, features.rules),
            ("events", self.events, features.events),
        ];
        let mut misses: Vec<Miss> = counted
            .into_iter()
            .filter(|(_, between, count)| !between.contains(*count))
            .map(|(feature, between, count)| Miss { feature, count: Some(count), distance: between.distance(count) })
            .collect();
        match year.map(u64::from) {
            Some(year) if !self.year.contains(year) => {
                misses.push(Miss { feature: "year", count: Some(year), distance: self.year.distance(year) });
            }
            None if self.year != Between::default() => {
                misses.push(Miss { feature: "year", count: None, distance: u64::MAX });
            }
            _ => {}
        }
        misses
    }
}
