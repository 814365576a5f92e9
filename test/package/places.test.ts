import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guide, snippetsOf } from '../support/guides.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const consumers = fileURLToPath(new URL('../consumers', import.meta.url))
const path = 'examples/places.md'

let workshop: string
let tarball: string

beforeAll(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'places-'))
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', workshop]
  const { stdout } = await run('npm', pack, { cwd: root })
  const [report] = JSON.parse(stdout) as [{ filename: string }]
  tarball = join(workshop, report.filename)
})

afterAll(async () => {
  await rm(workshop, { recursive: true, force: true })
})

/** Copies a place out of this repository and installs there what the guide asks for. */
async function install(place: string) {
  const folder = join(workshop, place)
  await cp(join(consumers, place), folder, { recursive: true })
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['install', ...quietly, tarball], { cwd: folder })
  return folder
}

describe('the settings for Jest', () => {
  let folder: string

  beforeAll(async () => {
    folder = await install('jest')
  })

  test.each([
    ['Jest with CommonJS', 'cjs/orders.test.js', ''],
    ['Jest with ts-jest', 'ts/orders.test.ts', ''],
    ['Jest with ES modules', 'esm/orders.test.mjs', '--experimental-vm-modules'],
  ])('run a suite: %s', async (heading, suite, nodeOptions) => {
    const settings = guide(path).snippets.find((one) => one.heading === heading)
    await writeFile(join(folder, 'jest.config.json'), settings?.code ?? '')
    const env = { ...process.env, NODE_OPTIONS: nodeOptions, NODE_ENV: 'test' }
    const jest = ['node_modules/jest/bin/jest.js', '--ci', '--json', suite]
    const { stdout } = await run(process.execPath, jest, { cwd: folder, env })
    expect(JSON.parse(stdout)).toMatchObject({
      success: true,
      numPassedTests: 1,
    })
  })
})

describe('the recipes', () => {
  const { take, rest } = snippetsOf(path)
  const refused = (status: number, message: string) =>
    JSON.stringify({ statusCode: status, message })

  test.each([
    [
      'NestJS',
      'nestjs',
      [
        `401 Bearer ${refused(401, 'Unauthorized')}`,
        '200 null {"for":"alice"}',
        `403 null ${refused(403, 'Forbidden')}`,
        '200 null {"for":"admin"}',
        `401 Bearer ${refused(401, 'Unauthorized')}`,
        '200 null sign in first',
      ],
    ],
    [
      'socket.io',
      'socket-io',
      [
        '401 200 {"subject":"alice"}',
        ...['unauthorized', 'unauthorized', 'unauthorized', 'alice', 'io server disconnect'],
      ],
    ],
    [
      'Serverless',
      'serverless-http',
      ['401 Bearer', '200 {"for":"alice"}', '401 Bearer', '200 {"for":"alice"}'],
    ],
  ])('refuse a stranger and serve a caller: %s', async (heading, place, said) => {
    const folder = await install(place)
    const count = guide(path).snippets.filter((one) => one.heading === heading).length
    for (let index = 0; index < count; index++) {
      const code = take(heading, index)
      const name = /^\/\/ (?<name>\S+\.ts)\n/.exec(code)?.groups?.['name'] ?? ''
      await writeFile(join(folder, name), code)
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, '-p', '.'], { cwd: folder })
    const env = { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' }
    const { stdout } = await run(process.execPath, ['index.js'], {
      cwd: folder,
      env,
    })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter((line) => !line.startsWith('[Nest]') || !line.includes(' LOG '))).toEqual(
      said,
    )
  })

  test('leave no snippet of the guide out', () => {
    expect(rest()).toEqual([])
  })
})
