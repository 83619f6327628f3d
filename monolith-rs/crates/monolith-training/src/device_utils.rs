//! Names of devices.

/// The CPU of parameter server `index`.
pub fn ps_device(index: usize) -> String {
    format!("/job:ps/task:{index}/device:CPU:0")
}
