//! A device with its queue: creation, compilation and waiting, with errors that say what happened.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use wgpu::{
    BindGroupLayout, Buffer, BufferDescriptor, BufferUsages, ComputePipeline, ComputePipelineDescriptor, Device, DeviceDescriptor,
    ErrorFilter, PipelineLayoutDescriptor, PollType, Queue, ShaderModuleDescriptor, ShaderSource, SubmissionIndex,
};

use super::{adapter::Candidate, shaders::ShaderModule};
use crate::error::{Error, Result};

/// Longest wait for one dispatch before the device counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// A device, its queue, and what went wrong on it.
#[derive(Debug)]
pub struct GpuDevice {
    /// The device.
    pub device: Device,
    /// Its queue.
    pub queue: Queue,
    name: String,
    trouble: Arc<Mutex<Option<String>>>,
}

impl GpuDevice {
    /// Opens an adapter with all of its limits.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn open(candidate: &Candidate) -> Result<Self> {
        let name = candidate.info.name.clone();
        let descriptor = DeviceDescriptor { label: Some("dosaic"), required_limits: candidate.limits.clone(), ..Default::default() };
        let (device, queue) = pollster::block_on(candidate.adapter.request_device(&descriptor))
            .map_err(|error| Error::device(format!("{name} could not be opened: {error}")))?;
        let trouble = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&trouble);
        device.set_device_lost_callback(move |reason, message| note(&lost, format!("device lost ({reason:?}): {message}")));
        let uncaptured = Arc::clone(&trouble);
        device.on_uncaptured_error(Arc::new(move |error| note(&uncaptured, error.to_string())));
        Ok(Self { device, queue, name, trouble })
    }

    /// Compiles a module for bind groups of these layouts; returns the pipeline and the time it took.
    ///
    /// # Errors
    /// With file and line of the shader where the compiler says no.
    pub fn pipeline(
        &self,
        module: &ShaderModule,
        groups: &[&BindGroupLayout],
        constants: &[(&str, f64)],
    ) -> Result<(ComputePipeline, Duration)> {
        let start = Instant::now();
        let scope = self.device.push_error_scope(ErrorFilter::Validation);
        let shader = self
            .device
            .create_shader_module(ShaderModuleDescriptor { label: Some(module.entry), source: ShaderSource::Wgsl(module.source().into()) });
        let info = pollster::block_on(shader.get_compilation_info());
        let problem = pollster::block_on(scope.pop());
        if let Some(message) = info.messages.iter().find(|m| m.message_type == wgpu::CompilationMessageType::Error) {
            let place = message.location.map_or_else(String::new, |at| {
                let (file, line) = module.locate(at.line_number as usize);
                format!("shaders/{file}:{line}:{}: ", at.line_position)
            });
            // wgpu repeats the place in terms of the joined text, and draws it; what is wrong stands on one line.
            let what = message.message.trim();
            let what = what.split_once("parsing error: ").map_or(what, |(_, rest)| rest.lines().next().unwrap_or(rest));
            return Err(Error::device(format!("{place}{what}")));
        }
        if let Some(problem) = problem {
            return Err(Error::device(format!("shader {}: {problem}", module.entry)));
        }
        let scope = self.device.push_error_scope(ErrorFilter::Validation);
        let groups: Vec<Option<&BindGroupLayout>> = groups.iter().copied().map(Some).collect();
        let layout = self.device.create_pipeline_layout(&PipelineLayoutDescriptor {
            label: Some(module.entry),
            bind_group_layouts: &groups,
            immediate_size: 0,
        });
        let pipeline = self.device.create_compute_pipeline(&ComputePipelineDescriptor {
            label: Some(module.entry),
            layout: Some(&layout),
            module: &shader,
            entry_point: Some(module.entry),
            compilation_options: wgpu::PipelineCompilationOptions { constants, zero_initialize_workgroup_memory: false },
            cache: None,
        });
        if let Some(problem) = pollster::block_on(scope.pop()) {
            return Err(Error::device(format!("pipeline {}: {problem}", module.entry)));
        }
        Ok((pipeline, start.elapsed()))
    }

    /// A buffer of `size` bytes.
    ///
    /// # Errors
    /// If it exceeds a limit of the device (with both numbers) or memory is short.
    pub fn buffer(&self, label: &str, size: u64, usage: BufferUsages) -> Result<Buffer> {
        let limits = self.device.limits();
        let storage = usage.contains(BufferUsages::STORAGE);
        let bound = if storage { limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) } else { limits.max_buffer_size };
        if size > bound {
            return Err(Error::device(format!(
                "the {label} buffer needs {} but {} allows {} per buffer; use a coarser or smaller grid, or --device cpu",
                mebibytes(size),
                self.name,
                mebibytes(bound)
            )));
        }
        let scope = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        let buffer = self.device.create_buffer(&BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false });
        match pollster::block_on(scope.pop()) {
            Some(_) => Err(Error::device(format!("{} has no memory left for the {label} buffer of {}", self.name, mebibytes(size)))),
            None => Ok(buffer),
        }
    }

    /// A storage buffer with contents, whole words (padded to 16 bytes, never empty).
    ///
    /// # Errors
    /// As [`Self::buffer`].
    pub fn upload(&self, label: &str, bytes: &[u8]) -> Result<Buffer> {
        let mut slot = None;
        self.refill(label, &mut slot, bytes)?;
        slot.ok_or_else(|| Error::device(format!("internal: the {label} buffer was not made")))
    }

    /// Writes contents to a storage buffer, which is made anew where it is missing or too small.
    ///
    /// # Errors
    /// As [`Self::buffer`].
    pub fn refill(&self, label: &str, slot: &mut Option<Buffer>, bytes: &[u8]) -> Result<()> {
        let size = (bytes.len() as u64).next_multiple_of(16).max(16);
        let buffer = match slot.take().filter(|buffer| buffer.size() >= size) {
            Some(buffer) => buffer,
            None => self.buffer(label, size, BufferUsages::STORAGE | BufferUsages::COPY_DST)?,
        };
        self.queue.write_buffer(&buffer, 0, bytes);
        *slot = Some(buffer);
        Ok(())
    }

    /// Waits for a submission.
    ///
    /// # Errors
    /// If the device is lost, reports an error, or does not answer for two minutes.
    pub fn wait(&self, submission: SubmissionIndex) -> Result<()> {
        let answer = self.device.poll(PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) });
        if let Some(trouble) = self.trouble.lock().expect("the callbacks do not panic").take() {
            return Err(Error::device(format!("{}: {trouble}", self.name)));
        }
        answer.map(|_| ()).map_err(|error| Error::device(format!("{} does not answer: {error}", self.name)))
    }

    /// Reads the first `bytes` bytes of a buffer made with `MAP_READ`, once a submission is done.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub fn read<T: bytemuck::Pod>(&self, buffer: &Buffer, bytes: u64, submission: SubmissionIndex) -> Result<Vec<T>> {
        let outcome = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&outcome);
        buffer.map_async(wgpu::MapMode::Read, ..bytes, move |result| *slot.lock().expect("nobody panics here") = Some(result));
        self.wait(submission)?;
        let mapped = outcome.lock().expect("nobody panics here").take();
        match mapped {
            Some(Ok(())) => {}
            other => return Err(Error::device(format!("{}: results could not be read: {other:?}", self.name))),
        }
        let view = buffer.get_mapped_range(..bytes).map_err(|error| Error::device(format!("{}: {error}", self.name)))?;
        let values = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        buffer.unmap();
        Ok(values)
    }
}

fn note(slot: &Mutex<Option<String>>, message: String) {
    if let Ok(mut slot) = slot.lock() {
        // The first trouble is the cause, the rest are consequences.
        slot.get_or_insert(message);
    }
}

/// "12.3 MiB".
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}
