import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { us } from './contenders.js'
import { exactly, inRounds, ratios, summarise, type Row } from './measure.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the package costs before the first request: time to import, and room on the disk. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const times = await inRounds(quick ? 5 : 21, [us, 'jose'], (name) =>
    Promise.resolve(importTime(name)),
  )
  const [ours = [], jose = []] = times.values()
  return [
    {
      section: 'start',
      what: 'import, Express being there',
      unit: "× jose's",
      ours: ratios(ours, jose),
      peers: {},
      target: { atMost: 1.3 },
    },
    {
      section: 'start',
      what: 'import, Express being there',
      unit: 'ms',
      ours: summarise(ours),
      peers: { jose: summarise(jose) },
    },
    {
      section: 'start',
      what: 'installed size with every entry and dependency, without Express',
      unit: 'kB',
      ours: exactly(Math.round(installedSize() / 1000)),
      peers: {},
      target: { atMost: 1100 },
    },
  ]
}

function importTime(name: string): number {
  const code = `
    await import('express')
    const started = performance.now()
    await import('${name}')
    console.log(performance.now() - started)`
  const options = {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  } as const
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], options))
}

// The packed files, and the runtime dependencies in node_modules that Express does not bring along.
function installedSize(): number {
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: root, encoding: 'utf8' })
  const packed = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as [
    { unpackedSize: number },
  ]
  const listed = npm('ls', '--all', '--omit=dev', '--omit=peer', '--parseable').trim().split('\n')
  const brought = withDependencies(`${root}node_modules/express`)
  const dependencies = listed.filter(
    (folder) => folder.includes('node_modules') && !brought.has(folder),
  )
  return packed[0].unpackedSize + dependencies.reduce((sum, folder) => sum + sizeOf(folder), 0)
}

function withDependencies(folder: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(folder)) return found
  found.add(folder)
  const { dependencies = {} } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
    dependencies?: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    const own = `${folder}/node_modules/${name}`
    withDependencies(existsSync(own) ? own : `${root}node_modules/${name}`, found)
  }
  return found
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && !entry.parentPath.slice(folder.length).includes('node_modules'),
    )
    .reduce((sum, { parentPath, name }) => sum + statSync(`${parentPath}/${name}`).size, 0)
}
