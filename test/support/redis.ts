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
  /** Makes it a cluster of one node, which refuses what a larger one could not do. */
  readonly cluster?: boolean
}

/** Starts a Redis server: the system's, else the one from the Debian package. */
export async function startRedis(options: RedisOptions = {}): Promise<Engine> {
  const { appendOnly = false, cluster = false, port } = options
  const { command, env } = findRedis()
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  return startEngine({
    command,
    args: (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', appendOnly ? 'yes' : 'no', '--appendfsync', 'always'],
      ...(cluster ? clusterArgs(port) : []),
    ],
    options: { env },
    folder,
    port,
    url: (port) => `redis://127.0.0.1:${String(port)}`,
    answers: cluster ? ownsAllSlots : answers,
  })
}

function clusterArgs(port: number): string[] {
  // Nodes talk to each other on a second port, by default one that may not exist.
  const busPort = String(port - 10_000)
  return [
    ...['--cluster-enabled', 'yes', '--cluster-port', busPort],
    ...['--cluster-announce-ip', '127.0.0.1'],
  ]
}

async function answers(port: number): Promise<boolean> {
  return (await askPort(port, 'PING\r\n')).startsWith('+PONG')
}

async function ownsAllSlots(port: number): Promise<boolean> {
  await askPort(port, 'CLUSTER ADDSLOTSRANGE 0 16383\r\n')
  return (await askPort(port, 'CLUSTER INFO\r\n')).includes('cluster_state:ok')
}
