//! Structs as rows of words, in the order in which the probes read and write them.

use dosaic::transport::{
    cpu::{
        alpha::{Alpha, AlphaDeposit},
        electron::{Electron, ElectronDeposit, ElectronWaiting},
        event::{EventPhoton, EventResult},
        interaction::{InteractionElectron, InteractionResult},
        photon::{Photon, PhotonDeposit},
    },
    layout::Queued,
};
use glam::{UVec3, Vec3};

use crate::compare::{
    Field,
    Kind::{self, Bits},
};

/// Appends words to a row.
#[derive(Default)]
pub(crate) struct Row(Vec<u32>);

impl Row {
    pub(crate) fn u(mut self, words: &[u32]) -> Self {
        self.0.extend_from_slice(words);
        self
    }

    pub(crate) fn f(mut self, values: &[f32]) -> Self {
        self.0.extend(values.iter().map(|x| x.to_bits()));
        self
    }

    pub(crate) fn uvec(self, v: UVec3) -> Self {
        self.u(&v.to_array())
    }

    pub(crate) fn vec(self, v: Vec3) -> Self {
        self.f(&v.to_array())
    }

    pub(crate) fn done<const N: usize>(self) -> [u32; N] {
        self.0.try_into().unwrap_or_else(|row: Vec<u32>| panic!("{} words, not {N}", row.len()))
    }

    pub(crate) fn alpha(self, a: &Alpha) -> Self {
        self.uvec(a.voxel)
            .u(&[a.index, a.medium])
            .vec(a.offset)
            .vec(a.direction)
            .vec(a.inverse)
            .f(&[a.range, a.stretch])
            .u(&[a.quanta])
            .f(&[a.stopping_energy, a.saturated_energy])
            .u(&[a.alive])
    }

    pub(crate) fn alpha_deposit(self, d: &AlphaDeposit) -> Self {
        self.u(&[d.index, d.quanta, d.let_quanta, d.quality_quanta, d.escaped])
    }

    pub(crate) fn electron(self, e: &Electron) -> Self {
        self.uvec(e.voxel)
            .u(&[e.index, e.medium])
            .vec(e.offset)
            .vec(e.direction)
            .vec(e.inverse)
            .f(&[e.range])
            .u(&[e.quanta])
            .f(&[e.step, e.start, e.loss, e.share, e.stop])
            .u(&[e.event])
            .f(&[e.hard, e.interactions])
            .u(&e.words)
            .u(&[e.stream, e.draw, e.steps, e.state, e.charge])
    }

    pub(crate) fn electron_deposit(self, d: &ElectronDeposit) -> Self {
        self.u(&[d.index, d.quanta, d.escaped, d.status])
    }

    /// An electron or positron and what its event left behind.
    pub(crate) fn event(self, e: &Electron, r: &EventResult) -> Self {
        let row = self.electron(e).waiting(&r.delta).u(&[r.born, r.photons]);
        row.photon_of(&r.first).photon_of(&r.second).u(&[r.quanta, r.status])
    }

    fn photon_of(self, p: &EventPhoton) -> Self {
        self.vec(p.direction).u(&[p.quanta, p.stream])
    }

    pub(crate) fn queued(self, q: &Queued) -> Self {
        self.f(&q.offset).u(&[q.index]).f(&q.direction).u(&[q.quanta]).u(&q.history).u(&[q.stream, q.kind])
    }

    pub(crate) fn photon(self, p: &Photon) -> Self {
        self.uvec(p.voxel)
            .u(&[p.index, p.medium])
            .vec(p.offset)
            .vec(p.direction)
            .u(&[p.quanta])
            .f(&[p.choice, p.way, p.carry])
            .u(&[p.stream, p.draw, p.flights, p.state])
    }

    pub(crate) fn photon_deposit(self, d: &PhotonDeposit) -> Self {
        self.u(&[d.index, d.quanta, d.escaped, d.status])
    }

    fn interaction_electron(self, e: &InteractionElectron) -> Self {
        self.vec(e.direction).u(&[e.quanta, e.stream])
    }

    pub(crate) fn interaction(self, r: &InteractionResult) -> Self {
        self.interaction_electron(&r.electron).interaction_electron(&r.positron).u(&[r.pair, r.quanta, r.status])
    }

    pub(crate) fn waiting(self, w: &ElectronWaiting) -> Self {
        self.u(&[w.index])
            .vec(w.offset)
            .vec(w.direction)
            .f(&[w.range])
            .u(&[w.quanta])
            .f(&[w.interactions])
            .u(&[w.stream, w.draw, w.steps, w.charge])
    }
}

/// Tolerances of the floats of a particle.
#[derive(Clone, Copy)]
pub(crate) struct Tolerances {
    /// Offsets in a voxel, relative to its edge.
    pub(crate) offset: Kind,
    /// Components of a direction, relative to 1.
    pub(crate) direction: Kind,
    /// Their inverses.
    pub(crate) inverse: Kind,
    /// Everything that comes from a table or a quotient.
    pub(crate) value: Kind,
    /// Mean free paths to the next hard collision.
    pub(crate) interactions: Kind,
    /// Shares of a step at which something happens.
    pub(crate) share: Kind,
    /// Energies in quanta: rounded, so they agree or differ by a few.
    pub(crate) quanta: Kind,
}

pub(crate) fn alpha_fields(t: Tolerances) -> Vec<Field> {
    vec![
        ("voxel", 3, Bits),
        ("index", 1, Bits),
        ("medium", 1, Bits),
        ("offset", 3, t.offset),
        ("direction", 3, t.direction),
        ("inverse", 3, t.inverse),
        ("range", 1, t.value),
        ("stretch", 1, t.value),
        ("quanta", 1, t.quanta),
        ("stopping_energy", 1, t.value),
        ("saturated_energy", 1, t.value),
        ("alive", 1, Bits),
    ]
}

pub(crate) fn alpha_deposit_fields(t: Tolerances) -> Vec<Field> {
    vec![
        ("deposit.index", 1, Bits),
        ("deposit.quanta", 1, t.quanta),
        ("deposit.let_quanta", 1, t.quanta),
        ("deposit.quality_quanta", 1, t.quanta),
        ("deposit.escaped", 1, t.quanta),
    ]
}

pub(crate) fn electron_fields(t: Tolerances) -> Vec<Field> {
    vec![
        ("voxel", 3, Bits),
        ("index", 1, Bits),
        ("medium", 1, Bits),
        ("offset", 3, t.offset),
        ("direction", 3, t.direction),
        ("inverse", 3, t.inverse),
        ("range", 1, t.value),
        ("quanta", 1, t.quanta),
        ("step", 1, t.value),
        ("start", 1, t.value),
        ("loss", 1, t.value),
        ("share", 1, t.share),
        ("stop", 1, t.share),
        ("event", 1, Bits),
        ("hard", 1, t.share),
        ("interactions", 1, t.interactions),
        ("words", 3, Bits),
        ("stream", 1, Bits),
        ("draw", 1, Bits),
        ("steps", 1, Bits),
        ("state", 1, Bits),
        ("charge", 1, Bits),
    ]
}

/// Of electrons and of photons.
pub(crate) fn deposit_fields(t: Tolerances) -> Vec<Field> {
    vec![("deposit.index", 1, Bits), ("deposit.quanta", 1, t.quanta), ("deposit.escaped", 1, t.quanta), ("deposit.status", 1, Bits)]
}

fn photon_of_fields(t: Tolerances) -> Vec<Field> {
    vec![("photon.direction", 3, t.direction), ("photon.quanta", 1, t.quanta), ("photon.stream", 1, Bits)]
}

pub(crate) fn waiting_fields(t: Tolerances) -> Vec<Field> {
    vec![
        ("waiting.index", 1, Bits),
        ("waiting.offset", 3, t.offset),
        ("waiting.direction", 3, t.direction),
        ("waiting.range", 1, t.value),
        ("waiting.quanta", 1, t.quanta),
        ("waiting.interactions", 1, t.interactions),
        ("waiting.stream", 1, Bits),
        ("waiting.draw", 1, Bits),
        ("waiting.steps", 1, Bits),
        ("waiting.charge", 1, Bits),
    ]
}

pub(crate) fn photon_fields(t: Tolerances) -> Vec<Field> {
    vec![
        ("voxel", 3, Bits),
        ("index", 1, Bits),
        ("medium", 1, Bits),
        ("offset", 3, t.offset),
        ("direction", 3, t.direction),
        ("quanta", 1, t.quanta),
        ("choice", 1, t.value),
        ("way", 1, t.value),
        ("carry", 1, t.share),
        ("stream", 1, Bits),
        ("draw", 1, Bits),
        ("flights", 1, Bits),
        ("state", 1, Bits),
    ]
}

/// What [`Row::event`] puts.
pub(crate) fn event_fields(t: Tolerances) -> Vec<Field> {
    [
        electron_fields(t),
        waiting_fields(t),
        vec![("born", 1, Bits), ("photons", 1, Bits)],
        photon_of_fields(t),
        photon_of_fields(t),
        vec![("quanta", 1, t.quanta), ("status", 1, Bits)],
    ]
    .concat()
}

pub(crate) fn interaction_fields(t: Tolerances) -> Vec<Field> {
    let particle = [("set free.direction", 3, t.direction), ("set free.quanta", 1, t.quanta), ("set free.stream", 1, Bits)];
    [&particle[..], &particle, &[("pair", 1, Bits), ("quanta", 1, t.quanta), ("status", 1, Bits)]].concat()
}
