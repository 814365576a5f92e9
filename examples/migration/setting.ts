import type { JWK } from 'jose'

/** What the apps of a pair are told about the issuer of their tokens. */
export interface Setting {
  /** Base URL of the issuer, as its tokens name it. */
  readonly authority: string
  /** The `iss` of the tokens. */
  readonly issuer: string
  readonly metadataAddress: string
  readonly jwksUri: string
  /** Where Keycloak would be, in front of `/realms/shop`. */
  readonly keycloakUrl: string
  readonly audience: string
  /** The issuer's public key as PEM text. */
  readonly pem: string
  readonly jwks: { keys: JWK[] }
  /** Reaches the issuer without a network. */
  readonly fetch: typeof globalThis.fetch
}
