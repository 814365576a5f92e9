import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { JWK } from 'jose'
import { startProvider, type ProviderEntry } from './oidc-provider.js'
import type { ProviderMessage, ProviderSettings } from './provider-processes.js'

/** What the provider knows, in a file: a kill leaves the state before a write or the one after it. */
class FileStorage extends Map<string, ProviderEntry> {
  readonly #file: string

  constructor(file: string) {
    super()
    this.#file = file
    if (!existsSync(file)) return
    const saved = JSON.parse(readFileSync(file, 'utf8')) as [string, ProviderEntry][]
    for (const [key, entry] of saved) super.set(key, entry)
  }

  override set(key: string, entry: ProviderEntry): this {
    super.set(key, entry)
    this.#save()
    return this
  }

  override delete(key: string): boolean {
    const wasThere = super.delete(key)
    this.#save()
    return wasThere
  }

  #save(): void {
    const now = Date.now()
    const alive = [...this].filter(([, { expiresAt }]) => expiresAt > now)
    writeFileSync(`${this.#file}.new`, JSON.stringify(alive))
    renameSync(`${this.#file}.new`, this.#file)
  }
}

const settings = JSON.parse(process.argv[2] ?? '') as ProviderSettings
const keys = JSON.parse(process.env['PROVIDER_KEYS'] ?? '') as JWK[]
const tell = (message: ProviderMessage) => process.send?.(message)

const running = await startProvider({
  ...settings,
  keys,
  storage: new FileStorage(settings.file),
})
const { provider, url } = running
provider.on('grant.success', ({ oidc }) => {
  if (oidc.params?.['grant_type'] === 'refresh_token') tell({ kind: 'refreshed' })
})
provider.on('grant.error', () => tell({ kind: 'refused' }))
provider.on('grant.revoked', () => tell({ kind: 'revoked' }))
process.on('message', (subject: string) => {
  void running.signIn(subject).then((refreshToken) => tell({ kind: 'signedIn', refreshToken }))
})
process.on('disconnect', () => process.exit())
tell({ kind: 'ready', url })
