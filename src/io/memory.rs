//! How much memory can still be had, asked before large allocations.

use crate::error::{Error, Result};

/// Bytes that can be allocated without swapping, where the system tells (Linux: `MemAvailable`, and the limit of a
/// version-2 control group if that is lower); `None` elsewhere.
pub fn available() -> Option<u64> {
    let system = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| mem_available(&text));
    let bytes = |name: &str| std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<u64>().ok();
    let group = bytes("memory.max").zip(bytes("memory.current")).map(|(max, used)| max.saturating_sub(used));
    match (system, group) {
        (Some(system), Some(group)) => Some(system.min(group)),
        (system, group) => system.or(group),
    }
}

/// Checks that `bytes` can be allocated; `what` begins the message, e.g. a file name.
///
/// Where the system does not tell how much is free, the check passes and the allocation itself decides.
///
/// # Errors
/// [`Error::Input`] with what is needed and what is free.
pub fn check(what: &str, bytes: u64) -> Result<()> {
    match available() {
        Some(free) if bytes > free => {
            let [needed, free] = [bytes, free].map(|b| b as f64 / f64::from(1 << 20));
            Err(Error::input(format!("{what}: needs {needed:.0} MiB of memory, {free:.0} MiB are free")))
        }
        _ => Ok(()),
    }
}

/// `MemAvailable` of `/proc/meminfo`, bytes.
fn mem_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_in_kib() {
        assert_eq!(mem_available("MemTotal:  16 kB\nMemAvailable:   1234 kB\n"), Some(1234 * 1024));
        assert_eq!(mem_available("MemTotal:  16 kB\n"), None);
    }

    #[test]
    fn refuses_what_no_machine_has() {
        if available().is_some() {
            let message = check("ct.nii", u64::MAX / 2).expect_err("8 EiB").to_string();
            assert!(message.starts_with("ct.nii: needs") && message.contains("MiB are free"), "{message}");
        }
        assert!(check("ct.nii", 0).is_ok());
    }
}
