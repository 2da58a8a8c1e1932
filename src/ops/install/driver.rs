//! Offering the merge of a plan's book to git: a driver among its settings, and a line among its attributes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Touch;
use super::place::{Change, missing_folders};
use super::record::Install;
use crate::book;
use crate::context::Context;
use crate::fs::{FsError, atomic, read_optional, remove_optional};
use crate::git::settings::{self, SettingsError};
use crate::install::driver::{
    COMMAND_KEY, DRIVER, TITLE, TITLE_KEY, command, has_line, is_ours, with_line, without_line,
};
use crate::locate::locate;

/// What git was told, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MergeDriver {
    /// The file of settings.
    pub config: PathBuf,
    /// Whether there was none before.
    #[serde(default)]
    pub config_made: bool,
    /// The driver's command.
    pub command: String,
    /// The file of attributes.
    pub attributes: PathBuf,
    /// Whether there was none before.
    #[serde(default)]
    pub attributes_made: bool,
    /// Whether our line is in it because we put it there.
    #[serde(default)]
    pub line_added: bool,
    /// Whether the line in front of it had to be ended.
    #[serde(default)]
    pub end_added: bool,
}

/// It cannot be offered, or not be taken back.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// git says no.
    #[error(transparent)]
    Git(#[from] SettingsError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Somebody else merges that file.
    #[error("git merges {} with `{driver}` already, which is left as it is", book::FILE)]
    Foreign {
        /// The driver's name or command.
        driver: String,
    },
    /// There is no place for it.
    #[error("there is no file for git's {0}")]
    NoPlace(&'static str),
}

/// The files that concern an install: git's settings and attributes, and the folder in which they hold.
struct Files {
    config: PathBuf,
    attributes: PathBuf,
    project: Option<PathBuf>,
}

impl Files {
    fn of(ctx: &Context, install: &Install) -> Result<Self, DriverError> {
        if let Some(project) = &install.project {
            // Others have no `craft` where ours is, so nothing of this is shared.
            let at = locate(project).ok_or(DriverError::NoPlace("settings"))?;
            let (config, attributes) = (at.common_dir.join("config"), at.common_dir.join("info/attributes"));
            return Ok(Self { config, attributes, project: Some(project.clone()) });
        }
        let config = settings::global_file(ctx).ok_or(DriverError::NoPlace("settings"))?;
        let attributes = settings::global_attributes(ctx)?.ok_or(DriverError::NoPlace("attributes"))?;
        for (file, what) in [(&config, "settings"), (&attributes, "attributes")] {
            if file.exists() && !file.is_file() {
                return Err(DriverError::NoPlace(what));
            }
        }
        Ok(Self { config, attributes, project: None })
    }

    /// The attribute of the book, as it holds there.
    fn attribute(&self, ctx: &Context) -> Result<String, SettingsError> {
        match &self.project {
            Some(project) => settings::attribute(ctx, project, "merge", book::FILE),
            None => settings::attribute_of_all(ctx, "merge", book::FILE),
        }
    }

    /// The driver's command, as it holds there.
    fn command(&self, ctx: &Context) -> Result<Option<String>, SettingsError> {
        settings::get(ctx, self.project.as_deref().unwrap_or(Path::new("/")), None, COMMAND_KEY)
    }
}

/// Finds out what would be told to git. Changes nothing.
///
/// # Errors
/// Where it cannot be told: git does not answer, or somebody else merges the book.
pub fn plan(ctx: &Context, install: &Install, former: Option<&MergeDriver>) -> Result<MergeDriver, DriverError> {
    let files = Files::of(ctx, install)?;
    if let Some(there) = files.command(ctx)?.filter(|c| !is_ours(c)) {
        return Err(DriverError::Foreign { driver: there });
    }
    let attribute = files.attribute(ctx)?;
    if ![DRIVER, "unspecified"].contains(&attribute.as_str()) {
        let driver = if attribute == "unset" { "-merge".to_owned() } else { attribute };
        return Err(DriverError::Foreign { driver });
    }
    let former = former.filter(|f| f.config == files.config && f.attributes == files.attributes);
    let text = read_optional(&files.attributes)?;
    let before = text.as_deref().unwrap_or_default();
    let there = has_line(before) || attribute == DRIVER;
    Ok(MergeDriver {
        config_made: former.map_or_else(|| !files.config.exists(), |f| f.config_made),
        attributes_made: former.map_or(text.is_none(), |f| f.attributes_made) && (!there || former.is_some()),
        // A line like ours may be from an install whose record is gone.
        line_added: has_line(before) || !there,
        end_added: if there { former.is_some_and(|f| f.end_added) } else { with_line(before).1 },
        command: command(&install.bin().join("craft")),
        config: files.config,
        attributes: files.attributes,
    })
}

/// What an install whose record is gone must have told git.
#[must_use]
pub fn unrecorded(ctx: &Context, install: &Install) -> Option<MergeDriver> {
    let files = Files::of(ctx, install).ok()?;
    let told = settings::get(ctx, Path::new("/"), Some(&files.config), COMMAND_KEY).ok().flatten()?;
    let text = read_optional(&files.attributes).ok().flatten().unwrap_or_default();
    (told == command(&install.bin().join("craft"))).then(|| MergeDriver {
        config: files.config,
        config_made: false,
        command: told,
        attributes: files.attributes,
        attributes_made: false,
        line_added: has_line(&text),
        end_added: false,
    })
}

/// What telling git would touch.
///
/// # Errors
/// Where a file cannot be read.
pub fn touches(ctx: &Context, driver: &MergeDriver) -> Result<Vec<Touch>, DriverError> {
    let change = |file: &Path, same: bool| match () {
        () if same => Change::Same,
        () if !file.exists() => Change::New,
        () => Change::Changed,
    };
    let told = settings::get(ctx, Path::new("/"), Some(&driver.config), COMMAND_KEY)?;
    let title = settings::get(ctx, Path::new("/"), Some(&driver.config), TITLE_KEY)?;
    let same = told.as_ref() == Some(&driver.command) && title.as_deref() == Some(TITLE);
    let has = !driver.line_added || read_optional(&driver.attributes)?.is_some_and(|text| has_line(&text));
    let touch = |path: &Path, same, what: &str| Touch {
        path: path.to_owned(),
        change: change(path, same),
        what: what.to_owned(),
    };
    Ok(vec![
        touch(&driver.config, same, "git's merge driver for the book of a plan"),
        touch(&driver.attributes, has, "the line that has git use it"),
    ])
}

/// Tells git. The driver comes before the line that names it, its command before its title: git refuses every merge
/// of a file whose driver has a title and no command.
///
/// # Errors
/// Where git says no, or a file cannot be written; repeating it goes on.
pub fn offer(ctx: &Context, driver: &MergeDriver) -> Result<(), DriverError> {
    for (key, value) in [(COMMAND_KEY, driver.command.as_str()), (TITLE_KEY, TITLE)] {
        if settings::get(ctx, Path::new("/"), Some(&driver.config), key)?.as_deref() != Some(value) {
            settings::set(ctx, &driver.config, key, value)?;
        }
    }
    let text = read_optional(&driver.attributes)?.unwrap_or_default();
    if driver.line_added && !has_line(&text) {
        atomic::replace(&driver.attributes, &with_line(&text).0)?;
    }
    Ok(())
}

/// The folders that offering it has to make.
#[must_use]
pub fn folders(driver: &MergeDriver) -> Vec<PathBuf> {
    [&driver.config, &driver.attributes].into_iter().flat_map(|f| missing_folders(f)).collect()
}

/// What taking it back touches.
#[must_use]
pub fn goes(ctx: &Context, driver: &MergeDriver) -> Vec<Touch> {
    let told = settings::get(ctx, Path::new("/"), Some(&driver.config), COMMAND_KEY).ok().flatten();
    let mut touches = Vec::new();
    if let Some(told) = told {
        let change = if told == driver.command { Change::Changed } else { Change::Kept };
        let other = change == Change::Kept && is_ours(&told);
        let what = "git's merge driver for the book of a plan goes".into();
        touches.push(Touch { path: driver.config.clone(), change, what });
        if other {
            return touches;
        }
    }
    if let Ok(Some(text)) = read_optional(&driver.attributes)
        && driver.line_added
        && has_line(&text)
    {
        let empty = driver.attributes_made && without_line(&text, driver.end_added).is_empty();
        let change = if empty { Change::Removed } else { Change::Changed };
        let what = "the line that has git use it goes".into();
        touches.push(Touch { path: driver.attributes.clone(), change, what });
    }
    touches
}

/// Takes back what git was told, in the other order. Files that somebody changed since, and that are left. Where the
/// command is that of another install now, the line is that one's too.
///
/// # Errors
/// Where git says no, or a file cannot be written; repeating it goes on.
pub fn take_back(ctx: &Context, driver: &MergeDriver) -> Result<Vec<PathBuf>, DriverError> {
    let told = settings::get(ctx, Path::new("/"), Some(&driver.config), COMMAND_KEY)?;
    let other = told.filter(|told| *told != driver.command);
    if other.as_deref().is_some_and(is_ours) {
        return Ok(vec![driver.config.clone()]);
    }
    if let Some(text) = read_optional(&driver.attributes)?
        && driver.line_added
    {
        let rest = without_line(&text, driver.end_added);
        if rest.is_empty() && driver.attributes_made {
            remove_optional(&driver.attributes)?;
        } else if rest != text {
            atomic::replace(&driver.attributes, &rest)?;
        }
    }
    if other.is_some() {
        return Ok(vec![driver.config.clone()]);
    }
    if !driver.config.exists() {
        return Ok(Vec::new());
    }
    for key in [TITLE_KEY, COMMAND_KEY] {
        settings::unset(ctx, &driver.config, key)?;
    }
    if driver.config_made && read_optional(&driver.config)?.is_some_and(|text| text.is_empty()) {
        remove_optional(&driver.config)?;
    }
    Ok(Vec::new())
}

/// How the offer of an install stands; what is wrong with it, if anything is.
///
/// # Errors
/// As [`plan`].
pub fn fault(ctx: &Context, install: &Install, driver: &MergeDriver) -> Result<Option<String>, DriverError> {
    let files = Files::of(ctx, install)?;
    match files.command(ctx)? {
        None => {
            return Ok(Some(format!("{} does not have the merge driver `{DRIVER}` any more", driver.config.display())));
        }
        Some(told) if !is_ours(&told) => return Err(DriverError::Foreign { driver: told }),
        Some(told) if told != command(&install.bin().join("craft")) => {
            return Ok(Some(format!(
                "the merge driver `{DRIVER}` in {} names another program",
                driver.config.display()
            )));
        }
        Some(_) => {}
    }
    Ok(match files.attribute(ctx)?.as_str() {
        DRIVER => None,
        "unspecified" => Some(format!("{} does not have our line any more", driver.attributes.display())),
        other => return Err(DriverError::Foreign { driver: other.to_owned() }),
    })
}
