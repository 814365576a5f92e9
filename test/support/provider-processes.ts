import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigningKey } from './oidc-provider.js'

/** What the process of a provider is told when it starts. */
export interface ProviderSettings {
  readonly port: number
  readonly file: string
  readonly accessTokenLifetime: number
}

/** What the process of a provider tells. */
export type ProviderMessage =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'signedIn'; readonly refreshToken: string }
  | { readonly kind: 'refreshed' | 'refused' | 'revoked' }

/** A provider in a process of its own, whose storage and keys outlive it. */
export interface ProviderProcess {
  readonly url: string
  /** When each refresh was granted, and what went wrong; kept across kills. */
  readonly seen: { refreshes: number[]; refused: number; revokedGrants: number }
  /** Signs a user in without a browser and returns the first refresh token. */
  signIn(subject: string): Promise<string>
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
  /** Ends it and removes its storage. */
  stop(): Promise<void>
}

const script = fileURLToPath(new URL('./provider-process.ts', import.meta.url))

/** Starts a provider whose refresh tokens work once, in a process that can be killed. */
export async function startProviderProcess(accessTokenLifetime: number): Promise<ProviderProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'provider-'))
  const settings = { accessTokenLifetime, file: join(folder, 'storage.json') }
  const env = { ...process.env, PROVIDER_KEYS: JSON.stringify([await createSigningKey()]) }
  const seen: ProviderProcess['seen'] = { refreshes: [], refused: 0, revokedGrants: 0 }

  async function start(port: number): Promise<{ child: ChildProcess; url: string }> {
    const child = fork(script, [JSON.stringify({ ...settings, port })], {
      execArgv: ['--import', 'tsx'],
      env,
    })
    child.on('message', ({ kind }: ProviderMessage) => {
      if (kind === 'refreshed') seen.refreshes.push(Date.now())
      if (kind === 'refused') seen.refused += 1
      if (kind === 'revoked') seen.revokedGrants += 1
    })
    return { child, url: (await hear(child, 'ready')).url }
  }

  let { child, url } = await start(0)

  async function kill(): Promise<void> {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  return {
    url,
    seen,
    async signIn(subject) {
      const answer = hear(child, 'signedIn')
      child.send(subject)
      return (await answer).refreshToken
    },
    kill,
    async restart() {
      ;({ child, url } = await start(Number(new URL(url).port)))
    },
    async stop() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function hear<K extends ProviderMessage['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<ProviderMessage, { kind: K }>> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => {
      reject(new Error('The provider ended'))
    })
    child.on('message', (message: ProviderMessage) => {
      if (message.kind === kind) resolve(message as Extract<ProviderMessage, { kind: K }>)
    })
  })
}
