//! The scenes. Each ends with claims that are checked in the repositories themselves.

use std::path::Path;

use super::DemoError;
use super::machine::{Heard, Machine};
use super::stage::Stage;
use crate::env::Env;
use crate::state::{State, StateFile};

const RECIPE: &str = "bread.md";
const FIRST: &str = "# Bread\n\n500 g flour\n350 g water\n10 g salt\n";

/// Plays all scenes in `top`, an empty folder.
pub(super) fn play(stage: &mut Stage, programs: &Path, top: &Path, env: &Env) -> Result<(), DemoError> {
    let mut laptop = Machine::new("laptop", "Ann", top, programs, env)?;
    let mut desktop = Machine::new("desktop", "Ben", top, programs, env)?;
    stage.opening("A bare remote and two machines with home folders of their own, in a temporary folder.");
    let outcome = scenes(stage, &mut laptop, &mut desktop, top);
    // Nothing may still run in the folder when it is removed.
    let settled = laptop.settle().and(desktop.settle());
    outcome.and(settled)
}

fn scenes(stage: &mut Stage, laptop: &mut Machine, desktop: &mut Machine, top: &Path) -> Result<(), DemoError> {
    enrol(stage, laptop, desktop, top)?;
    end_pushes(stage, laptop)?;
    start_pulls(stage, laptop, desktop)?;
    prompt_syncs(stage, laptop, desktop)?;
    conflict(stage, laptop, desktop)?;
    solved(stage, laptop)?;
    undo(stage, laptop, desktop)
}

fn enrol(stage: &mut Stage, laptop: &Machine, desktop: &Machine, top: &Path) -> Result<(), DemoError> {
    let remote = top.join("remote.git").display().to_string();
    laptop.git(&["init", "--quiet", "--bare", "--initial-branch=main", &remote])?;
    laptop.git(&["clone", "--quiet", &remote, "notes"])?;
    laptop.seed(RECIPE, FIRST)?;
    laptop.git(&["add", "."])?;
    laptop.git(&["commit", "--quiet", "-m", "A recipe"])?;
    laptop.git(&["push", "--quiet", "-u", "origin", "main"])?;
    desktop.git(&["clone", "--quiet", &remote, "notes"])?;

    stage.scene("Both machines enrol their clone");
    let there = laptop.craft(stage, &["auto-sync", "enable"])?;
    let here = desktop.craft(stage, &["auto-sync", "enable"])?;
    stage.check("both are enrolled", there.success && here.success);
    Ok(())
}

fn end_pushes(stage: &mut Stage, laptop: &mut Machine) -> Result<(), DemoError> {
    stage.scene("A session ends with the work committed and pushed");
    let mut quiet = vec![laptop.session_starts(stage)?];
    laptop.write(stage, RECIPE, &FIRST.replace("350 g", "375 g"))?;
    laptop.write(stage, "soup.md", "# Soup\n\n1 onion\n")?;
    quiet.push(laptop.session_ends(stage)?);
    stage.tell("The hook has returned at once; a worker did the rest:");
    laptop.shell(stage, "git log --oneline --stat -1")?;
    stage.check("everything is committed", clean(laptop)?);
    stage.check("the remote has it", remote_tip(laptop)? == head(laptop)?);
    stage.check("the hooks had nothing to say", quiet.iter().all(silent));
    Ok(())
}

fn start_pulls(stage: &mut Stage, laptop: &Machine, desktop: &mut Machine) -> Result<(), DemoError> {
    stage.scene("A session starts with the latest state");
    desktop.write(stage, "draft.md", "Not finished yet.\n")?;
    let heard = desktop.session_starts(stage)?;
    stage.check("both machines are at the same commit", head(desktop)? == head(laptop)?);
    stage.check("the model is told what arrived", heard.well_behaved && heard.model.contains(RECIPE));
    stage.check("the draft is still there, uncommitted", status(desktop)? == "?? draft.md");
    Ok(())
}

fn prompt_syncs(stage: &mut Stage, laptop: &mut Machine, desktop: &Machine) -> Result<(), DemoError> {
    stage.scene("Now and then, a prompt syncs");
    stage.tell("One prompt in 27 does. For the demo, every one:");
    let set = desktop.craft(stage, &["auto-sync", "config", "set", "autoSync.triggers.userPrompt.probability", "1"])?;
    let heard = desktop.prompt(stage, "Add a pinch of pepper to the soup.")?;
    stage.check("the setting was taken", set.success);
    stage.check("the draft is committed and on the remote", clean(desktop)? && remote_tip(desktop)? == head(desktop)?);
    stage.check("nothing was said in the middle of the work", silent(&heard));
    laptop.session_starts(stage)?;
    stage.check("it arrives on the other machine", laptop.read("draft.md") == desktop.read("draft.md"));
    Ok(())
}

fn conflict(stage: &mut Stage, laptop: &mut Machine, desktop: &Machine) -> Result<(), DemoError> {
    stage.scene("Both change the same line");
    let before = laptop.read(RECIPE);
    desktop.write(stage, RECIPE, &before.replace("10 g salt", "12 g salt"))?;
    desktop.session_ends(stage)?;
    let mine = before.replace("10 g salt", "8 g salt");
    laptop.write(stage, RECIPE, &mine)?;
    laptop.session_ends(stage)?;
    let heard = laptop.session_starts(stage)?;
    stage.check("the user is told, with the file", heard.well_behaved && heard.user.contains(RECIPE));
    stage.check("the file is as it was left: no markers, nothing lost", laptop.read(RECIPE) == mine);
    stage.check("the work is committed, and no merge is under way", clean(laptop)? && !merging(laptop));
    stage.check("the other side is untouched on the remote", remote_tip(laptop)? == head(desktop)?);
    laptop.craft(stage, &["auto-sync", "status"])?;
    Ok(())
}

fn solved(stage: &mut Stage, laptop: &Machine) -> Result<(), DemoError> {
    stage.scene("The user solves it with the command that was named");
    let command = command(laptop)?;
    stage.check("there is such a command", !command.is_empty());
    laptop.shell(stage, &command)?;
    stage.check("it leads to the merge", merging(laptop));
    laptop.write(stage, RECIPE, &agreed())?;
    laptop.shell(stage, "git commit --quiet --all --message 'Agree on 10 g of salt'")?;
    let force = laptop.craft(stage, &["auto-sync", "force"])?;
    stage.check("the machine is in step again", force.success && remote_tip(laptop)? == head(laptop)?);
    stage.check("nothing needs the user any more", self::command(laptop)?.is_empty());
    Ok(())
}

fn undo(stage: &mut Stage, laptop: &Machine, desktop: &mut Machine) -> Result<(), DemoError> {
    stage.scene("Taking back what a pull brought");
    desktop.write(stage, "draft.md", "Finished, and not committed.\n")?;
    let (before, recipe) = (head(desktop)?, desktop.read(RECIPE));
    desktop.session_starts(stage)?;
    stage.check("the pull arrived", head(desktop)? == head(laptop)? && desktop.read(RECIPE) != recipe);
    desktop.craft(stage, &["auto-sync", "history"])?;
    let undone = desktop.craft(stage, &["auto-sync", "undo"])?;
    stage.check("branch and files are as before", undone.success && head(desktop)? == before);
    stage.check(
        "so is what was not committed",
        desktop.read(RECIPE) == recipe && desktop.read("draft.md") == "Finished, and not committed.\n",
    );
    stage.check("the remote was not touched", remote_tip(desktop)? == head(laptop)?);
    Ok(())
}

fn agreed() -> String {
    FIRST.replace("350 g", "375 g")
}

fn silent(heard: &Heard) -> bool {
    heard.well_behaved && heard.user.is_empty()
}

fn head(machine: &Machine) -> Result<String, DemoError> {
    machine.git(&["rev-parse", "HEAD"])
}

/// The remote's branch, asked there and not in the clone's memory of it.
fn remote_tip(machine: &Machine) -> Result<String, DemoError> {
    let line = machine.git(&["ls-remote", "origin", "refs/heads/main"])?;
    Ok(line.split_whitespace().next().unwrap_or_default().to_owned())
}

fn status(machine: &Machine) -> Result<String, DemoError> {
    machine.git(&["status", "--porcelain"])
}

fn clean(machine: &Machine) -> Result<bool, DemoError> {
    Ok(status(machine)?.is_empty())
}

fn merging(machine: &Machine) -> bool {
    ["MERGE_HEAD", "rebase-merge", "rebase-apply"].iter().any(|name| machine.clone.join(".git").join(name).exists())
}

/// The command that `status` names; empty where nothing needs the user.
fn command(machine: &Machine) -> Result<String, DemoError> {
    let state = StateFile::at(machine.layout().state()).peek::<State>()?.value;
    let attention = state.repositories.into_values().find_map(|r| r.attention);
    Ok(attention.map(|a| a.command).unwrap_or_default())
}
