//! From scored components to everything that is written: maps, response, tables, summary and provenance.

use std::sync::Arc;

use super::{Account, Component, Prepared, Treatment};
use crate::{
    dose::{
        accumulate::{DoseMaps, dose_maps, dose_rate_components, region_doses},
        component::ScoredComponent,
        contribution::Contribution,
        rate::{RateAt, dose_rate_at, rate_maps},
        regions::{Period, RegionDvh, RegionIndex, RegionResponse, RegionRow, TableOptions, region_rows},
    },
    error::{Error, Result},
    io::{
        dicom::rtdose::{DoseQuantity, DoseScaling, RtDose, RtDoseStudy, write_rt_dose},
        image::{Description, NrrdEncoding, write_metaimage, write_nifti, write_nifti_series, write_npy, write_nrrd},
        output::OutputDir,
    },
    plan::Plan,
    report::{
        ResultWriter, RunResult,
        activity::{activity_csv, time_activity_json},
        anatomy::Anatomy,
        components::{ComponentRecord, ComponentSet},
        provenance::{self, Engine, Frame, PlanText, Provenance, sha256_hex},
        rt_dose::{self, RtDoseSet, RtDoseSummary},
        summary::{self, Device, EnergyPerDecay, Phase, Summary, Timings, Uncertainty},
        text, time,
        tme::{self, TmeResult, TmeSummary},
        write::{FractionMaps, ImageFormat, Quantity},
        write_all,
    },
    response::{self, Irradiation, MapOptions, RegionOptions, response_maps, tme::weighted::weighted_dose},
    transport::{backend::DeviceInfo, gpu::shaders},
    volume::Volume,
};

/// Results of a run, ready to be written.
#[derive(Debug)]
pub struct Evaluation {
    /// Maps of all fractions together.
    pub total: DoseMaps,
    /// BED of the whole treatment, Gy.
    pub bed: Volume<f32>,
    /// EQD2 of the whole treatment, Gy.
    pub eqd2: Volume<f32>,
    /// Maps per fraction.
    pub fractions: Vec<FractionMaps>,
    /// Dose rate at the times the plan asks for.
    pub rates: Vec<RateAt>,
    /// Region table.
    pub rows: Vec<RegionRow>,
    /// DVHs.
    pub dvhs: Vec<RegionDvh>,
    /// Endpoints per region.
    pub responses: Vec<response::RegionResponse>,
    /// How well the total is known, and whether the goal was met.
    pub uncertainty: Uncertainty,
    /// What the user must know.
    pub warnings: Vec<String>,
    /// What was delivered in the end: predicted fractions with the uptake that was predicted.
    pub treatment: Treatment,
    /// The microenvironment in time, where the plan asks for it.
    pub tme: Option<TmeResult>,
    /// Scaling of the RT Dose objects, where the plan asks for them.
    rt_dose: Option<DoseScaling>,
    /// Dose per decay of the components, where the plan has it stored.
    stored: Option<Vec<ScoredComponent>>,
    runs: Vec<summary::RunCount>,
    balances: Vec<summary::EnergyBalance>,
    phases: Vec<Phase>,
    histories: u64,
    batches: u32,
}

/// What a run has delivered, before it is evaluated.
pub(super) struct Delivered {
    /// Fractions, and the components they are made of.
    pub(super) treatment: Treatment,
    /// Dose per decay of the components.
    pub(super) scored: Vec<ScoredComponent>,
    /// What was transported; `None`: the doses were stored by another run.
    pub(super) account: Option<Account>,
    /// The microenvironment, where it was followed.
    pub(super) tme: Option<TmeResult>,
}

/// What only the caller of a run knows, for summary and provenance.
#[derive(Debug, Clone)]
pub struct Record {
    /// Command line, program name first.
    pub command_line: Vec<String>,
    /// UTC of the start.
    pub started: String,
    /// What did the transport.
    pub device: DeviceInfo,
    /// Threads of the CPU backend, 0 on a GPU.
    pub threads: usize,
}

impl Evaluation {
    /// Evaluates a transport.
    ///
    /// # Errors
    /// If the energy balance is broken, or a dose is not finite.
    pub(super) fn new(plan: &Plan, prepared: &Prepared, delivered: Delivered, threads: usize, phases: Vec<Phase>) -> Result<Self> {
        let Delivered { treatment, scored, account, tme } = delivered;
        let mut clock = super::Clock::new(phases);
        let phantom = &prepared.phantom;
        let grid = phantom.grid;
        let index = RegionIndex::new(phantom)?;
        let everything: Vec<Contribution> = treatment.deliveries.iter().flat_map(|d| d.contributions.clone()).collect();
        let mut total = dose_maps(&grid, &scored, &everything);
        prepared.external.iter().for_each(|external| external.add_to(&mut total));
        clock.lap("dose");

        let mut components = dose_rate_components(grid.len(), &scored, &treatment.deliveries);
        if let (Some(tme), Some(result)) = (&plan.response.tme, &tme) {
            let weighted = |component| weighted_dose(&result.domain, component, phantom, &index, &plan.response, tme);
            let weighted = scored.iter().map(|component| Ok(weighted(component)?.map(Arc::new))).collect::<Result<Vec<_>>>()?;
            components.iter_mut().zip(&everything).for_each(|(c, from)| c.dose.high_weighted.clone_from(&weighted[from.component]));
        }
        let irradiation = Irradiation::new(&components, phantom, &plan.response)?.with_external(&prepared.external);
        let maps = response_maps(&irradiation, &MapOptions { until: f64::INFINITY, fractions: true, threads })?;
        let responses = response::region_responses(&irradiation, &maps, &RegionOptions { threads, ..RegionOptions::default() });
        clock.lap("response");

        let options = TableOptions { dose_levels: &plan.output.dose_levels, dvh_bin: plan.output.dvh_bin };
        let (mut rows, mut dvhs, mut fractions) = (Vec::new(), Vec::new(), Vec::new());
        let wanted = plan.output.dicom.as_ref().map_or(&[][..], |dicom| &dicom.quantities);
        for delivery in &treatment.deliveries {
            let maps_of = dose_maps(&grid, &scored, &delivery.contributions);
            let doses = region_doses(&scored, &delivery.contributions, index.masses());
            let bed = maps.fractions.iter().find(|(number, _)| *number == delivery.number).map(|(_, map)| map);
            let of_region = |slot: usize| RegionResponse {
                bed_mean_gy: bed.filter(|_| slot > 0 && index.counts()[slot] > 0).map(|map| mean(&index.values(slot, map))),
                ..RegionResponse::default()
            };
            let (more, curves) = region_rows(Period::Fraction(delivery.number), &index, &maps_of, &doses, options, of_region)?;
            rows.extend(more);
            dvhs.extend(curves);
            if plan.output.fractions {
                let rate = plan.output.dose_rate.then(|| rate_maps(&grid, &scored, &delivery.contributions));
                let bed = bed.map(|map| Volume::new(grid, map.clone()));
                let eqd2 = bed.as_ref().filter(|_| wanted.contains(&DoseQuantity::Eqd2)).map(|bed| irradiation.eqd2(bed));
                fractions.push(FractionMaps { number: delivery.number, maps: maps_of, bed, eqd2, rate });
            }
        }
        for external in &prepared.external {
            let of_region = |slot: usize| RegionResponse {
                bed_mean_gy: (slot > 0 && index.counts()[slot] > 0).then(|| {
                    let bed = irradiation.external_bed(external, phantom.region_voxels(slot - 1));
                    bed.iter().sum::<f64>() / bed.len() as f64
                }),
                ..RegionResponse::default()
            };
            let period = Period::External(external.plan.number);
            let (more, curves) = region_rows(period, &index, &external.maps(), &external.region_doses(), options, of_region)?;
            rows.extend(more);
            dvhs.extend(curves);
        }
        let mut doses = region_doses(&scored, &everything, index.masses());
        for external in &prepared.external {
            doses.iter_mut().zip(&external.means).for_each(|(dose, mean)| dose.mean += mean);
        }
        let of_region = |slot: usize| region_response(slot, &index, &responses);
        let (more, curves) = region_rows(Period::Total, &index, &total, &doses, options, of_region)?;
        rows.extend(more);
        dvhs.extend(curves);
        clock.lap("region tables");

        let at = |&time: &f64| dose_rate_at(&grid, &scored, &treatment.deliveries, index.masses(), time);
        let rates = plan.output.dose_rate_at.iter().map(at).collect();

        let transported = account.is_some();
        let Account { histories, counts: runs, balances, warnings: told } = account.unwrap_or_default();
        let mut warnings = phantom.warnings.clone();
        warnings.extend(prepared.inputs.notes());
        warnings.extend(prepared.external.iter().flat_map(|external| external.warnings.clone()));
        warnings.extend(treatment.sources.iter().flat_map(|s| s.warnings.clone()));
        warnings.extend(told);
        warnings.extend(maps.warnings());
        warnings.extend(tme.iter().flat_map(TmeResult::all_warnings));
        warnings.extend(text::statistics_warnings(&rows, &dvhs, &runs));
        let (bed, eqd2) = (Volume::new(grid, maps.bed), Volume::new(grid, maps.eqd2));
        let rt_dose = plan.output.dicom.as_ref().map(|dicom| {
            let maps = dicom.quantities.iter().flat_map(|&quantity| {
                let total = match quantity {
                    DoseQuantity::Dose => &total.dose,
                    DoseQuantity::Bed => &bed,
                    DoseQuantity::Eqd2 => &eqd2,
                };
                fractions.iter().filter_map(move |fraction| rt_dose::of_fraction(fraction, quantity)).chain([total])
            });
            let (scaling, told) = rt_dose::scaling(dicom.bits, maps);
            warnings.extend(told);
            scaling
        });
        let mut seen = std::collections::HashSet::new();
        warnings.retain(|warning| seen.insert(warning.clone()));
        if let Some(broken) = balances.iter().find(|b| !b.balanced) {
            return Err(Error::device(format!(
                "{} ({}): {} quanta of energy are unaccounted for; the device miscounted, its result is not written",
                broken.component, broken.radiation, broken.missing_quanta
            )));
        }
        let uncertainty = Uncertainty::new(&index, &total, &rows, plan.transport.goal.as_ref());
        Ok(Self {
            bed,
            eqd2,
            total,
            fractions,
            rates,
            rows,
            dvhs,
            responses,
            uncertainty,
            warnings,
            rt_dose,
            stored: (transported && (plan.output.components || plan.response.tme.is_some())).then_some(scored),
            runs,
            balances,
            phases: clock.phases,
            histories,
            treatment,
            tme,
            batches: plan.transport.batches,
        })
    }

    /// False if the plan's uncertainty goal was not reached.
    pub fn goal_met(&self) -> bool {
        self.uncertainty.goal.as_ref().is_none_or(|goal| goal.met)
    }

    /// Histories of all runs together.
    pub fn histories(&self) -> u64 {
        self.histories
    }

    /// Seconds of the transport.
    pub fn transport_seconds(&self) -> f64 {
        self.phases.iter().filter(|p| p.name == "transport").map(|p| p.seconds).sum()
    }

    /// What is stored of the components.
    fn component_set<'a>(&'a self, prepared: &'a Prepared, scored: &'a [ScoredComponent]) -> ComponentSet<'a> {
        let mut runs = self.runs.iter();
        let record = |(component, scored): (&'a Component, &'a ScoredComponent)| {
            let emitter = &self.treatment.emitters[component.emitter];
            ComponentRecord {
                scored,
                pattern: &component.pattern,
                emitter: emitter.digest(&prepared.settings),
                histories: runs.by_ref().take(emitter.beams.len()).map(|run| run.histories).sum(),
                batches: self.batches,
            }
        };
        ComponentSet {
            phantom: &prepared.phantom,
            saturation: prepared.settings.tables.saturation,
            records: self.treatment.components.iter().zip(scored).map(record).collect(),
        }
    }

    /// What the RT Dose objects share; `None`: not asked for.
    fn rt_dose_set<'a>(&self, plan: &'a Plan, prepared: &Prepared, provenance: &Provenance) -> Result<Option<RtDoseSet<'a>>> {
        let (Some(dicom), Some(scaling)) = (&plan.output.dicom, &self.rt_dose) else { return Ok(None) };
        // The frame is that of the images, wherever they lie; a phantom without any is what its plan says.
        let images: Vec<&str> =
            provenance.inputs.iter().filter(|f| ["CT", "labels"].contains(&f.role.as_str())).map(|f| f.sha256.as_str()).collect();
        let phantom = serde_json::to_vec(&plan.phantom).map_err(|e| Error::input(format!("the phantom cannot be written as JSON: {e}")))?;
        let phantom_digest = if images.is_empty() { sha256_hex(&phantom) } else { images.join(" ") };
        let patient = prepared.inputs.patient();
        let patient = if plan.output.anonymise { patient.anonymised() } else { patient };
        let nuclide = |number: u32| {
            let fraction = plan.fractions.iter().find(|fraction| fraction.number == number);
            fraction.and_then(|fraction| plan.nuclides.get(fraction.nuclide)).map_or("", |nuclide| nuclide.name.as_str())
        };
        Ok(Some(RtDoseSet {
            study: RtDoseStudy { patient, run_digest: provenance.digest()?, phantom_digest, scaling: scaling.clone() },
            quantities: &dicom.quantities,
            nuclides: self.treatment.deliveries.iter().map(|delivery| nuclide(delivery.number)).collect(),
        }))
    }

    /// Writes all files into a folder and gives them their names.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, plan: &Plan, prepared: &Prepared, record: &Record, dir: &mut OutputDir) -> Result<Vec<String>> {
        let on_gpu = record.threads == 0;
        let device = Device {
            name: record.device.name.clone(),
            vendor: if on_gpu { format!("PCI {:#06x}", record.device.vendor) } else { String::new() },
            kind: record.device.kind.clone(),
            driver: record.device.driver.clone(),
            backend: record.device.backend.clone(),
            threads: record.threads,
        };
        let simplified: Vec<EnergyPerDecay> = self.treatment.emitters.iter().flat_map(|e| e.simplified.clone()).collect();
        let local_deposits = self
            .treatment
            .emitters
            .iter()
            .flat_map(|e| {
                e.local.iter().map(|l| EnergyPerDecay {
                    component: e.name.clone(),
                    what: l.what.clone(),
                    mev_per_decay: l.energy,
                    treatment: "deposited where the decay happens".into(),
                })
            })
            .collect();
        let summary = Summary {
            schema: summary::SCHEMA,
            title: plan.title.clone(),
            device: device.clone(),
            runs: self.runs.clone(),
            energy_balance: self.balances.clone(),
            local_deposits,
            not_transported: simplified.clone(),
            timings: Timings::new(self.phases.clone(), "transport", self.histories),
            uncertainty: self.uncertainty.clone(),
            dose_levels_gy: plan.output.dose_levels.clone(),
            regions: self.rows.clone(),
            rt_dose: self.rt_dose.as_ref().map(|s| RtDoseSummary { bits: s.bits(), dose_grid_scaling_gy: s.step() }),
            tme: self.tme.as_ref().map(TmeSummary::new),
            warnings: self.warnings.clone(),
        };
        let provenance = Provenance {
            schema: provenance::SCHEMA,
            engine: Engine::this(),
            command_line: record.command_line.clone(),
            started: record.started.clone(),
            finished: time::utc(std::time::SystemTime::now()),
            plan: PlanText::from(&plan.source),
            resolved_plan: provenance::resolved(plan)?,
            inputs: prepared.inputs.digests()?,
            nuclide_data: nuclide_data(plan)?,
            physics_data: prepared.tables.notes.clone(),
            seed: plan.transport.seed,
            histories: self.histories,
            batches: self.batches,
            device,
            shader_sha256: on_gpu.then(shaders::digest),
            physics: serde_json::to_value(prepared.settings).map_err(|e| Error::input(e.to_string()))?,
            frame: Frame::from(&prepared.phantom.grid),
            uncertainty: self.uncertainty.clone(),
            approximations: approximations(&simplified, plan, self.tme.as_ref()),
        };
        let stored = self.stored.as_ref().map(|scored| self.component_set(prepared, scored));
        let also = &plan.output;
        let formats: Vec<ImageFormat> =
            [(also.metaimage, ImageFormat::MetaImage), (also.nrrd, ImageFormat::Nrrd), (also.npy, ImageFormat::Npy)]
                .into_iter()
                .filter_map(|(wanted, format)| wanted.then_some(format))
                .collect();
        let rt_dose = self.rt_dose_set(plan, prepared, &provenance)?;
        let groups: Vec<String> = self.treatment.emitters.iter().map(|e| e.name.clone()).collect();
        let result = RunResult {
            anatomy: &Anatomy::from(&prepared.phantom),
            total: &self.total,
            bed_total: &self.bed,
            eqd2_total: Some(&self.eqd2),
            fractions: &self.fractions,
            rates: &self.rates,
            external: &prepared.external,
            rows: &self.rows,
            dvhs: &self.dvhs,
            summary: &summary,
            provenance: &provenance,
            formats: &formats,
            gate_frame: plan.output.gate_frame,
            rt_dose: rt_dose.as_ref(),
            components: stored.as_ref(),
            activity: &activity_csv(plan, &self.treatment.sources, &groups),
            time_activity: &time_activity_json(&self.treatment.sources)?,
            tme: self.tme.as_ref(),
        };
        write_all(&result, &mut Folder(dir))
    }
}

/// The evaluation behind every nuclide and chain member.
fn nuclide_data(plan: &Plan) -> Result<String> {
    let mut sources = Vec::new();
    for nuclide in &plan.nuclides {
        for member in crate::nuclide::emissions(&nuclide.name, nuclide.daughters)?.members {
            sources.push(format!("{}: {}", member.name, crate::nuclide::find(&member.name)?.source));
        }
    }
    Ok(sources.join("; "))
}

/// What was simplified, in sentences.
fn approximations(simplified: &[EnergyPerDecay], plan: &Plan, tme: Option<&TmeResult>) -> Vec<String> {
    let mut list: Vec<String> =
        simplified.iter().map(|s| format!("{}: {} ({:.4} MeV per decay): {}", s.component, s.what, s.mev_per_decay, s.treatment)).collect();
    let regions: Vec<&str> = plan.response.regions.iter().filter(|(_, p)| !p.assumed.is_empty()).map(|(name, _)| name.as_str()).collect();
    if !regions.is_empty() {
        list.push(format!("response parameters that are assumed, not measured, in: {} (see resolved_plan.response)", regions.join(", ")));
    }
    for external in &plan.external {
        list.push(format!(
            "external dose \"{}\": {} sessions of equal dose, each acute and low-LET, repaired before anything else comes; BED n d (1 + d/(alpha/beta)) adds to that of \
             the fractions, damage that one leaves unrepaired for the other is not followed; no uncertainty",
            external.name, external.fractions
        ));
    }
    list.extend(tme.iter().flat_map(|tme| tme::parameters::assumed(tme)));
    list
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64
}

/// Response columns of the total; slot 0 (the whole grid) has none.
fn region_response(slot: usize, index: &RegionIndex, responses: &[response::RegionResponse]) -> RegionResponse {
    if index.counts()[slot] == 0 {
        return RegionResponse::default();
    }
    // The whole grid mixes tissues: a mean BED over them would mean nothing.
    let Some(r) = slot.checked_sub(1).map(|region| &responses[region]) else { return RegionResponse::default() };
    RegionResponse { bed_mean_gy: Some(r.bed_mean), eqd2_mean_gy: Some(r.eqd2_mean), eud_gy: Some(r.eud), tcp: r.tcp, ntcp: r.ntcp }
}

/// What an image's header says of it.
fn described(stem: &str, quantity: &Quantity) -> Result<Description> {
    Description::new(&quantity.name, quantity.unit, &stem[..stem.len().min(15)])
}

/// The output folder as a writer of results.
struct Folder<'a>(&'a mut OutputDir);

impl ResultWriter for Folder<'_> {
    fn image(&mut self, name: &str, format: ImageFormat, volume: &Volume<f32>, quantity: &Quantity) -> Result<()> {
        let stem = name.strip_suffix(format.suffix()).unwrap_or(name);
        let description = described(stem, quantity)?;
        let path = self.0.file(name);
        if let Some(name) = format.sidecar(stem) {
            self.0.file(&name);
        }
        match format {
            ImageFormat::Nifti => write_nifti(path, volume, &description),
            ImageFormat::MetaImage => write_metaimage(path, volume, &description),
            ImageFormat::Nrrd => write_nrrd(path, volume, &description, NrrdEncoding::Gzip),
            ImageFormat::Npy => write_npy(path, volume, &description),
        }
    }

    fn series(&mut self, name: &str, volumes: &[&Volume<f32>], times: &[f64], quantity: &Quantity) -> Result<bool> {
        let stem = name.strip_suffix(ImageFormat::Nifti.suffix()).unwrap_or(name);
        write_nifti_series(self.0.file(name), volumes, times, &described(stem, quantity)?)
    }

    fn rt_dose(&mut self, name: &str, dose: &RtDose<'_>) -> Result<()> {
        write_rt_dose(self.0.file(name), dose)
    }

    fn text(&mut self, name: &str, content: &str) -> Result<()> {
        crate::io::atomic::write(self.0.file(name), content.as_bytes())
    }
}
