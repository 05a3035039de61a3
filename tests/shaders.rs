//! The shaders as text: generated constants, joined modules, layouts. Needs no adapter.

use dosaic::transport::{
    constants,
    gpu::shaders::{self, ShaderModule},
};

fn modules() -> [ShaderModule; 3] {
    [shaders::alpha(), shaders::electron(), shaders::probe("probe_philox")]
}

#[test]
fn constants_file_is_what_the_host_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/shared/constants.wgsl");
    if std::env::var_os("DOSAIC_REGENERATE").is_some() {
        std::fs::write(path, constants::wgsl()).expect("the shader folder is writable");
    }
    assert_eq!(std::fs::read_to_string(path).expect("the file is there"), constants::wgsl(), "run with DOSAIC_REGENERATE=1");
}

#[test]
fn modules_parse_and_validate() {
    for module in modules() {
        let text = module.source();
        let parsed = naga::front::wgsl::parse_str(&text).unwrap_or_else(|error| {
            let line = error.location(&text).map_or(0, |at| at.line_number as usize);
            panic!("{:?}: {}", module.locate(line), error.emit_to_string(&text));
        });
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        if let Err(error) = validator.validate(&parsed) {
            panic!("{}: {}", module.entry, error.emit_to_string(&text));
        }
    }
}
