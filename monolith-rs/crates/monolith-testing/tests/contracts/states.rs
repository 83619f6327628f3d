//! The files that say which checkpoints there are: names, odd contents, and what a save keeps.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use monolith_training::clock::{Clock, SystemClock};
use monolith_training::coordinator::Coordinator;
use monolith_training::errors::ErrorKind;
use monolith_training::files::{Files, Operation};
use monolith_training::save_utils::{
    Every, FileSaver, HashTableType, LatestCheckpointStates, NoFirstSaveCheckpointSaverHook,
    SaveHelper, SaverOptions, get_monolith_checkpoint_state,
};
use monolith_training::session::{Graph, Session, SessionRunHook};
use tempfile::TempDir;
use tracing::Level;

use crate::chance::Chance;
use crate::records::records;

const STATE: &str = "monolith_checkpoint";
const CUCKOO: Option<HashTableType> = Some(HashTableType::CuckooHashMap);
const MULTI: Option<HashTableType> = Some(HashTableType::MultiCuckooHashMap);

/// Exempt paths, the time of the last save, and the type of the tables.
type State = (Vec<String>, Option<i64>, Option<HashTableType>);

fn owned(paths: &[&str]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

/// The state in the folder.
fn written(dir: &Path, filename: Option<&str>, remove: bool) -> Option<State> {
    let state = get_monolith_checkpoint_state(dir, filename, remove)?;
    let kind = state
        .builtin_hash_table_type
        .map(|_| state.builtin_hash_table_type());
    let time = state.last_checkpoint_save_timestamp;
    Some((state.exempt_model_checkpoint_paths, time, kind))
}

#[test]
fn a_step_is_what_follows_the_last_dash() {
    for (prefix, step) in [
        ("", 0),
        ("model.ckpt", 0),
        ("/models/a.b/model.ckpt", 0),
        ("model.ckpt-0", 0),
        ("model.ckpt-007", 7),
        ("model.ckpt-12-3", 3),
        ("/m-1/model.ckpt-5", 5),
        ("x-+3", 3),
        ("x- 3\n", 3),
        ("x-1_000", 1000),
        ("x--3", 3),
        ("x-9007199254740993", (1 << 53) + 1),
        ("x-9223372036854775807", i64::MAX),
    ] {
        assert_eq!(
            SaveHelper::get_global_step_value(prefix),
            Ok(step),
            "{prefix}"
        );
    }
}

#[test]
fn a_step_that_is_no_integer_is_a_value_error() {
    for prefix in [
        "a-b/model.ckpt",
        "m-1/model.ckpt",
        "x-",
        "x-3.0",
        "x-0x3",
        "x-1__0",
        "x-3.index",
        "x-1 0",
    ] {
        let error = SaveHelper::get_global_step_value(prefix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueError);
        assert!(error.message().contains("invalid literal"), "{error}");
    }
}

#[test]
fn a_prefix_and_its_assets_are_named_by_the_step() {
    for basename in ["model.ckpt", "/a.b/c-1/model.ckpt", "/with space/m"] {
        for step in [0, 7, i64::MAX] {
            let prefix = SaveHelper::new(basename).get_ckpt_prefix(step);
            assert_eq!(prefix, format!("{basename}-{step}"));
            let assets = SaveHelper::get_ckpt_asset_dir(&prefix);
            assert_eq!(assets, format!("{basename}-{step}.assets/"));
            assert_eq!(SaveHelper::get_global_step_value(&prefix), Ok(step));
        }
    }
}

#[test]
fn existing_steps_are_those_of_the_folders_state_whatever_is_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let helper = SaveHelper::new(dir.path().join("model.ckpt"));
    fs::write(dir.path().join("model.ckpt-5"), "").unwrap();
    let kind = || helper.get_existing_checkpoint_steps().unwrap_err().kind();
    assert_eq!(kind(), ErrorKind::AttributeError);
    let paths = [
        "model.ckpt-1",
        "other-2",
        "/else.where/m-3",
        "model.ckpt-1",
        "/without",
    ];
    let mut text = "model_checkpoint_path: 'model.ckpt-1'\n".to_owned();
    for path in paths {
        writeln!(text, "all_model_checkpoint_paths: '{path}'").unwrap();
    }
    fs::write(dir.path().join("checkpoint"), &text).unwrap();
    let steps = helper.get_existing_checkpoint_steps().unwrap();
    assert_eq!(steps.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    text += "all_model_checkpoint_paths: 'a-b'\n";
    fs::write(dir.path().join("checkpoint"), &text).unwrap();
    assert_eq!(kind(), ErrorKind::ValueError);
}

#[test]
fn the_latest_state_is_read_anew_for_a_larger_step_or_while_it_is_none() {
    let mut chance = Chance::new(1);
    for _ in 0..8 {
        let dir = tempfile::tempdir().unwrap();
        let folders = ["a.b", "c"].map(|name| dir.path().join(name));
        for folder in &folders {
            fs::create_dir(folder).unwrap();
        }
        let states = LatestCheckpointStates::new();
        let mut kept: BTreeMap<PathBuf, (i64, String)> = BTreeMap::new();
        for number in 0..60 {
            let folder = &folders[usize::try_from(chance.below(2)).unwrap()];
            let file = folder.join("checkpoint");
            match chance.below(5) {
                0 => drop(fs::remove_file(&file)),
                1 | 2 => {
                    let newest = format!("model_checkpoint_path: '/m-{number}'");
                    fs::write(&file, newest).unwrap();
                }
                _ => {}
            }
            let step = chance.one_of(&[0, 1, 2, 3, 4, 5]);
            if kept.get(folder).is_none_or(|(at, _)| step > *at) {
                kept.remove(folder);
                if let Ok(text) = fs::read_to_string(&file) {
                    let path = text.split('\'').nth(1).unwrap().to_owned();
                    kept.insert(folder.clone(), (step, path));
                }
            }
            let state = states.get_latest_checkpoint_state(folder, step).unwrap();
            let newest = state.map(|state| state.model_checkpoint_path);
            assert_eq!(newest.as_ref(), kept.get(folder).map(|(_, path)| path));
        }
    }
}

#[test]
fn text_that_can_be_parsed_is_the_state() {
    let dir = tempfile::tempdir().unwrap();
    let good: [(&str, State); 22] = [
        ("", (vec![], None, None)),
        ("# nothing else", (vec![], None, None)),
        ("last_checkpoint_save_timestamp: 0", (vec![], Some(0), None)),
        (
            "last_checkpoint_save_timestamp:-9223372036854775808",
            (vec![], Some(i64::MIN), None),
        ),
        (
            "last_checkpoint_save_timestamp: 9223372036854775807\r\n",
            (vec![], Some(i64::MAX), None),
        ),
        ("builtin_hash_table_type: 2", (vec![], None, MULTI)),
        (
            "builtin_hash_table_type: UNKNOWN",
            (vec![], None, Some(HashTableType::Unknown)),
        ),
        (
            "builtin_hash_table_type: CUCKOO_HASH_MAP",
            (vec![], None, CUCKOO),
        ),
        (
            "exempt_model_checkpoint_paths: ''",
            (owned(&[""]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: \"a\" 'b'",
            (owned(&["ab"]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: ['b', \"a.b-1\", 'b']",
            (owned(&["b", "a.b-1", "b"]), None, None),
        ),
        (
            r#"exempt_model_checkpoint_paths: '\303\244\x20\"\n'"#,
            (owned(&["ä \"\n"]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: '# no comment'",
            (owned(&["# no comment"]), None, None),
        ),
        (
            r"exempt_model_checkpoint_paths: '\a\b\t\n\v\f\r'",
            (owned(&["\u{7}\u{8}\u{9}\u{a}\u{b}\u{c}\u{d}"]), None, None),
        ),
        (
            r"exempt_model_checkpoint_paths: '\8\z\?\ \/'",
            (owned(&["\\8\\z\\?\\ \\/"]), None, None),
        ),
        (
            r"exempt_model_checkpoint_paths: '\x4g\x41\1234\08'",
            (owned(&["\u{4}gAS4\u{0}8"]), None, None),
        ),
        (
            r"exempt_model_checkpoint_paths: '\u00e4\U0001F600\\u00e4'",
            (owned(&["ä😀\\u00e4"]), None, None),
        ),
        (
            r"exempt_model_checkpoint_paths: '\303\244\xC3\244'",
            (owned(&["ää"]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: ['a' 'b', 'c']",
            (owned(&["ab", "c"]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: []",
            (owned(&[]), None, None),
        ),
        (
            "exempt_model_checkpoint_paths: 'a'exempt_model_checkpoint_paths:'b'",
            (owned(&["a", "b"]), None, None),
        ),
        (
            "builtin_hash_table_type: 1; last_checkpoint_save_timestamp: 5, \
             exempt_model_checkpoint_paths: 'ü' # the last\n",
            (owned(&["ü"]), Some(5), CUCKOO),
        ),
    ];
    for (text, state) in good {
        fs::write(dir.path().join("some.other"), text).unwrap();
        assert_eq!(
            written(dir.path(), Some("some.other"), false),
            Some(state),
            "{text}"
        );
        assert_eq!(written(dir.path(), None, false), None);
    }
}

/// Integers as protobuf's text format has them in Python: Python's, and octal as C writes it.
const NUMBERS: [(&str, Option<i64>); 35] = [
    ("0x1F", Some(31)),
    ("0X1f", Some(31)),
    ("-0x10", Some(-16)),
    ("017", Some(15)),
    ("-017", Some(-15)),
    ("08", None),
    ("-08", None),
    ("0o17", Some(15)),
    ("0O17", Some(15)),
    ("0b101", Some(5)),
    ("0B1", Some(1)),
    ("00", Some(0)),
    ("-00", Some(0)),
    ("-0", Some(0)),
    ("+5", Some(5)),
    ("1_000", Some(1000)),
    ("0x_1", Some(1)),
    ("_1", None),
    ("1_", None),
    ("1__0", None),
    ("0_1", None),
    ("0o_7", Some(7)),
    ("--1", None),
    ("0b2", None),
    ("0xg", None),
    ("0x", None),
    ("1e3", None),
    ("5f", None),
    ("0x7fffffffffffffff", Some(i64::MAX)),
    ("0x8000000000000000", None),
    ("-0x8000000000000000", Some(i64::MIN)),
    ("0777777777777777777777", Some(i64::MAX)),
    ("01000000000000000000000", None),
    ("-01000000000000000000000", Some(i64::MIN)),
    ("- 1", None),
];

#[test]
fn a_number_is_pythons_or_octal_as_c_writes_it() {
    let dir = tempfile::tempdir().unwrap();
    for (word, number) in NUMBERS {
        let text = format!("last_checkpoint_save_timestamp: {word}");
        fs::write(dir.path().join(STATE), text).unwrap();
        let state = number.map(|number| (vec![], Some(number), None));
        assert_eq!(written(dir.path(), None, false), state, "{word}");
    }
}

const BAD: [&[u8]; 33] = [
    b"\xff",
    b"model",
    b"no_such_field: 1",
    b"builtin_hash_table_type: 7",
    b"builtin_hash_table_type: cuckoo_hash_map",
    b"last_checkpoint_save_timestamp: 9223372036854775808",
    b"last_checkpoint_save_timestamp: 1.5",
    b"last_checkpoint_save_timestamp: '1'",
    b"last_checkpoint_save_timestamp: 1 last_checkpoint_save_timestamp: 1",
    b"builtin_hash_table_type: 1 builtin_hash_table_type: 1",
    b"exempt_model_checkpoint_paths: 1",
    b"exempt_model_checkpoint_paths: 'no end",
    b"exempt_model_checkpoint_paths",
    b"exempt_model_checkpoint_paths: ['a'",
    br"exempt_model_checkpoint_paths: '\x'",
    br"exempt_model_checkpoint_paths: '\xg'",
    br"exempt_model_checkpoint_paths: '\u12'",
    br"exempt_model_checkpoint_paths: '\ud83d'",
    br"exempt_model_checkpoint_paths: '\U00110000'",
    br"exempt_model_checkpoint_paths: '\N{DASH}'",
    br"exempt_model_checkpoint_paths: '\400'",
    br"exempt_model_checkpoint_paths: '\377'",
    br"exempt_model_checkpoint_paths: '\303\u00a4'",
    b"exempt_model_checkpoint_paths: ['a',]",
    b"exempt_model_checkpoint_paths: [,]",
    b"exempt_model_checkpoint_paths: 'a';;",
    b"exempt_model_checkpoint_paths: 'a',,",
    b"exempt_model_checkpoint_paths: {}",
    b"exempt_model_checkpoint_paths: u'a'",
    b"last_checkpoint_save_timestamp: [1]",
    b"last_checkpoint_save_timestamp: []",
    b"builtin_hash_table_type: [UNKNOWN]",
    b"; last_checkpoint_save_timestamp: 1",
];

/// A saver hook in a session of its own.
struct Saving {
    dir: TempDir,
    session: Arc<Session>,
    hook: NoFirstSaveCheckpointSaverHook,
}

impl Saving {
    fn new(change: impl FnOnce(&mut SaverOptions)) -> Self {
        let (graph, dir) = (Graph::new(), tempfile::tempdir().unwrap());
        let mut options = SaverOptions::new(Every::Steps(1_000_000));
        change(&mut options);
        let saver = Arc::new(FileSaver::default());
        let clock = Arc::new(SystemClock);
        let hook = NoFirstSaveCheckpointSaverHook::new(&graph, clock, dir.path(), saver, options);
        let session = Session::new(&graph, 0).unwrap();
        Self { dir, session, hook }
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn path(&self, name: &str) -> String {
        self.dir().join(name).display().to_string()
    }

    fn put(&self, content: impl AsRef<[u8]>) {
        fs::write(self.dir().join(STATE), content).unwrap();
    }

    fn start(&self) {
        self.hook.begin().unwrap();
        let coord = Coordinator::new();
        self.hook
            .after_create_session(&self.session, &coord)
            .unwrap();
    }

    fn save(&self) {
        self.hook.trigger_save(&self.session, false).unwrap();
    }

    fn state(&self) -> Option<State> {
        written(self.dir(), None, false)
    }
}

#[test]
fn text_that_cannot_be_parsed_is_none_and_made_anew_by_a_session() {
    for content in BAD {
        let saving = Saving::new(|_| {});
        saving.put(content);
        assert_eq!(saving.state(), None, "{}", content.escape_ascii());
        saving.start();
        assert_eq!(saving.state(), Some((vec![], None, CUCKOO)));
    }
}

#[test]
fn no_file_or_a_folder_in_its_place_is_none_and_the_folder_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    for (name, warnings) in [(None, 0), (Some("a.b"), 0), (Some("folder"), 1)] {
        let warned = |dir: &Path| records(Level::WARN, || written(dir, name, false));
        let (state, messages) = warned(dir.path());
        assert_eq!((state, messages.len()), (None, warnings), "{messages:?}");
        assert_eq!(warned(&dir.path().join("gone")), (None, vec![]));
    }
}

#[test]
fn a_file_that_goes_while_it_is_read_is_none_without_a_warning() {
    let saving = Saving::new(|options| {
        options.files = Files::checked_by(|operation, path| {
            if operation == Operation::Read {
                fs::remove_file(path).unwrap();
            }
            Ok(())
        });
    });
    saving.put("last_checkpoint_save_timestamp: 1");
    let ((), messages) = records(Level::WARN, || saving.start());
    assert_eq!(messages, [""; 0]);
    assert_eq!(saving.state(), Some((vec![], None, CUCKOO)));
}

fn exempt(paths: &[String]) -> String {
    let line = |path| format!("exempt_model_checkpoint_paths: '{path}'\n");
    paths.iter().map(line).collect()
}

#[test]
fn an_exempt_path_is_kept_if_its_own_index_is_there() {
    let saving = Saving::new(|_| {});
    fs::create_dir(saving.dir().join("a.b")).unwrap();
    for name in [
        "model.ckpt-1.index",
        "a.b/m.x-2.index",
        "model.ckpt-30.index",
        "plain.index",
        "only.data-00000-of-00001",
        "model.index",
        "x.y.index",
        "own.kind-4",
    ] {
        fs::write(saving.dir().join(name), "").unwrap();
    }
    let first = saving.path("model.ckpt-1");
    let kept = [
        "model.ckpt-1",
        "a.b/m.x-2",
        &first,
        "plain",
        "x.y",
        "model.ckpt-1",
        "own.kind-4",
    ];
    let gone = [
        "model.ckpt-3",
        "model.ckpt-2",
        "x.z",
        "only",
        "model.ckpt-1.index2",
        "/no/where-1",
        "own",
    ];
    let mixed: Vec<String> = gone
        .iter()
        .zip(kept)
        .flat_map(|(a, b)| owned(&[a, b]))
        .collect();
    saving.put(exempt(&mixed));
    let as_given = Some((mixed, None, None));
    assert_eq!(saving.state(), as_given);
    let mut joined: Vec<String> = kept.iter().map(|path| saving.path(path)).collect();
    let look = || written(saving.dir(), None, true);
    let (state, warnings) = records(Level::WARN, look);
    assert_eq!(state, Some((joined.clone(), None, None)));
    let mut warned = warnings.iter().zip(gone);
    assert!(warned.all(|(text, path)| text.starts_with(&saving.path(path))));
    assert_eq!(warnings.len(), gone.len(), "{warnings:?}");
    assert_eq!(saving.state(), as_given, "a look changes nothing");
    saving.start();
    assert_eq!(saving.state(), as_given, "nor does a session");
    saving.save();
    saving.save();
    let (paths, _, kind) = saving.state().unwrap();
    assert_eq!((paths, kind), (joined.clone(), None));
    fs::remove_file(saving.dir().join("plain.index")).unwrap();
    saving.save();
    joined.retain(|path| !path.ends_with("plain"));
    assert_eq!(saving.state().unwrap().0, joined);
}

#[test]
fn a_path_is_written_as_text_format_quotes_it() {
    let (odd, quoted) = ("\u{1}\u{7f}\t\n\r\"'ä\u{1f}", r#"\001\177\t\n\r\"\'ä\037"#);
    let saving = Saving::new(|_| {});
    fs::write(saving.dir().join(format!("{odd}.index")), "").unwrap();
    saving.put(format!("exempt_model_checkpoint_paths: \"{quoted}\""));
    saving.start();
    saving.save();
    let text = fs::read_to_string(saving.dir().join(STATE)).unwrap();
    let path = format!("exempt_model_checkpoint_paths: \"{}\"", saving.path(quoted));
    assert!(text.lines().any(|line| line == path), "{text}");
}

#[test]
fn a_save_keeps_the_type_that_is_there_and_sets_the_time_alone() {
    for (kept, kind) in [
        (None, MULTI),
        (Some("UNKNOWN"), Some(HashTableType::Unknown)),
        (Some("CUCKOO_HASH_MAP"), CUCKOO),
        (Some("MULTI_CUCKOO_HASH_MAP"), MULTI),
    ] {
        let saving = Saving::new(|options| options.use_native_multi_hash_table = true);
        if let Some(kept) = kept {
            saving.put(format!("builtin_hash_table_type: {kept}"));
        }
        saving.start();
        assert_eq!(saving.state(), Some((vec![], None, kind)));
        saving.save();
        let now = || i64::try_from(SystemClock.now().as_secs()).unwrap();
        let before = now();
        saving.save();
        let (paths, time, after) = saving.state().unwrap();
        assert!((before..=now()).contains(&time.unwrap()));
        assert_eq!((paths, after), (vec![], kind));
    }
}

#[test]
fn a_save_makes_the_state_anew_where_there_is_none() {
    for content in [None, Some(BAD[0]), Some(BAD[1]), Some(BAD[2])] {
        let saving = Saving::new(|_| {});
        saving.start();
        saving.save();
        fs::remove_file(saving.dir().join(STATE)).unwrap();
        if let Some(content) = content {
            saving.put(content);
        }
        saving.save();
        let (paths, time, kind) = saving.state().unwrap();
        assert_eq!((paths, time.is_some(), kind), (vec![], true, CUCKOO));
    }
}

#[test]
fn without_the_graph_a_session_writes_no_state_and_a_save_does() {
    let saving = Saving::new(|options| options.save_graph_def = false);
    saving.start();
    assert_eq!(fs::read_dir(saving.dir()).unwrap().count(), 0);
    saving.save();
    assert!(saving.state().is_some());
    assert!(!saving.dir().join("meta_graph_for_debugging.pb").exists());
}

#[test]
fn the_graphs_that_a_session_writes_name_its_variables() {
    let saving = Saving::new(|_| {});
    saving.start();
    for name in ["graph.pbtxt", "meta_graph_for_debugging.pb"] {
        let graph = fs::read(saving.dir().join(name)).unwrap();
        let text = String::from_utf8_lossy(&graph);
        assert!(text.contains("global_step"), "{name}");
    }
}
