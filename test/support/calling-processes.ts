import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { UserKey } from '../../src/tokens/index.js'

/** Has a process ask for the tokens of users, again and again. */
export interface CallTask {
  readonly users: readonly UserKey[]
  /** How many ask at once for each user. */
  readonly callers: number
  readonly seconds: number
}

/** What came of a {@link CallTask}. */
export interface CallReport {
  /** Hashes of the tokens that were seen. */
  readonly tokens: readonly string[]
  /** The codes of the failures. */
  readonly codes: readonly string[]
  readonly successes: number
  /** How many sessions this process has ended. */
  readonly ended: number
}

/** A process of its own with a token manager over a shared Redis. */
export interface CallingProcess {
  call(task: CallTask): Promise<CallReport>
  kill(): void
}

const script = fileURLToPath(new URL('./calling-process.ts', import.meta.url))

/** Starts a process that asks for tokens. */
export async function startCallingProcess(
  issuer: string,
  redisUrl: string,
): Promise<CallingProcess> {
  const child = fork(script, [issuer, redisUrl], { execArgv: ['--import', 'tsx'] })
  await once(child, 'message')
  return {
    async call(task) {
      const answered = once(child, 'message')
      child.send(task)
      const [report] = (await answered) as [CallReport]
      return report
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
