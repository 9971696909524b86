//! Files that are complete or absent: written under a temporary name, and renamed once they are on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A file that is being written. Dropping it removes it.
pub(super) struct Part {
    // Dropped in this order: not every system can remove an open file.
    file: File,
    temporary: Temporary,
}

/// A file that is complete and on the disk, but has not got its name yet. Dropping it removes it.
pub(super) struct Complete {
    temporary: Temporary,
    target: PathBuf,
}

/// The name of a file that is removed on drop, if it still exists.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Errors are ignored here: this runs on drop.
        let _ = fs::remove_file(&self.0);
    }
}

/// How many characters of the final name the temporary name contains.
const SHOWN_CHARS: usize = 60;

impl Part {
    /// Creates the temporary file for `name`, and the folder.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let shown: String = name.chars().take(SHOWN_CHARS).collect();
        let path = folder.join(format!(".{shown}.{:016x}.part", fastrand::u64(..)));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        // It contains customers' data.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: options.open(&path)?,
            temporary: Temporary(path),
        })
    }

    /// Writes all of the bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.file.write_all(bytes)?)
    }

    /// Returns the file, to read what was written from the start.
    pub(super) fn reader(&mut self) -> io::Result<&mut File> {
        self.file.rewind()?;
        Ok(&mut self.file)
    }

    /// Syncs and closes the file, which is to become `folder/name`.
    pub(super) fn complete(self, folder: &Path, name: &str) -> Result<Complete, Failure> {
        let Self { file, temporary, .. } = self;
        file.sync_all()?;
        // Windows does not rename a file that is open.
        drop(file);
        Ok(Complete {
            temporary,
            target: folder.join(name),
        })
    }
}

/// Gives all of the files their names, in place of files that have them already. If that fails for one of them, none is left.
pub(super) fn rename_all(parts: Vec<Complete>) -> Result<Vec<PathBuf>, Failure> {
    // A folder of that name is the likeliest obstacle. No name is given before it is known that there is none.
    for part in &parts {
        if fs::symlink_metadata(&part.target).is_ok_and(|target| target.is_dir()) {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
    }
    let mut renamed: Vec<PathBuf> = Vec::with_capacity(parts.len());
    for Complete { temporary, target } in parts {
        if let Err(error) = fs::rename(&temporary.0, &target) {
            for path in &renamed {
                let _ = fs::remove_file(path);
            }
            return Err(error.into());
        }
        renamed.push(target);
    }
    #[cfg(unix)]
    if let Some(folder) = renamed.first().and_then(|target| target.parent()) {
        sync_names(folder)?;
    }
    Ok(renamed)
}

/// Makes the names in a folder last through a power failure, where that is possible: a folder can be writable without being
/// readable, and some file systems cannot sync folders.
#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    // The parent of a bare name is empty.
    let synced = File::open(Path::new(".").join(folder)).and_then(|folder| folder.sync_all());
    synced.or_else(|error| match error.kind() {
        PermissionDenied | InvalidInput | Unsupported => Ok(()),
        _ => Err(error),
    })
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

    fn part(folder: &Path, name: &str, text: &str) -> Complete {
        let mut part = Part::create(folder, name).ok().unwrap();
        part.write(text.as_bytes()).ok().unwrap();
        part.complete(folder, name).ok().unwrap()
    }

    #[test]
    fn files_replace_those_of_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let parts = |text| vec![part(folder.path(), "a.csv", text), part(folder.path(), "b.csv", text)];
        for text in ["first", "second"] {
            let parts = parts(text);
            assert_eq!(rename_all(parts).ok().unwrap().len(), 2);
            assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
            assert_eq!(fs::read_to_string(folder.path().join("b.csv")).unwrap(), text);
        }
    }

    #[test]
    fn no_file_gets_its_name_when_a_folder_has_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b.csv")).unwrap();
        let parts = ["a.csv", "b.csv", "c.csv"].map(|name| part(folder.path(), name, name));
        assert!(matches!(rename_all(parts.into()), Err(Failure::Disk(_))));
        assert_eq!(names(folder.path()), ["b.csv"]);
    }

    #[test]
    fn a_file_that_is_given_up_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::create(folder.path(), "a.csv").ok().unwrap();
        part.write(b"abc").ok().unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        drop(part);
        let complete = self::part(folder.path(), "b.csv", "b");
        assert_eq!(names(folder.path()).len(), 1);
        drop(complete);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    /// The longest name that an entry can have, and one that is long in bytes.
    #[test]
    fn long_names_have_a_temporary_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a".repeat(200), "ä".repeat(100)] {
            let part = part(folder.path(), &name, "a");
            assert_eq!(rename_all(vec![part]).ok().unwrap(), [folder.path().join(&name)]);
        }
    }
}
