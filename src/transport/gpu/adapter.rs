//! Adapters: what there is, what it lacks, and which one is meant.

use wgpu::{Adapter, AdapterInfo, Backends, DeviceType, Instance, InstanceDescriptor, Limits};

use crate::{
    error::{Error, Result},
    transport::backend::DeviceInfo,
};

/// An adapter in the order in which `dosaic devices` numbers them.
#[derive(Debug)]
pub struct Candidate {
    /// Number for `--device`.
    pub index: usize,
    /// The adapter.
    pub adapter: Adapter,
    /// Name, driver, kind.
    pub info: AdapterInfo,
    /// Its limits.
    pub limits: Limits,
}

impl Candidate {
    /// Whether it computes on the CPU (lavapipe, WARP, SwiftShader): never chosen unless asked for.
    pub fn is_software(&self) -> bool {
        self.info.device_type == DeviceType::Cpu
    }

    /// What the transport needs and the adapter lacks; empty: usable.
    pub fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        let mut need = |what: &str, have: u64, want: u64| {
            if have < want {
                lacks.push(format!("{what}: {have}, needed {want}"));
            }
        };
        need("storage buffers per stage", self.limits.max_storage_buffers_per_shader_stage.into(), 8);
        need("invocations per workgroup", self.limits.max_compute_invocations_per_workgroup.into(), super::run::WORKGROUP.into());
        need("storage binding size", self.limits.max_storage_buffer_binding_size, 64 << 20);
        lacks
    }

    /// Name, kind, API and driver.
    pub fn device_info(&self) -> DeviceInfo {
        DeviceInfo {
            name: self.info.name.clone(),
            kind: kind_name(self.info.device_type).into(),
            backend: self.info.backend.to_string(),
            driver: format!("{} {}", self.info.driver, self.info.driver_info).trim().to_owned(),
            vendor: self.info.vendor,
        }
    }
}

/// "discrete GPU", "software", ...
pub fn kind_name(kind: DeviceType) -> &'static str {
    match kind {
        DeviceType::DiscreteGpu => "discrete GPU",
        DeviceType::IntegratedGpu => "integrated GPU",
        DeviceType::VirtualGpu => "virtual GPU",
        DeviceType::Cpu => "software",
        DeviceType::Other => "other",
    }
}

/// All adapters of Vulkan, Metal and DirectX 12 that can compute, in a stable order: discrete, integrated, virtual, other, software; then by API and name.
pub fn candidates() -> Vec<Candidate> {
    // The GL backend would list the same devices again, without what the kernels need.
    let descriptor = InstanceDescriptor { backends: Backends::PRIMARY, ..InstanceDescriptor::new_without_display_handle_from_env() };
    let instance = Instance::new(descriptor);
    let mut adapters: Vec<(AdapterInfo, Adapter)> = pollster::block_on(instance.enumerate_adapters(Backends::PRIMARY))
        .into_iter()
        .map(|adapter| (adapter.get_info(), adapter))
        .collect();
    adapters.retain(|(_, adapter)| adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS));
    let rank = |kind| match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    };
    adapters.sort_by_key(|(info, _)| (rank(info.device_type), info.backend as u32, info.name.clone(), info.device_pci_bus_id.clone()));
    adapters.into_iter().enumerate().map(|(index, (info, adapter))| Candidate { index, limits: adapter.limits(), info, adapter }).collect()
}

/// What `--device` means.
#[derive(Debug)]
pub enum Choice {
    /// The CPU twin, and why.
    Cpu(String),
    /// An adapter.
    Gpu(Box<Candidate>),
}

/// Finds the device for "auto", "cpu", an index, or part of a name (case does not matter).
///
/// "auto" takes the first hardware adapter that lacks nothing, else the CPU twin; it never takes a software adapter.
///
/// # Errors
/// If nothing matches; the message lists the candidates.
pub fn choose(wanted: &str) -> Result<Choice> {
    if wanted.eq_ignore_ascii_case("cpu") {
        return Ok(Choice::Cpu("asked for".into()));
    }
    if wanted.trim().is_empty() {
        return Err(Error::input(
            "the name of the device is empty; give a number or a part of a name as listed by `dosaic devices`, or cpu",
        ));
    }
    let mut all = candidates();
    if wanted.eq_ignore_ascii_case("auto") {
        if let Some(at) = all.iter().position(|c| !c.is_software() && c.lacks().is_empty()) {
            return Ok(Choice::Gpu(Box::new(all.swap_remove(at))));
        }
        let software = all.iter().filter(|c| c.is_software()).count();
        let reason = match (all.len(), software) {
            (0, _) => "no graphics adapter found".to_owned(),
            (n, s) if n == s => format!("only software adapters found ({}), which are used only when named", all[0].info.name),
            _ => "no adapter has what is needed; see `dosaic devices`".to_owned(),
        };
        return Ok(Choice::Cpu(reason));
    }
    let matches: Vec<usize> = match wanted.parse::<usize>() {
        Ok(index) => all.iter().position(|c| c.index == index).into_iter().collect(),
        Err(_) => {
            let part = wanted.to_lowercase();
            // A letter or two is not naming: it must not lead to a software adapter.
            let named = |c: &Candidate| c.info.name.to_lowercase().contains(&part) && (part.len() > 2 || !c.is_software());
            (0..all.len()).filter(|&i| named(&all[i])).collect()
        }
    };
    match matches.as_slice() {
        [] => Err(Error::device(format!("no device matches \"{wanted}\"; there are:\n{}", list(&all)))),
        &[first, ..] => {
            let candidate = all.swap_remove(first);
            let lacks = candidate.lacks();
            if lacks.is_empty() {
                Ok(Choice::Gpu(Box::new(candidate)))
            } else {
                Err(Error::device(format!("{} cannot run the transport: {}", candidate.info.name, lacks.join("; "))))
            }
        }
    }
}

/// The candidates, one a line, the CPU twin last.
pub fn list(all: &[Candidate]) -> String {
    let mut text = String::new();
    for c in all {
        let lacks = c.lacks();
        let state = if !lacks.is_empty() {
            format!(" - lacks {}", lacks.join("; "))
        } else if c.is_software() {
            " - used only when named".to_owned()
        } else {
            String::new()
        };
        text += &format!("  {}  {} ({}, {}){state}\n", c.index, c.info.name, kind_name(c.info.device_type), c.info.backend);
    }
    text + "  cpu  the CPU twin (always available)"
}
