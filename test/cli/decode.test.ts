import { createTestIssuer } from 'express-jwt-bearer/testing'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../support/run-cli.js'

const issuer = await createTestIssuer({ audience: 'api' })
const token = await issuer.token({ sub: 'alice', note: 'marker-value' })
const signature = token.split('.')[2] as string

describe('decode', () => {
  test('shows header and claims with dates in words, and says first that nothing is checked', async () => {
    const { code, out, notes } = await runCli(['decode', '-'], { input: `${token}\n` })
    expect(code).toBe(0)
    expect(out.split('\n')[0]).toBe('Nothing is checked: anybody can write such a token.')
    expect(out).toContain('"sub": "alice"')
    expect(out).toMatch(/exp: \d{4}-.*Z \(in (59 minutes|1 hour)\)/)
    expect(notes).toBe('Tokens are credentials: whoever has it can use it.')
  })

  test.each<[string, string[], object]>([
    ['standard input', ['-'], { input: token }],
    ['the variable TOKEN', [], { env: { TOKEN: token } }],
    ['an argument', [token], {}],
    ['a file', ['--token-file', tokenFile()], {}],
  ])('reads the token from %s and prints neither it nor its signature', async (_, words, more) => {
    for (const flags of [[], ['--json'], ['--redact']]) {
      const run = await runCli(['decode', ...words, ...flags], more)
      expect(run.code).toBe(0)
      expect(run.out + run.notes).not.toContain(signature)
    }
  })

  test('warns on a token that is an argument', async () => {
    const { notes } = await runCli(['decode', token])
    expect(notes.split('\n')).toHaveLength(2)
    expect(notes).toContain('history of the shell')
  })

  test('shows names and types alone with --redact', async () => {
    const { out } = await runCli(['decode', '-', '--redact'], { input: token })
    expect(out).not.toContain('marker-value')
    expect(out).not.toContain('alice')
    expect(out).toContain('"note": "string"')
    expect(out).toContain('"exp": "number"')
  })

  test('tells null and lists from other values with --redact', async () => {
    const input = await issuer.token({ none: null, many: ['a', 'b'] })
    const { out } = await runCli(['decode', '-', '--redact'], { input })
    expect(out).toContain('"none": "null"')
    expect(out).toContain('"many": "array of 2"')
  })

  test('gives machines the header and the claims', async () => {
    const run = await runCli(['decode', '-', '--json'], { input: token })
    expect(run.json()).toMatchObject({ checked: false, claims: { sub: 'alice' } })
  })

  test.each([
    ['an opaque token', 'abc'],
    ['a damaged token', token.slice(0, 60)],
    ['an encrypted token', 'a.b.c.d.e'],
    ['a header that is no object', `${Buffer.from('[]').toString('base64url')}.e30.x`],
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.e30.x`],
  ])('refuses %s', async (_, text) => {
    const { code, out } = await runCli(['decode', '-'], { input: text })
    expect(code).toBe(1)
    expect(out).toContain('This is no JWT that can be read')
  })

  test.each([
    ['no token', ['decode'], /there is no token/],
    ['an empty token', ['decode', '-'], /the token is empty/],
    ['a missing file', ['decode', '--token-file', 'nowhere'], /cannot be read \(ENOENT\)/],
    ['two words', ['decode', 'a', 'b'], /1 word too many/],
    ['an unknown option', ['decode', '--secret=hush'], /unknown option "--secret"/],
    ['an option without its value', ['decode', '--token-file'], /--token-file/],
  ])('answers %s with exit code 2', async (_, words, text) => {
    const { code, out, notes } = await runCli(words)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(notes).toMatch(text)
    expect(notes).not.toContain('hush')
  })

  test('takes what could steer a terminal out of claims', async () => {
    const hostile = await issuer.token({ sub: '\u202Eevil\u001B[31m' })
    const { out } = await runCli(['decode', '-'], { input: hostile })
    for (const steering of ['\u202E', '\u001B']) expect(out).not.toContain(steering)
  })

  test.each([
    [86_400 * 3, 'in 3 days'],
    [-90, '1 minute ago'],
    [0, 'in 0 seconds'],
  ])('says of %d seconds from now: %s', async (seconds, words) => {
    const now = 1_800_000_000
    const dated = await issuer.token({ exp: now + seconds })
    const { out } = await runCli(['decode', '-'], { input: dated, now: () => now * 1000 })
    expect(out).toContain(`(${words})`)
  })

  test('passes over dates that are none', async () => {
    const odd = await issuer.token({ exp: 'soon', nbf: 1e300, iat: undefined })
    const { code, out } = await runCli(['decode', '-'], { input: odd })
    expect(code).toBe(0)
    expect(out).not.toMatch(/^(exp|nbf): /m)
  })
})

function tokenFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'token-')), 'token')
  writeFileSync(file, token)
  return file
}
