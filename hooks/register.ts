// The hooks module of the plugin: the native `/craft`, which asks no model, and a live status entry.
// The hooks beside it in hooks.json do all the syncing; without this module (an older client, or one that
// draws nothing) nothing is lost but what is shown here.

import type { EngineInterface, Register } from 'claude-code'
import { forget, look, start, tick } from './follower'
import { close, closed, draw, open, sweep } from './monitor'

/** `force` may have to wait for a lock, for git hooks and for a slow remote. The client allows no more. */
const LONGEST_MS = 600_000

/** Whether somebody sees what is printed. */
let drawn = false

export const register: Register = on => {
  on('session.start', async ($, e, next) => {
    const started = await next(e)
    try {
      await $.command.register({
        name: 'craft',
        description: 'Keeps this repository in step with the work (no model is asked)',
        argumentHint: 'auto-sync enable|disable|status|force',
        // `status` is wanted most while a turn runs.
        immediate: true,
      })
    } catch (error) {
      $.ui.log(`/craft is taken (${text(error)}); /craft:auto-sync does the same`, { to: 'debug' })
    }
    // In a run that nobody watches nothing is drawn, so nothing is looked at.
    drawn = e.isInteractive
    if (drawn) await start($)
    if (drawn) void sweep($)
    return started
  })

  // Where the client is a server, what draws comes later; one that draws no status is not served.
  on('session.attach', async ($, e, next) => {
    const attached = await next(e)
    drawn = true
    if (e.surface === 'terminal' || e.surface === 'desktop') await start($)
    return attached
  })

  on('turn.complete', async ($, e, next) => {
    if (e.agentId === undefined) void tick($)
    return next(e)
  })

  // After `/clear` and `/resume` the process goes on as another session, and no start is told.
  on('session.end', async ($, e, next) => {
    const ended = await next(e)
    if (e.reason === 'clear' || e.reason === 'resume') forget()
    await close($)
    return ended
  })

  on('ui.render', { component: 'Pane', requestId: 'craft-monitor' }, ($, e) => draw($, e))

  on('ui.close', { id: 'craft-monitor' }, async ($, e, next) => {
    closed()
    return next(e)
  })

  on('command.run', { command: 'craft' }, async ($, e) => {
    // Where no pane is drawn the text is printed, as of any other word.
    if (drawn && e.args.trim() === 'monitor' && (await open($))) return {}
    const answer = await slash($, e.args)
    void look($)
    return answer
  })

  // In a run without a terminal the client takes `/craft auto-sync status` for the plugin's command of that
  // name, which asks the model.
  on('command.run', { command: 'craft:auto-sync' }, async ($, e) => {
    const answer = await slash($, `auto-sync ${e.args}`)
    void look($)
    return answer
  })
}

/** What `/craft <args>` prints. The words go to the program as they were typed; no shell reads them. */
async function slash($: EngineInterface, args: string): Promise<{ text: string; exitCode: number }> {
  const program = `${$.plugin.root}/bin/craft`
  try {
    const cwd = await $.session.cwd()
    const ran = await $.process.run([program, 'slash', '--', args], { cwd, timeoutMs: LONGEST_MS })
    const parts = [ran.stdout, ran.stderr].map(part => part.trimEnd()).filter(part => part !== '')
    return { text: verbatim(parts.join('\n') || `craft ended with ${ran.exitCode}`), exitCode: ran.exitCode }
  } catch (error) {
    const remedy = (await $.fs.exists(program).catch(() => true))
      ? 'Try `craft doctor` in a terminal.'
      : 'It is not built: run scripts/install.sh of claude-craft, or install the plugin again.'
    return { text: `${program} cannot be run (${text(error)}).\n${remedy}`, exitCode: 127 }
  }
}

/** The client draws Markdown, in which columns, asterisks and the like of a plain text are lost. */
function verbatim(output: string): string {
  if (!drawn) return output
  const ticks = Math.max(0, ...(output.match(/`+/g) ?? []).map(run => run.length))
  const fence = '`'.repeat(Math.max(3, ticks + 1))
  return `\n${fence}\n${output}\n${fence}`
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
