//! The kernels of multigrid as text; needs no adapter.

use std::mem::{offset_of, size_of};

use dosaic::{
    response::tme::{
        cpu::multigrid::MultigridStep,
        micro::{gpu::BINDINGS, levels::Kind},
    },
    transport::gpu::{
        bindings::{READ, WRITE},
        shaders,
    },
};

#[test]
fn kernels_are_valid_and_lie_as_the_host_says() {
    for kind in Kind::ALL {
        let module = shaders::multigrid(kind.entry());
        let text = module.source();
        let parsed = naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        validator.validate(&parsed).unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        assert!(parsed.entry_points.iter().any(|entry| entry.name == kind.entry()), "{kind:?}");
        for (binding, expected) in BINDINGS.into_iter().enumerate() {
            let variable = parsed.global_variables.iter().find(|(_, v)| v.binding.is_some_and(|b| b.binding as usize == binding));
            let found = match variable.expect("it is bound").1.space {
                naga::AddressSpace::Uniform => wgpu::BufferBindingType::Uniform,
                naga::AddressSpace::Storage { access } if access.contains(naga::StorageAccess::STORE) => WRITE,
                _ => READ,
            };
            assert_eq!(found, expected, "binding {binding}");
        }
        let (_, step) = parsed.types.iter().find(|(_, t)| t.name.as_deref() == Some("MultigridStep")).expect("the struct is there");
        let naga::TypeInner::Struct { members, span } = &step.inner else { panic!("it is no struct") };
        let found: Vec<_> = members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), m.offset as usize)).collect();
        let expected = [
            ("size", offset_of!(MultigridStep, size)),
            ("first", offset_of!(MultigridStep, first)),
            ("coarse_size", offset_of!(MultigridStep, coarse_size)),
            ("coarse_first", offset_of!(MultigridStep, coarse_first)),
            ("factor", offset_of!(MultigridStep, factor)),
            ("cells", offset_of!(MultigridStep, cells)),
            ("reads", offset_of!(MultigridStep, reads)),
            ("weight", offset_of!(MultigridStep, weight)),
            ("half_use", offset_of!(MultigridStep, half_use)),
            ("origin", offset_of!(MultigridStep, origin)),
        ];
        assert_eq!((found.as_slice(), *span as usize), (expected.as_slice(), size_of::<MultigridStep>()));
    }
}
