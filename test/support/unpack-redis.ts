import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
const packages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'liblua5.1-0']

/** The Redis server of the system, else one unpacked from Debian's packages beside the system. */
export function findRedis(): { command: string; env: NodeJS.ProcessEnv } {
  if (spawnSync('redis-server', ['--version']).status === 0)
    return { command: 'redis-server', env: process.env }
  const folder = join(cache, 'redis')
  if (!existsSync(folder)) unpack(folder)
  const libraries = readdirSync(join(folder, 'usr/lib'))
    .map((name) => join(folder, 'usr/lib', name))
    .join(':')
  return {
    command: join(folder, 'usr/bin/redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: libraries },
  }
}

// Several test files may unpack at the same moment; the first to finish wins.
function unpack(folder: string): void {
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'redis-'))
  const downloads = join(draft, 'downloads')
  mkdirSync(downloads)
  try {
    download(downloads)
    for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
      execFileSync('dpkg', ['-x', join(downloads, file), draft])
    rmSync(downloads, { recursive: true })
    renameSync(draft, folder)
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true })
    if (existsSync(folder)) return
    throw new Error('needs redis-server on the PATH, or apt-get and dpkg to fetch it', { cause })
  }
}

// The lists of the system may be missing or old: then fresh ones are fetched into the same folder.
function download(folder: string): void {
  const apt = (...args: string[]) => execFileSync('apt-get', args, { cwd: folder, stdio: 'pipe' })
  try {
    apt('download', ...packages)
  } catch {
    mkdirSync(join(folder, 'lists/partial'), { recursive: true })
    const ownLists = ['-o', `Dir::State::Lists=${join(folder, 'lists')}`, '-o', 'Dir::Cache=.']
    apt('update', ...ownLists)
    apt('download', ...ownLists, ...packages)
  }
}
