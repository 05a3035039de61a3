//! What a simulation shows of itself: snapshots and rows of the timeline.

use super::{OxygenSource, Simulation, state};
use crate::{
    error::Result,
    response::tme::{
        Field, Snapshot,
        cpu::biology::{biology_activation, biology_barrier, biology_consumption, biology_dying},
        model::field_of,
        oxygen_state::Oxygen,
        row::parameter,
        stage::Stage,
        timeline::{GlobalRow, TimelineRow},
    },
};

impl Simulation {
    /// Oxygen of all voxels, with the drugs of now.
    fn oxygen(&self, fields: &[f64], stage: &Stage<f64>) -> Vec<Oxygen<f64>> {
        let voxels = 0..self.domain.row.len();
        match &self.oxygen {
            OxygenSource::Off => voxels.map(|_| Oxygen::full()).collect(),
            OxygenSource::Field(_) => self.diffused.clone(),
            OxygenSource::Closure(closure) => {
                let of = |voxel: usize| {
                    let (row, state) = (self.row(voxel), state(fields, voxel));
                    let place = usize::from(self.domain.row[voxel]);
                    closure(place, state.vessels, biology_consumption(row, stage, &state), row.capillary + stage.capillary)
                };
                voxels.map(of).collect()
            }
        }
    }

    /// The state now. Oxygen that diffuses is that of the start of the last step.
    ///
    /// # Errors
    /// Errors of devices, or a state that is no number.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let fields = self.fields()?;
        let oxygen = self.oxygen(&fields, &self.drugs.stage(0.0));
        Ok(Snapshot {
            time: self.time,
            fields: fields.iter().map(|&value| value as f32).collect(),
            oxygen: oxygen.iter().map(|oxygen| oxygen.po2 as f32).collect(),
            hypoxia: oxygen.iter().map(|oxygen| oxygen.hypoxic as f32).collect(),
        })
    }

    /// The fields now with all their digits: [`crate::response::tme::FIELDS`] fields, one after the other.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub fn state(&mut self) -> Result<Vec<f64>> {
        self.fields()
    }

    /// Adds the present time to the timeline.
    pub(super) fn record(&mut self) -> Result<()> {
        if self.timeline.globals.last().is_some_and(|last| last.time == self.time) {
            return Ok(());
        }
        let fields = self.fields()?;
        let antigen = self.model.antigen()?;
        let lymphocytes = self.lymphocytes;
        let stage = Stage { antigen, lymphocytes: lymphocytes.able, ..self.drugs.stage(0.0) };
        let oxygen = self.oxygen(&fields, &stage);
        for region in 0..self.domain.regions.len() {
            let row = self.region(region, &fields, &oxygen, &stage)?;
            self.timeline.rows.push(row);
        }
        let marrow = |which: usize| self.marrow.as_ref().map(|chains| chains[which].circulating());
        self.timeline.globals.push(GlobalRow {
            time: self.time,
            antigen,
            lymphocytes: lymphocytes.able + lymphocytes.damaged,
            checkpoint_nm: self.drugs.checkpoint(),
            drugs: self.drugs.others().map(|(_, amount)| amount).collect(),
            platelets: marrow(0),
            neutrophils: marrow(1),
            blood_dose_gy: self.blood_dose,
        });
        Ok(())
    }

    /// Means over a region.
    fn region(&self, region: usize, fields: &[f64], oxygen: &[Oxygen<f64>], stage: &Stage<f64>) -> Result<TimelineRow> {
        let rows = self.domain.row.iter().enumerate();
        let voxels: Vec<usize> = rows.filter(|(_, row)| usize::from(**row) == region).map(|(voxel, _)| voxel).collect();
        let n = voxels.len() as f64;
        let mean_of = |f: &dyn Fn(usize) -> f64| voxels.iter().map(|&voxel| f(voxel)).sum::<f64>() / n;
        let mean = |field: Field| {
            let values = field_of(fields, field);
            mean_of(&|voxel| values[voxel])
        };
        let (row, tissue) = (&self.rows[region], &self.tissues[region]);
        let set = &self.plan.regions[region];
        let get = |name: &str| parameter(&set.region, &set.parameters, name);

        let viable = mean(Field::Oxic) + mean(Field::Hypoxic);
        let volume = n * self.domain.grid.voxel_volume_cm3();
        let viable_ml = viable * volume;
        // Without alpha nothing is killed by it, and there is no dose that would do the same.
        let equivalent = if tissue.alpha > 0.0 { mean(Field::EffectHigh) / tissue.alpha } else { 0.0 };
        let (mut activation, mut index) = (0.0, 0.0);
        if self.plan.immune {
            for &voxel in &voxels {
                let state = state(fields, voxel);
                let active = biology_activation(row, stage, &state) / n;
                activation += active;
                index += active * biology_barrier(row, stage, state.caf) * state.vessels * stage.lymphocytes;
            }
        }
        Ok(TimelineRow {
            time: self.time,
            region: self.domain.regions[region].clone(),
            volume_ml: (viable + mean(Field::Doomed) + mean(Field::Dead)) * volume,
            viable_ml,
            cells: get("clonogenic_share")? * get("packing")? * viable_ml,
            surviving: viable * n / self.at_start[region],
            doomed: mean(Field::Doomed),
            dead: mean(Field::Dead),
            hypoxic_fraction: mean_of(&|voxel| oxygen[voxel].hypoxic),
            po2_mmhg: mean_of(&|voxel| oxygen[voxel].po2),
            vessels: mean(Field::Vessels),
            caf: mean(Field::Caf),
            m1: mean(Field::M1),
            m2: mean(Field::M2),
            t_primed: mean(Field::Primed),
            t_effector: mean(Field::Effector),
            pdl1: mean(Field::PdL1),
            immune_activation: activation,
            immune_index: index,
            target: mean(Field::Target),
            dose_low_gy: mean(Field::DoseLow),
            dose_high_gy: mean(Field::DoseHigh),
            bed_gy: mean(Field::DoseLow) + equivalent + 2.0 * mean(Field::Encounter) / tissue.alpha_beta,
            death_signal: row.doomed_loss * mean_of(&|voxel| biology_dying(row, &state(fields, voxel))),
        })
    }
}
