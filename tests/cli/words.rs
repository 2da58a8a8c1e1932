//! What the program says of itself, and to words it does not know.

use std::fs;

use insta::assert_snapshot;

use super::Home;

#[test]
fn help_tells_commands_and_exit_codes() {
    let home = Home::new();
    assert_snapshot!(home.show(&home.craft(".", &["--help"]).output().unwrap()), @"
    Keeps repositories in step with the work done in Claude Code

    Usage: craft [OPTIONS] <COMMAND>

    Commands:
      auto-sync      Pull, commit and push by itself when a session starts and ends
      install        Make the hooks known to Claude Code
      uninstall      Take everything away that `craft install` put anywhere
      doctor         Check everything that must hold for the hooks to work
      plan           Plan work in phases, and keep the books of it
      beacon         Hand files to another environment through a git remote, and take in theirs
      vscode         Put the beacon's tasks and settings into a project's .vscode folder, and take them
                     out again
      scan           Look for credentials in files, in what would be sent, or in the history
      settings       Put our pieces into Claude Code's settings files, and take them out again
      jobs           Look at recurring jobs, run them, pause them
      logs           Search the journal of everything that was done
      metrics        How often syncs run, how long they take, how often they fail
      monitor        Watch jobs, repositories, notifications and the journal
      notifications  Read, dismiss and snooze notifications
      permissions    What may leave this machine, and what may be taken in
      demo           Show in a temporary folder how two machines stay in step
      statusline     Print one line for Claude Code's status line, given its JSON on stdin
      completions    Print a completion script for a shell
      man            Print the manual page, or write all pages into a folder

    Options:
      -C <DIR>       Work as if started in this folder
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
      0  done (which may have been nothing)
      1  failed, or refused for a reason not listed here
      2  wrong usage or a broken configuration file
      3  conflict: both sides changed the same lines
      4  refused by a gate: conflict markers, mass deletion, an older tree, a credential, permissions
      5  busy: another process holds the lock
      6  network: the remote cannot be reached, or a failure that may pass
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["--help"]), @"
    Pull, commit and push by itself when a session starts and ends

    Usage: craft auto-sync [OPTIONS] [COMMAND]

    Commands:
      enable   Enrol a repository, or enrol it anew after its branch or remote has changed
      disable  Switch auto-sync off for a repository, or for all
      status   Show what is enrolled, how it stands and what needs you (the default)
      force    Sync now
      history  List the snapshots that were kept before each sync
      undo     Bring a snapshot back: branch, index and working tree; no remote is touched
      config   Show, change, edit or check the settings
      log      Show the last syncs

    Options:
      -C <DIR>    Work as if started in this folder
      -h, --help  Print help

    Exit codes:
      0  done (which may have been nothing)
      1  failed, or refused for a reason not listed here
      2  wrong usage or a broken configuration file
      3  conflict: both sides changed the same lines
      4  refused by a gate: conflict markers, mass deletion, an older tree, a credential, permissions
      5  busy: another process holds the lock
      6  network: the remote cannot be reached, or a failure that may pass
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["force", "--help"]), @"
    Sync now

    Usage: craft auto-sync force [OPTIONS] [ACTION] [PATH]

    Arguments:
      [ACTION]  pull, push (commit and send), or sync, which is both [default: sync]
      [PATH]    A folder in the repository [default: the current one]

    Options:
          --all               All enrolled repositories, one after the other
          --dry-run           Only print the plan
          --accept <REFUSAL>  Go on in spite of what the gate refuses: conflict-markers, mass-deletion
                              or ancestor-tree
          --publish           Publish the branch where the remote does not have it yet
          --json              Print JSON
      -q, --quiet             Print nothing when all is well
      -C <DIR>                Work as if started in this folder
      -h, --help              Print help

    Exit codes:
      0  done (which may have been nothing)
      1  failed, or refused for a reason not listed here
      2  wrong usage or a broken configuration file
      3  conflict: both sides changed the same lines
      4  refused by a gate: conflict markers, mass deletion, an older tree, a credential, permissions
      5  busy: another process holds the lock
      6  network: the remote cannot be reached, or a failure that may pass
    exit 0
    ");
    assert_snapshot!(home.auto_sync(".", &["enable", "--help"]), @"
    Enrol a repository, or enrol it anew after its branch or remote has changed

    Usage: craft auto-sync enable [OPTIONS] [PATH]

    Arguments:
      [PATH]  A folder in the repository [default: the current one]

    Options:
          --branch <GLOB>  Sync this branch, or all that match a glob [default: the branch HEAD is on]
          --remote <NAME>  Sync with this remote [default: the one the branch follows, `origin`, or the
                           only one]
          --publish        Publish the branch where the remote does not have it yet
          --no-publish     Do not (the default)
      -C <DIR>             Work as if started in this folder
      -h, --help           Print help
    exit 0
    ");
}

#[test]
fn words_that_are_no_command_are_answered_briefly_with_code_2_and_never_run() {
    let home = Home::new();
    assert_snapshot!(home.auto_sync(".", &["; touch pwned"]), @"
    error: unrecognized subcommand '; touch pwned'

    Usage: craft auto-sync [OPTIONS] [COMMAND]

    For more information, try '--help'.
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["statsu"]), @"
    error: unrecognized subcommand 'statsu'

      tip: a similar subcommand exists: 'status'

    Usage: craft auto-sync [OPTIONS] [COMMAND]

    For more information, try '--help'.
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["force", "merge"]), @"
    error: invalid value 'merge' for '[ACTION]'
      [possible values: pull, push, sync]

    For more information, try '--help'.
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["force", "--accept", "hook"]), @"
    error: invalid value 'hook' for '--accept <REFUSAL>': only a refusal of the gate can be accepted: conflict-markers, mass-deletion, ancestor-tree

    For more information, try '--help'.
    exit 2
    ");
    assert_snapshot!(home.auto_sync(".", &["status", "--json", "--watch"]), @"
    error: the argument '--json' cannot be used with '--watch'

    Usage: craft auto-sync status --json

    For more information, try '--help'.
    exit 2
    ");
    assert!(!home.path("pwned").exists());
}

#[test]
fn completions_and_manual_pages_cover_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = home.craft(".", &["completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("history"), "{shell}");
    }
    assert_snapshot!(home.show(&home.craft(".", &["man", "pages"]).output().unwrap()), @"
    wrote the manual pages to pages
    exit 0
    ");
    let mut names: Vec<_> =
        fs::read_dir(home.path("pages")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_snapshot!(names.join("\n"), @"
    craft-auto-sync-config-check.1
    craft-auto-sync-config-edit.1
    craft-auto-sync-config-get.1
    craft-auto-sync-config-set.1
    craft-auto-sync-config.1
    craft-auto-sync-disable.1
    craft-auto-sync-enable.1
    craft-auto-sync-force.1
    craft-auto-sync-history.1
    craft-auto-sync-log.1
    craft-auto-sync-status.1
    craft-auto-sync-undo.1
    craft-auto-sync.1
    craft-beacon-diff.1
    craft-beacon-init.1
    craft-beacon-log.1
    craft-beacon-pull.1
    craft-beacon-push.1
    craft-beacon-queue-drop.1
    craft-beacon-queue-list.1
    craft-beacon-queue-send.1
    craft-beacon-queue.1
    craft-beacon-resolve.1
    craft-beacon-status.1
    craft-beacon-watch.1
    craft-beacon.1
    craft-completions.1
    craft-demo.1
    craft-doctor.1
    craft-install.1
    craft-jobs-disable.1
    craft-jobs-enable.1
    craft-jobs-interval.1
    craft-jobs-list.1
    craft-jobs-logs.1
    craft-jobs-pause.1
    craft-jobs-reset.1
    craft-jobs-resume.1
    craft-jobs-run.1
    craft-jobs.1
    craft-logs-verify.1
    craft-logs.1
    craft-man.1
    craft-metrics.1
    craft-monitor.1
    craft-notifications-dismiss-all.1
    craft-notifications-dismiss.1
    craft-notifications-list.1
    craft-notifications-show.1
    craft-notifications-snooze.1
    craft-notifications.1
    craft-permissions-check.1
    craft-permissions-import.1
    craft-permissions-set.1
    craft-permissions-show.1
    craft-permissions.1
    craft-plan-archive.1
    craft-plan-check.1
    craft-plan-convert.1
    craft-plan-evidence.1
    craft-plan-execute.1
    craft-plan-graph.1
    craft-plan-init.1
    craft-plan-new.1
    craft-plan-pr.1
    craft-plan-repair.1
    craft-plan-rollback.1
    craft-plan-status.1
    craft-plan-summarize.1
    craft-plan-todo-done.1
    craft-plan-todo-list.1
    craft-plan-todo-undo.1
    craft-plan-todo.1
    craft-plan.1
    craft-scan-allow.1
    craft-scan-disallow.1
    craft-scan.1
    craft-settings-apply.1
    craft-settings-diff.1
    craft-settings-list.1
    craft-settings-remove.1
    craft-settings.1
    craft-statusline.1
    craft-uninstall.1
    craft-vscode-init.1
    craft-vscode-remove.1
    craft-vscode.1
    craft.1
    ");
}

#[test]
fn without_a_home_it_says_what_is_missing() {
    let home = Home::new();
    let output = home.craft(".", &["auto-sync", "status"]).env_remove("HOME").output().unwrap();
    assert_snapshot!(home.show(&output), @"
    error: cannot tell where configuration and state are: neither CLAUDE_CONFIG_DIR nor HOME is set
    exit 1
    ");
}
