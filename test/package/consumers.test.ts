import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseMarkdown } from '../support/markdown.js'

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

describe('the README, pasted into an empty folder', () => {
  test('makes an app that answers its own token and nobody else', async () => {
    const folder = await mkdtemp(join(workshop, 'readme-'))
    const npm = (...args: string[]) => run('npm', args, { cwd: folder })
    await npm('init', '-y')
    await npm('pkg', 'set', 'type=module')
    const quietly = ['--prefer-offline', '--no-audit', '--no-fund']
    await npm('install', ...quietly, tarball, 'express', 'tsx@4.23.15')
    const readme = parseMarkdown(await readFile(join(root, 'README.md'), 'utf8'))
    for (const { language, code } of readme.snippets) {
      const name = /^\/\/ (?<name>\S+\.ts)\n/.exec(code)?.groups?.['name']
      if (language !== 'ts' || name === undefined) continue
      // The port alone is another one, for 3000 may be taken.
      const free = 'const server = app.listen(0, () => console.log(server.address()))'
      await writeFile(join(folder, name), code.replace('app.listen(3000)', free))
    }
    const env = { ...process.env, JWT_SIGNING_KEY: randomBytes(48).toString('base64') }
    const tsx = ['--import', 'tsx']
    const { stdout } = await run(process.execPath, [...tsx, 'token.ts'], { cwd: folder, env })
    const [, token = ''] = /Bearer ([^']+)'/.exec(stdout) ?? []

    const app = spawn(process.execPath, [...tsx, 'app.ts'], { cwd: folder, env })
    try {
      const [said] = (await once(app.stdout, 'data')) as [Buffer]
      const [, port = ''] = /port: (\d+)/.exec(said.toString()) ?? []
      const ask = async (headers: Record<string, string>) => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/orders`, { headers })
        return [answer.status, (await answer.json()) as unknown]
      }
      expect(await ask({ Authorization: `Bearer ${token}` })).toEqual([200, { for: 'alice' }])
      const required = { code: 'ERR_AUTHENTICATION_REQUIRED', message: 'Unauthorized' }
      expect(await ask({})).toEqual([401, required])
    } finally {
      app.kill()
    }
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

describe('the command line in an empty project', () => {
  test('runs from the tarball, without TypeScript', async () => {
    const folder = join(workshop, 'cli')
    await mkdir(folder)
    await writeFile(join(folder, 'package.json'), '{"private":true}')
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund']
    await run('npm', ['install', ...quiet, tarball, 'express'], { cwd: folder })
    const command = join(folder, 'node_modules/.bin/express-jwt-bearer')
    const env = { ...process.env, XDG_CONFIG_HOME: folder }
    const words = ['create', '--audience', 'api', '--name', 'ada']
    const { stdout: token } = await run(command, words, { cwd: folder, env })
    const { stdout } = await run(command, ['decode', '--json'], {
      cwd: folder,
      env: { ...env, TOKEN: token },
    })
    expect(JSON.parse(stdout)).toMatchObject({ claims: { sub: 'ada', aud: 'api' } })
    const piped = execFile(command, ['decode', '-'], { cwd: folder })
    piped.stdin?.end('opaque')
    const [code] = (await once(piped, 'exit')) as [number]
    expect(code).toBe(1)
  })
})

describe('a project with the resolution "node10"', () => {
  test.each([
    ['5.9', ['typescript-5/bin/tsc', '-p', '.']],
    ['6.0', ['typescript/bin/tsc', '-p', '.', '--ignoreDeprecations', '6.0']],
  ])('finds every entry under TypeScript %s', async (_version, [compiler = '', ...rest]) => {
    const folder = await install('ts-node10')
    const tsc = join(root, 'node_modules', compiler)
    expect(await output(process.execPath, [tsc, ...rest], folder)).toBe('')
  })
})
