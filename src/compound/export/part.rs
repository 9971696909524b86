//! Files that are either complete or absent: written under a temporary name, synced, and renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A file that is being written. Removed on drop.
pub(super) struct Part {
    // Closed before it is removed: not every system can remove an open file.
    file: File,
    temporary: Temporary,
}

/// A file that is complete and synced, but does not have its final name yet. Removed on drop.
pub(super) struct Complete {
    temporary: Temporary,
    target: PathBuf,
}

/// The path of a file that is removed on drop, if it still exists.
struct Temporary(PathBuf);

impl Temporary {
    /// Returns an unused path in `folder` that starts with a part of `name`.
    fn new(folder: &Path, name: &str, extension: &str) -> Self {
        let start: String = name.chars().take(MAX_NAME_START_CHARS).collect();
        Self(folder.join(format!(".{start}.{:016x}.{extension}", fastrand::u64(..))))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Errors are ignored here: this runs on drop.
        let _ = fs::remove_file(&self.0);
    }
}

/// The number of characters of the final name that a temporary name contains.
const MAX_NAME_START_CHARS: usize = 60;

impl Part {
    /// Creates the folder if it does not exist, and a temporary file for `name`.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let temporary = Temporary::new(folder, name, "part");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        // Exports contain customers' data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: options.open(&temporary.0)?,
            temporary,
        })
    }

    /// Writes all of the bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.file.write_all(bytes)?)
    }

    /// Returns the file, positioned at its start.
    pub(super) fn reader(&mut self) -> io::Result<&mut File> {
        self.file.rewind()?;
        Ok(&mut self.file)
    }

    /// Syncs and closes the file. [`rename_all`] renames it to `name`.
    pub(super) fn complete(self, folder: &Path, name: &str) -> Result<Complete, Failure> {
        let Self { file, temporary } = self;
        file.sync_all()?;
        // Windows cannot rename an open file.
        drop(file);
        Ok(Complete {
            temporary,
            target: folder.join(name),
        })
    }
}

/// Renames all files to their final names, replacing existing files. On failure, restores the files
/// that were replaced.
pub(super) fn rename_all(files: Vec<Complete>) -> Result<Vec<PathBuf>, Failure> {
    // A folder with the final name is the most likely obstacle, so it is checked for before the
    // first rename.
    for file in &files {
        if fs::symlink_metadata(&file.target).is_ok_and(|target| target.is_dir()) {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
    }
    let mut renames = Renames::default();
    for file in files {
        renames.rename(file)?;
    }
    #[cfg(unix)]
    if let Some(folder) = renames.done.first().and_then(|(target, _)| target.parent()) {
        sync_names(folder)?;
    }
    Ok(renames.keep())
}

/// Files that have their final names, with the files that they replaced. Undone on drop, unless
/// kept.
#[derive(Default)]
struct Renames {
    done: Vec<(PathBuf, Option<Temporary>)>,
}

impl Renames {
    /// Renames a file, after it has saved the file with that name.
    fn rename(&mut self, file: Complete) -> io::Result<()> {
        let Complete { temporary, target } = file;
        let previous = save(&target)?;
        let renamed = fs::rename(&temporary.0, &target);
        // Added even on failure, so that the previous file is restored.
        self.done.push((target, previous));
        renamed
    }

    /// Removes the previous files and returns the paths of the new ones.
    fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.done)
            .into_iter()
            .map(|(target, _)| target)
            .collect()
    }
}

impl Drop for Renames {
    fn drop(&mut self) {
        // Errors are ignored here: this runs on drop. A previous file that cannot be restored keeps
        // its temporary name.
        for (target, previous) in self.done.drain(..).rev() {
            match previous {
                Some(previous) if fs::rename(&previous.0, &target).is_err() => std::mem::forget(previous),
                Some(_) => {}
                None => drop(fs::remove_file(&target)),
            }
        }
    }
}

/// Gives an existing file a temporary name. Returns `None` if there is no such file.
///
/// A hard link is preferred to a rename, because the file is then never without its name. Not every
/// file system has them.
fn save(target: &Path) -> io::Result<Option<Temporary>> {
    let folder = target.parent().unwrap_or(Path::new(""));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let saved = Temporary::new(folder, &name, "previous");
    let not_found = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match fs::hard_link(target, &saved.0) {
        Ok(()) => Ok(Some(saved)),
        Err(error) if not_found(&error) => Ok(None),
        Err(_) => match fs::rename(target, &saved.0) {
            Ok(()) => Ok(Some(saved)),
            Err(error) if not_found(&error) => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// Syncs the names in a folder, if that is possible: a folder can be writable but not readable, and
/// some file systems cannot sync folders.
#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    sync_folder(folder).or_else(|error| match error.kind() {
        PermissionDenied | InvalidInput | Unsupported => Ok(()),
        _ => Err(error),
    })
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a bare file name is the empty path.
    File::open(Path::new(".").join(folder))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn complete(folder: &Path, name: &str, text: &str) -> Complete {
        let mut part = Part::create(folder, name).ok().unwrap();
        part.write(text.as_bytes()).ok().unwrap();
        part.complete(folder, name).ok().unwrap()
    }

    #[test]
    fn files_replace_those_with_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["first", "second"] {
            let files = ["a.csv", "b.csv"].map(|name| complete(folder.path(), name, text));
            assert_eq!(rename_all(files.into()).ok().unwrap().len(), 2);
            assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
            assert_eq!(fs::read_to_string(folder.path().join("b.csv")).unwrap(), text);
        }
    }

    #[test]
    fn no_file_is_renamed_if_a_folder_has_one_of_the_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b.csv")).unwrap();
        let files = ["a.csv", "b.csv", "c.csv"].map(|name| complete(folder.path(), name, name));
        assert!(matches!(rename_all(files.into()), Err(Failure::Disk(_))));
        assert_eq!(names(folder.path()), ["b.csv"]);
    }

    #[test]
    fn a_failed_rename_restores_the_files_replaced_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.csv"), "previous").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("elsewhere", path("c.csv")).unwrap();
        let mut files = ["a.csv", "b.csv", "c.csv", "d.csv"].map(|name| complete(folder.path(), name, "new"));
        files[3].target = path("missing/d.csv");
        assert!(matches!(rename_all(files.into()), Err(Failure::Disk(_))));
        assert_eq!(fs::read_to_string(path("a.csv")).unwrap(), "previous");
        #[cfg(unix)]
        {
            assert_eq!(fs::read_link(path("c.csv")).unwrap(), Path::new("elsewhere"));
            assert_eq!(names(folder.path()), ["a.csv", "c.csv"]);
        }
    }

    /// `/dev/null` can be written, but not synced.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_cannot_be_synced_is_not_complete() {
        let folder = tempfile::tempdir().unwrap();
        let file = OpenOptions::new().write(true).open("/dev/null").unwrap();
        let temporary = Temporary::new(folder.path(), "a.csv", "part");
        let mut part = Part { file, temporary };
        part.write(b"abc").ok().unwrap();
        let Err(Failure::Disk(error)) = part.complete(folder.path(), "a.csv") else {
            panic!("the file was not synced")
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = sync_folder(Path::new("/dev/null")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        // This folder is renamed into, so its names are synced, but a missing folder is an error.
        assert!(sync_names(folder.path()).is_ok() && sync_names(Path::new("/dev/null")).is_ok());
        assert!(sync_names(&folder.path().join("missing")).is_err());
    }

    /// Runs [`names_are_synced_in_a_child`] in another process with few file descriptors.
    #[cfg(target_os = "linux")]
    #[test]
    fn files_whose_names_cannot_be_synced_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let child = std::process::Command::new("sh")
            .args([
                "-c",
                "ulimit -n 64 && exec \"$0\" --exact compound::export::part::tests::names_are_synced_in_a_child",
            ])
            .arg(std::env::current_exe().unwrap())
            .env("RENAME_INTO", folder.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{child:?}");
        assert_eq!(names(folder.path()), [""; 0]);
    }

    /// A folder is synced through a file descriptor, while a rename needs none.
    #[cfg(target_os = "linux")]
    #[test]
    fn names_are_synced_in_a_child() {
        let Some(folder) = std::env::var_os("RENAME_INTO") else {
            return;
        };
        let file = complete(folder.as_ref(), "a.csv", "a");
        let mut open = Vec::new();
        let error = loop {
            match File::open("/dev/null") {
                Ok(file) => open.push(file),
                Err(error) => break error,
            }
        };
        let Err(Failure::Disk(found)) = rename_all(vec![file]) else {
            panic!("the names were not synced")
        };
        assert_eq!(found.raw_os_error(), error.raw_os_error());
    }

    #[test]
    fn a_file_that_is_not_renamed_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::create(folder.path(), "a.csv").ok().unwrap();
        part.write(b"abc").ok().unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        drop(part);
        let complete = complete(folder.path(), "b.csv", "b");
        assert_eq!(names(folder.path()).len(), 1);
        drop(complete);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn temporary_names_are_short_enough_for_the_longest_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a".repeat(200), "ä".repeat(100)] {
            let file = complete(folder.path(), &name, "a");
            assert_eq!(rename_all(vec![file]).ok().unwrap(), [folder.path().join(&name)]);
        }
    }
}
