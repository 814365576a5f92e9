import { createHash } from 'node:crypto'
import { ConfigurationError } from '../core/errors.js'

/** What the stores need of a client, or cluster client, of node-redis (the package `redis`). */
export interface NodeRedisClient {
  eval(script: string, input: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha: string, input: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What the stores need of a client, or cluster client, of ioredis. */
export interface IoRedisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(sha: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A connected Redis client. It stays the caller's, who also closes it. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** Runs a script, which Redis does in one atomic step. */
export type RunScript = (
  client: RedisClient,
  keys: string[],
  ...parameters: (string | number)[]
) => Promise<unknown>

/** Prepares a script. Only its hash goes over the wire, unless the server does not know it yet. */
export function defineScript(text: string): RunScript {
  const sha = createHash('sha1').update(text).digest('hex')

  return async (client, keys, ...parameters) => {
    const input = { keys, arguments: parameters.map(String) }
    const all = [...keys, ...input.arguments]
    try {
      if ('evalSha' in client) return await client.evalSha(sha, input)
      return await client.evalsha(sha, keys.length, ...all)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    }
    if ('evalSha' in client) return client.eval(text, input)
    return client.eval(text, keys.length, ...all)
  }
}

/** Refuses, while the app starts, what cannot run a script. */
export function checkClient(client: RedisClient): void {
  const methods = (client as Partial<NodeRedisClient & IoRedisClient> | undefined) ?? {}
  const { evalSha = methods.evalsha } = methods
  if (typeof methods.eval === 'function' && typeof evalSha === 'function') return
  throw new ConfigurationError('"client" must be a client of redis or ioredis')
}
