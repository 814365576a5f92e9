import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = new URL('../../src/', import.meta.url)

const entries = [
  'testing/',
  'issuer/',
  'session/',
  'browser/',
  'tokens/',
  'dpop/',
  'mtls/',
  'introspection/',
  'protected-resource/',
  'redis/',
  'postgres/',
  'cli/',
]

// What every room above the cellar uses.
const words = [
  'core/errors.ts',
  'core/token-errors.ts',
  'core/proof-errors.ts',
  'core/option-checks.ts',
  'core/claims-principal.ts',
  'internal/',
]

const entryMayImport = [...words, 'core/principal.ts', 'type core/', 'type index.ts']

const storeMayImport = [
  ...entryMayImport,
  'type issuer/',
  'type tokens/',
  'tokens/user-token.ts',
  'type session/session-store.ts',
]

// One row per file or folder: who, what of ours it may import, which packages. The first row that fits
// counts. A folder may import itself, `type` in front allows `import type` alone, and a file without a row
// is an error. Express is nowhere imported to be run: the app brings it.
const rows: [who: string, ours: string[], packages: string[]][] = [
  ['index.ts', ['core/', 'internal/'], []],
  // What the command line writes and an app reads: keys, which jose makes and names.
  ['internal/development-key.ts', ['internal/'], ['jose']],
  ['internal/', [], []],
  ['browser/', [], []],
  ['core/errors.ts', ['internal/'], []],
  ['core/claims-principal.ts', [], []],
  ['core/deny-list.ts', [], []],
  ['core/principal.ts', ['core/claims-principal.ts', 'internal/'], []],
  ['core/token-errors.ts', ['core/errors.ts', 'internal/'], []],
  ['core/proof-errors.ts', ['core/errors.ts', 'core/token-errors.ts'], []],
  ['core/nested-claim.ts', words, []],
  ['core/option-checks.ts', ['core/errors.ts', 'internal/'], []],
  ['core/express.ts', words, ['type express']],
  [
    'core/event-context.ts',
    ['type core/proof-of-possession.ts', 'type core/express.ts', ...words],
    [],
  ],
  ['core/events.ts', ['core/event-context.ts', 'type core/proof-of-possession.ts', ...words], []],
  ['core/proof-of-possession.ts', ['type core/express.ts', ...words], []],
  [
    'core/walk.ts',
    [
      'type core/event-context.ts',
      'type core/proof-of-possession.ts',
      'type core/express.ts',
      ...words,
    ],
    [],
  ],
  ['core/token-introspection.ts', ['type core/keys/trust.ts', ...words], []],
  ['core/keys/', ['type core/event-context.ts', ...words], ['jose']],
  [
    'core/validation/',
    [
      'core/keys/signing-key.ts',
      'core/keys/algorithms.ts',
      'core/keys/trust.ts',
      'core/keys/key-resolver.ts',
      'type core/keys/',
      'type core/event-context.ts',
      'core/principal.ts',
      'type core/proof-of-possession.ts',
      'type core/walk.ts',
      'type core/express.ts',
      ...words,
    ],
    ['jose'],
  ],
  ['core/authorization/', ['core/principal.ts', 'type core/express.ts', ...words], []],
  [
    'core/authentication/',
    [
      'core/validation/',
      'core/keys/',
      'core/event-context.ts',
      'core/events.ts',
      'core/principal.ts',
      'type core/proof-of-possession.ts',
      'core/walk.ts',
      'type core/token-introspection.ts',
      'type core/express.ts',
      ...words,
    ],
    [],
  ],
  [
    'core/responses/',
    [
      'type core/authentication/',
      'type core/event-context.ts',
      'core/events.ts',
      'type core/proof-of-possession.ts',
      'type core/express.ts',
      ...words,
    ],
    ['http-errors'],
  ],
  [
    'core/unguarded.ts',
    ['core/authentication/request-state.ts', 'type core/express.ts', ...words],
    [],
  ],
  [
    'core/guard.ts',
    [
      'core/authentication/request-state.ts',
      'type core/authentication/',
      'core/authorization/',
      'core/responses/',
      'type core/express.ts',
      ...words,
    ],
    [],
  ],
  [
    'core/authorize.ts',
    ['core/authorization/', 'core/guard.ts', 'type core/express.ts', ...words],
    [],
  ],
  [
    'core/jwt-bearer.ts',
    [
      'core/authentication/',
      'core/responses/http-error.ts',
      'core/unguarded.ts',
      'core/express.ts',
      'core/walk.ts',
      'type core/events.ts',
      ...words,
    ],
    [],
  ],
  [
    'issuer/',
    [
      ...entryMayImport,
      'core/keys/symmetric-key.ts',
      // Revocation is judged by the token's own claims, whatever became of the principal.
      'core/authentication/request-state.ts',
      'core/authentication/result.ts',
    ],
    ['jose'],
  ],
  ['tokens/', entryMayImport, ['jose', 'openid-client', 'type express']],
  [
    'session/',
    [
      ...entryMayImport,
      'browser/',
      // An outage of the issuer is no sign-out.
      'core/authentication/request-state.ts',
      // Logout tokens are checked as access tokens are.
      'core/keys/algorithms.ts',
      'core/keys/configuration-manager.ts',
      'core/keys/source-options.ts',
      'core/validation/',
      'core/walk.ts',
      'core/responses/challenge-lines.ts',
      'core/responses/expose-headers.ts',
    ],
    ['cookie-parser'],
  ],
  [
    'dpop/',
    [
      ...entryMayImport,
      'core/keys/algorithms.ts',
      'core/keys/placeholder.ts',
      'core/validation/parse-token.ts',
      'core/validation/signature.ts',
      'core/validation/use-once.ts',
    ],
    [],
  ],
  ['mtls/', entryMayImport, []],
  [
    'protected-resource/',
    // Tools of MCP servers are told who calls, and which of the token's audiences is this API.
    [...entryMayImport, 'core/authentication/request-state.ts'],
    [],
  ],
  [
    'introspection/',
    [
      ...words,
      // Its calls are fetched, limited and remembered as metadata is.
      'core/keys/address.ts',
      'core/keys/fetch-document.ts',
      'core/keys/metadata.ts',
      'core/keys/outage.ts',
      'core/keys/placeholder.ts',
      'core/keys/response-body.ts',
      'core/keys/time-limit.ts',
      'type core/',
    ],
    [],
  ],
  // The command line runs the package as an app does, and explains what lies behind an answer.
  ['cli/', ['core/', 'internal/', 'dpop/index.ts'], ['jose']],
  ['redis/', storeMayImport, []],
  ['postgres/', storeMayImport, []],
  [
    'testing/',
    [...entryMayImport, 'type issuer/', 'type tokens/', 'type session/session-store.ts'],
    ['jose'],
  ],
]

const importStatement =
  /^(?:import|export) (?<type>type )?(?:[\w$*{},\s]*? from )?'(?<from>[^']+)'/gm
const importExpression = /\bimport\('(?<from>[^']+)'\)/g

function importsOf(code: string) {
  return [...code.matchAll(importStatement), ...code.matchAll(importExpression)].map((match) => ({
    from: match.groups?.['from'] ?? '',
    isType: match.groups?.['type'] !== undefined,
  }))
}

function fits(file: string, name: string) {
  return name.endsWith('/') ? file.startsWith(name) : file === name
}

function forbiddenImports(file: string, code: string): string[] {
  const row = rows.find(([who]) => fits(file, who))
  if (!row) return [`${file} has no row in the import table`]
  const [who, ours, packages] = row

  function mayImport(from: string, isType: boolean) {
    if (from.startsWith('node:')) return who !== 'browser/'
    const allowed = (names: string[]) =>
      isType ? names.map((name) => name.replace(/^type /, '')) : names
    if (!from.startsWith('.')) return allowed(packages).includes(from)
    const target = targetOf(file, from)
    return allowed([...ours, who]).some((name) => fits(target, name))
  }

  return importsOf(code)
    .filter(({ from, isType }) => !mayImport(from, isType))
    .map(({ from, isType }) => `${file} must not import ${isType ? 'types of ' : ''}${from}`)
}

function targetOf(file: string, from: string): string {
  return posix.join(posix.dirname(file), from).replace(/\.js$/, '.ts')
}

// The first way from a file back to itself, types included: whoever reads one then has to read them all.
function circleIn(codeOf: ReadonlyMap<string, string>): string[] | undefined {
  const done = new Set<string>()
  function visit(file: string, path: readonly string[]): string[] | undefined {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { from } of importsOf(codeOf.get(file) ?? '')) {
      const circle = from.startsWith('.') && visit(targetOf(file, from), [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of codeOf.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()

const codeOf = new Map(
  files.map((file) => [file, readFileSync(new URL(file, source), 'utf8')] as const),
)

describe('the import table', () => {
  test.each(files)('allows what src/%s imports', (file) => {
    expect(forbiddenImports(file, codeOf.get(file) as string)).toEqual([])
  })

  test.each(rows.filter(([who]) => !entries.includes(who)))(
    'keeps the optional entries out of %s',
    (_who, ours) => {
      expect(ours.filter((name) => entries.some((entry) => name.includes(entry)))).toEqual([])
    },
  )

  test.each([
    ['a folder without a row', 'helpers/strings.ts', ''],
    ['a loose file without a row', 'utils.ts', ''],
    ['a loose file of the core without a row', 'core/utils.ts', ''],
    ['a room above', 'core/keys/metadata.ts', "import { a } from '../authentication/options.js'"],
    ['a type from a room above', 'core/errors.ts', "import type { A } from './principal.js'"],
    ['a re-export', 'core/principal.ts', "export { AuthError } from './errors.js'"],
    ['the core in the cellar', 'internal/lru-map.ts', "import type { A } from '../core/errors.js'"],
    ['an import over several lines', 'core/errors.ts', "import {\n  a,\n  b,\n} from 'jose'"],
    ['an import for its effect', 'core/errors.ts', "import 'jose'"],
    ['a dynamic import', 'core/authorization/policy.ts', "const jose = await import('jose')"],
    ['Express itself', 'core/express.ts', "import { Router } from 'express'"],
    ['Express in validation', 'core/validation/a.ts', "import type { Request } from 'express'"],
    ['a second writer of responses', 'core/authorize.ts', "import createError from 'http-errors'"],
    ['an optional entry in the core', 'index.ts', "export * from './testing/index.js'"],
    ['the core behind an entry', 'testing/index.ts', "import { jwtBearer } from '../index.js'"],
    ['Node in the browser', 'browser/index.ts', "import { request } from 'node:http'"],
  ])('refuses %s', (_case, file, code) => {
    expect(forbiddenImports(file, code)).toHaveLength(1)
  })
})

// Every file that importing one brings along; what a dynamic import names comes later, if at all.
function loadedBy(file: string, loaded = new Set<string>()): ReadonlySet<string> {
  for (const { groups } of (codeOf.get(file) ?? '').matchAll(importStatement)) {
    const from = groups?.['from'] ?? ''
    if (groups?.['type'] !== undefined || from.startsWith('node:')) continue
    const target = from.startsWith('.') ? targetOf(file, from) : from
    if (loaded.has(target)) continue
    loaded.add(target)
    loadedBy(target, loaded)
  }
  return loaded
}

describe('an import', () => {
  test.each(['dpop', 'mtls', 'protected-resource'])('of %s loads no package', (entry) => {
    const files = [...loadedBy(`${entry}/index.ts`)]
    expect(files).toContain('core/errors.ts')
    expect(files.filter((file) => !codeOf.has(file))).toEqual([])
  })

  test('of the stores for tests loads jose, which would show', () => {
    expect([...loadedBy('testing/index.ts')]).toContain('jose')
  })
})

// From the ground up.
const floors = [
  ['internal', 'browser'],
  ['core'],
  [
    'index.ts',
    'issuer',
    'session',
    'tokens',
    'dpop',
    'mtls',
    'introspection',
    'protected-resource',
  ],
  ['testing', 'redis', 'postgres', 'cli'],
]

function roomOf(file: string): string {
  return file.split('/', 1)[0] as string
}

function floorOf(file: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(file)))
}

// What a file imports from another room that is not below its own.
function climbingImports(file: string, code: string): string[] {
  return importsOf(code)
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from }) => targetOf(file, from))
    .filter((target) => roomOf(target) !== roomOf(file) && floorOf(target) >= floorOf(file))
}

describe('the import graph', () => {
  test('has a floor for each room', () => {
    expect(files.filter((file) => floorOf(file) === -1)).toEqual([])
  })

  test.each(files)('leads down from src/%s to other rooms', (file) => {
    expect(climbingImports(file, codeOf.get(file) as string)).toEqual([])
  })

  test.each([
    ['up', 'core/errors.ts', "import type { A } from '../dpop/a.js'"],
    ['along its floor', 'session/a.ts', "import type { A } from '../issuer/events.js'"],
  ])('would show an arrow that leads %s', (_case, file, code) => {
    expect(climbingImports(file, code)).toHaveLength(1)
  })

  test('has no circle', () => {
    expect(circleIn(codeOf)).toBeUndefined()
  })

  test('would show one', () => {
    const circle = new Map([
      ['core/a.ts', "import type { B } from './b.js'"],
      ['core/b.ts', "export { c } from '../internal/c.js'"],
      ['internal/c.ts', "import {\n  a,\n} from '../core/a.js'"],
    ])
    expect(circleIn(circle)).toEqual(['core/a.ts', 'core/b.ts', 'internal/c.ts', 'core/a.ts'])
  })
})
