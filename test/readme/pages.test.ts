import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { guide, guides, rowsBelow } from '../support/guides.js'
import { anchorsOf, codesIn, firstCodes } from '../support/markdown.js'

const root = new URL('../../', import.meta.url)
const inRoot = (path: string) => fileURLToPath(new URL(path, root))

describe('the README', () => {
  const { text } = guide('README.md')

  test('is read in five minutes: at most 320 lines and 24 kB', () => {
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(320)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(24_000)
  })

  test('has a table of contents that leaves out no section', () => {
    const [contents = ''] = text.split('\n').filter((line) => line.startsWith('[Try it]'))
    for (const [, title = ''] of text.matchAll(/^## (.+)$/gm)) {
      const [anchor] = anchorsOf({ ...guide('README.md'), headings: [title] })
      expect(contents).toContain(`(#${anchor})`)
    }
  })

  test('lists the entries that the package exports, each with its guide', () => {
    const rows = rowsBelow('README.md', 'Entries')
    for (const entry of Object.keys(packageJson().exports).filter((key) =>
      /^\.\/[\w-]+$/.test(key),
    )) {
      const row = rows.find(
        ([cell = '']) => codesIn(cell)[0] === entry.replace('.', 'express-jwt-bearer'),
      )
      expect([entry, row?.[1]]).toEqual([entry, expect.stringContaining('](examples/')])
    }
  })

  test('names the versions that the package asks for', () => {
    const versions = rowsBelow('README.md', 'Supported versions').join('\n')
    const { engines, peerDependencies } = packageJson()
    expect(engines.node).toBe('>=20.19')
    expect(versions).toContain('20.19 or later')
    expect(peerDependencies.express).toBe('^4.21.0 || ^5.0.0')
    expect(versions).toContain('4.21 or later, 5')
  })
})

describe('the answers to "Why do I get a 401, 403 or 503?"', () => {
  const said = rowsBelow('README.md', 'Why do I get a 401, 403 or 503?').flatMap(([cell = '']) =>
    codesIn(cell),
  )
  test('hold every text that the codes have', () => {
    const texts = rowsBelow('examples/answers.md', 'Error codes')
      .map((row) => row[3] ?? '')
      .filter((text) => text !== '–')
    expect(texts.length).toBeGreaterThan(7)
    expect(texts.filter((text) => !said.includes(text))).toEqual([])
  })

  test.each([
    'The token is bound and must be used with its proof',
    'The token is bound to another key',
    'The token is bound to another certificate',
    'The token is not bound to a key',
    'The token is not bound to a certificate',
    'A DPoP proof is required',
    'There is more than one DPoP proof',
    ...['malformed', 'not current'].map((what) => `The DPoP proof is ${what}`),
    'The DPoP proof was used before',
    'The DPoP proof has an invalid signature',
    ...['typ', 'alg', 'jwk'].map((what) => `The DPoP proof has an unacceptable ${what}`),
    ...['htm', 'htu', 'ath', 'jti'].map((what) => `The DPoP proof has the wrong ${what}`),
    'A DPoP nonce is required',
    'A different authentication level is required',
    'More recent authentication is required',
  ])('explain "%s"', (text) => {
    expect(said).toContain(text)
  })
})

describe('the links of the guides', () => {
  const links = [...guides].flatMap(([path, page]) =>
    page.links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => [path, link] as const),
  )

  test.each(links)('lead somewhere: %s, %s', (path, link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    expect(existsSync(inRoot(target))).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(guide(target))).toContain(anchor)
  })

  test('are written with https: where they lead elsewhere', () => {
    for (const { links: all } of guides.values())
      expect(all.filter((link) => /^[a-z]+:/.test(link) && !link.startsWith('https:'))).toEqual([])
  })
})

describe('the guide for who carries on', () => {
  const path = '.github/CONTRIBUTING.md'

  test('says what each gate is for, in the order they run', () => {
    const check = readFileSync(inRoot('test/package/check.js'), 'utf8')
    const [, list = ''] = /const gates = \[(.*?)\n\]/s.exec(check) ?? []
    const gates = [...list.matchAll(/\[(.+)\]/g)].map(
      ([, words = '']) => `npm run ${words.replace(/[',]/g, '')}`,
    )
    expect(gates.length).toBeGreaterThan(5)
    expect(firstCodes(rowsBelow(path, 'The gates'))).toEqual(gates)
  })

  test('names files that exist', () => {
    const files = codesIn(guide(path).text.replace(/```.*?```/gs, '')).filter((code) =>
      /^(?:src|test|examples)\/[^ *]+$/.test(code),
    )
    expect(files.length).toBeGreaterThan(5)
    expect(files.filter((file) => !file.includes('NAME') && !existsSync(inRoot(file)))).toEqual([])
  })

  test('knows the endings that test files have', () => {
    const known = firstCodes(rowsBelow(path, 'Run one test')).map((code) => code.slice(1))
    const names = readdirSync(inRoot('test'), { recursive: true }).map(String)
    const endings = names.flatMap((name) => /\.(?:[\w-]+\.)?test(?:-d)?\.ts$/.exec(name)?.[0] ?? [])
    expect([...new Set(endings)].filter((ending) => !known.includes(ending))).toEqual([])
  })
})

describe('the index of the examples', () => {
  const index = guide('examples/README.md').links.map((link) => link.replace(/#.*$/, ''))

  test('leads to every guide, at most by way of another', () => {
    const found = new Set(['examples/README.md'])
    for (const path of found)
      for (const link of guides.get(path)?.links ?? []) {
        const target = join(dirname(path), link.replace(/#.*$/, ''))
        if (target.startsWith('examples/') && target.endsWith('.md')) found.add(target)
      }
    const all = [...guides.keys()].filter((path) => path.startsWith('examples/'))
    expect(all.filter((path) => !found.has(path))).toEqual([])
  })

  test('leads to every example', () => {
    // Not questions of their own: what examples share.
    const shared = ['demo-token.ts', 'listen.ts', 'run.js', 'tsconfig.json', 'README.md']
    const missing = readdirSync(inRoot('examples'))
      .filter((name) => !shared.includes(name))
      .filter((name) => !index.some((link) => link === name || link.startsWith(`${name}/`)))
    expect(missing).toEqual([])
  })
})

function packageJson() {
  return JSON.parse(readFileSync(inRoot('package.json'), 'utf8')) as {
    exports: object
    engines: { node: string }
    peerDependencies: { express: string }
  }
}
