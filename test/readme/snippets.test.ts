import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile, faultsOf } from '../support/compiler.js'
import { guide, guides, rowsBelow } from '../support/guides.js'
import { firstCodes } from '../support/markdown.js'
import { surroundings } from '../support/surroundings.js'

const root = new URL('../../', import.meta.url)

// A folder for each guide, so that its snippets find each other under the names they give themselves.
const folderOf = (path: string) =>
  path
    .replace(/^examples\//, '')
    .replace(/(?:\/README)?\.md$/, '')
    .toLowerCase()

// Needs packages that are no part of this repository: its snippets run where those are installed.
const elsewhere = 'examples/places.md'

const here = [...guides].filter(([path]) => path !== elsewhere)
const snippets = here.flatMap(([path, page]) =>
  page.snippets
    .filter(({ language }) => language === 'ts')
    .map(({ heading, code }, index) => {
      const own = /^\/\/ (\S+\.ts)$/m.exec(code)?.[1]
      return { path, heading, code, file: `guides/${folderOf(path)}/${own ?? `${index}.ts`}` }
    }),
)

// The guards that a table shows.
const guards = firstCodes(rowsBelow('README.md', 'Policies'))
const guardFile = `
import { createAuthorization } from 'express-jwt-bearer'
const { authorize } = createAuthorization({ policies: { CanReadOrders: (policy) => policy } })
export const all = [${guards.join(', ')}]`

const program = compile(
  new Map([
    ...surroundings,
    ['guides/guards.ts', guardFile],
    ...snippets.map(({ file, code }) => [file, `${code}\nexport {}`] as const),
  ]),
)

describe('the snippets of the guides', () => {
  test.each(snippets)('compile: $path, $heading', ({ file }) => {
    expect(faultsOf(program, file)).toEqual([])
  })

  test('have names of their own', () => {
    const files = snippets.map(({ file }) => file)
    expect(files).toEqual([...new Set(files)])
  })

  test('show guards that compile, the same in both places', () => {
    expect(guards).toHaveLength(7)
    expect(firstCodes(rowsBelow('examples/policies.md', 'Guards'))).toEqual(guards)
    expect(faultsOf(program, 'guides/guards.ts')).toEqual([])
  })

  test('are in a language that is checked, or that cannot run here', () => {
    const languages = [...guides].flatMap(([path, page]) =>
      page.snippets.map(({ language, heading }) => ({ path, heading, language })),
    )
    const known = ['ts', 'sh', 'json', 'csharp', 'http', 'nginx', 'text']
    expect(languages.filter(({ language }) => !known.includes(language))).toEqual([])
  })

  test('are JSON where they say so', () => {
    for (const { snippets: all } of guides.values())
      for (const { language, code } of all)
        if (language === 'json') expect(() => void JSON.parse(code)).not.toThrow()
  })

  test('give every C# snippet its TypeScript twin', () => {
    const twins = guide('examples/aspnet-core.md').snippets
    expect(twins.length).toBeGreaterThan(0)
    twins.forEach(({ language }, index) => {
      expect(language).toBe(index % 2 === 0 ? 'csharp' : 'ts')
    })
    expect(twins.length % 2).toBe(0)
  })
})

describe('the commands of the guides', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    scripts: object
  }
  const examples = [...guides].flatMap(([path, { text }]) =>
    [...text.matchAll(/npm run example (?<name>[\w-]+)/g)].map(
      ({ groups }) => [path, groups?.['name'] ?? ''] as const,
    ),
  )
  const runs = [...guides].flatMap(([path, { text }]) =>
    [...text.matchAll(/npm run (?<script>[\w:-]+)/g)].map(
      ({ groups }) => [path, groups?.['script'] ?? ''] as const,
    ),
  )

  test.each(runs)('run a script that exists: %s, %s', (_path, script) => {
    expect(Object.keys(scripts)).toContain(script)
  })

  test.each(examples)('start an example that exists: %s, %s', (_path, name) => {
    const files = [`${name}.ts`, `${name}/server.ts`]
    expect(files.some((file) => existsSync(new URL(`examples/${file}`, root)))).toBe(true)
  })

  test('are two for a clone, and what installs and starts the first app', () => {
    const commands = guide('README.md').snippets.filter(
      ({ language, heading }) => language === 'sh' && !heading.startsWith('Why'),
    )
    expect(commands.flatMap(({ code }) => code.split('\n'))).toEqual([
      'npm ci && npm start',
      'npm ci && npm test',
      'npm init -y && npm pkg set type=module',
      'npm install express-jwt-bearer express',
      'npm install --save-dev tsx @types/express @types/node',
      'echo "JWT_SIGNING_KEY=$(openssl rand -base64 48)" > .env',
      'npx tsx --env-file=.env app.ts',
    ])
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']))
  })
})
