import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort } from './loopback.js'

export interface Tokens {
  readonly accessToken: string
  readonly tokenType: string
  readonly expiresIn: number
  readonly refreshToken: string
}

interface Answer<T = Record<string, unknown>> {
  readonly status: number
  readonly type: string | null
  readonly headers: Headers
  readonly body: T
}

/** The accounts example in a process of its own. */
export interface Accounts {
  readonly url: string
  readonly output: () => string
  post<T = Tokens>(path: string, body?: unknown, accessToken?: string): Promise<Answer<T>>
  get<T = Record<string, unknown>>(path: string, accessToken?: string): Promise<Answer<T>>
  /** Ends the process and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts the example on a free port and waits until it listens. */
export async function startAccounts(env: NodeJS.ProcessEnv): Promise<Accounts> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/accounts/server.ts'], {
    cwd: root,
    env: {
      ...process.env,
      TSX_TSCONFIG_PATH: 'examples/tsconfig.json',
      RATE_LIMITS: 'off',
      PORT: String(port),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  await listening(child, () => output)

  async function call<T>(
    method: string,
    path: string,
    accessToken?: string,
    body?: unknown,
  ): Promise<Answer<T>> {
    const headers = new Headers({ 'Content-Type': 'application/json', Connection: 'close' })
    if (accessToken !== undefined) headers.set('Authorization', `Bearer ${accessToken}`)
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const init = { method, headers, ...(body === undefined ? {} : { body: text }) }
    const response = await fetch(url + path, init)
    const answer = await response.text()
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      headers: response.headers,
      body: (answer === '' ? undefined : JSON.parse(answer)) as T,
    }
  }

  return {
    url,
    output: () => output,
    post: (path, body, accessToken) => call('POST', path, accessToken, body),
    get: (path, accessToken) => call('GET', path, accessToken),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
      return child.exitCode
    },
  }
}

async function listening(child: ChildProcess, output: () => string): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The example ended at once:\n${output()}`)
  })
  const ready = (async () => {
    while (!output().includes('Verifiers trust')) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (child.exitCode !== null) return
    }
  })()
  await Promise.race([ready, ended])
  ended.catch(() => undefined)
}
