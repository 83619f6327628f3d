//! The port's saver, and the fake one while it has no fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use monolith_testing::saver::{FaultySaver, SaverFault};
use monolith_testing::strikes::Strikes;
use monolith_training::clock::SystemClock;
use monolith_training::errors::Error;
use monolith_training::save_utils::{FileSaver, SaveHelper, Saver, restore_global_step};
use monolith_training::session::{Graph, Session};
use tempfile::TempDir;

use crate::stage::contracts;

/// A session and the folder of its checkpoints.
struct Run {
    dir: TempDir,
    session: Arc<Session>,
    saver: Arc<dyn Saver>,
}

impl Run {
    fn with(saver: Arc<dyn Saver>) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            session: Session::new(&Graph::new(), 0).unwrap(),
            saver,
        }
    }

    fn fake(contract: fn(&Self)) {
        let inner = Arc::new(FileSaver::default());
        let saver = FaultySaver::new(inner, Arc::new(SystemClock), Arc::new(Strikes::default()));
        let over = SaverFault::Error {
            error: Error::runtime("over"),
            times: Some(0),
        };
        saver.set(over, "faults[0]");
        contract(&Self::with(Arc::new(saver)));
    }

    fn real(contract: fn(&Self)) {
        contract(&Self::with(Arc::new(FileSaver::default())));
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn save(&self, steps: impl IntoIterator<Item = i64>) {
        for step in steps {
            self.saver
                .save(&self.session, self.path(), "model.ckpt", step)
                .unwrap();
        }
    }

    /// The steps in the state file, in its order, the newest first of all.
    fn kept(&self) -> Vec<i64> {
        let text = fs::read_to_string(self.path().join("checkpoint")).unwrap();
        let step = |line: &str| {
            line.trim_end_matches('"')
                .rsplit_once('-')
                .unwrap()
                .1
                .parse()
        };
        text.lines().map(|line| step(line).unwrap()).collect()
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

contracts! { of Run;
    fn a_save_writes_its_file_and_names_itself_the_newest(run) {
        run.save([7]);
        assert_eq!(run.files(), ["checkpoint", "model.ckpt-7"]);
        assert_eq!(run.kept(), [7, 7]);
    }

    fn steps_are_kept_in_the_order_of_saving_also_with_one_digit_more(run) {
        run.save([9, 10, 99, 100]);
        assert_eq!(run.kept(), [100, 9, 10, 99, 100]);
    }

    fn steps_of_any_size_are_kept(run) {
        run.save([1 << 31, (1 << 53) + 1, i64::MAX]);
        assert_eq!(run.kept(), [i64::MAX, 1 << 31, (1 << 53) + 1, i64::MAX]);
    }

    fn a_smaller_step_that_is_saved_later_is_the_newest(run) {
        run.save([10, 9]);
        assert_eq!(run.kept(), [9, 10, 9]);
    }

    fn the_last_five_are_kept_and_the_files_of_others_go(run) {
        run.save(7..14);
        assert_eq!(run.kept(), [13, 9, 10, 11, 12, 13]);
        let names = ["checkpoint", "model.ckpt-10", "model.ckpt-11", "model.ckpt-12"];
        assert_eq!(run.files()[..4], names);
        assert_eq!(run.files()[4..], ["model.ckpt-13", "model.ckpt-9"]);
    }

    fn a_step_that_is_saved_again_is_kept_once_and_is_the_newest(run) {
        run.save([1, 2, 3, 1]);
        assert_eq!(run.kept(), [1, 2, 3, 1]);
        assert_eq!(run.files().len(), 4);
    }

    fn a_restored_checkpoint_has_the_step_of_its_save(run) {
        assert_eq!(restore_global_step(run.path()).unwrap(), None);
        run.save([0]);
        run.session.train_step().unwrap();
        assert_eq!(restore_global_step(run.path()).unwrap(), Some(0));
        run.save([1]);
        assert_eq!(restore_global_step(run.path()).unwrap(), Some(1));
    }

    fn what_was_saved_is_found_by_its_steps(run) {
        run.save([9, 10]);
        let helper = SaveHelper::new(run.path().join("model.ckpt"));
        let steps = helper.get_existing_checkpoint_steps().unwrap();
        assert_eq!(steps.into_iter().collect::<Vec<_>>(), [9, 10]);
    }

    fn a_missing_folder_is_made_and_one_within_it_is_not(run) {
        let save = |dir: PathBuf| run.saver.save(&run.session, &dir, "model.ckpt", 1);
        save(run.path().join("new")).unwrap();
        let far = run.path().join("far").join("away");
        let message = format!(
            "ValueError: Parent directory of {}/model.ckpt doesn't exist, can't save.",
            far.display()
        );
        assert_eq!(save(far).unwrap_err().to_string(), message);
    }

    fn a_session_that_is_closed_leaves_no_file(run) {
        run.session.close();
        let error = run.saver.save(&run.session, run.path(), "model.ckpt", 1);
        let message = "RuntimeError: Attempted to use a closed Session.";
        assert_eq!(error.unwrap_err().to_string(), message);
        assert!(run.files().is_empty());
    }
}
