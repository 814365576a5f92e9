import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../src/cli/run-command.js'

/** What a run of the command line left behind. */
export interface CliRun {
  readonly code: number
  readonly out: string
  readonly notes: string
  /** Standard output as JSON. */
  json(): Record<string, unknown>
}

/** How a run differs from an ordinary one. */
export interface CliSurroundings {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly colors?: boolean
  readonly now?: () => number
  readonly fetch?: typeof globalThis.fetch
}

/** Makes a project of its own, so that its development key is nobody else's. */
export function createProject(): { cwd: string; env: Record<string, string> } {
  const cwd = mkdtempSync(join(tmpdir(), 'project-'))
  writeFileSync(join(cwd, 'package.json'), '{}')
  return { cwd, env: { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'config-')) } }
}

/** Runs the command line in this process. */
export async function runCli(
  words: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliRun> {
  const out: string[] = []
  const notes: string[] = []
  const code = await runCommand(words, {
    env: surroundings.env ?? {},
    cwd: surroundings.cwd ?? tmpdir(),
    colors: surroundings.colors ?? false,
    fetch: surroundings.fetch ?? ((...request) => globalThis.fetch(...request)),
    now: surroundings.now ?? (() => Date.now()),
    readInput: () => Promise.resolve(surroundings.input ?? ''),
    out: (text) => out.push(text),
    note: (text) => notes.push(text),
  })
  return {
    code,
    out: out.join('\n'),
    notes: notes.join('\n'),
    json: () => JSON.parse(out.join('\n')) as Record<string, unknown>,
  }
}
