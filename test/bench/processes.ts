import { fork, type ChildProcess } from 'node:child_process'
import type { ServerJob } from './server.js'

const running = new Set<ChildProcess>()

/** Starts one of the files here in a process of its own; it says "up" once it listens to messages. */
export async function start(file: string, execArgv: readonly string[] = []): Promise<ChildProcess> {
  const child = fork(new URL(file, import.meta.url), {
    execArgv: [...process.execArgv, ...execArgv],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  await nextMessage(child)
  return child
}

/** Sends a message and waits for the answer. */
export async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  const answer = nextMessage(child)
  child.send(message)
  return (await answer) as T
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => {
      reject(new Error(`a process of the benchmark ended early: ${child.spawnargs.join(' ')}`))
    }
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message)
    })
  })
}

export function stopAll(): void {
  for (const child of running) child.kill()
}

/** A server under measurement. */
export interface Server {
  readonly contender: string
  readonly port: number
  stop(): void
}

export async function startServer(job: ServerJob): Promise<Server> {
  const child = await start('./server.ts')
  const port = await ask<number>(child, job)
  return { contender: job.contender, port, stop: () => child.kill() }
}

/** A load generator: sends its tokens to a server and counts the answers. */
export interface Load {
  use(tokens: readonly string[]): Promise<void>
  /** Requests per second; throws when one was answered otherwise. */
  run(port: number, seconds: number, expected: 'accepted' | 'refused'): Promise<number>
}

interface LoadResult {
  readonly rate: number
  readonly errors: number
  readonly statusCodeStats: Readonly<Record<string, unknown>>
}

export async function startLoad(): Promise<Load> {
  const child = await start('./load.js')
  return {
    use: async (tokens) => {
      await ask(child, { tokens })
    },
    run: async (port, seconds, expected) => {
      const { rate, errors, statusCodeStats } = await ask<LoadResult>(child, { port, seconds })
      const statuses = Object.keys(statusCodeStats)
      const asExpected = statuses.every(
        (status) => (status === '200') === (expected === 'accepted'),
      )
      if (errors > 0 || statuses.length === 0 || !asExpected) {
        throw new Error(`not all ${expected}: status ${statuses.join()}, ${errors} errors`)
      }
      return rate
    },
  }
}
