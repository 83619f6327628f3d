//! What is said of unhealthy PS: the record that is logged by default.

use monolith_training::hooks::ps_check_hooks::{
    Results, default_report, get_ps_machine_info_shared_name,
};
use monolith_training::logging_ops::MachineHealthResult;
use tracing::Level;

use crate::records::records;

fn result(status: Option<i32>, message: Option<&str>) -> MachineHealthResult {
    let message = message.map(str::to_owned);
    MachineHealthResult { status, message }
}

#[test]
fn the_default_report_is_one_record_with_a_line_for_each_ps_in_order() {
    let results = Results::from([
        (100, result(Some(1), Some(""))),
        (10, result(Some(0), None)),
        (9, result(None, Some("\"quoted\" 'too' \\ ä\n\t\r\u{1}"))),
        (2, result(Some(1), Some("a"))),
        (0, result(None, None)),
    ]);
    let (outcome, logged) = records(Level::ERROR, || default_report(&results));
    outcome.unwrap();
    assert_eq!(logged.len(), 1);
    let lines: Vec<&str> = logged[0].split('\n').collect();
    assert_eq!(
        lines,
        [
            "PS are not healthy:",
            "PS 0: ",
            "PS 2: status: OUT_OF_MEMORY message: \"a\"",
            r#"PS 9: message: "\"quoted\" \'too\' \\ ä\n\t\r\001""#,
            "PS 10: status: OK",
            "PS 100: status: OUT_OF_MEMORY message: \"\"",
        ]
    );
}

#[test]
fn the_shared_name_has_the_index() {
    for index in [0, 9, 10, 123] {
        let name = get_ps_machine_info_shared_name(index);
        assert_eq!(name, format!("ps_machine_info_{index}"));
    }
}
