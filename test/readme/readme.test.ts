import { existsSync, readFileSync } from 'node:fs'
import * as postgres from 'express-jwt-bearer/postgres'
import * as redis from 'express-jwt-bearer/redis'
import * as testing from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'
import { compile, faultsOf, surfaceOf, type Described } from '../support/compiler.js'
import { anchorOf, codesIn, type Table } from '../support/markdown.js'
import { readme, snippets, tableBelow } from '../support/readme.js'

const root = new URL('../../', import.meta.url)

// What stands in the first cell of each row.
function firstCode(table: Table): readonly string[] {
  return table.flatMap(([cell = '']) => codesIn(cell).slice(0, 1))
}

// What a snippet takes from the app around it.
const borrowed = `
import type { Express } from 'express'
import type { JwtBearerOptions } from 'express-jwt-bearer'
import type { TokenResponse } from 'express-jwt-bearer/session'
declare global {
  interface Order { readonly owner: string }
  const app: Express
  const options: JwtBearerOptions
  const secret: Uint8Array
  const orders: readonly Order[]
  function isRevoked(id: string | undefined): Promise<boolean>
  function findOrder(id: unknown): Promise<Order>
  function askIssuer(path: string, body: unknown): Promise<TokenResponse | undefined>
  function checkPassword(body: unknown): Promise<{ id: string; roles: string[] } | undefined>
}`

// What the snippets about user tokens take from the app around them.
const borrowedForTokens = `
import type { UserFetch, UserKey, UserTokenStore } from 'express-jwt-bearer/tokens'
import type { AuthorizationCodeGrantChecks } from 'openid-client'
import 'express-session'
declare module 'express-session' {
  interface SessionData { user?: UserKey; checks?: AuthorizationCodeGrantChecks }
}
declare global {
  const ordersApi: UserFetch
  const job: { readonly user: UserKey }
  function createMyStore(): UserTokenStore
}`

// The one package that readers need and this package does not.
const cors = `
declare module 'cors' {
  export default function cors(): import('express').RequestHandler
}`

// The store whose contract is shown.
const myStore = `export { createMemoryRefreshStore as createMyStore } from 'express-jwt-bearer/issuer'`

// The guards that a table shows.
const guards = `
import { createAuthorization } from 'express-jwt-bearer'
const { authorize } = createAuthorization({ policies: { CanReadOrders: (policy) => policy } })
export const all = [${firstCode(tableBelow('Policies and guards')).join(', ')}]`

const names = snippets.map(
  ({ code }, index) => /^\/\/ (\S+\.ts)$/m.exec(code)?.[1] ?? `${index}.ts`,
)
const program = compile(
  new Map([
    ['borrowed.d.ts', borrowed],
    ['borrowed-tokens.d.ts', borrowedForTokens],
    ['cors.d.ts', cors],
    ['my-store.ts', myStore],
    ['guards.ts', guards],
    ...snippets.map(({ code }, index) => [names[index] as string, `${code}\nexport {}`] as const),
  ]),
)
const core = surfaceOf(program, 'index')
const issuer = surfaceOf(program, 'issuer/index')

const bare = (codes: readonly string[]) => codes.map((code) => code.replace(/\(.*$/, ''))
const sorted = (list: readonly string[]) => [...list].sort()
const namesOf = (members: readonly Described[]) => members.map(({ name }) => name)

describe('the snippets of the README', () => {
  test.each(snippets.map(({ heading }, index) => [heading, index] as const))(
    'compile: %s, %i',
    (_heading, index) => {
      expect(faultsOf(program, names[index] as string)).toEqual([])
    },
  )

  test('show guards that compile', () => {
    expect(firstCode(tableBelow('Policies and guards'))).toHaveLength(7)
    expect(faultsOf(program, 'guards.ts')).toEqual([])
  })

  test('give every C# snippet its TypeScript twin', () => {
    const twins = readme.snippets.filter(({ heading }) => heading === 'From ASP.NET Core')
    expect(twins.length).toBeGreaterThan(0)
    twins.forEach(({ language }, index) => {
      expect(language).toBe(index % 2 === 0 ? 'csharp' : 'ts')
    })
    expect(twins.length % 2).toBe(0)
  })
})

describe('the tables of names', () => {
  test('list the options that exist, and no others', () => {
    const documented = firstCode(tableBelow('jwtBearer(options)'))
    const real = namesOf(core.membersOf('JwtBearerOptions'))
    expect(sorted(documented)).toEqual(sorted(real))
  })

  test.each([
    ['One sign-in for server and page', 'session/index', 'SessionOptions'],
    ['The sign-in in the page', 'browser/index', 'AuthClientOptions'],
    ['Issuing tokens', 'issuer/index', 'TokenIssuerOptions'],
    ['Key rings', 'issuer/index', 'KeyRingOptions'],
  ] as const)('list the options below "%s", with their defaults', (heading, entry, type) => {
    const table = tableBelow(heading)
    const real = surfaceOf(program, entry).membersOf(type)
    expect(sorted(firstCode(table))).toEqual(sorted(namesOf(real)))
    const defaults = new Map(
      table.map(([option = '', value = '']) => [codesIn(option)[0], codesIn(value)[0]]),
    )
    for (const { name, defaultValue = '' } of real) {
      const stated = /^`[^`]+`/.exec(defaultValue)?.[0]
      expect([name, defaults.get(name)]).toEqual([name, stated && codesIn(stated)[0]])
    }
  })

  test('list what an issuer tells its listener', () => {
    const documented = tableBelow('Issuing tokens', 1).flatMap((row) => codesIn(row[2] ?? ''))
    const decisions = issuer.textsOf('RotationDecision').map((decision) => {
      return { rotate: 'rotated', replay: 'replayed' }[decision] ?? decision
    })
    expect(sorted(documented)).toEqual(sorted([...decisions, 'denied', 'denyListUnavailable']))
  })

  test('list the stores and contracts that exist', () => {
    const names = tableBelow('Stores').map(([, ...cells]) =>
      cells.map((cell) => bare(codesIn(cell))),
    )
    const entries = { ...postgres, ...redis, ...testing }
    const real = Object.keys(entries).filter((name) =>
      /^create(?:Postgres|Redis)|Contract$/.test(name),
    )
    expect(sorted(names.flat(2))).toEqual(sorted(real))
  })

  test.each([
    ['tokenValidationParameters', 'TokenValidationParameters'],
    ['Events', 'JwtBearerEvents'],
    ['What handlers see', 'ClaimsPrincipal'],
  ])('list the members below "%s", and no others', (heading, type) => {
    const documented = bare(firstCode(tableBelow(heading)))
    expect(sorted(documented)).toEqual(sorted(namesOf(core.membersOf(type))))
  })

  test('list the requirements a policy can have', () => {
    const documented = [...bare(firstCode(tableBelow('Policies and guards', 1))), 'build']
    expect(sorted(documented)).toEqual(sorted(namesOf(core.membersOf('PolicyBuilder'))))
  })

  test('list what a test issuer offers', () => {
    const documented = tableBelow('Testing your API').flatMap(([cell = '']) => bare(codesIn(cell)))
    const real = surfaceOf(program, 'testing/index').membersOf('TestIssuer')
    expect(sorted(documented)).toEqual(sorted(namesOf(real)))
  })

  test.each([
    ['onMessageReceived', 'MessageReceivedContext'],
    ['onTokenValidated', 'TokenValidatedContext'],
    ['onAuthenticationFailed', 'AuthenticationFailedContext'],
    ['onChallenge', 'ChallengeContext'],
    ['onForbidden', 'ForbiddenContext'],
  ])('list what the context of %s holds', (event, type) => {
    const row = tableBelow('Events').find(([cell]) => cell === `\`${event}\``) ?? []
    const common = ['req', 'res', 'scheme', 'options', 'toJSON', 'outcome', 'handled']
    const [, , adds = '', may = ''] = row
    const documented = new Set([...codesIn(adds), ...bare(codesIn(may))])
    const real = namesOf(core.membersOf(type)).filter((name) => !common.includes(name))
    expect(sorted([...documented])).toEqual(sorted(real))
  })

  test('list the channels and what their messages hold', () => {
    const documented = tableBelow('Diagnostics').map(([name = '', message = '']) => [
      codesIn(name)[0],
      codesIn(message),
    ])
    const real = core.membersOf('DiagnosticMessages').map(({ name, members }) => [name, members])
    expect(documented).toEqual(real)
  })

  test.each([
    ['jwtBearer(options)', 'JwtBearerOptions'],
    ['tokenValidationParameters', 'TokenValidationParameters'],
  ])('state the defaults below "%s" as the source does', (heading, type) => {
    const defaults = new Map(
      tableBelow(heading).map(([option = '', value = '']) => [codesIn(option)[0], value]),
    )
    const stated = core
      .membersOf(type)
      .filter(({ defaultValue }) => /^`[^`]+`$/.test(defaultValue ?? ''))
    expect(stated.length).toBeGreaterThan(3)
    for (const { name, defaultValue } of stated) {
      expect([name, defaults.get(name)]).toEqual([name, defaultValue])
    }
  })

  test('list every error code with its class', () => {
    const documented = tableBelow('Error codes').map(([code = '', type = '']) => [
      codesIn(code)[0],
      codesIn(type)[0],
    ])
    const classless = [['ERR_AUTHENTICATION_REQUIRED'], ['ERR_FORBIDDEN']]
    const real = [...core.errorClasses(), ...classless.map(([code]) => [code, undefined])]
    expect(documented.map(String).sort()).toEqual(real.map(String).sort())
    expect(core.textsOf('AuthErrorCode').length).toBe(documented.length - classless.length)
  })

  test.each([
    ['TokenManagerOptions', 1],
    ['UserFetchOptions', 2],
  ])('list what user tokens are set up with: %s', (type, index) => {
    const table = tableBelow('Calling APIs as the user', index)
    const documented = firstCode(table)
    const real = surfaceOf(program, 'tokens/index').membersOf(type)
    expect(sorted(documented)).toEqual(sorted(namesOf(real)))
    const defaults = new Map(table.map(([name = '', value]) => [codesIn(name)[0], value]))
    for (const { name, defaultValue } of real) {
      if (/^`['\d].*`$/.test(defaultValue ?? '')) expect(defaults.get(name)).toBe(defaultValue)
    }
  })

  test('list why there may be no token', () => {
    const tokens = surfaceOf(program, 'tokens/index')
    const codes = firstCode(tableBelow('Calling APIs as the user', 3))
    expect(codes).toEqual(tokens.textsOf('TokenUnavailableCode'))
  })

  test('list the entries that the package exports', () => {
    const { exports } = packageJson()
    const documented = codesIn(tableBelow('Optional entries').join('\n'))
    for (const entry of Object.keys(exports).filter((key) => /^\.\/\w+$/.test(key))) {
      expect(documented).toContain(entry.replace('.', 'express-jwt-bearer'))
    }
  })
})

describe('the set-up', () => {
  test('is shown as two commands, whose scripts exist', () => {
    const commands = readme.snippets.filter(({ language }) => language === 'sh')
    expect(commands.map(({ code }) => code)).toEqual([
      'npm ci && npm start',
      'npm ci && npm test',
      'npm install express-jwt-bearer express',
    ])
    expect(Object.keys(packageJson().scripts)).toEqual(expect.arrayContaining(['start', 'test']))
  })

  test('names the versions that the package asks for', () => {
    const versions = tableBelow('Supported versions').join('\n')
    const { engines, peerDependencies } = packageJson()
    expect(engines.node).toBe('>=20.19')
    expect(versions).toContain('20.19 or later')
    expect(peerDependencies.express).toBe('^4.21.0 || ^5.0.0')
    expect(versions).toContain('4.21 or later, 5')
  })

  test('links to headings and files that exist', () => {
    const inside = readme.links.filter((link) => !link.startsWith('https:'))
    expect(inside.length).toBeGreaterThan(3)
    const anchors = readme.headings.map((heading) => `#${anchorOf(heading)}`)
    for (const link of inside) {
      const exists = link.startsWith('#') ? anchors.includes(link) : existsSync(new URL(link, root))
      expect([link, exists]).toEqual([link, true])
    }
  })
})

function packageJson() {
  return JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    exports: object
    scripts: object
    engines: { node: string }
    peerDependencies: { express: string }
  }
}
