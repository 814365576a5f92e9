import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const consumers = fileURLToPath(new URL('../consumers', import.meta.url))

let workshop: string
let tarball: string
let packed: string[]

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'consumers-'))
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', workshop],
    { cwd: root },
  )
  const [report] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  tarball = join(workshop, report.filename)
  packed = report.files.map(({ path }) => path)
})

afterAll(async () => {
  await rm(workshop, { recursive: true, force: true })
})

/** Copies a consumer out of this repository, so that it finds nothing but what it installs. */
async function install(consumer: string) {
  const folder = join(workshop, consumer)
  await cp(join(consumers, consumer), folder, { recursive: true })
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], {
    cwd: folder,
  })
  return folder
}

/** What a command printed, whether it liked its input or not. */
async function output(command: string, args: string[], cwd: string) {
  try {
    const { stdout, stderr } = await run(command, args, { cwd })
    return stdout + stderr
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `failed\n${stdout}${stderr}`
  }
}

describe('the tarball', () => {
  test('holds the build, the readme, the licence, the changelog and nothing else', () => {
    const rest = packed.filter((path) => !/^dist\/[\w/-]+\.(js|d\.ts)$/.test(path)).sort()
    expect(rest).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(packed).toContain('dist/index.js')
  })
})

describe.each([
  ['an ESM app on Express 5', 'esm'],
  ['a CommonJS app on Express 4', 'cjs'],
])('%s', (_name, consumer) => {
  test('refuses a stranger and serves a caller, without a warning', async () => {
    const folder = await install(consumer)
    expect(await output(process.execPath, ['index.js'], folder)).toBe(
      '401 200 {"subject":"alice"}\n',
    )
  })
})

describe.each([
  ['a strict NodeNext project', 'ts-nodenext'],
  ['a bundler project on Express 4', 'ts-bundler'],
  ['a project with the types of passport', 'ts-with-passport'],
])('%s', (_name, consumer) => {
  let folder: string

  beforeAll(async () => {
    folder = await install(consumer)
  })

  test.each([
    ['5.9', 'typescript-5/bin/tsc'],
    ['6.0', 'typescript/bin/tsc'],
    ['7.0', 'typescript-7/bin/tsc'],
  ])('type-checks under TypeScript %s', async (_version, compiler) => {
    const tsc = join(root, 'node_modules', compiler)
    expect(await output(process.execPath, [tsc, '-p', '.'], folder)).toBe('')
  })
})
