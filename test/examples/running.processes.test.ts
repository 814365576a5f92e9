import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { endOfExample } from '../support/start-example.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

function npm(...words: string[]) {
  const child = spawn('npm', words, {
    cwd: root,
    env: { ...process.env, PORT: '0' },
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(output)) {
      if (child.exitCode !== null) throw new Error(`npm ended:\n${output}`)
      await wait(50)
    }
    return pattern.exec(output)?.[1] ?? ''
  }
  return { child, printed, output: () => output }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}

describe('npm run example', () => {
  test.each([
    ['the playground', ['start'], /(http:\/\/localhost:\d+)/],
    ['unified-sign-in', ['run', 'example:unified-sign-in'], /(http:\/\/127\.0\.0\.1:\d+)/],
    ['user-tokens', ['run', 'example:user-tokens'], /Open (http:\/\/localhost:\d+)/],
  ])('ends %s when npm alone is told to', async (_, words, address) => {
    const { child, printed } = npm(...words)
    try {
      const url = await printed(address)
      expect(await answers(url)).toBe(true)
      child.kill('SIGTERM')
      await once(child, 'exit')
      for (let tries = 0; tries < 100 && (await answers(url)); tries += 1) await wait(50)
      expect(await answers(url)).toBe(false)
    } finally {
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, 'SIGKILL')
        } catch {
          // Nothing is left of the group, as it should be.
        }
      }
    }
  })

  test('ends an example on Ctrl+C, which a terminal tells every process', async () => {
    const { child, printed } = npm('run', 'example', 'policies')
    const url = await printed(/(http:\/\/localhost:\d+)[\s\S]*Stop with/)
    expect(await answers(url)).toBe(true)
    const ended = once(child, 'exit')
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    await ended
    for (let tries = 0; tries < 100 && (await answers(url)); tries += 1) await wait(50)
    expect(await answers(url)).toBe(false)
  })

  test('lists every example with the question it answers', async () => {
    const { child, output } = npm('run', '-s', 'example')
    await once(child, 'close')
    const listed = output()
      .trim()
      .split('\n')
      .map((line) => /^npm run example (\S+)\s+\S.*\?$/.exec(line)?.[1])
    const folders = readdirSync(new URL('../../examples/', import.meta.url), {
      withFileTypes: true,
    })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) =>
        readdirSync(new URL(`../../examples/${name}`, import.meta.url)).includes('server.ts'),
      )
    expect(listed).not.toContain(undefined)
    expect(listed).toEqual(expect.arrayContaining(folders))
  })

  test('says so in one line when there is no such example', async () => {
    const { code, output } = await endOfExample('nowhere', '0')
    expect([code, output]).toEqual([
      1,
      'There is no example "nowhere". npm run example lists them.\n',
    ])
  })
})
