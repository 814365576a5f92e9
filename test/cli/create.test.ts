import { jwtBearer } from 'express-jwt-bearer'
import { developmentIssuer } from 'express-jwt-bearer/testing'
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { developmentKeyFolder } from '../../src/internal/development-key.js'
import { createProject, runCli } from '../support/run-cli.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

async function createToken(words: readonly string[], project = createProject()) {
  const run = await runCli(['create', ...words], project)
  expect(run.notes).not.toContain('bug')
  return { ...run, claims: run.code === 0 ? decodeJwt(run.out) : {}, project }
}

/** Where the app of a project would look for the key. */
function standIn({ cwd, env }: ReturnType<typeof createProject>) {
  vi.spyOn(process, 'cwd').mockReturnValue(cwd)
  vi.stubEnv('XDG_CONFIG_HOME', env['XDG_CONFIG_HOME'])
}

describe('create', () => {
  test('makes a token that an app with developmentIssuer() accepts', async () => {
    const { out, project } = await createToken([
      ...['--name', 'ada', '--audience', 'api', '--scope', 'orders.read orders.write'],
      ...['--role', 'Admin', '--role', 'Reader', '--claim', 'tenant=t-1', '--claim', 'level=5'],
    ])
    standIn(project)
    const bearer = jwtBearer({ audience: 'api', ...developmentIssuer() })
    const result = await bearer.authenticate({ headers: { authorization: `Bearer ${out}` } })
    expect(result).toMatchObject({
      kind: 'success',
      principal: {
        subject: 'ada',
        name: 'ada',
        roles: ['Admin', 'Reader'],
        scopes: ['orders.read', 'orders.write'],
        claims: { tenant: 't-1', level: 5, iss: 'express-jwt-bearer-dev' },
      },
    })
  })

  test('makes a token that an app without developmentIssuer() refuses', async () => {
    const { out } = await createToken(['--audience', 'api'])
    const other = createProject()
    await createToken([], other)
    standIn(other)
    const bearer = jwtBearer({ audience: 'api', ...developmentIssuer() })
    const result = await bearer.authenticate({ headers: { authorization: `Bearer ${out}` } })
    expect(result).toMatchObject({ kind: 'failure', error: { code: 'ERR_TOKEN_KEY_NOT_FOUND' } })
  })

  test('prints the token on standard output and nothing else there', async () => {
    const { out, notes } = await createToken([])
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(notes).toContain('names no audience')
    expect(notes).not.toContain(out)
  })

  test('names the user of the machine, a token id and eight hours by default', async () => {
    const { out, claims } = await createToken([])
    const { iat = 0, exp = 0, nbf } = claims
    expect(claims).toMatchObject({
      sub: userInfo().username,
      jti: expect.stringMatching(/-/) as string,
    })
    expect(exp - iat).toBe(8 * 3600)
    expect(nbf).toBe(iat)
    expect(decodeProtectedHeader(out)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
  })

  test.each([
    ['30s', 30],
    ['15m', 900],
    ['365d', 365 * 86_400],
  ])('lets a token live for %s', async (text, seconds) => {
    const { claims } = await createToken(['--valid-for', text])
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(seconds)
  })

  test.each<[string, string[], RegExp]>([
    ['a life longer than a year', ['--valid-for', '366d'], /at most 365d/],
    ['no life at all', ['--valid-for', '0h'], /--valid-for/],
    ['an unknown unit', ['--valid-for', '8y'], /--valid-for/],
    ['a claim without a value', ['--claim', 'x'], /name=value/],
    ['a claim without a name', ['--claim', '=x'], /name=value/],
    ['a claim of its own', ['--claim', 'exp=5'], /cannot set "exp"/],
    ['an empty name', ['--name', ' '], /--name/],
    ['a URL that is none', ['--dpop', '--url', 'orders'], /--url/],
    ['a method that is none', ['--dpop', '--method', 'get it'], /--method/],
    ['a word', ['x'], /1 word too many/],
  ])('refuses %s with exit code 2', async (_, words, text) => {
    const { code, out, notes } = await createToken(words)
    expect([code, out]).toEqual([2, ''])
    expect(notes).toMatch(text)
  })

  test('makes several audiences and several values of one claim an array', async () => {
    const { claims } = await createToken([
      ...['--audience', 'a', '--audience', 'b', '--claim', 'g=x', '--claim', 'g=["y"]'],
      ...['--claim', 'name=Ada L', '--claim', '__proto__=p'],
    ])
    expect(claims).toMatchObject({ aud: ['a', 'b'], g: ['x', 'y'], name: 'Ada L' })
    expect(Object.hasOwn(claims, '__proto__')).toBe(true)
  })

  test('gives machines the token and its end', async () => {
    const run = await runCli(['create', '--json'], createProject())
    const { token, expiresAt } = run.json()
    expect(decodeJwt(token as string).exp).toBe(Date.parse(expiresAt as string) / 1000)
  })

  test('binds the token to a key of its own with --dpop and prints a curl line', async () => {
    const { out, notes, claims, project } = await createToken([
      ...[
        '--dpop',
        '--audience',
        'api',
        '--method',
        'POST',
        '--url',
        'http://localhost:3000/a?b=1',
      ],
    ])
    const file = /The key of the proofs: (.*)/.exec(notes)?.[1] as string
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(file.startsWith(project.env['XDG_CONFIG_HOME'] as string)).toBe(true)
    const proof = /-H 'DPoP: ([^']+)'/.exec(notes)?.[1] as string
    const { jwk } = decodeProtectedHeader(proof) as { jwk: JWK }
    const { payload } = await jwtVerify(proof, await importJWK(jwk, 'ES256'))
    expect(payload).toMatchObject({ htm: 'POST', htu: 'http://localhost:3000/a' })
    expect(claims['cnf']).toEqual({ jkt: expect.stringMatching(/^[\w-]{43}$/) as string })
    expect(notes).not.toContain(out)
    expect(jwk).not.toHaveProperty('d')
    const json = await runCli(['create', '--dpop', '--json'], project)
    expect(json.json()).toMatchObject({ proofKeyFile: expect.stringMatching(/proof-/) as string })
  })
})

describe('dev-key', () => {
  test('keeps the key outside the project, for its owner alone', async () => {
    const project = createProject()
    const { out } = await runCli(['dev-key'], project)
    const file = /file {2}(.*)/.exec(out)?.[1] as string
    expect(file.startsWith(project.env['XDG_CONFIG_HOME'] as string)).toBe(true)
    expect(file).toMatch(/express-jwt-bearer\/[0-9a-f]{64}\/key\.json$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dirname(file))).toEqual(['key.json'])
    expect(out).not.toContain((JSON.parse(readFileSync(file, 'utf8')) as JWK).d)
  })

  test('belongs to the project, wherever in it a command runs', async () => {
    const project = createProject()
    const inside = join(project.cwd, 'src', 'deep')
    mkdirSync(inside, { recursive: true })
    const [one, other] = [
      await runCli(['dev-key'], project),
      await runCli(['dev-key'], { ...project, cwd: inside }),
    ]
    expect(one.out).toBe(other.out)
  })

  test('prints the public key set alone with --public', async () => {
    const project = createProject()
    const { out } = await runCli(['dev-key', '--public'], project)
    const json = await runCli(['dev-key', '--public', '--json'], project)
    expect(JSON.parse(out)).toEqual(json.json())
    const { keys } = JSON.parse(out) as { keys: JWK[] }
    expect(Object.keys(keys[0] as JWK).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ])
  })

  test('replaces the key with --reset, and tokens of the earlier one are refused', async () => {
    const project = createProject()
    const { out: token } = await createToken(['--audience', 'api'], project)
    const before = await runCli(['dev-key', '--json'], project)
    const { out } = await runCli(['dev-key', '--reset'], project)
    expect(out).toContain('refused from now on')
    expect((await runCli(['dev-key', '--json'], project)).json()).not.toEqual(before.json())
    standIn(project)
    const bearer = jwtBearer({ audience: 'api', ...developmentIssuer() })
    const result = await bearer.authenticate({ headers: { authorization: `Bearer ${token}` } })
    expect(result.kind).toBe('failure')
  })

  test.each([
    ['no JSON', '{'],
    ['no key', 'null'],
    ['another kind of key', '{"kty":"RSA"}'],
    ['no point of the curve', '{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA","kid":"k"}'],
  ])('says how to mend a file that holds %s', async (_, text) => {
    const project = createProject()
    const { out } = await runCli(['dev-key', '--json'], project)
    const { file } = JSON.parse(out) as { file: string }
    writeFileSync(file, text)
    for (const command of ['create', 'dev-key']) {
      const { code, notes } = await runCli([command], project)
      expect(code).toBe(2)
      expect(notes).toContain('dev-key --reset')
    }
    expect((await runCli(['dev-key', '--reset'], project)).code).toBe(0)
    expect((await runCli(['create'], project)).code).toBe(0)
  })

  test('says which file cannot be read', async () => {
    const project = createProject()
    const { file } = JSON.parse((await runCli(['dev-key', '--json'], project)).out) as {
      file: string
    }
    mkdirSync(`${file}.d`)
    const { rmSync, renameSync } = await import('node:fs')
    rmSync(file)
    renameSync(`${file}.d`, file)
    const { code, notes } = await runCli(['create'], project)
    expect(code).toBe(2)
    expect(notes).toContain('EISDIR')
  })

  test.each([
    ['a link that leads nowhere stands in its place', 'key.json', 'EEXIST'],
    ['a link that leads nowhere is its folder', '', 'ENOENT'],
  ])('says which folder cannot be written into where %s', async (_, name, reason) => {
    const project = createProject()
    const folder = developmentKeyFolder(project)
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    symlinkSync(join(project.cwd, 'nowhere', 'at all'), join(folder, name))
    const { code, notes } = await runCli(['dev-key'], project)
    expect(code).toBe(2)
    expect(notes).toContain(`cannot be written into ${folder} (${reason})`)
  })

  test('is one key however many commands make it at once', async () => {
    const project = createProject()
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => runCli(['dev-key', '--json'], project)),
    )
    expect(new Set(runs.map(({ out }) => out)).size).toBe(1)
  })

  test('stands under ~/.config without XDG_CONFIG_HOME, and for a folder that is no project', async () => {
    const home = createProject()
    const run = await runCli(['dev-key', '--json'], { cwd: '/', env: { HOME: home.cwd } })
    expect(run.json()['file']).toMatch(new RegExp(`^${home.cwd}/\\.config/express-jwt-bearer/`))
    expect(homedir()).not.toBe(home.cwd)
  })
})

describe('developmentIssuer', () => {
  test('refuses to exist in production', async () => {
    const project = createProject()
    await createToken([], project)
    standIn(project)
    expect(() => developmentIssuer()).not.toThrow()
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => developmentIssuer()).toThrow(/production/)
  })

  test('says which command makes the key while there is none', () => {
    standIn(createProject())
    expect(() => developmentIssuer()).toThrow(/npx express-jwt-bearer create/)
  })

  test('says which file is damaged, and how to replace it', async () => {
    const project = createProject()
    await createToken([], project)
    standIn(project)
    const file = join(developmentKeyFolder(project), 'key.json')
    writeFileSync(file, '{}')
    expect(() => developmentIssuer()).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: `the development key in ${file} is damaged; replace it with "npx express-jwt-bearer dev-key --reset"`,
      }) as Error,
    )
  })
})
