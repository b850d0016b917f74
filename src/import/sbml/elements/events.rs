//! Events.

use std::collections::BTreeMap;

use super::super::declared::{Event, Rule, RuleKind};
use super::super::findings::Findings;
use super::super::symbols::Kind;
use super::super::tree::Node;
use super::{Elements, Locals};
use crate::diagnostic::{Diagnostic, Span};

impl Elements<'_> {
    /// Those that can happen: an event without trigger never does.
    pub(super) fn events(&mut self, model: &Node) -> Vec<Event> {
        let mut events = Vec::new();
        for (at, node) in model.list("listOfEvents").enumerate() {
            let id = match node.attribute("id").map(str::trim).filter(|id| !id.is_empty()) {
                Some(id) => id.to_owned(),
                None => {
                    let id = self.symbols.unused(&format!("event_{}", at + 1));
                    self.symbols.declare(&id, Kind::Event, node.span, &mut Findings::default());
                    id
                }
            };
            let part = |name: &str| node.child(name);
            let values_from_trigger_time = self.flag(node, "useValuesFromTriggerTime", true);
            let assignments = self.event_assignments(node, &id);
            let delay = part("delay")
                .and_then(|part| self.formula(part, &format!("the delay of event `{id}`"), &Locals::new()));
            let priority = part("priority")
                .and_then(|part| self.formula(part, &format!("the priority of event `{id}`"), &Locals::new()));
            let Some(trigger) = part("trigger") else {
                let message = format!("event `{id}` has no trigger and never happens");
                self.findings.push(Diagnostic::warning("no-trigger", message).at(node.span, "left out"));
                continue;
            };
            let fires_at_start = !self.flag(trigger, "initialValue", true);
            let persistent = self.flag(trigger, "persistent", true);
            let place = format!("the trigger of event `{id}`");
            let Some(trigger) = self.formula(trigger, &place, &Locals::new()) else { continue };
            events.push(Event {
                id,
                trigger,
                fires_at_start,
                persistent,
                delay,
                priority,
                values_from_trigger_time,
                assignments,
            });
        }
        events
    }

    fn event_assignments(&mut self, event: &Node, id: &str) -> Vec<Rule> {
        let mut assignments = Vec::new();
        let mut before: BTreeMap<String, Span> = BTreeMap::new();
        for node in event.list("listOfEventAssignments") {
            let Some(variable) = self.variable(node, "variable") else { continue };
            let place = format!("the assignment to `{variable}` in event `{id}`");
            let Some(expression) = self.formula(node, &place, &Locals::new()) else { continue };
            if let Some(first) = before.insert(variable.clone(), node.span) {
                let message = format!("event `{id}` sets `{variable}` twice");
                self.findings.push(
                    Diagnostic::error("two-values", message).at(node.span, "the second time").at(first, "the first"),
                );
                continue;
            }
            assignments.push(Rule { kind: RuleKind::Assignment, variable, expression, span: node.span });
        }
        assignments
    }
}
