import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Has a process present one refresh token several times at once. */
export interface Task {
  readonly token: string
  readonly times: number
}

/** What came of a {@link Task}: per presentation the new refresh token, or why there is none. */
export interface Answer {
  readonly answers: readonly string[]
  readonly events: readonly string[]
}

/** A process of its own with an issuer on a shared store. */
export interface IssuingProcess {
  /** Rejects when the process dies over it. */
  refresh(token: string, times?: number): Promise<Answer>
  kill(signal?: NodeJS.Signals): void
}

const script = fileURLToPath(new URL('./issuing-process.ts', import.meta.url))

/**
 * Starts a process that issues tokens.
 *
 * @param url - The store's engine.
 * @param dieAt - A step at which the process kills itself, such as `before rotate`.
 */
export async function startIssuingProcess(url: string, dieAt = ''): Promise<IssuingProcess> {
  const child = fork(script, [url, dieAt], { execArgv: ['--import', 'tsx'] })
  await message(child)
  return {
    refresh(token, times = 1) {
      const answer = message(child)
      child.send({ token, times } satisfies Task)
      return answer as Promise<Answer>
    },
    kill(signal = 'SIGTERM') {
      child.kill(signal)
    },
  }
}

async function message(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const died = once(child, 'exit', { signal: over.signal }).then(() => {
    throw new Error('the issuing process died')
  })
  try {
    const [answer] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      died,
    ])) as unknown[]
    return answer
  } finally {
    over.abort()
    died.catch(() => undefined)
  }
}
