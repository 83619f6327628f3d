//! The resident memory that a status file names, whatever else is in it.

use std::fs;
use std::path::Path;

use monolith_training::errors::{Error, ErrorKind};
use monolith_training::logging_ops::{HealthSource, LocalMachine, MachineInfo, resident_memory_of};

/// The memory that a file of this content names.
fn memory(status: &[u8]) -> Result<i64, Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), status).unwrap();
    resident_memory_of(file.path())
}

fn status(name: &[u8], value: &str) -> Vec<u8> {
    let line = format!("\nUmask:\t0022\nVmHWM:\t9 kB\nVmRSS:\t{value} kB\nRssAnon:\t5 kB\n");
    [b"Name:\t", name, line.as_bytes()].concat()
}

#[test]
fn it_is_the_line_of_the_resident_memory_times_1024() {
    for (value, kilobytes) in [
        ("0", 0),
        ("1", 1),
        ("       7", 7),
        ("\t 12345", 12_345),
        ("2097152", 1 << 21),
        ("4294967297", (1 << 32) + 1),
        ("9007199254740991", (1 << 53) - 1),
    ] {
        assert_eq!(
            memory(&status(b"python", value)),
            Ok(kilobytes * 1024),
            "{value}"
        );
    }
}

#[test]
fn no_name_of_a_process_hides_it_or_passes_for_it() {
    for name in [
        &b""[..],
        b"\xc3",
        b"\xff\xfe\0\x80",
        b"12345678901234\xe4",
        "äöü".as_bytes(),
        b"VmRSS:\t1 kB",
        b"\\nVmRSS:\t1 kB",
        b"a\nVmRSS:\t1 kB\nb",
        b"\n\n",
        b"100 % kB",
    ] {
        assert_eq!(
            memory(&status(name, "77")),
            Ok(77 * 1024),
            "{}",
            name.escape_ascii()
        );
    }
}

#[test]
fn without_the_file_or_a_line_of_it_the_check_fails() {
    let gone = resident_memory_of(Path::new("/proc/self/no-such-file")).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFoundError);
    for content in [
        &b""[..],
        b"Name:\tx\n",
        b"Name:\tx\nVmHWM:\t7 kB\n",
        b"Name:\tx\nRssAnon:\t7 kB\n",
        b"Name:\tx\nVmRSS:\t kB\n",
        b"Name:\tx\nVmRSS:\tmany kB\n",
        b"Name:\tx\nVmRSS:\t-7 kB\n",
        b"Name:\tx\nVmRSS:\t7.5 kB\n",
        b"Name:\tx\nVmRSS:\t7 MB\n",
        b"Name:\tx\nVmRSS:\t7\n",
        b"Name:\tx\nXVmRSS:\t7 kB\n",
        b"Name:\tVmRSS:\t7 kB\n",
        b"Name:\tx\nvmrss:\t7 kB\n",
    ] {
        let error = memory(content).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidArgumentError,
            "{}",
            content.escape_ascii()
        );
    }
}

/// The memory that the alarm of a machine names.
fn current(machine: &LocalMachine, info: &MachineInfo) -> i64 {
    let alarms = machine
        .check_machine_health(std::slice::from_ref(info))
        .unwrap();
    let alarm = String::from_utf8_lossy(&alarms[0]);
    let (_, named) = alarm
        .split_once("Memory limit exceeded. Current: ")
        .unwrap();
    named.split_once(", Limit: 1").unwrap().0.parse().unwrap()
}

#[test]
fn it_grows_with_the_process() {
    let machine = LocalMachine::with_default_mem_limit(1);
    let info = machine.machine_info("cpu", "ps", None).unwrap();
    let before = current(&machine, &info);
    let size = 64 << 20;
    let filled = vec![1_u8; size];
    let after = current(&machine, &info);
    // Other tests come and go, in less than half of it.
    assert!(after - before > i64::try_from(size / 2).unwrap());
    assert_eq!(filled[size - 1], 1);
}
