import { text } from 'node:stream/consumers'
import type { Terminal } from './terminal.js'

/** The terminal that this process runs in. */
export function nodeTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process
  return {
    env,
    cwd: process.cwd(),
    colors: stdout.isTTY && !env['NO_COLOR'],
    fetch: (...request) => globalThis.fetch(...request),
    now: () => Date.now(),
    readInput: () => text(stdin),
    out: (line) => stdout.write(`${line}\n`),
    note: (line) => stderr.write(`${line}\n`),
  }
}
