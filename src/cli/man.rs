//! `craft man`: manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::error::CommandError;
use super::exit_code;
use super::ui::Ui;
use crate::fs::IoContext;

/// See the command's help.
#[derive(Debug, Args)]
pub struct Manual {
    /// Write one page for every command into this folder, instead of printing the first
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints the page of `craft`, or writes all pages.
///
/// # Errors
/// Where the folder cannot be made or a page not be written.
pub fn run(ui: &mut Ui, args: &Manual) -> Result<u8, CommandError> {
    let command = super::Cli::command();
    match &args.folder {
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page).map_err(|e| CommandError::failed(e.to_string()))?;
            ui.raw(&page);
        }
        Some(folder) => {
            std::fs::create_dir_all(folder).at("create", folder)?;
            clap_mangen::generate_to(command, folder).at("write pages to", folder)?;
            ui.say(&format!("wrote the manual pages to {}", folder.display()));
        }
    }
    Ok(exit_code::DONE)
}
