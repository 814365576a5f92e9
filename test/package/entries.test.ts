import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const { exports, main, types, typesVersions } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as {
  exports: Record<string, { types: string; default: string }>
  main: string
  types: string
  typesVersions: { '*': Record<string, string[]> }
}

test('tools that do not read "exports" find the same entries as those that do', () => {
  expect({ types, default: main }).toEqual(exports['.'])
  const declarations = Object.entries(exports)
    .filter(([name]) => /^\.\/[\w-]+$/.test(name))
    .map(([name, entry]) => [name.slice(2), [entry.types]] as const)
  expect(typesVersions['*']).toEqual(Object.fromEntries(declarations))
})
