// Shows how the session's folder stands, and tells once of what needs the user. `craft brief` says both,
// and which files change when its answer does; as long as they are as they were, no program is started.

import type { EngineInterface } from 'claude-code'

type Brief = {
  status: string | null
  toast?: { id: string; text: string }
  /** A sync is running; should it be killed, no file tells. */
  passing: boolean
  watch: string[]
}

const EVERY_MS = 2_000
const TOAST_MS = 10_000
/** A list of files that changes this often within one look is left to the next tick. */
const ROUNDS = 3

// The state of the one session there is. A reload of the module begins anew, timers included.
let started = false
let busy = false
let again = false
let passing = false
let folder = ''
let watch: string[] = []
let stamps = ''
/** What stands there; `null` where that is not known, as after a reload. */
let shown: string | undefined | null = null
let told = new Set<string>()

/** Begins, once, unless the suite is switched off. */
export async function start($: EngineInterface): Promise<void> {
  const disabled = await $.env.get('CRAFT_DISABLE')
  if (started || (disabled && disabled !== '0' && disabled !== 'false')) return
  started = true
  $.clock.every(EVERY_MS, () => void tick($))
  // The session is not held up for it.
  void look($)
}

/** Another session begins in the same process: what needs the user is told anew. */
export function forget(): void {
  shown = null
  told = new Set()
  stamps = ''
}

/** Looks anew where something has changed. */
export async function tick($: EngineInterface): Promise<void> {
  if (!started || busy) return
  const changed = passing || (await $.session.cwd()) !== folder || (await stampsOf($, watch)) !== stamps
  if (changed) await look($)
}

/** Asks `craft brief` and shows what it says. */
export async function look($: EngineInterface): Promise<void> {
  again = true
  if (!started || busy) return
  busy = true
  try {
    for (let round = 0; again && round < ROUNDS; round++) {
      again = false
      folder = await $.session.cwd()
      // Taken before the question, so that no change falls between the two.
      stamps = await stampsOf($, watch)
      const brief = await ask($, folder)
      again ||= brief.watch.join('\n') !== watch.join('\n')
      watch = brief.watch
      passing = brief.passing
      show($, brief)
    }
  } finally {
    busy = false
  }
}

function show($: EngineInterface, { status, toast }: Brief): void {
  const text = status ?? undefined
  if (text !== shown) $.ui.status(text)
  shown = text
  if (toast && !told.has(toast.id)) {
    told.add(toast.id)
    $.ui.toast(toast.text, { timeoutMs: TOAST_MS })
  }
}

/** Where the program is missing or says nothing of use, nothing is shown until there is another. */
async function ask($: EngineInterface, cwd: string): Promise<Brief> {
  const program = `${$.plugin.root}/bin/craft`
  try {
    const ran = await $.process.run([program, 'brief', '--json'], { cwd, timeoutMs: 5_000 })
    const brief = JSON.parse(ran.stdout) as Partial<Brief>
    if (ran.exitCode === 0 && Array.isArray(brief.watch)) {
      return { status: brief.status ?? null, toast: brief.toast, passing: brief.passing === true, watch: brief.watch }
    }
  } catch {
    // Below.
  }
  return { status: null, passing: false, watch: [program] }
}

/** What changes when one of the files is written, replaced, made or removed. */
export async function stampsOf($: EngineInterface, paths: string[]): Promise<string> {
  const all: string[] = []
  for (const path of paths) {
    const stat = await $.fs.stat(path).catch(() => undefined)
    all.push(stat ? `${stat.mtimeMs}:${stat.size}` : '-')
  }
  return all.join(' ')
}
