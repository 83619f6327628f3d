//! Machine info and machine health.
//!
//! Upstream these are custom ops. Here they are a port, [`HealthSource`], with
//! one implementation for real use, [`LocalMachine`], and one over fake machines
//! in the crate `monolith-testing`. The health hook doesn't know which it has.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::clock::relock;
use crate::errors::{Error, ErrorKind, Result};
use crate::proto::health::machine_health_result::MachineHealthStatus;
pub use crate::proto::health::{MachineHealthResult, machine_health_result};

/// The limit of machine info that is created without one, in bytes, where the job
/// doesn't set another (upstream's flag `monolith_default_machine_info_mem_limit`).
pub const DEFAULT_MEM_LIMIT: i64 = 1 << 62;

/// A resource on one device that knows how much memory its process may use.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct MachineInfo {
    /// The device that it is placed on.
    pub device: String,
    /// What it is found by on that device.
    pub shared_name: String,
}

/// Where machine info lives and health is asked for.
pub trait HealthSource: fmt::Debug + Send + Sync {
    /// Finds or creates machine info. Its first creation fixes the limit
    /// (the source's default where none is given); later ones change nothing.
    fn machine_info(
        &self,
        device: &str,
        shared_name: &str,
        mem_limit: Option<i64>,
    ) -> Result<MachineInfo>;

    /// One poll of these machines: for each no bytes if it is healthy, else a
    /// serialized `MachineHealthResult` of `monolith_hooks/logging_ops.proto`. Fails as a whole.
    fn check_machine_health(&self, machines: &[MachineInfo]) -> Result<Vec<Vec<u8>>>;

    /// As [`check_machine_health`](Self::check_machine_health), given up with an error after this
    /// time: a resilient watch polls so, and only then has its own promise to end in time.
    ///
    /// By default there is no deadline, which is right for what can't hang. A source that asks
    /// other machines has one of its own.
    fn check_within(&self, machines: &[MachineInfo], deadline: Duration) -> Result<Vec<Vec<u8>>> {
        let _ = deadline;
        self.check_machine_health(machines)
    }
}

/// The bytes that say how a machine with this memory and this limit does.
pub fn health(current: i64, limit: i64) -> Vec<u8> {
    if current < limit {
        return Vec::new();
    }
    let result = MachineHealthResult {
        status: Some(MachineHealthStatus::OutOfMemory.into()),
        message: Some(format!(
            "Memory limit exceeded. Current: {current}, Limit: {limit}"
        )),
    };
    result.encode_to_vec()
}

/// Machine info of this process, and its resident memory.
#[derive(Debug)]
pub struct LocalMachine {
    default_mem_limit: i64,
    limits: Mutex<BTreeMap<MachineInfo, i64>>,
}

impl Default for LocalMachine {
    fn default() -> Self {
        Self::with_default_mem_limit(DEFAULT_MEM_LIMIT)
    }
}

impl LocalMachine {
    /// With this limit, in bytes, where machine info is created without one.
    pub fn with_default_mem_limit(default_mem_limit: i64) -> Self {
        Self {
            default_mem_limit,
            limits: Mutex::new(BTreeMap::new()),
        }
    }
}

impl HealthSource for LocalMachine {
    fn machine_info(
        &self,
        device: &str,
        shared_name: &str,
        mem_limit: Option<i64>,
    ) -> Result<MachineInfo> {
        let info = MachineInfo {
            device: device.to_owned(),
            shared_name: shared_name.to_owned(),
        };
        relock(&self.limits)
            .entry(info.clone())
            .or_insert(mem_limit.unwrap_or(self.default_mem_limit));
        Ok(info)
    }

    fn check_machine_health(&self, machines: &[MachineInfo]) -> Result<Vec<Vec<u8>>> {
        let current = resident_memory()?;
        let limits = relock(&self.limits);
        machines
            .iter()
            .map(|info| match limits.get(info) {
                Some(limit) => Ok(health(current, *limit)),
                None => Err(Error::new(
                    ErrorKind::NotFoundError,
                    format!("there is no {} on {}", info.shared_name, info.device),
                )),
            })
            .collect()
    }
}

/// Resident memory of this process in bytes: `VmRSS` of `/proc/self/status`.
///
/// Without such a file or line it fails as the op does in Python (B79).
pub fn resident_memory() -> Result<i64> {
    resident_memory_of(Path::new("/proc/self/status"))
}

/// Resident memory, in bytes, of the process whose status file this is.
pub fn resident_memory_of(path: &Path) -> Result<i64> {
    let status = std::fs::read(path).map_err(|error| Error::from_io(&error, path))?;
    parse_resident_memory(&status).ok_or_else(|| {
        let message = format!("no VmRSS line in {}", path.display());
        Error::new(ErrorKind::InvalidArgumentError, message)
    })
}

/// The first line holds the process's name, which is anybody's bytes: not UTF-8 where
/// the kernel cut it within a character, and on a kernel that doesn't escape line ends
/// it may pass for a line of its own. What comes last is the kernel's.
fn parse_resident_memory(status: &[u8]) -> Option<i64> {
    let lines = status.split(|byte| *byte == b'\n');
    lines.rev().find_map(|line| {
        let value = line.strip_prefix(b"VmRSS:")?.strip_suffix(b" kB")?;
        let digits = value.trim_ascii_start();
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let kilobytes: i64 = str::from_utf8(digits).ok()?.parse().ok()?;
        kilobytes.checked_mul(1024)
    })
}

/// Parses what a health check gave, about as lenient as protobuf for Python (D19).
///
/// Fields that aren't known are passed over, and so are known ones of another
/// wire type and enum values without a name: those stay unset.
pub fn parse_machine_health(mut bytes: &[u8]) -> Result<MachineHealthResult> {
    let mut result = MachineHealthResult::default();
    while !bytes.is_empty() {
        read_field(&mut bytes, &mut result)
            .map_err(|_| Error::new(ErrorKind::DecodeError, "Error parsing message"))?;
    }
    Ok(result)
}

fn read_field(
    bytes: &mut &[u8],
    result: &mut MachineHealthResult,
) -> Result<(), prost::DecodeError> {
    let (tag, wire_type) = decode_key(bytes)?;
    match (tag, wire_type) {
        (1, WireType::Varint) => {
            // An int32 on the wire is the low half of a varint.
            #[expect(clippy::cast_possible_truncation)]
            let number = decode_varint(bytes)? as i32;
            if let Ok(status) = MachineHealthStatus::try_from(number) {
                result.status = Some(status.into());
            }
            Ok(())
        }
        (2, WireType::LengthDelimited) => {
            let mut message = Vec::new();
            prost::encoding::bytes::merge(
                wire_type,
                &mut message,
                bytes,
                DecodeContext::default(),
            )?;
            result.message = Some(String::from_utf8_lossy(&message).into_owned());
            Ok(())
        }
        _ => skip_field(wire_type, tag, bytes, DecodeContext::default()),
    }
}

/// The message as protobuf's text format on a single line.
pub fn single_line_text(result: &MachineHealthResult) -> String {
    let mut fields = Vec::new();
    if result.status.is_some() {
        fields.push(format!("status: {}", result.status().as_str_name()));
    }
    if let Some(message) = &result.message {
        fields.push(format!("message: \"{}\"", escape(message)));
    }
    fields.join(" ")
}

/// Protobuf's text escaping, which leaves what isn't ASCII as it is.
fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '"' | '\'' | '\\' => format!("\\{c}"),
            c if c.is_ascii_control() => format!("\\{:03o}", u32::from(c)),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_hex(hex: &str) -> Result<MachineHealthResult> {
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        parse_machine_health(&bytes)
    }

    #[test]
    fn the_limit_itself_is_out_of_memory() {
        assert!(health(999, 1000).is_empty());
        assert!(!health(1000, 1000).is_empty());
        for limit in [0, 1, -1, i64::MIN] {
            assert!(!health(1 << 30, limit).is_empty());
        }
        for limit in [1 << 40, 1 << 62, i64::MAX] {
            assert!(health(1 << 30, limit).is_empty());
        }
    }

    #[test]
    fn a_message_that_is_not_utf8_has_replacement_characters() {
        let result = parse_hex("120361ff62").unwrap();
        assert_eq!(result.message(), "a\u{fffd}b");
    }

    #[test]
    fn what_health_writes_can_be_parsed() {
        let result = parse_machine_health(&health(7, 0)).unwrap();
        assert_eq!(result.status(), MachineHealthStatus::OutOfMemory);
        assert_eq!(
            result.message(),
            "Memory limit exceeded. Current: 7, Limit: 0"
        );
    }

    #[test]
    fn an_unknown_status_an_unknown_field_and_another_wire_type_stay_unset() {
        for hex in ["0807", "1a00", "1001", "0a0131", "f80601"] {
            assert_eq!(parse_hex(hex).unwrap(), MachineHealthResult::default());
        }
    }

    #[test]
    fn broken_bytes_are_a_decode_error() {
        for hex in ["ff", "0a05", "1205616263", "08", "0001", "0c", "0b"] {
            let error = parse_hex(hex).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DecodeError, "{hex}");
            assert_eq!(error.message(), "Error parsing message");
        }
    }

    #[test]
    fn text_is_escaped_as_protobuf_does() {
        let result = MachineHealthResult {
            status: Some(1),
            message: Some("a \"b\" 'c' \\ \n\t\u{1} ä\u{7f}".into()),
        };
        assert_eq!(
            single_line_text(&result),
            "status: OUT_OF_MEMORY message: \"a \\\"b\\\" \\'c\\' \\\\ \\n\\t\\001 ä\\177\""
        );
        assert_eq!(single_line_text(&MachineHealthResult::default()), "");
    }

    #[test]
    fn the_first_creation_of_machine_info_fixes_the_limit() {
        let machine = LocalMachine::default();
        let low = machine.machine_info("cpu", "a", Some(0)).unwrap();
        let again = machine.machine_info("cpu", "a", None).unwrap();
        assert_eq!(low, again);
        let other = machine.machine_info("other", "a", None).unwrap();
        let polled = machine.check_machine_health(&[low, other]).unwrap();
        assert!(!polled[0].is_empty());
        assert!(polled[1].is_empty());
    }

    #[test]
    fn an_own_limit_goes_before_the_jobs_default() {
        let machine = LocalMachine::with_default_mem_limit(0);
        let polled = [
            machine.machine_info("cpu", "a", None).unwrap(),
            machine.machine_info("cpu", "b", Some(1 << 62)).unwrap(),
        ];
        let polled = machine.check_machine_health(&polled).unwrap();
        assert!(!polled[0].is_empty());
        assert!(polled[1].is_empty());
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        let status = b"Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    1234 kB\nVmData:\t7 kB\n";
        assert_eq!(parse_resident_memory(status), Some(1234 * 1024));
        assert!(resident_memory().unwrap() > 0);
    }

    #[test]
    fn no_name_of_a_process_hides_its_memory_or_passes_for_it() {
        for name in [
            &b"\xc3"[..],
            b"\xc3(\xff\xfe\0",
            b"VmRSS:\t1 kB",
            b"\\nVmRSS:\t1 kB",
            b"\nVmRSS:\t1 kB\n",
            b"\n\n\n",
        ] {
            let status = [
                b"Name:\t",
                name,
                b"\nUmask:\t0022\nVmRSS:\t  7 kB\nThreads:\t1\n",
            ];
            assert_eq!(parse_resident_memory(&status.concat()), Some(7 * 1024));
        }
    }

    #[test]
    fn this_process_may_have_any_name() {
        let comm = Path::new("/proc/self/comm");
        let before = std::fs::read(comm).unwrap();
        // The kernel cuts the second one after 15 bytes, which is within a character.
        let names = [
            b"\xc3(\xff".to_vec(),
            "ä".repeat(8).into_bytes(),
            b"\nVmRSS:\t1 kB".to_vec(),
        ];
        for name in names {
            std::fs::write(comm, &name).unwrap();
            let status = std::fs::read("/proc/self/status").unwrap();
            assert!(str::from_utf8(&status).is_err() || name.is_ascii());
            assert!(resident_memory().unwrap() > 1 << 20);
        }
        std::fs::write(comm, before.trim_ascii_end()).unwrap();
    }

    #[test]
    fn without_a_readable_memory_line_the_check_fails_as_an_op() {
        let missing = resident_memory_of(Path::new("/proc/self/no-such-file")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFoundError);
        let other = resident_memory_of(Path::new("/proc/self/limits")).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::InvalidArgumentError);
        assert_eq!(other.message(), "no VmRSS line in /proc/self/limits");
        for status in [
            &b""[..],
            b"VmRSS:",
            b"VmRSS:\t kB\n",
            b"VmRSS:\t-\xff kB\n",
            b"VmRSS:\t9223372036854775807 kB\n",
            b"Name:\tVmRSS:\t1 kB\n",
        ] {
            assert_eq!(parse_resident_memory(status), None, "{status:?}");
        }
    }
}
