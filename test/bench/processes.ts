import { fork, type ChildProcess } from 'node:child_process'
import { perOne, type Cost } from './cpu.js'
import type { ProfileKind, Usage } from './profiler.js'
import type { ServerJob } from './server.js'

/** How long each server warms up, and how often and for how long it is measured then; in whole seconds, as autocannon counts. */
export function pace(quick: boolean): { warmUp: number; rounds: number; seconds: number } {
  return quick ? { warmUp: 1, rounds: 2, seconds: 1 } : { warmUp: 3, rounds: 5, seconds: 1 }
}

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
  /** What it has used of the processor up to now. */
  used(): Promise<Cost>
  /** Looks at its functions until told to end. */
  startProfile(kind: ProfileKind): Promise<void>
  endProfile(): Promise<readonly Usage[]>
  stop(): void
}

export async function startServer(job: ServerJob): Promise<Server> {
  const child = await start('./server.ts')
  const port = await ask<number>(child, job)
  return {
    contender: job.contender,
    port,
    used: () => ask(child, { cost: true }),
    startProfile: async (kind) => {
      await ask(child, { profile: kind })
    },
    endProfile: () => ask(child, { profile: 'end' }),
    stop: () => child.kill(),
  }
}

/** A load generator: sends its tokens to a server and counts the answers. */
export interface Load {
  use(tokens: readonly (string | undefined)[]): Promise<void>
  /** Puts a server under load; throws when a request was answered otherwise. */
  run(server: Server, seconds: number, expected: 'accepted' | 'refused'): Promise<LoadResult>
}

/** What a server did under load. */
export interface LoadResult {
  /** Requests per second. */
  readonly rate: number
  /** How many requests were answered. */
  readonly count: number
  /** What each of them took of the server's processor time. */
  readonly cost: Cost
}

interface Answers {
  readonly rate: number
  readonly count: number
  readonly errors: number
  readonly statusCodeStats: Readonly<Record<string, unknown>>
}

export async function startLoad(): Promise<Load> {
  const child = await start('./load.js')
  return {
    use: async (tokens) => {
      await ask(child, { tokens })
    },
    run: async (server, seconds, expected) => {
      const before = await server.used()
      const answers = await ask<Answers>(child, { port: server.port, seconds })
      const { rate, count, errors, statusCodeStats } = answers
      const cost = perOne(before, await server.used(), count)
      const statuses = Object.keys(statusCodeStats)
      const asExpected = statuses.every(
        (status) => (status === '200') === (expected === 'accepted'),
      )
      if (errors > 0 || statuses.length === 0 || !asExpected) {
        throw new Error(`not all ${expected}: status ${statuses.join()}, ${errors} errors`)
      }
      return { rate, count, cost }
    },
  }
}
