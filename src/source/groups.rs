//! What decays together: a chain member with those of its descendants that decay where and when it does.

use crate::nuclide::Nuclide;

/// A chain member and its descendants in equilibrium with it, at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct DecayGroup {
    /// The head first, then descendants in feeding order; with each its decays per decay of the head.
    pub members: Vec<(&'static Nuclide, f64)>,
}

impl DecayGroup {
    /// For reports: the head, and how many others with it ("Ac-225 + 6").
    pub fn name(&self) -> String {
        let others: Vec<&str> = self.members[1..].iter().map(|(member, _)| member.name.as_str()).collect();
        if others.is_empty() { self.head().name.clone() } else { format!("{} with {}", self.head().name, others.join(", ")) }
    }

    /// The member whose decays the others follow.
    pub fn head(&self) -> &'static Nuclide {
        self.members[0].0
    }
}

/// The groups of a plan, each once: with its decay pattern, one of them makes a component of the transport.
#[derive(Debug, Clone, Default)]
pub struct DecayGroups {
    list: Vec<DecayGroup>,
}

impl DecayGroups {
    /// Position of a group, which is added if it is new.
    pub(crate) fn position(&mut self, group: DecayGroup) -> usize {
        self.list.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.list.push(group);
            self.list.len() - 1
        })
    }

    /// All of them, by position.
    pub fn all(&self) -> &[DecayGroup] {
        &self.list
    }
}
