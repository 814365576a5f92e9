import * as postgres from 'express-jwt-bearer/postgres'
import * as redis from 'express-jwt-bearer/redis'
import * as testing from 'express-jwt-bearer/testing'
import { describe, expect, test } from 'vitest'
import { compile, entries, surfaceOf, type Described } from '../support/compiler.js'
import { guides, rowsBelow } from '../support/guides.js'
import { codesIn, firstCodes, type Rows } from '../support/markdown.js'

const program = compile(new Map())
const surfaces = entries.map((entry) => surfaceOf(program, entry))
const surface = (entry: (typeof entries)[number]) => surfaceOf(program, entry)
const core = surface('index')
const issuer = surface('issuer/index')

const bare = (codes: readonly string[]) => codes.map((code) => code.replace(/\(.*$/, ''))
const sorted = (list: readonly string[]) => [...list].sort()
const namesOf = (members: readonly Described[]) => members.map(({ name }) => name)

// What a heading stands for: a function's options, or a type by its name.
function optionsBehind(
  heading: string,
): { type: string; members: readonly Described[] } | undefined {
  const name = /^\w+/.exec(heading)?.[0] ?? ''
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  for (const one of surfaces) {
    const options = one.optionsOf(name)
    if (options !== undefined) return options
    if (one.names.includes(type)) return { type, members: one.membersOf(type) }
  }
  return undefined
}

const codeAtStart = (text: string) => /^`(?<code>[^`]+)`/.exec(text)?.[1]

// The defaults that a table states, where they are written as code.
const statedIn = (rows: Rows) =>
  new Map(rows.map(([option = '', value = '']) => [codesIn(option)[0], codeAtStart(value)]))

// A default that the source gives as code; one that it describes in words stands in words in the table, too.
const codeOf = ({ defaultValue = '' }: Described) => codeAtStart(defaultValue)

describe('the option tables of the guides', () => {
  const tables = [...guides]
    .filter(([path]) => path !== 'README.md')
    .flatMap(([path, page]) => page.tables.map((table) => ({ path, ...table })))
    .filter(({ head }) => head[1] === 'Default')

  test.each(tables)('list what exists, with its defaults: $path, $heading', ({ heading, rows }) => {
    const options = optionsBehind(heading)
    if (options === undefined)
      throw new Error('Name the function in the heading above, as in "jwtBearer(options)"')
    expect(sorted(firstCodes(rows))).toEqual(sorted(namesOf(options.members)))
    const stated = statedIn(rows)
    for (const member of options.members)
      expect([member.name, stated.get(member.name)]).toEqual([member.name, codeOf(member)])
  })

  // Bags of one or two that stand in the text of their guide.
  const inProse = ['IssuerOptions', 'TokenCacheOptions', 'EventOptions', 'AuthorizeOptions']

  test('leave no options of any size out', () => {
    const documented = tables.map(({ heading }) => optionsBehind(heading)?.type)
    const missing = surfaces.flatMap(({ names, membersOf }) =>
      names
        .filter((name) => name.endsWith('Options') && membersOf(name).length > 3)
        .filter((name) => !documented.includes(name) && !inProse.includes(name)),
    )
    expect(missing).toEqual([])
  })
})

describe('the short option tables of the README', () => {
  test.each([
    ['JwtBearerOptions', 0],
    ['TokenValidationParameters', 1],
  ])('list options that exist, with their defaults: %s', (type, index) => {
    const stated = statedIn(rowsBelow('README.md', 'Options', index))
    expect(stated.size).toBeGreaterThan(5)
    const real = new Map(core.membersOf(type).map((member) => [member.name, codeOf(member)]))
    for (const [name = '', value] of stated) {
      expect([...real.keys()]).toContain(name)
      expect([name, value]).toEqual([name, real.get(name)])
    }
  })
})

describe('the tables of names', () => {
  test.each([
    ['README.md', 'Events', 'JwtBearerEvents'],
    ['examples/events.md', 'Events', 'JwtBearerEvents'],
    ['examples/callers.md', 'req.user', 'ClaimsPrincipal'],
  ])('list the members that exist, and no others: %s, %s', (path, heading, type) => {
    const documented = bare(firstCodes(rowsBelow(path, heading)))
    expect(sorted(documented)).toEqual(sorted(namesOf(core.membersOf(type))))
  })

  test('list the requirements a policy can have', () => {
    const documented = bare(firstCodes(rowsBelow('examples/policies.md', 'Requirements')))
    const real = namesOf(core.membersOf('PolicyBuilder'))
    expect(sorted([...documented, 'build'])).toEqual(sorted(real))
  })

  test.each([
    ['onMessageReceived', 'MessageReceivedContext'],
    ['onTokenValidated', 'TokenValidatedContext'],
    ['onAuthenticationFailed', 'AuthenticationFailedContext'],
    ['onChallenge', 'ChallengeContext'],
    ['onForbidden', 'ForbiddenContext'],
  ])('list what the context of %s holds', (event, type) => {
    const rows = rowsBelow('examples/events.md', 'Events')
    const [, , adds = '', may = ''] = rows.find(([cell]) => cell === `\`${event}\``) ?? []
    const common = ['req', 'res', 'scheme', 'options', 'toJSON', 'outcome', 'handled']
    const documented = new Set([...codesIn(adds), ...bare(codesIn(may))])
    const real = namesOf(core.membersOf(type)).filter((name) => !common.includes(name))
    expect(sorted([...documented])).toEqual(sorted(real))
  })

  test('list the channels and what their messages hold', () => {
    const documented = rowsBelow('examples/diagnostics.md', 'Channels').map(
      ([name = '', message = '']) => [codesIn(name)[0], codesIn(message)],
    )
    const real = core.membersOf('DiagnosticMessages').map(({ name, members }) => [name, members])
    expect(documented).toEqual(real)
  })

  test('list every error code with its class', () => {
    const documented = rowsBelow('examples/answers.md', 'Error codes').map(
      ([code = '', type = '']) => [codesIn(code)[0], codesIn(type)[0]],
    )
    const classless = [['ERR_AUTHENTICATION_REQUIRED'], ['ERR_FORBIDDEN']]
    const real = [...core.errorClasses(), ...classless.map(([code]) => [code, undefined])]
    expect(documented.map(String).sort()).toEqual(real.map(String).sort())
    expect(core.textsOf('AuthErrorCode').length).toBe(documented.length - classless.length)
  })

  test('list what a test issuer offers', () => {
    const rows = rowsBelow('examples/testing/README.md', 'The issuer')
    const documented = rows.flatMap(([cell = '']) => bare(codesIn(cell)))
    const real = surface('testing/index').membersOf('TestIssuer')
    expect(sorted(documented)).toEqual(sorted(namesOf(real)))
  })

  test('list what an issuer tells its listener', () => {
    const rows = rowsBelow('examples/accounts/README.md', 'What comes of a token')
    const documented = rows.flatMap((row) => codesIn(row[2] ?? ''))
    const decisions = issuer.textsOf('RotationDecision').map((decision) => {
      return { rotate: 'rotated', replay: 'replayed' }[decision] ?? decision
    })
    expect(sorted(documented)).toEqual(sorted([...decisions, 'denied', 'denyListUnavailable']))
  })

  test('list the stores and contracts that exist', () => {
    const rows = rowsBelow('examples/accounts/README.md', 'Stores')
    const documented = rows.flatMap(([, ...cells]) => cells.flatMap((cell) => bare(codesIn(cell))))
    const real = Object.keys({ ...postgres, ...redis, ...testing }).filter((name) =>
      /^create(?:Postgres|Redis)|Contract$/.test(name),
    )
    expect(sorted(documented)).toEqual(sorted(real))
  })

  test('list why there may be no token of a user', () => {
    const tokens = surface('tokens/index')
    const codes = firstCodes(rowsBelow('examples/user-tokens/README.md', 'When there is no token'))
    expect(codes).toEqual(tokens.textsOf('TokenUnavailableCode'))
  })
})
