import { text } from 'node:stream/consumers'
import type { Terminal } from './terminal.js'

/** What a terminal is made of. */
interface Host {
  readonly env: Terminal['env']
  readonly cwd: () => string
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: { readonly isTTY?: boolean; readonly write: (text: string) => void }
  readonly stderr: { readonly write: (text: string) => void }
}

/** The terminal that this process runs in. */
export function nodeTerminal(host: Host = process): Terminal {
  const { env, stdin, stdout, stderr } = host
  return {
    env,
    cwd: host.cwd(),
    colors: stdout.isTTY === true && !env['NO_COLOR'],
    fetch: (...request) => globalThis.fetch(...request),
    now: () => Date.now(),
    readInput: () => text(stdin),
    out: (line) => {
      stdout.write(`${line}\n`)
    },
    note: (line) => {
      stderr.write(`${line}\n`)
    },
  }
}
