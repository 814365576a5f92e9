import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Has a process check one proof several times at once. */
export interface ProvingTask {
  readonly proof: string
  readonly thumbprint: string
  readonly times: number
}

/** A process of its own that checks proofs over a shared replay cache. */
export interface ProvingProcess {
  /** Per use `proved`, or why not. */
  check(task: ProvingTask): Promise<readonly string[]>
  kill(): void
}

// Where the entries of the package are found.
const settings = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
const script = fileURLToPath(new URL('./proving-process.ts', import.meta.url))

/** Starts a process that checks proofs. */
export async function startProvingProcess(url: string): Promise<ProvingProcess> {
  const child = fork(script, [url], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, TSX_TSCONFIG_PATH: settings },
  })
  const died = once(child, 'exit').then(() => {
    throw new Error('the proving process died')
  })
  died.catch(() => undefined)
  await Promise.race([once(child, 'message'), died])
  return {
    async check(task) {
      const answered = once(child, 'message')
      child.send(task)
      const [outcomes] = (await Promise.race([answered, died])) as [readonly string[]]
      return outcomes
    },
    kill: () => void child.kill('SIGTERM'),
  }
}
