import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An example at work in a process of its own. */
export interface RunningExample {
  /** The address it printed. */
  readonly url: string
  /** Everything it has written so far. */
  output(): string
  stop(): Promise<void>
}

/** Starts an example as its user does, on a free port unless one is given, and waits for its last words. */
export async function startExample(
  file: string,
  {
    port = 0,
    lastWords = 'Listening on',
    env = {},
  }: { port?: number; lastWords?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<RunningExample> {
  const example = runExample(file, { ...env, PORT: String(port) })
  await example.printed(lastWords)
  const url = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(example.output())?.[0]
  if (url === undefined) throw new Error(`${file} printed no address:\n${example.output()}`)
  return { url, output: example.output, stop: example.stop }
}

/** Starts an example that is to end by itself. */
export async function endOfExample(file: string, port: string, env: NodeJS.ProcessEnv = {}) {
  const example = runExample(file, { ...env, PORT: port })
  return { code: await example.ended, output: example.output() }
}

function runExample(file: string, env: NodeJS.ProcessEnv) {
  // A group of its own: the example is a process of its own behind the one that starts it.
  const child = spawn(process.execPath, ['examples/run.js', file], {
    cwd: root,
    detached: true,
    env: { ...process.env, ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)

  return {
    ended,
    output: () => text,
    printed: (words: string) =>
      new Promise<void>((resolve, reject) => {
        child.stdout.on('data', () => {
          if (text.includes(words)) resolve()
        })
        void ended.then(() => {
          reject(new Error(`${file} ended:\n${text}`))
        })
      }),
    stop: async () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid)
      await ended
    },
  }
}
