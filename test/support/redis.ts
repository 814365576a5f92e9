import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askPort, startEngine, type Engine } from './engine.js'
import { findRedis } from './unpack-redis.js'

/** How {@link startRedis} runs the server. */
export interface RedisOptions {
  /** Writes every command to an append-only file before it answers; by default nothing is kept. */
  readonly appendOnly?: boolean
  readonly port?: number
}

/** Starts a Redis server: the system's, else the one from the Debian package. */
export async function startRedis({ appendOnly = false, port }: RedisOptions = {}): Promise<Engine> {
  const { command, env } = findRedis()
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  return startEngine({
    command,
    args: (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', 'always'],
    ],
    options: { env },
    folder,
    port,
    url: (port) => `redis://127.0.0.1:${String(port)}`,
    answers: async (port) => (await askPort(port, 'PING\r\n')).startsWith('+PONG'),
  })
}
