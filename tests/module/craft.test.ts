// Runs with the client's own test command, against its own engine:
//   claude plugin test <folder of the plugin>
// What stands beneath the module here plays the client and `bin/craft`.

import type { On } from 'claude-code'
import { expect, mock, test } from 'claude-code/testing'

type World = {
  /** What `craft brief --json` answers; `undefined` is a program that is not there. */
  brief: Record<string, unknown> | undefined
  slash: ReturnType<typeof ended>
  cwd: string
  /** Times of the files that there are. */
  files: Record<string, number>
  runs: { argv: readonly string[]; cwd: string | undefined; timeoutMs: number | undefined }[]
  shown: (string | undefined)[]
  toasts: string[]
  registered: Record<string, unknown>[]
  taken: boolean
  /** What `craft monitor --json` answers. */
  board: Record<string, unknown>
  /** Whether the client draws panes. */
  panes: 'placed' | 'waiting' | 'refused'
  opened: Record<string, unknown>[]
  closed: string[]
  /** How often a drawing was asked for. */
  drawings: number
}

function ended(exitCode: number, stdout: string, stderr: string) {
  return { exitCode, stdout, stderr, isStdoutTruncated: false, isStderrTruncated: false }
}

function world(on: On): World {
  const w: World = {
    brief: { version: 1, status: 'synced', passing: false, watch: ['/state'] },
    slash: ended(0, 'all is well\n', ''),
    cwd: '/r',
    files: { '/state': 1 },
    runs: [],
    shown: [],
    toasts: [],
    registered: [],
    taken: false,
    board: { version: 1, lines: [{ text: 'craft monitor', tone: 'plain' }], watch: ['/state'] },
    panes: 'placed',
    opened: [],
    closed: [],
    drawings: 0,
  }
  on('session.start', (_, e) => ({ cwd: e.cwd }))
  on('session.attach', (_, e) => ({ clientId: e.clientId }))
  on('session.end', (_, e) => ({ sessionId: e.sessionId }))
  on('turn.complete', (_, e) => ({ text: e.answer }))
  on('session.cwd', () => ({ value: w.cwd }))
  on('command.register', (_, e) => {
    if (w.taken) return { deny: 'the name is taken' }
    w.registered.push(e)
    return { value: { command: e.name } }
  })
  on('process.run', (_, e) => {
    w.runs.push({ argv: e.argv, cwd: e.init?.cwd, timeoutMs: e.init?.timeoutMs })
    if (w.brief === undefined) return { deny: 'no such file' }
    if (e.argv[1] === 'slash') return { value: w.slash }
    if (e.argv[1] === 'monitor') return { value: ended(0, JSON.stringify(w.board), '') }
    return { value: ended(0, JSON.stringify(w.brief), '') }
  })
  on('fs.exists', () => ({ value: w.brief !== undefined }))
  on('fs.stat', (_, e) => {
    const mtimeMs = w.files[e.path]
    if (mtimeMs === undefined) return { deny: 'ENOENT' }
    return { value: { kind: 'file', size: 1, mtimeMs, isLink: false } }
  })
  on('ui.status', (_, e) => {
    w.shown.push(e.text)
    return { value: undefined }
  })
  on('ui.toast', (_, e) => {
    w.toasts.push(e.text)
    return { value: undefined }
  })
  on('ui.log', () => ({ value: undefined }))
  on('ui.open', (_, e) => {
    if (w.panes === 'refused') return { deny: 'no panes here' }
    w.opened.push(e)
    return { value: w.panes === 'placed' ? { isPlaced: true } : { isPlaced: false, reason: 'narrow' } }
  })
  on('ui.close', (_, e) => {
    w.closed.push(e.id)
    return { value: undefined }
  })
  on('ui.panes', () => ({ value: [] }))
  on('ui.invalidate', () => {
    w.drawings += 1
    return { value: undefined }
  })
  return w
}

const START = { cwd: '/r', surface: 'terminal', isInteractive: true } as const
const SILENT = { cwd: '/r', surface: null, isInteractive: false } as const
const presentation = { isFullscreen: false, columns: 80 }
const typed = (args: string) => ({ command: 'craft', args, origin: { kind: 'composer' }, presentation }) as const
const briefs = (w: World) => w.runs.filter(run => run.argv[1] === 'brief').length

test('/craft hands the words on as they are, and the answer with its code', async ($, on) => {
  mock.env(on, {})
  const w = world(on)
  await $.session.start(SILENT)
  expect(w.registered).toEqual([expect.objectContaining({ name: 'craft', immediate: true })])
  w.slash = ended(3, 'both sides changed a.txt\n', 'hint\n')
  const words = 'auto-sync force "a b"; $(id) `id`'
  const answer = await $.command.run(typed(words))
  expect(answer).toMatchObject({ text: 'both sides changed a.txt\nhint', exitCode: 3 })
  const run = w.runs[0]
  expect(run?.argv.slice(1)).toEqual(['slash', '--', words])
  expect(run?.argv[0]).toMatch(/\/bin\/craft$/)
  expect(run?.cwd).toBe('/r')
  expect(run?.timeoutMs).toBeGreaterThan(500_000)
  expect(w.runs).toHaveLength(1)
})

test('the command of that name in commands/ is answered here too', async ($, on) => {
  mock.env(on, {})
  const w = world(on)
  await $.session.start(SILENT)
  expect(await $.command.run({ ...typed('status'), command: 'craft:auto-sync' })).toMatchObject({ text: 'all is well' })
  expect(w.runs[0]?.argv.at(-1)).toBe('auto-sync status')
})

test('where Markdown is drawn the text is shown as it is', async ($, on) => {
  mock.env(on, { CRAFT_DISABLE: '1' })
  const w = world(on)
  await $.session.start(START)
  expect(await $.command.run(typed('help'))).toMatchObject({ text: '\n```\nall is well\n```' })
  w.slash = ended(0, '* ```\n', '')
  expect(await $.command.run(typed('help'))).toMatchObject({ text: '\n````\n* ```\n````' })
})

test('without the program /craft says what to do', async ($, on) => {
  mock.env(on, {})
  const w = world(on)
  await $.session.start(SILENT)
  w.brief = undefined
  const answer = await $.command.run(typed('auto-sync status'))
  expect(answer).toMatchObject({ exitCode: 127 })
  expect(answer.text).toContain('scripts/install.sh')
})

test('a name that is taken costs only the name', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  w.taken = true
  await $.session.start(START)
  await clock.settle()
  expect(w.shown).toEqual(['synced'])
})

test('where nobody looks and where it is off, nothing is started', async ($, on) => {
  mock.env(on, { CRAFT_DISABLE: '1' })
  const clock = mock.clock(on)
  const w = world(on)
  await $.session.start(START)
  await $.session.start(SILENT)
  await clock.advance(60_000)
  expect(w.runs).toEqual([])
  expect(w.shown).toEqual([])
})

test('a run without a terminal is looked at once something draws', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  await $.session.start(SILENT)
  await $.session.attach({ surface: 'vscode', clientId: 'v' })
  await clock.advance(10_000)
  expect(w.runs).toEqual([])
  await $.session.attach({ surface: 'desktop', clientId: 'd' })
  await clock.settle()
  expect(w.shown).toEqual(['synced'])
})

test('the program is asked again only when a file or the folder has changed', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  await $.session.start(START)
  await clock.settle()
  const asked = briefs(w)
  await clock.advance(60_000)
  expect(briefs(w)).toBe(asked)

  w.brief = { version: 1, status: '3 ahead', passing: false, watch: ['/state'] }
  w.files['/state'] = 2
  await clock.advance(2_000)
  expect(w.shown).toEqual(['synced', '3 ahead'])

  w.brief = { version: 1, status: null, passing: false, watch: ['/config'] }
  w.cwd = '/elsewhere'
  await clock.advance(2_000)
  expect(w.shown).toEqual(['synced', '3 ahead', undefined])
  expect(w.runs.at(-1)?.cwd).toBe('/elsewhere')

  w.brief = { version: 1, status: 'not synced yet', passing: false, watch: ['/config', '/state'] }
  w.files['/config'] = 1
  await clock.advance(2_000)
  expect(w.shown.at(-1)).toBe('not synced yet')
})

test('a sync that is killed is noticed though it changes no file', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  w.brief = { version: 1, status: 'syncing', passing: true, watch: ['/state'] }
  await $.session.start(START)
  await clock.settle()
  w.brief = { version: 1, status: 'synced', passing: false, watch: ['/state'] }
  await clock.advance(2_000)
  expect(w.shown).toEqual(['syncing', 'synced'])
})

test('a program that comes back is taken up again', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  const answer = w.brief
  w.brief = undefined
  await $.session.start(START)
  await clock.advance(10_000)
  expect(w.shown).toEqual([undefined])
  const tries = briefs(w)
  await clock.advance(60_000)
  expect(briefs(w)).toBe(tries)
  w.brief = answer
  w.files[String(w.runs[0]?.argv[0])] = 1
  await clock.advance(2_000)
  expect(w.shown).toEqual([undefined, 'synced'])
})

test('what needs the user is told once, and once more in another session', async ($, on) => {
  mock.env(on, {})
  const clock = mock.clock(on)
  const w = world(on)
  const conflict = { id: '1', text: 'both sides changed a.txt' }
  w.brief = { version: 1, status: 'conflict: 1 file', toast: conflict, passing: false, watch: ['/state'] }
  await $.session.start(START)
  await clock.settle()
  for (const time of [2, 3, 4]) {
    w.files['/state'] = time
    await clock.advance(2_000)
  }
  expect(w.toasts).toEqual([conflict.text])
  w.brief = { ...w.brief, toast: { id: '2', text: 'both sides changed b.txt' } }
  w.files['/state'] = 9
  await clock.advance(2_000)
  expect(w.toasts).toEqual([conflict.text, 'both sides changed b.txt'])
  expect(w.shown).toEqual(['conflict: 1 file'])

  await $.session.end({ reason: 'clear', sessionId: 's', resume: { id: 's' } })
  await clock.advance(2_000)
  expect(w.toasts).toHaveLength(3)
  expect(w.shown).toEqual(['conflict: 1 file', 'conflict: 1 file'])
})

const asked = (w: World) => w.runs.filter(run => run.argv[1] === 'monitor')

test('/craft monitor opens a pane, which follows the files and is asked nothing once it is closed', async ($, on) => {
  mock.env(on, { CRAFT_DISABLE: '1' })
  const clock = mock.clock(on)
  const w = world(on)
  await $.session.start(START)
  expect(await $.command.run(typed('monitor'))).toEqual({})
  expect(w.opened).toEqual([expect.objectContaining({ id: 'craft-monitor', focus: true, closeOnEscape: true })])
  expect(asked(w)[0]?.argv.slice(1)).toEqual(['monitor', '--json', '--columns', '78'])
  expect(w.runs.some(run => run.argv[1] === 'slash')).toBe(false)

  await clock.advance(2_000)
  const settled = asked(w).length
  await clock.advance(20_000)
  expect(asked(w)).toHaveLength(settled)
  const drawings = w.drawings
  w.files['/state'] = 2
  await clock.advance(2_000)
  expect(asked(w)).toHaveLength(settled + 1)
  expect(w.drawings).toBeGreaterThan(drawings)
  // Times grow old without a file that changes.
  await clock.advance(62_000)
  expect(asked(w)).toHaveLength(settled + 2)

  await $.session.end({ reason: 'clear', sessionId: 's', resume: { id: 's' } })
  expect(w.closed).toEqual(['craft-monitor'])
  w.files['/state'] = 3
  await clock.advance(120_000)
  expect(asked(w)).toHaveLength(settled + 2)
})

test('where no pane is drawn /craft monitor prints the text', async ($, on) => {
  mock.env(on, { CRAFT_DISABLE: '1' })
  const clock = mock.clock(on)
  const w = world(on)
  w.slash = ended(0, 'Jobs\n', '')
  await $.session.start(START)
  for (const panes of ['refused', 'waiting'] as const) {
    w.panes = panes
    expect(await $.command.run(typed('monitor'))).toMatchObject({ text: '\n```\nJobs\n```' })
  }
  w.panes = 'placed'
  w.board = { version: 1 }
  expect(await $.command.run(typed('monitor'))).toMatchObject({ text: '\n```\nJobs\n```' })
  const questions = asked(w).length
  await clock.advance(120_000)
  expect(asked(w)).toHaveLength(questions)
})

test('a run that nobody watches gets the text, and options are for the text', async ($, on) => {
  mock.env(on, {})
  const w = world(on)
  await $.session.start(SILENT)
  expect(await $.command.run(typed('monitor'))).toMatchObject({ text: 'all is well' })
  expect(w.opened).toEqual([])
  expect(w.runs[0]?.argv.slice(1)).toEqual(['slash', '--', 'monitor'])
})
