//! `dosaic devices`.

use clap::Args;

use crate::{
    error::Result,
    io::terminal,
    transport::gpu::adapter::{self, kind_name},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn execute(_: &Arguments) -> Result<u8> {
    let all = adapter::candidates();
    let mut text = String::new();
    for c in &all {
        let (info, limits) = (&c.info, &c.limits);
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        text += &format!("{}  {}\n", c.index, info.name);
        text += &format!("   {}, {}, driver {} {}\n", kind_name(info.device_type), info.backend, info.driver, info.driver_info);
        if !info.device_pci_bus_id.is_empty() {
            text += &format!("   PCI {}\n", info.device_pci_bus_id);
        }
        text += &format!(
            "   one binding {:.0} MiB, one buffer {:.0} MiB, {} storage buffers, {} invocations per workgroup\n",
            mib(limits.max_storage_buffer_binding_size),
            mib(limits.max_buffer_size),
            limits.max_storage_buffers_per_shader_stage,
            limits.max_compute_invocations_per_workgroup
        );
        let lacks = c.lacks();
        text += &match (lacks.is_empty(), c.is_software()) {
            (false, _) => format!("   cannot be used; lacks {}\n", lacks.join("; ")),
            (true, true) => "   software adapter: used only when named with --device\n".into(),
            (true, false) => "   ready\n".into(),
        };
    }
    text += "cpu  the CPU twin: same physics, always available\n";
    super::print(&text)?;
    if all.is_empty() {
        terminal::note(format_args!(
            "no graphics adapter found. On Linux the Vulkan loader (libvulkan1) and the vendor's driver are needed; in a container also \
             the graphics capability (NVIDIA_DRIVER_CAPABILITIES=compute,graphics,utility) and the driver's ICD file."
        ));
    }
    Ok(0)
}
