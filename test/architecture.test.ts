import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = new URL('../src/', import.meta.url)

const core = [
  'jwt-bearer.ts',
  'authorize.ts',
  'guard.ts',
  'express.ts',
  'events.ts',
  'principal.ts',
  'errors.ts',
  'token-errors.ts',
  'option-checks.ts',
  'maybe-promise.ts',
  'inspection.ts',
  'diagnostics.ts',
  'lru-map.ts',
  'frozen-claims.ts',
  'authentication/',
  'validation/',
  'keys/',
  'authorization/',
  'responses/',
]
const entries = ['issuer/', 'tokens/', 'session/', 'browser/', 'redis/', 'postgres/', 'testing/']

// Small words that every room uses.
const ground = [
  'errors.ts',
  'token-errors.ts',
  'option-checks.ts',
  'maybe-promise.ts',
  'inspection.ts',
  'diagnostics.ts',
  'lru-map.ts',
  'frozen-claims.ts',
]

const typesOf = (names: string[]) => names.map((name) => `type ${name}`)
const entryMayImport = [...ground, 'principal.ts', 'type index.ts', ...typesOf(core)]

// One row per file or folder: who, what of ours it may import, which packages. A folder may import
// itself, `type` in front allows `import type` alone, and a file without a row is an error. Express
// is nowhere imported to be run: the app brings it.
const rows: [who: string, ours: string[], packages: string[]][] = [
  ['index.ts', core, []],
  [
    'jwt-bearer.ts',
    [
      'authentication/',
      'responses/http-error.ts',
      'express.ts',
      'type events.ts',
      'type principal.ts',
      ...ground,
    ],
    [],
  ],
  [
    'authorize.ts',
    ['authorization/', 'guard.ts', 'type principal.ts', 'type express.ts', ...ground],
    [],
  ],
  [
    'guard.ts',
    [
      'authentication/request-state.ts',
      'type authentication/',
      'authorization/',
      'responses/',
      'type express.ts',
      ...ground,
    ],
    [],
  ],
  ['express.ts', ['principal.ts', ...ground], ['type express']],
  ['events.ts', ['principal.ts', 'type express.ts', ...ground], []],
  ['principal.ts', ['inspection.ts', 'frozen-claims.ts'], []],
  ['errors.ts', ['inspection.ts'], []],
  ['token-errors.ts', ['errors.ts'], []],
  ['inspection.ts', [], []],
  ['diagnostics.ts', [], []],
  ['lru-map.ts', [], []],
  ['frozen-claims.ts', [], []],
  ['option-checks.ts', ['errors.ts'], []],
  ['maybe-promise.ts', [], []],
  [
    'authentication/',
    ['validation/', 'keys/', 'events.ts', 'principal.ts', 'type express.ts', ...ground],
    [],
  ],
  [
    'validation/',
    [
      'keys/signing-key.ts',
      'keys/algorithms.ts',
      'keys/trust.ts',
      'keys/key-resolver.ts',
      'type keys/',
      'type events.ts',
      'principal.ts',
      ...ground,
    ],
    ['jose'],
  ],
  ['keys/', ['type events.ts', ...ground], ['jose']],
  ['authorization/', ['principal.ts', 'type express.ts', ...ground], []],
  [
    'responses/',
    ['type authentication/', 'events.ts', 'type principal.ts', 'type express.ts', ...ground],
    ['http-errors'],
  ],
  ['issuer/', [...entryMayImport, 'keys/symmetric-key.ts'], ['jose']],
  ['tokens/', entryMayImport, ['jose', 'openid-client', 'type express']],
  ['session/', [...entryMayImport, 'browser/', 'responses/www-authenticate.ts'], ['cookie-parser']],
  ['browser/', [], []],
  [
    'redis/',
    [
      ...entryMayImport,
      'type issuer/',
      'type tokens/',
      'tokens/user-token.ts',
      'type session/session-store.ts',
    ],
    [],
  ],
  [
    'postgres/',
    [
      ...entryMayImport,
      'type issuer/',
      'type tokens/',
      'tokens/user-token.ts',
      'type session/session-store.ts',
    ],
    [],
  ],
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
    const target = posix.join(posix.dirname(file), from).replace(/\.js$/, '.ts')
    return allowed([...ours, who]).some((name) => fits(target, name))
  }

  return importsOf(code)
    .filter(({ from, isType }) => !mayImport(from, isType))
    .map(({ from, isType }) => `${file} must not import ${isType ? 'types of ' : ''}${from}`)
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()

describe('the import table', () => {
  test.each(files)('allows what src/%s imports', (file) => {
    expect(forbiddenImports(file, readFileSync(new URL(file, source), 'utf8'))).toEqual([])
  })

  test.each(rows.filter(([who]) => !entries.includes(who)))(
    'keeps the optional entries out of %s',
    (_who, ours) => {
      expect(ours.filter((name) => entries.some((entry) => name.includes(entry)))).toEqual([])
    },
  )

  test.each([
    ['a folder without a row', 'helpers/strings.ts', ''],
    ['a file without a row', 'utils.ts', ''],
    ['a room above', 'keys/metadata.ts', "import { settings } from '../authentication/options.js'"],
    ['a type from a room above', 'errors.ts', "import type { A } from './principal.js'"],
    ['a re-export', 'principal.ts', "export { AuthError } from './errors.js'"],
    ['an import over several lines', 'errors.ts', "import {\n  a,\n  b,\n} from 'jose'"],
    ['an import for its effect', 'errors.ts', "import 'jose'"],
    ['a dynamic import', 'authorization/policy.ts', "const jose = await import('jose')"],
    ['Express itself', 'express.ts', "import { Router } from 'express'"],
    ['Express in validation', 'validation/claims.ts', "import type { Request } from 'express'"],
    ['a second writer of responses', 'authorize.ts', "import createError from 'http-errors'"],
    ['an optional entry in the core', 'index.ts', "export * from './testing/index.js'"],
    ['the core behind an entry', 'testing/index.ts', "import { jwtBearer } from '../index.js'"],
    ['Node in the browser', 'browser/index.ts', "import { request } from 'node:http'"],
  ])('refuses %s', (_case, file, code) => {
    expect(forbiddenImports(file, code)).toHaveLength(1)
  })
})
