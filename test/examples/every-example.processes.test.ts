import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { endOfExample } from '../support/start-example.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const startTime = 120_000

// Migration starts nothing to call: it prints a table and ends.
const names = execFileSync(process.execPath, ['examples/run.js'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .flatMap((line) => /^npm run example (?<name>\S+)/.exec(line)?.groups?.['name'] ?? [])
  .filter((name) => name !== 'migration')

const folder = mkdtempSync(join(tmpdir(), 'examples-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** What an example writes, without what a dependency says about this version of Node. */
const withoutWarnings = (output: string) => output.replace(/^oidc-provider WARNING: .*\n/gm, '')

async function startByNpm(name: string) {
  const child = spawn('npm', ['run', '-s', 'example', name], {
    cwd: root,
    env: { ...process.env, PORT: '0', DATA_FOLDER: join(folder, name) },
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  while (!output.includes('Stop with Ctrl+C')) {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${output}`)
    await wait(50)
  }
  return { child, output: () => output }
}

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  )

async function statusOf(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    `${line} -s -o /dev/null -w '%{http_code}'`,
  ])
  return stdout
}

// The addresses by which other machines would call.
const outside = Object.values(networkInterfaces())
  .flatMap((each = []) => each)
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address)

describe.concurrent('every example', () => {
  test.each(names)(
    '%s says where it is, who can sign in and what to try, and ends with npm',
    async (name) => {
      const { child, output } = await startByNpm(name)
      try {
        const [url = '', port = ''] =
          /http:\/\/(?:localhost|127\.0\.0\.1):(\d+)/.exec(output()) ?? []
        expect(await answers(url)).toBe(true)
        for (const address of outside)
          expect(await answers(`http://${address}:${port}`), address).toBe(false)
        expect(output()).toMatch(/^Users: \S.+/m)

        const tries = [...output().matchAll(/^# (\d{3}): .+\n(curl .+)$/gm)]
        expect(tries.length).toBeGreaterThan(0)
        const found = await Promise.all(
          tries.map(async ([, status = '', line = '']) => [status, await statusOf(line), line]),
        )
        expect(found).toEqual(found.map(([status, , line]) => [status, status, line]))

        const second = await endOfExample(name, port, { DATA_FOLDER: join(folder, name) })
        expect(withoutWarnings(second.output)).toBe(
          `Port ${port} is taken. Stop the program that uses it, or set PORT to another one, such as PORT=3000.\n`,
        )
        expect(second.code).toBe(1)

        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
        for (let tries = 0; tries < 200 && (await answers(url)); tries += 1) await wait(50)
        expect(await answers(url)).toBe(false)
        expect(output()).not.toMatch(/^\s+at /m)
      } finally {
        if (child.pid !== undefined) {
          try {
            process.kill(-child.pid, 'SIGKILL')
          } catch {
            // Nothing is left of the group, as it should be.
          }
        }
      }
    },
    startTime,
  )
})

describe.concurrent('an example with a setting that is wrong', () => {
  const nowhere = 'redis://127.0.0.1:1'

  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['mcp-server', { PORT: 'http' }, /^PORT must be a number from 0 to 65535, got "http"\n$/],
    [
      'unified-sign-in',
      { INSECURE_COOKIE: 'yes' },
      /^INSECURE_COOKIE must be 0 or 1, got "yes"\n$/,
    ],
    ['user-tokens', { PORT: '65535' }, /^PORT must be a number from 0 to 63535, got "65535"\n$/],
    ['user-tokens', { PROCESSES: '0' }, /^PROCESSES must be a number from 1 to 16, got "0"\n$/],
    ['user-tokens', { PROCESSES: '2' }, /^Several processes share no memory: .+\n$/],
    ['user-tokens', { REDIS_URL: nowhere }, /^No Redis at REDIS_URL: .*ECONNREFUSED.*\n$/],
    ['user-tokens', { REDIS_URL: 'nowhere' }, /^REDIS_URL must be an address such as .+\n$/],
    ['accounts', { REDIS_URL: nowhere }, /^No Redis at REDIS_URL: .*ECONNREFUSED.*\n$/],
    ['accounts', { REDIS_URL: 'nowhere' }, /^REDIS_URL must be an address such as .+\n$/],
    ['accounts', { DATABASE_URL: 'nowhere' }, /^No database: .+\n$/],
    ['accounts', { JWT_SIGNING_KEY: 'short' }, /^The settings are wrong: .+\n$/],
    ['accounts', { JWT_ALGORITHM: 'none' }, /^The settings are wrong: .+\n$/],
    ['accounts', { JWT_ISSUER: 'nowhere' }, /^The settings are wrong: JWT_ISSUER: .+\n$/],
    ['accounts', { HOST: 'nowhere.invalid' }, /^Cannot listen on port 0: .+\n$/],
  ])(
    '%s with %j says so in one line',
    async (name, env, line) => {
      const own = mkdtempSync(join(folder, 'wrong-'))
      const { PORT = '0', ...more } = env
      const { code, output } = await endOfExample(name, PORT, { DATA_FOLDER: own, ...more })
      expect(withoutWarnings(output)).toMatch(line)
      expect(withoutWarnings(output).trim()).not.toContain('\n')
      expect(code).toBe(1)
    },
    startTime,
  )
})
