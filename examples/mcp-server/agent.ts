import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type {
  OAuthClientInformationMixed,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'
import type { Person } from './person.js'

/** What an agent remembers, and how it asks its user. */
export class Agent implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1:1/callback'
  readonly clientMetadata = {
    client_name: 'A scripted agent',
    redirect_uris: [this.redirectUrl],
    token_endpoint_auth_method: 'none',
  }
  /** With which scopes the user was asked, each time. */
  readonly asked: string[] = []
  readonly #person: Person
  #client: OAuthClientInformationMixed | undefined
  #tokens: OAuthTokens | undefined
  #verifier = ''
  #callback: URLSearchParams | undefined
  #maxAge: string | undefined

  constructor(person: Person) {
    this.#person = person
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.#client
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#client = client
  }

  tokens(): OAuthTokens | undefined {
    if (this.#maxAge === undefined || this.#tokens === undefined) return this.#tokens
    // Refreshing a token makes nobody's sign-in any fresher.
    return { ...this.#tokens, refresh_token: undefined }
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens
    this.#maxAge = undefined
  }

  codeVerifier(): string {
    return this.#verifier
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  /** Sends requests, and heeds how fresh the sign-in has to be, which the SDK does not (RFC 9470 section 4). */
  readonly fetch = async (address: string | URL, init?: RequestInit): Promise<Response> => {
    const answer = await fetch(address, init)
    const challenge = answer.headers.get('www-authenticate')
    if (challenge !== null) this.#maxAge = /\bmax_age="(\d+)"/.exec(challenge)?.[1]
    return answer
  }

  async redirectToAuthorization(address: URL): Promise<void> {
    const scopes = new Set((address.searchParams.get('scope') ?? '').split(' '))
    if (this.#maxAge !== undefined) {
      address.searchParams.set('max_age', this.#maxAge)
      // Providers know max_age from OpenID Connect. What the agent may do already, it is to keep.
      for (const scope of ['openid', ...(this.#tokens?.scope ?? '').split(' ')]) scopes.add(scope)
    }
    const scope = [...scopes].filter((one) => one !== '').join(' ')
    address.searchParams.set('scope', scope)
    this.asked.push(scope)
    this.#callback = (await this.#person.visit(address, this.redirectUrl)).searchParams
  }

  /** Takes what the last sign-in brought back: a code. */
  takeCallback(): URLSearchParams {
    const callback = this.#callback
    if (callback === undefined) throw new Error('Nobody has signed in')
    this.#callback = undefined
    return callback
  }
}
