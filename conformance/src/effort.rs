//! CPU time of a thread: the same on a busy machine as on a quiet one, where wall time says nothing.

use std::fs;
use std::time::Duration;

/// CPU time that this thread has used so far (proc(5), `schedstat`: nanoseconds on a core come first).
pub fn spent() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let first = text.split_whitespace().next().unwrap();
    Duration::from_nanos(first.parse().unwrap())
}

#[cfg(test)]
mod tests {
    use super::spent;

    #[test]
    fn sleep_is_no_effort_and_work_is() {
        let before = spent();
        std::thread::sleep(std::time::Duration::from_millis(300));
        let slept = spent();
        let mut sum = 0_u64;
        while spent() - slept < std::time::Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(slept - before < std::time::Duration::from_millis(100) && sum > 0);
    }
}
