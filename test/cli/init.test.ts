import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compile, faultsOf } from '../support/compiler.js'
import { createProject, runCli } from '../support/run-cli.js'

const authorities: [provider: string | null, authority: string][] = [
  ['Entra ID', 'https://login.microsoftonline.com/0000/v2.0'],
  ['Auth0', 'https://tenant.eu.auth0.com/'],
  ['Okta', 'https://dev-1.okta.com/oauth2/default'],
  ['Keycloak', 'http://localhost:8080/realms/shop'],
  ['Cognito', 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc'],
  ['Google', 'https://accounts.google.com'],
  [null, 'https://issuer.example'],
]

describe('init', () => {
  test.each(authorities)('prints lines for %s that compile', async (provider, authority) => {
    const run = await runCli(['init', '--authority', authority, '--json'])
    const { provider: named, lines } = run.json() as { provider: string | null; lines: string[] }
    expect(named).toBe(provider)
    expect(lines.join('\n')).toContain(JSON.stringify(authority))
    expect(faultsOf(compile(new Map([['init.ts', lines.join('\n')]])), 'init.ts')).toEqual([])
  })

  test('prints lines for development without an authority', async () => {
    const { out } = await runCli(['init'])
    expect(out).toContain('...developmentIssuer()')
    expect(faultsOf(compile(new Map([['init.ts', out]])), 'init.ts')).toEqual([])
  })

  test('writes a file with --write, and never over another', async () => {
    const project = createProject()
    const file = join(project.cwd, 'jwt-bearer.js')
    const { code, out } = await runCli(['init', '--write'], project)
    expect([code, out]).toEqual([0, 'Written: jwt-bearer.js'])
    expect(readFileSync(file, 'utf8')).toContain('developmentIssuer')
    writeFileSync(file, 'mine')
    const again = await runCli(['init', '--write'], project)
    expect(again.code).toBe(2)
    expect(again.notes).toContain('is there already')
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  test('says why a file cannot be written', async () => {
    const { code, notes } = await runCli(['init', '--write'], { cwd: '/nowhere' })
    expect(code).toBe(2)
    expect(notes).toContain('ENOENT')
    expect(existsSync('/nowhere')).toBe(false)
  })

  test('refuses an authority that is no URL', async () => {
    const { code, notes } = await runCli(['init', '--authority', 'issuer'])
    expect(code).toBe(2)
    expect(notes).toContain('--authority')
  })
})
