//! The memory of a process, from `/proc/PID/status` (proc(5)).

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// KiB that are resident; 0 when there is no such process.
pub(crate) fn resident(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}

/// The most that was resident until then, looked at ten times a second.
pub(crate) fn most(process: u32, until: Instant) -> u64 {
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(resident(process));
        sleep(Duration::from_millis(100));
    }
    most
}
