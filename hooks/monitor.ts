// `/craft monitor` as a pane: what `craft monitor --json` says, line by line. It is asked again when one of the
// files it names has changed, and once a minute for the times; while the pane is closed, never.

import type { EngineInterface, RenderInput, ResultOf, Timer } from 'claude-code'
import { stampsOf } from './follower'

/** `register.ts` names it too. */
const PANE = 'craft-monitor'

type Line = { text: string; tone: string }
type Board = { lines: Line[]; watch: string[] }

const EVERY_MS = 2_000
/** Looks after which the times are told anew. */
const OLD = 30
const ROWS = 24
/** A pane has an edge and is rarely wider. */
const COLUMNS = 78

let timer: Timer | undefined
let lines: Line[] = []
let watch: string[] = []
let stamps = ''
let columns = COLUMNS
let looks = 0
let busy = false

/** Opens the pane; `false` where the client draws none, or the program has nothing to show. */
export async function open($: EngineInterface): Promise<boolean> {
  if (!(await refresh($))) return false
  try {
    const opened = await $.ui.open({ id: PANE, title: 'craft monitor', focus: true, closeOnEscape: true, rows: ROWS })
    if (!opened.isPlaced) {
      await $.ui.close({ id: PANE })
      return false
    }
  } catch {
    return false
  }
  timer?.cancel()
  timer = $.clock.every(EVERY_MS, () => void tick($))
  $.ui.invalidate('ui.render')
  return true
}

/** Takes the pane away, if there is one. */
export async function close($: EngineInterface): Promise<void> {
  if (timer === undefined) return
  closed()
  await $.ui.close({ id: PANE }).catch(() => undefined)
}

/** The pane is gone: nothing is asked any more. */
export function closed(): void {
  timer?.cancel()
  timer = undefined
}

/** A session that goes on may bring back the pane of one that ended, without what refreshed it. */
export async function sweep($: EngineInterface): Promise<void> {
  const panes = await $.ui.panes().catch(() => [])
  if (timer === undefined && panes.some(pane => pane.id === PANE)) await $.ui.close({ id: PANE })
}

/** What stands in the pane. */
export function draw($: EngineInterface, e: RenderInput<'Pane'>): ResultOf['ui.render'] {
  const { Box, Text } = $.ui.resolve(e)
  const wide = e.props.bodyColumns
  if (wide > 0 && wide !== columns) {
    columns = wide
    void refresh($)
  }
  const drawn = lines.map(({ text, tone }) =>
    Text({
      wrap: 'truncate-end',
      dimColor: tone === 'faint',
      bold: tone === 'bad' || (text !== '' && !text.startsWith(' ')),
      color: tone === 'bad' ? 'red' : tone === 'warn' ? 'yellow' : undefined,
      // A line of nothing has no height.
      children: text === '' ? ' ' : text,
    }),
  )
  return Box({ flexDirection: 'column', children: drawn })
}

async function tick($: EngineInterface): Promise<void> {
  looks += 1
  if (looks >= OLD || (await stampsOf($, watch)) !== stamps) await refresh($)
}

/** Asks the program; whether it answered. */
async function refresh($: EngineInterface): Promise<boolean> {
  // The next look sees what has changed since.
  if (busy) return true
  busy = true
  try {
    const before = await stampsOf($, watch)
    const argv = [`${$.plugin.root}/bin/craft`, 'monitor', '--json', '--columns', `${columns}`]
    const ran = await $.process.run(argv, { cwd: await $.session.cwd(), timeoutMs: 10_000 })
    const board = JSON.parse(ran.stdout) as Partial<Board>
    if (ran.exitCode !== 0 || !Array.isArray(board.lines) || !Array.isArray(board.watch)) return false
    // Of files that were not watched before nothing is known: the next look asks once more.
    stamps = board.watch.join('\n') === watch.join('\n') ? before : ''
    lines = board.lines
    watch = board.watch
    looks = 0
    $.ui.invalidate('ui.render')
    return true
  } catch {
    return false
  } finally {
    busy = false
  }
}
